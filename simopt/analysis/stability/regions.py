"""Stability limits, rates and best settings of linear methods on one curvature.

Everything depends on ``a = eta lambda``, rate times curvature (the second derivative of the loss),
and on beta.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]

#: Method to the largest a, as a function of beta.
LIMITS: dict[str, Callable[[Floats], Floats]] = {
    "SGD": lambda b: 2.0 + 0.0 * b,
    "Momentum": lambda b: 2.0 + 2.0 * b,
    "Nesterov": lambda b: (2.0 + 2.0 * b) / (1.0 + 2.0 * b),
    "EMA momentum": lambda b: (2.0 + 2.0 * b) / (1.0 - b),
}


def limit(method: str, beta: ArrayLike = 0.0) -> Floats:
    r"""The stability limit of a = eta lambda on one curvature.

    ====================  ========================================
    method                limit
    ====================  ========================================
    SGD                   :math:`2`
    Momentum              :math:`2 + 2 \beta`
    Nesterov              :math:`(2 + 2 \beta) / (1 + 2 \beta)`
    EMA momentum          :math:`(2 + 2 \beta) / (1 - \beta)`
    ====================  ========================================

    Parameters
    ----------
    method : {"SGD", "Momentum", "Nesterov", "EMA momentum"}
        The last takes a fading mean of gradients, as Adam does:
        ``m <- beta m + (1 - beta) g``, ``w <- w - eta m``.
    beta : array_like, default 0
        Momentum, in [0, 1).

    Returns
    -------
    ndarray
        Of beta's shape.

    Raises
    ------
    ValueError
        If the method is none of these or a beta is out of range.

    References
    ----------
    B. T. Polyak (1964); G. Goh, Why momentum really works, Distill (2017); J. Cohen et al.,
    Adaptive gradient methods at the edge of stability (2022), for the last.

    Examples
    --------
    >>> [round(float(limit(method, 0.9)), 4) for method in LIMITS]
    [2.0, 3.8, 1.3571, 38.0]
    """
    return LIMITS[checks.choice("method", method, LIMITS)](_betas(beta))


def rate(method: str, a: ArrayLike, beta: ArrayLike = 0.0) -> Floats:
    r"""The asymptotic contraction factor per update on one curvature.

    The largest modulus of the roots of :math:`z^2 - (1 - a + \beta) z + \beta` (Momentum),
    :math:`z^2 - (1 + \beta)(1 - a) z + \beta (1 - a)` (Nesterov) or, for a fading mean, Momentum's
    at :math:`(1 - \beta) a`.

    Parameters
    ----------
    method : {"SGD", "Momentum", "Nesterov", "EMA momentum"}
        As in `limit`.
    a : array_like
        Rate times curvature, >= 0.
    beta : array_like, default 0
        Momentum, in [0, 1); not SGD's.

    Returns
    -------
    ndarray
        Of the shape to which a and beta broadcast.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    Between its two double roots Momentum contracts by sqrt(beta), whatever the rate:

    >>> rate("Momentum", [0.5, 1.0, 2.0], 0.81).round(12).tolist()
    [0.9, 0.9, 0.9]
    """
    checks.choice("method", method, LIMITS)
    curvatures, betas = checks.numbers("a", a, checks.NOT_NEGATIVE), _betas(beta)
    try:
        a, b = np.broadcast_arrays(curvatures, betas)
    except ValueError:
        allowed = f"of a shape that fits that of a, {curvatures.shape}"
        raise checks.refuse("beta", beta, allowed) from None
    if method == "SGD":
        return np.asarray(np.abs(1.0 - a))
    if method == "Nesterov":
        trace, determinant = (1.0 + b) * (1.0 - a), b * (1.0 - a)
    else:
        trace, determinant = 1.0 - (a if method == "Momentum" else (1.0 - b) * a) + b, b
    with np.errstate(over="ignore"):
        inside = trace * trace / 4.0 - determinant
    real = np.abs(trace) / 2.0 + np.sqrt(np.maximum(inside, 0.0))
    return np.where(inside < 0, np.sqrt(np.maximum(determinant, 0.0)), real)


def critical_beta(a: ArrayLike) -> Floats:
    r"""The beta at which Momentum contracts fastest on one curvature: :math:`(1 - \sqrt a)^2`.

    Its two roots are then equal, and the rate is :math:`|1 - \sqrt a|`.

    Parameters
    ----------
    a : array_like
        Rate times curvature, in [0, 4).

    Returns
    -------
    ndarray

    Raises
    ------
    ValueError
        If an a is out of range.

    Examples
    --------
    >>> float(critical_beta(0.01).round(12)), float(rate("Momentum", 0.01, 0.81).round(6))
    (0.81, 0.9)
    """
    a = checks.numbers("a", a, checks.Interval(low=0.0, high=4.0, high_open=True))
    return np.asarray((1.0 - np.sqrt(a)) ** 2)


def optimal(mu: float, L: float) -> pd.DataFrame:
    r"""The optimal settings for curvatures from mu to L, and their contraction rates.

    With :math:`\kappa = L / \mu`:

    ==================  =================================  ===============================
    method              rate                               reached at
    ==================  =================================  ===============================
    gradient descent    :math:`(\kappa-1)/(\kappa+1)`      :math:`\eta = 2 / (L + \mu)`
    heavy ball          :math:`(\sqrt\kappa-1)`            :math:`\eta = 4 / (\sqrt L +
                        :math:`/ (\sqrt\kappa+1)`          \sqrt\mu)^2`, :math:`\beta` = rate²
    Nesterov, standard  :math:`1 - 1 / \sqrt\kappa`        :math:`\eta = 1 / L`
    Nesterov, tuned     :math:`1 - 2 / \sqrt{3 \kappa+1}`  :math:`\eta = 4 / (3 L + \mu)`
    ==================  =================================  ===============================

    The standard setting is good for all strongly convex functions, not best on quadratic ones.

    Parameters
    ----------
    mu, L : float
        The least and the largest curvature, 0 < mu <= L.

    Returns
    -------
    DataFrame
        The columns method, optimizer, eta, beta, rate (per update).

    Raises
    ------
    ValueError
        If mu or L is out of range.

    References
    ----------
    B. T. Polyak (1964); Y. Nesterov, Introductory lectures on convex optimization (2004);
    L. Lessard, B. Recht, A. Packard, Analysis and design of optimization algorithms via integral
    quadratic constraints, SIAM J. Optim. 26 (2016) 57, table 1.

    Examples
    --------
    >>> optimal(1.0, 100.0)[["method", "beta", "rate"]].round(6)
                   method      beta      rate
    0    gradient descent  0.000000  0.980198
    1          heavy ball  0.669421  0.818182
    2  Nesterov, standard  0.818182  0.900000
    3     Nesterov, tuned  0.793275  0.884722
    """
    mu = checks.number("mu", mu, checks.POSITIVE)
    L = checks.number("L", L, checks.POSITIVE)
    if mu > L:
        raise checks.refuse("L", L, f"at least mu={mu:g}")
    root = math.sqrt(L / mu)
    tuned = math.sqrt(3 * L / mu + 1)
    heavy = (root - 1) / (root + 1)
    rows = [
        ("gradient descent", "SGD", 2 / (L + mu), 0.0, (L - mu) / (L + mu)),
        ("heavy ball", "Momentum", 4 / (math.sqrt(L) + math.sqrt(mu)) ** 2, heavy**2, heavy),
        ("Nesterov, standard", "Nesterov", 1 / L, heavy, 1 - 1 / root),
        ("Nesterov, tuned", "Nesterov", 4 / (3 * L + mu), (tuned - 2) / (tuned + 2), 1 - 2 / tuned),
    ]
    return pd.DataFrame(rows, columns=["method", "optimizer", "eta", "beta", "rate"])


def _betas(beta: ArrayLike) -> Floats:
    return checks.numbers("beta", beta, checks.FRACTION)
