"""Floors of the distance from the optimum, and the best rate judged with its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt import problems
from simopt.document.claims.context import Trials
from simopt.problems import Problem
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

#: A hundred rates a decade: neighbours are 2.3 % apart, two steps are 4.7 %.
RATES = np.geomspace(1e-4, 1e2, 601)

#: Epochs after N over which the largest distance is taken, so that a crossing counts for nothing.
SPAN = 20

#: A distance from 5 below this is rounding.
ROUNDING = 1e-12

#: Rates on either side that a rate is judged with.
NEIGHBOURS = 2


def moved() -> Problem:
    """The four points with their optimum moved from 5 to 0, the start from 3 to -2.

    The distances are the same but for rounding, and rounding can decide: w may hit 5 exactly, and
    then stays there, where in exact arithmetic it would be thrown out again. Near 0 there are 300
    more decades to fall through first.
    """
    four = problems.four_points()
    return problems.least_squares(four.x, 0.0 * four.y, w0=-2.0, name="four points, moved to 0")


def floors(
    trials: Trials,
    optimizers: Optimizer | Sequence[Optimizer],
    *,
    epoch: int = 100,
    span: int = SPAN,
    problem: Problem | None = None,
    **plan: Any,
) -> pd.DataFrame:
    """A row per trajectory: its settings, and floor, the largest |w - optimum| of some epochs.

    Those are epochs ``epoch`` to ``epoch + span``. ``problem`` has one weight, by default the four
    points; ``plan`` goes to the sweep. A trajectory that overflows has floor inf.
    """
    return floors_after(trials, optimizers, [epoch], span=span, problem=problem, **plan)[0]


def floors_after(
    trials: Trials,
    optimizers: Optimizer | Sequence[Optimizer],
    epochs: Sequence[int],
    *,
    span: int = SPAN,
    problem: Problem | None = None,
    **plan: Any,
) -> list[pd.DataFrame]:
    """`floors` after each of several numbers of epochs, of the same trajectories."""
    chosen = problems.four_points() if problem is None else problem
    last = max(epochs) + span
    frame = trials.sweep(
        chosen, optimizers, epochs=last, record="epochs", divergence=None, **plan
    ).drop(columns=["epochs", "loss"])
    far = distances(frame, last, chosen)
    table = frame.iloc[::last].drop(columns=["epoch", "w"]).reset_index(drop=True)
    return [table.assign(floor=far[:, n - 1 : n + span].max(axis=1)) for n in epochs]


def distances(frame: pd.DataFrame, epochs: int, problem: Problem) -> Floats:
    """|w - optimum| [trajectories, epochs] of a sweep that recorded epochs; inf for NaN."""
    optimum = problem.optimum
    if optimum is None:
        raise ValueError(f"problem: {problem.name!r}, but must have an optimum")
    far = np.abs(frame["w"].to_numpy() - float(optimum[0])).reshape(-1, epochs)
    return np.where(np.isnan(far), np.inf, far)


def over_rates(values: ArrayLike) -> Floats:
    """The worst of each rate's five neighbours, itself among them; rates along the last axis.

    At either end those that there are. With `RATES` that is a window of +-4.7 %.
    """
    array = np.asarray(values, np.float64)
    width = [(0, 0)] * (array.ndim - 1) + [(NEIGHBOURS, NEIGHBOURS)]
    padded = np.pad(array, width, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * NEIGHBOURS + 1, axis=-1)
    return np.asarray(windows.max(axis=-1), np.float64)


def best_rate(table: pd.DataFrame, by: Sequence[str] = (), value: str = "floor") -> pd.DataFrame:
    """The rate with the least `over_rates`: a row per combination of ``by``, with worst.

    ``table`` has one row per rate of each combination, the rates rising.
    """
    parts = (
        [table]
        if not by
        else [part for _, part in table.groupby(list(by), sort=False, dropna=False)]
    )
    rows = []
    for part in parts:
        worst = over_rates(part[value])
        place = int(np.argmin(worst))
        rows.append(part.iloc[[place]].assign(worst=worst[place]))
    return pd.concat(rows, ignore_index=True)
