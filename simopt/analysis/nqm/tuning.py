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
    the one with the least loss after k. That some rate's loss is below the target is known as soon
    as one is met, and the last that was is tried first.
    """
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(lambda size: _one(model, size, target, longest), sizes)
        return dict(zip(sizes, found, strict=True))


def _one(model: Packed, size: int, target: float, longest: int) -> tuple[int | None, float]:
    low, high = 0, 1
    while (rate := rate_below(model, size, high, target)) is None:
        if high >= longest:
            return None, math.nan
        low, high = high, min(4 * high, longest)
    while low < high - 1:
        middle = (low + high) // 2
        if loss_after(model, size, middle, rate) < target:
            high = middle
        elif (tried := rate_below(model, size, middle, target)) is not None:
            high, rate = middle, tried
        else:
            low = middle
    return high, best_rate(model, size, high)[0]


def loss_after(model: Packed, size: int, updates: int, rate: float) -> float:
    """The expected loss after so many updates at a rate."""
    at, out = np.array([updates], np.int64), np.empty(1)
    leaping.losses(
        False, rate, 0.0, model.h, model.c, model.decay, model.noise, float(size), at, out
    )
    return float(out[0])


class _Enough(Exception):
    """Ends a search for the best rate: one is good enough."""


def rate_below(model: Packed, size: int, updates: int, target: float) -> float | None:
    """The first rate met whose loss after so many updates is below the target; None if none is."""
    try:
        rate, loss = best_rate(model, size, updates, target)
    except _Enough as found:
        return float(found.args[0])
    return rate if loss < target else None


def best_rate(
    model: Packed, size: int, updates: int, enough: float = -math.inf
) -> tuple[float, float]:
    """The rate with the least expected loss after so many updates, and that loss.

    `_Enough` with the rate where one is met whose loss is below ``enough``.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_eta: float) -> float:
        rate = math.exp(log_eta)
        value = loss_after(model, size, updates, rate)
        if value < enough:
            raise _Enough(rate)
        return value

    stable = math.log(2.0 / model.h.max())
    best = minimize_scalar(
        loss,
        bounds=(stable + math.log(LOWEST), stable),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return math.exp(best.x), float(best.fun)
