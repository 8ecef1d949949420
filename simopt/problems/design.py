"""From the columns of a table to the points of a problem."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simopt.problems import features
from simopt.problems.columns import Columns, Floats, bad_cell, levels, listed, read
from simopt.problems.scaling import Scaling, say_if_apart

if TYPE_CHECKING:
    import pandas as pd

#: How texts become numbers: a column for every text, or for all but the first.
CATEGORIES = ("one-hot", "dummy")

#: What to do with rows that have no value in some column.
MISSING = ("refuse", "drop")


class Remedies(NamedTuple):
    """What to do, in the words of the function that was called."""

    left: str
    texts: str
    missing: str
    apart: str


class Design(NamedTuple):
    """Points x [n, p] with a name for each column, targets y [n], and how x was scaled."""

    x: Floats
    names: list[str]
    y: Floats
    scaling: Scaling | None


def design(
    source: str,
    frame: pd.DataFrame,
    y: Floats,
    target: str,
    *,
    chosen: Sequence[str] | None = None,
    intercept: bool,
    standardize: bool | None = None,
    categories: str | None = None,
    missing: str = "refuse",
    remedies: Remedies,
) -> Design:
    """The points that a table holds; says what it leaves out, and whether scales are far apart.

    Parameters
    ----------
    source : str
        What sentences call the table.
    frame : DataFrame
        All columns but the target.
    y : ndarray [n]
        The target, NaN where there is none.
    target : str
        Its column's name.
    chosen : sequence of str, optional
        The features; those that `features.choose` takes if None.
    intercept, standardize, categories, missing
        As `simopt.problems.read_table` has them.
    remedies : Remedies
        What sentences advise.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        If a feature is no column of numbers and can't be made one, or a cell has no finite value.
    """
    if chosen is None:
        columns = read(frame)
        chosen, left = features.choose(columns, list(frame.columns), y, intercept)
        features.say_left(source, left, remedies.left)
        if not chosen:
            raise ValueError(f"{source}: no column is left to predict {target!r}: {remedies.left}")
    else:
        columns = read(frame[list(chosen)])
    x, names, sources = _encoded(columns, chosen, categories, remedies.texts)
    x, y = _complete(x, sources, y, target, missing, remedies.missing)
    if standardize:
        scaling = Scaling.of(x, centre=intercept)
        return Design(scaling.apply(x), names, y, scaling)
    if standardize is None:
        say_if_apart(source, x, names, intercept, remedies.apart)
    return Design(x, names, y, None)


def _encoded(
    columns: Columns, chosen: Sequence[str], categories: str | None, remedy: str
) -> tuple[Floats, list[str], list[str]]:
    """Columns of numbers [n, p], NaN where there is none; a name for each; where each is from."""
    for name in chosen:
        if name in columns.dates:
            raise ValueError(
                f"column {name!r} holds dates or times: must be numbers, such as the days since "
                f"the first"
            )
        if categories is None and name in columns.texts:
            texts = columns.texts[name]
            raise ValueError(
                f"column {name!r} holds texts, such as {str(texts.dropna().iloc[0])!r}, "
                f"{texts.nunique()} in all: must be numbers; {remedy}"
            )
    if not any(name in columns.texts for name in chosen):
        x = columns.values[:, [columns.numbers[name] for name in chosen]]
        return x, list(chosen), list(chosen)
    parts: list[Floats] = []
    names: list[str] = []
    sources: list[str] = []
    for name in chosen:
        if name not in columns.texts:
            parts.append(columns.number(name))
            names.append(name)
            sources.append(name)
            continue
        texts = columns.texts[name]
        there = texts.notna().to_numpy()
        for level in levels(texts)[categories == "dummy" :]:
            parts.append(np.where(there, (texts == level).to_numpy(), np.nan))
            names.append(f"{name}_{level}")
            sources.append(name)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two columns would be called {name!r}: must have other names")
        seen.add(name)
    return np.column_stack(parts), names, sources


def _complete(
    x: Floats, sources: Sequence[str], y: Floats, target: str, missing: str, remedy: str
) -> tuple[Floats, Floats]:
    """The rows with a value in every column; a cell that is not finite is refused by its name."""
    for values, names in ((x, sources), (y[:, None], (target,))):
        infinite = np.isinf(values)
        if infinite.any():
            row, k = (int(i) for i in np.argwhere(infinite)[0])
            raise bad_cell(names[k], row, repr(float(values[row, k])))
    absent = np.isnan(x)
    rows = ~(absent.any(axis=1) | np.isnan(y))
    if rows.all():
        return x, y
    if missing == "drop":
        if rows.any():
            return x[rows], y[rows]
        empty = listed(dict.fromkeys(sources[int(k)] for k in np.flatnonzero(absent.all(axis=0))))
        raise ValueError(
            "no row has a value in every column"
            + (f", and {empty} have none in any" if empty else "")
            + ": must be one at least"
        )
    row = int(np.argmin(rows))
    name = sources[int(np.argmax(absent[row]))] if absent[row].any() else target
    lacking = f"{len(rows) - int(rows.sum())} of {len(rows)} rows lack a value"
    raise bad_cell(name, row, "no value", f" ({lacking}: {remedy})")
