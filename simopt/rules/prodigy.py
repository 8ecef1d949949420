"""Prodigy: Adam that estimates the distance to the solution (Mishchenko and Defazio 2024)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import bias_corrections
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import zero_like
from simopt.rules.rule import Optimizer, Rule, complement


def grown(s, g, used, rate, beta2, d0):
    """The weighted sum of gradients."""
    return math.sqrt(beta2) * s + used / d0 * rate * g


def estimate(d, r, products, sizes, rate, beta2, d0, coefficient):
    """The distance, which never falls, and the numerator of its estimate."""
    r = math.sqrt(beta2) * r + d / d0 * rate * products
    guess = coefficient * r / sizes if sizes > zero_like(sizes) else d
    return (guess if guess > d else d), r


def stepped(w, g, rate, m, v, s, used, d, beta1, beta2, epsilon, d0, weight_decay):
    """One weight, one step of the rate that the distance before gives."""
    part = used * g
    m = beta1 * m + complement(beta1) * part
    v = beta2 * v + complement(beta2) * (part * part)
    s = grown(s, g, used, rate, beta2, d0)
    moved = rate * m / (math.sqrt(v) + d * epsilon)
    return w - rate * weight_decay * w - moved, m, v, s


def products(w, g, eta, m, v, s, w0, used, d, r, beta1, beta2, epsilon, d0):
    """The gradient's share of the way back, and the size of the weighted sum."""
    return g * (w0 - w), abs(grown(s, g, d, d * eta, beta2, d0))


def clock(used, d, r, product, sizes, eta, beta1, beta2, epsilon, d0, coefficient):
    """The distance that the step uses, the next one, and its numerator."""
    following, r = estimate(d, r, product, sizes, d * eta, beta2, d0, coefficient)
    return d, following, r


def prodigy(
    w, g, eta, m, v, s, w0, used, d, r,
    beta1=0.9, beta2=0.999, epsilon=1e-8, d0=1e-6, coefficient=1.0, weight_decay=0.0,
):  # fmt: skip
    """One weight, one step."""
    rate = used * eta
    new = stepped(w, g, rate, m, v, s, used, d, beta1, beta2, epsilon, d0, weight_decay)
    return (*new, w0)


def correction(bias1, bias2):
    """What the rate is multiplied by."""
    return math.sqrt(bias2) / bias1


def corrected_products(
    w, g, eta, m, v, s, w0, used, d, r, bias1, bias2, beta1, beta2, epsilon, d0
):  # fmt: skip
    """As `products`, of corrected rates."""
    rate = d * eta * correction(*bias_corrections(bias1, bias2, beta1, beta2))
    return g * (w0 - w), abs(grown(s, g, d, rate, beta2, d0))


def corrected_clock(
    used, d, r, bias1, bias2, product, sizes, eta, beta1, beta2, epsilon, d0, coefficient
):  # fmt: skip
    """As `clock`, and the bias corrections."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    rate = d * eta * correction(bias1, bias2)
    following, r = estimate(d, r, product, sizes, rate, beta2, d0, coefficient)
    return d, following, r, bias1, bias2


def corrected(
    w, g, eta, m, v, s, w0, used, d, r, bias1, bias2,
    beta1=0.9, beta2=0.999, epsilon=1e-8, d0=1e-6, coefficient=1.0, weight_decay=0.0,
):  # fmt: skip
    """One weight, one step of a corrected rate."""
    rate = used * eta * correction(bias1, bias2)
    new = stepped(w, g, rate, m, v, s, used, d, beta1, beta2, epsilon, d0, weight_decay)
    return (*new, w0)


@cache
def build(bias_correction: bool) -> Rule:
    """The rule with its switch set."""
    return rule(
        corrected if bias_correction else prodigy,
        name="Prodigy",
        clock=corrected_clock if bias_correction else clock,
        terms=corrected_products if bias_correction else products,
        eta=1.0,
        initial={"w0": "w", "d": "d0"},
    )


def formula(settings):
    """The formula, with the switch set."""
    corrections = " * sqrt(1 - beta2**t) / (1 - beta1**t)" if settings["bias_correction"] else ""
    return [
        f"a = d * eta{corrections}",
        "m = beta1 * m + (1 - beta1) * d * g",
        "v = beta2 * v + (1 - beta2) * (d * g)**2",
        "s = sqrt(beta2) * s + d / d0 * a * g",
        "r = sqrt(beta2) * r + d / d0 * a * total(g * (w0 - w))",
        "S = total(abs(s))",
        "d = max(d, coefficient * r / S) if S > 0 else d",
        "w = w - a * weight_decay * w - a * m / (sqrt(v) + d * epsilon)",
    ]


FAMILY = Family(
    "Prodigy", build, formula, switches={"bias_correction": (False, True)}, own_decay=True
)


@by_convention
def Prodigy(
    eta: float | Collection[float] = 1.0,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    d0: float | Collection[float] = 1e-6,
    coefficient: float | Collection[float] = 1.0,
    weight_decay: float | Collection[float] = 0.0,
    *,
    bias_correction: bool = False,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Prodigy: Adam whose rate is an estimated distance to the solution.

    .. math::
        a &= d \eta \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) d g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) (d g)^2 \\
        s &\leftarrow \sqrt{\beta_2} s + \frac{d}{d_0} a g \\
        r &\leftarrow \sqrt{\beta_2} r + \frac{d}{d_0} a \, (\sum g (w_0 - w)) \\
        S &= \sum |s| \\
        d &\leftarrow \max\left(d, \frac{\kappa r}{S}\right) && \text{if } S > 0 \\
        d &\leftarrow d && \text{otherwise} \\
        w &\leftarrow w - a \lambda w - \frac{a m}{\sqrt{v} + d \epsilon}

    w0 is where the trajectory starts; sums are over all its weights.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What the found rate is multiplied by, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1); the sums fade by the root of beta2.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, times d, >= 0.
    d0 : float or sequence of float, default 1e-6
        The distance assumed at first, > 0.
    coefficient : float or sequence of float, default 1.0
        What estimates of the distance are multiplied by, >= 0.
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0, times the found rate.
    bias_correction : bool, default False
        Correct the rate as Adam's is.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": those of the authors' package); a sequence is an
        axis of a sweep.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If a hyperparameter is out of range.

    Notes
    -----
    The distance grows as fast as it is estimated: the package's ``growth_rate`` of infinity. While
    all gradients are 0 it stays; optax makes a nan of it.

    References
    ----------
    K. Mishchenko, A. Defazio, Prodigy: an expeditiously adaptive parameter-free learner, ICML 2024,
    algorithm 4, as in ``prodigyopt``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Prodigy(d0=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.316, 3.66, 4.095, 5.699]
    """
    return FAMILY(**locals())
