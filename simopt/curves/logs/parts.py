"""Which part of the data printed rows are of, where their names or lines say it."""

from __future__ import annotations

from itertools import compress
from typing import Any

from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Rows

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
