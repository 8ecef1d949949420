"""Muon beside AdamW, Adam and Momentum on networks: updates to the same loss, both tuned for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simopt.problems import Problem, network
from simopt.problems.problem import known_minimum
from simopt.rules import Adam, AdamW, Momentum, Muon
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

#: Units and columns of the matrix of weights, and what units answer, by a network's name.
NETWORKS = {
    f"{activation}, {hidden} by {columns}": (activation, hidden, columns)
    for activation in ("tanh", "linear")
    for hidden, columns in ((6, 3), (3, 6))
}

#: Points of a network, and of a batch; epochs at most.
POINTS, BATCH_SIZE, EPOCHS = 64, 8, 30

#: Updates at most.
MOST = EPOCHS * POINTS // BATCH_SIZE

#: Loss to reach, as a share of that at the start above the least; the noise alone is 0.01.
SHARE = 0.1

#: Two rates a decade, and three values of another hyperparameter: Muon's is the rate of weights in
#: no matrix.
RATES = tuple(float(f"{eta:.3g}") for eta in np.geomspace(1e-3, 10.0, 9))
RULES: dict[str, Optimizer] = {
    "Muon": Muon(eta=RATES, adam_ratio=(0.1, 1.0, 10.0)),
    "AdamW": AdamW(eta=RATES, beta1=(0.5, 0.9, 0.97)),
    "Adam": Adam(eta=RATES, beta1=(0.5, 0.9, 0.97)),
    "Momentum": Momentum(eta=RATES, beta=(0.5, 0.9, 0.97)),
}

#: Seeds of data and orders that tune, and that judge.
TUNING, JUDGING = range(4), range(1000, 1016)


def drawn(name: str, seed: int) -> Problem:
    """A network with the data of a seed: a sine of a plane, or the plane itself, and noise."""
    activation, hidden, columns = NETWORKS[name]
    rng = np.random.default_rng([seed, hidden, columns])
    x = rng.normal(size=(POINTS, columns))
    z = x @ rng.normal(size=columns) / np.sqrt(columns)
    y = (np.sin(2 * z) if activation == "tanh" else z) + 0.1 * rng.normal(size=POINTS)
    return network(x, y, hidden=hidden, activation=activation, seed=seed, name=name)


def trials() -> pd.DataFrame:
    """Every setting of every rule on every network and seed, until it reaches its loss.

    Returns
    -------
    DataFrame
        As from `simopt.comparison.compare`, but that ``excess`` is the number of updates until the
        loss is at most a tenth of that at the start, above the least: looked at every epoch, and
        all that there are where it is not reached. Of a tanh network the least counts as 0.
    """
    tables, account = [], {"trajectories": 0, "updates": 0, "seconds": 0.0}
    for name in NETWORKS:
        for seed in (*TUNING, *JUDGING):
            problem = drawn(name, seed)
            least = known_minimum(problem)
            frame = sweep(
                problem,
                list(RULES.values()),
                batch_size=BATCH_SIZE,
                epochs=EPOCHS,
                shuffle="epoch",
                seed=seed,
                target=least + SHARE * (problem.loss(problem.w0) - least),
                evaluate=1,
                progress=False,
            )
            account = {key: value + frame.attrs[key] for key, value in account.items()}
            taken = frame["steps_to_target"].astype(np.float64)
            tables.append(
                frame[["optimizer", "eta"]].assign(
                    problem=name,
                    part="tuning" if seed in TUNING else "judging",
                    seed=seed,
                    setting=frame.groupby("optimizer").cumcount(),
                    excess=taken.fillna(MOST),
                )
            )
    made = pd.concat(tables, ignore_index=True)
    made.attrs |= account
    return made
