"""Nonconvex test functions: many local minima, two wells, a saddle."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.problems.inputs import numbers
from simopt.problems.own_functions import function
from simopt.problems.problem import Problem

#: Of the terms of a double well: beyond, its own gradient is lost in rounding.
SPREAD = checks.Interval(low=0.0, high=1e6)

#: A slip of three zeros should not fill the memory.
MOST_TERMS = 10_000_000


def bumps(*, w0: float = 6.0, noise: float | None = None) -> Problem:
    r"""One weight, many local minima and one global minimum.

    .. math:: L(w) = 0.2 w^2 + 0.3 \sin(6 w)

    Its local minima lie about :math:`\pi/3 = 1.05` apart, for :math:`|w| < 4.5`: farther out the
    valley is steeper than any bump. From 6, a method with too small steps stops in the first ones.
    Sine and cosine are the machine's own: on another the last bits may differ.

    Parameters
    ----------
    w0 : float, default 6
        The start.
    noise : float, optional
        The variance of the gradient in a batch of one, as in `noisy_quadratic`.

    Returns
    -------
    Problem
        d = 1, without points: an epoch is one update. The optimum is the global minimum,
        w = -0.2524 with loss -0.2868.

    Raises
    ------
    ValueError
        If w0 is no finite number, or noise < 0.

    Examples
    --------
    >>> import simopt
    >>> valley = simopt.problems.bumps()
    >>> frame = simopt.sweep(valley, simopt.Momentum(eta=0.005, beta=[0.0, 0.95]), updates=6000)
    >>> frame[["beta", "distance"]].round(2)
       beta  distance
    0  0.00      4.01
    1  0.95      0.00
    """
    return function(
        _bumps,
        _bumps_slope,
        w0=checks.number("w0", w0),
        noise=noise,
        optimum=_root(_bumps_slope, -0.3, -0.2),
        name="bumps",
    )


def double_well(
    *, tilt: float = 0.1, spread: float = 1.0, terms: int = 8, w0: float | None = None
) -> Problem:
    r"""A double well, as the mean of terms that are tilted to either side.

    .. math:: L(w) = \frac1n \sum_i \left[\tfrac14 (w^2 - 1)^2 + c_i w\right], \qquad
        c_i = \tau + \sigma \left(2 \tfrac{i - 1}{n - 1} - 1\right)

    The c are evenly spaced around the tilt; the wells are near -1 and 1, the lower one on the left
    if the tilt is positive, with a ridge between them that is 1/4 high where there is no tilt. The
    terms' gradients differ by the same amounts everywhere, so that the gradient's noise is that of
    the c alone.

    Parameters
    ----------
    tilt : float, default 0.1
        tau, the mean slope, between -0.38 and 0.38: beyond there is but one well.
    spread : float, default 1
        sigma, >= 0: from the mean to the greatest c.
    terms : int, default 8
        n, from 2 to ten million: the points of the problem.
    w0 : float, optional
        The start; the bottom of the higher well if None, of the right one without tilt.

    Returns
    -------
    Problem
        d = 1; its optimum is the bottom of the lower well, None without tilt.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> import simopt
    >>> wells = simopt.problems.double_well(spread=4.0)
    >>> wells.n, wells.w0.round(3).tolist(), wells.optimum.round(3).tolist()
    (8, [0.946], [-1.047])
    >>> orders = {"epochs": 400, "shuffle": "epoch", "seed": range(40)}
    >>> frame = simopt.sweep(wells, simopt.SGD(eta=[0.01, 0.2]), **orders)
    >>> (frame["w"] < 0).groupby(frame["eta"]).mean().tolist()
    [0.0, 0.75]
    """
    limit = 2 / (3 * math.sqrt(3))
    tau = checks.number("tilt", tilt, checks.Interval(-limit, limit, True, True))
    sigma = checks.number("spread", spread, SPREAD)
    n = checks.whole("terms", terms, 2, MOST_TERMS)
    right = _root(lambda w: w * w * w - w + tau, 1 / math.sqrt(3), 2.0)
    left = _root(lambda w: w * w * w - w + tau, -2.0, -1 / math.sqrt(3))
    lower, higher = (left, right) if tau >= 0 else (right, left)
    return function(
        _well,
        _well_slope,
        w0=higher if w0 is None else checks.number("w0", w0),
        points=tau + sigma * np.linspace(-1.0, 1.0, n),
        optimum=lower if tau else None,
        name="double well",
    )


def saddle(*, w0: ArrayLike = (1.0, 1e-6), noise: ArrayLike | None = None) -> Problem:
    r"""A saddle point between two minima.

    .. math:: L(x, y) = x^2 - \tfrac12 y^2 + \tfrac14 y^4

    At the saddle, (0, 0), the loss is 0, and in the minima, (0, 1) and (0, -1), -1/4. From near
    y = 0 the loss falls to a plateau, stays there while y grows by a factor an update, then drops.

    Parameters
    ----------
    w0 : array_like [2], default (1, 1e-6)
        The start.
    noise : float or array_like [2], optional
        The variance of the gradient in a batch of one, as in `noisy_quadratic`.

    Returns
    -------
    Problem
        d = 2, without points. The optimum is the minimum on the start's side of y = 0 (of the two,
        (0, 1) from y = 0 itself).

    Raises
    ------
    ValueError
        If w0 is not two finite numbers, or noise < 0.

    Examples
    --------
    >>> import simopt
    >>> run = simopt.run(simopt.problems.saddle(), simopt.SGD(eta=0.1), updates=200)
    >>> run.steps["loss"].iloc[[0, 49, 99, 149, 199]].round(4).tolist()
    [0.64, -0.0, -0.0001, -0.2358, -0.25]
    """
    start = np.asarray(numbers("w0", w0))
    if start.shape != (2,):
        raise checks.refuse("w0", w0, "two numbers, x and y")
    side = 1.0 if start[1] >= 0 else -1.0
    return function(
        _saddle, _saddle_slope, w0=start, noise=noise, optimum=[0.0, side], name="saddle"
    )


def _bumps(w: float) -> float:
    return 0.2 * w * w + 0.3 * math.sin(6.0 * w)


def _bumps_slope(w: float) -> float:
    return 0.4 * w + 1.8 * math.cos(6.0 * w)


def _well(w: float, c: float) -> float:
    return 0.25 * (w * w - 1.0) * (w * w - 1.0) + c * w


def _well_slope(w: float, c: float) -> float:
    return w * (w * w - 1.0) + c


def _saddle(x: float, y: float) -> float:
    return x * x - 0.5 * y * y + 0.25 * y * y * y * y


def _saddle_slope(x: float, y: float) -> tuple[float, float]:
    return 2.0 * x, y * y * y - y


def _root(slope: Callable[[float], float], low: float, high: float) -> float:
    """The root of an increasing function, by bisection to the last bit."""
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return middle
