"""Gaussian noise: a function of (seed, update, weight) and nothing else.

The generator of `shuffling` gives whole numbers by counter, three for every two weights. A pair of
normal variates comes of them by Box and Muller's formula, ``r cos a, r sin a`` with ``r^2 / 2``
exponential, in sums, products and a square root alone: the same bits in Python, on every processor
and on a graphics card, and packed where trajectories stand side by side.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simopt.ground.elementary import log_one_plus
from simopt.training.shuffling import LOW, mix, split_seed

LOG_2 = 0.6931471805599453
HALF_PI = 1.5707963267948966


def word(first, second, i):
    """The i-th 32-bit random word for a 64-bit key in two halves."""
    return mix(mix((first + i) & LOW) ^ second)


def trailing_zeros(bits):
    """The number of trailing zeros of a 32-bit integer, as popcount of (lowest set bit - 1)."""
    ones = ((bits & -bits) - 1) & LOW
    ones = ones - ((ones >> 1) & 0x55555555)
    ones = (ones & 0x33333333) + ((ones >> 2) & 0x33333333)
    ones = (ones + (ones >> 4)) & 0x0F0F0F0F
    return ((ones * 0x01010101) & LOW) >> 24


def exponential(zeros, fraction):
    """``-log u`` for ``u = 2^-(zeros + 1) (1 + fraction)``.

    u is uniform where zeros is geometric, 1/2, and fraction uniform in (0, 1). No logarithm of a
    small number is taken, so that nothing must be told apart.
    """
    return (zeros + 1) * LOG_2 - log_one_plus(fraction)


def normal_pair(first, second, pair):
    """Two independent standard normal variates (at most 6.8 in size) for a 64-bit key."""
    zeros = trailing_zeros(word(first, second, 3 * pair))
    fraction = (word(first, second, 3 * pair + 1) + 0.5) * 2.0**-32
    turn = word(first, second, 3 * pair + 2)
    radius = math.sqrt(2.0 * exponential(zeros, fraction))
    # A quarter of the circle, and the angle from its middle: at most pi / 4 either way.
    angle = (((turn & 0x3FFFFFFF) + 0.5) * 2.0**-30 - 0.5) * HALF_PI
    a = angle * angle
    s = -1.0 / 1307674368000.0
    s = s * a + 1.0 / 6227020800.0
    s = s * a - 1.0 / 39916800.0
    s = s * a + 1.0 / 362880.0
    s = s * a - 1.0 / 5040.0
    s = s * a + 1.0 / 120.0
    s = s * a - 1.0 / 6.0
    sine = radius * (angle + angle * a * s)
    c = 1.0 / 20922789888000.0
    c = c * a - 1.0 / 87178291200.0
    c = c * a + 1.0 / 479001600.0
    c = c * a - 1.0 / 3628800.0
    c = c * a + 1.0 / 40320.0
    c = c * a - 1.0 / 720.0
    c = c * a + 1.0 / 24.0
    cosine = radius * (1.0 - 0.5 * a + a * a * c)
    # Turned by that quarter.
    quarter = turn >> 30
    one = sine if quarter & 1 else cosine
    other = cosine if quarter & 1 else sine
    return (
        -one if (quarter == 1) | (quarter == 2) else one,
        -other if quarter >= 2 else other,
    )


def normals(seed: int, update: int, d: int) -> NDArray[np.float64]:
    """The standard normal variates [d] of an update (counted from 1), one per weight.

    Examples
    --------
    >>> from simopt.training.noise import normals
    >>> normals(0, 1, 5)[:4].tolist() == normals(0, 1, 4).tolist()
    True
    """
    first, second = split_seed(seed, update)
    pairs = [normal_pair(first, second, pair) for pair in range(-(-d // 2))]
    return np.array([each for pair in pairs for each in pair][:d])
