"""The axes of a sweep: every argument checked, every combination a row, rows grouped by plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import checks, plan, schedules, shuffling
from simopt.engine import blocks
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.stepping import check_optimizer

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

#: Columns for these only where one of their values was asked for.
OPTIONAL = ("schedule", "clip_norm", "clip_value")


@dataclass(frozen=True)
class Axes:
    """One optimizer's part of the sweep: every combination of these, the last varying fastest."""

    optimizer: Optimizer
    hyper: tuple[tuple[float, ...], ...]
    common: Mapping[str, tuple[Any, ...]]
    drop_last: bool = False
    box: tuple[float, float] | None = None

    @property
    def lengths(self) -> tuple[int, ...]:
        """The length of every axis."""
        return tuple(len(axis) for axis in (*self.hyper, *self.common.values()))

    @property
    def size(self) -> int:
        """How many trajectories."""
        return prod(self.lengths)


def check(
    problem: Problem,
    optimizers: Any,
    *,
    convention: Any = None,
    drop_last: Any = False,
    box: Any = None,
    **common: Any,
) -> list[Axes]:
    """Every argument checked, one Axes per optimizer and convention."""
    chosen = [optimizers] if isinstance(optimizers, Optimizer) else optimizers
    if not isinstance(chosen, Sequence) or isinstance(chosen, str) or not chosen:
        raise checks.refuse("optimizers", optimizers, "an optimizer or a list of them")
    checkers: dict[str, Callable[[Any], Any]] = {
        "batch_size": lambda value: plan.check_batch_size(value, problem.n),
        "shuffle": shuffling.check_shuffle,
        "seed": shuffling.check_seed,
        "epochs": lambda value: checks.whole("epochs", value, 1),
        "schedule": schedules.check,
        "clip_norm": lambda value: plan.check_clip("clip_norm", value),
        "clip_value": lambda value: plan.check_clip("clip_value", value),
    }
    axes: dict[str, tuple[Any, ...]] = {}
    for name in COMMON:
        values = (None,) if common[name] is None else checks.axis(name, common[name])
        axes[name] = tuple(checkers[name](value) for value in values)
    bounds = plan.check_box(box)
    # What a single plan refuses is refused before anything runs.
    plan.make(problem, 1, "never", 1, drop_last)
    for norm, value in product(axes["clip_norm"], axes["clip_value"]):
        plan.clip_of(norm, value, "document")
    asked = []
    for each in chosen:
        optimizer = check_optimizer(each)
        if convention is not None:
            optimizer = optimizer.replace(convention=convention)
        for variant in optimizer.variants:
            hyper = tuple(v if isinstance(v, tuple) else (v,) for v in variant.values)
            asked.append(Axes(variant, hyper, axes, drop_last, bounds))
    return asked


def plans(axes: Axes, problem: Problem) -> Iterator[tuple[tuple[Any, ...], plan.Plan]]:
    """The plan for each combination, and the index of its rows in the common axes."""
    counted = [
        [(slice(None), None)] if name == "seed" else list(enumerate(axes.common[name]))
        for name in COMMON
    ]
    for combination in product(*counted):
        value = dict(zip(COMMON, (each for _, each in combination), strict=True))
        clip = plan.clip_of(value["clip_norm"], value["clip_value"], axes.optimizer.convention)
        yield (
            tuple(place for place, _ in combination),
            plan.make(
                problem,
                value["batch_size"],
                value["shuffle"],
                value["epochs"],
                axes.drop_last,
                value["schedule"],
                clip,
                axes.box,
            ),
        )


def groups(axes: list[Axes], problem: Problem) -> Iterator[blocks.Group]:
    """All trajectories, by optimizer and plan; a group knows the rows of its trajectories."""
    offset = 0
    for each in axes:
        yield from _groups_of(each, offset, problem)
        offset += each.size


def _groups_of(axes: Axes, offset: int, problem: Problem) -> Iterator[blocks.Group]:
    rows = np.arange(axes.size).reshape(axes.lengths) + offset
    settings = np.array(
        [h.ravel() for h in np.meshgrid(*map(np.asarray, axes.hyper), indexing="ij")]
    )
    seeds = np.asarray(axes.common["seed"], dtype=np.int64)
    for place, how in plans(axes, problem):
        yield blocks.Group(
            axes.optimizer.rule,
            how,
            np.repeat(settings, len(seeds), axis=1),
            np.tile(seeds, settings.shape[1]),
            rows[(..., *place)].ravel(),
        )


def planned_updates(axes: list[Axes], problem: Problem) -> NDArray[np.int64]:
    """The updates of every row, if none diverges."""
    parts = []
    for each in axes:
        part = np.empty(each.lengths, np.int64)
        for place, how in plans(each, problem):
            part[(..., *place)] = how.updates
        parts.append(part.ravel())
    return np.concatenate(parts)


def labels(names: list[str], codes: NDArray[Any]) -> Any:
    """Words by number, stored once each; a code of -1 is none."""
    return pd.Categorical.from_codes(codes, dtype=_categories(tuple(names)), validate=False)


@cache
def _categories(names: tuple[str, ...]) -> Any:
    return pd.CategoricalDtype(pd.Index(names))


def keys(axes: list[Axes], given: bool) -> dict[str, Any]:
    """The columns that say which trajectory a row is.

    A switch, schedule or clipping has a column where it was asked for.
    """
    hypers = list(
        dict.fromkeys(name for each in axes for name in each.optimizer.rule.hyperparameters)
    )
    columns: dict[str, Any] = {
        "optimizer": _per_optimizer(axes, [each.optimizer.name for each in axes]),
        "convention": _per_optimizer(axes, [each.optimizer.convention for each in axes]),
    }
    set_switches = [dict(each.optimizer.switches) for each in axes]
    for name in dict.fromkeys(name for switches in set_switches for name in switches):
        words = [str(switches[name]) if name in switches else None for switches in set_switches]
        columns[name] = _per_optimizer(axes, words)
    for name in hypers:
        columns[name] = np.concatenate([_hyperparameter(each, name) for each in axes])
    for name in COMMON:
        if name not in OPTIONAL or any(value is not None for value in axes[0].common[name]):
            columns[name] = _common(axes, name, given)
    return columns


def _per_optimizer(axes: list[Axes], words: list[str | None]) -> Any:
    """A word for every optimizer, repeated over its rows."""
    names = list(dict.fromkeys(word for word in words if word is not None))
    codes = [-1 if word is None else names.index(word) for word in words]
    return labels(names, np.repeat(codes, [each.size for each in axes]))


def _common(axes: list[Axes], name: str, given: bool) -> Any:
    """A common axis, repeated over all rows: numbers as numbers, else words."""
    values = axes[0].common[name]
    column: NDArray[Any]
    if name in ("shuffle", "schedule"):
        words = ["given" if given and name == "shuffle" else value for value in values]
        names = list(dict.fromkeys(str(word) for word in words if word is not None))
        column = np.asarray([-1 if word is None else names.index(str(word)) for word in words])
    elif name in OPTIONAL:
        column = np.asarray([np.nan if value is None else value for value in values])
    else:
        column = np.asarray(values, dtype=np.int64)
    repeated = np.concatenate(
        [_along(each, column, len(each.hyper) + COMMON.index(name)) for each in axes]
    )
    return labels(names, repeated) if name in ("shuffle", "schedule") else repeated


def _hyperparameter(axes: Axes, name: str) -> NDArray[Any]:
    """A hyperparameter, repeated over all rows; NaN where the optimizer has no such thing."""
    rule = axes.optimizer.rule
    if name not in rule.hyperparameters:
        return np.full(axes.size, np.nan)
    place = rule.hyperparameters.index(name)
    return _along(axes, np.asarray(axes.hyper[place]), place)


def _along(axes: Axes, values: NDArray[Any], place: int) -> NDArray[Any]:
    """The values of an axis, repeated over all combinations."""
    shape = [1] * len(axes.lengths)
    shape[place] = len(values)
    return np.broadcast_to(values.reshape(shape), axes.lengths).ravel()
