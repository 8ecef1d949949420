"""A rate that reacts to the loss, along one trajectory in plain Python."""

from __future__ import annotations

import math

from simopt.schedules.reactive import Reaction
from simopt.training import semantics


class ReactingRate:
    """The rate of a trajectory whose schedule reacts to its loss.

    Parameters
    ----------
    reaction : Reaction
        What it does after each epoch.
    eta : float
        The base rate.

    Attributes
    ----------
    rate : float
        The rate of the next epoch.
    met : float
        The mean loss that the batches of an epoch so far had before their updates.

    Examples
    --------
    >>> from simopt.schedules import plateau
    >>> rate = ReactingRate(plateau(patience=1).reaction, 0.1)
    >>> [rate.after(loss) for loss in (3.0, 2.0, 2.0, 2.0, 2.0)]
    [0.1, 0.1, 0.1, 0.010000000000000002, 0.010000000000000002]
    """

    def __init__(self, reaction: Reaction, eta: float) -> None:
        self.reaction = reaction
        self.least = semantics.least_rate(eta, self.reaction)
        self.best, self.waited, self.resting, self.rate = math.inf, 0.0, 0.0, eta
        self.met = 0.0

    def after(self, loss: float) -> float:
        """The rate after an epoch with such a loss."""
        before = self.best, self.waited, self.resting, self.rate
        after = semantics.reacted(loss, *before, self.least, self.reaction, 0.0, 1.0)
        self.best, self.waited, self.resting, self.rate = after
        self.met = 0.0
        return self.rate
