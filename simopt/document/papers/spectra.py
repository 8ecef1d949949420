"""Muon's step: how near its singular values are to 1."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from simopt.document.claims import verdict
from simopt.document.claims.claim import Finding, Picture
from simopt.document.claims.context import Trials
from simopt.document.papers.pairs import Floats
from simopt.ground.formatting import number
from simopt.problems import Problem, network
from simopt.rules import Muon
from simopt.training.stepper import Stepper

#: How far from 1 singular values may be, as the author's code says, and what share of them.
APART, SHARE = 0.5, 0.9

#: The networks' points, columns and units, and the updates of a run; a quarter for a first look.
POINTS, COLUMNS, UNITS, UPDATES = 64, 4, 8, 200

#: Batch sizes, by what they are called.
SIZES = {"batches of 1": 1, "batches of 8": 8}


def muon_steps_are_orthogonal(trials: Trials) -> Finding:
    """The singular values of every step of the hidden weights, by kind of units and batch size."""
    seeds = range(trials.seed, trials.seed + trials.few(4, 1))
    updates, values = trials.few(UPDATES, UPDATES // 4), {}
    for activation in ("tanh", "linear"):
        for called, size in SIZES.items():
            runs = [singular_values(drawn(activation, each), size, each, updates) for each in seeds]
            values[f"with {activation} units and {called}"] = np.concatenate(runs)
            trials.trajectories += len(runs)
            trials.updates += updates * len(runs)
    return orthogonal_by(values)


def drawn(activation: str, seed: int) -> Problem:
    """A network and the points that it is to learn."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(POINTS, COLUMNS))
    y = np.sin(x @ rng.normal(size=COLUMNS)) + 0.1 * rng.normal(size=POINTS)
    return network(x, y, hidden=UNITS, activation=activation, seed=seed)


def singular_values(problem: Problem, batch_size: int, seed: int, updates: int) -> Floats:
    """Those of all steps [updates, columns] of a run, over the rate and the scale of the shape."""
    optimizer, shape = Muon(), (problem.hidden, problem.columns)
    stepper = Stepper(optimizer, problem.w0.tolist(), matrix=shape)
    inside, rng = problem.hidden * problem.columns, np.random.default_rng(seed)
    size = stepper.eta * math.sqrt(max(1.0, problem.hidden / problem.columns))
    rows: list[Floats] = []
    while len(rows) < updates:
        order = rng.permutation(problem.n)
        for start in range(0, problem.n, batch_size)[: updates - len(rows)]:
            before = np.array(stepper.weights[:inside])
            points = order[start : start + batch_size]
            stepper.step(problem.gradient(stepper.weights, points).tolist())
            step = (before - stepper.weights[:inside]).reshape(shape) / size
            rows.append(np.asarray(np.linalg.svd(step, compute_uv=False), np.float64))
    return np.array(rows)


def orthogonal_by(values: Mapping[str, Floats]) -> Finding:
    """The same, from the singular values by case."""
    shares = {case: float((np.abs(each - 1) <= APART).mean()) for case, each in values.items()}
    met = {case: share >= SHARE for case, share in shares.items()}
    decided, condition = verdict.decide(met)
    largest = max(float(each.max()) for each in values.values())
    low, high = number(1 - APART, 2), number(1 + APART, 2)
    return Finding(
        decided,
        f"Between {low} and {high} are {number(100 * min(shares.values()), 3)} to "
        f"{number(100 * max(shares.values()), 3)} % of the singular values of a case, and none is "
        f"above {number(largest, 3)}. The iterations enlarge a small one 485-fold at most.",
        {
            **{f"share near 1, {case}": each for case, each in shares.items()},
            **{f"median, {case}": float(np.median(each)) for case, each in values.items()},
            **{f"least, {case}": float(each.min()) for case, each in values.items()},
            "largest": largest,
            "cases that agree": sum(met.values()),
        },
        condition,
        Picture(
            f"Singular values of Muon's steps between {low} and {high}",
            f"Nine of ten are in {sum(met.values())} of {len(met)} cases.",
            "units and batches",
            "share",
            {"share": (list(shares), list(shares.values()))},
            kind="bars",
        ),
    )
