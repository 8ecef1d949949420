"""An average of the weights: what losses, targets and tables are then about."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt

FOUR = simopt.problems.four_points()
PROBLEMS = {
    "one weight": FOUR,
    "several": simopt.problems.diabetes(),
    "logistic": simopt.problems.logistic(
        np.random.default_rng(2).normal(size=(20, 3)), np.arange(20) % 2
    ),
    "noisy quadratic": simopt.problems.noisy_quadratic(1 / np.arange(1, 6), 0.1),
}
ROWS = ["loss", "best_loss", "distance", "peak_distance"]


def averages(weights, start, gamma):
    """Fading averages of weights [updates, d], by their definition."""
    found, mean = [], start
    for w in weights:
        mean = gamma * mean + (1 - gamma) * w
        found.append(mean)
    return np.array(found)


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_a_run_shows_the_average_of_the_plain_one(name, rule):
    """The iterates are those of the optimizer itself; only what is looked at is another."""
    problem, optimizer = PROBLEMS[name], getattr(simopt, rule)(eta=0.02)
    plain = simopt.run(problem, optimizer, batch_size=3, updates=20, seed=5).steps
    run = simopt.run(
        problem, simopt.averaged(optimizer, gamma=0.8), batch_size=3, updates=20, seed=5
    )
    w = [column for column in plain if column == "w" or column.startswith("w_")]
    kept = ["average" if column == "w" else column.replace("w_", "average_") for column in w]
    assert run.steps[w].equals(plain[w])
    expected = averages(plain[w].to_numpy(), problem.w0, 0.8)
    np.testing.assert_allclose(run.steps[kept], expected, rtol=1e-13)
    losses = [problem.loss(each) for each in expected]
    np.testing.assert_allclose(run.steps["loss"], losses, rtol=1e-12)
    np.testing.assert_allclose(run.summary[w].astype(float), expected[-1], rtol=1e-13)


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_sweep_is_a_run(name):
    problem = PROBLEMS[name]
    optimizer = simopt.averaged(simopt.Momentum(eta=[0.01, 0.05, 100.0]), gamma=[0.5, 0.9])
    how = {"batch_size": 2, "updates": 15, "shuffle": "epoch" if problem.n else "never"}
    target = 0.6 * problem.loss(problem.w0)
    frame = simopt.sweep(problem, optimizer, seed=range(2), target=target, **how)
    for row in frame.itertuples():
        one = optimizer.replace(eta=row.eta, gamma=row.gamma)
        summary = simopt.run(problem, one, seed=row.seed, target=target, **how).summary
        assert row.status == summary["status"]
        assert str(row.steps_to_target) == str(summary["steps_to_target"])
        for column in ROWS:
            assert getattr(row, column) == pytest.approx(summary[column], rel=1e-9)


def test_one_that_arrives_stays_there():
    """A lane that has ended keeps its average while others go on beside it."""
    optimizer = simopt.averaged(simopt.SGD(eta=[1e-4, 0.1]), gamma=0.3)
    frame = simopt.sweep(FOUR, optimizer, updates=60, target=1.0, stop_at_target=True)
    alone = simopt.sweep(
        FOUR, optimizer.replace(eta=0.1), updates=60, target=1.0, stop_at_target=True
    )
    assert frame["updates"].tolist() == [60, alone["updates"][0]]
    assert frame["loss"][1] == alone["loss"][0] <= 1.0
    exact = simopt.run(FOUR, optimizer.replace(eta=0.1), updates=60).steps
    assert exact["loss"][alone["updates"][0] - 1] == pytest.approx(alone["loss"][0], rel=1e-12)


@given(st.floats(0, 0.999))
def test_the_average_of_a_constant_rate_is_a_filter(gamma):
    """Without noise, and eta h = 1/2: w = 2^-t, whose average has a closed form."""
    still = simopt.problems.noisy_quadratic([1.0], 0.0)
    run = simopt.run(still, simopt.averaged(simopt.SGD(eta=0.5), gamma=gamma), updates=9)
    t = np.arange(1, 10)
    if abs(gamma - 0.5) > 1e-3:
        exact = gamma**t + (1 - gamma) * (0.5**t - gamma**t) * 0.5 / (0.5 - gamma)
        np.testing.assert_allclose(run.steps["average"], exact, rtol=1e-9)


def test_an_averaged_optimizer_is_a_value():
    made = simopt.averaged(simopt.Adam(eta=[0.1, 0.2], convention=["torch", "keras"]), 0.9)
    assert len(simopt.sweep(FOUR, made)) == 4
    again = made.replace(eta=0.3, gamma=0.5, convention="torch")
    assert again.settings["gamma"] == 0.5
    assert again.convention == "torch"
    assert pickle.loads(pickle.dumps(again)).rule is again.rule
    assert simopt.averaged(simopt.SGD()).rule is simopt.averaged(simopt.SGD(eta=1.0)).rule


@pytest.mark.parametrize(
    ("optimizer", "gamma", "message"),
    [
        (simopt.SGD, 0.9, "optimizer=<function SGD"),
        (simopt.SGD(), 1.0, r"gamma=1.0: must be a number in \[0, 1\)"),
        (simopt.SGD(), [0.5, -1], "gamma=-1"),
        (simopt.averaged(simopt.SGD()), 0.9, "must be one that is not averaged yet"),
    ],
)
def test_bad_input(optimizer, gamma, message):
    with pytest.raises(ValueError, match=message):
        simopt.averaged(optimizer, gamma)
