"""Fixes that are searched for: the best rate, however far off it is, and standardised columns."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simopt.curves.prescription.running import curves, losses_at
from simopt.curves.prescription.training import Training
from simopt.problems import Problem
from simopt.problems.regression import Regression
from simopt.problems.scaling import Scaling

Floats = NDArray[np.float64]

#: Powers of ten that the rate is multiplied by at first, and how often more are added at an edge.
DECADES, AT_AN_EDGE, FURTHER = range(-5, 6), 4, 2

#: Between decades: quarters of a power of ten around the best.
QUARTERS = (-0.75, -0.5, -0.25, 0.25, 0.5, 0.75)

#: Orders of the points to tune on: others than any that the fixes are compared on.
SEEDS = range(2**40, 2**40 + 8)

#: Columns are standardised if that divides the condition number of the points by so much: the
#: curvature's by its square.
FLATTER = 3.0

Trial = tuple[Problem, Training]


def best_rate(problem: Problem, training: Training) -> Trial | None:
    """The rate that ends lowest by the median, over decades and then between them."""
    eta = float(training.optimizer.settings["eta"])  # type: ignore[arg-type]
    if not eta > 0:
        return None
    found: dict[float, float] = {}

    def measure(powers: list[float]) -> None:
        ways = [training.setting(eta=float(f"{eta * 10.0**power:.2g}")) for power in powers]
        for power, made in zip(powers, curves(problem, ways, SEEDS), strict=True):
            ends = losses_at(problem, made.w)
            found[power] = float(np.median(np.where(np.isfinite(ends), ends, np.inf)))

    def best() -> float:
        return min(found, key=lambda power: found[power])

    measure([float(power) for power in DECADES])
    for _ in range(FURTHER):
        if best() not in (min(found), max(found)) or not np.isfinite(found[best()]):
            break
        edge, way = best(), 1 if best() == max(found) else -1
        measure([edge + way * step for step in range(1, AT_AN_EDGE + 1)])
    measure([best() + quarter for quarter in QUARTERS])
    if best() == 0.0 or not np.isfinite(found[best()]):
        return None
    return problem, training.setting(eta=float(f"{eta * 10.0 ** best():.2g}"))


def standardised(problem: Problem, training: Training) -> Trial | None:
    """The columns with mean 0 and variance 1, and the best rate then.

    Where there is no intercept, the root mean square is made 1. A penalty would change its meaning,
    so that problems with one are left alone.
    """
    if not isinstance(problem, Regression) or not problem.linear or problem.l2.any():
        return None
    if problem.scaling is not None or len(problem.x) < 2:
        return None
    points = problem.x[:, :-1] if problem.intercept else problem.x
    scaling = Scaling.of(points, centre=problem.intercept)
    scaled = replace(
        problem, scaling=scaling, x=_scaled(problem, scaling), w0=_start(problem, scaling)
    )
    if FLATTER * np.linalg.cond(scaled.x) > np.linalg.cond(problem.x):
        return None
    return best_rate(scaled, training) or (scaled, training)


def rescaled(problem: Problem, changed: Problem) -> bool:
    """Whether a fix standardised the columns, so that weights mean something else."""
    return changed.scaling is not problem.scaling


def like(validation: Problem | None, problem: Problem, changed: Problem) -> Problem | None:
    """Validation points in the columns of a changed problem."""
    if validation is None or not rescaled(problem, changed) or changed.scaling is None:
        return validation
    return replace(validation, scaling=changed.scaling, x=_scaled(validation, changed.scaling))


def _scaled(problem: Problem, scaling: Scaling) -> Floats:
    if not problem.intercept:
        return scaling.apply(problem.x)
    ones = np.ones((problem.n, 1))
    return np.ascontiguousarray(np.hstack([scaling.apply(problem.x[:, :-1]), ones]))


def _start(problem: Problem, scaling: Scaling) -> Floats:
    """The weights that predict the same from scaled columns."""
    if not problem.intercept:
        return problem.w0 * scaling.scale
    slopes = problem.w0[:-1]
    return np.append(slopes * scaling.scale, problem.w0[-1] + slopes @ scaling.shift)
