"""The same statistics of groups too large to hold: exact quantiles in several readings.

A reading goes through all pieces of the groups; nothing of a piece is kept but a few numbers. The
first gives moments, and how many values fall into each of some bins: all doubles whose leading bits
agree. A quantile's rank then lies in a known bin. The next reading looks into that bin alone: at
the values themselves if they are few, else at its own bins by the next bits, and so on. Sixteen
bits and then twenty at a time are at most four readings; two do for some million values a group,
spread as losses are. With many groups at once a later reading tells fewer bits apart, and there may
be one more: what is kept has a limit for all of them together. A bin that holds one value only,
however often, is not looked into. A bin takes 24 bytes, and after the first reading values that
span forty powers of two fill some six hundred, in a piece as in all pieces together.

>>> import numpy as np
>>> from simopt.sweeps.reduction import selection
>>> pieces = np.random.default_rng(0).exponential(size=(3, 500, 1))
>>> asked = (0.05, 0.5)
>>> parts = [selection.first({"loss": piece}, piece > 4, None, asked) for piece in pieces]
>>> state = selection.merge(parts)
>>> while (question := selection.ask(state, asked)) is not None:
...     answers = [selection.answer({"loss": piece}, question) for piece in pieces]
...     state = selection.refine(state, question, answers)
>>> bool(selection.finish(state, asked)["loss_q50"][0] == np.median(pieces))
True
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.sweeps.reduction import moments, ranks, summaries

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Bits of a double that the first reading tells apart: 16 bins from a power of two to the next; and
#: bits that a later one tells apart at most.
FIRST_BITS, BITS = 16, 20

#: So many values of a bin are few: 3 MiB.
FEW = 2**17

#: Bins that a later reading may fill, of all groups and quantiles together: 50 MiB.
ROOM = 2**21


@dataclass(frozen=True, eq=False)
class Bins:
    """Values of one group in bins, rising: of each its least and greatest value, and how many."""

    low: Array
    high: Array
    count: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Partial:
    """What is known of some groups, or of a piece of them; ``bins`` has, by column, one a group."""

    trajectories: NDArray[np.int64]
    diverged: NDArray[np.int64]
    reached: NDArray[np.int64] | None
    moments: dict[str, Array]
    bins: dict[str, tuple[Bins, ...]]


#: The values from low to high, both included, in bins whose doubles agree in all but so many bits.
Range = tuple[float, float, int]

#: What the next reading must look into: by column, of every group its bins.
Question = dict[str, tuple[tuple[Range, ...], ...]]

#: What a piece holds of it, in the question's places.
Answer = dict[str, tuple[tuple[Bins, ...], ...]]


def first(
    values: Mapping[str, Array],
    diverged: Flags,
    reached: Flags | None,
    quantiles: tuple[float, ...],
) -> Partial:
    """The first reading of a piece; the arguments are those of `summaries.summarise`."""
    members, groups = diverged.shape
    tables, bins = {}, {}
    for name, column in values.items():
        column = np.ascontiguousarray(column, np.float64)
        tables[name] = moments.measure(column)
        if quantiles:
            count = tables[name][moments.COUNT].astype(np.int64)
            rows = zip(ranks.sorted_columns(column), count, strict=True)
            bins[name] = tuple(_cut(row[:there], 64 - FIRST_BITS) for row, there in rows)
    return Partial(
        np.full(groups, members),
        summaries.how_many(diverged),
        None if reached is None else summaries.how_many(reached),
        tables,
        bins,
    )


def merge(partials: Sequence[Partial]) -> Partial:
    """What is known of all pieces together, in their order; merged ones may be merged again."""
    start = partials[0]
    reached = [each.reached for each in partials if each.reached is not None]
    return Partial(
        sum((each.trajectories for each in partials), np.zeros_like(start.trajectories)),
        sum((each.diverged for each in partials), np.zeros_like(start.diverged)),
        sum(reached, np.zeros_like(reached[0])) if reached else None,
        {name: moments.merge([each.moments[name] for each in partials]) for name in start.moments},
        {
            name: tuple(
                _together(group, 64 - FIRST_BITS)
                for group in zip(*(each.bins[name] for each in partials), strict=True)
            )
            for name in start.bins
        },
    )


def ask(state: Partial, quantiles: tuple[float, ...]) -> Question | None:
    """What the next reading must look into; None if every quantile is known."""
    places = {
        name: [_open(bins, quantiles) for bins in groups] for name, groups in state.bins.items()
    }
    count = sum(len(each) for groups in places.values() for each in groups)
    if not count:
        return None
    return {
        name: tuple(
            tuple(_range(bins, place, ROOM // count) for place in each)
            for bins, each in zip(groups, places[name], strict=True)
        )
        for name, groups in state.bins.items()
    }


def answer(values: Mapping[str, Array], question: Question) -> Answer:
    """A later reading of a piece."""
    return {
        name: tuple(
            tuple(_within(np.asarray(values[name])[:, g], each) for each in ranges)
            for g, ranges in enumerate(groups)
        )
        for name, groups in question.items()
    }


def join(question: Question, answers: Sequence[Answer]) -> Answer:
    """What several pieces hold, as one answer; answers may be joined again."""
    joined = {}
    for name, groups in question.items():
        pieces = [each[name] for each in answers]
        joined[name] = tuple(
            tuple(
                _together([piece[g][r] for piece in pieces], shift)
                for r, (_, _, shift) in enumerate(ranges)
            )
            for g, ranges in enumerate(groups)
        )
    return joined


def refine(state: Partial, question: Question, answers: Sequence[Answer]) -> Partial:
    """What is known after a reading: the bins looked into give way to finer ones."""
    bins = dict(state.bins)
    for name, groups in question.items():
        found = zip(*(each[name] for each in answers), strict=True)
        bins[name] = tuple(
            _replaced(known, ranges, [*zip(*pieces, strict=True)])
            for known, ranges, pieces in zip(bins[name], groups, found, strict=True)
        )
    return replace(state, bins=bins)


def finish(state: Partial, quantiles: tuple[float, ...]) -> dict[str, NDArray[Any]]:
    """The columns that `summaries.summarise` gives, once there is nothing more to `ask`."""
    columns = summaries.shares(state.trajectories, state.diverged, state.reached)
    for name, table in state.moments.items():
        found = [
            np.array([_quantile(bins, quantile) for bins in state.bins[name]])
            for quantile in quantiles
        ]
        columns |= summaries.statistics(name, table, zip(quantiles, found, strict=True))
    return columns


def _starts(low: Array, shift: int) -> NDArray[np.intp]:
    """Where bins begin among sorted values, or among finer bins' least values."""
    leading = low.view(np.uint64) >> np.uint64(shift)
    return np.flatnonzero(np.append(True, leading[1:] != leading[:-1])[: len(low)])


def _cut(values: Array, shift: int) -> Bins:
    """Sorted values in bins."""
    starts = _starts(values, shift)
    stops = np.append(starts[1:], len(values))[: len(starts)]
    return Bins(values[starts], values[stops - 1], stops - starts)


def _together(pieces: Iterable[Bins], shift: int) -> Bins:
    """The bins of several pieces of the same values."""
    low, high, count = (
        np.concatenate(each)
        for each in zip(*((each.low, each.high, each.count) for each in pieces), strict=True)
    )
    if not len(low):
        return Bins(low, high, count)
    order = np.argsort(low, kind="stable")
    low, high, count = low[order], high[order], count[order]
    starts = _starts(low, shift)
    return Bins(low[starts], np.maximum.reduceat(high, starts), np.add.reduceat(count, starts))


def _ranks(bins: Bins, quantile: float) -> tuple[int, int, float]:
    """The two ranks of a quantile, and how far from the lower to the upper it lies."""
    lower, upper, part = ranks.places(quantile, np.array([bins.count.sum()]))
    return int(lower[0]), int(upper[0]), float(part[0])


def _find(bins: Bins, rank: int) -> tuple[int, float | None]:
    """The bin of a rank, and the value there if it is known."""
    ends = np.cumsum(bins.count)
    place = int(np.searchsorted(ends, rank, side="right"))
    low, high = bins.low[place], bins.high[place]
    if low == high or rank == ends[place] - bins.count[place]:
        return place, float(low)
    return place, float(high) if rank == ends[place] - 1 else None


def _open(bins: Bins, quantiles: tuple[float, ...]) -> list[int]:
    """The places of the bins to look into."""
    if not len(bins.count):
        return []
    found = [_find(bins, rank) for quantile in quantiles for rank in _ranks(bins, quantile)[:2]]
    return sorted({place for place, known in found if known is None})


def _range(bins: Bins, place: int, room: int) -> Range:
    """A bin, and how to look into it: at so many values or bins at most."""
    ends = np.array([bins.low[place], bins.high[place]])
    low, high = (int(each) for each in ends.view(np.uint64))
    differing = (low ^ high).bit_length()
    bits = min(BITS, max(1, room.bit_length() - 1))
    shift = 0 if bins.count[place] <= min(FEW, room) else max(0, differing - bits)
    return float(ends[0]), float(ends[1]), shift


def _within(values: Array, asked: Range) -> Bins:
    """The values of a piece that lie in a range."""
    low, high, shift = asked
    found = values[(values >= low) & (values <= high)] + 0.0
    found.sort()
    return _cut(found, shift)


def _replaced(known: Bins, ranges: Sequence[Range], pieces: Sequence[Sequence[Bins]]) -> Bins:
    """Bins with some of them replaced by what all pieces hold there."""
    if not ranges:
        return known
    finer = [_together(each, shift) for each, (_, _, shift) in zip(pieces, ranges, strict=True)]
    kept = ~np.isin(known.low, [low for low, _, _ in ranges])
    parts = [Bins(known.low[kept], known.high[kept], known.count[kept]), *finer]
    return _together(parts, 0)


def _quantile(bins: Bins, quantile: float) -> float:
    """A quantile whose ranks are known."""
    if not len(bins.count):
        return np.nan
    lower, upper, part = _ranks(bins, quantile)
    low, high = (_find(bins, rank)[1] for rank in (lower, upper))
    if low is None or high is None:
        raise RuntimeError(f"quantile {quantile}: its bin is still to be read; see ask")
    return float(ranks.between(np.array(low), np.array(high), np.array(part)))
