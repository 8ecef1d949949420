"""Many trajectories: axes -> job -> chunks on threads or a client's workers -> one table."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt.engine import devices, layout, readers
from simopt.engine.readers import Reader
from simopt.ground import checks, notices
from simopt.ground.threads import thread_count
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.schedules import Schedule
from simopt.sweeps import (
    assembly,
    axes,
    clients,
    execution,
    growth,
    memory,
    resuming,
    tables,
    worker,
)
from simopt.sweeps.chunks import Chunks, Job
from simopt.sweeps.provenance import made_of
from simopt.sweeps.reduction import request as reductions
from simopt.sweeps.reduction.request import Reduce
from simopt.training import plan, shuffling

RECORDS = ("summary", "epochs", "steps")
DTYPES = ("float64", "float32")

#: More would take a computer a thousand years, and overflow its counters.
MOST_UPDATES = 10**18

#: Each chunk is a file, or an entry of a list.
MOST_CHUNKS = 1_000_000


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a sweep. ``frame`` holds the rows that were finished and not stored."""

    def __init__(self, frame: pd.DataFrame, message: str | None = None) -> None:
        super().__init__(message or f"interrupted after {len(frame)} rows; they are in .frame")
        self.frame = frame


def sweep(
    problem: Problem,
    optimizers: Optimizer | Sequence[Optimizer],
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    epochs: int | Sequence[int] = 1,
    updates: int | None = None,
    shuffle: str | Sequence[str] = "never",
    seed: int | Sequence[int] = 0,
    order: ArrayLike | None = None,
    schedule: Schedule | str | Sequence[Schedule | str | None] | None = None,
    clip_norm: float | Sequence[float | None] | None = None,
    clip_value: float | Sequence[float | None] | None = None,
    box: tuple[float, float] | None = None,
    points_per_epoch: int | None = None,
    no_decay: Sequence[str | int] | None = None,
    no_clip: Sequence[str | int] | None = None,
    drop_last: bool = False,
    convention: str | Sequence[str] | None = None,
    target: float | None = None,
    stop_at_target: bool = False,
    divergence: float | None = 1e6,
    evaluate: int | str | None = None,
    record: str = "summary",
    diagnosis: bool = False,
    dtype: str = "float64",
    device: str = "cpu",
    client: Any = None,
    store: str | os.PathLike[str] | None = None,
    keep_state: bool = False,
    resume: pd.DataFrame | None = None,
    reduce: str | Sequence[str] | Mapping[str, Any] | Reduce | None = None,
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
    updates : int, optional
        So many updates of every trajectory, in place of epochs: the last epoch ends where they do.
        The column epochs then counts the epochs begun.
    order : array_like of int [epochs, n], optional
        The order of the points in every epoch, in place of shuffle and seed; with
        ``shuffle="replacement"`` points may come again, or not at all, in rows of at most n.
    box : (float, float), optional
        The least and the largest that a weight may be; see `run`.
    points_per_epoch : int, optional
        So many points an epoch, the first ones of its order; see `run`.
    no_decay, no_clip : sequence of str or int, optional
        Weights that weight decay, and clipping, leave out; see `run`.
    drop_last : bool, default False
        Leave out the last batch of an epoch if it is short.
    convention : str or sequence of str, optional
        The convention of every optimizer, in place of its own; a sequence is an axis.
    target : float, optional
        The loss that ``steps_to_target`` waits for.
    stop_at_target : bool, default False
        End a trajectory at the first look that finds its loss at the target or below.
    divergence : float or None, default 1e6
        A loss above this many times the initial loss, or not finite, ends a trajectory and marks
        it. None lets every trajectory run on.
    evaluate : int, "epoch" or None
        Updates between two looks at the full loss (for best_loss, best_at, steps_to_target, and
        when divergence is noticed); the last update is always looked at, and 1 looks at all. None
        means every update for least squares of up to 16 weights; with d > 16 every
        ``ceil(d / (4 batch_size))`` updates, so that looks take no more products than the updates;
        every epoch for all other losses. ``attrs["spec"]["evaluate"]`` says what it was; where it
        depends on the batch size, by batch size.
    record : {"summary", "epochs", "steps"}
        A row per trajectory, per epoch of each, or per update of each.
    diagnosis : bool, default False
        Add a column of that name: what each trajectory's losses by epoch, from the start on, show
        (`simopt.diagnosis.SYMPTOMS`; see `simopt.diagnose`). Curves are not kept. A trajectory that
        diverged before its curve has a shape counts as one that explodes. Not on a GPU.
    dtype : {"float64", "float32"}
        The precision of the trajectories.
    device : {"cpu", "cuda", "auto"}
        Where to run: this machine's cores, a CUDA device (needs ``pip install '.[cuda]'``), or
        that if there is one, with a warning if there is none.
    client : concurrent.futures.Executor, distributed.Client or ray, optional
        Whose workers do the chunks of the sweep, in place of threads here. The results are the
        same, bit for bit.
    store : path, optional
        A folder for the rows, a Parquet file per chunk, for a sweep larger than memory or one that
        must survive. A stopped sweep resumes when called again with the same arguments. One that
        has ended grows when called with more values of hyperparameters, batch_size, seed or
        epochs: only the new rows are made. Processes that store the same sweep in one folder
        share the work. `simopt.load` reads the folder, and so does what reads Parquet.
    keep_state : bool, default False
        Add the columns state_w, state_m and so on: where each trajectory stands (weights, the
        rule's state, its clock, what was watched), so that another sweep can go on from there.
    resume : DataFrame, optional
        What a sweep with ``keep_state=True`` returned, or its store or a Parquet file of it: go on
        from there. ``epochs`` and ``updates`` count from the start, and the table is that of the
        sweep which was never cut, to the bit. All else must be as it was; a schedule must have the
        same rates in the updates already made, so one as long as the run needs its length set.
    reduce : str, sequence of str, mapping or Reduce, optional
        Axes to summarise over while running, "seed" for one: a row per combination of the others,
        with the columns trajectories, diverged and reached (shares), and loss_mean, loss_std,
        loss_min, loss_q05, loss_q50, loss_q95, loss_max. A mapping such as ``{"over": "seed",
        "columns": ["loss", "steps_to_target"], "quantiles": [0.5]}`` says more. Exact, in memory
        that does not grow with the number of trajectories.
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
        peak_distance; diagnosis if asked for, and the state if kept. With ``record="epochs"`` or
        ``"steps"`` the key columns, then epoch (and step), loss, w. ``attrs`` says what made it.
        With ``store`` these are the rows stored, read back; none, if they would not fit in memory.

    Raises
    ------
    ValueError
        If an argument is not allowed, the table would not fit in memory, or the folder of
        ``store`` holds another sweep or a damaged file.
    OSError
        If a file of ``store`` can't be written.
    Interrupted
        On Ctrl-C, a KeyboardInterrupt that carries the finished rows, or says how to go on.

    Notes
    -----
    A trajectory's bits depend on its own settings and seed alone: not on threads, on the order of
    the grid, or on what else is swept. Sums run in order, point by point; but with least squares a
    batch of B >= 16 points, where d is at most 24 or B / 4 and no feature is 0, enters by its
    moments about the minimizer c of the loss: ``g = A (w - c) + r`` with ``A = 2 / B sum x x^T``,
    ``r = 2 / B sum x (x . c - y)``. That is d^2 products in place of 2 d B, and errs by at most
    ``(d + 3) u (|A| |w - c| + |r|)``, with u the unit roundoff, besides the rounding of A, of r and
    of the residuals at c, which are summed
    in double precision: about what the sum over points errs, and at c, where labels are consistent,
    exactly 0 like it. With ``shuffle="never"`` and d > 1 it is so from B = d on.

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

    A thousand orders of the points, and of each rate what its trajectories have in common:

    >>> frame = simopt.sweep(
    ...     simopt.problems.hubble(),
    ...     simopt.SGD(eta=[0.03, 0.3]),
    ...     shuffle="epoch",
    ...     seed=range(1000),
    ...     reduce="seed",
    ... )
    >>> frame[["eta", "trajectories", "diverged"]]
        eta  trajectories  diverged
    0  0.03          1000       0.0
    1  0.30          1000       0.0

    Two epochs, and later three more of the same trajectories:

    >>> adam = simopt.Adam(eta=[0.1, 0.3])
    >>> four = simopt.problems.four_points()
    >>> begun = simopt.sweep(four, adam, shuffle="epoch", epochs=2, keep_state=True)
    >>> longer = simopt.sweep(four, adam, shuffle="epoch", epochs=5, resume=begun)
    >>> longer.equals(simopt.sweep(four, adam, shuffle="epoch", epochs=5))
    True
    """
    swept: Sequence[axes.Axes] = axes.check(
        problem,
        optimizers,
        convention=convention,
        updates=plan.check_updates(updates, epochs),
        stop_at_target=plan.check_stop(stop_at_target, target),
        keep_state=resuming.check_keep(keep_state, record, reduce),
        batch_size=batch_size,
        shuffle=shuffle,
        seed=seed,
        epochs=epochs,
        schedule=schedule,
        clip_norm=clip_norm,
        clip_value=clip_value,
        drop_last=drop_last,
        box=box,
        points_per_epoch=points_per_epoch,
        no_decay=no_decay,
        no_clip=no_clip,
    )
    swept, given = _with_order(swept, problem, order)
    # From here on, what a user's functions read has the value that it has now.
    problem = problem.snapshot()
    workers = thread_count(threads)
    progress = checks.optional_flag("progress", progress)
    job = Job(
        problem=problem,
        axes=tuple(swept),
        every=plan.check_evaluate(evaluate, problem),
        limit=plan.loss_limit(problem, divergence),
        divergence=divergence,
        target=None if target is None else checks.number("target", target),
        record=checks.choice("record", record, RECORDS),
        dtype=checks.choice("dtype", dtype, DTYPES),
        order=given,
        reduce=_reduction(reduce, swept, problem, record),
        reader=_reader(diagnosis, record, reduce),
        device=devices.check(device, problem, record, diagnosis),
    )
    _check_updates(job)
    if client is not None:
        workers = clients.workers(clients.check(client))
    about: dict[Any, Any] = made_of(job) | resuming.kept(job)
    if resume is not None:
        job = resuming.resumed(job, resume)
    in_chunks = store is not None or client is not None or job.reduce is not None
    chunks = Chunks(job) if in_chunks else None
    if chunks is not None and chunks.total > MOST_CHUNKS:
        raise ValueError(
            f"axes={axes.shape(swept)}: {chunks.total:,} chunks: must be at most {MOST_CHUNKS:,}; "
            "sweep in parts, or reduce over more of the axes"
        )
    folder = smaller = None
    # Workers elsewhere have memory of their own.
    here = workers if client is None else 1
    if store is None:
        memory.check(job, here)
    else:
        assert chunks is not None
        memory.check_chunks(job, here)
        folder, smaller = growth.opened(store, job, chunks)

    began = time.perf_counter()
    if chunks is None:
        worker.prepare(job)
    else:
        worker.prepare_chunks(chunks)
        if client is not None:
            clients.prepare(client, worker.prepare_chunks, chunks)
    compiled = time.perf_counter() - began
    interrupted = None
    if chunks is None:
        results, stopped = execution.whole(job, workers, progress)
        seconds = time.perf_counter() - began - compiled
        frame = tables.table(job, job.axes, results)
        trajectories = int(results.done.sum())
        updates_made = int(results.updates[results.done].sum())
        if stopped:
            interrupted = f"interrupted after {len(frame)} rows; they are in .frame"
    else:
        how = (client, workers, progress)
        if folder is None:
            done = assembly.in_memory(chunks, *how)
        else:
            done = assembly.in_store(chunks, folder, smaller, *how)
        frame, trajectories, updates_made, interrupted = done
        seconds = time.perf_counter() - began - compiled
    frame.attrs = about | {
        "device": job.device,
        "threads": workers,
        "trajectories": trajectories,
        "updates": updates_made,
        "seconds": seconds,
        "compile_seconds": compiled,
    }
    if interrupted and folder is None and _within(sys._getframe(1)):
        # The rows are a part of what was asked for, which nobody could make anything of.
        raise KeyboardInterrupt("interrupted before it was done; nothing is kept")
    if interrupted:
        raise Interrupted(frame, interrupted)
    return frame


def _within(caller: FrameType) -> bool:
    """Whether a function of this package called, but for the command line's own sweeps."""
    name: str = caller.f_globals.get("__name__", "")
    return name.startswith(notices.PACKAGE) and not name.startswith(f"{notices.PACKAGE}cli.")


def _with_order(
    swept: Sequence[axes.Axes], problem: Problem, order: ArrayLike | None
) -> tuple[Sequence[axes.Axes], NDArray[np.int64] | None]:
    """The axes, whose epochs end with the rows of a given order, and that order for kernels."""
    if order is None:
        return swept, None
    n = problem.n
    repeats = all(kind == "replacement" for each in swept for kind in each.common["shuffle"])
    row = shuffling.row_length(order, n, repeats=repeats)
    if row < n:
        swept = [axes.shortened(each, row) for each in swept]
    epochs = _most_epochs(swept, problem)
    given = shuffling.check_order(order, epochs, n, repeats=repeats, most=n)
    # Kernels have room for n points; of a shorter row they don't look at the rest.
    return swept, np.pad(given, ((0, 0), (0, n - row)))


def _most_epochs(swept: Sequence[axes.Axes], problem: Problem) -> int:
    return max(each.epochs for _, each in axes.plans(swept[0], problem))


def _check_updates(job: Job) -> None:
    """Refuse more updates than counters hold, of all trajectories or of one."""
    longest, total = axes.most_and_all_updates(job.axes, job.problem)
    if total > MOST_UPDATES:
        raise ValueError(
            f"axes={axes.shape(job.axes)}: {total:,} updates in all: "
            f"must be at most {MOST_UPDATES:,}"
        )
    most = layout.MOST_UPDATES[job.real]
    if longest > most:
        epochs = _most_epochs(job.axes, job.problem)
        raise checks.refuse(
            "epochs", epochs, f"at most {most:,} updates a trajectory in {job.dtype}"
        )


def _reduction(
    reduce: Any, swept: Sequence[axes.Axes], problem: Problem, record: str
) -> Reduce | None:
    if reduce is None:
        return None
    if record != "summary":
        raise checks.refuse("reduce", reduce, f"None with record={record!r}: it needs summaries")

    names = dict.fromkeys(name for part in swept for name in part.names)
    columns = tables.columns(problem)
    numbers = [name for name in columns if name not in ("status", "diverged_at")]
    return reductions.check(reduce, tuple(names), tuple(numbers))


def _reader(diagnosis: Any, record: str, reduce: Any) -> Reader | None:
    if not isinstance(diagnosis, bool):
        raise checks.refuse("diagnosis", diagnosis, "True or False")
    if not diagnosis:
        return None
    if record != "summary":
        raise checks.refuse("diagnosis", True, f"False with record={record!r}: it needs summaries")
    if reduce is not None:
        raise checks.refuse("diagnosis", True, "False with reduce=...: labels have no quantiles")
    return readers.reader("diagnosis")
