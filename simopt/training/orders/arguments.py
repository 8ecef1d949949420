"""Checks of the arguments of the order functions."""

from __future__ import annotations

from typing import Any

from simopt.ground import checks

#: From here on PyTorch shuffles otherwise, and an order takes 1.7 GB.
MOST_POINTS = (2**32 - 1) // 20 - 1


def size(n: Any, epochs: Any) -> tuple[int, int]:
    """Check the numbers of points and epochs."""
    return checks.whole("n", n, 1, MOST_POINTS), checks.whole("epochs", epochs, 1)


def seed(name: str, value: Any) -> int:
    """Check a seed as NumPy takes it: an integer from 0 to 2^32 - 1."""
    return checks.whole(name, value, 0, 2**32 - 1)


def drawn(value: Any) -> int:
    """Check a count of random numbers already drawn."""
    return checks.whole("drawn", value, 0)


def between(value: Any, epochs: int) -> tuple[int, ...]:
    """Check the numbers drawn between epochs; a count before every epoch, 0 before the first."""
    if not checks.is_sequence(value):
        return (0, *[checks.whole("between", value, 0)] * (epochs - 1))
    counts = tuple(value)
    if len(counts) != epochs - 1:
        raise checks.refuse("between", value, f"a number, or one for each of {epochs - 1} gaps")
    return (0, *(checks.whole("between", each, 0) for each in counts))


def flag(name: str, value: Any) -> bool:
    """Check a bool."""
    if not isinstance(value, bool):
        raise checks.refuse(name, value, "True or False")
    return value
