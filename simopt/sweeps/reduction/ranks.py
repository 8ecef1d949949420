"""Sorted columns, and quantiles from them by pandas' rule.

NumPy sorts doubles with the machine's packed instructions, at 2 to 3 ns a value where there is
AVX-512: less than looking for the few ranks that are needed takes. It wants contiguous rows, so
columns are transposed first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground.compiling import compiled

Array = NDArray[np.float64]
Ranks = NDArray[np.int64]

#: Rows transposed together: a line of memory in every column.
ROWS = 8


def transpose(values: Array, out: Array) -> None:
    """Write values [members, groups] to ``out`` [groups, members], minus zeros as zeros."""
    members, groups = values.shape
    whole = members - members % ROWS
    for begin in range(0, whole, ROWS):
        for g in range(groups):
            for i in range(ROWS):
                out[g, begin + i] = values[begin + i, g] + 0.0
    for i in range(whole, members):
        for g in range(groups):
            out[g, i] = values[i, g] + 0.0


_transpose: Any = compiled(transpose)


def sorted_columns(values: Array, out: Array | None = None) -> Array:
    """The columns of values [members, groups] as sorted rows [groups, members], NaN last.

    Minus zeros become zeros, so that equal values have equal bits.
    """
    if out is None:
        out = np.empty(values.shape[::-1])
    _transpose(values, out)
    out.sort(axis=1)
    return out


def places(quantile: float, count: Ranks) -> tuple[Ranks, Ranks, Array]:
    """The ranks that a quantile lies between, from 0, and how far from the lower to the upper.

    Where it meets a rank, the upper is the lower. Where nothing is, both are 0.
    """
    place = quantile * np.maximum(count - 1, 0)
    lower = place.astype(np.int64)
    part = place % 1.0
    return lower, lower + (part > 0.0), part


def between(lower: Array, upper: Array, part: Array) -> Array:
    """The value on the line from lower to upper, rounded as in pandas."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.where(part == 0.0, lower, lower + (upper - lower) * part)


def quantiles(columns: Array, count: Ranks, asked: Sequence[float]) -> list[Array]:
    """The quantiles of sorted columns [groups, members], of which ``count`` are not missing."""
    results = []
    rows = np.arange(len(columns))
    same = (count == count[0]).all()
    for quantile in asked:
        lower, upper, part = places(quantile, count[:1] if same else count)
        if same:  # then a view of a rank's column will do
            found = between(columns[:, lower[0]], columns[:, upper[0]], part)
        else:
            found = between(columns[rows, lower], columns[rows, upper], part)
        results.append(np.where(count > 0, found, np.nan))
    return results
