"""One table, several runs: told apart by columns, and by what stands in front of their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells, counters, json_values
from simopt.curves.logs.grains import by_grain, by_rate, there_in
from simopt.curves.logs.names import (
    CLOCKS,
    COUNTERS,
    HELD_OUT,
    METRIC_NAMES,
    METRIC_VALUES,
    OPTIMIZERS,
    PARTS,
    RUNS,
    TRAIN,
    parse,
    plain,
)  # fmt: skip
from simopt.curves.logs.stores import TRIALS
from simopt.curves.logs.table import Rows, Table
from simopt.ground import checks
from simopt.ground.patterns import late

#: A run's number in a column's name, or the optimizer that it compares with others.
_RUN_NUMBER = late(
    r"(?<![a-z])(?:(?:run|seed|fold|trial|exp|experiment|repeat|split|model|config|variant)"
    r"[ _-]?(?:\d+(?!\d)|(?<=[ _-])[a-f](?![a-z\d]))"
    rf"|(?:{OPTIMIZERS})(?![a-z]))",
    re.IGNORECASE,
)

#: Columns that tables of `simopt.sweep` have, whatever was swept.
SWEPT = frozenset(("optimizer", "convention", "status", "updates", "loss", "best_loss", "best_at"))

#: So many names, each in one row, are those of runs.
FEW_RUNS = 3

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
    table = by_rate(by_grain(_spread_metrics(table)))
    exported = _exported(table) or _numbered(table)
    if exported:
        return exported
    parts = _by_part(table)
    column = _run_column(table, parts)
    if column is None:
        return [_spread_parts(table, parts) if parts else table]
    return [_spread_parts(each, parts) if parts else each for each in _grouped(table, column)]


def _check_trials(table: Table) -> None:
    names = {plain(name) for name in table.columns}
    if names >= SWEPT:
        allowed = (
            "a log of one training run; this is a sweep's table, a row for each run: "
            "simopt.measures compares them, and simopt.run has the curve of one"
        )
        raise checks.refuse("file" if table.source else "loss", table.source or "a sweep", allowed)
    optuna = {"value", "state"} <= names and (
        "number" in names or any(name.startswith("params_") for name in table.columns)
    )
    if optuna or {"num_ask", "num_tell", "loss"} <= names:  # or what Nevergrad asked for
        raise checks.refuse("file" if table.source else "loss", table.source or "trials", TRIALS)
    if (column := named_by(table)) is not None:
        what = f"a table of runs, a row each by {column!r}"
        name = f"file={table.source!r}, " if table.source else "loss: "
        allowed = "the log of a run, with a row for each of its steps or epochs"
        raise ValueError(f"{name}{what}: must be {allowed}")


#: What counts steps, not the clock nor rows.
_STEPS = COUNTERS[: -len(CLOCKS)]
#: Texts that count on within a run, # for their numbers: its epochs, or files of its weights.
_WITHIN = late(
    rf"(?<![a-z])(?:{'|'.join((*_STEPS, 'ckpt', 'checkpoint', 'generation', 'gen'))})[ _=:.-]*#"
    r"|#.*\.(?:pth?|h#|hdf#|keras|safetensors|pkl|npz)(?!\w)",
    re.IGNORECASE,
)
#: What names a run by a number, and counts no steps.
_BY_NUMBER = frozenset(("fold", "cv_fold", "kfold", "split_id", "seed", "random_seed"))
#: What is said of a run that is over.
_ENDS = frozenset(("final", "best", "last"))
#: Words for when a run was, and for how long.
_TIMED = frozenset(
    (
        "time", "timestamp", "date", "created", "started", "start", "end", "ended", "runtime",
        "elapsed", "duration", "seconds",
    )
)  # fmt: skip


def named_by(table: Table) -> str | None:
    """The column that names a run in each row, where nothing counts rows; None if there is none.

    As trackers export their lists of runs, with a last loss for each.
    """
    named = [name for name, column in table.columns.items() if len(column) == table.rows]
    named = [name for name in named if plain(name) in RUNS]
    if not named or any(goes_up(table, name) for name in table.columns):
        return None
    by_run = [n for n in named if _is_alone(table, n) and not _is_counted(table, n)]
    if not by_run:
        return None
    numbers = [name for name in by_run if plain(name) in _BY_NUMBER]
    words = [name for name in by_run if name not in numbers]
    if not words and any(_goes_evenly(table, name) for name in table.columns):
        return None
    return (words or numbers)[0]


def _is_alone(table: Table, name: str) -> bool:
    """Whether a column has another text in each row, but for one that may lack it."""
    texts = [text for text in _texts(table, name) if text]
    return len(set(texts)) == len(texts) >= max(FEW_RUNS, table.rows - 1)


def _is_counted(table: Table, name: str) -> bool:
    """Whether the texts of a column count: as numbers, or most in one form that names a counter."""
    texts = [text for text in _texts(table, name) if text]
    if any(map(cells.is_number, texts)):
        return plain(name) not in _BY_NUMBER
    ends = any(words & _ENDS for words in ({*parse(each).words} for each in table.columns))
    if plain(name) == "name" and not ends and _are_even_times(texts):
        return True
    form, times = Counter(re.sub(r"\d+", "#", text) for text in texts).most_common(1)[0]
    return 2 * times > len(texts) and _WITHIN.search(form) is not None


def _are_even_times(texts: Sequence[str]) -> bool:
    """Whether texts are dates or times, one about as long after the other as the next, of epochs.

    Runs begin when somebody starts them.
    """
    try:
        times = np.array([datetime.fromisoformat(text).timestamp() for text in texts])
    except (ValueError, OSError, OverflowError):
        return False
    steps = np.diff(times)
    return bool(len(steps) >= FEW_RUNS and steps.min() > 0 and steps.max() <= 2 * steps.min())


def goes_up(table: Table, name: str) -> bool:
    """Whether a column counts steps: seldom from the beginning, as runs of many lengths would."""
    if parse(name).kind != "counter" or plain(name) in CLOCKS or len(_distinct(table, name)) < 2:
        return False
    values = counters.position(table, name)
    if values is None:
        return True
    steps = np.diff(values[~np.isnan(values)])
    return bool(4 * (steps < 0).sum() < len(steps))


def _goes_evenly(table: Table, name: str) -> bool:
    """Whether a column that is no loss, no clock and no run's rises by much the same each time."""
    told = parse(name)
    if told.kind in ("loss", "error", "higher") or plain(name) in RUNS or {*told.words} & _TIMED:
        return False
    values = counters.position(table, name)
    if values is None or np.isnan(values).any():
        return False
    steps = np.diff(values)
    return bool(len(steps) >= FEW_RUNS and steps.min() > 0 and steps.max() <= 2 * steps.min())


def _texts(table: Table, name: str) -> list[str]:
    return [_text(cell) for cell in table.columns[name]]


def _distinct(table: Table, name: str, rows: NDArray[np.int64] | None = None) -> set[str]:
    """The texts in a column, or in some of its rows, each once."""
    column = table.columns[name]
    if isinstance(column, np.ndarray):
        column = column.tolist()
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
    spread = json_values.records_table(_records(table), table.source, table.format)
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
    """Columns that differ by a run's number or optimizer, as run1_loss, run2_loss; a run each."""
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
    held = [there_in(table.columns[n]) for n in losses if len(table.columns[n]) == table.rows]
    with_loss = np.flatnonzero(np.any(held, axis=0)) if held else None
    for name, column in table.columns.items():
        if isinstance(column, np.ndarray) and column.dtype.kind in "fiu":
            continue  # numbers name no part
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
    # Without a count, the rows of both parts belong together where they are as many.
    alike = alike and (bool(counters) or len(set(seen.values())) == 1)
    records: dict[Any, dict[str, Any]] = {}
    for row, (side, at) in enumerate(zip(sides, places, strict=True)):
        record = records.setdefault(
            at if alike else row, {name: table.columns[name][row] for name in counters}
        )
        for name, column in table.columns.items():
            if name not in counters and name != part:
                record[f"{side}/{name}"] = column[row]
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
        if 1 < len(values) <= min(MOST_RUNS, table.rows // 2) and not _counts_on(table, texts):
            return name
    return None


def _counts_on(table: Table, texts: Sequence[str]) -> bool:
    """Whether what may be runs are parts of one, and steps are counted on from each to the next.

    As where the optimizer changes, or several jobs train one after the other.
    """
    if 1 + sum(a != b for a, b in pairwise(texts)) > len(set(texts)):
        return False
    for name in table.columns:
        told = parse(name)
        if told.kind == "counter" and told.stem[0] in _STEPS:
            at = counters.position(table, name)
            if at is not None and len(at) == table.rows and (np.diff(at) > 0).all():
                return True
    return False


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
