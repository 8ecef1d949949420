"""A column that rows of two kinds hold, of steps and of whole epochs, as two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells as numbers
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Table

#: What counts steps within an epoch, and so many values of one grain make a column of their own.
STEPS = (("step",), ("batch",), ("iteration",), ("iter",), ("steps",))

FEW_ROWS = 3


def by_grain(table: Table) -> Table:
    """A loss that rows of steps hold, and rows of whole epochs without a step, as two columns.

    Of epochs with three rows or more each.
    """
    epochs = [name for name in table.columns if parse(name).stem == ("epoch",)]
    steps = [name for name in table.columns if parse(name).stem in STEPS]
    lengths = {len(table.columns[name]) for name in (*epochs, *steps)}
    if len(epochs) != 1 or len(steps) != 1 or len(lengths) != 1:
        return table
    whole = there_in(table.columns[epochs[0]]) & ~there_in(table.columns[steps[0]])
    if whole.sum() < FEW_ROWS or _have_fractions(table.columns[epochs[0]], whole):
        return table
    columns: dict[str, Any] = {}
    for name, cells in table.columns.items():
        there = there_in(cells) if parse(name).kind in ("loss", "error") else np.zeros(0, bool)
        if len(there) != len(whole) or min(sum(there & whole), sum(there & ~whole)) < FEW_ROWS:
            columns[name] = cells
            continue
        for grain, wanted in (("step", ~whole), ("epoch", whole)):
            columns[f"{name} ({grain})"] = [
                cell if its else None for cell, its in zip(cells, wanted, strict=True)
            ]
    return replace(table, columns=columns)


def _have_fractions(cells: Any, wanted: NDArray[np.bool_]) -> bool:
    """Whether some of the wanted cells are no whole numbers: epochs that count on in themselves."""
    try:
        values, _ = numbers.column(cells)
    except ValueError:
        return False
    return bool((values[wanted] % 1 > 0).any())


def there_in(cells: Any) -> NDArray[np.bool_]:
    """Which cells hold anything."""
    if isinstance(cells, np.ma.MaskedArray):
        return ~np.ma.getmaskarray(cells)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return ~np.isnan(cells)
    return np.array([cell is not None and cell == cell and cell != "" for cell in cells], bool)
