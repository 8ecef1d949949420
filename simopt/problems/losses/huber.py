"""Huber regression: squared errors near 0, absolute ones beyond delta."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.problems.loss import ERROR, Floats, Loss, Written
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make


def value(z, y, delta):
    """``r^2 / 2`` up to delta, ``delta (|r| - delta / 2)`` beyond, r = z - y."""
    error = abs(z - y)
    inside = error if error < delta else delta
    return inside * (error - 0.5 * inside)


def slope(z, y, delta):
    """The derivative by z: the error, brought between -delta and delta; nan stays nan."""
    error = z - y
    inside = delta if error > delta else error
    return -delta if inside < -delta else inside


def values(z: Floats, y: Floats, delta: float) -> Floats:
    """The loss of arrays."""
    error = np.abs(z - y)
    inside = np.minimum(error, delta)
    return np.asarray(inside * (error - 0.5 * inside))


def slopes(z: Floats, y: Floats, delta: float) -> Floats:
    """Their derivatives by z."""
    return np.clip(z - y, -delta, delta)


def curvatures(z: Floats, y: Floats, delta: float) -> Floats:
    """Their second derivatives: 1 below delta, 0 from there on."""
    return np.asarray(np.abs(z - y) < delta, np.float64)


def solve(problem: Regression) -> tuple[Floats, float]:
    """A point of least loss, and that loss.

    Newton's step where it leads down: it is exact once it is known which errors are within delta.
    Else the least of the parabola in every point that touches the loss there and lies above it,
    which is never higher.
    """
    (delta,) = problem.parameters
    x, y, n = problem.x, problem.y, problem.n
    w = np.zeros(problem.d)
    for _ in range(10_000):
        gradient = problem.gradient(w)
        weights = delta / np.maximum(np.abs(problem.predictions(w) - y), delta)
        above = (x.T * weights) @ x / n + np.diag(problem.l2)
        for matrix in (problem.hessian_at(w), above):
            lower = w - np.linalg.lstsq(matrix, gradient, rcond=None)[0]
            if problem.loss(lower) < problem.loss(w):
                break
        else:
            break
        w = lower
    return w, problem.loss(w)


HUBER = Loss(
    kind="huber",
    value=value,
    slope=slope,
    values=values,
    slopes=slopes,
    curvatures=curvatures,
    solve=solve,
    bound=1.0,
    parameters={"delta": (1.0, checks.POSITIVE)},
    written=(
        ERROR,
        Written(
            "Slope",
            "slope",
            "max(-δ, min(error, δ))",
            "max(-{delta}, min({error}, {delta}))",
            lambda v: max(-v["delta"], min(v["error"], v["delta"])),
        ),
    ),
    costs=("slope × (error - slope / 2)", "{slope} × ({error} - {slope} / 2)"),
)


def huber(
    x: ArrayLike,
    y: ArrayLike,
    *,
    delta: float = 1.0,
    w0: ArrayLike = 0.0,
    intercept: bool = False,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    r"""Huber regression: squared errors up to delta, absolute ones beyond.

    .. math:: L(w) = \frac1n \sum_i h(x_i \cdot w - y_i) + \frac{\lambda}{2} |w|^2, \qquad
        h(r) = \begin{cases} r^2 / 2 & |r| \le \delta \\
        \delta (|r| - \delta / 2) & |r| > \delta \end{cases}

    An outlier pulls no harder than a point that is off by delta. It is PyTorch's ``huber_loss``;
    for small errors half of what `least_squares` has.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points. Column names of a DataFrame are kept.
    y : array_like [n]
        The targets.
    delta : float, default 1
        Up to which error the loss is a square, > 0, in the unit of y.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default False
        Add a last column of ones.
    l2 : float, default 0
        lambda, >= 0; not on the intercept.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its ``optimum`` is None where too few errors are within delta to hold every weight.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, their lengths differ, delta <= 0 or
        l2 < 0.

    References
    ----------
    P. J. Huber, Robust estimation of a location parameter, Ann. Math. Statist. 35 (1964) 73.

    Examples
    --------
    One wild target, and the median where least squares has the mean:

    >>> from simopt import problems
    >>> x, y = [1.0, 1.0, 1.0, 1.0, 1.0], [1.0, 1.1, 1.2, 1.3, 100.0]
    >>> problems.huber(x, y, delta=0.01).optimum.round(2).tolist()
    [1.2]
    >>> problems.least_squares(x, y).optimum.round(2).tolist()
    [20.92]
    """
    return make(
        HUBER,
        x,
        y,
        w0=w0,
        intercept=intercept,
        l2=l2,
        name=name,
        parameters=HUBER.check_parameters({"delta": delta}),
    )
