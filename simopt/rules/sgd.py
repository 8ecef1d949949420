"""Stochastic gradient descent: ``w <- w - eta g`` (Robbins and Monro 1951)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from simopt.rules.family import Family, by_convention
from simopt.rules.making import rule
from simopt.rules.rule import Optimizer, Rule


def sgd(w, g, eta):
    """One weight, one step."""
    return w - eta * g


@cache
def build() -> Rule:
    """The rule."""
    return rule(sgd, name="SGD")


def formula(settings):
    """The formula."""
    return ["w = w - eta * g"]


FAMILY = Family(
    "SGD",
    build,
    formula,
)


@by_convention
def SGD(
    eta: float | Collection[float] = 0.001,
    *,
    weight_decay: float | Collection[float] | None = None,
    decay: str = "coupled",
    convention: str | Sequence[str] = "document",
) -> Optimizer:
    r"""Stochastic gradient descent.

    .. math::
        w &\leftarrow w - \eta g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0 [weight per gradient]. A sequence is an axis of a sweep.
    weight_decay : float or sequence of float, optional
        Lambda, >= 0 [1 / rate / update]; none by default.
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
        If a setting is out of range.

    Notes
    -----
    All conventions agree on the step, but not on the form of weight decay. The loss of
    scikit-learn's ``SGDRegressor`` is *half* the squared error: its eta0 is 2 eta here, its alpha
    half the weight decay.

    References
    ----------
    H. Robbins, S. Monro, A stochastic approximation method, Ann. Math. Stat. 22 (1951) 400.

    Examples
    --------
    >>> import simopt
    >>> simopt.run(simopt.problems.four_points(), simopt.SGD(eta=0.1)).steps["w"].round(3).tolist()
    [4.6, 4.68, 5.256, 5.243]
    """
    return FAMILY(**locals())
