"""Poisson regression: counts, and the logarithm of their mean as a linear prediction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground.elementary import exp
from simopt.problems.loss import ERROR, Floats, Loss, Written
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make, newton


def value(z, y):
    """``exp(z) - y z``."""
    return exp(z) - y * z


def slope(z, y):
    """The derivative by z: the predicted mean less the target."""
    return exp(z) - y


def values(z: Floats, y: Floats) -> Floats:
    """``exp(z) - y z`` of arrays."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(np.exp(z) - y * z)


def slopes(z: Floats, y: Floats) -> Floats:
    """Their derivatives by z."""
    return curvatures(z, y) - y


def curvatures(z: Floats, y: Floats) -> Floats:
    """Their second derivatives: the predicted means."""
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(z))


def solve(problem: Regression) -> tuple[Floats | None, float]:
    """The point of least loss, None if there is none; the loss there, or what it falls to."""
    w, least = newton(problem)
    return (w if least else None), problem.loss(w)


def counts(y: Floats) -> NDArray[np.bool_]:
    """Whether targets are no less than 0."""
    return np.asarray(y >= 0.0)


POISSON = Loss(
    kind="poisson",
    value=value,
    slope=slope,
    values=values,
    slopes=slopes,
    curvatures=curvatures,
    solve=solve,
    allows=counts,
    targets=">= 0 everywhere",
    written=(
        Written("Prediction", "prediction", "exp(z)", "exp({z})", lambda v: math.exp(v["z"])),
        ERROR,
    ),
    costs=("exp(z) - y z", "exp({z}) - {y} × {z}"),
)


def poisson(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    r"""Poisson regression with log link, for counts.

    .. math:: L(w) = \frac1n \sum_i \left(e^{z_i} - y_i z_i\right) + \frac{\lambda}{2} |w|^2,
        \qquad z_i = x_i \cdot w

    The negative logarithm of the likelihood without :math:`\log y_i!`, which no weight changes: it
    may be negative. It is PyTorch's ``poisson_nll_loss`` with ``log_input=True, full=False``. Its
    curvature has no bound: too large a step overflows within a few updates.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points.
    y : array_like [n]
        The targets, >= 0; counts, but rates will do.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default True
        Add a last column of ones.
    l2 : float, default 0
        lambda, >= 0; not on the intercept.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its ``optimum`` is None where the loss falls without end, as it does where all targets are
        0 and l2 = 0.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, a target is negative, their lengths
        differ, or l2 < 0.

    References
    ----------
    P. McCullagh, J. A. Nelder, Generalized Linear Models, 2nd ed., Chapman and Hall 1989, chapter
    6.

    Examples
    --------
    The intercept alone fits the logarithm of the mean:

    >>> from simopt import problems
    >>> counts = problems.poisson([1.0, 1.0, 1.0, 1.0], [0, 2, 3, 7], intercept=False)
    >>> counts.optimum.round(6).tolist()  # log(3)
    [1.098612]
    """
    return make(POISSON, x, y, w0=w0, intercept=intercept, l2=l2, name=name)
