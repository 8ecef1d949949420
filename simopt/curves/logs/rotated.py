"""Logs that were put aside when they grew: train.log.1, train.log.2.gz, train.log-20260501."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from simopt.curves.logs import cells, contents
from simopt.curves.logs.names import CLOCKS, parse
from simopt.curves.logs.table import Table

#: What names of logs end in whose lines go on from part to part.
ENDINGS = (".log", ".out", ".err", ".txt", ".jsonl")

_PART = re.compile(
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
    column = column.compressed() if isinstance(column, np.ma.MaskedArray) else column
    numbers = (cells.number(cell, table.decimal) for cell in column)
    with suppress(ValueError):
        return next((value for value in numbers if value is not None), None)
    return None
