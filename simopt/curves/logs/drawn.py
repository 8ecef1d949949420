"""Tables drawn in text with bars and rules: Markdown, and the grids of many programs."""

from __future__ import annotations

from collections.abc import Iterable

from simopt.curves.logs import cells
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table, named
from simopt.ground.patterns import late

_BARS = str.maketrans("│┃║┆┊", "|||||")
_RULE = late(r"[\s|:+=\-\u2500-\u257f]+")
_MARKDOWN = late(r"[\s:-]*\|[\s|:-]+")
_STROKE = late(r"[-=\u2500-\u257f]{3}")

#: Lines that a header may be spread over: MATLAB writes "Mini-batch" above "Loss".
MOST_HEADER_LINES = 4


def table(text: str, source: str) -> Table | None:
    """The first table in a text whose header, above a rule, names a loss; None if there is none.

    Parameters
    ----------
    text : str
        The text; other lines may stand before and behind the table.
    source : str
        Its name.

    Returns
    -------
    Table or None
    """
    if not _STROKE.search(text):
        return None
    lines = text.translate(_BARS).splitlines()
    for rule, line in enumerate(lines):
        if not _is_rule(line) or not (header := _header(lines, rule)):
            continue
        body = list(_body(lines[rule + 1 :], header))
        if len(body) > 2 and cells.are_units(body[0]):
            del body[0]
        if body and any(parse(name).kind in ("loss", "error") for name in header):
            form = "Markdown table" if _MARKDOWN.fullmatch(line) else "drawn table"
            return Table(named(header, [list(c) for c in zip(*body, strict=True)]), form, source)
    return None


def _is_rule(line: str) -> bool:
    return _RULE.fullmatch(line) is not None and _STROKE.search(line) is not None


def _header(lines: list[str], rule: int) -> list[str]:
    """The names right above a rule, those of several lines joined; empty if there are none."""
    rows: list[list[str]] = []
    for line in reversed(lines[max(0, rule - MOST_HEADER_LINES) : rule]):
        if "|" not in line or _is_rule(line):
            break
        rows.insert(0, _cells(line))
    if not rows or len({len(row) for row in rows}) > 1:
        return []
    if any(cells.is_number(cell) for row in rows for cell in row):
        return []  # a box of names and values, or another table's end
    return [" ".join(filter(None, parts)) for parts in zip(*rows, strict=True)]


def _body(lines: Iterable[str], header: list[str]) -> Iterable[list[str]]:
    for line in lines:
        if _is_rule(line):
            continue
        row = _cells(line)
        if "|" not in line or len(row) != len(header):
            return
        if row != header:
            yield row


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]
