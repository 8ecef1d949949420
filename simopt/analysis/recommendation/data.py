"""A table's rows in three parts, standardised: to train on, to choose by, and to judge by."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.ground.formatting import listing
from simopt.problems import amounts, columns, packed
from simopt.problems.files import STRIPPED, read_file
from simopt.problems.headings import MISSING
from simopt.problems.losses import LOSSES
from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make
from simopt.problems.table import from_frame
from simopt.problems.written import written

Floats = NDArray[np.float64]
Places = NDArray[np.int64]

#: The shares of the rows to choose by and to judge by; the rest is trained on.
HELD_OUT = 0.2

#: A fifth of fewer rows says nothing.
FEWEST_ROWS = 25

#: Held-out losses of so many rows are known to a percent or better.
MOST_HELD_OUT = 10_000

#: From this share on rows to judge by that are training rows as well are said; of labels and counts
#: rows are alike by chance.
MANY_AGAIN = 0.1

#: Kinds whose target is divided by its standard deviation; labels and counts stay as they are.
SCALED = ("least_squares", "huber")


@dataclass(frozen=True, eq=False)
class Table:
    """Columns as they are, and the Python that reads them.

    Attributes
    ----------
    x, y : ndarray [n, p], [n]
        Features without an intercept, and the target.
    features, target, name, kind
        As of a problem.
    parameters : tuple of float
        Further numbers of the loss.
    relative : bool
        Whether these are in standard deviations of the target, rather than in its unit.
    lines : tuple of str
        Python that makes ``x`` and ``y``.
    said : tuple of str
        Sentences on how the table was read.
    """

    x: Floats
    y: Floats
    features: tuple[str, ...]
    target: str
    name: str
    kind: str
    parameters: tuple[float, ...]
    lines: tuple[str, ...]
    said: tuple[str, ...] = ()
    relative: bool = False


@dataclass(frozen=True, eq=False)
class Parts:
    """The three parts of a table, as problems in standardised columns that start at 0.

    Attributes
    ----------
    train, validation, test : Regression
        The rows trained on, those that settings are chosen by, those that they are judged by.
    constant : ndarray [d]
        The weights that predict the best constant of the training rows.
    scale : float
        What the target was divided by.
    used : tuple of int
        The columns used; the others are constant among the training rows.
    said : tuple of str
        Sentences on what was done to the rows.
    lines : tuple of str
        Python that makes ``x`` and ``y`` standardised, and the rows ``train`` and ``test``.
    """

    table: Table
    train: Regression
    validation: Regression
    test: Regression
    constant: Floats
    scale: float
    used: tuple[int, ...]
    said: tuple[str, ...]
    lines: tuple[str, ...]


def from_problem(problem: Problem) -> Table:
    """The points of a regression; its start and its name for them are left aside."""
    if not isinstance(problem, Regression) or not problem.linear:
        allowed = "a regression such as simopt.problems.diabetes(), or the path of a table"
        raise checks.refuse("problem", problem, allowed)
    if problem.l2.any():
        raise checks.refuse("problem", problem, "one without l2: epochs are what limits the fit")
    points = problem.x[:, :-1] if problem.intercept else problem.x
    features = problem.features[:-1] if problem.intercept else problem.features
    return Table(
        points,
        problem.y,
        features,
        problem.target,
        problem.name,
        problem.kind,
        problem.parameters,
        (f"x, y = problem.x[:, :{points.shape[1]}], problem.y",),
    )


def from_file(
    path: str | os.PathLike[str],
    target: str,
    kind: str | None = None,
    features: Sequence[str] | None = None,
    missing: str = "refuse",
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
) -> Table:
    """The points of a CSV or Parquet file; the loss follows from the target if it is None.

    Texts become columns of 0 and 1, one for all but the first of them.
    """
    with warnings.catch_warnings(record=True) as remarks:
        warnings.simplefilter("always")
        raw = read_file(path, sep=sep, decimal=decimal, encoding=encoding)
    frame = columns.frame("path", raw)
    columns.known("target", target, frame.columns)
    labels = frame[target].dropna().unique()
    if kind is None:
        kind = "logistic" if len(labels) == 2 else "least_squares"
    said = []
    line = f"y = table[{target!r}].to_numpy(float)"
    if kind == "logistic" and len(labels) == 2 and pd.api.types.is_numeric_dtype(frame[target]):
        low, high = sorted(labels.tolist())
        if (low, high) != (0, 1):
            frame[target] = (frame[target] == high).where(frame[target].notna()).astype(float)
            line = f"y = (table[{target!r}] == {high!r}).to_numpy(float)"
            said.append(f"{target} is {high:g} (counted as 1) or {low:g} (as 0).")
    with warnings.catch_warnings(record=True) as notices:
        warnings.simplefilter("always")
        problem = from_frame(
            frame, target, features=features, kind=kind, standardize=False, categories="dummy",
            missing=missing, name=packed.inner(Path(path)).stem,
        )  # fmt: skip
    said += [f"{each.message}." for each in (*remarks, *notices)]
    for label in labels:
        if problem.target == f"{target}={label}":
            line = f"y = (table[{target!r}] == {label!r}).to_numpy(float)"
            said.append(f"{target} counts as 1 where it is {label}, as 0 where not.")
    names = list(problem.features[:-1])
    assert isinstance(problem, Regression)
    assert problem.reading is not None
    sources = problem.reading.sources
    texts = [name for name, held in sources.items() if held is not None]
    if texts:
        said.append(
            f"Columns of 0 and 1 stand for the texts of {listing(texts)}, the first of them left "
            "out."
        )
    lacking = len(frame) - problem.n
    reader = _reader(Path(path), (sep, decimal, encoding), lacking > 0)
    lines = ["import pandas as pd", f"table = {reader}"]
    if not set(frame.columns) <= set(map(str, raw.columns)):
        lines.append("table.columns = [str(name).strip() for name in table.columns]")
    lines += _stripping(raw, {*sources, target})
    units = list(problem.reading.units)
    held = columns.read(frame[units]).amounts
    for number, name in enumerate(units):
        lines += [*(() if number else amounts.PROGRAM), amounts.line(name, held[name].decimal)]
    if lacking:
        if not any("lack a value and are left out" in each for each in said):
            lack = "row that lacks a value was" if lacking == 1 else "rows that lack a value were"
            said.append(f"{lacking:,} {lack} left out.")
        lines.append(f"table = table.dropna(subset={[*sources, target]!r})")
    if texts:
        lines.append(f"table = pd.get_dummies(table, columns={texts!r})")
    lines += [f"x = table[{names!r}].to_numpy(float)", line]
    return Table(
        problem.x[:, :-1],
        problem.y,
        tuple(names),
        target,
        problem.name,
        kind,
        problem.parameters,
        tuple(lines),
        tuple(said),
        relative=True,
    )


def _reader(path: Path, how: tuple[str | None, str | None, str | None], lacking: bool) -> str:
    """Python that reads the file; what stands for no value is named where rows lack one."""
    if packed.inner(path).suffix.lower() == ".parquet":
        return f"pd.read_parquet({os.fspath(path)!r})"
    options = written(path, *how).options
    if lacking:
        options["na_values"] = MISSING
    said = [f"{name}={value!r}" for name, value in options.items()]
    return f"pd.read_csv({', '.join([repr(os.fspath(path)), *said])})"


def _stripping(raw: pd.DataFrame, used: set[str]) -> list[str]:
    """Python that takes white space off texts, as reading did."""
    named, nothing = raw.attrs.get(STRIPPED, ([], []))
    texts = [name for name in (str(each).strip() for each in named) if name in used]
    if not texts:
        return []
    absent = f".replace({nothing!r}, np.nan)" if nothing else ""
    return [
        f"for name in {texts!r}:",
        "    bare = [cell.strip() if isinstance(cell, str) else cell for cell in table[name]]",
        f"    table[name] = pd.Series(bare, table.index){absent}",
    ]


def split(table: Table, seed: int, most: int) -> Parts:
    """Three parts of the rows, at most so many of them to train on, in standardised columns.

    Means and standard deviations are the training rows'.
    """
    n = len(table.y)
    if n < FEWEST_ROWS:
        raise ValueError(
            f"{table.name}: {n} rows: must be at least {FEWEST_ROWS}, of which a fifth is to "
            "choose by and a fifth to judge by"
        )
    if np.ptp(table.y) == 0:
        raise ValueError(
            f"{table.target}: all {n} rows have one value: must differ from row to row"
        )
    held_out = min(int(n * HELD_OUT), MOST_HELD_OUT)
    taken = min(n - 2 * held_out, most)
    order = np.random.default_rng(seed).permutation(n)
    a, b, c = taken, taken + held_out, taken + 2 * held_out
    rows = {"train": order[:a], "validation": order[a:b], "test": order[b:c]}
    for which, chosen in rows.items():
        if np.ptp(table.y[chosen]) == 0:
            others = int((table.y != table.y[chosen[0]]).sum())
            remedy = (
                "another seed splits them otherwise"
                if others >= len(rows)
                else f"{others} of {n} rows have another, and each of {len(rows)} parts needs one"
            )
            raise ValueError(
                f"{table.target}: all of the {len(chosen)} {which} rows have one value: "
                f"must differ from row to row; {remedy}"
            )
    spread = np.ptp(table.x[rows["train"]], axis=0) > 0
    used = tuple(np.flatnonzero(spread).tolist())
    if not used:
        raise ValueError(f"{table.name}: every feature is constant: one at least must vary")
    x = table.x[:, used]
    again = repeated(x, table.y, rows["train"], rows["test"])
    center, width = x[rows["train"]].mean(axis=0), x[rows["train"]].std(axis=0)
    x = (x - center) / width
    y, scale, scaled = table.y, 1.0, table.kind in SCALED
    if scaled:
        scale = float(y[rows["train"]].std())
        y = (y - y[rows["train"]].mean()) / scale
    loss = LOSSES[table.kind]
    # Of the further numbers there is Huber's delta alone, a distance of targets.
    unit = 1.0 if table.relative else scale
    parameters = tuple(each / unit for each in table.parameters)
    features = tuple(table.features[k] for k in used)

    def part(name: str) -> Regression:
        return make(
            loss,
            x[rows[name]],
            y[rows[name]],
            w0=0.0,
            intercept=True,
            l2=0.0,
            name=table.name,
            features=features,
            target=table.target,
            parameters=parameters,
        )

    ones = make(
        loss, np.ones(a), y[rows["train"]], w0=0.0, intercept=False, l2=0.0, name=None,
        parameters=parameters,
    )  # fmt: skip
    assert ones.minimizer is not None
    left_out = [name for name, varies in zip(table.features, spread, strict=True) if not varies]
    return Parts(
        table,
        part("train"),
        part("validation"),
        part("test"),
        np.append(np.zeros(len(used)), ones.minimizer),
        scale,
        used,
        (*table.said, *_sentences(table, n, a, held_out, left_out, scaled, again)),
        _lines(table, seed, used, (n, a, b, c), scaled),
    )


def _sentences(
    table: Table,
    n: int,
    taken: int,
    held_out: int,
    left_out: list[str],
    scaled: bool,
    again: int,
) -> list[str]:
    """What was done to the rows."""
    said = [
        f"{n:,} rows: {taken:,} to train on, {held_out:,} to choose the settings by, and "
        f"{held_out:,} that nothing was chosen by, on which the losses are."
    ]
    if taken + 2 * held_out < n:
        said.append(
            f"The other {n - taken - 2 * held_out:,} rows were left out to keep the time short: "
            "with more of them an epoch is longer and fewer are needed; a larger budget takes more."
        )
    what = f"The features and {table.target} are" if scaled else "The features are"
    said.append(f"{what} standardised with the means and standard deviations of the training rows.")
    if left_out:
        said.append(f"Left out, being constant: {', '.join(left_out)}.")
    if scaled and again >= MANY_AGAIN * held_out:
        said.append(
            f"{again:,} of the {held_out:,} rows to judge by are among the training rows too: if "
            "they are copies, the losses on them promise too much."
        )
    return said


def repeated(x: Floats, y: Floats, train: Places, test: Places) -> int:
    """How many of the rows to judge by are training rows, too."""
    known = {row.tobytes() for row in np.column_stack([x[train], y[train]])}
    return sum(row.tobytes() in known for row in np.column_stack([x[test], y[test]]))


def _lines(
    table: Table, seed: int, used: tuple[int, ...], ends: tuple[int, int, int, int], scaled: bool
) -> tuple[str, ...]:
    """The same split and the same columns, as Python."""
    n, a, b, c = ends
    lines = ["import numpy as np", *table.lines]
    if len(used) < len(table.features):
        lines.append(f"x = x[:, {list(used)}]  # the others are constant")
    lines += [
        f"order = np.random.default_rng({seed}).permutation({n})",
        f"train, test = order[:{a}], order[{b}:{c}]",
        "x = (x - x[train].mean(axis=0)) / x[train].std(axis=0)",
    ]
    if scaled:
        lines.append("y = (y - y[train].mean()) / y[train].std()")
    return tuple(lines)
