"""One trajectory, traced: its columns, its numbers, its orders."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt.rules import OPTIMIZERS
from simopt.training import shuffling
from tests import reference

FOUR = simopt.problems.four_points()
BASE = ["step", "epoch", "batch", "eta", "gradient", "w", "batch_loss", "loss"]
OWN = {
    "SGD": [],
    "Momentum": ["v"],
    "Nesterov": ["v"],
    "AdaGrad": ["G", "effective_lr"],
    "RMSprop": ["Eg2", "effective_lr"],
    "Adam": ["m", "v", "m_hat", "v_hat", "t"],
    "AdamW": ["m", "v", "m_hat", "v_hat", "t"],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_columns(name):
    steps = simopt.run(FOUR, OPTIMIZERS[name](eta=0.1), epochs=2, batch_size=3).steps
    assert list(steps.columns) == BASE + OWN[name]
    assert steps["step"].tolist() == [1, 2, 3, 4]
    assert steps["epoch"].tolist() == [1, 1, 2, 2]
    assert steps["batch"].tolist() == [1, 2, 1, 2]


def test_columns_per_weight():
    steps = simopt.run(simopt.problems.diabetes(), simopt.Adam(eta=0.1), batch_size="full").steps
    for name in ("gradient", "w", "m", "v", "m_hat", "v_hat"):
        assert [c for c in steps if c.startswith(f"{name}_") and c[len(name) + 1 :].isdigit()] == [
            f"{name}_{k}" for k in range(11)
        ]


def test_the_documents_first_epoch():
    """Values that can be checked by hand."""
    sgd = simopt.run(FOUR, simopt.SGD(eta=0.1)).steps
    np.testing.assert_allclose(sgd["w"], [4.6, 4.68, 5.256, 5.2432], rtol=1e-15)
    momentum = simopt.run(FOUR, simopt.Momentum(eta=0.1)).steps
    np.testing.assert_allclose(momentum["v"], [-16, -15.2, 6.48, 6.068], rtol=1e-13)
    half = simopt.run(FOUR, simopt.SGD(eta=0.1), batch_size=2).steps
    np.testing.assert_allclose(half["gradient"], [-10, -9.25], rtol=1e-15)
    full = simopt.run(FOUR, simopt.SGD(eta=0.1), batch_size="full")
    assert full.summary["w"] == 4.425  # the point (0.5, 2.5) has gradient -1 at w = 3
    adam = simopt.run(FOUR, simopt.Adam(eta=0.1)).steps
    # By hand without epsilon, which changes the first step by 1e-8 / (2 * 256) of itself.
    np.testing.assert_allclose(adam["m_hat"][:2], [-16, -1.82 / 0.19], rtol=1e-10)
    np.testing.assert_allclose(adam["v_hat"][:2], [256, 0.270184 / 0.001999], rtol=1e-10)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_state_goes_on_from_epoch_to_epoch(name):
    long = simopt.run(FOUR, OPTIMIZERS[name](eta=0.05), epochs=5).steps
    expected = reference.trajectory(
        FOUR, name, OPTIMIZERS[name](eta=0.05).settings, 1, [[0, 1, 2, 3]] * 5
    )
    np.testing.assert_allclose(long["w"], [w[0] for _, w, _ in expected], rtol=1e-12)


def test_every_update_is_recorded_past_divergence():
    wild = simopt.run(FOUR, simopt.Momentum(eta=2.0), epochs=200)
    assert len(wild.steps) == 800
    assert wild.summary["status"] == "diverged"
    assert wild.summary["updates"] == wild.summary["diverged_at"] < 800
    assert not np.isfinite(wild.steps["loss"].iloc[-1])
    assert isinstance(wild.summary, pd.Series)


def test_zero_over_zero_is_nan_and_no_exception():
    problem = simopt.problems.least_squares([1.0], [0.0])
    run = simopt.run(problem, simopt.Adam(eta=0.1, epsilon=0.0), epochs=3)
    assert run.steps["w"].isna().all()
    assert run.summary["status"] == "diverged"
    assert math.isnan(run.summary["best_loss"])


@pytest.mark.parametrize(
    ("message", "call"),
    {
        "eta=": lambda: simopt.run(FOUR, simopt.SGD(eta=[0.1, 0.2])),
        "optimizer=": lambda: simopt.run(FOUR, "SGD"),
        "order=": lambda: simopt.run(FOUR, simopt.SGD(), order=[[0, 1, 2]]),
        "epochs=0": lambda: simopt.run(FOUR, simopt.SGD(), epochs=0),
        "batch_size=9": lambda: simopt.run(FOUR, simopt.SGD(), batch_size=9),
        "shuffle='x'": lambda: simopt.run(FOUR, simopt.SGD(), shuffle="x"),
        "target='low'": lambda: simopt.run(FOUR, simopt.SGD(), target="low"),
    }.items(),
)
def test_bad_arguments_are_named(message, call):
    with pytest.raises(ValueError, match="must be") as caught:
        call()
    assert str(caught.value).startswith(message)


# --- orders -------------------------------------------------------------------------------------


@given(st.integers(0, 2**63 - 1), st.integers(1, 5), st.integers(1, 40))
def test_orders_are_permutations_and_the_oracles(seed, epochs, n):
    for mode in shuffling.SHUFFLES:
        got = shuffling.orders(mode, seed, epochs, n)
        assert got.shape == (epochs, n)
        if mode == "replacement":
            assert ((got >= 0) & (got < n)).all()
        else:
            assert (np.sort(got, axis=1) == np.arange(n)).all()
        assert got.tolist() == reference.orders(mode, seed, epochs, n)


def test_orders_depend_on_seed_and_epoch_alone():
    short, long = (shuffling.orders("epoch", 5, epochs, 50) for epochs in (3, 9))
    assert (short == long[:3]).all()
    assert len({tuple(row) for row in long.tolist()}) == 9
    assert (shuffling.orders("once", 5, 4, 50) == long[0]).all()


def test_every_permutation_is_as_likely_as_another():
    """Chi-square over the 24 orders of four points, 24,000 draws over seeds and over epochs."""
    for draws in (
        [shuffling.orders("once", seed, 1, 4)[0] for seed in range(24_000)],
        shuffling.orders("epoch", 1, 24_000, 4),
    ):
        _, counts = np.unique(np.asarray(draws), axis=0, return_counts=True)
        assert len(counts) == 24
        chi_square = ((counts - 1000) ** 2 / 1000).sum()
        assert 5.0 < chi_square < 60.0  # 23 degrees of freedom: p within 3e-5 of either end


@pytest.mark.parametrize("seed", [-1, 2**63, 1.5, "1", True])
def test_bad_seeds_are_named(seed):
    with pytest.raises(ValueError, match=r"^seed="):
        shuffling.orders("once", seed, 1, 4)


def test_losses_of_many_points_come_from_their_moments():
    """And are those of a pass over the points, whether the run is cut or not."""
    x = np.random.default_rng(1).standard_normal((30_000, 4))
    many = simopt.problems.least_squares(x, x @ np.arange(4.0) + np.sin(x[:, 0]), l2=0.1)
    plan = {"batch_size": 5_000, "shuffle": "epoch"}
    begun = simopt.run(many, simopt.Adam(eta=0.1), updates=4, **plan)
    longer = simopt.run(many, simopt.Adam(eta=0.1), updates=9, **plan, resume=begun)
    whole = simopt.run(many, simopt.Adam(eta=0.1), updates=9, **plan)
    pd.testing.assert_frame_equal(longer.steps, whole.steps, check_exact=True)
    weights = whole.steps[[f"w_{k}" for k in range(many.d)]].to_numpy()
    np.testing.assert_allclose(whole.steps["loss"], [many.loss(w) for w in weights], rtol=1e-13)
