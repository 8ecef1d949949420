"""Cautious AdamW and Lion: weights wait whose step disagrees with their gradient (Liang 2024)."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from functools import cache
from typing import Any

from simopt.rules import adam, lion
from simopt.rules.averages import SPLIT, nothing
from simopt.rules.family import Family, by_convention
from simopt.rules.modifiers import one_like, without_last, zero_like
from simopt.rules.rule import Optimizer, Rule, remembered


@cache
def with_caution(rule: Rule, /) -> Rule:
    """A rule with state whose weights move only against their gradient.

    The steps of those that move are divided by their share, which is taken for no less than 0.001.
    """
    assert rule.terms is None
    update: Any = rule.update
    clock: Any = nothing if rule.clock is None else rule.clock
    for _ in range(len(rule.hyperparameters) - 1 - rule.clock_hyperparameters):
        clock = without_last(clock)
    apart, behind = SPLIT[len(rule.state)], SPLIT[len(rule.clock_values)]

    def against(w, g, own, ticks, settings):
        """What a rate of 1 takes of the weight, whether that is against the gradient, the state."""
        # The step of a weight at 0 is what it moves by.
        stepped = update(zero_like(w), g, one_like(w), *(own + ticks + settings))
        step = zero_like(w) - stepped[0]
        return step, step * g > zero_like(w), stepped[1:]

    def terms(w, g, eta, *rest):
        own, _, others = apart(rest)
        _, first, more = behind(others)
        agrees = against(w, g, own, clock(*others), (first, *more))[1]
        return (one_like(w) if agrees else zero_like(w)), one_like(w)

    def ticking(*rest):
        values, moving, more = behind(rest[1:])
        share, least = moving / more[0], one_like(moving) / type(moving)(1000)
        return (share if share > least else least, *clock(*(values + more[2:])))

    def cautious(w, g, eta, *rest):
        own, share, others = apart(rest)
        values, first, more = behind(others)
        step, agrees, state = against(w, g, own, values, (first, *more))
        return (w - (eta / share * step if agrees else zero_like(w)), *state)

    modified = dataclasses.replace(
        rule,
        name=f"Cautious{rule.name}",
        update=cautious,
        clock=ticking,
        terms=terms,
        clock_values=("share", *rule.clock_values),
        totals=("moving", "all"),
        derived=None,
    )
    return remembered(modified, with_caution, rule)


@cache
def build_adamw() -> Rule:
    """AdamW with caution."""
    return with_caution(adam.build("outside", True, False, name="AdamW"))


@cache
def build_lion() -> Rule:
    """Lion with caution."""
    return with_caution(lion.build())


#: What both do with their step u.
MASKED = ["c = max(0, sign(u * g))", "w = w - eta * c / max(mean(c), 0.001) * u"]


def adamw_formula(settings):
    """The formula."""
    return [*adam.MEANS, adam.M_HAT, adam.V_HAT, "u = m_hat / (sqrt(v_hat) + epsilon)", *MASKED]


ADAMW = Family("CautiousAdamW", build_adamw, adamw_formula)


@by_convention
def CautiousAdamW(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.999,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.01,
    *,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdamW where a weight waits while its step disagrees with its gradient.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g \\
        v &\leftarrow \beta_2 v + (1 - \beta_2) g^2 \\
        \hat m &= \frac{m}{1 - \beta_1^t} \\
        \hat v &= \frac{v}{1 - \beta_2^t} \\
        u &= \frac{\hat m}{\sqrt{\hat v} + \epsilon} \\
        c &= \max(0, \mathrm{sign}(u g)) \\
        w &\leftarrow w - \frac{\eta c}{\max(\mathrm{mean}(c), 0.001)} u - \eta \lambda w

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.999
        Decay of the two means, in [0, 1).
    epsilon : float or sequence of float, default 1e-8
        Added *outside* the root, >= 0.
    weight_decay : float or sequence of float, default 0.01
        Lambda, >= 0 [1 / rate / update]: of every weight, whether it moves or not.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's mask); a sequence is an axis of a
        sweep.

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
    The mean of c, the share of weights that move, is taken for no less than 0.001. Of one weight it
    is 1 or 0: a step that disagrees is left out.

    References
    ----------
    K. Liang, L. Chen, B. Liu, Q. Liu, Cautious optimizers: improving training with one line of
    code, arXiv:2411.16085 (2024), algorithm 1 as in the authors' code.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.CautiousAdamW(eta=0.5)).steps
    >>> steps["w"].round(3).tolist()
    [3.485, 3.866, 4.288, 4.633]
    """
    return ADAMW(**locals())


def lion_formula(settings):
    """The formula."""
    return [
        "u = sign(beta1 * m + (1 - beta1) * g)",
        *MASKED,
        "m = beta2 * m + (1 - beta2) * g",
    ]


LION = Family("CautiousLion", build_lion, lion_formula)


@by_convention
def CautiousLion(
    eta: float | Collection[float] = 0.001,
    beta1: float | Collection[float] = 0.9,
    beta2: float | Collection[float] = 0.99,
    weight_decay: float | Collection[float] = 0.0,
    *,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Lion where a weight waits while its step disagrees with its gradient.

    .. math::
        u &= \mathrm{sign}(\beta_1 m + (1 - \beta_1) g) \\
        c &= \max(0, \mathrm{sign}(u g)) \\
        w &\leftarrow w - \frac{\eta c}{\max(\mathrm{mean}(c), 0.001)} u - \eta \lambda w \\
        m &\leftarrow \beta_2 m + (1 - \beta_2) g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta1, beta2 : float or sequence of float, default 0.9 and 0.99
        Weight of the momentum in the step, and decay of the momentum, in [0, 1).
    weight_decay : float or sequence of float, default 0.0
        Lambda, >= 0 [1 / rate / update]: of every weight, whether it moves or not.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "decoupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's mask); a sequence is an axis of a
        sweep.

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
    The mean of c, the share of weights that move, is taken for no less than 0.001. Of one weight it
    is 1 or 0: a step that disagrees is left out.

    References
    ----------
    K. Liang, L. Chen, B. Liu, Q. Liu, Cautious optimizers: improving training with one line of
    code, arXiv:2411.16085 (2024), algorithm 1 as in the authors' code.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.CautiousLion(eta=0.5)).steps
    >>> steps["w"].round(3).tolist()
    [3.5, 4.0, 4.5, 5.0]
    """
    return LION(**locals())
