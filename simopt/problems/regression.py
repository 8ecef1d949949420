"""Problems from data: least squares and logistic regression, from arrays or a table."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.problems.inputs import labels, numbers, start
from simopt.problems.problem import Problem

#: The losses that `read_table` takes.
KINDS = ("least_squares", "logistic")


def least_squares(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = False,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Least squares: ``loss(w) = mean((x @ w - y)^2) + l2 / 2 * |w|^2``.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points. Column names of a DataFrame are kept.
    y : array_like [n]
        The targets.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default False
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept. Its gradient is ``l2 * w``.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, their lengths differ, or l2 < 0.

    Examples
    --------
    >>> from simopt import problems
    >>> line = problems.least_squares([0.0, 1.0, 2.0], [1.0, 3.0, 5.0], intercept=True)
    >>> line.optimum.round(12).tolist()
    [2.0, 1.0]
    >>> line.loss([2.0, 0.0])
    1.0
    """
    return make("least_squares", x, y, w0=w0, intercept=intercept, l2=l2, name=name)


def logistic(
    x: ArrayLike,
    y: ArrayLike,
    *,
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """Logistic regression: ``loss(w) = mean(log(1 + exp(z)) - y z) + l2 / 2 * |w|^2``, z = x @ w.

    Parameters
    ----------
    x : array_like [n] or [n, d]
        The points.
    y : array_like [n]
        The labels, 0 or 1.
    w0 : float or array_like [d], default 0
        The start; with an intercept its weight is the last.
    intercept : bool, default True
        Add a last column of ones.
    l2 : float, default 0
        Penalty, >= 0; not on the intercept.
    name : str, optional
        What tables call it.

    Returns
    -------
    Problem
        Its ``optimum`` is None where the labels can be separated and l2 = 0: the weights then grow
        without end.

    Raises
    ------
    ValueError
        If x or y holds something other than finite numbers, a label is not 0 or 1, or the lengths
        differ.

    Examples
    --------
    >>> from simopt import problems
    >>> coin = problems.logistic([[1.0], [1.0], [1.0], [1.0]], [1, 1, 1, 0], intercept=False)
    >>> coin.optimum.round(6).tolist()  # log(3)
    [1.098612]
    """
    return make("logistic", x, y, w0=w0, intercept=intercept, l2=l2, name=name)


def read_table(
    path: str | os.PathLike[str],
    target: str,
    *,
    features: Sequence[str] | None = None,
    kind: str = "least_squares",
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
) -> Problem:
    """A problem from a CSV or Parquet file.

    Parameters
    ----------
    path : path
        A file that ends in ``.csv`` or ``.parquet``.
    target : str
        The column to predict.
    features : sequence of str, optional
        The columns to predict it from; all others if None.
    kind : {"least_squares", "logistic"}
        The loss.
    w0, intercept, l2, name
        As in `least_squares`; the name is the file's without its ending if None.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If the file's ending is another, a column is missing, or a value is missing or not a
        number; the message names the column and the row.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.read_table(problems.DATA / "hubble.csv", "velocity_km_s").optimum.round(3).tolist()
    [454.158, -40.784]
    """
    import pandas as pd

    path = Path(path)
    checks.choice("kind", kind, KINDS)
    checks.flag("intercept", intercept)
    if name is not None and not isinstance(name, str):
        raise checks.refuse("name", name, "text")
    if features is not None and (isinstance(features, str) or not checks.is_sequence(features)):
        raise checks.refuse("features", features, "a list of columns")
    if path.suffix.lower() not in (".csv", ".parquet"):
        raise checks.refuse("path", str(path), "a file that ends in .csv or .parquet")
    if path.suffix.lower() == ".csv":
        try:
            table = pd.read_csv(path)
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise checks.refuse("path", str(path), f"a readable CSV file ({error})") from None
    else:
        table = pd.read_parquet(path)
    columns = [str(column) for column in table.columns]
    table.columns = pd.Index(columns)
    checks.choice("target", target, columns)
    chosen = [c for c in columns if c != target] if features is None else list(features)
    if not chosen:
        raise checks.refuse("features", chosen, "at least one column")
    others = dict.fromkeys(columns)
    del others[target]
    for feature in chosen:
        if feature not in others:
            raise checks.refuse("features", feature, "of " + ", ".join(map(repr, others)))
    # All numeric columns at once: pandas takes 0.1 ms for each that is looked at singly.
    numeric = table[[*chosen, target]].select_dtypes("number")
    finite = np.isfinite(numeric.to_numpy(dtype=np.float64, na_value=np.nan)).all(axis=0)
    whole = set(numeric.columns[finite])
    for column in (*chosen, target):
        if column not in whole:
            _check_column(table[column], column)
    return make(
        kind,
        table[chosen].to_numpy(dtype=np.float64),
        table[target].to_numpy(dtype=np.float64),
        w0=w0,
        intercept=intercept,
        l2=l2,
        name=name or path.stem,
        features=chosen,
        target=target,
    )


def _check_column(column: Any, name: str) -> None:
    """Raise unless a column has only finite numbers, naming the first row that does not."""
    import pandas as pd

    values = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        raise ValueError(
            f"column {name!r}, row {row + 1}: {column.iloc[row]!r}: must be a finite number"
        )


def make(
    kind: str,
    x: Any,
    y: Any,
    *,
    w0: ArrayLike,
    intercept: bool,
    l2: float,
    name: str | None,
    features: Sequence[str] | None = None,
    target: str = "y",
) -> Problem:
    """A regression problem, after checks of its data."""
    if features is None and hasattr(x, "columns"):
        features = [str(column) for column in x.columns]
    if target == "y" and getattr(y, "name", None):
        target = str(y.name)
    points = numbers("x", x)
    targets = numbers("y", y)
    if points.ndim == 1:
        points = points[:, None]
    if points.ndim != 2 or 0 in points.shape:
        raise checks.refuse("x", f"shape {points.shape}", "an array [n] or [n, d], not empty")
    if targets.ndim != 1:
        raise checks.refuse("y", f"shape {targets.shape}", "an array [n]")
    if len(points) != len(targets):
        raise ValueError(
            f"x and y: {len(points)} points but {len(targets)} targets: must be of one length"
        )
    if kind == "logistic" and not np.isin(targets, (0.0, 1.0)).all():
        wrong = targets[~np.isin(targets, (0.0, 1.0))][0]
        raise checks.refuse("y", float(wrong), "0 or 1 everywhere, for the logistic loss")
    penalty = checks.number("l2", l2, checks.NOT_NEGATIVE)
    intercept = checks.flag("intercept", intercept)
    names = tuple(features) if features is not None else labels(points.shape[1])
    if intercept:
        points = np.hstack([points, np.ones((len(points), 1))])
        names = (*names, "intercept")
    points = np.ascontiguousarray(points)
    l2_each = np.full(points.shape[1], penalty)
    if intercept:
        l2_each[-1] = 0.0
    return Problem(
        name or kind,
        kind,
        points,
        targets,
        start(w0, points.shape[1]),
        l2_each,
        names,
        target,
        intercept,
    )
