"""Runs at one batch size: settings times seeds, and the steps to target of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from simopt.analysis import measures
from simopt.engine import run
from simopt.engine.conditions import Conditions
from simopt.engine.grouping import Group
from simopt.engine.results import allocate
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training.plan import Plan, make

Floats = NDArray[np.float64]

#: Looks at the loss within the steps to target, where a look costs as much as many updates: that
#: resolves the steps to two per cent; fewer in a first look.
LOOKS, FEW_LOOKS = 50, 16


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

    def plan(self, updates: int) -> Plan:
        """The plan of a trajectory: shuffled every epoch, unless there is nothing to shuffle."""
        whole = self.batch_size == self.problem.n or not self.problem.n
        shuffle = "never" if whole else "epoch"
        return make(
            self.problem,
            self.batch_size,
            shuffle,
            1,
            False,
            updates=updates,
            stop_at_target=True,
        )


@dataclass(frozen=True, eq=False)
class Stage:
    """The results of several settings.

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
    """The interval of loss evaluations that resolves this number of steps."""
    if setup.problem.cheap or not setup.problem.linear:
        return 1
    return max(1, round(steps / looks))


def attempt(
    setup: Setup, settings: Floats, seeds: NDArray[np.int64], horizon: int, every: int
) -> Stage:
    """Run every setting with every seed until the target, or for ``horizon`` updates."""
    shape = settings.shape[1], len(seeds)
    group = Group(
        rule=setup.optimizer.rule,
        plan=setup.plan(horizon),
        settings=settings,
        seeds=seeds,
        setting_rows=np.arange(shape[0]) * len(seeds),
        seed_rows=np.arange(len(seeds)),
    )
    conditions = _conditions(setup, every)
    names = ("target_at", "diverged_at", "best_loss", "best_at")
    results = allocate(conditions, [group], names)
    run.fill(conditions, [group], results, threads=setup.threads)
    reached = results.raw["target_at"].reshape(shape)
    best = np.where(results.raw["best_at"] > 0, results.raw["best_loss"], np.inf).reshape(shape)
    return Stage(
        settings=settings,
        times=np.where(reached > 0, reached, np.inf),
        losses=order_statistic(np.where(np.isnan(best), np.inf, best), 0.5),
        horizon=horizon,
        every=every,
        updates=results.all_updates,
    )


@lru_cache(maxsize=4)
def _conditions(setup: Setup, every: int) -> Conditions:
    """Shared inputs of successive attempts, so that the problem's arrays are built once."""
    return Conditions(problem=setup.problem, every=every, limit=setup.limit, target=setup.target)
