"""QHAdam: Adam mixed with its gradient of the moment (Ma and Yarats 2019)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def qhadam(w, g, eta, m, v, bias1, bias2, beta1=0.995, beta2=0.999, nu1=0.7, nu2=1.0, epsilon=1e-8):
    """One weight, one step."""
    m, v = moments(g, m, v, beta1, beta2)
    mean = nu1 * (m / bias1) + complement(nu1) * g
    square = nu2 * (v / bias2) + complement(nu2) * (g * g)
    return w - eta * mean / (math.sqrt(square) + epsilon), m, v


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build() -> Rule:
    """The rule."""
    return rule(qhadam, name="QHAdam", clock=bias_corrections, derived=derived)


def formula(settings):
    """The formula."""
    return [
        *MEANS,
        M_HAT,
        V_HAT,
        "x = nu1 * m_hat + (1 - nu1) * g",
        "w = w - eta * x / (sqrt(nu2 * v_hat + (1 - nu2) * g**2) + epsilon)",
    ]


FAMILY = Family("QHAdam", build, formula)


@by_convention
def QHAdam(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.995,
    beta2: float | Collection[float] = 0.999,
    nu1: float | Collection[float] = 0.7,
    nu2: float | Collection[float] = 1.0,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""QHAdam, at the settings that its paper recommends.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        x &= \nu_1 \hat m + (1 - \nu_1) g \\
        w &\leftarrow w - \frac{\eta x}{\sqrt{\nu_2 \hat v + (1 - \nu_2) g^2} + \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.995 and 0.999
        Decay of the two means, in [0, 1).
    nu1, nu2 : float or sequence of float, default 0.7 and 1
        Shares of the means, in [0, 1]: the rest is the gradient's and its square's. With both 1 it
        is Adam.
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
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

    References
    ----------
    J. Ma, D. Yarats, Quasi-hyperbolic momentum and Adam for deep learning, ICLR 2019, section 4.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.QHAdam(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.169, 3.274, 3.326]
    """
    return FAMILY(**locals())
