"""From the columns of a table to the points of a problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simopt.problems import features
from simopt.problems.columns import Columns, Floats, bad_cell, check_units, levels, listed, read
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
    """Points x [n, p] with a name for each column, targets y [n], and how x was scaled.

    ``sources`` are the table's columns that x is made of, and the texts of those that hold texts;
    so many of the first as ``skip`` have no column of x; ``units`` what their numbers are in.
    """

    x: Floats
    names: list[str]
    y: Floats
    scaling: Scaling | None
    sources: Mapping[str, Sequence[Any] | None] = MappingProxyType({})
    skip: int = 0
    units: Mapping[str, str] = MappingProxyType({})


class Reading(NamedTuple):
    """How a table became a problem, for further rows of the same columns.

    ``sources`` and ``skip`` are as of a `Design`; ``labels`` the target's texts that became 0 and
    1, if any; ``units`` what numbers are in, of the columns and the target, where that is written.
    """

    target: str
    labels: tuple[Any, Any] | None
    sources: Mapping[str, Sequence[Any] | None]
    skip: int
    units: Mapping[str, str]


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
    sources = _sources(columns, chosen, categories, remedies.texts)
    features.say_amounts(source, columns.amounts, sources)
    units = {name: each.unit for name, each in columns.amounts.items() if name in sources}
    skip = int(categories == "dummy")
    x, names, origins = _encoded(columns, sources, skip)
    every, lacking = len(y), [*np.isnan(x).sum(axis=0), np.isnan(y).sum()]
    x, y = _complete(x, origins, y, target, missing, remedies.missing)
    if 2 * len(y) < every:
        most = int(np.argmax(lacking))
        name = [*origins, target][most]
        features.say_dropped(source, every - len(y), every, name, int(lacking[most]))
    features.say_stand_ins(source, names, x)
    features.say_stand_ins(source, [target], y[:, None])
    if standardize:
        scaling = Scaling.of(x, centre=intercept)
        return Design(scaling.apply(x), names, y, scaling, sources, skip, units)
    if standardize is None:
        say_if_apart(source, x, names, intercept, remedies.apart)
    return Design(x, names, y, None, sources, skip, units)


def further(
    frame: pd.DataFrame, y: Floats, reading: Reading, scaling: Scaling | None, missing: str
) -> tuple[Floats, Floats]:
    """Points [n, p] and targets [n] of further rows, read as an earlier table was."""
    columns = read(frame[list(reading.sources)])
    numbers = [name for name, texts in reading.sources.items() if texts is None]
    _sources(columns, numbers, None, "as in the table of the problem")
    check_units(columns.amounts, reading.units, numbers)
    for name, known in reading.sources.items():
        if known is None:
            continue
        if name not in columns.texts:
            raise ValueError(f"column {name!r}: must hold texts, as in the table of the problem")
        texts = columns.texts[name]
        unseen = (texts.notna() & ~texts.isin(known)).to_numpy()
        if unseen.any():
            row = int(np.argmax(unseen))
            raise ValueError(
                f"column {name!r}, row {row + 1}: {str(texts.iloc[row])!r}: must be one of the "
                f"{len(known)} texts in the table of the problem, such as {str(known[0])!r}"
            )
    x, _, origins = _encoded(columns, reading.sources, reading.skip)
    x, y = _complete(x, origins, y, reading.target, missing, "missing='drop' leaves them out")
    return (x if scaling is None else scaling.apply(x)), y


def _sources(
    columns: Columns, chosen: Sequence[str], categories: str | None, remedy: str
) -> dict[str, list[Any] | None]:
    """The columns, and the texts of those that hold texts, in order."""
    sources: dict[str, list[Any] | None] = {}
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
        sources[name] = levels(columns.texts[name]) if name in columns.texts else None
    return sources


def _encoded(
    columns: Columns, sources: Mapping[str, Sequence[Any] | None], skip: int
) -> tuple[Floats, list[str], list[str]]:
    """Columns of numbers [n, p], NaN where there is none; a name for each; where each is from."""
    if all(held is None for held in sources.values()):
        x = columns.values[:, [columns.numbers[name] for name in sources]]
        return x, list(sources), list(sources)
    parts: list[Floats] = []
    names: list[str] = []
    origins: list[str] = []
    for name, held in sources.items():
        if held is None:
            parts.append(columns.number(name))
            names.append(name)
            origins.append(name)
            continue
        texts = columns.texts[name]
        there = texts.notna().to_numpy()
        for level in held[skip:]:
            parts.append(np.where(there, (texts == level).to_numpy(), np.nan))
            names.append(f"{name}_{level}")
            origins.append(name)
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"two columns would be called {name!r}: must have other names")
        seen.add(name)
    return np.column_stack(parts), names, origins


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
