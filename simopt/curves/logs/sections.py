"""The runs in a table's rows, one after the other: told apart by counters that begin again."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs.choose import Chosen
from simopt.curves.logs.names import CLOCKS, parse

Floats = NDArray[np.float64]

#: A run whose last losses are NaN, so many of them, is over.
ENDED = 3

#: Of fewer losses than these none can be told to be at the beginning.
FELL = 6

#: Of more resumptions than these it is said how many they are.
FEW_NOTED = 5


def sections(
    chosen: Chosen,
    sessions: Sequence[int],
    printed: bool = False,
    converged: Sequence[int] = (),
) -> tuple[list[NDArray[np.int64]], list[str]]:
    """The rows of each run of a table, in order, and what was noticed.

    Rows that are written in another order are sorted; lines that were ``printed`` are in order
    where all count down, but no program counts its epochs so. Where the counter begins again, a new
    run begins, or the same goes on: as its first loss is nearer to the first of the rows before, or
    to the last; what ``converged`` does not go on, but for an inner loop. Where it goes back and on
    from there, the run was resumed: what was written twice counts once, as the later one has it.

    Returns
    -------
    rows : list of ndarray of int
        Of the table; of a run each.
    notes : list of str
    """
    notes: list[str] = []
    values, there = chosen.loss
    rows = np.flatnonzero(there)
    if not len(rows):
        return [rows], notes
    x = None if chosen.x is None else chosen.x[rows]
    if x is None or np.isnan(x).any():
        starts = [int(np.searchsorted(rows, row)) for row in sessions]
        return _joined(rows, values, starts, notes), notes
    back = np.flatnonzero(np.diff(x) < 0) + 1
    if len(back) == len(x) - 1 > 1:
        if printed and parse(chosen.x_name).stem != ("epoch",):
            notes.append(f"{chosen.x_name} counts down: read in the order of the lines")
            return [rows], notes
        notes.append(f"{chosen.x_name} falls from row to row: the last row is read as the first")
        return [rows[::-1]], notes
    many = len(back) > max(8, 0.05 * len(x)) or len(back) == len(x) - 1 > 0
    if many and not _begins_again(x, back):
        notes.append(f"rows were in another order: sorted by {chosen.x_name}")
        return [rows[np.argsort(x, kind="stable")]], notes
    step = float(np.median(np.abs(np.diff(x)))) if len(x) > 1 else 1.0
    anew = [at for at in back.tolist() if x[at] <= x[0] + step]
    resumed = [at for at in back.tolist() if x[at] > x[0] + step]
    keep, twice = _once(x, anew, resumed)
    if 0 < len(resumed) <= FEW_NOTED:
        notes += [
            f"resumed at {chosen.x_name} {x[at]:g}: {many} values were written twice, "
            "and count as written last"
            for at, many in zip(resumed, twice, strict=True)
        ]
    elif resumed:
        notes.append(
            f"resumed {len(resumed)} times: {sum(twice)} values were written twice, "
            "and count as written last"
        )
    starts = sorted({*np.searchsorted(rows, sessions).tolist(), *anew})
    # Below a header that comes again, as who appends may write it, what counts the rows goes on.
    clock = parse(chosen.x_name).stem[0] in CLOCKS
    on = [at for at in starts if 0 < at < len(x) and x[at] > x[at - 1] and not clock]
    # Of a longer section its losses tell: another fold's may be counted on, too.
    on = [at for at in on if at - max((s for s in starts if s < at), default=0) < FELL]
    left = np.flatnonzero(keep)
    if resumed and not starts:
        return [rows[left]], notes
    over = np.searchsorted(left, np.searchsorted(rows, converged)).tolist()
    starts, on = (np.searchsorted(left, each).tolist() for each in (starts, on))
    return _joined(rows[left], values, starts, notes, over, on), notes


def _once(
    x: Floats, anew: Sequence[int], resumed: Sequence[int]
) -> tuple[NDArray[np.bool_], list[int]]:
    """Which values stay where a counter goes back and on, and how many each resumption replaces.

    At one that is ``resumed``, what its run had written from there on goes; of runs that began
    before the last one ``anew`` all stays.
    """
    keep = np.ones(len(x), bool)
    twice: list[int] = []
    stretches: list[tuple[int, int]] = []  # of the run so far: each rises, and lies above the last
    start = 0
    begins = set(anew)
    for at in sorted({*anew, *resumed}):
        stretches.append((start, at))
        start = at
        if at in begins:
            stretches.clear()
            continue
        twice.append(0)
        while stretches:
            first, end = stretches.pop()
            cut = first + int(np.searchsorted(x[first:end], x[at]))
            keep[cut:end] = False
            twice[-1] += end - cut
            if cut > first:
                stretches.append((first, cut))
                break
    return keep, twice


def _begins_again(x: Floats, back: NDArray[np.int64]) -> bool:
    """Whether the counter falls to its least each time, as a batch's number does."""
    return bool((x[back] <= x.min() + 1).all())


def _begins(first: float, before: Floats, now: float) -> bool:
    """Whether a training begins at ``now``, or goes on from the losses before it."""
    finite = before[np.isfinite(before)]
    if not np.isfinite([first, now]).all() or not len(finite):
        return False
    # What has come to nothing does not go on, nor does what falls back behind nearly all of it.
    return (
        not np.isfinite(before[-ENDED:]).any()
        or _falls_back(now, finite)
        or not _nearer(now, finite[-1], first)
    )


def _falls_back(now: float, before: Floats) -> bool:
    """Whether a loss is above all but the first of those before, which had come down."""
    if len(before) < FELL:
        return False
    half = before[: len(before) // 2]
    return bool(before[-1] < half.min() and now > before[1:].max())


def _nearer(value: float, one: float, other: float) -> bool:
    """Whether a loss is nearer to one of two others, by ratios where all are above 0."""
    if min(value, one, other) > 0:
        value, one, other = math.log(value), math.log(one), math.log(other)
    return abs(value - one) < abs(value - other)


def _joined(
    rows: NDArray[np.int64],
    values: Floats,
    starts: Sequence[int],
    notes: list[str],
    over: Sequence[int] = (),
    on: Sequence[int] = (),
) -> list[NDArray[np.int64]]:
    """Sections from ``starts`` on, those joined that go on where the one before ended.

    None goes on from one that is ``over``, unless each ends above where the next begins: it is an
    inner loop that converged. What begins ``on`` counts on from the one before.
    """
    starts = [start for start in dict.fromkeys(starts) if 0 < start < len(rows)]
    if not starts:
        return [rows]
    pieces = np.split(rows, starts)
    if all(values[rows[start]] <= values[rows[start - 1]] for start in starts):
        over = ()
    anew: list[bool] = []
    first = values[pieces[0]][0]
    for start, (before, piece) in zip(starts, itertools.pairwise(pieces), strict=True):
        begins = start not in on and _begins(first, values[before], values[piece][0])
        anew.append(start in over or begins)
        first = values[piece][0] if anew[-1] else first
    alike = len({len(piece) for piece in pieces}) == 1 or bool(set(over) & set(starts))
    if len(pieces) > 2 and alike:
        # Of pieces that are equally long, such as the epochs of one run, or some of which end by
        # themselves, most decide.
        most = 2 * sum(anew) >= len(anew)
        anew = [(most and start not in on) or start in over for start in starts]
    runs = [pieces[0]]
    for new, piece in zip(anew, pieces[1:], strict=True):
        if new:
            runs.append(piece)
        else:
            runs[-1] = np.concatenate([runs[-1], piece])
    went_on = not all(anew)
    if went_on and len(pieces) <= 5:
        at = ", ".join(str(int(start) + 1) for start in starts)
        notes.append(
            f"{len(pieces)} sessions in one log (a new one begins at value {at}): "
            + ("they go on from one another" if len(runs) == 1 else f"{len(runs)} runs")
        )
    elif len(runs) > 1:
        notes.append(f"{len(runs)} runs in one log, one after the other")
    return runs
