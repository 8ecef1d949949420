"""Groups of trajectories, and how they are cut into tasks of whole blocks.

A *group* is every one of some settings with every one of some seeds, all else alike. Its blocks
share one order of the points where enough trajectories have that order (then a data point is one
number for all lanes); else every lane has its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine import layout, moments
from simopt.engine.losses import passes_of
from simopt.problems import Problem
from simopt.rules.rule import Rule
from simopt.training.plan import Plan

Array = NDArray[Any]

#: Blocks that share an order each are worth it if orders of their own for all lanes need more than
#: this share of as many. These cost about three times as much per update for one weight, half of it
#: the shuffling; for several, every lane's points must be copied, which takes two to four times as
#: much, and moments taken of every batch ten to twenty times.
#: Measured with Adam, 256 seeds and as many settings as have just this share: own orders took 0.4
#: to 1.2 times as long as shared ones (4 and 10 weights, batches of 1 to 12, both precisions, and a
#: logistic loss); by moments 1.2 to 1.3 times at a quarter, and half as long at a tenth. Noise that
#: is drawn for every lane of several weights has the smaller share too, unmeasured.
WORTH_SHARING = 1 / 4
WORTH_SHARING_DEAR = 1 / 10

#: Where blocks that share an order take less than this altogether, counted as `cost` does (some
#: tenths of a second), they are taken all the same: a kernel for own orders takes seconds to
#: compile.
LEAST_OWN = 50_000_000


@dataclass(frozen=True, eq=False)
class Group:
    """Trajectories of one rule and one plan: every setting with every seed.

    ``settings`` [hyperparameters, H] and ``seeds`` [S]; the results of setting h and seed s go to
    row ``setting_rows[h] + seed_rows[s]``. ``state`` [rows of `keeping`, H, S] is where they begin,
    if not at the start.
    """

    rule: Rule
    plan: Plan
    settings: NDArray[np.float64]
    seeds: NDArray[np.int64]
    setting_rows: NDArray[np.int64]
    seed_rows: NDArray[np.int64]
    state: NDArray[np.float64] | None = None

    @property
    def size(self) -> int:
        """How many trajectories."""
        return int(self.settings.shape[1]) * len(self.seeds)

    @cached_property
    def steps(self) -> tuple[int, int] | None:
        """From a setting, and from a seed, to the next, how many rows; None if that varies."""
        both = [np.unique(np.diff(rows)) for rows in (self.setting_rows, self.seed_rows)]
        if any(len(each) > 1 for each in both):
            return None
        first, second = (int(each[0]) if len(each) else 0 for each in both)
        return first, second


@dataclass(frozen=True, eq=False)
class Task:
    """Whole blocks of one group: what one call of a kernel does.

    Lanes ``first`` to ``last - 1`` of the group's. By seed, each seed has a segment of lanes, a
    whole number of blocks, and in it a lane for every setting; else settings come one after the
    other, a lane for every seed. Lanes left over at a segment's end repeat a setting.
    """

    group: Group
    points: str
    by_seed: bool
    first: int
    last: int
    width: int  # lanes of a block
    apart: bool = False  # whether the rule's steps are compiled apart from the loop

    @property
    def segment(self) -> int:
        """Lanes from a seed to the next, by seed."""
        return -(-int(self.group.settings.shape[1]) // self.width) * self.width

    @property
    def count(self) -> int:
        """Trajectories, without the lanes left over."""
        if not self.by_seed:
            return max(0, min(self.last, self.group.size) - self.first)
        held = int(self.group.settings.shape[1])
        whole, rest = divmod(self.last, self.segment)
        before, begun = divmod(self.first, self.segment)
        return (whole - before) * held + min(rest, held) - min(begun, held)

    def members(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """For every lane its setting, its seed, and whether it is one, not a repetition."""
        lane = np.arange(self.first, self.last)
        if not self.by_seed:
            real = lane < self.group.size
            setting, seed = np.divmod(np.where(real, lane, 0), len(self.group.seeds))
            return setting, seed, real
        seed, setting = np.divmod(lane, self.segment)
        real = setting < self.group.settings.shape[1]
        return np.where(real, setting, 0), seed, real

    @cached_property
    def view(self) -> tuple[tuple[int, ...], tuple[int, ...], int]:
        """Shape, steps and first row of its rows; an empty shape if they are not evenly spaced."""
        group = self.group
        settings, seeds = group.settings.shape[1], len(group.seeds)
        if group.steps is None or not self.count:
            return (), (), 0
        from_setting, from_seed = group.steps
        if self.by_seed:
            seed, setting = divmod(self.first, self.segment)
            start = int(group.setting_rows[setting] + group.seed_rows[seed])
            if self.last - self.first > self.segment:
                whole = self.last // self.segment - seed
                return (whole, settings), (from_seed, from_setting), start
            return (self.count,), (from_setting,), start
        setting, seed = divmod(self.first, seeds)
        start = int(group.setting_rows[setting] + group.seed_rows[seed])
        if settings == 1 or from_setting == seeds * from_seed:
            return (self.count,), (from_seed,), start
        return ((self.count,), (from_setting,), start) if seeds == 1 else ((), (), 0)

    def hyper(self, dtype: Any) -> Array:
        """Hyperparameters [H, lanes], or of one segment alone where all segments are the same."""
        if not self.by_seed:
            return np.ascontiguousarray(self.group.settings[:, self.members()[0]]).astype(dtype)
        start = self.first % self.segment
        stop = min(start + self.last - self.first, self.segment)
        places = np.arange(start, stop)
        places[places >= self.group.settings.shape[1]] = 0
        return np.ascontiguousarray(self.group.settings[:, places]).astype(dtype)

    def seeds(self) -> NDArray[np.int64]:
        """A seed for every lane, or, where a block shares one, for every block."""
        if self.points.startswith("own"):
            return self.group.seeds[self.members()[1]]
        if not self.by_seed:
            return np.zeros((self.last - self.first) // self.width, np.int64)
        return self.group.seeds[np.arange(self.first, self.last, self.width) // self.segment]


def cost(problem: Problem, plan: Plan, by_moments: bool = False) -> int:
    """What a trajectory takes, in updates of one weight with a batch of one point.

    ``by_moments`` says whether sums that a block shares stand for a batch's points.
    """
    if not problem.n:
        return plan.updates * (1 + problem.d)
    points = problem.d if by_moments else plan.batch_size
    return plan.updates * (1 + problem.d * (points + problem.d) // 16)


def width_for(count: int, problem: Problem, dtype: type, least: int = 1) -> int:
    """Lanes of a block where so many trajectories follow each other.

    Blocks are as wide as can be, but leave few lanes over, and are ``least`` where there are
    trajectories enough for that.
    """
    most, part = layout.lanes(dtype), layout.part(dtype)
    if passes_of(problem).one:
        return most
    number = max(-(-count // most), min(least, -(-count // part)))
    return -(-count // (number * part)) * part


def points_of(
    group: Group, problem: Problem, dtype: type, given: bool, width: int | None = None
) -> tuple[str, bool]:
    """How a group's blocks take their points, and whether each is of one seed.

    ``width`` is a block's number of lanes, if it is not `width_for`.
    """
    settings, seeds = group.settings.shape[1], len(group.seeds)
    # Without points it is noise that a seed draws.
    shuffled = not given and (group.plan.shuffle != "never" or not problem.n)
    by_moments = moments.serve(problem, group.plan, given) and not group.rule.asks_loss
    dear = (by_moments or not problem.n) and not passes_of(problem).one
    worth = WORTH_SHARING_DEAR if dear else WORTH_SHARING
    of_seed = width or width_for(settings, problem, dtype)
    of_all = width or width_for(group.size, problem, dtype)
    sharing = -(-settings // of_seed) * of_seed * seeds
    own = shuffled and -(-group.size // of_all) * of_all < worth * sharing
    own = own and sharing * cost(problem, group.plan) > LEAST_OWN
    points = "own" if own else "shared"
    if by_moments:
        points = "own moments" if own else "moments"
    return points, shuffled and not own


def tasks(
    group: Group,
    problem: Problem,
    dtype: type,
    lane_updates: int,
    given: bool,
    width: int | None = None,
    apart: bool = False,
    least: int = 1,
) -> list[Task]:
    """Cut a group into tasks of about ``lane_updates`` updates each, in blocks of ``width`` lanes.

    By default they are those of compiled code, ``least`` blocks where there are trajectories enough
    for that; ``apart`` says of which code (`tiers`).
    """
    points, by_seed = points_of(group, problem, dtype, given, width)
    settings, seeds = group.settings.shape[1], len(group.seeds)
    if width is None and by_seed:
        width = width_for(settings, problem, dtype, -(-least // seeds))
    elif width is None:
        width = width_for(group.size, problem, dtype, least)
    segment = -(-settings // width) * width
    size = max(1, lane_updates // (group.plan.updates * width)) * width
    if by_seed and size > segment:
        size -= size % segment
    # A task is some whole segments, or a part of one.
    stretch = segment if by_seed and size < segment else segment * seeds
    if not by_seed:
        stretch = -(-group.size // width) * width
    lanes = segment * seeds if by_seed else stretch
    return [
        Task(group, points, by_seed, first, min(first + size, start + stretch), width, apart)
        for start in range(0, lanes, stretch)
        for first in range(start, start + stretch, size)
    ]
