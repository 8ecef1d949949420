"""Stochastic gradient descent: ``w <- w - eta g`` (Robbins and Monro 1951)."""

from __future__ import annotations

from simopt.rules.rule import Optimizer, rule


def sgd(w, g, eta):
    """One weight, one step."""
    return w - eta * g


RULE = rule(sgd, name="SGD")


def SGD(eta=0.001, *, convention="document") -> Optimizer:
    r"""Stochastic gradient descent.

    .. math:: w \leftarrow w - \eta g

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0 [weight per gradient]. A sequence is an axis of a sweep.
    convention : {"document"}
        Whose formula. All frameworks agree on this one.

    Returns
    -------
    Optimizer
        A frozen value.

    Raises
    ------
    ValueError
        If eta is negative, not finite or not a number.

    References
    ----------
    H. Robbins, S. Monro, A stochastic approximation method, Ann. Math. Stat. 22 (1951) 400.

    Examples
    --------
    >>> import simopt
    >>> simopt.run(simopt.problems.four_points(), simopt.SGD(eta=0.1)).steps["w"].round(3).tolist()
    [4.6, 4.68, 5.256, 5.243]
    """
    return RULE(eta=eta, convention=convention)
