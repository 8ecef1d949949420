"""Which lines of a text name the columns of its table, and which stand above them."""

from __future__ import annotations

import re

from simopt.ground.delimited import split
from simopt.ground.patterns import late
from simopt.problems.units import is_unit

#: What stands for no value, beside what pandas reads so: SAS writes a point, MySQL a backslash, the
#: World Bank two points, Eurostat a colon, and Excel why it has none.
MISSING = ["?", "-", "--", "\N{EN DASH}", "\N{EM DASH}", ".", "..", ":", "n.a.", "nil", r"\N"]
MISSING += ["#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!"]

ABSENT = frozenset((*MISSING, "", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "#N/A"))

#: Lines that may stand above a heading.
TITLES = 20

NUMBER = late(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?|nan|inf|", re.IGNORECASE)


def remarks(lines: list[str]) -> int:
    """How many lines down to the last remark above the table."""
    table = next((k for k, each in enumerate(lines) if each.strip() and not _is_remark(each)), 0)
    return next((k for k in range(table, 0, -1) if lines[k - 1].strip()), 0)


def _is_remark(line: str) -> bool:
    """Whether a line is a remark; the mark of MATLAB may also begin a heading of several names."""
    return line[0] == "#" or (line[0] == "%" and not re.search(r"[,;|\t]", line))


#: What a second line may be: of units, or of names under those of groups.
UNITS, NAMES = "units", "the names of groups"


def names_again(heading: list[str], rows: list[list[str]]) -> str:
    """What the line below a heading is, if it is no row of the table: `UNITS` or `NAMES`."""
    if len(rows) < 3 or {len(row) for row in rows[:3]} != {len(heading)} or len(heading) < 2:
        return ""
    second, *below = rows
    numeric = [
        k
        for k in range(len(heading))
        if all(NUMBER.fullmatch(row[k]) for row in below if k < len(row))
        and any(row[k : k + 1] not in ([], [""]) for row in below)
    ]
    if not numeric or any(NUMBER.fullmatch(second[k]) and second[k] for k in range(len(second))):
        return ""
    said = [second[k] for k in numeric if second[k]]
    words = [name for name in second if name]
    # pandas gives its index no name, and none below it where it nests the columns' names.
    if len({name for name in heading if name}) >= len(heading) - (not heading[0]):
        absent = all(cell in ABSENT for cell in said)
        if not absent and all(map(is_unit, words)) and 2 * len(said) >= len(numeric):
            return UNITS
        if heading[0] or second[0]:
            return ""
    # Names of groups repeat, or stand over the first column of each alone.
    named = all(second[k] for k in numeric if k) and not any(word in ABSENT for word in words)
    return NAMES if named and len(set(words)) == len(words) >= len(second) - 1 else ""


def titles(lines: list[str], sep: str) -> int:
    """How many lines above the heading are titles: they have one cell, and the table has more.

    A spreadsheet writes empty cells behind it, as many as the table has columns.
    """
    rows = split(lines, sep)
    widths = [len(row) for row in rows]
    usual = max(set(widths), key=widths.count)
    first = widths.index(usual)
    if usual > 1 and len(rows) == len(lines):
        below = enumerate(rows[first:], first)
        first = next((k for k, row in below if any(row[1:])), first)
    return (
        first if first <= TITLES and set(map(_cells, rows[:first])) <= {0, 1} and usual > 1 else 0
    )


def _cells(row: list[str]) -> int:
    """The cells of a row that hold anything."""
    return sum(map(bool, row))
