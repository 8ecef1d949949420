"""Tuned hyperparameters: their scales and grids."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

#: Rates to a factor of two: of a first look, and what a grid may be refined to. At 24 they are
#: 2.9 % apart, at 48 1.5 %.
COARSE = 3
OCTAVES = (48, 24, 12, 6, COARSE)
FINE = 24

#: By how many factors of two the first grid goes beyond the rates that the first gradient suggests.
BELOW, ABOVE = 18, 8

#: 1 - beta is not tuned below 2 to the minus this.
CLOSEST_TO_ONE = 20.0


@dataclass(frozen=True)
class Tuned:
    """One hyperparameter to tune.

    Attributes
    ----------
    name : str
        Of the hyperparameter.
    place : int
        Among the rule's.
    scale : {"log", "complement", "linear"}
        Where the grid is even: in log2 of the value, in -log2(1 - value), in the value.
    first : tuple of float
        The first grid, ascending.
    low, high : float
        Between which positions on the scale it may be.
    """

    name: str
    place: int
    scale: str
    first: tuple[float, ...]
    low: float = -math.inf
    high: float = math.inf

    def position(self, values: ArrayLike) -> Floats:
        """The positions of values on the scale."""
        array = np.asarray(values, dtype=np.float64)
        if self.scale == "linear":
            return array
        return np.log2(array) if self.scale == "log" else -np.log2(1.0 - array)

    def value(self, positions: ArrayLike) -> Floats:
        """The values at positions on the scale."""
        array = np.asarray(positions, dtype=np.float64)
        if self.scale == "linear":
            return array
        return np.exp2(array) if self.scale == "log" else 1.0 - np.exp2(-array)


def tuned(optimizer: Optimizer, problem: Problem) -> tuple[Tuned, ...]:
    """The hyperparameters to tune, eta first.

    Raises
    ------
    ValueError
        If a value to start from has no place on its scale: 0 on a logarithmic one.
    """
    found = []
    for place, (name, value) in enumerate(optimizer.settings.items()):
        given = tuple(sorted(set(value))) if isinstance(value, tuple) else (value,)
        if name == "eta":
            if isinstance(value, tuple) and min(given) <= 0:
                raise checks.refuse("eta", value, "numbers > 0, to be tuned on a log scale")
            first = given if len(given) > 1 else tuple(wide(problem).tolist())
            found.append(Tuned(name, place, "log", first))
        elif len(given) > 1:
            found.append(_other(name, place, given))
    return tuple(found)


def _other(name: str, place: int, given: tuple[float, ...]) -> Tuned:
    allowed = ALLOWED.get(name, checks.ANY)
    if allowed == checks.FRACTION:
        return Tuned(name, place, "complement", given, 0.0, CLOSEST_TO_ONE)
    if allowed in (checks.NOT_NEGATIVE, checks.POSITIVE):
        if given[0] <= 0:
            raise checks.refuse(name, given, "numbers > 0, to be tuned on a log scale")
        return Tuned(name, place, "log", given)
    return Tuned(name, place, "linear", given, allowed.low, allowed.high)


def wide(problem: Problem) -> Floats:
    """The first grid of rates, spanning nine decades or more.

    A step down the gradient g that would reach the least loss, were the loss straight, is
    ``(loss - minimum_loss) / |g|^2`` long in units of g, and ``(loss - minimum_loss) / sum |g_i|``
    in units of the weights, which is how rules count that divide by the gradient's size. The grid
    spans both.
    """
    gradient = np.abs(problem.gradient(problem.w0))
    drop = problem.loss(problem.w0) - problem.minimum_loss
    both = np.log2(drop / np.array([gradient @ gradient, gradient.sum()]))
    return rates(float(both.min()) - BELOW, float(both.max()) + ABOVE, COARSE)


def rates(low: float, high: float, per_octave: int) -> Floats:
    """Rates from 2^low to 2^high, with a given number per factor of two.

    All are roots of powers of two, so that grids meet, and a problem whose x is twice as large
    finds the same rates but for a factor, to the bit.
    """
    places = np.arange(math.ceil(low * per_octave - 1e-6), math.floor(high * per_octave + 1e-6) + 1)
    octave, within = np.divmod(places, per_octave)
    return np.ldexp(np.exp2(within / per_octave), octave)
