"""A step that someone wrote as a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.conformance.adapters.record import Handed, Unfit
from simopt.training.conformance.probing import Array, Player


def adapted(step: Callable[..., Any], takes: int) -> Handed:
    """``step(w, g, state)``; a fourth argument is a factor of its rate, a fifth the loss."""

    def start(w0: Array) -> Player:
        weights, state = w0.copy(), None

        def player(gradient: Array, factor: float, loss: float) -> Array:
            nonlocal weights, state
            answer = step(weights.copy(), gradient, state, *(factor, loss)[: takes - 3])
            if not isinstance(answer, tuple) or len(answer) != 2:
                raise Unfit(
                    str(checks.refuse("optimizer", answer, "a function that returns (w, state)"))
                )
            weights, state = np.array(answer[0], dtype=np.float64), answer[1]
            if weights.shape != w0.shape:
                allowed = f"a function whose w keeps its shape {w0.shape}"
                raise Unfit(str(checks.refuse("optimizer", weights, allowed)))
            return weights.copy()

        return player

    return Handed("function", {}, takes > 3, start)
