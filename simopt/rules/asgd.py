"""ASGD: SGD at a rate that falls slowly, and the mean of its weights (Polyak, Juditsky 1992)."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, one_like
from simopt.rules.rule import Optimizer, Rule


def slowed(eta, lambd, t):
    """``eta (1 + lambd eta t)^(-3/4)``; of roots, which are the same bits everywhere."""
    root = math.sqrt(one_like(eta) + lambd * eta * t)
    return eta / (root * math.sqrt(root))


def step(w, g, rate, mean, t, lambd, t0, weight_decay):
    """The step and the mean, of t - 1 updates before."""
    before = t - one_like(w)
    w = w - rate * (g + weight_decay * w + lambd * w)
    return w, mean + (w - mean) / larger(one_like(w), before - t0)


def asgd(w, g, eta, mean, t, lambd=1e-4, t0=1e6, weight_decay=0.0):
    """One weight, one step."""
    t = type(w)(t)
    rate = slowed(eta, lambd, t - one_like(w))
    return step(w, g, rate, mean, t, lambd, t0, weight_decay)


def late(w, g, eta, mean, rate, t, lambd=1e-4, t0=1e6, weight_decay=0.0):
    """The same; the rate is made after the step, for the next."""
    t = type(w)(t)
    rate = eta if t == one_like(w) else rate
    w, mean = step(w, g, rate, mean, t, lambd, t0, weight_decay)
    return w, mean, slowed(eta, lambd, t)


@cache
def build(rate_of: str) -> Rule:
    """The rule with its switch set."""
    made = rule(late if rate_of == "previous" else asgd, name="ASGD", clock=count, eta=0.01)
    return dataclasses.replace(made, average="mean")


def formula(settings):
    """The formula, with the switch set."""
    before = "rate = eta / (1 + lambd * eta * (t - 1))**0.75"
    after = []
    if settings["rate_of"] == "previous":
        before, after = "rate = eta if t == 1 else rate", [before.replace("(t - 1)", "t")]
    return [
        before,
        "w = w - rate * (g + weight_decay * w + lambd * w)",
        "mean = mean + (w - mean) / max(1, t - 1 - t0)",
        *after,
    ]


FAMILY = Family(
    "ASGD", build, formula, switches={"rate_of": ("update", "previous")}, own_decay=True
)


@by_convention
def ASGD(
    eta: float | Collection[float] = 0.01,
    lambd: float | Collection[float] = 1e-4,
    t0: float | Collection[float] = 1e6,
    weight_decay: float | Collection[float] = 0.0,
    *,
    rate_of: str = "update",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Averaged SGD, with the power of 3/4 of Xu's rate.

    .. math::
        \mathrm{rate} &= \frac{\eta}{(1 + \Lambda \eta (t - 1))^{0.75}} \\
        w &\leftarrow w - \mathrm{rate} \, (g + \lambda w + \Lambda w) \\
        \mathrm{mean} &\leftarrow \mathrm{mean} + \frac{w - \mathrm{mean}}{\max(1, t - 1 - t_0)}

    Losses, targets and the columns w of a sweep are those of the mean, which is w itself for the
    first t0 + 2 updates.

    Parameters
    ----------
    eta : float or sequence of float, default 0.01
        Learning rate, >= 0.
    lambd : float or sequence of float, default 1e-4
        Decay of the weight, and how fast the rate falls, >= 0 [1 / rate / update].
    t0 : float or sequence of float, default 1e6
        Updates before the mean begins, >= 0.
    weight_decay : float or sequence of float, default 0
        Lambda, >= 0 [1 / rate / update], with the gradient; the rate does not follow it.
    rate_of : {"update", "previous"}, default "update"
        Whose rate of a schedule an update is made at: its own; or, as in PyTorch, that of the
        update before. Without a schedule both are the same.
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
    B. T. Polyak, A. B. Juditsky, Acceleration of stochastic approximation by averaging, SIAM J.
    Control Optim. 30 (1992) 838; W. Xu, Towards optimal one pass large scale learning with averaged
    stochastic gradient descent, arXiv:1107.2490. ``torch.optim.ASGD``, whose power can be set.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.ASGD(eta=0.05, t0=0)).steps
    >>> steps[["w", "mean"]].round(3).values.tolist()
    [[3.8, 3.8], [3.92, 3.92], [4.892, 4.406], [4.895, 4.569]]
    """
    return FAMILY(**locals())
