"""The one way through the engine: groups of trajectories -> tasks -> kernel calls -> results.

Sweeps, chunks of them, searches for a rate and trainings beside each other all come through here.
Arrays go in and arrays come out; what makes a table of them lies above.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import blocks, devices, keeping, layout, moments, tiers
from simopt.engine.blocks import Group, Task, cost
from simopt.engine.readers import Reader, codes_of
from simopt.ground import memory
from simopt.problems import Problem
from simopt.training.plan import Plan

Array = NDArray[Any]

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

#: What the engine says of every trajectory, by name.
RAW: dict[str, Callable[[Any], Array]] = {
    "w": lambda out: out.w,
    "loss": lambda out: out.loss,
    "best_loss": lambda out: out.best_loss,
    "peak": lambda out: out.peak,
    "best_at": lambda out: out.counts[layout.BEST_AT],
    "target_at": lambda out: out.counts[layout.TARGET_AT],
    "diverged_at": lambda out: out.counts[layout.DIVERGED_AT],
    "overshoots": lambda out: out.counts[layout.OVERSHOOTS],
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Conditions:
    """What trajectories have in common whatever their rule, plan and settings.

    Attributes
    ----------
    problem : Problem
        What is minimised.
    every : int
        Updates between two looks at the loss, or what `Plan.interval` takes for a number.
    limit : float, optional
        The loss above which a trajectory has diverged; None: nothing stops it.
    target : float, optional
        The loss whose first sight is noted.
    record : {"summary", "epochs", "steps"}
        Whether loss and weights are recorded by epoch, by update, or not at all.
    dtype : {"float64", "float32"}
        The precision.
    order : ndarray of int64 [epochs, n], optional
        The order of the points in every epoch, in place of the plan's shuffling.
    device : {"cpu", "cuda"}
        Where they run.
    reader : Reader, optional
        What reads every trajectory's curve and leaves a code of it.
    """

    problem: Problem
    every: int = 1
    limit: float | None = None
    target: float | None = None
    record: str = "summary"
    dtype: str = "float64"
    order: NDArray[np.int64] | None = None
    device: str = "cpu"
    reader: Reader | None = None

    @property
    def real(self) -> Any:
        """The precision as a type."""
        return np.dtype(self.dtype).type

    @cached_property
    def data(self) -> layout.Data:
        """The problem as a kernel takes it."""
        return blocks.pack(self.problem, self.real, self.limit, self.target)

    def tabled(self, plan: Plan) -> layout.Data:
        """The data with the moments of a plan's batches, which one call after another uses."""
        tables = self._tables
        if plan not in tables:
            while len(tables) > 1:
                del tables[next(iter(tables))]
            tables[plan] = moments.with_table(self.data, plan)
        return tables[plan]

    @cached_property
    def _tables(self) -> dict[Plan, layout.Data]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        # Arrays for kernels are made where they run.
        return {key: each for key, each in vars(self).items() if key not in {"data", "_tables"}}

    def tasks(
        self,
        group: Group,
        updates: int,
        width: int | None = None,
        apart: bool = False,
        least: int = 1,
    ) -> list[Task]:
        """The calls of a kernel for a group, each of about so many updates."""
        given = self.order is not None
        return blocks.tasks(group, self.problem, self.real, updates, given, width, apart, least)


@dataclass
class Results:
    """What trajectories did, a row each in all arrays; filled as tasks finish.

    Attributes
    ----------
    planned : ndarray [N]
        Updates, unless divergence or the target ends it early.
    raw : dict
        Of the names in `RAW` those asked for: [N], weights [d, N].
    codes : ndarray of int8 [N], optional
        What the reader left of each curve.
    done : ndarray of bool [N]
        Whether it has run.
    offset : ndarray [N]
        Where its records begin in ``recorded_loss`` [records] and ``recorded_w`` [records, d].
    even : bool
        Whether all have as many records.
    stops_at_target : bool
        Whether the target ends a trajectory.
    state : ndarray [rows, N], optional
        Where it stands at the end, in the rows of `keeping`; nan behind the last of its rule's.
    """

    planned: NDArray[np.int64]
    raw: dict[str, Array]
    codes: NDArray[np.int8] | None
    done: NDArray[np.bool_]
    offset: NDArray[np.int64]
    even: bool
    recorded_loss: Array
    recorded_w: Array
    stops_at_target: bool
    state: NDArray[np.float64] | None = None

    @property
    def ended_at(self) -> NDArray[np.int64]:
        """The update at which a trajectory ended early: diverged or at the target; 0 if neither."""
        diverged_at: Array = self.raw["diverged_at"]
        if not self.stops_at_target:
            return diverged_at
        return np.where(diverged_at > 0, diverged_at, self.raw["target_at"])

    @property
    def updates(self) -> NDArray[np.int64]:
        """The updates that every trajectory made."""
        last = self.ended_at
        return np.where(last > 0, last, self.planned)

    @property
    def all_updates(self) -> int:
        """The updates of all trajectories together."""
        last = self.ended_at
        early = np.flatnonzero(last)
        return int(self.planned.sum()) - int((self.planned[early] - last[early]).sum())


def allocate(
    conditions: Conditions, groups: Sequence[Group], names: Collection[str] = tuple(RAW)
) -> Results:
    """Room for the results of some groups, whose rows are 0 to N - 1, every one of them once."""
    rows, d, real = sum(group.size for group in groups), conditions.problem.d, conditions.real
    records, recorded = np.zeros(1, np.int64), 0
    if conditions.record != "summary":
        by_epoch = conditions.record == "epochs"
        records = _per_row(groups, rows, lambda plan: plan.epochs if by_epoch else plan.updates)
        recorded = int(records.sum())
        longest = max(group.plan.epochs for group in groups)
        records_of = f"the records of {rows:,} trajectories of {d:,} weights"
        size = np.dtype(real).itemsize
        memory.check("epochs", longest, 2.0 * recorded * (1 + d), size, what=records_of)
    raw: dict[str, Array] = {}
    for name in names:
        counted = name.endswith("_at") or name == "overshoots"
        shape = (d, rows) if name == "w" else rows
        raw[name] = np.zeros(shape, np.int64) if counted else np.empty(shape, real)
    return Results(
        planned=_per_row(groups, rows, lambda plan: plan.updates),
        raw=raw,
        codes=None if conditions.reader is None else np.zeros(rows, np.int8),
        done=np.zeros(rows, bool),
        offset=np.cumsum(records) - records,
        even=records.strides == (0,),
        recorded_loss=np.empty(recorded, real),
        recorded_w=np.empty((recorded, d), real),
        stops_at_target=groups[0].plan.stop_at_target,
        state=_room_for_state(groups, rows, d),
    )


def _room_for_state(groups: Sequence[Group], rows: int, d: int) -> NDArray[np.float64] | None:
    if not groups[0].plan.keep_state:
        return None
    return np.full((max(keeping.rows(group.rule, d) for group in groups), rows), np.nan)


def _per_row(
    groups: Sequence[Group], rows: int, number: Callable[[Plan], int]
) -> NDArray[np.int64]:
    """A number of every row's plan; where all plans have the same one it is stored once."""
    numbers = [number(group.plan) for group in groups]
    if len({*numbers}) == 1:
        return np.broadcast_to(np.int64(numbers[0]), rows)
    values = np.empty(rows, np.int64)
    for group, each in zip(groups, numbers, strict=True):
        values[group.setting_rows[:, None] + group.seed_rows] = each
    return values


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
    record = blocks.RECORD_CODE["epochs" if reader is not None else conditions.record]
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
        width = blocks.width_for(settings, problem, conditions.real)
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


def store(
    task: Task,
    out: layout.Out | layout.Kept,
    results: Results,
    codes: NDArray[np.int8] | None = None,
) -> None:
    """Scatter a task's columns to the rows of the results."""
    if results.recorded_loss.size:
        _store_records(task, out, results)
    for name, target in results.raw.items():
        blocks.scatter(task, RAW[name](out), target)
    if codes is not None and results.codes is not None:
        blocks.scatter(task, codes, results.codes)
    if results.state is not None and isinstance(out, layout.Kept):
        blocks.scatter(task, out.state, results.state[: len(out.state)])
    blocks.scatter(task, np.ones(len(out.loss), bool), results.done)


def _store_records(task: Task, out: layout.Out | layout.Kept, results: Results) -> None:
    if results.even:
        rows, d = len(results.done), out.recorded_w.shape[1]
        blocks.scatter(task, out.recorded_loss, results.recorded_loss.reshape(rows, -1).T)
        by_row = results.recorded_w.reshape(rows, -1, d)
        blocks.scatter(task, out.recorded_w, np.moveaxis(by_row, 0, -1))
        return
    setting, seed, real = task.members()
    row = task.group.setting_rows[setting[real]] + task.group.seed_rows[seed[real]]
    lanes = np.flatnonzero(real)
    places = np.arange(len(out.recorded_loss))[:, None] + results.offset[row]
    results.recorded_loss[places] = out.recorded_loss[:, lanes]
    results.recorded_w[places] = np.moveaxis(out.recorded_w[:, :, lanes], 1, 2)


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
