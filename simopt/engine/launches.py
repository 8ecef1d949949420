"""A task cut into launches: which trajectories each has, and where the orders of their points are.

What a launch needs does not grow with the number of trajectories: it knows some settings and some
seeds, and of every seed the orders of the points.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from simopt.engine import grouping
from simopt.training.plan import Plan

#: Kinds of order that differ from epoch to epoch.
BY_EPOCH = ("epoch", "replacement")


class Places(NamedTuple):
    """Which trajectories a launch has, and where the orders of their points are."""

    first: int  # the first lane
    lanes: int
    inner: int  # lanes from a seed to the next by seed, else from a setting to the next
    by_seed: bool
    first_setting: int  # that the launch knows
    first_seed: int  # whose orders it knows
    of_seed: int  # places from a seed's orders to the next seed's
    of_epoch: int  # places from an epoch's order to the next epoch's


class Wave(NamedTuple):
    """A launch, and the settings and seeds that it is about: from the first to before the last."""

    places: Places
    settings: tuple[int, int]
    seeds: tuple[int, int]


def places_of(task: grouping.Task, given: bool) -> Places:
    """All of a task as one launch."""
    plan = task.group.plan
    n, shuffle = plan.n, "given" if given else plan.shuffle
    return Places(
        first=task.first,
        lanes=task.last - task.first,
        inner=task.segment if task.by_seed else len(task.group.seeds),
        by_seed=task.by_seed,
        first_setting=0,
        first_seed=0,
        of_seed=n * orders_of_seed(plan, shuffle) if n else 1,
        of_epoch=n if shuffle in (*BY_EPOCH, "given") else 0,
    )


def orders_of_seed(plan: Plan, shuffle: str) -> int:
    """How many orders a seed has: one, one an epoch, or none where its number plays no part."""
    return plan.epochs if shuffle in BY_EPOCH else int(shuffle == "once")


def waves(places: Places, held: int, lanes: int, seeds: int) -> Iterator[Wave]:
    """Cut a launch into several of at most so many lanes and the orders of so many seeds.

    ``held`` settings; by seed, a wave is some whole segments or a part of one, like a task.
    """
    inner, last = places.inner, places.first + places.lanes
    first = places.first
    while first < last:
        stop = min(first + lanes, last)
        outer, rest = divmod(first, inner)
        if places.by_seed:
            room = min(lanes // inner, seeds)
            stop = min(stop, (outer + (room if room and not rest else 1)) * inner)
            known = (rest, min(rest + stop - first, held)) if stop - first < inner else (0, held)
            drawn = (outer, -(-stop // inner))
        else:
            if seeds < inner:
                stop = min(stop, first + seeds, (outer + 1) * inner)
            known = (outer, min(-(-stop // inner), held))
            drawn = (rest, rest + stop - first) if rest + stop - first <= inner else (0, inner)
        here = places._replace(
            first=first, lanes=stop - first, first_setting=known[0], first_seed=drawn[0]
        )
        if known[0] < known[1]:  # else all of them are left over at a segment's end
            yield Wave(here, known, drawn)
        first = stop
