"""Limit cycles of adaptive rules on one curvature, in closed form.

On ``lambda w^2 / 2`` at a constant rate the divisor of RMSprop and Adam shrinks with the gradient,
so that the effective rate grows until the step is at the edge of what is stable. RMSprop ends in a
cycle of two weights, and Adam bursts around one.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]

PLACES = ("inside", "outside")


def rmsprop_cycle(
    eta: float, curvature: float = 1.0, *, epsilon: float = 0.0, epsilon_place: str = "inside"
) -> float:
    r"""The amplitude of RMSprop's limit cycle of two weights.

    With :math:`\epsilon` outside the root :math:`|w| = \eta / 2 - \epsilon / \lambda`, inside
    :math:`|w| = \sqrt{\eta^2 / 4 - \epsilon / \lambda^2}`: whatever rho is. Where that is not
    positive RMSprop converges to the optimum, which takes :math:`\eta \lambda < 2 \epsilon`
    (outside) or :math:`2 \sqrt \epsilon` (inside). The cycle attracts: its multiplier is
    :math:`\sqrt\rho`.

    Parameters
    ----------
    eta : float
        Learning rate, > 0.
    curvature : float, default 1
        Lambda, the second derivative of the loss, > 0.
    epsilon : float, default 0
        >= 0.
    epsilon_place : {"inside", "outside"}
        Of the root.

    Returns
    -------
    float
        :math:`|w|` on the cycle; 0 where there is none.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> rmsprop_cycle(0.1), rmsprop_cycle(0.1, epsilon=0.01, epsilon_place="outside")
    (0.05, 0.04)
    """
    eta = checks.number("eta", eta, checks.POSITIVE)
    h = checks.number("curvature", curvature, checks.POSITIVE)
    epsilon = checks.number("epsilon", epsilon, checks.NOT_NEGATIVE)
    if checks.choice("epsilon_place", epsilon_place, PLACES) == "outside":
        return max(0.0, eta / 2 - epsilon / h)
    return math.sqrt(max(0.0, eta * eta / 4 - epsilon / h / h))


def adam_cycle(eta: float, beta1: float = 0.9) -> float:
    r"""The amplitude of Adam's cycle of two weights, for :math:`\epsilon = 0`.

    :math:`|w| = \eta (1 - \beta_1) / (2 (1 + \beta_1))`, whatever the curvature and beta2. It lies
    exactly at the limit of a frozen divisor,
    :math:`\eta \lambda / \sqrt v = 2 (1 + \beta_1) / (1 - \beta_1)`.

    Parameters
    ----------
    eta : float
        Learning rate, > 0.
    beta1 : float, default 0.9
        In [0, 1).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    S. Bock, M. Weiss, Non-convergence and limit cycles in the Adam optimizer, ICANN 2019.

    Examples
    --------
    >>> round(1 / adam_cycle(1.0, 0.9), 12)
    38.0
    """
    eta = checks.number("eta", eta, checks.POSITIVE)
    beta1 = checks.number("beta1", beta1, checks.FRACTION)
    return eta * (1 - beta1) / (2 * (1 + beta1))


def adam_multiplier(beta1: float = 0.9, beta2: float = 0.999) -> float:
    r"""The multiplier per update of a small deviation from Adam's cycle: stable below 1.

    The largest modulus of the eigenvalues of S J, with J the Jacobian of an update at the cycle
    (w, m, v) and S the change of sign of w and m, which takes the cycle's one weight to the other.
    The rate and the curvature drop out.

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> adam_multiplier(0.1, 0.999) < 1 < adam_multiplier(0.9, 0.999)
    True
    """
    b1 = checks.number("beta1", beta1, checks.FRACTION)
    b2 = checks.number("beta2", beta2, checks.FRACTION)
    # Curvature and rate 1, the cycle at w = a, where v = a^2 and m, once updated, is 2 a^2.
    a = adam_cycle(1.0, b1)
    jacobian = np.array(
        [
            [1 - 2 * (1 + b1) + 2 * (1 - b2), -b1 / a, b2 / a],
            [1 - b1, b1, 0.0],
            [2 * (1 - b2) * a, 0.0, b2],
        ]
    )
    return float(np.abs(np.linalg.eigvals(np.diag([-1.0, -1.0, 1.0]) @ jacobian)).max())


def adam_critical_beta1(beta2: float = 0.999) -> float:
    r"""The beta1 above which Adam's cycle of two weights is unstable.

    It tends to :math:`3 - 2 \sqrt 2 = 0.1716` as beta2 goes to 1: at the usual settings the cycle
    is there, and Adam does not stay on it.

    Parameters
    ----------
    beta2 : float
        In [0, 1).

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If beta2 is out of range.

    Examples
    --------
    >>> [round(adam_critical_beta1(beta2), 4) for beta2 in (0.5, 0.9, 0.99)]
    [0.228, 0.1806, 0.1724]
    """
    from scipy.optimize import brentq

    checks.number("beta2", beta2, checks.FRACTION)
    scan = np.linspace(0.0, 0.999, 1000)
    unstable = np.array([adam_multiplier(b1, beta2) for b1 in scan]) > 1.0
    first = int(np.argmax(unstable))
    return float(brentq(lambda b1: adam_multiplier(b1, beta2) - 1.0, scan[first - 1], scan[first]))


def adam_step_bound(beta1: float = 0.9, beta2: float = 0.999) -> float:
    r"""The largest possible step of Adam without bias correction, in units of eta.

    .. math:: \frac{|m|}{\sqrt v} \le
        \frac{1 - \beta_1}{\sqrt{1 - \beta_2} \sqrt{1 - \beta_1^2 / \beta_2}}

    By Cauchy and Schwarz, for :math:`\beta_1^2 < \beta_2`; approached by gradients that grow by
    :math:`\beta_2 / \beta_1` an update. The bound of the paper,
    :math:`(1 - \beta_1) / \sqrt{1 - \beta_2}`, is that of a single gradient after zeros.

    Parameters
    ----------
    beta1, beta2 : float
        In [0, 1), beta1^2 < beta2.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    D. P. Kingma, J. Ba (2015), section 2.1, for the smaller bound.

    Examples
    --------
    >>> round(adam_step_bound(), 4), round(0.1 / 0.001**0.5, 4)
    (7.2703, 3.1623)
    """
    b1 = checks.number("beta1", beta1, checks.FRACTION)
    b2 = checks.number("beta2", beta2, checks.FRACTION)
    if not b1 * b1 < b2:
        raise checks.refuse("beta1", beta1, f"below sqrt(beta2) = {math.sqrt(b2):g}")
    return (1 - b1) / (math.sqrt(1 - b2) * math.sqrt(1 - b1 * b1 / b2))
