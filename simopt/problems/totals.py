"""A last row that is no point: the sum or the mean of those above it."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: What such a row is called.
CALLED = re.compile(
    r"(?:grand |sub-?)?(?:totals?|sum|mean|average|avg\.?|summe|gesamt|mittelwert|durchschnitt"
    r"|somme|moyenne|totale|media|suma|all)\W*",
    re.IGNORECASE,
)

#: Rows above from which on equal sums are no chance, where nothing calls a row a total.
ENOUGH = 10

#: How seldom an ordinary row may come so near to a total of all columns: one that is called a total
#: by a text that no other row has, and any.
SELDOM = {True: 1e-2, False: 1e-6}


def check(name: str, frame: pd.DataFrame) -> None:
    """Refuse a table whose last row is the sum of those above it, or their mean and says so.

    Raises
    ------
    ValueError
        With the row's number, counted from 1 below the heading.

    Examples
    --------
    >>> import pandas as pd
    >>> shop = ["A", "B", "C", "Total"]
    >>> table = pd.DataFrame({"shop": shop, "sold": [3, 4, 5, 12], "price": [1.5, 2.5, 3.0, 7.0]})
    >>> check("table", table)
    Traceback (most recent call last):
        ...
    ValueError: table: row 4, 'Total', sums up the rows above it: must be left out
    """
    if len(frame) < 4:
        return
    said, alone = _called(frame)
    if said is None and len(frame) <= ENOUGH:
        return
    chances = {"sum": 1.0} if said is None else {"sum": 1.0, "mean": 1.0}
    for k, kind in enumerate(frame.dtypes):
        if getattr(kind, "kind", "O") not in "iuf":
            continue
        *_, value = values = frame.iloc[:, k].to_numpy(np.float64, na_value=np.nan)
        above = values[:-1][np.isfinite(values[:-1])]
        if np.isnan(value) or not len(above):
            continue
        for way in list(chances):
            rows = len(above) if way == "sum" else 1
            off = float(abs(above.sum() * (rows / len(above)) - value))
            room = 1e-9 * np.abs(above).sum() * (rows / len(above))
            if said is not None and off > room:
                # Half a unit of the last digit, and as much of each row, which may have been
                # rounded since.
                room = (min(1.0, _unit(values[-1:])) + rows * _unit(above)) / 2
            if off <= room:
                chances[way] *= _chance(above, float(value), off)
            else:
                del chances[way]
        if not chances:
            break
    if alone or min(chances.values(), default=1.0) < SELDOM[said is not None]:
        what = f"row {len(frame)}" + (f", {said!r}," if said is not None else "")
        raise ValueError(f"{name}: {what} sums up the rows above it: must be left out")


def _called(frame: pd.DataFrame) -> tuple[str | None, bool]:
    """What the last row is called, where that is a total, and no other row is called so.

    And whether its name is the only text of the index: "All" below numbers, as in the margins of a
    pivot table of pandas', whose means are those of groups that need not be alike in size.
    """
    label = frame.index[-1]
    for level, name in enumerate(label if isinstance(label, tuple) else (label,)):
        if _is_total(name):
            above = frame.index[:-1].get_level_values(level)
            if name not in above:
                return name.strip(), not any(isinstance(other, str) for other in above)
    for k, cell in enumerate(frame.iloc[-1]):
        if _is_total(cell):
            others = [other for other in frame.iloc[:-1, k] if isinstance(other, str)]
            if cell not in others:  # a grade recurs: poor, average, good
                return cell.strip(), False
    return None, False


def _is_total(cell: Any) -> TypeGuard[str]:
    """Whether a cell is a text that totals are called."""
    return isinstance(cell, str) and CALLED.fullmatch(cell.strip()) is not None


def _unit(values: Floats) -> float:
    """The unit of the last decimal place that numbers have; 0 where they have all that there are.

    Examples
    --------
    >>> _unit(np.array([0.25, 3.5])), _unit(np.array([1200.0, 300.0])), _unit(np.array([1 / 3]))
    (0.01, 100.0, 0.0)
    """
    largest = np.abs(values).max()
    with np.errstate(over="ignore", invalid="ignore"):
        for places in range(-6, 13):
            if 10.0**-places <= largest and (np.round(values, places) == values).all():
                return 10.0**-places
    return 0.0


def _chance(above: Floats, value: float, off: float) -> float:
    """How seldom an ordinary row would come so near to what ``value`` is ``off``.

    By Cauchy's distribution about the rows above: its tails are heavy, so that no total is seen in
    what is an outlier.
    """
    unit, centre = _unit(above), float(above.mean())
    spread = max(float(np.abs(above - centre).mean()), unit)
    if spread == 0.0:
        return 1.0
    gap = (value - centre) / spread
    return min(1.0, 2 * max(off, unit / 2) / (math.pi * spread * (1 + gap * gap)))
