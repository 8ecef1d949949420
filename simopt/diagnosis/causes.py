"""Why a run's curve looks as it does: found from what else would have become of the run.

Everything here goes by what the simulator knows and a reader of the curve does not: the least loss,
the weights, and how the same problem ends at other rates, with a rate that falls to 0, or with less
momentum. Losses are counted as shares of what there is to lose: 1 at the start, 0 at the least.
Where a run is neither clearly one thing nor another it has no label, and is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Above this a trainer in float32 shows inf.
LARGEST = float(np.finfo(np.float32).max)

#: What a run must be within of the best there is, at equal cost, to be healthy.
AS_GOOD = 0.01

#: A rate is too low if so little of what the best rate loses is lost, yet some of it is.
LITTLE, SOME = 0.5, 0.005

#: A rate is too low, or too high, only where another does this well.
WELL = 0.1

#: The floor of a noisy run: within these shares, and above what a falling rate reaches.
FLOOR = (0.02, 0.2)


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
    eta, tuned, edge : ndarray [m]
        The run's rate, the best one, and the largest that ends below the start.
    noisy : bool
        Whether gradients are noisy.
    """

    best: Floats
    decayed: Floats
    calmer: Floats
    eta: Floats
    tuned: Floats
    edge: Floats
    noisy: bool


def causes(shares: Floats, weights: Floats, others: Others) -> tuple[NDArray[np.str_], ...]:
    """The cause of each run [m, T + 1] (its start first), and its symptom; "" where unclear."""
    with np.errstate(all="ignore"):
        return _causes(shares, weights, others)


def _causes(shares: Floats, weights: Floats, others: Others) -> tuple[NDArray[np.str_], ...]:
    m, length = shares.shape
    half, third = length // 2, length - length // 4
    last, tail, late = shares[:, -1], shares[:, half:], shares[:, third:]
    finite = np.isfinite(shares).all(axis=1)
    middle, end = shares[:, half:third].mean(axis=1), late.mean(axis=1)
    floor, highest = tail.mean(axis=1), tail.max(axis=1)
    solvable = others.best <= WELL

    symptom = np.full(m, "", dtype="<U30")
    grown = late.max(axis=1) >= 10 * np.maximum(shares[:, : half + 1].max(axis=1), 1.0)
    bounces = (
        (highest <= 3 * np.maximum(shares[:, :half].max(axis=1), 1.0))
        & (highest - tail.min(axis=1) >= 0.25 * shares.max(axis=1))
        & (floor >= 0.2)
        & turning(weights)
    )
    symptom[finite & bounces] = "oscillates wildly"
    symptom[finite & grown] = "decreases then explodes"
    symptom[~finite] = "NaN or Inf"
    unstable = (symptom != "") & solvable & (others.eta > others.tuned)

    cause = np.full(m, "", dtype="<U30")
    beyond = others.eta / others.edge
    cause[unstable & (beyond <= 3)] = "rate slightly too high"
    cause[unstable & (beyond > 3)] = "rate far too high"
    cause[unstable & (others.calmer <= WELL)] = "momentum resonance"

    settled = (end <= 1.5 * middle) & (middle <= 1.5 * end)
    noise = finite & settled & others.noisy & (FLOOR[0] <= floor) & (floor <= FLOOR[1])
    noise &= (others.decayed <= floor / 2) & (floor - others.decayed >= FLOOR[0])
    cause[noise & ~unstable] = "noise floor"
    symptom[noise & ~unstable] = "noise floor"

    lost = (1 - last) / (1 - others.best)
    low = finite & solvable & (SOME <= lost) & (lost <= LITTLE) & (others.eta <= others.tuned / 3)
    cause[low] = "rate too low"
    symptom[low] = "decreases very slowly"

    best = np.fmin(others.best, others.decayed)
    healthy = finite & (others.best <= 0.3) & (others.eta <= 1.01 * others.tuned)
    healthy &= (last - best <= AS_GOOD) & (floor - others.decayed <= FLOOR[0] / 2 + last)
    healthy &= shares.max(axis=1) <= 1.2
    cause[healthy] = symptom[healthy] = "healthy"
    symptom[cause == ""] = ""
    return cause, symptom


def turning(weights: Floats) -> NDArray[np.bool_]:
    """Whether the weight that moves most turns back again and again in the run's second half."""
    late = weights[:, weights.shape[1] // 2 :]
    widest = np.argmax(np.nan_to_num(np.ptp(late, axis=1), nan=-1.0), axis=1)
    moves = np.diff(late[np.arange(len(late)), :, widest], axis=1)
    turns = (moves[:, 1:] * moves[:, :-1] < 0).sum(axis=1)
    return turns >= min(4, 0.4 * late.shape[1])


def as_float32(losses: Floats) -> Floats:
    """What a trainer in float32 would show: inf for what is larger than its largest number."""
    with np.errstate(invalid="ignore"):
        return np.where(losses > LARGEST, np.inf, losses)
