"""Loss curves on the suite, over ten rates a decade: which ones show a symptom, what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simopt.document.claims.context import Trials
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import SGD, AdaGrad, Adam, Momentum, RMSprop

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

#: Ten rates a decade, so that 3, 7 and 10 places are factors of 2, 5 and 10 (to 0.3 %).
RATES = np.geomspace(1e-4, 10, 51)
PLACES = {2: 3, 5: 7, 10: 10}

METHODS = (SGD, Momentum, AdaGrad, RMSprop, Adam)

EPOCHS = 40

#: Excess losses below this share of the one at the start count as this.
FLOOR = 1e-6


@dataclass(frozen=True)
class TunedCurves:
    """An optimizer's curves on a problem.

    Attributes
    ----------
    excess : ndarray [rates, seeds, epochs]
        The loss above the least possible (or seen) as a share of the start's; inf once diverged.
    tuned : float
        The last epoch's at the best rate, the median of the seeds.
    """

    excess: Floats
    tuned: float

    @property
    def last(self) -> Floats:
        """The last epoch's [rates, seeds]."""
        return self.excess[:, :, -1]

    def rises(self) -> Floats:
        """The share of the last half of the epochs in which the loss rises [rates, seeds]."""
        late = self.excess[:, :, EPOCHS // 2 :]
        with np.errstate(invalid="ignore"):
            return np.asarray((np.diff(late, axis=2) > 0).mean(axis=2), np.float64)

    def at(self, factor: int, up: bool) -> Floats:
        """The last epoch's at a rate so many times higher (lower); NaN beyond the grid."""
        places, moved = PLACES[factor], np.full_like(self.last, np.nan)
        if up:
            moved[:-places] = self.last[places:]
        else:
            moved[places:] = self.last[:-places]
        return moved


def halved_by(curve: TunedCurves, chosen: Truths, factors: tuple[int, ...], *, up: bool) -> Truths:
    """Whether a rate so many times higher (lower) halves the last loss: [factors, chosen]."""
    with np.errstate(invalid="ignore"):
        moved = [curve.at(f, up)[chosen] <= curve.last[chosen] / 2 for f in factors]
    return np.array(moved)


def best_tuned(by_pair: Mapping[tuple[str, str], TunedCurves]) -> dict[str, float]:
    """By problem the last excess loss of the best method at its best rate."""
    return {p: min(c.tuned for (other, _), c in by_pair.items() if other == p) for p, _ in by_pair}


def curves(trials: Trials) -> Mapping[tuple[str, str], TunedCurves]:
    """By problem and optimizer. The claims that read them share the runs."""
    by_pair, trajectories, updates = _run(trials.seed, trials.quick)
    trials.shared("curves on the suite", trajectories, updates)
    return by_pair


@lru_cache(maxsize=1)
def _run(seed: int, quick: bool) -> tuple[dict[tuple[str, str], TunedCurves], int, int]:
    trials = Trials(quick=quick, seed=seed)
    seeds, by_pair = trials.seeds(8, 1), {}
    plan = {"batch_size": BATCH_SIZE, "epochs": EPOCHS, "shuffle": "epoch", "seed": seeds}
    for name, problem in suite(seed).items():
        frame = trials.sweep(
            problem, [method(eta=RATES) for method in METHODS], record="epochs", **plan
        )
        loss = np.full((len(METHODS), len(RATES), len(seeds), EPOCHS), np.inf)
        method = frame["optimizer"].map({m.__name__: k for k, m in enumerate(METHODS)})
        rate = np.searchsorted(RATES, frame["eta"].to_numpy() * (1 - 1e-9))
        order = frame["seed"].map({s: k for k, s in enumerate(seeds)})
        loss[method, rate, order, frame["epoch"] - 1] = frame["loss"]
        loss[~np.isfinite(loss)] = np.inf
        known = problem.minimum_loss
        least = loss.min() if known is None or not np.isfinite(known) else known
        excess = np.maximum((loss - least) / (problem.loss(problem.w0) - least), FLOOR)
        for k, each in enumerate(METHODS):
            tuned = np.median(excess[k, :, :, -1], axis=1).min()
            by_pair[name, each.__name__] = TunedCurves(excess[k], float(tuned))
    return by_pair, trials.trajectories, trials.updates
