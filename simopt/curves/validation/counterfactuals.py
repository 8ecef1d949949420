"""Why a simulated run's loss looks as it does: inferred from counterfactual runs.

Labels use what the simulator knows and a reader of the curve does not: the least loss, the weights,
and how the same problem ends at other rates, with a rate that falls to 0, with less momentum, or
after more epochs. Losses are counted as shares of what there is to lose: 1 at the start, 0 at the
least. A run that is neither clearly one thing nor another has no label, and is left out. What gives
a symptom its label is in the symptom's own record (`simopt.curves.symptoms`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simopt.problems.synthetic.testbeds import Testbed

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Words = NDArray[np.str_]

#: A rate is too low, or too high, only where another does this well.
WELL = 0.1

#: What bounces holds on average so much of what there is to lose, and goes up and down by so much
#: of the highest loss; a floor stays below.
BOUNCES, HEIGHT = 0.25, 0.4

#: A run that goes farther above its start than this has another cause first.
JUMP = 1.2

#: How far above what it had reached a healthy run may rise.
RISE = 0.05

#: How many times the updates AdaGrad gets, to see whether it still moves.
LONGER = 8

#: A run is at a saddle within so much of its distance from the minimum.
NEAR = 0.15

#: What instability does.
UNSTABLE = ("oscillates wildly", "decreases then explodes", "NaN or Inf")

#: Neither one nor the other: no label.
UNCLEAR = "unclear"


@dataclass(frozen=True, eq=False)
class Others:
    """Counterfactual runs of each of m runs: the shares left at the end, and the rates.

    Attributes
    ----------
    best : ndarray [m]
        With the best constant rate of the same optimizer.
    decayed : ndarray [m]
        With the same rate, falling to 0 along a line.
    calmer : ndarray [m]
        With the same rate and half the momentum or less; NaN for rules without momentum.
    longer : ndarray [m]
        After `LONGER` times the epochs; NaN where that was not run.
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


@dataclass(frozen=True, eq=False)
class Counterfactuals:
    """m runs of a testbed, with their counterfactual runs.

    Attributes
    ----------
    shares, validation : ndarray [m, T + 1]
        Of what there is to lose, and validation losses; the start comes first.
    weights : ndarray [m, T, d]
    others : Others
    testbed : Testbed
    """

    shares: Floats
    weights: Floats
    validation: Floats
    others: Others
    testbed: Testbed

    @cached_property
    def _unstable(self) -> tuple[Words, Words]:
        """Cause and symptom of rates that are too high, though lower ones do well."""
        others, symptom = self.others, behaviour(self.shares, self.weights)
        cause = np.full(len(symptom), "", dtype="<U40")
        high = (symptom != "") & (others.best <= WELL) & (others.eta > others.tuned)
        beyond = others.eta / others.edge
        cause[high & (beyond <= 3)] = "rate slightly too high"
        cause[high & (beyond > 3)] = "rate far too high"
        cause[high & (others.calmer <= WELL)] = "momentum resonance"
        symptom[cause == ""] = ""
        return cause, symptom

    def unstable(self, symptom: str) -> Words:
        """The cause of instability where it shows as the symptom."""
        cause, shows = self._unstable
        return np.where(shows == symptom, cause, "").astype("<U40")

    @property
    def is_unstable(self) -> Bools:
        """Which runs have a rate that is too high."""
        unstable: Bools = self._unstable[1] != ""
        return unstable

    @cached_property
    def _near_saddle(self) -> Bools:
        """Whether each record is near the saddle."""
        saddle = self.testbed.saddle
        if saddle is None:
            return np.zeros(self.weights.shape[:2], bool)
        assert self.testbed.problem.minimizer is not None
        away = float(np.linalg.norm(self.testbed.problem.minimizer - saddle))
        near: Bools = np.linalg.norm(self.weights - saddle, axis=2) <= NEAR * away
        return near

    @property
    def was_at_saddle(self) -> Bools:
        """Which runs were near a saddle for a fiftieth of their time."""
        near: Bools = self._near_saddle.mean(axis=1) >= 0.02
        return near

    @property
    def left_saddle(self) -> Bools:
        """Which stayed near it for a quarter of their time and left; without jumps or bounces."""
        shares = self.shares
        low = shares[:, 1:] <= 0.1
        after = np.where(np.logical_or.accumulate(low, axis=1), shares[:, 1:], 0.0)
        left: Bools = (self._near_saddle.mean(axis=1) >= 0.25) & (low.mean(axis=1) >= 0.05)
        left &= (shares[:, -1] <= 0.05) & stays(shares) & (after.max(axis=1) <= 0.3)
        return left

    @property
    def stuck_at_saddle(self) -> Bools:
        """Which are near it at the end, and have been for half of their time."""
        stuck: Bools = self._near_saddle[:, -1] & (self._near_saddle.mean(axis=1) >= 0.5)
        return stuck & stays(self.shares) & (self.shares[:, -1] <= 0.8)

    @property
    def local_minimum(self) -> Bools:
        """Which came to rest where the gradient is 0 and the loss is not least."""
        if not self.testbed.minima:
            return np.zeros(len(self.shares), bool)
        last, late = self.weights[:, -1], self.weights[:, -max(2, self.weights.shape[1] // 3) :]
        rests = (np.ptp(late, axis=1) <= 0.01).all(axis=1) & stays(self.shares)
        gradient = self.testbed.problem.gradient
        flat = np.array(
            [
                bool(rest) and float(np.abs(gradient(w)).max()) <= 0.02
                for rest, w in zip(rests, last, strict=True)
            ],
            dtype=bool,
        )
        return flat & (self.shares[:, -1] >= WELL)


def where(mask: Bools, cause: str) -> Words:
    """The cause where the mask holds, else ""."""
    return np.where(mask, cause, "").astype("<U40")


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
    symptom = np.full(len(shares), "", dtype="<U40")
    symptom[finite & bounces] = "oscillates wildly"
    symptom[finite & grown] = "decreases then explodes"
    symptom[~finite] = "NaN or Inf"
    return symptom


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
    turns_back: Bools = turns >= min(4, 0.4 * late.shape[1])
    return turns_back
