"""Decay without an end: powers of one over the number of updates."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.schedules.schedule import Schedule, Terms, make


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


def inverse_time(
    decay_rate: float = 1.0,
    every: int = 1,
    power: float = 1.0,
    *,
    staircase: bool = False,
    per: str = "update",
) -> Schedule:
    r"""Inverse time decay: the rate is divided by one plus a multiple of the time.

    .. math:: \eta_k = \frac{\eta}{(1 + r k / n)^p}

    Parameters
    ----------
    decay_rate : float, default 1
        r, >= 0. ``InverseTimeDecay``'s ``decay_rate``; the ``decay`` of Keras' former optimizers
        and of thinc's ``decaying``; the ``lr_decay`` of PyTorch's ``Adagrad``.
    every : int, default 1
        n, how many counts such a step takes. ``InverseTimeDecay``'s ``decay_steps``.
    power : float, default 1
        p, > 0; 1 in all of those.
    staircase : bool, default False
        Whether k / n is rounded down. ``InverseTimeDecay``'s ``staircase``.
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
    With p = 1/2 and n = s it is what follows the warm-up in transformers'
    ``get_inverse_sqrt_schedule(W, timescale=s)``, there s = W by default:
    ``sequential([linear_warmup(0.0), inverse_time(every=s, power=0.5)], [W])``.

    References
    ----------
    Keras' ``InverseTimeDecay``; ``jax.example_libraries.optimizers.inverse_time_decay``.

    Examples
    --------
    >>> from simopt.schedules import inverse_time
    >>> inverse_time(0.5, every=2).rates(0.1, 4).round(4).tolist()
    [0.1, 0.08, 0.0667, 0.0571]
    """
    return make(inverse_time, _inverse_time, locals())


def _inverse_time(
    k: NDArray[Any], decay_rate: float, every: int, power: float, staircase: bool
) -> Terms:
    time = k // every if staircase else k / every
    return (1.0 + decay_rate * time) ** -power, 0.0


def noam(d_model: int = 512, warmup: int = 4000, *, per: str = "update") -> Schedule:
    r"""The transformer's schedule: `inverse_sqrt` scaled by the width of the model.

    .. math:: \eta_k = \eta\, d^{-1/2} \min\left( t^{-1/2},\; t\, W^{-3/2} \right),
              \qquad t = k + 1

    Parameters
    ----------
    d_model : int, default 512
        d, the paper's ``d_model``.
    warmup : int, default 4000
        W, the count at which the rate is largest, :math:`\eta / \sqrt{d W}`; 0 and 1 mean none. The
        paper's ``warmup_steps``.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. The paper's eta is 1.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    Paddle's ``NoamDecay`` counts t from 0, so that its first update changes nothing:
    ``sequential([constant(0.0), noam(d, W)], [1])``.

    References
    ----------
    A. Vaswani et al., Attention is all you need, NeurIPS 2017, equation 3; named after N. Shazeer.

    Examples
    --------
    >>> from simopt.schedules import noam
    >>> noam(d_model=4, warmup=4).rates(1.0, 6).round(4).tolist()
    [0.0625, 0.125, 0.1875, 0.25, 0.2236, 0.2041]
    """
    return make(noam, _noam, locals())


def _noam(k: NDArray[Any], d_model: int, warmup: int) -> Terms:
    factor, shift = _inverse_sqrt(k, warmup)
    return factor / np.sqrt(d_model), shift


def optimal(alpha: float = 0.0001, *, per: str = "update") -> Schedule:
    r"""scikit-learn's "optimal": rates set by the penalty, whatever eta is.

    .. math:: \eta_k = \frac{1}{\alpha (t_0 + k)}, \qquad t_0 = \alpha^{-3/4}

    Parameters
    ----------
    alpha : float, default 0.0001
        The strength of the penalty, > 0. The ``alpha`` of ``SGDClassifier`` and ``SGDRegressor``,
        which penalise by it too.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. The base rate eta has no effect, as ``eta0`` has none there.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    Notes
    -----
    The first rate is :math:`\alpha^{-1/4}`, 10 at the default alpha: Bottou's guess of a weight's
    size, divided by the loss' slope at minus that weight where this is larger than 1. That slope is
    negative for each of scikit-learn's losses, so nothing is divided.

    References
    ----------
    scikit-learn's ``learning_rate="optimal"``, the default of ``SGDClassifier``; L. Bottou,
    Stochastic gradient descent tricks, in: Neural networks, tricks of the trade, 2012, section 5.2.

    Examples
    --------
    >>> from simopt.schedules import optimal
    >>> optimal().rates(0.1, 3).round(4).tolist()
    [10.0, 9.99, 9.98]
    """
    return make(optimal, _optimal, locals())


def _optimal(k: NDArray[Any], alpha: float) -> Terms:
    first = 1.0 / np.sqrt(np.sqrt(alpha))
    return np.zeros(len(k)), 1.0 / (alpha * (1.0 / (first * alpha) + k))
