"""Whether a table fits in memory, checked before any work."""

from __future__ import annotations

from simopt.engine import keeping
from simopt.ground.memory import SHARE, free
from simopt.sweeps import axes
from simopt.sweeps.chunks import Job, rows_of


def check(job: Job) -> None:
    """Refuse a table that would not fit, saying how large it would be."""
    problem, record = job.problem, job.record
    rows = sum(rows_of(job, part) for part in job.axes)
    hypers = len({name for each in job.axes for name in each.optimizer.rule.hyperparameters})
    columns = 2 * problem.d + 30
    if job.reduce is not None:
        columns = 3 + len(job.reduce.columns) * (5 + len(job.reduce.quantiles))
    needed = rows * 8 * (3 * hypers + columns)
    for each in job.axes:
        plans = [plan for _, plan in axes.plans(each, problem)]
        if each.keep_state or each.state is not None:
            needed += 3 * 8 * each.size * keeping.rows(each.optimizer.rule, problem.d)
        needed += 32 * max(0 if plan.schedule is None else plan.updates for plan in plans)
        if record != "summary":
            counts = sum(plan.epochs if record == "epochs" else plan.updates for plan in plans)
            needed += each.size // len(plans) * counts * 8 * (hypers + 2 * problem.d + 12)
    room = SHARE * free()
    if needed > room:
        what = "trajectories" if job.reduce is None else "groups"
        raise ValueError(
            f"axes={axes.shape(job.axes)}: {rows:,} {what} with record={record!r} need about "
            f"{needed / 2**30:,.1f} GiB: must be at most {room / 2**30:,.1f} GiB "
            f"({SHARE:.0%} of what is free); take shorter axes, reduce='seed' or another "
            f"axis to summarise over, or store='a folder'"
        )
