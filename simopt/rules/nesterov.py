"""Nesterov momentum in its one-flag form: the step looks one velocity ahead (Nesterov 1983)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.momentum import PLACES, velocity
from simopt.rules.rule import Optimizer, Rule


def nesterov(w, g, eta, v, beta=0.9):
    """One weight, one step."""
    v = beta * v + g
    return w - eta * (g + beta * v), v


def rate_inside(w, g, eta, v, beta=0.9):
    """The rate multiplies the gradient when it enters: the velocity is a step already."""
    v = beta * v - eta * g
    return w + (beta * v - eta * g), v


@cache
def build(rate_place: str) -> Rule:
    """The rule with its switch set."""
    return rule(nesterov if rate_place == "outside" else rate_inside, name="Nesterov")


def formula(settings):
    """The formula, with the switches set."""
    inside = settings["rate_place"] == "inside"
    step = "w = w + beta * v - eta * g" if inside else "w = w - eta * (g + beta * v)"
    return [velocity(settings), step]


FAMILY = Family(
    "Nesterov",
    build,
    formula,
    switches=PLACES,
)


@by_convention
def Nesterov(
    eta: float | Collection[float] = 0.001,
    beta: float | Collection[float] = 0.9,
    *,
    weight_decay: float | Collection[float] | None = None,
    rate_place: str = "outside",
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Gradient descent with Nesterov momentum.

    .. math::
        v &\leftarrow \beta v + g \\
        w &\leftarrow w - \eta (g + \beta v)

    This is the form behind the frameworks' ``nesterov=True``: the gradient is taken where the
    weight *is*, which is the look-ahead point of Nesterov's own iteration. The weight shown is
    therefore the look-ahead weight, not Nesterov's.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.9
        Momentum, in [0, 1).
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    rate_place : {"outside", "inside"}, default "outside"
        Where the rate multiplies: the velocity, or the gradient that enters it. At a constant
        rate both are the same.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults; a sequence is an axis of a sweep.

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
    Y. Nesterov, A method for solving the convex programming problem with convergence rate
    O(1/k^2), Dokl. Akad. Nauk SSSR 269 (1983) 543; I. Sutskever, J. Martens, G. Dahl, G. Hinton,
    On the importance of initialization and momentum in deep learning, ICML 2013.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Nesterov(eta=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [6.04, 6.941, 1.301, -0.279]
    """
    return FAMILY(**locals())
