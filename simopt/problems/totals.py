"""A last row that is no point: the sum or the mean of those above it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: What such a row is called.
CALLED = re.compile(
    r"(?:grand |sub-?)?(?:totals?|sum|mean|average|avg\.?|summe|gesamt|mittelwert|durchschnitt"
    r"|somme|moyenne|totale|media|suma)\W*",
    re.IGNORECASE,
)

#: Rows above from which on equal sums are no chance, where nothing calls a row a total.
ENOUGH = 10


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
    last = frame.iloc[-1]
    said = next((c for c in last if isinstance(c, str) and CALLED.fullmatch(c.strip())), None)
    if said is None and len(frame) <= ENOUGH:
        return
    ways: list[Callable[[Floats], Any]] = [np.sum] if said is None else [np.sum, np.mean]
    tried = 0
    for k, kind in enumerate(frame.dtypes):
        if getattr(kind, "kind", "O") not in "iuf":
            continue
        *_, value = values = frame.iloc[:, k].to_numpy(np.float64, na_value=np.nan)
        above = values[:-1][np.isfinite(values[:-1])]
        if np.isnan(value) or not len(above):
            continue
        # A total may have been taken before the rows above it were rounded.
        room = (1e-9 if said is None else 1e-3) * np.abs(above).sum()
        ways = [way for way in ways if abs(way(above) - value) <= room]
        if not ways:
            return
        tried += bool(value)
    if tried >= (1 if said is not None else 2):
        what = f"row {len(frame)}" + (f", {said.strip()!r}," if said is not None else "")
        raise ValueError(f"{name}: {what} sums up the rows above it: must be left out")
