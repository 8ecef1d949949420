"""Rules whose clock asks for the batch's loss: Polyak's step, held to arrays of all weights."""

import functools
import re

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.engine import cpu, grouping
from simopt.training.stepper import Stepper
from tests.test_sums import POINTS, ends


def squares(w, g, eta, step):
    return (g * g,)


def polyak(step, gradients, loss, eta, share):
    ahead = loss / (share * gradients) if gradients > 0 else 0.0
    return (ahead if ahead < eta else eta,)


def scaled(w, g, eta, step, share=0.5):
    return w - step * g


POLYAK = simopt.rule(scaled, clock=polyak, terms=squares, name="Polyak", eta=1.0)


def line(a, b, x, y):
    return (a * x + b - y) * (a * x + b - y)


def slope(a, b, x, y):
    return 2 * (a * x + b - y) * x, 2 * (a * x + b - y)


def bowl(x, y):
    return x * x + y * y * y * y


def fall(x, y):
    return 2 * x, 4 * y * y * y


X, Y = POINTS[:, :3], POINTS[:, 3]
PROBLEMS = {
    "one weight": problems.four_points(),
    "one weight, penalty": problems.least_squares([1.0, 2.0, -0.5], [1.0, 3.0, 2.0], l2=0.3),
    "several weights": problems.least_squares(X, Y, w0=0.5, l2=0.1, intercept=True),
    "logistic": problems.logistic(X, Y > 0, w0=0.5, l2=0.05),
    "huber": problems.huber(X, Y, delta=0.4, w0=2.0),
    "poisson": problems.poisson(X, np.arange(12) % 4),
    "network": problems.network(X, Y, hidden=2, l2=0.02),
    "linear network": problems.network(X, Y, hidden=2, activation="linear"),
    "function": problems.function(line, slope, w0=[1.0, -1.0], points=POINTS[:, :2]),
    "no points": problems.function(bowl, fall, w0=[1.0, 0.7]),
    "noise": problems.noisy_quadratic([1.0, 0.5, 0.1], [0.1, 0.03, 0.0]),
}


def by_hand(problem, batches, eta=1.0, share=0.5):
    """The same rule on arrays, a batch's loss being that of a problem of its points alone."""
    w = problem.w0.copy()
    for points in batches:
        g = problem.gradient(w, points)
        loss = problem.batch_loss(w, points) + float(problem.l2 @ (w * w)) / 2
        total = float(g @ g)
        w = w - min(eta, loss / (share * total) if total > 0 else 0.0) * g
    return w


@pytest.mark.parametrize("name", [name for name in PROBLEMS if PROBLEMS[name].n])
def test_the_step_is_what_its_formula_says(name):
    problem = PROBLEMS[name]
    n = problem.n
    batches = [np.arange(s, min(s + 3, n)) for _ in range(3) for s in range(0, n, 3)]
    run = simopt.run(problem, POLYAK(), batch_size=3, epochs=3)
    expected = by_hand(problem, batches)
    np.testing.assert_allclose(ends(run.summary.to_frame().T)[0], expected, rtol=1e-11)


def test_a_gradients_loss_is_the_penaltys_too():
    """The step's slope along itself is that of the loss that it divides."""
    problem = PROBLEMS["several weights"]
    w, points = np.array([0.3, -1.0, 2.0, 0.1]), np.array([1, 4])
    part = problems.least_squares(X[points], Y[points], l2=0.1, intercept=True)
    assert part.loss(w) == pytest.approx(
        problem.batch_loss(w, points) + float(problem.l2 @ (w * w)) / 2, rel=1e-14
    )
    np.testing.assert_allclose(part.gradient(w), problem.gradient(w, points), rtol=1e-13)


PLANS = {
    "plain": {},
    "full": {"batch_size": "full"},
    "schedule": {"schedule": simopt.schedules.step(every=4)},
    "norm": {"clip_norm": 0.7},
    "shuffled": {"shuffle": "epoch", "seed": [1, 2]},
    "replacement": {"shuffle": "replacement", "seed": [1, 2, 3]},
    "averaged": {},
}
PAIRS = [
    (name, plan)
    for name in PROBLEMS
    for plan in PLANS
    if PROBLEMS[name].n or plan not in ("full", "shuffled", "replacement")
]


#: Orders differ from lane to lane only where a seed draws them.
KINDS = [
    (name, plan, points)
    for name, plan in PAIRS
    for points in ("shared", "own")
    if points == "shared" or "seed" in PLANS[plan] or not PROBLEMS[name].n
]


@pytest.mark.interpreted
@pytest.mark.parametrize(("name", "plan", "points"), KINDS)
def test_the_engine_computes_what_run_does(name, plan, points, monkeypatch):
    if points == "own":
        for what in ("WORTH_SHARING", "WORTH_SHARING_DEAR"):
            monkeypatch.setattr(grouping, what, 1e9)
        monkeypatch.setattr(grouping, "LEAST_OWN", 0)
    kinds, kernel = set(), cpu.kernel

    def noted(rule, passes, points, *rest):
        kinds.add(points)
        return kernel(rule, passes, points, *rest)

    monkeypatch.setattr(cpu, "kernel", noted)
    problem, options = PROBLEMS[name], {**PLANS[plan]}
    if problem.n:
        options = {"epochs": 3, "batch_size": 3, **options}
    else:
        options |= {"updates": 12}
    rule = functools.partial(POLYAK, share=0.6)
    if plan == "averaged":
        frame = simopt.sweep(problem, simopt.averaged(rule(eta=[0.2, 1.0]), gamma=0.5), **options)
    else:
        frame = simopt.sweep(problem, rule(eta=[0.2, 1.0]), **options)
    for (_, row), swept in zip(frame.iterrows(), ends(frame), strict=True):
        one = {**options, **({"seed": row["seed"]} if "seed" in options else {})}
        made = rule(eta=row["eta"])
        made = simopt.averaged(made, gamma=0.5) if plan == "averaged" else made
        traced = simopt.run(problem, made, **one)
        np.testing.assert_allclose(swept, ends(traced.summary.to_frame().T)[0], rtol=1e-10)
    assert kinds == {points}


@pytest.mark.parametrize(
    "name",
    [
        "several weights",
        pytest.param("one weight", marks=pytest.mark.slow),
        pytest.param("network", marks=pytest.mark.slow),
    ],
)
def test_compiled_it_is_the_same(name):
    problem = PROBLEMS[name]
    frame = simopt.sweep(problem, POLYAK(), batch_size=3, epochs=3)
    traced = simopt.run(problem, POLYAK(), batch_size=3, epochs=3)
    np.testing.assert_allclose(ends(frame)[0], ends(traced.summary.to_frame().T)[0], rtol=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one weight", "several weights", "network"])
def test_single_precision_adds_losses_in_double(name):
    problem = PROBLEMS[name]
    frame = simopt.sweep(problem, POLYAK(), batch_size=3, epochs=3, dtype="float32")
    traced = simopt.run(problem, POLYAK(), batch_size=3, epochs=3)
    np.testing.assert_allclose(ends(frame)[0], ends(traced.summary.to_frame().T)[0], rtol=2e-4)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["one weight", "several weights"])
def test_a_cut_trajectory_goes_on(name):
    problem = PROBLEMS[name]
    short, longer = simopt.run(problem, POLYAK(), epochs=2), simopt.run(problem, POLYAK(), epochs=5)
    assert simopt.run(problem, POLYAK(), epochs=5, resume=short).summary.equals(longer.summary)
    kept = simopt.sweep(problem, POLYAK(), epochs=2, keep_state=True)
    went_on = simopt.sweep(problem, POLYAK(), epochs=5, resume=kept)
    np.testing.assert_array_equal(ends(went_on), ends(simopt.sweep(problem, POLYAK(), epochs=5)))


def test_a_stepper_is_given_the_loss():
    stepper = Stepper(POLYAK(), [3.0])
    stepper.step([2.0], loss=0.5)
    assert stepper.weights == [3.0 - 2.0 * 0.5 / (0.5 * 4.0)]
    with pytest.raises(ValueError, match=r"loss=None: must be the batch's: rule 'Polyak' asks"):
        stepper.step([2.0])


def no_sum(step, loss, eta):
    return (loss,)


def loss_first(step, loss, gradients, eta):
    return (loss,)


@pytest.mark.parametrize("clock", [no_sum, loss_first])
def test_the_loss_comes_behind_the_sums(clock):
    with pytest.raises(ValueError, match=re.escape("clock=")) as caught:
        simopt.rule(scaled, clock=clock, terms=squares)
    assert "loss at will, eta" in str(caught.value)
