"""Which columns of a table are features, and which only number, date or repeat something."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simopt.ground import notices
from simopt.ground.patterns import late
from simopt.problems import amounts
from simopt.problems.columns import Columns, Floats, listed

if TYPE_CHECKING:
    import pandas as pd

#: Rows from which on its values alone can show that a column only counts.
ENOUGH = 10

#: What pandas, R and Excel call the numbers of rows that they write beside a table.
INDEX = late(
    r"unnamed: \d+(\.\d+|_level_\d+)*|(__)?index(_level_\d+__)?|level_\d+"
    r"|row_?(names?|id|index|number)?|\.\.\.\d+|#|",
    re.IGNORECASE,
)
IDENTIFIER = late(
    r"(?i:(.*[\s_.-])?(id|ids|uuid|guid|key|no|nr|number|serial|record))|.*[a-z](Id|ID|No|Nr)"
)

#: Beside "smoker_yes" the "no" of "smoker_no" is an answer, not a number.
_ANSWER = late(r"(?<![a-z])(yes|no)(?![a-z])")

INDEXES, COUNTS, IDENTIFIES = "the row index", "only counts the rows", "an identifier"
DATES, CONSTANT, EMPTY = "dates or times", "one value everywhere", "no values"
COPY = "a copy of the target"


class ColumnWarning(UserWarning):
    """Columns were left out of the features of a table, or their numbers have a unit."""


def choose(
    columns: Columns, names: Sequence[str], y: Floats, centred: bool
) -> tuple[list[str], dict[str, list[str]]]:
    """The columns that may predict y, and the others by what they are.

    Parameters
    ----------
    columns : Columns
        A table's.
    names : sequence of str
        The candidates.
    y : ndarray [n]
        The target; NaN where there is none.
    centred : bool
        Whether a constant column adds nothing, as beside an intercept.

    Returns
    -------
    kept : list of str
        In the order of `names`.
    left : dict of str to list of str
        What the others are, and their names.
    """
    reasons = dict.fromkeys(columns.dates, DATES)
    reasons |= _of_numbers(columns, y, centred)
    for name, column in columns.texts.items():
        distinct = column.nunique()
        if INDEX.fullmatch(name):
            reasons[name] = INDEXES
        elif distinct == 0:
            reasons[name] = EMPTY
        elif distinct == len(column) > 1:
            reasons[name] = IDENTIFIES
        elif distinct == 1 and centred:
            reasons[name] = CONSTANT
        elif distinct == 2 and _same_split(column, y):
            reasons[name] = COPY
    kept = [name for name in names if name not in reasons]
    if not kept:  # a lone column that counts is what the user means, such as time
        kept = [name for name in names if reasons[name] == COUNTS]
    left: dict[str, list[str]] = {}
    chosen = set(kept)
    for name in names:
        if name not in chosen:
            left.setdefault(reasons[name], []).append(name)
    return kept, left


def _of_numbers(columns: Columns, y: Floats, centred: bool) -> dict[str, str]:
    """What the columns of numbers are, where they are no features."""
    values, n = columns.values, len(y)
    if not n:
        return {}
    with np.errstate(invalid="ignore"):
        whole = (values % 1 == 0).all(axis=0)
        low, high = values.min(axis=0), values.max(axis=0)
        span = high - low
    present = np.isfinite(y)
    held = values if present.all() else values[present]
    copies = np.asarray((held == y[present][:, None]).all(axis=0)) & present.any()
    empty = np.asarray(np.isnan(values).all(axis=0))
    constant = (span == 0) & ((low == 0) | centred) & (n > 1)
    counting = whole & (span >= n - 1) & (span <= 2 * n) & (n >= ENOUGH)
    reasons = {}
    asked = {_question(name) for name in columns.numbers if "yes" in _ANSWER.findall(name.lower())}
    for name, k in columns.numbers.items():
        if empty[k]:
            reasons[name] = EMPTY
        elif whole[k] and (_are_days(values[:, k]) or _are_months(values[:, k])):
            reasons[name] = DATES
        elif INDEX.fullmatch(name) and (whole[k] or _are_even(values[:, k])):
            reasons[name] = INDEXES
        elif constant[k]:
            reasons[name] = CONSTANT
        elif copies[k]:
            reasons[name] = COPY
        elif (
            whole[k]
            and _question(name) not in asked
            and IDENTIFIER.fullmatch(name)
            and len(np.unique(values[:, k])) == n
        ):
            reasons[name] = IDENTIFIES
        elif counting[k] and _counts(values[:, k], span[k]):
            reasons[name] = COUNTS
    return reasons


def _are_even(values: Floats) -> bool:
    """Whether numbers rise from row to row by as much, as the times of samples do."""
    steps = np.diff(values)
    return len(steps) > 1 and bool(steps[0] > 0 and np.allclose(steps, steps[0]))


def _question(name: str) -> str:
    """A name without its answers: "smoker_yes" and "smoker_no" are of one question."""
    return _ANSWER.sub("?", name.lower())


def _are_days(values: Floats) -> bool:
    """Whether whole numbers are days such as 20260131, of two centuries and at least two days."""
    month, day = values // 100 % 100, values % 100
    within = (values >= 19000101) & (values <= 21001231)
    days = within & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    return bool(days.all() and np.ptp(values) > 0)


#: So many different numbers are no months by chance: one in eight is.
MONTHS = 6


def _are_months(values: Floats) -> bool:
    """Whether whole numbers are months such as 202601, of two centuries and at least two years."""
    year, month = values // 100, values % 100
    months = (year >= 1900) & (year <= 2100) & (month >= 1) & (month <= 12)
    return bool(months.all() and np.ptp(year) > 0 and len(np.unique(values)) >= MONTHS)


def _counts(values: Floats, span: float) -> bool:
    """Whether whole numbers go up from row to row, or are the numbers of shuffled rows."""
    return bool((np.diff(values) > 0).all()) or (
        span == len(values) - 1 and len(np.unique(values)) == len(values)
    )


def _same_split(column: pd.Series[Any], y: Floats) -> bool:
    """Whether two texts stand where two values of y do."""
    there = np.isfinite(y) & column.notna().to_numpy()
    first = (column == column[there].iloc[0]).to_numpy() if there.any() else there
    halves = np.unique(y[there & first]), np.unique(y[there & ~first])
    return len(y) >= ENOUGH and all(len(half) == 1 for half in halves) and halves[0] != halves[1]


#: Numbers that stand for no value in tables of surveys, of instruments, and of NetCDF.
STAND_INS = np.array(
    [sign * (10.0**k - 1) for k in range(2, 8) for sign in (-1, 1)]
    + [-32768.0, -(2.0**31), 1e20, 9.969209968386869e36]
)


def say_stand_ins(source: str, names: Sequence[str], values: Floats) -> None:
    """Say which columns [n, p] have a number in several rows that may stand for no value.

    It is farther from all others than these are from each other.
    """
    if len(values) < ENOUGH:
        return
    ends = np.vstack([np.nanmin(values, axis=0), np.nanmax(values, axis=0)])
    for k in np.flatnonzero(np.isin(ends, STAND_INS).any(axis=0)).tolist():
        column = values[:, k]
        for end in ends[np.isin(ends[:, k], STAND_INS), k]:
            others = column[(column != end) & np.isfinite(column)]
            times = int((column == end).sum())
            if times > 1 and len(others) and 0 < np.ptp(others) < np.abs(others - end).min():
                notices.say(
                    f"{source}: {names[k]!r} is {end:.15g} in {times} rows, far from all others: "
                    "if that stands for no value, it must be none",
                    ColumnWarning,
                )


def say_dropped(source: str, dropped: int, rows: int, name: str, lacking: int) -> None:
    """Say that most rows are left out, and which column lacks most values."""
    notices.say(
        f"{source}: {dropped} of {rows} rows lack a value and are left out; {name!r} alone has "
        f"none in {lacking}",
        ColumnWarning,
    )


def say_index(source: str, frame: Any) -> None:
    """Say of a DataFrame's index that it is no feature, where it does more than name rows."""
    index: Any = getattr(frame, "index", None)
    levels = [index.get_level_values(k) for k in range(getattr(index, "nlevels", 0))]
    held = [str(level.name) for level in levels if level.name is not None and _is_data(level)]
    if held:
        where = "the index" if len(levels) == 1 else "in the index"
        what, it = ("is no feature", "it") if len(held) == 1 else ("are no features", "them")
        notices.say(
            f"{source}: {listed(held)}, {where}, {what}: reset_index() makes columns of {it}",
            ColumnWarning,
        )


def _is_data(level: Any) -> bool:
    """Whether a level of an index may be a feature: a measurement, or what rows have in common."""
    if level.dtype.kind in "mM" or INDEX.fullmatch(str(level.name)):
        return False
    named = level.dtype.kind in "iuf" and IDENTIFIER.fullmatch(str(level.name))
    return not named and (level.dtype.kind == "f" or not level.is_unique)


def say_left(source: str, left: Mapping[str, Sequence[str]], remedy: str) -> None:
    """Say which columns are left out, what they are, and what to do to have them."""
    if left:
        notices.say(f"{source}: left out {grouped(left)}: {remedy}", ColumnWarning)


def grouped(left: Mapping[str, Sequence[str]]) -> str:
    """Columns that are left out, and what they are."""
    return ", ".join(f"{listed(names)} ({reason})" for reason, names in left.items())


def say_amounts(source: str, read: Mapping[str, amounts.Amounts], names: Iterable[str]) -> None:
    """Say what the numbers of columns are in, and how one of each was read."""
    if said := amounts.said(read, names):
        notices.say(f"{source}: read as numbers {said}", ColumnWarning)
