"""Small jobs run as the plain Python that kernels are compiled from, to the same bits.

A kernel takes seconds to compile, and a quarter of one to load from disk. So each begins as Python,
and is compiled once the work asked of it in this process exceeds what loading costs, or at once
where one job does: at worst its first jobs take twice as long as with a kernel on disk.

What Python's arithmetic raises and compiled code doesn't, the root of a negative number say, ends
the attempt: compiled code then does that work from its start. Users' functions are always compiled:
their powers and exponentials may differ in the last bit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from simopt.engine import blocks, layout, moments
from simopt.engine.blocks import Group
from simopt.ground.snapshot import is_copy

if TYPE_CHECKING:
    from simopt.engine.run import Conditions

#: Seconds of Python that a kernel may take in a process before it is compiled.
SMALL = 0.25

#: Lanes of a block: more are hardly faster, and those left over repeat a setting for nothing.
LANES = 2

#: What Python raises where compiled code goes on with inf or nan; of a complex number a TypeError.
RAISED = (ArithmeticError, ValueError, TypeError)

#: Seconds of Python so far, by kernel.
_spent: dict[Any, float] = defaultdict(float)


@contextmanager
def compiling() -> Iterator[None]:
    """Within, everything is compiled, however small: for timings of compiled code."""
    global SMALL
    before, SMALL = SMALL, 0.0
    try:
        yield
    finally:
        SMALL = before


def kernel(conditions: Conditions, group: Group) -> Any:
    """What identifies the kernel that would be compiled; None where nothing else will do."""
    problem, real, given = conditions.problem, conditions.real, conditions.order is not None
    if conditions.device != "cpu" or real is not np.float64 or problem.formula or not SMALL:
        return None
    if any(map(is_copy, filter(None, group.rule.snapshot().functions))):
        return None
    points, _ = blocks.points_of(group, problem, layout.lanes(real), given)
    key = blocks.kernel_key(group, problem, points, real)
    return None if key in blocks.COMPILED else key


def seconds(conditions: Conditions, group: Group) -> float:
    """What a group takes in Python, about, as measured on one core."""
    problem, plan, given = conditions.problem, group.plan, conditions.order is not None
    n, d, batch, updates = problem.n, problem.d, plan.batch_size, plan.updates
    lanes = -(-group.settings.shape[1] // LANES) * LANES * len(group.seeds)
    squared = problem.linear and problem.squared
    each: float = plan.epochs * n * 1e-5 * (plan.shuffle != "never" and not given)
    if d == 1 and squared:
        each += updates * (1e-5 + 2e-6 * batch)
    else:
        points = d if moments.serve(problem, plan, given) else batch
        look = 2e-5 + 1e-6 * d * d if squared or not n else n * (2e-5 + 2e-6 * d)
        each += updates * (2e-5 + 1.5e-5 * d + 2e-6 * d * points)
        each += updates / plan.interval(conditions.every, d) * look
    return float(lanes * each)


def small(conditions: Conditions, groups: Iterable[Group]) -> dict[Any, float]:
    """Kernels that a whole job need not have compiled, and the seconds that it takes without."""
    work: dict[Any, float] = defaultdict(float)
    for group in groups:
        work[kernel(conditions, group)] += seconds(conditions, group)
    work.pop(None, None)
    return {key: needed for key, needed in work.items() if _spent[key] + needed <= SMALL}


def split(conditions: Conditions, groups: Sequence[Group]) -> Iterator[tuple[Group, bool]]:
    """Every group of a job, and whether it runs in Python, which counts as spent."""
    taken = small(conditions, groups)
    for key, needed in taken.items():
        _spent[key] += needed
    for group in groups:
        yield group, kernel(conditions, group) in taken


def attempt(run: Callable[[Any], Any], items: Iterable[Any]) -> list[tuple[Any, Any]] | None:
    """(item, result) of all; None where Python's arithmetic raises."""
    try:
        return [(item, run(item)) for item in items]
    except RAISED:
        return None
