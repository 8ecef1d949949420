"""A stored sweep that grows: more values of its axes, and only the new rows are made.

The larger sweep is stored in a hidden folder inside the smaller one's, where its chunks are put
together from rows that are there and rows that are made. Then it takes the folder over. In the end
the files are those of the larger sweep alone, byte for byte, and at any moment the manifest lists
whole files.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.ground import checks, files
from simopt.ground.locks import Claims
from simopt.sweeps import chunk_files, manifest
from simopt.sweeps.axes import Axes
from simopt.sweeps.chunks import Chunk, Chunks, Job, Picked
from simopt.sweeps.resuming import stored_identity
from simopt.sweeps.store import ASIDE, LOCK, Store, absent

#: The folder of the larger sweep, while it is made.
GROWING = ".growing"

#: The common axes that may grow. The others are categorical columns, whose categories every file
#: lists in full: a new value would change the files that are there.
COMMON = ("batch_size", "seed", "epochs")

#: The byte of the lock file that one process holds while it makes a folder grow.
OWNER = 2**40

#: Files of the smaller sweep that are held, as neighbouring chunks take rows of the same ones.
HELD = 8


def axes_of(job: Job) -> list[dict[str, Any]]:
    """The axes that may grow, of every optimizer, in full, as JSON takes them."""
    return [
        {
            name: {"range": [values.start, values.stop, values.step]}
            if isinstance(values, range)
            else list(values)
            for name, values in _growing(part).items()
        }
        for part in job.axes
    ]


def opened(
    folder: str | os.PathLike[str], job: Job, chunks: Chunks
) -> tuple[Store, Smaller | None]:
    """The store of a job, and the smaller sweep whose rows it takes over, if that is there.

    Parameters
    ----------
    folder : path
        As in `Store.open`; or with a sweep that has ended and differs from the job in that some
        axes have fewer values.
    job, chunks
        What is to be stored.

    Raises
    ------
    ValueError, OSError
        As `Store.open`; or if the smaller sweep has not ended.
    """
    places = [chunks.rows(chunk) for chunk in chunks]
    content, axes = stored_identity(job), axes_of(job)
    if isinstance(folder, (str, os.PathLike)):
        path = Path(folder)
        claims = Claims(path / LOCK)
        while _unfinished(path) or Smaller.of(path, job, chunks):
            if claims.take(OWNER):
                _take_over(path)
                smaller = Smaller.of(path, job, chunks, claims)
                if smaller is None:
                    claims.remove()
                    break
                files.check_folder("store", path)
                try:
                    return Store.open(path / GROWING, content, places, axes), smaller
                except ValueError:  # what another larger sweep, stopped half-way, left
                    files.remove_folder(path / GROWING)
                    return Store.open(path / GROWING, content, places, axes), smaller
            text = f"store={str(path)!r}: another process makes it grow; waiting for it"
            warnings.warn(text, stacklevel=3)
            claims.take(OWNER, wait=True)
            claims.release(OWNER)
        claims.close()
    return Store.open(folder, content, places, axes), None


@dataclass(frozen=True, eq=False)
class Smaller:
    """A stored sweep whose rows a larger one takes over.

    Attributes
    ----------
    folder : Path
        Where it is.
    names : sequence of str
        The file of every chunk.
    there, here : Chunks
        Its chunks, and those of the larger sweep.
    claims : Claims, optional
        That this process makes the folder grow.
    """

    folder: Path
    names: Sequence[str]
    there: Chunks
    here: Chunks
    claims: Claims | None = None

    @classmethod
    def of(
        cls, folder: Path, job: Job, chunks: Chunks, claims: Claims | None = None
    ) -> Smaller | None:
        """What is in a folder, if it is this sweep but for axes with fewer values."""
        if not manifest.path_in(folder).exists():
            return None
        content = manifest.read("store", folder)
        stored = content.get("axes")
        if stored is None or stored == axes_of(job):
            return None
        before = _with_axes(job, stored)
        if before is None or not _same(stored_identity(before), content):
            return None
        there = Chunks(before)
        if [there.rows(chunk) for chunk in there] != content["chunks"]:
            return None
        if not content["complete"]:
            raise checks.refuse(
                "store",
                str(folder),
                "a sweep that has ended before it takes more values of its axes, but "
                f"{absent(content, Store(folder, content).files())}: run it as it was first",
            )
        return cls(folder, content["files"], there, chunks, claims)

    def to_make(self, chunk: Chunk) -> list[Chunk]:
        """The parts of a chunk of the larger sweep that are not there."""
        known = self._known(chunk)
        if known is None:
            return [chunk]
        parts: list[Chunk] = []
        # A box less a smaller box: new values of the first axis with all of the others, then known
        # ones with new values of the second, and so on.
        for k, places in enumerate(known):
            if (places >= 0).all():
                continue
            picked = [
                np.flatnonzero(each >= 0) if m < k else np.arange(len(each))
                for m, each in enumerate(known)
            ]
            picked[k] = np.flatnonzero(places < 0)
            parts.append(Picked(chunk.number, chunk.part, chunk.ranges, self._all(chunk, picked)))
        return parts

    def assembled(self, chunk: Chunk, made: Sequence[tuple[Chunk, pd.DataFrame]]) -> pd.DataFrame:
        """The rows of a chunk: those made of the parts that were not there, and the others."""
        known = self._known(chunk)
        if known is None:
            return made[0][1]
        lengths = [len(each) for each in known]
        lows = [low for low, _ in self._kept(chunk, chunk.ranges)]
        frames, cells = [], []
        for part, frame in made:
            assert isinstance(part, Picked)
            chosen = self._kept(chunk, part.picked)
            inside = [np.asarray(each) - low for each, low in zip(chosen, lows, strict=True)]
            frames.append(frame)
            cells.append(self._cells(_ravel(inside, lengths), frame))
        for number, at, inside in self._overlapping(chunk, known):
            frame = self._stored(number)
            kept = self._kept(chunk, self.there[number].ranges)
            index = self._cells(np.arange(prod(high - low for low, high in kept)), frame)
            first, last = (np.searchsorted(index, at, side) for side in ("left", "right"))
            counts = last - first
            rows = np.arange(counts.sum()) + np.repeat(first - np.cumsum(counts) + counts, counts)
            frames.append(frame.iloc[rows])
            cells.append(np.repeat(_ravel(inside, lengths), counts))
        frame = pd.concat(frames, ignore_index=True)
        return frame.take(np.argsort(np.concatenate(cells), kind="stable"))

    def take_over(self) -> None:
        """Put the larger sweep, which is whole, in the smaller one's place."""
        _take_over(self.folder)
        if self.claims is not None:
            self.claims.remove()

    def close(self) -> None:
        """Let other processes make the folder grow."""
        if self.claims is not None:
            self.claims.close()

    def _known(self, chunk: Chunk) -> list[NDArray[np.int64]] | None:
        """Of every axis that has rows the places in the smaller sweep, -1 where there is none.

        None where nothing is there, or no part of a chunk can be made by itself.
        """
        if self.here.split(chunk.part) or self.there.split(chunk.part):
            return None  # its groups are summed in pieces, which depend on all of them
        axes = self._kept(chunk, list(range(len(chunk.ranges))))
        ranges = self._kept(chunk, chunk.ranges)
        known = [self._places(chunk.part, k, *each) for k, each in zip(axes, ranges, strict=True)]
        return known if all((each >= 0).any() for each in known) else None

    def _places(self, part: int, k: int, low: int, high: int) -> NDArray[np.int64]:
        """Where the values low to high - 1 of an axis are on the smaller sweep's."""
        here = _values(self.here.job.axes[part], k)[low:high]
        there = _values(self.there.job.axes[part], k)
        if isinstance(there, range):
            return np.array([there.index(each) if each in there else -1 for each in here])
        index = self._index.setdefault((part, k), {repr(each): i for i, each in enumerate(there)})
        return np.array([index.get(repr(each), -1) for each in here])

    @cached_property
    def _index(self) -> dict[tuple[int, int], dict[str, int]]:
        return {}

    def _overlapping(
        self, chunk: Chunk, known: Sequence[NDArray[np.int64]]
    ) -> Iterator[tuple[int, NDArray[np.int64], list[NDArray[np.int64]]]]:
        """The smaller sweep's chunks with rows of this one: number, which rows, and where here."""
        tiles = self._kept(chunk, self.there.tiles[chunk.part])
        counts = self.there.counts[chunk.part]
        before = sum(prod(each) for each in self.there.counts[: chunk.part])
        tile_of = [
            np.where(places >= 0, places // size, -1)
            for places, size in zip(known, tiles, strict=True)
        ]
        for tile in product(*(np.unique(each[each >= 0]).tolist() for each in tile_of)):
            inside = [np.flatnonzero(each == t) for each, t in zip(tile_of, tile, strict=True)]
            number = before + int(np.ravel_multi_index(self._spread(chunk, tile), counts))
            ranges = self._kept(chunk, self.there[number].ranges)
            at = [
                places[rows] - low
                for places, rows, (low, _) in zip(known, inside, ranges, strict=True)
            ]
            yield number, _ravel(at, [high - low for low, high in ranges]), inside

    def _stored(self, number: int) -> pd.DataFrame:
        """The rows of one of the smaller sweep's chunks; a few are held."""
        if number not in self._held:
            file = chunk_files.read("store", self.folder, self.names[number])
            table = file.read(use_threads=chunk_files.THREADS)
            while len(self._held) >= HELD:
                self._held.pop(next(iter(self._held)))
            words = chunk_files.words_of(file.schema_arrow)
            self._held[number] = chunk_files.frame_of([table], words)
        return self._held[number]

    @cached_property
    def _held(self) -> dict[int, pd.DataFrame]:
        return {}

    def _cells(self, cells: NDArray[np.int64], frame: pd.DataFrame) -> NDArray[np.int64]:
        """Of every row of a frame the combination that it is of, given those of the frame."""
        record = self.here.job.record
        if record == "summary":
            return cells
        first = frame["step" if record == "steps" else "epoch"].to_numpy() == 1
        rows: NDArray[np.int64] = cells[np.cumsum(first) - 1]
        return rows

    def _kept(self, chunk: Chunk, values: Sequence[Any]) -> list[Any]:
        """Those of the axes that are not summarised over."""
        job = self.here.job
        reduced = job.reduced(job.axes[chunk.part])
        return [value for value, over in zip(values, reduced, strict=True) if not over]

    def _spread(self, chunk: Chunk, tile: Sequence[int]) -> list[int]:
        """A tile of the axes that are not summarised over as one of all axes."""
        job = self.here.job
        rest = iter(tile)
        return [0 if over else next(rest) for over in job.reduced(job.axes[chunk.part])]

    def _all(self, chunk: Chunk, picked: Sequence[NDArray[np.int64]]) -> tuple[Sequence[int], ...]:
        """What is picked of every axis: of those that are summarised over, everything."""
        job = self.here.job
        rest = iter(picked)
        return tuple(
            range(low, high) if over else tuple((next(rest) + low).tolist())
            for (low, high), over in zip(
                chunk.ranges, job.reduced(job.axes[chunk.part]), strict=True
            )
        )


def _ravel(indices: Sequence[NDArray[np.int64]], lengths: Sequence[int]) -> NDArray[np.int64]:
    """The numbers of all combinations of indices, in C order."""
    if not lengths:
        return np.zeros(1, np.int64)
    numbers: NDArray[np.int64] = np.ravel_multi_index(np.ix_(*indices), lengths).ravel()
    return numbers


def _values(part: Axes, k: int) -> Sequence[Any]:
    """The values of an axis."""
    return part.hyper[k] if k < len(part.hyper) else list(part.common.values())[k - len(part.hyper)]


def _growing(part: Axes) -> dict[str, Sequence[Any]]:
    """The axes of an optimizer that may grow, by name."""
    hyper = zip(part.optimizer.rule.hyperparameters, part.hyper, strict=True)
    return {**dict(hyper), **{name: part.common[name] for name in COMMON}}


def _with_axes(job: Job, stored: Any) -> Job | None:
    """The job with the axes of a manifest, if it has all of their values."""
    parts = []
    if not isinstance(stored, list) or len(stored) != len(job.axes):
        return None
    for part, each in zip(job.axes, stored, strict=True):
        axes = _growing(part)
        if list(each) != list(axes) or part.state is not None:
            return None
        before = {name: _sequence(values) for name, values in each.items()}
        over = () if job.reduce is None else job.reduce.over
        for name, values in before.items():
            if not _within(values, axes[name]) or (name in over and values != axes[name]):
                return None
        hyper: Any = tuple(before[name] for name in part.optimizer.rule.hyperparameters)
        common = {name: before.get(name, values) for name, values in part.common.items()}
        parts.append(replace(part, hyper=hyper, common=common))
    return replace(job, axes=tuple(parts))


def _sequence(values: Any) -> Sequence[Any]:
    return range(*values["range"]) if isinstance(values, dict) else tuple(values)


def _within(values: Sequence[Any], more: Sequence[Any]) -> bool:
    """Whether an axis has all of these values."""
    if isinstance(more, range):
        if isinstance(values, range) and values.step % more.step == 0:
            return values[0] in more and values[-1] in more
        return all(each in more for each in values)
    return {*map(repr, values)} <= {*map(repr, more)}


def _same(made: Mapping[str, Any], content: Mapping[str, Any]) -> bool:
    """Whether what made a job's table is what a manifest says."""
    wanted = json.loads(json.dumps(made))
    there = {key: value for key, value in content.items() if key not in manifest.OWN}
    return not any(manifest.differences("", there, wanted))


def _unfinished(folder: Path) -> bool:
    """Whether a larger sweep is whole, and has not taken the folder over yet."""
    with suppress(ValueError):  # there is none, or it is damaged: it is made anew
        return bool(manifest.read("store", folder / GROWING)["complete"])
    return False


def _take_over(folder: Path) -> None:
    """Put a larger sweep that is whole in the smaller one's place.

    First its files, then the manifest that lists them, then the smaller one's files go: whatever
    ends this in between, `load` finds all files that a manifest lists, and it can be done again.
    """
    if not _unfinished(folder):
        return
    grown = folder / GROWING
    content = manifest.read("store", grown)
    for name in content["files"]:
        if (grown / name).exists():
            files.rename(grown / name, folder / name)
    files.write_bytes(folder / manifest.MANIFEST, manifest.encoded(content), ASIDE)
    for number, name in chunk_files.numbered(folder):
        if number is not None and name not in content["files"]:
            (folder / name).unlink()
    for aside in folder.glob(f"._manifest.*{ASIDE}"):  # of one that was killed here
        aside.unlink(missing_ok=True)
    files.remove_folder(grown)
