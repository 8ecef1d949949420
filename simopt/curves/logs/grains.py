"""A column that rows of two kinds hold, as two: of steps and of epochs, or of two parts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells as numbers
from simopt.curves.logs.names import is_rate, parse
from simopt.curves.logs.table import Rows, Table
from simopt.ground.checks import is_masked

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


def by_rate(table: Table) -> Table:
    """A loss that rows of training hold, with their rate, and rows of held-out points, as two.

    These have no rate, but a metric of their own, as MMEngine's have; and no loss has their name.
    """
    names = {name: parse(name) for name in table.columns}
    losses = [name for name, parts in names.items() if parts.kind in ("loss", "error")]
    rates = [name for name, parts in names.items() if is_rate(parts.words)]
    there = {name: there_in(cells) for name, cells in table.columns.items()}
    if (
        not rates
        or any(names[name].part for name in losses)
        or len(set(map(len, there.values()))) > 1
    ):
        return table
    rated = np.any([there[name] for name in rates], axis=0)
    columns: dict[str, Any] = {}
    for name, cells in table.columns.items():
        trained, rest = there[name] & rated, there[name] & ~rated
        mixed = name in losses and min(trained.sum(), rest.sum()) >= FEW_ROWS
        if not mixed or not any(
            parts.kind == "higher" and (there[other] == rest).all()
            for other, parts in names.items()
        ):
            columns[name] = cells
            continue
        for part, wanted in (("train", trained), ("val", rest)):
            columns[f"{part}/{name}"] = [
                cell if its else None for cell, its in zip(cells, wanted, strict=True)
            ]
    return replace(table, columns=columns)


def of_lines(rows: Rows, grains: list[str]) -> Rows:
    """A loss of that name at steps and of whole epochs, as two columns."""
    for name in [n for n in rows.columns if parse(n).kind in ("loss", "error")]:
        cells = rows.columns[name]
        held = [grain for grain, cell in zip(grains, cells, strict=True) if cell is not None]
        if min(held.count("step"), held.count("epoch")) < FEW_ROWS:
            continue
        if _count_within(rows.columns.get("epoch", ()), cells):
            continue  # epochs that count on within themselves, as Hugging Face's do
        del rows.columns[name]
        for grain in ("step", "epoch"):
            rows.columns[f"{name} ({grain})"] = [
                cell if g == grain or (not g and grain == "step") else None
                for g, cell in zip(grains, cells, strict=True)
            ]
    return rows


def _count_within(epochs: Iterable[Any], cells: Iterable[Any]) -> bool:
    """Whether an epoch of a row that holds a cell is no whole number."""
    held = (at for at, cell in zip(epochs, cells, strict=False) if None not in (at, cell))
    return any(float(at.replace(",", "")) % 1 for at in held)


def _have_fractions(cells: Any, wanted: NDArray[np.bool_]) -> bool:
    """Whether some of the wanted cells are no whole numbers: epochs that count on in themselves."""
    try:
        values, _ = numbers.column(cells)
    except ValueError:
        return False
    return bool((values[wanted] % 1 > 0).any())


def there_in(cells: Any) -> NDArray[np.bool_]:
    """Which cells hold anything."""
    if is_masked(cells):
        return ~np.ma.getmaskarray(cells)
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return ~np.isnan(cells)
    return np.array([cell is not None and cell == cell and cell != "" for cell in cells], bool)
