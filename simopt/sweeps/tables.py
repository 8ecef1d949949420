"""Tables of trajectories: the columns that say which one, and those that say what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.engine import keeping
from simopt.engine.losses import passes_of
from simopt.engine.results import Results
from simopt.problems import Problem
from simopt.rules.rule import Optimizer, Rule
from simopt.sweeps.axes import COMMON, OPTIONAL, Axes, per_plan, whole_numbers
from simopt.sweeps.chunks import Job
from simopt.training.steps import names_per_weight

Array = NDArray[Any]


def labels(names: list[str], codes: NDArray[Any]) -> Any:
    """A categorical from integer codes; -1 is missing."""
    return pd.Categorical.from_codes(codes, dtype=_categories(tuple(names)), validate=False)


@cache
def _categories(names: tuple[str, ...]) -> Any:
    return pd.CategoricalDtype(pd.Index(names))


def keys(job: Job, parts: Sequence[Axes]) -> dict[str, Any]:
    """The columns that say which trajectory a row is.

    ``parts`` of the job's axes have the rows. The whole job decides on columns and categories: a
    switch, schedule or clipping has a column if any of its values is set.
    """
    swept = job.axes
    hypers = dict.fromkeys(name for each in swept for name in each.optimizer.rule.hyperparameters)
    columns: dict[str, Any] = {
        "optimizer": _per_optimizer(parts, swept, lambda optimizer: optimizer.name),
        "convention": _per_optimizer(parts, swept, lambda optimizer: optimizer.convention),
    }
    for name in dict.fromkeys(name for each in swept for name, _ in each.optimizer.switches):
        columns[name] = _per_optimizer(parts, swept, partial(_switch, name=name))
    columns |= _hyperparameters(parts, hypers)
    for name in COMMON:
        if name not in OPTIONAL or any(value is not None for value in swept[0].common[name]):
            columns[name] = _common(parts, swept[0].common[name], name, job.order is not None)
    if swept[0].updates is not None:
        columns["epochs"] = per_plan(parts, job.problem, lambda plan: plan.epochs)
    return columns


def _switch(optimizer: Optimizer, name: str) -> str | None:
    """What a switch was set to, if it was."""
    switches = dict(optimizer.switches)
    return str(switches[name]) if name in switches else None


def _per_optimizer(
    parts: Sequence[Axes], swept: Sequence[Axes], label: Callable[[Optimizer], str | None]
) -> Any:
    """A label for every optimizer, repeated over its rows."""
    every = [label(each.optimizer) for each in swept]
    names = list(dict.fromkeys(each for each in every if each is not None))
    values = [label(part.optimizer) for part in parts]
    codes = [-1 if each is None else names.index(each) for each in values]
    return labels(names, np.repeat(codes, [part.size for part in parts]))


def _common(parts: Sequence[Axes], swept: Sequence[Any], name: str, given: bool) -> Any:
    """A common axis, repeated over all rows: numbers as numbers, all else as a categorical."""

    def label(value: Any) -> str | None:
        return "given" if given and name == "shuffle" else None if value is None else str(value)

    categorical = name in ("shuffle", "schedule")
    names = list(dict.fromkeys(each for each in map(label, swept) if each)) if categorical else []

    def column(values: Sequence[Any]) -> NDArray[Any]:
        if categorical:
            return np.asarray(
                [-1 if label(v) is None else names.index(str(label(v))) for v in values]
            )
        if name in OPTIONAL:
            return np.asarray([np.nan if value is None else value for value in values])
        return whole_numbers(values)

    repeated = np.concatenate(
        [
            _along(each, column(each.common[name]), len(each.hyper) + COMMON.index(name))
            for each in parts
        ]
    )
    return labels(names, repeated) if categorical else repeated


def _hyperparameters(parts: Sequence[Axes], names: Iterable[str]) -> dict[str, Any]:
    """The hyperparameters, repeated over all rows; NaN where a rule has none of that name."""
    rows = sum(part.size for part in parts)
    columns = {name: np.full(rows, np.nan) for name in names}
    first = 0
    for part in parts:
        own = slice(first, first + part.size)
        for place, name in enumerate(part.optimizer.rule.hyperparameters):
            columns[name][own] = _along(part, np.asarray(part.hyper[place]), place)
        first = own.stop
    return columns


def _along(axes: Axes, values: NDArray[Any], place: int) -> NDArray[Any]:
    """The values of an axis, repeated over all combinations."""
    before, after = prod(axes.lengths[:place]), prod(axes.lengths[place + 1 :])
    return np.tile(np.repeat(values, after), before)


def never(counts: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Whole numbers in which 0 means never, as nullable integers."""
    return pd.arrays.IntegerArray(counts, counts == 0)


def _double(values: Array) -> NDArray[np.float64]:
    return values.astype(np.float64, copy=False)


def _weight(k: int, problem: Problem, results: Results) -> NDArray[np.float64]:
    return _double(results.raw["w"][k])


def _distance(problem: Problem, results: Results) -> NDArray[np.float64]:
    weights = results.raw["w"]
    if problem.optimum is None:
        return np.full(weights.shape[1], np.nan)
    result = np.zeros(weights.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        # Weight after weight: the sum is the same in one row as in many, and stays in a cache.
        for row, center in zip(weights, problem.optimum, strict=True):
            gap = _double(row) - center
            result += np.abs(gap) if problem.d == 1 else gap * gap
    return result if problem.d == 1 else np.sqrt(result)


def _peak(problem: Problem, results: Results) -> NDArray[np.float64]:
    peak = results.raw["peak"]
    if problem.optimum is None:
        return np.full(len(peak), np.nan)
    peak = _double(np.where(peak < 0, np.nan, peak))
    # The kernel keeps the square of the distance where there is more than one weight.
    return np.abs(peak) if passes_of(problem).one else np.sqrt(peak)


def _best(problem: Problem, results: Results) -> NDArray[np.float64]:
    return np.where(results.raw["best_at"] == 0, np.nan, _double(results.raw["best_loss"]))


def _overshoots(problem: Problem, results: Results) -> pd.arrays.IntegerArray:
    known = problem.d == 1 and problem.optimum is not None
    counts = results.raw["overshoots"]
    return pd.arrays.IntegerArray(counts, np.full(len(counts), not known))


def _status(problem: Problem, results: Results) -> Any:
    return labels(["ok", "diverged"], (results.raw["diverged_at"] > 0).astype(np.int8))


def _at(name: str, problem: Problem, results: Results) -> pd.arrays.IntegerArray:
    """Updates at which something happened, missing where it never did."""
    counts = results.raw[name]
    return pd.arrays.IntegerArray(counts, counts == 0)


#: The names in `simopt.engine.results.RAW` that a column needs, and what makes it of them.
Column = tuple[tuple[str, ...], Callable[[Problem, Results], Any]]


def columns(problem: Problem) -> dict[str, Column]:
    """The columns that say what a trajectory did, in their order."""
    names = names_per_weight("w", problem.d)
    weights: dict[str, Column] = {
        name: (("w",), partial(_weight, k)) for k, name in enumerate(names)
    }
    return {
        "status": (("diverged_at",), _status),
        "updates": (("diverged_at", "target_at"), lambda _, results: results.updates),
        "diverged_at": (("diverged_at",), partial(_at, "diverged_at")),
        **weights,
        "loss": (("loss",), lambda _, results: _double(results.raw["loss"])),
        "best_loss": (("best_loss", "best_at"), _best),
        "best_at": (("best_at",), partial(_at, "best_at")),
        "distance": (("w",), _distance),
        "steps_to_target": (("target_at",), partial(_at, "target_at")),
        "overshoots": (("overshoots",), _overshoots),
        "peak_distance": (("peak",), _peak),
    }


def table(job: Job, parts: Sequence[Axes], results: Results) -> pd.DataFrame:
    """The rows of some trajectories that have run, as the job has them recorded."""
    if job.record != "summary":
        return _long_table(job, parts, results)
    values = {
        name: column(job.problem, results) for name, (_, column) in columns(job.problem).items()
    }
    if job.reader is not None:
        values[job.reader.column] = labels([*job.reader.labels], np.asarray(results.codes))
    frame = pd.DataFrame(keys(job, parts) | values | _state(job, parts, results), copy=False)
    return frame if results.done.all() else frame[results.done]


def state_names(rule: Rule, problem: Problem) -> list[str]:
    """The columns of the rows of `keeping`."""
    weights = [each for name in ("w", *rule.state) for each in names_per_weight(name, problem.d)]
    return [f"state_{name}" for name in (*keeping.NAMES, *weights, *rule.clock_values)]


def _state(job: Job, parts: Sequence[Axes], results: Results) -> dict[str, Any]:
    """Where each trajectory stands; NaN where a rule has nothing of that name."""
    if results.state is None:
        return {}
    every = [state_names(each.optimizer.rule, job.problem) for each in job.axes]
    columns = {name: np.full(len(results.done), np.nan) for each in every for name in each}
    first = 0
    for part in parts:
        rows = slice(first, first + part.size)
        for row, name in enumerate(state_names(part.optimizer.rule, job.problem)):
            columns[name][rows] = results.state[row, rows]
        first = rows.stop
    return columns


def _long_table(job: Job, parts: Sequence[Axes], results: Results) -> pd.DataFrame:
    """A row per epoch or update that every trajectory made."""
    batches = per_plan(parts, job.problem, lambda plan: plan.batches)
    counts = results.updates if job.record == "steps" else -(-results.updates // batches)
    counts = np.where(results.done, counts, 0)
    trajectory = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    source = results.offset[trajectory] + place
    values = {name: column[trajectory] for name, column in keys(job, parts).items()}
    if job.record == "steps":
        values["step"] = place + 1
        values["epoch"] = place // batches[trajectory] + 1
        values["batch"] = place % batches[trajectory] + 1
    else:
        values["epoch"] = place + 1
    values["loss"] = results.recorded_loss[source].astype(np.float64)
    for k, name in enumerate(names_per_weight("w", job.problem.d)):
        values[name] = results.recorded_w[source, k].astype(np.float64)
    return pd.DataFrame(values, copy=False)


def reduced_table(job: Job, parts: Sequence[Axes], summaries: dict[str, Any]) -> pd.DataFrame:
    """The rows of groups: what their members have in common, and their summaries."""
    assert job.reduce is not None
    firsts = [
        part.within(
            tuple(
                (0, 1 if over else length)
                for length, over in zip(part.lengths, job.reduced(part), strict=True)
            )
        )
        for part in parts
    ]
    common = {
        name: column for name, column in keys(job, firsts).items() if name not in job.reduce.over
    }
    return pd.DataFrame(common | summaries, copy=False)
