"""What is signal on a loss curve and what is noise, a curve at a time.

The curve is cut into at most `BLOCKS` blocks; a line through each leaves residuals, whose deviation
is the noise and whose correlation from one value to the next tells noise of batches (none) from a
loss that swings (a value is near the one before, or opposite to it). Means of blocks are compared
with what the noise makes of them, so that a verdict does not depend on how densely a log was
written.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.curves.arithmetic import collect, extremes, level, roughness, to_unit_range
from simopt.ground.medians import median

#: Blocks that are compared, and values of a block at least.
BLOCKS, VALUES = 8, 2

#: Values of a piece through which a line is laid.
PIECE, PIECES = 12, 16

#: A level shifts within two values; levels before and after are means of this share of the values.
WINDOW = 20

#: A curve is at rest while it stays within this share of its range of its last value.
AT_REST = 1e-6

#: The columns, in their order.
NOISE = (
    "scatter",  # standard deviation of the noise, of the range
    "calms",  # deviation of the last quarter's noise, by that of the first; 1 of a short curve
    "echo",  # correlation of a residual of the second half with the next one
    "skew",  # skewness of the residuals
    "between",  # how far every other value is above all the rest, of the range; less than 0 if not
    "moves",  # deviation of the blocks' means, by that which noise alone would make
    "slope_t",  # slope through the blocks' means in standard errors; positive when the loss falls
    "start_z",  # first values above the rest, in standard deviations of the noise
    "block_fall",  # first block's mean - lowest one's, of the range
    "block_rise",  # last block's mean - lowest one's, of the range
    "block_rise_z",  # the same, in standard errors
    "block_ups",  # all rises of blocks' means after the lowest together, by the rise itself
    "block_lowest_at",  # middle of the lowest block
    "block_late",  # what the second half loses, of what is lost from first block to last
    "net",  # first block's mean - last one's, of the range
    "shift",  # largest sudden rise that stays for a while, of the range
    "shift_at",  # where
    "shift_z",  # the same, in standard errors
    "shift_before",  # the fall before it, of the range
    "shift_left",  # how much of it is left at the end
    "shift_peak",  # highest value in the window behind it above the level before, by the rise
    "shifts",  # how many places are nearly as sudden
    "shift_other",  # largest rise of the level before the shift, or after it, by the shift
    "knee",  # time from three quarters of the fall to 95 %, by that from one quarter to three
    "rest_at",  # from where it stays at its last value
    "period",  # values after which the second half's residuals repeat; 0 if they don't
    "onset",  # half of the drop after the plateau, by nine tenths of it: time from its tenth
    "noise_share",  # deviation of the noise, of the mean loss; NaN if any value used is 0 or below
)

(
    SCATTER, CALMS, ECHO, SKEW, BETWEEN, MOVES, SLOPE_T, START_Z, BLOCK_FALL, BLOCK_RISE,
    BLOCK_RISE_Z, BLOCK_UPS, BLOCK_LOWEST_AT, BLOCK_LATE, NET, SHIFT, SHIFT_AT, SHIFT_Z,
    SHIFT_BEFORE, SHIFT_LEFT, SHIFT_PEAK, SHIFTS, SHIFT_OTHER, KNEE, REST_AT, PERIOD, ONSET,
    NOISE_SHARE,
) = range(len(NOISE))  # fmt: skip

#: Residuals in which a period is looked for, and how well they must repeat: five standard errors
#: of a correlation at least.
SEARCHED, REPEATS = 1024, 0.35

#: Periods are looked for from the first to below the second of these lags, several at a time.
SHORTEST, LONGEST, LAGS = 4, 200, 4


def measure_noise(losses, lengths, flat_ends, out):
    """The columns NOISE of curves [m, T]; NaN where a curve is too short or all the same.

    Parameters
    ----------
    losses : ndarray [m, T]
        A curve a row, as `simopt.curves.cleaning.clean` leaves it.
    lengths : ndarray of int [m]
        How many values of a row belong to its curve.
    flat_ends : ndarray [m]
        Where the plateau of `simopt.curves.features` ends, 0 to 1; 0 where there is none.
    out : ndarray [m, len(NOISE)]
        What is measured.
    """
    longest = losses.shape[1]
    y, residuals = np.empty(longest), np.empty(longest + LAGS)
    correlations = np.empty(LONGEST + LAGS)
    blocks, variances = np.empty(BLOCKS), np.empty(PIECES)
    sums, spare = np.empty(longest + 1), np.empty((3, max(longest, PIECES)))
    for i in range(len(losses)):
        out[i, :] = np.nan
        k, _ = collect(losses[i], lengths[i], y)
        low, high = extremes(y[:k])
        if k < 2 * VALUES or not to_unit_range(y[:k]):
            continue
        scatter(y[:k], residuals, variances, spare, out[i])
        out[i, BETWEEN] = between(y[:k])
        levels(y[:k], blocks, out[i])
        level_shift(y[:k], sums, spare[0], out[i])
        of_fall(y[:k], out[i])
        residuals[k : k + LAGS] = 0.0
        period(residuals, k, correlations, out[i])
        onset(y[:k], flat_ends[i], out[i])
        share_of_level(y[:k], low, high, out[i])


def share_of_level(y, low, high, out):
    """The noise beside the loss itself, where all of the loss is above zero."""
    if low <= 0.0:
        return
    total = 0.0
    for value in y:
        total += value
    # By the lowest, for the range of the largest numbers is beyond them.
    ratio = high / low - 1.0
    out[NOISE_SHARE] = out[SCATTER] * ratio / (1.0 + ratio * total / len(y))


def scatter(y, residuals, variances, spare, out):
    """Residuals from lines through pieces: their deviation, and how each follows the one before."""
    k = len(y)
    pieces = min(PIECES, max(1, k // PIECE))
    late = products = second = third = 0.0
    for p in range(pieces):
        first, last = p * k // pieces, (p + 1) * k // pieces
        count = last - first
        middle = 0.5 * (count - 1)
        mean = 0.0
        for t in range(first, last):
            mean += y[t]
        mean /= count
        product = 0.0
        for t in range(first, last):
            product += (t - first - middle) * (y[t] - mean)
        # The sum of the squares of t - middle.
        slope = product / (count * (count * count - 1.0) / 12.0)
        variance = echo = before = 0.0
        for t in range(first, last):
            residual = y[t] - mean - slope * (t - first - middle)
            residuals[t] = residual
            variance += residual * residual
            third += residual * residual * residual
            echo += residual * before
            before = residual
        second += variance
        variances[p] = variance / max(1, count - 2)
        if 2 * p >= pieces - 1:
            late += variance
            # Residuals of a line follow each other less than the noise itself does.
            products += echo + 2.5 / count * variance
    early = late_noise = 0.0
    quarter = pieces // 4
    for p in range(quarter):
        early += variances[p]
        late_noise += variances[pieces - 1 - p]
    out[CALMS] = math.sqrt(late_noise / early) if early > 0.0 else 1.0
    # The median piece: neither a fall within one, nor a burst, is noise.
    out[SCATTER] = math.sqrt(median(variances[:pieces], spare[0], spare[1]))
    if pieces < 3:
        # Too few pieces to follow a bend: second differences do.
        out[SCATTER] = min(out[SCATTER], roughness(y, spare))
    out[SKEW] = third / k / (second / k) ** 1.5 if second > 0.0 else 0.0
    out[ECHO] = products / late if late > 0.0 else 0.0


def between(y):
    """How far the lowest of every other value is above the highest of the rest."""
    even_low, even_high = extremes(y[::2])
    odd_low, odd_high = extremes(y[1::2])
    return max(even_low - odd_high, odd_low - even_high)


def trimmed(values):
    """The mean without the highest and the lowest, where there are five or more."""
    total, low, high = 0.0, values[0], values[0]
    for value in values:
        total += value
        low, high = min(low, value), max(high, value)
    if len(values) < 5:
        return total / len(values)
    return (total - low - high) / (len(values) - 2)


def levels(y, blocks, out):
    """How the means of blocks go, beside what noise alone would make of them."""
    k = len(y)
    count = min(BLOCKS, k // VALUES)
    for b in range(count):
        blocks[b] = trimmed(y[b * k // count : (b + 1) * k // count])
    error = max(out[SCATTER], 1e-12) * math.sqrt(count / k)
    mean = 0.0
    for b in range(count):
        mean += blocks[b]
    mean /= count
    total = squares = products = 0.0
    low = 0
    for b in range(count):
        off, at = blocks[b] - mean, b - 0.5 * (count - 1)
        total += off * off
        squares += at * at
        products += at * off
        if blocks[b] < blocks[low]:
            low = b
    out[MOVES] = math.sqrt(total / (count - 1)) / error
    out[SLOPE_T] = -products / math.sqrt(squares) / error
    few = max(1, k // 50)
    out[START_Z] = (level(y[:few]) - level(y[few:])) / max(out[SCATTER], 1e-12) * math.sqrt(few)
    high = blocks[0]
    for b in range(low):
        high = max(high, blocks[b])
    out[BLOCK_FALL] = high - blocks[low]
    rise = blocks[count - 1] - blocks[low]
    ups = 0.0
    for b in range(low + 1, count):
        ups += max(0.0, blocks[b] - blocks[b - 1])
    out[BLOCK_RISE] = rise
    out[BLOCK_RISE_Z] = rise / (error * math.sqrt(2.0))
    out[BLOCK_UPS] = ups / rise if rise > 0.0 else np.inf
    out[BLOCK_LOWEST_AT] = (low + 0.5) / count
    net = blocks[0] - blocks[count - 1]
    middle = 0.5 * (blocks[(count - 1) // 2] + blocks[count // 2])
    out[NET] = net
    out[BLOCK_LATE] = (middle - blocks[count - 1]) / net if net > 0.0 else np.nan


def level_shift(y, sums, rises, out):
    """The largest rise within two values of the level to which the curve had come."""
    k = len(y)
    width = max(3, k // WINDOW)
    if k < 4 * width:
        return
    sums[0] = 0.0
    for t in range(k):
        sums[t + 1] = sums[t] + y[t]
    for t in range(width, k - width + 1):
        rise = (sums[t + width] - 2.0 * sums[t] + sums[t - width]) / width
        sudden = 0.5 * (y[t] + y[t + 1]) - 0.5 * (y[t - 1] + y[t - 2])
        rises[t] = rise if rise < sudden else sudden
    best, place = 0.0, -1
    for t in range(width, k - width + 1):
        if rises[t] > best:
            best, place = rises[t], t
    if place < 0:
        return
    before = (sums[place] - sums[place - width]) / width
    rise = (sums[place + width] - sums[place]) / width - before
    count, last = 0, -k
    for t in range(width, k - width + 1):
        if rises[t] > 0.6 * best and t - last > width:
            count += 1
            last = t
    high, peak = y[0], y[place]
    for t in range(place):
        high = max(high, y[t])
    for t in range(place, place + width):
        peak = max(peak, y[t])
    end = (sums[k] - sums[k - width]) / width
    out[SHIFT] = rise
    out[SHIFT_AT] = place / (k - 1)
    out[SHIFT_Z] = rise / (max(out[SCATTER], 1e-12) * math.sqrt(2.0 / width))
    out[SHIFT_BEFORE] = high - before
    out[SHIFT_LEFT] = (end - before) / rise
    out[SHIFT_PEAK] = (peak - before) / rise
    out[SHIFTS] = count
    before_it, after_it = sums[: place + 1], sums[place : k + 1]
    other = max(largest_rise(before_it, width), largest_rise(after_it, width))
    out[SHIFT_OTHER] = other / rise


def largest_rise(sums, width):
    """How far the mean of so many values rises above its lowest before; of the values' sums."""
    low, rise = math.inf, 0.0
    for t in range(len(sums) - width):
        total = sums[t + width] - sums[t]
        low = min(low, total)
        rise = max(rise, total - low)
    return rise / width


def reaches(y, value):
    """When a curve first comes down to a value, between its points."""
    if y[0] <= value:
        return np.float64(0.0)
    for t in range(1, len(y)):
        if y[t] <= value:
            return t - (value - y[t]) / (y[t - 1] - y[t])
    return np.float64(len(y) - 1.0)


def of_fall(y, out):
    """How abruptly the fall ends, and from where on nothing moves."""
    k = len(y)
    low = y[k - 1]
    start = y[0] - low
    quarter, half = reaches(y, low + 0.75 * start), reaches(y, low + 0.25 * start)
    out[KNEE] = (reaches(y, low + 0.05 * start) - half) / (half - quarter)
    rest = k - 1
    while rest > 0 and abs(y[rest - 1] - low) <= AT_REST:
        rest -= 1
    out[REST_AT] = rest / (k - 1)


def period(residuals, length, correlations, out):
    """After how many values the residuals of the end repeat; LAGS zeros are behind them."""
    k = min(length // 2, SEARCHED)
    r = residuals[length - k :]
    out[PERIOD] = 0.0
    if k < 40:
        return
    energy = 0.0
    for t in range(k):
        energy += r[t] * r[t]
    if energy == 0.0:
        return
    best, place = 0.0, 0
    longest = min(k // 3, LONGEST)
    for lag in range(SHORTEST, longest, LAGS):
        # Sums of several lags at a time: of one, each term waits for the term before.
        one = two = three = four = 0.0
        for t in range(k - lag):
            here = r[t]
            one += here * r[t + lag]
            two += here * r[t + lag + 1]
            three += here * r[t + lag + 2]
            four += here * r[t + lag + 3]
        correlations[lag], correlations[lag + 1] = one, two
        correlations[lag + 2], correlations[lag + 3] = three, four
    for lag in range(SHORTEST, longest):
        correlations[lag] *= k / (k - lag) / energy
        if correlations[lag] > best:
            best, place = correlations[lag], lag
    # Of noise with a memory such correlations scatter more.
    echo = max(np.float64(0.0), min(out[ECHO], np.float64(0.95)))
    error = math.sqrt((1.0 + echo * echo) / (1.0 - echo * echo) / k)
    if best < max(REPEATS, 5.0 * error):
        return
    # The shortest lag that repeats nearly as well: not a multiple of it.
    for lag in range(SHORTEST, place):
        if correlations[lag] > 0.8 * best:
            place = lag
            break
    out[PERIOD] = place


def onset(y, flat_end, out):
    """How suddenly the drop after a plateau begins: at once, or slowly as at a saddle."""
    k = len(y)
    end = int(flat_end * (k - 1))
    width = max(2, k // 32)
    if flat_end == 0.0 or end < width or end + 2 >= k:
        return
    high = level(y[end - width : end])
    behind = min(k, end + max(3 * width, end // 4))
    low = high
    for t in range(end, behind):
        low = min(low, y[t])
    tenth = half = ninth = -1
    for t in range(end - width, behind):
        share = (high - y[t]) / (high - low) if high > low else 0.0
        if tenth < 0 and share >= 0.1:
            tenth = t
        if half < 0 and share >= 0.5:
            half = t
        if ninth < 0 and share >= 0.9:
            ninth = t
    if tenth >= 0:
        out[ONSET] = (half - tenth) / max(1, ninth - tenth)
