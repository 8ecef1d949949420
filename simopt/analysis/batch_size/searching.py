"""The search for the best setting at one batch size: an adaptive grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from simopt.analysis.batch_size.attempts import FEW_LOOKS, LOOKS, Setup, Stage, attempt, interval
from simopt.analysis.batch_size.tuned import COARSE, FINE, OCTAVES, Tuned, rates

Floats = NDArray[np.float64]

#: Rates within this factor of the least steps are as good: the plateau. It has no gap as wide as
#: this, in factors of two: what lies beyond one is another.
PLATEAU, GAP = 1.05, 0.25

#: Settings within this factor of the least steps are where to look closer.
PROMISING = 1.3

#: Seeds of the first looks: so many, or this share of all. What few seeds say is less to be relied
#: on: then settings within a larger factor are promising.
FEW, SHARE, DOUBTFUL = 3, 4, 2.0

#: Updates of the first look, and by what factor a look grows that saw nothing reach the target.
FIRST, GROWTH = 4, 4

#: How far to go on beyond the least steps, as a factor, so that slower seeds and settings arrive.
BEYOND = 2.0

#: How far beyond them the chosen setting may go on, so that its slowest seed arrives.
PATIENCE = 16

#: Stages at most: far more than a search takes, unless the best is out of reach.
MOST_STAGES = 24

#: Factors of two that a grid of rates grows by at an edge, and spans at most.
WIDER, WIDEST = 8, 200

#: Settings of a stage with one hyperparameter, a block of the engine, and with two; and by what
#: factor a grid may outgrow that at its edges before it gets coarser.
ONE, TWO, MOST = 128, 512, 2

#: Rates that a grid moves by at an edge, at the least.
LEAST = 24

#: Values of a second hyperparameter in a stage, how near they get on its scale, and by what factor
#: the steps at an edge must be less than beside it to be a reason to go on.
LEVELS, NEAR, LESS = 7, 0.25, 0.98


@dataclass(frozen=True, eq=False)
class Chosen:
    """The best of a stage: index of the setting, plateau of rates, axes at an edge."""

    setting: int
    eta_low: float
    eta_high: float
    edge: str


@dataclass(frozen=True, eq=False)
class Found:
    """The result of a search.

    Attributes
    ----------
    stages : list of Stage
        All that was tried; the best is one of the last's.
    chosen : Chosen or None
        None if no setting reached the target within the budget.
    choose : callable
        From steps [N] of the last stage's settings to the best of them.
    spacing : float
        The ratio of neighbouring rates in the last stage, less 1; NaN where they are on no grid.
    """

    stages: list[Stage]
    chosen: Chosen | None
    choose: Callable[[Floats], Chosen]
    spacing: float = math.nan


def middle(steps: Floats, at: Floats) -> tuple[int, int, int]:
    """The rate nearest to the middle of the plateau, and the plateau's ends.

    ``steps`` at rates at positions ``at``, in logarithms: the middle is a geometric one. Of several
    plateaus the one with most rates counts, of such the first with the least steps.
    """
    good = np.flatnonzero(steps <= PLATEAU * steps.min())
    spacing = np.diff(at).min() if len(at) > 1 else 0.0
    gaps = np.flatnonzero(np.diff(at[good]) > max(GAP, 1.5 * spacing))
    parts = np.split(good, gaps + 1)
    most = max(parts, key=lambda part: (len(part), -steps[part].min()))
    low, high = int(most[0]), int(most[-1])
    centre = (at[low] + at[high]) / 2
    # Of two as near the lower, whatever rounding makes of their distances.
    return int(most[np.argmin(np.abs(at[most] - centre).round(9))]), low, high


def settings_of(setup: Setup, tuned: tuple[Tuned, ...], points: Floats) -> Floats:
    """Settings [hyperparameters, N] with the tuned ones [tuned, N] inserted."""
    fixed = [value if isinstance(value, float) else value[0] for value in setup.optimizer.values]
    settings = np.repeat(np.array(fixed)[:, None], points.shape[1], axis=1)
    settings[[each.place for each in tuned]] = points
    return settings


def few(setup: Setup) -> NDArray[np.int64]:
    """The seeds of the first stages."""
    return setup.seeds[: max(FEW, len(setup.seeds) // SHARE)]


def grow(setup: Setup, horizon: int) -> int | None:
    """A longer horizon if no run reached the target; None at the budget."""
    return None if horizon >= setup.budget else min(setup.budget, GROWTH * horizon)


def beyond(setup: Setup, steps: float) -> int:
    """The horizon for a target that is reached in this many steps."""
    return min(setup.budget, max(FIRST, math.ceil(BEYOND * steps)))


def by_grid(setup: Setup, tuned: tuple[Tuned, ...], horizon: int) -> Found:
    """Search one or two hyperparameters, the first of them eta."""
    eta, other = tuned[0], tuned[1] if len(tuned) > 1 else None
    etas = np.array(eta.first)
    levels = np.array([0.0] if other is None else other.first)
    per_octave, reached, settled = _per_octave(etas), False, False
    stages: list[Stage] = []
    choose: Callable[[Floats], Chosen] = partial(
        best_of_grid, etas=etas, levels=levels, other=other
    )
    chosen: Chosen | None = None
    for _ in range(MOST_STAGES):
        points = np.stack([np.tile(etas, len(levels)), np.repeat(levels, len(etas))])[: len(tuned)]
        seeds = setup.seeds if reached else few(setup)
        every = interval(setup, horizon / BEYOND, LOOKS if settled else FEW_LOOKS)
        stage = attempt(setup, settings_of(setup, tuned, points), seeds, horizon, every)
        stages.append(stage)
        shape = len(levels), len(etas)
        table = stage.steps.reshape(shape)
        if not np.isfinite(table).any():
            chosen = None
            wider = _towards(stage.losses.reshape(shape).min(axis=0), etas)
            if wider is not None:
                etas, per_octave = wider, COARSE
                continue
            longer = grow(setup, horizon)
            if longer is None:
                return Found(stages, None, choose)
            horizon = longer
            continue
        choose = partial(best_of_grid, etas=etas, levels=levels, other=other)
        chosen = choose(stage.steps)
        horizon = beyond(setup, float(table.min()))
        if settled and not chosen.edge:
            break
        doubtful = len(seeds) < len(setup.seeds)
        reached = True
        near, there = levels, True
        rows = np.arange(len(levels))
        if other is not None:
            if doubtful:
                continue
            near, there, rows = _next_levels(table.min(axis=1), other, levels, settled)
        cap = ONE if other is None else TWO // len(near)
        within = DOUBTFUL if doubtful else PROMISING
        etas, per_octave, close = _next_rates(table[rows], etas, per_octave, cap, settled, within)
        levels = near
        settled = settled or (there and close)
    return Found(stages, chosen, choose, float(np.expm1(np.diff(np.log(etas)).min())))


def best_of_grid(steps: Floats, *, etas: Floats, levels: Floats, other: Tuned | None) -> Chosen:
    """The best of a grid: the middle rate at the best value of the second hyperparameter."""
    table = steps.reshape(len(levels), len(etas))
    level = _least(table.min(axis=1))
    rate, low, high = middle(table[level], np.log2(etas))
    edges = [
        f"eta {side}"
        for side, at, end in (("lower", low, 0), ("upper", high, len(etas) - 1))
        if at == end
    ]
    if other is not None and (side := _side(table.min(axis=1), other, levels)):
        edges.append(f"{other.name} {side}")
    return Chosen(level * len(etas) + rate, etas[low], etas[high], ", ".join(edges))


def _per_octave(etas: Floats) -> int:
    """The number of rates per factor of two, where the grid is coarsest."""
    return round(1 / float(np.diff(np.log2(etas)).max()))


def _least(profile: Floats) -> int:
    """The index of the minimum; the middle one of several."""
    places = np.flatnonzero(profile == profile.min())
    return int(places[(len(places) - 1) // 2])


def _side(profile: Floats, other: Tuned, levels: Floats) -> str:
    """The edge of the grid at which the best value lies, if any."""
    if len(levels) < 2:
        return ""
    at, best = other.position(levels), _least(profile)
    if best == 0 and at[0] > other.low + 1e-9 and profile[0] < LESS * profile[1]:
        return "lower"
    if best == len(at) - 1 and at[-1] < other.high - 1e-9 and profile[-1] < LESS * profile[-2]:
        return "upper"
    return ""


def _next_levels(
    profile: Floats, other: Tuned, levels: Floats, settled: bool
) -> tuple[Floats, bool, NDArray[np.int64]]:
    """The next values of the second hyperparameter, whether they are close, and the rows used."""
    at, best = other.position(levels), _least(profile)
    first, last = max(best - 1, 0), min(best + 1, len(at) - 1)
    rows = np.arange(first, last + 1)
    side = _side(profile, other, levels)
    if side:
        gap = at[1] - at[0] if side == "lower" else at[-1] - at[-2]
        further = (
            at[0] - gap * np.array([2, 1]) if side == "lower" else at[-1] + gap * np.array([1, 2])
        )
        at = np.unique(np.clip(np.concatenate([at, further]), other.low, other.high))
        at = at[:LEVELS] if side == "lower" else at[-LEVELS:]
        return _kept(other, at, levels), False, rows
    if settled or max(at[best] - at[first], at[last] - at[best]) <= NEAR * (1 + 1e-9):
        part = slice(max(best - LEVELS // 2, 0), best + LEVELS // 2 + 1)
        return levels[part], True, rows
    return _kept(other, np.linspace(at[first], at[last], LEVELS), levels), False, rows


def _kept(other: Tuned, at: Floats, levels: Floats) -> Floats:
    """The values at positions; values already in the grid keep their digits."""
    values = other.value(at)
    gaps = np.abs(at[:, None] - other.position(levels))
    nearest = gaps.argmin(axis=1)
    return np.where(gaps.min(axis=1) < 1e-9, levels[nearest], values)


def _next_rates(
    table: Floats, etas: Floats, per_octave: int, cap: int, settled: bool, within: float
) -> tuple[Floats, int, bool]:
    """The next grid of rates, its density per factor of two, and whether it suffices."""
    at = np.log2(etas)
    end = len(at) - 1
    _, first, last = middle(table[_least(table.min(axis=1))], at)
    if first == 0 or last == end:
        # The best may lie beyond. What was seen stays in the grid: it could move to and fro for
        # ever.
        now = max(per_octave, COARSE)
        far = max(LEAST / now, (at[last] - at[first]) / 2) if settled else WIDER
        low = at[0] - far if first == 0 else at[0]
        high = at[-1] + far if last == end else at[-1]
        now = next((m for m in OCTAVES if m <= now and (high - low) * m < MOST * cap), COARSE)
        return rates(low, high, now), now, settled
    if settled:
        return etas, per_octave, True
    with np.errstate(invalid="ignore"):
        promising = (table <= within * table.min(axis=1, keepdims=True)) & np.isfinite(table)
    good = np.flatnonzero(promising.any(axis=0))
    for one, other in ((good[0], good[-1]), (first, last)):
        low, high = at[max(one - 1, 0)], at[min(other + 1, end)]
        finer = next((m for m in OCTAVES if (high - low) * m + 1 <= cap), COARSE)
        if finer > per_octave:
            return rates(low, high, finer), finer, finer >= FINE
    # A plateau so wide that no stage holds it any finer.
    return etas, per_octave, True


def _towards(losses: Floats, etas: Floats) -> Floats | None:
    """The wider grid if no run reached the target and the loss is least at an edge."""
    at, best = np.log2(etas), int(losses.argmin())
    if len(at) > 1 and (best not in (0, len(at) - 1) or at[-1] - at[0] > WIDEST):
        return None
    beside = losses[1] if best == 0 else losses[-2]
    if len(at) > 1 and not losses[best] < beside:
        return None
    low = at[0] - (WIDER if best == 0 else 0)
    high = at[-1] + (WIDER if best == len(at) - 1 else 0)
    return rates(low, high, COARSE)
