"""Polynomial and power-law decay."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.schedules.schedule import Schedule, Terms, left, make, towards


def linear(
    total: int | None = None,
    *,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    per: str = "update",
) -> Schedule:
    r"""Linear decay: `polynomial` with power 1.

    .. math:: \eta_k = e + (\eta - e) \left( 1 - \frac{\min(k, T)}{T} \right),
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    Parameters
    ----------
    total : int, optional
        T; the whole run by default. optax' ``transition_steps``.
    floor : float, default 0
        The rate at the end, >= 0 [a rate]. The ``end_value`` of optax' ``linear_schedule``.
    floor_factor : float, default 0
        The same as a share of eta, >= 0 [eta].
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    optax' ``linear_schedule``; ``torch.optim.lr_scheduler.PolynomialLR``.

    Examples
    --------
    >>> from simopt.schedules import linear
    >>> linear(total=4, floor=0.02).rates(0.1, 6).round(3).tolist()
    [0.1, 0.08, 0.06, 0.04, 0.02, 0.02]
    """
    return make(linear, _linear, locals())


def _linear(k: NDArray[Any], total: int, floor: float, floor_factor: float) -> Terms:
    return towards(left(k, total), floor, floor_factor)


def polynomial(
    total: int | None = None,
    power: float = 1.0,
    *,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    per: str = "update",
) -> Schedule:
    r"""Polynomial decay: the rate falls with a power of the share of updates that is left.

    .. math:: \eta_k = e + (\eta - e) \left( 1 - \frac{\min(k, T)}{T} \right)^p,
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    Parameters
    ----------
    total : int, optional
        T; the whole run by default. ``PolynomialLR``'s ``total_iters``, there 5 by default; optax'
        ``transition_steps``.
    power : float, default 1
        p, > 0. ``power`` in both.
    floor : float, default 0
        The rate at the end, >= 0 [a rate]. The ``end_value`` of optax' ``polynomial_schedule``.
    floor_factor : float, default 0
        The same as a share of eta, >= 0 [eta].
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    ``torch.optim.lr_scheduler.PolynomialLR``; optax' ``polynomial_schedule``; L.-C. Chen et al.,
    DeepLab, IEEE TPAMI 40 (2018) 834, section 4: power 0.9.

    Examples
    --------
    >>> from simopt.schedules import polynomial
    >>> polynomial(total=4, power=2).rates(0.1, 5).round(5).tolist()
    [0.1, 0.05625, 0.025, 0.00625, 0.0]
    """
    return make(polynomial, _polynomial, locals())


def _polynomial(
    k: NDArray[Any], total: int, power: float, floor: float, floor_factor: float
) -> Terms:
    return towards(left(k, total) ** power, floor, floor_factor)


def inverse_sqrt(warmup: int = 0, *, per: str = "update") -> Schedule:
    r"""Inverse square root decay, optionally after a linear warm-up.

    .. math:: \eta_k = \eta \min\left( t^{-1/2},\; t\, W^{-3/2} \right), \qquad t = k + 1

    Parameters
    ----------
    warmup : int, default 0
        W, the count at which the rate is largest, :math:`\eta / \sqrt W`; 0 and 1 mean none. The
        paper's ``warmup_steps``; its eta is :math:`d_{model}^{-1/2}`.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    Where a library names the largest rate, eta is that times :math:`\sqrt W`.

    References
    ----------
    A. Vaswani et al., Attention is all you need, NeurIPS 2017, section 5.3. Without warm-up it is
    the :math:`\alpha_t = \alpha / \sqrt t` of the regret bounds of AdaGrad and Adam.

    Examples
    --------
    >>> from simopt.schedules import inverse_sqrt
    >>> inverse_sqrt().rates(0.1, 4).round(4).tolist()
    [0.1, 0.0707, 0.0577, 0.05]
    >>> inverse_sqrt(warmup=4).rates(1.0, 6).round(3).tolist()
    [0.125, 0.25, 0.375, 0.5, 0.447, 0.408]
    """
    return make(inverse_sqrt, _inverse_sqrt, locals())


def _inverse_sqrt(k: NDArray[Any], warmup: int) -> Terms:
    t = k + 1
    return np.where(t < warmup, t / max(warmup, 1) ** 1.5, 1.0 / np.sqrt(t)), 0.0


def inverse_scaling(power: float = 0.25, *, per: str = "update") -> Schedule:
    r"""Inverse scaling: the rate falls with a power of the number of updates.

    .. math:: \eta_k = \eta\, t^{-p}, \qquad t = k + 1

    Parameters
    ----------
    power : float, default 0.25
        p, > 0. The ``power_t`` of scikit-learn's ``SGDRegressor``; its ``eta0`` is eta.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    scikit-learn's ``learning_rate="invscaling"``, the default of ``SGDRegressor``; H. Robbins,
    S. Monro, A stochastic approximation method, Ann. Math. Statist. 22 (1951) 400: SGD converges
    for 1/2 < p <= 1.

    Examples
    --------
    >>> from simopt.schedules import inverse_scaling
    >>> inverse_scaling(1).rates(0.12, 4).round(3).tolist()
    [0.12, 0.06, 0.04, 0.03]
    """
    return make(inverse_scaling, _inverse_scaling, locals())


def _inverse_scaling(k: NDArray[Any], power: float) -> Terms:
    return (k + 1.0) ** -power, 0.0
