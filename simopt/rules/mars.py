"""MARS: Adam of gradients corrected by their change, and bounded (Yuan et al. 2024)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import bias_corrections, moments
from simopt.rules.corrected import corrected_outside, corrected_step
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def changed(g, last, first, beta1, coefficient):
    """The gradient and a share of its change; the first has none."""
    return g if first else g + coefficient * (beta1 / complement(beta1)) * (g - last)


def squares(w, g, eta, m, v, last, t, bias1, bias2, length, beta1, beta2, coefficient):
    """What the length is of."""
    c = changed(g, last, t == 0, beta1, coefficient)
    return (c * c,)


def clock(t, bias1, bias2, length, total, eta, beta1, beta2):
    """Updates so far, bias corrections, and what the corrected gradient is divided by."""
    bias1, bias2 = bias_corrections(bias1, bias2, beta1, beta2)
    length = math.sqrt(total)
    # Compared so, a length that is no number makes weights that are none.
    return t + 1, bias1, bias2, 1.0 if length <= 1 else length


def mars(
    w, g, eta, m, v, last, t, bias1, bias2, length,
    beta1=0.95, beta2=0.99, coefficient=0.025, epsilon=1e-8,
):  # fmt: skip
    """One weight, one step."""
    m, v = moments(changed(g, last, t == 1, beta1, coefficient) / length, m, v, beta1, beta2)
    return w - eta * m / bias1 / corrected_outside(v, bias2, epsilon), m, v, g


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build() -> Rule:
    """The rule."""
    return rule(mars, name="MARS", clock=clock, terms=squares, derived=derived, eta=0.003)


def formula(settings):
    """The formula."""
    return [
        "change = 0 if t == 1 else g - last",
        "c = g + coefficient * beta1 / (1 - beta1) * change",
        "c = c / max(norm(c), 1)",
        "m = beta1 * m + (1 - beta1) * c",
        "v = beta2 * v + (1 - beta2) * c**2",
        "m_hat = m / (1 - beta1**t)",
        *corrected_step("m_hat", "outside"),
        "last = g",
    ]


FAMILY = Family("MARS", build, formula)


@by_convention
def MARS(
    eta: float | Collection[float] = 0.003,
    beta1: float | Collection[float] = 0.95,
    beta2: float | Collection[float] = 0.99,
    coefficient: float | Collection[float] = 0.025,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""MARS-AdamW of two gradients at two weights: its approximate form.

    .. math::
        \mathrm{change} &= 0 && \text{if } t = 1 \\
        \mathrm{change} &= g - \mathrm{last} && \text{otherwise} \\
        c &= g + \frac{\kappa \beta_1}{1 - \beta_1} \, \mathrm{change} \\
        c &\leftarrow \frac{c}{\max(\lVert c \rVert, 1)} \\
        m &\leftarrow \beta_1 m + (1 - \beta_1) c \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) c^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta \hat m}{\sqrt{\hat v} + \epsilon} \\
        \mathrm{last} &= g

    The norm is of all weights of a trajectory.

    Parameters
    ----------
    eta : float or sequence of float, default 0.003
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.95 and 0.99
        Decay of the two means, in [0, 1).
    coefficient : float or sequence of float, default 0.025
        Kappa, how far the change of the gradient is followed, >= 0; the paper's gamma.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
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
    The exact form takes both gradients on the newer batch: one more of each update. timm and its
    authors' code bound every array of weights by itself, and by default leave vectors to AdamW.

    References
    ----------
    H. Yuan, Y. Liu, S. Wu, X. Zhou, Q. Gu, MARS: unleashing the power of variance reduction for
    training large models, ICML 2025, algorithm 2.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.MARS(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.097, 3.131, 3.128]
    """
    return FAMILY(**locals())
