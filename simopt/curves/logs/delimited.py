"""Tables in text: CSV with any separator, white space, Markdown; with what befalls such files."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from simopt.curves.logs import cells as numbers
from simopt.curves.logs import nameless as without_names
from simopt.curves.logs.names import METRIC_NAMES, METRIC_VALUES, parse, plain
from simopt.curves.logs.nested import side_by_side
from simopt.curves.logs.rows import (
    LOOKED_AT,
    count_rows,
    is_word,
    numbered_columns,
    summary,
    titled,
    trimmed,
    two_lines,
    under_names,
    upright,
    wide,
)
from simopt.curves.logs.table import Table, named
from simopt.ground import checks
from simopt.ground.delimited import decimal_mark, find_separator, split
from simopt.ground.patterns import late

#: From so many characters on the cells are read by pandas, where they are regular enough.
LARGE = 2_000_000

#: Excel's first line, which names the separator.
_EXCEL = late(r"sep=(.)[ \t]*\r?\n", re.IGNORECASE)

#: A header of Jira's, Confluence's and Trac's.
_JIRA = late(r"^\|\|.*\|\|[ \t]*$", re.MULTILINE)

#: A line under a header, and a row that stands for those that were not printed.
_RULE, _LEFT_OUT = late(r"[-=+_─═]{2,}"), late(r"\.{2,3}|…|⋮|⋯")

_NO_GROUPS = late(r"[-+]?(?:\d+,(?!\d{3}$)\d+|0,\d+|\d{4,},\d+)")
_NUMBERED = late(r"\d+:")
_FIRST_OF_NUMBER = late(r"[-+.]?\d|[-+]?(?:nan|inf)", re.IGNORECASE)


def table(text: str, source: str) -> Table | None:
    """The table that a text is; None if it is none.

    Parameters
    ----------
    text : str
        The file's.
    source : str
        Its name, for messages.

    Returns
    -------
    Table or None

    Raises
    ------
    ValueError
        If it is a table whose rows can't be told apart, or that has a name twice.
    """
    if excel := _EXCEL.match(text):
        text = text[excel.end() :]
    if text.lstrip()[:2] == "||":
        text = _JIRA.sub(lambda line: line[0].replace("||", "|"), text)
    first = [line for line in text[: 400 * LOOKED_AT].splitlines() if line.strip()][:LOOKED_AT]
    # A comment is dropped, but for a first line that names the columns: "# epoch loss".
    head = first[0].lstrip("#").strip() if first and first[0].lstrip().startswith("#") else ""
    first = [line for line in first if not line.lstrip().startswith("#")]
    if not first:
        return None
    separator = excel[1] if excel else _separator(first)
    if separator is None:
        return None
    if separator == " ":
        head = re.sub(r"[,;](?=\s)", "", head)  # "# step, loss" above columns that spaces set apart
    if head and len(split([head], separator)[0]) == len(split(first[:1], separator)[0]):
        first.insert(0, head)
    else:
        head = ""
    looked = split(first, separator)
    if not _is_table(wide(first, looked) if separator == " " else looked, separator):
        kept = [line for line in text.splitlines() if line.strip()]
        return None if separator == " " else _with_names(trimmed(split(kept, separator)), source)
    if len(text) > LARGE and (quick := _by_pandas(text, separator, head, source)) is not None:
        return quick
    lines = text.splitlines()
    kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    written = [head, *kept] if head else kept
    rows = split(written, separator)
    if separator == " ":
        rows = under_names(written, wide(written, rows))
    rows = titled(rows, prose=separator == " ")
    try:
        return _from_rows(rows, source, separator, text.endswith(("\n", "\r")))
    except ValueError:
        if separator == " " and _is_prose(rows[0]):
            return None
        raise


def _with_names(rows: list[list[str]], source: str) -> Table | None:
    """The table of rows that say names and numbers in turns: "epoch,1,loss,0.5"; None if none."""
    width = len(rows[0])
    if width % 2 or len(rows) < 3 or any(len(row) != width for row in rows):
        return None
    names = [rows[0][k] for k in range(0, width, 2)]
    if any(row[::2] != names for row in rows) or any(map(numbers.is_number, names)):
        return None
    body = [[row[k] for row in rows] for k in range(1, width, 2)]
    return Table(named(names, body), "rows of names and numbers", source)


def _separator(lines: Sequence[str]) -> str | None:
    """What stands between the cells; a comma where there is one column alone."""
    if (best := find_separator(lines)) is not None:
        return best
    alone = all(len(line.split()) == 1 for line in lines[1:])
    return "," if alone and (len(lines) > 1 or len(lines[0].split()) == 1) else None


def _is_table(rows: Sequence[Sequence[str]], separator: str) -> bool:
    """Whether some column is of numbers below its first row, as no line of prose is."""
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    full = [row for row in rows if len(row) == width]
    # In a table of a metric a row, as R's history has, one metric stands in every row.
    told = {plain(cell) for cell in rows[0]}
    if not (told & {*METRIC_NAMES} and told & {*METRIC_VALUES}):
        if len(full) > 1 and any(_label({row[k] for row in full}) for k in range(width)):
            return False
        if separator == " " and len(full) > 2 and any(_named(full[1:], k) for k in range(width)):
            return False
    body = [row for row in rows[1:] if len(row) == width] or list(rows[:1])
    decimal = _decimal(body, separator)
    shares = [numbers.share_of_numbers([row[k] for row in body], decimal) for k in range(width)]
    named_here = [parse(cell).kind for cell in rows[0]]
    nothing_there = all(cell.lower() in numbers.MISSING for row in body for cell in row)
    return (
        max(shares) >= 0.5
        or (nothing_there and any(k in ("loss", "error") for k in named_here))
        or (any(k == "loss" for k in named_here) and not any(re.search(r"\d", c) for c in rows[0]))
    )


def _is_prose(row: Sequence[str]) -> bool:
    """Whether a first row is words that name nothing which is measured, or words and numbers."""
    words = [cell for cell in row if re.search(r"[A-Za-z]{2}", cell) and is_word(cell)]
    named = any(parse(cell).kind in ("loss", "error", "higher", "counter") for cell in words)
    return bool(words) and (not named or any(map(numbers.is_number, row)))


def _label(texts: set[str]) -> bool:
    """Whether a column holds one word in every row, the first too, as "loss:" in a line of text."""
    (text, *others) = texts
    return not others and re.search(r"[A-Za-z]", text) is not None and not numbers.is_number(text)


def _named(rows: Sequence[Sequence[str]], k: int) -> bool:
    """Whether a column holds one name in every row, as "epoch" in lines of text."""
    (text, *others) = {row[k] for row in rows}
    return not others and parse(text).kind in ("counter", "loss", "error") and _label({text})


def _decimal(rows: Sequence[Sequence[str]], mark: str) -> str:
    """The decimal mark of rows: where commas stand between the cells, a point but for quoted ones.

    Quoted numbers with commas may be of thousands in groups, all of three digits.
    """
    held = [cell for row in rows[:LOOKED_AT] for cell in row if mark != "," or "," in cell]
    if mark == "," and not any(_NO_GROUPS.fullmatch(cell) for cell in held):
        return "."
    return decimal_mark(held)


def _from_rows(rows: list[list[str]], source: str, separator: str, ended: bool) -> Table:
    notes: list[str] = []
    if len(rows) == 1 and len(rows[0]) > 3 and all(map(numbers.is_number, rows[0])):
        rows = [[cell] for cell in rows[0]]  # numbers on one line
    rows = upright(trimmed(rows))
    if all(_NUMBERED.fullmatch(row[0]) for row in rows[1:]):
        rows = [[row[0].rstrip(":"), *row[1:]] for row in rows]
    header = rows[0]
    two = rows[:2] if len(rows) > 2 and two_lines(*rows[:2]) else []
    if two:
        header = [f"{above} {below}".strip() for above, below in zip(*rows[:2], strict=True)]
        rows = rows[1:]
    decimal = _decimal(rows, separator)
    nameless = True
    if (before := numbered_columns(rows)) is not None:
        if not before:
            notes.append(f"the first line, {header[0]!r} on, numbers the columns as pandas does")
        rows = rows[1:]
        header = [*[""] * before, *without_names.names([row[before:] for row in rows], source)]
    elif any(numbers.is_number(cell, decimal) for cell in header):
        header = without_names.names(rows, source)
    else:
        nameless = False
        rows = rows[1:]
    if not rows:
        allowed = "a table with numbers below its header"
        raise checks.refuse("file", f"{source}: a header alone", allowed)
    # pandas and R write an index without a name, or leave its name out.
    usual = Counter(len(row) for row in rows).most_common(1)[0][0]
    wider = usual == len(header) + 1
    index = [""] if wider and (separator in " \t" or count_rows(rows)) else []
    header = [*index, *header]
    if header[:2] == ["", ""] and not any(numbers.is_number(row[0]) for row in rows[:LOOKED_AT]):
        header = ["run", *header[1:]]  # what pandas.concat({"sgd": ..., "adam": ...}) puts in front
    counted = [row[0] for row in rows[:LOOKED_AT] if len(row) == len(header)]
    most = 0.5 if parse(header[0]).kind == "counter" else 0.9
    counts = bool(counted) and numbers.share_of_numbers(counted) > most
    body: list[list[str]] = []
    sessions: list[int] = []
    wrong = mixed = 0
    names = header  # of all columns; header is what the rows here have
    for number, row in enumerate(rows):
        again = row if row[0] == "" else [*index, *row]
        if again == header or _is_header(row, header):
            sessions.append(len(body))
            header = again
            names = [*names, *(name for name in header if name not in names)]
            continue
        if all(map(_RULE.fullmatch, row)):
            continue  # a line under the header
        if all(map(_LEFT_OUT.fullmatch, row)):
            notes.append(f"rows behind the first {len(body)} were not printed, and are missing")
            continue
        if separator == " " and counts and row[0].startswith("[") and row[-1].endswith("]"):
            continue  # pandas' "[30 rows x 4 columns]"
        if not body and len(rows) > 2 and numbers.are_units(row):
            continue
        if separator == " " and counts and _is_message(row[0]):
            continue  # of as many words as the table has columns
        if len(row) > len(header) and not any(row[len(header) :]):
            row = row[: len(header)]
        if len(row) == 1 < len(header) and (apart := _apart(row[0], len(header))):
            if counts and not _FIRST_OF_NUMBER.match(apart[0]):
                continue  # a message: "saved;1;2"
            row, mixed = apart, mixed + 1
        if len(row) != len(header):
            if number == len(rows) - 1 and len(row) < len(header):
                notes.append("the last line is cut off, and left out")
                continue
            if (len(row) < len(header) and all(map(is_word, row))) or (
                counts and not _FIRST_OF_NUMBER.match(row[0])
            ):
                continue  # a message between the rows
            wrong += 1
            if wrong > max(2, 0.05 * len(rows)) or len(rows) < 20:
                cells = f"{len(row)} cells in row {number + 2} of {source}"
                raise checks.refuse("file", cells, f"{len(header)} of them, as in its header")
            continue
        if header != names:
            held = dict(zip(header, row, strict=True))
            row = [held.get(name, "") for name in names]
        body.append(row)
    body = [[*row, *[""] * (len(names) - len(row))] for row in body]
    counting = [separator != " " and parse(name).kind == "counter" for name in names]
    while len(body) > 3 and (said := summary(body[-1], body[0], counting)):
        notes.append(f"the last row, {said!r}, is none of the training, and left out")
        body.pop()
    if mixed:
        rows_have = f"{mixed} rows have" if mixed > 1 else "one row has"
        notes.append(f"{rows_have} another separator than the header")
    if wrong:
        notes.append(f"{wrong} rows have other numbers of cells than the header, and are left out")
    if body and not ended and _cut(body):
        notes.append("the last line is cut off, and left out")
        body.pop()
    columns = named(names, [[row[k] for row in body] for k in range(len(names))])
    kind = {",": "CSV", ";": "CSV (semicolons)", "\t": "TSV", " ": "columns", "|": "columns"}
    table = Table(
        columns, kind[separator], source, _decimal(body, separator), sessions=tuple(sessions),
        notes=tuple(notes), nameless=nameless,
    )  # fmt: skip
    return side_by_side(table, *two) if two and len(two[0]) == len(names) else table


def _apart(line: str, width: int) -> list[str] | None:
    """A row's cells by another separator than the header's, most of them numbers; None if none."""
    for separator in "\t;,|":
        if separator in line:
            cells = split([line], separator)[0]
            if len(cells) == width and 2 * sum(map(numbers.is_number, cells)) >= width:
                return cells
    return None


def _is_header(row: Sequence[str], header: Sequence[str]) -> bool:
    """Whether a row is another header: a run was resumed that logs more, or in another order."""
    return (
        len(set(row)) == len(row)
        and len(set(row) & set(header)) > 1
        and not any(map(numbers.is_number, row))
    )


def _is_message(cell: str) -> bool:
    """Whether a word begins no row of a table whose first column is of numbers."""
    return not _FIRST_OF_NUMBER.match(cell) and cell.lower() not in numbers.MISSING


def _cut(body: list[list[str]]) -> bool:
    """Whether the last row, without a line's end, looks cut: its last cell is much shorter."""
    if len(body) < 3:
        return False
    lengths = [len(row[-1]) for row in body[-6:-1]]
    return 0 < len(body[-1][-1]) < min(lengths) - 1


def _by_pandas(text: str, separator: str, head: str, source: str) -> Table | None:
    """A large regular table by pandas' parser, ten times as fast; None if it is not regular."""
    import pandas as pd

    if head:
        return None
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=r"\s+" if separator == " " else separator, header=None,
            comment="#", keep_default_na=False, na_values=[""], low_memory=False, skiprows=1,
            skip_blank_lines=True,
        )  # fmt: skip
    except (pd.errors.ParserError, ValueError):
        return None
    header = split([text[: text.index("\n")]], separator)[0]
    if len(header) != frame.shape[1] or any(numbers.is_number(cell) for cell in header):
        return None
    cells: list[Any] = []
    for k in range(len(header)):
        column = frame[k]
        if column.dtype.kind in "fiu":
            values = column.to_numpy(np.float64)
            cells.append(np.ma.masked_array(values, np.isnan(values)))
        else:
            texts = column.tolist()
            if any(cell == header[k] for cell in texts):
                return None  # the header again: the slow way tells sessions apart
            cells.append(
                [None if isinstance(cell, float) and cell != cell else cell for cell in texts]
            )
    if (
        not text.endswith("\n")
        and isinstance(frame.iloc[-1, -1], float)
        and np.isnan(frame.iloc[-1, -1])
    ):
        return None
    kind = "TSV" if separator == "\t" else "CSV"
    return Table(named(header, cells), kind, source)
