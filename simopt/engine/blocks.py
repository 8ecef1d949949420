"""Tasks on the CPU: which kernel runs one, its call, and its results among all others.

Nothing here grows with the number of trajectories but what one call of a kernel returns.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import cpu, keeping, layout, refusals
from simopt.engine.grouping import Group, Task
from simopt.engine.layout import Data, Kept, Out
from simopt.engine.losses import passes_of
from simopt.engine.packing import extras_of, how_of, pack
from simopt.problems import Problem

Array = NDArray[Any]

#: The kernels that this process has compiled, or is about to, and those of them that are whole.
COMPILED: set[tuple[Any, ...]] = set()
WHOLE: set[tuple[Any, ...]] = set()

#: Of these, as `cpu` gives them, those that are compiled, or loaded from disk.
READY: set[cpu.Kernel] = set()


def compiled(problem: Problem, task: Task, dtype: type) -> None:
    """Compile the task's kernel, or load it from disk, without running it."""
    kernel = kernel_of(task, problem, dtype)
    if kernel in READY:
        return
    nothing = Task(task.group, task.points, task.by_seed, 0, 0, task.width, task.apart)
    compute(nothing, pack(problem, dtype, None, None), problem, 1, 0, True, None, np.zeros(2, int))
    READY.add(kernel)


def kernel_key(group: Group, problem: Problem, points: str, dtype: Any) -> tuple[Any, ...]:
    """What makes a group's kernel another: the arguments of `cpu.kernel`."""
    extras = extras_of(group.plan)
    return group.rule.snapshot(), passes_of(problem), points, dtype, extras


def kernel_of(task: Task, problem: Problem, dtype: Any) -> Any:
    """The task's kernel: compiled when it is first called, or plain Python for other blocks."""
    key = kernel_key(task.group, problem, task.points, dtype)
    if task.width % layout.part(dtype):
        return cpu.kernel(*key, task.width)
    COMPILED.add(key)
    if task.apart:
        return cpu.apart(*key)
    WHOLE.add(key)
    return cpu.kernel(*key)


def whole(key: tuple[Any, ...]) -> bool:
    """Whether a kernel is compiled whole already, in this process or on disk."""
    return key in WHOLE or cpu.on_disk(cpu.kernel(*key))


def compute(
    task: Task,
    data: Data,
    problem: Problem,
    every: int,
    record: int,
    stops: bool,
    given: NDArray[np.int64] | None,
    pulse: NDArray[np.int64],
    before: Out | Kept | None = None,
) -> Out | Kept:
    """Run a task. ``pulse[0]`` set to 1 ends it early, its results then being void.

    ``before`` may be finished results whose buffers may be reused.
    """
    plan = task.group.plan
    dtype: Any = data.x.dtype.type
    out = room(task, problem, dtype, (0, plan.epochs, plan.updates)[record], pulse, before)
    how = how_of(plan, problem.d, dtype, every, record, stops, given is not None)
    kernel = kernel_of(task, problem, dtype)
    orders = np.empty((0, plan.n), np.int64) if given is None else given
    try:
        starts = cpu.starts_of(task.group.rule)
        kernel(starts, data, how, task.hyper(dtype), task.seeds(), orders, out, task.width)
    except refusals.REFUSALS as error:
        raise refusals.explained(task.group.rule.snapshot(), problem.snapshot(), error) from None
    except Exception as error:
        raise refusals.raised(task.group.rule.snapshot(), problem.snapshot(), error) from None
    return out


def room(
    task: Task,
    problem: Problem,
    dtype: Any,
    records: int,
    pulse: NDArray[np.int64],
    before: Out | Kept | None = None,
) -> Out | Kept:
    """Room for a task's results. Fresh memory costs a third of what a short trajectory does."""
    count = task.last - task.first
    if before is not None and not records and before.loss.shape == (count,):
        out = Out(*before[: len(Out._fields)])  # type: ignore[arg-type]
    else:
        # Lanes left over repeat a setting. Where they are the last ones, nothing is recorded of
        # them: else one long trajectory would need the records of a whole block.
        columns = count if task.by_seed and count > task.segment else task.count
        out = Out(
            w=np.empty((problem.d, count), dtype),
            loss=np.empty(count, dtype),
            best_loss=np.empty(count, dtype),
            peak=np.empty(count, dtype),
            counts=np.empty((layout.COUNTED, count), np.int64),
            recorded_loss=np.empty((records, columns), dtype),
            recorded_w=np.empty((records, problem.d, columns), dtype),
            pulse=pulse,
        )
    if not extras_of(task.group.plan).kept:
        return out
    group = task.group
    if group.state is None:
        state = keeping.empty(group.rule, problem.d, count)
    else:
        setting, seed, _ = task.members()
        state = np.ascontiguousarray(group.state[:, setting, seed])
    return Kept(*out, state=state, begun=group.plan.begun)


def scatter(task: Task, source: Array, target: Array) -> None:
    """Copy the lanes of a task, ``source`` [..., lanes], to their rows of ``target`` [..., rows].

    Rows are mostly evenly spaced: a view of the target with those steps then takes the copy, and no
    array of row numbers is made.
    """
    group, (shape, steps, start) = task.group, task.view
    if len(shape) == 1 and steps[0] > 0:
        stop = start + steps[0] * shape[0]
        target[..., start : stop : steps[0]] = source[..., : shape[0]]
        return
    if shape:
        outer = source.shape[:-1]
        if len(shape) == 2:
            source = source.reshape(*outer, shape[0], -1)
        strides = (*target.strides[:-1], *(step * target.strides[-1] for step in steps))
        view = np.lib.stride_tricks.as_strided(target[..., start:], (*outer, *shape), strides)
        view[...] = source[..., : shape[-1]]
        return
    setting, seed, real = task.members()
    rows = group.setting_rows[setting[real]] + group.seed_rows[seed[real]]
    target[..., rows] = source[..., np.flatnonzero(real)]
