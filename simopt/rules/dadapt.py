"""D-Adaptation: AdamW that bounds the distance to the solution (Defazio and Mishchenko 2023)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import bias_corrections, moments
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import zero_like
from simopt.rules.prodigy import correction
from simopt.rules.rule import Optimizer, Rule, complement


def entered(s, g, rate, beta2):
    """A mean that fades by the root of beta2, of what enters it times the rate."""
    fading = math.sqrt(beta2)
    return fading * s + complement(fading) * rate * g


def both(g, v, s, rate, beta2, epsilon):
    """The gradient along the step so far, and the size of the mean of gradients."""
    along = g * s / (math.sqrt(v) + epsilon) if s != zero_like(s) else zero_like(s)
    return along, abs(entered(s, g, rate, beta2))


def estimate(d, r, along, sizes, rate, beta2):
    """The distance, which never falls, and the numerator of its bound."""
    r = entered(r, along, rate, beta2)
    bound = d if sizes <= zero_like(sizes) else r / (complement(math.sqrt(beta2)) * sizes)
    return (d if bound <= d else bound), r


def stepped(w, g, rate, m, v, s, beta1, beta2, epsilon, weight_decay):
    """One weight, one step of the rate that the distance before gives."""
    m, v = beta1 * m + complement(beta1) * rate * g, moments(g, m, v, beta1, beta2)[1]
    moved = m / (math.sqrt(v) + epsilon)
    return w - rate * weight_decay * w - moved, m, v, entered(s, g, rate, beta2)


def terms(w, g, eta, m, v, s, used, d, r, beta1, beta2, epsilon):
    """What is summed."""
    return both(g, v, s, d * eta, beta2, epsilon)


def clock(used, d, r, along, sizes, eta, beta1, beta2):
    """The distance that the step uses, the next one, and its numerator."""
    return d, *estimate(d, r, along, sizes, d * eta, beta2)


def dadapt(
    w, g, eta, m, v, s, used, d, r,
    beta1=0.9, beta2=0.999, epsilon=1e-8, d0=1e-6, weight_decay=0.0,
):  # fmt: skip
    """One weight, one step."""
    return stepped(w, g, used * eta, m, v, s, beta1, beta2, epsilon, weight_decay)


def corrected_terms(w, g, eta, m, v, s, used, d, r, bias1, bias2, beta1, beta2, epsilon):
    """As `terms`, of corrected rates."""
    rate = d * eta * correction(*bias_corrections(bias1, bias2, beta1, beta2))
    return both(g, v, s, rate, beta2, epsilon)


def corrected_clock(used, d, r, bias1, bias2, along, sizes, eta, beta1, beta2):
    """As `clock`, and the bias corrections."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    rate = d * eta * correction(bias1, bias2)
    following, r = estimate(d, r, along, sizes, rate, beta2)
    return d, following, r, bias1, bias2


def corrected(
    w, g, eta, m, v, s, used, d, r, bias1, bias2,
    beta1=0.9, beta2=0.999, epsilon=1e-8, d0=1e-6, weight_decay=0.0,
):  # fmt: skip
    """One weight, one step of a corrected rate."""
    rate = used * eta * correction(bias1, bias2)
    return stepped(w, g, rate, m, v, s, beta1, beta2, epsilon, weight_decay)


@cache
def build(bias_correction: bool) -> Rule:
    """The rule with its switch set."""
    return rule(
        corrected if bias_correction else dadapt,
        name="DAdaptAdamW",
        clock=corrected_clock if bias_correction else clock,
        terms=corrected_terms if bias_correction else terms,
        eta=1.0,
        initial={"d": "d0"},
    )


def formula(settings):
    """The formula, with the switch set."""
    corrections = " * sqrt(1 - beta2**t) / (1 - beta1**t)" if settings["bias_correction"] else ""
    return [
        f"a = d * eta{corrections}",
        "p = total(g * s / (sqrt(v) + epsilon))",
        "m = beta1 * m + (1 - beta1) * a * g",
        "v = beta2 * v + (1 - beta2) * g**2",
        "s = sqrt(beta2) * s + (1 - sqrt(beta2)) * a * g",
        "r = sqrt(beta2) * r + (1 - sqrt(beta2)) * a * p",
        "S = (1 - sqrt(beta2)) * total(abs(s))",
        "d = max(d, r / S) if S > 0 else d",
        "w = w - a * weight_decay * w - m / (sqrt(v) + epsilon)",
    ]


FAMILY = Family(
    "DAdaptAdamW", build, formula, switches={"bias_correction": (False, True)}, own_decay=True
)


@by_convention
def DAdaptAdamW(
    eta: float | Collection[float] = 1.0,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    d0: float | Collection[float] = 1e-6,
    weight_decay: float | Collection[float] = 0.0,
    *,
    bias_correction: bool = False,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""D-Adaptation of AdamW: the rate is a lower bound of the distance to the solution.

    .. math::
        a &= d \eta \\
        p &= \sum \frac{g s}{\sqrt{v} + \epsilon} \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) a g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        s &\leftarrow \sqrt{\beta_2} s + \left(1 - \sqrt{\beta_2}\right) a g \\
        r &\leftarrow \sqrt{\beta_2} r + \left(1 - \sqrt{\beta_2}\right) a p \\
        S &= \left(1 - \sqrt{\beta_2}\right) \, (\sum |s|) \\
        d &\leftarrow \max\left(d, \frac{r}{S}\right) && \text{if } S > 0 \\
        d &\leftarrow d && \text{otherwise} \\
        w &\leftarrow w - a \lambda w - \frac{m}{\sqrt{v} + \epsilon}

    Sums are over all weights of a trajectory: that in p of v and s before this update, that in S of
    the new s.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What the rate found is multiplied by, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1); the sums fade by the root of beta2.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    d0 : float or sequence of float, default 1e-6
        The distance assumed at first, > 0.
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0, times the rate found.
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
    The rate enters the first mean: what is in there keeps the rate of its time. The distance grows
    as fast as it is bounded: the package's ``growth_rate`` of infinity. While all gradients are 0
    it stays; optax makes a nan of it.

    References
    ----------
    A. Defazio, K. Mishchenko, Learning-rate-free learning by D-adaptation, ICML 2023, algorithm 5,
    as in ``dadaptation`` with ``decouple=True``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.DAdaptAdamW(d0=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.316, 3.66, 5.274, 6.677]
    """
    return FAMILY(**locals())
