"""An average of the weights: what losses, targets and tables are then about."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt

pytestmark = pytest.mark.interpreted
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


def weights_of(form, gamma, n):
    """The weights with which w_0, ..., w_n enter the n-th average, by each form's definition."""
    if form == "mean":
        return [0.0] + [1 / n] * n
    if form == "debiased":
        return [0.0] + [(1 - gamma) * gamma ** (n - k) / (1 - gamma**n) for k in range(1, n + 1)]
    kept = [gamma] * n
    if form == "first":
        kept[0] = 0.0
    if form == "warmed":
        kept = [min(gamma, (1 + k) / (10 + k)) for k in range(1, n + 1)]
    shares = [1.0, *(1 - each for each in kept)]
    return [share * math.prod(kept[k:]) for k, share in enumerate(shares)]


FORMS = ["fading", "first", "debiased", "warmed", "mean"]


@pytest.mark.parametrize("start", [0, 1, 4])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("rule", ["SGD", "Adam"])
def test_a_form_by_its_definition(rule, form, start):
    """Until ``start`` the average is the weight; from there on a weighted sum of what follows."""
    optimizer = getattr(simopt, rule)(eta=0.02)
    gamma = None if form == "mean" else 0.8
    run = simopt.run(FOUR, simopt.averaged(optimizer, gamma, form=form, start=start), updates=15)
    w = [3.0, *run.steps["w"]]
    for t, average in enumerate(run.steps["average"], start=1):
        if t <= start:
            assert average == w[t]
            continue
        shares = weights_of(form, gamma, t - start)
        assert sum(shares) == pytest.approx(1.0, rel=1e-14)
        expected = sum(share * each for share, each in zip(shares, w[start:], strict=False))
        assert average == pytest.approx(expected, rel=1e-13)


#: Numbers of states and clock values as they come: a kernel each.
COUNTED = [
    ("SGD", "first", 0, "one weight"),
    ("Adam", "debiased", 3, "one weight"),
    ("Momentum", "mean", 4, "several"),
    ("NAdam", "warmed", 0, "one weight"),
    ("AMSGrad", "fading", 2, "several"),
]


@pytest.mark.parametrize(("rule", "form", "start", "name"), COUNTED)
def test_a_sweep_of_a_form_is_a_run(rule, form, start, name):
    gamma = {} if form == "mean" else {"gamma": [0.5, 0.9]}
    base = getattr(simopt, rule)(eta=[0.01, 0.05])
    optimizer = simopt.averaged(base, form=form, start=start, **gamma)
    frame = simopt.sweep(PROBLEMS[name], optimizer, updates=12)
    for row in frame.itertuples():
        one = optimizer.replace(**{key: getattr(row, key) for key in optimizer.settings})
        assert one.name == row.optimizer
        summary = simopt.run(PROBLEMS[name], one, updates=12).summary
        for column in ROWS:
            assert getattr(row, column) == pytest.approx(summary[column], rel=1e-10)


def test_a_form_is_a_value():
    made = simopt.averaged(simopt.Adam(eta=[0.1, 0.2]), 0.9, form="debiased", start=5)
    assert pickle.loads(pickle.dumps(made)).rule is made.rule
    again = made.replace(eta=0.3, start=0)
    assert again.settings["gamma"] == 0.9
    assert again.name == "Adam, averaged (debiased)"
    assert made.name == "Adam, averaged (debiased from update 6)"
    assert simopt.averaged(simopt.SGD(), form="mean").settings == {"eta": 0.001}


def test_a_rule_of_ones_own_in_a_form():
    def own(w, g, eta, v, t, beta=0.5, kappa=0.1):
        v = beta * v + g
        return w - eta / (1 + kappa * t) * v, v

    def count(t, beta):
        return (t + 1,)

    rule = simopt.rule(own, name="Own", clock=count)
    optimizer = simopt.averaged(rule(eta=0.02), 0.7, form="debiased", start=1)
    frame = simopt.sweep(FOUR, optimizer, updates=9)
    assert frame["w"][0] == pytest.approx(simopt.run(FOUR, optimizer, updates=9).summary["w"])


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


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"form": "ema"}, "form='ema': must be one of"),
        ({"start": -1}, "start=-1"),
        ({"start": 1.5}, r"start=1\.5"),
        ({"gamma": 0.9, "form": "mean"}, "gamma=0.9: must be None with form='mean'"),
    ],
)
def test_a_form_that_is_none(arguments, message):
    with pytest.raises(ValueError, match=message):
        simopt.averaged(simopt.SGD(), **arguments)
