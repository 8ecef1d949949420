"""Getting the work done: a whole table at once on threads, or chunk by chunk anywhere."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm.auto import tqdm

from simopt.engine import blocks, devices
from simopt.sweeps import axes, chunks, clients, worker
from simopt.sweeps import results as frames
from simopt.sweeps.chunks import Chunk, Chunks, Job
from simopt.sweeps.reduction import selection
from simopt.sweeps.reduction.summaries import summarise

#: Lane updates of one task: about 20 ms of work on the four points, so that progress moves and
#: Ctrl-C is heard.
TASK_UPDATES = 20_000_000

#: A small sweep is cut finer, so that no core waits long for the others' last task.
TASKS_PER_WORKER = 4

#: What one call of an executor does, as `chunks.cost` counts: half a second, of which sending work
#: and results to and fro takes a few per cent. Small chunks travel together.
SENT_COST = 500_000_000

#: What so many pieces say is put together at once, whichever came first.
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


def whole(
    job: Job, workers: int, progress: bool | None
) -> tuple[NDArray[np.int64], frames.Results, bool]:
    """All trajectories into one table on a pool of threads (the kernels release the GIL).

    The planned updates, the results, and whether Ctrl-C came.
    """
    planned = axes.per_plan(job.axes, job.problem, lambda how: how.updates)
    total = int(planned.sum())
    keys = {"summary": None, "epochs": None, "steps": planned}
    records = keys[job.record]
    if job.record == "epochs":
        records = axes.per_plan(job.axes, job.problem, lambda how: how.epochs)
    results = frames.allocate(
        len(planned), job.problem.d, job.real, frames.wanted(job.diagnosis), records=records
    )
    work, data = [], {}
    for group in _groups(job):
        dearer = chunks.cost(job.problem, group.plan) // group.plan.updates
        share = min(total // (workers * TASKS_PER_WORKER), TASK_UPDATES // dearer)
        if job.diagnosis:
            share = min(share, worker.DIAGNOSED_UPDATES)
        if job.device != "cpu":
            share = devices.TASK_TRAJECTORIES[job.device] * group.plan.updates
        cut = blocks.tasks(group, job.problem, job.real, share, job.order is not None)
        by_moments = cut[0].points == "moments"
        if group.plan not in data:
            data[group.plan] = blocks.with_moments(job.data, group.plan) if by_moments else job.data
        work += cut
    compute = worker.runner(job)
    stop = np.zeros(2, np.int64)

    def run(task: blocks.Task) -> Any:
        how = task.group.plan
        return compute(task, data[how], *job.settings(how), stop)

    shown = bar(total, progress)
    try:
        with closing(_on_threads(run, work, workers, stop)) as done:
            for task, out in done:
                frames.store(task, out, results)
                shown.update(task.count * task.group.plan.updates)
    except KeyboardInterrupt:
        return planned, results, True
    finally:
        shown.close()
    return planned, results, False


def _groups(job: Job) -> Iterator[blocks.Group]:
    first = 0
    for part in job.axes:
        yield from axes.groups(part, job.problem, first=first)
        first += part.size


def _on_threads(
    run: Callable[[Any], Any], items: Iterable[Any], workers: int, stop: NDArray[np.int64]
) -> Generator[tuple[Any, Any]]:
    """(item, result) as they end; leaving early stops what runs, through ``stop[0]``."""
    pool = ThreadPoolExecutor(workers)
    queue = iter(items)
    running: dict[Future[Any], Any] = {}
    try:
        while True:
            while len(running) < 2 * workers and (item := next(queue, None)) is not None:
                running[pool.submit(run, item)] = item
            if not running:
                return
            finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                yield running.pop(future), future.result()
    finally:
        stop[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)


def in_chunks(
    job: Job, numbers: Iterable[int], client: Any, workers: int, progress: bool | None
) -> Generator[tuple[int, pd.DataFrame]]:
    """(number, rows) of the chunks asked for, in the order in which they are done."""
    every = Chunks(job)
    asked = list(numbers)
    updates = {number: _planned(job, every[number]) for number in asked}
    shown = bar(sum(updates.values()), progress)

    def run(function: Callable[..., Any], items: Iterable[Any]) -> Generator[tuple[Any, Any]]:
        if client is not None:
            return clients.completed(client, function, job, items)
        stop = np.zeros(2, np.int64)
        return _on_threads(lambda item: function(job, item, stop), items, workers, stop)

    apart = {part: every.split(part) for part in range(len(job.axes))}
    alone = [number for number in asked if not apart[every[number].part]]
    together: list[tuple[Chunk, ...]] = [(every[number],) for number in alone]
    if client is not None:
        together = _together(job, [every[number] for number in alone])
    try:
        with closing(run(do, together)) as done:
            for _, made in done:
                for number, frame in made:
                    yield number, frame
                    shown.update(updates[number])
        for number in asked:
            chunk = every[number]
            if apart[chunk.part]:
                yield number, _in_pieces(every, chunk, run, shown)
    finally:
        shown.close()


def _together(job: Job, alone: list[Chunk]) -> list[tuple[Chunk, ...]]:
    """Chunks in parcels that are worth sending."""
    parcels: list[tuple[Chunk, ...]] = []
    held = SENT_COST
    for chunk in alone:
        part = job.axes[chunk.part].within(chunk.box)
        plans = [how for _, how in axes.plans(part, job.problem)]
        cost = sum(chunks.cost(job.problem, how) for how in plans) * chunk.size // len(plans)
        if held + cost > SENT_COST:
            parcels.append(())
            held = 0
        parcels[-1] += (chunk,)
        held += cost
    return parcels


def _in_pieces(cut: Chunks, chunk: Chunk, run: Runner, shown: Any) -> pd.DataFrame:
    """The rows of groups that are too large for one worker, or take one too long."""
    job, pieces = cut.job, cut.pieces(chunk)
    assert job.reduce is not None
    asked = job.reduce.quantiles
    updates = 0

    def reading(function: Callable[..., Any], merge: Callable[[list[Any]], Any]) -> Any:
        """What all pieces say, merged in their order, so that few are held at any time."""
        nonlocal updates
        held: dict[int, Any] = {}
        merged: list[Any] = []
        count = 0
        items = ((number, piece, function) for number, piece in enumerate(pieces))
        with closing(run(read, items)) as done:
            for (number, piece, _), (found, made) in done:
                held[number] = found
                updates += made
                shown.update(_planned(job, piece))
                # The same pieces at a time, whichever came first: a sum's last bit depends on it.
                while batch := range(count, min(count + MERGED, len(pieces))):
                    if not all(each in held for each in batch):
                        break
                    merged = [merge([*merged, *(held.pop(each) for each in batch)])]
                    count = batch.stop
        return merged[0]

    if cut.held(chunk.part):
        values, diverged, reached = reading(_as_they_are, _one_after_the_other)
        summaries = summarise(values, diverged, reached, asked)
    else:
        state = reading(partial(selection.first, quantiles=asked), selection.merge)
        while (question := selection.ask(state, asked)) is not None:
            # They are run again, and looked at more closely.
            shown.total += _planned(job, chunk)
            shown.refresh()
            answers = reading(partial(_answer, question), partial(selection.join, question))
            state = selection.refine(state, question, [answers])
        summaries = selection.finish(state, asked)
    frame = worker.reduced_frame(job, job.axes[chunk.part].within(chunk.box), summaries)
    frame.attrs = {"trajectories": chunk.size, "updates": updates}
    return frame


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
    part = job.axes[chunk.part].within(chunk.box)
    return axes.most_and_all_updates([part], job.problem)[1]


def do(
    job: Job, item: tuple[Chunk, ...], stop: NDArray[np.int64] | None = None
) -> list[tuple[int, Any]]:
    """The rows of some chunks."""
    return [(chunk.number, worker.compute(job, chunk, stop)) for chunk in item]


def read(
    job: Job,
    item: tuple[int, Chunk, Callable[..., Any]],
    stop: NDArray[np.int64] | None = None,
) -> Any:
    """One reading of one piece."""
    _, piece, reading = item
    return worker.read(job, piece, reading, stop)
