"""Two linear layers: the least loss is a line's, the start of all zeros a saddle, and so on."""

import math
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize

import simopt
from simopt import problems
from simopt.problems import tall

pytestmark = pytest.mark.interpreted
RNG = np.random.default_rng(8)
X, Z = RNG.normal(size=(30, 3)), RNG.normal(size=30)
TARGETS = {"least_squares": Z, "logistic": Z > 0, "huber": Z, "poisson": np.arange(30) % 4}


def layers(kind="least_squares", **arguments):
    return problems.network(
        X, TARGETS[kind], kind=kind, activation="linear", **{"hidden": 2, **arguments}
    )


@pytest.mark.parametrize("hidden", [1, 4])
@pytest.mark.parametrize("kind", TARGETS)
def test_without_a_penalty_the_least_loss_is_a_lines(kind, hidden):
    line = getattr(problems, kind)(X, TARGETS[kind], intercept=True)
    problem = layers(kind, hidden=hidden)
    assert problem.minimum_loss == pytest.approx(line.minimum_loss, rel=1e-13)
    assert np.abs(problem.gradient(problem.minimizer)).max() < 1e-12
    np.testing.assert_allclose(
        problem.predictions(problem.minimizer), line.predictions(line.optimum), atol=1e-11
    )
    assert problem.optimum is None


@pytest.mark.parametrize("l2", [1e-3, 0.02, 0.1, 0.3, 5.0])
@pytest.mark.parametrize("kind", TARGETS)
def test_with_a_penalty_no_descent_goes_below_it(kind, l2):
    problem = layers(kind, l2=l2)
    ends = [
        minimize(
            problem.loss,
            RNG.normal(size=problem.d),
            jac=problem.gradient,
            method="BFGS",
            options={"gtol": 1e-8},
        ).fun
        for _ in range(4)
    ]
    assert problem.minimum_loss == pytest.approx(min(ends), rel=1e-12, abs=1e-13)
    assert np.abs(problem.gradient(problem.minimizer)).max() < 1e-11


def test_of_very_many_points_a_few_rows_are_solved_for():
    n = 2 * tall.FEW
    x = np.tile(X, (n // 30 + 1, 1))[:n]
    y = np.tile(Z, n // 30 + 1)[:n]
    for l2 in (0.1, 0.0):
        problem = problems.network(x, y, hidden=2, activation="linear", l2=l2)
        assert n > tall.FEW
        assert np.abs(problem.gradient(problem.minimizer)).max() < 1e-11
        # Of points that come again and again, each as often but for the last.
        few = layers(l2=l2)
        assert problem.minimum_loss == pytest.approx(few.minimum_loss, rel=1e-3)


def test_a_large_penalty_leaves_the_mean():
    problem = layers(l2=5.0)
    assert problem.minimum_loss == pytest.approx(Z.var(), rel=1e-13)
    assert not problem.minimizer[:-1].any()


def test_where_the_loss_falls_without_end():
    for arguments in ({"kind": "logistic", "y": X[:, 0] > 0}, {"kind": "poisson", "y": 0 * Z}):
        problem = problems.network(X[:, 0], hidden=2, activation="linear", **arguments)
        assert problem.minimizer is None
        assert problem.minimum_loss == pytest.approx(0.0, abs=1e-9)
    with_penalty = problems.network(
        X[:, 0], np.ones(30), kind="logistic", activation="linear", l2=0.1
    )
    assert with_penalty.minimizer is None
    assert with_penalty.minimum_loss == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("size", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("l2", [1e-300, 1e-12, 1e-3])
def test_odd_columns(size, l2):
    for x in (X * size, X[:, [0, 0]] * size, 0 * X, X[:1] * size):
        problem = problems.network(x, Z[: len(x)], hidden=2, activation="linear", l2=l2)
        line = problems.least_squares(x, Z[: len(x)], intercept=True)
        least = problem.minimum_loss
        assert line.minimum_loss * (1 - 1e-9) - 1e-15 <= least <= Z[: len(x)].var() * (1 + 1e-12)
        assert problem.loss(problem.minimizer) == least


def test_labels_that_are_separated_and_hardly_a_penalty():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for l2 in (1e-9, 1e-30):
            problem = problems.network(
                X[:, 0], X[:, 0] > 0, kind="logistic", activation="linear", l2=l2
            )
            assert 0.0 <= problem.minimum_loss < 1e-6


def test_all_weights_0_are_a_saddle():
    problem = layers()
    w = np.zeros(problem.d)
    w[-1] = Z.mean()
    np.testing.assert_allclose(problem.gradient(w), 0.0, atol=1e-15)
    rise, fall = np.zeros(problem.d), np.zeros(problem.d)
    slopes = X.T @ (Z - Z.mean())
    fall[:3], fall[8] = slopes / np.linalg.norm(slopes), 1.0
    rise[:3], rise[8] = fall[:3], -1.0
    here = problem.loss(w)
    assert problem.loss(w + 0.01 * fall) < here < problem.loss(w + 0.01 * rise)
    stuck = simopt.run(problem.replace(w0=w), simopt.SGD(eta=0.1), batch_size="full", epochs=3)
    np.testing.assert_allclose(stuck.summary["loss"], here, rtol=1e-14)


def conserved(problem, w):
    """What the flow keeps of the layers' weights."""
    h, p = problem.hidden, problem.columns
    inner, b, a = w[: h * p].reshape(h, p), w[h * p : h * p + h], w[h * p + h : -1]
    return inner @ inner.T + np.outer(b, b) - np.outer(a, a)


def test_the_flow_keeps_the_difference_of_the_layers():
    """To a share of the rate, and its change halves with the rate; tanh units keep none."""
    plan = {"batch_size": "full", "record": "epochs"}
    changes = {}
    for activation in ("linear", "tanh"):
        problem = problems.network(X, X @ [1.0, -2.0, 0.5] + Z / 3, hidden=2, activation=activation)
        for eta in (0.01, 0.005):
            plan["epochs"] = round(5 / eta)
            row = simopt.sweep(problem, simopt.SGD(eta=eta), **plan).iloc[-1]
            w = row[[f"w_{k}" for k in range(problem.d)]].to_numpy(float)
            assert row["loss"] < 0.6 * problem.loss(problem.w0)
            change = conserved(problem, w) - conserved(problem, problem.w0)
            changes[activation, eta] = np.abs(change).max()
    assert changes["linear", 0.01] < 0.05
    assert changes["linear", 0.005] / changes["linear", 0.01] == pytest.approx(0.5, abs=0.05)
    assert changes["tanh", 0.005] > 0.1


def test_units_that_answer_themselves_reach_what_is_said():
    problem = layers(hidden=3)
    frame = simopt.sweep(problem, simopt.Momentum(eta=0.02), batch_size="full", epochs=400)
    assert frame["loss"][0] == pytest.approx(problem.minimum_loss, rel=1e-9)
    assert not math.isnan(problem.minimum_loss)
