"""Whatever holds numbers in a notebook, as a table: histories, frames, tensors, estimators."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simopt.curves.logs import cells, json_values, nested
from simopt.curves.logs.names import parse, plain
from simopt.curves.logs.stores import TRIALS
from simopt.curves.logs.table import Table, flat, named
from simopt.ground import checks
from simopt.ground.checks import is_masked
from simopt.problems.texts import DATE

ALLOWED = "a sequence of numbers, one after the other"


def is_path(value: Any) -> bool:
    """Whether it means a file or folder: a path, or text that is no data."""
    if isinstance(value, os.PathLike):
        return True
    if not isinstance(value, str) or "\n" in value or "\0" in value or is_text(value):
        return False
    return bool(Path(value).suffix) or os.path.sep in value or _is_there(value)


def is_text(value: Any) -> bool:
    """Whether it is a log itself, as it was printed: lines, or a list or a dict on one line."""
    if not isinstance(value, str):
        return False
    return "\n" in value.strip() or (value.lstrip()[:1] in ("{", "[") and not _is_there(value))


def _is_there(path: str) -> bool:
    try:
        return os.path.exists(path)
    except (OSError, ValueError):
        return False


def opened(value: Any) -> Any:
    """What an open file holds, as text; anything else as it is."""
    if not callable(getattr(value, "read", None)):
        return value
    held = value.read()
    return held.decode("utf-8", "replace") if isinstance(held, bytes) else held


def table(value: Any, name: str = "loss") -> Table:
    """The table that an object holds, or is.

    Parameters
    ----------
    value : object
        Numbers; a mapping of columns; a list of records; a DataFrame; a Keras History, a Hugging
        Face Trainer or its state; an estimator with a ``loss_curve_``; TensorBoard's or MLflow's
        list of scalars.
    name : str
        What errors call it.

    Returns
    -------
    Table
        With one column "loss" where the object has no names.
    """
    for attribute in ("history", "log_history"):
        inner = getattr(value, attribute, None)
        if not isinstance(value, Mapping) and isinstance(inner, (Mapping, list)):
            return table(inner, name)
    state = getattr(value, "state", None)
    if isinstance(getattr(state, "log_history", None), list):
        return table(state.log_history, name)  # type: ignore[union-attr]
    if (estimated := _estimator(value)) is not None:
        return estimated
    if hasattr(value, "columns") and (computes := checks.computes(value)):
        raise checks.refuse(name, value, f"a DataFrame, as .{computes}() makes it")
    if hasattr(value, "coords") and hasattr(value, "to_dataframe"):  # of xarray
        named_so = {} if isinstance(value, Mapping) else {"name": value.name or "loss"}
        return _frame(value.to_dataframe(**named_so))
    if isinstance(value, Mapping):
        return _mapping(value, name)
    if hasattr(value, "to_pandas") and hasattr(value, "columns"):
        value = value.to_pandas()  # of polars, pyarrow
    if hasattr(value, "columns") and hasattr(value, "iloc"):
        return _frame(value)
    if hasattr(value, "index") and hasattr(value, "iloc"):
        return Table(_levels(value.index, {"loss"}) | {"loss": _series(value)}, "Series")
    if isinstance(value, np.ndarray) and value.dtype.names:
        return Table({field: value[field] for field in value.dtype.names}, "array")
    return _sequence(value, name)


def _frame(frame: Any) -> Table:
    """A frame's columns, behind the levels of its index; runs that stand side by side apart."""
    table = _whole(frame)
    if getattr(frame.columns, "nlevels", 1) != 2:
        return table
    above, below = zip(*frame.columns, strict=True)
    levels = list(table.columns)[: len(table.columns) - len(above)]
    beside = [""] * len(levels)
    return nested.side_by_side(table, [*beside, *map(str, above)], [*levels, *map(str, below)])


def _whole(frame: Any) -> Table:
    columns = [
        str(name) if not isinstance(name, tuple) else "/".join(map(str, name))
        for name in frame.columns
    ]
    if {"number", "state"} <= set(columns) and any(c.startswith("params_") for c in columns):
        raise checks.refuse("loss", "Optuna's trials", TRIALS)
    sequences = [_series(frame.iloc[:, k]) for k in range(len(columns))]
    levels = _levels(frame.index, set(map(plain, columns)))
    return Table(levels | named(columns, sequences), "DataFrame")


def _levels(index: Any, taken: set[str]) -> dict[str, list[Any]]:
    """The levels of an index that have a name which no column has, and those that name runs.

    ``pandas.concat({"a": one, "b": two})`` has its runs' names in a level without one. Numbers in
    it are as well those of epochs, above their batches, but where steps or epochs are counted too.
    """
    levels: dict[str, list[Any]] = {}
    beside = {parse(name).stem for name in map(str, [*taken, *index.names]) if _counts(name)}
    for k, name in enumerate(index.names):
        level = index.get_level_values(k)
        told = name
        if name is None and k == 0 and index.nlevels > 1:
            labels = set(level)
            words = all(isinstance(label, str) for label in labels)
            counted = any(nested.NO_RUNS & {*parse(str(label)).grain} for label in labels)
            if (words and not counted) or (beside - _BATCHES and all(map(_is_real, labels))):
                told = "run"
        if told is not None and plain(str(told)) not in taken | set(map(plain, levels)):
            levels[str(told)] = level.tolist()
    return levels


#: What begins again in each epoch.
_BATCHES = {("batch",), ("batch_idx",)}


def _counts(name: str) -> bool:
    """Whether a name is that of a counter."""
    return bool(name) and parse(name).kind == "counter"


def _series(column: Any) -> Any:
    """A column as cells; of a categorical its values, None where pandas has its NA."""
    return [None if type(each).__name__ == "NAType" else each for each in column.tolist()]


def _estimator(value: Any) -> Table | None:
    """The curve that an estimator of scikit-learn, XGBoost or LightGBM kept while it was fitted."""
    curve = getattr(value, "loss_curve_", None)
    if curve is not None:
        return Table({"loss": list(curve)}, f"{type(value).__name__}.loss_curve_")
    for attribute in ("evals_result_", "evals_result"):
        result = getattr(value, attribute, None)
        if result is None or isinstance(value, Mapping):
            continue
        try:
            result = result() if callable(result) else result
        except Exception:  # not fitted, or without an evaluation set
            continue
        if isinstance(result, Mapping) and result:
            return _mapping(result, "loss")
    scores = getattr(value, "train_score_", None)
    if scores is not None and hasattr(value, "estimators_"):
        form = f"{type(value).__name__}.train_score_"
        return Table({"loss": list(scores)}, form, about="boosted trees")
    return None


def _mapping(value: Mapping[Any, Any], name: str) -> Table:
    value = {key: _held(part) for key, part in value.items()}
    parts = [isinstance(part, Mapping) for part in value.values()]
    if value and (
        all(parts) or (any(parts) and not any(_says_curve(*each) for each in value.items()))
    ):
        found = json_values.from_value({str(k): _plain(v) for k, v in value.items()}, "", "mapping")
        lossy = found and any(parse(name).kind in ("loss", "error") for name in found.columns)
        if found is not None and (all(parts) or lossy):
            return found
    if value and all(_is_count(key) and _is_real(part) for key, part in value.items()):
        return Table({"step": list(map(int, value)), "loss": list(value.values())}, "mapping")
    if value and all(DATE.fullmatch(str(key)) and _is_real(part) for key, part in value.items()):
        return Table({"date": list(map(str, value)), "loss": list(value.values())}, "mapping")
    columns = {}
    # What a checkpoint holds beside its losses is none of them: its epoch, its best, a name.
    told = any(parse(str(k)).kind in ("loss", "error") and _is_column(v) for k, v in value.items())
    for key, part in value.items():
        if isinstance(part, Mapping) or (told and not _is_column(part)):
            continue
        if not _is_column(part):
            raise checks.refuse(str(key), part, "a column of numbers")
        columns[str(key)] = part if isinstance(part, np.ndarray) else list(part)
    return Table(named(list(columns), list(columns.values())), "mapping")


def _says_curve(key: Any, part: Any) -> bool:
    """Whether a part is the numbers of a loss, by its name, or a column that counts nothing."""
    told = parse(str(key))
    column = not isinstance(part, Mapping) and _is_column(part) and told.kind != "counter"
    return column or (told.kind in ("loss", "error") and not isinstance(part, Mapping))


def _held(part: Any) -> Any:
    """The columns of a History or a frame, of several in one mapping or list; all else as it is."""
    if isinstance(getattr(part, "history", None), Mapping):
        return part.history
    is_frame = hasattr(part, "columns") and hasattr(part, "iloc")
    return dict(_whole(part).columns) if is_frame else part


def _is_column(part: Any) -> bool:
    """Whether it has one value after the other."""
    if isinstance(part, (str, bytes)) or not isinstance(part, Iterable):
        return False
    return getattr(part, "ndim", 1) > 0


def _is_count(key: Any) -> bool:
    """Whether a key counts rows: {100: 0.5, 200: 0.4}, or as JSON has it, {"100": 0.5}."""
    if isinstance(key, str):
        return key.isdecimal()
    return isinstance(key, (int, np.integer)) and not isinstance(key, bool)


def _is_real(part: Any) -> bool:
    return isinstance(part, (int, float, np.number)) and not isinstance(part, bool)


def _plain(value: Any) -> Any:
    """Sequences of any kind as lists, for what reads JSON."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return list(value) if _is_column(value) else value


def _sequence(value: Any, name: str) -> Table:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise checks.refuse(name, value, ALLOWED)
    checks.check_length(name, value)
    if isinstance(value, np.ndarray) and not value.ndim:
        raise checks.refuse(name, value, ALLOWED)
    if is_masked(value):
        return Table({"loss": value.reshape(-1)}, "array")
    listed: Sequence[Any] = value if hasattr(value, "__len__") else list(value)  # type: ignore[assignment]
    if len(listed) and not hasattr(value, "dtype"):
        first = _held(listed[0] if isinstance(listed, Sequence) else next(iter(listed)))
        if isinstance(first, Mapping):
            held = list(map(_held, listed))
            several = json_values.listed_runs(list(map(_plain, held)), "", "records")
            return several or json_values.records_table(list(map(flat, held)), "", "records")
        if (records := _scalars(listed, first)) is not None:
            return records
        if isinstance(first, (tuple, list)) and len(first) in (2, 3):
            found = json_values.from_value([list(each) for each in listed], "", "pairs")
            if found is not None and len(found.columns) == len(first):
                return found
    return Table({"loss": numbers(name, listed)}, "numbers")


def _scalars(listed: Sequence[Any], first: Any) -> Table | None:
    """TensorBoard's ScalarEvents and MLflow's Metrics: objects with a step and a value."""
    if not (hasattr(first, "step") and hasattr(first, "value")):
        return None
    keys = [str(getattr(each, "key", "loss")) for each in listed]
    if len(set(keys)) > 1:
        columns = {"step": [each.step for each in listed], "metric": keys}
        return Table(columns | {"value": [each.value for each in listed]}, "scalars")
    key = keys[0]
    label = key if parse(key).kind in ("loss", "error") else "loss"
    return Table(
        {"step": [each.step for each in listed], label: [each.value for each in listed]}, "scalars"
    )


def numbers(name: str, values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A sequence of numbers as float64, whatever holds them; None as NaN."""
    if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
        raise checks.refuse(name, values, ALLOWED)
    checks.check_length(name, values)
    array = _array(name, values)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim > 1:
        raise checks.refuse(f"{name}.shape", array.shape, "(T,): one number after the other")
    if array.ndim != 1 or (array.size and array.dtype.kind not in "fiu"):
        raise checks.refuse(name, values, ALLOWED)
    return array.astype(np.float64)


def _array(name: str, values: Any) -> np.ndarray[Any, Any]:
    if is_masked(values):
        return np.ma.filled(values.astype(np.float64), np.nan)
    values = checks.without_gradient(values)
    try:
        listed = values if hasattr(values, "__len__") else list(values)
        array = np.asarray(listed)
        if array.dtype.kind == "V":  # bfloat16 of ml_dtypes
            return array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        array = np.empty(0, object)
        if not isinstance(values, Sequence) or any(isinstance(v, (list, tuple)) for v in values):
            raise checks.refuse(name, values, ALLOWED) from None
        listed = values
    if array.dtype.kind in "OU" or (not array.size and len(listed)):
        try:
            if any(isinstance(each, (str, bytes)) for each in listed):
                raise ValueError
            held = [cells.number(each) for each in listed]
        except (TypeError, ValueError, RuntimeError):
            raise checks.refuse(name, values, ALLOWED) from None
        array = np.array([math.nan if each is None else each for each in held], np.float64)
    return array
