"""The optimizer that trains scikit-learn's networks, which is no public class of it."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.adapters.settings import named
from simopt.training.conformance.probing import Array, Player

#: What it keeps of every parameter.
KEPT = ("velocities", "ms", "vs")


def inside(given: Any) -> Any:
    """The optimizer of a network that was fitted, or the optimizer itself; None if neither."""
    optimizer = getattr(given, "_optimizer", given)
    is_one = hasattr(optimizer, "learning_rate_init") and hasattr(optimizer, "update_params")
    return optimizer if is_one else None


def adapted(optimizer: Any, notes: tuple[str, ...] = ()) -> Handed:
    """A copy of it, its state empty, on weights of ours."""
    # Adam's learning_rate has the bias correction in it; SGD's is what a schedule has made of it.
    key = "learning_rate_init" if hasattr(optimizer, "t") else "learning_rate"
    rate = float(vars(optimizer)[key])
    if rate != optimizer.learning_rate_init:
        first = float(optimizer.learning_rate_init)
        notes += (f"its rate is as its schedule has set it; at first it was {first:g}",)

    def start(w0: Array) -> Player:
        trained, weights = copy.copy(optimizer), w0.astype(np.float64)
        vars(trained).update(
            {name: [np.zeros_like(weights)] for name in KEPT if name in vars(trained)}
        )
        if hasattr(trained, "t"):
            trained.t = 0

        def player(gradient: Array, factor: float, loss: float) -> Array:
            setattr(trained, key, rate * factor)
            trained.update_params([weights], [gradient])
            return weights.copy()

        return player

    settings = named("sklearn", {**vars(optimizer), "learning_rate_init": rate})
    return Handed("sklearn", settings, True, start, notes=notes)
