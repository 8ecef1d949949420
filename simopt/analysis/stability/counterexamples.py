"""Counter-examples of the literature: small problems on which a method fails."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt import problems
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.synthetic import wilson as wilson

#: What the three-cycle needs: heavy ball as tuned for curvatures from 1 to 25.
LESSARD_ETA, LESSARD_BETA = Fraction(1, 9), Fraction(4, 9)

__all__ = [
    "adagrad_travel",
    "constant_gradients",
    "lessard_cycle",
    "lessard_gradient",
    "light_cone",
    "wilson_dual",
]


def constant_gradients(gradients: ArrayLike, *, w0: float = 0.0) -> Problem:
    """A problem of one weight whose points have constant gradients.

    Linear losses, for regret and online learning: at batch 1 an epoch plays the gradients in their
    order. A gradient of least squares is ``2 x (x w - y)``; with x = 2^-40 and y = -2^39 g it is g
    to the last bit as long as ``|w| < 2^25 |g|``, since x w is then lost in y. Losses mean nothing
    here.

    Parameters
    ----------
    gradients : array_like [n]
        One a point, none of them 0.
    w0 : float, default 0
        The start.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If a gradient is 0 or not finite.

    Examples
    --------
    >>> import simopt
    >>> problem = constant_gradients([3.0, -1.0, -1.0], w0=1.0)
    >>> [problem.gradient(w, [0]).tolist() for w in (-1.0, 0.3, 1e6)]
    [[3.0], [3.0], [3.0]]
    """
    g = np.atleast_1d(np.asarray(gradients, dtype=np.float64))
    if not (np.isfinite(g) & (g != 0)).all():
        raise checks.refuse("gradients", g.tolist(), "finite numbers other than 0")
    x = np.full(g.shape, 2.0**-40)
    return problems.least_squares(x, -(2.0**39) * g, w0=w0, name="constant gradients")


def wilson_dual(positive: int, negative: int) -> tuple[float, float]:
    r"""The dual weights, per label, of the shortest solution ``w = X^T alpha`` of Wilson's data.

    The data are ``simopt.problems.synthetic.wilson``.

    :math:`\alpha_+ = (4 n_- + 5) / D,\ \alpha_- = -(4 n_+ + 1) / D` with
    :math:`D = 15 n_+ + 3 n_- + 8 n_+ n_- + 5`.

    Parameters
    ----------
    positive, negative : int
        The numbers of points with label 1 and -1.

    Returns
    -------
    (float, float)

    Examples
    --------
    >>> wilson_dual(1, 0)  # one point (1, 1, 1, 1) with label 1
    (0.25, -0.25)
    """
    n, m = checks.whole("positive", positive, 0), checks.whole("negative", negative, 0)
    below = 15 * n + 3 * m + 8 * n * m + 5
    return (4 * m + 5) / below, -(4 * n + 1) / below


def light_cone(d: int, kappa: float) -> Problem:
    r"""A chain of weights in which information travels one weight per update.

    .. math:: f(w) = \tfrac12 (w_1 - 1)^2 + \tfrac12 \sum_i (w_i - w_{i+1})^2
        + \frac{2}{\kappa - 1} |w|^2

    A gradient links neighbours alone: from 0, after k updates at full batch, every weight behind
    the k-th is exactly 0, with any method that moves only where a gradient has been. The optimum is
    :math:`w^*_i = q^i` with :math:`q = (\sqrt\kappa - 1) / (\sqrt\kappa + 1)` (but for the end of
    the chain), and what lies behind the k-th is missing: Nesterov's lower bound on the error.

    Parameters
    ----------
    d : int
        How many weights, >= 2.
    kappa : float
        The condition number as d grows, > 1.

    Returns
    -------
    Problem
        With d points, from 0.

    Raises
    ------
    ValueError
        If d or kappa is out of range.

    References
    ----------
    Y. Nesterov, Introductory lectures on convex optimization (2004), section 2.1.4; G. Goh (2017).

    Examples
    --------
    >>> import simopt
    >>> chain = light_cone(8, 10.0)
    >>> frame = simopt.sweep(chain, simopt.Adam(eta=0.1), batch_size="full", epochs=3)
    >>> [bool(frame[f"w_{k}"][0]) for k in range(8)]
    [True, True, True, False, False, False, False, False]
    """
    d = checks.whole("d", d, 2)
    kappa = checks.number("kappa", kappa, checks.Interval(low=1.0, low_open=True))
    # The mean over d points of squares: each row carries the root of d / 2.
    x = np.sqrt(d / 2) * (np.eye(d) - np.eye(d, k=-1))
    # Row k is w_k - w_(k-1); the first is w_1 - 1.
    y = np.zeros(d)
    y[0] = np.sqrt(d / 2)
    return problems.least_squares(x, y, l2=4 / (kappa - 1), name="light cone")


def lessard_gradient(x: Any) -> Any:
    """The derivative of a smooth, strongly convex function on which heavy ball cycles.

    Slope 25 below 1, 1 from 1 to 2, 25 above: curvatures from 1 to 25 and the minimum at 0. Heavy
    ball at the best setting for these (eta = 1/9, beta = 4/9) ends in a cycle of three points, from
    starts between 3.07 and 3.46 for one.

    Parameters
    ----------
    x : number
        The weight; a ``fractions.Fraction`` gives an exact result.

    Returns
    -------
    number

    References
    ----------
    L. Lessard, B. Recht, A. Packard, SIAM J. Optim. 26 (2016) 57.

    Examples
    --------
    >>> [lessard_gradient(x) for x in (0.5, 1.5, 3.0)]
    [12.5, 25.5, 51.0]
    """
    if x < 1:
        return 25 * x
    return x + 24 if x < 2 else 25 * x - 24


def lessard_cycle() -> tuple[Fraction, Fraction, Fraction]:
    """The cycle of three points of heavy ball on `lessard_gradient`, exactly.

    Heavy ball is ``x'' = x' - eta f'(x') + beta (x' - x)``. On a cycle (p, q, r) with one point
    above 2 and two below 1 the slope is 25 everywhere, and the three equations are linear.

    Returns
    -------
    tuple of Fraction
        The points, in their order.

    Examples
    --------
    >>> [str(point) for point in lessard_cycle()]
    ['792/1225', '-2208/1225', '2592/1225']
    """
    a, b = LESSARD_ETA, LESSARD_BETA
    # after - (1 - 25 a + b) point + b before = 24 a at the point above 2, 0 at the others.
    middle = 1 - 25 * a + b
    rows = [
        # p, q, r; each row is centred on one of them, and r = x[2] is above 2.
        [-middle, Fraction(1), b, Fraction(0)],
        [b, -middle, Fraction(1), Fraction(0)],
        [Fraction(1), b, -middle, 24 * a],
    ]
    for k in range(3):
        pivot = rows[k][k]
        rows[k] = [value / pivot for value in rows[k]]
        for other in range(3):
            if other != k:
                factor = rows[other][k]
                rows[other] = [v - factor * u for v, u in zip(rows[other], rows[k], strict=True)]
    return rows[0][3], rows[1][3], rows[2][3]


def adagrad_travel(updates: ArrayLike) -> NDArray[np.float64]:
    r"""The distance of AdaGrad under equal gradients, in units of eta: :math:`\sum k^{-1/2}`.

    :math:`2 \sqrt t + \zeta(1/2) + 1 / (2 \sqrt t) - 1 / (24 t^{3/2})`, with
    :math:`\zeta(1/2) = -1.4603545`, by Euler and Maclaurin: its steps fade, and its way is endless.

    Parameters
    ----------
    updates : array_like
        t, at least 1.

    Returns
    -------
    ndarray
        Within 10^-9 from t = 100 on; the next term is 1 / (384 t^3.5).

    References
    ----------
    J. Duchi, E. Hazan, Y. Singer, Adaptive subgradient methods for online learning and stochastic
    optimization, JMLR 12 (2011) 2121, for the rule.

    Examples
    --------
    >>> round(0.1 * float(adagrad_travel(10**6)), 9)
    199.854014549
    """
    t = np.asarray(updates, dtype=np.float64)
    if not (t >= 1).all():
        raise checks.refuse("updates", t.tolist(), "numbers >= 1")
    root = np.sqrt(t)
    return np.asarray(2 * root + ZETA_HALF + 1 / (2 * root) - 1 / (24 * t * root))


#: Riemann's zeta at 1/2.
ZETA_HALF = -1.4603545088095868
