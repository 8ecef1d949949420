"""One table, several runs: told apart by names, by columns, by counters that begin again."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells as numbers
from simopt.curves.logs import json_logs
from simopt.curves.logs.choose import Chosen
from simopt.curves.logs.names import (
    HELD_OUT,
    METRIC_NAMES,
    METRIC_VALUES,
    PARTS,
    RUNS,
    TRAIN,
    parse,
    plain,
)  # fmt: skip
from simopt.curves.logs.stores import TRIALS
from simopt.curves.logs.table import Rows, Table
from simopt.ground import checks

Floats = NDArray[np.float64]

#: A run's number in a column's name.
_RUN_NUMBER = re.compile(
    r"(?<![a-z])(?:run|seed|fold|trial|exp|experiment|repeat|split)[ _-]?\d+(?!\d)", re.IGNORECASE
)

#: A run whose last losses are NaN, so many of them, is over.
ENDED = 3

#: Of fewer losses than these none can be told to be at the beginning.
FELL = 6

#: Of more resumptions than these it is said how many they are.
FEW_NOTED = 5

#: What counts steps within an epoch, and so many values of one grain make a column of their own.
STEPS = (("step",), ("batch",), ("iteration",), ("iter",), ("steps",))
FEW_ROWS = 3

#: More names than this are no runs but a column of text.
MOST_RUNS = 500


def by_name(table: Table) -> list[Table]:
    """The runs of a table, one table each: named in a column, or in front of columns' names.

    A table with a row for each part of the data (train, validation) is spread into columns, and so
    is one with a row for each metric.
    """
    if table.runs:
        return [each for run in table.runs for each in by_name(run.noted(*table.notes))]
    _check_trials(table)
    table = _by_grain(_spread_metrics(table))
    exported = _exported(table) or _numbered(table)
    if exported:
        return exported
    parts = _by_part(table)
    column = _run_column(table, parts)
    if column is None:
        return [_spread_parts(table, parts) if parts else table]
    return [_spread_parts(each, parts) if parts else each for each in _grouped(table, column)]


def _by_grain(table: Table) -> Table:
    """A loss that rows of steps hold, and rows of whole epochs without a step, as two columns.

    Of epochs with three rows or more each.
    """
    epochs = [name for name in table.columns if parse(name).stem == ("epoch",)]
    steps = [name for name in table.columns if parse(name).stem in STEPS]
    lengths = {len(table.columns[name]) for name in (*epochs, *steps)}
    if len(epochs) != 1 or len(steps) != 1 or len(lengths) != 1:
        return table
    whole = _there(table.columns[epochs[0]]) & ~_there(table.columns[steps[0]])
    if whole.sum() < FEW_ROWS or _have_fractions(table.columns[epochs[0]], whole):
        return table
    columns: dict[str, Any] = {}
    for name, cells in table.columns.items():
        there = _there(cells) if parse(name).kind in ("loss", "error") else np.zeros(0, bool)
        if len(there) != len(whole) or min(sum(there & whole), sum(there & ~whole)) < FEW_ROWS:
            columns[name] = cells
            continue
        for grain, wanted in (("step", ~whole), ("epoch", whole)):
            columns[f"{name} ({grain})"] = [
                cell if its else None for cell, its in zip(cells, wanted, strict=True)
            ]
    return replace(table, columns=columns)


def _have_fractions(cells: Any, wanted: NDArray[np.bool_]) -> bool:
    """Whether some of the wanted cells are no whole numbers: epochs that count on in themselves."""
    try:
        values, _ = numbers.column(cells)
    except ValueError:
        return False
    return bool((values[wanted] % 1 > 0).any())


def _there(cells: Any) -> NDArray[np.bool_]:
    """Which cells hold anything."""
    if isinstance(cells, np.ma.MaskedArray):
        return ~np.ma.getmaskarray(cells)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return ~np.isnan(cells)
    return np.array([cell is not None and cell == cell and cell != "" for cell in cells], bool)


def _check_trials(table: Table) -> None:
    names = {plain(name) for name in table.columns}
    if {"number", "value", "state"} <= names or (
        {"value", "state"} <= names and any(name.startswith("params_") for name in table.columns)
    ):
        raise checks.refuse("file" if table.source else "loss", table.source or "trials", TRIALS)


def _texts(table: Table, name: str) -> list[str]:
    return [_text(cell) for cell in table.columns[name]]


def _distinct(table: Table, name: str, rows: NDArray[np.int64] | None = None) -> set[str]:
    """The texts in a column, or in some of its rows, each once."""
    column = table.columns[name]
    if rows is not None and 0 < len(rows) < table.rows == len(column):
        column = [column[row] for row in rows]
    with suppress(TypeError):  # lists and other cells that have no hash
        column = set(column)
    return {text for cell in column if (text := _text(cell))}


def _text(cell: Any) -> str:
    return "" if cell is None or cell != cell else str(cell).strip()


def _spread_metrics(table: Table) -> Table:
    """A column of metrics' names and one of values: a column a metric."""
    by_plain = {plain(name): name for name in table.columns}
    metric = next((by_plain[name] for name in METRIC_NAMES if name in by_plain), None)
    value = next((by_plain[name] for name in METRIC_VALUES if name in by_plain), None)
    if metric is None or value is None or metric == value:
        return table
    if not any(parse(text).kind in ("loss", "error") for text in set(_texts(table, metric))):
        return table
    spread = json_logs.records_table(_records(table), table.source, table.format)
    return replace(table, columns=spread.columns)


def _records(table: Table, rows: Sequence[int] | None = None) -> list[dict[str, Any]]:
    names = list(table.columns)
    chosen = range(table.rows) if rows is None else rows
    return [{name: table.columns[name][row] for name in names} for row in chosen]


def _exported(table: Table) -> list[Table]:
    """W&B's export: "RUN - METRIC", with its band beside it; a run each."""
    runs: dict[str, dict[str, Any]] = {}
    common: dict[str, Any] = {}
    for name, column in table.columns.items():
        run, separator, metric = name.rpartition(" - ")
        if not separator:
            common[name] = column
        elif not re.search(r"__(?:MIN|MAX)$", metric):
            runs.setdefault(run, {})[metric] = column
    if not runs or any(parse(name).kind != "counter" for name in common):
        return []
    return [replace(table, columns=common | columns, run=run) for run, columns in runs.items()]


#: Words beside the part's own in a cell that says which part of the data a row is about.
BESIDE_PART = frozenset(
    (
        "", "set", "data", "phase", "epoch", "loop", "split", "subset", "step", "steps", "loss",
        "batch", "iter", "iteration", "on", "end", "ended", "done", "complete", "completed",
        "finished", "metrics", "metric", "results", "result", "stats", "summary", "log", "loader",
        "event",
    )
)  # fmt: skip


def _numbered(table: Table) -> list[Table]:
    """Columns that differ by a run's number alone, as run1_loss and run2_loss; a run each."""
    runs: dict[str, dict[str, Any]] = {}
    common: dict[str, Any] = {}
    for name, column in table.columns.items():
        if match := _RUN_NUMBER.search(name):
            rest = (name[: match.start()] + name[match.end() :]).strip(" _-/.")
            runs.setdefault(match[0].strip(" _-/."), {})[rest] = column
        else:
            common[name] = column
    if len(runs) < 2 or any(
        not any(parse(name).kind in ("loss", "error") for name in held) for held in runs.values()
    ):
        return []
    return [replace(table, columns=common | held, run=run) for run, held in runs.items()]


def _part_of(text: str) -> str:
    words = set(re.split(r"[^a-z]+", text.lower()))
    if words - TRAIN - HELD_OUT - BESIDE_PART:
        return ""
    return "train" if words & TRAIN else "val" if words & HELD_OUT else ""


def _by_part(table: Table) -> str | None:
    """The column that says which part of the data a row is about, of rows that hold a loss."""
    losses = [n for n in table.columns if parse(n).kind in ("loss", "error")]
    held = [_there(table.columns[n]) for n in losses if len(table.columns[n]) == table.rows]
    with_loss = np.flatnonzero(np.any(held, axis=0)) if held else None
    for name in table.columns:
        values = _distinct(table, name, with_loss)
        parts = {_part_of(text) for text in values} if len(values) <= 8 else {""}
        # Whatever it is called, a column that holds both parts' names and no others is one.
        if parts == {"train", "val"}:
            return name
        if plain(name) not in PARTS:
            continue
        training = [text for text in values if _part_of(text) != "val"]
        if parts == {"train"} or ("val" in parts and len(training) == 1):
            return name
    return None


def _spread_parts(table: Table, part: str | None) -> Table:
    """Rows for training and for validation, joined where they are counted alike.

    Where several rows of one part are counted alike, as batches of an epoch, each stays a row.
    """
    assert part is not None
    counters = [n for n in table.columns if parse(n).kind == "counter" and n != part]
    sides = [_part_of(text) or "train" for text in _texts(table, part)]
    seen: Counter[str] = Counter()
    places: list[tuple[Any, ...]] = []
    for row, side in enumerate(sides):
        places.append(tuple(table.columns[name][row] for name in counters) or (seen[side],))
        seen[side] += 1
    alike = len(set(zip(sides, places, strict=True))) == len(places)
    records: dict[Any, dict[str, Any]] = {}
    for row, (side, at) in enumerate(zip(sides, places, strict=True)):
        record = records.setdefault(
            at if alike else row, {name: table.columns[name][row] for name in counters}
        )
        for name, cells in table.columns.items():
            if name not in counters and name != part:
                record[f"{side}/{name}"] = cells[row]
    rows = Rows()
    for record in records.values():
        rows.add(record)
    return replace(table, columns=dict(rows.columns), sessions=())


def _run_column(table: Table, part: str | None) -> str | None:
    """The column whose values name runs: few of them, each on many rows."""
    for name in table.columns:
        if plain(name) not in RUNS or name == part:
            continue
        texts = _texts(table, name)
        values = set(texts) - {""}
        if 1 < len(values) <= min(MOST_RUNS, table.rows // 2):
            return name
    return None


def _grouped(table: Table, column: str) -> list[Table]:
    texts = _texts(table, column)
    rows: dict[str, list[int]] = {}
    for row, text in enumerate(texts):
        rows.setdefault(text, []).append(row)
    rest = [name for name in table.columns if name != column]
    return [
        replace(
            table,
            columns={name: [table.columns[name][row] for row in chosen] for name in rest},
            run=f"{column} {text}" if text.replace(".", "").isdigit() else text,
            sessions=(),
        )
        for text, chosen in rows.items()
    ]


def sections(
    chosen: Chosen, sessions: Sequence[int], printed: bool = False
) -> tuple[list[NDArray[np.int64]], list[str]]:
    """The rows of each run of a table, in order, and what was noticed.

    Rows that are written in another order are sorted; lines that were ``printed`` are in order
    where all count down, but no program counts its epochs so. Where the counter begins again, a new
    run begins, or the same goes on: as its first loss is nearer to the first of the rows before, or
    to the last. Where it goes back and on from there, the run was resumed: what was written twice
    counts once, as the later writing has it.

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
    left = np.flatnonzero(keep)
    if resumed and not starts:
        return [rows[left]], notes
    return _joined(rows[left], values, np.searchsorted(left, starts).tolist(), notes), notes


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
    rows: NDArray[np.int64], values: Floats, starts: Sequence[int], notes: list[str]
) -> list[NDArray[np.int64]]:
    """Sections from ``starts`` on, those joined that go on where the one before ended."""
    starts = [start for start in dict.fromkeys(starts) if 0 < start < len(rows)]
    if not starts:
        return [rows]
    pieces = np.split(rows, starts)
    anew: list[bool] = []
    first = values[pieces[0]][0]
    for before, piece in itertools.pairwise(pieces):
        anew.append(_begins(first, values[before], values[piece][0]))
        first = values[piece][0] if anew[-1] else first
    if len(pieces) > 2 and len({len(piece) for piece in pieces}) == 1:
        # Of pieces that are equally long, such as the epochs of one run, most decide.
        anew = [2 * sum(anew) >= len(anew)] * len(anew)
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
