"""A text into its table: by the first of its readers that finds a curve in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from simopt.curves.logs import blocks as blocks_of_rows
from simopt.curves.logs import (
    cells,
    charts,
    console,
    contents,
    delimited,
    drawn,
    json_logs,
    lists,
    markup,
    prefixes,
    runs,
    terminal_text,
)  # fmt: skip
from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.table import Table
from simopt.ground.patterns import late

#: Columns that hold the lines that a program printed.
MESSAGES = frozenset(("message", "msg", "log", "line", "text", "event", "payload"))

#: Rows that are no curve yet: what is said of a run beside its log.
FEW_ROWS = 2
_NUMBER = late(r"\d+|nan|inf", re.IGNORECASE)


def of_notebook(
    path: Path, shown: Sequence[tuple[str, str]], patterns: Iterable[str]
) -> list[Table]:
    """The tables of a notebook: of each cell the first of its outputs that has a loss."""
    if not (found := _curves(shown, str(path), patterns)):
        what = f"a notebook with {len(shown)} outputs"
        raise contents.refused(path, what, "one in which a cell's output has lines with a loss")
    return found


def tables(text: str, source: str, patterns: Iterable[str]) -> list[Table]:
    """The tables of a text: of each block between its fences, where they hold all that is a curve.

    Else that of the whole text; [] if it is none.
    """
    blocks, beside = markup.fenced(text)
    # Most blocks are code, or a message: a curve has a number in each of its rows.
    blocks = [block for block in blocks if len(_NUMBER.findall(block[1])) > FEW_ROWS]
    found = [table for table in _curves(blocks, source, patterns) if table.rows > FEW_ROWS]
    if any(
        table.rows > FEW_ROWS
        for table in _curves([("", beside)] if found else [], source, patterns)
    ):
        found = []  # a log that has fences in it, not one between fences
    if found:
        return found if len(found) > 1 else [replace(found[0], run="")]
    if rows := blocks_of_rows.tables(terminal_text.plain_text(text), source):
        return rows
    table = text_table(text, source, patterns)
    return [] if table is None else [table]


def _curves(shown: Sequence[tuple[str, str]], source: str, patterns: Iterable[str]) -> list[Table]:
    """Of each place, the first of its texts with a curve."""
    found: dict[str, Table] = {}
    for place, text in shown:
        if place in found:
            continue
        try:
            table = text_table(text, source, patterns)
        except ValueError:
            continue  # an output of other things
        # A number that nothing names is no loss here.
        said = table is not None and any(
            parse(name).kind in ("loss", "error") and parse(name).stem[0] in plain(text)
            for name in table.columns
        )
        if table is not None and said and _is_curve(table):
            found[place] = replace(table, run=place)
    return list(found.values())


def text_table(text: str, source: str, patterns: Iterable[str]) -> Table | None:
    """The table of a text: by the first reader that finds a curve in it, else by the first of all.

    Raises
    ------
    ValueError
        If it looks like a table, but for what makes it none, and no other reader finds a curve.
    """
    patterns = tuple(patterns)
    if patterns and (table := console.table(text, source, patterns)) is not None:
        return table
    text = terminal_text.plain_text(text)
    readers = [charts.table, markup.table, drawn.table, lists.table, delimited.table]
    if text.lstrip()[:1] in ("{", "["):
        readers.insert(0, json_logs.table)
    others: list[Table] = []
    failed: ValueError | None = None
    shown = terminal_text.last_drawn(text)
    for reader in readers:
        try:
            table = reader(shown, source)
        except ValueError as error:
            if reader is json_logs.table:
                raise
            failed = failed or error
            continue
        if table is not None and (_is_curve(table) or reader is json_logs.table):
            if reader is drawn.table and (lines := _among_lines(table, shown, source)):
                return lines
            return _of_messages(table, source) or table
        others += [] if table is None else [table]
    # Lines of text that look like rows: what they say is read, where they say a loss.
    printed = console.table(markup.text_of(text) if markup.is_page(text) else text, source)
    alone = not others and (failed is None or (printed is not None and printed.rows > 1))
    if printed is not None and (printed.rows > 2 or alone):
        return printed
    if (behind := _behind_prefixes(text, source)) is not None:
        return behind
    if others:
        return _of_messages(others[0], source) or others[0]
    if failed is not None:
        raise failed
    return None


def _among_lines(table: Table, text: str, source: str) -> Table | None:
    """What a program printed around a drawn table that counts nothing, where that is more."""
    if any(runs.goes_up(table, name) for name in table.columns):
        return None
    printed = console.table(text, source)
    counts = printed is not None and any(runs.goes_up(printed, name) for name in printed.columns)
    return printed if printed is not None and counts and printed.rows > table.rows else None


def _behind_prefixes(text: str, source: str) -> Table | None:
    """The table whose every line stands behind what loggers write, if its header names a loss."""
    while (text := prefixes.removed(text)) and _NUMBER.search(text):
        for reader in (drawn.table, delimited.table):
            try:
                found = reader(text, source)
            except ValueError:
                continue
            named = found is not None and any(
                parse(name).kind in ("loss", "error") and name in text for name in found.columns
            )
            if found is not None and named and _is_curve(found):
                return found
    return None


def _is_curve(table: Table) -> bool:
    """Whether a column that is called a loss or an error holds numbers, or nothing at all."""
    for name, column in table.columns.items():
        if parse(name).kind in ("loss", "error"):
            share = cells.share_of_numbers(column, table.decimal)
            if share > 0.5 or not cells.count(column):
                return True
    return False


def _of_messages(table: Table, source: str) -> Table | None:
    """What a program printed, where each line of it is a cell: logs of servers and services."""
    if _is_curve(table):
        return None
    for name, column in table.columns.items():
        if plain(name).rpartition("_")[2] in MESSAGES:
            said = console.table("\n".join(str(cell).rstrip("\n") for cell in column), source)
            if said is not None and said.rows > 2:
                return said
    return None
