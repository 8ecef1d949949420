"""Predicted against simulated divergence over the eta-beta plane."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from simopt import problems
from simopt.analysis.stability import epochs as maps
from simopt.analysis.stability.epochs import Order
from simopt.ground import checks, memory
from simopt.problems import Problem
from simopt.problems.problem import check_problem
from simopt.rules.rule import Optimizer
from simopt.training import shuffling

#: What sweeps count, added up over those of a table.
COUNTED = ("trajectories", "updates", "seconds", "compile_seconds")


def compare(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str | Sequence[int | str] = 1,
    order: str | Sequence[int] | Sequence[Sequence[int]] | None = None,
    epochs: int = 1000,
    growth: float = 1e6,
    threads: int | None = None,
) -> pd.DataFrame:
    """Compare the prediction of the epoch map with a simulation of every setting.

    Predicted to diverge is a spectral radius above 1; simulated to diverge is a loss above
    ``growth^2`` times that at the start at any time of so many epochs, or not finite: an error
    ``growth`` times as large. Errors of radius r take ``log(growth) / log(r)`` epochs for that, so
    that only settings with r between 1 and about ``growth^(1 / epochs)`` can be taken for stable:
    more epochs, fewer of them. A setting with r < 1 could only be taken for unstable if it grew
    that much on the way.

    Parameters
    ----------
    problem, optimizer, batch_size, order
        As in `spectral_radius`; the targets enter the simulation.
    epochs : int, default 1000
        How long a trajectory runs at most.
    growth : float, default 1e6
        The error, as a multiple of that at the start, that counts as divergence, > 1.
    threads : int, optional
        As in `simopt.sweep`.

    Returns
    -------
    DataFrame
        A row per setting: the hyperparameters, batch_size, order, radius, predicted, simulated
        (whether it diverges), agree, and boundary: in how many steps along the axis of rates the
        prediction turns (1 beside the boundary; NA where it does not turn). ``attrs`` has
        trajectories, updates, seconds, compile_seconds, epochs and growth.

    Raises
    ------
    ValueError
        As `spectral_radius`, and if epochs or growth is out of range.

    Examples
    --------
    >>> import numpy as np, simopt
    >>> rates = simopt.Momentum(eta=np.linspace(0.01, 0.6, 60), beta=[0.0, 0.5, 0.9])
    >>> cells = simopt.stability.compare(simopt.problems.four_points(), rates)
    >>> len(cells), int(cells["simulated"].sum()), int((~cells["agree"]).sum())
    (180, 127, 1)
    """
    from simopt.sweeps.sweep import sweep

    longest = checks.whole("epochs", epochs, 1)
    far = checks.number("growth", growth, checks.Interval(1.0, 1e150, low_open=True))
    table = maps.spectral_radius(problem, optimizer, batch_size=batch_size, order=order)
    chosen = maps.plans(problem, batch_size, order)
    counts = dict.fromkeys(COUNTED, 0.0)
    simulated = np.empty((len(chosen), len(table) // len(chosen)), dtype=bool)
    for place, (size, each) in enumerate(chosen):
        frame = sweep(
            in_order(problem, each),
            optimizer,
            batch_size=size,
            epochs=longest,
            divergence=far**2,
            progress=False,
            threads=threads,
        )
        simulated[place] = (frame["status"] == "diverged").to_numpy()
        for name in COUNTED:
            counts[name] += frame.attrs[name]
    table["predicted"] = table["radius"] > 1.0
    # The table has the settings outermost, the sweeps have the plans.
    table["simulated"] = simulated.T.ravel()
    table["agree"] = table["predicted"] == table["simulated"]
    table["boundary"] = _steps_to_boundary(table, optimizer)
    table.attrs = {
        "trajectories": int(counts["trajectories"]),
        "updates": int(counts["updates"]),
        "seconds": counts["seconds"],
        "compile_seconds": counts["compile_seconds"],
        "epochs": longest,
        "growth": far,
    }
    return table


def _steps_to_boundary(table: pd.DataFrame, optimizer: Optimizer) -> Any:
    """The distance in grid cells along the rates to the nearest other prediction."""
    rates = np.atleast_1d(np.asarray(optimizer.values[0]))
    # [rates, the rest]: the rate is the first axis of the table.
    rising = np.argsort(rates)
    predicted = table["predicted"].to_numpy().reshape(len(rates), -1)[rising]
    turned = predicted[1:] != predicted[:-1]
    # A place that another prediction precedes is one step from it, and so on, up and down.
    places = np.arange(len(rates), dtype=np.float64)[:, None]
    steps = np.full(predicted.shape, np.inf)
    last = np.maximum.accumulate(np.where(turned, places[1:], -np.inf))
    steps[1:] = places[1:] - last + 1.0
    following = np.minimum.accumulate(np.where(turned, places[1:], np.inf)[::-1])[::-1]
    steps[:-1] = np.minimum(steps[:-1], following - places[:-1])
    back = np.empty_like(steps)
    back[rising] = steps
    flat = back.ravel()
    return pd.array(np.where(np.isinf(flat), np.nan, flat), dtype="Float64").astype("Int64")


def in_order(problem: Problem, order: Order) -> Problem:
    """A problem with its points reordered.

    Parameters
    ----------
    problem : Problem
        With points.
    order : sequence of int [n]
        A permutation of 0 .. n - 1.

    Returns
    -------
    Problem

    Examples
    --------
    >>> from simopt import problems, stability
    >>> stability.in_order(problems.four_points(), (3, 2, 1, 0)).x[:, 0].tolist()
    [0.5, 3.0, 1.0, 2.0]
    """
    if not check_problem(problem).n:
        raise checks.refuse("problem", problem, "one with points")
    places = shuffling.check_order(order, 1, problem.n)[0].tolist()
    if places == list(range(problem.n)):
        return problem
    return dataclasses.replace(problem, x=problem.x[places], y=problem.y[places])


def quadratic(curvature: ArrayLike, *, w0: ArrayLike = 1.0) -> Problem:
    """A diagonal quadratic ``sum(curvature * w^2) / 2`` as least squares, with optimum 0.

    Parameters
    ----------
    curvature : array_like [d]
        The second derivative in every weight, >= 0.
    w0 : float or array_like [d], default 1
        The start.

    Returns
    -------
    Problem
        With d points, to be used at full batch.

    Raises
    ------
    ValueError
        If a curvature is negative or not finite.

    Examples
    --------
    >>> import simopt
    >>> bowl = simopt.stability.quadratic([1.0, 10.0])
    >>> round(bowl.loss([2.0, 1.0]), 12), bowl.gradient([2.0, 1.0]).round(12).tolist()
    (7.0, [2.0, 10.0])
    """
    h = np.atleast_1d(checks.numbers("curvature", curvature, checks.NOT_NEGATIVE, least=1))
    if h.ndim != 1:
        raise checks.refuse("curvature", curvature, "a list of finite numbers >= 0")
    memory.check("curvature", f"{len(h):,} values", 3 * len(h) ** 2)
    x = np.diag(np.sqrt(h * len(h) / 2))
    return problems.least_squares(x, np.zeros(len(h)), w0=w0, name="quadratic")


def growth_per_epoch(errors: NDArray[np.float64]) -> float:
    """The growth factor of a series of errors, from the linear recurrence that it obeys.

    The errors of one weight at the ends of epochs obey ``e'' = t e' - d e``, of any rule that has
    one state or none; the larger root of ``z^2 - t z + d`` is the spectral radius of the epoch map.

    Parameters
    ----------
    errors : ndarray [4 or more]
        Signed, one an epoch; the last four are used.

    Returns
    -------
    float

    Examples
    --------
    >>> import numpy as np
    >>> k = np.arange(6)
    >>> round(growth_per_epoch(0.5**k + (-0.8)**k), 12)
    0.8
    """
    values = checks.numbers("errors", errors, least=4)
    if values.ndim != 1:
        raise checks.refuse("errors", errors, "one after the other")
    a, b, c, d = values[-4:].tolist()
    determinant = b * b - a * c
    if abs(determinant) <= 1e-12 * (b * b + abs(a * c)):
        # A single factor: one of the roots is 0, or has died out.
        return abs(d / c) if c else 0.0
    # Cramer's rule for c = t b - q a, d = t c - q b.
    t, q = (b * c - a * d) / determinant, (c * c - b * d) / determinant
    return float(np.abs(np.roots([1.0, -t, q])).max())
