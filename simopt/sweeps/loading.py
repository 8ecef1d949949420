"""Reading a stored sweep back, or the rows and columns of it that are wanted."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import acero

from simopt.ground import checks
from simopt.sweeps import chunk_files, manifest
from simopt.sweeps.store import Store, absent

_ROW = "row of the table"  # a column, while reading


def load(
    folder: str | os.PathLike[str],
    columns: Sequence[str] | None = None,
    filters: Sequence[Any] | None = None,
    *,
    partial: bool = False,
) -> pd.DataFrame:
    """Read a stored sweep, or the part of it that is asked for.

    Parameters
    ----------
    folder : path
        What `sweep` was given as ``store``.
    columns : sequence of str, optional
        The columns to read, in this order; all by default.
    filters : list of tuples or list of lists of tuples, optional
        The rows to read, as in ``pandas.read_parquet``: ``[("eta", ">", 0.1), ("seed", "==", 0)]``
        is both, a list of such lists is any of them. The operators are ``==``, ``!=``, ``<``,
        ``>``, ``<=``, ``>=``, ``in`` and ``not in``. A missing value meets ``not in`` alone.
    partial : bool, default False
        Read what is there of a sweep that has not ended. By default that is an error.

    Returns
    -------
    DataFrame
        What `sweep` would have returned: the same rows in the same order, with the same dtypes.
        ``attrs`` says what made it.

    Raises
    ------
    ValueError
        If there is no stored sweep, it has not ended, a file of it is missing or damaged, or a
        column or filter does not fit.

    Notes
    -----
    Every file is checked against the digest in its name. Files are read one by one, and only what
    is asked for is kept: memory holds one file (some 20 MB) besides twice the result.

    The folder is a Parquet dataset for other programs too, once the sweep has ended:
    ``pandas.read_parquet(folder)`` reads it, ``pyarrow.dataset`` and Dask likewise, and DuckDB and
    Polars with ``folder/*.parquet``. They take the rows in the order of the files, which is that of
    the table unless the sweep has long axes, and of categories only those that a file has.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> import simopt
    >>> four, sgd = simopt.problems.four_points(), simopt.SGD(eta=[0.01, 0.02, 0.05])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     frame = simopt.sweep(four, sgd, store=folder)
    ...     low = simopt.load(folder, columns=["eta", "status"], filters=[("eta", ">", 0.01)])
    ...     same = pd.read_parquet(folder)["loss"].equals(frame["loss"])
    >>> low
        eta status
    0  0.02     ok
    1  0.05     ok
    >>> same
    True
    """
    content = manifest.read("folder", folder)
    path = Path(folder)
    partial = checks.flag("partial", partial)
    names = _to_read(path, content, partial)
    identity = None if content["complete"] else Store(path, content)
    tables: list[Any] = []
    schema = wanted = needed = condition = None
    places = None if chunk_files.in_order(content["chunks"]) else content["chunks"]
    for number, name in names.items():
        at = None if identity is None else identity.place(number)
        file = chunk_files.read("folder", path, name, at)
        if schema is None:
            schema = file.schema_arrow
            wanted = schema.names if columns is None else _check_columns(columns, schema.names)
            tested: list[str] = []
            if filters is not None:
                condition, tested = _condition(filters, schema.names)
            needed = list(dict.fromkeys([*wanted, *tested]))
            if places is not None:
                wanted = [*wanted, _ROW]
        if not _same(schema, file.schema_arrow):
            raise checks.refuse("folder", str(folder), f"of the same columns, but {name} is not")
        table = file.read(columns=needed, use_threads=chunk_files.THREADS)
        if places is not None:
            table = table.append_column(_ROW, pa.array(chunk_files.rows_at(places[number])))
        if condition is not None:
            table = _filtered(table, condition, filters)
        tables.append(table.select(wanted))
    frame = chunk_files.frame_of(tables, chunk_files.words_of(schema))
    if places is not None:
        order = np.argsort(frame.pop(_ROW).to_numpy(), kind="stable")
        frame = frame.take(order).reset_index(drop=True)
    frame.attrs = _made(content)
    return frame


def no_rows(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The columns of a stored sweep that has ended, without their rows."""
    content = manifest.read("folder", folder)
    file = chunk_files.read("folder", Path(folder), content["files"][0])
    table = file.read(use_threads=chunk_files.THREADS).slice(0, 0)
    frame = chunk_files.frame_of([table], chunk_files.words_of(file.schema_arrow))
    frame.attrs = _made(content)
    return frame


def _made(content: Mapping[str, Any]) -> dict[Any, Any]:
    """What made the table, of all that the manifest has."""
    return {key: value for key, value in content.items() if key not in manifest.OWN}


def _same(schema: Any, other: Any) -> bool:
    """Whether two files have the same columns, and categories."""
    words = chunk_files.words_of
    return bool(schema.equals(other)) and words(schema) == words(other)


def _to_read(folder: Path, content: Mapping[str, Any], partial: bool) -> dict[int, str]:
    """The file of every chunk to read; without ``partial`` that is all of them."""
    if content["complete"]:
        listed = enumerate(content["files"])
        there = {number: name for number, name in listed if not partial or (folder / name).exists()}
    else:
        there = Store(folder, content).files()
    if not partial and not content["complete"]:
        raise checks.refuse(
            "folder",
            str(folder),
            f"a sweep that has ended, but {absent(content, there)}: the same sweep with this store "
            "goes on with it, and partial=True reads what is there",
        )
    if not there:
        raise checks.refuse("folder", str(folder), "a sweep with at least one chunk, but has none")
    return there


def _check_columns(columns: Any, known: Sequence[str]) -> list[str]:
    """Names of columns that the sweep has, once each."""
    checks.check_length("columns", columns)
    names = list(columns) if checks.is_sequence(columns) else []
    strange = any(not isinstance(name, str) or name not in known for name in names)
    if not names or strange or len({*names}) < len(names):
        allowed = "a list of different columns out of " + ", ".join(known)
        raise checks.refuse("columns", columns, allowed)
    return names


def _condition(filters: Any, known: Sequence[str]) -> tuple[Any, list[str]]:
    """Filters as an expression, and the columns that it looks at."""
    try:
        alternatives = [filters] if isinstance(filters[0][0], str) else filters
        names = [name for terms in alternatives for name, _, _ in terms]
        expression = pq.filters_to_expression(filters)
    except (ValueError, TypeError, LookupError) as error:
        allowed = f"a list of (column, operator, value), or a list of such lists ({error})"
        raise checks.refuse("filters", filters, allowed) from None
    if not all(name in known for name in names):
        raise checks.refuse("filters", filters, "on columns out of " + ", ".join(known))
    return expression, names


def _filtered(table: Any, condition: Any, filters: Any) -> Any:
    """The rows that meet the condition."""
    try:
        steps = [
            acero.Declaration("table_source", acero.TableSourceNodeOptions(table)),
            acero.Declaration("filter", acero.FilterNodeOptions(condition)),
        ]
        return acero.Declaration.from_sequence(steps).to_table(use_threads=chunk_files.THREADS)
    except pa.ArrowException as error:
        allowed = f"of values that compare with their columns ({error})"
        raise checks.refuse("filters", filters, allowed) from None
