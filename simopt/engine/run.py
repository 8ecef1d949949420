"""The one way through the engine: groups of trajectories -> tasks -> kernel calls -> results.

Sweeps, chunks of them, searches for a rate and trainings beside each other all come through here.
Arrays go in and arrays come out; what makes a table of them lies above.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import devices, grouping, layout, packing, tiers
from simopt.engine.conditions import Conditions
from simopt.engine.grouping import Group, Task, cost
from simopt.engine.readers import codes_of
from simopt.engine.results import Results, store

#: Updates of a task on threads, counted as `cost` does: about 20 ms of work, so that progress moves
#: and Ctrl-C is heard.
TASK_UPDATES = 20_000_000

#: Few updates are cut finer, so that no thread waits long for the others' last task; but not below
#: some 0.1 ms of work, which is what handing a task to a thread costs.
TASKS_PER_THREAD, LEAST_UPDATES = 4, 100_000

#: Updates of a job, counted as `cost` does, that are made in the caller's thread: 2 ms at most. A
#: pool of threads takes a quarter of one, and more where others keep the cores busy.
BRIEF = 1_000_000

#: Updates of all lanes of a call whose curves are read: their losses and weights by epoch, which
#: are kept until then, take 10 to 100 MB.
READ_UPDATES = 1_000_000


def fill(
    conditions: Conditions,
    groups: Sequence[Group],
    results: Results,
    *,
    threads: int | None = None,
    pulse: NDArray[np.int64] | None = None,
    progress: Callable[[int], Any] = lambda updates: None,
) -> bool:
    """Run every trajectory of some groups and store what it did in its row.

    Small ones run in the caller's thread; the smallest without a kernel being compiled (`tiers`).

    Parameters
    ----------
    conditions : Conditions
        What all have in common.
    groups : sequence of Group
        The trajectories.
    results : Results
        Of `allocate` for these groups.
    threads : int, optional
        So many threads of their own (a kernel releases the GIL), while the caller's listens for
        Ctrl-C. None: task after task in the caller's thread, all in one buffer.
    pulse : ndarray of int64 [2], optional
        Without threads: set ``pulse[0]`` to 1 from elsewhere to stop.
    progress : callable, optional
        Called with the planned updates of every task that has ended.

    Returns
    -------
    bool
        Whether all have run, that is, ``pulse`` stopped nothing.
    """
    pulse = np.zeros(2, np.int64) if pulse is None else pulse
    compute = devices.compute(conditions.device)
    reader = conditions.reader
    record = packing.RECORD_CODE["epochs" if reader is not None else conditions.record]
    stops = conditions.limit is not None

    def with_data(task: Task) -> tuple[Task, layout.Data]:
        by_moments = task.points == "moments"
        return task, conditions.tabled(task.group.plan) if by_moments else conditions.data

    def run(item: tuple[Task, layout.Data], before: layout.Out | layout.Kept | None = None) -> Any:
        task, data = item
        out = compute(
            task, data, conditions.problem, conditions.every, record, stops, conditions.order,
            pulse, before,
        )  # fmt: skip
        return out, None if reader is None else codes_of(reader, conditions.problem, task, out)

    def keep(item: tuple[Task, layout.Data], result: Any) -> None:
        store(item[0], result[0], results, result[1])
        progress(item[0].count * item[0].group.plan.updates)

    large = []
    for group, way in tiers.split(conditions, groups):
        ended = None
        if way == "python":
            cut = conditions.tasks(group, group.size * group.plan.updates, tiers.LANES)
            ended = tiers.attempt(run, map(with_data, cut))
        if pulse[0]:
            return False
        for item, result in ended or ():
            keep(item, result)
        if ended is None:
            large.append((group, way != "whole"))
    if not large:
        return True
    if _brief(conditions, [group for group, _ in large]):
        threads = None

    def work() -> Iterator[tuple[Task, layout.Data]]:
        total = sum(group.size * group.plan.updates for group, _ in large)
        for group, apart in large:
            updates = _task_updates(conditions, group, total, threads)
            cut = conditions.tasks(group, updates, apart=apart, least=threads or 1)
            yield from map(with_data, cut)

    if threads is None:
        out = None
        for item in work():
            result = out, _ = run(item, out)
            if pulse[0]:
                return False
            keep(item, result)
        return True
    with closing(on_threads(run, work(), threads, pulse)) as finished:
        for item, result in finished:
            keep(item, result)
    return True


def _brief(conditions: Conditions, groups: Iterable[Group]) -> bool:
    """Whether a job takes less time than threads for it would."""
    problem, most = conditions.problem, BRIEF
    for group in groups:
        settings, seeds = group.settings.shape[1], len(group.seeds)
        width = grouping.width_for(settings, problem, conditions.real)
        most -= -(-settings // width) * width * seeds * cost(problem, group.plan)
    return conditions.device == "cpu" and most >= 0


def _task_updates(conditions: Conditions, group: Group, total: int, threads: int | None) -> int:
    """Updates of one call of a kernel."""
    updates = devices.TASK_TRAJECTORIES[conditions.device] * group.plan.updates
    if threads is not None and conditions.device == "cpu":
        dearer = cost(conditions.problem, group.plan) // group.plan.updates
        finer = max(total // (threads * TASKS_PER_THREAD), LEAST_UPDATES // dearer)
        updates = min(finer, TASK_UPDATES // dearer)
    return updates if conditions.reader is None else min(updates, READ_UPDATES)


def on_threads(
    run: Callable[[Any], Any], items: Iterable[Any], threads: int, pulse: NDArray[np.int64]
) -> Generator[tuple[Any, Any]]:
    """(item, result) as they end; leaving early stops what runs, through ``pulse[0]``."""
    pool = ThreadPoolExecutor(threads)
    queue = iter(items)
    running: dict[Future[Any], Any] = {}
    finished: SimpleQueue[Future[Any]] = SimpleQueue()
    try:
        while True:
            while len(running) < 2 * threads and (item := next(queue, None)) is not None:
                future = pool.submit(run, item)
                running[future] = item
                future.add_done_callback(finished.put)
            if not running:
                return
            try:
                # With a timeout, for without one Ctrl-C is not heard everywhere.
                future = finished.get(timeout=0.2)
            except Empty:
                continue
            yield running.pop(future), future.result()
    finally:
        pulse[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)
