"""Step decay: at regular intervals, at milestones, at every update."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.schedules.schedule import Array, Schedule, Terms, make


def step(every: int, gamma: float = 0.1, *, per: str = "update") -> Schedule:
    r"""Step decay: the rate is multiplied by a factor at regular intervals.

    .. math:: \eta_k = \eta\, \gamma^{\lfloor k / n \rfloor}

    Parameters
    ----------
    every : int
        n, how long a rate holds. ``StepLR``'s ``step_size``; the ``transition_steps`` of optax'
        ``exponential_decay`` with ``staircase=True``.
    gamma : float, default 0.1
        What a drop multiplies the rate by, >= 0. ``StepLR``'s ``gamma``, optax' ``decay_rate``.
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
    ``torch.optim.lr_scheduler.StepLR``; A. Krizhevsky, I. Sutskever, G. E. Hinton, ImageNet
    classification with deep convolutional neural networks, NeurIPS 2012, section 5: by hand, by 10.

    Examples
    --------
    >>> from simopt.schedules import step
    >>> step(2).rates(0.1, 5).round(4).tolist()
    [0.1, 0.1, 0.01, 0.01, 0.001]
    """
    return make(step, _step, locals())


def _step(k: NDArray[Any], every: int, gamma: float) -> Terms:
    return _power(gamma, k // every), 0.0


def multi_step(milestones: Sequence[int], gamma: float = 0.1, *, per: str = "update") -> Schedule:
    r"""Step decay at given milestones.

    .. math:: \eta_k = \eta\, \gamma^{\#\{i : m_i \le k\}}

    Parameters
    ----------
    milestones : sequence of int
        m, growing: update ``m_i + 1`` is the first after a drop. ``MultiStepLR``'s ``milestones``,
        the keys of ``boundaries_and_scales`` in optax' ``piecewise_constant_schedule``.
    gamma : float, default 0.1
        What a drop multiplies the rate by, >= 0. ``MultiStepLR``'s ``gamma``.
    per : {"update", "epoch"}
        What k and the milestones count.

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
    ``torch.optim.lr_scheduler.MultiStepLR``; K. He et al., Deep residual learning for image
    recognition, CVPR 2016, section 4.2: by 10 at 32,000 and 48,000 updates.

    Examples
    --------
    >>> from simopt.schedules import multi_step
    >>> multi_step([1, 3]).rates(0.1, 5).round(4).tolist()
    [0.1, 0.01, 0.01, 0.001, 0.001]
    """
    return make(multi_step, _multi_step, locals())


def _multi_step(k: NDArray[Any], milestones: tuple[int, ...], gamma: float) -> Terms:
    return _power(gamma, np.searchsorted(np.array(milestones, np.int64), k, side="right")), 0.0


def exponential(
    gamma: float, every: int = 1, *, floor_factor: float = 0.0, per: str = "update"
) -> Schedule:
    r"""Exponential decay; with gamma > 1 exponential growth, as in a learning-rate range test.

    .. math:: \eta_k = \eta\, \max(\gamma^{k / n}, c)

    Parameters
    ----------
    gamma : float
        What a step multiplies the rate by, >= 0. ``ExponentialLR``'s ``gamma``, optax'
        ``decay_rate``.
    every : int, default 1
        n, how many counts such a step takes. optax' ``transition_steps``.
    floor_factor : float, default 0
        c, below which the rate does not fall, >= 0 [eta]. optax' ``end_value / init_value``, for
        gamma < 1.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. A rate that grows past what float64 holds is infinite.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    ``torch.optim.lr_scheduler.ExponentialLR``; optax' ``exponential_decay``; L. N. Smith, Cyclical
    learning rates for training neural networks, WACV 2017, section 3.3: the range test.

    Examples
    --------
    >>> from simopt.schedules import exponential
    >>> exponential(0.5).rates(0.1, 4).tolist()
    [0.1, 0.05, 0.025, 0.0125]
    """
    return make(exponential, _exponential, locals())


def _exponential(k: NDArray[Any], gamma: float, every: int, floor_factor: float) -> Terms:
    return np.maximum(_power(gamma, k / every), floor_factor), 0.0


def _power(gamma: float, exponent: NDArray[Any]) -> Array:
    """``gamma^exponent``; overflow for gamma > 1 is allowed and gives inf."""
    with np.errstate(over="ignore"):
        powers: Array = np.power(gamma, exponent, dtype=np.float64)
    return powers
