"""Many trajectories: axes -> groups -> blocks on all cores -> one table."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from simopt import checks, plan, shuffling
from simopt.engine import blocks, layout
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.trajectory import check_optimizer, names_per_weight

RECORDS = ("summary", "epochs", "steps")
DTYPES = {"float64": np.float64, "float32": np.float32}

#: Lane updates of one task: about 20 ms of work on the four points, so that progress moves and
#: Ctrl-C is heard.
TASK_UPDATES = 20_000_000

#: The share of the memory that is free which a result may take.
MEMORY_SHARE = 0.7


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep. ``frame`` holds the trajectories that were finished."""

    def __init__(self, frame: pd.DataFrame) -> None:
        super().__init__(f"interrupted after {len(frame)} rows; they are in .frame")
        self.frame = frame


@dataclass(frozen=True)
class Axes:
    """One optimizer's part of the sweep: every combination of these, the last varying fastest."""

    optimizer: Optimizer
    hyper: tuple[tuple[float, ...], ...]
    batch_size: tuple[int, ...]
    shuffle: tuple[str, ...]
    seed: tuple[int, ...]
    epochs: tuple[int, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The length of every axis."""
        rest = (self.batch_size, self.shuffle, self.seed, self.epochs)
        return tuple(len(axis) for axis in (*self.hyper, *rest))

    @property
    def size(self) -> int:
        """How many trajectories."""
        size = 1
        for length in self.lengths:
            size *= length
        return size


@dataclass
class Results:
    """A column per trajectory of the whole sweep, filled as tasks finish."""

    w: NDArray[Any]
    loss: NDArray[Any]
    best_loss: NDArray[Any]
    peak: NDArray[Any]
    count: NDArray[np.int64]
    done: NDArray[np.bool_]
    offset: NDArray[np.int64]  # where each trajectory's records begin
    recorded_loss: NDArray[Any]
    recorded_w: NDArray[Any]


def sweep(
    problem: Problem,
    optimizers: Optimizer | Sequence[Optimizer],
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    epochs: int | Sequence[int] = 1,
    shuffle: str | Sequence[str] = "never",
    seed: int | Sequence[int] = 0,
    order: ArrayLike | None = None,
    drop_last: bool = False,
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
    batch_size, epochs, shuffle, seed
        As in `run`; a sequence is an axis.
    order : array_like of int [epochs, n], optional
        The order of the points in every epoch, in place of shuffle and seed.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is short.
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
        batch_size, shuffle, seed, epochs; then status ("ok" or "diverged"), updates, diverged_at,
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
    axes = check_axes(problem, optimizers, batch_size, epochs, shuffle, seed)
    every = plan.check_evaluate(evaluate, problem)
    limit = plan.loss_limit(problem, divergence)
    goal = None if target is None else checks.number("target", target)
    checks.choice("record", record, RECORDS)
    real = DTYPES[checks.choice("dtype", dtype, DTYPES)]
    workers = _threads(threads)
    plan.make(problem, 1, "never", 1, drop_last)
    given = None
    if order is not None:
        longest = max(max(each.epochs) for each in axes)
        given = shuffling.check_order(order, longest, problem.n)
    _check_memory(axes, problem, record, drop_last)

    groups = [group for part in _offsets(axes) for group in _groups(*part, problem, drop_last)]
    planned = _planned_updates(axes, problem, drop_last)
    keys = _keys(axes, given is not None)
    records = {"summary": planned * 0, "epochs": keys["epochs"].to_numpy(), "steps": planned}
    results = _allocate(records[record], problem.d, real)
    began = time.perf_counter()
    work = [
        task
        for group in groups
        for task in blocks.tasks(group, problem, real, _task_updates(problem, group), given is not None)
    ]
    for kernel in {(task.group.rule, task.own): task for task in work}.values():
        blocks.compiled(problem, kernel, real)
    compiled = time.perf_counter() - began
    data = blocks.pack(problem, real, limit, goal)
    settings = (data, problem, every, blocks.RECORD_CODE[record], limit is not None, given)
    interrupted = _run(work, settings, workers, progress, results)
    seconds = time.perf_counter() - began - compiled

    if record == "summary":
        frame = _table(keys, planned, problem, results)
    else:
        frame = _long_table(keys, planned, problem, results, record)
    diverged_at = results.count[layout.DIVERGED_AT]
    lived = np.where(diverged_at > 0, diverged_at, planned)
    frame.attrs = {
        "version": _version(),
        "spec": {
            "optimizers": [repr(each.optimizer) for each in axes],
            "batch_size": list(axes[0].batch_size),
            "shuffle": list(axes[0].shuffle) if given is None else "given",
            "seeds": len(axes[0].seed),
            "epochs": list(axes[0].epochs),
            "drop_last": drop_last,
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


def check_axes(
    problem: Problem, optimizers: Any, batch_size: Any, epochs: Any, shuffle: Any, seed: Any
) -> list[Axes]:
    """Every argument checked, one Axes per optimizer."""
    chosen = [optimizers] if isinstance(optimizers, Optimizer) else optimizers
    if not isinstance(chosen, Sequence) or not chosen:
        raise checks.refuse("optimizers", optimizers, "an optimizer or a list of them")
    batch_sizes = tuple(
        plan.check_batch_size(b, problem.n) for b in checks.axis("batch_size", batch_size)
    )
    shuffles = tuple(shuffling.check_shuffle(s) for s in checks.axis("shuffle", shuffle))
    seeds = tuple(shuffling.check_seed(s) for s in checks.axis("seed", seed))
    lengths = tuple(checks.whole("epochs", e, 1) for e in checks.axis("epochs", epochs))
    return [
        Axes(
            check_optimizer(each),
            tuple(v if isinstance(v, tuple) else (v,) for v in each.values),
            batch_sizes,
            shuffles,
            seeds,
            lengths,
        )
        for each in chosen
    ]


def _threads(threads: int | None) -> int:
    if threads is not None:
        return checks.whole("threads", threads, 1)
    if "NUMBA_NUM_THREADS" in os.environ:
        return checks.whole("NUMBA_NUM_THREADS", int(os.environ["NUMBA_NUM_THREADS"]), 1)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _version() -> str:
    import simopt

    return simopt.__version__


def _plans(axes: Axes, problem: Problem, drop_last: bool) -> Iterator[tuple[Any, plan.Plan]]:
    """(batch size index, shuffle index, epochs index) and the plan, for each combination."""
    for b, batch_size in enumerate(axes.batch_size):
        for s, mode in enumerate(axes.shuffle):
            for e, epochs in enumerate(axes.epochs):
                yield (b, s, e), plan.make(problem, batch_size, mode, epochs, drop_last)


def _offsets(axes: list[Axes]) -> list[tuple[Axes, int]]:
    """Where each optimizer's rows begin."""
    starts = np.cumsum([0, *(each.size for each in axes)])
    return [(each, int(start)) for each, start in zip(axes, starts, strict=False)]


def _groups(
    axes: Axes, offset: int, problem: Problem, drop_last: bool
) -> Iterator[blocks.Group]:
    """The trajectories of one optimizer, by plan."""
    rows = np.arange(axes.size).reshape(axes.lengths) + offset
    settings = np.array(
        [h.ravel() for h in np.meshgrid(*map(np.asarray, axes.hyper), indexing="ij")]
    )
    seeds = np.asarray(axes.seed, dtype=np.int64)
    for (b, s, e), how in _plans(axes, problem, drop_last):
        chosen = rows[..., b, s, :, e]
        yield blocks.Group(
            axes.optimizer.rule,
            how,
            np.repeat(settings, len(seeds), axis=1),
            np.tile(seeds, settings.shape[1]),
            chosen.ravel(),
        )


def _planned_updates(axes: list[Axes], problem: Problem, drop_last: bool) -> NDArray[np.int64]:
    """The updates of every row, if none diverges."""
    parts = []
    for each in axes:
        part = np.empty(each.lengths, np.int64)
        for (b, s, e), how in _plans(each, problem, drop_last):
            part[..., b, s, :, e] = how.updates
        parts.append(part.ravel())
    return np.concatenate(parts)


def _check_memory(
    axes: list[Axes], problem: Problem, record: str, drop_last: bool
) -> None:
    """Refuse a table that would not fit, saying how large it would be."""
    rows = sum(each.size for each in axes)
    hypers = len({name for each in axes for name in each.optimizer.rule.hyperparameters})
    needed = rows * 8 * (3 * hypers + 2 * problem.d + 30)
    if record != "summary":
        for each in axes:
            share = each.size // (len(each.batch_size) * len(each.shuffle) * len(each.epochs))
            for _, how in _plans(each, problem, drop_last):
                records = share * (how.epochs if record == "epochs" else how.updates)
                needed += records * 8 * (hypers + 2 * problem.d + 12)
    free = _free_memory()
    if needed > MEMORY_SHARE * free:
        lengths = " + ".join("x".join(map(str, each.lengths)) for each in axes)
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


def _allocate(records: NDArray[np.int64], d: int, real: type) -> Results:
    """Room for every trajectory and its records."""
    rows, recorded = len(records), int(records.sum())
    return Results(
        w=np.empty((d, rows), real),
        loss=np.empty(rows, real),
        best_loss=np.empty(rows, real),
        peak=np.empty(rows, real),
        count=np.zeros((layout.COUNTED, rows), np.int64),
        done=np.zeros(rows, bool),
        offset=np.cumsum(records) - records,
        recorded_loss=np.empty(recorded, real),
        recorded_w=np.empty((recorded, d), real),
    )


def _task_updates(problem: Problem, group: blocks.Group) -> int:
    """Fewer updates a task where an update costs more."""
    return TASK_UPDATES // (1 + problem.d * (group.plan.batch_size + problem.d) // 16)


def _run(
    work: list[blocks.Task],
    settings: tuple[Any, ...],
    workers: int,
    progress: bool | None,
    results: Results,
) -> bool:
    """Do all tasks on a pool of threads (the kernels release the GIL); True if interrupted."""
    total = sum(int((task.members >= 0).sum()) * task.group.plan.updates for task in work)
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
                future = pool.submit(blocks.compute, task, *settings, pulse)
                running[future], pulses[future] = task, pulse
            if not running:
                return False
            finished, _ = wait(running, timeout=0.2, return_when=FIRST_COMPLETED)
            for future in finished:
                task = running.pop(future)
                _store(task, future.result(), results)
                bar.update(int((task.members >= 0).sum()) * task.group.plan.updates)
                del pulses[future]
    except KeyboardInterrupt:
        return True
    finally:
        for pulse in pulses.values():
            pulse[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)
        bar.close()


def _store(task: blocks.Task, out: layout.Out, results: Results) -> None:
    """Scatter a task's columns to the rows of the sweep."""
    real = task.members >= 0
    rows = task.group.rows[task.members[real]]
    results.w[:, rows] = out.w[:, real]
    results.loss[rows] = out.loss[real]
    results.best_loss[rows] = out.best_loss[real]
    results.peak[rows] = out.peak[real]
    results.count[:, rows] = out.count[:, real]
    results.done[rows] = True
    if len(out.recorded_loss):
        places = np.arange(len(out.recorded_loss))[:, None] + results.offset[rows]
        results.recorded_loss[places] = out.recorded_loss[:, real]
        results.recorded_w[places] = np.moveaxis(out.recorded_w[:, :, real], 1, 2)


def _keys(axes: list[Axes], given: bool) -> pd.DataFrame:
    """The columns that say which trajectory a row is."""
    hypers = list(
        dict.fromkeys(name for each in axes for name in each.optimizer.rule.hyperparameters)
    )
    names = list(dict.fromkeys(each.optimizer.name for each in axes))
    conventions = list(dict.fromkeys(each.optimizer.convention for each in axes))
    sizes = [each.size for each in axes]
    columns: dict[str, Any] = {
        "optimizer": _labels(names, np.repeat([names.index(a.optimizer.name) for a in axes], sizes)),
        "convention": _labels(
            conventions, np.repeat([conventions.index(a.optimizer.convention) for a in axes], sizes)
        ),
    }
    for name in hypers:
        columns[name] = np.concatenate([_along(each, name) for each in axes])
    for name in ("batch_size", "shuffle", "seed", "epochs"):
        columns[name] = np.concatenate([_along(each, name) for each in axes])
    shuffles = ["given"] if given else list(dict.fromkeys(axes[0].shuffle))
    codes = columns["shuffle"].astype(np.int64)
    columns["shuffle"] = _labels(shuffles, codes * 0 if given else codes)
    return pd.DataFrame(columns)


def _labels(names: list[str], codes: NDArray[np.int64]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes, categories=names)


def _along(axes: Axes, name: str) -> NDArray[Any]:
    """One axis, repeated over all combinations; NaN where the optimizer has no such thing."""
    rule = axes.optimizer.rule
    rest = {"batch_size": axes.batch_size, "seed": axes.seed, "epochs": axes.epochs}
    values: Any
    if name in rest:
        place = len(axes.hyper) + ("batch_size", "shuffle", "seed", "epochs").index(name)
        values = np.asarray(rest[name], dtype=np.int64)
    elif name == "shuffle":
        place = len(axes.hyper) + 1
        distinct = list(dict.fromkeys(axes.shuffle))
        values = np.asarray([distinct.index(mode) for mode in axes.shuffle])
    elif name in rule.hyperparameters:
        place = rule.hyperparameters.index(name)
        values = np.asarray(axes.hyper[place])
    else:
        return np.full(axes.size, np.nan)
    shape = [1] * len(axes.lengths)
    shape[place] = len(values)
    return np.broadcast_to(values.reshape(shape), axes.lengths).ravel()


def _never(counts: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Whole numbers in which 0 means never, as nullable integers."""
    return pd.arrays.IntegerArray(counts, counts == 0)


def _table(
    keys: pd.DataFrame, planned: NDArray[np.int64], problem: Problem, results: Results
) -> pd.DataFrame:
    """A row per trajectory."""
    diverged_at = results.count[layout.DIVERGED_AT]
    w = dict(zip(names_per_weight("w", problem.d), results.w.astype(np.float64), strict=True))
    # The kernel keeps the square of the distance where there is more than one weight.
    root = np.abs if blocks.fused(problem) else np.sqrt
    gap = results.w.astype(np.float64)
    if problem.optimum is None:
        distance = peak = np.full(len(keys), np.nan)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            gap = gap - problem.optimum[:, None]
            distance = np.abs(gap[0]) if problem.d == 1 else np.sqrt((gap * gap).sum(axis=0))
            peak = root(np.where(results.peak < 0, np.nan, results.peak).astype(np.float64))
    known = problem.d == 1 and problem.optimum is not None
    best = results.best_loss.astype(np.float64)
    best[results.count[layout.BEST_AT] == 0] = np.nan
    frame = keys.assign(
        status=_labels(["ok", "diverged"], (diverged_at > 0).astype(np.int64)),
        updates=np.where(diverged_at > 0, diverged_at, planned),
        diverged_at=_never(diverged_at),
        **w,
        loss=results.loss.astype(np.float64),
        best_loss=best,
        best_at=_never(results.count[layout.BEST_AT]),
        distance=distance,
        steps_to_target=_never(results.count[layout.TARGET_AT]),
        overshoots=pd.arrays.IntegerArray(
            results.count[layout.OVERSHOOTS], np.full(len(keys), not known)
        ),
        peak_distance=peak,
    )
    return frame if results.done.all() else frame[results.done]


def _long_table(
    keys: pd.DataFrame, planned: NDArray[np.int64], problem: Problem, results: Results, record: str
) -> pd.DataFrame:
    """A row per epoch or update of every trajectory, up to its divergence."""
    batches = planned // keys["epochs"].to_numpy()
    diverged_at = results.count[layout.DIVERGED_AT]
    lived = np.where(diverged_at > 0, diverged_at, planned)
    kept = lived if record == "steps" else -(-lived // batches)
    kept = np.where(results.done, kept, 0)
    trajectory = np.repeat(np.arange(len(keys)), kept)
    place = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    source = results.offset[trajectory] + place
    frame = keys.take(trajectory).reset_index(drop=True)
    if record == "steps":
        frame["step"] = place + 1
        frame["epoch"] = place // batches[trajectory] + 1
        frame["batch"] = place % batches[trajectory] + 1
    else:
        frame["epoch"] = place + 1
    frame["loss"] = results.recorded_loss[source].astype(np.float64)
    for k, name in enumerate(names_per_weight("w", problem.d)):
        frame[name] = results.recorded_w[source, k].astype(np.float64)
    return frame
