"""Checks of the arguments of the order functions."""

from __future__ import annotations

from typing import Any

from simopt.ground import checks, memory

#: From here on PyTorch shuffles otherwise, and an order takes 1.7 GB.
MOST_POINTS = (2**32 - 1) // 20 - 1

#: Generators are advanced number by number: so many take minutes.
MOST_DRAWN = 10**11


def size(n: Any, epochs: Any) -> tuple[int, int]:
    """Check the numbers of points and epochs."""
    n, epochs = checks.whole("n", n, 1, MOST_POINTS), checks.whole("epochs", epochs, 1)
    memory.check("epochs", epochs, n * epochs)
    return n, epochs


def samples(value: Any, epochs: int, name: str = "num_samples") -> int:
    """Check the number of points of an epoch."""
    count = checks.whole(name, value, 1, MOST_POINTS)
    memory.check(name, count, count * epochs)
    return count


def seed(name: str, value: Any) -> int:
    """Check a seed as NumPy takes it: an integer from 0 to 2^32 - 1."""
    return checks.whole(name, value, 0, 2**32 - 1)


def drawn(value: Any) -> int:
    """Check a count of random numbers already drawn."""
    return checks.whole("drawn", value, 0, MOST_DRAWN)


def between(value: Any, epochs: int) -> tuple[int, ...]:
    """Check the numbers drawn between epochs; a count before every epoch, 0 before the first."""
    if not checks.is_sequence(value):
        return (0, *[checks.whole("between", value, 0, MOST_DRAWN)] * (epochs - 1))
    checks.check_length("between", value)
    counts = tuple(value)
    if len(counts) != epochs - 1:
        raise checks.refuse("between", value, f"a number, or one for each of {epochs - 1} gaps")
    return (0, *(checks.whole("between", each, 0, MOST_DRAWN) for each in counts))
