"""Logistic regression: labels 0 and 1, and their log odds as a linear prediction."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground.elementary import exp_minus, positive, sigmoid, softplus
from simopt.problems.loss import ERROR, Floats, Loss, Written
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make, newton


def value(z, y):
    """``log(1 + exp(z)) - y z``."""
    return softplus(z) - y * z


def rest(z, y):
    """The loss without ``log(1 + exp(-|z|))``."""
    return positive(z) - y * z


def tail(z, y):
    """``exp(-|z|)``."""
    return exp_minus(abs(z))


def slope(z, y):
    """The derivative by z: the predicted probability of 1 less the label."""
    return sigmoid(z) - y


def values(z: Floats, y: Floats) -> Floats:
    """``log(1 + exp(z)) - y z`` of arrays."""
    return np.asarray(np.logaddexp(0.0, z) - y * z)


def slopes(z: Floats, y: Floats) -> Floats:
    """Their derivatives by z."""
    return probabilities(z) - y


def curvatures(z: Floats, y: Floats) -> Floats:
    """Their second derivatives."""
    p = probabilities(z)
    return p * (1 - p)


def probabilities(z: Floats) -> Floats:
    """``1 / (1 + exp(-z))``, without overflow."""
    small = np.exp(-np.abs(z))
    return np.asarray(np.where(z >= 0, 1.0, small) / (1.0 + small))


def solve(problem: Regression) -> tuple[Floats | None, float]:
    """The point of least loss; None if the labels can be separated, and 0 if all of them can."""
    w, least = newton(problem, floor=0.0)
    if least:
        return w, problem.loss(w)
    return None, 0.0 if problem.loss(w) < 1e-9 else problem.loss(w)


def binary(y: Floats) -> NDArray[np.bool_]:
    """Whether labels are 0 or 1."""
    return np.isin(y, (0.0, 1.0))


LOGISTIC = Loss(
    kind="logistic",
    value=value,
    slope=slope,
    values=values,
    slopes=slopes,
    curvatures=curvatures,
    solve=solve,
    bound=0.25,
    binary=True,
    allows=binary,
    targets="0 or 1 everywhere",
    written=(
        Written(
            "Prediction",
            "prediction",
            "1 / (1 + exp(-z))",
            "1 / (1 + exp(-{z}))",
            lambda v: (
                1 / (1 + math.exp(-v["z"]))
                if v["z"] >= 0
                else math.exp(v["z"]) / (1 + math.exp(v["z"]))
            ),
        ),
        ERROR,
    ),
    split=(rest, tail),
    costs=("log(1 + exp(z)) - y z", "log(1 + exp({z})) - {y} × {z}"),
)


def logistic(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Logistic regression: ``loss(w) = mean(log(1 + exp(z)) - y z) + l2 / 2 * |w|^2``, z = x @ w.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points.
    y : array_like [n]
        The labels, 0 or 1.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default True
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its ``optimum`` is None where the labels can be separated and l2 = 0: the weights then grow
        without end.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, a label is not 0 or 1, or the lengths
        differ.

    Examples
    --------
    >>> from simopt import problems
    >>> coin = problems.logistic([[1.0], [1.0], [1.0], [1.0]], [1, 1, 1, 0], intercept=False)
    >>> coin.optimum.round(6).tolist()  # log(3)
    [1.098612]
    """
    return make(LOGISTIC, x, y, w0=w0, intercept=intercept, l2=l2, name=name)
