"""The authors' search for one setting in the arithmetic of their notebook, rounding included.

Their moments after k updates come from the k-th power of each direction's factor (SGD), or of the
eigenvalues of the 3 x 3 matrix that takes three second moments through an update (momentum,
averages). Where those eigenvalues nearly coincide the loss has a rounding error of up to a
millionth: enough, now and then, to move a count of a million by one. A table that is to hold their
integers must count as they do; and where rounding decides, LAPACK on another processor may count
otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simopt.analysis.nqm.leaping import NEVER
from simopt.analysis.nqm.spectra import Floats

#: The upper end of their bisection: a count that gets there is none.
HIGH = {"sgd": 10**9, "momentum": 10**7, "ema": 10**7}

#: What they add to ``1 - (1 - eta h)^2`` in SGD, against a division by zero.
GUARD = 1e-8

#: Second moments of each bin after k updates.
Moments = Callable[[int], Floats]


@dataclass(frozen=True, eq=False)
class Bins:
    """Their model: a curvature and a number of directions for each bin, and the preconditioner."""

    curvature: Floats
    count: Floats
    scale: Floats


def moments(algorithm: str, bins: Bins, eta: float, memory: float, size: int) -> Moments:
    """Second moments of the weights, or of their average, as a function of the update."""
    x = eta * bins.scale * bins.curvature
    noise = (bins.scale * eta) ** 2 * (bins.curvature / size)
    if algorithm == "sgd":
        factor = (1 - x) ** 2
        level = noise / (1 - factor + GUARD)
        return lambda k: level + factor**k * (1.0 - level)
    still = np.zeros_like(x)
    matrix: list[list[Any]]
    if algorithm == "momentum":
        # Of the weight, of its displacement, and mixed.
        matrix = [
            [(1 - x) ** 2, memory**2, 2 * (1 - x) * memory],
            [x**2, memory**2, -2 * x * memory],
            [-(1 - x) * x, memory**2, (1 - 2 * x) * memory],
        ]
        first, seen, unit = (1.0, 0.0, 0.0), 0, 1.0
    else:
        # Of the weight, of the average in units of 1 - gamma, and mixed.
        matrix = [
            [(1 - x) ** 2, 0.0, 0.0],
            [(1 - x) ** 2, memory**2, 2 * memory * (1 - x)],
            [(1 - x) ** 2, 0.0, memory * (1 - x)],
        ]
        kept = 1 - memory
        first, seen, unit = (1.0, 1.0 / kept**2, 1.0 / kept), 1, kept**2
    stacked = np.stack([np.stack([still + each for each in row], -1) for row in matrix], -2)
    values, vectors = np.linalg.eig(stacked)
    back = np.linalg.inv(vectors)
    begun = (back @ np.tile(np.array(first)[:, None], (len(x), 1, 1)))[..., 0]
    level = (back @ np.repeat(noise[:, None, None], 3, axis=1))[..., 0] / (1 - values)

    def after(k: int) -> Floats:
        mixed = values**k * (begun - level) + level
        result: Floats = (vectors @ mixed[..., None])[:, seen, 0].real * unit
        return result

    return after


def last_above(
    algorithm: str, bins: Bins, eta: float, memory: float, size: int, target: float
) -> int:
    """Their bisection: the last update with a loss not below the target, or `NEVER`."""
    low, high = 0, HIGH[algorithm]
    with np.errstate(all="ignore"):
        try:
            after = moments(algorithm, bins, eta, memory, size)
        except np.linalg.LinAlgError:
            return NEVER
        while low < high - 1:
            middle = (low + high) // 2
            loss = 0.5 * np.sum(bins.curvature * after(middle) * bins.count)
            low, high = (low, middle) if loss < target else (middle, high)
    if low == HIGH[algorithm] - 1:
        return NEVER
    return max(low, 1) if algorithm == "sgd" else low
