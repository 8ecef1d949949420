"""Frameworks' own trajectories, recorded with the packages that their records name.

``python -m tests.recorded mlx`` writes ``tests/data/mlx.json`` where mlx is installed: every call
that the record lists, played with the gradients of `simopt.conformance`: eight weights, 200
updates, a drop of the rate on the way. So `tests/test_frameworks.py` holds simopt to packages that
it cannot install. ``python -m tests.recorded --check mlx`` holds the package to its recording; a
name is that of a framework, or of an environment (`tests/environments`) for all that are in it.
``make test-frameworks`` makes every environment and checks what it holds.

The orders in which loaders take the points are recorded by `tests.recorded_orders`; a loader is
named as a framework is, and the environment ``loaders`` holds nothing else.

To add a framework: its record, a driver in `DRIVERS`, a line in an environment, and a recording.
"""

import importlib
import importlib.metadata
import json
import pkgutil
import sys
import warnings
from pathlib import Path

import numpy as np

from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.conformance.probing import DROP_AT, UPDATES, probe
from tests import drivers, recorded_orders

DATA = Path(__file__).parent / "data"

#: The updates whose weights are kept.
LOOKS = (1, 2, 3, 5, 10, 20, 50, 100, DROP_AT, 121, 122, 125, 130, 150, 175, UPDATES)

#: Frameworks, and calls of others, that compute in single precision, whatever the weights are in.
SINGLE = ("thinc", "tinygrad", "bitsandbytes", "timm.optim.RAdamLegacy(params)")

#: Rates of a schedule: so many updates, of them so many until its end.
SCHEDULED, TOTAL = 45, 20


def mlx_schedules():
    import mlx.optimizers

    cosine = mlx.optimizers.cosine_decay(0.1, TOTAL)
    return {"cosine": [float(cosine(k)) for k in range(SCHEDULED)]}


def paddle_schedules():
    from paddle.optimizer import lr

    def rates(schedule):
        seen = []
        for _ in range(SCHEDULED):
            seen.append(schedule())
            schedule.step()
        return seen

    cosine = rates(lr.CosineAnnealingDecay(0.1, TOTAL))
    one = lr.OneCycleLR(0.1, SCHEDULED, end_learning_rate=1e-6, divide_factor=25.0)
    return {"cosine": cosine, "one_cycle": rates(one)}


def transformers_schedules():
    import torch
    import transformers

    def rates(make, *lengths, **more):
        sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
        schedule, seen = make(sgd, *lengths, **more), []
        for _ in range(SCHEDULED):
            seen.append(schedule.get_last_lr()[0])
            sgd.step()
            schedule.step()
        return seen

    stable, rooted = transformers.get_wsd_schedule, transformers.get_inverse_sqrt_schedule
    return {
        "cosine": rates(transformers.get_cosine_schedule_with_warmup, 0, TOTAL),
        "inverse_sqrt": rates(rooted, 0, 7),
        "inverse_sqrt after a warm-up": rates(rooted, 5),
        "inverse_sqrt of another scale": rates(rooted, 5, 12),
        "warmup_stable_decay": rates(stable, 4, 9, TOTAL, min_lr_ratio=0.1),
        **{
            f"warmup_stable_decay, {shape}": rates(
                stable, 4, 9, num_stable_steps=6, decay_type=shape
            )
            for shape in ("linear", "1-sqrt")
        },
        "polynomial": rates(
            transformers.get_polynomial_decay_schedule_with_warmup, 3, TOTAL, power=0.7
        ),
    }


#: Framework to its driver, the package whose version its record names, and its environment.
DRIVERS = {
    "mlx": (drivers.mlx, "mlx", "mlx"),
    "paddle": (drivers.paddle, "paddlepaddle", "paddle"),
    "river": (drivers.river, "river", "arrays"),
    "thinc": (drivers.thinc, "thinc", "arrays"),
    "autograd": (drivers.autograd, "autograd", "arrays"),
    "tinygrad": (drivers.tinygrad, "tinygrad", "arrays"),
    "jax": (drivers.jax, "jax", "arrays"),
    "onnx": (drivers.onnx, "onnx", "arrays"),
    "surprise": (drivers.surprise, "scikit-surprise", "arrays"),
    "timm": (drivers.timm, "timm", "torch"),
    "transformers": (drivers.transformers, "transformers", "torch"),
    "bitsandbytes": (drivers.bitsandbytes, "bitsandbytes", "torch"),
    "pytorch_optimizer": (drivers.torch, "pytorch-optimizer", "torch"),
    "schedulefree": (drivers.schedulefree, "schedulefree", "torch"),
    "prodigyopt": (drivers.torch, "prodigyopt", "torch"),
    "lion_pytorch": (drivers.torch, "lion-pytorch", "torch"),
    "pyro": (drivers.torch, "pyro-ppl", "torch"),
    "tf1": (drivers.tf1, "tensorflow-cpu", "tensorflow"),
    "pymc": (drivers.pymc, "pymc", "pymc"),
}
SCHEDULES = {
    "mlx": mlx_schedules,
    "paddle": paddle_schedules,
    "transformers": transformers_schedules,
}


#: Wrappers around an optimizer: in simopt a function of one, not a rule of a record.
WRAPPED = {
    "timm": (
        "timm.optim.Lookahead(timm.optim.SGDW(params, lr=0.01))",
        "timm.optim.Lookahead(timm.optim.NAdamW(params), alpha=0.8, k=4)",
    ),
    "pytorch_optimizer": (
        "pytorch_optimizer.Lookahead(pytorch_optimizer.Lion(params, lr=0.01))",
        "pytorch_optimizer.Lookahead(pytorch_optimizer.AdaBelief(params), k=7, alpha=0.3)",
    ),
}


#: Where a package's optimizers are, and what they all are; of others it is not to be told so.
NAMESPACES = {
    "mlx": ("mlx.optimizers", "mlx.optimizers.Optimizer"),
    "paddle": ("paddle.optimizer", "paddle.optimizer.Optimizer"),
    "river": ("river.optim", "river.optim.base.Optimizer"),
    "timm": ("timm.optim", "torch.optim.Optimizer"),
    "bitsandbytes": ("bitsandbytes.optim", "torch.optim.Optimizer"),
    "schedulefree": ("schedulefree", "torch.optim.Optimizer"),
    "prodigyopt": ("prodigyopt", "torch.optim.Optimizer"),
    "lion_pytorch": ("lion_pytorch", "torch.optim.Optimizer"),
}

#: What is left out by a part of its name, and names that stand for the same numbers as another.
ALIKE = ("8bit", "Paged", "Closure", "Reference")
SAME = {"bitsandbytes": "32bit"}


def unnamed(framework):
    """The package's own optimizers that its record neither lists nor leaves out."""
    if framework not in NAMESPACES:
        return set()
    module, base = NAMESPACES[framework]
    base = pkgutil.resolve_name(base)
    offered = {
        name
        for name, each in vars(importlib.import_module(module)).items()
        if isinstance(each, type) and issubclass(each, base) and each is not base
        # PyTorch's are at hand in other packages.
        and not (each.__module__.startswith("torch.") or any(part in name for part in ALIKE))
    }  # fmt: skip
    record, more = FRAMEWORKS[framework], SAME.get(framework, "")
    known = {call.call.partition("(")[0] for call in record.calls} | set(record.left_out)
    named = {each.rpartition(".")[2].removesuffix(more) for each in known}
    return {name for name in offered if name.removesuffix(more) not in named}


def play(framework, call):
    """A call's weights at `LOOKS`, and the two rates that it stepped with."""
    step, rate = DRIVERS[framework][0](call)
    tried, rates, weights = probe(True), [], []
    for update, (gradient, factor) in enumerate(
        zip(tried.gradients, tried.factors, strict=True), 1
    ):
        if update in (1, DROP_AT + 1):
            rates.append(rate(factor))
        weights.append(step(gradient))
    return {"rates": rates, "weights": [weights[look - 1].tolist() for look in LOOKS]}


def record(framework):
    """Everything of a framework, as its file holds it."""
    package = DRIVERS[framework][1]
    return {
        "version": f"{package} {importlib.metadata.version(package)}",
        "calls": {call.call: play(framework, call.call) for call in FRAMEWORKS[framework].calls},
        "wrapped": {call: play(framework, call) for call in WRAPPED.get(framework, ())},
        "schedules": SCHEDULES.get(framework, dict)(),
    }


def recorded(framework):
    """The file's content."""
    return json.loads((DATA / f"{framework}.json").read_text())


def named(name):
    """The frameworks or loaders of an environment, or the one of that name."""
    every = DRIVERS | recorded_orders.LOADERS
    several = [key for key, (_, _, environment) in every.items() if environment == name]
    return several or [name]


def rounding(count):
    """What single precision may have rounded by each of the first looks, relative to a weight."""
    # Every update rounds the weight by up to half a unit in the last place.
    return np.maximum(1e-6, 2.0**-24 * np.array(LOOKS[:count]))[:, None]


def check(name):
    """How many calls the package still does as recorded, which it must."""
    now, then = record(name), recorded(name)
    assert now["version"] == then["version"], (now["version"], then["version"])
    assert [*now["calls"]] == [*then["calls"]], name
    assert not unnamed(name), unnamed(name)
    for kind in ("calls", "wrapped"):
        for call, theirs in then.get(kind, {}).items():
            mine, weights = np.array(now[kind][call]["weights"]), np.array(theirs["weights"])
            if name in SINGLE or call in SINGLE:
                # Another processor, or another build of the package, rounds in its own order.
                bound = rounding(len(weights)) * np.maximum(1, np.abs(weights).max(axis=0))
                assert (np.abs(mine - weights) <= bound).all(), call
            else:
                np.testing.assert_allclose(mine, weights, rtol=1e-12, err_msg=call)
    for schedule, rates in then["schedules"].items():
        np.testing.assert_allclose(now["schedules"][schedule], rates, rtol=1e-12, err_msg=schedule)
    return len(now["calls"])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    checked = sys.argv[1] == "--check"
    for name in [each for given in sys.argv[1 + checked :] for each in named(given)]:
        if name in recorded_orders.LOADERS:
            if checked:
                version = recorded_orders.recorded(name)["version"]
                print(f"{version}: {recorded_orders.check(name)} orders as recorded")
            else:
                print(*recorded_orders.write(name))
            continue
        if checked:
            print(f"{recorded(name)['version']}: {check(name)} calls as recorded")
            continue
        made = record(name)
        path = DATA / f"{name}.json"
        path.write_text(json.dumps(made, indent=0) + "\n")
        print(path, made["version"])
