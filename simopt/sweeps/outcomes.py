"""What came of chunks: bare arrays on their way from a worker, and the table they fill at home.

Which trajectory a row is, the axes say; so workers send results alone, and the columns of keys are
made once, for the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.engine.results import Results, allocate
from simopt.sweeps import axes, tables
from simopt.sweeps.axes import Axes, Ranges
from simopt.sweeps.chunks import Chunk, Job, kept, rows_of

Array = NDArray[Any]

#: Of `Results`, besides ``raw``, what trajectories may leave.
EXTRA = ("codes", "state")
RECORDS = ("recorded_loss", "recorded_w")


@dataclass(frozen=True)
class Outcome:
    """What came of a chunk.

    Attributes
    ----------
    columns : dict of ndarray
        What its trajectories left, by the names of `simopt.engine.results.Results`, or summaries
        of its groups. The last axis has the rows, or one value that all rows share; the first axis
        of records has theirs.
    trajectories, updates : int
        How many were made.
    """

    columns: dict[str, Array]
    trajectories: int
    updates: int


def of_results(results: Results) -> Outcome:
    """What trajectories that have run left."""
    extra = [*EXTRA, *(RECORDS if results.recorded_loss.size else ())]
    others = {name: getattr(results, name) for name in extra}
    there = {name: values for name, values in others.items() if values is not None}
    return Outcome(results.raw | there, len(results.done), results.all_updates)


def compact(outcome: Outcome) -> Outcome:
    """The same in fewer bytes: whole numbers in the smallest type that holds all of a column."""
    return replace(outcome, columns={n: _smallest(v) for n, v in outcome.columns.items()})


def _smallest(values: Array) -> Array:
    if values.dtype.kind != "i" or not values.size:
        return values
    low, high = values.min(), values.max()
    if low == high:
        values = values[..., :1]
    types = (np.int8, np.int16, np.int32, np.int64)
    fits = (t for t in types if np.iinfo(t).min <= low and high <= np.iinfo(t).max)
    return values.astype(next(fits))


class Table:
    """The table of some parts of a job, with room for every row from the start."""

    def __init__(self, job: Job, parts: Sequence[Axes]) -> None:
        self.job, self.parts = job, parts
        self.firsts = np.cumsum([0, *(rows_of(job, part) for part in parts)])
        if job.reduce is None:
            self.results = allocate(job, axes.all_groups(parts, job.problem))
            self.done = self.results.done
        else:
            self.summaries: dict[str, Array] = {}
            self.done = np.zeros(self.firsts[-1], bool)

    def fill(self, outcome: Outcome, part: int, ranges: Ranges) -> None:
        """Put what came of ranges of a part's axes into their rows."""

        def put(target: Array, values: Array) -> None:
            grid = target[..., first:last].reshape(*target.shape[:-1], *lengths)
            index: Any = (..., *slices)
            box = grid[index]
            box[...] = values.reshape(box.shape) if values.size == box.size else values

        job, axis = self.job, self.parts[part]
        first, last = self.firsts[part : part + 2]
        lengths = kept(job, axis, axis.lengths)
        slices = [slice(*each) for each in kept(job, axis, ranges)]
        columns = outcome.columns
        if job.reduce is None:
            targets = self.results.raw | {n: getattr(self.results, n) for n in EXTRA}
            rows = np.ravel_multi_index([each.start for each in slices], lengths)
            begin = self.results.offset[first + rows] if set(RECORDS) & set(columns) else 0
        else:
            targets = self.summaries
            for name, values in columns.items():  # whose order is the table's
                if name not in targets:
                    kind = np.int64 if values.dtype.kind == "i" else values.dtype
                    targets[name] = np.empty(self.firsts[-1], kind)
        for name, values in columns.items():
            if name in RECORDS:
                # Of trajectories whose rows follow each other; see `Chunks.rows`.
                getattr(self.results, name)[begin : begin + len(values)] = values
            elif name == "state":
                put(targets[name][: len(values)], values)
            else:
                put(targets[name], values)
        put(self.done, np.ones(1, bool))

    def frame(self) -> pd.DataFrame:
        """The rows that are there."""
        if self.job.reduce is None:
            return tables.table(self.job, self.parts, self.results)
        frame = tables.reduced_table(self.job, self.parts, self.summaries)
        return frame if self.done.all() else frame[self.done]


def frame_of(job: Job, chunk: Chunk, outcome: Outcome) -> pd.DataFrame:
    """The rows of a chunk."""
    part = chunk.of(job)
    table = Table(job, [part])
    table.fill(outcome, 0, tuple((0, length) for length in part.lengths))
    return table.frame()
