"""What is measured on a loss curve, a curve at a time.

The values that are there (a missing value leaves no gap) are brought to the range 0 to 1, so that
neither the scale nor the offset of the loss matters, but for what they round away. Steps from a
value to the next are looked at as they are, unless they are so small that rounding can make them;
the shape is looked at on the means of at most 64 stretches, in which the noise of single values is
small, and of which a long curve has no more than a short one.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.curves.arithmetic import (
    STRETCHES,
    collect,
    end_level,
    level,
    roughness,
    stretches,
    to_unit_range,
    value_at,
)
from simopt.curves.validation_features import VALIDATION

__all__ = ["FEATURES", "VALIDATION", "measure"]

#: A step within this share of the range is none, but rounding: that of float64 stays below it, even
#: with a million times the range on top of the loss.
ROUNDING = 1e-9

#: A stretch of the shape is flat while it stays within this share of the range: what an eye takes
#: for flat on a plot of ordinary size.
FLAT = 0.05

#: What must be lost after a plateau, as a share of the range, for a drop to have followed it: more
#: than FLAT, or the end of every curve would be one.
REMAINS = 0.08

#: The tail is the last third: long enough for a slope, past the fast beginning.
TAIL = 3

#: The columns, in their order.
FEATURES = (
    "values",  # how many are there
    "missing",  # share of the curve that is not
    "broken_at",  # where NaN or Inf begins and stays, or an Inf is; -1 if nowhere
    "fall",  # start - lowest, of the range
    "lowest_at",  # position of the lowest, 0 to 1
    "end",  # end - lowest, of the range
    "growth",  # highest of the last quarter over the highest of the first half, above the lowest
    "rebound",  # largest rise above the lowest so far, of the range
    "rebound_at",  # where that rise ends
    "rises",  # share of steps that rise
    "turns",  # share of steps in another direction than the step before
    "jump",  # largest rise in one step, of the range
    "jump_at",  # where it ends
    "noise",  # standard deviation of what is not smooth, of the range
    "half_at",  # where half of the fall is first reached
    "ninety_at",  # where nine tenths are
    "settled_at",  # from where the shape stays within FLAT of its end
    "quarter_1",  # lost in the first quarter, of the fall
    "quarter_2",
    "quarter_3",
    "quarter_4",
    "plateau",  # longest flat stretch that a sudden drop follows, of the run
    "plateau_at",  # where it begins
    "drop",  # lost within half the plateau's length after it, of the range
    "late_level",  # mean of the second half - lowest, of the range
    "late_drift",  # mean of the third quarter - mean of the last, of the level
    "late_swing",  # highest - lowest of the second half, of the range
    "late_ups",  # all rises of the second half together, of its highest - lowest
    "late_rises",  # share of the second half's steps that rise
    "tail_fall",  # what the line through the last third loses, of the range
    "tail_t",  # its slope in standard errors; positive when it falls
    "tail_spread",  # standard deviation about that line, of the range
    "tail_echo",  # correlation of a residual with the next
)

(
    VALUES, MISSING, BROKEN_AT, FALL, LOWEST_AT, END_LEVEL, GROWTH, REBOUND, REBOUND_AT, RISES,
    TURNS, JUMP, JUMP_AT, NOISE, HALF_AT, NINETY_AT, SETTLED_AT, QUARTER_1, QUARTER_2, QUARTER_3,
    QUARTER_4, PLATEAU, PLATEAU_AT, DROP, LATE_LEVEL, LATE_DRIFT, LATE_SWING, LATE_UPS, LATE_RISES,
    TAIL_FALL, TAIL_T, TAIL_SPREAD, TAIL_ECHO,
) = range(len(FEATURES))  # fmt: skip


def measure(losses, lengths, out):
    """The features of many curves.

    Parameters
    ----------
    losses : ndarray [m, T]
        A curve a row.
    lengths : ndarray of int [m]
        How many values of a row belong to its curve.
    out : ndarray [m, len(FEATURES)]
        What is measured; NaN where a curve is too short to have it.
    """
    longest = losses.shape[1]
    y, spare = np.empty(longest), np.empty((3, longest))
    shape, least = np.empty(STRETCHES), np.empty(STRETCHES)
    for i in range(len(losses)):
        out[i, :] = np.nan
        k, broken = collect(losses[i], lengths[i], y)
        out[i, VALUES] = k
        inside = broken if broken >= 0 else lengths[i]
        out[i, MISSING] = 1.0 - k / inside if inside > 0 else 0.0
        out[i, BROKEN_AT] = broken
        if k < 2 or not to_unit_range(y[:k]):
            continue
        points = stretches(y[:k], shape)
        whole_run(y[:k], out[i])
        steps(y[:k], spare, out[i])
        of_shape(shape[:points], out[i])
        of_plateau(shape[:points], least, out[i])
        second_half(y[:k], out[i])
        of_tail(y[:k], out[i])


def whole_run(y, out):
    """Fall, lowest, end, growth and the largest rebound."""
    k = len(y)
    lowest = rebound_at = 0
    low, rebound, early, late = y[0], 0.0, y[0], y[k - 1]
    for t in range(k):
        if y[t] < low:
            low, lowest = y[t], t
        if y[t] - low > rebound:
            rebound, rebound_at = y[t] - low, t
    for value in y[: (k + 1) // 2]:
        early = max(early, value)
    for value in y[k - (k + 3) // 4 :]:
        late = max(late, value)
    out[FALL] = y[0]
    out[LOWEST_AT] = lowest / (k - 1)
    out[END_LEVEL] = end_level(y)
    out[GROWTH] = late / early
    out[REBOUND] = rebound
    out[REBOUND_AT] = rebound_at / (k - 1)


def step_to(y, t):
    """The step to a value from the one before; 0 if it is no more than rounding."""
    step = y[t] - y[t - 1]
    return step if abs(step) > ROUNDING else 0.0


def steps(y, spare, out):
    """What goes on from a value to the next."""
    k = len(y)
    rises = turns = jump_at = 0
    jump = before = 0.0
    for t in range(1, k):
        step = step_to(y, t)
        rises += step > 0.0
        if step > jump:
            jump, jump_at = step, t
        turns += step * before < 0.0
        before = step
    out[RISES] = rises / (k - 1)
    out[JUMP] = jump
    out[JUMP_AT] = jump_at / (k - 1)
    if k < 3:
        return
    out[TURNS] = turns / (k - 2)
    out[NOISE] = roughness(y, spare)


def second_half(y, out):
    """At which level it goes on, and how far and how often up."""
    k = len(y)
    start = k // 2
    low = high = y[start]
    rises = 0
    total = ups = 0.0
    for t in range(start, k):
        low, high = min(low, y[t]), max(high, y[t])
        total += y[t]
        if t > start:
            ups += max(0.0, y[t] - y[t - 1])
            rises += step_to(y, t) > 0.0
    out[LATE_RISES] = rises / max(1, k - 1 - start)
    out[LATE_LEVEL] = total / (k - start)
    middle = start + (k - start) // 2
    drift = level(y[start:middle]) - level(y[middle:])
    out[LATE_DRIFT] = drift / out[LATE_LEVEL] if out[LATE_LEVEL] > 0.0 else 0.0
    out[LATE_SWING] = high - low
    out[LATE_UPS] = ups / (high - low) if high > low else 0.0


def of_shape(shape, out):
    """When the fall happens."""
    points = len(shape)
    low = shape[0]
    for value in shape:
        low = min(low, value)
    fall = shape[0] - low
    end = shape[points - 1]
    half = ninety = -1
    settled = 0
    for j in range(points):
        if half < 0 and shape[j] <= low + 0.5 * fall:
            half = j
        if ninety < 0 and shape[j] <= low + 0.1 * fall:
            ninety = j
        if abs(shape[j] - end) > FLAT:
            settled = j + 1
    out[HALF_AT] = half / (points - 1)
    out[NINETY_AT] = ninety / (points - 1)
    out[SETTLED_AT] = min(settled, points - 1) / (points - 1)
    if fall == 0.0:
        return
    for q in range(4):
        out[QUARTER_1 + q] = (value_at(shape, 0.25 * q) - value_at(shape, 0.25 * (q + 1))) / fall


def of_plateau(shape, least, out):
    """The longest stretch that stays within FLAT and is followed by a loss of REMAINS at once.

    At once: within half the time that the stretch took. A loss that falls faster and faster has
    flat beginnings too, but no such drop.
    """
    points = len(shape)
    best = best_at = 0
    drop = 0.0
    lowest = shape[points - 1]
    for j in range(points - 1, -1, -1):
        lowest = min(lowest, shape[j])
        least[j] = lowest
    for first in range(points):
        # Most starts end here: nothing lower enough follows, or it is no longer than the best.
        if first + best + 1 >= points or shape[first] - least[first] < REMAINS:
            continue
        if abs(shape[first + best + 1] - shape[first]) > FLAT:
            continue
        low = high = shape[first]
        last = first
        while last + 1 < points:
            ahead = shape[last + 1]
            if max(high, ahead) - min(low, ahead) > FLAT:
                break
            low, high = min(low, ahead), max(high, ahead)
            last += 1
        if last + 1 == points:
            # Flat to the end, as from every later start: no drop follows.
            break
        if last - first > best:
            within = min(points - 1, last + max(1, (last - first) // 2))
            after = low
            for j in range(last + 1, within + 1):
                after = min(after, shape[j])
            if low - after >= REMAINS:
                best, best_at, drop = last - first, first, low - after
    out[PLATEAU] = best / (points - 1)
    out[PLATEAU_AT] = best_at / (points - 1)
    out[DROP] = drop


def of_tail(y, out):
    """A line through the last third, and what is left beside it."""
    k = len(y)
    count = k - k * (TAIL - 1) // TAIL
    if count < 3:
        return
    start = k - count
    middle = 0.5 * (count - 1)
    mean = 0.0
    for t in range(count):
        mean += y[start + t]
    mean /= count
    squares = products = 0.0
    for t in range(count):
        squares += (t - middle) * (t - middle)
        products += (t - middle) * (y[start + t] - mean)
    slope = products / squares
    variance = echo = before = 0.0
    for t in range(count):
        residual = y[start + t] - mean - slope * (t - middle)
        variance += residual * residual
        echo += residual * before
        before = residual
    out[TAIL_FALL] = -slope * (count - 1)
    out[TAIL_T] = -slope / math.sqrt(variance / (count - 2) / squares)
    out[TAIL_SPREAD] = math.sqrt(variance / (count - 2))
    out[TAIL_ECHO] = echo / variance if variance > 0.0 else 0.0
