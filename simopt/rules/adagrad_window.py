"""AdaGrad over the last ten gradients, as PyMC fits by default."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule


def adagrad_window(w, g, eta, s1, s2, s3, s4, s5, s6, s7, s8, s9, epsilon=0.1):
    """One weight, one step; the squares of nine gradients before, the last first."""
    square = g * g
    total = square + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9
    moved = w - eta * g / math.sqrt(total + epsilon)
    return moved, square, s1, s2, s3, s4, s5, s6, s7, s8


@cache
def build() -> Rule:
    """The rule."""
    return rule(adagrad_window, name="AdaGradWindow")


def formula(settings):
    """The formula."""
    last = range(9, 1, -1)
    return [
        "G = g**2 + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8 + s9",
        *[f"s{k} = s{k - 1}" for k in last],
        "s1 = g**2",
        "w = w - eta * g / sqrt(G + epsilon)",
    ]


FAMILY = Family("AdaGradWindow", build, formula)


@by_convention
def AdaGradWindow(
    eta: float | Collection[float] = 0.001,
    epsilon: float | Collection[float] = 0.1,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""AdaGrad that sums the squares of the last ten gradients.

    .. math::
        G &= g^2 + s_1 + s_2 + s_3 + s_4 + s_5 + s_6 + s_7 + s_8 + s_9 \\
        s_9 &= s_8 \\
        s_8 &= s_7 \\
        s_7 &= s_6 \\
        s_6 &= s_5 \\
        s_5 &= s_4 \\
        s_4 &= s_3 \\
        s_3 &= s_2 \\
        s_2 &= s_1 \\
        s_1 &= g^2 \\
        w &\leftarrow w - \frac{\eta g}{\sqrt{G + \epsilon}}

    In this order: the square of a gradient moves up by one, and is forgotten after nine updates.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    epsilon : float or sequence of float, default 0.1
        Added *inside* the root, >= 0.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
    decay : {"coupled", "decoupled", "clipped", "stepped", "fixed"}, default "coupled"
        How the weight decays: with the gradient, ``g + lambda w``; besides the step, by
        ``eta lambda w``; so, but never past 0; so, of the stepped weight; or by ``lambda w``.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": PyMC's, whose rule it is); a sequence is an axis of
        a sweep.

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
    What AdaGrad sums for ever this forgets: its steps do not fade.

    References
    ----------
    ``pymc.adagrad_window``, with which ``pymc.fit`` steps unless it is given another; ``n_win`` is
    10 there unless it is set, and always 10 here.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.AdaGradWindow(eta=0.5)).steps
    >>> steps["w"].round(3).tolist()
    [3.5, 3.592, 4.013, 4.021]
    """
    return FAMILY(**locals())
