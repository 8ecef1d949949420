"""Every rule, convention and switch against its framework's own: 200 updates, to 1e-12 in float64.

`tests.peers.calls` maps each rule and convention to the framework's call, `tests.peers.frameworks`
trains with it: the framework's loss, gradient and optimizer, and its own arithmetic.

What is covered by which:

- every rule in every convention, with and without weight decay in the framework's own form, and
  every switch that a framework has, at the convention's epsilon and at one near 0.1, on all of
  `TASKS` (least squares with 1 and 10 weights, logistic regression with 3; batches of 1 and of 3):
  the rule's functions in plain Python (`Stepper`), with hypothesis drawing the hyperparameters;
- every rule in every convention on one of these problems, batches of 1 and 3: the compiled engine
  (`simopt.sweep`), several drawn optimizers in one call;
- every rule in every convention over a drop of the rate, and clipping: `simopt.run`.
  `tests/test_sweep.py` and `tests/test_options.py` hold the engine to `run`.

The tolerance is 1e-12 relative to the size of the weights that a trajectory meets, and never less
than 1e-12. A rule that divides by the root of its own squared gradients amplifies rounding without
bound once it has arrived and its root is small (its step then changes by eta h / root per unit of
weight); one that takes signs is not even continuous. So the starts are far away, and the rates such
that 200 updates do not get there. Where a framework loses digits itself the range is narrower, and
says why.
"""

import itertools
import math
import os
import subprocess
import sys
from dataclasses import replace
from functools import partial

import jax
import keras
import numpy as np
import optax
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neural_network import MLPRegressor

import simopt
from simopt.rules import ALL
from simopt.rules.frameworks import FRAMEWORKS
from simopt.training.stepper import Stepper
from tests import recorded
from tests.peers.calls import CONVENTIONS, ELSEWHERE, NOBODYS, SWITCHES, adafactor_keras
from tests.peers.frameworks import WEIGHTS, Task, torch_training
from tests.sources import SOURCES

TOLERANCE = 1e-12
UPDATES = 200
POINTS = 20


def points(d, seed):
    """Rows of about unit length, so that one rate suits any d."""
    return np.random.default_rng(seed).normal(size=(POINTS, d)) / math.sqrt(d)


def noise(seed):
    return np.random.default_rng(seed).normal(size=POINTS)


LINE, PLANE, THREE = points(1, 1), points(10, 2), points(3, 3)
PROBLEMS = {
    "line": simopt.problems.least_squares(LINE, 2 * LINE[:, 0] + noise(4), w0=8.0),
    "plane": simopt.problems.least_squares(
        PLANE, PLANE @ np.arange(-4.0, 6.0) + noise(5), w0=np.linspace(9.0, -9.0, 10)
    ),
    "logistic": simopt.problems.logistic(
        THREE, THREE[:, 0] + noise(6) > 0, w0=[-3.0, 3.0, -3.0], intercept=False
    ),
}
BATCHES = (1, 3)


def orders(batch_size):
    """Random orders for 200 updates [epochs, points]; 3 leaves a short batch at the end."""
    epochs = -(-UPDATES // -(-POINTS // batch_size))
    rows = np.tile(np.arange(POINTS), (epochs, 1))
    return np.random.default_rng(batch_size).permuted(rows, axis=1)


def batches(batch_size):
    """The points of each of 200 updates."""
    cuts = range(batch_size, POINTS, batch_size)
    return [rows for order in orders(batch_size) for rows in np.split(order, cuts)][:UPDATES]


TASKS = [Task(problem, batches(size)) for problem in PROBLEMS.values() for size in BATCHES]
SINGLE = [task for task in TASKS if len(task.batches[0]) == 1]

#: What a hyperparameter is drawn from. Some frameworks refuse a momentum of 0.
RANGES = {
    "beta": (0.01, 0.95),
    "beta1": (0.01, 0.95),
    "beta2": (0.5, 0.999),
    "beta3": (0.5, 0.9999),
    "alpha": (0.0, 8.0),
    "shrink": (0.3, 0.9),
    "grow": (1.05, 1.5),
    "smallest": (1e-6, 1e-3),
    "largest": (1.0, 50.0),
    "rho": (0.5, 0.99),
    "momentum": (0.1, 0.95),
    "weight_decay": (0.001, 0.5),
    "dampening": (0.0, 1.0),
    "lr_decay": (0.0, 0.1),
    "initial_accumulator": (0.0, 1.0),
    "epsilon_root": (1e-8, 0.1),
    "momentum_decay": (0.001, 1.0),
    "threshold": (4.5, 8.0),
    "trust": (1e-4, 0.1),
    "lambd": (1e-5, 0.1),
    "t0": (0.0, 150.0),
    "smoothing": (0.0, 2.0),
    "l1": (0.0, 0.5),
    "l2": (0.0, 0.5),
    "optimism": (0.0, 1.0),
    "reach": (1e-3, 0.1),
    "d0": (1e-3, 0.1),
    "coefficient": (0.5, 2.0),
    "epsilon2": (1e-4, 0.1),
    "limit": (1.0, 3.0),
    "exponent": (0.3, 1.0),
    "adam_ratio": (0.3, 1.0),
}
OWN_RANGES = {
    # A least loss above some batches' too: their steps go up the gradient.
    "PolyakSGD": {"least": (-2.0, 0.3), "largest": (0.02, 50.0)},
    "MoMo": {"least": (-2.0, 0.3)},
    "MoMoAdam": {"least": (-2.0, 0.3)},
    # Longer steps go where a logistic loss is flat, and the sign of its gradient rounding.
    "Rprop": {"largest": (0.02, 0.05)},
}
NEAR_TENTH = (0.05, 0.2)

#: The largest rates: of rules whose step is a multiple of the gradient, of Adadelta, whose steps
#: are of the size of the root of epsilon, and of the others.
RATES = {"SGD": 0.05, "Momentum": 0.05, "Nesterov": 0.05}
#: Those that find a rate need no small one.
RATES |= {"DoG": 0.5, "DoWG": 0.5, "Prodigy": 0.5, "PolyakSGD": 1.0, "COCOB": 1.0, "MoMo": 1.0}
RATES |= {"MoMoAdam": 0.1}
#: With a short memory it may overshoot, and take that for a distance, update after update: rounding
#: grows with it. For its own rate and memory see test_d_adaptation_finds_a_distance.
RATES |= {"DAdaptAdamW": 0.05}
RATE_OF_ADADELTA = {"default": 1.0, "near 0.1": 0.02}
RATE_OF_DIVIDERS = 0.01


def draw_hyperparameters(case, epsilon, draw):
    """A number for every hyperparameter that the case leaves open."""
    optional = dict.fromkeys(case.extra, 0.5)
    names = [*case.optimizer(**optional).rule.hyperparameters]
    highest = RATES.get(case.rule, RATE_OF_DIVIDERS)
    if case.rule == "Adadelta":
        highest = RATE_OF_ADADELTA[epsilon]
    ranges = {"eta": (1e-4, highest), **RANGES, **OWN_RANGES.get(case.rule, {})}
    if epsilon == "near 0.1":
        ranges["epsilon"] = NEAR_TENTH
    return {
        name: draw(st.floats(*ranges[name]), label=name)
        for name in names
        if name in ranges and name not in case.given
    }


def theirs(case, optimizer, tasks, **how):
    """The framework's weights, a table per task."""
    weights = partial(WEIGHTS[case.framework], call=case.call, h=dict(optimizer.settings), **how)
    if optimizer.rule.terms is not None:  # it looks across weights: each problem by itself
        return [weights([task])[0] for task in tasks]
    return weights(tasks)


def stepped(optimizer, task):
    """simopt's, by the rule's own functions [updates, d]."""
    return both(optimizer, task)[0]


def both(optimizer, task):
    """The weights where gradients are taken, and those that are evaluated."""
    stepper = Stepper(optimizer, task.problem.w0.tolist())
    rows, evaluated = [], []
    for rows_of_update in task.batches:
        loss = task.problem.batch_loss(stepper.weights, rows_of_update)
        stepper.step(task.problem.gradient(stepper.weights, rows_of_update).tolist(), loss=loss)
        rows.append(list(stepper.weights))
        evaluated.append(list(stepper.shown))
    return np.array(rows), np.array(evaluated)


def assert_equal(ours, expected, tolerance=TOLERANCE):
    assert np.isfinite(expected).all()
    atol = tolerance * max(1.0, np.abs(expected).max())
    np.testing.assert_allclose(ours, expected, rtol=0, atol=atol)


def tasks_of(case):
    """scikit-learn's SGD takes one point at a time."""
    return SINGLE if case.framework == "sklearn SGD" else TASKS


def has_epsilon(case):
    return "epsilon" in case.optimizer(**dict.fromkeys(case.extra, 0.5)).settings


#: scikit-learn's networks decay outside of their optimizers; they have a test of their own. Some
#: rules always decay, PyTorch's Rprop never.
DECAYED = [
    replace(case, extra=("weight_decay",))
    for case in CONVENTIONS
    if case.framework != "sklearn"
    and case.rule not in ("AdamW", "Rprop")
    and not ALL[case.rule]().made_by.own_decay
]
PAIRS = [
    pytest.param(case, epsilon, id=f"{case}, {epsilon}")
    for case in (*CONVENTIONS, *DECAYED, *SWITCHES)
    for epsilon in (case.epsilons if has_epsilon(case) else ("none",))
]


@pytest.mark.parametrize(("case", "epsilon"), PAIRS)
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_the_rule(case, epsilon, data):
    optimizer = case.optimizer(**draw_hyperparameters(case, epsilon, data.draw))
    tasks = tasks_of(case)
    for task, expected in zip(tasks, theirs(case, optimizer, tasks), strict=True):
        count = comparable(case, optimizer, task, expected)
        assert_equal(stepped(optimizer, task)[:count], expected[:count])


def comparable(case, optimizer, task, expected):
    """How many updates are compared."""
    if case.rule in DISTANCES:
        return until_it_runs_away(task, expected)
    return until_rounding_grows(optimizer, task) if case.rule in CHAOTIC else UPDATES


#: Rules whose steps are so long, where neither the loss nor a bound is in the way, that they jump
#: about the solution: what is rounded differently grows with every jump.
CHAOTIC = ("PolyakSGD",)


def until_rounding_grows(optimizer, task, digits=1e-10, most=1e-8):
    """How many updates there are until rounding to ten digits has grown a hundredfold.

    Told by simopt alone: its weights are moved after every update by so much of themselves as ten
    digits would, and its gradients as if errors had ten digits beside 1, as that of a probability
    has: near its label little is left of it. Rounding to sixteen does a millionth of that, a
    hundredth of the tolerance.
    """
    exact, rng = stepped(optimizer, task), np.random.default_rng(0)
    stepper, apart = Stepper(optimizer, task.problem.w0.tolist()), []
    for rows, weights in zip(task.batches, exact, strict=True):
        loss = task.problem.batch_loss(stepper.weights, rows)
        off = digits * rng.normal(size=len(weights)) * np.abs(task.problem.x[rows]).mean(axis=0)
        stepper.step((task.problem.gradient(stepper.weights, rows) + off).tolist(), loss=loss)
        moved = np.array(stepper.weights) * (1 + digits * rng.normal(size=len(weights)))
        stepper.weights = moved.tolist()
        apart.append(np.abs(moved - weights).max() / max(1.0, np.abs(weights).max()))
    count = int(np.logical_and.accumulate(np.array(apart) <= most).sum())
    assert count > 1
    return count


#: Rules that take a distance to the solution from what they have seen.
DISTANCES = ("DoG", "DoWG", "Prodigy", "DAdaptAdamW")


def until_it_runs_away(task, expected):
    """How many updates there are until weights are a thousand times those at the start.

    From there on each update multiplies them, and the rounding of a distance that a rule has found
    enters as often: it grows with their number, to 4e-12 for Prodigy.
    """
    far = 1e3 * np.abs(task.problem.w0).max()
    held = np.logical_and.accumulate(np.abs(expected).max(axis=1) <= far)
    count = int(held.sum())
    assert count > 1
    return count


def test_d_adaptation_finds_a_distance():
    """At its defaults, over a millionfold."""
    case = call_of("DAdaptAdamW", "optax")
    optimizer = case.optimizer()
    for task, expected in zip(TASKS, theirs(case, optimizer, TASKS), strict=True):
        assert_equal(stepped(optimizer, task), expected)
        stepper = Stepper(optimizer, task.problem.w0.tolist())
        for rows in task.batches:
            stepper.step(task.problem.gradient(stepper.weights, rows).tolist())
        assert dict(zip(optimizer.rule.clock_values, stepper.clock, strict=True))["d"] > 1.0


PROBLEM_OF = dict(zip(CONVENTIONS, itertools.cycle(PROBLEMS.values()), strict=False))


@pytest.mark.parametrize("case", CONVENTIONS, ids=str)
@settings(max_examples=2, deadline=None)
@given(data=st.data())
def test_the_engine(case, data):
    """Two drawn optimizers in one sweep, one with epsilon near 0.1."""
    problem = PROBLEM_OF[case]
    chosen = [
        case.optimizer(**draw_hyperparameters(case, epsilon, data.draw))
        for epsilon in ("default", "near 0.1")
    ]
    columns = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    for task in tasks_of(case):
        if task.problem is not problem:
            continue
        size = len(task.batches[0])
        order = orders(size)
        frame = simopt.sweep(
            problem, chosen, batch_size=size, epochs=len(order), order=order, record="steps",
            divergence=None,
        )  # fmt: skip
        trajectories = np.split(frame[columns].to_numpy(), len(chosen))
        for optimizer, ours in zip(chosen, trajectories, strict=True):
            if optimizer.rule.average is None:
                (expected,) = theirs(case, optimizer, [task])
                count = UPDATES
                if case.rule in CHAOTIC:
                    count = until_rounding_grows(optimizer, task)
                assert_equal(ours[:count], expected[:count])
            else:  # the weights meet the framework's in test_the_rule
                assert_equal(ours[:UPDATES], both(optimizer, task)[1])


def traced(optimizer, task, **options):
    """simopt's weights by `run`, with the other columns of its steps."""
    size = len(task.batches[0])
    order = orders(size)
    steps = simopt.run(
        task.problem, optimizer, batch_size=size, epochs=len(order), order=order, **options
    ).steps[:UPDATES]
    names = ["w"] if task.problem.d == 1 else [f"w_{k}" for k in range(task.problem.d)]
    return steps[names].to_numpy(), steps


#: The rate falls to a tenth after ten updates.
DROP = simopt.schedules.multi_step([10], gamma=0.1)
GATHERED = [case for case in SWITCHES if {"momentum", "dampening"} & {*case.extra}]


def after_drop(eta):
    return np.where(np.arange(UPDATES) < 10, eta, 0.1 * eta)


@pytest.mark.parametrize("case", [*CONVENTIONS, *GATHERED], ids=str)
def test_a_drop_of_the_rate(case):
    optimizer = case.optimizer(eta=0.02, **dict.fromkeys(case.extra, 0.5))
    tasks = tasks_of(case)[:3]
    expected = theirs(case, optimizer, tasks, rates=after_drop(0.02))
    for task, weights in zip(tasks, expected, strict=True):
        assert_equal(traced(optimizer, task, schedule=DROP)[0], weights)


def call_of(rule, convention):
    return next(c for c in CONVENTIONS if (c.rule, c.convention) == (rule, convention))


@pytest.mark.parametrize("rule", ["Momentum", "Nesterov"])
def test_the_rate_in_or_out_of_the_buffer(rule):
    """PyTorch and Keras agree until the rate drops; ten updates on they are far apart."""
    weights = {}
    for convention in ("torch", "keras"):
        case = call_of(rule, convention)
        optimizer = case.optimizer(eta=0.02)
        weights[convention] = theirs(case, optimizer, TASKS[:1], rates=after_drop(0.02))[0]
        weights[convention, "ours"] = traced(optimizer, TASKS[0], schedule=DROP)[0]
    assert_equal(weights["torch"][:10], weights["keras"][:10])
    apart = abs(weights["torch"][19] / weights["keras"][19] - 1)
    assert apart > 0.1
    ours = abs(weights["torch", "ours"][19] / weights["keras", "ours"][19] - 1)
    assert ours == pytest.approx(apart, rel=1e-9)


CLIPPED = [
    case
    for case in CONVENTIONS
    if case.rule in ("SGD", "Nesterov", "Adam", "AdamW")
    and case.framework == case.convention
    and case.framework != "sklearn"
]


@pytest.mark.parametrize("kind", ["norm", "value"])
@pytest.mark.parametrize("case", CLIPPED, ids=str)
@settings(max_examples=2, deadline=None)
@given(bound=st.floats(1.0, 8.0), data=st.data())
def test_clipping(case, kind, bound, data):
    """By each framework's own function or option; some gradients are clipped, some are not."""
    optimizer = case.optimizer(**draw_hyperparameters(case, "default", data.draw))
    for task in TASKS[:4]:
        ours, steps = traced(optimizer, task, **{f"clip_{kind}": bound})
        before, after = (
            steps.filter(regex=rf"^{column}(_\d+)?$").to_numpy()
            for column in ("gradient", "clipped")
        )
        clipped = (before != after).any(axis=1)
        assert 0 < clipped.sum() < UPDATES
        assert_equal(ours, theirs(case, optimizer, [task], clip=(kind, bound))[0])


def test_pytorch_clips_a_little_more():
    """By 1e-6 / (|g| + 1e-6): on a gradient of 16, clipped to 2, by 6e-8 of it."""
    four = simopt.problems.four_points()
    torch_like, exact = (
        simopt.run(four, simopt.SGD(eta=0.1, convention=c), clip_norm=2.0).steps["clipped"][0]
        for c in ("torch", "optax")
    )
    assert exact == -2.0
    assert torch_like == pytest.approx(-2.0 * 16 / (16 + 1e-6), rel=1e-15)
    assert exact / torch_like - 1 == pytest.approx(1e-6 / 16, rel=1e-6)


@pytest.mark.parametrize("solver", ["sgd", "nesterov", "adam"])
def test_decay_in_a_network_of_scikit_learn(solver):
    """It couples alpha, over the size of the batch, to a loss that is half of ours.

    Every batch is a point and its mirror image, so that the intercept never moves.
    """
    x = np.random.default_rng(8).normal(size=(POINTS, 4))
    y = x @ [3.0, -2.0, 4.0, 1.0]
    pairs = np.stack([x, -x], axis=1).reshape(-1, 4), np.stack([y, -y], axis=1).ravel()
    start, eta, alpha, epsilon = np.array([9.0, 8.0, -9.0, 7.0]), 0.01, 0.6, 0.1
    network = MLPRegressor(
        hidden_layer_sizes=(), solver="adam" if solver == "adam" else "sgd", alpha=alpha,
        batch_size=2, learning_rate_init=eta, momentum=0.8, nesterovs_momentum=solver == "nesterov",
        epsilon=epsilon, shuffle=False,
    )  # fmt: skip
    network.partial_fit(pairs[0][:2], pairs[1][:2])
    del network._optimizer  # it starts anew, with the weights below
    network.coefs_[0][:, 0], network.intercepts_[0][:] = start, 0.0
    for _ in range(UPDATES // POINTS):
        network.partial_fit(*pairs)
    decay = {"weight_decay": 2 * alpha / 2, "convention": "sklearn"}
    optimizer = {
        "sgd": simopt.Momentum(eta=eta / 2, beta=0.8, **decay),
        "nesterov": simopt.Nesterov(eta=eta / 2, beta=0.8, **decay),
        "adam": simopt.Adam(eta=eta, epsilon=2 * epsilon, **decay),
    }[solver]
    problem = simopt.problems.least_squares(*pairs, w0=start)
    run = simopt.run(problem, optimizer, batch_size=2, epochs=UPDATES // POINTS)
    assert abs(network.intercepts_[0]) < 1e-12
    ours = run.summary[[f"w_{k}" for k in range(4)]].to_numpy(dtype=float)
    assert_equal(ours, network.coefs_[0][:, 0])
    assert np.abs(ours - start).min() > 0.1


def test_every_rule_and_convention_is_here():
    here = {(case.rule, case.convention) for case in CONVENTIONS}
    assert (
        here
        == {
            (name, convention)
            for name, rule in ALL.items()
            for convention in rule().made_by.conventions
            if convention not in (*recorded.DRIVERS, *SOURCES)  # those of tests/test_frameworks.py
        }
        - ELSEWHERE
    )


def test_every_switch_is_here():
    """Each value of each switch, and each optional hyperparameter, but those of `NOBODYS`."""
    here, wanted = set(), set()
    for case in (*CONVENTIONS, *SWITCHES):
        family = ALL[case.rule]().made_by
        preset = {**family.preset(case.convention), **case.given}
        here |= {(case.rule, name, preset[name]) for name in family.switches}
        here |= {(case.rule, name) for name in family.optional if name in preset}
        here |= {(case.rule, name) for name in case.extra}
    for key in (*recorded.DRIVERS, *SOURCES):
        for call in FRAMEWORKS[key].calls:
            family = ALL[call.rule]().made_by
            preset = {**family.preset(call.convention or key), **call.given}
            here |= {(call.rule, name, preset[name]) for name in family.switches}
            here |= {(call.rule, name) for name in family.optional if name in preset}
    for rule, make in ALL.items():
        family = make().made_by
        wanted |= {(rule, name, each) for name in family.switches for each in family.switches[name]}
        wanted |= {(rule, name) for name in family.optional}
    assert wanted - here == NOBODYS


# Where a framework itself is off.


def test_keras_takes_the_means_of_adafactor_in_single_precision():
    case = call_of("Adafactor", "keras")
    optimizer = case.optimizer(eta=0.02)
    for task in TASKS:
        (own,) = WEIGHTS["keras"](
            [task], adafactor_keras(keras.optimizers.Adafactor), dict(optimizer.settings)
        )
        ours = stepped(optimizer, task)
        assert_equal(ours, own, 1e-6)
        apart = np.abs(ours - own).max() / np.abs(own).max()
        assert apart > 1e-10


def test_optax_takes_the_decay_of_adafactor_in_single_precision():
    optimizer = call_of("Adafactor", "optax").optimizer(eta=0.02)
    for task in TASKS:
        (own,) = WEIGHTS["optax"]([task], lambda _: lambda _: optax.adafactor(0.02), {})
        ours = stepped(optimizer, task)
        assert_equal(ours, own, 1e-6)
        apart = np.abs(ours - own).max() / np.abs(own).max()
        assert apart > 1e-10


def test_optax_takes_the_root_of_a_count_in_single_precision():
    optimizer = call_of("MADGRAD", "optax").optimizer(eta=0.02)
    for task in TASKS:
        (own,) = WEIGHTS["optax"]([task], lambda _: lambda _: optax.contrib.madgrad(0.02), {})
        ours = stepped(optimizer, task)
        assert_equal(ours, own, 1e-6)
        assert np.abs(ours - own).max() / np.abs(own).max() > 1e-10


KERAS_CLIPNORM = """
import keras, numpy as np
keras.config.set_floatx("float64")
gradient = np.array([3.0, 4.1])
w = keras.Variable(np.zeros(2), dtype="float64")
optimizer = keras.optimizers.SGD(1.0, clipnorm=0.7)
optimizer.apply([keras.ops.convert_to_tensor(gradient)], [w])
exact = -0.7 * gradient / np.linalg.norm(gradient)
print(np.abs(keras.ops.convert_to_numpy(w.value) / exact - 1).max())
"""


def keras_clipnorm_error(backend):
    done = subprocess.run(
        [sys.executable, "-c", KERAS_CLIPNORM],
        env=os.environ | {"KERAS_BACKEND": backend, "JAX_ENABLE_X64": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def test_keras_on_pytorch_clips_in_float32():
    """Keras 3.15.1: its `ops.maximum` of a float64 tensor and a float is float32 on PyTorch."""
    error = keras_clipnorm_error("torch")
    assert 1e-10 < error < 1e-7
    assert keras_clipnorm_error("jax") < 1e-15


@pytest.mark.parametrize("name", ["ScheduleFreeSGD", "ScheduleFreeAdamW"])
def test_what_optax_evaluates(name):
    """What is evaluated of a schedule-free optimizer, by optax' own function."""
    case, task = call_of(name, "optax"), TASKS[0]
    optimizer = case.optimizer(eta=0.01, weight_decay=0.1)
    with jax.enable_x64(True):
        transform = case.call(dict(optimizer.settings))(None)
        w = np.array(task.problem.w0)
        state, weights = transform.init(w), []
        for rows in task.batches:
            moves, state = transform.update(task.problem.gradient(w, rows), state, w)
            w = w + np.asarray(moves)
            evaluated = optax.contrib.schedule_free_eval_params(state, w)
            weights.append(np.asarray(evaluated))
    ours = both(optimizer, task)
    assert_equal(ours[1], np.array(weights))
    assert np.abs(ours[1] - ours[0]).max() > 0.01


def test_optax_adagrad_waits_for_a_gradient():
    """Without epsilon, from 0: no step while the sum of squares is 0, and none is nan."""
    gradients = [0.0, 0.0, -3.0, 0.0, 2.0]
    theirs, optimizer = [], optax.adagrad(0.1, initial_accumulator_value=0.0, eps=0.0)
    w = np.array([1.0])
    state = optimizer.init(w)
    for gradient in gradients:
        moves, state = optimizer.update(np.array([gradient]), state, w)
        w = w + np.asarray(moves)
        theirs.append(w[0])
    ours = Stepper(
        simopt.AdaGrad(eta=0.1, epsilon=0.0, initial_accumulator=0.0, convention="optax"), [1.0]
    )
    for gradient, expected in zip(gradients, theirs, strict=True):
        ours.step([gradient])
        assert ours.weights[0] == pytest.approx(expected, rel=TOLERANCE, abs=0)
    assert theirs[:2] == [1.0, 1.0]


def test_keras_takes_means_in_float32():
    """Keras 3.15.1 on JAX: hence the adapter sums, and divides itself."""
    values = np.array([0.1, 0.2, 0.4])
    error = abs(float(keras.ops.mean(keras.ops.convert_to_tensor(values))) / values.mean() - 1)
    assert 1e-10 < error < 1e-7
    total = float(keras.ops.sum(keras.ops.convert_to_tensor(values)))
    assert total / 3 == pytest.approx(values.mean(), rel=1e-15)


def test_nadam_of_pytorch_keeps_its_momenta_in_float32():
    """PyTorch 2.13: unless float64 is its default type, though the weights be float64."""
    case = call_of("NAdam", "torch")
    optimizer = case.optimizer(eta=0.01)
    call = case.call(dict(optimizer.settings))
    ours, usual = stepped(optimizer, TASKS[0]), torch_training(TASKS[:1], call, None, ())[0]
    error = np.abs(usual / ours - 1).max()
    assert 1e-11 < error < 1e-8
    assert_equal(ours, theirs(case, optimizer, TASKS[:1])[0])


def test_dampening_without_momentum():
    """PyTorch dampens what it gathers: with a momentum of 0 it gathers nothing."""
    w = torch.tensor([3.0], dtype=torch.float64, requires_grad=True)
    theirs = torch.optim.SGD([w], lr=0.1, momentum=0.0, dampening=0.5)
    stepper = Stepper(simopt.Momentum(eta=0.1, beta=0.0, dampening=0.5, convention="torch"), [3.0])
    for gradient in (-16.0, -0.8, 20.0):
        w.grad = torch.tensor([gradient], dtype=torch.float64)
        theirs.step()
        stepper.step([gradient])
    assert stepper.weights == pytest.approx(w.tolist(), rel=1e-14)
