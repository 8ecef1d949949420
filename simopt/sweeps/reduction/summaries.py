"""The statistics of groups whose trajectories are all at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.sweeps.reduction import moments, ranks
from simopt.sweeps.reduction.request import ALWAYS_THERE, quantile_name

Array = NDArray[np.float64]

#: Groups are taken a slab at a time, copied so that they lie together: about this many values, half
#: a MiB, which the second cache holds while they are summed twice and sorted;
SLAB_VALUES = 2**16

#: and at least so many columns, two lines of memory, so that what is fetched is used.
SLAB_COLUMNS = 16


def summarise(
    values: Mapping[str, Array],
    diverged: NDArray[np.bool_],
    reached: NDArray[np.bool_] | None,
    quantiles: tuple[float, ...],
) -> dict[str, NDArray[Any]]:
    """The columns of a reduced table, after the keys: see `simopt.sweeps.reduction.request.Reduce`.

    Parameters
    ----------
    values : mapping of str to array [members, groups]
        Result columns; NaN is missing. A diverged loss that is NaN must come as infinity.
    diverged, reached : array of bool [members, groups]
        Which did; reached is None without a target.
    quantiles : tuple of float
        From 0 to 1.

    Returns
    -------
    dict of str to array [groups]

    Examples
    --------
    >>> import numpy as np
    >>> from simopt.sweeps.reduction.summaries import summarise
    >>> loss = np.array([[1.0, 2.0], [3.0, 2.0], [8.0, 2.0]])
    >>> table = summarise({"loss": loss}, loss > 5, None, (0.5,))
    >>> {name: column.tolist() for name, column in table.items() if name[:5] == "loss_"}
    ... # doctest: +NORMALIZE_WHITESPACE
    {'loss_mean': [4.0, 2.0], 'loss_std': [3.605551275463989, 0.0],
     'loss_min': [1.0, 2.0], 'loss_q50': [3.0, 2.0], 'loss_max': [8.0, 2.0]}
    >>> table["trajectories"].tolist(), table["diverged"].round(2).tolist()
    ([3, 3], [0.33, 0.0])
    """
    members, groups = diverged.shape
    columns = shares(
        np.full(groups, members), how_many(diverged), None if reached is None else how_many(reached)
    )
    for name, column in values.items():
        table, found = _whole(np.asarray(column, np.float64), quantiles)
        columns |= statistics(name, table, zip(quantiles, found, strict=True))
    return columns


def _whole(values: Array, quantiles: tuple[float, ...]) -> tuple[Array, Array]:
    """Moments [ROWS, groups] and quantiles [quantiles, groups] of values [members, groups]."""
    members, groups = values.shape
    width = SLAB_VALUES // members // SLAB_COLUMNS * SLAB_COLUMNS
    width = min(max(width, SLAB_COLUMNS), groups)
    table = np.empty((moments.ROWS, groups))
    found = np.empty((len(quantiles), groups))
    room = np.empty((2, members * width))
    for begin in range(0, groups, width):
        part = slice(begin, min(begin + width, groups))
        shape = (members, part.stop - begin)
        slab, columns = (each[: members * shape[1]] for each in room)
        slab = slab.reshape(shape)
        slab[...] = values[:, part]
        table[:, part] = moments.measure(slab)
        if quantiles:
            columns = ranks.sorted_columns(slab, columns.reshape(shape[::-1]))
            count = table[moments.COUNT, part].astype(np.int64)
            found[:, part] = ranks.quantiles(columns, count, quantiles)
    return table, found


def how_many(flags: NDArray[np.bool_]) -> NDArray[np.int64]:
    """How many of every column are true."""
    return np.asarray(np.count_nonzero(flags, axis=0), np.int64)


def shares(
    trajectories: NDArray[np.int64],
    diverged: NDArray[np.int64],
    reached: NDArray[np.int64] | None,
) -> dict[str, NDArray[Any]]:
    """The columns that do not depend on what is summarised."""
    nothing = np.full(len(trajectories), np.nan)
    return {
        "trajectories": trajectories,
        "diverged": diverged / trajectories,
        "reached": nothing if reached is None else reached / trajectories,
    }


def statistics(
    name: str, table: Array, quantiles: Iterable[tuple[float, Array]]
) -> dict[str, NDArray[Any]]:
    """The columns of one result column."""
    there = table[moments.COUNT] > 0
    columns: dict[str, NDArray[Any]] = {}
    if name not in ALWAYS_THERE:
        columns[f"{name}_count"] = table[moments.COUNT].astype(np.int64)
    columns[f"{name}_mean"] = table[moments.MEAN].copy()
    columns[f"{name}_std"] = moments.deviation(table)
    columns[f"{name}_min"] = np.where(there, table[moments.LEAST], np.nan)
    for quantile, found in quantiles:
        columns[f"{name}_{quantile_name(quantile)}"] = found
    columns[f"{name}_max"] = np.where(there, table[moments.MOST], np.nan)
    return columns
