"""A sweep in parts: a job, cut into chunks, each of which any worker can do alone.

A chunk is a range of every axis of one optimizer. Which chunks there are depends on the job and on
nothing else, not on threads, workers or what was done before, so that a sweep can be stopped,
resumed and distributed, and comes out the same to the bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any

import numpy as np

from simopt.engine import layout
from simopt.engine.conditions import Conditions
from simopt.engine.grouping import Group, cost
from simopt.sweeps import axes
from simopt.sweeps.axes import Axes, Ranges
from simopt.sweeps.reduction.request import Reduce

#: Rows of a table that one chunk makes at most: some 100 MB in memory, half a second to write.
ROWS = 2**19

#: Trajectories that one chunk reduces at most, where its groups are no larger.
REDUCED = 2**21

#: Members of the groups of one chunk at most; larger groups are read in pieces, and more than once.
WHOLE = 2**24

#: Updates of one chunk at most, counted as `cost` does: a fifth of a second of work, so that
#: progress shows and little is lost.
CHUNK_UPDATES = 200_000_000

#: A sweep has so many chunks or more, to keep all workers busy, unless they would have fewer
#: updates than this, and making them would take as long as doing them.
FEWEST, FEW_UPDATES = 16, 5_000_000

#: Groups that take longer than so many chunks are done by all workers together.
PATIENCE = 16

#: Settings that a chunk has at least before it has more than one seed or plan: eight blocks that
#: share an order.
SETTINGS = 1024


@dataclass(frozen=True, eq=False, kw_only=True)
class Job(Conditions):
    """Everything that a chunk's trajectories need, checked: what is swept, and under what.

    ``limit`` is the loss that ``divergence`` times the initial loss comes to.
    """

    axes: tuple[Axes, ...]
    divergence: float | None = None
    reduce: Reduce | None = None

    @cached_property
    def groups(self) -> list[Group]:
        """All of its trajectories by plan."""
        return axes.all_groups(self.axes, self.problem)

    def __getstate__(self) -> dict[str, Any]:
        # Axes say as much in less.
        return {key: each for key, each in super().__getstate__().items() if key != "groups"}

    def reduced(self, part: Axes) -> tuple[bool, ...]:
        """For every axis whether it is summarised over."""
        over = () if self.reduce is None else self.reduce.over
        return tuple(name in over for name in part.names)


@dataclass(frozen=True)
class Chunk:
    """A range of every axis of one of the job's optimizers."""

    number: int
    part: int
    ranges: Ranges

    @property
    def size(self) -> int:
        """How many trajectories."""
        return prod(last - first for first, last in self.ranges)

    def of(self, job: Job) -> Axes:
        """The axes of its trajectories alone."""
        return job.axes[self.part].within(self.ranges)


@dataclass(frozen=True)
class Picked(Chunk):
    """Some values of every axis of a chunk, each by its index on the job's axis."""

    picked: tuple[Sequence[int], ...]

    @property
    def size(self) -> int:
        """How many trajectories."""
        return prod(map(len, self.picked))

    def of(self, job: Job) -> Axes:
        """The axes of its trajectories alone."""
        return job.axes[self.part].at(self.picked)


class Chunks(Sequence[Chunk]):
    """All chunks of a job, made one by one as they are indexed."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.tiles = [_tile(job, part) for part in job.axes]
        self.counts = [
            [-(-length // size) for length, size in zip(part.lengths, tile, strict=True)]
            for part, tile in zip(job.axes, self.tiles, strict=True)
        ]

    @property
    def total(self) -> int:
        """How many, however many: ``len`` has a limit."""
        return sum(map(prod, self.counts))

    def __len__(self) -> int:
        return self.total

    def __getitem__(self, number: Any) -> Any:
        if not 0 <= number < len(self):
            raise IndexError(number)
        part, within = 0, int(number)
        while within >= prod(self.counts[part]):
            within -= prod(self.counts[part])
            part += 1
        place = np.unravel_index(within, self.counts[part])
        tile, lengths = self.tiles[part], self.job.axes[part].lengths
        ranges = tuple(
            (int(at) * size, min((int(at) + 1) * size, length))
            for at, size, length in zip(place, tile, lengths, strict=True)
        )
        return Chunk(int(number), part, ranges)

    def split(self, part: int) -> bool:
        """Whether an optimizer's groups are read in pieces."""
        return _split(self.job, self.job.axes[part])

    def held(self, part: int) -> bool:
        """Whether what is read of a chunk in pieces is held until all have been read."""
        return _held(self.job, self.job.axes[part])

    def pieces(self, chunk: Chunk) -> list[Chunk]:
        """The chunk in parts, each of which has a share of every group."""
        part = chunk.of(self.job)
        reduced = self.job.reduced(part)
        groups = rows_of(self.job, part)
        tile = [1 if over else n for n, over in zip(part.lengths, reduced, strict=True)]
        limit = min(REDUCED, _most(self.job, part))
        hypers = len(part.hyper)
        inwards = [k for k in reversed(range(len(tile))) if reduced[k]]
        _grow(tile, part.lengths, [k for k in inwards if k < hypers], max(limit, groups))
        _grow(tile, part.lengths, inwards, max(limit, groups))
        counts = [-(-n // size) for n, size in zip(part.lengths, tile, strict=True)]
        return [
            Chunk(
                chunk.number,
                chunk.part,
                tuple(
                    (low + at * size, min(low + (at + 1) * size, high))
                    for (low, high), at, size in zip(chunk.ranges, place, tile, strict=True)
                ),
            )
            for place in np.ndindex(*counts)
        ]

    def rows(self, chunk: Chunk) -> dict[str, Any]:
        """Where the chunk's rows are in the table, as `simopt.sweeps.store.Store.open` has it."""
        if self.job.record != "summary":
            return {}
        before = self.job.axes[: chunk.part]
        offset = sum(rows_of(self.job, part) for part in before)
        part = self.job.axes[chunk.part]
        lengths, ranges = kept(self.job, part, part.lengths), kept(self.job, part, chunk.ranges)
        sizes = [high - low for low, high in ranges]
        # From the last axis inwards: all of it, then a range, then a single value of the others.
        k = len(sizes)
        while k > 0 and sizes[k - 1] == lengths[k - 1]:
            k -= 1
        if all(size == 1 for size in sizes[: max(k - 1, 0)]):
            first = offset + sum(
                low * step for (low, _), step in zip(ranges, axes.row_steps(lengths), strict=True)
            )
            return {"rows": [first, first + prod(sizes)]}
        return {"offset": offset, "lengths": lengths, "box": [list(each) for each in ranges]}


def kept(job: Job, part: Axes, values: Sequence[Any]) -> list[Any]:
    """Of values of every axis those of the axes that are not summarised over."""
    return [v for v, over in zip(values, job.reduced(part), strict=True) if not over]


def rows_of(job: Job, part: Axes) -> int:
    """The rows of an optimizer's part of a table of record "summary"."""
    return prod(kept(job, part, part.lengths))


def _grow(tile: list[int], lengths: Sequence[int], order: Sequence[int], limit: int) -> None:
    """Make a tile larger, axis after axis, while it has at most ``limit`` combinations."""
    for k in order:
        room = limit // max(1, prod(tile) // tile[k])
        tile[k] = max(tile[k], min(lengths[k], room))


def _most(job: Job, part: Axes) -> int:
    """Trajectories of a chunk at most, for the sake of its time."""
    dearest = max(cost(job.problem, plan) for _, plan in axes.plans(part, job.problem))
    share = max(part.size // FEWEST, FEW_UPDATES // dearest)
    return max(1, min(share, CHUNK_UPDATES // dearest))


def _split(job: Job, part: Axes) -> bool:
    """Groups too large to hold, or that would keep one worker long while others wait."""
    return job.reduce is not None and (
        not _held(job, part) or _least(job, part) > PATIENCE * _most(job, part)
    )


def _held(job: Job, part: Axes) -> bool:
    return _least(job, part) <= WHOLE


def _least(job: Job, part: Axes) -> int:
    """The trajectories of groups that fill a block of lanes."""
    members = part.size // rows_of(job, part)
    return members * min(prod(map(len, part.hyper)), layout.lanes(job.real))


def _tile(job: Job, part: Axes) -> list[int]:
    """How many values of every axis a chunk has."""
    lengths, hypers = part.lengths, len(part.hyper)
    tile = [1] * len(lengths)
    inwards = list(reversed(range(len(lengths))))
    settings = [k for k in inwards if k < hypers]
    most = _most(job, part)
    if job.reduce is not None:
        reduced = job.reduced(part)
        kept = [k for k in inwards if not reduced[k]]
        kept_settings = [k for k in kept if k < hypers]
        lanes = layout.lanes(job.real)
        if _split(job, part):
            _grow(tile, lengths, kept_settings, lanes)
            return [n if over else t for n, t, over in zip(lengths, tile, reduced, strict=True)]
        tile = [n if over else 1 for n, over in zip(lengths, reduced, strict=True)]
        members = prod(tile)
        limit = max(min(REDUCED, most), min(members * lanes, WHOLE))
        _grow_blocks(tile, lengths, kept_settings, limit, hypers, lanes)
        _grow(tile, lengths, kept, limit)
        return tile
    if job.record != "summary":
        records = [
            plan.epochs if job.record == "epochs" else plan.updates
            for _, plan in axes.plans(part, job.problem)
        ]
        _grow(tile, lengths, inwards, max(1, min(ROWS // max(records), most)))
        return tile
    limit = min(ROWS, most)
    _grow(tile, lengths, settings, min(SETTINGS, limit))
    _grow(tile, lengths, inwards, limit)
    return tile


def _grow_blocks(
    tile: list[int],
    lengths: Sequence[int],
    order: Sequence[int],
    limit: int,
    hypers: int,
    lanes: int,
) -> None:
    """The same for settings, so that they fill whole blocks of lanes as well as can be."""
    for k in order:
        others = prod(tile) // tile[k]
        settings = prod(tile[:hypers]) // tile[k]
        room = max(1, min(lengths[k], limit // max(1, others)))
        if room == lengths[k]:
            tile[k] = room
            continue
        counts = np.arange(1, room + 1)
        used = counts * settings
        fill = used / (-(-used // lanes) * lanes)
        tile[k] = int(counts[np.flatnonzero(fill >= fill.max() - 0.02)[-1]])
