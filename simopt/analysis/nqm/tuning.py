"""SGD's rate tuned continuously: the fewest updates that any rate needs."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from simopt.analysis.nqm import leaping
from simopt.analysis.nqm.spectra import Packed

#: Rates are sought from this share of the largest stable one.
LOWEST = 1e-9


def tuned(
    model: Packed, sizes: list[int], target: float, longest: int, workers: int
) -> dict[int, tuple[int | None, float]]:
    """For each batch size the least k after which some rate has a loss below the target.

    The best loss after k updates falls with k, so that k is found by bisection; the rate is then
    the one with the least loss after k.
    """
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda size: _one(model, size, target, longest), sizes)
        return dict(zip(sizes, found, strict=True))


def _one(model: Packed, size: int, target: float, longest: int) -> tuple[int | None, float]:
    low, high = 0, 1
    rate, loss = best_rate(model, size, high)
    while not loss < target:
        if high >= longest:
            return None, math.nan
        low, high = high, min(4 * high, longest)
        rate, loss = best_rate(model, size, high)
    while low < high - 1:
        middle = (low + high) // 2
        tried, loss = best_rate(model, size, middle)
        if loss < target:
            high, rate = middle, tried
        else:
            low = middle
    return high, rate


def best_rate(model: Packed, size: int, updates: int) -> tuple[float, float]:
    """The rate with the least expected loss after so many updates, and that loss."""
    from scipy.optimize import minimize_scalar

    at, out = np.array([updates], np.int64), np.empty(1)

    def loss(log_eta: float) -> float:
        leaping.losses(
            False, math.exp(log_eta), 0.0, model.h, model.c, model.decay, model.noise,
            float(size), at, out,
        )  # fmt: skip
        return float(out[0])

    stable = math.log(2.0 / model.h.max())
    best = minimize_scalar(
        loss,
        bounds=(stable + math.log(LOWEST), stable),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(best.x), float(best.fun)
