"""A chunk's rows as a Parquet file, whose name and metadata say which chunk it is.

What a file holds depends on its chunk alone, never on clock, process, host or order. The digest in
its name tells a whole file from a damaged one; the place in its metadata tells it from another
chunk's file under this one's name.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from simopt.ground import checks

#: Hex digits of a chunk's SHA-256 that its name carries: 64 bits, against accidents.
DIGITS = 16

#: How a chunk is written. LZ4 costs no more time than no compression (500,000 rows of a sweep:
#: 0.06 s, zstd 0.08 s) for a file up to a third smaller. Dictionaries suit keys and counts; the
#: limit ends them early for measured numbers, nearly all different, where they would cost 0.03 s.
PARQUET = {"compression": "lz4", "dictionary_pagesize_limit": 128 * 1024}

#: Arrow's own threads outlive a reading, and a process that ends meanwhile aborts (apache/arrow
#: issues 33975 and 34314; seen here in one process of fifty).
THREADS = False

_NAME = re.compile(rf"chunk-(\d{{6,}})-([0-9a-f]{{{DIGITS}}})\.parquet")
_WORDS = b"simopt.categories"  # keys in a file's metadata
_PLACE = b"simopt.chunk"


def name_of(number: int, data: bytes) -> str:
    """The name of a chunk's file."""
    return f"chunk-{number:06d}-{hashlib.sha256(data).hexdigest()[:DIGITS]}.parquet"


def number_of(name: Any) -> int | None:
    """The chunk whose file has this name; None if none's can."""
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    return None if match is None else int(match[1])


def numbered(folder: Path) -> list[tuple[int | None, str]]:
    """The chunks' files by number; None for a name that a chunk's file can't have."""
    names = sorted(path.name for path in folder.glob("chunk-*.parquet"))
    numbers = [(number_of(name), name) for name in names]
    return sorted(numbers, key=lambda each: -1 if each[0] is None else each[0])


def encode(frame: pd.DataFrame, place: str) -> bytes:
    """A chunk as Parquet: the same bytes for the same rows and place, whoever writes them.

    Parameters
    ----------
    frame : DataFrame
        The rows; index and ``attrs`` are left out.
    place : str
        Which chunk of which sweep.
    """
    bare = frame.copy(deep=False)
    bare.attrs = {}  # which may tell seconds and threads
    table = pa.Table.from_pandas(bare, preserve_index=False)
    # Parquet keeps no category that no row has.
    words = {
        name: column.cat.categories.tolist()
        for name, column in frame.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }
    added = {_WORDS: json.dumps(words).encode(), _PLACE: place.encode()}
    out = pa.BufferOutputStream()
    metadata = {**table.schema.metadata, **added}
    pq.write_table(table.replace_schema_metadata(metadata), out, **PARQUET)
    data: bytes = out.getvalue().to_pybytes()
    return data


def read(argument: str, folder: Path, name: str, place: str | None = None) -> Any:
    """A chunk's file, checked, in memory: the bytes that are read are those that were checked.

    Parameters
    ----------
    argument : str
        What an error calls the folder.
    folder, name
        Where the file is.
    place : str, optional
        The chunk that it must be, as `encode` was told.

    Returns
    -------
    pyarrow.parquet.ParquetFile

    Raises
    ------
    ValueError
        If it is missing, no file, damaged, or another chunk's.
    """
    again = "remove it and run the same sweep again"
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError:
        allowed = f"complete, but {name} is missing: run the same sweep again"
        raise checks.refuse(argument, str(folder), allowed) from None
    except IsADirectoryError:
        allowed = f"whole, but {name} is a folder: {again}"
        raise checks.refuse(argument, str(folder), allowed) from None
    digest = hashlib.sha256(data).hexdigest()[:DIGITS]
    if not name.endswith(f"-{digest}.parquet"):
        raise checks.refuse(
            argument,
            str(folder),
            f"whole, but {name} is damaged (the SHA-256 of its bytes begins with {digest}): "
            f"{again}",
        )
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        metadata = file.schema_arrow.metadata or {}
        json.loads(metadata[_WORDS])
    except (pa.ArrowException, OSError, LookupError, ValueError) as error:
        allowed = f"whole, but {name} is damaged ({_line(error)}): {again}"
        raise checks.refuse(argument, str(folder), allowed) from None
    # Files of older versions don't say which chunk they are.
    if place is not None and metadata.get(_PLACE, place.encode()) != place.encode():
        allowed = f"whole, but {name} holds the rows of another chunk: {again}"
        raise checks.refuse(argument, str(folder), allowed)
    return file


def _line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def words_of(schema: Any) -> dict[str, list[str]]:
    """The categories of every categorical column."""
    words: dict[str, list[str]] = json.loads(schema.metadata[_WORDS])
    return words


def frame_of(tables: list[Any], words: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Arrow tables as one DataFrame with all categories, giving back their memory by and by."""
    single = len(tables) == 1
    joined = pa.concat_tables(tables)
    tables.clear()
    frame: pd.DataFrame = joined.to_pandas(
        split_blocks=True, self_destruct=True, use_threads=THREADS
    )
    if single:
        # Its columns are Arrow's own memory, which pandas may not write to; one copy at a time.
        for column in frame.columns:
            frame[column] = frame[column].copy()
    for column in frame.columns.intersection(list(words)):
        frame[column] = frame[column].cat.set_categories(pd.Index(words[column]))
    return frame


def count(entry: Mapping[str, Any]) -> int | None:
    """How many rows a chunk has, where its place in the table tells."""
    if "rows" in entry:
        start, stop = entry["rows"]
        return int(stop) - int(start)
    if "box" in entry:
        return prod(int(high) - int(low) for low, high in entry["box"])
    return None


def in_order(chunks: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rows of every chunk are behind those of the chunks before."""
    ranges = [entry["rows"] for entry in chunks if "rows" in entry]
    follow = all(left[1] <= right[0] for left, right in pairwise(ranges))
    return follow and not any("box" in entry for entry in chunks)


def rows_at(entry: Mapping[str, Any]) -> NDArray[np.int64]:
    """The rows of the table that a chunk's rows are."""
    if "rows" in entry:
        return np.arange(*entry["rows"])
    indices = np.ix_(*(np.arange(low, high) for low, high in entry["box"]))
    rows: NDArray[np.int64] = np.ravel_multi_index(indices, entry["lengths"]).ravel()
    rows += entry["offset"]
    return rows
