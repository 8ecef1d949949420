"""What is set aside before a curve is measured: spikes, a leap at the end, an odd first value.

A curve at a time. A reader looks past a few bad batches, and past a first row that is a partial sum
or an untrained model's huge loss; with them on the axis the rest is a flat line.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.curves.arithmetic import extremes, level
from simopt.curves.leaps import height_from, leap, stands_out
from simopt.curves.restarts import restarts
from simopt.curves.spikes import BEGIN, END, HEIGHT, KNOWN, MOST, PEAK, without_spikes

#: Fewer values are left as they are; of so many a leap at the end is all that can be seen.
FEWEST = 5

#: Spikes are looked for on so many values at least.
ENOUGH = 9

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
    "spike_height",  # of it, above what is before it, by what the rest of the curve spans
    "spike_width",  # after how many values the slowest one is back
    "zeros_at",  # where zeros begin that stand for NaN; -1 if nowhere
    "leap",  # how many values the leap at the end has, on which nothing else is measured; else 0
    "leap_height",  # of it, above what is before it, by what that spans; else 0
    "restarts",  # at how many places the curve begins again as it began; nothing is set aside then
    "restart_at",  # at which first, 0 to 1; -1 if nowhere
)

(
    SKIPPED, SPIKES, SPIKE_AT, SPIKE_HEIGHT, SPIKE_WIDTH, ZEROS_AT, LEAP, LEAP_HEIGHT, RESTARTS,
    RESTART_AT,
) = range(len(CLEANED))  # fmt: skip


def clean(losses, lengths, cleaned, out):
    """Copies of curves without what is set aside.

    Parameters
    ----------
    losses : ndarray [m, T]
        A curve a row.
    lengths : ndarray of int [m]
        How many values of a row belong to its curve.
    cleaned : ndarray [m, T]
        The copies. A first value that is set aside becomes NaN, a spike a line from what is before
        it to what is after; a leap at the end stays, and is to be left out.
    out : ndarray [m, len(CLEANED)]
        What was set aside.
    """
    longest = losses.shape[1]
    at, y = np.empty(longest, np.int64), np.empty(longest)
    spare, spikes = np.empty((3, longest)), np.empty((int(MOST * longest) + 2, len(KNOWN)))
    for i in range(len(losses)):
        out[i, SKIPPED], out[i, SPIKES], out[i, SPIKE_AT] = 0.0, 0.0, np.nan
        out[i, SPIKE_HEIGHT], out[i, SPIKE_WIDTH], out[i, ZEROS_AT] = np.nan, np.nan, -1.0
        out[i, LEAP], out[i, LEAP_HEIGHT] = 0.0, 0.0
        out[i, RESTARTS], out[i, RESTART_AT] = 0.0, -1.0
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
        first = zeros(y[:k]) if k > FEWEST else k
        if first < k:
            out[i, ZEROS_AT] = at[first]
            for j in range(first, k):
                cleaned[i, at[j]] = np.nan
            continue
        count, place = restarts(y[:k])
        if count > 0:
            out[i, RESTARTS], out[i, RESTART_AT] = count, place / (k - 1)
            continue
        rest = k
        # After a last value that is missing nothing is known of a leap.
        if at[k - 1] == lengths[i] - 1:
            rest = k - leap(y[:k], spare)
        if rest < k:
            height = height_from(y[:k], rest)
            if rest >= ENOUGH and without_spikes(y[:rest], spikes, spare)[0] == 0:
                refill(y[:k], losses[i], at)
            if stands_out(y[:rest], height):
                # What is left must not end in missing values.
                out[i, LEAP] = lengths[i] - 1 - at[rest - 1]
                low, high = extremes(y[:rest])
                out[i, LEAP_HEIGHT] = height / (high - low) if high > low else np.inf
            else:
                rest = k
            refill(y[:k], losses[i], at)
        if rest > FEWEST and stands_apart(y[:rest]):
            out[i, SKIPPED] = 1.0
            cleaned[i, at[0]] = np.nan
        if rest >= ENOUGH:
            count, span = without_spikes(y[:rest], spikes, spare)
            tell(spikes[:count], span, rest, out[i])
            for j in range(rest if out[i, SPIKES] > 0.0 else 0):
                if not math.isnan(cleaned[i, at[j]]):
                    cleaned[i, at[j]] = y[j]


def refill(y, losses, at):
    """The values as they were."""
    for j in range(len(y)):
        y[j] = losses[at[j]]


def tell(spikes, span, k, out):
    """What there is to know of the spikes of k values."""
    highest = slowest = 0.0
    for n in range(len(spikes)):
        height = spikes[n, HEIGHT]
        if height > 0.0:
            out[SPIKES] += 1.0
            slowest = max(slowest, spikes[n, END] - spikes[n, BEGIN])
        if height > highest:
            highest = height
            # A first value that is set aside is not there.
            out[SPIKE_AT] = (spikes[n, PEAK] - out[SKIPPED]) / (k - 1.0 - out[SKIPPED])
    if highest > 0.0:
        out[SPIKE_HEIGHT] = highest / span if span > 0.0 else np.inf
        out[SPIKE_WIDTH] = slowest


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
