"""exp and log for regressions, tanh for networks, in plain arithmetic.

A call to the mathematical library for every lane would keep the lane loop from being packed, and
its last bit differs from machine to machine. These are sums and products of doubles alone: packed,
and the same bits everywhere. exp and log err by less than 2 units in the last place, what is made
of them by less than 4, tanh by less than 6 (tests/test_engine.py, tests/test_network.py).
"""

from __future__ import annotations

import numpy as np

LOG2_E = 1.4426950408889634
#: log(2) in two parts, the first with 21 trailing zero bits, so that k times it is exact.
LN2_HIGH = 0.6931471803691238
LN2_LOW = 1.9082149292705877e-10
#: Where the exponent stands in a double, and what is added to it there.
EXPONENT, BIAS = 52, 1023


def exp_minus(a):
    """``exp(-a)`` for a >= 0."""
    inside = a if a < 744.0 else 744.0
    k = int(inside * LOG2_E + 0.5)
    half = k >> 1
    # 2^-k in two factors: it may itself be out of range where the product is not.
    small = exp_small((k * LN2_HIGH - inside) + k * LN2_LOW) * power(-half)
    return small * power(half - k)


def exp(z):
    """``exp(z)``; inf above 709.78, and nan stays nan."""
    below = z if z < 710.0 else 710.0
    inside = below if below > -746.0 else -746.0
    k = int(inside * LOG2_E + (0.5 if inside > 0.0 else -0.5))
    half = k >> 1
    grown = exp_small((inside - k * LN2_HIGH) - k * LN2_LOW) * power(half)
    return grown * power(k - half) if z == z else z


def power(k):
    """``2^k`` for -1022 <= k <= 1023, by its bits; a table would be gathered from, lane by lane."""
    return np.int64((k + BIAS) << EXPONENT).view(np.float64)


def exp_small(r):
    """``exp(r)`` for |r| <= log(2) / 2, by its series to r^13.

    In parts that don't wait for each other, as everywhere here: summed one term after another it
    would leave a processor's units idle for three cycles of four.
    """
    q = r * r
    q2 = q * q
    low = (0.5 + 1.0 / 6.0 * r) + (1.0 / 24.0 + 1.0 / 120.0 * r) * q
    middle = (1.0 / 720.0 + 1.0 / 5040.0 * r) + (1.0 / 40320.0 + 1.0 / 362880.0 * r) * q
    high = (1.0 / 3628800.0 + 1.0 / 39916800.0 * r) + (
        1.0 / 479001600.0 + 1.0 / 6227020800.0 * r
    ) * q
    return 1.0 + (r + q * (low + q2 * (middle + q2 * high)))


def sigmoid(z):
    """``1 / (1 + exp(-z))``; nan stays nan."""
    small = exp_minus(abs(z))
    large = 1.0 if z >= 0.0 else small
    return large / (1.0 + small) if z == z else z


def softplus(z):
    """``log(1 + exp(z))``, as ``max(z, 0) + log(1 + exp(-|z|))``; nan stays nan."""
    tail = log_one_plus(exp_minus(abs(z)))
    return (z if z > 0.0 else 0.0) + tail if z == z else z


def log_one_plus(e):
    """``log(1 + e)`` for 0 <= e <= 1.

    ``log(a / b) = 2 (s + s^3 / 3 + s^5 / 5 + ...)`` with s = (a - b) / (a + b): of 1 + e, and from
    e = 1/2 on of its half, to which log(2) is added. So s^2 <= 0.04, and s^21 is the last power.
    """
    halved = e > 0.5
    above = e - 1.0 if halved else e
    s = above / (e + 3.0 if halved else e + 2.0)
    q = s * s
    q2 = q * q
    q4 = q2 * q2
    low = (1.0 / 3.0 + 1.0 / 5.0 * q) + (1.0 / 7.0 + 1.0 / 9.0 * q) * q2
    middle = (1.0 / 11.0 + 1.0 / 13.0 * q) + (1.0 / 15.0 + 1.0 / 17.0 * q) * q2
    high = 1.0 / 19.0 + 1.0 / 21.0 * q
    log = 2.0 * (s + s * q * (low + q4 * (middle + q4 * high)))
    return LN2_HIGH + (LN2_LOW + log) if halved else log


def tanh(z):
    """The hyperbolic tangent; odd, never beyond -1 and 1, and nan stays nan.

    From ``e = exp(r) - 1`` at r, a 64th of -2 |z|, by its series, the rest follows without a table:
    ``exp(2 r) - 1 = e (2 + e)``, six times. Near 0 that keeps the relative error and far out it
    shrinks it, so that a short series will do; its two halves don't wait for each other. From 19.06
    on the value is 1 to the last bit.
    """
    a = abs(z)
    r = (19.0625 if a > 19.0625 else a) * -0.03125
    q = r * r
    low = (0.5 + 1.0 / 6.0 * r) + (1.0 / 24.0 + 1.0 / 120.0 * r) * q
    high = (1.0 / 720.0 + 1.0 / 5040.0 * r) + (1.0 / 40320.0 + 1.0 / 362880.0 * r) * q
    e = r + q * (low + q * q * high)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    e = e * (2.0 + e)
    t = e / (2.0 + e)
    return t if z <= 0.0 else -t
