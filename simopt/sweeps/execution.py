"""Getting the work done: a whole table at once on threads, or chunk by chunk anywhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm.auto import tqdm

from simopt.engine import run
from simopt.engine.grouping import cost
from simopt.engine.results import Results, allocate
from simopt.sweeps import axes, clients, outcomes, worker
from simopt.sweeps.chunks import Chunk, Chunks, Job
from simopt.sweeps.outcomes import Outcome
from simopt.sweeps.reduction import selection
from simopt.sweeps.reduction.summaries import summarise

#: The work in one call to an executor, in units of `cost`: about half a second, so that sending
#: work and results takes a few per cent of it. Small chunks are sent together.
SENT_COST = 500_000_000

#: A short sweep is cut into so many calls a worker, so that none waits long for the others, but not
#: into calls below ``SENT_COST / LEAST_SHARE``.
PARCELS_PER_WORKER, LEAST_SHARE = 4, 10

#: Partial results are merged in batches of this many, in piece order.
MERGED = 8

#: What runs items anywhere: a function of (job, item), and items -> (item, result) as they end.
Runner = Callable[[Callable[..., Any], Iterable[Any]], Generator[tuple[Any, Any]]]


def bar(total: int, progress: bool | None) -> Any:
    """A progress bar in updates, for work of more than a second or two."""
    return tqdm(
        total=total,
        unit=" updates",
        unit_scale=True,
        delay=1.0,
        disable=None if progress is None else not progress,
    )


def whole(job: Job, workers: int, progress: bool | None) -> tuple[Results, bool]:
    """The results of all trajectories on a pool of threads, and whether Ctrl-C came."""
    results = allocate(job, job.groups)
    shown = bar(int(results.planned.sum()), progress)
    try:
        run.fill(job, job.groups, results, threads=workers, progress=shown.update)
    except KeyboardInterrupt:
        return results, True
    finally:
        shown.close()
    return results, False


def in_chunks(
    chunks: Chunks,
    wanted: Sequence[Chunk],
    client: Any,
    workers: int,
    progress: bool | None,
    claim: Callable[[int], bool] = lambda number: True,
) -> Generator[tuple[Chunk, Outcome]]:
    """(chunk, what came of it) of some chunks, in the order in which they are done.

    A chunk is left out if ``claim`` of its number says so, which is called just before its turn.
    """
    job = chunks.job
    shown = bar(sum(_planned(job, chunk) for chunk in wanted), progress)

    def start(function: Callable[..., Any], items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        if client is not None:
            return clients.completed(client, function, job, items)
        stop = np.zeros(2, np.int64)
        return run.on_threads(lambda item: function(job, item, stop), items, workers, stop)

    split = [chunks.split(part) for part in range(len(job.axes))]
    single = (chunk for chunk in wanted if not split[chunk.part] and claim(chunk.number))
    parcels: Iterable[tuple[Chunk, ...]] = ((chunk,) for chunk in single)
    if client is not None:
        share = sum(_cost(job, chunk) for chunk in wanted) // (workers * PARCELS_PER_WORKER)
        parcels = _parcels(job, single, max(SENT_COST // LEAST_SHARE, min(SENT_COST, share)))
    try:
        with closing(start(do if client is None else send, parcels)) as done:
            for parcel, parts in done:
                for chunk, outcome in zip(parcel, parts, strict=True):
                    yield chunk, outcome
                    shown.update(_planned(job, chunk))
        for chunk in wanted:
            if split[chunk.part] and claim(chunk.number):
                yield chunk, _in_pieces(chunks, chunk, start, shown)
    finally:
        shown.close()


def _parcels(job: Job, single: Iterable[Chunk], most: int) -> Iterator[tuple[Chunk, ...]]:
    """Chunks grouped, lazily, into parcels of one, or of several that cost at most so much."""
    parcel: list[Chunk] = []
    held = 0
    for chunk in single:
        cost = _cost(job, chunk)
        if parcel and held + cost > most:
            yield tuple(parcel)
            parcel, held = [], 0
        parcel.append(chunk)
        held += cost
    if parcel:
        yield tuple(parcel)


def _cost(job: Job, chunk: Chunk) -> int:
    """What the trajectories of a chunk take, as `cost` counts."""
    plans = [plan for _, plan in axes.plans(chunk.of(job), job.problem)]
    return sum(cost(job.problem, plan) for plan in plans) * chunk.size // len(plans)


def _in_pieces(chunks: Chunks, chunk: Chunk, start: Runner, shown: Any) -> Outcome:
    """The summaries of groups that are too large for one worker, or take one too long."""
    job, pieces = chunks.job, chunks.pieces(chunk)
    assert job.reduce is not None
    quantiles = job.reduce.quantiles
    updates = 0

    def reading(function: Callable[..., Any], merge: Callable[[list[Any]], Any]) -> Any:
        """The readings of all pieces, merged in their order, so that few are held at any time."""
        nonlocal updates
        held: dict[int, Any] = {}
        merged: list[Any] = []
        count = 0
        items = ((number, piece, function) for number, piece in enumerate(pieces))
        with closing(start(read, items)) as done:
            for (number, piece, _), (result, piece_updates) in done:
                held[number] = result
                updates += piece_updates
                shown.update(_planned(job, piece))
                # The same pieces at a time, whichever came first: a sum's last bit depends on it.
                while batch := range(count, min(count + MERGED, len(pieces))):
                    if not all(each in held for each in batch):
                        break
                    merged = [merge([*merged, *(held.pop(each) for each in batch)])]
                    count = batch.stop
        return merged[0]

    if chunks.held(chunk.part):
        values, diverged, reached = reading(_as_they_are, _one_after_the_other)
        summaries = summarise(values, diverged, reached, quantiles)
    else:
        state = reading(partial(selection.first, quantiles=quantiles), selection.merge)
        while (question := selection.ask(state, quantiles)) is not None:
            # The trajectories run again, and only the bins in question are read, more finely.
            shown.total += _planned(job, chunk)
            shown.refresh()
            answers = reading(partial(_answer, question), partial(selection.join, question))
            state = selection.refine(state, question, [answers])
        summaries = selection.finish(state, quantiles)
    return Outcome(summaries, chunk.size, updates)


def _as_they_are(values: Any, diverged: Any, reached: Any) -> Any:
    return values, diverged, reached


def _one_after_the_other(parts: list[Any]) -> Any:
    """The values of some pieces as those of one."""
    columns, diverged, reached = zip(*parts, strict=True)
    values = {name: np.concatenate([each[name] for each in columns]) for name in columns[0]}
    return (
        values,
        np.concatenate(diverged),
        None if reached[0] is None else np.concatenate(reached),
    )


def _answer(question: Any, values: Any, diverged: Any, reached: Any) -> Any:
    """A later reading takes the values alone."""
    return selection.answer(values, question)


def _planned(job: Job, chunk: Chunk) -> int:
    return axes.most_and_all_updates([chunk.of(job)], job.problem)[1]


def do(job: Job, item: tuple[Chunk, ...], stop: NDArray[np.int64] | None = None) -> list[Any]:
    """What comes of some chunks."""
    return [worker.compute(job, chunk, stop) for chunk in item]


def send(job: Job, item: tuple[Chunk, ...]) -> list[Outcome]:
    """The same, made small for the way to another process."""
    return [outcomes.compact(outcome) for outcome in do(job, item)]


def read(
    job: Job,
    item: tuple[int, Chunk, Callable[..., Any]],
    stop: NDArray[np.int64] | None = None,
) -> Any:
    """One reading of one piece."""
    _, piece, reading = item
    return worker.read(job, piece, reading, stop)
