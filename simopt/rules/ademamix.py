"""AdEMAMix: Adam with a second, slow mean of the gradient (Pagliardini et al. 2025)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.adam import M_HAT, MEANS, bias_corrections, moments
from simopt.rules.corrected import corrected_outside, corrected_step
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def ademamix(
    w, g, eta, m, v, m_slow, bias1, bias2,
    beta1=0.9, beta2=0.999, beta3=0.9999, alpha=5.0, epsilon=1e-8,
):  # fmt: skip
    """One weight, one step."""
    m, v = moments(g, m, v, beta1, beta2)
    m_slow = beta3 * m_slow + complement(beta3) * g
    mixed = m / bias1 + alpha * m_slow
    return w - eta * mixed / corrected_outside(v, bias2, epsilon), m, v, m_slow


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build() -> Rule:
    """The rule."""
    return rule(ademamix, name="AdEMAMix", clock=bias_corrections, derived=derived)


def formula(settings):
    """The formula."""
    return [
        *MEANS,
        "m_slow = beta3 * m_slow + (1 - beta3) * g",
        M_HAT,
        *corrected_step("(m_hat + alpha * m_slow)", "outside"),
    ]


FAMILY = Family("AdEMAMix", build, formula)


@by_convention
def AdEMAMix(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    beta3: float | Collection[float] = 0.9999,
    alpha: float | Collection[float] = 5.0,
    epsilon: float | Collection[float] = 1e-8,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdEMAMix, with the slow mean at its full weight from the start.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        m_{\mathrm{slow}} &\leftarrow \beta_3 m_{\mathrm{slow}} + (1 - \beta_3) g \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        w &\leftarrow w - \frac{\eta (\hat m + \alpha m_{\mathrm{slow}})}{\sqrt{\hat v} +
            \epsilon}

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2, beta3 : float or sequence of float, default 0.9, 0.999 and 0.9999
        Decay of the mean, of the squares and of the slow mean, in [0, 1).
    alpha : float or sequence of float, default 5
        The weight of the slow mean, >= 0.
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
    The slow mean is not corrected. The paper lets alpha and beta3 warm up in long trainings.

    References
    ----------
    M. Pagliardini, P. Ablin, D. Grangier, The AdEMAMix optimizer: better, faster, older, ICLR 2025.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdEMAMix(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.183, 3.268, 3.34]
    """
    return FAMILY(**locals())
