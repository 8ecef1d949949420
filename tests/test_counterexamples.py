"""The literature's counter-examples, in the package's own rules: exact where they are exact."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import problems, schedules
from simopt.analysis.stability import counterexamples as examples
from simopt.rules import OPTIMIZERS
from simopt.training.stepper import Stepper

FOUR = problems.four_points()

# --- Reddi, Kale and Kumar: Adam in a box -------------------------------------------------------


@pytest.mark.interpreted
@pytest.mark.parametrize("c", [2.1, 3.0, 10.0, 1010.0])
def test_adam_returns_to_the_worst_point_for_every_constant(c):
    """Theorem 1, with linear losses: back at 1 after every third update, exactly."""
    beta2 = 1 / (1 + c * c)
    eta = 0.99 * math.sqrt(1 - beta2)
    problem = examples.constant_gradients([c, -1.0, -1.0], w0=1.0)
    options = {"schedule": schedules.inverse_sqrt(), "box": (-1.0, 1.0), "divergence": None}
    options |= {"epochs": 3000, "record": "steps"}
    plain = {"eta": eta, "beta1": 0.0, "beta2": beta2, "epsilon": 0.0, "bias_correction": False}
    w = simopt.sweep(problem, simopt.Adam(**plain), **options)["w"].to_numpy()
    assert (w[2::3] == 1.0).all()
    regret = np.resize([c, -1.0, -1.0], len(w)) * (np.append(1.0, w[:-1]) + 1.0)
    assert regret.mean() == pytest.approx((2 * c - 4) / 3, rel=0.02, abs=0.05)
    w = simopt.sweep(problem, simopt.AMSGrad(**plain), **options)["w"].to_numpy()
    late = (np.resize([c, -1.0, -1.0], len(w)) * (np.append(1.0, w[:-1]) + 1.0))[-3000:]
    assert late.mean() < 0.1 * (2 * c - 4) / 3 + 0.05


def synthetic(gradients, **options):
    """The last weights of Adam and AMSGrad on the paper's figure, eta = 0.5 / sqrt(t)."""
    problem = examples.constant_gradients(gradients)
    settings = {"eta": 0.5, "beta1": 0.9, "beta2": 0.99, "epsilon": 0.0, "bias_correction": False}
    frame = simopt.sweep(
        problem,
        [simopt.Adam(**settings), simopt.AMSGrad(**settings)],
        schedule=schedules.inverse_sqrt(),
        box=(-1.0, 1.0),
        divergence=None,
        evaluate="epoch",
        **options,
    )
    return frame["w"].tolist()


def test_the_synthetic_figure_in_turn():
    """1010 every 101st time, else -10: the mean is 1010 - 1000 > 0, and -1 the optimum."""
    adam, amsgrad = synthetic([1010.0] + [-10.0] * 100, epochs=1_000_000 // 101)
    assert adam > 0.98
    assert amsgrad < -0.98


@pytest.mark.slow
def test_the_synthetic_figure_by_chance():
    """1010 in one of a hundred cases, drawn without replacement; ten million updates."""
    gradients = np.where(np.arange(10_000) < 100, 1010.0, -10.0)
    adam, amsgrad = synthetic(gradients, epochs=1000, shuffle="epoch", seed=1)
    assert adam > 0.98
    assert amsgrad < -0.98


@pytest.mark.interpreted
def test_constant_gradients_are_constant_to_the_last_bit():
    gradients = [3.0, -1.0, 0.1, 1010.0]
    problem = examples.constant_gradients(gradients)
    for w in (0.0, 1.0, -123.456, 2.0**20):
        assert [problem.gradient(w, [k])[0] for k in range(4)] == gradients
    frame = simopt.sweep(problem, simopt.SGD(eta=1.0), record="steps", divergence=None)
    assert frame["w"].tolist() == np.cumsum([-g for g in gradients]).tolist()


# --- Wilson et al.: adaptive methods answer +1 always --------------------------------------------


@pytest.fixture(scope="module")
def labels():
    return np.where(np.random.default_rng(3).random(40) < 0.7, 1.0, -1.0)


@pytest.mark.interpreted
@pytest.mark.parametrize("name", ["AdaGrad", "RMSprop", "Adam"])
def test_adaptive_weights_stay_on_the_ray_of_signs(labels, name):
    problem = examples.wilson(labels)
    signs = np.sign(problem.x.T @ problem.y)
    assert (problem.x @ signs == 4 * problem.y).all()
    frame = simopt.sweep(
        problem, OPTIMIZERS[name](eta=0.01, epsilon=0.0), batch_size="full", epochs=60,
        record="epochs",
    )  # fmt: skip
    w = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy() * signs
    assert (np.ptp(np.abs(w), axis=1) < 1e-15).all()
    assert (w > 0).all()
    # New points: their own block has no weight yet.
    answers = np.sign(w[-1] @ (signs[:, None] * unseen(labels, problem.d).T))
    assert (answers == 1.0).all()
    assert (answers == labels).mean() == (labels == 1.0).mean()


def unseen(labels, d):
    """Points with these labels as the weights of earlier points see them."""
    return np.hstack([labels[:, None], np.ones((len(labels), 2)), np.zeros((len(labels), d - 3))])


def test_gradient_descent_finds_the_shortest_solution_and_is_right(labels):
    problem = examples.wilson(labels)
    plus, minus = examples.wilson_dual(int((labels > 0).sum()), int((labels < 0).sum()))
    shortest = problem.x.T @ np.where(labels > 0, plus, minus)
    np.testing.assert_allclose(problem.x @ shortest, labels, rtol=1e-12)
    np.testing.assert_allclose(problem.minimizer, shortest, atol=1e-13)
    largest = np.linalg.eigvalsh(problem.hessian).max()
    frame = simopt.sweep(
        problem, simopt.SGD(eta=1.5 / largest), batch_size="full", epochs=3000, divergence=None
    )
    w = frame[[f"w_{k}" for k in range(problem.d)]].to_numpy()[0]
    np.testing.assert_allclose(w, shortest, atol=1e-12)
    assert (np.sign(unseen(labels, problem.d) @ w) == labels).all()


@given(st.integers(1, 30), st.integers(0, 29))
def test_the_dual_solves_its_system(positive, negative):
    if negative >= positive:
        positive, negative = negative + 1, positive
    y = np.array([1.0] * positive + [-1.0] * negative)
    x = examples.wilson(y).x
    alpha = np.linalg.solve(x @ x.T, y)
    plus, minus = examples.wilson_dual(positive, negative)
    np.testing.assert_allclose(alpha, np.where(y > 0, plus, minus), rtol=1e-9)
    # With the denominator that is often quoted it would not.
    often = 9 * positive + 3 * negative + 8 * positive * negative + 15
    assert alpha[0] != pytest.approx((4 * negative + 5) / often, rel=1e-6)


# --- Lessard, Recht and Packard: heavy ball in a three-cycle -------------------------------------


def heavy_ball(x0, updates):
    momentum = simopt.Momentum(eta=float(examples.LESSARD_ETA), beta=float(examples.LESSARD_BETA))
    stepper, seen = Stepper(momentum, [x0]), [x0]
    for _ in range(updates):
        stepper.step([examples.lessard_gradient(stepper.weights[0])])
        seen.append(stepper.weights[0])
    return seen


def test_the_three_cycle_is_exact_in_rational_numbers():
    points = examples.lessard_cycle()
    update = simopt.Momentum().rule.update
    p, q, _ = points
    # v is what the last step left behind: w' = w - eta v.
    w, v = q, (p - q) / examples.LESSARD_ETA
    seen = []
    for _ in range(6):
        g = examples.lessard_gradient(w)
        w, v = update(w, g, examples.LESSARD_ETA, v, examples.LESSARD_BETA)
        assert isinstance(w, Fraction)
        seen.append(w)
    assert tuple(seen[1:4]) == points
    assert seen[3:] == seen[:3]


@pytest.mark.parametrize("x0", np.linspace(3.07, 3.46, 14))
def test_heavy_ball_ends_in_the_cycle(x0):
    seen = heavy_ball(float(x0), 3000)[-6:]
    cycle = [float(point) for point in examples.lessard_cycle()]
    turns = [cycle[k:] + cycle[:k] for k in range(3)]
    assert min(np.abs(np.array(seen[:3]) - turn).max() for turn in turns) < 1e-12


def test_heavy_ball_finds_rest_from_elsewhere():
    # Below 1 the slope is 25 throughout, and heavy ball is what it is on a parabola.
    assert abs(heavy_ball(0.5, 3000)[-1]) < 1e-12


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_its_function_is_convex_with_curvature_between_1_and_25(a, b):
    low, high = sorted((a, b))
    rise = examples.lessard_gradient(high) - examples.lessard_gradient(low)
    assert (high - low) - 1e-9 <= rise <= 25 * (high - low) + 1e-9


# --- the light cone ------------------------------------------------------------------------------


@pytest.mark.interpreted
@pytest.mark.parametrize(
    ("name", "dtype"), [*((name, "float64") for name in OPTIMIZERS), ("Adam", "float32")]
)
def test_news_travel_one_weight_an_update(name, dtype):
    d = 24
    frame = simopt.sweep(
        examples.light_cone(d, 30.0), OPTIMIZERS[name](eta=0.05), batch_size="full", epochs=d,
        record="epochs", dtype=dtype,
    )  # fmt: skip
    w = frame[[f"w_{k}" for k in range(d)]].to_numpy()
    moved = w != 0.0
    expected = np.arange(d)[None, :] <= np.arange(d)[:, None]
    assert (moved == expected).all()


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_news_travel_so_in_plain_python_too(name):
    run = simopt.run(
        examples.light_cone(9, 30.0), OPTIMIZERS[name](eta=0.05), batch_size="full", epochs=6
    )
    w = run.steps[[f"w_{k}" for k in range(9)]].to_numpy()
    assert ((w != 0.0) == (np.arange(9)[None, :] <= np.arange(6)[:, None])).all()


def test_the_chain_is_its_formula():
    d, kappa = 6, 12.0
    chain = examples.light_cone(d, kappa)
    w = np.random.default_rng(1).normal(size=d)
    formula = (w[0] - 1) ** 2 / 2 + (np.diff(w) ** 2).sum() / 2 + 2 / (kappa - 1) * (w @ w)
    assert chain.loss(w) == pytest.approx(formula, rel=1e-14)


def test_the_chain_s_optimum_is_a_geometric_series():
    chain = examples.light_cone(400, 100.0)
    q = (math.sqrt(100.0) - 1) / (math.sqrt(100.0) + 1)
    np.testing.assert_allclose(chain.minimizer, q ** np.arange(1, 401), atol=1e-14)
    assert np.linalg.cond(chain.hessian) < 100.0


# --- AdaGrad: steps that fade, a way without end -------------------------------------------------


def test_adagrad_s_way_after_a_million_equal_gradients():
    eta, updates = 0.1, 1_000_000
    problem = examples.constant_gradients([1.0])
    frame = simopt.sweep(
        problem, simopt.AdaGrad(eta=eta, epsilon=0.0), epochs=updates, divergence=None
    )
    series = eta * float(examples.adagrad_travel(updates))
    assert series == pytest.approx(199.854014549, abs=1e-9)
    assert -frame["w"][0] == pytest.approx(series, abs=1e-10)


@pytest.mark.parametrize("gradient", [1.0, -7.0, 1e-3])
def test_adagrad_s_steps_do_not_depend_on_the_size_of_the_gradient(gradient):
    """The rate falls as eta / (|g| sqrt t): the step is eta / sqrt t."""
    stepper = Stepper(simopt.AdaGrad(eta=0.5, epsilon=0.0), [0.0])
    for t in range(1, 200):
        before = stepper.weights[0]
        stepper.step([gradient])
        step = -math.copysign(0.5 / math.sqrt(t), gradient)
        assert stepper.weights[0] - before == pytest.approx(step, rel=1e-9)


GRADIENTS = st.lists(st.floats(-1e3, 1e3).filter(lambda g: abs(g) > 1e-3), min_size=1, max_size=80)


@given(GRADIENTS)
def test_the_sum_behind_adagrad_s_regret(gradients):
    """sum g_t^2 / sqrt(G_t) <= 2 sqrt(G_T)."""
    stepper = Stepper(simopt.AdaGrad(eta=1.0, epsilon=0.0), [0.0])
    total = 0.0
    for g in gradients:
        before = stepper.weights[0]
        stepper.step([g])
        # With eta = 1 the step is g / sqrt(G).
        total += g * (before - stepper.weights[0])
    assert total <= 2 * math.sqrt(stepper.state[0][0]) * (1 + 1e-9)


@given(GRADIENTS, st.floats(0.1, 3.0))
def test_adagrad_s_regret_is_below_its_bound(gradients, eta):
    """In the box [-1, 1], of diameter D: (D^2 / (2 eta) + eta) sqrt(G_T), linear losses."""
    stepper = Stepper(simopt.AdaGrad(eta=eta, epsilon=0.0), [1.0])
    played = []
    for g in gradients:
        played.append(stepper.weights[0])
        stepper.step([g])
        stepper.weights[0] = min(1.0, max(-1.0, stepper.weights[0]))
    # Against the best single point, an end of the box.
    regret = sum(g * w for g, w in zip(gradients, played, strict=True)) + abs(sum(gradients))
    bound = (4 / (2 * eta) + eta) * math.sqrt(stepper.state[0][0])
    assert regret <= bound * (1 + 1e-9)


# --- the four points -----------------------------------------------------------------------------


def test_a_million_shuffles_are_one_value():
    """SGD at batch 1 on labels that agree: w - 5 = (3 - 5) prod(1 - 2 eta x^2), in any order."""
    frame = simopt.sweep(FOUR, simopt.SGD(eta=0.1), shuffle="once", seed=range(1_000_000))
    product = math.prod(1 - 0.2 * x * x for x in (2.0, 1.0, 3.0, 0.5))
    assert product == pytest.approx(-0.1216, abs=1e-12)
    assert 5 - 2 * product == pytest.approx(5.2432, abs=1e-12)
    assert len(frame) == 1_000_000
    assert (frame["w"] - (5 - 2 * product)).abs().max() < 1e-14


@pytest.mark.parametrize(("size", "values"), [(1, 1), (2, 3), (4, 1)])
def test_only_the_pairing_matters_to_sgd(size, values):
    ends = {}
    for order in itertools.permutations(range(4)):
        frame = simopt.sweep(FOUR, simopt.SGD(eta=0.1), batch_size=size, order=[order])
        key = frozenset(frozenset(order[k : k + size]) for k in range(0, 4, size))
        ends.setdefault(key, set()).add(round(frame["w"][0], 12))
    assert all(len(found) == 1 for found in ends.values())
    assert len(set.union(*ends.values())) == values
    assert len(ends) == values


# --- bad input -----------------------------------------------------------------------------------

REFUSED = {
    "gradients=[1.0, 0.0]": lambda: examples.constant_gradients([1.0, 0.0]),
    "labels=[1.0, -1.0]": lambda: examples.wilson([1, -1]),
    "labels=[1.0, 0.5]": lambda: examples.wilson([1, 0.5]),
    "d=1": lambda: examples.light_cone(1, 10.0),
    "kappa=1": lambda: examples.light_cone(4, 1),
    "positive=-1": lambda: examples.wilson_dual(-1, 0),
    "updates=[0.0]": lambda: examples.adagrad_travel([0]),
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(message)
