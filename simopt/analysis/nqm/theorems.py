"""The paper's closed forms, as printed: equalities where they hold, upper bounds elsewhere.

Both bounds consist of a first term that is exact, what is left of the start, and the noise's level
in the limit, of which a finite number of updates has seen only a part.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simopt.analysis.nqm.spectra import Floats
from simopt.problems import Problem


def sgd_loss(problem: Problem, updates: int, eta: float, batch_size: int) -> float:
    """SGD's expected loss after so many updates: an equality."""
    h, c = problem.l2, _noise(problem)
    left = (1 - eta * h) ** (2 * updates)
    level = eta * c / (2 * batch_size * (2 - eta * h))
    return float((left * 0.5 * h * problem.w0**2 + (1 - left) * level).sum())


def momentum_terms(
    problem: Problem, updates: int, eta: float, beta: float, batch_size: int
) -> tuple[float, float]:
    """Heavy ball: what is left of the start (exact), and the noise in the limit (a bound)."""
    h, c = problem.l2, _noise(problem)
    x = eta * h
    root = np.sqrt((1 - x + beta) ** 2 - 4 * beta + 0j)
    first, second = (1 - x + beta + root) / 2, (1 - x + beta - root) / 2
    left = _response(first, second, updates + 1) - beta * _response(first, second, updates)
    level = (1 + beta) * eta * c / (2 * batch_size * (2 * beta + 2 - x) * (1 - beta))
    return float((left.real**2 * 0.5 * h * problem.w0**2).sum()), float(level.sum())


def ema_terms(
    problem: Problem, updates: int, eta: float, gamma: float, batch_size: int
) -> tuple[float, float]:
    """Average of SGD's weights: what is left of the start (exact), and the noise in the limit."""
    h, c = problem.l2, _noise(problem)
    kept, fast = gamma, 1 - eta * h
    left = _response(fast, kept, updates + 1) - kept * fast * _response(fast, kept, updates)
    level = eta * c / (2 * batch_size * (2 - eta * h))
    level *= (1 - kept) * (1 + fast * kept) / ((1 + kept) * (1 - fast * kept))
    return float((left**2 * 0.5 * h * problem.w0**2).sum()), float(level.sum())


def _response(first: Any, second: Any, updates: int) -> Any:
    """(a^n - b^n) / (a - b)."""
    return (first**updates - second**updates) / (first - second)


def _noise(problem: Problem) -> Floats:
    assert problem.noise is not None
    return problem.noise
