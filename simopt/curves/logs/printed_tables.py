"""Rows of a table that a program prints among other lines: whose cells are under which name."""

from __future__ import annotations

import re
from typing import NamedTuple

from simopt.curves.logs.cells import MISSING
from simopt.curves.logs.names import CLOCKS, parse
from simopt.curves.logs.patterns import VALUE
from simopt.ground.patterns import late


def columns(line: str, header: list[Word]) -> tuple[list[Word], dict[str, str]] | None:
    """A row of a table in the midst of a text, as spaCy's: the header, and the row's cells."""
    names = _words(line, _NAMES)
    kinds = {parse(name.text).kind for name in names}
    if (
        len(names) > 1
        # A table of metrics that rise is the one to read only where none has a loss.
        and (kinds & {"loss", "error"} or ("higher" in kinds and not header))
        and not re.search(r"[:=]", _IN_BRACKETS.sub("", line))
        and not any(map(_numeric, line.split()))
    ):
        return names, {}
    line = _DRAWN_BAR.sub("", line) if "%" in line else line
    wide = _words(line, _NAMES)
    if "[" in line and (lists := _lists(wide, header)):
        return header, lists
    words = _words(line, _WORDS)
    cells = [_COUNT_OF.sub(r"\1", word.text) for word in words]
    numeric = sum(map(_numeric, cells))
    # Names may hold single spaces ("LOSS NER"), or have no more than those between them; so may
    # cells ("2026-05-01 12:00:00", "0.5 sec").
    alone = [name.text for name in header], [w for n in header for w in n.text.split()]
    for held in (cells, [word.text for word in wide]):
        for known in alone:
            told = {n: c for n, c in zip(known, held, strict=False) if _numeric(c)}
            blank = {n for n, c in zip(known, held, strict=False) if c in MISSING}
            counted = all(n in told or n in blank or not _counts(n) for n in known)
            if known and len(held) == len(known) and counted and len(told) >= 0.6 * len(held):
                return header, told
    # Where cells are empty, a number belongs to the name that it stands under.
    if 1 < len(cells) < len(header) and numeric >= 0.6 * len(cells):
        under = [[n.text for n in header if n.start < w.end and w.start < n.end] for w in words]
        found = {each[0]: cell for each, cell in zip(under, cells, strict=True) if len(each) == 1}
        needed = ("loss", "error", "counter")
        if len(found) == len(cells) and all(
            _numeric(cell) for name, cell in found.items() if parse(name).kind in needed
        ):
            return header, {name: cell for name, cell in found.items() if _numeric(cell)}
    return None


def _lists(cells: list[Word], header: list[Word]) -> dict[str, str]:
    """A row whose cells are lists of a loss' parts, as DeepXDE's: their sums; {} if it is none."""
    if len(cells) != len(header):
        return {}
    found = {}
    for name, cell in zip(header, cells, strict=True):
        if cell.text == "-":  # "[]", which looks like a bar
            continue
        parts = re.findall(VALUE, cell.text, re.IGNORECASE)
        if not re.fullmatch(rf"\[?\s*{VALUE}(?:,?\s+{VALUE})*\s*\]?", cell.text, re.IGNORECASE):
            return {}
        several = f" (sum of {len(parts)})" if len(parts) > 1 else ""
        found[name.text + several] = repr(sum(map(float, parts))) if several else parts[0]
    return found


class Word(NamedTuple):
    """A word or a name of a line, and where it stands."""

    text: str
    start: int
    end: int


#: What single spaces hold together, and no tab; and what no space does.
_NAMES, _WORDS = late(r"\S+(?: \S+)*"), late(r"\S+")


def _words(line: str, expression: re.Pattern[str]) -> list[Word]:
    return [Word(match[0], *match.span()) for match in expression.finditer(line)]


#: A name's unit, which may have colons: "t[m:s]".
_IN_BRACKETS = late(r"\[[^\[\]]*\]|\([^()]*\)")

#: A progress bar behind a row, and a position that says of how many it is.
_DRAWN_BAR = late(r"(?::|(?<!\s))\s*+\d+%.*")
_COUNT_OF = late(r"(\d+)/\d+")


def _counts(name: str) -> bool:
    """Whether a column has a number in each row: what rows are counted by, but for clocks."""
    parsed = parse(name)
    return parsed.kind == "counter" and parsed.stem[0] not in CLOCKS


def _numeric(word: str) -> bool:
    return re.fullmatch(VALUE, word, re.IGNORECASE) is not None
