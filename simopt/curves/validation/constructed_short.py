"""Loss curves made of formulas and noise of which little is there: few values, or hardly a fall.

See `simopt.curves.validation.constructed`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: A training loss, and a validation loss or None.
Pair = tuple[Floats, Floats | None]


def learnt_at_once(rng: np.random.Generator) -> Pair:
    """A training loss that falls in its first values, beside a validation loss that stays."""
    n = int(rng.integers(8, 80))
    loss = rng.uniform(0.05, 0.4) + rng.uniform(1, 3) / np.arange(1.0, n + 1) ** rng.uniform(1, 2)
    scatter = float(rng.choice([0.0, 1e-4, 1e-3]))
    return loss, rng.uniform(0.9, 3) * (1 + scatter * rng.normal(size=n))


def few_flat_values(rng: np.random.Generator) -> Pair:
    """Noise about a level, in few values."""
    n = int(rng.integers(9, 30))
    return rng.uniform(0.3, 3) * (1 + rng.choice([0.003, 0.02, 0.07]) * rng.normal(size=n)), None


def smoothed_noise(rng: np.random.Generator) -> Pair:
    """Noise about a level, as a logger shows it that smooths."""
    n, keeps = int(rng.integers(100, 1200)), rng.choice([0.6, 0.8, 0.9])
    loss = 1 + 0.05 * rng.normal(size=n)
    for t in range(1, n):
        loss[t] = keeps * loss[t - 1] + (1 - keeps) * loss[t]
    return loss, None


def few_with_a_spike(rng: np.random.Generator) -> Pair:
    """A few values, flat or falling, of which one leaps up."""
    n = int(rng.integers(12, 30))
    fall = rng.choice([0.0, 1.0]) * np.exp(-rng.uniform(4, 9) * np.arange(n) / n)
    loss = (rng.uniform(0.2, 1) + fall) * (1 + rng.uniform(0.002, 0.02) * rng.normal(size=n))
    loss[int(rng.integers(n // 3, n - 1))] += rng.uniform(2, 20)
    return loss, None


def stairs(rng: np.random.Generator) -> Pair:
    """A few epochs of batches, at whose ends the loss steps down: points are known by then."""
    epochs, batches = int(rng.integers(3, 6)), int(rng.integers(60, 300))
    t = np.arange(epochs * batches)
    steps = rng.uniform(0.25, 0.45) * (t // batches)
    loss = 2 - steps + rng.uniform(0.02, 0.06) * rng.normal(size=len(t))
    return loss - 0.05 * (t % batches) / batches, None
