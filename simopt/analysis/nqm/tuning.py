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
    model: Packed, few: Packed, sizes: list[int], target: float, longest: int, workers: int
) -> dict[int, tuple[int | None, float]]:
    """For each batch size the least k after which some rate has a loss below the target.

    It is sought with ``few`` directions in the model's place, which lose nearly the same, and from
    there with all. The rate is then the one with the least loss after k.
    """

    def one(size: int) -> tuple[int | None, float]:
        nearly = _least(few, size, target, longest, 1)
        least = _least(model, size, target, longest, nearly or longest)
        return least, math.nan if least is None else best_rate(model, size, least)[0]

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(sizes, pool.map(one, sizes), strict=True))


def _least(model: Packed, size: int, target: float, longest: int, first: int) -> int | None:
    """The least k after which some rate has a loss below the target, sought from ``first`` on.

    The best loss after k updates falls with k: growing strides enclose k, and it is found by
    bisection. That some rate's loss is below the target is known as soon as one is met, and the
    last that was is tried first.
    """
    rate: float | None = None

    def met(updates: int) -> bool:
        nonlocal rate
        if rate is not None and loss_after(model, size, updates, rate) < target:
            return True
        found = rate_below(model, size, updates, target)
        rate = rate if found is None else found
        return found is not None

    low, high, stride = first, first, 1
    if met(first):
        while (low := max(high - stride, 0)) and met(low):
            high, stride = low, 4 * stride
    else:
        while low == high or not met(high):
            if high >= longest:
                return None
            low, high, stride = high, min(high + stride, longest), 4 * stride
    while low < high - 1:
        middle = (low + high) // 2
        low, high = (low, middle) if met(middle) else (middle, high)
    return high


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
