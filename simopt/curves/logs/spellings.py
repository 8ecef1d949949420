"""Columns that are spelled in two ways, as one: a program's "loss" and "Loss"."""

from __future__ import annotations

from typing import Any

from simopt.curves.logs.names import parse, plain


def once(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Columns whose names are spelled in two ways, "loss" and "Loss", as one, unless they meet."""
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    kept: dict[str, list[Any]] = {}
    first: dict[str, str] = {}
    for name, cells in columns.items():
        other = first.setdefault(plain(name) or name, name)
        held = kept.get(other, cells)
        if other == name or _meet(held, cells, counters):
            kept[name] = cells
        else:
            kept[other] = [a if b is None else b for a, b in zip(held, cells, strict=True)]
    return kept


def _meet(one: list[Any], other: list[Any], counters: list[list[Any]]) -> bool:
    """Whether two columns are of two things: in one row, or at one position more than once.

    Without positions where they take turns. A warning says the last loss again, and once.
    """
    rows = [[row for row, cell in enumerate(cells) if cell is not None] for cells in (one, other)]
    if set(rows[0]) & set(rows[1]):
        return True
    if not counters:
        return min(map(len, rows)) > 1 and max(r[0] for r in rows) < min(r[-1] for r in rows)
    position: tuple[Any, ...] = (None,) * len(counters)
    positions = []
    for said in zip(*counters, strict=True):
        position = tuple(b if a is None else a for a, b in zip(said, position, strict=True))
        positions.append(position)
    return len({positions[row] for row in rows[0]} & {positions[row] for row in rows[1]}) > 1
