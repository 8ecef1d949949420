"""Ranks of optimizers over problems and seeds, and which of them chance could have made."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis import chance
from simopt.ground import checks

Floats = NDArray[np.float64]

#: Replicates of the bootstrap, and permutations: a tail of 5 % is then known to within 1 %.
REPLICATES = 1000

#: A difference of mean places, its error or its variance, below this is rounding.
ROUNDING = 1e-9

#: Levels that so many permutations can tell.
LEVELS = checks.Interval(1 / REPLICATES, 1.0, high_open=True)


def ranking(judged: pd.DataFrame, *, level: float = 0.05, seed: int = 0) -> pd.DataFrame:
    r"""Optimizers by their mean place, with intervals; a rank counts those told to be better.

    On each problem and seed the optimizers have places, 1 for the least excess, equal ones their
    mean. Two are told apart where the difference of their mean places, in units of its standard
    error over the seeds of each problem, is larger than c. That is the quantile ``1 - level`` of
    the largest such ratio of any two when the places of every seed are permuted: of optimizers
    that are all alike, some are told apart with probability ``level``. A rank is 1 plus the number
    of those told to be better. All that is said of these problems; the interval of a mean place is
    a bootstrap over problems and seeds, as another choice of problems would have it.

    Parameters
    ----------
    judged : DataFrame
        A row per problem, seed and optimizer with its excess, all of them there, from `judged`.
    level : float, default 0.05
        See above; at least 0.001, below 1.
    seed : int, default 0
        Of the permutations and the bootstrap.

    Returns
    -------
    DataFrame
        By rank, then by mean place: optimizer; rank; rank_high, the number of optimizers less those
        told to be worse; place, the mean, with place_low and place_high, its interval of
        ``1 - level``; excess, the geometric mean.

    Raises
    ------
    ValueError
        If a combination is missing or there are fewer than two seeds.

    References
    ----------
    M. Mogstad, J. Romano, A. Shaikh, D. Wilhelm, Inference for ranks with applications to mobility
    across neighbourhoods and academic achievement across countries, Review of Economic Studies
    91 (2024): ranks from simultaneous differences. P. Westfall, S. Young, Resampling-based multiple
    testing (1993): the largest ratio under permutation.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = [
    ...     {"problem": "line", "seed": seed, "optimizer": name, "excess": excess + seed}
    ...     for seed in range(8)
    ...     for name, excess in {"SGD": 1.0, "plain": 1.0, "Adam": 2.0}.items()
    ... ]
    >>> ranking(pd.DataFrame(rows))[["optimizer", "rank", "place"]].values.tolist()
    [['SGD', 1, 1.5], ['plain', 1, 1.5], ['Adam', 3, 3.0]]
    """
    checks.table("judged", judged, ["problem", "seed", "optimizer", "excess"])
    level = checks.number("level", level, LEVELS)
    seed = checks.whole("seed", seed, 0)
    names = list(dict.fromkeys(judged["optimizer"]))
    excess = _cube(judged, names)
    places = chance.places(excess)
    rng = np.random.default_rng(seed)
    better = _told_apart(places, level, rng)
    tails = 100 * np.array([level / 2, 1 - level / 2])
    low, high = np.percentile(_replicates(places, rng), tails, axis=0)
    table = pd.DataFrame(
        {
            "optimizer": names,
            "rank": 1 + better.sum(axis=0),
            "rank_high": len(names) - better.sum(axis=1),
            "place": places.mean(axis=(1, 2)),
            "place_low": low,
            "place_high": high,
            "excess": np.exp(np.log(excess).mean(axis=(1, 2))),
        }
    )
    return table.sort_values(["rank", "place"], kind="stable", ignore_index=True)


def _cube(judged: pd.DataFrame, names: list[str]) -> Floats:
    """The excess [optimizers, problems, seeds]."""
    allowed = "one excess for every problem, seed and optimizer, of at least two seeds"
    if not len(judged):
        raise checks.refuse("judged", "0 rows", allowed)
    excess = checks.numbers("judged: excess", judged["excess"].to_numpy(), checks.POSITIVE)
    # Sorted: a problem's seeds stand together, whatever the order of the rows.
    table = judged.assign(excess=excess).pivot_table(
        index="optimizer", columns=["problem", "seed"], values="excess", aggfunc="first"
    )
    count = judged.groupby("problem", sort=False)["seed"].nunique()
    problems, seeds = len(count), int(count.min())
    if seeds < 2 or len(judged) != len(names) * problems * seeds or table.isna().any(axis=None):
        raise checks.refuse("judged", f"{len(judged)} rows", allowed)
    return table.loc[names].to_numpy(np.float64).reshape(len(names), problems, seeds)


def _told_apart(places: Floats, level: float, rng: np.random.Generator) -> NDArray[np.bool_]:
    """[i, j]: whether i is told to be better than j."""
    draws = places.reshape(len(places), -1)
    largest = [
        _ratios(rng.permuted(draws, axis=0).reshape(places.shape)).max() for _ in range(REPLICATES)
    ]
    return np.asarray(_ratios(places) > np.quantile(largest, 1 - level))


def _ratios(places: Floats) -> Floats:
    """[i, j]: by how many standard errors the mean place of i is before that of j."""
    count, problems, seeds = places.shape
    mean = places.mean(axis=(1, 2))
    apart = (places - places.mean(axis=2, keepdims=True)).reshape(count, -1)
    covariance = apart @ apart.T / (problems * (seeds - 1))
    variance = np.diag(covariance)[:, None] + np.diag(covariance) - 2 * covariance
    error = np.sqrt(np.where(variance > ROUNDING, variance, 0.0) / (problems * seeds))
    ahead = mean - mean[:, None]
    # Two that keep their distance on every seed have no error, and two that are one no distance.
    ahead = np.where(np.abs(ahead) > ROUNDING, ahead, 0.0)
    return np.asarray(ahead / np.maximum(error, ROUNDING))


def _replicates(places: Floats, rng: np.random.Generator) -> Floats:
    """Mean places [replicates, optimizers] of drawn problems, and of each drawn seeds."""
    count, problems, seeds = places.shape
    which = rng.integers(problems, size=(REPLICATES, problems, 1))
    at = which * seeds + rng.integers(seeds, size=(REPLICATES, problems, seeds))
    weights = np.zeros((REPLICATES, problems * seeds))
    np.add.at(weights, (np.arange(REPLICATES)[:, None], at.reshape(REPLICATES, -1)), 1.0)
    return np.asarray(weights @ places.reshape(count, -1).T / (problems * seeds))
