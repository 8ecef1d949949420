"""The stable rates of an epoch map, by a scan: they need not be one interval."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis.stability import epochs
from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.rule import Optimizer, Rule

#: Halvings of a bracket: as many as a float64 has binary digits.
HALVINGS = 53


def thresholds(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    order: str | Sequence[int] | Sequence[Sequence[int]] | None = None,
) -> pd.DataFrame:
    """The intervals of eta in which the epoch map is stable.

    The optimizer's own axis of rates is scanned; where the spectral radius passes 1 between two
    neighbours, the place is then found by bisection. Two crossings between the same two neighbours
    remain unseen: take a fine axis.

    Parameters
    ----------
    problem, batch_size, order
        As in `spectral_radius`.
    optimizer : Optimizer
        With at least two rates; other hyperparameters may be axes too.

    Returns
    -------
    DataFrame
        A row per interval: the other hyperparameters, batch_size, order, interval (from 1), low and
        high. Where the scan begins or ends inside an interval, low or high is the scan's own end,
        and low_open or high_open is True.

    Raises
    ------
    ValueError
        As `spectral_radius`, and if there are fewer than two rates.

    Examples
    --------
    At batch 1 SGD on the four points is stable in three intervals: an epoch multiplies the error by
    (1 - 8 eta) (1 - 2 eta) (1 - 18 eta) (1 - eta / 2).

    >>> import numpy as np, simopt
    >>> rates = simopt.SGD(eta=np.linspace(0.001, 3, 3000))
    >>> table = simopt.stability.thresholds(simopt.problems.four_points(), rates)
    >>> table[["interval", "low", "high", "low_open"]].round(6)
       interval       low      high  low_open
    0         1  0.001000  0.211338      True
    1         2  0.467951  0.525066     False
    2         3  1.998727  2.001267     False
    """
    rule, axes = epochs._checked(problem, optimizer)
    rates = np.unique(np.asarray(axes["eta"], dtype=float))
    if len(rates) < 2:
        raise checks.refuse("eta", optimizer.settings["eta"], "at least two rates, to scan")
    others = {name: axis for name, axis in axes.items() if name != "eta"}
    rest = epochs._grid(others) if others else np.empty((1, 0))
    # The rate is the first hyperparameter of every rule.
    settings = np.column_stack([np.tile(rates, len(rest)), np.repeat(rest, len(rates), axis=0)])
    moves = epochs.coefficients(rule, settings)
    rows: list[dict[str, Any]] = []
    for size, chosen in epochs.plans(problem, batch_size, order):
        curved = epochs.curvatures(problem, size, chosen)
        stable = epochs.radii(moves, curved).reshape(len(rest), len(rates)) < 1.0
        place, turn = np.nonzero(stable[:, 1:] != stable[:, :-1])
        ends = _ends(rule, rest[place], rates[turn], rates[turn + 1], stable[place, turn], curved)
        for k, setting in enumerate(rest):
            named = dict(zip(others, setting.tolist(), strict=True))
            named |= {"batch_size": size, "order": chosen}
            found = _intervals(rates, ends[place == k].tolist(), stable[k])
            rows += [named | {"interval": i + 1} | each for i, each in enumerate(found)]
    columns = [*others, "batch_size", "order", "interval", "low", "high", "low_open", "high_open"]
    return pd.DataFrame(rows, columns=columns)


def _ends(
    rule: Rule,
    settings: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    stable_below: NDArray[np.bool_],
    curved: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The rates between low and high at which the radius crosses 1, on the stable side."""
    if not len(low):
        return low
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        moves = epochs.columns(rule, np.column_stack([middle, settings]))
        same = (epochs.radii(moves, curved) < 1.0) == stable_below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return np.where(stable_below, low, high)


def _intervals(
    rates: NDArray[np.float64], ends: list[float], stable: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """The stable intervals of one scan, from the rates at which stability changes."""
    starts_inside, ends_inside = bool(stable[0]), bool(stable[-1])
    edges = [float(rates[0])] * starts_inside + ends + [float(rates[-1])] * ends_inside
    pairs = list(zip(edges[::2], edges[1::2], strict=True))
    return [
        {
            "low": low,
            "high": high,
            "low_open": starts_inside and k == 0,
            "high_open": ends_inside and k == len(pairs) - 1,
        }
        for k, (low, high) in enumerate(pairs)
    ]
