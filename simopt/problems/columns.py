"""What a table's columns hold: numbers, texts or dates."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.ground.patterns import late
from simopt.problems import totals
from simopt.problems.amounts import CLEAR, Amounts, Fault, may_group
from simopt.problems.amounts import read as read_amounts
from simopt.problems.texts import (
    ALONE,
    DATE,
    DATES,
    DECORATED,
    NOTHING,
    PLAIN,
    are_amounts,
    are_codes,
    units_of,
)

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

#: A table of so many columns is first laid out anew.
WIDE = 1000

#: Where a DataFrame keeps the decimal mark of the text that it was read from.
DECIMAL = "simopt: decimal mark"

#: Columns that a sentence names.
NAMED = 5

#: Numbers as names of columns.
_NUMERAL = late(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?", re.IGNORECASE)

#: Answers that mean yes. Of two other texts the second in alphabetical order counts as 1.
YES = frozenset(
    ("yes", "y", "true", "t", "1", "on", "positive", "pos", "success", "pass", "passed")
)


@dataclass(frozen=True)
class Columns:
    """Columns of a table: those of numbers, NaN where there is none, and the others.

    Attributes
    ----------
    numbers : dict of str to int
        The column of `values` that holds it.
    values : ndarray [n, p]
        The numbers.
    dates : set of str
        Columns of dates and times.
    texts : dict of str to Series
        Columns of texts or categories, with `None` or NaN where there is none.
    amounts : dict of str to Amounts
        How those columns of numbers were read that are in a currency, in per cent, or otherwise
        written as people write numbers.
    """

    numbers: Mapping[str, int]
    values: Floats
    dates: frozenset[str]
    texts: Mapping[str, pd.Series[Any]]
    amounts: Mapping[str, Amounts]

    def number(self, name: str) -> Floats:
        """A column of numbers."""
        return np.asarray(self.values[:, self.numbers[name]])

    def of(self, rows: NDArray[np.bool_]) -> Columns:
        """The same columns of some rows [n]."""
        if rows.all():
            return self
        texts = {name: column[rows] for name, column in self.texts.items()}
        return replace(self, values=self.values[rows], texts=texts)


def read(frame: pd.DataFrame) -> Columns:
    """The columns of a DataFrame with text for names; what is no column of a table is refused."""
    # Numbers all at once: pandas takes 0.1 ms for each column that is looked at singly.
    kinds: dict[str, Any] = {
        "include": ["number", "bool", "boolean"],
        "exclude": ["timedelta", "complexfloating"],
    }
    block = frame.select_dtypes(**kinds)
    numbers = {name: k for k, name in enumerate(block.columns)}
    values = block.to_numpy(np.float64, na_value=np.nan)
    dates: set[str] = set()
    texts: dict[str, pd.Series[Any]] = {}
    amounts: dict[str, Amounts] = {}
    further: list[Floats] = []
    others = frame.drop(columns=list(numbers))
    for name, column in others.items():
        content = _content(str(name), column)
        if content is None:
            dates.add(str(name))
        elif isinstance(content, (np.ndarray, Amounts)):
            if isinstance(content, Amounts):
                amounts[str(name)] = content
                content = content.values
            numbers[str(name)] = values.shape[1] + len(further)
            further.append(content)
        else:
            texts[str(name)] = content
    if further:
        values = np.column_stack([values, *further])
    return Columns(numbers, values, frozenset(dates), texts, amounts)


def _content(name: str, column: pd.Series[Any]) -> Floats | Amounts | pd.Series[Any] | None:
    """Numbers, amounts as people write them, or a column of texts, or None for dates."""
    import pandas as pd

    if column.dtype.kind == "c":
        raise ValueError(f"column {name!r}: complex numbers: must be real")
    if column.dtype.kind in "mM" or isinstance(column.dtype, pd.PeriodDtype):
        return None
    if getattr(column.dtype, "na_value", None) is pd.NA:  # which is neither equal nor unequal
        column = column.astype(object).where(column.notna(), None)
    if isinstance(column.dtype, pd.CategoricalDtype):
        return _bare(column)
    if column.dtype.kind == "O":
        if any(map(_is_scalar, column)):
            column = column.map(_plain).astype(object)  # which map makes dates or numbers
        blank = [isinstance(cell, str) and not cell.strip() for cell in column]
        column = column.mask(np.array(blank, bool))
    if are_codes(column.dropna().tolist()):
        return column
    try:
        read = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    except OverflowError:
        raise ValueError(f"column {name!r}: numbers beyond float64: must be smaller") from None
    if column.dtype.kind == "O" or isinstance(column.dtype, pd.StringDtype):
        column = column.map(lambda cell: cell.strip() if isinstance(cell, str) else cell)
    bad = np.isnan(read) & column.notna().to_numpy()
    if not bad.any():
        if column.attrs.get(DECIMAL) is None and (doubtful := may_group(column)):
            what = f"column {name!r}: {doubtful!r} may group thousands or not"
            raise ValueError(f"{what}: {CLEAR}; .astype(float) takes points for decimal ones")
        return np.asarray(read)
    cells = column[bad].tolist()
    if any(isinstance(cell, DATES) or hasattr(cell, "year") for cell in cells):  # a Period has one
        return None
    texts = {cell.strip() for cell in cells if isinstance(cell, str)}
    if texts and all(map(DATE.fullmatch, texts)):
        return None
    said = all(isinstance(cell, str) and NOTHING.fullmatch(cell) for cell in cells)
    if said and 2 * len(cells) <= column.notna().sum():
        return np.asarray(read)
    row = int(np.argmax(bad))
    found = read_amounts(column.tolist(), column.attrs.get(DECIMAL))
    if isinstance(found, Amounts):
        return found
    if isinstance(found, Fault):
        cell = repr(column.iloc[found.row])
        raise ValueError(f"column {name!r}, row {found.row + 1}: {cell}: {found.sentence}")
    if mixed := units_of(texts):
        remedy = f" in one unit, not in {listed(mixed)}"
        raise bad_cell(name, row, repr(column.iloc[row]), remedy)
    amounts = are_amounts(texts)
    decorated = bool(texts) and all(map(DECORATED.fullmatch, texts))
    words = all(isinstance(cell, (str, bool)) for cell in cells)
    if amounts or decorated or not words or 2 * len(cells) <= column.notna().sum():
        remedy = PLAIN if amounts else ALONE if decorated else ""
        raise bad_cell(name, row, repr(column.iloc[row]), remedy)
    return column


def _bare(column: pd.Series[Any]) -> pd.Series[Any]:
    """A categorical without white space around its texts; those that then are alike are one."""
    import pandas as pd

    own = column.cat.categories
    bare = [cell.strip() if isinstance(cell, str) else cell for cell in own]
    if bare == list(own) and "" not in bare:
        return column
    cells = column.astype(object).map(dict(zip(own, bare, strict=True)), na_action="ignore")
    kept = [cell for cell in dict.fromkeys(bare) if cell != ""]
    dtype = pd.CategoricalDtype(kept, column.cat.ordered)
    return pd.Series(cells.where(cells.isin(kept)), column.index, dtype, column.name)


def _is_scalar(cell: Any) -> bool:
    """Whether a cell is NumPy's scalar or array of one number or date, or a tensor of one."""
    return hasattr(cell, "item") and getattr(cell, "shape", None) == ()


def _plain(cell: Any) -> Any:
    """The number that a scalar is; a date as NumPy has it, whose item counts nanoseconds."""
    if not _is_scalar(cell):
        return cell
    is_date = getattr(getattr(cell, "dtype", None), "kind", None) in ("m", "M")
    return cell[()] if is_date else cell.item()


def check_units(
    amounts: Mapping[str, Amounts], known: Mapping[str, str], names: Iterable[str]
) -> None:
    """Refuse columns whose numbers have another unit than those of an earlier table had."""
    for name in names:
        unit = amounts[name].unit if name in amounts else ""
        if unit.casefold() != known.get(name, "").casefold():
            now, before = (
                f"in {each}" if each else "without a unit" for each in (unit, known.get(name))
            )
            raise ValueError(
                f"column {name!r}: numbers {now}: must be {before}, as in the table of the problem"
            )


def bad_cell(name: str, row: int, cell: str, remedy: str = "") -> ValueError:
    """The error for a cell, by its column and its row; rows count from 1 below the heading."""
    cell = " ".join(cell.split())
    cell = cell if len(cell) <= 80 else cell[:77] + "..."
    return ValueError(f"column {name!r}, row {row + 1}: {cell}: must be a finite number{remedy}")


def levels(column: pd.Series[Any]) -> list[Any]:
    """The different texts of a column, in order: a categorical's own, else the alphabet's."""
    if hasattr(column, "cat"):
        held = set(column.dropna().unique())
        return [level for level in column.cat.categories if level in held]
    return sorted(column.dropna().unique(), key=str)


class Target(NamedTuple):
    """A target as numbers [n], NaN where there is none, and its name.

    ``labels`` are the texts for 0 and 1, ``amounts`` how numbers were read that have a unit.
    """

    values: Floats
    name: str
    labels: tuple[Any, Any] | None = None
    amounts: Mapping[str, Amounts] = MappingProxyType({})


def target(
    column: pd.Series[Any], name: str, two: bool, labels: tuple[Any, Any] | None = None
) -> Target:
    """A column as a target.

    Of two texts one becomes 1 where the loss takes ``two`` labels; the name then says which.
    Given ``labels`` are those of an earlier table.
    """
    column = column.to_pandas() if hasattr(column, "to_pandas") else column
    content = read(column.reset_index(drop=True).to_frame(name))
    if labels is not None:
        return _labelled(content, name, labels)
    if name in content.numbers:
        return Target(content.number(name), name, amounts=content.amounts)
    if name in content.dates:
        raise ValueError(f"column {name!r} holds dates or times: must be numbers")
    different = levels(content.texts[name])
    if len(different) != 2 or not two:
        allowed = "numbers, or two texts" if two else "numbers"
        if len(different) == 2:
            allowed += "; kind='logistic' takes two texts"
        raise ValueError(
            f"column {name!r} holds texts, such as {str(different[0])!r}, {len(different)} in all: "
            f"must be {allowed}"
        )
    zero, one = different
    if str(zero).strip().lower() in YES:
        zero, one = one, zero
    return _labelled(content, name, (zero, one))


def _labelled(content: Columns, name: str, labels: tuple[Any, Any]) -> Target:
    """A column of texts as the labels 0 and 1."""
    texts = content.texts.get(name)
    if texts is None or not texts.dropna().isin(labels).all():
        allowed = " and ".join(repr(str(label)) for label in labels)
        raise ValueError(f"column {name!r}: must hold {allowed} alone, as the problem's table does")
    values = np.where(texts.notna().to_numpy(), (texts == labels[1]).to_numpy(), np.nan)
    return Target(values, f"{name}={labels[1]}", labels)


def is_frame(value: Any) -> bool:
    """Whether a value is a table with named columns: pandas' or one that pandas can be given."""
    return (hasattr(value, "iloc") or hasattr(value, "to_pandas")) and hasattr(value, "columns")


def is_series(value: Any) -> bool:
    """Whether a value is one column of pandas' or polars'."""
    return hasattr(value, "name") and (hasattr(value, "iloc") or hasattr(value, "to_pandas"))


def check_same_rows(x: Any, y: Any) -> None:
    """Refuse points and targets whose rows have the same labels in another order."""
    rows, others = getattr(x, "index", None), getattr(y, "index", None)
    if rows is None or others is None or len(rows) != len(others) or rows.equals(others):
        return
    # Counted, not sorted: labels of several types have no order.
    if Counter(rows) == Counter(others):
        ordered = ", as y[x.index] is" if rows.is_unique else ""
        raise ValueError(f"x and y: one index in two orders: must be in the same{ordered}")


def frame(name: str, value: Any) -> pd.DataFrame:
    """A table as a DataFrame whose columns have different texts for names.

    Raises
    ------
    ValueError
        If it is no table, or two columns share a name.
    """
    import pandas as pd

    if not isinstance(value, pd.DataFrame) and hasattr(value, "to_pandas"):
        try:
            value = value.to_pandas()  # of polars, pyarrow
        except (ValueError, TypeError, NotImplementedError) as error:  # a type that pandas lacks
            reason = " ".join(str(error).split())
            raise ValueError(f"{name}: can't be a DataFrame of pandas' ({reason})") from None
    if not isinstance(value, pd.DataFrame):
        computes = checks.computes(value)
        lazy = f", as .{computes}() makes it" if computes else ""
        raise checks.refuse(name, value, f"a DataFrame{lazy}")
    names = pd.Index([_name(column) for column in value.columns])
    if not names.is_unique:
        twice = names[names.duplicated()][0]
        raise ValueError(f"{name}: two columns are called {twice!r}: must have different names")
    totals.check(name, value)
    # A deep copy joins what a parser left as a block for each column: 1 s for 100,000, not 10.
    table: pd.DataFrame = value.copy() if len(names) > WIDE else value
    return table.set_axis(names, axis=1).reset_index(drop=True)


def _name(label: Any) -> str:
    """A column's name as text; the levels of a nested one by points."""
    parts = label if isinstance(label, tuple) else (label,)
    return ".".join(str(part) for part in parts if str(part)).strip()


def own(value: Any, label: Any) -> Any:
    """The text for a label of a DataFrame's own: a number, a tuple; any other as it is."""
    try:
        return _name(label) if hasattr(value, "iloc") and label in value.columns else label
    except TypeError:  # a list, which labels nothing
        return label


def known(argument: str, name: Any, columns: Iterable[str]) -> str:
    """The name of a column that is there."""
    columns = list(columns)
    if isinstance(name, str) and name in columns:
        return name
    folded = {column.casefold(): column for column in columns[:WIDE]}
    written = name[:1000] if isinstance(name, str) else ""
    close = difflib.get_close_matches(written.casefold(), folded, n=1)
    near = f" (perhaps {folded[close[0]]!r})" if close else ""
    if columns and all(map(_NUMERAL.fullmatch, columns)):
        near = " (these are numbers: has the table no heading?)"
    raise checks.refuse(argument, name, f"a column: {listed(columns)}{near}")


def listed(names: Iterable[str]) -> str:
    """Names in quotes, the first few of them where there are many."""
    names = list(names)
    shown = ", ".join(repr(name) for name in names[:NAMED])
    return shown if len(names) <= NAMED else f"{shown} and {len(names) - NAMED} more"
