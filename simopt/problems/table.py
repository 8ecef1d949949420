"""Problems from a table, in memory or on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.problems import columns, files, packed
from simopt.problems.design import CATEGORIES, MISSING, Reading, Remedies, design, further
from simopt.problems.features import say_amounts, say_index
from simopt.problems.loss import Loss
from simopt.problems.losses import KINDS, LOSSES
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make
from simopt.problems.whole import say_rounded

REMEDIES = Remedies(
    left="features= names the columns to take instead",
    texts="categories='one-hot' makes a column of 0 and 1 of each, features= leaves columns out",
    missing="missing='drop' leaves them out",
    apart="standardize=True gives each mean 0 and variance 1, standardize=False keeps them so",
)


def from_frame(
    frame: Any,
    target: str,
    *,
    features: Sequence[str] | None = None,
    kind: str = "least_squares",
    standardize: bool | None = None,
    categories: str | None = None,
    missing: str = "refuse",
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
    **parameters: float,
) -> Problem:
    """A problem from a DataFrame.

    Columns that predict nothing are left out, with a `ColumnWarning` that names them: the row index
    that pandas writes ("Unnamed: 0", "index"), numbers that only count the rows, identifiers (all
    different, and called so or texts), dates, columns of one value beside an intercept, empty
    columns, copies of the target. Naming the features takes exactly those.

    Numbers as people write them are read where all of a column have one unit, or none, and one
    reading: "$1,234.50", "1.234,50 €", "12 %" (as 12), "3.5 kg", "($7.25)" below 0. A
    `ColumnWarning` says so; "1,234 €" alone, which may be 1234 or 1.234, is refused, and so are
    numbers with more beside them ("0.5 ± 0.1"), and a last row that is the sum of all others. Of a
    number that may stand for no value, such as -999 far from all others, a warning tells.

    Parameters
    ----------
    frame : DataFrame
        A row per point. pandas' own, or what has ``to_pandas()``, such as polars' and pyarrow's.
    target : str
        The column to predict. The logistic loss takes two texts too: yes, true, positive and the
        like are 1, else the second in order; the problem's ``target`` then says which, as
        "sold=yes".
    features : sequence of str, optional
        The columns to predict it from; all others that may predict if None. These, and the target,
        may also be named by pandas' own labels, such as numbers and tuples.
    kind : {"least_squares", "logistic", "huber", "poisson"}
        The loss.
    standardize : bool, optional
        Whether to subtract each feature's mean and divide by its standard deviation (divisor n);
        without an intercept it is divided by its root mean square alone. Weights, w0 and l2 then
        are those of the scaled features; `Problem.original_weights` gives them in the table's
        units. None takes columns as they are, with a `ScaleWarning` where their scales are 100 or
        more apart; False takes them without a word.
    categories : {"one-hot", "dummy"}, optional
        Make columns of 0 and 1 of a column of texts or of pandas' categories, ``city_Rome`` for
        the text "Rome" in ``city``: one for each text, or for all but the first, which keeps the
        optimum unique beside an intercept. Such columns are refused if None.
    missing : {"refuse", "drop"}
        What to do with rows that lack a value in a feature or in the target.
    w0, intercept, l2 : optional
        As in `least_squares`, but with an intercept.
    name : str, optional
        What tables call it; "table" if None.
    **parameters
        Further numbers that the loss takes, such as ``delta`` of "huber".

    Returns
    -------
    Problem

    Raises
    ------
    ValueError
        If a column is missing or holds what is no number, or a cell has no finite value; the
        message names the column, and the row, counted from 1 below the heading.

    Examples
    --------
    >>> import pandas as pd
    >>> from simopt import problems
    >>> frame = pd.DataFrame({"area": [50, 80, 65], "city": ["Rome", "Bari", "Rome"]})
    >>> frame["rent"] = [900, 800, 1100]
    >>> flats = problems.from_frame(frame, "rent", categories="dummy", standardize=True)
    >>> flats.features
    ('area', 'city_Rome', 'intercept')
    >>> flats.original_weights(flats.optimum).round(2).tolist()
    [13.33, 500.0, -266.67]
    """
    loss = LOSSES[checks.choice("kind", kind, KINDS)]
    _check(features, standardize, categories, missing, intercept, name)
    table = columns.frame("frame", frame)
    target = columns.known("target", columns.own(frame, target), table.columns)
    if not len(table):
        raise ValueError(f"{name or 'frame'}: no rows: must have one for each point")
    say_index(name or "table", frame)
    others = table.drop(columns=target)
    chosen = None
    if features is not None:
        chosen = _chosen([columns.own(frame, each) for each in features], list(others.columns))
    y, label, labels, held = columns.target(table[target], target, loss.binary)
    _check_targets(loss, target, y)
    say_amounts(name or "table", held, held)
    say_rounded(name or "table", table, [target], y[:, None])
    points = design(
        name or "table",
        others,
        y,
        target,
        chosen=chosen,
        intercept=intercept,
        standardize=standardize,
        categories=categories,
        missing=missing,
        remedies=REMEDIES,
    )
    return make(
        loss,
        points.x,
        points.y,
        w0=w0,
        intercept=intercept,
        l2=l2,
        name=name or "table",
        features=points.names,
        target=label,
        parameters=loss.check_parameters(parameters),
        scaling=points.scaling,
        reading=Reading(
            target,
            labels,
            dict(points.sources),
            points.skip,
            {**points.units, **{each: held[each].unit for each in held}},
        ),
    )


def held_out(
    table: Any,
    problem: Problem,
    *,
    missing: str = "refuse",
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    name: str | None = None,
) -> Problem:
    """Further rows for a problem that a table was read for, such as those to validate on.

    The same columns, texts and labels, scaled by what the problem's own table was scaled by.

    Parameters
    ----------
    table : path or DataFrame
        With the same columns.
    problem : Problem
        What `read_table` or `from_frame` returned.
    missing, sep, decimal, encoding
        As in `read_table`.
    name : str, optional
        What tables call it; as the problem if None.

    Returns
    -------
    Problem
        Its weights mean the same as the problem's.

    Raises
    ------
    ValueError
        As `read_table` does, and if a text is none that the problem's table holds.

    Examples
    --------
    >>> import pandas as pd
    >>> from simopt import problems
    >>> train = pd.DataFrame({"a": [0.0, 2.0, 4.0], "y": [1.0, 5.0, 9.0]})
    >>> line = problems.from_frame(train, "y", standardize=True)
    >>> test = problems.held_out(pd.DataFrame({"a": [10.0], "y": [21.5]}), line)
    >>> round(test.loss(line.optimum), 9)
    0.25
    """
    if not isinstance(problem, Regression) or problem.reading is None:
        raise checks.refuse("problem", problem, "one that read_table or from_frame made")
    checks.choice("missing", missing, MISSING)
    if name is not None:
        checks.text("name", name)
    if not columns.is_frame(table):
        path = checks.path("table", table)
        table = files.read_file(path, sep=sep, decimal=decimal, encoding=encoding)
    frame = columns.frame("table", table)
    reading = problem.reading
    for column in (*reading.sources, reading.target):
        if column not in frame:
            raise ValueError(f"table: has no column {column!r}: must have those of {problem.name}")
    read = columns.target(
        frame[reading.target], reading.target, problem.criterion.binary, reading.labels
    )
    columns.check_units(read.amounts, reading.units, [reading.target])
    y = read.values
    x, y = further(frame, y, reading, problem.scaling, missing)
    problem.criterion.check_targets(y)
    if problem.intercept:
        x = np.column_stack([x, np.ones(len(x))])
    return replace(problem, x=np.ascontiguousarray(x), y=y, name=name or problem.name)


def _check_targets(loss: Loss, target: str, y: NDArray[np.float64]) -> None:
    """Refuse a target that the loss has no value for, by its column and its row."""
    held = np.isfinite(y)
    if loss.allows is None or loss.allows(y[held]).all():
        return
    wrong = held.copy()
    wrong[held] = ~loss.allows(y[held])
    row, labels = int(np.argmax(wrong)), np.unique(y[held]).tolist()
    remedy = f"; {target!r} == {labels[1]:g} is so" if loss.binary and len(labels) == 2 else ""
    raise ValueError(
        f"column {target!r}, row {row + 1}: {y[row]:g}: must be {loss.targets}, for the "
        f"{loss.kind} loss{remedy}"
    )


def _check(
    features: Any, standardize: Any, categories: Any, missing: Any, intercept: Any, name: Any
) -> None:
    """Refuse bad arguments before a file is read."""
    checks.flag("intercept", intercept)
    if standardize is not None:
        checks.flag("standardize", standardize)
    if categories is not None:
        checks.choice("categories", categories, CATEGORIES)
    checks.choice("missing", missing, MISSING)
    if name is not None and not isinstance(name, str):
        raise checks.refuse("name", name, "text")
    if features is not None:
        if isinstance(features, str) or not checks.is_sequence(features):
            raise checks.refuse("features", features, "a list of columns")
        checks.check_length("features", features)


def _chosen(features: list[str], others: list[str]) -> list[str]:
    """The features, each of them a column and named once."""
    if not features:
        raise checks.refuse("features", features, "at least one column")
    there = set(others)
    once: set[str] = set()
    for feature in features:
        if not isinstance(feature, str) or feature not in there:
            columns.known("features", feature, others)
        if feature in once:
            raise checks.refuse("features", feature, "named once")
        once.add(feature)
    return features


def read_table(
    path: str | os.PathLike[str],
    target: str,
    *,
    features: Sequence[str] | None = None,
    kind: str = "least_squares",
    standardize: bool | None = None,
    categories: str | None = None,
    missing: str = "refuse",
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    w0: ArrayLike = 0.0,
    intercept: bool = True,
    l2: float = 0.0,
    name: str | None = None,
    **parameters: float,
) -> Problem:
    """A problem from a CSV or Parquet file.

    Parameters
    ----------
    path : path
        A file that ends in ``.parquet``, or text in ``.csv``, ``.tsv``, ``.tab`` or ``.txt`` with
        a heading that names the columns; a text may be packed (``.csv.gz``, ``.bz2``, ``.xz``, or
        alone in a ``.zip``).
    target : str
        The column to predict.
    features, kind, standardize, categories, missing
        As in `from_frame`, which says what becomes of the columns.
    sep, decimal, encoding : str, optional
        As in ``pandas.read_csv``: what stands between the cells of a text, its decimal mark, and
        how its characters are written. The first lines tell if None: commas, semicolons, tabs or
        bars, decimal points or commas, grouped thousands, UTF-8, or UTF-16 and UTF-32 with a mark,
        which lines above the heading are remarks (#), titles or names of groups of columns, and
        whether units stand below it.
    w0, intercept, l2, name
        As in `least_squares`; the name is the file's without its ending if None.
    **parameters
        Further numbers that the loss takes, such as ``delta`` of "huber".

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
    >>> hubble = problems.DATA / "hubble.csv"
    >>> problems.read_table(hubble, "velocity_km_s").optimum.round(3).tolist()
    [454.158, -40.784]
    >>> robust = problems.read_table(hubble, "velocity_km_s", kind="huber", delta=50)
    >>> robust.optimum.round(1).tolist()
    [428.1, -14.8]
    """
    checks.choice("kind", kind, KINDS)
    _check(features, standardize, categories, missing, intercept, name)
    path = checks.path("path", path)
    table = files.read_file(path, sep=sep, decimal=decimal, encoding=encoding)
    return from_frame(
        table,
        target,
        features=features,
        kind=kind,
        standardize=standardize,
        categories=categories,
        missing=missing,
        w0=w0,
        intercept=intercept,
        l2=l2,
        name=packed.inner(path).stem if name is None else name,
        **parameters,
    )
