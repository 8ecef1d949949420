"""The step of a rule, with caution: a weight waits while its step disagrees with its gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simopt.rules import SGD
from simopt.rules.family import Family
from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.stepper import Stepper

#: The share of weights that move is taken for no less.
LEAST_SHARE = 1e-3


class Cautious:
    """A rule whose steps are masked and divided by the share of weights that move.

    What a weight at 0 moves by is its step, and all weights decay: steps are made without decay.
    """

    def __init__(self, optimizer: Optimizer, weights: Sequence[float], extra: int) -> None:
        form, strength = _decay(optimizer), optimizer.settings.get(WEIGHT_DECAY, 0.0)
        self.inner = Stepper(optimizer, weights, decays=[0.0] * len(weights) if form else ())
        self.eta, self.extra = self.inner.eta, extra
        self.coupled = float(np.asarray(strength)) if form == "coupled" else 0.0
        rest = SGD(weight_decay=strength, decay=form) if form and not self.coupled else SGD()
        self.rest = Stepper(rest, weights)
        self.weights = self.rest.weights

    def step(self, gradient: Sequence[float], rate: float, loss: float) -> None:
        """One update of all weights."""
        weights = np.array(self.weights)
        g = np.array(gradient) + self.coupled * weights
        self.inner.weights = [0.0] * len(weights)
        self.inner.step(g.tolist(), rate, loss)
        step = -np.array(self.inner.weights)
        moves = step * g > 0
        share = max((moves.sum() + self.extra) / len(weights), LEAST_SHARE)
        masked = np.where(moves, step / share, 0.0)
        self.rest.weights = weights.tolist()
        self.rest.step((masked / rate if rate else masked).tolist(), rate)
        self.weights = self.rest.weights


def _decay(optimizer: Optimizer) -> str:
    """The form in which weights decay; "" if they don't."""
    family = optimizer.made_by
    if not isinstance(family, Family) or not optimizer.settings.get(WEIGHT_DECAY):
        return ""
    preset = family.preset(optimizer.convention)
    return str({**preset, **dict(optimizer.switches)}.get("decay", ""))
