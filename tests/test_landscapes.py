"""Bumps, two wells and a saddle: where they are low, and what is known to happen on them."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize_scalar

import simopt
from simopt.problems import bumps, double_well, saddle

pytestmark = pytest.mark.interpreted


def differences(problem, w, step=1e-6):
    return np.array(
        [
            (problem.loss(w + step * each) - problem.loss(w - step * each)) / (2 * step)
            for each in np.eye(problem.d)
        ]
    )


@given(st.floats(-7, 7))
def test_the_slope_of_bumps(w):
    valley = bumps()
    assert valley.loss(w) == pytest.approx(0.2 * w**2 + 0.3 * math.sin(6 * w), abs=1e-13)
    np.testing.assert_allclose(valley.gradient(w), differences(valley, np.array([w])), atol=1e-8)


def test_bumps_have_one_global_minimum_of_many():
    valley = bumps()
    starts = np.linspace(-8, 8, 400)
    losses = 0.2 * starts**2 + 0.3 * np.sin(6 * starts)
    low = starts[1:-1][(losses[1:-1] < losses[:-2]) & (losses[1:-1] < losses[2:])]
    assert len(low) == 9
    assert np.abs(low).max() < 4.5
    minima = [
        minimize_scalar(valley.loss, bounds=(w - 0.1, w + 0.1), method="bounded").x for w in low
    ]
    best = min(minima, key=valley.loss)
    assert valley.optimum[0] == pytest.approx(best, abs=1e-5)
    assert abs(valley.gradient(valley.optimum)[0]) < 1e-15
    # Each of them holds plain descent in small steps.
    for w in minima:
        frame = simopt.sweep(bumps(w0=w + 0.05), simopt.SGD(eta=0.01), updates=2000)
        assert frame["w"][0] == pytest.approx(w, abs=1e-5)


@given(st.floats(-0.38, 0.38), st.floats(0, 10), st.integers(2, 20), st.floats(-2, 2))
@example(3e-90, 1.0, 4, 0.0)  # to the last bit as deep as each other
def test_two_wells(tilt, spread, terms, w):
    wells = double_well(tilt=tilt, spread=spread, terms=terms)
    assert (wells.n, wells.x.mean()) == (terms, pytest.approx(tilt, abs=1e-12))
    assert np.ptp(wells.x) == pytest.approx(2 * spread, abs=1e-12)
    assert wells.loss(w) == pytest.approx((w * w - 1) ** 2 / 4 + tilt * w, abs=1e-11)
    np.testing.assert_allclose(wells.gradient(w), w**3 - w + tilt, atol=1e-11)
    bottoms = (
        brentq(lambda v: v**3 - v + tilt, -2, -(3**-0.5)),
        brentq(lambda v: v**3 - v + tilt, 3**-0.5, 2),
    )
    lower, higher = bottoms if tilt >= 0 else bottoms[::-1]
    assert wells.w0[0] == pytest.approx(higher, abs=1e-6)
    if tilt:
        assert wells.optimum[0] == pytest.approx(lower, abs=1e-6)
        assert wells.loss(lower) <= wells.loss(higher) + 1e-14
    else:
        assert wells.optimum is None


def test_the_mean_of_the_terms_never_leaves_its_well():
    wells = double_well(spread=4.0)
    frame = simopt.sweep(wells, simopt.SGD(eta=[0.1, 0.3]), batch_size="full", epochs=500)
    np.testing.assert_allclose(frame["w"], wells.w0[0], rtol=1e-12)


@given(st.floats(-2, 2), st.floats(-2, 2))
def test_the_slope_of_the_saddle(x, y):
    problem = saddle()
    assert problem.loss([x, y]) == pytest.approx(x**2 - y**2 / 2 + y**4 / 4, abs=1e-14)
    np.testing.assert_allclose(
        problem.gradient([x, y]), differences(problem, np.array([x, y])), atol=1e-8
    )


def test_the_saddle_is_left_exponentially():
    """From the linear recursion: y grows by 1 + eta an update while it is small."""
    eta = 0.1
    frame = simopt.sweep(saddle(), simopt.SGD(eta=eta), updates=60, record="steps")
    expected = 1e-6 * (1 + eta) ** np.arange(1, 61)
    np.testing.assert_allclose(frame["w_1"], expected, rtol=1e-6)
    np.testing.assert_allclose(frame["w_0"], (1 - 2 * eta) ** np.arange(1, 61), rtol=1e-12)


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_either_side_of_the_saddle_has_its_minimum(side):
    problem = saddle(w0=[1.0, side * 0.01])
    row = simopt.sweep(problem, simopt.SGD(eta=0.1), updates=400).iloc[0]
    assert (row["w_1"], row["distance"]) == (pytest.approx(side), pytest.approx(0, abs=1e-12))
    assert problem.minimum_loss == -0.25
    assert simopt.sweep(saddle(w0=[1.0, 0.0]), simopt.SGD(eta=0.1), updates=400)["w_1"][0] == 0


@pytest.mark.slow
def test_noise_leaves_a_saddle_and_a_bump():
    seeds = range(200)
    away = simopt.sweep(
        saddle(w0=[0.0, 0.0], noise=[0.0, 1e-4]), simopt.SGD(eta=0.1), updates=300, seed=seeds
    )
    assert (away["w_1"].abs() > 0.9).all()
    # By symmetry half of them on either side, within four standard errors.
    assert abs((away["w_1"] > 0).mean() - 0.5) < 4 * 0.5 / math.sqrt(200)
    over = simopt.sweep(bumps(w0=3.0, noise=300.0), simopt.SGD(eta=0.02), updates=500, seed=seeds)
    still = simopt.sweep(bumps(w0=3.0), simopt.SGD(eta=0.02), updates=500)
    assert (over["w"] < 2).mean() > 0.5
    assert still["w"][0] > 2.5


@pytest.mark.parametrize(
    ("make", "arguments", "message"),
    [
        (bumps, {"w0": math.nan}, "w0=nan"),
        (bumps, {"noise": -1.0}, "noise=-1.0"),
        (double_well, {"tilt": 0.4}, r"tilt=0.4: must be a number in \(-0.3849, 0.3849\)"),
        (double_well, {"spread": -1.0}, "spread=-1.0"),
        (double_well, {"terms": 1}, "terms=1: must be a whole number from 2 to 10000000"),
        (double_well, {"w0": "left"}, "w0='left'"),
        (saddle, {"w0": [1.0]}, "w0=.*two numbers, x and y"),
        (saddle, {"noise": [0.0, -1.0]}, "noise"),
    ],
)
def test_bad_input(make, arguments, message):
    with pytest.raises(ValueError, match=message):
        make(**arguments)
