"""Where epsilon stands in a divisor: a small switch that is often set without noticing."""

from __future__ import annotations

import math


def inside(square, epsilon):
    """``sqrt(square + epsilon)``."""
    return math.sqrt(square + epsilon)


def outside(square, epsilon):
    """``sqrt(square) + epsilon``."""
    return math.sqrt(square) + epsilon


def divisor(square, place):
    """How the root is written: ``place`` is "inside", or the root is outside of epsilon."""
    return f"sqrt({square} + epsilon)" if place == "inside" else f"(sqrt({square}) + epsilon)"


ROOTS = {"inside": inside, "outside": outside}


#: The step by an effective rate, written.
RATED = "w = w - effective_lr * g"


def effective_rate(eta: float, root: float) -> dict[str, float]:
    """The rate that a step used, for traces."""
    return {"effective_lr": eta / root if root > 0 else math.inf}
