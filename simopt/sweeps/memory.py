"""Whether a table fits in memory, told before any work."""

from __future__ import annotations

import os

from simopt.sweeps import axes
from simopt.sweeps.chunks import Chunks, Job

#: The share of the memory that is free which a table may take.
SHARE = 0.7


def check(job: Job) -> None:
    """Refuse a table that would not fit, saying how large it would be."""
    asked, problem, record = job.axes, job.problem, job.record
    rows = Chunks(job).total_rows()
    hypers = len({name for each in asked for name in each.optimizer.rule.hyperparameters})
    columns = 2 * problem.d + 30
    if job.reduce is not None:
        columns = 3 + len(job.reduce.columns) * (5 + len(job.reduce.quantiles))
    needed = rows * 8 * (3 * hypers + columns)
    for each in asked:
        plans = [how for _, how in axes.plans(each, problem)]
        needed += 32 * max(0 if how.schedule is None else how.updates for how in plans)
        if record != "summary":
            counts = sum(how.epochs if record == "epochs" else how.updates for how in plans)
            needed += each.size // len(plans) * counts * 8 * (hypers + 2 * problem.d + 12)
    room = SHARE * free()
    if needed > room:
        what = "trajectories" if job.reduce is None else "groups"
        raise ValueError(
            f"axes={axes.shape(asked)}: {rows:,} {what} with record={record!r} need about "
            f"{needed / 2**30:,.1f} GiB: must be at most {room / 2**30:,.1f} GiB "
            f"({SHARE:.0%} of what is free); take shorter axes, reduce='seed' or another "
            f"axis to summarise over, or store='a folder'"
        )


def free() -> float:
    """Bytes that can be had without swapping."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            fields = dict(line.split(":") for line in file)
        return float(fields["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError):
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
