"""COCOB: each weight bets on its gradients' signs, and needs no rate (Orabona and Tommasi 2017)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.ground import checks
from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.modifiers import larger, zero_like
from simopt.rules.rule import START, Optimizer, Rule


def cocob(w, g, eta, w0, L, G, R, s, alpha=100.0, epsilon=1e-8, weight_decay=0.0):
    """One weight, one bet: its place is the start and a share of what has been won."""
    u = eta * (g + weight_decay * w)
    size = abs(u)
    L, G, s = larger(L, size), G + size, s + u
    R = larger(R - u * (w - w0), zero_like(w))
    return w0 - s * (L + R) / (L * larger(G + L, alpha * L)), w0, L, G, R, s


@cache
def build() -> Rule:
    """The rule."""
    return rule(cocob, name="COCOB", eta=1.0, initial={"w0": START, "L": "epsilon"})


def formula(settings):
    """The formula."""
    return [
        "u = eta * (g + weight_decay * w)",
        "L = max(L, abs(u))",
        "G = G + abs(u)",
        "R = max(R - u * (w - w0), 0)",
        "s = s + u",
        "w = w0 - s * (L + R) / (L * max(G + L, alpha * L))",
    ]


FAMILY = Family("COCOB", build, formula, own_decay=True, ranges={"epsilon": checks.POSITIVE})


@by_convention
def COCOB(
    eta: float | Collection[float] = 1.0,
    alpha: float | Collection[float] = 100.0,
    epsilon: float | Collection[float] = 1e-8,
    weight_decay: float | Collection[float] = 0.0,
    *,
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Continuous coin betting, COCOB-Backprop: a rule without a rate.

    .. math::
        u &= \eta (g + \lambda w) \\
        L &\leftarrow \max(L, |u|) \\
        G &\leftarrow G + |u| \\
        R &\leftarrow \max(R - u (w - w_0), 0) \\
        s &\leftarrow s + u \\
        w &\leftarrow w_0 - \frac{s (L + R)}{L \, \max(G + L, \alpha L)}

    Every weight by itself: L is its largest gradient so far and starts at epsilon, R what its bets
    have won, w0 where it began.

    Parameters
    ----------
    eta : float or sequence of float, default 1.0
        What gradients are multiplied by, >= 0. Where it does not change it drops out, but for
        gradients of the size of epsilon.
    alpha : float or sequence of float, default 100
        How many updates the bets are held small for, >= 0.
    epsilon : float or sequence of float, default 1e-8
        What the largest gradient is taken for at first, > 0 [gradient].
    weight_decay : float or sequence of float, default 0
        Lambda, >= 0 [1 / rate / update], with the gradient.
    convention : str or sequence of str, default "document"
        Whose formula and defaults ("document": the paper's, with optax' epsilon); a sequence is an
        axis of a sweep.

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
    A weight is made anew from all gradients so far: what else moves it, such as a box, it forgets
    at the next update, but for what it wins.

    References
    ----------
    F. Orabona, T. Tommasi, Training deep networks without learning rates through coin betting,
    NIPS 2017, algorithm 2. ``optax.contrib.cocob``.

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.COCOB(alpha=1)).steps
    >>> steps["w"].round(3).tolist()
    [3.5, 3.594, 4.052, 4.069]
    """
    return FAMILY(**locals())
