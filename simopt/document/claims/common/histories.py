"""Rules fed with given gradients, for claims that are algebra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from simopt.document.claims.context import Trials
from simopt.rules.rule import Optimizer
from simopt.training.stepper import Stepper

Floats = NDArray[np.float64]


def drawn(trials: Trials, *shape: int) -> Floats:
    """Random gradients of either sign, of sizes from 1e-3 to 1e3."""
    rng = trials.rng()
    return rng.normal(size=shape) * 10.0 ** rng.uniform(-3, 3, size=shape)


def fed(optimizer: Optimizer, gradients: Sequence[float] | Floats) -> tuple[Floats, Floats]:
    """The changes of a weight and the states of a rule, fed with these gradients.

    Returns
    -------
    moves : ndarray [updates]
        By how much each update changes the weight.
    states : ndarray [updates, states]
        After each update, in the order of ``optimizer.rule.state``.
    """
    stepper = Stepper(optimizer, [0.0])
    moves, states = [], []
    for gradient in gradients:
        # From 0 each time, so that a move keeps its digits.
        stepper.weights = [0.0]
        stepper.step([float(gradient)])
        moves.append(stepper.weights[0])
        states.append(list(stepper.state[0]))
    return np.array(moves), np.array(states).reshape(len(moves), -1)


def moving_average(values: Floats, beta: float) -> Floats:
    """The average v = beta v + (1 - beta) value along the last axis, from 0, after each value."""
    # By hand, since `scipy.signal` takes longer to load.
    along = np.ascontiguousarray(np.moveaxis((1 - beta) * values, -1, 0))
    for k in range(1, len(along)):
        along[k] += beta * along[k - 1]
    return np.moveaxis(along, 0, -1)


def apart(one: Floats, other: Floats) -> float:
    """The largest difference, relative to the larger of the two."""
    scale = np.maximum(np.abs(one), np.abs(other))
    return float((np.abs(one - other) / np.where(scale > 0, scale, 1.0)).max())
