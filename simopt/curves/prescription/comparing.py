"""Two trainings compared, seed by seed: how much lower the loss is, how often, and how surely."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.problems import Problem

Floats = NDArray[np.float64]

#: A loss above this many times the start's has diverged, as in a sweep.
DIVERGED = 1e6

#: Excess losses below this share of the start's are all alike: rounding.
ROUNDING = 1e-12

#: Of the standard normal distribution, for intervals that hold 95 % of the time.
QUANTILE = 1.959963984540054


def excess(problem: Problem, losses: Floats) -> Floats:
    """The part of losses that could be taken off; the whole where the least loss is unknown.

    Infinite where the loss is no number.
    """
    least = problem.minimum_loss
    above = losses - (least if math.isfinite(least) else 0.0)
    return np.where(np.isfinite(losses), np.maximum(above, 0.0), np.inf)


def has_diverged(losses: Floats, first: float) -> NDArray[np.bool_]:
    """Which losses are no number, or above a million times the start's."""
    bound = DIVERGED * abs(first) if first else DIVERGED
    return ~(np.isfinite(losses) & (losses <= bound))


def ratios(before: Floats, after: Floats, scale: float = 0.0) -> Floats:
    """After by before, pair by pair: 1 where both are infinite or both are rounding of ``scale``.

    Examples
    --------
    >>> from simopt.prescription.comparing import ratios
    >>> inf = np.inf
    >>> ratios(np.array([4.0, inf, inf, 1.0]), np.array([1.0, 2.0, inf, inf])).tolist()
    [0.25, 0.0, 1.0, inf]
    """
    tiny = max(ROUNDING * scale, np.finfo(np.float64).tiny)
    with np.errstate(all="ignore"):
        found = np.maximum(after, tiny) / np.maximum(before, tiny)
    return np.where(np.isinf(before) & np.isinf(after), 1.0, found)


def wilson(hits: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22
    (1927) 209.

    Examples
    --------
    >>> from simopt.prescription.comparing import wilson
    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    >>> wilson(0, 0)
    (0.0, 1.0)
    """
    if not trials:
        return 0.0, 1.0
    share, square = hits / trials, QUANTILE**2
    middle = share + square / (2 * trials)
    spread = QUANTILE * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    low, high = (middle - spread) / (1 + square / trials), (middle + spread) / (1 + square / trials)
    # Exactly 0 and 1 at the ends, which rounding misses.
    return (0.0 if not hits else low), (1.0 if hits == trials else high)


def compared(before: Floats, after: Floats, scale: float = 0.0) -> dict[str, Any]:
    """What a fix did to losses [seeds], paired.

    Returns
    -------
    dict
        ``ratio``: the median of after by before; ``improved``: the share of pairs with a lower
        loss, with its 95 % interval ``improved_low``, ``improved_high`` (of a single pair, that
        pair); ``worse``: the share with a higher one.
    """
    found = ratios(before, after, scale)
    better = int((found < 1).sum())
    share = better / len(found)
    # One pair is all there is to see where nothing is drawn.
    low, high = wilson(better, len(found)) if len(found) > 1 else (share, share)
    # Half of the pairs may be infinite: their mean with a number is no median.
    ordered = np.sort(found)
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return {
        "ratio": float(middle.mean()),
        "improved": share,
        "improved_low": low,
        "improved_high": high,
        "worse": float((found > 1).mean()),
    }
