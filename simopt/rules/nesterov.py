"""Nesterov momentum in its one-flag form: the step looks one velocity ahead (Nesterov 1983)."""

from __future__ import annotations

from simopt.rules.rule import Optimizer, rule


def nesterov(w, g, eta, v, beta=0.9):
    """One weight, one step."""
    v = beta * v + g
    return w - eta * (g + beta * v), v


RULE = rule(nesterov, name="Nesterov")


def Nesterov(eta=0.001, beta=0.9, *, convention="document") -> Optimizer:
    r"""Gradient descent with Nesterov momentum.

    .. math:: v \leftarrow \beta v + g, \qquad w \leftarrow w - \eta (g + \beta v)

    This is the form behind PyTorch's ``nesterov=True``, Keras' and optax': the gradient is taken
    where the weight *is*, which is the look-ahead point of Nesterov's own iteration. The weight
    shown is therefore the look-ahead weight, not Nesterov's.

    Parameters
    ----------
    eta : float or sequence of float, default 0.001
        Learning rate, >= 0.
    beta : float or sequence of float, default 0.9
        Momentum, in [0, 1).
    convention : {"document"}
        Whose formula. At a constant rate all frameworks agree.

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
    return RULE(eta=eta, beta=beta, convention=convention)
