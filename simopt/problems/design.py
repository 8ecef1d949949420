"""From the columns of a table to the points of a problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simopt.problems import features
from simopt.problems.columns import Columns, Floats, bad_cell, check_units, levels, listed, read
from simopt.problems.scaling import Scaling, say_if_apart
from simopt.problems.whole import say_rounded

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
        say_rounded(source, frame, list(columns.numbers), columns.values)
        chosen, left = features.choose(columns, list(frame.columns), y, intercept)
        if not chosen:
            others = features.grouped(left)
            raise ValueError(
                f"{source}: no column is left to predict {target!r} beside {others}: "
                f"{remedies.left}"
                if others
                else f"{source}: no column but {target!r}: must have one to predict it from"
            )
        features.say_left(source, left, remedies.left)
    else:
        columns = read(frame[list(chosen)])
        say_rounded(source, frame, list(columns.numbers), columns.values)
    _check_numbers(columns, chosen, categories, remedies.texts)
    features.say_amounts(source, columns.amounts, chosen)
    taken = set(chosen)
    units = {name: each.unit for name, each in columns.amounts.items() if name in taken}
    _check_finite(columns, chosen, y, target)
    absent = _absent(columns, chosen, y)
    rows = _complete(absent, [*chosen, target], missing, remedies.missing)
    every, y = len(y), y[rows]
    if 2 * len(y) < every:
        lacking = absent.sum(axis=0)
        most = int(np.argmax(lacking))
        name = [*chosen, target][most]
        features.say_dropped(source, every - len(y), every, name, int(lacking[most]))
    # A text of rows that are left out has no weight: nothing could tell it.
    columns = columns.of(rows)
    sources = {name: _levels(columns, name) for name in chosen}
    skip = int(categories == "dummy")
    alone = [name for name, held in sources.items() if held is not None and len(held) <= skip]
    if len(alone) == len(sources):
        raise ValueError(
            f"{source}: no column is left to predict {target!r} beside {listed(alone)}, which has "
            "one text alone in the rows that are used: must have two for a dummy column"
        )
    if alone:
        features.say_left(source, {features.CONSTANT: alone}, "one text has no dummy column")
        sources = {name: held for name, held in sources.items() if name not in alone}
    x, names = _encoded(columns, sources, skip)
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
    _check_numbers(columns, numbers, None, "as in the table of the problem")
    check_units(columns.amounts, reading.units, numbers)
    names = list(reading.sources)
    _check_finite(columns, names, y, reading.target)
    absent = _absent(columns, names, y)
    rows = _complete(absent, [*names, reading.target], missing, "missing='drop' leaves them out")
    for name, known in reading.sources.items():
        if known is None:
            continue
        if name not in columns.texts:
            raise ValueError(f"column {name!r}: must hold texts, as in the table of the problem")
        texts = columns.texts[name]
        unseen = rows & ~texts.isin(known).to_numpy()
        if unseen.any():
            row = int(np.argmax(unseen))
            raise ValueError(
                f"column {name!r}, row {row + 1}: {str(texts.iloc[row])!r}: must be one of the "
                f"{len(known)} texts in the table of the problem, such as {str(known[0])!r}"
            )
    x, _ = _encoded(columns.of(rows), reading.sources, reading.skip)
    return (x if scaling is None else scaling.apply(x)), y[rows]


def _check_numbers(
    columns: Columns, chosen: Sequence[str], categories: str | None, remedy: str
) -> None:
    """Refuse columns of dates, and of texts but where they are to become columns of 0 and 1."""
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


def _levels(columns: Columns, name: str) -> list[Any] | None:
    """The texts of a column of texts, in order."""
    return levels(columns.texts[name]) if name in columns.texts else None


def _encoded(
    columns: Columns, sources: Mapping[str, Sequence[Any] | None], skip: int
) -> tuple[Floats, list[str]]:
    """Columns of numbers [n, p], and a name for each."""
    import pandas as pd

    if all(held is None for held in sources.values()):
        return columns.values[:, [columns.numbers[name] for name in sources]], list(sources)
    parts: list[Floats] = []
    names: list[str] = []
    for name, held in sources.items():
        if held is None:
            parts.append(columns.number(name)[:, None])
            names.append(name)
        else:
            texts = columns.texts[name].astype(object)
            which = pd.Index(held, dtype=object).get_indexer(texts)
            parts.append((which[:, None] == np.arange(skip, len(held))).astype(np.float64))
            names += [f"{name}_{level}" for level in held[skip:]]
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ValueError(f"two columns would be called {twice[0]!r}: must have other names")
    return np.concatenate(parts, axis=1), names


def _absent(columns: Columns, names: Sequence[str], y: Floats) -> NDArray[np.bool_]:
    """Which cells [n, p + 1] of columns, and of a target behind them, have no value."""
    absent = np.zeros((len(y), len(names) + 1), bool)
    absent[:, -1] = np.isnan(y)
    numbers = [k for k, name in enumerate(names) if name in columns.numbers]
    held = columns.values[:, [columns.numbers[names[k]] for k in numbers]]
    absent[:, numbers] = np.isnan(held)
    for k, name in enumerate(names):
        if name in columns.texts:
            absent[:, k] = columns.texts[name].isna()
    return absent


def _check_finite(columns: Columns, names: Sequence[str], y: Floats, target: str) -> None:
    """Refuse a cell that is not finite by its name."""
    numbers = [name for name in names if name in columns.numbers]
    held = columns.values[:, [columns.numbers[name] for name in numbers]]
    for values, of in ((held, numbers), (y[:, None], [target])):
        infinite = np.isinf(values)
        if infinite.any():
            row, k = (int(i) for i in np.argwhere(infinite)[0])
            raise bad_cell(of[k], row, repr(float(values[row, k])))


def _complete(
    absent: NDArray[np.bool_], names: Sequence[str], missing: str, remedy: str
) -> NDArray[np.bool_]:
    """The rows with a value in every column; a cell without one is refused by its name."""
    rows: NDArray[np.bool_] = np.asarray(~absent.any(axis=1))
    if rows.all() or (missing == "drop" and rows.any()):
        return rows
    if missing == "drop":
        empty = listed(names[int(k)] for k in np.flatnonzero(absent.all(axis=0)))
        raise ValueError(
            "no row has a value in every column"
            + (f", and none has one in {empty}" if empty else "")
            + ": must be one at least"
        )
    row = int(np.argmin(rows))
    name = names[int(np.argmax(absent[row]))]
    lacking = f"{len(rows) - int(rows.sum())} of {len(rows)} rows lack a value"
    raise bad_cell(name, row, "no value", f" ({lacking}: {remedy})")
