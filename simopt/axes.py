"""The axes of a sweep: every argument checked, every combination a row, rows grouped by plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import checks, plan, shuffling
from simopt.engine import blocks
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.trajectory import check_optimizer


@dataclass(frozen=True)
class Axes:
    """One optimizer's part of the sweep: every combination of these, the last varying fastest."""

    optimizer: Optimizer
    hyper: tuple[tuple[float, ...], ...]
    batch_size: tuple[int, ...]
    shuffle: tuple[str, ...]
    seed: tuple[int, ...]
    epochs: tuple[int, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The length of every axis."""
        rest = (self.batch_size, self.shuffle, self.seed, self.epochs)
        return tuple(len(axis) for axis in (*self.hyper, *rest))

    @property
    def size(self) -> int:
        """How many trajectories."""
        return prod(self.lengths)


def check(
    problem: Problem, optimizers: Any, batch_size: Any, epochs: Any, shuffle: Any, seed: Any
) -> list[Axes]:
    """Every argument checked, one Axes per optimizer."""
    chosen = [optimizers] if isinstance(optimizers, Optimizer) else optimizers
    if not isinstance(chosen, Sequence) or not chosen:
        raise checks.refuse("optimizers", optimizers, "an optimizer or a list of them")
    batch_sizes = tuple(
        plan.check_batch_size(b, problem.n) for b in checks.axis("batch_size", batch_size)
    )
    shuffles = tuple(shuffling.check_shuffle(s) for s in checks.axis("shuffle", shuffle))
    seeds = tuple(shuffling.check_seed(s) for s in checks.axis("seed", seed))
    lengths = tuple(checks.whole("epochs", e, 1) for e in checks.axis("epochs", epochs))
    return [
        Axes(
            check_optimizer(each),
            tuple(v if isinstance(v, tuple) else (v,) for v in each.values),
            batch_sizes,
            shuffles,
            seeds,
            lengths,
        )
        for each in chosen
    ]


def plans(axes: Axes, problem: Problem, drop_last: bool) -> Iterator[tuple[Any, plan.Plan]]:
    """(batch size index, shuffle index, epochs index) and the plan, for each combination."""
    for b, batch_size in enumerate(axes.batch_size):
        for s, mode in enumerate(axes.shuffle):
            for e, epochs in enumerate(axes.epochs):
                yield (b, s, e), plan.make(problem, batch_size, mode, epochs, drop_last)


def groups(axes: list[Axes], problem: Problem, drop_last: bool) -> Iterator[blocks.Group]:
    """All trajectories, by optimizer and plan; a group knows the rows of its trajectories."""
    offset = 0
    for each in axes:
        yield from _groups_of(each, offset, problem, drop_last)
        offset += each.size


def _groups_of(
    axes: Axes, offset: int, problem: Problem, drop_last: bool
) -> Iterator[blocks.Group]:
    rows = np.arange(axes.size).reshape(axes.lengths) + offset
    settings = np.array(
        [h.ravel() for h in np.meshgrid(*map(np.asarray, axes.hyper), indexing="ij")]
    )
    seeds = np.asarray(axes.seed, dtype=np.int64)
    for (b, s, e), how in plans(axes, problem, drop_last):
        chosen = rows[..., b, s, :, e]
        yield blocks.Group(
            axes.optimizer.rule,
            how,
            np.repeat(settings, len(seeds), axis=1),
            np.tile(seeds, settings.shape[1]),
            chosen.ravel(),
        )


def planned_updates(axes: list[Axes], problem: Problem, drop_last: bool) -> NDArray[np.int64]:
    """The updates of every row, if none diverges."""
    parts = []
    for each in axes:
        part = np.empty(each.lengths, np.int64)
        for (b, s, e), how in plans(each, problem, drop_last):
            part[..., b, s, :, e] = how.updates
        parts.append(part.ravel())
    return np.concatenate(parts)


def labels(names: list[str], codes: NDArray[Any]) -> Any:
    """Words by number, stored once each."""
    return pd.Categorical.from_codes(codes, dtype=_categories(tuple(names)), validate=False)


@cache
def _categories(names: tuple[str, ...]) -> Any:
    return pd.CategoricalDtype(pd.Index(names))


def keys(axes: list[Axes], given: bool) -> dict[str, Any]:
    """The columns that say which trajectory a row is."""
    hypers = list(
        dict.fromkeys(name for each in axes for name in each.optimizer.rule.hyperparameters)
    )
    names = list(dict.fromkeys(each.optimizer.name for each in axes))
    conventions = list(dict.fromkeys(each.optimizer.convention for each in axes))
    sizes = [each.size for each in axes]
    columns: dict[str, Any] = {
        "optimizer": labels(names, np.repeat([names.index(a.optimizer.name) for a in axes], sizes)),
        "convention": labels(
            conventions, np.repeat([conventions.index(a.optimizer.convention) for a in axes], sizes)
        ),
    }
    for name in hypers:
        columns[name] = np.concatenate([_along(each, name) for each in axes])
    for name in ("batch_size", "shuffle", "seed", "epochs"):
        columns[name] = np.concatenate([_along(each, name) for each in axes])
    shuffles = ["given"] if given else list(dict.fromkeys(axes[0].shuffle))
    codes = columns["shuffle"].astype(np.int64)
    columns["shuffle"] = labels(shuffles, codes * 0 if given else codes)
    return columns


def _along(axes: Axes, name: str) -> NDArray[Any]:
    """One axis, repeated over all combinations; NaN where the optimizer has no such thing."""
    rule = axes.optimizer.rule
    rest = {"batch_size": axes.batch_size, "seed": axes.seed, "epochs": axes.epochs}
    values: Any
    if name in rest:
        place = len(axes.hyper) + ("batch_size", "shuffle", "seed", "epochs").index(name)
        values = np.asarray(rest[name], dtype=np.int64)
    elif name == "shuffle":
        place = len(axes.hyper) + 1
        distinct = list(dict.fromkeys(axes.shuffle))
        values = np.asarray([distinct.index(mode) for mode in axes.shuffle])
    elif name in rule.hyperparameters:
        place = rule.hyperparameters.index(name)
        values = np.asarray(axes.hyper[place])
    else:
        return np.full(axes.size, np.nan)
    shape = [1] * len(axes.lengths)
    shape[place] = len(values)
    return np.broadcast_to(values.reshape(shape), axes.lengths).ravel()
