"""What jobs are run by, all to the same bits: Python for small ones, whole kernels for large ones.

A whole kernel takes seconds to compile, a rule's steps apart from the loop a tenth of that, and
loading either from disk a quarter of a second. So each begins as the plain Python that it is
compiled from. Once the work asked of it in this process exceeds what loading costs, or at once
where one job does, it is compiled apart from the loop; and whole once its work exceeds what that
costs, or where it is on disk already. Apart, Adam and SGD took 1.2 to 1.3 times as long in batches
of 32 points, 1.7 times in batches of one with 64 weights, 2.1 to 2.4 times with one weight and with
a logistic loss: the same in three processes, so that it is the calls and the rows' unknown places,
not where memory lies. So jobs take about twice as long as with the best choice at worst.

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

from simopt.engine import blocks, grouping, moments
from simopt.engine.grouping import Group
from simopt.ground.snapshot import is_copy

if TYPE_CHECKING:
    from simopt.engine.conditions import Conditions

#: Seconds of Python that a kernel may take in a process before it is compiled.
SMALL = 0.25

#: Seconds of one core that a kernel may take in a process before it is compiled whole. At 1.5 times
#: the time it has then lost what compiling takes, three seconds.
LARGE = 6.0

#: What a core does in a second of what `grouping.cost` counts, at least.
RATE = 5e8

#: Lanes of a block: more are hardly faster, and those left over repeat a setting for nothing.
LANES = 2

#: What Python raises where compiled code goes on with inf or nan; of a complex number a TypeError.
RAISED = (ArithmeticError, ValueError, TypeError)

#: Seconds of Python so far, by kernel, and seconds apart.
_spent: dict[Any, float] = defaultdict(float)
_spent_apart: dict[Any, float] = defaultdict(float)


@contextmanager
def compiling() -> Iterator[None]:
    """Within, everything is compiled whole, however small: for timings of compiled code."""
    global SMALL, LARGE
    before, SMALL, LARGE = (SMALL, LARGE), 0.0, 0.0
    try:
        yield
    finally:
        SMALL, LARGE = before


def kernel(conditions: Conditions, group: Group) -> Any:
    """What identifies the kernel that would be compiled; None where nothing else will do."""
    problem, real = conditions.problem, conditions.real
    if conditions.device != "cpu" or real is not np.float64 or problem.formula or not SMALL:
        return None
    key = compiled(conditions, group)
    if key in blocks.COMPILED or any(map(is_copy, filter(None, key[0].functions))):
        return None
    return key


def compiled(conditions: Conditions, group: Group) -> Any:
    """What identifies the kernel that serves a group where it is compiled."""
    known = conditions.kernels
    if group not in known:
        problem, real, given = conditions.problem, conditions.real, conditions.order is not None
        points, _ = grouping.points_of(group, problem, real, given)
        known[group] = blocks.kernel_key(group, problem, points, real)
    return known[group]


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


def apart(conditions: Conditions, groups: Iterable[Group]) -> dict[Any, float]:
    """Kernels of a job whose steps are compiled apart, and the seconds of a core that it takes."""
    if conditions.device != "cpu" or not LARGE:
        return {}
    work: dict[Any, float] = defaultdict(float)
    for group in groups:
        key = compiled(conditions, group)
        # Orders of lanes' own have moments of their own: these cost as much as the points.
        cost = grouping.cost(conditions.problem, group.plan, key[2] == "moments")
        work[key] += cost * group.size / RATE
    return {
        key: needed
        for key, needed in work.items()
        if _spent_apart[key] + needed <= LARGE and not blocks.whole(key)
    }


def ways(
    conditions: Conditions, groups: Sequence[Group]
) -> tuple[dict[Any, float], dict[Any, float]]:
    """What `small` and `apart` say of a job; of what is small nothing need be compiled at all."""
    taken = small(conditions, groups)
    larger = [group for group in groups if kernel(conditions, group) not in taken]
    return taken, apart(conditions, larger)


def split(conditions: Conditions, groups: Sequence[Group]) -> Iterator[tuple[Group, str]]:
    """Every group of a job and what runs it: "python", "apart" or "whole"; it counts as spent."""
    taken, beside = ways(conditions, groups)
    for spent, chosen in ((_spent, taken), (_spent_apart, beside)):
        for key, needed in chosen.items():
            spent[key] += needed
    for group in groups:
        if kernel(conditions, group) in taken:
            yield group, "python"
        else:
            yield group, "apart" if compiled(conditions, group) in beside else "whole"


def attempt(run: Callable[[Any], Any], items: Iterable[Any]) -> list[tuple[Any, Any]] | None:
    """(item, result) of all; None where Python's arithmetic raises."""
    try:
        return [(item, run(item)) for item in items]
    except RAISED:
        return None
