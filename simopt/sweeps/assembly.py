"""One table of the rows of all chunks, put together in memory or in a folder."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from simopt.sweeps import execution, memory, outcomes
from simopt.sweeps.chunks import Chunk, Chunks, Job
from simopt.sweeps.growth import Smaller
from simopt.sweeps.loading import load, no_rows
from simopt.sweeps.outcomes import Outcome
from simopt.sweeps.store import Store

#: The rows, how many trajectories and updates were made for them, and how it was stopped.
Done = tuple[pd.DataFrame, int, int, str | None]


@dataclass
class _Made:
    """What has been made so far."""

    chunks: int = 0
    trajectories: int = 0
    updates: int = 0

    def count(self, outcome: Outcome) -> None:
        """Add what was made for a chunk."""
        self.trajectories += outcome.trajectories
        self.updates += outcome.updates


def in_memory(chunks: Chunks, client: Any, workers: int, progress: bool | None) -> Done:
    """All rows of a job, held here."""
    table = outcomes.Table(chunks.job, chunks.job.axes)
    made, message = _Made(), None
    stream = execution.in_chunks(chunks, list(chunks), client, workers, progress)
    with closing(stream):
        try:
            for chunk, outcome in stream:
                made.count(outcome)
                made.chunks += 1
                table.fill(outcome, chunk.part, chunk.ranges)
        except KeyboardInterrupt:
            message = (
                f"interrupted after {made.chunks} of {len(chunks)} chunks; their rows are in .frame"
            )
    return table.frame(), made.trajectories, made.updates, message


def in_store(
    chunks: Chunks,
    folder: Store,
    smaller: Smaller | None,
    client: Any,
    workers: int,
    progress: bool | None,
) -> Done:
    """All rows of a job, stored chunk by chunk and read back.

    Other processes that store the same sweep make a part of them: chunks are claimed one by one.
    Of a smaller sweep that is there the rows are taken over.
    """
    missing = folder.missing(progress)
    before = len(chunks) - len(missing)
    made, claims = _Made(), folder.claims()
    where = folder.folder if smaller is None else smaller.folder

    def claim(number: int) -> bool:
        """A chunk for this process; not one that another has made since the folder was listed."""
        if not claims.take(number):
            return False
        if folder.has(number):
            claims.release(number)
            return False
        return True

    def stopped() -> Done:
        """No rows, and where those are that are done."""
        message = (
            f"interrupted after {before + made.chunks} of {len(chunks)} chunks, which are in "
            f"{str(where)!r}; the same sweep goes on from there"
        )
        return pd.DataFrame(), made.trajectories, made.updates, message

    try:
        while missing:
            every = [chunks[number] for number in missing]
            to_make = {each: [each] if smaller is None else smaller.to_make(each) for each in every}
            parts: dict[int, list[tuple[Chunk, pd.DataFrame]]] = {n: [] for n in missing}
            wanted = [part for each in every for part in to_make[each]]
            for each in every:
                if smaller is not None and not to_make[each]:
                    folder.keep(each.number, smaller.assembled(each, []))
            stream = execution.in_chunks(chunks, wanted, client, workers, progress, claim)
            with closing(stream):
                for part, outcome in stream:
                    number = part.number
                    made.count(outcome)
                    parts[number].append((part, outcomes.frame_of(chunks.job, part, outcome)))
                    del outcome  # the rows are read back from the folder
                    chunk = chunks[number]
                    if len(parts[number]) == len(to_make[chunk]):
                        rows = parts.pop(number)
                        if smaller is None:
                            folder.keep(number, rows[0][1])
                        else:
                            folder.keep(number, smaller.assembled(chunk, rows))
                        del rows
                        made.chunks += 1
                        claims.release(number)
            missing = folder.wait_for(missing, claims)
        folder.finish()
        if smaller is not None:
            smaller.take_over()
    except KeyboardInterrupt:
        return stopped()
    finally:
        claims.close()
        if smaller is not None:
            smaller.close()
    try:
        return _read_back(chunks.job, where), made.trajectories, made.updates, None
    except KeyboardInterrupt:
        return stopped()


def _read_back(job: Job, folder: Path) -> pd.DataFrame:
    """The stored rows; of a table that would not fit in memory the columns alone."""
    try:
        memory.check(job)
    except ValueError:
        return no_rows(folder)
    return load(folder)
