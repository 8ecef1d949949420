"""Triangles: rates that rise and fall along straight lines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.schedules.schedule import Schedule, Terms, make, towards


def cyclic(
    up: int,
    down: int | None = None,
    *,
    mode: str = "triangular",
    gamma: float = 1.0,
    floor: float = 0.0,
    floor_factor: float = 0.25,
    per: str = "update",
) -> Schedule:
    r"""Cyclical rates: from a floor up to eta and down again, over and over.

    .. math:: \eta_k = e + (\eta - e)\, s_k\, g_k,
              \qquad e = \text{floor} + \text{floor\_factor} \cdot \eta

    with :math:`s_k` from 0 to 1 in u counts and back in d, and :math:`g_k` 1 ("triangular"),
    :math:`2^{-i}` in cycle i from 0 ("triangular2"), or :math:`\gamma^k` ("exp_range").

    Parameters
    ----------
    up : int
        u. ``CyclicLR``'s ``step_size_up``, there 2000 by default.
    down : int, optional
        d; as u by default. ``CyclicLR``'s ``step_size_down``.
    mode : {"triangular", "triangular2", "exp_range"}
        What becomes of the peaks. ``CyclicLR``'s ``mode``.
    gamma : float, default 1
        What every count multiplies the height by with "exp_range", in [0, 1]. ``CyclicLR``'s
        ``gamma``.
    floor : float, default 0
        The rate at the bottom, >= 0 [a rate]. ``CyclicLR``'s ``base_lr``, with floor_factor 0.
    floor_factor : float, default 0.25
        The same as a share of eta, >= 0 [eta]. The paper's advice: a third or a quarter.
    per : {"update", "epoch"}
        What k counts.

    Returns
    -------
    Schedule
        A frozen value. eta is the largest rate, ``CyclicLR``'s ``max_lr``; the momentum, which
        ``CyclicLR`` cycles too by default, stays as it is.

    Raises
    ------
    ValueError
        If a parameter is out of range.

    References
    ----------
    L. N. Smith, Cyclical learning rates for training neural networks, WACV 2017;
    ``torch.optim.lr_scheduler.CyclicLR``.

    Examples
    --------
    >>> from simopt.schedules import cyclic
    >>> cyclic(2, mode="triangular2", floor_factor=0.0).rates(0.1, 9).tolist()
    [0.0, 0.05, 0.1, 0.05, 0.0, 0.025, 0.05, 0.025, 0.0]
    """
    made = make(cyclic, _cyclic, locals())
    if gamma > 1.0:
        raise checks.refuse("gamma", gamma, "at most 1: the peaks of cycles do not grow")
    return made


def _cyclic(
    k: NDArray[Any],
    up: int,
    down: int | None,
    mode: str,
    gamma: float,
    floor: float,
    floor_factor: float,
) -> Terms:
    down = down or up
    since = k % (up + down)
    share = np.where(since <= up, since / up, (up + down - since) / down)
    if mode == "triangular2":
        share = share * 0.5 ** (k // (up + down))
    elif mode == "exp_range":
        share = share * np.power(gamma, k, dtype=np.float64)
    return towards(share, floor, floor_factor)


def slanted_triangular(
    total: int | None = None,
    *,
    peak_at: float = 0.1,
    floor: float = 0.0,
    floor_factor: float = 1 / 32,
    per: str = "update",
) -> Schedule:
    r"""One triangle: a short way up to eta, a long way down.

    .. math:: \eta_k = e + (\eta - e)\, p_k,
              \qquad p_k = \begin{cases} k / c & k < c \\
              1 - \dfrac{k - c}{c (1 / P - 1)} & k \ge c \end{cases},
              \qquad c = \lfloor P T \rfloor

    and :math:`e = \text{floor} + \text{floor\_factor} \cdot \eta`, where it stays.

    Parameters
    ----------
    total : int, optional
        T; the whole run by default.
    peak_at : float, default 0.1
        P, the share of T after which the rate is eta, in [0, 1]; the paper's ``cut_frac``. With 0.5
        both ways are as long.
    floor : float, default 0
        The rate at both ends, >= 0 [a rate].
    floor_factor : float, default 1/32
        The same as a share of eta, >= 0 [eta]. One over the paper's ``ratio``.
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
    As c is rounded down, the way down may end a little before T. Where c is 0, it begins at eta and
    takes T. thinc's counts from 1, and falls below 0 after T.

    References
    ----------
    J. Howard, S. Ruder, Universal language model fine-tuning, ACL 2018, equation 3.

    Examples
    --------
    >>> from simopt.schedules import slanted_triangular
    >>> slanted_triangular(10, peak_at=0.2, floor_factor=0.0).rates(1.0, 7).round(3).tolist()
    [0.0, 0.5, 1.0, 0.875, 0.75, 0.625, 0.5]
    """
    return make(slanted_triangular, _slanted_triangular, locals())


def _slanted_triangular(
    k: NDArray[Any], total: int, peak_at: float, floor: float, floor_factor: float
) -> Terms:
    cut = math.floor(total * peak_at)
    end = cut / peak_at if cut else total
    rising = k / max(cut, 1)
    falling = np.maximum(end - k, 0.0) / (end - cut) if end > cut else 1.0 * (k == cut)
    return towards(np.where(k < cut, rising, falling), floor, floor_factor)
