"""Rules that sum over a trajectory's weights: the engine's third stage, held to plain Python."""

import math
import pickle

import numpy as np
import pytest

import simopt
from simopt.rules import adafactor
from simopt.training.stepper import Stepper

rng = np.random.default_rng(3)
POINTS = rng.normal(size=(12, 5))
PROBLEMS = {
    "one weight": simopt.problems.four_points(),
    "five weights": simopt.problems.least_squares(POINTS, POINTS.sum(axis=1), w0=0.5, l2=0.1),
    "logistic": simopt.problems.logistic(POINTS[:, :3], POINTS[:, 3] > 0, w0=0.5),
    "network": simopt.problems.network(POINTS[:, :2], POINTS[:, 2], hidden=2),
    "noise": simopt.problems.noisy_quadratic([1.0, 0.5, 0.1], [1.0, 0.3, 0.0]),
}


def squares(w, g, eta, v, steps, t, beta, weight_decay):
    u = beta * v + g + weight_decay * w
    return u * u, w * w


def ratio(steps, t, steps_squared, weights_squared, eta, beta):
    """The clock keeps the largest ratio so far, by the rate."""
    now = eta * math.sqrt(weights_squared / (steps_squared + 1e-12)) + t * 1e-3
    return (now if now > steps else steps), t + 1


def update(w, g, eta, v, steps, t, beta=0.9, weight_decay=0.01):
    v = beta * v + g + weight_decay * w
    return w - steps * v, v


LONGEST = simopt.rule(update, clock=ratio, terms=squares, name="Longest", eta=0.02)


def by_hand(problem, batches, rates, beta=0.9, weight_decay=0.01):
    """The same rule on arrays of all weights."""
    w, v, longest = problem.w0.copy(), np.zeros(problem.d), 0.0
    for t, (points, eta) in enumerate(zip(batches, rates, strict=True)):
        g = problem.gradient(w, points)
        v = beta * v + g + weight_decay * w
        now = eta * math.sqrt((w @ w) / (v @ v + 1e-12)) + t * 1e-3
        longest = max(longest, now)
        w = w - longest * v
    return w


def ends(frame):
    return frame[[c for c in frame if c == "w" or c.startswith("w_")]].to_numpy(float)


@pytest.mark.parametrize("name", ["one weight", "five weights", "logistic", "network"])
def test_a_rule_with_sums_is_what_its_formula_says(name):
    problem = PROBLEMS[name]
    n = problem.n
    rates = simopt.schedules.step(every=4).rates(0.02, 3 * -(-n // 3))
    batches = [np.arange(s, min(s + 3, n)) for _ in range(3) for s in range(0, n, 3)]
    run = simopt.run(
        problem, LONGEST(), batch_size=3, epochs=3, schedule=simopt.schedules.step(every=4)
    )
    np.testing.assert_allclose(
        ends(run.summary.to_frame().T)[0], by_hand(problem, batches, rates), rtol=1e-12
    )


PLANS = {
    "plain": {},
    "schedule": {"schedule": simopt.schedules.step(every=4)},
    "reacting": {"schedule": simopt.schedules.plateau(0.5, 0)},
    "norm": {"clip_norm": 0.7},
    "value": {"clip_value": 0.5},
    "box": {"box": (-0.4, 3.5)},
    "left out": {"no_decay": [1], "no_clip": [0], "clip_norm": 0.7},
    "shuffled": {"shuffle": "epoch", "seed": [1, 2]},
    "replacement": {"shuffle": "replacement", "seed": [1, 2, 3]},
}


#: Of one weight none is left out; noise has no points and no epochs.
PAIRS = [
    (name, plan)
    for name in PROBLEMS
    for plan in PLANS
    if not (name == "one weight" and plan == "left out")
    and not (name == "noise" and plan in ("reacting", "replacement", "shuffled"))
]


@pytest.mark.interpreted
@pytest.mark.parametrize(("name", "plan"), PAIRS)
def test_the_engine_computes_what_run_does(name, plan):
    problem, options = PROBLEMS[name], {**PLANS[plan]}
    if problem.n:
        options |= {"epochs": 4, "batch_size": [2, 7] if problem.n > 4 else [1, 3]}
    else:
        options |= {"updates": 12}
    frame = simopt.sweep(problem, LONGEST(eta=[0.01, 0.03]), **options)
    columns = [c for c in ("batch_size", "seed") if isinstance(options.get(c), list)]
    for (_, row), swept in zip(frame.iterrows(), ends(frame), strict=True):
        one = {**options, **{c: row[c] for c in columns}}
        traced = simopt.run(problem, LONGEST(eta=row["eta"]), **one)
        np.testing.assert_allclose(swept, ends(traced.summary.to_frame().T)[0], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one weight", "five weights"])
def test_single_precision_sums_in_double(name):
    problem = PROBLEMS[name]
    frame = simopt.sweep(problem, LONGEST(), epochs=4, batch_size=3, dtype="float32")
    traced = simopt.run(problem, LONGEST(), epochs=4, batch_size=3)
    np.testing.assert_allclose(ends(frame)[0], ends(traced.summary.to_frame().T)[0], rtol=2e-5)


def test_sums_add_up_in_the_weights_order():
    """Of these, another order gives another sum."""
    values = [1.0, 1e16, -1e16, 1.0]

    def own(w, g, eta, total):
        return (g,)

    def kept(total, s, eta):
        return (s,)

    def still(w, g, eta, total):
        return w

    stepper = Stepper(simopt.rule(still, clock=kept, terms=own)(), [0.0] * 4)
    stepper.step(values)
    assert stepper.clock == [((1.0 + 1e16) - 1e16) + 1.0] != [math.fsum(values)]


def test_a_clock_value_starts_at_a_hyperparameter():
    def terms(w, g, eta, size):
        return (g * g,)

    def grown(size, total, eta, first):
        return (size + total,)

    def step(w, g, eta, size, first=4.0):
        return w - eta * g / size

    made = simopt.rule(step, clock=grown, terms=terms, initial={"size": "first"})
    stepper = Stepper(made(eta=1.0), [0.0, 0.0])
    stepper.step([1.0, 2.0])
    assert stepper.clock == [9.0]
    problem = PROBLEMS["five weights"]
    run, frame = (f(problem, made(first=7.0), epochs=2) for f in (simopt.run, simopt.sweep))
    np.testing.assert_allclose(ends(frame)[0], ends(run.summary.to_frame().T)[0], rtol=1e-12)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["one weight", "five weights"])
def test_a_cut_trajectory_goes_on(name):
    problem, optimizer = PROBLEMS[name], LONGEST()
    short = simopt.run(problem, optimizer, epochs=2)
    longer = simopt.run(problem, optimizer, epochs=5, resume=short)
    whole = simopt.run(problem, optimizer, epochs=5)
    assert longer.summary["loss"] == whole.summary["loss"]
    kept = simopt.sweep(problem, optimizer, epochs=2, keep_state=True)
    assert {"state_steps", "state_t"} <= set(kept)
    went_on = simopt.sweep(problem, optimizer, epochs=5, resume=kept)
    np.testing.assert_array_equal(ends(went_on), ends(simopt.sweep(problem, optimizer, epochs=5)))


@pytest.mark.parametrize("form", ["fading", "debiased", "mean"])
def test_an_average_of_a_rule_with_sums(form):
    problem = PROBLEMS["five weights"]
    gamma = {} if form == "mean" else {"gamma": 0.6}
    averaged = simopt.averaged(LONGEST(), form=form, start=2, **gamma)
    plain, mean = (simopt.run(problem, each, epochs=2) for each in (LONGEST(), averaged))
    columns = [f"w_{k}" for k in range(5)]
    np.testing.assert_array_equal(plain.steps[columns], mean.steps[columns])


def test_a_snapshot_takes_the_terms_along():
    scale = [2.0]

    def terms(w, g, eta, total):
        return (scale[0] * g * g,)

    def kept(total, s, eta):
        return (s,)

    def step(w, g, eta, total):
        return w - eta * total * g

    made = simopt.rule(step, clock=kept, terms=terms)
    frozen = made.snapshot()
    assert frozen is made.snapshot() is not made
    scale[0] = 3.0
    assert made.snapshot() is not frozen
    again = pickle.loads(pickle.dumps(frozen))
    assert again is frozen
    assert (again.terms(0.0, 1.0, 0.1, 0.0), again.totals) == ((2.0,), ("s",))


def one(w, g, eta, total):
    return (g,)


def kept(total, s, eta):
    return (s,)


def step(w, g, eta, total):
    return w - eta * total * g


WRONG = {
    "terms=": lambda: simopt.rule(lambda w, g, eta: w, terms=lambda w, g, eta: (g,)),
    "terms=['w', 'g']": lambda: simopt.rule(step, clock=kept, terms=lambda w, g: (g,)),
    "terms=3": lambda: simopt.rule(step, clock=kept, terms=3),
    "clock=['total', 's']": lambda: simopt.rule(step, clock=lambda total, s: (s,), terms=one),
    "clock=['total', 'eta']": lambda: simopt.rule(step, clock=lambda total, eta: (1,), terms=one),
    "rule 'step': <lambda>": lambda: simopt.sweep(
        PROBLEMS["one weight"], simopt.rule(step, clock=kept, terms=lambda w, g, eta, total: g)()
    ),
    "rule 'step': one": lambda: simopt.sweep(
        PROBLEMS["one weight"],
        simopt.rule(step, clock=lambda total, s, more, eta: (s,), terms=one)(),
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused(message):
    with pytest.raises(ValueError, match="must") as caught:
        WRONG[message]()
    assert str(caught.value).startswith(message)


def two_hundred(problem, optimizer):
    """The weights after 200 updates by two points each."""
    stepper = Stepper(optimizer, problem.w0.tolist())
    for t in range(200):
        points = [t % 12, (5 * t + 1) % 12]
        stepper.step(problem.gradient(stepper.weights, points).tolist())
    return stepper.weights


def test_prodigy_is_that_of_its_authors():
    """prodigyopt 1.1.2, float64, after 200 updates: lr=1, d0=1e-3, d_coef=0.7, weight_decay=0.1."""
    problem = PROBLEMS["five weights"]
    optimizer = simopt.Prodigy(d0=1e-3, coefficient=0.7, weight_decay=0.1)
    weights = two_hundred(problem, optimizer)
    theirs = [
        0.7032182261848762, 0.9442236301578472, 0.9156406922425198, 0.716957840056991,
        0.8789515740653379,
    ]  # fmt: skip
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)


def test_d_adaptation_is_that_of_its_authors():
    """dadaptation 3.2, float64, after 200 updates: lr=0.7, decouple=True, and as below."""
    optimizer = simopt.DAdaptAdamW(eta=0.7, d0=1e-3, weight_decay=0.1)
    theirs = [
        0.4294740677917116, 0.8418056400014587, 0.7294189925478595, 0.4620400155439097,
        0.694192517559151,
    ]  # fmt: skip
    weights = two_hundred(PROBLEMS["five weights"], optimizer)
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)


def test_adafactor_is_pytorchs():
    """torch 2.13.0, after 200 updates: d=1.5, eps=(0.1, 0.7), beta2_decay=-0.6, as below."""
    optimizer = simopt.Adafactor(
        eta=0.05, epsilon=0.1, epsilon2=0.7, limit=1.5, exponent=0.6, weight_decay=0.1,
        convention="torch",
    )  # fmt: skip
    theirs = [
        0.7382761237360363, 0.9126426370860816, 0.8940246418112964, 0.6531767520575416,
        0.9265199575381725,
    ]  # fmt: skip
    weights = two_hundred(PROBLEMS["five weights"], optimizer)
    np.testing.assert_allclose(weights, theirs, rtol=1e-12)


def test_adafactors_decay_by_a_carried_logarithm_is_that_of_a_power():
    """For a hundred thousand updates; after the first nothing of the start is left."""
    at, (epsilon, least, limit, exponent) = (0.0,) * 6, (1e-30, 1e-3, 1.0, 0.8)
    clock = adafactor.clock_by(adafactor.least, adafactor.at_least)
    for t in range(1, 100_001):
        at = clock(*at, 1.0, 1.0, 1.0, 0.01, epsilon, least, limit, exponent)
        if t in (1, 2, 3, 10, 1000, 100_000):
            assert at[2] == pytest.approx(1 - t**-0.8, rel=1e-14, abs=0)
            assert 1 - at[3] == pytest.approx((t + 1) ** -0.8, rel=1e-11)
