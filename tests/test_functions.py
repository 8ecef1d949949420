"""Problems given by functions: the same engine for any loss, and every path the same."""

import math
import pickle
import platform
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.ground import snapshot
from simopt.problems import own_functions
from simopt.training import noise
from tests.test_engine import assembly


def squared(w, x, y):
    return (w * x - y) * (w * x - y)


def squared_slope(w, x, y):
    return 2 * (w * x - y) * x


def line(a, b, x, y):
    return (a * x + b - y) * (a * x + b - y)


def line_slope(a, b, x, y):
    return 2 * (a * x + b - y) * x, 2 * (a * x + b - y)


def saddle(x, y):
    return x * x - y * y / 2 + y * y * y * y / 4


def saddle_slope(x, y):
    return 2 * x, y * y * y - y


def network(a, b, c, x, y):
    return (c * math.tanh(a * x + b) - y) ** 2


def network_slope(a, b, c, x, y):
    h = math.tanh(a * x + b)
    back = 2 * (c * h - y)
    return back * c * (1 - h * h) * x, back * c * (1 - h * h), back * h


def pieces(w):
    """Lessard, Recht and Packard's: slope 25, then 1, then 25 again."""
    if w < 1:
        return 12.5 * w * w
    return 0.5 * w * w + 24 * w - 12 if w < 2 else 12.5 * w * w - 24 * w + 36


def pieces_slope(w):
    return 25 * w if w < 1 else (w + 24 if w < 2 else 25 * w - 24)


pytestmark = pytest.mark.interpreted
POINTS = [[2.0, 10.0], [1.0, 5.0], [3.0, 15.0], [0.5, 2.5]]
FOUR = simopt.problems.four_points()
RNG = np.random.default_rng(3)
DATA = RNG.normal(size=(9, 2))
PROBLEMS = {
    "one weight": simopt.problems.function(squared, squared_slope, w0=3.0, points=POINTS),
    "two weights": simopt.problems.function(line, line_slope, w0=[1.0, -1.0], points=DATA),
    "network": simopt.problems.function(network, network_slope, w0=[0.5, 0.1, -0.3], points=DATA),
    "saddle": simopt.problems.function(saddle, saddle_slope, w0=[1.0, 1e-6], optimum=[0.0, 1.0]),
    "noisy saddle": simopt.problems.function(saddle, saddle_slope, w0=[1.0, 0.0], noise=[0, 1e-3]),
}


def test_a_known_loss_given_again_is_the_known_one():
    """Least squares as a function: sums in the same order, and rounding alone between them."""
    how = {"batch_size": [1, 2, 3], "epochs": 3, "shuffle": "epoch", "seed": range(3)}
    optimizers = [simopt.Momentum(eta=[0.01, 0.05]), simopt.Adam(eta=[0.01, 0.1])]
    target = {"target": 3.0, "evaluate": 1}
    known = simopt.sweep(FOUR, optimizers, **how, **target)
    again = PROBLEMS["one weight"]
    given_ = simopt.sweep(again, optimizers, **how, **target)
    assert known["steps_to_target"].equals(given_["steps_to_target"])
    for column in ("w", "loss", "best_loss"):
        np.testing.assert_allclose(given_[column], known[column], rtol=1e-11)
    assert again.loss(4.0) == pytest.approx(FOUR.loss(4.0), rel=1e-15)
    assert again.gradient(4.0, [1, 2]).tolist() == FOUR.gradient(4.0, [1, 2]).tolist()
    assert again.point_gradients(4.0).tolist() == FOUR.point_gradients(4.0).tolist()


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("seeds", [1, 20])
def test_a_sweep_is_a_run(name, seeds):
    problem = PROBLEMS[name]
    how = {"batch_size": 2, "updates": 25, "shuffle": "epoch" if problem.n else "never"}
    optimizer = simopt.Adam(eta=[0.01, 0.1])
    frame = simopt.sweep(problem, optimizer, seed=range(seeds), **how)
    for row in frame[frame["seed"] < 3].itertuples():
        summary = simopt.run(problem, optimizer.replace(eta=row.eta), seed=row.seed, **how).summary
        for column in ("loss", "best_loss", "distance"):
            assert getattr(row, column) == pytest.approx(summary[column], rel=1e-10, nan_ok=True)


def test_noise_is_that_of_noisy_quadratics():
    def half(w):
        return 0.5 * w * w

    def slope(w):
        return w

    given_ = simopt.problems.function(half, slope, w0=2.0, noise=0.3, optimum=0.0)
    model = simopt.problems.noisy_quadratic([1.0], 0.3, w0=2.0)
    how = {"batch_size": 3, "updates": 20, "seed": range(30)}
    first, second = (simopt.sweep(each, simopt.SGD(eta=0.1), **how) for each in (given_, model))
    np.testing.assert_allclose(first["w"], second["w"], rtol=1e-13)
    np.testing.assert_allclose(first["peak_distance"], second["peak_distance"], rtol=1e-13)
    step = simopt.run(given_, simopt.SGD(eta=0.1), seed=7).steps["gradient"][0]
    assert step == pytest.approx(2 + math.sqrt(0.3) * noise.normals(7, 1, 1)[0], rel=1e-14)


def test_a_kinked_function_has_its_cycle():
    """Heavy ball tuned for curvatures 1 to 25 goes round three points, as published."""
    kinked = simopt.problems.function(pieces, pieces_slope, w0=3.3, optimum=0.0)
    frame = simopt.sweep(
        kinked, simopt.Momentum(eta=1 / 9, beta=4 / 9), updates=300, record="steps"
    )
    last = np.sort(frame["w"].to_numpy()[-3:])
    np.testing.assert_allclose(last, np.sort(frame["w"].to_numpy()[-6:-3]), rtol=1e-12)
    expected = np.sort([2592 / 1225, 792 / 1225, -2208 / 1225])
    np.testing.assert_allclose(last, expected, rtol=1e-12)


def test_a_run_looks_at_what_functions_read_once(monkeypatch):
    looked = []

    def noted(function, whose):
        looked.append(function)
        return snapshot.plain(function, whose)

    monkeypatch.setattr(own_functions, "plain", noted)
    problem = simopt.problems.function(squared, squared_slope, w0=3.0, points=[[1, 5], [2, 10]])
    counts = []
    for updates in (5, 50):
        looked.clear()
        run = simopt.run(problem, simopt.SGD(eta=0.01), updates=updates)
        counts.append(len(looked))
        assert not run.problem.settled
    assert counts[0] == counts[1]


def test_a_saddle_is_left_late_and_by_noise_early():
    late = simopt.sweep(
        PROBLEMS["saddle"], simopt.SGD(eta=0.1), updates=400, target=-0.2, stop_at_target=True
    )
    # From 1e-6 it grows by a factor of 1.1 an update.
    assert 120 < late["steps_to_target"][0] < 160
    stays = simopt.problems.function(saddle, saddle_slope, w0=[1.0, 0.0])
    assert simopt.sweep(stays, simopt.SGD(eta=0.1), updates=400)["w_1"][0] == 0


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.skipif(platform.machine() != "x86_64", reason="counts x86 instructions")
def test_arithmetic_of_ones_own_is_packed():
    loops = re.split(r"\n\.LBB\S+:", assembly(PROBLEMS["two weights"], simopt.SGD()))
    counts = [(len(re.findall(r"v?mulpd", t)), len(re.findall(r"v?mulsd", t))) for t in loops]
    assert any(packed >= 3 and scalar == 0 for packed, scalar in counts)


@settings(max_examples=30)
@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_gradients_are_checked_against_differences(w):
    """Any honest gradient passes wherever it starts; one with a wrong sign is found."""
    simopt.problems.function(network, network_slope, w0=w, points=DATA)

    def wrong(a, b, c, x, y):
        slopes = network_slope(a, b, c, x, y)
        return slopes[0], slopes[1], -slopes[2]

    if abs(PROBLEMS["network"].gradient(w)[2]) > 1e-3:
        with pytest.raises(ValueError, match="the derivative of the loss by weight 2"):
            simopt.problems.function(network, wrong, w0=w, points=DATA)


def test_it_travels_and_is_told_from_others():
    problem = PROBLEMS["two weights"]
    again = pickle.loads(pickle.dumps(problem))
    assert again.digest == problem.digest != PROBLEMS["one weight"].digest
    other = simopt.problems.function(line, line_slope, w0=[1.0, -1.0], points=DATA[::-1])
    assert other.digest != problem.digest
    assert repr(problem) == "<problem line: function, n = 9, d = 2>"
    assert math.isnan(problem.minimum_loss)
    assert PROBLEMS["saddle"].minimum_loss == -0.25


def ratio(w):
    return 1 / (w - 1)


def ratio_slope(w):
    return -1 / ((w - 1) * (w - 1))


def test_what_is_no_number_diverges():
    """1 / 0 and the root of a negative number end a trajectory, here as in a run."""
    pole = simopt.problems.function(ratio, ratio_slope, w0=2.0)
    frame = simopt.sweep(pole, simopt.SGD(eta=[1.0, -0.0]), updates=5, divergence=None)
    assert frame["w"].tolist()[1] == 2.0
    assert simopt.run(pole.replace(w0=1.0), simopt.SGD(eta=1.0)).steps["gradient"][0] == -math.inf


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loss": "f"}, "loss='f': must be a plain Python function"),
        ({"loss": saddle}, "loss='saddle': must be a function of 3 numbers, 1 weights"),
        ({"loss": lambda w, *point: w}, "loss=.*must be a function without .* not .point"),
        ({"gradient": network_slope}, "gradient='network_slope': must be a function of 3"),
        ({"w0": math.nan}, "^w0=nan: must be a finite number"),
        ({"w0": [1.0] * 9}, "w0=.*from 1 to 8"),
        ({"points": []}, r"points='shape \(0, 1\)'"),
        ({"points": [[1.0, math.nan]]}, "points.0, 1.=nan"),
        ({"noise": 1.0}, "noise=1.0: must be None with points"),
        ({"optimum": [1.0, 2.0]}, "optimum"),
        ({"optimum": -90.0}, "^optimum=-90.0: must be where the loss is least: .* less at w0$"),
        ({"gradient": squared}, "the derivative of the loss by weight 0"),
    ],
)
def test_bad_input(arguments, message):
    good = {"loss": squared, "gradient": squared_slope, "w0": 3.0, "points": POINTS}
    with pytest.raises(ValueError, match=message):
        simopt.problems.function(**good | arguments)


def test_a_gradient_that_no_longer_fits_is_refused():
    """A cell that changes what the gradient alone reads makes it another function's."""
    factor = np.array([2.0])

    def loss(w, x):
        return (2.0 * w - x) ** 2

    def gradient(w, x):
        return 2.0 * factor[0] * (2.0 * w - x)

    given = {"w0": 1.0, "points": [1.0, 5.0]}
    compared = simopt.problems.function(loss, gradient, **given)
    trusted = simopt.problems.function(loss, gradient, check_gradient=False, **given)
    factor[0] = -2.0
    with pytest.raises(ValueError, match=r"^gradient=4\.0: must be the derivative of the loss"):
        simopt.sweep(compared, simopt.SGD(eta=0.01))
    simopt.sweep(trusted, simopt.SGD(eta=0.01))
    factor[0] = 2.0
    simopt.sweep(compared, simopt.SGD(eta=0.01))


def test_what_no_kernel_can_read_runs_all_the_same():
    """A dict: a run in plain Python looks at it, a sweep refuses it."""
    numbers = {"factor": 2.0}
    problem = simopt.problems.function(
        lambda w: numbers["factor"] * w * w, lambda w: 2.0 * numbers["factor"] * w, w0=1.0
    )
    assert simopt.run(problem, simopt.SGD(eta=0.1)).summary["loss"] == pytest.approx(0.72)
    with pytest.raises(ValueError, match="reads 'numbers', a dict"):
        simopt.sweep(problem, simopt.SGD(eta=0.1))
