"""Least squares: the squared error of a linear prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from simopt.problems.loss import Floats, Loss
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make


def value(z, y):
    """The square of the error."""
    error = z - y
    return error * error


def slope(z, y):
    """Half the derivative by z: the error."""
    return z - y


def values(z: Floats, y: Floats) -> Floats:
    """The squares of the errors."""
    return np.asarray((z - y) ** 2)


def slopes(z: Floats, y: Floats) -> Floats:
    """Their derivatives by z."""
    return 2.0 * (z - y)


def curvatures(z: Floats, y: Floats) -> Floats:
    """Their second derivatives."""
    return np.full(np.shape(z), 2.0)


#: Columns whose sizes differ by more are solved for in units of their own: the smaller ones would
#: look like the others' rounding.
UNEVEN = 1e8


def solve(problem: Regression) -> tuple[Floats, float]:
    """A point of least loss, the shortest where units are comparable, and that loss."""
    if problem.d == 1:
        x = problem.x[:, 0]
        w = np.array([(x @ problem.y) / (x @ x + problem.n * problem.l2[0] / 2)])
    else:
        x, y = problem.equivalent
        rows = np.vstack([x, np.diag(np.sqrt(problem.n * problem.l2 / 2))])
        # Above the rounding of so many points, as lstsq has it by default.
        cut = np.finfo(np.float64).eps * (problem.n + problem.d)
        targets = np.concatenate([y, np.zeros(problem.d)])
        size = np.abs(rows).max(axis=0)
        size[size == 0.0] = size.max() or 1.0
        if size.max() <= UNEVEN * size.min():
            size = np.ones(problem.d)
        w = np.asarray(np.linalg.lstsq(rows / size, targets, rcond=cut)[0]) / size
    return w, problem.loss(w)


LEAST_SQUARES = Loss(
    kind="least_squares",
    value=value,
    slope=slope,
    values=values,
    slopes=slopes,
    curvatures=curvatures,
    solve=solve,
    factor=2.0,
    squared=True,
    bound=2.0,
)


def least_squares(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = False,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Least squares: ``loss(w) = mean((x @ w - y)^2) + l2 / 2 * |w|^2``.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points. Column names of a DataFrame are kept.
    y : array_like [n]
        The targets.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default False
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept. Its gradient is ``l2 * w``.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, their lengths differ, or l2 < 0.

    Examples
    --------
    >>> from simopt import problems
    >>> line = problems.least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], intercept=True)
    >>> line.optimum.round(12).tolist()
    [2.0, 1.0]
    >>> line.loss([2.0, 0.0])
    1.0
    """
    return make(LEAST_SQUARES, x, y, w0=w0, intercept=intercept, l2=l2, name=name)
