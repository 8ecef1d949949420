"""Muon beside AdamW, Adam and Momentum on networks: updates to the same loss, both tuned for it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from simopt.analysis.comparison.trials import chosen, settings_of
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

#: What a sweep says of itself that adds up.
ACCOUNT = ("trajectories", "updates", "seconds")


def drawn(name: str, seed: int) -> Problem:
    """A network with the data of a seed: a sine of a plane, or the plane itself, and noise."""
    activation, hidden, columns = NETWORKS[name]
    rng = np.random.default_rng([seed, hidden, columns])
    x = rng.normal(size=(POINTS, columns))
    z = x @ rng.normal(size=columns) / np.sqrt(columns)
    y = (np.sin(2 * z) if activation == "tanh" else z) + 0.1 * rng.normal(size=POINTS)
    return network(x, y, hidden=hidden, activation=activation, seed=seed, name=name)


def trials() -> pd.DataFrame:
    """Rules on every network, until they reach its loss: all settings to tune, the chosen to judge.

    Returns
    -------
    DataFrame
        As from `simopt.comparison.compare`, but that settings which tuning does not choose are not
        tried on seeds that judge, and that ``excess`` is the number of updates until the loss is at
        most a tenth of that at the start, above the least: looked at every epoch, and all that
        there are where it is not reached. Of a tanh network the least counts as 0.
    """
    tuning = [tried(name, seed) for name in NETWORKS for seed in TUNING]
    best = {(name, rule): setting for name, rule, setting in chosen(pd.concat(tuning))}
    judging = [
        tried(name, seed, {rule: best[name, rule] for rule in RULES})
        for name in NETWORKS
        for seed in JUDGING
    ]
    tables = [*tuning, *judging]
    made = pd.concat(tables, ignore_index=True)
    made.attrs = {each: sum(table.attrs[each] for table in tables) for each in ACCOUNT}
    return made


def tried(name: str, seed: int, taken: Mapping[str, int] | None = None) -> pd.DataFrame:
    """Every setting of every rule on a network with a seed's data; or one of each, by number."""
    problem = drawn(name, seed)
    least = known_minimum(problem)
    grids = {rule: settings_of(each) for rule, each in RULES.items()}
    numbers = {
        rule: range(len(grid)) if taken is None else [taken[rule]] for rule, grid in grids.items()
    }
    rules = [
        each if taken is None else each.replace(**grids[rule][taken[rule]])
        for rule, each in RULES.items()
    ]
    frame = sweep(
        problem,
        rules,
        batch_size=BATCH_SIZE,
        epochs=EPOCHS,
        shuffle="epoch",
        seed=seed,
        target=least + SHARE * (problem.loss(problem.w0) - least),
        evaluate=1,
        progress=False,
    )
    made = frame[["optimizer", "eta"]].assign(
        problem=name,
        part="tuning" if taken is None else "judging",
        seed=seed,
        setting=[each for rule in RULES for each in numbers[rule]],
        excess=frame["steps_to_target"].astype(np.float64).fillna(MOST),
    )
    made.attrs = {each: frame.attrs[each] for each in ACCOUNT}
    return made
