"""LARS: momentum whose rate is a share of the weights' norm (You, Gitman and Ginsburg 2017)."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule
from simopt.rules.trust import RATIOS


def squares(apart):
    """What the norms of weights, gradient and decay are of, and the decay itself.

    A weight that is left out has none: the clock, which is about no one weight, takes sums of it.
    """

    def terms(w, g, eta, v, ratio, beta, trust, epsilon, weight_decay):
        lost = weight_decay * w
        entering = g if apart else g + lost
        return w * w, entering * entering, lost * lost, weight_decay

    return terms


def trust_by(ratio_of, apart):
    """The trust ratio, over a sum of two norms or over the norm of a sum."""

    def clock(ratio, weights, gradients, losses, decays, eta, beta, trust, epsilon):
        below = math.sqrt(gradients) + epsilon
        if apart:
            below = below + math.sqrt(losses)
        return (ratio_of(weights, gradients, trust * math.sqrt(weights), below, decays),)

    return clock


def gathered(inside, nesterov):
    """One weight, one step."""

    def lars(
        w, g, eta, v, ratio, beta=0.9, trust=0.001, epsilon=0.0, weight_decay=5e-4
    ):  # fmt: skip
        entering = ratio * (g + weight_decay * w)
        if inside:
            entering = eta * entering
        v = beta * v + entering
        step = entering + beta * v if nesterov else v
        return w - (step if inside else eta * step), v

    return lars


@cache
def build(rate_place: str, nesterov: bool, denominator: str, adapts: str) -> Rule:
    """The rule with its switches set."""
    apart = denominator == "sum of norms"
    return rule(
        gathered(rate_place == "inside", nesterov),
        name="LARS",
        clock=trust_by(RATIOS[adapts], apart),
        terms=squares(apart),
        eta=1.0,
    )


def formula(settings):
    """The formula, with the switches set."""
    inside = settings["rate_place"] == "inside"
    if settings["denominator"] == "sum of norms":
        lines, below = ["W = norm(w)", "U = norm(g)"], "U + weight_decay * W"
    else:
        lines, below = ["W = norm(w)", "U = norm(g + weight_decay * w)"], "U"
    lines += [f"ratio = trust * W / ({below} + epsilon) if W * U > 0 else 1"]
    if settings["adapts"] == "decayed":
        lines += ["ratio = ratio if weight_decay > 0 else 1"]
    entering = f"{'eta * ' if inside else ''}ratio * (g + weight_decay * w)"
    lines += [f"v = beta * v + {entering}"]
    step = f"{entering} + beta * v" if settings["nesterov"] else "v"
    if not inside:
        return [*lines, f"w = w - eta * ({step})" if settings["nesterov"] else "w = w - eta * v"]
    return [*lines, f"w = w - ({step})" if settings["nesterov"] else "w = w - v"]


FAMILY = Family(
    "LARS",
    build,
    formula,
    switches={
        "rate_place": ("inside", "outside"),
        "nesterov": (False, True),
        "denominator": ("sum of norms", "norm of sum"),
        "adapts": ("always", "decayed"),
    },
    own_decay=True,
)


@by_convention
def LARS(
    eta: float | Collection[float] = 1.0,
    beta: float | Collection[float] = 0.9,
    trust: float | Collection[float] = 0.001,
    epsilon: float | Collection[float] = 0.0,
    weight_decay: float | Collection[float] = 5e-4,
    *,
    rate_place: str = "inside",
    nesterov: bool = False,
    denominator: str = "sum of norms",
    adapts: str = "always",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""LARS: the gradient is scaled until a step is a share of the weights' norm.

    .. math::
        W &= \lVert w \rVert \\
        U &= \lVert g \rVert \\
        \phi &= \frac{\tau W}{U + \lambda W + \epsilon} && \text{if } W U > 0 \\
        \phi &= 1 && \text{otherwise} \\
        v &\leftarrow \beta v + \eta \phi (g + \lambda w) \\
        w &\leftarrow w - v

    Norms are of all weights of a trajectory, as of one layer.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.9
        Decay of the velocity, in [0, 1).
    trust : float or sequence of float, default 0.001
        The trust coefficient: a step's length as a share of the weights' norm, >= 0.
    epsilon : float or sequence of float, default 0.0
        Added to the ratio's denominator, >= 0.
    weight_decay : float or sequence of float, default 5e-4
        Lambda, >= 0.
    rate_place : {"inside", "outside"}, default "inside"
        Whether eta multiplies what enters the velocity, or the velocity.
    nesterov : bool, default False
        Step by the velocity of the update to come.
    denominator : {"sum of norms", "norm of sum"}, default "sum of norms"
        ``norm(g) + lambda norm(w)``, or ``norm(g + lambda w)``.
    adapts : {"always", "decayed"}, default "always"
        "decayed": without weight decay the ratio is 1.
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
    Where all weights, or the whole gradient, are 0 the ratio is 1. A trajectory's weights, an
    intercept among them, are one layer: ``no_decay`` leaves weights out of the decay, and lambda W
    is then the norm of lambda w over those that decay; W is of all.

    References
    ----------
    Y. You, I. Gitman, B. Ginsburg, Large batch training of convolutional networks,
    arXiv:1708.03888 (2017), algorithm 1.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.LARS(trust=0.1)).steps
    >>> steps["w"].round(3).tolist()
    [3.3, 3.9, 4.829, 6.122]
    """
    return FAMILY(**locals())
