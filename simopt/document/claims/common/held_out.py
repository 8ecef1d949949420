"""A small network trained on few noisy points, and its loss on points held out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.document.claims.context import Trials
from simopt.problems import Problem
from simopt.problems.synthetic import BATCH_SIZE, few_points
from simopt.rules import SGD, Adam, AdamW
from simopt.rules.rule import Optimizer

Floats = NDArray[np.float64]

EPOCHS = 600

#: Epochs between two looks at the held-out points.
EVERY = 20

#: Rates for the methods that scale their steps, and for SGD.
ETAS = (0.003, 0.01, 0.03)
SGD_ETAS = (0.01, 0.02, 0.04, 0.08, 0.16)

#: Weight decays, for Adam as a part of the gradient and for AdamW beside it.
DECAYS = tuple(float(each) for each in np.geomspace(1e-4, 1.0, 9))


def trained(
    trials: Trials,
    optimizers: Optimizer | Sequence[Optimizer],
    batch_sizes: Sequence[int] = (BATCH_SIZE,),
) -> pd.DataFrame:
    """A row per data set, setting and look: training loss, and held-out losses of two halves.

    ``choose`` is to choose by (a weight decay, an epoch), ``judge`` to judge by: 200 points each.
    """
    frames = []
    for k in range(trials.few(8, 2)):
        seed = trials.seed * 1000 + k
        train, held_out = few_points(seed)
        for size in batch_sizes:
            frame = trials.sweep(
                train,
                optimizers,
                batch_size=size,
                epochs=EPOCHS,
                shuffle="epoch",
                seed=seed,
                record="epochs",
            )
            frame = frame[frame["epoch"] % EVERY == 0]
            off = errors(frame, held_out)
            keys = [
                c for c in ("optimizer", "eta", "weight_decay", "batch_size", "epoch") if c in frame
            ]
            scores = frame[keys].copy()
            scores["set"], scores["train"] = k, frame["loss"]
            scores["choose"] = (off[:, ::2] ** 2).mean(axis=1)
            scores["judge"] = (off[:, 1::2] ** 2).mean(axis=1)
            frames.append(scores)
    return pd.concat(frames, ignore_index=True)


def errors(frame: pd.DataFrame, problem: Problem) -> Floats:
    """The errors [rows, n] of a network of least squares with the weights in each row."""
    w = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy(np.float64)
    p = problem.x.shape[1]
    h = (problem.d - 1) // (p + 2)
    inner, bias = w[:, : h * p].reshape(-1, h, p), w[:, h * p : h * (p + 1), None]
    outer, constant = w[:, h * (p + 1) : -1, None], w[:, -1:]
    with np.errstate(all="ignore"):
        units = np.tanh(inner @ problem.x.T + bias)
        return np.asarray((outer * units).sum(axis=1) + constant - problem.y, np.float64)


def runs(trials: Trials) -> pd.DataFrame:
    """`trained` with SGD, Adam, Adam with decay in the gradient, and AdamW.

    The claims that read it share the runs.
    """
    table, trajectories, updates = _run(trials.seed, trials.quick)
    trials.shared("networks on few points", trajectories, updates)
    return table


@lru_cache(maxsize=1)
def _run(seed: int, quick: bool) -> tuple[pd.DataFrame, int, int]:
    trials = Trials(quick=quick, seed=seed)
    rules = [
        SGD(eta=SGD_ETAS),
        Adam(eta=ETAS, weight_decay=(0.0, *DECAYS)),
        AdamW(eta=ETAS, weight_decay=DECAYS),
    ]
    return trained(trials, rules), trials.trajectories, trials.updates


def at_end(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the last epoch."""
    return table[table["epoch"] == EPOCHS]


def chosen(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """Of every data set the row where ``by`` is least."""
    least = table.groupby("set")[by].idxmin()
    return table.loc[least].set_index("set")
