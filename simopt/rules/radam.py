"""RAdam: Adam that waits until its divisor can be trusted (Liu et al. 2020)."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, bias_corrections, moments
from simopt.rules.corrected import CORRECTED_ROOTS, corrected_step
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import one_like, zero_like
from simopt.rules.rule import Optimizer, Rule


def radam(epsilon_place):
    """One weight, one step; a scale below 0 says that the divisor can't be trusted yet."""
    root = CORRECTED_ROOTS[epsilon_place]

    def rectified(
        w, g, eta, m, v, t, bias1, bias2, scale,
        beta1=0.9, beta2=0.999, epsilon=1e-8, threshold=4.0,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        adaptive = scale / root(v, bias2, epsilon)
        return w - eta * m / bias1 * (one_like(w) if scale < zero_like(w) else adaptive), m, v

    return rectified


def lengths(t, bias2, beta2):
    """The number of gradients that the mean of squares is worth, now and in the end."""
    longest = 2 / (1 - beta2) - 1
    return longest - 2 * t * (1 - bias2) / bias2, longest


def rectification(length, longest):
    """By how much the divisor's variance still shrinks: the root of its end over its present."""
    return math.sqrt(
        (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
    )


def above(t, bias1, bias2, scale, beta1, beta2, epsilon, threshold):
    """Updates so far, bias corrections, and the rectification where the length is above."""
    t = t + 1
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    length, longest = lengths(t, bias2, beta2)
    return t, bias1, bias2, rectification(length, longest) if length > threshold else -1.0


def from_on(t, bias1, bias2, scale, beta1, beta2, epsilon, threshold):
    """The same where the length is at the threshold, or above."""
    t = t + 1
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    length, longest = lengths(t, bias2, beta2)
    return t, bias1, bias2, rectification(length, longest) if length >= threshold else -1.0


def from_two(clock):
    """A clock whose first update counts as the second."""

    def later(t, bias1, bias2, scale, beta1, beta2, epsilon, threshold):
        ahead1, ahead2 = bias_corrections(bias1, bias2, beta1, beta2)
        bias1, bias2 = (bias1 if t > 0 else ahead1), (bias2 if t > 0 else ahead2)
        t = t if t > 0 else t + 1
        return clock(t, bias1, bias2, scale, beta1, beta2, epsilon, threshold)

    return later


def derived(m, v, bias1, bias2, scale, **_):
    """The corrected moments, and the rectification where there is one."""
    return {"m_hat": m / bias1, "v_hat": v / bias2, "r": scale if scale >= 0 else math.nan}


@cache
def build(epsilon_place: str, threshold_included: bool, counts_from: int) -> Rule:
    """The rule with its switches set."""
    clock = from_on if threshold_included else above
    clock = clock if counts_from == 1 else from_two(clock)
    return rule(radam(epsilon_place), name="RAdam", clock=clock, derived=derived)


def formula(settings):
    """The formula, with the switches set."""
    reached = ">=" if settings["threshold_included"] else ">"
    *corrected, step = corrected_step("rectified * m_hat", settings["epsilon_place"])
    lines = [
        *MEANS,
        M_HAT,
        "longest = 2 / (1 - beta2) - 1",
        "length = longest - 2 * t * beta2**t / (1 - beta2**t)",
        "rectified = sqrt((length - 4) * (length - 2) * longest"
        " / ((longest - 4) * (longest - 2) * length))",
        *corrected,
        f"{step} if length {reached} threshold else w - eta * m_hat",
    ]
    if settings["counts_from"] == 1:
        return lines
    return [re.sub(r"\bt\b", "(t + 1)", line) for line in lines]


FAMILY = Family(
    "RAdam",
    build,
    formula,
    switches={
        "epsilon_place": tuple(CORRECTED_ROOTS),
        "threshold_included": (False, True),
        "counts_from": (1, 2),
    },
)


@by_convention
def RAdam(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    threshold: float | Collection[float] = 4.0,
    *,
    weight_decay: float | Collection[float] | None = None,
    epsilon_place: str = "inside",
    threshold_included: bool = False,
    counts_from: int = 1,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Rectified Adam.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \varrho_\infty &= \frac{2}{1 - \beta_2} - 1 \\
        \varrho &= \varrho_\infty - \frac{2 t \beta_2^t}{1 - \beta_2^t} \\
        r &= \sqrt{\frac{(\varrho - 4) (\varrho - 2) \varrho_\infty}{(\varrho_\infty - 4)
            (\varrho_\infty - 2) \varrho}} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta r \hat m}{\sqrt{\hat v + \epsilon}} && \text{if } \varrho >
            \mathrm{threshold} \\
        w &\leftarrow w - \eta \hat m && \text{otherwise}

    The length of the mean of squares, in gradients, has to pass the threshold; until then the step
    has no divisor.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1). Up to a beta2 of 0.6 (2 / 3 with a threshold of 5) the
        length never passes the threshold, and the rule is momentum.
    epsilon : float or sequence of float, default 1e-8
        Added to v_hat *inside* the root, >= 0. The paper has none: 0 is its formula.
    threshold : float or sequence of float, default 4
        What the length has to pass, >= 4.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    epsilon_place : {"inside", "outside", "hat"}, default "inside"
        Where epsilon stands, as in `Adam`.
    threshold_included : bool, default False
        Whether it is enough that the length reaches the threshold.
    counts_from : {1, 2}, default 1
        What t is at the first update; 2 in thinc.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's); a sequence is an axis of a sweep.

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
    The first steps have no divisor: they are in proportion to the gradient, so that a rate good for
    Adam can be a thousand times too large for them.

    References
    ----------
    L. Liu, H. Jiang, P. He, W. Chen, X. Liu, J. Gao, J. Han, On the variance of the adaptive
    learning rate and beyond, ICLR 2020.

    Examples
    --------
    >>> import simopt
    >>> points = simopt.problems.four_points()
    >>> simopt.run(points, simopt.RAdam(eta=0.1), epochs=2).steps[["w", "r"]].round(3).iloc[2:6]
           w      r
    2  5.639    NaN
    3  5.799    NaN
    4  5.799  0.017
    5  5.799  0.026
    """
    return FAMILY(**locals())
