"""The steps of one trajectory: a table with a row for every update, made weight by weight."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training import noise, plan, semantics
from simopt.training.reacting import ReactingRate
from simopt.training.stepper import Stepper

#: Numbers of a problem's points from which on a run's losses by update come from their moments,
#: ``minimum_loss + |R (w - minimizer)|^2``, where squared errors allow that.
MANY_NUMBERS = 100_000


def names_per_weight(name: str, d: int) -> list[str]:
    """``w`` for one weight, ``w_0``, ``w_1``, ... for several."""
    return [name] if d == 1 else [f"{name}_{k}" for k in range(d)]


def steps_of(
    problem: Problem,
    optimizer: Optimizer,
    how: plan.Plan,
    orders: NDArray[np.int64],
    seed: int,
    stepper: Stepper,
    reacting: ReactingRate | None,
) -> pd.DataFrame:
    """The table of a trajectory, one row per update, from where the stepper stands."""
    rule = optimizer.rule
    etas = _etas(stepper.eta, how) if reacting is None else [reacting.rate] * how.updates
    rows: list[list[float]] = []
    # A pass over many points after every update would cost more than all else.
    by_moments = problem.cheap and problem.n * problem.d > MANY_NUMBERS
    loss = problem.losses if by_moments else problem.loss
    with np.errstate(all="ignore"):
        for t in range(how.begun, how.updates):
            epoch, batch = divmod(t, how.batches)
            start = batch * how.batch_size
            points = orders[epoch, start : min(start + how.batch_size, how.points_used)]
            gradient = problem.gradient(stepper.weights, points)
            if problem.noise is not None:
                drawn = noise.normals(seed, t + 1, problem.d)
                gradient += drawn * (1 / np.sqrt(how.batch_size) * np.sqrt(problem.noise))
            before = problem.batch_loss(stepper.weights, points)
            if reacting is not None:
                reacting.met += before * max(1, len(points)) / how.points_used
            used = clip_gradient(gradient, how.clip, how.clips)
            objective = None
            if rule.asks_loss:
                w = np.array(stepper.weights)
                objective = before + float(problem.l2 @ (w * w)) / 2 if problem.n else before
            stepper.step(used.tolist(), etas[t], objective)
            if how.box is not None:
                stepper.weights = [semantics.boxed(w, *how.box) for w in stepper.weights]
            derived = [
                _derived(optimizer, state, stepper.clock, etas[t]) for state in stepper.state
            ]
            rows.append(
                [
                    t + 1,
                    epoch + 1,
                    batch + 1,
                    etas[t],
                    *gradient,
                    *stepper.weights,
                    before,
                    float(loss(np.asarray(stepper.shown))),
                    *(used if how.clip[0] else []),
                    *(s[i] for i in range(len(rule.state)) for s in stepper.state),
                    *(d[name] for name in derived[0] for d in derived),
                    *([t + 1] if rule.clock is not None else []),
                ]
            )
            if reacting is not None and batch == how.batches - 1:
                later = slice(t + 1, t + 1 + how.batches)
                batches = how.monitor == "batch_loss"
                seen = reacting.met if batches else problem.loss(stepper.shown)
                etas[later] = [reacting.after(seen)] * len(etas[later])
    columns = ["step", "epoch", "batch", "eta"]
    columns += names_per_weight("gradient", problem.d) + names_per_weight("w", problem.d)
    columns += ["batch_loss", "loss"]
    columns += names_per_weight("clipped", problem.d) if how.clip[0] else []
    for name in (*rule.state, *derived[0]):
        columns += names_per_weight(name, problem.d)
    return pd.DataFrame(rows, columns=columns + (["t"] if rule.clock is not None else []))


def _etas(eta: float, how: plan.Plan) -> list[float]:
    """The learning rate of every update."""
    if how.schedule is None:
        return [eta] * how.updates
    factor, shift = how.rates()
    etas: list[float] = semantics.rate_at(eta, factor, shift).tolist()
    return etas


def clip_gradient(
    gradient: NDArray[np.float64], clip: plan.Clip, clips: Sequence[float] = ()
) -> NDArray[np.float64]:
    """A gradient as a plan's clipping leaves it; ``clips`` has 0 for a weight that is left out."""
    if clips:
        counts = np.array(clips) != 0
        used = gradient.copy()
        if counts.any():
            used[counts] = clip_gradient(gradient[counts], clip)
        return used
    kind, bound, slack = clip
    if kind == "value":
        return np.array([semantics.clipped(each, bound) for each in gradient])
    if kind == "norm":
        # Of one weight it is its size: a square would lose what is tiny.
        norm = math.sqrt((gradient * gradient).sum()) if len(gradient) > 1 else abs(gradient[0])
        factor: float = semantics.shrink(norm, bound, slack)
        if norm == math.inf:  # the squares overflow, and nothing would be left
            largest = np.abs(gradient).max()
            factor = bound / largest / math.sqrt(np.square(gradient / largest).sum())
        return gradient * factor
    return gradient


def _derived(
    optimizer: Optimizer, state: list[float], clock: list[float], eta: float
) -> dict[str, float]:
    rule = optimizer.rule
    if rule.derived is None:
        return {}
    values = dict(zip((*rule.state, *rule.clock_values), (*state, *clock), strict=True))
    with np.errstate(all="ignore"):
        named = values | optimizer.settings | {"eta": eta}
        return rule.derived(**{k: np.float64(v) for k, v in named.items()})  # type: ignore[arg-type]
