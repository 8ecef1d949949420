"""What a client costs: the same sweep on this process's threads and on a local Dask cluster.

As many worker processes of one thread as there are threads. They take turns, and the best turn of
each counts; the first turn, in which kernels are compiled and workers learn what they share, does
not. Besides the time by the clock there is that of the processors, of this process and the
cluster's together: on a machine that others use it says more. ``python -m tests.bench_client``
prints the table alone.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any

#: The share of the time on threads that a client may cost.
TARGET = 0.05


@dataclass
class Seconds:
    """Of every turn, by the clock and of all processors."""

    clock: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)


@dataclass
class Overhead:
    """A work on threads and by a client."""

    name: str
    updates: int
    threads: Seconds
    client: Seconds

    def share(self, of: str) -> float:
        """What the client costs more, best turn against best, of the seconds on threads."""
        return min(getattr(self.client, of)) / min(getattr(self.threads, of)) - 1

    def record(self) -> dict[str, Any]:
        """The case as plain values."""
        return asdict(self) | {of: self.share(of) for of in ("clock", "processors")}


def processor_seconds() -> float:
    """What this process and those that it started have used."""
    import psutil

    this = psutil.Process()
    times = [process.cpu_times() for process in (this, *this.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def works(quick: bool) -> dict[str, dict[str, Any]]:
    """Sweeps of some seconds: a row for every trajectory, and statistics over the seeds."""
    import numpy as np

    import simopt

    adam = simopt.Adam(eta=np.geomspace(1e-4, 1e-2, 256).tolist())
    common = {"optimizers": adam, "shuffle": "epoch", "progress": False}
    longer = 1 if quick else 4
    return {
        "rows": {**common, "seed": range(1024), "epochs": 250 * longer},
        "reduced over seeds": {
            **common, "seed": range(4096 * longer), "epochs": 60, "reduce": "seed",
        },
    }  # fmt: skip


def overheads(threads: int, repeats: int, quick: bool) -> list[Overhead]:
    """Every work, timed in turns."""
    from distributed import Client, LocalCluster

    import simopt

    four = simopt.problems.four_points()
    measured = []
    # Neither a page nor a port of its own: another program may have them.
    cluster = LocalCluster(n_workers=threads, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        for name, work in works(quick).items():
            ways: list[dict[str, Any]] = [{"threads": threads}, {"client": client}]
            seconds = [Seconds(), Seconds()]
            frames = []
            for turn in range(repeats + 1):
                frames = []
                for way, each in zip(ways, seconds, strict=True):
                    began, used = time.perf_counter(), processor_seconds()
                    frames.append(simopt.sweep(four, **work, **way))
                    if turn:
                        each.clock.append(time.perf_counter() - began)
                        each.processors.append(processor_seconds() - used)
            if not frames[0].equals(frames[1]):
                raise AssertionError(f"{name}: a client's table differs")
            measured.append(Overhead(name, frames[0].attrs["updates"], *seconds))
    return measured


def rows_of_overheads(measured: list[Overhead]) -> tuple[list[str], list[list[str]]]:
    """A row per work."""
    heads = ["sweep", "updates", "seconds by", "threads", "client", "client costs", "aim"]
    rows = [
        [
            each.name,
            f"{each.updates:,}",
            of,
            f"{min(getattr(each.threads, of)):.2f}",
            f"{min(getattr(each.client, of)):.2f}",
            f"{each.share(of):+.1%}",
            f"<= {TARGET:.0%}{'' if each.share(of) <= TARGET else '  MISSED'}",
        ]
        for each in measured
        for of in ("clock", "processors")
    ]
    return heads, rows


def main(arguments: list[str] | None = None) -> None:
    """Print the table."""
    from tests.bench_engine import describe, limit_threads, machine, parse, plain

    options = parse(arguments)
    threads = limit_threads(options.threads)
    print(describe(machine(threads)), flush=True)
    measured = overheads(threads, options.repeats or 5, options.quick)
    print(plain(*rows_of_overheads(measured)))


if __name__ == "__main__":
    sys.exit(main())
