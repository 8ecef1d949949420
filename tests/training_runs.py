"""Train small networks in PyTorch, each with a known fault or none, and keep their loss curves.

    python tests/training_runs.py simopt/curves/validation/runs.npz

The curves are what `python -m simopt.curves.validation` counts as real runs. A run's symptom is
known from how it was made, and confirmed by a counterfactual: the same training without the fault
ends lower, by the factor beside it. A run whose counterfactual does not is left out, and said.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

torch.set_num_threads(1)

POINTS, FEATURES, CLASSES, BATCH = 1024, 20, 5, 32


def blobs(
    g: torch.Generator,
    *,
    apart: float = 1.0,
    shuffled: bool = False,
    by_class: bool = False,
    n: int = POINTS,
) -> tuple[torch.Tensor, ...]:
    """Gaussian clouds around five centres; twice as many points, the second half to validate on."""
    centres = apart * torch.randn(CLASSES, FEATURES, generator=g)
    y = torch.randint(0, CLASSES, (2 * n,), generator=g)
    x = centres[y] + torch.randn(2 * n, FEATURES, generator=g)
    if shuffled:
        y = y[torch.randperm(2 * n, generator=g)]
    train = torch.arange(n)
    if by_class:
        train = torch.argsort(y[:n], stable=True)
    return x[train], y[train], x[n:], y[n:]


def curve(
    g: torch.Generator, *, noise: float = 0.1, outlier: float = 0.0, n: int = POINTS
) -> tuple[torch.Tensor, ...]:
    """A function of ten features with noise; one input may be far out."""
    w = torch.randn(10, 8, generator=g) / math.sqrt(10)
    x = torch.randn(2 * n, 10, generator=g)
    y = torch.sin(2 * x @ w).sum(1, keepdim=True) + noise * torch.randn(2 * n, 1, generator=g)
    if outlier:
        x[0] *= outlier
    return x[:n], y[:n], x[n:], y[n:]


def network(
    inputs: int, outputs: int, *, width: int = 48, depth: int = 1, dead: bool = False
) -> nn.Module:
    """A multilayer perceptron of rectified units; dead ones answer 0 to every input."""
    layers: list[nn.Module] = []
    for _ in range(depth):
        layers += [nn.Linear(inputs, width), nn.ReLU()]
        if dead:
            nn.init.constant_(layers[-2].bias, -100.0)
        inputs = width
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def train(
    seed: int,
    data: Callable[..., tuple[torch.Tensor, ...]],
    *,
    given: dict[str, Any] | None = None,
    net: dict[str, Any] | None = None,
    rule: str = "Adam",
    lr: float = 2e-3,
    epochs: int = 30,
    rate: Callable[[float], float] = lambda share: 1.0,
    record: str = "batch",
    batch: int = BATCH,
    in_order: bool = False,
    hooks: dict[str, Any] | None = None,
    validate: bool = False,
    momentum: float = 0.0,
) -> dict[str, Any]:
    """Train; the loss of every batch, the mean of every epoch's, or the loss over all points.

    ``hooks``: ``damaged`` batches (by update) get wrong labels and inputs 30 times as large;
    ``fresh`` is the update at which weights and optimizer begin anew; ``summed`` the update from
    which the log holds four times the loss; ``ascend`` turns every step around.
    """
    hooks = hooks or {}
    g = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    x, y, xv, yv = data(g, **(given or {}))
    classes = CLASSES if y.dtype == torch.long else 1
    loss_of = nn.functional.cross_entropy if classes > 1 else nn.functional.mse_loss

    def begin() -> tuple[nn.Module, torch.optim.Optimizer]:
        model = network(x.shape[1], classes, **(net or {}))
        more = {"momentum": momentum} if rule == "SGD" else {}
        return model, getattr(torch.optim, rule)(model.parameters(), lr=lr, **more)

    model, optimizer = begin()
    per = len(x) // batch
    kept: dict[str, Any] = {"loss": [], "validation": []}
    updates = epochs * per
    step = 0
    for _ in range(epochs):
        order = torch.arange(len(x)) if in_order else torch.randperm(len(x), generator=g)
        means = []
        for b in range(per):
            rows = order[b * batch : (b + 1) * batch]
            xb, yb = x[rows], y[rows]
            if step in hooks.get("damaged", ()):
                xb, yb = 30 * xb, yb[torch.randperm(len(yb), generator=g)]
            if step == hooks.get("fresh"):
                torch.manual_seed(seed + 1)
                model, optimizer = begin()
            for group in optimizer.param_groups:
                group["lr"] = lr * rate(step / updates)
            optimizer.zero_grad()
            loss = loss_of(model(xb), yb)
            (-loss if hooks.get("ascend") else loss).backward()
            optimizer.step()
            value = float(loss) * (4 if step >= hooks.get("summed", updates) else 1)
            means.append(value)
            if record == "batch":
                kept["loss"].append(value)
            step += 1
        with torch.no_grad():
            if record == "epoch":
                kept["loss"].append(float(np.mean(means)))
            elif record == "all":
                kept["loss"].append(float(loss_of(model(x), y)))
            if validate:
                kept["validation"].append(float(loss_of(model(xv), yv)))
    with torch.no_grad():
        end = float(loss_of(model(x), y))
        # A loss that is no number is worse than any.
        kept["end"] = end if math.isfinite(end) else math.inf
    return kept


def cosine(share: float) -> float:
    """Half a cosine, from 1 to 0."""
    return 0.5 * (1 + math.cos(math.pi * share))


def stairs(share: float) -> float:
    """A tenth at half of the run, a hundredth at three quarters."""
    return 0.1 ** ((share >= 0.5) + (share >= 0.75))


def restarts(share: float) -> float:
    """Four cosines, one after the other."""
    return cosine(4 * share % 1)


#: Name, symptom, data and arguments; what heals it, and how much lower that must end (below 1).
RUNS: tuple[tuple[str, str, Callable[..., Any], dict[str, Any], dict[str, Any], float], ...] = (
    ("classes, epoch means", "healthy", blobs, {"record": "epoch"}, {}, 0),
    ("classes, batches, cosine", "healthy", blobs, {"rate": cosine}, {}, 0),
    ("classes, batches, overlapping", "healthy", blobs,
     {"given": {"apart": 0.5}, "rate": cosine}, {}, 0),
    ("classes, batches of 8", "healthy", blobs, {"batch": 8, "epochs": 12, "rate": cosine}, {}, 0),
    ("regression, staircase", "healthy", curve,
     {"record": "epoch", "rate": stairs, "epochs": 40}, {}, 0),
    ("regression, warm restarts", "healthy", curve, {"rate": restarts, "lr": 1e-2}, {}, 0),
    ("regression, long", "healthy", curve, {"epochs": 120, "rate": cosine}, {}, 0),
    ("classes, validated", "healthy", blobs,
     {"record": "epoch", "validate": True, "rate": cosine, "net": {"width": 8}, "epochs": 15},
     {}, 0),
    ("momentum, rate too high", "oscillates wildly", curve,
     {"rule": "SGD", "momentum": 0.9, "lr": 0.035, "record": "epoch"}, {"lr": 0.01}, 0.7),
    ("Adam, rate too high", "oscillates wildly", curve,
     {"lr": 0.5, "record": "epoch"}, {"lr": 3e-3}, 0.5),
    ("descent, rate far too high", "NaN or Inf", curve,
     {"rule": "SGD", "lr": 3.0}, {"lr": 0.02}, 0.5),
    ("descent, rate too low", "decreases very slowly", blobs,
     {"rule": "SGD", "lr": 1e-3, "record": "epoch"}, {"lr": 0.1}, 0.5),
    ("Adam, rate too low, batches", "decreases very slowly", blobs,
     {"lr": 1e-5}, {"lr": 2e-3}, 0.5),
    ("no step", "does not move", blobs, {"lr": 0.0}, {"lr": 2e-3}, 0.5),
    ("no step, epochs", "does not move", blobs, {"lr": 0.0, "record": "epoch"}, {"lr": 2e-3}, 0.5),
    ("dead units", "does not move", blobs,
     {"net": {"dead": True, "depth": 2}, "lr": 1e-4}, {"net": {"depth": 2}}, 0.8),
    ("wrong sign", "rises", blobs,
     {"hooks": {"ascend": True}, "lr": 3e-3, "epochs": 10, "rule": "SGD"}, {"hooks": {}}, 1.0),
    ("few points", "validation rises", blobs,
     {"given": {"n": 96, "apart": 0.4}, "record": "epoch", "validate": True, "epochs": 150,
      "net": {"width": 128}}, {}, 0),
    ("few points, regression", "validation rises", curve,
     {"given": {"n": 64, "noise": 1.0}, "record": "epoch", "validate": True, "epochs": 300,
      "net": {"width": 128}, "lr": 5e-3}, {}, 0),
    ("shuffled labels", "validation rises", blobs,
     {"given": {"n": 256, "shuffled": True}, "record": "epoch", "validate": True, "epochs": 80,
      "net": {"width": 128}}, {}, 0),
    ("two damaged batches", "spikes and recovers", blobs,
     {"hooks": {"damaged": (400, 700)}, "given": {"apart": 0.6}}, {}, 0),
    ("an input far out", "spikes and recovers", curve,
     {"given": {"outlier": 100.0}, "lr": 5e-4}, {}, 0),
    ("begun anew", "resumed or several runs", blobs, {"hooks": {"fresh": 480}}, {"hooks": {}}, 1.0),
    ("four batches summed", "resumed or several runs", blobs,
     {"hooks": {"summed": 480}, "given": {"apart": 0.5}}, {}, 0),
    ("sorted by class", "periodic", blobs,
     {"given": {"by_class": True, "apart": 0.5}, "in_order": True, "lr": 5e-4}, {}, 0),
    ("constant rate, all points", "noise floor", curve,
     {"given": {"noise": 1.0}, "rule": "SGD", "lr": 0.006, "momentum": 0.9, "batch": 8,
      "record": "all", "net": {"width": 16}, "epochs": 60}, {"rate": stairs}, 0.9),
)  # fmt: skip

SEEDS = (1, 2)


def main(path: str) -> None:
    """Train all, and write what is left after the counterfactuals."""
    losses, validations, about = [], [], []
    for name, symptom, data, arguments, heal, factor in RUNS:
        for seed in SEEDS:
            run = train(seed, data, **arguments)
            confirmed = None
            if heal:
                confirmed = train(seed, data, **{**arguments, **heal})["end"] / run["end"]
                if not confirmed <= factor:
                    print(
                        f"left out: {name}, seed {seed}: the counterfactual ends at {confirmed:.2f}"
                    )
                    continue
            # Four digits, as loggers write; a validation loss is as long as its training loss.
            losses.append(np.array([float(f"{v:.4g}") for v in run["loss"]], np.float32))
            held = run["validation"] or [math.nan] * len(run["loss"])
            validations.append(np.array([float(f"{v:.4g}") for v in held], np.float32))
            about.append(
                {"name": name, "seed": seed, "symptom": symptom, "counterfactual": confirmed}
            )
            print(name, seed, symptom, len(run["loss"]), run["loss"][0], run["loss"][-1], confirmed)
    np.savez_compressed(
        path,
        losses=np.concatenate(losses),
        validations=np.concatenate(validations),
        lengths=np.array([len(each) for each in losses]),
        about=np.array(json.dumps(about)),
    )


if __name__ == "__main__":
    main(sys.argv[1])
