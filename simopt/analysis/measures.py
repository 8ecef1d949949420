"""Measures of a sweep, table to table: medians, bands, best settings, and their robustness.

A trajectory that diverged has an infinite loss here, so that it sorts last and a median over seeds
is infinite once more than half of them diverged. Quantiles are therefore order statistics, not
interpolated: between a finite and an infinite loss there is nothing to interpolate.

``gradient_noise`` and its parts measure a problem, and stand in a file of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis.gradient_noise import batch_variance, gradient_noise, point_gradients
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.problem import check_problem

__all__ = [
    "FLOOR",
    "bands",
    "batch_variance",
    "best",
    "common",
    "excess",
    "first_divergence",
    "gradient_noise",
    "point_gradients",
    "tuned",
    "width",
    "worst_nearby",
]

#: Relative excess losses below this are rounding: on the problems shipped here, the loss at the
#: optimum itself is known to about 1e-16 of the loss at the start.
FLOOR = 1e-15

#: The quantiles of a band, between which nine trajectories of ten lie.
LOW, HIGH = 0.05, 0.95


def excess(frame: pd.DataFrame, problem: Problem, floor: float = FLOOR) -> pd.Series:
    """The excess loss relative to its initial value.

    ``(loss - minimum_loss) / (loss(w0) - minimum_loss)``: 1 at the start, 0 at the optimum, the
    same for every unit of y.

    Parameters
    ----------
    frame : DataFrame
        From `simopt.sweep`, with the columns loss and, where it has one, status.
    problem : Problem
        What was swept.
    floor : float
        Smaller values are shown as this one; 0 keeps them.

    Returns
    -------
    Series
        Infinite where the trajectory diverged.

    Examples
    --------
    >>> import pandas as pd
    >>> from simopt import problems
    >>> losses = pd.DataFrame({"loss": [14.25, 0.0, 3e9], "status": ["ok", "ok", "diverged"]})
    >>> excess(losses, problems.four_points()).tolist()
    [1.0, 1e-15, inf]
    """
    checks.table("frame", frame, ["loss"])
    check_problem(problem)
    floor = checks.number("floor", floor, checks.NOT_NEGATIVE)
    least = problem.minimum_loss
    span = problem.loss(problem.w0) - least
    loss = checks.array("frame.loss", frame["loss"])
    gone = ~np.isfinite(loss)
    if "status" in frame:
        gone |= (frame["status"] == "diverged").to_numpy()
    with np.errstate(invalid="ignore"):
        relative = np.maximum((loss - least) / span, floor)
    return pd.Series(np.where(gone, np.inf, relative), index=frame.index, name="excess")


def bands(frame: pd.DataFrame, by: Sequence[str], value: str = "excess") -> pd.DataFrame:
    """The median and the 5 to 95 % band of a column, per group.

    Parameters
    ----------
    frame : DataFrame
        A row per trajectory.
    by : sequence of str
        The columns that name a group; what else varies (the seeds) is what the band is over.
    value : str
        The column.

    Returns
    -------
    DataFrame
        A row per group, sorted: ``by``, low, median, high (order statistics nearest to 5, 50 and
        95 %), trajectories, diverged (the share of them).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"eta": [0.1] * 3 + [1.0], "excess": [3.0, 1.0, 2.0, float("inf")]})
    >>> bands(table, ["eta"])
       eta  low  median  high  trajectories  diverged
    0  0.1  1.0     2.0   3.0             3       0.0
    1  1.0  inf     inf   inf             1       1.0
    """
    by = _checked(frame, by, argument="frame", least=1, value=value)
    ordered = frame[[*by, value]].sort_values([*by, value], ignore_index=True)
    groups = ordered.groupby(by, observed=True, sort=False, dropna=False)
    sizes = groups.size().to_numpy()
    starts = np.cumsum(sizes) - sizes
    values = ordered[value].to_numpy(dtype=np.float64)
    result = ordered.loc[starts, by].reset_index(drop=True)
    for name, share in (("low", LOW), ("median", 0.5), ("high", HIGH)):
        result[name] = values[starts + np.rint(share * (sizes - 1)).astype(np.int64)]
    result["trajectories"] = sizes
    result["diverged"] = np.add.reduceat(np.isinf(values), starts) / sizes
    return result


def worst_nearby(
    table: pd.DataFrame,
    by: Sequence[str],
    *,
    rate: str = "eta",
    value: str = "median",
    window: int = 5,
) -> pd.Series:
    """The largest value in a window of neighbouring rates, around every rate.

    On a grid of ratio 1.025 five neighbours span 5 % either way: what a setting is worth if the
    rate is not known better than that. A rate that hits the optimum by luck has neighbours that
    don't.

    Parameters
    ----------
    table : DataFrame
        A row per group and rate, from `bands`.
    by : sequence of str
        The columns that name a group.
    rate, value : str
        The columns of the rate and of the value to compare.
    window : int, default 5
        The number of neighbouring rates, odd.

    Returns
    -------
    Series
        With the index of ``table``; NaN where the window leaves the grid.

    Examples
    --------
    >>> import pandas as pd
    >>> grid = pd.DataFrame({"eta": [1.0, 2.0, 3.0, 4.0], "median": [9.0, 5.0, 0.0, 7.0]})
    >>> worst_nearby(grid, [], window=3).tolist()
    [nan, 9.0, 7.0, nan]
    """
    half = checks.whole("window", window, 1) // 2
    if window % 2 == 0:
        raise checks.refuse("window", window, "odd: as many neighbours on either side")
    by = _checked(table, by, rate=rate, value=value)
    rates, values = _numbers(table, rate, value)
    worst = np.full(len(table), np.nan)
    for _, rows in _groups(table, by):
        rows = rows[np.argsort(rates[rows], kind="stable")]
        if len(rows) >= window:
            views = np.lib.stride_tricks.sliding_window_view(values[rows], window)
            worst[rows[half : len(rows) - half]] = views.max(axis=1)
    return pd.Series(worst, index=table.index, name="worst")


def best(
    table: pd.DataFrame, by: Sequence[str], *, rate: str = "eta", value: str = "median"
) -> pd.DataFrame:
    """The best rate of each group, and whether it lies at an edge of the grid.

    Parameters
    ----------
    table : DataFrame
        A row per group and rate, from `bands`.
    by : sequence of str
        The columns that name a group.
    rate, value : str
        The columns of the rate and of what is to be small.

    Returns
    -------
    DataFrame
        The chosen rows, with ``edge``: "lower" or "upper" where the rate is the first or last of
        its grid (a wider grid may hold a better one), "" otherwise. Among equal values the middle
        rate is taken; a group without a finite value has none.

    Examples
    --------
    >>> import pandas as pd
    >>> grid = pd.DataFrame({"eta": [0.1, 0.2, 0.4], "median": [3.0, 2.0, 1.0]})
    >>> best(grid, [])[["eta", "median", "edge"]].values.tolist()
    [[0.4, 1.0, 'upper']]
    """
    by = _checked(table, by, rate=rate, value=value)
    all_rates, all_values = _numbers(table, rate, value)
    places, edges = [], []
    for _, rows in _groups(table, by):
        rows = rows[np.argsort(all_rates[rows], kind="stable")]
        rates, values = all_rates[rows], all_values[rows]
        finite = np.flatnonzero(np.isfinite(values))
        if not len(finite):
            continue
        ties = finite[values[finite] == values[finite].min()]
        chosen = ties[(len(ties) - 1) // 2]
        # The rim of `worst_nearby` has no value: the edge is then the last rate that has one.
        known = rates[~np.isnan(values)]
        edges.append({known[0]: "lower", known[-1]: "upper"}.get(rates[chosen], ""))
        places.append(rows[chosen])
    best_rows = _bare(table).iloc[places].to_dict("records")
    made = [row | {"edge": edge} for row, edge in zip(best_rows, edges, strict=True)]
    return _of(table, made, [*table.columns, "edge"])


def width(
    table: pd.DataFrame,
    by: Sequence[str],
    *,
    within: float = 10.0,
    rate: str = "eta",
    value: str = "median",
) -> pd.DataFrame:
    """The width of the range of near-optimal rates, in decades.

    Parameters
    ----------
    table : DataFrame
        A row per group and rate, the rates evenly spaced in their logarithm.
    by : sequence of str
        The columns that name a group.
    within : float
        A rate counts if its value is at most this many times the best of its group.
    rate, value : str
        The columns of the rate and of the value to compare.

    Returns
    -------
    DataFrame
        ``by`` and decades: the number of such rates times the grid's spacing.

    Examples
    --------
    >>> import pandas as pd
    >>> grid = pd.DataFrame({"eta": [0.01, 0.1, 1.0, 10.0], "median": [50.0, 4.0, 1.0, 20.0]})
    >>> width(grid, [], within=5.0)["decades"].tolist()
    [2.0]
    """
    by = _checked(table, by, rate=rate, value=value)
    within = checks.number("within", within, checks.POSITIVE)
    all_rates, all_values = _numbers(table, rate, value)
    made = []
    for key, rows in _groups(table, by):
        rates, values = np.sort(all_rates[rows]), all_values[rows]
        spacing = np.log10(rates[-1] / rates[0]) / max(len(rates) - 1, 1)
        good = values <= within * np.nanmin(values, initial=np.inf)
        made.append([*key, np.count_nonzero(good & np.isfinite(values)) * spacing])
    return _of(table, made, [*by, "decades"])


def first_divergence(table: pd.DataFrame, by: Sequence[str], *, rate: str = "eta") -> pd.DataFrame:
    """The smallest rate at which any trajectory diverged, per group.

    Parameters
    ----------
    table : DataFrame
        A row per group and rate, with the column diverged (a share), from `bands`.
    by : sequence of str
        The columns that name a group.
    rate : str
        The column of the rate.

    Returns
    -------
    DataFrame
        ``by`` and diverges_from; NaN where no trajectory diverged.

    Examples
    --------
    >>> import pandas as pd
    >>> grid = pd.DataFrame({"eta": [0.1, 0.2, 0.4], "diverged": [0.0, 0.25, 1.0]})
    >>> first_divergence(grid, [])["diverges_from"].tolist()
    [0.2]
    """
    checks.table("table", table, ["diverged"])
    by = _checked(table, by, rate=rate, diverged="diverged")
    rates, diverged = _numbers(table, rate, "diverged")
    rates = np.where(diverged > 0, rates, np.nan)
    made = [[*key, np.fmin.reduce(rates[rows])] for key, rows in _groups(table, by)]
    return _of(table, made, [*by, "diverges_from"])


def tuned(table: pd.DataFrame, by: Sequence[str], *, window: int = 5) -> pd.DataFrame:
    """The best setting of each group beside the most robust one.

    Parameters
    ----------
    table : DataFrame
        From `bands`, over ``by`` and eta.
    by : sequence of str
        The columns that name a group.
    window : int
        Neighbouring rates of which the robust choice counts the worst.

    Returns
    -------
    DataFrame
        ``by``, then eta, median, low, high, edge (`best`); robust_eta, robust_median, robust_worst
        (the rate whose worst neighbour is best); decades (`width`), diverges_from.

    Examples
    --------
    >>> import simopt
    >>> four = simopt.problems.four_points()
    >>> frame = simopt.sweep(four, simopt.SGD(eta=[0.05, 0.1, 0.2, 0.4, 0.8, 1.6]), epochs=3)
    >>> frame["excess"] = excess(frame, four)
    >>> table = tuned(bands(frame, ["optimizer", "eta"]), ["optimizer"], window=3)
    >>> table[["optimizer", "eta", "robust_eta", "diverges_from"]].values.tolist()
    [['SGD', 0.05, 0.1, 0.8]]
    """
    checks.table("table", table, ["eta", "median", "low", "high", "diverged"])
    by = _checked(table, by, least=1)
    table = table.assign(worst=worst_nearby(table, by, window=window))
    plain = best(table, by)[[*by, "eta", "median", "low", "high", "edge"]]
    robust = best(table, by, value="worst")[[*by, "eta", "median", "worst"]].rename(
        columns={"eta": "robust_eta", "median": "robust_median", "worst": "robust_worst"}
    )
    result = plain.merge(robust, on=by, how="left")
    for further in (width(table, by), first_divergence(table, by)):
        result = result.merge(further, on=by, how="left")
    result.attrs = table.attrs
    return result


def common(
    table: pd.DataFrame,
    by: Sequence[str],
    across: str,
    *,
    rate: str = "eta",
    value: str = "median",
) -> pd.DataFrame:
    """The minimax rate for all values of ``across``: the best worst case.

    For each group the rate that makes the largest ratio of its value to the best value at the same
    ``across`` least.

    Parameters
    ----------
    table : DataFrame
        A row per group, value of ``across`` and rate.
    by : sequence of str
        The columns that name a group.
    across : str
        The column that shares a rate, such as batch_size.
    rate, value : str
        The columns of the rate and of the value to compare.

    Returns
    -------
    DataFrame
        ``by``, the rate, and regret: that largest ratio (1 if one rate is best for all).

    Examples
    --------
    >>> import pandas as pd
    >>> grid = pd.DataFrame(
    ...     {"batch_size": [1, 1, 2, 2], "eta": [0.1, 0.2] * 2, "median": [1.0, 8.0, 4.0, 2.0]}
    ... )
    >>> common(grid, [], "batch_size").values.tolist()
    [[0.1, 2.0]]
    """
    by = _checked(table, by, rate=rate, value=value, across=across)
    if across == rate:
        raise checks.refuse("across", across, f"another column than the rate's, {rate!r}")
    bare, made = _bare(table), []
    for key, rows in _groups(table, by):
        wide = bare.iloc[rows].pivot_table(index=rate, columns=across, values=value, observed=True)
        # A rate that is missing, or infinite, somewhere serves that one not at all.
        ratio = (wide / wide.min()).replace(np.nan, np.inf).max(axis=1)
        ties = ratio[ratio == ratio.min()]
        made.append([*key, ties.index[(len(ties) - 1) // 2], float(ratio.min())])
    return _of(table, made, [*by, rate, "regret"])


def _checked(
    frame: pd.DataFrame,
    by: Sequence[str],
    *,
    argument: str = "table",
    least: int = 0,
    **columns: str,
) -> list[str]:
    """The names in ``by``; refused is a table without them, or without numbers in ``columns``."""
    checks.table(argument, frame)
    names = list(checks.texts("by", by))
    if len(names) < least:
        raise checks.refuse("by", by, "the name of at least one column")
    allowed = f"a column of {argument} ({', '.join(map(str, frame.columns))})"
    for name, column in [*(("by", each) for each in names), *columns.items()]:
        if checks.text(name, column, allowed) not in frame.columns:
            raise checks.refuse(name, column, allowed)
    for column in columns.values():
        checks.array(f"{argument}, column {column}", frame[column])
    return names


def _of(table: pd.DataFrame, rows: Sequence[object], columns: list[str]) -> pd.DataFrame:
    """A table made of another, with the ``attrs`` that say what made that one."""
    result = pd.DataFrame(rows, columns=columns)
    result.attrs = table.attrs
    return result


def _bare(table: pd.DataFrame) -> pd.DataFrame:
    """The table without ``attrs``, which pandas copies whole for whatever is taken of a table."""
    bare = table.copy(deep=False)
    bare.attrs = {}
    return bare


def _numbers(table: pd.DataFrame, *columns: str) -> list[NDArray[np.float64]]:
    """Columns as arrays: a table for each of hundreds of groups would take most of the time."""
    return [table[each].to_numpy(dtype=np.float64) for each in columns]


def _groups(
    table: pd.DataFrame, by: Sequence[str]
) -> list[tuple[tuple[object, ...], NDArray[np.intp]]]:
    """(key, places of its rows) of each group, in order; all rows if ``by`` is empty.

    A table without rows has no group.
    """
    if not by:
        return [((), np.arange(len(table)))] if len(table) else []
    groups = _bare(table).groupby(list(by), observed=True, sort=True, dropna=False)
    sizes = groups.size()
    places = np.split(np.argsort(groups.ngroup().to_numpy(), kind="stable"), np.cumsum(sizes))
    # Of one column a value may itself be a tuple.
    keys = [key if len(by) > 1 else (key,) for key in sizes.index]
    return list(zip(keys, places[:-1], strict=True))
