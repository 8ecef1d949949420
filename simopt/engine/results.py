"""What trajectories did: room for it, and how what a kernel returns gets to its rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import blocks, keeping, layout
from simopt.engine.conditions import Conditions
from simopt.engine.grouping import Group, Task
from simopt.ground import memory
from simopt.training.plan import Plan

Array = NDArray[Any]

#: What the engine says of every trajectory, by name.
RAW: dict[str, Callable[[Any], Array]] = {
    "w": lambda out: out.w,
    "loss": lambda out: out.loss,
    "best_loss": lambda out: out.best_loss,
    "peak": lambda out: out.peak,
    "best_at": lambda out: out.counts[layout.BEST_AT],
    "target_at": lambda out: out.counts[layout.TARGET_AT],
    "diverged_at": lambda out: out.counts[layout.DIVERGED_AT],
    "overshoots": lambda out: out.counts[layout.OVERSHOOTS],
}


@dataclass
class Results:
    """What trajectories did, a row each in all arrays; filled as tasks finish.

    Attributes
    ----------
    planned : ndarray [N]
        Updates, unless divergence or the target ends it early.
    raw : dict
        Of the names in `RAW` those asked for: [N], weights [d, N].
    codes : ndarray of int8 [N], optional
        What the reader left of each curve.
    done : ndarray of bool [N]
        Whether it has run.
    offset : ndarray [N]
        Where its records begin in ``recorded_loss`` [records] and ``recorded_w`` [records, d].
    even : bool
        Whether all have as many records.
    stops_at_target : bool
        Whether the target ends a trajectory.
    state : ndarray [rows, N], optional
        Where it stands at the end, in the rows of `keeping`; nan behind the last of its rule's.
    """

    planned: NDArray[np.int64]
    raw: dict[str, Array]
    codes: NDArray[np.int8] | None
    done: NDArray[np.bool_]
    offset: NDArray[np.int64]
    even: bool
    recorded_loss: Array
    recorded_w: Array
    stops_at_target: bool
    state: NDArray[np.float64] | None = None

    @property
    def ended_at(self) -> NDArray[np.int64]:
        """The update at which a trajectory ended early: diverged or at the target; 0 if neither."""
        diverged_at: Array = self.raw["diverged_at"]
        if not self.stops_at_target:
            return diverged_at
        return np.where(diverged_at > 0, diverged_at, self.raw["target_at"])

    @property
    def updates(self) -> NDArray[np.int64]:
        """The updates that every trajectory made."""
        last = self.ended_at
        return np.where(last > 0, last, self.planned)

    @property
    def all_updates(self) -> int:
        """The updates of all trajectories together."""
        last = self.ended_at
        early = np.flatnonzero(last)
        return int(self.planned.sum()) - int((self.planned[early] - last[early]).sum())


def allocate(
    conditions: Conditions, groups: Sequence[Group], names: Collection[str] = tuple(RAW)
) -> Results:
    """Room for the results of some groups, whose rows are 0 to N - 1, every one of them once."""
    rows, d, real = sum(group.size for group in groups), conditions.problem.d, conditions.real
    records, recorded = np.zeros(1, np.int64), 0
    if conditions.record != "summary":
        by_epoch = conditions.record == "epochs"
        records = _per_row(groups, rows, lambda plan: plan.epochs if by_epoch else plan.updates)
        recorded = int(records.sum())
        longest = max(group.plan.epochs for group in groups)
        records_of = f"the records of {rows:,} trajectories of {d:,} weights"
        size = np.dtype(real).itemsize
        memory.check("epochs", longest, 2.0 * recorded * (1 + d), size, what=records_of)
    raw: dict[str, Array] = {}
    for name in names:
        counted = name.endswith("_at") or name == "overshoots"
        shape = (d, rows) if name == "w" else rows
        raw[name] = np.zeros(shape, np.int64) if counted else np.empty(shape, real)
    return Results(
        planned=_per_row(groups, rows, lambda plan: plan.updates),
        raw=raw,
        codes=None if conditions.reader is None else np.zeros(rows, np.int8),
        done=np.zeros(rows, bool),
        offset=np.cumsum(records) - records,
        even=records.strides == (0,),
        recorded_loss=np.empty(recorded, real),
        recorded_w=np.empty((recorded, d), real),
        stops_at_target=groups[0].plan.stop_at_target,
        state=_room_for_state(groups, rows, d),
    )


def _room_for_state(groups: Sequence[Group], rows: int, d: int) -> NDArray[np.float64] | None:
    if not groups[0].plan.keep_state:
        return None
    return np.full((max(keeping.rows(group.rule, d) for group in groups), rows), np.nan)


def _per_row(
    groups: Sequence[Group], rows: int, number: Callable[[Plan], int]
) -> NDArray[np.int64]:
    """A number of every row's plan; where all plans have the same one it is stored once."""
    numbers = [number(group.plan) for group in groups]
    if len({*numbers}) == 1:
        return np.broadcast_to(np.int64(numbers[0]), rows)
    values = np.empty(rows, np.int64)
    for group, each in zip(groups, numbers, strict=True):
        values[group.setting_rows[:, None] + group.seed_rows] = each
    return values


def store(
    task: Task,
    out: layout.Out | layout.Kept,
    results: Results,
    codes: NDArray[np.int8] | None = None,
) -> None:
    """Scatter a task's columns to the rows of the results."""
    if results.recorded_loss.size:
        _store_records(task, out, results)
    for name, target in results.raw.items():
        blocks.scatter(task, RAW[name](out), target)
    if codes is not None and results.codes is not None:
        blocks.scatter(task, codes, results.codes)
    if results.state is not None and isinstance(out, layout.Kept):
        blocks.scatter(task, out.state, results.state[: len(out.state)])
    blocks.scatter(task, np.ones(len(out.loss), bool), results.done)


def _store_records(task: Task, out: layout.Out | layout.Kept, results: Results) -> None:
    if results.even:
        rows, d = len(results.done), out.recorded_w.shape[1]
        blocks.scatter(task, out.recorded_loss, results.recorded_loss.reshape(rows, -1).T)
        by_row = results.recorded_w.reshape(rows, -1, d)
        blocks.scatter(task, out.recorded_w, np.moveaxis(by_row, 0, -1))
        return
    setting, seed, real = task.members()
    row = task.group.setting_rows[setting[real]] + task.group.seed_rows[seed[real]]
    lanes = np.flatnonzero(real)
    places = np.arange(len(out.recorded_loss))[:, None] + results.offset[row]
    results.recorded_loss[places] = out.recorded_loss[:, lanes]
    results.recorded_w[places] = np.moveaxis(out.recorded_w[:, :, lanes], 1, 2)
