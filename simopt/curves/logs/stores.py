"""Binary logs: Parquet, NumPy, databases of trackers, TensorBoard's event files."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from simopt.curves.logs import nameless
from simopt.curves.logs.contents import refused
from simopt.curves.logs.names import parse
from simopt.curves.logs.table import Rows, Table, flat
from simopt.ground import extras

#: What is said of a table in which every row is a training run.
TRIALS = (
    "a log of one training run; this is a table of trials, a row each: "
    "log the loss of a trial while it trains (trial.report), and read that"
)


#: Rows of a matrix that show what its columns are.
MOST_LOOKED_AT = 10_000

#: How files of Arrow begin: Feather's second version.
ARROW = b"ARROW1"


def arrow(data: bytes, source: str) -> Table:
    """The columns of a Parquet or a Feather file."""
    import pyarrow
    from pyarrow import feather
    from pyarrow import parquet as reader

    form = "Feather" if data.startswith(ARROW) else "Parquet"
    try:
        if form == "Feather":
            read = feather.read_table(io.BytesIO(data))
        else:
            read = reader.read_table(io.BytesIO(data))
    except (pyarrow.ArrowException, OSError) as error:
        raise refused(Path(source), form, f"whole ({error})") from None
    columns: dict[str, Any] = {}
    for name in read.column_names:
        cells = read.column(name)
        try:
            values = cells.cast(pyarrow.float64()).to_numpy(zero_copy_only=False)
            missing = np.asarray(cells.is_null())
            columns[name] = np.ma.masked_array(values, missing)
        except (pyarrow.ArrowException, ValueError):
            columns[name] = cells.to_pylist()
    return Table(columns, form, source)


def numpy(data: bytes, source: str) -> Table:
    """The arrays of an .npy or .npz file; arrays of Python objects are pickles, and refused."""
    try:
        loaded = np.load(io.BytesIO(data), allow_pickle=False)
        arrays = {"loss": loaded} if isinstance(loaded, np.ndarray) else dict(loaded)
    except (ValueError, OSError, EOFError) as error:
        if "pickle" in str(error):
            what = "arrays of Python objects"
            allowed = "arrays of numbers: objects are pickled, and a pickle runs code when read"
            raise refused(Path(source), what, allowed) from None
        raise refused(Path(source), "a NumPy file", f"whole ({error})") from None
    columns: dict[str, Any] = {}
    losses = {name for name in arrays if parse(name).kind in ("loss", "error")} or {*arrays}
    for name, array in arrays.items():
        if array.dtype.names:
            columns |= {field: array[field] for field in array.dtype.names}
        elif array.ndim == 2 and min(array.shape) > 1:
            if len(arrays) == 1 or (2 in array.shape and name in losses):
                columns |= _unnamed(array, source)
        elif array.ndim <= 1 or array.size == max(array.shape):
            columns[name] = array.reshape(-1)
    return Table(columns, "NumPy", source)


def _unnamed(array: np.ndarray[Any, Any], source: str) -> dict[str, Any]:
    """The columns of a matrix: the longer side is time."""
    if array.shape[0] < array.shape[1]:
        array = array.T
    rows = [list(map(repr, row)) for row in array[:MOST_LOOKED_AT].tolist()]
    return dict(zip(nameless.names(rows, source), array.T, strict=True))


def database(path: Path) -> list[Table]:
    """The runs of MLflow's or Trackio's database, one table each; Optuna's is refused.

    The database is opened for reading alone; what its writer has not moved into it yet, and keeps
    beside it while it goes on, is read too.
    """
    beside = [path.with_name(f"{path.name}{ending}") for ending in ("-wal", "-shm")]
    live = all(each.is_file() and each.stat().st_size for each in beside)
    address = f"{path.resolve().as_uri()}?mode=ro{'' if live else '&immutable=1'}"
    try:
        connection = sqlite3.connect(address, uri=True)
    except sqlite3.Error as error:
        raise refused(path, "a database", f"one that can be opened ({error})") from None
    try:
        names = {row[0] for row in connection.execute("select name from sqlite_master")}
        if {"trials", "studies"} <= names:
            raise refused(path, "Optuna's database", TRIALS)
        if {"metrics", "configs"} <= names and "runs" not in names:
            told = connection.execute("select run_name, step, metrics from metrics order by id")
            return _trackio_runs(told, str(path))
        if not {"metrics", "runs"} <= names:
            allowed = "MLflow's, with tables 'runs' and 'metrics', or Trackio's"
            raise refused(path, "a database", allowed)
        titles = dict(connection.execute("select run_uuid, name from runs"))
        rows = connection.execute(
            "select run_uuid, step, key, value, is_nan from metrics "
            "order by run_uuid, step, timestamp"
        )
        return _mlflow_runs(rows, titles, str(path))
    except sqlite3.Error as error:
        raise refused(path, "a database", f"one that can be read ({error})") from None
    finally:
        connection.close()


def _mlflow_runs(rows: Iterable[Any], titles: dict[str, str], source: str) -> list[Table]:
    runs: dict[str, dict[int, dict[str, float]]] = {}
    for run, step, key, value, is_nan in rows:
        record = runs.setdefault(run, {}).setdefault(step, {"step": float(step)})
        record[key] = float("nan") if is_nan else value
    tables = []
    for run, records in runs.items():
        collected = Rows()
        for record in records.values():
            collected.add(record)
        title = titles.get(run) or run
        tables.append(Table(dict(collected.columns), "MLflow database", source, run=title))
    return tables


def _trackio_runs(rows: Iterable[Any], source: str) -> list[Table]:
    """The runs of Trackio's database: a row a step, its metrics as JSON."""
    runs: dict[str, Rows] = {}
    for run, step, metrics in rows:
        try:
            told = json.loads(metrics)
        except (ValueError, TypeError, RecursionError):
            continue
        if isinstance(told, dict):
            runs.setdefault(str(run), Rows()).add({"step": step} | flat(told))
    return [
        Table(dict(collected.columns), "Trackio's database", source, run=run)
        for run, collected in runs.items()
    ]


def mlflow_folder(folder: Path, source: str) -> Table | None:
    """A run's folder of MLflow's file store: ``metrics/NAME`` with lines of time, value, step."""
    collected: dict[int, dict[str, Any]] = {}
    for file in sorted(path for path in (folder / "metrics").rglob("*") if path.is_file()):
        name = file.relative_to(folder / "metrics").as_posix()
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            cells = line.split()
            if len(cells) == 3 and cells[2].lstrip("-").isdigit():
                step = int(cells[2])
                collected.setdefault(step, {"step": step})[name] = cells[1]
    if not collected:
        return None
    rows = Rows()
    for step in sorted(collected):
        rows.add(collected[step])
    return Table(dict(rows.columns), "MLflow run", source, run=folder.name)


def is_events(name: str, data: bytes = b"") -> bool:
    """Whether a file is TensorBoard's: by its name, or by its first record."""
    return ".tfevents." in name or name.endswith(".tfevents") or data[24:36] == b"brain.Event:"


def events(path: Path, source: str, prefix: str = "") -> Table:
    """The scalars of an event file, by TensorBoard's own reader; a damaged end is left out.

    Parameters
    ----------
    path : Path
        The file.
    source : str
        For messages.
    prefix : str
        What the run's sub-folder is called, put before its tags: "validation".
    """
    try:
        with extras.needs("logs", "a TensorBoard event file"):
            from tensorboard.backend.event_processing import event_file_loader
            from tensorboard.util import tensor_util
    except extras.MissingExtra as error:
        raise ValueError(f"file={str(path)!r}: {error}") from None
    rows: dict[int, dict[str, Any]] = {}
    cut = False
    try:
        for event in event_file_loader.EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                number = _scalar(value, tensor_util)
                if number is not None:
                    record = rows.setdefault(event.step, {"step": event.step})
                    record[f"{prefix}/{value.tag}" if prefix else value.tag] = number
    except Exception as error:  # what TensorBoard raises on damaged records differs by version
        if not rows:
            raise refused(path, "a TensorBoard event file", f"whole ({error})") from None
        cut = True
    collected = Rows()
    for step in sorted(rows):
        collected.add(rows[step])
    table = Table(dict(collected.columns), "TensorBoard", source)
    return table.noted("the event file ends in a damaged record") if cut else table


def _scalar(value: Any, tensor_util: Any) -> float | None:
    if value.HasField("simple_value"):
        return float(value.simple_value)
    if value.HasField("tensor"):
        array = tensor_util.make_ndarray(value.tensor)
        if array.size == 1 and array.dtype.kind in "fiu":
            return float(array.reshape(()))
    return None


def has_loss(table: Table) -> bool:
    """Whether a column is called a loss, or an error."""
    return any(parse(name).kind in ("loss", "error") for name in table.columns)


def merged(tables: Iterable[Table]) -> Iterator[Table]:
    """Tables of one run, joined by step, in place of one a file."""
    rows: dict[float, dict[str, Any]] = {}
    first: Table | None = None
    notes: list[str] = []
    for table in tables:
        first = first or table
        notes += table.notes
        steps = table.columns.get("step", range(table.rows))
        for row, step in enumerate(steps):
            record = rows.setdefault(float(step), {"step": float(step)})
            for name, cells in table.columns.items():
                if name != "step" and cells[row] is not None:
                    record[name] = cells[row]
    if first is None:
        return
    collected = Rows()
    for step in sorted(rows):
        collected.add(rows[step])
    yield Table(dict(collected.columns), first.format, first.source, notes=tuple(notes))
