"""Schedules made of others: one after the other, one on top of the other, and a common one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.schedules.cosines import half_cosine
from simopt.schedules.schedule import Array, Schedule, Terms, left, make, towards


@dataclass(frozen=True, repr=False)
class Sequential(Schedule):
    """Several schedules, each over its own part of the run."""

    def counted(self, counts: int, batches: int, whole: int) -> Array:
        """The parts' tables side by side."""
        settings = dict(self.settings)
        starts = (0, *settings["milestones"])
        ends = (*settings["milestones"], whole)
        rows = np.empty((2, counts))
        for schedule, start, end in zip(settings["schedules"], starts, ends, strict=True):
            if start < counts:
                stop = min(end, counts)
                rows[:, start:stop] = schedule.rows(stop - start, batches, end - start)
        return rows


def sequential(
    schedules: Sequence[Schedule], milestones: Sequence[int] = (), *, per: str = "update"
) -> Schedule:
    r"""Several schedules in sequence, each counting from its own first update.

    .. math:: \eta_k = \eta^{(i)}_{k - m_i} \quad\text{for}\quad m_i \le k < m_{i+1}

    Parameters
    ----------
    schedules : sequence of Schedule
        The parts. Where a part's own count is None, it takes as long as the part.
    milestones : sequence of int
        m, where the second part begins, the third, and so on: one fewer than there are parts,
        growing. ``SequentialLR``'s ``milestones``, the ``boundaries`` of optax' ``join_schedules``.
    per : {"update", "epoch"}
        What k and the milestones count. With "epoch" the parts count epochs as well; with "update"
        a part that counts epochs counts them from where it begins.

    Returns
    -------
    Schedule
        A frozen value.

    Raises
    ------
    ValueError
        If the numbers of parts and milestones don't fit, or a parameter is out of range.

    Notes
    -----
    A part's eta is the base rate, not the rate that the part before it arrived at.

    References
    ----------
    ``torch.optim.lr_scheduler.SequentialLR``; optax' ``join_schedules``.

    Examples
    --------
    A warm-up over two updates, then down to 0 over what is left of the run:

    >>> from simopt.schedules import linear, linear_warmup, sequential
    >>> warm = sequential([linear_warmup(0.5), linear()], [2])
    >>> warm.rates(0.1, 6).round(3).tolist()
    [0.05, 0.075, 0.1, 0.075, 0.05, 0.025]
    """
    made = make(sequential, None, locals(), Sequential)
    settings = dict(made.settings)
    if len(settings["milestones"]) != len(settings["schedules"]) - 1:
        raise checks.refuse(
            "milestones",
            milestones,
            f"one fewer than the schedules: {len(settings['schedules']) - 1}",
        )
    return made


@dataclass(frozen=True, repr=False)
class Chained(Schedule):
    """Several schedules at once, each with the rate before it as its eta."""

    def counted(self, counts: int, batches: int, whole: int) -> Array:
        """The parts' tables, one put into the other."""
        rows = np.empty((2, counts))
        rows[0], rows[1] = 1.0, 0.0
        for schedule in dict(self.settings)["schedules"]:
            factor, shift = schedule.rows(counts, batches, whole)
            rows *= factor
            rows[1] += shift
        return rows


def chained(schedules: Sequence[Schedule], *, per: str = "update") -> Schedule:
    r"""Several schedules at once: the rate of each is the base rate of the next.

    .. math:: \eta_k = f^{(m)}_k \left( \cdots f^{(2)}_k \left( f^{(1)}_k \eta + h^{(1)}_k \right)
              + h^{(2)}_k \cdots \right) + h^{(m)}_k

    Without floors that is the product of their factors, in any order.

    Parameters
    ----------
    schedules : sequence of Schedule
        The parts, of which the i-th alone would have the rate :math:`f^{(i)}_k \eta + h^{(i)}_k`.
    per : {"update", "epoch"}
        What k counts. With "epoch" the parts count epochs as well.

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
    ``ChainedScheduler`` lets every scheduler change the rate that it finds. For those that multiply
    it (``StepLR``, ``MultiStepLR``, ``ExponentialLR``, ``ConstantLR``, ``LinearLR``,
    ``PolynomialLR`` and, with ``eta_min=0`` until ``T_max``, ``CosineAnnealingLR``) that is the
    product. ``LambdaLR``, ``CosineAnnealingWarmRestarts``, ``CyclicLR`` and ``OneCycleLR`` set a
    rate, whatever they find: there PyTorch drops the factors of the schedules before them, and
    those after them change it by what they change from step to step. That is no product, and not
    this schedule.

    References
    ----------
    ``torch.optim.lr_scheduler.ChainedScheduler``.

    Examples
    --------
    >>> from simopt.schedules import chained, linear_warmup, step
    >>> chained([linear_warmup(0.5, total=2), step(3, gamma=0.1)]).rates(1.0, 5).tolist()
    [0.5, 0.75, 1.0, 0.1, 0.1]
    """
    return make(chained, None, locals(), Chained)


def warmup_stable_decay(
    warmup: int,
    decay: int,
    total: int | None = None,
    *,
    start_factor: float = 0.0,
    floor: float = 0.0,
    floor_factor: float = 0.0,
    shape: str = "cosine",
    per: str = "update",
) -> Schedule:
    r"""WSD: a linear warm-up, a constant rate, and a decay at the end.

    .. math:: \eta_k = \begin{cases} \eta \left( s + (1 - s) k / W \right) & k < W \\
              \eta & W \le k < T - D \\
              e + (\eta - e)\, g\!\left( \dfrac{k - T + D}{D} \right) & T - D \le k < T \\
              e & k \ge T \end{cases}

    with :math:`e = \text{floor} + \text{floor\_factor} \cdot \eta` and g(p) one of 1 - p,
    :math:`(1 + \cos \pi p) / 2` and :math:`1 - \sqrt p`.

    Parameters
    ----------
    warmup : int
        W, >= 0. ``num_warmup_steps``.
    decay : int
        D. ``num_decay_steps``.
    total : int, optional
        T; the whole run by default. ``num_training_steps``. Where it is less than W + D, the decay
        begins when the warm-up ends, and is not over at T.
    start_factor : float, default 0
        s, >= 0 [eta]. transformers' warm-up begins at its ``min_lr_ratio``.
    floor : float, default 0
        The rate at the end, >= 0 [a rate].
    floor_factor : float, default 0
        The same as a share of eta, >= 0 [eta]. ``min_lr_ratio``.
    shape : {"cosine", "linear", "1-sqrt"}
        The shape of the decay. ``decay_type``.
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
    transformers' ``get_wsd_schedule``; S. Hu et al., MiniCPM, arXiv:2404.06395 (2024), section 4;
    A. Hägele et al., Scaling laws and compute-optimal training beyond fixed training durations,
    NeurIPS 2024: shape "1-sqrt".

    Examples
    --------
    >>> from simopt.schedules import warmup_stable_decay
    >>> warmup_stable_decay(2, 4, shape="linear").rates(1.0, 8).tolist()
    [0.0, 0.5, 1.0, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    return make(warmup_stable_decay, _warmup_stable_decay, locals())


def _warmup_stable_decay(
    k: NDArray[Any],
    warmup: int,
    decay: int,
    total: int,
    start_factor: float,
    floor: float,
    floor_factor: float,
    shape: str,
) -> Terms:
    since = np.maximum(k - max(warmup, total - decay), 0)
    still = left(since, decay)
    if shape == "cosine":
        still = half_cosine(still)
    elif shape == "1-sqrt":
        # 1 - sqrt(p) as (1 - p) / (1 + sqrt(p)), which keeps its digits near the end.
        still = still / (1.0 + np.sqrt(np.minimum(since / decay, 1.0)))
    factor, shift = towards(still, floor, floor_factor)
    rising = start_factor * left(k, max(warmup, 1)) + k / max(warmup, 1)
    return np.where(k < warmup, rising, factor), shift
