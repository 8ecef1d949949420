"""Checks of the arguments of the order functions."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from simopt.ground import checks, memory

#: From here on PyTorch shuffles otherwise, and an order takes 1.7 GB.
MOST_POINTS = (2**32 - 1) // 20 - 1

#: Generators are advanced number by number: so many take minutes.
MOST_DRAWN = 10**11


#: Bytes a point while an epoch is drawn, in lists of Python's and in arrays: measured, up to 108.
SHUFFLE = 110


def size(n: Any, epochs: Any = 1, *, points: str = "n", passes: str = "epochs") -> tuple[int, int]:
    """Check the numbers of points and epochs, by the names of the arguments that they come from."""
    n, epochs = checks.whole(points, n, 1, MOST_POINTS), checks.whole(passes, epochs, 1)
    memory.check(points, n, n, SHUFFLE)
    memory.check(passes, epochs, n * epochs)
    return n, epochs


def sampled(n: Any, epochs: Any, num_samples: Any, *, points: str = "n") -> tuple[int, int, int]:
    """Check the numbers of points, of epochs, and of samples in each of these, by default n."""
    if num_samples is None:
        n, epochs = size(n, epochs, points=points)
        return n, epochs, n
    n, _ = size(n, points=points)
    samples = checks.whole("num_samples", num_samples, 1, MOST_POINTS)
    epochs = checks.whole("epochs", epochs, 1)
    memory.check("num_samples", samples, samples)
    memory.check("epochs", epochs, samples * epochs)
    return n, epochs, samples


def padded(name: str, value: Any, samples: int, epochs: int) -> None:
    """Check how many samples an argument makes of an epoch's points."""
    if samples > MOST_POINTS:
        allowed = f"less: it makes {samples:,} samples of an epoch, of at most {MOST_POINTS:,}"
        raise checks.refuse(name, value, allowed)
    memory.check(name, value, samples * epochs)


def sequence(name: str, value: Any, allowed: str) -> tuple[Any, ...]:
    """Check values whose order and number count, which a set would lose."""
    if not checks.is_sequence(value) or isinstance(value, Set):
        raise checks.refuse(name, value, allowed)
    checks.check_length(name, value)
    return tuple(value)


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
    allowed = f"a number, or one for each of {epochs - 1} gaps"
    counts = sequence("between", value, allowed)
    if len(counts) != epochs - 1:
        raise checks.refuse("between", value, allowed)
    return (0, *(checks.whole("between", each, 0, MOST_DRAWN) for each in counts))
