"""Heavy-ball momentum: ``v <- beta v + g``, ``w <- w - eta v`` (Polyak 1964)."""

from __future__ import annotations

from simopt.rules.rule import Optimizer, rule


def momentum(w, g, eta, v, beta=0.9):
    """One weight, one step."""
    v = beta * v + g
    return w - eta * v, v


RULE = rule(momentum, name="Momentum")


def Momentum(eta=0.001, beta=0.9, *, convention="document") -> Optimizer:
    r"""Gradient descent with heavy-ball momentum.

    .. math:: v \leftarrow \beta v + g, \qquad w \leftarrow w - \eta v

    The gradient enters the velocity whole (no factor 1 - beta), and the rate multiplies the
    velocity when it is used, so the two stay apart when the rate is scheduled.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.9
        Momentum, in [0, 1): the share of the velocity that is kept.
    convention : {"document"}
        Whose formula. The document's is PyTorch's with dampening 0.

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
    return RULE(eta=eta, beta=beta, convention=convention)
