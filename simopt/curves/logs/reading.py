"""A loss curve from whatever holds it: numbers, a table, a training log.

A missing value is NaN: a cell that is empty, None. A loss that is written as nan is NaN too, but
stays where it is: from there to the end of the curve it is a symptom.
"""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]

#: What columns are called, most telling first: small letters, with _ for whatever is between words.
#: An epoch's mean says more than its last batch.
TRAINING = (
    "train_loss",
    "training_loss",
    "loss",
    "loss_train",
    "loss_training",
    "train_loss_epoch",
    "loss_epoch",
    "train_loss_step",
    "loss_step",
    "batch_loss",
)
HELD_OUT = (
    "val_loss",
    "validation_loss",
    "valid_loss",
    "loss_val",
    "loss_validation",
    "loss_valid",
    "val_loss_epoch",
    "eval_loss",
    "loss_eval",
    "dev_loss",
    "test_loss",
    "loss_test",
    "val_loss_step",
)

#: What counts rows, or belongs to them, and is no loss.
BESIDE: tuple[str, ...] = (
    "",
    "epoch",
    "epochs",
    "step",
    "steps",
    "iteration",
    "iter",
    "batch",
    "update",
    "index",
)
BESIDE += ("wall_time", "time", "time_s", "seconds", "learning_rate", "lr", "eta", "unnamed_0")

#: The columns of a TensorBoard export.
TENSORBOARD = ("wall_time", "step", "value")


def read(
    loss: Any, validation: Any = None, *, loss_column: str | None = None
) -> tuple[Floats, Floats | None]:
    """The training loss, and the validation loss if there is one, of equal length.

    Parameters
    ----------
    loss : array_like, DataFrame, mapping, Keras History, or path of a CSV file
        Numbers in order; or a table, in which columns are found by name.
    validation : array_like or str, optional
        Numbers, as many as the loss has, NaN where there is none; or the name of a column of the
        table. Found by name if left out.
    loss_column : str, optional
        The name of the training loss' column; found by name if left out.

    Returns
    -------
    loss : ndarray [T]
    validation : ndarray [T] or None

    Raises
    ------
    ValueError
        If there are no numbers, columns can't be told apart, the first loss is infinite, or the
        two are not of one length.
    OSError
        If the file can't be read.

    Examples
    --------
    >>> from simopt.curves.logs.reading import read
    >>> read({"loss": [3.0, 2.0, 1.5], "val_loss": [3.1, None, 2.0]})
    (array([3. , 2. , 1.5]), array([3.1, nan, 2. ]))
    """
    columns = _columns(loss)
    if columns is None:
        if loss_column is not None:
            raise checks.refuse("loss_column", loss_column, "None where loss is no table")
        training = numbers("loss", loss)
        held = None if validation is None else numbers("validation", validation)
    else:
        training, held = _from_table(columns, loss_column, validation)
    if not len(training):
        raise checks.refuse("loss", [], "at least one number")
    if math.isinf(training[0]):
        raise checks.refuse("loss[0]", float(training[0]), "a finite number to begin with")
    if held is None or not np.isfinite(held).any():
        return training, None
    if len(held) != len(training):
        many = f"{len(held)} values"
        allowed = f"as many as the loss has ({len(training)}), with NaN where there is none"
        raise checks.refuse("validation", many, allowed)
    return training, held


def numbers(name: str, values: Any) -> Floats:
    """A sequence of numbers as float64, None as NaN."""
    allowed = "a sequence of numbers, one after the other"
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise checks.refuse(name, values, allowed)
    if np.ma.is_masked(values):
        raise checks.refuse(name, values, f"{allowed}, without masked ones: fill or drop these")
    try:
        array = np.asarray(values if hasattr(values, "__len__") else list(values))
        if array.dtype.kind == "O":
            array = np.array([math.nan if each is None else float(each) for each in array])
    except (TypeError, ValueError, RuntimeError):
        raise checks.refuse(name, values, allowed) from None
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim > 1:
        raise checks.refuse(f"{name}.shape", array.shape, "(T,): one number after the other")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "fiu"):
        raise checks.refuse(name, values, allowed)
    return array.astype(np.float64)


def _columns(table: Any) -> dict[str, list[Any]] | None:
    """Name to cells, if it is a table: a file, a DataFrame, a mapping, or has one as history."""
    if isinstance(table, os.PathLike) or (isinstance(table, str) and _is_path(table)):
        return _from_file(Path(table))
    if not isinstance(table, Mapping) and isinstance(getattr(table, "history", None), Mapping):
        table = table.history
    if isinstance(table, Mapping):
        names, cells = list(table), [list(_iterable(name, table[name])) for name in table]
    elif hasattr(table, "columns") and hasattr(table, "iloc"):
        names = list(table.columns)
        cells = [table.iloc[:, k].tolist() for k in range(len(names))]
    else:
        return None
    return _named([str(name) for name in names], cells)


def _is_path(text: str) -> bool:
    """Whether text is meant as a file: anything but lines of data."""
    return "\n" not in text and (bool(Path(text).suffix) or os.path.exists(text))


def _iterable(name: object, values: Any) -> Iterable[Any]:
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise checks.refuse(str(name), values, "a column of numbers")
    return values


def _named(names: Sequence[str], cells: Sequence[list[Any]]) -> dict[str, list[Any]]:
    for name in names:
        if names.count(name) > 1:
            raise checks.refuse("columns", name, f"there once, but there are {names.count(name)}")
    return dict(zip(names, cells, strict=True))


def _from_file(path: Path) -> dict[str, list[Any]]:
    """The columns of a CSV file, cell by cell as text; numbered where it has no header."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise checks.refuse("file", str(path), "a CSV file in UTF-8") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines:
        raise checks.refuse("file", str(path), "a CSV file with numbers in it; it is empty")
    separator = max(",;\t", key=lines[0].count)
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=separator)]
    header = rows[0]
    if any(_is_number(cell) for cell in header):
        header = ["step", "loss"] if len(header) == 2 else ["loss"] * len(header)
        rows = [header, *rows]
    if len(rows) == 1:
        raise checks.refuse("file", str(path), "a CSV file with numbers below its header")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            found = f"{len(row)} cells in row {number} of {path}"
            raise checks.refuse("file", found, f"{len(header)} of them, as in its header")
    return _named(header, [[row[k] for row in rows[1:]] for k in range(len(header))])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def plain(name: str) -> str:
    """A column's name in small letters, with _ for whatever is between words.

    Examples
    --------
    >>> plain("Loss/train"), plain("validation loss")
    ('loss_train', 'validation_loss')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def _from_table(
    columns: Mapping[str, list[Any]], loss_column: str | None, validation: Any
) -> tuple[Floats, Floats | None]:
    name = _chosen("loss", loss_column, columns)
    if name is None:
        name = _found(columns, TRAINING) or _only(columns)
    if validation is None:
        other = _found({key: columns[key] for key in columns if key != name}, HELD_OUT)
    elif isinstance(validation, str):
        other = _chosen("validation", validation, columns)
    else:
        return _compact(_rows_of(name, columns), None)[0], numbers("validation", validation)
    training = _rows_of(name, columns)
    return _compact(training, None if other is None else _cells(other, columns[other]))


def _chosen(what: str, name: str | None, columns: Mapping[str, list[Any]]) -> str | None:
    if name is not None and name not in columns:
        raise checks.refuse(what, name, "a column: " + ", ".join(map(repr, columns)))
    return name


def _found(columns: Mapping[str, list[Any]], known: Sequence[str]) -> str | None:
    """The column with the most telling of some names that is not empty throughout."""
    found: dict[str, str] = {}
    for name in columns:
        if plain(name) in known and not all(_missing(cell) for cell in columns[name]):
            if plain(name) in found:
                both = f"{found[plain(name)]!r} and {name!r}"
                raise ValueError(f"columns={both}: must be one; say which is meant")
            found[plain(name)] = name
    return next((found[name] for name in known if name in found), None)


def _only(columns: Mapping[str, list[Any]]) -> str:
    """The one column that can be a loss where none is called one."""
    if {plain(name) for name in columns} == set(TENSORBOARD):
        return next(name for name in columns if plain(name) == "value")
    left = [name for name in columns if plain(name) not in BESIDE + HELD_OUT]
    if len(left) != 1:
        raise checks.refuse(
            "columns", list(columns), "named for a loss (loss, train_loss, ...); or say which it is"
        )
    return left[0]


def _missing(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _cells(name: str, cells: Iterable[Any]) -> list[float | None]:
    """Numbers; None for a cell that is empty."""
    result: list[float | None] = []
    for row, cell in enumerate(cells, 1):
        if cell is None or cell == "":
            result.append(None)
            continue
        try:
            result.append(float(cell))
        except (TypeError, ValueError):
            where = f"{name}, row {row}"
            raise checks.refuse(where, cell, "a number, or empty") from None
    return result


def _rows_of(name: str, columns: Mapping[str, list[Any]]) -> list[float | None]:
    """The cells of the loss, of which those are empty that are NaN in rows about something else.

    A table in memory has NaN for an empty cell and for a loss that is NaN. The row is about
    something else where a column has a value that has none wherever there is a loss.
    """
    cells = _cells(name, columns[name])
    there = [row for row, x in enumerate(cells) if x is not None and not math.isnan(x)]
    other = [
        column
        for column in columns.values()
        if len(column) == len(cells) and all(_missing(column[row]) for row in there)
    ]
    return [
        None if x is not None and math.isnan(x) and any(not _missing(c[row]) for c in other) else x
        for row, x in enumerate(cells)
    ]


def _compact(
    training: Sequence[float | None], held: Sequence[float | None] | None
) -> tuple[Floats, Floats | None]:
    """Without the rows of a log that are about other things than the training loss.

    A log that writes training and validation in rows of their own (Lightning, Hugging Face) has
    empty cells in between. Where both were written as often, they belong together one by one;
    otherwise a validation loss belongs to the last training loss before it.
    """
    if held is None:
        return np.array([x for x in training if x is not None], np.float64), None
    held = [None if v is None or math.isnan(v) else v for v in held]
    if len(training) != len(held):
        return _nan(training), _nan(held)
    apart = any(x is not None for x, v in zip(training, held, strict=True) if v is None) and not (
        any(v is not None for x, v in zip(training, held, strict=True) if x is not None)
    )
    if apart and sum(x is not None for x in training) == sum(v is not None for v in held):
        return _compact(training, None)[0], _compact(held, None)[0]
    kept: list[float] = []
    beside: list[float] = []
    for x, v in zip(training, held, strict=True):
        if x is not None:
            kept.append(x)
            beside.append(math.nan)
        if v is not None and beside:
            beside[-1] = v
    return np.array(kept, np.float64), np.array(beside, np.float64)


def _nan(cells: Iterable[float | None]) -> Floats:
    return np.array([math.nan if cell is None else cell for cell in cells], np.float64)
