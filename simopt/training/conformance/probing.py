"""The gradient sequences of the comparison, and the weights that result.

They do not depend on the weights: rounding then stays rounding, and two formulas that differ are
apart for good. Each of eight weights is there for something that tells conventions apart.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.rules.rule import WEIGHT_DECAY, Optimizer, Rule
from simopt.training.conformance import updates
from simopt.training.conformance.candidates import is_shipped
from simopt.training.conformance.treatments import NONE, Treated, Treatment

Array = NDArray[np.float64]

UPDATES = 200

#: The update from which the rate is a tenth: a buffer that the rate has entered goes on at the old.
DROP_AT = 120
DROP = 0.1

#: Roundings to float32 that a step may be away: a dozen are what Adam's takes at most.
SINGLE_UNITS = 32

#: The share of steps that may be further away, by so much of the longest so far.
SELDOM, ANOTHER = 0.02, 0.1

#: Takes an update's gradients [weights], the factor of its rate, its loss; returns the weights.
Player = Callable[[Array, float, float], Array]


@dataclass(frozen=True, eq=False)
class Probe:
    """Initial weights, and for every update a gradient, a factor of the rate and a loss."""

    start: Array  # [weights]
    gradients: Array  # [updates, weights]
    factors: Array  # [updates]
    losses: Array  # [updates], for optimizers that ask for the batch's
    matrix: tuple[int, int] = (0, 0)  # rows and columns, where the weights are one

    def first(self, updates: int) -> Probe:
        """The probe cut to its first updates."""
        return _cut(self, updates)

    def play(self, player: Player, shape: tuple[int, ...] | None = None) -> Array:
        """The weights after every update [updates, weights]; the player's may have a shape."""
        shape = self.start.shape if shape is None else shape
        with np.errstate(all="ignore"):
            rows = [
                player(g.reshape(shape).copy(), f, loss)
                for g, f, loss in zip(self.gradients, self.factors, self.losses, strict=True)
            ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), -1)

    def weight(self, k: int) -> Probe:
        """One of the weights alone."""
        one = slice(k, k + 1)
        return Probe(self.start[one], self.gradients[:, one], self.factors, self.losses)


@lru_cache(maxsize=64)
def _cut(whole: Probe, updates: int) -> Probe:
    """Thousands of rules are asked about the same few."""
    gradients, factors, losses = (
        each[:updates] for each in (whole.gradients, whole.factors, whole.losses)
    )
    return replace(whole, gradients=gradients, factors=factors, losses=losses)


@cache
def probe(drops: bool) -> Probe:
    """The standard probe; ``drops`` includes a change of rate."""
    rng = np.random.default_rng(20)
    t = np.arange(1, UPDATES + 1)
    gradients = np.stack(
        [
            # From 0, so that no decay hides the first step: it gives the rate away.
            2.0 + rng.normal(size=UPDATES),
            # As small as the usual epsilons: where epsilon stands shows.
            10.0 ** rng.uniform(-9, -4, UPDATES) * rng.choice([-1.0, 1.0], UPDATES),
            # Seldom: means fade, and an accumulator alone is left to divide by.
            np.where(t % 17 == 3, rng.normal(size=UPDATES), 0.0),
            # Growing and falling: a maximum is kept, a mean forgets.
            np.exp(-(((t - 60) / 20) ** 2)) + 1e-3,
            # To and fro: signs and look-ahead.
            np.where(t % 2 == 0, 1.0, -0.9),
            rng.normal(size=UPDATES),
            # Many decades, both signs and zeros: what clips or overflows shows. Not at first, where
            # the others are to tell the rate and the rule.
            np.where(
                (t > 10) & (t % 7 != 0),
                10.0 ** rng.uniform(-6, 6, UPDATES) * rng.choice([-1.0, 1.0], UPDATES),
                0.0,
            ),
            # Never anything: 0 / 0 where no epsilon is.
            np.zeros(UPDATES),
        ],
        axis=1,
    )
    start = np.array([0.0, 1.0, -2.0, 0.5, 3.0, -0.1, 0.25, 0.75])
    factors = np.where(drops & (t > DROP_AT), DROP, 1.0)
    return Probe(start, gradients, factors, _losses(gradients))


@cache
def of_matrix(drops: bool, rows: int, columns: int) -> Probe:
    """The standard probe of weights that are a matrix, row by row."""
    return replace(probe(drops), matrix=(rows, columns))


def _losses(gradients: Array) -> Array:
    """Losses over the squared norm on both sides of 1, some below 0.

    The first is so high that a bounded step is as long as its bound, and gives the rate away. One
    near the end is so low that means of losses are below 0: MoMo-Adam, so far Adam, stands still.
    """
    ratios = 10.0 ** np.random.default_rng(21).uniform(-2, 1, len(gradients))
    ratios[0] = 100.0
    ratios[12::13] *= -1.0
    losses: Array = ratios * np.square(gradients).sum(axis=1)
    losses[-10] = -10.0 * losses.max()
    return losses


def ours(optimizer: Optimizer, probe: Probe, treatment: Treatment = NONE) -> Array:
    """What a rule of simopt makes of the gradients."""
    if is_shipped(optimizer) and _is_plain(probe, treatment):
        return _plainly(optimizer.rule, optimizer.values, probe, treatment)
    return probe.play(Treated(optimizer, probe.start, treatment, probe.matrix))


def _is_plain(probe: Probe, treatment: Treatment) -> bool:
    """Whether weights are where the rule's steps lead, one for every gradient."""
    return treatment.is_of_gradients and not any(probe.matrix)


def _plainly(rule: Rule, values: tuple[Any, ...], probe: Probe, treatment: Treatment) -> Array:
    """What a rule that cannot change makes of gradients that are plain."""
    eta, factors = float(values[0]), probe.factors.tolist()
    decay = float(dict(zip(rule.hyperparameters, values, strict=True)).get(WEIGHT_DECAY, 0.0))
    rates = [treatment.rate(eta * factor, t, decay) for t, factor in enumerate(factors, 1)]
    start, seen, losses = probe.start.tolist(), _seen(probe, treatment), probe.losses.tolist()
    with np.errstate(all="ignore"):
        rows = updates.every(rule, values, start, seen, rates, losses)
    return np.array(rows, dtype=np.float64).reshape(len(rows), -1)


@lru_cache(maxsize=64)
def _seen(probe: Probe, treatment: Treatment) -> list[list[float]]:
    """What a rule sees of all gradients; nobody changes the list."""
    return [treatment.of(gradient).tolist() for gradient in probe.gradients]


def played(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The same; of a rule that cannot change once, for those who mend theirs and ask anew."""
    # What is cautious asks for the form of the decay, which no rule says.
    if is_shipped(optimizer) and not treatment.cautious:
        # Many conventions are the same rule with the same numbers.
        return _played(optimizer.rule, optimizer.values, probe, treatment)
    return ours(optimizer, probe, treatment)


@lru_cache(maxsize=1024)
def _played(rule: Rule, values: tuple[Any, ...], probe: Probe, treatment: Treatment) -> Array:
    """A thousand take 13 MB."""
    if _is_plain(probe, treatment):
        mine = _plainly(rule, values, probe, treatment)
    else:
        mine = ours(Optimizer(rule, values), probe, treatment)
    mine.flags.writeable = False
    return mine


def first_step(
    optimizer: Optimizer,
    probe: Probe,
    k: int,
    treatment: Treatment,
    factor: float | None = None,
) -> float | None:
    """Weight ``k`` after the first update; None where others may play a part, or none is made.

    What is done to gradients and weights shows there in the gradient alone, but for what changes
    the rate, which ``factor`` multiplies in place of the probe's. Of a rule that cannot change it
    is computed once, for many changes leave it as it was.
    """
    if not alone(optimizer, probe, treatment):
        return None
    gradient = _first_gradients(probe, treatment)[k]
    factor = float(probe.factors[0]) if factor is None else factor
    start, loss = float(probe.start[k]), float(probe.losses[0])
    if is_shipped(optimizer):
        rate = float(optimizer.values[0]) * factor  # type: ignore[arg-type]
        if treatment.warmup or treatment.proximal_decay:
            decay = float(np.asarray(optimizer.settings.get(WEIGHT_DECAY, 0.0)))
            rate = treatment.rate(rate, 1, decay)
        return _first_step(optimizer.rule, optimizer.values, start, gradient, rate)
    return _first_of(optimizer, start, gradient, factor, loss, treatment)


def alone(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> bool:
    """Whether the first update moves each weight by what is known of it alone."""
    across = optimizer.rule.terms is not None or treatment.cautious
    later = treatment.accumulate > 1 or 1 in (treatment.lookahead, treatment.ema_overwrite)
    return not across and not later and not treatment.bounds and not any(probe.matrix)


@lru_cache(maxsize=256)
def _first_gradients(probe: Probe, treatment: Treatment) -> list[float]:
    """What a rule sees of the first gradients; nobody changes the list."""
    seen: list[float] = treatment.of(probe.gradients[0]).tolist()
    return seen


_first_step = lru_cache(maxsize=1 << 16)(updates.first)


def _first_of(
    optimizer: Optimizer,
    start: float,
    gradient: float,
    factor: float,
    loss: float,
    treatment: Treatment,
) -> float:
    """The same of a rule that someone may change."""
    rated = replace(NONE, warmup=treatment.warmup, proximal_decay=treatment.proximal_decay)
    player = Treated(optimizer, np.array([start]), rated)
    with np.errstate(all="ignore"):
        return float(player(np.array([gradient]), factor, loss)[0])


def near(theirs: float, mine: float, tolerance: float) -> bool:
    """Whether `rounded` of two weights after the first update is within a tolerance."""
    if theirs == mine or (math.isnan(theirs) and math.isnan(mine)):
        return True
    return abs(theirs - mine) / max(1.0, abs(theirs), abs(mine)) <= tolerance


def agrees(play: Callable[[Probe], Array], theirs: Array, probe: Probe, tolerance: float) -> bool:
    """Whether what ``play`` makes of the gradients is theirs; seen at once if it isn't.

    But for what was rounded where a weight was large: lookahead's mean may be written in two ways.
    """
    return all(
        rounded(theirs[: len(part.factors)], play(part)) <= tolerance
        for part in (probe.first(1), probe.first(4), probe.first(24), probe)
    )


@dataclass(frozen=True)
class Distance:
    """The distance between two series of weights, relative to max(1, |w|)."""

    first: int | None  # the update at which they part, from 1
    there: float
    greatest: float


def distance(theirs: Array, mine: Array, tolerance: float) -> Distance:
    """The first update at which a weight differs by more than ``tolerance``, and by how much."""
    gap = _gaps(theirs, mine).max(axis=1)
    over = gap > tolerance
    if not over.any():
        return Distance(None, 0.0, float(gap.max()))
    at = int(over.argmax())
    return Distance(at + 1, float(gap[at]), float(gap.max()))


def rounded(theirs: Array, mine: Array) -> float:
    """The greatest gap, relative to the greatest that the weight has been, and 1.

    What is rounded where a weight is large stays when it comes back.
    """
    return float(_gaps(theirs, mine, ever=True).max())


def _gaps(theirs: Array, mine: Array, ever: bool = False) -> Array:
    """The gap of every weight, relative to it, or to the greatest that it has ``ever`` been."""
    with np.errstate(all="ignore"):
        size = np.maximum(1.0, np.maximum(np.abs(theirs), np.abs(mine)))
        gap = np.abs(theirs - mine) / (np.maximum.accumulate(size, axis=0) if ever else size)
    same = (theirs == mine) | (np.isnan(theirs) & np.isnan(mine))
    gaps: Array = np.where(same, 0.0, np.where(np.isnan(gap), np.inf, gap))
    return gaps


def single(weights: Array) -> bool:
    """Whether all weights are float32 numbers."""
    with np.errstate(all="ignore"):
        return bool((weights.astype(np.float32) == weights).all())


def as_single(theirs: Array, mine: Array, start: Array) -> bool:
    """Whether steps differ by no more than their arithmetic in float32 makes them.

    Relative to the longest step of a weight so far, for what means were rounded to lasts, and to
    the weight itself where that is rounded too. What a formula has besides, such as a square of
    rate and decay, may be as small over all updates, and is not of the step's size in every weight.
    """
    unit, rounding = np.finfo(np.float32).epsneg, np.finfo(np.float64).eps
    with np.errstate(all="ignore"):
        steps = [np.diff(each, axis=0, prepend=start[None]) for each in (theirs, mine)]
        longest, highest = (
            np.maximum.accumulate(np.maximum(*np.abs(pair)), axis=0)
            for pair in (steps, (theirs, mine))
        )
        apart = np.abs(steps[0] - steps[1])
        allowed = unit * longest + (unit if single(theirs) else rounding) * highest
    rounding_alone = apart <= SINGLE_UNITS * allowed
    # Where a sign is taken of what is rounded, a step in many is another: not one that is somewhat
    # longer, as where a second epsilon is in the root.
    another = ~(apart < ANOTHER * longest)
    return bool((rounding_alone | another).all() and rounding_alone.mean() >= 1 - SELDOM)


def unlike(theirs: Array, mine: Array, start: Array) -> float:
    """The gap between two series relative to the path length, as median over the weights.

    To nine digits: rounding shall put no formula before another.
    """
    with np.errstate(all="ignore"):
        way = np.linalg.norm(theirs - start, axis=0) + np.linalg.norm(mine - start, axis=0)
        share = np.linalg.norm(theirs - mine, axis=0) / np.where(way > 0, way, 1.0)
    return float(f"{np.median(np.where(np.isnan(share), np.inf, share)):.9g}")


def rate_of(step: float, one: float) -> float | None:
    """The rate at which a first step is theirs, from ours at 1: steps are proportional to it."""
    if not (np.isfinite(step) and np.isfinite(one)) or one == 0 or step == 0 or step / one < 0:
        return None
    rate = step / one
    # Twelve digits: what was typed in comes out, not its rounding.
    rounded = float(f"{rate:.12g}")
    return rounded if abs(rounded - rate) <= 4e-15 * rate else float(rate)
