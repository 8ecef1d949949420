"""A table that grows on disk: a Parquet file per chunk, named by its digest, and a manifest.

A folder is never left half-written: every file is written aside, flushed to the disk and renamed.
What a file holds depends on its chunk alone, never on clock, process, host or order, so that a
sweep that was killed and resumed leaves the same bytes as one that was not. The digest in a chunk's
name tells a whole file from a damaged one, and lets two writers of one chunk write the same file.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from pyarrow import acero
from tqdm.auto import tqdm

from simopt.ground import checks, files

#: Of the folder's layout; another number is another layout.
FORMAT = 1

MANIFEST = "manifest.json"

#: Of the names of files that are being written: no reader of Parquet files takes one for a table.
ASIDE = ".aside"

#: What the store itself writes into the manifest; the rest is what made the table.
OWN = ("format", "rows", "chunks", "complete", "files", "digest")

#: Hex digits of a chunk's SHA-256 that its name carries: 64 bits, against accidents.
DIGITS = 16

#: How a chunk is written. LZ4 costs no more time than no compression (500,000 rows of a sweep:
#: 0.06 s, zstd 0.08 s) for a file up to a third smaller. Dictionaries suit keys and counts; the
#: limit ends them early for measured numbers, nearly all different, where they would cost 0.03 s.
PARQUET = {"compression": "lz4", "dictionary_pagesize_limit": 128 * 1024}

#: Arrow's own threads outlive a reading, and a process that ends meanwhile aborts (apache/arrow
#: issues 33975 and 34314; seen here in one process of fifty).
THREADS = False

#: Of a value in an error, this many characters.
SHOWN = 60

_CHUNK = re.compile(rf"chunk-(\d{{6,}})-([0-9a-f]{{{DIGITS}}})\.parquet")
_ASIDE = re.compile(r"\.chunk-(\d{6,})(-[0-9a-f]+)?\.[0-9a-f]+\.aside")
_WORDS = b"simopt.categories"  # a key in a file's metadata
_ROW = "row of the table"  # a column, while reading
_UNSET = object()


@dataclass(frozen=True)
class Store:
    """A folder that takes the chunks of one table, in any order, from any number of processes.

    Parameters
    ----------
    folder : Path
        Where.
    begun : mapping
        The manifest as it is while chunks are missing.
    """

    folder: Path
    begun: Mapping[str, Any]

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        made: Mapping[str, Any],
        chunks: Sequence[Mapping[str, Any]],
    ) -> Store:
        """Begin a folder, or go on with one that the same sweep began.

        Parameters
        ----------
        folder : path
            New or empty, or begun with the same ``made`` and ``chunks``.
        made : mapping
            What the chunks depend on, as JSON takes it; ``attrs`` of what `load` returns. One
            difference from what the folder was begun with, and the folder is refused.
        chunks : sequence of mappings
            Where each chunk's rows go in the table: ``{"rows": [start, stop]}``, or
            ``{"offset": o, "lengths": [l0, l1, ...], "box": [[low, high], ...]}`` for the rows
            ``o + ravel_multi_index(indices, lengths)`` of all indices in the box in C order, or
            ``{}`` for the rows behind those of the chunk before, however many they turn out to be.

        Returns
        -------
        Store

        Raises
        ------
        ValueError
            If the folder can't be written, holds something else, or was begun otherwise; the
            message names the first difference.
        OSError
            If the disk is full.
        """
        if not isinstance(folder, (str, os.PathLike)):
            raise checks.refuse("store", folder, "a folder's path")
        if clash := [name for name in OWN if name in made]:
            raise checks.refuse("made", clash[0], "a name that the manifest does not use itself")
        counts = [_count(entry) for entry in chunks]
        if None in counts and any(count is not None for count in counts):
            raise checks.refuse("chunks", dict(chunks[0]), "with a place each, or none with one")
        begun = {
            "format": FORMAT,
            **made,
            "rows": None if None in counts else sum(count or 0 for count in counts),
            "chunks": [dict(entry) for entry in chunks],
            "complete": False,
            "files": [],
        }
        store = cls(Path(folder), begun)
        if not os.path.exists(store.folder / MANIFEST):
            files.check_folder("store", folder)
            store._begin()
        store._check_same()
        if len(_numbered(store.folder)) < len(chunks):
            files.check_folder("store", folder)
        return store

    def missing(self, progress: bool | None = None) -> list[int]:
        """The chunks that are not there yet. Those that are, are read and checked.

        Parameters
        ----------
        progress : bool or None
            Show a progress bar; None shows one on a terminal, if it takes more than a second.

        Returns
        -------
        list of int

        Raises
        ------
        ValueError
            If a file is damaged, or not this table's.
        """
        there = self._files()
        for name in tqdm(
            there.values(),
            desc="checking what is there",
            unit=" files",
            delay=1.0,
            disable=None if progress is None else not progress,
        ):
            with open(self.folder / name, "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            _check_digest("store", self.folder, name, digest)
        self._clean(there)
        return [number for number in range(len(self.begun["chunks"])) if number not in there]

    def keep(self, number: int, frame: pd.DataFrame) -> None:
        """Write a chunk; it is there when this returns, and not at all if it raises.

        Parameters
        ----------
        number : int
            Which chunk.
        frame : DataFrame
            Its rows. Columns and dtypes are those of every chunk, categories too (text). The index
            and ``attrs`` are not kept.

        Raises
        ------
        ValueError
            If it has another number of rows than its place.
        OSError
            If it can't be written: the disk is full, the folder closed or gone.

        Notes
        -----
        The bytes depend on the rows, and on the versions of pyarrow and pandas, which Parquet
        files name.
        """
        expected = _count(self.begun["chunks"][number])
        if expected is not None and len(frame) != expected:
            raise ValueError(f"chunk {number} has {len(frame)} rows: must be {expected}")
        data = _encoded(frame)
        name = f"chunk-{number:06d}-{hashlib.sha256(data).hexdigest()[:DIGITS]}.parquet"
        if not (self.folder / name).exists():
            _write(self.folder / name, data)

    def finish(self) -> None:
        """Write the final manifest, once every chunk is there.

        Raises
        ------
        ValueError
            If a chunk is missing, or the folder is not this table's any more.
        OSError
            If it can't be written.
        """
        there = self._files()
        if len(there) < len(self.begun["chunks"]):
            raise checks.refuse("store", str(self.folder), f"complete, but {self._absent(there)}")
        self._check_same()
        rows = self.begun["rows"]
        if rows is None:
            rows = sum(pq.read_metadata(self.folder / name).num_rows for name in there.values())
        data = _manifest(
            {**self.begun, "rows": rows, "complete": True, "files": list(there.values())}
        )
        if (self.folder / MANIFEST).read_bytes() != data:
            _write(self.folder / MANIFEST, data)
        self._clean(there)
        for aside in self.folder.glob(".manifest.*.aside"):
            _remove(aside)

    def _begin(self) -> None:
        """Write the first manifest into a folder that has none."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # a name too long, a null byte
            raise checks.refuse("store", str(self.folder), f"a usable path ({error})") from None
        names = sorted(path.name for path in self.folder.iterdir())
        visible = [name for name in names if not name.startswith(".")]
        if visible and not (self.folder / MANIFEST).exists():
            raise checks.refuse(
                "store",
                str(self.folder),
                f"a new folder, an empty one, or one with a sweep's {MANIFEST}; "
                f"in this one is {visible[0]!r}",
            )
        _write(self.folder / MANIFEST, _manifest(self.begun), overwrite=False)

    def _check_same(self) -> None:
        """Refuse a folder that another sweep began."""
        found = _read_manifest("store", self.folder)
        # These two grow; so do the rows, where their number was not known.
        grown = {"complete": False, "files": []}
        if self.begun["rows"] is None:
            grown["rows"] = None
        wanted = json.loads(json.dumps(self.begun))
        for key, there, here in _differences("", {**found, **grown}, wanted):
            raise checks.refuse(
                "store",
                str(self.folder),
                f"a folder of the same sweep, but {key} is {_brief(there)} there and "
                f"{_brief(here)} here; take another folder",
            )

    def _files(self) -> dict[int, str]:
        """The file of every chunk that is there, in the chunks' order."""
        found: dict[int, str] = {}
        for number, name in _numbered(self.folder):
            if number is None or number >= len(self.begun["chunks"]):
                raise checks.refuse(
                    "store", str(self.folder), f"the sweep's alone, but {name} is not: remove it"
                )
            if number in found:
                raise checks.refuse(
                    "store",
                    str(self.folder),
                    f"of one file a chunk, but there are {found[number]} and {name}, written by "
                    "different versions of a library perhaps: remove one and run again",
                )
            found[number] = name
        return found

    def _absent(self, there: Mapping[int, str]) -> str:
        """How many chunks are missing, in words."""
        chunks = len(self.begun["chunks"])
        return f"{chunks - len(there):,} of its {chunks:,} chunks are missing"

    def _clean(self, there: Mapping[int, str]) -> None:
        """Remove what dead writers left, of chunks that are there.

        A living writer of such a chunk loses nothing: its rename fails, and the file is there.
        Neither clock nor process ids, which may be another host's, have a say in it.
        """
        for path in self.folder.glob(".chunk-*.aside"):
            match = _ASIDE.fullmatch(path.name)
            if match and int(match[1]) in there:
                _remove(path)


def discard(folder: Path) -> None:
    """Remove a stored sweep's own files, and the folder if nothing else is in it.

    Parameters
    ----------
    folder : Path
        With a complete manifest.

    Raises
    ------
    ValueError
        If there is no stored sweep, or its manifest is damaged.
    """
    for name in (*_read_manifest("folder", folder)["files"], MANIFEST):
        _remove(folder / name)
    with suppress(OSError):
        folder.rmdir()


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
    is asked for is kept: memory holds one file (some 20 MB) besides twice the result. Other
    programs read the Parquet files ``chunk-*.parquet``, once the sweep has ended.

    Examples
    --------
    >>> import pandas as pd, tempfile
    >>> from simopt.sweeps.store import Store, load
    >>> chunks = [pd.DataFrame({"eta": [0.1, 0.2], "w": [5.0, 5.1]}), pd.DataFrame(
    ...     {"eta": [0.3], "w": [4.2]})]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = Store.open(folder, {"version": "0.1.0"}, [{"rows": [0, 2]}, {"rows": [2, 3]}])
    ...     for number in store.missing():
    ...         store.keep(number, chunks[number])
    ...     store.finish()
    ...     frame = load(folder, columns=["w"], filters=[("eta", ">", 0.1)])
    >>> frame
         w
    0  5.1
    1  4.2
    >>> frame.attrs
    {'version': '0.1.0'}
    """
    manifest = _read_manifest("folder", folder)
    path = Path(folder)
    names = _to_read(path, manifest, partial)
    schema = _opened(path, next(iter(names.values()))).schema_arrow
    shown = schema.names if columns is None else _check_columns(columns, schema.names)
    condition, tested = (None, []) if filters is None else _condition(filters, schema.names)
    needed = list(dict.fromkeys([*shown, *tested]))
    places = None if _in_order(manifest["chunks"]) else manifest["chunks"]
    tables = []
    for number, name in names.items():
        file = _opened(path, name)
        if not (schema.equals(file.schema_arrow) and _words(schema) == _words(file.schema_arrow)):
            raise checks.refuse("folder", str(folder), f"of the same columns, but {name} is not")
        table = file.read(columns=needed, use_threads=THREADS)
        if places is not None:
            table = table.append_column(_ROW, pa.array(rows_at(places[number])))
        if condition is not None:
            table = _filtered(table, condition, filters)
        tables.append(table.select(shown if places is None else [*shown, _ROW]))
    frame = _joined(tables)
    if places is not None:
        order = np.argsort(frame.pop(_ROW).to_numpy(), kind="stable")
        frame = frame.take(order).reset_index(drop=True)
    return _labelled(frame, schema, manifest)


def no_rows(folder: str | os.PathLike[str]) -> pd.DataFrame:
    """The columns of a stored sweep that has ended, without their rows."""
    manifest = _read_manifest("folder", folder)
    file = _opened(Path(folder), manifest["files"][0])
    frame = _joined([file.read(use_threads=THREADS).slice(0, 0)])
    return _labelled(frame, file.schema_arrow, manifest)


def _labelled(frame: pd.DataFrame, schema: Any, manifest: Mapping[str, Any]) -> pd.DataFrame:
    """With all categories that the sweep has, and what made it."""
    words = _words(schema)
    for column in frame.columns.intersection(list(words)):
        frame[column] = frame[column].cat.set_categories(pd.Index(words[column]))
    frame.attrs = {key: value for key, value in manifest.items() if key not in OWN}
    return frame


def _to_read(folder: Path, manifest: Mapping[str, Any], partial: bool) -> dict[int, str]:
    """The file of every chunk to read; without ``partial`` that is all of them."""
    if manifest["complete"] and not partial:
        return dict(enumerate(manifest["files"]))
    store = Store(folder, manifest)
    there = store._files()
    if not partial:
        raise checks.refuse(
            "folder",
            str(folder),
            f"a sweep that has ended, but {store._absent(there)}: the same sweep with this store "
            "goes on with it, and partial=True reads what is there",
        )
    if not there:
        raise checks.refuse("folder", str(folder), "a sweep with at least one chunk, but has none")
    return there


def _check_columns(columns: Any, known: Sequence[str]) -> list[str]:
    """Names of columns that the sweep has, once each."""
    names = list(columns) if checks.is_sequence(columns) else []
    if not names or not all(name in known for name in names) or len({*names}) < len(names):
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
        return acero.Declaration.from_sequence(steps).to_table(use_threads=THREADS)
    except pa.ArrowException as error:
        allowed = f"of values that compare with their columns ({error})"
        raise checks.refuse("filters", filters, allowed) from None


def _joined(tables: list[Any]) -> pd.DataFrame:
    """Arrow tables as one DataFrame, giving back their memory column by column."""
    single = len(tables) == 1
    joined = pa.concat_tables(tables)
    tables.clear()
    frame: pd.DataFrame = joined.to_pandas(
        split_blocks=True, self_destruct=True, use_threads=THREADS
    )
    # A single table's columns are Arrow's own memory, which pandas may not write to.
    return frame.copy() if single else frame


def _encoded(frame: pd.DataFrame) -> bytes:
    """A chunk as Parquet: the same bytes for the same rows, whoever writes them."""
    bare = frame.copy(deep=False)
    bare.attrs = {}  # which may tell seconds and threads
    table = pa.Table.from_pandas(bare, preserve_index=False)
    # Parquet keeps no category that no row has.
    words = {
        name: column.cat.categories.tolist()
        for name, column in frame.items()
        if isinstance(column.dtype, pd.CategoricalDtype)
    }
    metadata = {**table.schema.metadata, _WORDS: json.dumps(words).encode()}
    out = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(metadata), out, **PARQUET)
    encoded: bytes = out.getvalue().to_pybytes()
    return encoded


def _words(schema: Any) -> dict[str, list[str]]:
    """The categories of every categorical column."""
    words: dict[str, list[str]] = json.loads(schema.metadata[_WORDS])
    return words


def _opened(folder: Path, name: str) -> Any:
    """A chunk's file, checked, in memory: the bytes that are read are those that were checked."""
    try:
        data = (folder / name).read_bytes()
    except FileNotFoundError:
        raise checks.refuse(
            "folder", str(folder), f"complete, but {name} is missing: run the same sweep again"
        ) from None
    _check_digest("folder", folder, name, hashlib.sha256(data).hexdigest())
    return pq.ParquetFile(pa.BufferReader(data))


def _check_digest(argument: str, folder: Path, name: str, digest: str) -> None:
    """Refuse a file whose bytes are not those that its name tells of."""
    if not name.endswith(f"-{digest[:DIGITS]}.parquet"):
        raise checks.refuse(
            argument,
            str(folder),
            f"whole, but {name} is damaged (the SHA-256 of its bytes begins with "
            f"{digest[:DIGITS]}): remove it and run the same sweep again",
        )


def _numbered(folder: Path) -> list[tuple[int | None, str]]:
    """The chunks' files by number; None for a name that a chunk's file can't have."""
    names = sorted(path.name for path in folder.glob("chunk-*.parquet"))
    matches = [_CHUNK.fullmatch(name) for name in names]
    found = [(int(match[1]) if match else None, n) for match, n in zip(matches, names, strict=True)]
    return sorted(found, key=lambda each: -1 if each[0] is None else each[0])


def _count(entry: Mapping[str, Any]) -> int | None:
    """How many rows a chunk has, where its place tells."""
    if "rows" in entry:
        start, stop = entry["rows"]
        return int(stop) - int(start)
    if "box" in entry:
        return prod(int(high) - int(low) for low, high in entry["box"])
    return None


def _in_order(chunks: Sequence[Mapping[str, Any]]) -> bool:
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


def _write(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file whole or not at all."""
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        files.write_bytes(path, data, ASIDE, overwrite=overwrite)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and path.exists() and path.read_bytes() == data:
            return  # a second writer was quicker, and has cleaned up
        raise OSError(
            error.errno,
            f"{error.strerror} (what was written before is whole, and the same sweep goes on "
            "from there)",
            str(path),
        ) from error


def _remove(path: Path) -> None:
    """Remove a file that may be gone, or stay where the folder is closed to this user."""
    with suppress(OSError):
        path.unlink()


def _manifest(content: Mapping[str, Any]) -> bytes:
    """A manifest's bytes. Its own digest guards what the chunks' digests don't."""
    text = json.dumps(content, indent=1, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (json.dumps({**content, "digest": digest}, indent=1) + "\n").encode()


def _read_manifest(argument: str, folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a folder, checked."""
    if not isinstance(folder, (str, os.PathLike)):
        raise checks.refuse(argument, folder, "a folder's path")
    shown, path = str(folder), os.path.join(folder, MANIFEST)
    if not os.path.exists(path):
        raise checks.refuse(argument, shown, f"a stored sweep, a folder with a {MANIFEST}")
    damaged = f"whole, but its {MANIFEST} is damaged: restore that, or take another folder"
    data = Path(path).read_bytes()
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise checks.refuse(argument, shown, damaged) from None
    if not isinstance(found, dict):
        raise checks.refuse(argument, shown, damaged)
    layout = found.get("format")
    if layout != FORMAT:
        allowed = f"of format {FORMAT}, but its {MANIFEST} says {layout!r}; it needs another simopt"
        raise checks.refuse(argument, shown, allowed)
    found.pop("digest", None)
    if _manifest(found) != data:
        raise checks.refuse(argument, shown, damaged)
    return found


def _differences(key: str, there: Any, here: Any) -> Iterator[tuple[str, Any, Any]]:
    """Where two values as of JSON differ, in the order of the second."""
    if isinstance(there, dict) and isinstance(here, dict):
        for name in {**here, **there}:
            inner = f"{key}.{name}" if key else name
            yield from _differences(inner, there.get(name, _UNSET), here.get(name, _UNSET))
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for k, (left, right) in enumerate(zip(there, here, strict=True)):
            yield from _differences(f"{key}[{k}]", left, right)
    elif repr(there) != repr(here):  # 0.0 and -0.0 differ, and so do 1 and True
        yield key, there, here


def _brief(value: Any) -> str:
    """A value in a few words."""
    shown = "not set" if value is _UNSET else repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
