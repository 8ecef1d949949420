"""Updates per second of simopt on a GPU, and of JAX and optax on the same.

``python -m tests.bench_cuda`` (`make bench-cuda`) prints, in this order:

1. whether the GPU's results are the CPU's, bit for bit, on every case that is measured; if not,
   FAIL, and the exit status is 1;
2. how many divisions and square roots in double precision the GPU does a second, by a kernel that
   does little else: what the rules are measured by;
3. updates per second for 10^3 to 10^8 trajectories, 1,000 updates each, of SGD, Momentum and Adam
   on the four points: of the launches alone (`kernel`) and with results in arrays on the host
   (`call`), with what share of 2 that is; JAX and optax beside, where they are installed, which
   bring back the final weights alone;
4. Adam in float32, with an order of the points for every seed, and on ten weights;
5. Adam and SGD again with fewer registers a thread.

Contenders take turns, the best of several repetitions counts, compiling is apart. With ``--tiny``
everything is done with few trajectories and updates: in the simulator (NUMBA_ENABLE_CUDASIM=1) that
shows that it runs, and its figures mean nothing. ``--json FILE`` keeps the figures.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# JAX would take three quarters of the device's memory at its start.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")

import numpy as np

import simopt
from simopt.engine import blocks, cuda, grouping, moments, packing
from simopt.rules import OPTIMIZERS
from simopt.training import plan
from tests import contenders

numba_cuda = cuda.cuda

EPOCHS = 250
REPEATS = 3

#: Divisions and square roots of one update, by rule, in double precision.
HARD = {"SGD": (0, 0), "Momentum": (0, 0), "AdaGrad": (1, 1), "Adam": (1, 1)}

#: Of each rule the axes besides eta; eta takes what is left of the trajectories.
OTHERS: dict[str, dict[str, tuple[float, ...]]] = {
    "SGD": {},
    "Momentum": {"beta": tuple(np.linspace(0.5, 0.9, 10).tolist())},
    "Adam": {
        "beta1": tuple(np.linspace(0.8, 0.95, 10).tolist()),
        "beta2": tuple(np.linspace(0.9, 0.9995, 10).tolist()),
        "epsilon": (1e-8,),
    },
}
#: Rates at which no trajectory arrives or diverges: each does all its updates.
RATES = {"SGD": (1e-5, 1e-4), "Momentum": (1e-5, 1e-4), "Adam": (5e-4, 2e-3)}


@dataclass
class Row:
    """One work, measured: seconds by contender."""

    name: str
    trajectories: int
    updates: int
    seconds: dict[str, float] = field(default_factory=dict)
    hard: tuple[int, int] = (0, 0)

    def rate(self, who: str) -> float:
        """Updates per second."""
        return self.trajectories * self.updates / self.seconds[who]


# --- works --------------------------------------------------------------------------------------


def work_of(rule: str, trajectories: int, dtype: str = "float64", problem: Any = None) -> Any:
    """Trajectories that differ in every hyperparameter."""
    others = OTHERS[rule]
    held = int(np.prod([len(axis) for axis in others.values()], dtype=int))
    rates = np.linspace(*RATES[rule], max(1, trajectories // held))
    axes = {"eta": tuple(rates.tolist()), **others}
    return contenders.Work(problem or simopt.problems.four_points(), rule, axes, 1, dtype)


def ten_weights() -> Any:
    """Least squares on 128 points."""
    draws = np.random.default_rng(10)
    x = draws.standard_normal((128, 10))
    return simopt.problems.least_squares(x, x @ draws.uniform(0.7, 1.5, 10), name="ten weights")


class Runner:
    """A work through `cuda.compute`, in tasks as a sweep makes them."""

    def __init__(self, work: Any, epochs: int, seeds: int = 1, shuffle: str = "never") -> None:
        self.problem = work.problem
        how = plan.make(work.problem, work.batch_size, shuffle, epochs, False)
        settings = work.hyper().astype(np.float64)
        held = settings.shape[1]
        group = grouping.Group(
            OPTIMIZERS[work.rule]().rule,
            how,
            settings,
            np.arange(seeds),
            np.arange(held) * seeds,
            np.arange(seeds),
        )
        self.data = packing.pack(work.problem, work.real, work.limit(), None)
        self.tasks = grouping.tasks(
            group, work.problem, work.real, cuda.WAVE * how.updates, given=False
        )
        if self.tasks[0].points == "moments":
            self.data = moments.with_table(self.data, how)
        self.launched = 0.0

    def __call__(self, compute: Callable[..., Any] = cuda.compute) -> list[Any]:
        """Every task's results."""
        return [self.one(task, compute) for task in self.tasks]

    def one(self, task: Any, compute: Callable[..., Any] = cuda.compute) -> Any:
        """A task's results."""
        pulse = np.zeros(2, np.int64)
        return compute(task, self.data, self.problem, 1, 0, True, None, pulse)

    def call(self) -> float:
        """Seconds until the last result is on the host; of `launched`, what the kernels took."""
        launch = cuda.launch
        spans = []

        def timed(*arguments: Any) -> None:
            numba_cuda.synchronize()
            began = time.perf_counter()
            launch(*arguments)
            numba_cuda.synchronize()
            spans.append(time.perf_counter() - began)

        cuda.launch = timed
        began = time.perf_counter()
        try:
            for task in self.tasks:
                self.one(task)
        finally:
            cuda.launch = launch
        self.launched = sum(spans)
        return time.perf_counter() - began


def differences(runner: Runner) -> list[str]:
    """Which results of the first task are not the CPU's."""
    task = runner.tasks[0]
    ours, theirs = runner.one(task), runner.one(task, blocks.compute)
    real = task.members()[2]
    return [
        name
        for name in ("w", "loss", "best_loss", "peak", "counts")
        if not np.array_equal(
            getattr(ours, name)[..., real], getattr(theirs, name)[..., real], equal_nan=True
        )
    ]


# --- what the device can do ---------------------------------------------------------------------


def hard_rates(threads: int, steps: int) -> tuple[float, float]:
    """Divisions, and square roots, in double precision a second: chains in many threads at once."""

    def divisions(start, steps, ends):
        i = numba_cuda.grid(1)
        a, b, c, d = start + i, start + 2.0, start + 3.0, start + 5.0
        for _ in range(steps):
            a, b, c, d = start / a, start / b, start / c, start / d
        ends[i] = a + b + c + d

    def roots(start, steps, ends):
        i = numba_cuda.grid(1)
        a, b, c, d = start + i, start + 2.0, start + 3.0, start + 5.0
        for _ in range(steps):
            a, b = math.sqrt(a + start), math.sqrt(b + start)
            c, d = math.sqrt(c + start), math.sqrt(d + start)
        ends[i] = a + b + c + d

    ends = numba_cuda.device_array(threads, np.float64)
    found = []
    for function in (divisions, roots):
        kernel = cuda.jit(function)
        with cuda.uncontracted():
            seconds = []
            for _ in range(REPEATS + 1):
                began = time.perf_counter()
                cuda.launch(kernel, threads, 1.7, steps, ends)
                numba_cuda.synchronize()
                seconds.append(time.perf_counter() - began)
        found.append(4 * threads * steps / min(seconds[1:]))
    return found[0], found[1]


def share(row: Row, who: str, rates: tuple[float, float]) -> float:
    """The time that the row's divisions and roots would take alone, as a share of its time."""
    done = row.trajectories * row.updates
    alone = sum(done * count / rate for count, rate in zip(row.hard, rates, strict=True))
    return alone / row.seconds[who]


# --- measuring ----------------------------------------------------------------------------------


def measure(
    name: str,
    work: Any,
    epochs: int,
    peers: dict[str, Any],
    *,
    repeats: int,
    patience: float,
    **how: Any,
) -> Row:
    """One row: simopt first, then the peers in turns. Who takes longer than that runs once."""
    runner = Runner(work, epochs, **how)
    count = sum(task.count for task in runner.tasks)
    row = Row(name, count, epochs * work.batches)
    if work.dtype == "float64":
        row.hard = tuple(each * work.problem.d for each in HARD[work.rule])  # type: ignore[assignment]
    runs: dict[str, Callable[[], float]] = {"call": runner.call}
    for who, make in peers.items():
        try:
            run = make(work)
        except Exception as error:  # of any kind: not installed for this device, out of memory
            print(f"  {who} at {count:,}: {type(error).__name__}: {str(error)[:200]}")
            continue
        runs[who] = lambda run=run: seconds_of(run, epochs)  # type: ignore[misc]
    runner.call()
    for turn in range(repeats):
        for who, run in runs.items():
            if turn and row.seconds.get(who, 0.0) > patience:
                continue
            try:
                seconds = run()
            except Exception as error:
                print(f"  {who} at {count:,}: {type(error).__name__}: {str(error)[:200]}")
                continue
            row.seconds[who] = min(seconds, row.seconds.get(who, np.inf))
            if who == "call":
                row.seconds["kernel"] = min(runner.launched, row.seconds.get("kernel", np.inf))
    return row


def seconds_of(run: Callable[[int], Any], epochs: int) -> float:
    began = time.perf_counter()
    run(epochs)
    return time.perf_counter() - began


def told(row: Row, rates: tuple[float, float]) -> str:
    """A line of the table."""
    rule = {who: f"{row.rate(who):.3g}" for who in row.seconds}
    words = [f"{row.name:34} {row.trajectories:>11,} x {row.updates:<6,}"]
    words += [f"{who} {rule.get(who, '-'):>9}" for who in ("kernel", "call", "JAX", "optax")]
    if any(row.hard):
        words.append(f"{share(row, 'kernel', rates):6.1%} of divisions and roots")
    return "  ".join(words)


def sizes(tiny: bool) -> list[int]:
    """Trajectories."""
    return [100, 200] if tiny else [10**k for k in range(3, 9)]


def check(tiny: bool) -> list[str]:
    """Every measured kind of work against the CPU, with few trajectories."""
    epochs, count = (2, 100) if tiny else (EPOCHS, 10_000)
    wrong = []
    for rule in OTHERS:
        for dtype in ("float64", "float32"):
            runner = Runner(work_of(rule, count, dtype), epochs)
            wrong += [f"{rule} {dtype}: {name}" for name in differences(runner)]
    few = work_of("Adam", 100)
    runner = Runner(few, epochs, seeds=3 if tiny else 100, shuffle="epoch")
    wrong += [f"an order a seed: {name}" for name in differences(runner)]
    many = work_of("Adam", 100, problem=ten_weights())
    wrong += [f"ten weights: {name}" for name in differences(Runner(many, 1 if tiny else 20))]
    return wrong


def rows(tiny: bool, patience: float) -> list[Callable[[], Row]]:
    """Everything to measure, in order."""
    epochs, repeats = (1, 1) if tiny else (EPOCHS, REPEATS)
    peers: dict[str, Any] = {}
    if contenders.HAVE_JAX:
        peers["JAX"] = contenders.jax_by_hand
    if contenders.HAVE_OPTAX:
        peers["optax"] = contenders.optax_by_name
    slowest: dict[tuple[str, str], float] = {}

    def scaling(rule: str, count: int) -> Row:
        # Ten times as many take up to ten times as long: who would take too long is left out.
        quick = {
            who: make
            for who, make in peers.items()
            if slowest.get((rule, who), 0.0) * 10 < 4 * patience
        }
        row = measure(rule, work_of(rule, count), epochs, quick, repeats=repeats, patience=patience)
        slowest.update({(rule, who): row.seconds.get(who, np.inf) for who in quick})
        return row

    def further(name: str, work: Any, epochs: int, **how: Any) -> Row:
        used = {} if "seeds" in how else peers
        return measure(name, work, epochs, used, repeats=repeats, patience=patience, **how)

    def narrow(rule: str, registers: int) -> Row:
        cuda.REGISTERS = registers
        cuda.kernel.cache_clear()
        try:
            return further(f"{rule}, {registers} registers", work_of(rule, many), epochs, seeds=1)
        finally:
            cuda.REGISTERS = None
            cuda.kernel.cache_clear()

    many = 200 if tiny else 10**6
    seeds = 2 if tiny else 10**4
    todo: list[Callable[[], Row]] = [
        lambda rule=rule, count=count: scaling(rule, count)  # type: ignore[misc]
        for rule in OTHERS
        for count in sizes(tiny)
    ]
    todo += [
        lambda: further("Adam, float32", work_of("Adam", many, "float32"), epochs),
        lambda: further(
            "Adam, an order a seed", work_of("Adam", 100), epochs, seeds=seeds, shuffle="epoch"
        ),
        lambda: further(
            "Adam, ten weights",
            work_of("Adam", many // 10, problem=ten_weights()),
            1 if tiny else 8,
        ),
    ]
    todo += [
        lambda rule=rule, registers=registers: narrow(rule, registers)  # type: ignore[misc]
        for rule in ("SGD", "Adam")
        for registers in ((64,) if tiny else (96, 80, 64))
    ]
    return todo


def described() -> str:
    """The device and the versions."""
    versions = {}
    for package in ("simopt", "numba", "numba-cuda", "jax", "optax"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    device = numba_cuda.current_context().device
    name = getattr(device, "name", b"the simulator")
    name = name.decode() if isinstance(name, bytes) else str(name)
    return f"{name}; " + ", ".join(f"{each} {version}" for each, version in versions.items())


def main(arguments: list[str] | None = None) -> int:
    """Measure, and tell while measuring."""
    parser = argparse.ArgumentParser(description="Updates per second on a GPU.")
    parser.add_argument("--tiny", action="store_true", help="few trajectories, no figures")
    parser.add_argument("--patience", type=float, default=5.0, help="seconds a run may take")
    parser.add_argument("--json", type=Path, help="where to keep the figures")
    options = parser.parse_args(arguments)
    missing = cuda.available()
    if missing is not None:
        print(f"no GPU to measure: {missing}", file=sys.stderr)
        return 2
    print(described(), flush=True)
    wrong = check(options.tiny)
    for each in wrong:
        print(f"FAIL: not the CPU's bits: {each}")
    if not wrong:
        print("All results have the CPU's bits.", flush=True)
    rates = hard_rates(128, 3) if options.tiny else hard_rates(1 << 20, 1 << 10)
    print(f"{rates[0]:.3g} divisions, {rates[1]:.3g} square roots a second", flush=True)
    measured = []
    for run in rows(options.tiny, options.patience):
        row = run()
        print(told(row, rates), flush=True)
        measured.append(
            {
                "name": row.name,
                "trajectories": row.trajectories,
                "updates_each": row.updates,
                "updates_per_second": {who: row.rate(who) for who in row.seconds},
                "share": share(row, "kernel", rates),
            }
        )
        if options.json:
            kept = {
                "device": described(),
                "differs_from_cpu": wrong,
                "divisions_per_second": rates[0],
                "roots_per_second": rates[1],
                "rows": measured,
            }
            options.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
