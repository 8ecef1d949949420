"""What a client costs: the same sweep on this process's threads and on a local Dask cluster.

As many worker processes of one thread as there are threads. They take turns, and the best turn of
each counts; the first turn, in which kernels are compiled and workers learn what they share, does
not. Besides the time by the clock there is that of the processors: on a machine that others use it
says more.

A cluster costs something whatever it is used for: heartbeats, Dask's profiler of what its workers
do (100 looks a second at each), messages. Each turn of the client is thus followed by an echo:
workers that sleep as long as they worked and send as many bytes in as many messages. What the
processors do meanwhile is the floor for anyone who uses that client, and what the client costs
beyond it is this package's own: the median of the turns, for it is a small difference of large
numbers. What both sides do with the results, making them small, pickling and unpickling them and
filling the table, is timed by itself in this process: its share of the work is no difference.
``python -m tests.bench_client`` prints the table alone.
"""

from __future__ import annotations

import pickle
import statistics
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any
from unittest import mock

#: The share of the time on threads that a client may cost beyond the cluster's own upkeep.
TARGET = 0.05

#: Seconds over which it is seen what the processors do while nothing is done.
IDLE = 3.0


@dataclass
class Seconds:
    """Of every turn, by the clock and of the processors."""

    clock: list[float] = field(default_factory=list)
    processors: list[float] = field(default_factory=list)

    @contextmanager
    def turn(self, idle: float = 0.0) -> Generator[None]:
        """Time what is done, less what the processors do each second while nothing is."""
        began, used = time.perf_counter(), processor_seconds()
        yield
        clock = time.perf_counter() - began
        self.clock.append(clock)
        self.processors.append(processor_seconds() - used - idle * clock)


@dataclass
class Overhead:
    """A work on threads and by a client, and the client's bare messages."""

    name: str
    updates: int
    #: What the workers sent in one turn.
    messages: int
    size: int
    threads: Seconds
    client: Seconds
    echo: Seconds
    #: Seconds of a processor in which the results are packed, unpacked and put into the table.
    handling: float

    def share(self, of: str) -> float:
        """What the client costs more, best turn against best, of the seconds on threads."""
        return min(getattr(self.client, of)) / min(getattr(self.threads, of)) - 1

    @property
    def floor(self) -> float:
        """The share of the processors' seconds on threads that the cluster takes by itself."""
        return min(self.echo.processors) / min(self.threads.processors)

    @property
    def own(self) -> float:
        """What the client costs beyond the floor, of the median turn."""
        turns = (self.threads.processors, self.client.processors, self.echo.processors)
        return statistics.median((c - e) / t - 1 for t, c, e in zip(*turns, strict=True))

    @property
    def handled(self) -> float:
        """The share of the processors' seconds on threads that the results' handling takes."""
        return self.handling / min(self.threads.processors)

    def record(self) -> dict[str, Any]:
        """The case as plain values."""
        shares = {of: self.share(of) for of in ("clock", "processors")}
        return (
            asdict(self) | shares | {"floor": self.floor, "own": self.own, "handled": self.handled}
        )


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


def echo(shared: Any, item: tuple[float, int]) -> bytes:
    """So many bytes, after so many seconds."""
    seconds, size = item
    time.sleep(seconds)
    return bytes(size)


@contextmanager
def messages() -> Generator[list[tuple[Any, Any, Any]]]:
    """The job, item and result of every message that workers send home meanwhile."""
    from simopt.sweeps import clients

    seen: list[tuple[Any, Any, Any]] = []
    completed = clients.completed

    def watched(client: Any, function: Any, shared: Any, items: Any) -> Generator[tuple[Any, Any]]:
        for item, result in completed(client, function, shared, items):
            seen.append((shared, item, result))
            yield item, result

    with mock.patch.object(clients, "completed", watched):
        yield seen


def handling(seen: list[tuple[Any, Any, Any]]) -> float:
    """Seconds of this processor for what both sides do with the results of all messages."""
    from simopt.sweeps import outcomes

    def handle() -> float:
        began = time.process_time()
        job = seen[0][0]
        table = outcomes.Table(job, job.axes)
        for _, item, result in seen:
            sent = pickle.dumps([outcomes.compact(each) for each in result], 5)
            for chunk, outcome in zip(item, pickle.loads(sent), strict=True):
                table.fill(outcome, chunk.part, chunk.ranges)
        table.frame()
        return time.process_time() - began

    return min(handle() for _ in range(5))


def overheads(threads: int, repeats: int, quick: bool) -> list[Overhead]:
    """Every work, timed in turns."""
    from distributed import Client, LocalCluster

    import simopt
    from simopt.sweeps import clients

    four = simopt.problems.four_points()
    measured = []
    # Neither a page nor a port of its own: another program may have them.
    cluster = LocalCluster(n_workers=threads, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster) as client:
        for name, work in works(quick).items():
            table = partial(simopt.sweep, four, **work)
            here, there, bare = Seconds(), Seconds(), Seconds()
            with messages() as seen:
                if not table(threads=threads).equals(table(client=client)):
                    raise AssertionError(f"{name}: a client's table differs")
            sizes = [len(pickle.dumps(result, 5)) for _, _, result in seen]
            pause = Seconds()
            with pause.turn():
                time.sleep(IDLE)
            idle = pause.processors[0] / pause.clock[0]
            for _ in range(repeats):
                with here.turn(idle):
                    frame = table(threads=threads)
                with there.turn():
                    table(client=client)
                # Workers are done together, so each sleeps for its share of the time.
                nap = there.clock[-1] * threads / len(sizes)
                with bare.turn():
                    for _ in clients.completed(client, echo, None, [(nap, n) for n in sizes]):
                        pass
            updates = frame.attrs["updates"]
            measured.append(
                Overhead(name, updates, len(sizes), sum(sizes), here, there, bare, handling(seen))
            )
    return measured


def rows_of_overheads(measured: list[Overhead]) -> tuple[list[str], list[list[str]]]:
    """Two rows per work: by the clock and of the processors."""

    def aim(share: float) -> str:
        return f"<= {TARGET:.0%}{'' if share <= TARGET else '  MISSED'}"

    heads = ["sweep", "updates", "sent", "seconds by", "threads", "client", "client costs"]
    heads += ["cluster's floor", "beyond it", "aim", "of it handling"]
    rows = []
    for each in measured:
        for of in ("clock", "processors"):
            parts = [aim(each.share(of))]
            if of == "processors":
                parts = [aim(each.own), f"{each.handled:.1%}"]
            rows.append(
                [
                    each.name,
                    f"{each.updates:,}",
                    f"{each.size / 2**20:.2f} MiB in {each.messages}",
                    of,
                    f"{min(getattr(each.threads, of)):.2f}",
                    f"{min(getattr(each.client, of)):.2f}",
                    f"{each.share(of):+.1%}",
                    *(["", ""] if of == "clock" else [f"{each.floor:.1%}", f"{each.own:+.1%}"]),
                    *parts,
                    *([""] if of == "clock" else []),
                ]
            )
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
