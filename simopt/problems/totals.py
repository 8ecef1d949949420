"""Last rows that are no points: sums, means or other statistics of those above them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from simopt.ground import notices
from simopt.ground.patterns import late

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: What such a row is called where it has the sum of the others, or their mean.
_TOTAL = (
    r"(?:grand |sub-?)?(?:totals?|sum|mean|average|avg\.?|summe|gesamt|mittelwert|durchschnitt"
    r"|somme|moyenne|totale|media|suma|all)"
)

#: What it is called otherwise, and what it then has; of spreads either divisor.
_OTHERS: dict[str, Callable[[Floats], tuple[float, ...]]] = {
    r"min(?:imum)?\.?": lambda values: (float(values.min()),),
    r"max(?:imum)?\.?": lambda values: (float(values.max()),),
    r"median|50 ?%": lambda values: (float(np.median(values)),),
    r"25 ?%": lambda values: (float(np.quantile(values, 0.25)),),
    r"75 ?%": lambda values: (float(np.quantile(values, 0.75)),),
    r"std(?:\.|[. ]?dev\.?|ev)?|s\.?d\.?|standard deviation": lambda values: (
        float(values.std()),
        float(values.std(ddof=1)),
    ),
    r"var(?:iance)?": lambda values: (float(values.var()), float(values.var(ddof=1))),
    r"counts?|n|no\. of rows": lambda values: (float(len(values)),),
}
CALLED = late(rf"(?:{'|'.join((_TOTAL, *_OTHERS))})\W*", re.IGNORECASE)

#: Rows that a total may sum up, with it.
FEWEST = 4

#: Rows above from which on equal sums are no chance, where nothing calls a row a total.
ENOUGH = 10

#: How seldom an ordinary row may come so near to a total of all columns: one that is called a total
#: by a text that no other row has, and any.
SELDOM = {True: 1e-2, False: 1e-6}


#: Of a row that is called so, and has what that is, a warning tells where chance is so small. Max
#: may be a dog.
TOLD = 3e-2
_NAMES = late(r"m(?:ax|in)\W*", re.IGNORECASE)


def check(name: str, frame: pd.DataFrame) -> None:
    """Refuse a table whose last rows are sums of those above, or statistics that say so.

    Where chance may have made such a row of few or small numbers, a warning tells of it.

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
    # Of several each tells something of the rows above them all.
    first = len(frame)
    while first >= FEWEST and _called(frame.iloc[:first])[0] is not None:
        first -= 1
    for row in range(min(first, len(frame) - 1), len(frame)):
        rows = frame.iloc[[*range(first), row]] if first < len(frame) else frame
        if len(rows) < FEWEST:
            continue
        said, alone = _called(rows)
        if said is None and len(rows) <= ENOUGH:
            continue
        chance = 0.0 if alone else _chance_of_all(rows, said)
        what = f"row {row + 1}" + (f", {said!r}," if said is not None else "")
        if chance < SELDOM[said is not None]:
            raise ValueError(f"{name}: {what} sums up the rows above it: must be left out")
        if said is not None and chance < TOLD and not _NAMES.fullmatch(said):
            notices.say(
                f"{name}: {what} may sum up the rows above it, as it is called: if it does, it "
                "must be left out"
            )


def _chance_of_all(rows: pd.DataFrame, said: str | None) -> float:
    """How seldom the last of some rows has what it is called of those above; 1 where it has not.

    What is called nothing may be their sum.
    """
    other = None
    if said is not None and re.fullmatch(rf"{_TOTAL}\W*", said, re.IGNORECASE) is None:
        called = (of for word, of in _OTHERS.items() if re.fullmatch(rf"(?:{word})\W*", said, re.I))
        other = next(called)
    chances = dict.fromkeys(("sum",) if said is None else ("sum", "mean"), 1.0)
    chances = chances if other is None else {"other": 1.0}
    for k, kind in enumerate(rows.dtypes):
        if getattr(kind, "kind", "O") not in "iuf":
            continue
        *_, value = values = rows.iloc[:, k].to_numpy(np.float64, na_value=np.nan)
        above = values[:-1][np.isfinite(values[:-1])]
        if np.isnan(value) or not len(above):
            continue
        for way in list(chances):
            if other is not None:
                off = min(abs(each - float(value)) for each in other(above))
                room = max(1e-9 * float(np.abs(above).max()), _unit(values[-1:]) / 2)
            else:
                off, room = _away(above, float(value), way, said)
            if off <= room:
                chances[way] *= _chance(above, float(value), off)
            else:
                del chances[way]
        if not chances:
            break
    return min(chances.values(), default=1.0)


def _away(above: Floats, value: float, way: str, said: str | None) -> tuple[float, float]:
    """How far a value is from the sum or the mean of those above, and how far it may be."""
    rows = len(above) if way == "sum" else 1
    off = float(abs(above.sum() * (rows / len(above)) - value))
    room = float(1e-9 * np.abs(above).sum() * (rows / len(above)))
    if said is not None and off > room:
        # Half a unit of the last digit, and as much of each row, which may have been
        # rounded since.
        room = (min(1.0, _unit(np.array([value]))) + rows * _unit(above)) / 2
    return off, room


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
    chance = min(1.0, 2 * max(off, unit / 2) / (math.pi * spread * (1 + gap * gap)))
    # Of values that recur, as ratings do, as seldom as they are: the highest is no wonder.
    times = int(np.count_nonzero(above == value))
    return max(chance, times / len(above)) if times > 1 else chance
