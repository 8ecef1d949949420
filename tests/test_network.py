"""A small network: its formulas, its start, and that every path of the engine computes the same."""

import math
import pickle
import platform
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import noise_scale, schedules, stability, walkthrough
from simopt.problems import network
from simopt.rules import OPTIMIZERS
from tests.test_engine import assembly

pytestmark = pytest.mark.interpreted
RNG = np.random.default_rng(5)
X, Z = RNG.normal(size=(17, 2)), RNG.normal(size=17)
PROBLEMS = {
    "one column": network(X[:, 0], Z, hidden=3),
    "two columns": network(X, Z, hidden=4, l2=0.1, seed=3),
    "labels": network(X, Z > 0, hidden=3, kind="logistic", l2=0.02, seed=1),
    "one unit": network(X, Z, hidden=1),
    "linear units": network(X, Z, hidden=4, activation="linear", l2=0.1, seed=3),
    "linear units, labels": network(
        X, Z > 0, hidden=3, kind="logistic", activation="linear", l2=0.02, seed=1
    ),
}


# --- formulas -----------------------------------------------------------------------------------


def by_hand(problem, w):
    """The loss as the formula has it, a point and a unit at a time."""
    p, h = problem.x.shape[1], problem.hidden
    inner = [w[j * p : (j + 1) * p] for j in range(h)]
    b, a, c = w[h * p : h * p + h], w[h * p + h : h * p + 2 * h], w[-1]
    f = math.tanh if problem.activation == "tanh" else float
    total = 0.0
    for x, y in zip(problem.x, problem.y, strict=True):
        z = c + sum(a[j] * f(b[j] + sum(inner[j][k] * x[k] for k in range(p))) for j in range(h))
        total += (z - y) ** 2 if problem.squared else math.log1p(math.exp(z)) - y * z
    return total / problem.n + sum(l2 / 2 * v * v for l2, v in zip(problem.l2, w, strict=True))


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_loss_is_the_formula(name):
    problem = PROBLEMS[name]
    for w in RNG.normal(size=(5, problem.d)):
        assert problem.loss(w) == pytest.approx(by_hand(problem, w), rel=1e-13)


@settings(max_examples=30)
@given(st.sampled_from(sorted(PROBLEMS)), st.integers(0, 2**32), st.floats(0.1, 3))
def test_the_gradient_is_the_slope_of_the_loss(name, seed, size):
    problem = PROBLEMS[name]
    rng = np.random.default_rng(seed)
    w = size * rng.normal(size=problem.d)
    rows = rng.permutation(problem.n)[:5]
    part = network(
        problem.x[rows],
        problem.y[rows],
        hidden=problem.hidden,
        kind="least_squares" if problem.squared else "logistic",
        activation=problem.activation,
        w0=w,
    )
    for k, direction in enumerate(np.eye(problem.d) * 1e-5):
        slope = (part.loss(w + direction) - part.loss(w - direction)) / 2e-5
        slope += problem.l2[k] * w[k]
        assert problem.gradient(w, rows)[k] == pytest.approx(slope, rel=1e-6, abs=1e-7)
    np.testing.assert_allclose(
        problem.point_gradients(w)[rows].mean(axis=0), problem.gradient(w, rows), atol=1e-14
    )


def test_biases_have_no_penalty():
    free = network(X, Z, hidden=4, seed=3)
    w = RNG.normal(size=free.d)
    inner, out = slice(8), slice(12, 16)
    squares = w[inner] @ w[inner] + w[out] @ w[out]
    problem = PROBLEMS["two columns"]
    assert problem.loss(w) - free.loss(w) == pytest.approx(0.1 / 2 * squares, rel=1e-12)


def test_weights_have_names_and_the_start_is_glorots():
    problem = network(X, Z, hidden=2)
    assert problem.features == (
        "W[1, x_0]", "W[1, x_1]", "W[2, x_0]", "W[2, x_1]", "b[1]", "b[2]", "a[1]", "a[2]", "c"
    )  # fmt: skip
    many = np.array([network(X, Z, hidden=4, seed=seed).w0 for seed in range(400)])
    inner, biases, out = many[:, :8], many[:, [8, 9, 10, 11, 16]], many[:, 12:16]
    assert not biases.any()
    for part, bound in ((inner, 1.0), (out, math.sqrt(6 / 5))):
        assert np.abs(part).max() < bound
        # Uniform: mean 0 and variance bound^2 / 3, each within four standard errors.
        assert abs(part.mean()) < 4 * bound / math.sqrt(3 * part.size)
        assert abs(part.var() - bound**2 / 3) < 4 * bound**2 * math.sqrt(4 / 45 / part.size)
    assert len(np.unique(many[:, 0])) == 400
    again = network(X, Z, hidden=4, seed=7)
    np.testing.assert_array_equal(again.w0, many[7])


def test_what_a_network_does_not_know():
    problem = PROBLEMS["two columns"]
    assert problem.optimum is None
    assert math.isnan(problem.minimum_loss)
    assert (problem.hidden, problem.d) == (4, 17)
    assert repr(problem) == "<problem network: network, n = 17, d = 17>"
    with pytest.raises(ValueError, match="kind='network'"):
        problem.hessian_at(problem.w0)
    with pytest.raises(ValueError, match="problem="):
        walkthrough.worked_steps(problem, simopt.SGD())
    saddle = simopt.problems.saddle()
    with pytest.raises(ValueError, match="kind='function'"):
        saddle.predictions(saddle.w0)


def test_it_travels_and_is_told_from_others():
    problem = PROBLEMS["labels"]
    again = pickle.loads(pickle.dumps(problem))
    assert again.digest == problem.digest
    assert again.loss(problem.w0) == problem.loss(problem.w0)
    others = {each.digest for each in PROBLEMS.values()}
    assert len(others) == len(PROBLEMS)
    assert problem.replace(w0=problem.w0 * 2).digest not in others


# --- the engine ---------------------------------------------------------------------------------

COLUMNS = ("loss", "best_loss")


def assert_runs(frame, problem, optimizer, how, rows):
    weights = [f"w_{k}" for k in range(problem.d)]
    for row in frame.iloc[rows].to_dict("records"):
        found = simopt.run(
            problem, optimizer.replace(eta=row["eta"]), seed=row["seed"], **how
        ).summary
        for column in (*COLUMNS, *weights):
            assert row[column] == pytest.approx(found[column], rel=1e-11, abs=1e-13)
        assert row["status"] == found["status"]
        assert math.isnan(row["distance"])


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("points", ["own", "shared"])
def test_a_sweep_is_a_run(name, points):
    problem = PROBLEMS[name]
    how = {"batch_size": 5, "epochs": 3, "shuffle": "epoch"}
    rates = {"own": [0.02, 0.1], "shared": np.geomspace(0.001, 0.1, 30)}[points]
    optimizer = simopt.Momentum(eta=rates)
    frame = simopt.sweep(problem, optimizer, seed=range(25 if points == "own" else 2), **how)
    assert_runs(frame, problem, optimizer, how, [0, 7, len(frame) - 1])


@pytest.mark.slow
@pytest.mark.parametrize("rule", OPTIMIZERS)
def test_every_rule_trains_it(rule):
    problem = PROBLEMS["two columns"]
    how = {"batch_size": 4, "epochs": 3, "shuffle": "once"}
    optimizer = OPTIMIZERS[rule](eta=[0.001, 0.01])
    frame = simopt.sweep(problem, optimizer, seed=range(3), **how)
    assert_runs(frame, problem, optimizer, how, [0, 4])


def test_with_all_that_a_plan_can_ask():
    problem = PROBLEMS["one column"]
    how = {
        "batch_size": 6, "updates": 10, "shuffle": "never", "drop_last": True, "clip_norm": 0.5,
        "schedule": schedules.cosine(floor=0.01), "box": (-1.0, 1.0), "target": 1.2, "evaluate": 2,
    }  # fmt: skip
    optimizer = simopt.Momentum(eta=[0.05, 0.3])
    frame = simopt.sweep(problem, optimizer, **how)
    assert_runs(frame, problem, optimizer, how, [0, 1])
    for row in frame.itertuples():
        found = simopt.run(problem, optimizer.replace(eta=row.eta), **how).summary
        assert str(row.steps_to_target) == str(found["steps_to_target"])
    assert frame["steps_to_target"].notna().sum() == 1


def test_records_are_those_of_a_run():
    problem = PROBLEMS["labels"]
    optimizer = simopt.Momentum(eta=0.2)
    frame = simopt.sweep(problem, optimizer, batch_size=4, epochs=2, record="steps")
    steps = simopt.run(problem, optimizer, batch_size=4, epochs=2).steps
    np.testing.assert_allclose(frame["loss"], steps["loss"], rtol=1e-12)
    np.testing.assert_allclose(frame["w_3"], steps["w_3"], rtol=1e-11)


@pytest.mark.parametrize("name", ["two columns", "labels"])
def test_a_unit_turned_over_is_the_same_network(name):
    """tanh is odd, and so is all of its arithmetic: the same trajectory with signs changed."""
    problem = PROBLEMS[name]
    signs = np.ones(problem.d)
    h, p = problem.hidden, problem.x.shape[1]
    signs[:p] = signs[h * p] = signs[h * p + h] = -1
    how = {"batch_size": 3, "epochs": 20, "shuffle": "epoch", "seed": range(4)}
    frames = [
        simopt.sweep(each, simopt.Momentum(eta=0.05), **how)
        for each in (problem, problem.replace(w0=problem.w0 * signs))
    ]
    np.testing.assert_array_equal(frames[0]["loss"], frames[1]["loss"])
    for k in range(problem.d):
        np.testing.assert_array_equal(frames[0][f"w_{k}"], signs[k] * frames[1][f"w_{k}"])
    assert frames[0]["loss"].max() < problem.loss(problem.w0)


def test_units_that_begin_alike_stay_alike():
    """What no random start would be for."""
    start = np.r_[np.full(6, 0.3), np.zeros(3), np.full(3, 0.5), 0.0]
    problem = network(X, Z, hidden=3, w0=start)
    row = simopt.sweep(problem, simopt.Momentum(eta=0.01), batch_size=4, epochs=30).iloc[0]
    assert row["w_0"] == row["w_2"] == row["w_4"] != 0.3
    assert row["w_9"] == row["w_10"] == row["w_11"] != 0.5


def test_it_learns_what_no_line_can():
    """Exclusive or."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    problem = network(corners, [0, 1, 1, 0], hidden=4, kind="logistic")
    frame = simopt.sweep(problem, simopt.Momentum(eta=0.1), batch_size="full", epochs=2000)
    w = frame.filter(regex=r"^w_\d").to_numpy()[0]
    assert ((problem.predictions(w) > 0) == problem.y).all()
    assert frame["loss"][0] < 0.01


def test_many_weights():
    """As many as a GPU has room for, and more."""
    for hidden, d in ((21, 64), (40, 121)):
        problem = network(X[:, 0], Z, hidden=hidden)
        assert problem.d == d
        frame = simopt.sweep(problem, simopt.Momentum(eta=0.01), batch_size=3, epochs=2)
        summary = simopt.run(problem, simopt.Momentum(eta=0.01), batch_size=3, epochs=2).summary
        assert frame[f"w_{d - 1}"][0] == pytest.approx(summary[f"w_{d - 1}"], rel=1e-12)
        assert frame["loss"][0] == pytest.approx(summary["loss"], rel=1e-12)


def test_a_rate_too_large_diverges():
    frame = simopt.sweep(
        PROBLEMS["two columns"], simopt.Momentum(eta=[0.01, 1e4]), epochs=5, shuffle="epoch"
    )
    assert frame["status"].tolist() == ["ok", "diverged"]


@pytest.mark.slow
@pytest.mark.compiled
@pytest.mark.skipif(platform.machine() != "x86_64", reason="counts x86 instructions")
@pytest.mark.parametrize("points", ["shared", "own"])
def test_hidden_units_are_packed(points):
    """A loop over lanes has all of tanh, its quotient included, in packed arithmetic."""
    loops = re.split(r"\n\.LBB\S+:", assembly(PROBLEMS["two columns"], simopt.Momentum(), points))
    counts = [
        [len(re.findall(rf"v?{name}\s", text)) for name in ("mulpd", "divpd", "mulsd", "divsd")]
        for text in loops
    ]
    # In the gradient and in the loss.
    assert sum(each[0] >= 15 and each[1] >= 1 and each[2:] == [0, 0] for each in counts) >= 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"hidden": 0}, "hidden=0: must be a whole number >= 1"),
        ({"hidden": 2.5}, "hidden=2.5"),
        ({"kind": "network"}, "kind='network': must be one of 'least_squares', 'logistic'"),
        ({"activation": "relu"}, "activation='relu': must be one of 'tanh', 'linear'"),
        ({"seed": -1}, "seed=-1"),
        ({"l2": -0.1}, "l2=-0.1"),
        ({"w0": 0.5}, r"w0='shape \(\)': must be 17 numbers"),
        ({"w0": [0.5] * 16}, r"w0='shape \(16,\)': must be 17 numbers"),
        ({"w0": [math.nan] * 17}, r"w0\[0\]=nan"),
        ({"x": X[:5]}, "5 points but 17 targets"),
        ({"x": [[math.inf, 1.0]] * 17}, r"x\[0, 0\]=inf"),
        ({"y": Z, "kind": "logistic"}, "must be 0 or 1 everywhere"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        network(**{"x": X, "y": Z, "hidden": 4} | arguments)


def test_what_needs_a_quadratic_refuses_it():
    with pytest.raises(ValueError, match="least squares"):
        stability.spectral_radius(PROBLEMS["one column"], simopt.SGD(eta=0.1))
    with pytest.raises(ValueError, match="problem='network'"):
        noise_scale.exact(PROBLEMS["one column"])
