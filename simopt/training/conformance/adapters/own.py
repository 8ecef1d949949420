"""A rule or an optimizer of simopt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simopt.rules.rule import Optimizer, Rule
from simopt.training.conformance.adapters.record import Handed
from simopt.training.conformance.probing import Array, Player
from simopt.training.stepper import Stepper, check_single


def adapted(given: Optimizer | Rule | Callable[[], Optimizer]) -> Handed:
    """One of ours, one step after the other."""
    optimizer = check_single(given if isinstance(given, Optimizer) else given())

    def start(w0: Array) -> Player:
        stepper = Stepper(
            optimizer, w0.ravel().tolist(), matrix=w0.shape if w0.ndim == 2 else (0, 0)
        )

        def player(gradient: Array, factor: float, loss: float) -> Array:
            stepper.step(gradient.ravel().tolist(), stepper.eta * factor, loss)
            return np.array(stepper.weights).reshape(w0.shape)

        return player

    return Handed("simopt", optimizer.settings, True, start, name=optimizer.name)
