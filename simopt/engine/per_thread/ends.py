"""Where trajectories end, and where one stands that another goes on from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simopt.engine import keeping
from simopt.engine.keeping import FLOATS
from simopt.engine.layout import BEST_AT, DIVERGED_AT, OVERSHOOTS, TARGET_AT
from simopt.engine.per_thread.rows import Rows
from simopt.rules.rule import Rule


class Ends(NamedTuple):
    """Where trajectories end, a column each; a part of `layout.Out`."""

    w: np.ndarray  # [d, trajectories]
    loss: np.ndarray  # [trajectories]
    best_loss: np.ndarray  # [trajectories]
    peak: np.ndarray  # [trajectories]
    counts: np.ndarray  # [COUNTED, trajectories]


class KeptEnds(NamedTuple):
    """`Ends`, and where trajectories stand; a part of `layout.Kept`."""

    w: np.ndarray
    loss: np.ndarray
    best_loss: np.ndarray
    peak: np.ndarray
    counts: np.ndarray
    state: np.ndarray  # [rows of `keeping`, trajectories]
    begun: int


class Marks(NamedTuple):
    """What is watched of a trajectory; of what is counted, 0 means never."""

    loss: Any
    best: Any
    side: Any  # of the optimum: -1, 0 or 1
    peak: Any  # the greatest distance from it; of several weights, its square
    best_at: Any
    target_at: Any
    diverged_at: Any
    overshoots: Any


def write(ends, column, work, shown, d, marks):
    """Where a trajectory ends, to its column."""
    for k in range(d):
        ends.w[k, column] = work[shown + k, 0]
    ends.loss[column] = marks.loss
    ends.best_loss[column] = marks.best
    ends.peak[column] = marks.peak
    ends.counts[BEST_AT, column] = marks.best_at
    ends.counts[TARGET_AT, column] = marks.target_at
    ends.counts[DIVERGED_AT, column] = marks.diverged_at
    ends.counts[OVERSHOOTS, column] = marks.overshoots


def standing(
    rule: Rule, real: Any, rows: Rows, d: int
) -> tuple[Callable[..., Marks], Callable[..., None]]:
    """What brings a trajectory back to where it stood, and what keeps where it stands.

    Returns
    -------
    restored : callable
        ``f(work, ticks, saved, column)``: the marks; weights, state and clock are set.
    keep : callable
        ``f(work, ticks, saved, column, marks)``.
    """
    states, clocked = len(rule.state), len(rule.clock_values)
    dp, first_clock = rows.dp, rows.clock
    restore, save, apart = keeping.restore, keeping.save, True

    def restored(work, ticks, saved, column):
        restore(work, ticks, 0, 1, saved, column, d, dp, states, first_clock, clocked)
        return Marks(
            real(saved[0, column]),
            real(saved[1, column]),
            real(saved[2, column]),
            real(saved[3, column]),
            int(saved[FLOATS + BEST_AT, column]),
            int(saved[FLOATS + TARGET_AT, column]),
            int(saved[FLOATS + DIVERGED_AT, column]),
            int(saved[FLOATS + OVERSHOOTS, column]),
        )

    def keep(work, ticks, saved, column, marks):
        save(work, ticks, 0, 1, saved, column, d, dp, states, first_clock, clocked, apart)
        saved[0, column], saved[1, column] = marks.loss, marks.best
        saved[2, column], saved[3, column] = marks.side, marks.peak
        saved[FLOATS + BEST_AT, column] = marks.best_at
        saved[FLOATS + TARGET_AT, column] = marks.target_at
        saved[FLOATS + DIVERGED_AT, column] = marks.diverged_at
        saved[FLOATS + OVERSHOOTS, column] = marks.overshoots

    return restored, keep
