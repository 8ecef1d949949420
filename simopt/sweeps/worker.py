"""What a worker does: the trajectories of a chunk, and the rows that come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.engine import blocks, devices, layout
from simopt.sweeps import axes, readers
from simopt.sweeps import results as frames
from simopt.sweeps.axes import Axes
from simopt.sweeps.chunks import Chunk, Chunks, Job
from simopt.sweeps.reduction.summaries import summarise
from simopt.training.plan import Plan

#: Updates of all lanes of a call whose curves are read: their losses and weights by epoch, which
#: are there till then, take 10 to 100 MB.
DIAGNOSED_UPDATES = 1_000_000


def compute(job: Job, chunk: Chunk, pulse: NDArray[np.int64] | None = None) -> pd.DataFrame | None:
    """The rows of a chunk: of its trajectories, or of their summaries. None if stopped.

    ``attrs`` has the number of trajectories and of the updates that they made.
    """
    part = job.axes[chunk.part].within(chunk.box)
    if job.reduce is None:
        ran = _run(job, part, frames.wanted(job.diagnosis), None, pulse)
        if ran is None:
            return None
        planned, results = ran
        frame = table(job, [part], planned, results)
        updates = frames.updates_made(planned, results, part.stop_at_target)
    else:
        found = _values(job, part, pulse)
        if found is None:
            return None
        values, diverged, reached, updates = found
        summaries = summarise(values, diverged, reached, job.reduce.quantiles)
        frame = reduced_frame(job, part, summaries)
    frame.attrs = {"trajectories": chunk.size, "updates": updates}
    return frame


def table(
    job: Job, parts: Sequence[Axes], planned: NDArray[np.int64], results: frames.Results
) -> pd.DataFrame:
    """The rows of some trajectories, as the job has them recorded."""
    keys = axes.keys(parts, job.axes, job.order is not None, job.problem)
    stops = job.axes[0].stop_at_target
    if job.record == "summary":
        return frames.table(keys, planned, job.problem, results, stops)
    batches = axes.per_plan(parts, job.problem, lambda how: how.batches)
    kept = frames.lived(planned, results, stops)
    return frames.long_table(keys, kept, batches, job.problem, results, job.record)


def read(
    job: Job, piece: Chunk, reading: Callable[..., Any], pulse: NDArray[np.int64] | None = None
) -> Any:
    """What one reading takes from a piece of groups that are too large for a chunk."""
    part = job.axes[piece.part].within(piece.box)
    values = _values(job, part, pulse)
    return None if values is None else (reading(*values[:-1]), values[-1])


def reduced_frame(job: Job, part: Axes, summaries: dict[str, Any]) -> pd.DataFrame:
    """The rows of groups: what their members have in common, and their summaries."""
    box = tuple(
        (0, 1 if gone else length)
        for length, gone in zip(part.lengths, job.reduced(part), strict=True)
    )
    keys = axes.keys([part.within(box)], job.axes, job.order is not None, job.problem)
    over = () if job.reduce is None else job.reduce.over
    kept = {name: column for name, column in keys.items() if name not in over}
    return pd.DataFrame(kept | summaries, copy=False)


def _values(
    job: Job, part: Axes, pulse: NDArray[np.int64] | None
) -> tuple[dict[str, Any], Any, Any, int] | None:
    """The columns to reduce [members, groups], who diverged, who reached the target, updates."""
    assert job.reduce is not None
    reduced = job.reduced(part)
    made = frames.columns(job.problem, part.stop_at_target)
    needs = {"diverged_at", *(["target_at"] if job.target is not None else [])}
    needs |= {need for name in job.reduce.columns for need in made[name][0]}
    ran = _run(job, part, tuple(needs - {"planned"}), reduced, pulse)
    if ran is None:
        return None
    planned, results = ran
    raw = {**results.raw, "planned": planned}
    groups = prod(n for n, gone in zip(part.lengths, reduced, strict=True) if not gone)
    shape = (part.size // groups, groups)
    values = {}
    for name in job.reduce.columns:
        column = made[name][1](job.problem, raw)
        if isinstance(column, pd.arrays.IntegerArray):
            column = column.to_numpy(np.float64, na_value=np.nan)
        if name == "loss":
            # Who left the numbers must not make the statistics better.
            column[np.isnan(column)] = np.inf
        values[name] = np.asarray(column, np.float64).reshape(shape)
    diverged = (raw["diverged_at"] > 0).reshape(shape)
    reached = None if job.target is None else (raw["target_at"] > 0).reshape(shape)
    made_updates = frames.updates_made(planned, results, part.stop_at_target)
    return values, diverged, reached, made_updates


def _run(
    job: Job,
    part: Axes,
    wanted: Sequence[str],
    reduced: tuple[bool, ...] | None,
    pulse: NDArray[np.int64] | None,
) -> tuple[NDArray[np.int64], frames.Results] | None:
    """All trajectories of a part, one task after the other.

    In the order of the table; or, with ``reduced``, group beside group and member after member.
    """
    steps = axes.row_steps(part.lengths)
    if reduced is not None:
        kept = [n if not gone else 1 for n, gone in zip(part.lengths, reduced, strict=True)]
        over = [n if gone else 1 for n, gone in zip(part.lengths, reduced, strict=True)]
        groups = prod(kept)
        steps = [
            s * groups if gone else k
            for s, k, gone in zip(axes.row_steps(over), axes.row_steps(kept), reduced, strict=True)
        ]
    grouped = list(axes.groups(part, job.problem, steps))
    planned = np.broadcast_to(np.int64(grouped[0].plan.updates), part.size)
    if len(grouped) > 1:
        planned = planned.copy()
        for group in grouped:
            planned[group.setting_rows[:, None] + group.seed_rows] = group.plan.updates
    records = {"summary": None, "epochs": None, "steps": planned}[job.record]
    if job.record == "epochs":
        records = axes.per_plan([part], job.problem, lambda how: how.epochs)
    results = frames.allocate(part.size, job.problem.d, job.real, wanted, records)
    pulse = np.zeros(2, np.int64) if pulse is None else pulse
    run, out = runner(job), None
    for group in grouped:
        for task in tasks(job, group):
            data = _moments(job, group.plan) if task.points == "moments" else job.data
            out = run(task, data, *job.settings(group.plan), pulse, out)
            if pulse[0]:
                return None
            frames.store(task, out, results)
    return planned, results


@lru_cache(maxsize=2)
def _moments(job: Job, how: Plan) -> layout.Data:
    """The data with the moments of a plan's batches, which chunk after chunk has a use for."""
    return blocks.with_moments(job.data, how)


def runner(job: Job) -> Callable[..., layout.Out]:
    """What runs a task: ``f(task, data, *job.settings(plan), pulse, before) -> Out``."""
    compute = devices.compute(job.device)
    if not job.diagnosis:
        return compute
    return readers.reader("diagnosis").reading(job, compute)  # type: ignore[no-any-return]


def tasks(job: Job, group: blocks.Group) -> Iterator[blocks.Task]:
    """The calls of a kernel for a group."""
    updates = devices.TASK_TRAJECTORIES[job.device] * group.plan.updates
    if job.diagnosis:
        updates = DIAGNOSED_UPDATES
    return iter(blocks.tasks(group, job.problem, job.real, updates, job.order is not None))


def prepare(job: Job) -> None:
    """Compile every kernel that the job needs, or load it from disk, without running it."""
    if job.reduce is not None:
        nothing = np.zeros((1, 1), bool)
        summarise({"loss": np.zeros((1, 1))}, nothing, nothing, job.reduce.quantiles)
    if job.device != "cpu":
        return
    seen = set()
    for part in _corners(job):
        for group in axes.groups(part, job.problem):
            task = next(tasks(job, group))
            kind = group.rule, task.points, blocks.extras_of(group.plan)
            if kind not in seen:
                seen.add(kind)
                blocks.compiled(job.problem, task, job.real)


def _corners(job: Job) -> Iterator[Axes]:
    """Of every optimizer the first and the last chunk, or piece of one, but with every plan.

    These are all shapes: the others have as many settings as the first.
    """
    cut = Chunks(job)
    start = 0
    for part, counts in zip(job.axes, cut.counts, strict=True):
        every = [(0, length) for length in part.lengths]
        for number in {start, start + prod(counts) - 1}:
            chunk = cut[number]
            pieces = cut.pieces(chunk) if cut.split(chunk.part) else [chunk]
            for piece in (pieces[0], pieces[-1]):
                box = list(piece.box)
                for k, name in enumerate(part.names):
                    if k >= len(part.hyper) and name != "seed":
                        box[k] = every[k]
                yield part.within(tuple(box))
        start += prod(counts)
