"""Muon: a matrix of weights steps along its momentum, orthogonalised, as NumPy computes it."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import problems
from simopt.analysis.comparison.later_rules import contenders
from simopt.engine import cpu, grouping
from simopt.report.playground import catalogue
from simopt.rules import ALL, spectral
from simopt.training.stepper import Stepper
from tests.test_sums import ends

RNG = np.random.default_rng(5)
X, Y = RNG.normal(size=(12, 3)), RNG.normal(size=12)
NETWORKS = {
    "wide": problems.network(X, Y, hidden=2, l2=0.02),
    "square": problems.network(X, Y, hidden=3, activation="linear", l2=0.02),
    "tall": problems.network(X, Y, hidden=5, activation="linear"),
    "a column": problems.network(X[:, 0], Y > 0, hidden=4, kind="logistic"),
    "a row": problems.network(X, Y, hidden=1),
}
A, B, C = 3.4445, -4.7750, 2.0315


def orthogonalised(x, epsilon):
    """The iterations on a matrix as NumPy has it."""
    x = x / (np.linalg.norm(x) + epsilon)
    for _ in range(5):
        gram = x @ x.T
        x = A * x + (B * gram + C * gram @ gram) @ x
    return x


def polynomial(s):
    """What becomes of a singular value."""
    for _ in range(5):
        s = A * s + B * s**3 + C * s**5
    return s


def turned(matrix, epsilon=0.0, dtype=np.float64, function=spectral.orthogonalise):
    """What the engine's function makes of a matrix, in the second of three lanes."""
    units, columns = matrix.shape
    rows = np.full((1 + matrix.size + spectral.room(units, columns), 3), np.nan, dtype)
    rows[0, 1] = epsilon
    rows[1 : 1 + matrix.size, 1] = matrix.ravel()
    function(rows, 1, 2, 1, units, columns, 0, 1 + matrix.size)
    assert np.isnan(rows[:, [0, 2]]).all()
    return rows[1 : 1 + matrix.size, 1].reshape(units, columns)


shapes = st.tuples(st.integers(1, 6), st.integers(1, 6))


@st.composite
def matrices(draw):
    """Matrices with singular values from 1 down to a thousandth."""
    shape, seed = draw(shapes), draw(st.integers(0, 2**32))
    u, s, v = np.linalg.svd(np.random.default_rng(seed).normal(size=shape), full_matrices=False)
    s = np.sort(draw(st.lists(st.floats(1e-3, 1.0), min_size=len(s), max_size=len(s))))[::-1]
    return u, s * 10.0 ** draw(st.integers(-3, 3)), v


@settings(deadline=None)
@given(matrices())
def test_singular_values_go_through_the_polynomial_and_vectors_stay(parts):
    u, s, v = parts
    found = turned(u * s @ v)
    expected = polynomial(s / np.linalg.norm(s))
    np.testing.assert_allclose(u.T @ found @ v.T, np.diag(expected), rtol=0, atol=1e-11)
    values = np.linalg.svd(found, compute_uv=False)
    np.testing.assert_allclose(values, np.sort(np.abs(expected))[::-1], rtol=0, atol=1e-11)


def test_where_singular_values_end():
    shares = np.geomspace(1e-4, 1.0, 100_001)
    found = polynomial(shares)
    assert found.max() < 1.21
    assert found[shares > 0.005].min() > 0.67
    # Small ones grow by A a time, but for B s^2 / A: 485-fold, and come no nearer to 1 than that.
    small = shares[shares < 5e-4]
    grown = A**5 * small
    np.testing.assert_array_less(polynomial(small), grown)
    bound = -B / A * (A**8 * small**2) / (1 - A**-2)
    np.testing.assert_array_less(grown * (1 - bound), polynomial(small))


@settings(deadline=None)
@given(matrices(), st.integers(-20, 20))
def test_scale_does_not_matter_and_the_transpose_goes_along(parts, exponent):
    u, s, v = parts
    matrix = u * s @ v
    found = turned(matrix)
    np.testing.assert_array_equal(turned(matrix * 2.0**exponent), found)
    np.testing.assert_array_equal(turned(-matrix), -found)
    np.testing.assert_allclose(turned(matrix.T), found.T, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found, orthogonalised(matrix, 0.0), rtol=0, atol=1e-11)


def test_a_matrix_of_zeros_without_epsilon_has_no_value():
    """Where compiled code has 0 / 0, and Python's numbers would raise."""
    stepper = Stepper(ALL["Muon"](epsilon2=0.0), [1.0] * 6, matrix=(2, 3))
    stepper.step([0.0] * 6)
    assert np.isnan(stepper.weights).all()


def test_a_matrix_of_zeros_stays_and_epsilon_is_added_to_the_norm():
    np.testing.assert_array_equal(turned(np.zeros((2, 3)), 1e-7), np.zeros((2, 3)))
    one = turned(np.array([[3.0]]), 1.0)
    assert one[0, 0] == pytest.approx(polynomial(0.75), rel=1e-14)


@pytest.mark.parametrize(
    ("name", "shape", "factor"),
    [
        ("original", (6, 2), 3**0.5),
        ("original", (2, 6), 1.0),
        ("match_rms_adamw", (6, 2), 0.2 * 6**0.5),
        ("match_rms_adamw", (2, 6), 0.2 * 6**0.5),
    ],
)
def test_scales(name, shape, factor):
    matrix = np.random.default_rng(1).normal(size=shape)
    scaled = turned(matrix, function=spectral.orthogonalise_by(spectral.SCALES[name]))
    np.testing.assert_allclose(scaled, factor * turned(matrix), rtol=1e-14)


def test_single_precision_stays_so():
    matrix = RNG.normal(size=(3, 4))
    found = turned(matrix, dtype=np.float32)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, orthogonalised(matrix, 0.0), rtol=0, atol=2e-5)


# --- the rule -------------------------------------------------------------------------------------

RULES = {
    "document": {"eta": 0.05, "weight_decay": 0.1},
    "no Nesterov": {"eta": 0.05, "nesterov": False},
    "match_rms_adamw": {"eta": 0.05, "scale": "match_rms_adamw", "adam_ratio": 0.5},
    "optax": {"eta": 0.05, "convention": "optax"},
    "optax, no Nesterov": {"eta": 0.05, "convention": "optax", "nesterov": False},
    "keras": {"eta": 0.05, "convention": "keras", "weight_decay": 0.2},
}


def by_hand(problem, optimizer, batches):
    """The rule on arrays."""
    h, switches = optimizer.settings, dict(optimizer.switches)
    preset = optimizer.made_by.preset(optimizer.convention) | switches
    shape = problem.hidden, problem.columns
    w, inside = problem.w0.copy(), shape[0] * shape[1]
    momentum, m, v = np.zeros(shape), np.zeros(problem.d - inside), np.zeros(problem.d - inside)
    mu, beta1, beta2, rows = h["beta"], h["beta1"], h["beta2"], []
    for t, points in enumerate(batches, 1):
        g = problem.gradient(w, points)
        gradient, g = g[:inside].reshape(shape), g[inside:]
        if preset["bias_correction"]:
            momentum = mu * momentum + (1 - mu) * gradient
            entering = momentum / (1 - mu**t)
            if preset["nesterov"]:
                entering = mu * momentum / (1 - mu ** (t + 1)) + (1 - mu) * gradient / (1 - mu**t)
        else:
            momentum = mu * momentum + gradient
            entering = gradient + mu * momentum if preset["nesterov"] else momentum
        scale = max(1, shape[0] / shape[1]) ** 0.5
        if preset["scale"] == "match_rms_adamw":
            scale = 0.2 * max(shape) ** 0.5
        step = np.zeros(problem.d)
        step[:inside] = scale * orthogonalised(entering, h["epsilon2"]).ravel()
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        mean = m / (1 - beta1**t)
        if preset["others"] == "NAdamW":
            mean = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        bias = 1 - beta2**t
        root = np.sqrt(v / bias) + h["epsilon"]
        if preset["epsilon_place"] == "hat":
            root = (np.sqrt(v) + h["epsilon"]) / np.sqrt(bias)
        step[inside:] = h["adam_ratio"] * mean / root
        w = (1 - h["eta"] * h["weight_decay"]) * w - h["eta"] * step
        rows.append(w)
    return np.array(rows)


def columns(problem):
    return [f"w_{k}" for k in range(problem.d)]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", NETWORKS)
def test_a_run_is_what_the_formula_says(name, rule):
    problem, optimizer = NETWORKS[name], simopt.Muon(**RULES[rule])
    batches = [np.arange(s, min(s + 5, 12)) for _ in range(8) for s in range(0, 12, 5)]
    steps = simopt.run(problem, optimizer, batch_size=5, epochs=8).steps
    expected = by_hand(problem, optimizer, batches)
    np.testing.assert_allclose(steps[columns(problem)], expected, rtol=0, atol=1e-10)
    # No switch is dead on matrices: the document's ends elsewhere.
    if rule != "document":
        plain = by_hand(problem, simopt.Muon(eta=0.05), batches)
        assert np.abs(plain - expected).max() > 1e-4


PLANS = {
    "plain": {},
    "full": {"batch_size": "full"},
    "schedule": {"schedule": simopt.schedules.step(every=4)},
    "norm": {"clip_norm": 0.7},
    "value": {"clip_value": 0.2},
    "boxed": {"box": (-0.5, 0.5)},
    "spared": {"no_decay": [0, "c"]},
    "reacts": {"schedule": simopt.schedules.plateau(patience=1, factor=0.5)},
    "shuffled": {"shuffle": "epoch", "seed": [1, 2]},
}
KINDS = [
    (name, plan, points)
    for name in NETWORKS
    for plan in PLANS
    for points in ("shared", "own")
    if points == "shared" or plan == "shuffled"
]


@pytest.mark.interpreted
@pytest.mark.parametrize(("name", "plan", "points"), KINDS)
def test_the_engine_computes_what_run_does(name, plan, points, monkeypatch):
    if points == "own":
        monkeypatch.setattr(grouping, "WORTH_SHARING", 1e9)
        monkeypatch.setattr(grouping, "LEAST_OWN", 0)
    kinds, kernel = set(), cpu.kernel

    def noted(rule, passes, points, *rest):
        kinds.add(points)
        return kernel(rule, passes, points, *rest)

    monkeypatch.setattr(cpu, "kernel", noted)
    problem, options = NETWORKS[name], {"epochs": 4, "batch_size": 5, **PLANS[plan]}
    rule = functools.partial(simopt.Muon, weight_decay=0.1)
    frame = simopt.sweep(problem, rule(eta=[0.02, 0.2]), **options)
    for (_, row), swept in zip(frame.iterrows(), ends(frame), strict=True):
        one = {**options, **({"seed": row["seed"]} if "seed" in options else {})}
        traced = simopt.run(problem, rule(eta=row["eta"]), **one)
        found = ends(traced.summary.to_frame().T)[0]
        np.testing.assert_allclose(swept, found, rtol=0, atol=1e-11)
    assert kinds == {points}


@pytest.mark.slow
def test_compiled_it_is_the_same_as_in_plain_python():
    problem, muon = NETWORKS["tall"], simopt.Muon(eta=[0.02, 0.2], weight_decay=0.1)
    plan = {"batch_size": 5, "epochs": 4}
    small = simopt.sweep(problem, muon, **plan)
    with simopt.engine.tiers.compiling():
        compiled = simopt.sweep(problem, muon, **plan)
    np.testing.assert_array_equal(ends(small), ends(compiled))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wide", "tall"])
def test_single_precision(name):
    problem = NETWORKS[name]
    frame = simopt.sweep(problem, simopt.Muon(), batch_size=5, epochs=4, dtype="float32")
    traced = simopt.run(problem, simopt.Muon(), batch_size=5, epochs=4)
    found = ends(traced.summary.to_frame().T)[0]
    np.testing.assert_allclose(ends(frame)[0], found, rtol=0, atol=1e-4)


@pytest.mark.interpreted
def test_a_cut_trajectory_goes_on():
    problem, muon = NETWORKS["wide"], simopt.Muon()
    short, longer = simopt.run(problem, muon, epochs=2), simopt.run(problem, muon, epochs=5)
    assert simopt.run(problem, muon, epochs=5, resume=short).summary.equals(longer.summary)
    kept = simopt.sweep(problem, muon, epochs=2, keep_state=True)
    went_on = simopt.sweep(problem, muon, epochs=5, resume=kept)
    np.testing.assert_array_equal(ends(went_on), ends(simopt.sweep(problem, muon, epochs=5)))


# --- where there is no matrix ---------------------------------------------------------------------


def test_weights_in_no_matrix_go_by_adamw():
    muon = simopt.Muon(eta=0.1, adam_ratio=0.5, weight_decay=0.02)
    adamw = simopt.AdamW(
        eta=0.05, beta2=0.95, epsilon=1e-10, weight_decay=0.04, epsilon_place="outside"
    )
    points = problems.least_squares(X, Y, w0=1.0)
    ours, theirs = (simopt.run(points, each, epochs=4).steps for each in (muon, adamw))
    np.testing.assert_allclose(ours[columns(points)], theirs[columns(points)], rtol=1e-13)
    network = NETWORKS["tall"]
    gradient = network.gradient(network.w0).tolist()
    apart, whole = (
        Stepper(muon, network.w0.tolist(), matrix=matrix) for matrix in ((0, 0), (5, 3))
    )
    for stepper in (apart, whole):
        stepper.step(gradient)
    assert apart.weights[15:] == whole.weights[15:]
    assert all(a != b for a, b in zip(apart.weights[:15], whole.weights[:15], strict=True))


@pytest.mark.parametrize("around", [simopt.averaged, simopt.lookahead])
def test_what_goes_around_single_weights_is_refused(around):
    with pytest.raises(ValueError, match="optimizer=Muon.*one that does not"):
        around(simopt.Muon())


def test_where_it_is_not_offered():
    assert ALL["Muon"] is simopt.Muon
    assert "Muon" not in catalogue.offered()
    assert "Muon" not in contenders()
