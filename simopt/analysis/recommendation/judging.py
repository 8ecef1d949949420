"""Tuned settings on orders of the points that nothing was tuned on, and what can be told apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis.measures import HIGH, LOW
from simopt.analysis.recommendation.data import Floats, Parts
from simopt.analysis.recommendation.tuning import losses_at
from simopt.problems.losses.logistic import probabilities
from simopt.problems.regression import Regression
from simopt.rules import ALL
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

#: Around the rate that was chosen, by thirds of a factor of three: to a ninth and to nine times.
FACTORS = tuple(3 ** (k / 3) for k in range(-6, 7))
MIDDLE = FACTORS.index(1.0)
WITHIN = slice(MIDDLE - 3, MIDDLE + 4)

#: Draws of orders and of held-out rows that an interval is from, and how much of them it holds.
DRAWS, CONFIDENCE = 1000, 0.95

#: Draws in memory at once.
PART = 100


@dataclass(frozen=True, eq=False)
class Judged:
    """What a setting is worth, on orders of the points that are new to it.

    Attributes
    ----------
    optimizer : Optimizer
        With its rate.
    batch_size, epochs : int
        The rest of the setting.
    rates : ndarray [rates]
        Around its own.
    validation, test : ndarray [rates, seeds]
        The losses at the end of training; infinite where it diverged.
    points, chosen_by : ndarray [seeds, rows]
        The losses of every test row, and of every validation row, at its own rate.
    predictions : ndarray [seeds, rows]
        Of the test rows, at its own rate, before any link function.
    default_eta : float
        The rate that its framework has if none is given.
    default_losses, default_predictions : ndarray [seeds], [seeds, rows]
        The same of that rate.
    """

    optimizer: Optimizer
    batch_size: int
    epochs: int
    rates: Floats
    validation: Floats
    test: Floats
    points: Floats
    chosen_by: Floats
    predictions: Floats
    default_eta: float
    default_losses: Floats
    default_predictions: Floats

    @property
    def eta(self) -> float:
        """Its own rate."""
        return float(self.optimizer.settings["eta"])  # type: ignore[arg-type]

    @property
    def losses(self) -> Floats:
        """The test losses [seeds] at its own rate."""
        return np.asarray(self.test[MIDDLE])

    def lost_nearby(self, part: Floats) -> float:
        """The most that the median rises within a factor of three of the rate."""
        medians = np.median(part[WITHIN], axis=1)
        return float(medians.max() - medians[len(medians) // 2])


def runs(seeds: int) -> int:
    """The trajectories that judging one setting takes."""
    return (len(FACTORS) + 1) * seeds


def judge(
    optimizer: Optimizer,
    batch_size: int,
    epochs: int,
    parts: Parts,
    seeds: Sequence[int],
    threads: int | None,
) -> Judged:
    """Train with a setting, with rates around it, and with its framework's default rate."""
    eta: Any = optimizer.settings["eta"]
    default: Any = ALL[optimizer.name](convention=optimizer.convention).settings["eta"]
    rates = [*(eta * each for each in FACTORS), default]
    # Together, for a kernel that shares the points among many rates: one to compile, not two.
    frame = sweep(
        parts.train,
        optimizer.replace(eta=rates),
        batch_size=batch_size,
        epochs=epochs,
        shuffle="epoch",
        seed=list(seeds),
        evaluate="epoch",
        progress=False,
        threads=threads,
    )
    own, as_default = (
        frame.iloc[k * len(seeds) : (k + 1) * len(seeds)] for k in (MIDDLE, len(FACTORS))
    )
    losses = losses_at(parts.test, frame).reshape(len(rates), len(seeds))
    around = losses_at(parts.validation, frame).reshape(len(rates), len(seeds))[:-1]
    return Judged(
        optimizer,
        batch_size,
        epochs,
        np.array(rates[:-1]),
        around,
        losses[:-1],
        point_losses(parts.test, own),
        point_losses(parts.validation, own),
        predictions(parts.test, own),
        default,
        losses[-1],
        predictions(parts.test, as_default),
    )


def predictions(problem: Regression, frame: pd.DataFrame) -> Floats:
    """The predictions [rows of the frame, points] with the weights of every row."""
    w = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy(np.float64)
    with np.errstate(all="ignore"):
        return np.asarray(w @ problem.x.T)


def point_losses(problem: Regression, frame: pd.DataFrame) -> Floats:
    """The loss [rows of the frame, points] of every point; infinite where not finite."""
    with np.errstate(all="ignore"):
        found = problem.point_losses(predictions(problem, frame), problem.y)
    return np.where(np.isfinite(found), found, np.inf)


def difference(one: Floats, other: Floats, seed: int) -> tuple[float, float, float]:
    """How much higher the median loss of one setting is than another's, with an interval.

    Orders and rows are drawn again, with replacement and the same for both: the interval holds what
    other orders and other held-out rows would have changed.

    Parameters
    ----------
    one, other : ndarray [seeds, rows]
        The losses of the same rows after training with the same orders.
    seed : int
        Of the draws.

    Returns
    -------
    tuple of float
        The difference of the medians over the orders, and the ends of its interval.

    Examples
    --------
    >>> import numpy as np
    >>> noise = np.random.default_rng(0).normal(size=(8, 200))
    >>> worse = difference(noise + 0.5, noise, 0)
    >>> same = difference(noise, np.random.default_rng(1).normal(size=(8, 200)), 0)
    >>> worse[1] > 0, same[1] < 0 < same[2]
    (True, True)
    """
    seeds, rows = one.shape
    generator = np.random.default_rng(seed)
    found: list[NDArray[np.float64]] = []
    for _ in range(DRAWS // PART):
        shares = generator.multinomial(rows, np.full(rows, 1 / rows), size=PART) / rows
        orders = generator.integers(seeds, size=(PART, seeds))
        medians = [
            np.median(np.take_along_axis(_means(shares, each), orders, axis=1), axis=1)
            for each in (one, other)
        ]
        found.append(_less(*medians))
    drawn = np.concatenate(found)
    outside = (1 - CONFIDENCE) / 2
    ordered = np.sort(drawn)
    low, high = (ordered[round(q * (len(ordered) - 1))] for q in (outside, 1 - outside))
    middle = _less(np.median(one.mean(axis=1)), np.median(other.mean(axis=1)))
    return float(middle), float(low), float(high)


def _means(shares: Floats, losses: Floats) -> Floats:
    """Mean losses [draws, seeds] of rows that count by shares; infinite where training diverged."""
    ended: NDArray[np.bool_] = np.asarray(np.isfinite(losses).all(axis=1))
    # A row that is not drawn must not make 0 times infinity.
    return np.where(ended, shares @ np.where(ended[:, None], losses, 0.0).T, np.inf)


def _less(one: Any, other: Any) -> Floats:
    """The difference; 0 of two that diverge, as neither is worse."""
    with np.errstate(invalid="ignore"):
        found = np.subtract(one, other)
    return np.where(np.isnan(found), 0.0, found)


def choose(judged: Mapping[str, Judged], seed: int) -> str:
    """The optimizer to recommend, by the validation rows alone.

    Among those that can't be told from the one of lowest loss, the one that loses least within a
    factor of three of its rate.
    """
    medians = {name: float(np.median(each.validation[MIDDLE])) for name, each in judged.items()}
    lowest = min(medians, key=lambda name: medians[name])
    alike = [
        name
        for name, each in judged.items()
        if name == lowest or difference(each.chosen_by, judged[lowest].chosen_by, seed)[1] <= 0
    ]
    return min(alike, key=lambda name: judged[name].lost_nearby(judged[name].validation))


def band(losses: Floats) -> tuple[float, float, float]:
    """The median of losses, and the order statistics that nine of ten lie between."""
    ordered = np.sort(losses)
    low, middle, high = (float(ordered[round(q * (len(ordered) - 1))]) for q in (LOW, 0.5, HIGH))
    return middle, low, high


def score_name(kind: str) -> str:
    """What is said beside the loss: R², the accuracy, or the share of the deviance explained."""
    return {"logistic": "accuracy", "poisson": "D2"}.get(kind, "R2")


def score(problem: Regression, z: Floats, constant: Floats) -> Floats:
    """The score [...] of predictions z [..., points], before any link function.

    Accuracy of labels; of counts the share of the deviance that is explained beyond the constant;
    and R², as scikit-learn's ``r2_score`` has it.
    """
    y = problem.y
    with np.errstate(all="ignore"):
        if problem.kind == "logistic":
            return np.asarray(((probabilities(z) > 0.5) == (y > 0.5)).mean(axis=-1))
        if problem.kind == "poisson":
            logs = np.log(np.where(y > 0, y, 1.0))
            floor = float((y - y * logs).mean())
            start = problem.loss(constant) - floor
            return np.asarray(1 - (problem.point_losses(z, y).mean(axis=-1) - floor) / start)
        return np.asarray(1 - np.square(z - y).mean(axis=-1) / y.var())
