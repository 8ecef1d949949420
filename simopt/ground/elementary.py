"""exp and log for regressions, tanh for networks, in plain arithmetic, in either precision.

A call to the mathematical library for every lane would keep the lane loop from being packed, and
its last bit differs from machine to machine. These are sums, products and a quotient alone, of
doubles, or of single-precision numbers where the argument is one: packed, and the same bits
everywhere. exp and log err by less than 2 units in the last place, what is made of them by less
than 4, tanh by less than 6 (tests/test_elementary.py). Of every third to seventh single-precision
number there is, the greatest errors were 1.0 for exp, 2.0 for log, 2.4 for the sigmoid, 2.9 for
softplus and 4.9 for tanh; of ten million doubles, 1.0, 2.0, 2.3, 2.7 and 5.5.

The polynomials are those of least greatest error (Remez), relative to what is made of them: two to
four terms shorter than series as good. Their own error is below a third of a unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

LOG2_E = 1.4426950408889634


@dataclass(frozen=True)
class Precision:
    """What differs between precisions.

    Attributes
    ----------
    number, real, whole : type
        What constants are, and the types of a number and of its bits.
    exponent : int
        Where the exponent stands in the bits.
    ln2 : (float, float)
        log(2) in two parts, the first with so many trailing zero bits that k times it is exact.
    least, most : float
        Below the one exp is 0, above the other it is inf.
    bias : int
        What stands there for the power 0.
    spare : int
        Powers of two that are taken apart from a small result, which may have no exponent.
    exp : tuple of float
        ``(exp(r) - 1 - r) / r^2`` for |r| <= log(2) / 2.
    log : tuple of float
        ``(artanh(s) / s - 1) / s^2`` by s^2, for s <= 1/3.
    one_from : float
        From here on tanh is 1 to the last bit.
    doublings : int
        How often tanh doubles an argument.
    expm1 : tuple of float
        ``(exp(r) - 1 - r) / r^2``, of most weight where r is small.
    """

    number: Any
    real: Any
    whole: Any
    exponent: int
    bias: int
    ln2: tuple[float, float]
    least: float
    most: float
    spare: int
    exp: tuple[float, ...]
    log: tuple[float, ...]
    one_from: float
    doublings: int
    expm1: tuple[float, ...]


DOUBLE = Precision(
    float,
    np.float64,
    np.int64,
    exponent=52,
    bias=1023,
    ln2=(0.6931471803691238, 1.9082149292705877e-10),
    least=-746.0,
    most=710.0,
    spare=64,
    exp=(
        0.5000000000000011,
        0.16666666666666413,
        0.041666666666530155,
        0.008333333333494463,
        0.001388888894363038,
        0.00019841269506575744,
        2.480149309863533e-05,
        2.7557586375678646e-06,
        2.763024847316803e-07,
        2.5000061183251388e-08,
    ),
    log=(
        0.33333333333333154,
        0.20000000000078622,
        0.14285714273926975,
        0.11111111984864216,
        0.09090871962491084,
        0.07693279961263683,
        0.0665048679333926,
        0.060530431438000104,
        0.04170050619161737,
        0.08509287993367881,
    ),
    one_from=19.0625,
    doublings=5,
    expm1=(
        0.49999999999999195,
        0.16666666666558735,
        0.04166666661884903,
        0.008333332351503804,
        0.0013888782326175067,
        0.00019834830719770412,
        2.4585368722196482e-05,
        2.3784466103272498e-06,
    ),
)

SINGLE = Precision(
    np.float32,
    np.float32,
    np.int32,
    exponent=23,
    bias=127,
    ln2=(0.693145751953125, 1.4286067653302e-06),
    least=-104.0,
    most=89.0,
    spare=32,
    exp=(0.499999934, 0.166665206, 0.041668388, 0.00836871689, 0.0013814599),
    log=(0.333332066, 0.200108495, 0.139995707, 0.140122288),
    one_from=10.0,
    doublings=4,
    expm1=(0.499998559, 0.166623124, 0.0412833727, 0.00708247352),
)


class Functions(NamedTuple):
    """Those of a precision; the functions at the end of this file say what they compute."""

    exp_minus: Callable[..., Any]
    exp: Callable[..., Any]
    sigmoid: Callable[..., Any]
    softplus: Callable[..., Any]
    log_one_plus: Callable[..., Any]
    log_above_one: Callable[..., Any]
    positive: Callable[..., Any]
    tanh: Callable[..., Any]


def polynomial(coefficients: tuple[Any, ...]) -> Callable[..., Any]:
    """``f(x, x^2, x^4)``: a sum of powers of x, four, five or two at the end.

    In parts that don't wait for each other: summed one term after another it would leave a
    processor's units idle for three cycles of four.
    """
    if len(coefficients) == 2:
        a, b = coefficients
        return lambda x, q, q2: a + b * x
    if len(coefficients) == 5:
        a, b, c, d, e = coefficients
        return lambda x, q, q2: (a + b * x) + ((c + d * x) + e * q) * q
    a, b, c, d = coefficients[:4]
    if len(coefficients) == 4:
        return lambda x, q, q2: (a + b * x) + (c + d * x) * q
    rest = polynomial(coefficients[4:])
    return lambda x, q, q2: ((a + b * x) + (c + d * x) * q) + q2 * rest(x, q, q2)


def made(of: Precision) -> Functions:
    """The functions of a precision."""
    number, real, whole, exponent = of.number, of.real, of.whole, of.exponent
    bias = of.bias
    zero, one, two, log2_e = number(0.0), number(1.0), number(2.0), number(LOG2_E)
    least, most, lowest = number(of.least), number(of.most), number(-of.least)
    high, low = map(number, of.ln2)
    minus_high = -high
    # A number this large has its last bits for whole numbers: what is added to it is rounded to
    # one, which stands there, with no conversion, for which few processors have packed
    # instructions. A power of two is taken apart beforehand: 2^k alone may be out of range.
    middle = 1.5 * 2.0**exponent
    up, grown = number(middle - 1.0), two
    down, shrunk = number(middle + of.spare), number(2.0**-of.spare)
    counting, none = number(middle), int(real(middle).view(whole))
    exp_terms, log_terms, expm1_terms = (
        polynomial(tuple(map(number, each))) for each in (of.exp, of.log, of.expm1)
    )
    one_from, halved = number(of.one_from), number(-(2.0 ** (1 - of.doublings)))
    early = of.doublings - 2

    def power(r, shifted):
        """``exp(r) 2^k``: k is in the last bits of ``shifted``, and added to the exponent."""
        q = r * r
        small = one + (r + q * exp_terms(r, q, q * q))
        k = whole(real(shifted).view(whole) << exponent)
        return whole(real(small).view(whole) + k).view(real)

    def exp_minus(a):
        inside = a if a < lowest else lowest
        shifted = down - inside * log2_e
        k = shifted - down
        return power((k * minus_high - inside) - k * low, shifted) * shrunk

    def exp(z):
        below = z if z < most else most
        inside = below if below > least else least
        shift = up if inside > zero else down
        shifted = inside * log2_e + shift
        k = shifted - shift
        found = power((inside - k * high) - k * low, shifted)
        return found * (grown if inside > zero else shrunk) if z == z else z

    def sigmoid(z):
        small = exp_minus(abs(z))
        large = one if z >= zero else small
        return large / (one + small) if z == z else z

    def softplus(z):
        tail = log_one_plus(exp_minus(abs(z)))
        return positive(z) + tail if z == z else z

    def positive(z):
        return z if z > zero else zero

    def log_one_plus(e):
        # log(a / b) = 2 artanh(s), with s = (a - b) / (a + b).
        s = e / (e + two)
        q = s * s
        q2 = q * q
        return two * (s + s * q * log_terms(q, q2, q2 * q2))

    def log_above_one(x):
        # Of 1 + x = 2^k m, 1 <= m < 2; where k is 0, m - 1 is x, which 1 + x may have lost.
        grown = one + x
        bits = real(grown).view(whole)
        k = whole((bits >> exponent) - bias)
        m = whole(bits - whole(k << exponent)).view(real)
        times = whole(k + none).view(real) - counting
        return times * high + (log_one_plus(x if grown < two else m - one) + times * low)

    def tanh(z):
        # From e = exp(r) - 1 at r, a small part of -2 |z|, the rest follows without a table:
        # exp(2 r) - 1 = e (2 + e), some times. Near 0 that keeps the relative error and far out it
        # shrinks it, so that few terms will do.
        a = abs(z)
        r = (one_from if a > one_from else a) * halved
        q = r * r
        e = r + q * expm1_terms(r, q, q * q)
        for _ in range(early):
            e = e * (two + e)
        # The last times with a rounding less, as theirs are the greatest.
        e = (e + e) + e * e
        e = (e + e) + e * e
        t = e / (two + e)
        return t if z <= zero else -t

    return Functions(exp_minus, exp, sigmoid, softplus, log_one_plus, log_above_one, positive, tanh)


_double, _single = made(DOUBLE), made(SINGLE)


def exp_minus(x):
    """``exp(-x)`` for x >= 0."""
    return _single.exp_minus(x) if type(x) is np.float32 else _double.exp_minus(x)


def exp(x):
    """``exp(x)``; inf where that is out of range, and nan stays nan."""
    return _single.exp(x) if type(x) is np.float32 else _double.exp(x)


def sigmoid(x):
    """``1 / (1 + exp(-x))``; nan stays nan."""
    return _single.sigmoid(x) if type(x) is np.float32 else _double.sigmoid(x)


def softplus(x):
    """``log(1 + exp(x))``, as ``max(x, 0) + log(1 + exp(-|x|))``; nan stays nan."""
    return _single.softplus(x) if type(x) is np.float32 else _double.softplus(x)


def log_one_plus(x):
    """``log(1 + x)`` for 0 <= x <= 1."""
    return _single.log_one_plus(x) if type(x) is np.float32 else _double.log_one_plus(x)


def log_above_one(x):
    """``log(1 + x)`` for any x >= 0 that is a number."""
    return _single.log_above_one(x) if type(x) is np.float32 else _double.log_above_one(x)


def positive(x):
    """``max(x, 0)``; 0 for nan."""
    return _single.positive(x) if type(x) is np.float32 else _double.positive(x)


def tanh(x):
    """The hyperbolic tangent; odd, never beyond -1 and 1, and nan stays nan."""
    return _single.tanh(x) if type(x) is np.float32 else _double.tanh(x)


#: Each function beside what it is in double and in single precision.
CHOICES = tuple(
    (globals()[name], getattr(_double, name), getattr(_single, name)) for name in Functions._fields
)
