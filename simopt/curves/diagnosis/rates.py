"""What a log's learning rates tell of its curve: that they fell to nothing, or go up and down."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A rate that goes up and down does so at least so often, over as many values or more each time,
#: of which none is off the mean by more than this share of it.
LEAST_CYCLES, SHORTEST, UNEVEN = 3, 5, 0.1

#: The loss goes with it: their correlation over the second half, without what is slower than both.
GOES_WITH = 0.5


def fell(rate: Floats | None) -> tuple[float, float] | None:
    """The highest learning rate and the last, where that is a hundredth of it or less."""
    known = np.array([]) if rate is None else rate[np.isfinite(rate)]
    if len(known) < 2 or not 0 < 100 * known[-1] <= known.max():
        return None
    return float(known.max()), float(known[-1])


def cycle(rate: Floats | None, loss: Floats) -> float | None:
    """Of how many values a cycle of the learning rate is that the loss goes up and down with.

    None where the rate has no cycles, or the loss moves for reasons of its own, or still leaps
    above where it began: then the highest rate is too high.

    Examples
    --------
    >>> rate = 0.1 + 0.1 * np.abs(np.arange(100) % 20 - 10)
    >>> cycle(rate, 3.0 + rate), cycle(rate, 3.0 - np.arange(100) / 50), cycle(None, rate)
    (20.0, None, None)
    """
    if rate is None or not np.isfinite(rate).all() or not np.isfinite(loss).all():
        return None
    moves = np.flatnonzero(np.diff(rate))
    rises = np.diff(rate)[moves] > 0
    peaks = moves[1:][rises[:-1] & ~rises[1:]]
    lengths = np.diff(peaks)
    if len(lengths) < LEAST_CYCLES:
        return None
    length = float(lengths.mean())
    if length < SHORTEST or np.abs(lengths - length).max() > max(1.0, UNEVEN * length):
        return None
    window = round(length)
    half = slice(len(rate) // 2, None)
    if loss[half].max() > loss[0]:
        return None
    of_rate, of_loss = (_without_trend(values, window)[half] for values in (rate, loss))
    if not np.ptp(of_rate) or not np.ptp(of_loss):
        return None
    return length if np.corrcoef(of_rate, of_loss)[0, 1] >= GOES_WITH else None


def _without_trend(values: Floats, window: int) -> Floats:
    """Values without their mean over a window about each, which is shorter at the ends."""
    ones = np.ones(window)
    return values - np.convolve(values, ones, "same") / np.convolve(
        np.ones_like(values), ones, "same"
    )
