"""Which part of the data printed rows are of, where their names or lines say it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import compress
from typing import Any

from simopt.curves.logs.names import PARTS as SETTINGS
from simopt.curves.logs.names import parse
from simopt.curves.logs.patterns import COUNTED, PARTS
from simopt.curves.logs.table import Rows
from simopt.ground.patterns import late

#: A word that says which part of the data is meant, wherever it stands.
SAID = late(rf"(?<![\w./])(?<!\w-){PARTS}(?![\w/]|[.-]\w)", re.IGNORECASE)
#: The same where it is what the line is about: it stands at the start, behind a mark, a number or
#: the name of a setting ("mode: val"); behind it stands a mark, a position or nothing more.
_SUBJECT = late(
    r"(?:^[\W_]*|[\[(<{|,;*>/\])-]\s*|\d(?:\s*+:\s*+|\s++)|\b(?:"
    + "|".join(SETTINGS)
    + r")\s*[:=]\s*"
    rf"|(?<!\s):(?=\S)|:\s+(?={PARTS}\s+{COUNTED}\b)|^\W*(?!skip)[a-z]+(?:ing|ed)\s+|\b(?:DEBUG|INFO|WARN(?:ING)?)[:\s]\s*)"
    rf"(?P<part>{PARTS})(?:\s+(?:results?|metrics|set|phase|stats|data))?"
    r"(?:\s*(?:[\])>{|;,*]|--?|\Z)"
    rf"|\s*:\s*(?:\Z|[\"'\[({{]|\d+%|{COUNTED}\b)"
    r"|(?:\s+(?:after|at|for|in|on|of|during))?(?:\s+the)?"
    rf"\s+(?:{COUNTED}\b|[\[(]?\d+\s*/\s*\d))"
    rf"|(?<!best )\bo[nf]\s+(?:the\s+)?(?P<on>{PARTS})(?:\s+(?:set|data))?:\s*\Z",
    re.IGNORECASE,
)
#: The same as a line's first word, but for how much there is of it: "Test 10000 images, ".
_FIRST = late(rf"[\W_]*(?P<part>{PARTS})(?![\w/.])(?!\s+\d[\d,]*\s+[a-z])", re.IGNORECASE)
#: An aside in which a part of the data is only mentioned: "(new best on val)", "(next: eval)".
_ASIDE = late(rf"\((?!\s*{PARTS}\s*\))[^()]*\)", re.IGNORECASE)

#: Fewer rows may say so by chance.
FEW_ROWS = 3


def told(rows: Rows, parted: dict[str, str]) -> Rows:
    """Columns by the part of the data that lines say, where lines of another part are there too.

    ``parted`` has their names without it: a word that all lines say alike tells nothing.
    """
    said = {parse(name).part for name in parted}
    others = (parse(name) for name in rows.columns if name not in parted)
    trained = any(other.kind in ("loss", "error") and other.part != "held out" for other in others)
    if said == {"train", "held out"} or (said == {"held out"} and trained):
        return rows
    columns: dict[str, list[Any]] = {}
    for name, cells in rows.columns.items():
        bare = parted.get(name, name)
        held = columns.get(bare, cells)
        columns[bare] = [a if b is None else b for a, b in zip(cells, held, strict=True)]
    return Rows(columns, rows.count)


def alone(rows: Rows) -> Rows:
    """Rows that say values of both parts of the data by these alone, as libFM's; else none.

    "#Iter=  3  Train=0.85  Test=0.9": each row has both, and a position.
    """
    told = {name: parse(name) for name in rows.columns}
    bare = {said.part: name for name, said in told.items() if said.part and not said.stem}
    counted = [name for name, said in told.items() if said.kind == "counter"]
    if len(bare) < 2 or not counted:
        return Rows()
    columns = {name: rows.columns[name] for name in (*counted, *bare.values())}
    whole = [None not in row for row in zip(*columns.values(), strict=True)]
    kept = {name: list(compress(cells, whole)) for name, cells in columns.items()}
    return Rows(kept, sum(whole)) if sum(whole) >= FEW_ROWS else Rows()


def of_part(part: str, name: str) -> str:
    """The name of a loss or a metric with the part of the data that it is about, if it has none."""
    parsed = parse(name)
    bare = not parsed.part and parsed.kind in ("loss", "error", "higher")
    return f"{part}/{name}" if bare else name


def said(line: str, names: Iterable[str]) -> str:
    """The part of the data that a line is about, by what stands before the first of some names.

    Examples
    --------
    >>> said("Valid Epoch 3/9, loss=0.5, best train", ["loss"]), said("loss 0.5 test", ["loss"])
    ('Valid', '')
    >>> said("epoch 3 best val acc 0.9 loss 0.5", ["loss"]), said("(next: eval) loss 1", ["loss"])
    ('', '')
    """
    ends = [end for end in map(line.find, names) if end >= 0]
    before = line[: min(ends)] if ends else ""
    if SAID.search(before) is None:
        return ""
    words = list(_SUBJECT.finditer(_ASIDE.sub(" ", before)))
    if words:
        return words[-1]["part"] or words[-1]["on"]
    first = _FIRST.match(before)
    return first["part"] if first else ""
