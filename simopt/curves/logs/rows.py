"""Rows of a text as they are meant: titles above, names of several words, cells that are empty."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from simopt.curves.logs import cells as numbers
from simopt.curves.logs.names import parse
from simopt.ground.patterns import late

#: Lines that are looked at to find out how a table is written.
LOOKED_AT = 200

#: A number that is not written as a whole one is.
_BROKEN = late(r"[.,e]|nan|inf", re.IGNORECASE)

#: What the last rows of a table may be about in place of an epoch.
_SUMMARY = frozenset(
    ("mean", "average", "avg", "median", "total", "sum", "all", "best", "final", "min", "max",
     "std", "overall")
)  # fmt: skip

#: Lines of a title that may stand above a header.
MOST_TITLES = 20


def wide(lines: Sequence[str], rows: list[list[str]]) -> list[list[str]]:
    """Rows of columns; names of several words, which wide spaces set apart, as they are meant."""
    width = Counter(len(row) for row in rows[:LOOKED_AT]).most_common(1)[0][0]
    for k, row in enumerate(rows[:MOST_TITLES]):
        if len(row) == width or any(map(numbers.is_number, row)):
            continue
        names = re.split(r"\s{2,}|\t", lines[k].strip())
        if width - 1 <= len(names) <= width and len(names) > 1:
            return [*rows[:k], names, *rows[k + 1 :]]
    return rows


def under_names(lines: Sequence[str], rows: list[list[str]]) -> list[list[str]]:
    """Rows with empty cells under the names that no number of theirs stands under."""
    width = Counter(len(row) for row in rows[:LOOKED_AT]).most_common(1)[0][0]
    start = next(k for k, row in enumerate(rows) if len(row) == width)
    if not any(parse(name).kind in ("loss", "error") for name in rows[start]):
        return rows
    names = list(_spans(lines[start], rows[start]))
    for k in range(start + 1, len(rows) - 1):
        row = rows[k]
        if not 1 < len(row) < width or not all(map(numbers.is_number, row)):
            continue
        cells = [
            [n for n, (first, end) in enumerate(names) if first < stop and at < end]
            for at, stop in _spans(lines[k], row)
        ]
        places = [under[0] for under in cells if len(under) == 1]
        if len(places) == len(set(places)) == len(row):
            held = dict(zip(places, row, strict=True))
            rows[k] = [held.get(n, "") for n in range(width)]
    return rows


def _spans(line: str, cells: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where each cell of a line begins and ends."""
    end = 0
    for cell in cells:
        start = line.index(cell, end)
        end = start + len(cell)
        yield start, end


def titled(rows: list[list[str]], prose: bool = False) -> list[list[str]]:
    """Rows from the header on: titles above it have fewer cells than the table.

    Of ``prose`` they may have more, above the one header, which names a loss or a metric.
    """
    width = Counter(len(row) for row in rows[:LOOKED_AT]).most_common(1)[0][0]
    start = next(k for k, row in enumerate(rows) if len(row) == width)
    above = rows[:start]
    named = any(parse(cell).kind in ("loss", "error", "higher") for cell in rows[start])
    once = rows.count(rows[start]) == 1 and not any(map(numbers.is_number, rows[start]))
    if start > MOST_TITLES or len(rows) - start < 3:
        return rows
    return (
        rows[start:] if (prose and named and once) or all(len(row) == 1 for row in above) else rows
    )


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Rows without what Excel leaves: empty ones, columns at the right without a name or a cell.

    And without a title above the names, in the first of as many cells.
    """
    rows = [row for row in rows if len(row) < 3 or any(row)] or rows
    width = max(map(len, rows))
    while width > 1 and not any(row[width - 1] for row in rows if len(row) >= width):
        width -= 1
    rows = [row[:width] for row in rows]
    while len(rows) > 2 and _is_title(*rows[:2]):
        rows = rows[1:]
    return rows


def _is_title(above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether of two rows the first has a cell alone, and the next a name in each of as many."""
    alone = bool(above[0]) and not any(above[1:])
    return alone and len(above) == len(below) > 1 and all(below) and all(map(is_word, below))


def upright(rows: list[list[str]]) -> list[list[str]]:
    """Rows that begin with a name and hold its numbers, as columns."""
    width = len(rows[0])
    named_first = all(len(row) == width and is_word(row[0]) for row in rows)
    if width <= max(3, len(rows)) or not named_first:
        return rows
    if not all(numbers.is_number(cell) for cell in rows[0][1:]):
        return rows
    if not any(parse(row[0]).kind in ("loss", "error") for row in rows):
        return rows
    return [list(column) for column in zip(*rows, strict=True)]


def two_lines(above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether the second line names what the first groups: "train, train" over "loss, acc".

    Or "train, val" over "loss, loss", whose groups have one column each.
    """
    if len(above) != len(below):
        return False
    again = {cell for cell, times in Counter(below).items() if times > 1}
    if len(set(above)) == len(above) and not any(
        parse(cell).kind in ("loss", "error") for cell in again
    ):
        return False
    names = [f"{a} {b}" for a, b in zip(above, below, strict=True)]
    return len(set(names)) == len(names) and all(map(is_word, below))


def is_word(cell: str) -> bool:
    """Whether a cell is no number."""
    return not numbers.is_number(cell)


def numbered_columns(rows: Sequence[Sequence[str]]) -> int | None:
    """How many columns of an index stand before those that pandas numbers 0, 1, ..., or None.

    The numbers in the header are whole, and those below it are not.
    """
    header, body = rows[0], rows[1:]
    first = next((k for k, cell in enumerate(header) if cell), 0)
    numbered = header[first:] == [str(k) for k in range(len(header) - first)]
    if not numbered or first > 1 or not body or first == len(header):
        return None
    full = [row for row in body if len(row) in (len(header), len(header) + 1)]
    index = 1 if first or all(len(row) > len(header) for row in full) else 0
    broken = all(_BROKEN.search(cell) for row in full[:LOOKED_AT] for cell in row[index:] if cell)
    return first if full and broken else None


def count_rows(rows: Sequence[Sequence[str]]) -> bool:
    """Whether cells without a name in the header count or name rows, as R's do: "1", "2", "3".

    Where none has a point, a decimal comma may have cut a cell in two.
    """
    first = [row[0] for row in rows]
    counted = any(first == [str(k + at) for k in range(len(first))] for at in (0, 1))
    pointed = any("." in cell for row in rows[:LOOKED_AT] for cell in row[1:])
    return counted and pointed


def summary(last: Sequence[str], first: Sequence[str], counting: Sequence[bool]) -> str:
    """What a row says of all others where they have a number, as "mean"; empty if nothing.

    Any word does where the others are counted; "11/12" and "11 s" count too.
    """
    for counts, a, cell in zip(counting, first, last, strict=True):
        if not numbers.is_number(a) or numbers.is_number(cell):
            continue
        word = counts and cell.lower() not in numbers.MISSING and not re.search(r"\d", cell)
        if word or cell.lower() in _SUMMARY:
            return cell
    return ""
