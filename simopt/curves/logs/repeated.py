"""Rows that say again what others say: a bar drawn anew, a best round, two loggers."""

from __future__ import annotations

import math
from itertools import compress, groupby
from typing import Any

from simopt.curves.logs.cells import is_number, number
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Rows

#: Fewer rows may be alike by chance.
FEW_ROWS = 3


def without_redrawn(rows: Rows) -> Rows:
    """The states of one bar without those that are drawn again.

    What a step leaves is drawn when it is told to the bar, and once more when the bar counts.
    """
    at = next((c for c in ("step", "batch") if None not in rows.columns.get(c, [None])), "")
    if not at:
        return rows
    position = [float(cell) for cell in rows.columns[at]]
    kinds = ("loss", "error", "higher")
    values = [cells for name, cells in rows.columns.items() if parse(name).kind in kinds]
    alike = groupby(range(rows.count), key=lambda row: [cells[row] for cells in values])
    blocks = [list(block) for _, block in alike]
    places = [{position[row] for row in block} for block in blocks]
    keep: list[int] = []
    for block, before, here, after in zip(
        blocks, [set(), *places[:-1]], places, [*places[1:], set()], strict=True
    ):
        # A position that is drawn with two values: what a step leaves is drawn twice.
        again = here & (before | after)
        counted = [row for row in block if again and position[row] > position[block[0]]]
        last = {position[row]: row for row in counted or block}
        keep += last.values()
    kept = Rows()
    for row in keep:
        kept.add({n: cells[row] for n, cells in rows.columns.items() if cells[row] is not None})
    return kept


def without_best(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Rows without a last one that says one of its run again: the best round of boosted trees."""
    counter = next((c for name, c in columns.items() if parse(name).kind == "counter"), [None])
    last = [cells[-1] for cells in columns.values()]
    if counter[-1] is None or len(counter) <= FEW_ROWS:
        return columns
    before = math.inf
    for row in range(len(counter) - 2, -1, -1):
        at = math.nan if counter[row] is None else float(counter[row] or 0)
        if not at < before:
            break  # where another run ends
        if counter[row] == counter[-1] and [cells[row] for cells in columns.values()] == last:
            return {name: cells[:-1] for name, cells in columns.items()}
        before = at
    return columns


def without_warnings(rows: Rows, grains: list[str]) -> tuple[Rows, list[str]]:
    """Rows without lines that only warn of a loss that is NaN: "WARNING: loss nan detected".

    They hold nothing else and no position, which the rows around them have. What is said so of the
    last loss, where that is finite, is the loss itself.
    """
    kinds = ("loss", "error")
    columns = {name: cells for name, cells in rows.columns.items() if parse(name).kind in kinds}
    keep = [True] * rows.count
    for row in range(1, rows.count):
        if grains[row] or not grains[row - 1]:
            continue
        said = {name: cells[row] for name, cells in columns.items() if cells[row] is not None}
        known = any(_is_broken(columns[name][row - 1]) for name in said)
        if all(map(_is_broken, said.values())) and (known or row < rows.count - 1):
            keep[row], grains[row] = False, grains[row - 1]
    kept = {name: list(compress(cells, keep)) for name, cells in rows.columns.items()}
    return Rows(kept, sum(keep)), list(compress(grains, keep))


def without_older(columns: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Columns without what was evaluated before, where lines say it again, as LitGPT's do.

    "iter 20: val loss 0.5" is of the same name, and said once; "val: 0.5" stands in the lines
    behind until the next is.
    """
    by_name: dict[str, list[str]] = {}
    for name in columns:
        if parse(name).part == "held out" and parse(name).kind in ("loss", "error"):
            by_name.setdefault(parse(name).plain, []).append(name)
    again: set[str] = set()
    for names in by_name.values():
        dense, *rest = sorted(names, key=lambda name: columns[name].count(None))
        again |= {dense for name in rest if _says_again(columns[dense], columns[name])}
    return {name: cells for name, cells in columns.items() if name not in again}


def _says_again(cells: list[Any], once: list[Any]) -> bool:
    """Whether each of some cells says, to its digits, the last of those that are said once."""
    last, told = None, 0
    for cell, new in zip(cells, once, strict=True):
        if cell is not None and is_number(cell):
            places = len(cell.partition(".")[2])
            if last is None or abs(float(cell) - last) > 0.51 * 10.0**-places:
                return False
            told += 1
        last = last if new is None else float(new)
    return told >= FEW_ROWS


#: The column of rows that are bars drawn to their ends, until it is known which are evaluations:
#: how many lines above said an epoch.
BARS = "\0bar"


def without_evaluation(
    columns: dict[str, list[Any]], notes: tuple[str, ...]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Rows without the bar that Keras draws of ``evaluate`` behind the last epoch of ``fit``.

    No line between says an epoch, and no name in it that its loss is held out. A second bar in
    other epochs too is of something else.
    """
    bars = columns.pop(BARS, None)
    if bars is None:
        return columns, notes
    epochs = [None if cell is None else float(cell) for cell in columns["epoch"]]
    held = [cells for name, cells in columns.items() if parse(name).part == "held out"]
    second = [
        row
        for row in range(1, len(bars))
        if bars[row] is not None
        and bars[row] == bars[row - 1]
        and all(cells[row] is None for cells in held)
    ]
    following = dict(enumerate(epochs[1:]))
    if not second or any((following.get(row) or 0.0) > (epochs[row] or 0.0) for row in second):
        return columns, notes
    keep = [row not in set(second) for row in range(len(bars))]
    kept = {name: list(compress(cells, keep)) for name, cells in columns.items()}
    return kept, (*notes, "what was evaluated behind the last epoch is left out")


def _is_broken(cell: Any) -> bool:
    """Whether a cell is NaN or infinite."""
    try:
        return not math.isfinite(number(cell) or 0.0)
    except ValueError:
        return False


def once(
    columns: dict[str, list[Any]], notes: tuple[str, ...]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """Rows that all were written twice, by two loggers, once."""
    counters = [cells for name, cells in columns.items() if parse(name).kind == "counter"]
    if not counters:
        return columns, notes
    rows = list(zip(*columns.values(), strict=True))
    keep: list[bool] = []
    for _, block in groupby(range(len(rows)), key=lambda row: [cells[row] for cells in counters]):
        at = list(block)
        half, odd = divmod(len(at), 2)
        if odd or [rows[k] for k in at[:half]] != [rows[k] for k in at[half:]]:
            return columns, notes
        keep += [True] * half + [False] * half
    if len(rows) < 2 * FEW_ROWS:
        return columns, notes
    once = {name: list(compress(cells, keep)) for name, cells in columns.items()}
    return once, (*notes, "every line is there twice, and read once")
