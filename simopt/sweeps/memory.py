"""Whether a sweep's table, and the trajectories that make it, fit in memory."""

from __future__ import annotations

from simopt.engine import keeping, layout, moments, orders
from simopt.ground import memory
from simopt.sweeps import axes
from simopt.sweeps.axes import Axes
from simopt.sweeps.chunks import Job, rows_of
from simopt.training.plan import Plan


def check(job: Job, workers: int = 1) -> None:
    """Refuse a table that would not fit, saying how large it would be."""
    rows = sum(rows_of(job, part) for part in job.axes)
    needed = sum(_rows(job, part) for part in job.axes) + _at_work(job, workers)
    what = "trajectories" if job.reduce is None else "groups"
    memory.check(
        "axes",
        axes.shape(job.axes),
        needed,
        1,
        what=f"{rows:,} {what} with record={job.record!r}",
        instead="take shorter axes, reduce='seed' or another axis to summarise over, or "
        "store='a folder'",
    )


def check_chunks(job: Job, workers: int) -> None:
    """Refuse trajectories each of which is too long, or has too many weights, for a worker."""
    needed = _at_work(job, workers)
    longest = 0
    if job.record != "summary":
        for part in job.axes:
            counts = _records(job, part)
            longest = max(longest, *counts)
            # The rows of a chunk, the same as a file, and read back.
            needed += 3 * min(workers, part.size) * max(counts) * _row(job, part)
    memory.check(
        "record",
        job.record,
        needed,
        1,
        what=f"{workers} trajectories at once of {longest:,} rows and {job.problem.d:,} weights",
        instead="take fewer epochs, weights or threads",
    )


def _rows(job: Job, part: Axes) -> float:
    """Bytes that the rows of an optimizer take, while they are put together."""
    plans = [plan for _, plan in axes.plans(part, job.problem)]
    hypers = len(_hypers(job))
    columns = 2 * job.problem.d + 30
    if job.reduce is not None:
        columns = 3 + len(job.reduce.columns) * (5 + len(job.reduce.quantiles))
    needed = rows_of(job, part) * 8 * (3 * hypers + columns)
    if part.keep_state or part.state is not None:
        needed += 3 * 8 * part.size * keeping.rows(part.optimizer.rule, job.problem.d)
    needed += 32 * max(0 if plan.schedule is None else plan.updates for plan in plans)
    if job.record != "summary":
        needed += part.size // len(plans) * sum(_records(job, part)) * _row(job, part)
    return needed


def _row(job: Job, part: Axes) -> int:
    """Bytes that a row of an epoch or update takes: records, where they come from, columns."""
    return 8 * (len(_hypers(job)) + 3 * job.problem.d + 13)


def _records(job: Job, part: Axes) -> list[int]:
    """The rows of a trajectory of every plan, where these are by epoch or update."""
    plans = [plan for _, plan in axes.plans(part, job.problem)]
    return [plan.epochs if job.record == "epochs" else plan.updates for plan in plans]


def _hypers(job: Job) -> set[str]:
    return {name for each in job.axes for name in each.optimizer.rule.hyperparameters}


def _at_work(job: Job, workers: int) -> float:
    """Bytes that blocks of trajectories take while they run.

    Weights, gradients and state, and what a thread keeps of orders and moments.
    """
    states = max(len(part.optimizer.rule.state) for part in job.axes)
    at_once = min(workers, -(-sum(part.size for part in job.axes) // layout.part(job.real)))
    held = max(_held(job, plan) for part in job.axes for _, plan in axes.plans(part, job.problem))
    return at_once * (layout.ROW_BYTES * (4 + states) * job.problem.d + 8 * held)


def _held(job: Job, plan: Plan) -> int:
    """Numbers of a plan's orders and moments that a thread keeps at most, if blocks share them."""
    n, d = job.problem.n, job.problem.d
    numbers = n + n * orders.epochs_held(2, plan.epochs, n)
    if moments.serve(job.problem, plan, job.order is not None):
        numbers += d * (d + 1) * moments.updates_held(plan.updates, d)
    return int(numbers)
