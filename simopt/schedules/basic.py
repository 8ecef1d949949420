"""Constant, linear warm-up and explicitly given schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.schedules.schedule import Schedule, Terms, left, make


def constant(factor: float = 1.0, total: int | None = None, *, per: str = "update") -> Schedule:
    r"""A constant rate, optionally multiplied by a factor for the first updates.

    .. math:: \eta_k = \begin{cases} f \eta & k < T \\ \eta & k \ge T \end{cases}

    Parameters
    ----------
    factor : float, default 1
        f, >= 0 [eta]. ``ConstantLR``'s ``factor``, there 1/3 by default.
    total : int, optional
        T, how long the factor holds; the whole run by default. ``ConstantLR``'s ``total_iters``,
        there 5 by default.
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
    ``torch.optim.lr_scheduler.ConstantLR``; optax' ``constant_schedule``.

    Examples
    --------
    >>> from simopt.schedules import constant
    >>> constant(0.5, total=2).rates(0.1, 4).tolist()
    [0.05, 0.05, 0.1, 0.1]
    """
    return make(constant, _constant, locals())


def _constant(k: NDArray[Any], factor: float, total: int) -> Terms:
    return np.where(k < total, factor, 1.0), 0.0


def linear_warmup(
    start_factor: float = 1 / 3,
    total: int | None = None,
    *,
    end_factor: float = 1.0,
    per: str = "update",
) -> Schedule:
    r"""A linear ramp from one multiple of eta to another, constant after it.

    .. math:: \eta_k = \eta \left( s + (e - s) \frac{\min(k, T)}{T} \right)

    Parameters
    ----------
    start_factor : float, default 1/3
        s, >= 0 [eta]. ``LinearLR``'s ``start_factor``; ``init_value / peak_value`` of optax'
        ``warmup_constant_schedule``. With 0 the first update changes nothing.
    total : int, optional
        T, how long the way is; the whole run by default, or the whole part in a `sequential`.
        ``LinearLR``'s ``total_iters``, there 5 by default; optax' ``warmup_steps``.
    end_factor : float, default 1
        e, >= 0 [eta]. ``LinearLR``'s ``end_factor``.
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
    The first update is made at ``s eta`` and the T-th one step short of the end: ``e eta`` is
    reached by update T + 1, as in PyTorch, Keras and optax.

    References
    ----------
    P. Goyal et al., Accurate, large minibatch SGD, arXiv:1706.02677 (2017), section 2.2.

    Examples
    --------
    >>> from simopt.schedules import linear_warmup
    >>> linear_warmup(0.2, total=4).rates(1.0, 6).round(3).tolist()
    [0.2, 0.4, 0.6, 0.8, 1.0, 1.0]
    """
    return make(linear_warmup, _linear_warmup, locals())


def _linear_warmup(k: NDArray[Any], start_factor: float, total: int, end_factor: float) -> Terms:
    # Weighted like this, both ends are met to the bit.
    return start_factor * left(k, total) + end_factor * (np.minimum(k, total) / total), 0.0


def factors(values: Sequence[float] | ArrayLike, *, per: str = "update") -> Schedule:
    r"""Explicit multiples of eta, one per update or epoch; the last is kept.

    .. math:: \eta_k = \eta f_{\min(k, n - 1)}

    Parameters
    ----------
    values : sequence of float
        f, n numbers >= 0 [eta].
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. Its name holds all the numbers.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    What a function is to ``torch.optim.lr_scheduler.LambdaLR``.

    Examples
    --------
    >>> from simopt.schedules import factors
    >>> factors([1, 0.5, 0.1], per="epoch").rates(0.1, 8, batches=2).round(3).tolist()
    [0.1, 0.1, 0.05, 0.05, 0.01, 0.01, 0.01, 0.01]
    """
    return make(factors, _factors, locals())


def _factors(k: NDArray[Any], values: tuple[float, ...]) -> Terms:
    return np.array(values)[np.minimum(k, len(values) - 1)], 0.0
