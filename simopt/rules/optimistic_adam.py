"""Optimistic Adam: Adam's next step is guessed from the last two (Daskalakis et al. 2018)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules import nadam
from simopt.rules.adam import M_HAT, MEANS, V_HAT, bias_corrections, moments
from simopt.rules.corrected import corrected_outside
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule


def plain(m, g, beta1, bias1):
    """Adam's corrected mean."""
    return m / bias1


def ahead(m, g, beta1, bias1):
    """NAdam's."""
    return nadam.ahead(m, g, beta1, beta1, bias1)


def optimistic(mean, counted):
    """One weight, one step; the first direction has none before it, or one of 0."""

    def optimistic_adam(
        w, g, eta, m, v, last, t, bias1, bias2,
        beta1=0.9, beta2=0.999, epsilon=1e-8, alpha=1.0, optimism=1.0,
    ):  # fmt: skip
        m, v = moments(g, m, v, beta1, beta2)
        u = mean(m, g, beta1, bias1) / corrected_outside(v, bias2, epsilon)
        before = last if counted else u if t == 1 else last
        return w - eta * (alpha * u + optimism * (u - before)), m, v, u

    return optimistic_adam


def clock(t, bias1, bias2, beta1, beta2):
    """Updates so far, and the bias corrections."""
    return t + 1, *bias_corrections(bias1, bias2, beta1, beta2)


def derived(m, v, bias1, bias2, **_):
    """The corrected moments."""
    return {"m_hat": m / bias1, "v_hat": v / bias2}


@cache
def build(nesterov: bool, first_change: str) -> Rule:
    """The rule with its switches set."""
    made = optimistic(ahead if nesterov else plain, first_change == "whole")
    return rule(made, name="OptimisticAdam", clock=clock, derived=derived)


def formula(settings):
    """The formula, with the switches set."""
    whole = settings["first_change"] == "whole"
    mean = [M_HAT]
    if settings["nesterov"]:
        mean = ["m_hat = beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * g / (1 - beta1**t)"]
    return [
        *MEANS,
        *mean,
        V_HAT,
        "u = m_hat / (sqrt(v_hat) + epsilon)",
        "change = u - last" if whole else "change = 0 if t == 1 else u - last",
        "w = w - eta * (alpha * u + optimism * change)",
        "last = u",
    ]


FAMILY = Family(
    "OptimisticAdam",
    build,
    formula,
    switches={"nesterov": (False, True), "first_change": ("none", "whole")},
)


@by_convention
def OptimisticAdam(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    alpha: float | Collection[float] = 1.0,
    optimism: float | Collection[float] = 1.0,
    *,
    nesterov: bool = False,
    first_change: str = "none",
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Adam with an optimistic step: its direction, and how that has changed.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{\hat m}{\sqrt{\hat v} + \epsilon} \\
        \mathrm{change} &= 0 && \text{if } t = 1 \\
        \mathrm{change} &= u - \mathrm{last} && \text{otherwise} \\
        w &\leftarrow w - \eta (\alpha u + \mathrm{optimism} \, \mathrm{change}) \\
        \mathrm{last} &= u

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    alpha : float or sequence of float, default 1
        What Adam's direction counts, >= 0.
    optimism : float or sequence of float, default 1
        What its change counts, >= 0; with 0 and alpha 1 it is Adam.
    nesterov : bool, default False
        Whether the direction is NAdam's.
    first_change : {"none", "whole"}, default "none"
        Whether the first direction has not changed, or from 0: its step is twice as long.
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

    Notes
    -----
    ``optax.optimistic_adam`` has one argument ``optimism`` for the product of ours with eta.

    References
    ----------
    C. Daskalakis, A. Ilyas, V. Syrgkanis, H. Zeng, Training GANs with optimism, ICLR 2018,
    algorithm 1. ``optax.optimistic_adam_v2``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.OptimisticAdam(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.1, 3.165, 3.254, 3.311]
    """
    return FAMILY(**locals())
