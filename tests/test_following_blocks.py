"""Blocks of one call that share a seed share its orders, and the moments of its batches."""

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.engine import moments, orders

pytestmark = pytest.mark.interpreted
X = np.random.default_rng(4).normal(size=(40, 3))
Y = X.sum(axis=1) + X[:, 0] ** 2
PROBLEMS = {
    "one weight": simopt.problems.least_squares(X[:, 0], Y, intercept=False),
    "three weights": simopt.problems.least_squares(X, Y, intercept=False),
}
#: The first ones diverge, so that what follows needs orders that their blocks never came to.
RATES = (3e4, 2e4, 3e3, 2e3, 0.02, 0.03, 0.05)
SEEDS = (3, 8)


def swept(problem, rates, seeds, **plan):
    frame = simopt.sweep(
        problem,
        [simopt.SGD(eta=rates), simopt.Adam(eta=rates)],
        seed=seeds,
        divergence=1e3,
        threads=1,
        progress=False,
        **plan,
    )
    by = ["optimizer", "eta", "seed"]
    return frame.sort_values(by).reset_index(drop=True)


@pytest.mark.parametrize("held", [0, 130, orders.HELD])
@pytest.mark.parametrize("shuffle", ["once", "epoch", "replacement"])
@pytest.mark.parametrize("batch_size", [1, 16])
@pytest.mark.parametrize("which", PROBLEMS)
def test_no_bit_depends_on_what_is_held(which, batch_size, shuffle, held, monkeypatch):
    """Of 130 numbers all orders are held, and moments of one weight alone."""
    monkeypatch.setattr(orders, "HELD", held)
    monkeypatch.setattr(moments, "HELD", held)
    plan = {"batch_size": batch_size, "epochs": 3, "shuffle": shuffle}
    together = swept(PROBLEMS[which], RATES, SEEDS, **plan)
    assert together["diverged_at"].notna().any()
    assert not together["diverged_at"].notna().all()
    alone = [swept(PROBLEMS[which], [r], [s], **plan) for r in RATES for s in SEEDS]
    by = ["optimizer", "eta", "seed"]
    alone = pd.concat(alone).sort_values(by).reset_index(drop=True)
    pd.testing.assert_frame_equal(together, alone, check_exact=True, check_categorical=False)


@pytest.mark.parametrize("shuffle", ["once", "epoch"])
def test_what_goes_on_finds_the_orders_where_it_was(shuffle):
    """Blocks that go on in the middle of an epoch hold what is left."""
    plan = {"batch_size": 16, "shuffle": shuffle}
    problem = PROBLEMS["three weights"]
    whole = swept(problem, RATES, SEEDS, updates=8, **plan)
    first = simopt.sweep(
        problem,
        [simopt.SGD(eta=RATES), simopt.Adam(eta=RATES)],
        seed=SEEDS,
        divergence=1e3,
        updates=4,
        keep_state=True,
        threads=1,
        progress=False,
        **plan,
    )
    further = swept(problem, RATES, SEEDS, updates=8, resume=first, **plan)
    pd.testing.assert_frame_equal(whole, further, check_exact=True, check_categorical=False)
