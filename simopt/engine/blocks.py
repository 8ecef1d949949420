"""From a problem and rows of settings to the kernel's arrays, and back.

A *group* is trajectories that differ only in hyperparameters and seed. Its blocks share one order
of the points where enough trajectories have that order (then a data point is one number for all
lanes); else every lane has its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import lanes, layout
from simopt.engine.layout import Data, How, Out
from simopt.plan import Plan
from simopt.problems import Problem
from simopt.rules.rule import Rule

Array = NDArray[Any]

#: A block filled to this share or more is worth one shared order. An own order costs about twice as
#: much per update for one weight; for several, every coordinate of every point must be gathered,
#: ten times as much.
WORTH_SHARING_ONE = 1 / 2
WORTH_SHARING_MANY = 1 / 10

#: Points whose outer products are summed at once: 64 weights then take 8 MiB.
MOMENT_POINTS = 256

SHUFFLE_CODE = {"never": 0, "once": 1, "epoch": 2, "given": 3}
RECORD_CODE = {"summary": 0, "epochs": 1, "steps": 2}


@dataclass(frozen=True)
class Group:
    """Trajectories of one rule and one plan.

    ``hyper`` [hyperparameters, rows] and ``seeds`` [rows] are per trajectory; ``rows`` says where
    its results go.
    """

    rule: Rule
    plan: Plan
    hyper: NDArray[np.float64]
    seeds: NDArray[np.int64]
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """Whole blocks of one group: what one call of a kernel does. -1 marks a padding lane."""

    group: Group
    points: str
    members: NDArray[np.int64]


def fused(problem: Problem) -> bool:
    """Whether the one-pass kernel for a single least-squares weight serves this problem."""
    return problem.d == 1 and problem.kind == "least_squares"


def moments_serve(problem: Problem, plan: Plan) -> bool:
    """Whether a batch's moments replace its points: fewer products, the same in every epoch.

    It depends on nothing but the trajectory's own plan, so that its bits don't either.
    """
    several = problem.kind == "least_squares" and problem.d > 1
    return several and plan.shuffle == "never" and plan.batch_size >= problem.d


def with_moments(data: Data, plan: Plan) -> Data:
    """The data with the moments of every batch in file order, summed point by point."""
    starts = range(0, plan.points_used, plan.batch_size)
    dp = data.x.shape[1]
    moments, slopes = np.zeros((len(starts), dp, dp)), np.zeros((len(starts), dp))
    for b, start in enumerate(starts):
        stop = min(start + plan.batch_size, plan.points_used)
        for at in range(start, stop, MOMENT_POINTS):
            rows = slice(at, min(at + MOMENT_POINTS, stop))
            x, y = data.x[rows].astype(np.float64), data.y[rows].astype(np.float64)
            moments[b] += (x[:, :, None] * x[:, None, :]).sum(axis=0)
            slopes[b] += (x * y[:, None]).sum(axis=0)
        moments[b] *= 2 / (stop - start)
        slopes[b] *= 2 / (stop - start)
    dtype = data.x.dtype
    return data._replace(moments=moments.astype(dtype), slopes=slopes.astype(dtype))


def pack(problem: Problem, dtype: type, limit: float | None, target: float | None) -> Data:
    """A problem in the kernel's precision and padding."""
    dp = 1 if fused(problem) else -(-problem.d // 4) * 4

    def padded(values: NDArray[np.float64]) -> Array:
        result: Array = np.zeros(dp, dtype)
        result[: problem.d] = values
        return result

    x: Array = np.zeros((problem.n, dp), dtype)
    x[:, : problem.d] = problem.x
    factor: Array = np.zeros((dp, dp), dtype)
    minimizer = np.zeros(problem.d) if problem.minimizer is None else problem.minimizer
    if problem.kind == "least_squares":
        factor[: problem.d, : problem.d] = problem.factor
    unknown = np.full(problem.d, np.nan)
    bounds = (
        problem.minimum_loss,
        np.inf if limit is None else limit,
        -np.inf if target is None else target,
    )
    return Data(
        x=x,
        y=problem.y.astype(dtype),
        w0=padded(problem.w0),
        l2=padded(problem.l2),
        factor=factor,
        minimizer=padded(minimizer),
        optimum=(unknown if problem.optimum is None else problem.optimum).astype(dtype),
        bounds=np.array(bounds).astype(dtype),
        moments=np.empty((0, dp, dp), dtype),
        slopes=np.empty((0, dp), dtype),
    )


def tasks(
    group: Group, problem: Problem, dtype: type, lane_updates: int, given: bool
) -> list[Task]:
    """Cut a group into tasks of about ``lane_updates`` updates each."""
    width = layout.lanes(dtype)
    shuffled = not given and group.plan.shuffle != "never"
    key = group.seeds if shuffled else np.zeros_like(group.seeds)
    arrangement = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[arrangement], prepend=key[arrangement[0]] - 1))
    lengths = np.diff(starts, append=len(key))
    padded = -(-lengths // width) * width
    worth = WORTH_SHARING_ONE if fused(problem) else WORTH_SHARING_MANY
    own = shuffled and bool(lengths.sum() < worth * padded.sum())
    points = "own" if own else "shared"
    if not given and moments_serve(problem, group.plan):
        points = "moments"
    if own:
        members = np.full(-(-len(key) // width) * width, -1)
        members[: len(key)] = arrangement
    else:
        members = np.full(padded.sum(), -1)
        places = np.arange(len(key)) + np.repeat(np.cumsum(padded - lengths), lengths)
        places -= np.repeat(padded - lengths, lengths)
        members[places] = arrangement
    size = max(1, lane_updates // (group.plan.updates * width)) * width
    return [Task(group, points, members[i : i + size]) for i in range(0, len(members), size)]


def compiled(problem: Problem, task: Task, dtype: type) -> None:
    """Compile the task's kernel, or load it from disk, without running it."""
    nothing = Task(task.group, task.points, np.empty(0, np.int64))
    compute(nothing, pack(problem, dtype, None, None), problem, 1, 0, True, None, np.zeros(2, int))


def how_of(plan: Plan, dtype: Any, every: int, record: int, stops: bool, given: bool) -> How:
    """A plan as the kernel's numbers."""
    return How(
        batch_size=plan.batch_size,
        points_used=plan.points_used,
        epochs=plan.epochs,
        every=every or plan.batches,
        shuffle=SHUFFLE_CODE["given" if given else plan.shuffle],
        record=record,
        stops=stops,
        rates=plan.rates().astype(dtype),
        clip=dtype(plan.clip[1]),
        slack=dtype(plan.clip[2]),
        box=np.array(plan.box or (-np.inf, np.inf)).astype(dtype),
    )


def extras_of(plan: Plan) -> layout.Extras:
    """What the plan asks for that a kernel leaves out otherwise."""
    return layout.Extras(plan.schedule is not None, plan.clip[0], plan.box is not None)


def compute(
    task: Task,
    data: Data,
    problem: Problem,
    every: int,
    record: int,
    stops: bool,
    given: NDArray[np.int64] | None,
    pulse: NDArray[np.int64],
) -> Out:
    """Run a task. ``pulse[0]`` set to 1 ends it early, its results then being void."""
    group, plan = task.group, task.group.plan
    members = task.members
    dtype: Any = data.x.dtype.type
    if len(members):
        # A padding lane repeats its block's first trajectory.
        blocks = members.reshape(-1, layout.lanes(dtype))
        members = np.where(blocks < 0, blocks[:, :1], blocks).ravel()
    count = len(members)
    records = (0, plan.epochs, plan.updates)[record]
    out = Out(
        w=np.empty((problem.d, count), dtype),
        loss=np.empty(count, dtype),
        best_loss=np.empty(count, dtype),
        peak=np.empty(count, dtype),
        counts=np.empty((layout.COUNTED, count), np.int64),
        recorded_loss=np.empty((records, count), dtype),
        recorded_w=np.empty((records, problem.d, count), dtype),
        pulse=pulse,
    )
    how = how_of(plan, dtype, every, record, stops, given is not None)
    kernel: Any = lanes.kernel(
        group.rule, problem.kind, fused(problem), task.points, dtype, extras_of(plan)
    )
    orders = np.empty((0, plan.n), np.int64) if given is None else given
    hyper = np.ascontiguousarray(group.hyper[:, members]).astype(dtype)
    kernel(data, how, hyper, group.seeds[members], orders, out)
    return out
