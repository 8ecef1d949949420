"""AdaBelief: Adam divided by how far gradients are from their mean (Zhuang et al. 2020)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, bias_corrections
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def adabelief(w, g, eta, m, s, bias1, bias2, beta1=0.9, beta2=0.999, epsilon=1e-16):
    """One weight, one step."""
    m = beta1 * m + complement(beta1) * g
    s = beta2 * s + complement(beta2) * ((g - m) * (g - m)) + epsilon
    return w - eta * m / (bias1 * (math.sqrt(s / bias2) + epsilon)), m, s


def derived(m, s, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "s_hat": s / bias2}


@cache
def build() -> Rule:
    """The rule."""
    return rule(adabelief, name="AdaBelief", clock=bias_corrections, derived=derived)


def formula(settings):
    """The formula."""
    return [
        MEANS[0],
        "s = beta2 * s + (1 - beta2) * (g - m)**2 + epsilon",
        M_HAT,
        "s_hat = s / (1 - beta2**t)",
        "w = w - eta * m_hat / (sqrt(s_hat) + epsilon)",
    ]


FAMILY = Family("AdaBelief", build, formula)


@by_convention
def AdaBelief(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-16,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdaBelief.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        s &\leftarrow \beta_2 s + (1 - \beta_2) (g - m)^2 + \epsilon \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat s &= \frac{s}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta \hat m}{\sqrt{\hat s} + \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the mean and of the variance about it, in [0, 1).
    epsilon : float or sequence of float, default 1e-16
        Added to s at every update, and to its root, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
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
    What is added to s at every update adds up: s never falls below about epsilon / (1 - beta2).

    References
    ----------
    J. Zhuang, T. Tang, Y. Ding, S. Tatikonda, N. Dvornek, X. Papademetris, J. Duncan, AdaBelief
    optimizer: adapting stepsizes by the belief in observed gradients, NeurIPS 2020, algorithm 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaBelief(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.111, 3.204, 3.304, 3.387]
    """
    return FAMILY(**locals())
