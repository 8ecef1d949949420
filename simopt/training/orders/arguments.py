"""What the functions of this package are asked for, checked."""

from __future__ import annotations

from typing import Any

from simopt.ground import checks

#: From here on PyTorch shuffles otherwise, and an order takes 1.7 GB.
MOST_POINTS = (2**32 - 1) // 20 - 1


def size(n: Any, epochs: Any) -> tuple[int, int]:
    """How many points and epochs."""
    return checks.whole("n", n, 1, MOST_POINTS), checks.whole("epochs", epochs, 1)


def seed(name: str, value: Any) -> int:
    """A seed as NumPy takes it: a whole number from 0 to 2^32 - 1."""
    return checks.whole(name, value, 0, 2**32 - 1)


def drawn(value: Any) -> int:
    """How many numbers a program took before."""
    return checks.whole("drawn", value, 0)


def flag(name: str, value: Any) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise checks.refuse(name, value, "True or False")
    return value
