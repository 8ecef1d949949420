"""Timings that a busy machine made impossible: recognised, so that they are measured again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: A measurement is tried so many times; what is impossible in all of them is not printed.
TRIES = 4

#: By so much two times may contradict each other: that is noise.
MARGIN = 0.05


def at_most(value: float, bound: float) -> bool:
    """Whether a measured value can be one that is no more than a bound, measured too."""
    return value <= bound * (1 + MARGIN)


def measured(measure: Callable[[], T], check: Callable[[T], bool]) -> T | None:
    """The first measurement that can be true; None if none of some tries can.

    Examples
    --------
    >>> times = iter([3.0, 1.0])
    >>> measured(lambda: next(times), lambda seconds: seconds < 2)
    1.0
    """
    return next(filter(check, (measure() for _ in range(TRIES))), None)
