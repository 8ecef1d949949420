"""How a text is written: what stands between its cells, above its table, and in its numbers."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

from simopt.ground.delimited import COMMA, POINT, decimal_mark, find_separator, split
from simopt.ground.patterns import late
from simopt.problems import amounts, headings, packed
from simopt.problems.columns import listed
from simopt.problems.headings import MISSING, NUMBER, UNITS
from simopt.problems.texts import are_codes

#: How files begin that hold no table's text, whatever they are called: other formats with what no
#: heading has, Git's stand-in for a large file, and web pages.
NO_TEXT = {
    rb"PAR1\x15": "Parquet",
    rb"ARROW1\0\0": "Arrow",
    rb"\xd0\xcf\x11\xe0": "a workbook of Excel's",
    rb"\x89HDF": "HDF5",
    rb"SQLite format 3\0": "a database",
    rb"version https://git-lfs": "Git's pointer to a large file",
    rb"(?i:\s*<(?:!doctype html|html)\b)": "a web page",
}

#: How pandas unpacks a file by its name alone.
PACKED_BY = {".gz": "gzip", ".bz2": "bz2", ".xz": "xz", ".zip": "zip"}

#: Bytes and lines that show how a text is written.
HEAD, LINES = 1 << 20, 200

#: What groups thousands beside each decimal mark, and numbers that show it.
GROUPED = {
    ".": (",", late(r"[-+]?\d{1,3}(?:,\d{3})+\.\d+|[-+]?\d{1,3}(?:,\d{3}){2,}")),
    ",": (".", late(r"[-+]?\d{1,3}(?:\.\d{3})+,\d+|[-+]?\d{1,3}(?:\.\d{3}){2,}")),
}

#: Marks that group thousands beside either decimal mark: Switzerland's, and a space.
SET_APART = late(r"[-+]?\d{1,3}(?:(['\u0020])\d{3})(?:\1\d{3})*(?:[.,]\d+)?")

#: Numbers whose marks may group thousands as well as set off decimals.
EITHER = {mark: late(rf"[-+]?[1-9]\d{{0,2}}(?:\{mark}\d{{3}})+") for mark in ".,"}

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class TextFormat(NamedTuple):
    """How a text is written.

    ``options`` are the arguments of `pandas.read_csv` that read it, but those that are its
    defaults; ``names`` those of the columns; ``decimal`` the decimal mark, None where no number
    has one; ``remarks`` sentences on what is no row, or was decided by little; ``below`` how many
    lines end with the heading.
    """

    options: dict[str, Any]
    names: list[str]
    decimal: str | None
    remarks: list[str]
    below: int

    def wider(self, cells: int) -> TextFormat:
        """The same with empty cells behind some rows: pandas must be given a name for each."""
        if cells <= len(self.names):
            return self
        empty = [""] * (cells - len(self.names))
        names = [each or f"Unnamed: {k}" for k, each in enumerate([*self.names, *empty])]
        return self._replace(options={**self.options, "names": names, "skiprows": self.below})


class _Table(NamedTuple):
    """The first lines of a table, below so many lines of the text, and how far to the heading."""

    lines: list[str]
    sep: str
    skipped: int
    remark: str
    heading: int


class _Heading(NamedTuple):
    """The names of the columns, and the rows below them.

    ``above`` lines are read past, and the names given, where they don't stand right above the rows.
    """

    names: list[str]
    rows: list[list[str]]
    given: bool
    above: int
    remarks: list[str]


class _Marks(NamedTuple):
    """What sets off decimals (``shown`` where a number has it) and thousands."""

    decimal: str
    shown: str | None
    thousands: str | None
    remarks: list[str]


def written(
    path: Path, sep: str | None = None, decimal: str | None = None, encoding: str | None = None
) -> TextFormat:
    """How a text is written, from its first lines; what is given is taken so.

    Raises
    ------
    ValueError
        If it is no text of a table, or its numbers may be read in two ways.
    """
    head = packed.head(path, HEAD)
    for mark, what in NO_TEXT.items():
        if re.match(mark, head):
            raise ValueError(f"it holds {what}, whatever its name says")
    encoding = encoding or _encoding(head)
    table = _table(_lines(head, encoding), sep)
    heading = _heading(table)
    marks = _marks(heading, table.sep, decimal)
    cells = {cell for row in heading.rows for cell in row}
    wide, named = _behind(heading)
    given: dict[str, tuple[Any, Any]] = {
        "sep": (r"\s+" if table.sep == " " else table.sep, ","),
        "decimal": (marks.decimal, "."),
        "thousands": (marks.thousands, None),
        "encoding": (encoding, "utf-8"),
        "compression": (packed.packing(path), PACKED_BY.get(path.suffix.lower())),
        "skiprows": (table.skipped + heading.above, 0),
        "names": (heading.names if heading.given else [], []),
        "skipinitialspace": (_are_spaced(table), False),
        "na_values": (MISSING if cells & set(MISSING) else [], []),
        "dtype": (_codes(heading.names, heading.rows), {}),
    }
    options = {name: value for name, (value, default) in given.items() if value != default}
    remarks = [*heading.remarks, *named, *marks.remarks]
    below = heading.above if heading.given else table.heading + 1
    how = TextFormat(options, heading.names, marks.shown, remarks, table.skipped + below)
    return how.wider(wide)


def _lines(head: bytes, encoding: str) -> list[str]:
    """The lines that are whole."""
    # The last character may be cut in two.
    text = codecs.getincrementaldecoder(encoding)().decode(head, len(head) < HEAD)
    lines = text.splitlines()
    return lines[:-1] if len(head) == HEAD and len(lines) > 1 else lines


def _table(text: list[str], sep: str | None) -> _Table:
    """Where the table begins: below Excel's own line, remarks and titles."""
    skipped = 0
    if text and text[0].lower().startswith("sep=") and len(text[0]) == 5:
        sep, skipped = sep or text[0][4], 1
    remarks = headings.remarks(text[skipped:])
    skipped += remarks
    remark = text[skipped - 1].lstrip("#% ") if remarks else ""
    lines = [line for line in text[skipped:] if line.strip()]
    if not lines:
        raise ValueError("no heading")
    sep = sep or find_separator(lines[:LINES], "\t;,|") or find_separator(lines[:LINES], " ") or ","
    titles = headings.titles(lines[:LINES], sep)
    if titles:
        skipped = text.index(lines[titles], skipped)
    lines = lines[titles : titles + LINES]
    return _Table(lines, sep, skipped, remark, text[skipped:].index(lines[0]))


def _heading(table: _Table) -> _Heading:
    """Which line names the columns: the first, the second, or the remark above them."""
    first, *rows = split(table.lines, table.sep)
    second = len(split(table.lines[:2], table.sep)) == 2 and headings.names_again(first, rows)
    if second:
        below, *rows = rows
        names, other = (first, below) if second == UNITS else (below, first)
        said = f"the line {listed(filter(None, other))} has {second}, and is no row"
        return _Heading(names, rows, True, 2, [said])
    names = split([table.remark], table.sep)[0] if table.remark else []
    if len(names) == len(first) and any(cell and NUMBER.fullmatch(cell) for cell in first):
        return _Heading(names, [first, *rows], True, 0, [])  # numpy.savetxt comments it out
    return _Heading(first, rows, False, 0, [])


def _behind(heading: _Heading) -> tuple[int, list[str]]:
    """The cells of the widest row that ends in empty ones, and a remark on rows' names, as R's.

    pandas takes what is there once more than the heading has names from the beginning of a row:
    names, but where a decimal comma or a text was cut in two at its comma.
    """
    rows, names = heading.rows, len(heading.names)
    if not any(any(row[names:]) for row in rows):
        return max(map(len, rows), default=0), []
    first = [row[0] for row in rows]
    number = next((cell for cell in first if POINT.fullmatch(cell)), None)
    if number is None and {len(row) for row in rows} == {names + 1} and len({*first}) == len(first):
        counted = any(first == [str(k + at) for k in range(len(first))] for at in (0, 1))
        # Where none has a point, a decimal comma may have cut a cell in two.
        counted = counted and any(POINT.fullmatch(cell) for row in rows for cell in row[1:])
        said = f"the first cell of a row ({first[0]!r}) has no name in the heading: it is the row's"
        return 0, [] if counted else [said]
    row = next(k for k, row in enumerate(rows, 1) if any(row[names:]))
    raise too_wide(row, len(rows[row - 1]), names)


def too_wide(row: int, cells: int, names: int) -> ValueError:
    """The error for a row of more cells than the heading has names; rows count from 1."""
    return ValueError(
        f"row {row} has {cells} cells below {names} names: must have as many; a separator within "
        "a cell, such as a decimal comma, must stand in quotes, and a first column of names or "
        "numbers must have a name in the heading"
    )


def _marks(heading: _Heading, sep: str, given: str | None) -> _Marks:
    """The marks in numbers, from all cells together; a decimal mark may be given."""
    rows = heading.rows
    cells = [cell for row in rows for cell in row]
    apart = Counter(match[1] for match in map(SET_APART.fullmatch, cells) if match)
    thousands = apart.most_common(1)[0][0] if apart else None
    if thousands:
        cells = [cell.replace(thousands, "") for cell in cells]
    if given is None:
        _check_points(heading.names, rows, cells)
    marks = [mark for mark in GROUPED if _groups_thousands(cells, mark)]
    shown, remarks = given or (marks[0] if len(marks) == 1 else None), []
    if shown is None and _is_open(cells):
        shown = _told(rows)
        if shown is None and sep == ";":
            shown = ","
            cell = next(filter(COMMA.fullmatch, cells))
            remarks.append(
                f"{cell!r} is read as {cell.replace(',', '.')}, for semicolons between the cells "
                "go with decimal commas: decimal='.' takes its comma to group thousands"
            )
        marks = [shown] if shown == "." else []
    elif shown is None and any(COMMA.fullmatch(cell) or POINT.fullmatch(cell) for cell in cells):
        shown = decimal_mark(cells)
    decimal = shown or "."
    if not thousands:
        points = [cell for cell in cells if POINT.fullmatch(cell)]
        # pandas takes points for decimal ones beside a decimal comma too.
        grouped = decimal == "," and points and all(map(EITHER["."].fullmatch, points))
        thousands = GROUPED[decimal][0] if decimal in marks or grouped else None
    return _Marks(decimal, shown, thousands, remarks)


def _check_points(names: list[str], rows: list[list[str]], cells: list[str]) -> None:
    """Refuse a column whose points may group thousands, where no other cell tells."""
    if not all(map(EITHER["."].fullmatch, filter(POINT.fullmatch, cells))):
        return
    for name, column in zip(names, zip_longest(*rows, fillvalue=""), strict=False):
        if doubtful := amounts.may_group(column):
            raise ValueError(
                f"column {name!r}: {doubtful!r} may group thousands or not: must be said by "
                "decimal="
            )


def _are_spaced(table: _Table) -> bool:
    """Whether white space stands between a separator and a cell."""
    rows = csv.reader(table.lines, delimiter=table.sep)
    return table.sep != " " and any(cell[:1] == " " for row in rows for cell in row)


def _is_open(cells: list[str]) -> bool:
    """Whether commas may group thousands as well as set off decimals, and no point says which."""
    commas = [cell for cell in cells if COMMA.fullmatch(cell)]
    either = all(map(EITHER[","].fullmatch, commas))
    return bool(commas) and either and not any(map(POINT.fullmatch, cells))


#: An amount with a comma, or with a point that groups no thousands.
_MARKED = late(r",|\.(?!\d{3}(?!\d))\d|\d{4}\.|(?<!\d)0\d*\.")


def _told(rows: list[list[str]]) -> str | None:
    """The decimal mark that columns of amounts say; None if they say none."""
    columns = [[cell or None for cell in column] for column in zip_longest(*rows, fillvalue="")]
    marked = (column for column in columns if any(cell and _MARKED.search(cell) for cell in column))
    read = map(amounts.read, marked)
    marks = {each.decimal for each in read if isinstance(each, amounts.Amounts)}
    return marks.pop() if len(marks) == 1 else None


def _codes(names: list[str], rows: list[list[str]]) -> dict[str, str]:
    """The columns that hold codes, which a parser would take for numbers."""
    columns = zip(names, zip_longest(*rows, fillvalue=""), strict=False)
    return {name: "str" for name, cells in columns if are_codes([c for c in cells if c])}


def _groups_thousands(cells: list[str], decimal: str) -> bool:
    """Whether cells have a decimal mark, and thousands set apart by the other.

    In one cell, or in some cells the one, which groups no thousands, and in others the other, which
    may.
    """
    other, grouped = GROUPED[decimal]
    if any(map(grouped.fullmatch, cells)):
        return True
    marked = {mark: [c for c in cells if NUMBER.fullmatch(c) and mark in c] for mark in ".,"}
    groups = [c for c in cells if EITHER[other].fullmatch(c)]
    return bool(groups) and set(marked[other]) <= set(groups) and any(
        not EITHER[decimal].fullmatch(cell) for cell in marked[decimal]
    )  # fmt: skip


def _encoding(head: bytes) -> str:
    """UTF-8 but where the first bytes show another."""
    for mark, encoding in BOMS:
        if head.startswith(mark):
            return encoding
    if 4 * head.count(b"\0") > len(head):
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    if b"\0" in head:
        raise ValueError(f"it is no text: byte {head.index(0) + 1} is 0")
    return "utf-8"
