"""Claims on the cost of batches: closed forms for full batch, and rules fed with other tables."""

import numpy as np
import pandas as pd
import pytest

from simopt.document.claims.context import Trials
from simopt.document.claims.state import costs
from simopt.problems.synthetic import many_points


def table(rows):
    """Updates to a target, the same for every condition and target."""
    keys = [(c, t) for c in costs.CONDITIONS for t in costs.TARGETS]
    index = pd.MultiIndex.from_tuples(keys, names=["condition", "target"])
    return pd.DataFrame([rows] * len(keys), index=index, columns=pd.Index(costs.SIZES), dtype=float)


@pytest.fixture
def given(monkeypatch):
    def give(rows):
        monkeypatch.setattr(costs, "updates_to_targets", lambda trials: table(rows))

    return give


@pytest.mark.slow
def test_full_batch_is_a_closed_form():
    """The first update with an excess loss below the target, from the hessian's eigenvalues."""
    problem = costs.scaled(many_points(5), 100)
    values, vectors = np.linalg.eigh(problem.hessian)
    start = vectors.T @ (problem.w0 - problem.optimum)
    excess = np.array(
        [
            [(values / 2 * ((1 - eta * values) ** t * start) ** 2).sum() for eta in costs.RATES]
            for t in range(1, 200)
        ]
    )
    first = 1 + int((excess <= 0.1).any(axis=1).argmax())
    assert costs.first_at(Trials(), problem, 0.1, 4096) == first


@pytest.mark.parametrize("condition", costs.CONDITIONS)
def test_scaling_sets_the_condition(condition):
    problem = costs.scaled(many_points(1), condition)
    assert np.linalg.cond(problem.hessian) == pytest.approx(condition, rel=0.3)
    residual = problem.y - problem.x @ problem.optimum
    assert residual.var() == pytest.approx(1.0, abs=0.1)  # the noise of the labels is kept


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([100 * b for b in costs.SIZES], "holds"),  # fewer updates with batch 1, too
        ([4096 / b for b in costs.SIZES], "contradicted"),  # as many passes, and fewer updates
        ([8 * 4096 / (b + 7) for b in costs.SIZES], "conditional"),
        ([100.0 for _ in costs.SIZES], "conditional"),  # fewer passes, as many updates
    ],
)
def test_who_is_fast(given, rows, verdict):
    given(rows)
    assert costs.fast_but_noisy(Trials(quick=True)).verdict == verdict


@pytest.mark.parametrize(
    ("best", "verdict"), [(64, "holds"), (1, "contradicted"), (None, "conditional")]
)
def test_where_the_best_size_lies(given, best, verdict):
    rows = [4096 / b + 1 if best is None else 1.0 if b == best else 1e9 for b in costs.SIZES]
    given(rows)
    assert costs.best_trade_off(Trials()).verdict == verdict


def test_the_first_of_both_claims_counts_the_runs(monkeypatch):
    monkeypatch.setattr(costs, "_measured", lambda seed, quick: (table([1.0] * 7), 12, 345))
    counted: set[str] = set()
    first, second, alone = Trials(counted=counted), Trials(counted=counted), Trials()
    for trials in (first, second, alone):
        costs.updates_to_targets(trials)
    assert (first.trajectories, first.updates) == (alone.trajectories, alone.updates) == (12, 345)
    assert (second.trajectories, second.updates) == (0, 0)
