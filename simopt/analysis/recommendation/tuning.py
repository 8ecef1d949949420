"""The best rate, batch size and number of epochs of an optimizer, by its loss on held-out rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.analysis.recommendation.data import Parts
from simopt.problems.regression import Regression
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

Floats = NDArray[np.float64]

#: The first look: three rates a decade, on two orders of the points.
RATES = tuple(float(f"{10 ** (k / 3):.2g}") for k in range(-18, 7))
FIRST_SEEDS = range(2)

#: The second, around the best of it: half a decade either way, eight rates a decade.
NEARBY = tuple(10 ** (k / 8) for k in range(-4, 5))
SEEDS = range(10, 18)

#: Batch sizes that get a second look.
KEPT = 2

#: As good as the best: so much of what the best explains beyond a constant may be lost.
TOLERANCE = 0.001

#: Calls with the work that was done, in numbers handled (points times weights).
Tick = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Tuned:
    """The setting of an optimizer that its held-out loss is lowest with.

    Attributes
    ----------
    optimizer : Optimizer
        With its best rate.
    batch_size, epochs : int
        The same of these.
    trials : DataFrame
        A row per rate, batch size and look: the median over the orders, at its best epoch.
    edge : bool
        Whether the rate is at the end of those tried.
    """

    optimizer: Optimizer
    batch_size: int
    epochs: int
    trials: pd.DataFrame
    edge: bool


def runs(sizes: int) -> int:
    """The trajectories that tuning one optimizer takes."""
    first = len(RATES) * len(FIRST_SEEDS) * sizes
    return first + len(NEARBY) * len(SEEDS) * min(KEPT, sizes)


def tune(
    optimizer: Optimizer,
    parts: Parts,
    sizes: Sequence[int],
    epochs: int,
    seed: int,
    tick: Tick,
    threads: int | None,
) -> Tuned:
    """Search on the training rows, judge by the validation rows.

    Parameters
    ----------
    optimizer : Optimizer
        Whose rate is tuned.
    parts : Parts
        The rows.
    sizes : sequence of int
        Batch sizes.
    epochs : int
        At most.
    seed : int
        What the orders of the points follow from.
    tick : callable
        Told what was done.
    threads : int or None
        As in `sweep`.

    Returns
    -------
    Tuned
    """
    numbers = parts.train.n * parts.train.d * epochs
    span = parts.validation.loss(parts.constant)

    def look(size: int, rates: Sequence[float], seeds: range) -> Floats:
        """The held-out losses [rates, epochs], the median over the orders."""
        orders = [1000 * seed + each for each in seeds]
        losses = held_out(optimizer, rates, parts, size, epochs, orders, threads)
        tick(f"{optimizer.name}, batch {size}", float(numbers * len(rates) * len(seeds)))
        return np.median(losses, axis=1)

    first = {size: look(size, RATES, FIRST_SEEDS) for size in sizes}
    by_loss = sorted(sizes, key=lambda size: float(first[size].min()))
    second = {}
    for size in sorted(by_loss[:KEPT]):
        middle = RATES[int(first[size].min(axis=1).argmin())]
        rates = [float(f"{middle * each:.2g}") for each in NEARBY]
        second[size] = rates, look(size, rates, SEEDS)
    tables: list[tuple[str, int, Sequence[float], Floats]]
    tables = [("first", size, RATES, first[size]) for size in sizes]
    tables += [("second", size, rates, losses) for size, (rates, losses) in second.items()]
    size, rate, longest = _choose(second, span)
    return Tuned(
        optimizer.replace(eta=rate),
        size,
        longest,
        pd.concat([_rows(optimizer, *each) for each in tables], ignore_index=True),
        rate in (RATES[0], RATES[-1]) or not RATES[0] < rate < RATES[-1],
    )


def held_out(
    optimizer: Optimizer,
    rates: Sequence[float],
    parts: Parts,
    size: int,
    epochs: int,
    seeds: Sequence[int],
    threads: int | None,
) -> Floats:
    """The validation losses [rates, seeds, epochs] of training; infinite where it diverged."""
    frame = sweep(
        parts.train,
        optimizer.replace(eta=list(rates)),
        batch_size=size,
        epochs=epochs,
        shuffle="epoch",
        seed=list(seeds),
        record="epochs",
        evaluate="epoch",
        progress=False,
        threads=threads,
    )
    losses = np.full((len(rates), len(seeds), epochs), np.inf)
    at = [
        pd.Index(axis).get_indexer(pd.Index(frame[name]))
        for name, axis in (("eta", list(rates)), ("seed", list(seeds)))
    ]
    losses[at[0], at[1], frame["epoch"].to_numpy() - 1] = losses_at(parts.validation, frame)
    return losses


def losses_at(problem: Regression, frame: pd.DataFrame) -> Floats:
    """The losses [rows] of a problem with the weights of every row; infinite where not finite."""
    names = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    with np.errstate(all="ignore"):
        found = problem.losses(frame[names].to_numpy(np.float64))
    return np.where(np.isfinite(found), found, np.inf)


def _choose(
    second: dict[int, tuple[list[float], Floats]], constant: float
) -> tuple[int, float, int]:
    """Batch size, rate and epochs: as good as the best, in the fewest epochs.

    Every rate counts as its worst neighbour does, so that a rate at the brink is none to choose.
    """
    worst = {size: _worst(losses) for size, (_, losses) in second.items()}
    least = min(float(each.min()) for each in worst.values())
    allowed = least + TOLERANCE * max(constant - least, 0.0)
    fewest, options = np.inf, []
    for size, losses in worst.items():
        good = losses <= allowed
        if not good.any():
            continue
        epoch = int(good.any(axis=0).argmax())
        fewest = min(fewest, epoch)
        options.append((epoch, -size, int(losses[:, epoch].argmin()), size))
    # Of equally many epochs the larger batch is the quicker one.
    epoch, _, place, size = min(options)
    return size, second[size][0][place], epoch + 1


def _worst(losses: Floats) -> Floats:
    """Of each rate [rates, epochs] the worst among itself and the next ones either way."""
    padded = np.pad(losses, ((1, 1), (0, 0)), mode="edge")
    return np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])


def _rows(
    optimizer: Optimizer, look: str, size: int, rates: Sequence[float], losses: Floats
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "optimizer": optimizer.name,
            "look": look,
            "batch_size": size,
            "eta": list(rates),
            "epochs": losses.argmin(axis=1) + 1,
            "loss": losses.min(axis=1),
        }
    )
