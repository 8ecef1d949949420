"""One batch size: settings tried on seeds for some updates, and when each reached the target."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.analysis import measures
from simopt.engine import blocks, layout
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.sweeps import results as frames
from simopt.training import plan
from simopt.training.plan import Plan

Floats = NDArray[np.float64]

#: Looks at the loss within the steps to target, where a look costs as much as many updates: that
#: resolves the steps to two per cent; fewer in a first look.
LOOKS, FEW_LOOKS = 50, 16

#: Weights of one task times the points that they see: some 50 ms, so that Ctrl-C is heard.
TASK_WORK = 50_000_000


@dataclass(frozen=True, eq=False)
class Setup:
    """An optimizer on a problem at one batch size."""

    problem: Problem
    optimizer: Optimizer
    batch_size: int
    target: float
    limit: float | None
    seeds: NDArray[np.int64]
    budget: int
    threads: int

    @cached_property
    def data(self) -> layout.Data:
        """The problem as the kernel has it."""
        return blocks.pack(self.problem, np.float64, self.limit, self.target)

    def plan(self, updates: int) -> Plan:
        """The plan of a trajectory: shuffled every epoch, unless there is nothing to shuffle."""
        whole = self.batch_size == self.problem.n or not self.problem.n
        shuffle = "never" if whole else "epoch"
        return plan.make(
            self.problem,
            self.batch_size,
            shuffle,
            1,
            False,
            updates=updates,
            stop_at_target=True,
        )

    @cached_property
    def moments(self) -> layout.Data:
        """The data with the moments of the batches, where they serve."""
        return blocks.with_moments(self.data, self.plan(1))


@dataclass(frozen=True, eq=False)
class Stage:
    """What some settings did.

    Attributes
    ----------
    settings : ndarray [hyperparameters, N]
        The settings.
    times : ndarray [N, seeds]
        The update at which each first was at the target or below; infinite if it was not.
    losses : ndarray [N]
        The median over the seeds of the best loss seen.
    horizon, every : int
        Updates at most, and between two looks at the loss.
    updates : int
        Made, in all.
    """

    settings: Floats
    times: Floats
    losses: Floats
    horizon: int
    every: int
    updates: int

    @cached_property
    def steps(self) -> Floats:
        """The median over the seeds [N]."""
        return order_statistic(self.times, 0.5)


def order_statistic(values: Floats, share: float) -> Floats:
    """The order statistic nearest to a share, over the last axis, as `measures.bands` has it."""
    count = values.shape[-1]
    place = int(np.rint(share * (count - 1)))
    return np.asarray(np.partition(values, place, axis=-1)[..., place])


def band(times: Floats) -> tuple[float, float, float]:
    """Low, median and high over the seeds of one setting."""
    shares = (measures.LOW, 0.5, measures.HIGH)
    low, median, high = (float(order_statistic(times, share)) for share in shares)
    return low, median, high


def interval(setup: Setup, steps: float, looks: int) -> int:
    """Updates between two looks at the loss, if that many steps are to be resolved."""
    if setup.problem.kind != "logistic":
        return 1
    return max(1, round(steps / looks))


def attempt(
    setup: Setup, settings: Floats, seeds: NDArray[np.int64], horizon: int, every: int
) -> Stage:
    """Run every setting with every seed until the target, or for ``horizon`` updates."""
    problem, count = setup.problem, settings.shape[1]
    how = setup.plan(horizon)
    group = blocks.Group(
        rule=setup.optimizer.rule,
        plan=how,
        settings=settings,
        seeds=seeds,
        setting_rows=np.arange(count) * len(seeds),
        seed_rows=np.arange(len(seeds)),
    )
    work = max(1, problem.d * max(1, setup.batch_size))
    cut = blocks.tasks(group, problem, np.float64, TASK_WORK // work, False)
    data = setup.moments if cut[0].points == "moments" else setup.data
    wanted = ("target_at", "diverged_at", "best_loss", "best_at")
    results = frames.allocate(group.size, problem.d, np.float64, wanted)
    pulse = np.zeros(2, np.int64)
    stops = setup.limit is not None

    def run(task: blocks.Task) -> layout.Out:
        return blocks.compute(task, data, problem, every, 0, stops, None, pulse)

    for task, out in _on_threads(run, cut, setup.threads, pulse):
        frames.store(task, out, results)
    shape = count, len(seeds)
    reached = results.raw["target_at"].reshape(shape)
    best = np.where(results.raw["best_at"] > 0, results.raw["best_loss"], np.inf).reshape(shape)
    planned = np.full(group.size, horizon)
    return Stage(
        settings=settings,
        times=np.where(reached > 0, reached, np.inf),
        losses=order_statistic(np.where(np.isnan(best), np.inf, best), 0.5),
        horizon=horizon,
        every=every,
        updates=frames.updates_made(planned, results, True),
    )


def _on_threads(
    run: Any, items: list[Any], threads: int, pulse: NDArray[np.int64]
) -> Iterator[tuple[Any, Any]]:
    """(item, result) in order; leaving early stops what runs."""
    pool = ThreadPoolExecutor(min(threads, len(items)))
    try:
        yield from zip(items, pool.map(run, items), strict=True)
    finally:
        pulse[0] = 1
        pool.shutdown(wait=True, cancel_futures=True)
