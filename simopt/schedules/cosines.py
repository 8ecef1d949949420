"""Cosine schedules: annealing, warm restarts, one cycle."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.rules.frameworks import FRAMEWORKS
from simopt.schedules.schedule import Array, Schedule, Terms, left, make, towards


def half_cosine(share: Array) -> Array:
    """``(1 - cos(pi share)) / 2``: half a cosine from 0 at 0 to 1 at 1.

    Written as a squared sine it keeps its digits near 0, where 1 - cos loses them.
    """
    sine = np.sin(np.pi / 2 * share)
    return sine * sine


def cosine(
    total: int | None = None,
    *,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    power: float = 1.0,
    convention: str = "torch",
    per: str = "update",
) -> Schedule:
    r"""Cosine annealing: the rate falls along half a cosine.

    .. math:: \eta_k = e + (\eta - e) \left( \frac{1 + \cos(\pi k / T)}{2} \right)^p,
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    Past T PyTorch's goes on with the formula, and so up again, to eta at 2 T; optax' stays at e.

    Parameters
    ----------
    total : int, optional
        T; the whole run by default. ``CosineAnnealingLR``'s ``T_max``, optax' ``decay_steps``.
    floor : float, default 0
        The rate at the bottom, >= 0 [a rate]. ``CosineAnnealingLR``'s ``eta_min``.
    floor_factor : float, default 0
        The same as a share of eta, >= 0 [eta]. The ``alpha`` of optax' ``cosine_decay_schedule``.
    power : float, default 1
        p, > 0. optax' ``exponent``.
    convention : str, default "torch"
        Whose: after T the rate rises again (torch, paddle) or stays (optax, mlx).
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
    I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
    equation 5; ``torch.optim.lr_scheduler.CosineAnnealingLR``; optax' ``cosine_decay_schedule``.

    Examples
    --------
    >>> from simopt.schedules import cosine
    >>> cosine(total=4).rates(0.1, 7).round(4).tolist()
    [0.1, 0.0854, 0.05, 0.0146, 0.0, 0.0146, 0.05]
    >>> cosine(total=4, convention="optax").rates(0.1, 7).round(4).tolist()
    [0.1, 0.0854, 0.05, 0.0146, 0.0, 0.0, 0.0]
    """
    return make(cosine, _cosine, locals())


def rises(convention: str) -> bool:
    """Whether the rate goes up again after the end."""
    return FRAMEWORKS[convention].schedules["cosine"] == "rises"


def _cosine(
    k: NDArray[Any], total: int, floor: float, floor_factor: float, power: float, convention: str
) -> Terms:
    if rises(convention):
        k = k % (2 * total)
        k = np.minimum(k, 2 * total - k)
    return towards(half_cosine(left(k, total)) ** power, floor, floor_factor)


def cosine_restarts(
    first: int,
    growth: int = 1,
    gamma: float = 1.0,
    *,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    per: str = "update",
) -> Schedule:
    r"""Cosine annealing with warm restarts: each cycle starts again at eta, or from a lower peak.

    .. math:: \eta_k = e + (\eta - e) \gamma^i \frac{1 + \cos(\pi j / T_i)}{2},
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    with j counted from the last restart, and the i-th fall, from 0, :math:`T_i = T_0 m^i` long.

    Parameters
    ----------
    first : int
        T_0, how long the first fall is. ``CosineAnnealingWarmRestarts``' ``T_0``.
    growth : int, default 1
        m, how many times as long the next one is, >= 1. Its ``T_mult``.
    gamma : float, default 1.0
        What each peak is of the one before, above the floor, in [0, 1]. Keras' ``m_mul``.
    floor : float, default 0
        The rate at the bottom, >= 0 [a rate]. Its ``eta_min``.
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
    I. Loshchilov, F. Hutter, SGDR: stochastic gradient descent with warm restarts, ICLR 2017,
    equation 5; ``torch.optim.lr_scheduler.CosineAnnealingWarmRestarts``; optax'
    ``sgdr_schedule``; ``keras.optimizers.schedules.CosineDecayRestarts``.

    Examples
    --------
    >>> from simopt.schedules import cosine_restarts
    >>> cosine_restarts(2, growth=2).rates(0.1, 7).round(4).tolist()
    [0.1, 0.05, 0.1, 0.0854, 0.05, 0.0146, 0.1]
    """
    made = make(cosine_restarts, _cosine_restarts, locals())
    if gamma > 1.0:
        raise checks.refuse("gamma", gamma, "at most 1: the peaks of cycles do not grow")
    return made


def _cosine_restarts(
    k: NDArray[Any], first: int, growth: int, gamma: float, floor: float, floor_factor: float
) -> Terms:
    if growth == 1:
        fall, since, length = k // first, k % first, np.full(len(k), first)
    else:
        starts, lengths = [0], [first]
        while starts[-1] + lengths[-1] < len(k):
            starts.append(starts[-1] + lengths[-1])
            lengths.append(lengths[-1] * growth)
        fall = np.searchsorted(starts, k, side="right") - 1
        since, length = k - np.array(starts)[fall], np.array(lengths, np.float64)[fall]
    return towards(gamma**fall * half_cosine((length - since) / length), floor, floor_factor)


def one_cycle(
    total: int | None = None,
    *,
    peak_at: float = 0.3,
    start_factor: float = 0.04,
    end_factor: float = 4e-6,
    anneal: str = "cosine",
    three_phase: bool = False,
    convention: str = "torch",
    per: str = "update",
) -> Schedule:
    r"""The one-cycle policy: the rate rises to eta, then falls far below its initial value.

    From :math:`s \eta` up to :math:`\eta` and down to :math:`e \eta`; with three phases back to
    :math:`s \eta` as fast as it rose, then down. From a to b, with p the share of the phase that is
    over,

    .. math:: \eta_k = b + (a - b) \frac{1 + \cos \pi p}{2}
              \quad\text{or}\quad \eta_k = a + (b - a) p

    and b holds after the last. PyTorch's phases end at ``P T - 1`` (``2 P T - 2``) and ``T - 1``,
    not rounded, so that the last update is made at the end; optax' end at P T (2 P T), rounded
    down, and T.

    Parameters
    ----------
    total : int, optional
        T; the whole run by default. ``OneCycleLR``'s ``total_steps``, optax' ``transition_steps``.
    peak_at : float, default 0.3
        P, the share of T after which the rate is eta, in [0, 1], or [0, 0.5] with three phases.
        ``pct_start`` in both.
    start_factor : float, default 0.04
        s, >= 0 [eta]. ``1 / div_factor`` in both.
    end_factor : float, default 4e-06
        e, >= 0 [eta]. ``1 / (div_factor final_div_factor)`` in both.
    anneal : {"cosine", "linear"}
        The shape of a phase. ``OneCycleLR``'s ``anneal_strategy``; optax' ``cosine_`` and
        ``linear_onecycle_schedule``.
    three_phase : bool, default False
        Whether the way down goes by the start. ``OneCycleLR``'s ``three_phase``; optax' linear one
        always has three, the second up to its ``pct_final``.
    convention : str, default "torch"
        Whose: where the phases end (torch and paddle alike, or optax).
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. eta is the largest rate, ``OneCycleLR``'s ``max_lr``; the momentum, which
        ``OneCycleLR`` cycles too by default, stays as it is.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    L. N. Smith, N. Topin, Super-convergence: very fast training of neural networks using large
    learning rates, arXiv:1708.07120 (2017); ``torch.optim.lr_scheduler.OneCycleLR``; optax'
    ``cosine_onecycle_schedule``, ``linear_onecycle_schedule``.

    Examples
    --------
    >>> from simopt.schedules import one_cycle
    >>> one_cycle(peak_at=0.5, anneal="linear").rates(1.0, 8).round(3).tolist()
    [0.04, 0.36, 0.68, 1.0, 0.75, 0.5, 0.25, 0.0]
    """
    made = make(one_cycle, _one_cycle, locals())
    if three_phase and peak_at > 0.5:
        raise checks.refuse("peak_at", peak_at, "at most 0.5 with three phases")
    return made


def _one_cycle(
    k: NDArray[Any],
    total: int,
    peak_at: float,
    start_factor: float,
    end_factor: float,
    anneal: str,
    three_phase: bool,
    convention: str,
) -> Terms:
    if FRAMEWORKS[convention].schedules["one_cycle"] == "last update":
        ends = [peak_at * total - 1, 2 * peak_at * total - 2, total - 1]
    else:
        ends = [int(peak_at * total), int(2 * peak_at * total), total]
    corners = [start_factor, 1.0, start_factor, end_factor]
    if not three_phase:
        del ends[1], corners[2]
    factor = np.empty(len(k))
    waiting = np.ones(len(k), bool)
    start = 0.0
    for phase, end in enumerate(ends):
        # The last phase takes the rest: at its end, and after it, nothing is left.
        here = waiting & (k <= end) if phase < len(ends) - 1 else waiting
        if end > start:
            over = np.minimum((k[here] - start) / (end - start), 1.0)
            still = np.maximum((end - k[here]) / (end - start), 0.0)
        else:
            over, still = np.ones(1), np.zeros(1)
        if anneal == "cosine":
            over, still = half_cosine(over), half_cosine(still)
        factor[here] = corners[phase] * still + corners[phase + 1] * over
        waiting = waiting & ~here
        start = end
    return factor, 0.0
