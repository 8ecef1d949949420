"""Whole numbers of more digits than a float64 has."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import notices
from simopt.ground.patterns import late
from simopt.problems.features import ColumnWarning

if TYPE_CHECKING:
    import pandas as pd

#: From here on not every whole number is a float64.
EXACT = 2.0**53

#: How much of what numbers differ by at most rounding may take before it is said.
NEGLIGIBLE = 1e-6

_WHOLE = late(r"\s*[-+]?[0-9]+\s*")


def say_rounded(
    source: str, frame: pd.DataFrame, names: Sequence[str], values: NDArray[np.float64]
) -> None:
    """Say which columns [n, p] hold whole numbers that rounding moves beside their differences.

    Examples
    --------
    >>> import warnings
    >>> import pandas as pd
    >>> table = pd.DataFrame({"count": [2**60 + 1, 2**60 + 300]})
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     say_rounded("table", table, ["count"], table.to_numpy(float))
    >>> str(said[0].message).partition(", which are ")[2]
    'rounded by up to 44 and differ by 299 at most: subtract 1152921504606846977 before'
    """
    # What is infinite as a float64 is refused as such.
    largest = np.nanmax(np.abs(values), axis=0, initial=0.0)
    for k in np.flatnonzero((largest > EXACT) & (largest < np.inf)).tolist():
        exact = [number for cell in frame[names[k]] if (number := _whole(cell)) is not None]
        if not exact:
            continue
        off = max(abs(int(float(number)) - number) for number in exact)
        low, span = min(exact), max(exact) - min(exact)
        if off > NEGLIGIBLE * span:
            notices.say(
                f"{source}: {names[k]!r} holds whole numbers beyond 2^53, which are rounded by up "
                f"to {off} and differ by {span} at most: subtract {low} before",
                ColumnWarning,
            )


def _whole(cell: Any) -> int | None:
    """The whole number that a cell is or says; None where it is none."""
    text = isinstance(cell, str) and _WHOLE.fullmatch(cell)
    return int(cell) if text or isinstance(cell, Integral) else None
