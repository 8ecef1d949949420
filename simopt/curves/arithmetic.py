"""What all measures of a curve compute with: its values, their range, means and roughness.

One source serves a single curve as plain Python and many compiled, to the same bits: sums run in
order, squares are products (``**`` rounds as the C library does), and what may divide by zero is a
number of NumPy's, which has inf and nan where Python's float has an error.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.ground.medians import median

#: The shape has at most so many points: enough to place a plateau to 2 % of the run, few enough
#: that comparing each with each takes microseconds.
STRETCHES = 64

#: The level of an end is the mean of this share of the values.
END = 20

#: A second difference of white noise has six times its variance; the median of a Gaussian's
#: absolute value is 0.6745 standard deviations.
SECOND_DIFFERENCE = 0.6745 * math.sqrt(6.0)


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


def extremes(y):
    """The lowest and the highest value; infinite where there is none."""
    low, high = math.inf, -math.inf
    for value in y:
        low, high = min(low, value), max(high, value)
    return low, high


def to_unit_range(y):
    """Bring values to the range 0 to 1, in place; False if all are the same."""
    low, high = extremes(y)
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


def value_at(shape, position):
    """The shape between its points."""
    place = position * (len(shape) - 1)
    j = min(int(place), len(shape) - 2)
    return shape[j] + (place - j) * (shape[j + 1] - shape[j])


def roughness(y, spare):
    """The standard deviation of white noise on a smooth curve, from second differences."""
    k = len(y)
    for t in range(1, k - 1):
        spare[0, t - 1] = abs(y[t + 1] - 2.0 * y[t] + y[t - 1])
    return median(spare[0, : k - 2], spare[1], spare[2]) / SECOND_DIFFERENCE
