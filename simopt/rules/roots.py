"""Where epsilon stands in a divisor: a small switch that is often set without noticing."""

from __future__ import annotations

import math

from simopt.rules.modifiers import one_like, zero_like


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


def nearer(y, half):
    """A quarter as far from the cube root as y, by logarithms; ``half`` is the root of x."""
    return math.sqrt(half * math.sqrt(y))


def refined(y, x):
    """Halley's step to the cube root of x: the error by its third power."""
    cube = y * y * y
    return y * ((cube + x + x) / (cube + cube + x))


def cube_root(x):
    """The cube root of a number that is not negative, to the same bits everywhere.

    Of square roots alone, which are: the mathematical library's own is not, and a call to it would
    keep the lane loop from being packed. Of the smallest and the largest double seven steps come
    within a hundredth.
    """
    some = x if x > zero_like(x) else one_like(x)
    half = math.sqrt(some)
    y = nearer(nearer(nearer(half, half), half), half)
    y = nearer(nearer(nearer(nearer(y, half), half), half), half)
    y = refined(refined(y, some), some)
    return y if x > zero_like(x) else x


#: The step by an effective rate, written.
RATED = "w = w - effective_lr * g"


def effective_rate(eta: float, root: float) -> dict[str, float]:
    """The rate that a step used, for traces."""
    return {"effective_lr": eta / root if root > 0 else math.inf}
