"""Logs in parts: train.log.1, train.log.2.gz, train.log-20260501; log_1.csv and log_2.csv."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from simopt.curves.logs import cells, contents
from simopt.curves.logs.names import CLOCKS, RUNS, parse, plain
from simopt.curves.logs.table import Table
from simopt.ground.checks import is_masked
from simopt.ground.formatting import listing
from simopt.ground.patterns import late

#: What names of logs end in whose lines go on from part to part.
ENDINGS = (".log", ".out", ".err", ".txt", ".jsonl")

_PART = late(
    r"(?P<base>.+)(?:\.(?P<number>\d{1,3})|[-.](?P<date>\d{4}-?\d\d-?\d\d(?:[_T-][\d-]+)?))"
    r"(?:\.(?:gz|bz2|xz))?"
)


def base(name: str) -> str:
    """The name of the log that a file is an older part of; empty if it is none.

    Examples
    --------
    >>> base("train.log.2.gz"), base("train.log-20260501"), base("train.log"), base("run.1")
    ('train.log', 'train.log', '', '')
    """
    match = _PART.fullmatch(name)
    return match["base"] if match and match["base"].lower().endswith(ENDINGS) else ""


def older(path: Path) -> list[Path]:
    """The older parts of a log that lie beside it, the oldest first.

    The part of the highest number is the oldest, and so is that of the earliest date.
    """
    found: list[tuple[str, int, Path]] = []
    if not path.name.lower().endswith(ENDINGS):
        return []
    with suppress(OSError):  # a file can be read in a folder that can't be listed
        for file in path.parent.iterdir():
            match = _PART.fullmatch(file.name)
            if match and base(file.name) == path.name and file.is_file():
                found.append((match["date"] or "9", -int(match["number"] or 0), file))
    return [file for *_, file in sorted(found)]


def joined(
    text: str, older: Sequence[Path], read: Callable[[str], Table | None]
) -> tuple[str, list[str]]:
    """A text behind the older parts that it goes on from, and their names.

    ``read`` makes a table of a text; None of one that is none on its own.
    """
    names: list[str] = []
    newer = read(text) if older else None
    for part in reversed(older):
        try:
            before = contents.decoded(part, contents.content(part)[1])
        except (OSError, ValueError):
            break
        table = read(before)
        if newer is not None and table is not None and not goes_on(newer, table):
            break
        text = before + ("" if before.endswith(("\n", "\r")) else "\n") + text
        names = [part.name, *names]
        newer = table or newer
    return text, names


def goes_on(newer: Table, older: Table) -> bool:
    """Whether a log goes on from an older part: it does not where all counters begin anew.

    Clocks tell nothing of it, and nor do parts that have no counter in common.

    Examples
    --------
    >>> first, second = (Table({"epoch": ["0", "1"], "step": at}, "") for at in ("02", "46"))
    >>> goes_on(second, first), goes_on(first, first)
    (True, False)
    """
    begins = [
        (_first(newer, name), _first(older, name))
        for name in newer.columns
        if parse(name).kind == "counter" and parse(name).stem[0] not in CLOCKS
    ]
    known = [(now, before) for now, before in begins if now is not None and before is not None]
    return not known or any(now > before for now, before in known)


def _first(table: Table, name: str) -> float | None:
    """The first number of a column; None if it has none."""
    column = table.columns.get(name, ())
    column = column.compressed() if is_masked(column) else column
    numbers = (cells.number(cell, table.decimal) for cell in column)
    with suppress(ValueError):
        return next((value for value in numbers if value is not None), None)
    return None


_DIGITS = late(r"\d+")


def parts_joined(tables: Sequence[Table]) -> list[Table]:
    """Tables whose names differ by a number, and each of which goes on from the last, as one.

    Examples
    --------
    >>> first = Table({"epoch": [0, 1, 2], "loss": [4, 2, 1]}, "CSV", run="log_1")
    >>> second = Table({"epoch": [3, 4, 5], "loss": [0.5, 0.25, 0.125]}, "CSV", run="log_2")
    >>> parts_joined([first, second])[0].columns
    {'epoch': [0, 1, 2, 3, 4, 5], 'loss': [4, 2, 1, 0.5, 0.25, 0.125]}
    """
    groups: dict[str, list[Table]] = {}
    for table in tables:
        groups.setdefault(_DIGITS.sub("#", table.run), []).append(table)
    made: list[Table] = []
    for group in groups.values():
        ordered = sorted(group, key=lambda table: list(map(int, _DIGITS.findall(table.run))))
        pairs = pairwise(ordered)
        if len(group) > 1 and all(_follows(newer, older) for older, newer in pairs):
            names = [table.run for table in ordered]
            columns = {
                name: [cell for table in ordered for cell in _listed(table.columns[name])]
                for name in group[0].columns
            }
            alone = len(group) == len(tables)
            name = "" if alone else _DIGITS.sub("", names[0]).strip("_-. ")
            whole = replace(ordered[0], columns=columns, run=name)
            note = f"{listing(names)} are parts of one log: each goes on where the last ends"
            made.append(whole.noted(note))
        else:
            made += group
    return made


def _listed(column: Any) -> list[Any]:
    return column.tolist() if isinstance(column, np.ndarray) else list(column)


def _follows(newer: Table, older: Table) -> bool:
    """Whether a table goes on where another ends, by the columns that count in both.

    It may say again what the last half of the other said: a run goes on from its last checkpoint.
    """
    if set(newer.columns) != set(older.columns) or newer.format != older.format:
        return False
    if set(plain(_DIGITS.sub(" ", newer.run)).split("_")) & set(RUNS):
        return False  # fold_1 and fold_2 may count on too
    counts = [
        name
        for name in newer.columns
        if parse(name).kind == "counter" and parse(name).stem[0] not in CLOCKS
    ]
    found = False
    for name in counts:
        before, after = (_rising(table, name) for table in (older, newer))
        if before is None or after is None:
            continue  # batches begin again in every epoch
        every = float(np.median(np.diff(before)))
        if not (before[0] + before[-1]) / 2 < after[0] <= before[-1] + 2 * max(every, 1.0):
            return False
        found = True
    return found


def _rising(table: Table, name: str) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """A column that counts on; None if it does not."""
    try:
        values = cells.column(_listed(table.columns[name]), table.decimal)[0]
    except ValueError:
        return None
    values = values[~np.isnan(values)]
    return values if len(values) > 1 and bool((np.diff(values) >= 0).all()) else None
