"""The document's walk by all seven rules, continued: what overview and walkthrough draw."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Sequence

import numpy as np
import pandas as pd

from simopt import problems
from simopt.document.quantities import ETA
from simopt.ground.formatting import listing
from simopt.problems import Problem
from simopt.report.pages import Computed
from simopt.rules import OPTIMIZERS
from simopt.training.run import run

#: How far the walk is continued.
EPOCHS = 100

#: The spacing of float64 at the optimum, 5: a distance of no more is none.
EXACT = float(np.spacing(5.0))

#: Distances below this are rounding of float64 near 5, and are drawn here.
FLOOR = 1e-16


def problem() -> Problem:
    """The four points."""
    return problems.four_points()


def target() -> float:
    """The weight that fits all four points."""
    best = problem().optimum
    assert best is not None
    return float(best[0])


@functools.cache
def walk(epochs: int = EPOCHS) -> tuple[pd.DataFrame, Computed]:
    """Every update of the seven, with ``optimizer`` and ``distance`` added, and what it cost."""
    began = time.perf_counter()
    parts = [
        run(problem(), make(eta=ETA), epochs=epochs).steps.assign(optimizer=name)
        for name, make in OPTIMIZERS.items()
    ]
    steps = pd.concat(parts, ignore_index=True)
    steps["distance"] = (steps["w"] - target()).abs()
    seconds = time.perf_counter() - began
    return steps, Computed("the document's walk, continued", len(parts), len(steps), seconds)


def first_epoch(name: str) -> pd.DataFrame:
    """The updates of one rule on the four points, once."""
    steps, _ = walk()
    return steps[(steps["optimizer"] == name) & (steps["epoch"] == 1)]


def by_epoch(column: str = "distance") -> pd.DataFrame:
    """A column at the end of each epoch [epoch, optimizer]."""
    steps, _ = walk()
    ends = steps.groupby(["optimizer", "epoch"], sort=False)[column].last().unstack("optimizer")
    ends.columns = pd.Index([str(name) for name in ends.columns])
    return ends[list(OPTIMIZERS)]


def orders(distances: pd.DataFrame) -> pd.Series:
    """The optimizers of each epoch from the nearest to the farthest, as tuples."""
    names = np.asarray(distances.columns)
    ranked = np.argsort(distances.to_numpy(), axis=1, kind="stable")
    return pd.Series([tuple(names[row]) for row in ranked], index=distances.index)


def run_away(distances: pd.DataFrame) -> list[str]:
    """The optimizers that end farther away than they were after the first epoch."""
    first, last = distances.iloc[0], distances.iloc[-1]
    return [name for name in map(str, distances) if last[name] > first[name]]


def changes(distances: pd.DataFrame) -> pd.DataFrame:
    """The epochs whose order is not the last one's: epoch, order, what happened."""
    ordered = orders(distances)
    rows = []
    for (_, before), (epoch, after) in itertools.pairwise(ordered.items()):
        if before != after:
            rows.append({"epoch": epoch, "order": after, "what": overtakings(before, after)})
    return pd.DataFrame(rows, columns=["epoch", "order", "what"])


def overtakings(before: Sequence[str], after: Sequence[str]) -> str:
    """Who passed whom, in words.

    Examples
    --------
    >>> overtakings(["Momentum", "SGD", "Adam"], ["SGD", "Adam", "Momentum"])
    'Momentum falls behind SGD and Adam'
    >>> overtakings(["SGD", "RMSprop", "Adam"], ["SGD", "Adam", "RMSprop"])
    'Adam passes RMSprop'
    """
    was = {name: place for place, name in enumerate(before)}
    pairs = [(a, b) for a, b in itertools.combinations(after, 2) if was[a] > was[b]]
    if len(pairs) == 1:
        return f"{pairs[0][0]} passes {pairs[0][1]}"
    losers = {
        each: [a for a, b in pairs if b == each] for each in dict.fromkeys(b for _, b in pairs)
    }
    winners = {
        each: [b for a, b in pairs if a == each] for each in dict.fromkeys(a for a, _ in pairs)
    }
    if len(winners) < len(losers):
        return "; ".join(f"{a} passes {listing(passed)}" for a, passed in winners.items())
    return "; ".join(f"{b} falls behind {listing(by)}" for b, by in losers.items())


def crossings(w: Sequence[float], start: float, best: float) -> list[int]:
    """The updates (from 1) after which the weight is on the other side of the optimum.

    Examples
    --------
    >>> crossings([4.6, 6.1, 5.5, 4.9], start=3.0, best=5.0)
    [2, 4]
    """
    found = []
    side = np.sign(start - best)
    for update, value in enumerate(w, start=1):
        now = np.sign(value - best)
        if now not in (0, side):
            if side != 0:
                found.append(update)
            side = now
    return found
