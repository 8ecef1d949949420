"""Where a trajectory stands between two calls of a kernel, so that the second goes on from there.

The rows of ``state`` [rows, lanes], in float64 whatever the precision: the last loss, the best, the
side of the optimum and the greatest distance; when the best was, the target was reached and the
trajectory diverged, and how often it crossed; the weights; of every state of the rule all weights;
the clock. A kernel that has no use for it is compiled without.

A trajectory's last update is looked at even where no look is due. The one that goes on would not
have looked there, so what that look found is taken back: `note_best` before it, `save` after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine.layout import (
    BEST,
    BEST_AT,
    COUNTED,
    COUNTS,
    DIVERGED_AT,
    LOSS,
    SQUARE,
    TARGET_AT,
)
from simopt.rules.rule import Rule

#: Rows of floating-point marks, which follow each other from `layout.LOSS` on, and of all marks.
FLOATS = SQUARE - LOSS
MARKS = FLOATS + COUNTED

#: What the marks are, row by row.
NAMES = (
    "loss",
    "best_loss",
    "side",
    "peak",
    "best_at",
    "target_at",
    "diverged_at",
    "overshoots",
)


def rows(rule: Rule, d: int) -> int:
    """How many rows there are."""
    return MARKS + d * (1 + len(rule.state)) + len(rule.clock_values)


def empty(rule: Rule, d: int, count: int) -> NDArray[np.float64]:
    """Room for the state of so many trajectories that have not begun."""
    return np.zeros((rows(rule, d), count))


def restore(work, ticks, low, high, saved, column, d, dp, states, first_clock, clocked):
    """Weights, the rule's state and its clock of the lanes, from the columns from ``column`` on."""
    for lane in range(low, high):
        at = column + lane - low
        for k in range(d):
            work[k, lane] = saved[MARKS + k, at]
            for s in range(states):
                work[(2 + s) * dp + k, lane] = saved[MARKS + (1 + s) * d + k, at]
        for c in range(clocked):
            tick = saved[MARKS + (1 + states) * d + c, at]
            ticks[c, lane - low] = tick
            work[first_clock + c, lane] = tick


def restore_marks(work, low, high, base, saved, column):
    """What is watched of the lanes."""
    for lane in range(low, high):
        at = column + lane - low
        for row in range(FLOATS):
            work[base + LOSS + row, lane] = saved[row, at]
        for row in range(COUNTED):
            work[base + COUNTS + row, lane] = saved[FLOATS + row, at]


def save(work, ticks, low, high, saved, column, d, dp, states, first_clock, clocked, apart):
    """The same numbers to those columns; the clock is in ``ticks`` if ``apart``."""
    for lane in range(low, high):
        save_lane(
            work, ticks, lane, lane - low, saved, column + lane - low, d, dp, states, first_clock,
            clocked, apart,
        )  # fmt: skip


def save_ended(call, rows, block, saved, apart, when, at_target):
    """The same of a block's lanes that ended at update ``when``; 0: of those that have not ended.

    A lane that has ended keeps its weights, but its rule's state and clock go on with the others':
    what it leaves is what they were then.
    """
    work, low, base, column = call.work, block.low, rows.base, np.uint64(block.first)
    d, states, clocked = call.data.optimum.shape[0], call.shape.states, call.shape.clocked
    for lane in range(low, block.high):
        ended_at = work[base + COUNTS + DIVERGED_AT, lane]
        if at_target and ended_at == 0:
            ended_at = work[base + COUNTS + TARGET_AT, lane]
        if ended_at == when:
            save_lane(
                work, call.ticks, lane, lane - low, saved, column + lane - low, d, rows.dp, states,
                rows.clock, clocked, apart,
            )  # fmt: skip


def save_lane(work, ticks, lane, own, saved, at, d, dp, states, first_clock, clocked, apart):
    """Of one lane, the block's number ``own``, to column ``at``."""
    for k in range(d):
        saved[MARKS + k, at] = work[k, lane]
        for s in range(states):
            saved[MARKS + (1 + s) * d + k, at] = work[(2 + s) * dp + k, lane]
    for c in range(clocked):
        tick = ticks[c, own] if apart is not None else work[first_clock + c, lane]
        saved[MARKS + (1 + states) * d + c, at] = tick


def save_marks(work, low, high, base, saved, column, taken_back):
    """What is watched; of a look at update ``taken_back`` that was not due all but the loss."""
    for lane in range(low, high):
        at = column + lane - low
        for row in range(FLOATS):
            if taken_back == 0 or row != BEST - LOSS:
                saved[row, at] = work[base + LOSS + row, lane]
        for row in range(COUNTED):
            count = work[base + COUNTS + row, lane]
            if row in (TARGET_AT, DIVERGED_AT):
                saved[FLOATS + row, at] = 0 if count == taken_back else count
            elif taken_back == 0 or row != BEST_AT:
                saved[FLOATS + row, at] = count


def note_best(work, low, high, base, saved, column):
    """The best loss, and when it was, before a look that is not due."""
    for lane in range(low, high):
        at = column + lane - low
        saved[BEST - LOSS, at] = work[base + BEST, lane]
        saved[FLOATS + BEST_AT, at] = work[base + COUNTS + BEST_AT, lane]


NUMERIC: tuple[Callable[..., Any], ...] = (
    restore,
    restore_marks,
    save,
    save_ended,
    save_lane,
    save_marks,
    note_best,
)
