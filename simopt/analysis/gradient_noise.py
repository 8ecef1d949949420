"""How much the gradients of batches vary around the full gradient: exact, not sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.inputs import start
from simopt.problems.problem import check_problem
from simopt.training import plan


def gradient_noise(problem: Problem, batch_size: int | str, w: ArrayLike | None = None) -> float:
    r"""The variance of a batch gradient around the full gradient, summed over the weights.

    .. math:: \operatorname{tr} \operatorname{Cov} g_B
        = \frac{1}{B} \frac{n - B}{n - 1} \, \frac{1}{n} \sum_i |g_i - \bar g|^2

    for a batch of B of the n points drawn without replacement: exact, not sampled. Of a noisy
    quadratic it is the sum of its variances, divided by B.

    Parameters
    ----------
    problem : Problem
        Whose points.
    batch_size : int or "full"
        B, from 1 to n.
    w : float or array_like [d], optional
        Where; the start if None.

    Returns
    -------
    float
        In the square of the gradient's unit; 0 for the full batch.

    Examples
    --------
    >>> from simopt import problems
    >>> [round(gradient_noise(problems.four_points(), b), 2) for b in (1, 2, 4)]
    [189.19, 63.06, 0.0]
    """
    check_problem(problem)
    if problem.noise is not None:
        return batch_variance(batch_size) * float(problem.noise.sum())
    share = batch_variance(batch_size, problem.n)
    gradients = point_gradients(problem, w)
    with np.errstate(over="ignore", invalid="ignore"):
        return share * float(((gradients - gradients.mean(axis=0)) ** 2).sum()) / problem.n


def point_gradients(problem: Problem, w: ArrayLike | None = None) -> NDArray[np.float64]:
    """The gradient of every single point.

    Parameters
    ----------
    problem : Problem
        With points.
    w : array_like [d], optional
        The weights; the start by default.

    Returns
    -------
    ndarray [n, d]
        Their mean over the points is the gradient of the loss.

    Examples
    --------
    >>> from simopt import problems
    >>> point_gradients(problems.four_points())[:, 0].tolist()
    [-16.0, -4.0, -36.0, -1.0]
    """
    where = check_problem(problem).w0 if w is None else start(w, problem.d, "w")
    with np.errstate(over="ignore", invalid="ignore"):
        return problem.point_gradients(where)


def batch_variance(batch_size: int | str, n: int | None = None) -> float:
    r"""The variance of a batch mean relative to that of a single point.

    .. math:: f_B = \frac{1}{B} \frac{n - B}{n - 1} \text{ (without replacement), }
        f_B = \frac{1}{B} \text{ (with)}

    Parameters
    ----------
    batch_size : int or "full"
        B.
    n : int, optional
        How many points there are; None where a batch may hold a point twice, or where there is no
        end of points.

    Returns
    -------
    float
        1 at batch 1; 0 for the full batch.

    Raises
    ------
    ValueError
        If B is not from 1 to n, or n is not positive.

    Examples
    --------
    >>> batch_variance(2), round(batch_variance(2, 6), 12), batch_variance("full", 6)
    (0.5, 0.4, 0.0)
    """
    if n is None:
        return 1.0 / checks.whole("batch_size", batch_size, 1)
    size = plan.check_batch_size(batch_size, checks.whole("n", n, 1))
    return (n - size) / ((n - 1) * size) if n > 1 else 0.0
