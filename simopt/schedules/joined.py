"""Sequences of schedules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simopt.ground import checks
from simopt.schedules.schedule import Array, Schedule, make


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
