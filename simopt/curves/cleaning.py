"""What is set aside before a curve is measured: spikes that recover, a first value of another kind.

A curve at a time. A reader looks past one bad batch, and past a first row that is a partial sum or
an untrained model's huge loss; with them on the axis the rest is a flat line.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.curves.arithmetic import SECOND_DIFFERENCE, extremes, level
from simopt.ground.medians import median, ranked

#: Fewer values are left as they are.
FEWEST = 6

#: A spike is a value, or a few in a row, above the values on both sides of it by so many standard
#: deviations of the noise,
SPIKE = 10.0
#: and by this share of what the rest spans.
HEIGHT = 0.3
#: So many values in a row at most, of a long curve a hundredth, and in all this share of the curve:
#: what is more frequent is an oscillation.
WIDTH, MOST = 5, 0.03
#: Spikes are looked for on so many values at least.
ENOUGH = 30

#: The first value is set aside if it is farther from the rest than so many times their range.
APART = 3.0
#: and the rest goes up or down by this share of its range.
TREND = 0.35

#: A logger that writes NaN as 0 leaves zeros after values that grew by this factor or more.
GREW = 1e6

#: The columns, in their order.
CLEANED = (
    "skipped",  # 1 if the first value is set aside, else 0
    "spikes",  # how many
    "spike_at",  # where the highest one is, 0 to 1
    "spike_height",  # of it, above what is around it, by what the rest of the curve spans
    "zeros_at",  # where zeros begin that stand for NaN; -1 if nowhere
)

SKIPPED, SPIKES, SPIKE_AT, SPIKE_HEIGHT, ZEROS_AT = range(len(CLEANED))


def clean(losses, lengths, cleaned, out):
    """Copies of curves without what is set aside.

    Parameters
    ----------
    losses : ndarray [m, T]
        A curve a row.
    lengths : ndarray of int [m]
        How many values of a row belong to its curve.
    cleaned : ndarray [m, T]
        The copies. A first value that is set aside becomes NaN, a spike the mean of its neighbours.
    out : ndarray [m, len(CLEANED)]
        What was set aside.
    """
    longest = losses.shape[1]
    at, y = np.empty(longest, np.int64), np.empty(longest)
    spare = np.empty((3, longest))
    for i in range(len(losses)):
        out[i, SKIPPED], out[i, SPIKES], out[i, SPIKE_AT] = 0.0, 0.0, np.nan
        out[i, SPIKE_HEIGHT], out[i, ZEROS_AT] = np.nan, -1.0
        k = 0
        ends = False
        for t in range(lengths[i]):
            cleaned[i, t] = losses[i, t]
            ends = ends or math.isinf(losses[i, t])
            if not ends and not math.isnan(losses[i, t]):
                at[k], y[k] = t, losses[i, t]
                k += 1
        if k < FEWEST:
            continue
        first = zeros(y[:k])
        if first < k:
            out[i, ZEROS_AT] = at[first]
            for j in range(first, k):
                cleaned[i, at[j]] = np.nan
            continue
        if stands_apart(y[:k]):
            out[i, SKIPPED] = 1.0
            cleaned[i, at[0]] = np.nan
        if k >= ENOUGH:
            without_spikes(y[:k], at, spare, cleaned[i], out[i])


def zeros(y):
    """Where zeros begin that a logger wrote for NaN: at the end, after a loss that grew."""
    first = len(y)
    while first > 0 and y[first - 1] == 0.0:
        first -= 1
    grown = 3 <= first < len(y) and y[0] > 0.0 and y[first - 1] > GREW * y[0]
    return first if grown and y[first - 1] >= y[first - 2] >= y[first - 3] else len(y)


def stands_apart(y):
    """Whether the first value is of another kind than the rest."""
    low, high = extremes(y[1:])
    # Halves, for the range of the largest numbers is beyond them.
    span = 0.5 * high - 0.5 * low
    if 0.5 * y[0] - 0.5 * high > APART * span:
        # If only noise follows, the first value is where the loss fell from.
        third = len(y) // 3
        gone = abs(level(y[1 : 1 + third]) - level(y[len(y) - third :]))
        return 0.5 * gone > TREND * span
    # A partial sum: the second value is the highest, and the loss falls from there to below it.
    falls = y[1] == high and y[2] < y[1]
    falls = falls and 0.5 * y[1] - 0.5 * y[0] > 0.5 * span and end_of(y) < 0.5 * (low + y[1])
    return falls and above_the_rest(y)


def above_the_rest(y):
    """Whether the second value is above the second half by half of that one's range.

    Of noise alone a value is the second as likely as any other to be the highest, but by less.
    """
    low, high = extremes(y[len(y) // 2 :])
    return 0.5 * y[1] - 0.5 * high > 0.5 * (0.5 * high - 0.5 * low)


def end_of(y):
    """The mean of the last two values."""
    return 0.5 * y[len(y) - 1] + 0.5 * y[len(y) - 2]


def may_spike(y, few, differences):
    """Whether a value is high enough above the two before it; most curves have none.

    Decided by counting, without median or rank, and so that rounding can but let a curve pass.
    Halves of second differences are left in ``differences``.
    """
    k = len(y)
    highest, low = 0.0, y[0]
    for t in range(1, k - 1):
        differences[t - 1] = abs(0.5 * y[t + 1] - y[t] + 0.5 * y[t - 1])
    for t in range(2, k - 2):
        highest = max(highest, y[t] - (0.5 * y[t - 1] + 0.5 * y[t - 2]))
    for value in y:
        low = min(low, value)
    # More values than a few span too much for it, or more than half of the differences are too
    # large.
    wide, rough = 1.001 / HEIGHT * highest, 1.001 * SECOND_DIFFERENCE / (2.0 * SPIKE) * highest
    beyond = above = 0
    for value in y:
        beyond += value - low > wide
    for t in range(k - 2):
        above += differences[t] > rough
    return highest > 0.0 and beyond <= few and 2 * above <= k - 2


def without_spikes(y, at, spare, cleaned, out):
    """Replace spikes by the mean of what is on both sides."""
    k = len(y)
    few = 1 + int(MOST * k)
    if not may_spike(y, few, spare[0]):
        return
    # Half of second differences: their deviation is half as large.
    noise = 2.0 * median(spare[0, : k - 2], spare[1], spare[2]) / SECOND_DIFFERENCE
    # What the curve spans but for a few values at both ends of its range.
    low = y[0]
    for value in y:
        low = min(low, value)
    span = ranked(y, k - 1 - few, spare[1], spare[2])[0] - low
    least = max(SPIKE * noise, HEIGHT * span)
    if not least > 0.0 or math.isinf(least):
        return
    longest = max(WIDTH, k // 100)
    count = 0
    highest = 0.0
    t = 2
    while t < k - 2:
        width = 0
        base = 0.5 * y[t - 1] + 0.5 * y[t - 2]
        if y[t] - base > least:
            # Until it is back: near what it was before.
            while t + width < k and width <= longest and y[t + width] - base > 0.5 * (y[t] - base):
                width += 1
            back = t + width < k - 1 and width <= longest
            back = back and y[t + width] - base < 0.3 * (y[t] - base)
            if not back:
                width = 0
        if width == 0:
            t += 1
            continue
        after = y[t + width]
        for j in range(t, t + width):
            count += 1
            if y[j] - base > highest:
                highest = y[j] - base
                out[SPIKE_AT] = j / (k - 1)
            y[j] = 0.5 * base + 0.5 * after
        t += width
    if count == 0 or count > max(1.0, MOST * k):
        out[SPIKE_AT] = np.nan
        return
    out[SPIKES] = count
    out[SPIKE_HEIGHT] = highest / span if span > 0.0 else np.inf
    for t in range(k):
        if not math.isnan(cleaned[at[t]]):
            cleaned[at[t]] = y[t]
