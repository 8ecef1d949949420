"""What counts the rows of a table, and its columns as numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simopt.curves.logs import cells
from simopt.curves.logs.names import CLOCKS, COUNTERS, MAY_COUNT, parse, plain
from simopt.curves.logs.table import Table
from simopt.ground import checks
from simopt.ground.checks import is_masked

Floats = NDArray[np.float64]

#: Times of which a larger share falls are durations: a clock begins again with each run.
DURATIONS = 0.2

#: So many positions or more show that all are even.
EVEN = 3


def column(table: Table, name: str) -> tuple[Floats, NDArray[np.bool_]]:
    """A table's column as numbers, and which of its cells hold one."""
    held = table.columns[name]
    if is_masked(held):
        there = ~np.ma.getmaskarray(held)
        return np.where(there, np.ma.getdata(held), np.nan).astype(np.float64), there
    try:
        return cells.column(held, table.decimal)
    except ValueError as error:
        row, cell = error.args
        raise checks.refuse(f"{name}, row {row + 1}", cell, "a number, or empty") from None


def counter(table: Table, there: NDArray[np.bool_]) -> str | None:
    """What rows are counted by: the finest counter that goes on rising, else the first there is."""
    found: dict[str, tuple[Floats, int, bool]] = {}
    for name in table.columns:
        if parse(name).kind != "counter" or len(table.columns[name]) != len(there):
            continue
        values = position(table, name)
        if values is None:
            continue
        seen = values[there]
        if len(seen) > 1 and (seen == seen[0]).all():
            continue  # the one epoch of all steps
        if parse(name).stem in (("step",), ("steps",)) and _are_fractions(seen):
            continue  # how long each step is
        if not len(seen) or np.isnan(seen).mean() > 0.5:
            continue
        steps = np.diff(seen[~np.isnan(seen)])
        if parse(name).stem == ("time",) and (steps < 0).mean() > DURATIONS:
            continue  # how long each step took
        rising = 0 if (steps > 0).all() else 1 if (steps >= 0).all() else 2
        if rising == 1 and len(steps) and (steps > 0).mean() < 0.5:
            rising = 3 if steps.any() else 5  # the epoch of many steps, or of all of them
        found[name] = np.diff(seen), rising, bool(np.isnan(seen).any())
    outer = [steps for steps, rising, _ in found.values() if rising != 2]
    scores = []
    for name, (steps, rising, lacks) in found.items():
        if rising == 2 and any((other[steps < 0] > 0).all() for other in outer):
            rising = 4  # it begins again in every epoch
        counted = parse(name).stem[0]
        rank = COUNTERS.index(counted) if counted in COUNTERS else len(COUNTERS)
        clock = rank >= len(COUNTERS) - len(CLOCKS)
        # What some rows don't say counts none of them.
        scores.append((lacks, rising + (3 if clock else 0), rank, name))
    if scores:
        return min(scores)[-1]
    return next((name for name in table.columns if _may_count(table, name, there)), None)


def _may_count(table: Table, name: str, there: NDArray[np.bool_]) -> bool:
    """Whether a column that is called as few counters are goes on rising in all rows of the loss.

    What it is called with besides is how it was counted: "tokens_seen", "time (h)".
    """
    told = parse(name)
    if not MAY_COUNT & {*told.words} or told.kind in ("loss", "error", "higher"):
        return False
    if "per" in told.words or (told.words == ("min",) and "max" in map(plain, table.columns)):
        return False  # how long each took; the least of something
    values = position(table, name) if len(table.columns[name]) == len(there) else None
    return values is not None and there.sum() > 1 and bool((np.diff(values[there]) > 0).all())


def filled(values: Floats, there: NDArray[np.bool_]) -> Floats:
    """What counts the rows of a loss, also in those that lack it, where all others are even.

    Examples
    --------
    >>> filled(np.array([0.0, 10.0, np.nan, 30.0]), np.ones(4, bool)).tolist()
    [0.0, 10.0, 20.0, 30.0]
    """
    rows = np.flatnonzero(there)
    held = np.flatnonzero(~np.isnan(values[rows]))
    if not EVEN <= len(held) < len(rows):
        return values
    steps = np.diff(values[rows][held]) / np.diff(held)
    if not steps[0] > 0 or not np.allclose(steps, steps[0]):
        return values
    result = values.copy()
    lacking = np.setdiff1d(np.arange(len(rows)), held)
    result[rows[lacking]] = values[rows[held[0]]] + steps[0] * (lacking - held[0])
    return result


def _are_fractions(values: Floats) -> bool:
    """Whether numbers lie from 0 to 1, and not on these two alone."""
    held = values[~np.isnan(values)]
    return bool((np.abs(held - 0.5) <= 0.5).all() and (held % 1 > 0).any())


def position(table: Table, name: str) -> Floats | None:
    """What a column counts, NaN where a row does not say; None if it holds text.

    A -1 behind what is counted from 0 says "none".
    """
    try:
        values = column(table, name)[0]
        if table.decimal == "," and all(map(cells.is_grouped, table.columns[name])):
            texts = [str(cell).replace(".", "") for cell in table.columns[name]]
            values = cells.column(texts)[0]
    except ValueError:
        return None
    if _says_none(values):
        values = np.where(values == -1, math.nan, values)
    return values


def _says_none(values: Floats) -> bool:
    """Whether a count's -1 is none of it: behind what counts from 0, and not a step before it."""
    at = np.flatnonzero(values == -1)
    if not len(at) or not (values[: at[-1]] >= 0).any() or (values < -1).any():
        return False
    before, after = at[at > 0] - 1, at[at < len(values) - 1] + 1
    up = at[0] == 0 and bool((values[after] == 0).all())
    down = at[0] > 0 and bool((values[before] == 0).all())
    return not (up or down)


def summed(table: Table, chosen: Sequence[str]) -> tuple[Floats, NDArray[np.bool_]]:
    """The sum of columns, and the rows that hold each of them."""
    values, there = column(table, chosen[0])
    for name in chosen[1:]:
        more, also = column(table, name)
        values, there = values + more, there & also
    return values, there
