"""Why a run's curve looks as it does: found from what else would have become of the run.

Everything here goes by what the simulator knows and a reader of the curve does not: the least loss,
the weights, and how the same problem ends at other rates, with a rate that falls to 0, with less
momentum, or after more epochs. Losses are counted as shares of what there is to lose: 1 at the
start, 0 at the least. Where a run is neither clearly one thing nor another it has no label, and is
left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis.grounds import Ground

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Words = NDArray[np.str_]

#: Above this a trainer in float32 shows inf.
LARGEST = float(np.finfo(np.float32).max)

#: What a healthy run must be within of the best there is at equal cost.
AS_GOOD = 0.01

#: A rate is too low if at most so much of what the best rate loses is lost, yet some of it is.
LITTLE, SOME = 0.5, 0.005

#: A rate is too low, or too high, only where another does this well.
WELL = 0.1

#: The floor of a noisy run: within these shares, and above what a falling rate reaches.
FLOOR = (0.03, 0.15)

#: A floor is one after so many records.
SETTLED = 20

#: What bounces holds on average so much of what there is to lose, and goes up and down by so much
#: of the highest loss; a floor stays below.
BOUNCES, HEIGHT = 0.25, 0.4

#: A run that goes farther above its start than this has another cause first.
JUMP = 1.2

#: How far above what it had reached a healthy run may rise.
RISE = 0.05

#: A rate is what holds a run back if nearly three times as much of it loses so much more.
IN_PROPORTION = 1.6

#: AdaGrad's rate fell too far if so much more time leaves so much of what is left.
LONGER, STILL_LEFT = 8, 0.5

#: How much validation loss rises, as a share of its least, where training overfits; and where not.
RISEN, LEVEL = 0.1, 0.01

#: A run is at a saddle within so much of its distance from the minimum.
NEAR = 0.15


#: What instability does.
UNSTABLE = ("oscillates wildly", "decreases then explodes", "NaN or Inf")

#: What a saddle looks like.
SADDLE = "plateaus, then drops"

#: Neither one nor the other: no label.
UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False)
class Others:
    """What else would have become of each of m runs: shares left at the end, and rates.

    Attributes
    ----------
    best : ndarray [m]
        With the best constant rate of the same optimizer.
    decayed : ndarray [m]
        With the same rate, falling to 0 along a line.
    calmer : ndarray [m]
        With the same rate and half the momentum or less; NaN for rules without momentum.
    longer : ndarray [m]
        After `LONGER` times the epochs; NaN where nobody looked.
    faster : ndarray [m]
        With two rates up, 2.9 times as much; NaN where there is none.
    any_rule : float
        With the best rule at its best rate.
    eta, tuned, edge : ndarray [m]
        The run's rate, the best one, and the largest that ends below the start.
    noisy : bool
        Whether gradients are noisy.
    """

    best: Floats
    decayed: Floats
    calmer: Floats
    longer: Floats
    faster: Floats
    any_rule: float
    eta: Floats
    tuned: Floats
    edge: Floats
    noisy: bool


def causes(
    shares: Floats, weights: Floats, validation: Floats, others: Others, ground: Ground
) -> tuple[Words, Words]:
    """The cause of each run [m, T + 1] (its start first), and its symptom; "" where unclear."""
    with np.errstate(all="ignore"):
        found = unstable(shares, weights, others)
        for more in (
            noise_floor(shares, others),
            stopped(shares, others),
            too_low(shares, others),
            healthy(shares, others),
            at_saddle(shares, weights, ground),
            local_minimum(shares, weights, ground),
        ):
            for old, new in zip(found, more, strict=True):
                old[new != ""] = new[new != ""]
        learnt = overfitted(shares, validation)
        replaced = (learnt[0] != "") & ~np.isin(found[1], UNSTABLE)
        for old, new in zip(found, learnt, strict=True):
            old[replaced] = new[replaced]
            old[old == UNCLEAR] = ""
    return found


def _nothing(shares: Floats) -> tuple[Words, Words]:
    nothing = np.full(len(shares), "", dtype="<U40")
    return nothing, nothing.copy()


def _where(mask: Bools, cause: str, symptom: str) -> tuple[Words, Words]:
    return np.where(mask, cause, "").astype("<U40"), np.where(mask, symptom, "").astype("<U40")


def behaviour(shares: Floats, weights: Floats) -> Words:
    """What instability does: numbers end, or the loss grows, or it bounces; "" for none of it."""
    length = shares.shape[1]
    half, quarter = length // 2, length - length // 4
    tail, late = shares[:, half:], shares[:, quarter:]
    finite = np.isfinite(shares).all(axis=1)
    grown = late.max(axis=1) >= 10 * np.maximum(shares[:, : half + 1].max(axis=1), 1.0)
    highest = tail.max(axis=1)
    bounces = (
        (highest <= 3 * np.maximum(shares[:, :half].max(axis=1), 1.0))
        & (highest - tail.min(axis=1) >= HEIGHT * shares.max(axis=1))
        & (tail.mean(axis=1) >= BOUNCES)
        & turning(weights)
    )
    symptom = _nothing(shares)[0]
    symptom[finite & bounces] = "oscillates wildly"
    symptom[finite & grown] = "decreases then explodes"
    symptom[~finite] = "NaN or Inf"
    return symptom


def unstable(shares: Floats, weights: Floats, others: Others) -> tuple[Words, Words]:
    """Rates that are too high, though lower ones do well; by the edge that was measured."""
    cause, symptom = _nothing(shares)[0], behaviour(shares, weights)
    found = (symptom != "") & (others.best <= WELL) & (others.eta > others.tuned)
    beyond = others.eta / others.edge
    cause[found & (beyond <= 3)] = "rate slightly too high"
    cause[found & (beyond > 3)] = "rate far too high"
    cause[found & (others.calmer <= WELL)] = "momentum resonance"
    symptom[cause == ""] = ""
    return cause, symptom


def noise_floor(shares: Floats, others: Others) -> tuple[Words, Words]:
    """A level that noisy gradients keep up, and that a falling rate ends clearly below."""
    length = shares.shape[1]
    half, quarter = length // 2, length - length // 4
    middle, end = shares[:, half:quarter].mean(axis=1), shares[:, quarter:].mean(axis=1)
    floor = shares[:, half:].mean(axis=1)
    found = np.isfinite(shares).all(axis=1) & (end <= 1.5 * middle) & (middle <= 1.5 * end)
    found &= (floor >= FLOOR[0]) & (floor <= FLOOR[1])
    found &= shares[:, half:].max(axis=1) <= 0.75 * HEIGHT
    # No other cause, and long enough to see that it goes on.
    found &= stays(shares) & (length > SETTLED)
    found &= (others.decayed <= floor / 2) & (floor - others.decayed >= FLOOR[0])
    return _where(found & others.noisy, "noise floor", "noise floor")


def stopped(shares: Floats, others: Others) -> tuple[Words, Words]:
    """AdaGrad, of whose rate so little is left that the rest takes `LONGER` times as long."""
    last = shares[:, -1]
    halfway = shares[:, shares.shape[1] // 8] <= (1 + last) / 2
    found = (last >= WELL) & (last <= 0.9) & halfway & (others.longer >= STILL_LEFT * last)
    found &= (others.any_rule <= last / 4) & stays(shares)
    return _where(found, "AdaGrad's decay", "stopped learning mid-training")


def too_low(shares: Floats, others: Others) -> tuple[Words, Words]:
    """Rates at which little is lost, where the tuned one loses nearly all."""
    lost = (1 - shares[:, -1]) / (1 - others.best)
    found = np.isfinite(shares).all(axis=1) & (others.best <= WELL)
    found &= (lost >= SOME) & (lost <= LITTLE) & (others.eta <= others.tuned / 3)
    found &= 1 - others.faster >= IN_PROPORTION * (1 - shares[:, -1])
    return _where(found, "rate too low", "decreases very slowly")


def healthy(shares: Floats, others: Others) -> tuple[Words, Words]:
    """The tuned rate; no other rate, falling rate or other rule does clearly better."""
    last, quarter = shares[:, -1], shares.shape[1] - shares.shape[1] // 4
    best = np.fmin(others.best, others.decayed)
    found = (others.best <= WELL) & (others.eta <= 1.01 * others.tuned) & (last - best <= AS_GOOD)
    found &= last - others.any_rule <= WELL / 2
    found &= shares[:, quarter:].max(axis=1) - shares[:, quarter] <= AS_GOOD
    found &= risen_above(shares) <= RISE
    return _where(found & stays(shares), "healthy", "healthy")


def at_saddle(shares: Floats, weights: Floats, ground: Ground) -> tuple[Words, Words]:
    """Runs that stayed near the saddle for a quarter of their time, and left it; or stay there."""
    if ground.saddle is None:
        return _nothing(shares)
    assert ground.problem.minimizer is not None
    away = float(np.linalg.norm(ground.problem.minimizer - ground.saddle))
    near = np.linalg.norm(weights - ground.saddle, axis=2) <= NEAR * away
    stayed = near.mean(axis=1)
    there = shares[:, 1:] <= 0.1
    after = np.where(np.logical_or.accumulate(there, axis=1), shares[:, 1:], 0.0)
    cause, symptom = _where(stayed >= 0.02, UNCLEAR, UNCLEAR)
    left = (stayed >= 0.25) & (there.mean(axis=1) >= 0.05) & (shares[:, -1] <= 0.05)
    # No other cause: it neither jumps before nor bounces after.
    left &= stays(shares) & (after.max(axis=1) <= 0.3)
    cause[left], symptom[left] = "saddle", SADDLE
    stuck = near[:, -1] & (stayed >= 0.5) & stays(shares) & (shares[:, -1] <= 0.8)
    cause[stuck], symptom[stuck] = "stuck at a saddle", "plateaus early"
    return cause, symptom


def local_minimum(shares: Floats, weights: Floats, ground: Ground) -> tuple[Words, Words]:
    """Runs that came to rest where the gradient is 0 and the loss is not least."""
    if not ground.minima:
        return _nothing(shares)
    last, late = weights[:, -1], weights[:, -max(2, weights.shape[1] // 3) :]
    rests = (np.ptp(late, axis=1) <= 0.01).all(axis=1) & stays(shares)
    flat = np.array(
        [
            bool(rest) and float(np.abs(ground.problem.gradient(w)).max()) <= 0.02
            for rest, w in zip(rests, last, strict=True)
        ],
        dtype=bool,
    )
    return _where(flat & (shares[:, -1] >= WELL), "local minimum", "plateaus early")


def overfitted(shares: Floats, validation: Floats) -> tuple[Words, Words]:
    """Runs that would have been better on new points had they stopped before."""
    if np.isnan(validation).all():
        return _nothing(shares)
    least, at = validation.min(axis=1), validation.argmin(axis=1)
    risen = validation[:, -1] / least - 1
    rows = np.arange(len(shares))
    fell = (shares[:, -1] < shares[rows, at]) & (shares[:, -1] <= 0.5)
    calm = np.isfinite(shares).all(axis=1) & (risen_above(shares) <= 3 * RISE)
    early = at <= 0.8 * shares.shape[1]
    cause, symptom = _where(
        calm & fell & early & (risen >= RISEN), "overfitting", "validation rises"
    )
    level = (risen <= LEVEL) & (validation[:, -1] - least <= 0.05 * (validation[:, 0] - least))
    unclear = np.isfinite(shares).all(axis=1) & ~level & (cause == "")
    cause[unclear] = symptom[unclear] = UNCLEAR
    return cause, symptom


def stays(shares: Floats) -> Bools:
    """Whether a run is finite and never goes clearly above its start."""
    inside: Bools = shares.max(axis=1) <= JUMP
    return inside


def risen_above(shares: Floats) -> Floats:
    """How far each run rises above what it had reached."""
    risen: Floats = (shares - np.minimum.accumulate(shares, axis=1)).max(axis=1)
    return risen


def turning(weights: Floats) -> Bools:
    """Whether the weight that moves most turns back again and again in the run's second half."""
    late = weights[:, weights.shape[1] // 2 :]
    widest = np.argmax(np.nan_to_num(np.ptp(late, axis=1), nan=-1.0), axis=1)
    moves = np.diff(late[np.arange(len(late)), :, widest], axis=1)
    turns = (moves[:, 1:] * moves[:, :-1] < 0).sum(axis=1)
    found: Bools = turns >= min(4, 0.4 * late.shape[1])
    return found


def as_float32(losses: Floats) -> Floats:
    """What a trainer in float32 would show: inf for what is larger than its largest number."""
    with np.errstate(invalid="ignore"):
        return np.where(losses > LARGEST, np.inf, losses)
