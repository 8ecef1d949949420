"""Tiger: the sign of a fading mean of the gradient (Su 2023)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule, complement
from simopt.rules.signsgd import sign


def tiger(w, g, eta, m, beta=0.965):
    """One weight, one step."""
    m = beta * m + complement(beta) * g
    return w - eta * sign(m), m


@cache
def build() -> Rule:
    """The rule."""
    return rule(tiger, name="Tiger")


def formula(settings):
    """The formula."""
    return ["m = beta * m + (1 - beta) * g", "w = w - eta * sign(m)"]


FAMILY = Family("Tiger", build, formula)


@by_convention
def Tiger(
    eta: float | Collection[float] = 0.001,
    beta: float | Collection[float] = 0.965,
    weight_decay: float | Collection[float] = 0.01,
    *,
    decay: str = "decoupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Tiger: Lion with one decay, whose mean holds the gradient at hand.

    .. math::
        m &\leftarrow \beta m + (1 - \beta) g \\
        w &\leftarrow w - \eta \, \mathrm{sign}(m) - \eta \lambda w

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.965
        Decay of the mean, in [0, 1).
    weight_decay : float or sequence of float, default 0.01
        Lambda, >= 0 [1 / rate / update].
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

    References
    ----------
    J. Su, Tiger: a tight-fisted optimizer, https://github.com/bojone/tiger (2023).

    Examples
    --------
    >>> import simopt
    >>> steps = simopt.run(simopt.problems.four_points(), simopt.Tiger(eta=0.5)).steps
    >>> steps["w"].round(3).tolist()
    [3.485, 3.968, 4.448, 4.925]
    """
    return FAMILY(**locals())
