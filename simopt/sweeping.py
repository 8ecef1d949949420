"""Many trajectories: axes -> groups -> blocks on all cores -> one table."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from tqdm.auto import tqdm

from simopt import axes, checks, frames, plan, shuffling
from simopt.engine import blocks, layout
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule

RECORDS = ("summary", "epochs", "steps")
DTYPES = {"float64": np.float64, "float32": np.float32}

#: Lane updates of one task: about 20 ms of work on the four points, so that progress moves and
#: Ctrl-C is heard.
TASK_UPDATES = 20_000_000

#: A small sweep is cut finer, so that no core waits long for the others' last task.
TASKS_PER_WORKER = 4

#: Values of an axis that `attrs` lists; of a longer one it gives number and ends.
LISTED = 20

#: The share of the memory that is free which a result may take.
MEMORY_SHARE = 0.7


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep. ``frame`` holds the trajectories that were finished."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(f"interrupted after {len(frame)} rows; they are in .frame")
        self.frame = frame


def sweep(
    problem: Problem,
    optimizers: Optimizer | Sequence[Optimizer],
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    epochs: int | Sequence[int] = 1,
    shuffle: str | Sequence[str] = "never",
    seed: int | Sequence[int] = 0,
    order: ArrayLike | None = None,
    schedule: Schedule | str | Sequence[Schedule | str | None] | None = None,
    clip_norm: float | Sequence[float | None] | None = None,
    clip_value: float | Sequence[float | None] | None = None,
    box: tuple[float, float] | None = None,
    drop_last: bool = False,
    convention: str | Sequence[str] | None = None,
    target: float | None = None,
    divergence: float | None = 1e6,
    evaluate: int | str | None = None,
    record: str = "summary",
    dtype: str = "float64",
    progress: bool | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """Run every combination of the axes and tabulate what each trajectory did.

    Parameters
    ----------
    problem : Problem
        What to minimise, and from where.
    optimizers : Optimizer or sequence of Optimizer
        A hyperparameter that is a sequence is an axis, of that optimizer only.
    batch_size, epochs, shuffle, seed, schedule, clip_norm, clip_value
        As in `run`; a sequence is an axis.
    order : array_like of int [epochs, n], optional
        The order of the points in every epoch, in place of shuffle and seed.
    box : (float, float), optional
        The least and the largest that a weight may be; see `run`.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is short.
    convention : str or sequence of str, optional
        The convention of every optimizer, in place of its own; a sequence is an axis.
    target : float, optional
        The loss that ``steps_to_target`` waits for.
    divergence : float or None, default 1e6
        A loss above this many times the initial loss, or not finite, ends a trajectory and marks
        it. None lets every trajectory run on.
    evaluate : int, "epoch" or None
        Updates between two looks at the full loss (for best_loss, steps_to_target, divergence).
        None means every update for least squares, where it is cheap, and every epoch otherwise.
    record : {"summary", "epochs", "steps"}
        A row per trajectory, per epoch of each, or per update of each.
    dtype : {"float64", "float32"}
        The precision of the trajectories.
    progress : bool or None
        Show a progress bar; None shows one on a terminal, for work of more than a second or two.
    threads : int or None
        How many; None means NUMBA_NUM_THREADS if set, else all cores this process may use. The
        results do not depend on it.

    Returns
    -------
    DataFrame
        The columns optimizer, convention, the hyperparameters (NaN where an optimizer has none),
        batch_size, shuffle, seed, epochs (and of switches, schedule, clip_norm, clip_value those
        that were set); then status ("ok" or "diverged"), updates, diverged_at,
        w (or w_0, w_1, ...), loss, best_loss, best_at, distance (from the optimum; NaN where that
        is unknown), steps_to_target, overshoots (sign changes of w - optimum; d = 1) and
        peak_distance. With ``record="epochs"`` or ``"steps"`` the key columns, then epoch (and
        step), loss, w. ``attrs`` says what made it.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the table would not fit in memory.
    Interrupted
        On Ctrl-C, a KeyboardInterrupt that carries the finished rows.

    Notes
    -----
    A trajectory's bits depend on its own settings and seed alone: not on threads, on the order of
    the grid, or on what else is swept. Sums run in order, point by point; but with
    ``shuffle="never"``, least squares of several weights and a batch of at least d points, a batch
    enters by its moments, ``g = A w - b`` with ``A = 2 / B sum x x^T``, ``b = 2 / B sum x y``. That
    is d^2 products in place of 2 d B, and errs by at most ``(d + 2) u (|A| |w| + |b|)``, with u the
    unit roundoff, besides the rounding of A and b themselves: about what the sum over points errs.

    Examples
    --------
    >>> import simopt
    >>> frame = simopt.sweep(
    ...     simopt.problems.four_points(), simopt.SGD(eta=[0.05, 0.1, 1.0]), epochs=10
    ... )
    >>> frame[["eta", "status", "updates", "w"]].round(3)
        eta    status  updates        w
    0  0.05        ok       40      5.0
    1  0.10        ok       40      5.0
    2  1.00  diverged        7 -14156.0
    """
    asked = axes.check(
        problem,
        optimizers,
        convention=convention,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        epochs=epochs,
        schedule=schedule,
        clip_norm=clip_norm,
        clip_value=clip_value,
        drop_last=drop_last,
        box=box,
    )
    every = plan.check_evaluate(evaluate, problem)
    limit = plan.loss_limit(problem, divergence)
    goal = None if target is None else checks.number("target", target)
    checks.choice("record", record, RECORDS)
    real = DTYPES[checks.choice("dtype", dtype, DTYPES)]
    workers = _threads(threads)
    given = None
    longest = max(asked[0].common["epochs"])
    if order is not None:
        given = shuffling.check_order(order, longest, problem.n)
    _check_memory(asked, problem, record)

    longest_run, total = axes.most_and_all_updates(asked, problem)
    most = layout.MOST_UPDATES[real]
    if longest_run > most:
        raise checks.refuse(
            "epochs",
            longest,
            f"at most {most:,} updates a trajectory in {dtype}",
        )
    planned = axes.planned_updates(asked, problem)
    keys = axes.keys(asked, asked, given is not None)
    records = {"summary": planned * 0, "epochs": keys["epochs"], "steps": planned}
    results = frames.allocate(records[record], problem.d, real)
    began = time.perf_counter()
    share = total // (workers * TASKS_PER_WORKER)
    starts = np.cumsum([0] + [each.size for each in asked])
    work = [
        task
        for each, start in zip(asked, starts, strict=False)
        for group in axes.groups(each, problem, first=int(start))
        for task in blocks.tasks(
            group, problem, real, min(share, _task_updates(problem, group)), given is not None
        )
    ]
    kinds = {
        (each.group.rule, each.points, blocks.extras_of(each.group.plan)): each for each in work
    }
    for kind in kinds.values():
        blocks.compiled(problem, kind, real)
    compiled = time.perf_counter() - began
    data = blocks.pack(problem, real, limit, goal)
    packed = {
        task.group.plan: blocks.with_moments(data, task.group.plan)
        if task.points == "moments"
        else data
        for task in {task.group.plan: task for task in work}.values()
    }
    settings = (problem, every, blocks.RECORD_CODE[record], limit is not None, given)
    interrupted = _run(work, packed, settings, workers, progress, results)
    seconds = time.perf_counter() - began - compiled

    if record == "summary":
        frame = frames.table(keys, planned, problem, results)
    else:
        frame = frames.long_table(keys, planned, problem, results, record)
    diverged_at = results.counts[layout.DIVERGED_AT]
    lived = np.where(diverged_at > 0, diverged_at, planned)
    frame.attrs = {
        "version": _version(),
        "spec": {
            "optimizers": [
                {"name": each.optimizer.name, "convention": each.optimizer.convention}
                | dict(each.optimizer.switches)
                | dict(
                    zip(each.optimizer.rule.hyperparameters, map(_axis, each.hyper), strict=True)
                )
                for each in asked
            ],
            **{name: _axis(values) for name, values in asked[0].common.items()},
            **({} if given is None else {"shuffle": "given"}),
            "drop_last": drop_last,
            "box": asked[0].box,
            "target": goal,
            "divergence": divergence,
            "evaluate": every or "epoch",
            "record": record,
            "dtype": dtype,
        },
        "problem": f"{problem.name} {problem.digest}",
        "device": "cpu",
        "threads": workers,
        "trajectories": int(results.done.sum()),
        "updates": int(lived[results.done].sum()),
        "seconds": seconds,
        "compile_seconds": compiled,
    }
    if interrupted:
        raise Interrupted(frame)
    return frame


def _threads(threads: int | None) -> int:
    if threads is not None:
        return checks.whole("threads", threads, 1)
    if "NUMBA_NUM_THREADS" in os.environ:
        return checks.whole("NUMBA_NUM_THREADS", int(os.environ["NUMBA_NUM_THREADS"]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _axis(values: tuple[Any, ...]) -> Any:
    """An axis as `attrs` has it: a value, a short list, or how many from where to where."""
    if len(values) <= LISTED:
        shown = [str(value) if isinstance(value, Schedule) else value for value in values]
        return shown if len(shown) > 1 else shown[0]
    try:
        return {"values": len(values), "from": min(values), "to": max(values)}
    except TypeError:  # schedules have no order, and None is no number
        return {"values": len(values)}


def _version() -> str:
    import simopt

    return simopt.__version__


def _check_memory(asked: list[axes.Axes], problem: Problem, record: str) -> None:
    """Refuse a table that would not fit, saying how large it would be."""
    rows = sum(each.size for each in asked)
    hypers = len({name for each in asked for name in each.optimizer.rule.hyperparameters})
    needed = rows * 8 * (3 * hypers + 2 * problem.d + 30)
    for each in asked:
        plans = [how for _, how in axes.plans(each, problem)]
        needed += 32 * max(0 if how.schedule is None else how.updates for how in plans)
        if record != "summary":
            counts = sum(how.epochs if record == "epochs" else how.updates for how in plans)
            needed += each.size // len(plans) * counts * 8 * (hypers + 2 * problem.d + 12)
    free = _free_memory()
    if needed > MEMORY_SHARE * free:
        lengths = " + ".join("x".join(map(str, each.lengths)) for each in asked)
        raise ValueError(
            f"axes={lengths}: {rows:,} trajectories with record={record!r} need about "
            f"{needed / 2**30:,.1f} GiB: must be at most {MEMORY_SHARE * free / 2**30:,.1f} GiB "
            f"({MEMORY_SHARE:.0%} of what is free); take shorter axes or sweep in parts"
        )


def _free_memory() -> float:
    """Bytes that can be had without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":") for line in file)
        return float(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


def _task_updates(problem: Problem, group: blocks.Group) -> int:
    """Fewer updates a task where an update costs more."""
    return TASK_UPDATES // (1 + problem.d * (group.plan.batch_size + problem.d) // 16)


def _run(
    work: list[blocks.Task],
    packed: dict[plan.Plan, layout.Data],
    settings: tuple[Any, ...],
    workers: int,
    progress: bool | None,
    results: frames.Results,
) -> bool:
    """Do all tasks on a pool of threads (the kernels release the GIL); True if interrupted."""
    total = sum(task.count * task.group.plan.updates for task in work)
    pulses = {}
    bar = tqdm(
        total=total,
        unit=" updates",
        unit_scale=True,
        delay=1.0,
        disable=None if progress is None else not progress,
    )
    pool = ThreadPoolExecutor(workers)
    queue = iter(work)
    running: dict[Future[Any], blocks.Task] = {}
    try:
        while True:
            while len(running) < 2 * workers and (task := next(queue, None)) is not None:
                pulse = np.zeros(2, np.int64)
                call = partial(blocks.compute, task, packed[task.group.plan], *settings)
                future = pool.submit(call, pulse)
                running[future], pulses[future] = task, pulse
            if not running:
                return False
            finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                task = running.pop(future)
                frames.store(task, future.result(), results)
                bar.update(task.count * task.group.plan.updates)
                del pulses[future]
    except KeyboardInterrupt:
        return True
    finally:
        for pulse in pulses.values():
            pulse[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()
