"""Three hyperparameters or more: quasi-random points in a box that moves and shrinks."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from simopt.analysis.batch_size.attempts import FEW_LOOKS, LOOKS, Setup, attempt, interval
from simopt.analysis.batch_size.searching import (
    BEYOND,
    LESS,
    MOST_STAGES,
    PLATEAU,
    PROMISING,
    Chosen,
    Found,
    beyond,
    few,
    grow,
    settings_of,
)
from simopt.analysis.batch_size.tuned import Tuned

Floats = NDArray[np.float64]

#: Points of a stage, a power of two as Sobol's sequence wants it: four blocks of the engine.
POINTS = 512

#: Of a box' width: how thick its rim is, by how much the next box goes beyond the promising points,
#: and beyond a rim that is better than the inside.
RIM, MARGIN, FURTHER = 0.05, 0.1, 0.5

#: A box that would keep this share of its size is not worth another stage.
KEPT = 0.8


def by_points(setup: Setup, tuned: tuple[Tuned, ...], horizon: int) -> Found:
    """Search several hyperparameters, the first of them eta."""
    # Loaded here: it takes longer than all of simopt.
    from scipy.stats import qmc

    unit = qmc.Sobol(len(tuned), rng=np.random.default_rng(0)).random(POINTS).T
    low = np.array([float(each.position(each.first[0])) for each in tuned])
    high = np.array([float(each.position(each.first[-1])) for each in tuned])
    chosen, reached, settled, stages = None, False, False, []
    choose = partial(best_of_points, unit=unit, low=low, high=high, tuned=tuned)
    for _ in range(MOST_STAGES):
        at = low[:, None] + unit * (high - low)[:, None]
        points = np.stack([each.value(row) for each, row in zip(tuned, at, strict=True)])
        seeds = setup.seeds if reached else few(setup)
        every = interval(setup, horizon / BEYOND, LOOKS if settled else FEW_LOOKS)
        stage = attempt(setup, settings_of(setup, tuned, points), seeds, horizon, every)
        stages.append(stage)
        if not np.isfinite(stage.steps).any():
            chosen = None
            longer = grow(setup, horizon)
            if longer is None:
                return Found(stages, None, choose)
            horizon = longer
            continue
        choose = partial(best_of_points, unit=unit, low=low, high=high, tuned=tuned)
        chosen = choose(stage.steps)
        horizon = beyond(setup, float(stage.steps.min()))
        if settled and not chosen.edge:
            break
        reached = True
        if len(seeds) < len(setup.seeds):
            # Too few to narrow the box by: of so many points some are lucky.
            continue
        now = low, high
        low, high = _next_box(stage.steps, at, low, high, tuned)
        moved = bool((low < now[0]).any() or (high > now[1]).any())
        smaller = float(np.prod((high - low) / (now[1] - now[0])))
        settled = settled or (not moved and smaller > KEPT)
    return Found(stages, chosen, choose)


def best_of_points(
    steps: Floats, *, unit: Floats, low: Floats, high: Floats, tuned: tuple[Tuned, ...]
) -> Chosen:
    """The point within the plateau that is nearest to its centre."""
    good = np.flatnonzero(steps <= PLATEAU * steps.min())
    away = unit[:, good] - unit[:, good].mean(axis=1, keepdims=True)
    best = int(good[np.argmin((away * away).sum(axis=0))])
    sides = _sides(steps, unit, low, high, tuned)
    etas = tuned[0].value(low[0] + unit[0, good] * (high[0] - low[0]))
    edge = ", ".join(f"{tuned[k].name} {side}" for k, side in sides)
    return Chosen(best, float(etas.min()), float(etas.max()), edge)


def _sides(
    steps: Floats, unit: Floats, low: Floats, high: Floats, tuned: tuple[Tuned, ...]
) -> list[tuple[int, str]]:
    """The sides of the box near which points are best, so that the box should move."""
    found = []
    for k, each in enumerate(tuned):
        rims = (
            ("lower", unit[k] < RIM, low[k] > each.low + 1e-9),
            ("upper", unit[k] > 1 - RIM, high[k] < each.high - 1e-9),
        )
        inside = steps[(unit[k] >= RIM) & (unit[k] <= 1 - RIM)].min()
        found += [
            (k, side) for side, rim, room in rims if room and steps[rim].min() < LESS * inside
        ]
    return found


def _next_box(
    steps: Floats, at: Floats, low: Floats, high: Floats, tuned: tuple[Tuned, ...]
) -> tuple[Floats, Floats]:
    """The next box: around the promising points, or moved across a side."""
    width = (high - low)[:, None]
    good = at[:, steps <= PROMISING * steps.min()]
    lower = np.maximum(good.min(axis=1) - MARGIN * width[:, 0], low)
    upper = np.minimum(good.max(axis=1) + MARGIN * width[:, 0], high)
    for k, side in _sides(steps, (at - low[:, None]) / width, low, high, tuned):
        if side == "lower":
            lower[k] = low[k] - FURTHER * width[k, 0]
        else:
            upper[k] = high[k] + FURTHER * width[k, 0]
    limits = np.array([(each.low, each.high) for each in tuned]).T
    return np.maximum(lower, limits[0]), np.minimum(upper, limits[1])
