"""A table that grows on disk: a Parquet file per chunk, named by its digest, and a manifest.

A folder is never left half-written: every file is written aside, flushed to the disk and renamed.
A sweep that was killed and resumed leaves the same bytes as one that was not, and two writers of
one chunk write the same file. A manifest that says that it is complete lists every file, and is
believed; before that a chunk's file tells itself which chunk it is.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from tqdm.auto import tqdm

from simopt.ground import checks, files
from simopt.ground.locks import Claims
from simopt.sweeps import chunk_files, manifest
from simopt.sweeps.manifest import MANIFEST

#: The ending of files that are being written, which no reader of Parquet files takes for a table.
ASIDE = ".aside"

#: The file whose bytes processes lock, one for the chunk of each number.
LOCK = ".lock"

_ASIDE = re.compile(r"\.chunk-(\d{6,})(-[0-9a-f]+)?\.[0-9a-f]+\.aside")


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
        axes: Any = None,
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
        axes : optional
            All that was swept, as JSON takes it, for a larger sweep that takes these rows over.

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
        if clash := [name for name in manifest.OWN if name in made]:
            raise checks.refuse("made", clash[0], "a name that the manifest does not use itself")
        counts = [chunk_files.count(entry) for entry in chunks]
        if None in counts and any(count is not None for count in counts):
            raise checks.refuse("chunks", dict(chunks[0]), "with a place each, or none with one")
        begun = {
            "format": manifest.FORMAT,
            **made,
            **({} if axes is None else {"axes": axes}),
            "rows": None if None in counts else sum(count or 0 for count in counts),
            "chunks": [dict(entry) for entry in chunks],
            "complete": False,
            "files": [],
        }
        store = cls(Path(folder), begun)
        if not os.path.exists(manifest.path_in(store.folder)):
            files.check_folder("store", folder)
            store._begin()
        store._check_same()
        if (old := manifest.path_in(store.folder)).name != MANIFEST:
            with suppress(OSError):  # closed to this user, or another process was quicker
                files.rename(old, store.folder / MANIFEST)
        if len(chunk_files.numbered(store.folder)) < len(chunks):
            files.check_folder("store", folder)
        return store

    def place(self, number: int) -> str:
        """What a chunk's file says of itself: its number, and the digest of all that made it."""
        return f"{number} of {self._digest}"

    @cached_property
    def _digest(self) -> str:
        return hashlib.sha256(manifest.encoded(self.begun)).hexdigest()

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
        content = manifest.read("store", self.folder)
        there = self.files()
        listed = dict(enumerate(content["files"]))
        for number, name in there.items():
            if content["complete"] and listed[number] != name:
                allowed = f"the sweep's alone, whose {MANIFEST} does not list {name}: remove it"
                raise checks.refuse("store", str(self.folder), allowed)
        bar = tqdm(
            there.items(),
            desc="checking what is there",
            unit=" files",
            delay=1.0,
            disable=None if progress is None else not progress,
        )
        for number, name in bar:
            place = None if content["complete"] else self.place(number)
            chunk_files.read("store", self.folder, name, place)
        self._clean(there)
        missing = [number for number in range(len(self.begun["chunks"])) if number not in there]
        if missing and content["complete"]:
            # What is written now may have other names (other libraries): the list is void.
            _write(manifest.path_in(self.folder), manifest.encoded(self.begun))
        return missing

    def claims(self) -> Claims:
        """Which chunks this process makes, for the other processes that write here."""
        return Claims(self.folder / LOCK)

    def has(self, number: int) -> bool:
        """Whether a chunk's file is there, at the price of one listing."""
        return any(chunk_files.number_of(name) == number for name in os.listdir(self.folder))

    def wait_for(self, numbers: Sequence[int], claims: Claims) -> list[int]:
        """Wait for the process that makes the first missing chunk, and return what is missing then.

        This process holds no claim meanwhile: two could wait for each other.
        """
        if absent := self._not_there(numbers):
            if not claims.take(absent[0]):
                warnings.warn(
                    f"store={str(self.folder)!r}: another process makes {len(absent):,} of the "
                    "chunks; waiting for it",
                    stacklevel=2,
                )
                claims.take(absent[0], wait=True)
            claims.release(absent[0])
        return self._not_there(absent)

    def _not_there(self, numbers: Sequence[int]) -> list[int]:
        there = self.files()
        return [number for number in numbers if number not in there]

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
            If it can't be written: the disk is full, the folder closed or removed.

        Notes
        -----
        The bytes depend on the rows, and on the versions of pyarrow and pandas, which Parquet
        files name.
        """
        expected = chunk_files.count(self.begun["chunks"][number])
        if expected is not None and len(frame) != expected:
            raise ValueError(f"chunk {number} has {len(frame)} rows: must be {expected}")
        data = chunk_files.encode(frame, self.place(number))
        path = self.folder / chunk_files.name_of(number, data)
        if not path.exists():
            _write(path, data)

    def finish(self) -> None:
        """Write the final manifest, once every chunk is there.

        Raises
        ------
        ValueError
            If a chunk is missing, or the folder is not this table's any more.
        OSError
            If it can't be written.
        """
        there = self.files()
        if len(there) < len(self.begun["chunks"]):
            allowed = f"complete, but {absent(self.begun, there)}"
            raise checks.refuse("store", str(self.folder), allowed)
        content = self._check_same()
        names = list(there.values())
        if not content["complete"]:
            rows = self.begun["rows"]
            if rows is None:
                rows = sum(pq.read_metadata(self.folder / name).num_rows for name in names)
            content = {**self.begun, "rows": rows, "complete": True, "files": names}
            _write(manifest.path_in(self.folder), manifest.encoded(content))
        elif content["files"] != names:
            allowed = f"the sweep's alone, but its {MANIFEST} lists other files than there are"
            raise checks.refuse("store", str(self.folder), allowed)
        self._clean(there)
        for pattern in (".manifest.*.aside", "._manifest.*.aside"):
            for aside in self.folder.glob(pattern):
                files.remove(aside)

    def _begin(self) -> None:
        """Write the first manifest into a folder that has none."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:  # a name too long, a null byte
            raise checks.refuse("store", str(self.folder), f"a usable path ({error})") from None
        names = sorted(path.name for path in self.folder.iterdir())
        visible = [name for name in names if not name.startswith(".")]
        if visible and not manifest.path_in(self.folder).exists():
            raise checks.refuse(
                "store",
                str(self.folder),
                f"a new folder, an empty one, or one with a sweep's {MANIFEST}; "
                f"in this one is {visible[0]!r}",
            )
        _write(self.folder / MANIFEST, manifest.encoded(self.begun), overwrite=False)

    def _check_same(self) -> dict[str, Any]:
        """The manifest of the folder; one that another sweep began is refused."""
        content = manifest.read("store", self.folder)
        # These two grow; so do the rows, where their number was not known. What was swept is said
        # in full besides, of which older versions have no list.
        grown = {"complete": False, "files": [], "axes": None}
        if self.begun["rows"] is None:
            grown["rows"] = None
        wanted = json.loads(json.dumps({**self.begun, "axes": None}))
        for key, there, here in manifest.differences("", {**content, **grown}, wanted):
            raise checks.refuse(
                "store",
                str(self.folder),
                f"a folder of the same sweep, but {key} is {there} there and {here} here; "
                "take another folder",
            )
        return content

    def files(self) -> dict[int, str]:
        """The file of every chunk that is there, in the chunks' order.

        Raises
        ------
        ValueError
            If there is a file that is no chunk's, or a second one of a chunk.
        """
        there: dict[int, str] = {}
        for number, name in chunk_files.numbered(self.folder):
            if number is None or number >= len(self.begun["chunks"]):
                raise checks.refuse(
                    "store", str(self.folder), f"the sweep's alone, but {name} is not: remove it"
                )
            if number in there:
                raise checks.refuse(
                    "store",
                    str(self.folder),
                    f"of one file a chunk, but there are {there[number]} and {name}, written by "
                    "different versions of a library perhaps: remove one and run again",
                )
            there[number] = name
        return there

    def _clean(self, there: Mapping[int, str]) -> None:
        """Remove what dead writers left, of chunks that are there.

        A living writer of such a chunk loses nothing: its rename fails, and the file is there.
        Neither clock nor process ids, which may be another host's, have a say in it.
        """
        for path in self.folder.glob(".chunk-*.aside"):
            match = _ASIDE.fullmatch(path.name)
            if match and int(match[1]) in there:
                files.remove(path)
        if len(there) == len(self.begun["chunks"]):
            files.remove(self.folder / LOCK)


def absent(content: Mapping[str, Any], there: Mapping[int, str]) -> str:
    """How many chunks are missing, in words."""
    chunks = len(content["chunks"])
    return f"{chunks - len(there):,} of its {chunks:,} chunks are missing"


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
    for name in (*manifest.read("folder", folder)["files"], manifest.path_in(folder).name):
        files.remove(folder / name)
    with suppress(OSError):
        folder.rmdir()


def _write(path: Path, data: bytes, *, overwrite: bool = True) -> None:
    """Write a file whole or not at all."""
    try:
        if not path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        files.write_bytes(path, data, ASIDE, overwrite=overwrite)
    except OSError as error:
        if isinstance(error, FileNotFoundError) and path.exists() and path.read_bytes() == data:
            return  # a second writer was quicker, and has cleaned up
        then = "what was written before is whole, and the same sweep goes on from there"
        if not path.parent.is_dir():
            then = "the folder was removed while the sweep ran, with what was in it"
        raise OSError(error.errno, f"{error.strerror} ({then})", str(path)) from error
