"""Sweeps of one problem, from which runs are labelled: where each ends, and its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import schedules
from simopt.problems import Problem
from simopt.rules import Optimizer
from simopt.schedules import Schedule
from simopt.sweeps.sweep import sweep

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Rates tried of every rule, evenly in the logarithm over so many powers of ten.
RATES, DECADES = 36, 8

#: Not a schedule to compare, but one kernel for all: a rate that stays.
CONSTANT = schedules.constant()


@dataclass(frozen=True, eq=False)
class Sampling:
    """How to train: batches, plan long, and what is written down.

    Attributes
    ----------
    batch_size : int
        Points an update.
    length : int
        Records: epochs, or updates.
    record : {"epochs", "steps", "batches"}
        One a pass over the points, or one an update: over all points, or over the update's own.
    order : ndarray of int [epochs, n]
        The order of the points.
    seed : int
        What order, or noise, was drawn by.
    """

    batch_size: int
    length: int
    record: str
    order: Ints
    seed: int


def draw_plan(
    rng: np.random.Generator, problem: Problem, batch_size: int, length: int, record: str
) -> Sampling:
    """A plan with an order of the points, new in every epoch."""
    rows = np.tile(np.arange(problem.n), (_epochs(problem, batch_size, length, record), 1))
    order = rng.permuted(rows, axis=1)
    return Sampling(batch_size, length, record, order, int(rng.integers(2**31)))


def prolonged(plan: Sampling, problem: Problem, times: int) -> Sampling:
    """The same for longer: its orders come again."""
    length = plan.length * times
    epochs = _epochs(problem, plan.batch_size, length, plan.record)
    order = np.resize(plan.order, (epochs, problem.n))
    return replace(plan, length=length, order=order)


def _epochs(problem: Problem, batch_size: int, length: int, record: str) -> int:
    return length if record == "epochs" else -(-length // updates_of_epoch(problem, batch_size))


def updates_of_epoch(problem: Problem, batch_size: int) -> int:
    """How many updates a pass over the points is; 1 where there are none."""
    return -(-problem.n // batch_size) if problem.n else 1


@dataclass(frozen=True, eq=False)
class Recorded:
    """Curves [m, T] and weights [m, T, d] of a table's rows."""

    frame: pd.DataFrame
    losses: Floats
    weights: Floats


def ends(
    problem: Problem,
    optimizers: Sequence[Optimizer],
    plan: Sampling,
    given: Sequence[Schedule],
    threads: int,
) -> Floats:
    """The loss at the end, [optimizers, rates, schedules]; every optimizer has as many rates."""
    frame = _sweep(problem, optimizers, plan, "summary", given, threads)
    with np.errstate(invalid="ignore"):
        losses = frame["loss"].to_numpy(np.float64)
    return losses.reshape(len(optimizers), -1, len(given))


def record(
    problem: Problem,
    optimizers: Sequence[Optimizer],
    plan: Sampling,
    threads: int,
    schedule: Schedule = CONSTANT,
) -> Recorded:
    """Every run, record by record."""
    record = "epochs" if plan.record == "epochs" else "steps"
    long = _sweep(problem, optimizers, plan, record, [schedule], threads)
    frame = long.iloc[:: plan.length].reset_index(drop=True)
    names = [f"w_{k}" for k in range(problem.d)] if problem.d > 1 else ["w"]
    weights = long[names].to_numpy(np.float64).reshape(len(frame), plan.length, problem.d)
    losses = long["loss"].to_numpy(np.float64).reshape(len(frame), plan.length)
    return Recorded(frame.drop(columns=["loss", *names]), losses, weights)


def _sweep(
    problem: Problem,
    optimizers: Sequence[Optimizer],
    plan: Sampling,
    record: str,
    given: Sequence[Schedule],
    threads: int,
) -> pd.DataFrame:
    epochs = plan.record == "epochs"
    time: dict[str, Any] = {"epochs" if epochs else "updates": plan.length}
    return sweep(
        problem,
        list(optimizers),
        batch_size=plan.batch_size,
        # Of points or of none: with a given order one kernel does, whatever the number of rates.
        order=plan.order if problem.noise is None else None,
        seed=plan.seed,
        schedule=list(given),
        divergence=None,
        evaluate="epoch" if record == "summary" else None,
        record=record,
        threads=threads,
        progress=False,
        **time,
    )
