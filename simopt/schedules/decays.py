"""Straight lines and polynomials down to a floor."""

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
    cycle: bool = False,
    per: str = "update",
) -> Schedule:
    r"""Polynomial decay: the rate falls with a power of the share of updates that is left.

    .. math:: \eta_k = e + (\eta - e) \left( 1 - \frac{\min(k, T)}{T} \right)^p,
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    In cycles T is replaced by its first multiple that is not less than k, so that the rate jumps up
    behind every multiple, each time less high.

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
    cycle : bool, default False
        Whether it goes on in cycles after T. The ``cycle`` of Keras' and Paddle's
        ``PolynomialDecay``.
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
    ``torch.optim.lr_scheduler.PolynomialLR``; optax' ``polynomial_schedule``; Keras'
    ``PolynomialDecay``, whose floor is 0.0001 by default; L.-C. Chen et al., DeepLab, IEEE TPAMI 40
    (2018) 834, section 4: power 0.9.

    Examples
    --------
    >>> from simopt.schedules import polynomial
    >>> polynomial(total=4, power=2).rates(0.1, 5).round(5).tolist()
    [0.1, 0.05625, 0.025, 0.00625, 0.0]
    >>> polynomial(total=4, cycle=True).rates(1.0, 7).tolist()
    [1.0, 0.75, 0.5, 0.25, 0.0, 0.375, 0.25]
    """
    return make(polynomial, _polynomial, locals())


def _polynomial(
    k: NDArray[Any], total: int, power: float, floor: float, floor_factor: float, cycle: bool
) -> Terms:
    if cycle:
        # Rounded up in whole numbers: a quotient of floats may miss a multiple.
        end = total * np.maximum(-(-k // total), 1)
        return towards(((end - k) / end) ** power, floor, floor_factor)
    return towards(left(k, total) ** power, floor, floor_factor)
