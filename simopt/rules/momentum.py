"""Heavy-ball momentum: ``v <- beta v + g``, ``w <- w - eta v`` (Polyak 1964)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.clocks import count
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement


def momentum(w, g, eta, v, beta=0.9):
    """One weight, one step."""
    v = beta * v + g
    return w - eta * v, v


def rate_inside(w, g, eta, v, beta=0.9):
    """The rate multiplies the gradient when it enters: the velocity is a step already."""
    v = beta * v - eta * g
    return w + v, v


def dampened(w, g, eta, v, t, beta=0.9, dampening=0.0):
    """Of later gradients a share is left out; the first enters whole, as in PyTorch.

    And as there, nothing is left out where there is no momentum.
    """
    v = g if t == 1 or beta == 0 else beta * v + complement(dampening) * g
    return w - eta * v, v


def dampened_inside(w, g, eta, v, t, beta=0.9, dampening=0.0):
    """The same with the rate inside."""
    v = beta * v - eta * (g if t == 1 or beta == 0 else complement(dampening) * g)
    return w + v, v


def dampened_first(w, g, eta, v, beta=0.9, dampening=0.0):
    """Of every gradient a share is left out, of the first too."""
    v = beta * v + (g if beta == 0 else complement(dampening) * g)
    return w - eta * v, v


def dampened_first_inside(w, g, eta, v, beta=0.9, dampening=0.0):
    """The same with the rate inside."""
    v = beta * v - eta * (g if beta == 0 else complement(dampening) * g)
    return w + v, v


@cache
def build(rate_place: str, damps_first: bool, dampening: bool) -> Rule:
    """The rule with its switches set; whether the first is damped matters with dampening."""
    if dampening and damps_first:
        always = dampened_first if rate_place == "outside" else dampened_first_inside
        return rule(always, name="Momentum")
    if dampening:
        update = dampened if rate_place == "outside" else dampened_inside
        return rule(update, name="Momentum", clock=count)
    return rule(momentum if rate_place == "outside" else rate_inside, name="Momentum")


def velocity(settings):
    """What the velocity becomes."""
    inside = settings["rate_place"] == "inside"
    gradient, sign = ("eta * g", "-") if inside else ("g", "+")
    if "dampening" not in settings:
        return f"v = beta * v {sign} {gradient}"
    if settings["damps_first"]:
        return f"v = beta * v {sign} (1 - dampening) * {gradient}"
    first = f"-{gradient}" if inside else gradient
    return f"v = {first} if t == 1 else beta * v {sign} (1 - dampening) * {gradient}"


def formula(settings):
    """The formula, with the switches set."""
    inside = settings["rate_place"] == "inside"
    return [velocity(settings), "w = w + v" if inside else "w = w - eta * v"]


PLACES = {"rate_place": ("outside", "inside")}
FAMILY = Family(
    "Momentum",
    build,
    formula,
    switches={**PLACES, "damps_first": (False, True)},
    optional=("dampening",),
)


@by_convention
def Momentum(
    eta: float | Collection[float] = 0.001,
    beta: float | Collection[float] = 0.9,
    *,
    dampening: float | Collection[float] | None = None,
    weight_decay: float | Collection[float] | None = None,
    rate_place: str = "outside",
    damps_first: bool = False,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Gradient descent with heavy-ball momentum.

    .. math::
        v &\leftarrow \beta v + g \\
        w &\leftarrow w - \eta v

    The gradient enters the velocity whole (no factor 1 - beta), and the rate multiplies the
    velocity when it is used, so the two stay apart when the rate is scheduled. A rate inside enters
    with the gradient: at a constant rate that is the same; after a drop of the rate the velocity
    goes on at the old one for a while.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.9
        Momentum, in [0, 1): the share of the velocity that is kept.
    dampening : float or sequence of float, optional
        Share of every gradient but the first that is left out, in [0, 1]; none by default. Without
        momentum nothing is left out.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    rate_place : {"outside", "inside"}, default "outside"
        Where the rate multiplies: the velocity, or the gradient that enters it, as
        ``v <- beta v - eta g``, ``w <- w + v``.
    damps_first : bool, default False
        With dampening: whether the share is left out of the first gradient too.
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
    B. T. Polyak, Some methods of speeding up the convergence of iteration methods,
    USSR Comput. Math. Math. Phys. 4 (1964) 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Momentum(eta=0.1)).steps
    >>> steps["v"].round(3).tolist()
    [-16.0, -15.2, 6.48, 6.068]
    """
    return FAMILY(**locals())
