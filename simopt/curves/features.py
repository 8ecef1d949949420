"""What is measured on a loss curve, a curve at a time.

The values that are there (a missing value leaves no gap) are brought to the range 0 to 1, so that
neither the scale nor the offset of the loss matters, but for what they round away. Steps from a
value to the next are looked at as they are, unless they are so small that rounding can make them;
the shape is looked at on the means of at most 64 stretches, in which the noise of single values is
small, and of which a long curve has no more than a short one.

One source serves a single curve as plain Python and many compiled, to the same bits: sums run in
order, squares are products (``**`` rounds as the C library does), and what may divide by zero is a
number of NumPy's, which has inf and nan where Python's float has an error. What is compiled is in
one file but for the median, because Numba's cache does not see a change in another.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.ground.medians import median

#: The shape has at most so many points: enough to place a plateau to 2 % of the run, few enough
#: that comparing each with each takes microseconds.
STRETCHES = 64

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

#: The level of an end is the mean of this share of the values.
END = 20

#: A second difference of white noise has six times its variance; the median of a Gaussian's
#: absolute value is 0.6745 standard deviations.
SECOND_DIFFERENCE = 0.6745 * math.sqrt(6.0)

#: A third difference has twenty times the variance.
THIRD_DIFFERENCE = 0.6745 * math.sqrt(20.0)

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

#: Where each is.
VALUES = FEATURES.index("values")
MISSING = FEATURES.index("missing")
BROKEN_AT = FEATURES.index("broken_at")
FALL = FEATURES.index("fall")
LOWEST_AT = FEATURES.index("lowest_at")
END_LEVEL = FEATURES.index("end")
GROWTH = FEATURES.index("growth")
REBOUND = FEATURES.index("rebound")
REBOUND_AT = FEATURES.index("rebound_at")
RISES = FEATURES.index("rises")
TURNS = FEATURES.index("turns")
JUMP = FEATURES.index("jump")
JUMP_AT = FEATURES.index("jump_at")
NOISE = FEATURES.index("noise")
HALF_AT = FEATURES.index("half_at")
NINETY_AT = FEATURES.index("ninety_at")
SETTLED_AT = FEATURES.index("settled_at")
QUARTER_1 = FEATURES.index("quarter_1")
QUARTER_2 = FEATURES.index("quarter_2")
QUARTER_3 = FEATURES.index("quarter_3")
QUARTER_4 = FEATURES.index("quarter_4")
PLATEAU = FEATURES.index("plateau")
PLATEAU_AT = FEATURES.index("plateau_at")
DROP = FEATURES.index("drop")
LATE_LEVEL = FEATURES.index("late_level")
LATE_DRIFT = FEATURES.index("late_drift")
LATE_SWING = FEATURES.index("late_swing")
LATE_UPS = FEATURES.index("late_ups")
LATE_RISES = FEATURES.index("late_rises")
TAIL_FALL = FEATURES.index("tail_fall")
TAIL_T = FEATURES.index("tail_t")
TAIL_SPREAD = FEATURES.index("tail_spread")
TAIL_ECHO = FEATURES.index("tail_echo")

#: Those of a training and a validation loss together.
VALIDATION = (
    "validation_fall",  # start - lowest of the validation loss, of its range
    "validation_lowest_at",  # where it is lowest
    "validation_rise",  # mean of the last quarter - lowest, of its start - lowest
    "validation_noise",  # standard error of that rise by noise alone, of the rise
    "training_after",  # what the training loss loses after that place, of its fall
    "validation_net",  # start - median of the last quarter, of the range
    "validation_scatter",  # standard deviation of what is not smooth, of the range
    "validation_scale",  # its range, by that of the training loss
    "validation_ups",  # all rises of its shape after the lowest together, by the rise
    "validation_broken_at",  # where it becomes NaN and stays so, or an Inf is; -1 if nowhere
)

#: A validation loss that is missing for so many times its longest gap before has become NaN.
GAPS = 3


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


def collect(losses, length, y):
    """The finite values; how many there are, and where the curve breaks (-1: nowhere).

    It breaks at the first Inf, or at the NaN after which nothing finite comes.
    """
    k, broken = 0, -1
    for t in range(length):
        if math.isinf(losses[t]):
            return k, t
        if not math.isnan(losses[t]):
            y[k] = losses[t]
            k += 1
            broken = -1
        elif broken < 0:
            broken = t
    return k, broken


def to_unit_range(y):
    """Bring values to the range 0 to 1, in place; False if all are the same."""
    low = high = y[0]
    for value in y:
        low, high = min(low, value), max(high, value)
    # Halves, for the range of the largest numbers is beyond them.
    scale = 0.5 * high - 0.5 * low
    if scale == 0.0:
        return False
    for t in range(len(y)):
        y[t] = (0.5 * y[t] - 0.5 * low) / scale
    return True


def stretches(y, shape):
    """The means of at most STRETCHES stretches of equal length; how many."""
    k = len(y)
    points = min(k, STRETCHES)
    length, rest = k // points, k % points
    first = left = 0
    for j in range(points):
        # Stretch j begins at j k / points, rounded down; a division each would take longer.
        left += rest
        count = length + (left >= points)
        left -= points * (left >= points)
        total = 0.0
        for t in range(first, first + count):
            total += y[t]
        shape[j] = total / count
        first += count
    return points


def level(y):
    """The mean."""
    total = np.float64(0.0)
    for value in y:
        total += value
    return total / len(y)


def end_level(y):
    """The mean of the last values."""
    return level(y[len(y) - 1 - len(y) // END :])


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


def roughness(y, spare):
    """The standard deviation of white noise on a smooth curve, from second differences."""
    k = len(y)
    for t in range(1, k - 1):
        spare[0, t - 1] = abs(y[t + 1] - 2.0 * y[t] + y[t - 1])
    return median(spare[0, : k - 2], spare[1], spare[2]) / SECOND_DIFFERENCE


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


def value_at(shape, position):
    """The shape between its points."""
    place = position * (len(shape) - 1)
    j = min(int(place), len(shape) - 2)
    return shape[j] + (place - j) * (shape[j + 1] - shape[j])


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


def measure_validation(losses, validation, lengths, out):
    """The features of training and validation losses together.

    Parameters
    ----------
    losses, validation : ndarray [m, T]
        A curve a row each.
    lengths : ndarray of int [m]
        How many values of a row belong to its curve.
    out : ndarray [m, len(VALIDATION)]
        What is measured; NaN where there is no validation loss.
    """
    longest = losses.shape[1]
    y, spare, shape = np.empty(longest), np.empty((3, longest)), np.empty(STRETCHES)
    for i in range(len(losses)):
        out[i, :] = np.nan
        out[i, 9] = ends_early(validation[i], losses[i], lengths[i])
        k, _ = collect(validation[i], lengths[i], y)
        scale = span(y[:k])
        if k < 3 or not to_unit_range(y[:k]):
            continue
        points = stretches(y[:k], shape)
        lowest = 0
        for j in range(points):
            if shape[j] < shape[lowest]:
                lowest = j
        # Values behind the lowest stretch, of the last quarter at most; their median, of three and
        # more, since a single bad epoch is no rise. Of fewer than twenty epochs two are enough.
        late = min(1 + k // 4, k - (lowest + 1) * k // points)
        rise = 0.0
        if late > min(2, k // 10):
            rise = median(y[k - late : k], spare[1], spare[2]) - shape[lowest]
        noise = roughness(y[:k], spare)
        if k > 5:
            # A bend that stays is no noise: third differences do not see it.
            for t in range(2, k - 1):
                spare[0, t - 2] = abs(y[t + 1] - 3.0 * (y[t] - y[t - 1]) - y[t - 2])
            third = median(spare[0, : k - 3], spare[1], spare[2]) / THIRD_DIFFERENCE
            noise = min(noise, third)
        # Two means are compared, of so many values each.
        error = noise * math.sqrt(1.0 / max(1, late) + points / k)
        out[i, 0] = y[0]
        out[i, 1] = lowest / (points - 1)
        out[i, 2] = rise / (shape[0] - shape[lowest])
        out[i, 3] = error / rise
        out[i, 5] = y[0] - median(y[k - 1 - k // 4 : k], spare[1], spare[2])
        out[i, 6] = noise
        ups = np.float64(0.0)
        for j in range(lowest + 1, points):
            ups += max(0.0, shape[j] - shape[j - 1])
        out[i, 8] = ups / rise
        place = lowest / (points - 1)
        k, _ = collect(losses[i], lengths[i], y)
        own = span(y[:k])
        if k < 3 or not to_unit_range(y[:k]):
            continue
        out[i, 7] = scale / own
        points = stretches(y[:k], shape)
        out[i, 4] = (value_at(shape[:points], place) - end_level(y[:k])) / y[0]


def span(y):
    """Highest - lowest, halved: the range of the largest numbers is beyond them."""
    if len(y) == 0:
        return 0.0
    low = high = y[0]
    for value in y:
        low, high = min(low, value), max(high, value)
    return 0.5 * high - 0.5 * low


def ends_early(validation, losses, length):
    """Where a validation loss becomes NaN while training goes on, or is infinite; -1 if nowhere."""
    last, gap = -1, 0
    for t in range(length):
        if math.isinf(validation[t]):
            return t
        if not math.isnan(validation[t]):
            gap = max(gap, t - last)
            last = t
    finite = 0
    for t in range(last + 1, length):
        finite += math.isfinite(losses[t])
    return last + 1 if last >= 0 and finite > max(GAPS * gap, 4) else -1
