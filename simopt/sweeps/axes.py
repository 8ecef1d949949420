"""The axes of a sweep: every argument checked, every combination a row, rows grouped by plan.

Combinations take no memory before they run: a part of a sweep, a range of every axis, is a smaller
`Axes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import schedules
from simopt.engine.grouping import Group
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer
from simopt.training import shuffling
from simopt.training.plan import (
    Plan,
    check_batch_size,
    check_box,
    check_clip,
    check_swept,
    clip_of,
    make,
)
from simopt.training.sparing import check_weights, spared
from simopt.training.stepper import check_optimizer

#: The axes that every optimizer has behind its hyperparameters, in the order of the rows. Rows that
#: differ in none of them but the seed share a plan.
COMMON = (
    "batch_size",
    "shuffle",
    "seed",
    "epochs",
    "schedule",
    "clip_norm",
    "clip_value",
)
SEED = COMMON.index("seed")

#: A range of every axis: from, to (without).
Ranges = tuple[tuple[int, int], ...]

#: These have a column only if one of their values is set.
OPTIONAL = ("schedule", "clip_norm", "clip_value")


@dataclass(frozen=True)
class Axes:
    """One optimizer's part of the sweep: every combination of these, the last varying fastest."""

    optimizer: Optimizer
    hyper: tuple[tuple[float, ...], ...]
    common: Mapping[str, Sequence[Any]]
    drop_last: bool = False
    box: tuple[float, float] | None = None
    updates: int | None = None
    stop_at_target: bool = False
    keep_state: bool = False
    no_decay: tuple[int, ...] | None = None
    no_clip: tuple[int, ...] | None = None
    points_per_epoch: int | None = None
    #: Of the sweep that this one goes on from: epochs, updates in place of them, and the state of
    #: every trajectory [rows of `keeping`, *lengths].
    before: tuple[int, int | None] | None = None
    state: NDArray[np.float64] | None = field(default=None, compare=False)

    @cached_property
    def lengths(self) -> tuple[int, ...]:
        """The length of every axis."""
        return tuple(len(axis) for axis in (*self.hyper, *self.common.values()))

    @property
    def names(self) -> tuple[str, ...]:
        """The name of every axis."""
        return (*self.optimizer.rule.hyperparameters, *COMMON)

    @cached_property
    def size(self) -> int:
        """How many trajectories."""
        return prod(self.lengths)

    def within(self, ranges: Ranges) -> Axes:
        """The combinations within a range of every axis."""
        slices = [slice(*each) for each in ranges]
        hyper = [axis[part] for axis, part in zip(self.hyper, slices, strict=False)]
        common = zip(self.common.items(), slices[len(self.hyper) :], strict=True)
        return replace(
            self,
            hyper=tuple(hyper),
            common={name: values[part] for (name, values), part in common},
            state=None if self.state is None else self.state[(slice(None), *slices)],
        )

    def at(self, picked: Sequence[Sequence[int]]) -> Axes:
        """The combinations of some values of every axis, given by their indices."""

        def some(values: Sequence[Any], indices: Sequence[int]) -> Any:
            if isinstance(indices, range):
                return values[indices.start : indices.stop]
            return tuple(values[i] for i in indices)

        hyper = [some(*each) for each in zip(self.hyper, picked, strict=False)]
        common = zip(self.common.items(), picked[len(self.hyper) :], strict=True)
        return replace(
            self,
            hyper=tuple(hyper),
            common={name: some(values, part) for (name, values), part in common},
            state=None
            if self.state is None
            else self.state[np.ix_(range(len(self.state)), *picked)],
        )


def check(
    problem: Problem,
    optimizers: Any,
    *,
    convention: Any = None,
    drop_last: Any = False,
    box: Any = None,
    updates: int | None = None,
    stop_at_target: bool = False,
    keep_state: bool = False,
    no_decay: Any = None,
    no_clip: Any = None,
    points_per_epoch: Any = None,
    **common: Any,
) -> list[Axes]:
    """One Axes per optimizer and convention, of checked arguments."""
    check_problem(problem)
    chosen = [optimizers] if isinstance(optimizers, Optimizer) else optimizers
    if not isinstance(chosen, Sequence) or isinstance(chosen, str) or not chosen:
        raise checks.refuse("optimizers", optimizers, "an optimizer or a list of them")
    checkers: dict[str, Callable[[Any], Any]] = {
        "batch_size": lambda value: check_batch_size(value, problem.n),
        "shuffle": shuffling.check_shuffle,
        "seed": shuffling.check_seed,
        "epochs": lambda value: checks.whole("epochs", value, 1),
        "schedule": lambda value: check_swept(schedules.check(value)),
        "clip_norm": lambda value: check_clip("clip_norm", value),
        "clip_value": lambda value: check_clip("clip_value", value),
    }
    axes: dict[str, Sequence[Any]] = {}
    for name in COMMON:
        given = common[name]
        if name == "seed" and isinstance(given, range) and given:
            # A billion seeds stay a range.
            shuffling.check_seed(min(given[0], given[-1]))
            shuffling.check_seed(max(given[0], given[-1]))
            axes[name] = given
            continue
        values = (None,) if given is None else checks.axis(name, given)
        axes[name] = tuple(checkers[name](value) for value in values)
    bounds = check_box(box)
    # What a single plan refuses is refused before anything runs.
    make(problem, 1, "never", 1, drop_last)
    for norm, value in product(axes["clip_norm"], axes["clip_value"]):
        clip_of(norm, value, "document")
    swept = []
    for each in chosen:
        optimizer = check_optimizer(each)
        if convention is not None:
            optimizer = optimizer.replace(convention=convention)
        for variant in optimizer.variants:
            hyper = tuple(v if isinstance(v, tuple) else (v,) for v in variant.values)
            swept.append(
                Axes(
                    variant.snapshot(),
                    hyper,
                    axes,
                    drop_last,
                    bounds,
                    updates,
                    stop_at_target,
                    keep_state,
                    check_weights("no_decay", no_decay, problem),
                    check_weights("no_clip", no_clip, problem),
                    points_per_epoch,
                )
            )
    return swept


def shortened(axes: Axes, row: int) -> Axes:
    """Axes whose epochs end with the rows of given orders, if not before."""
    points = axes.points_per_epoch
    if points is not None and points > row:
        raise checks.refuse("points_per_epoch", points, f"at most {row}, the points of a row")
    return axes if points is not None else replace(axes, points_per_epoch=row)


def plans(axes: Axes, problem: Problem) -> Iterator[tuple[tuple[Any, ...], Plan]]:
    """The plan for each combination, and the index of its rows in the common axes."""
    counted = [
        [(slice(None), None)] if name == "seed" else list(enumerate(axes.common[name]))
        for name in COMMON
    ]
    for combination in product(*counted):
        value = dict(zip(COMMON, (each for _, each in combination), strict=True))
        clip = clip_of(value["clip_norm"], value["clip_value"], axes.optimizer.convention)
        plan = make(
            problem,
            value["batch_size"],
            value["shuffle"],
            value["epochs"],
            axes.drop_last,
            value["schedule"],
            clip,
            axes.box,
            axes.updates,
            axes.stop_at_target,
            axes.keep_state,
            spared(problem, axes.optimizer, axes.no_decay, axes.no_clip),
            axes.points_per_epoch,
        )
        if axes.before is not None:
            plan = replace(plan, begun=plan.lasting(*axes.before).updates)
        yield tuple(place for place, _ in combination), plan


def groups(
    axes: Axes, problem: Problem, steps: Sequence[int] | None = None, first: int = 0
) -> Iterator[Group]:
    """All trajectories by plan, each knowing its row.

    ``steps`` says for every axis by how many rows its values are apart, ``first`` where they begin;
    by default rows are in the order of the combinations.
    """
    steps = row_steps(axes.lengths) if steps is None else steps
    hypers = len(axes.hyper)
    settings = np.array(
        [h.ravel() for h in np.meshgrid(*map(np.asarray, axes.hyper), indexing="ij")]
    )
    setting_rows = _rows(axes.lengths[:hypers], steps[:hypers]) + first
    # In 64 bits before they are compared or mixed: a seed may be 2^63 - 1.
    seeds = whole_numbers(axes.common["seed"])
    seed_rows = np.arange(len(seeds)) * steps[hypers + SEED]
    for place, plan in plans(axes, problem):
        at = sum(
            index * step
            for index, step in zip(place, steps[hypers:], strict=True)
            if not isinstance(index, slice)
        )
        state = None
        if axes.state is not None:
            state = axes.state[(slice(None), *[slice(None)] * hypers, *place)]
            state = state.reshape(len(state), settings.shape[1], len(seeds))
        yield Group(axes.optimizer.rule, plan, settings, seeds, setting_rows, seed_rows + at, state)


def whole_numbers(values: Sequence[int]) -> NDArray[np.int64]:
    """An axis of whole numbers as an array: of a range without its numbers one by one."""
    if isinstance(values, range) and values:
        return values[0] + values.step * np.arange(len(values))
    return np.asarray(values, dtype=np.int64)


def all_groups(parts: Sequence[Axes], problem: Problem) -> list[Group]:
    """The trajectories of several optimizers by plan, their rows one behind the other."""
    every: list[Group] = []
    first = 0
    for part in parts:
        every += groups(part, problem, first=first)
        first += part.size
    return every


def row_steps(lengths: Sequence[int]) -> list[int]:
    """By how many rows the values of every axis are apart, the last axis varying fastest."""
    return [prod(lengths[k + 1 :]) for k in range(len(lengths))]


def _rows(lengths: Sequence[int], steps: Sequence[int]) -> NDArray[np.int64]:
    """The row of every combination of some axes."""
    rows = np.zeros(1, np.int64)
    for length, step in zip(lengths, steps, strict=True):
        rows = (rows[:, None] + np.arange(length) * step).ravel()
    return rows


def shape(axes: Sequence[Axes]) -> str:
    """The lengths of all axes, as an error has them."""
    return " + ".join("x".join(map(str, each.lengths)) for each in axes)


def per_plan(
    axes: Sequence[Axes], problem: Problem, number: Callable[[Plan], int]
) -> NDArray[np.int64]:
    """A number of every row's plan: its updates, if it runs to the end, for one."""
    parts = []
    for each in axes:
        part = np.empty(each.lengths, np.int64)
        for place, plan in plans(each, problem):
            part[(..., *place)] = number(plan)
        parts.append(part.ravel())
    return np.concatenate(parts)


def most_and_all_updates(axes: Sequence[Axes], problem: Problem) -> tuple[int, int]:
    """The updates of the longest trajectory, and of all together, if none diverges."""
    most = total = 0
    for each in axes:
        counts = [plan.updates for _, plan in plans(each, problem)]
        most = max(most, *counts)
        total += sum(counts) * (each.size // len(counts))
    return most, total
