"""What is measured on a training and a validation loss together, a pair of curves at a time.

Plain Python for a single pair, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.curves.arithmetic import (
    STRETCHES,
    collect,
    end_level,
    extremes,
    level,
    roughness,
    stretches,
    to_unit_range,
    value_at,
)
from simopt.ground.medians import median

#: A third difference of white noise has twenty times its variance.
THIRD_DIFFERENCE = 0.6745 * math.sqrt(20.0)

#: Of the mean of its sizes, in place of their median.
THIRD_MEAN = math.sqrt(2.0 / math.pi * 20.0)

#: A validation loss that is missing for so many times its longest gap before has become NaN.
GAPS = 3

#: The lowest place is looked for on means over this part of a curve, of the stretches of its shape:
#: the lowest of single values is so by noise.
PIECES = 20

#: A lucky value is no level from which a loss rises: it lies below its neighbours by so many times
#: the noise of all others, and by more than those differ. There may be one more in so many values,
#: up to so many values: each is looked for in all of them, and of many the stretches are means.
LUCKY, SELDOM, MANY = 5.0, 20, 1000

#: The columns, in their order.
VALIDATION = (
    "validation_fall",  # start - lowest of the validation loss, of its range
    "validation_lowest_at",  # where it is lowest
    "validation_rise",  # mean of the last quarter - lowest, of its start - lowest
    "validation_noise",  # what noise alone makes of that rise, of the rise
    "validation_climb",  # slope of a line through what follows it, in standard errors; NaN of few
    "training_after",  # what the training loss loses after that place, of its fall
    "validation_net",  # start - median of the last quarter, of the range
    "validation_scatter",  # standard deviation of what is not smooth, of the range
    "validation_trend",  # mean of the first half - of the second, in standard errors of its noise
    "validation_scale",  # its range, by that of the training loss
    "validation_ups",  # all rises of its shape after the lowest together, by the rise
    "validation_above",  # its median - end of the training loss, of the fall of that one
    "validation_broken_at",  # where it becomes NaN and stays so, or an Inf is; -1 if nowhere
)

(
    FALL, LOWEST_AT, RISE, RISE_NOISE, CLIMB, TRAINING_AFTER, NET, SCATTER, TREND, SCALE, UPS,
    ABOVE, BROKEN_AT,
) = range(len(VALIDATION))  # fmt: skip


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
        out[i, BROKEN_AT] = ends_early(validation[i], losses[i], lengths[i])
        k, _ = collect(validation[i], lengths[i], y)
        scale = span(y[:k])
        if k < 3:
            continue
        middle = median(y[:k], spare[1], spare[2])
        if not to_unit_range(y[:k]):
            # It stays where it is: it neither falls nor scatters.
            out[i, NET] = out[i, SCATTER] = 0.0
            k, _ = collect(losses[i], lengths[i], y)
            beside_training(y[:k], middle, scale, out[i])
            continue
        without_luck(y[:k], spare)
        points = stretches(y[:k], shape)
        width = max(1, points // PIECES)
        lowest, low = lowest_piece(shape[:points], width)
        # Values behind the lowest piece, of the last quarter at most; their median, of three and
        # more, since a single bad epoch is no rise. Of fewer than twenty epochs two are enough.
        late = min(1 + k // 4, k - (lowest + width) * k // points)
        rise = 0.0
        if late > min(2, k // 10):
            rise = median(y[k - late : k], spare[1], spare[2]) - low
        noise = noise_of(y[:k], spare)
        # Two means are compared, of so many values each, and one of them is the lowest of many.
        piece = points / (k * width)
        chosen = lowest_of(points / width) * math.sqrt(piece)
        error = noise * math.sqrt(1.0 / max(1, late) + piece + chosen * chosen)
        out[i, FALL] = y[0]
        out[i, LOWEST_AT] = (lowest + 0.5 * (width - 1)) / (points - 1)
        out[i, RISE] = rise / max(np.float64(0.0), shape[0] - low)
        out[i, RISE_NOISE] = error / rise
        out[i, CLIMB] = climb(y[(lowest + width) * k // points : k])
        out[i, NET] = y[0] - median(y[k - 1 - k // 4 : k], spare[1], spare[2])
        out[i, SCATTER] = noise
        if k > 5:
            # Of fewer nobody can tell a bend from noise.
            halves = level(y[: k // 2]) - level(y[k // 2 : k])
            out[i, TREND] = halves / (noise * math.sqrt(4.0 / k))
        ups = np.float64(0.0)
        for j in range(lowest + width, points):
            ups += max(0.0, shape[j] - shape[j - 1])
        out[i, UPS] = ups / rise
        k, _ = collect(losses[i], lengths[i], y)
        if not beside_training(y[:k], middle, scale, out[i]):
            continue
        points = stretches(y[:k], shape)
        out[i, TRAINING_AFTER] = (
            value_at(shape[:points], out[i, LOWEST_AT]) - end_level(y[:k])
        ) / y[0]


def noise_of(y, spare):
    """The standard deviation of what is not smooth."""
    k = len(y)
    noise = roughness(y, spare)
    if k > 5:
        # A bend that stays is no noise: third differences do not see it.
        for t in range(2, k - 1):
            spare[0, t - 2] = abs(y[t + 1] - 3.0 * (y[t] - y[t - 1]) - y[t - 2])
        third = median(spare[0, : k - 3], spare[1], spare[2]) / THIRD_DIFFERENCE
        noise = min(noise, third)
        if noise == 0.0:
            # Printed with few digits most values are the same: the mean sees the others.
            noise = level(spare[0, : k - 3]) / THIRD_MEAN
    return noise


def without_luck(y, spare):
    """Put lowest values on a level with the lower of their neighbours, if they are so by luck."""
    k = len(y)
    for _ in range(1 + min(k, MANY) // SELDOM):
        at = 0
        for t in range(k):
            if y[t] < y[at]:
                at = t
        if at == 0 or at == k - 1:
            return
        was, one, other = y[at], y[at - 1], y[at + 1]
        dip = min(one, other) - was
        y[at] = min(one, other)
        if dip <= LUCKY * noise_of(y, spare) or dip <= abs(one - other):
            y[at] = was
            return


def climb(y):
    """The slope of a line through values, in standard errors; NaN of fewer than four."""
    k = len(y)
    if k < 4:
        return np.float64(np.nan)
    mean, middle = level(y), 0.5 * (k - 1)
    product = total = np.float64(0.0)
    for t in range(k):
        product += (t - middle) * (y[t] - mean)
        total += (y[t] - mean) * (y[t] - mean)
    # The sum of the squares of t - middle.
    squares = k * (k * k - 1.0) / 12.0
    slope = product / squares
    return slope / np.sqrt((total - slope * product) / (k - 2) / squares)


def beside_training(y, middle, scale, out):
    """How large a validation loss is beside a training loss, which is brought to the range 0 to 1.

    False, and nothing, of fewer than three values, or where all are the same.
    """
    own = span(y)
    least, _ = extremes(y)
    if len(y) < 3 or not to_unit_range(y):
        return False
    out[SCALE] = scale / own
    out[ABOVE] = ((0.5 * middle - 0.5 * least) / own - end_level(y)) / y[0]
    return True


def lowest_piece(shape, width):
    """The first of so many neighbouring stretches whose mean is lowest, and that mean."""
    lowest, low = 0, math.inf
    for j in range(len(shape) - width + 1):
        total = 0.0
        for each in range(j, j + width):
            total += shape[each]
        if total / width < low:
            lowest, low = j, total / width
    return lowest, low


def lowest_of(count):
    """How far below 0 the lowest of so many normal values lies on average.

    To 0.09 of a standard deviation for up to a hundred of them.
    """
    return 0.85 * math.log(count) ** 0.72


def span(y):
    """Highest - lowest, halved: the range of the largest numbers is beyond them."""
    if len(y) == 0:
        return 0.0
    low, high = extremes(y)
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
