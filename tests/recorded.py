"""Frameworks' own trajectories, recorded with the packages that their records name.

``python -m tests.recorded mlx`` writes ``tests/data/mlx.json`` where mlx is installed: every call
that the record lists, played with the gradients of `simopt.conformance`: six weights, 200 updates,
a drop of the rate on the way. So `tests/test_frameworks.py` holds simopt to packages that it cannot
install, and `tests/peers/test_recorded.py` the packages to their recordings.

To add a framework: its record, a driver in `DRIVERS`, and a recording.
"""

import importlib.metadata
import json
import sys
import warnings
from pathlib import Path

import numpy as np

from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.conformance.probing import DROP_AT, UPDATES, probe

DATA = Path(__file__).parent / "data"

#: The updates whose weights are kept.
LOOKS = (1, 2, 3, 5, 10, 20, 50, 100, DROP_AT, 121, 122, 125, 130, 150, 175, UPDATES)

#: Rates of a schedule: so many updates, of them so many until its end.
SCHEDULED, TOTAL = 45, 20


def mlx(call):
    """On the CPU, which alone has float64."""
    import mlx.core
    import mlx.optimizers

    mlx.core.set_default_device(mlx.core.cpu)
    optimizer = eval(call, {"mlx": sys.modules["mlx"]})
    w = {"w": mlx.core.array(probe(True).start, dtype=mlx.core.float64)}

    def step(gradient):
        nonlocal w
        w = optimizer.apply_gradients({"w": mlx.core.array(gradient, dtype=mlx.core.float64)}, w)
        return np.array(w["w"])

    def rate(factor):
        if factor != 1.0:
            optimizer.learning_rate = rates[0] * factor
        return optimizer.learning_rate.item()

    rates = [optimizer.learning_rate.item()]
    return step, rate


def mlx_schedules():
    import mlx.optimizers

    cosine = mlx.optimizers.cosine_decay(0.1, TOTAL)
    return {"cosine": [float(cosine(k)) for k in range(SCHEDULED)]}


def paddle(call):
    """In float64."""
    import paddle

    paddle.set_default_dtype("float64")
    w = paddle.create_parameter([6], "float64")
    w.set_value(probe(True).start)
    optimizer = eval(call, {"paddle": paddle, "params": [w]})

    def step(gradient):
        optimizer.clear_grad()
        (w * paddle.to_tensor(gradient)).sum().backward()
        optimizer.step()
        return w.numpy().copy()

    def rate(factor):
        if factor != 1.0:
            optimizer.set_lr(rates[0] * factor)
        return optimizer.get_lr()

    rates = [optimizer.get_lr()]
    return step, rate


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


DRIVERS = {
    "mlx": (mlx, mlx_schedules, "mlx"),
    "paddle": (paddle, paddle_schedules, "paddlepaddle"),
}


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
    _, schedules, package = DRIVERS[framework]
    return {
        "version": f"{package} {importlib.metadata.version(package)}",
        "calls": {call.call: play(framework, call.call) for call in FRAMEWORKS[framework].calls},
        "schedules": schedules(),
    }


def recorded(framework):
    """The file's content."""
    return json.loads((DATA / f"{framework}.json").read_text())


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for name in sys.argv[1:]:
        made = record(name)
        path = DATA / f"{name}.json"
        path.write_text(json.dumps(made, indent=0) + "\n")
        print(path, made["version"])
