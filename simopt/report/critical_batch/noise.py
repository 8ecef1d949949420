"""The gradient noise scale from the start to the target, exact and as it would be measured."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt.analysis import noise_scale
from simopt.problems import Floats, Problem

#: The path's rate, as a share of the largest stable one: near enough to infinitesimal steps.
SMALL = 0.05

#: Updates after which a path that has not reached the target is left.
LONGEST = 20_000

#: Places of the path at which every point's gradient is taken.
PLACES = 60

#: Seeds, and big batches of each, of the estimates.
SEEDS, DRAWS = 21, 100


def path(problem: Problem, target: float) -> list[Floats]:
    """The weights of gradient descent in small steps, from the start until the target's loss."""
    w, way = problem.w0, [problem.w0]
    for _ in range(LONGEST):
        largest = float(np.linalg.eigvalsh(problem.hessian_at(w))[-1])
        w = w - 2 * SMALL / largest * problem.gradient(w)
        way.append(w)
        if problem.loss(w) <= target:
            break
    return way


def along(problem: Problem, target: float) -> pd.DataFrame:
    """The exact noise scales on the way to the target.

    Returns
    -------
    DataFrame
        excess (the loss above the least, 1 at the start), b_simple, b_noise, greedy (the steps of
        best size along the whole gradient that the way to the next row would take), w.
    """
    way = path(problem, target)
    losses = np.array([problem.loss(w) for w in way])
    excess = (losses - problem.minimum_loss) / (losses[0] - problem.minimum_loss)
    # Even in the logarithm of the excess, each place standing for the way to the next one.
    wanted = np.geomspace(1.0, excess[-1], PLACES)
    places = np.unique(np.searchsorted(-excess, -wanted, side="left").clip(0, len(way) - 1))
    scales = [noise_scale.exact(problem, way[place]) for place in places]
    decreases = np.array([scale.decrease_max for scale in scales])
    # The best decrease falls by a factor from place to place: the middle is its geometric mean.
    greedy = -np.diff(losses[places]) / np.sqrt(decreases[1:] * decreases[:-1])
    return pd.DataFrame(
        {
            "excess": excess[places],
            "b_simple": [scale.b_simple for scale in scales],
            "b_noise": [scale.b_noise for scale in scales],
            "greedy": [*greedy, 0.0],
            "w": [way[place] for place in places],
        }
    )


def estimated(problem: Problem, way: pd.DataFrame, places: int = 5) -> pd.DataFrame:
    """What a training program would measure at some places of the way.

    Returns
    -------
    DataFrame
        excess, exact (B_simple), low, median, high (of the estimates of all seeds), small, big.
    """
    small, big = max(1, problem.n // 100), max(2, problem.n // 10)
    chosen = np.unique(np.linspace(0, len(way) - 1, places).round().astype(int))
    rows = []
    for _, row in way.iloc[chosen].iterrows():
        found = [
            noise_scale.estimate(problem, row["w"], small=small, big=big, draws=DRAWS, seed=seed)
            for seed in range(SEEDS)
        ]
        # Order statistics: an estimate may be infinite.
        values = np.sort([each.b_simple for each in found])
        low, median, high = values[[round(share * (SEEDS - 1)) for share in (0.05, 0.5, 0.95)]]
        rows.append([row["excess"], row["b_simple"], low, median, high, small, big])
    columns = ["excess", "exact", "low", "median", "high", "small", "big"]
    return pd.DataFrame(rows, columns=columns)


def predictions(problem: Problem, way: pd.DataFrame) -> pd.DataFrame:
    """Batch sizes that the noise scale names, of which theory makes the critical one.

    Returns
    -------
    DataFrame
        what, infinite (batches drawn with replacement, or from a stream of data), finite (without
        replacement from these points).
    """
    first, last = way.iloc[0], way.iloc[-1]
    named = {
        "B_simple at the start": first["b_simple"],
        "B_noise at the start": first["b_noise"],
        "B_simple along the way": _mean(way, "b_simple"),
        "B_noise along the way": _mean(way, "b_noise"),
        "B_simple at the target": last["b_simple"],
        "B_noise at the target": last["b_noise"],
    }
    return pd.DataFrame(
        {
            "what": list(named),
            "infinite": list(named.values()),
            "finite": [noise_scale.finite_population(b, problem.n) for b in named.values()],
        }
    )


def _mean(way: pd.DataFrame, scale: str) -> float:
    """A scale along the way, each part of it weighing as many greedy steps as it takes."""
    values, steps = way[scale].to_numpy(float), way["greedy"].to_numpy(float)[:-1]
    return float(np.average(np.sqrt(values[1:] * values[:-1]), weights=steps))
