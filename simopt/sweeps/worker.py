"""What a worker does: the trajectories of a chunk, and what is read of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.engine import blocks, devices, packing, run, tiers
from simopt.engine.grouping import Group
from simopt.engine.results import RAW, Results, allocate
from simopt.sweeps import axes, outcomes, tables
from simopt.sweeps.axes import Axes
from simopt.sweeps.chunks import Chunk, Chunks, Job
from simopt.sweeps.outcomes import Outcome
from simopt.sweeps.reduction.summaries import summarise

#: Jobs of more trajectories are not searched for kernels that need not be compiled whole.
MOST_SMALL = 2_000_000


def compute(job: Job, chunk: Chunk, pulse: NDArray[np.int64] | None = None) -> Outcome | None:
    """What comes of a chunk: of its trajectories, or of their summaries. None if stopped."""
    part = chunk.of(job)
    if job.reduce is None:
        results = _run(job, part, tuple(RAW), None, pulse)
        return None if results is None else outcomes.of_results(results)
    members = _members(job, part, pulse)
    if members is None:
        return None
    values, diverged, reached, updates = members
    summaries = summarise(values, diverged, reached, job.reduce.quantiles)
    return Outcome(summaries, chunk.size, updates)


def read(
    job: Job, piece: Chunk, reading: Callable[..., Any], pulse: NDArray[np.int64] | None = None
) -> Any:
    """What one reading takes from a piece of groups that are too large for a chunk."""
    members = _members(job, piece.of(job), pulse)
    return None if members is None else (reading(*members[:-1]), members[-1])


def _members(
    job: Job, part: Axes, pulse: NDArray[np.int64] | None
) -> tuple[dict[str, Any], Any, Any, int] | None:
    """The columns to reduce [members, groups], who diverged, who reached the target, updates."""
    assert job.reduce is not None
    reduced = job.reduced(part)
    columns = tables.columns(job.problem)
    needs = {"diverged_at", *(["target_at"] if job.target is not None else [])}
    needs |= {need for name in job.reduce.columns for need in columns[name][0]}
    results = _run(job, part, tuple(needs), reduced, pulse)
    if results is None:
        return None
    groups = prod(n for n, over in zip(part.lengths, reduced, strict=True) if not over)
    shape = (part.size // groups, groups)
    values = {}
    for name in job.reduce.columns:
        column = columns[name][1](job.problem, results)
        if isinstance(column, pd.arrays.IntegerArray):
            column = column.to_numpy(np.float64, na_value=np.nan)
        if name == "loss":
            # A NaN loss counts as +inf, so that overflow cannot improve a mean or quantile.
            column[np.isnan(column)] = np.inf
        values[name] = np.asarray(column, np.float64).reshape(shape)
    diverged = (results.raw["diverged_at"] > 0).reshape(shape)
    reached = None if job.target is None else (results.raw["target_at"] > 0).reshape(shape)
    return values, diverged, reached, results.all_updates


def _run(
    job: Job,
    part: Axes,
    names: Sequence[str],
    reduced: tuple[bool, ...] | None,
    pulse: NDArray[np.int64] | None,
) -> Results | None:
    """All trajectories of a part, one task after the other; None if stopped.

    In the order of the table; or, with ``reduced``, group beside group and member after member.
    """
    steps = axes.row_steps(part.lengths)
    if reduced is not None:
        kept = [1 if over else n for n, over in zip(part.lengths, reduced, strict=True)]
        members = [n if over else 1 for n, over in zip(part.lengths, reduced, strict=True)]
        steps = [
            member * prod(kept) if over else group
            for member, group, over in zip(
                axes.row_steps(members), axes.row_steps(kept), reduced, strict=True
            )
        ]
    groups = list(axes.groups(part, job.problem, steps))
    results = allocate(job, groups, names)
    return results if run.fill(job, groups, results, pulse=pulse) else None


def prepare(job: Job, parts: Iterable[Axes] | None = None) -> None:
    """Compile the kernels for parts of a job, or all of it, or load them from disk.

    Nothing runs. Kernels that the whole job is too small for are left out.
    """
    if job.reduce is not None:
        nothing = np.zeros((1, 1), bool)
        summarise({"loss": np.zeros((1, 1))}, nothing, nothing, job.reduce.quantiles)
    if job.device != "cpu":
        return
    seen: set[Any] = set()
    small: dict[Any, float] = {}
    beside: dict[Any, float] = {}
    groups: Iterable[Group]
    if parts is None:
        groups = job.groups
    else:
        groups = [group for part in parts for group in axes.groups(part, job.problem)]
    if sum(part.size for part in job.axes) <= MOST_SMALL:
        # The groups of a job that runs in chunks are not kept: there may be very many.
        every = job.groups if parts is None else axes.all_groups(job.axes, job.problem)
        small, beside = tiers.ways(job, every)
        # Few of a part's seeds may share orders where all of the job's don't: another kernel.
        known = {tiers.compiled(job, group) for group in every}
        others = [group for group in groups if tiers.compiled(job, group) not in known]
        for chosen, more in zip((small, beside), tiers.ways(job, others), strict=True):
            chosen |= more
    for group in groups:
        if tiers.kernel(job, group) in small:
            continue
        updates = devices.TASK_TRAJECTORIES["cpu"] * group.plan.updates
        task = job.tasks(group, updates, apart=tiers.compiled(job, group) in beside)[0]
        kernel = group.rule, task.points, packing.extras_of(group.plan)
        if kernel not in seen:
            seen.add(kernel)
            blocks.compiled(job.problem, task, job.real)


def prepare_chunks(chunks: Chunks) -> None:
    """Compile every kernel that the chunks of a job need."""
    prepare(chunks.job, _corners(chunks))


def _corners(chunks: Chunks) -> Iterator[Axes]:
    """Of every optimizer the first and the last chunk, or piece of one, but with every plan.

    These are all shapes: the others have as many settings as the first.
    """
    start = 0
    for part, counts in zip(chunks.job.axes, chunks.counts, strict=True):
        every = [(0, length) for length in part.lengths]
        for number in {start, start + prod(counts) - 1}:
            chunk = chunks[number]
            pieces = chunks.pieces(chunk) if chunks.split(chunk.part) else [chunk]
            for piece in (pieces[0], pieces[-1]):
                ranges = list(piece.ranges)
                for k, name in enumerate(part.names):
                    if k >= len(part.hyper) and name != "seed":
                        ranges[k] = every[k]
                yield part.within(tuple(ranges))
        start += prod(counts)
