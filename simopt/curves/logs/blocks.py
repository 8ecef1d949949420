"""Curves one below the other in a text: blocks of rows, each with its title above or with none.

Gnuplot's data files, Octave's, and what is written by hand: "# train loss", rows, an empty line.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import replace

from simopt.curves.logs import cells, delimited
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table, merged
from simopt.ground.patterns import late

#: A block has so many rows or more, and a text so few lines beside them, for each.
FEW_ROWS, MOST_LINES = 3, 20

#: What only Octave writes before a name.
_MARKS = late(r"[#%@\"']|\bname:")
_LEFT_OUT = late(r"[\s.…⋮⋯]*[.…⋮⋯]{2,}[\s.…⋮⋯]*")
_NUMBER = late(r"\d[\d.]*")


def tables(text: str, source: str) -> list[Table]:
    """The curves of a text's blocks: one table, or one for each run; [] if it is no such text.

    Blocks whose titles name a loss or a part of the data are of one run. All others are runs, where
    what they are counted by begins again in each.
    """
    if not re.search(r"\n\s*[\n#%]", text):
        return []
    blocks = list(_blocks(text))
    if len(blocks) < 2 or min(len(rows) for _, rows in blocks) < FEW_ROWS:
        return []
    read: list[Table] = []
    titles: list[str] = []
    headed = False
    for lines, rows in blocks:
        header = lines[-1:] if lines and _is_header(lines[-1], rows[0]) else []
        try:
            table = delimited.table("\n".join([*header, *rows, ""]), source)
        except ValueError:
            return []
        if table is None:
            return []
        headed |= bool(header)
        read.append(table)
        titles.append(_title(lines[: len(lines) - len(header)]))
    # Under a header that comes again a run may go on.
    return _parts(read, titles) or ([] if headed else _runs(read, titles))


def _blocks(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Of each block the lines above it that hold no row, and its rows."""
    above: list[str] = []
    rows: list[str] = []
    for line in text.splitlines():
        if _is_row(line):
            rows.append(line)
            continue
        if _LEFT_OUT.fullmatch(line):
            continue  # rows that were not printed, of one block
        if rows:
            yield above, rows
            above, rows = [], []
        if words := _MARKS.sub(" ", line).strip():
            above.append(words)
        if len(above) > MOST_LINES:
            return
    if rows:
        yield above, rows


def _is_row(line: str) -> bool:
    return all(map(cells.is_number, re.split(r"[,;\s]+", line.strip(" \t\r,;"))))


def _is_header(line: str, row: str) -> bool:
    """Whether a line has a name for each cell of a row, the first for what rows are counted by."""
    names, held = (re.split(r"[,;\s]+", each.strip()) for each in (line, row))
    named = len(names) == len(held) > 1 and not any(map(cells.is_number, names))
    return named and parse(names[0]).kind == "counter"


def _title(lines: list[str]) -> str:
    """The last line that names a loss or a part of the data, else the last of all."""
    told = [line for line in lines if parse(line).kind in ("loss", "error") or parse(line).part]
    return (told or lines or [""])[-1]


def _parts(read: list[Table], titles: list[str]) -> list[Table]:
    """The one table of blocks that are curves of one run, joined by position.

    Names that differ in a number alone are of one curve: of its epochs, or of what was said of it.
    """
    names: list[list[str]] = []
    for table, title in zip(read, titles, strict=True):
        values = [name for name in table.columns if parse(name).kind != "counter"]
        if parse(title).kind not in ("", "counter") and len(values) == 1:
            values = [title]
        elif parse(title).part:
            values = [f"{title}/{name}" for name in values]
        names.append(values)
    every = [name for each in names for name in each]
    bare = {_NUMBER.sub("", name) for name in every}
    if len(bare) < len(every) or not any(parse(name).part for name in every):
        return []
    records = []
    for table, values in zip(read, names, strict=True):
        columns = dict(table.columns)
        counter = next((name for name in columns if parse(name).kind == "counter"), None)
        at = columns.pop(counter) if counter else range(table.rows)
        for place, *row in zip(cells.column(at)[0], *columns.values(), strict=True):
            records.append({counter or "step": place} | dict(zip(values, row, strict=True)))
    return [replace(read[0], columns=merged(records), format="blocks of rows")]


def _runs(read: list[Table], titles: list[str]) -> list[Table]:
    """A run for each block, where they are of the same columns and counted anew; epochs are one."""
    counter = next((n for n in read[0].columns if parse(n).kind == "counter"), None)
    if counter is None or len({tuple(table.columns) for table in read}) > 1:
        return []
    first = [cells.column(table.columns[counter])[0][0] for table in read]
    if max(first) > min(first) + 1:
        return []
    if _count_on(titles):
        joined = {n: [cell for table in read for cell in table.columns[n]] for n in read[0].columns}
        starts = tuple(itertools.accumulate(table.rows for table in read))[:-1]
        return [replace(read[0], columns=joined, sessions=starts, format="blocks of rows")]
    alike = len(set(titles)) < len(titles)
    return [
        replace(table, run="" if alike else title, format="blocks of rows")
        for table, title in zip(read, titles, strict=True)
    ]


def _count_on(titles: list[str]) -> bool:
    """Whether titles are those of parts that follow one another: epoch 1, epoch 2."""
    found = [re.fullmatch(r"(\D+?)\W*(\d+)\D*", title) for title in titles]
    told = [(parse(match[1]).kind, int(match[2])) for match in found if match]
    return told == [("counter", told[0][1] + k) for k in range(len(titles))] if told else False
