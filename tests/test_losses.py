"""Losses as objects: their functions agree with each other, and every path runs by them."""

import copy
import pickle
from decimal import Decimal, localcontext

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize

import simopt
from simopt import problems
from simopt.problems.loss import Loss
from simopt.problems.losses import LOSSES
from simopt.problems.regression import make

pytestmark = pytest.mark.interpreted
rng = np.random.default_rng(8)
X = rng.normal(size=(23, 3))
Z = X @ [0.5, -1.0, 0.3]
WILD = Z + rng.normal(size=23) + np.where(np.arange(23) % 6 == 0, 15.0, 0.0)
COUNTS = rng.poisson(np.exp(Z)).astype(float)

HUBER = problems.huber(X, WILD, delta=0.8, l2=0.02, intercept=True)
POISSON = problems.poisson(X, COUNTS, l2=0.02)
NEW = {
    "huber": HUBER,
    "huber, one weight": problems.huber(X[:, 0], WILD, delta=2.0, w0=-3.0),
    "huber, a network": problems.network(X, WILD, hidden=3, kind="huber", delta=0.8, l2=0.1),
    "poisson": POISSON,
    "poisson, one weight": problems.poisson(X[:, 0], COUNTS, intercept=False, w0=0.4),
    "poisson, a network": problems.network(X, COUNTS, hidden=3, kind="poisson"),
}
#: Targets that every loss allows, away from Huber's corner where they are used for differences.
TARGETS = st.sampled_from([0.0, 1.0])


def parameters_of(loss):
    return tuple(default for default, _ in loss.parameters.values())


# --- what a loss says of itself -----------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(z=st.floats(-30.0, 30.0), y=TARGETS)
def test_numbers_and_arrays_say_the_same(loss, z, y):
    parameters, at, target = parameters_of(loss), np.array([z]), np.array([y])
    (value,) = loss.values(at, target, *parameters)
    (slope,) = loss.slopes(at, target, *parameters)
    assert loss.value(z, y, *parameters) == pytest.approx(value, rel=1e-14, abs=1e-14)
    plain = loss.factor * loss.slope(z, y, *parameters)
    assert plain == pytest.approx(slope, rel=1e-14, abs=1e-14)


SPLIT = {kind: loss for kind, loss in LOSSES.items() if loss.split is not None}


@pytest.mark.parametrize("loss", SPLIT.values(), ids=SPLIT)
@given(z=st.floats(-700.0, 700.0), y=TARGETS)
def test_a_split_loss_is_a_rest_and_a_logarithm(loss, z, y):
    rest, tail = (each(z, y) for each in loss.split)
    assert 0 <= tail <= 1
    assert rest >= 0
    assert rest + np.log1p(tail) == pytest.approx(loss.value(z, y), rel=1e-14, abs=1e-13)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0, 8.0, 60.0])
def test_a_logarithm_for_many_points_errs_as_many_roundings(scale, dtype):
    """Also of labels that are far apart: losses of e^-60 are not lost beside 1."""
    n, d, unit = 75, 3, float(np.finfo(dtype).epsneg)
    x = np.random.default_rng(3).normal(size=(n, d)).astype(np.float32).astype(float)
    truth = np.array([1.0, -2.0, 0.5])
    x *= 1 / np.abs(x @ truth)[:, None].astype(np.float32)
    labels = (x @ truth > 0).astype(float)
    problem = problems.logistic(x.astype(np.float32), labels, w0=scale * truth, intercept=False)
    swept = simopt.sweep(
        problem, simopt.SGD(eta=1e-30), batch_size=n, epochs=1, dtype=dtype, progress=False
    )
    with localcontext() as context:
        context.prec = 60
        w = [Decimal(float(each)) for each in np.array(problem.w0, dtype)]
        total = Decimal(0)
        for row, label in zip(problem.x.astype(dtype).tolist(), labels, strict=True):
            z = sum(Decimal(a) * b for a, b in zip(row, w, strict=True))
            total += (1 + (z if label == 0 else -z).exp()).ln()
        exact = float(total / n)
    # Roundings of sums over points, of a product of 32, and of predictions, which exp makes
    # relative ones of losses.
    largest = np.abs(problem.x * problem.w0).sum(axis=1).max()
    bound = unit * (n + 2 * 32 + 4 + (d + 1) * largest)
    assert swept["loss"].item() == pytest.approx(exact, rel=bound, abs=0)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(z=st.floats(-5.0, 5.0), y=TARGETS)
def test_slopes_and_curvatures_are_derivatives(loss, z, y):
    parameters, h = parameters_of(loss), 1e-5
    if loss.kind == "huber":
        assume(abs(abs(z - y) - 1.0) > 2 * h)
    ahead, behind = np.array([z + h]), np.array([z - h])

    def difference(of):
        return (of(ahead, y, *parameters)[0] - of(behind, y, *parameters)[0]) / (2 * h)

    at = np.array([z])
    assert difference(loss.values) == pytest.approx(loss.slopes(at, y, *parameters)[0], abs=1e-6)
    curvature = loss.curvatures(at, y, *parameters)[0]
    assert difference(loss.slopes) == pytest.approx(curvature, abs=1e-6)
    assert curvature <= loss.bound


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
@given(z=st.floats(-5.0, 5.0), y=TARGETS)
def test_the_written_steps_lead_to_the_slope(loss, z, y):
    names = dict(zip(loss.parameters, parameters_of(loss), strict=True))
    known = {"z": z, "y": y, "prediction": z, **names}
    for step in loss.written:
        assert set(pd.Series(step.numbers).str.findall(r"\{(\w+)\}")[0]) <= set(known)
        known[step.name] = step.result(known)
    slope = loss.slope(z, y, *names.values())
    assert known[loss.written[-1].name] == pytest.approx(slope, rel=1e-14, abs=1e-14)


# --- the least loss -----------------------------------------------------------------------------


@pytest.mark.parametrize("problem", [HUBER, POISSON, NEW["huber, one weight"]], ids=repr)
def test_the_optimum_is_a_minimisers_of_another_library(problem):
    found = optimize.minimize(problem.loss, problem.w0, jac=problem.gradient, tol=1e-12)
    np.testing.assert_allclose(problem.optimum, found.x, atol=1e-5)
    assert problem.minimum_loss <= found.fun + 1e-14 * (1.0 + abs(found.fun))  # but for rounding
    assert np.abs(problem.gradient(problem.optimum)).max() < 1e-13


def test_huber_of_a_large_delta_is_half_of_least_squares():
    wide = problems.huber(X, WILD, delta=1e3, l2=0.02)
    squares = problems.least_squares(X, WILD, l2=0.04)
    np.testing.assert_allclose(wide.optimum, squares.optimum, rtol=1e-10)
    assert wide.loss([1.0, 2.0, 3.0]) == pytest.approx(squares.loss([1.0, 2.0, 3.0]) / 2)


def test_huber_of_a_small_delta_is_the_median():
    y = np.array([0.0, 1.0, 2.0, 50.0, 90.0])
    assert problems.huber(np.ones(5), y, delta=1e-3).optimum == pytest.approx(2.0, abs=1e-3)


def test_huber_between_two_far_targets_is_flat():
    flat = problems.huber([1.0, 1.0], [0.0, 10.0], delta=1.0)
    assert flat.optimum is None
    assert flat.minimum_loss == pytest.approx(4.5)
    assert 1.0 <= flat.minimizer[0] <= 9.0


def test_poisson_without_counts_falls_without_end():
    zeros = problems.poisson(X, np.zeros(23))
    assert zeros.optimum is None
    assert 0.0 <= zeros.minimum_loss < 1e-9
    # Points with the feature have no counts: its weight runs off, and the others' loss is left.
    feature, y = np.array([0.0, 0.0, 0.0, 1.0, 1.0]), np.array([1.0, 2.0, 3.0, 0.0, 0.0])
    apart = problems.poisson(feature, y)
    assert apart.optimum is None
    assert apart.minimum_loss == pytest.approx((2 - 2 * np.log(2)) * 3 / 5, abs=1e-9)


def test_labels_that_can_be_separated_in_part_have_no_optimum():
    x = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    apart = problems.logistic(x, [0, 1, 1, 1, 1])
    assert apart.optimum is None
    third = np.log(3) - 2 / 3 * np.log(2)
    assert apart.minimum_loss == pytest.approx(third * 3 / 5, abs=1e-9)


def test_a_feature_twice_leaves_no_single_optimum():
    for build, y in ((problems.logistic, Z > 0.2), (problems.poisson, COUNTS)):
        twice = build(X[:, [0, 0]], y, intercept=False)
        assert twice.optimum is None
        once = build(X[:, 0], y, intercept=False)
        assert twice.minimum_loss == pytest.approx(once.minimum_loss)


# --- every path ---------------------------------------------------------------------------------


def swept(problem, optimizer, **plan):
    return simopt.sweep(problem, optimizer, divergence=None, record="steps", evaluate=1, **plan)


@pytest.mark.parametrize("problem", NEW.values(), ids=NEW)
def test_a_sweep_is_its_runs(problem):
    """One order for a block, one for every lane; runs go by NumPy and not by compiled functions."""
    columns = ["loss", *(["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)])]
    optimizer = simopt.SGD(eta=0.02)
    for plan in ({"shuffle": "never"}, {"shuffle": "epoch", "seed": 5}):
        plan |= {"batch_size": 6, "epochs": 6}
        frame = swept(problem, optimizer, **plan)
        steps = simopt.run(problem, optimizer, **plan).steps
        scale = 1.0 + np.abs(steps[columns].to_numpy()).max()
        np.testing.assert_allclose(frame[columns], steps[columns], rtol=0, atol=1e-12 * scale)
    many = {"shuffle": "epoch", "seed": [5], "batch_size": 6, "epochs": 6}
    shared = swept(problem, simopt.SGD(eta=np.linspace(0.001, 0.02, 60).tolist()), **many)
    last = shared[shared["eta"] == 0.02]
    assert last[columns].to_numpy().tolist() == frame[columns].to_numpy().tolist()


@pytest.mark.parametrize("where", ["huber", "poisson"])
def test_single_precision_is_near(where):
    problem, plan = NEW[where], {"batch_size": 6, "epochs": 20}
    double, single = (
        simopt.sweep(problem, simopt.SGD(eta=0.02), dtype=dtype, **plan)["loss"][0]
        for dtype in ("float64", "float32")
    )
    assert single == pytest.approx(double, rel=1e-5)
    assert single != double


def test_too_large_a_rate_diverges():
    frame = simopt.sweep(POISSON, simopt.SGD(eta=[0.05, 50.0]), epochs=5, batch_size=6)
    assert frame["status"].tolist() == ["ok", "diverged"]
    # Huber's slope is bounded: it never does.
    frame = simopt.sweep(NEW["huber, one weight"], simopt.SGD(eta=0.5), epochs=50)
    assert frame["status"].tolist() == ["ok"]


def test_the_loss_is_looked_at_once_an_epoch():
    for problem in (HUBER, POISSON):
        frame = simopt.sweep(problem, simopt.SGD(eta=0.02), epochs=3, batch_size=6)
        assert frame["best_at"][0] % 4 == 0


def pseudo_huber(z, y, delta):
    return delta * delta * (np.sqrt(1.0 + (z - y) / delta * ((z - y) / delta)) - 1.0)


def pseudo_slope(z, y, delta):
    return (z - y) / np.sqrt(1.0 + (z - y) / delta * ((z - y) / delta))


def test_a_loss_is_all_that_a_new_one_takes():
    """Nothing else in the package knows of this one."""
    from simopt.ground.checks import POSITIVE

    def solve(problem):
        found = optimize.minimize(problem.loss, problem.w0, jac=problem.gradient, tol=1e-14)
        return found.x, float(found.fun)

    own = Loss(
        kind="pseudo_huber",
        value=pseudo_huber,
        slope=pseudo_slope,
        values=pseudo_huber,
        slopes=pseudo_slope,
        curvatures=lambda z, y, delta: (1.0 + ((z - y) / delta) ** 2) ** -1.5,
        solve=solve,
        parameters={"delta": (1.0, POSITIVE)},
    )
    problem = make(own, X, WILD, w0=0.0, intercept=True, l2=0.0, name=None, parameters=(0.5,))
    plan = {"batch_size": 6, "epochs": 40}
    frame = simopt.sweep(problem, simopt.SGD(eta=0.05), **plan)
    run = simopt.run(problem, simopt.SGD(eta=0.05), **plan)
    assert frame["loss"][0] == pytest.approx(run.summary["loss"], rel=1e-12)
    assert frame["distance"][0] < np.abs(problem.optimum).max()
    assert np.abs(problem.gradient(problem.optimum)).max() < 1e-6


# --- from data, and back ------------------------------------------------------------------------


def test_a_table(tmp_path):
    table = pd.DataFrame(X, columns=["a", "b", "c"]).assign(y=WILD, count=COUNTS)
    table.to_csv(tmp_path / "points.csv", index=False)
    path, given = tmp_path / "points.csv", {"features": ["a", "b", "c"], "l2": 0.02}
    for kind, target, expected, parameters in (
        ("huber", "y", HUBER, {"delta": 0.8}),
        ("poisson", "count", POISSON, {}),
    ):
        read = problems.read_table(path, target, kind=kind, **given, **parameters)
        assert read.digest == expected.digest
        assert (read.kind, read.features) == (kind, ("a", "b", "c", "intercept"))


@pytest.mark.parametrize("problem", NEW.values(), ids=NEW)
def test_a_copy_is_the_same(problem):
    for other in (pickle.loads(pickle.dumps(problem)), copy.deepcopy(problem)):
        assert other.digest == problem.digest
        assert other.criterion is problem.criterion
        assert other.loss(problem.w0) == problem.loss(problem.w0)


def test_the_digest_knows_the_parameters():
    digests = {problems.huber(X, WILD, delta=delta).digest for delta in (0.5, 1.0, 1.5)}
    assert len(digests) == 3


def test_what_hangs_on_the_curvature_takes_a_new_loss():
    w = np.full(4, 0.1)
    for problem in (HUBER, POISSON):
        scale = simopt.noise_scale.exact(problem, w)
        h = 1e-6
        numeric = [
            (problem.gradient(w + h * e) - problem.gradient(w - h * e)) / (2 * h) for e in np.eye(4)
        ]
        np.testing.assert_allclose(scale.hessian, numeric, atol=1e-7)


def test_worked_steps_name_what_is_done_to_the_error():
    problem = problems.huber([1.0, 2.0], [5.0, 1.0], delta=1.5)
    steps = simopt.walkthrough.worked_steps(problem, simopt.SGD(eta=0.1))
    first = [(line.label, line.numbers, line.result) for line in steps[0].points[0].lines]
    assert first == [
        ("Prediction", "0 × 1", "0"),
        ("Error", "0 - 5", "-5"),
        ("Slope", "max(-1.5, min(-5, 1.5))", "-1.5"),
        ("Gradient", "-1.5 × 1", "-1.5"),
    ]
    counts = problems.poisson([1.0, 2.0], [3.0, 1.0], intercept=False)
    steps = simopt.walkthrough.worked_steps(counts, simopt.SGD(eta=0.1))
    assert [line.label for line in steps[0].points[0].lines] == [
        "Score",
        "Prediction",
        "Error",
        "Gradient",
    ]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: problems.huber(X, WILD, delta=0), "delta=0: must be a finite number > 0"),
        (lambda: problems.huber(X, WILD, delta="1"), "delta='1': must be a finite number > 0"),
        (lambda: problems.poisson(X, WILD - 99), "must be >= 0 everywhere, for the poisson loss"),
        (
            lambda: problems.network(X, WILD, delta=2.0),
            r"delta=2.0: must be left out: of least_squares there is none",
        ),
        (
            lambda: problems.network(X, WILD, kind="huber", gamma=2.0),
            r"gamma=2.0: must be left out: of huber there is delta",
        ),
    ],
)
def test_bad_input(make, words):
    with pytest.raises(ValueError, match=words.replace("(", r"\(")):
        make()


@pytest.mark.parametrize("kind", ["logistic", "poisson"])
def test_ordinary_data_have_a_minimizer(kind):
    """Rounding must not decide that there is none: losses near the minimum differ by it alone."""
    for seed in range(60):
        random = np.random.default_rng(seed)
        x = random.standard_normal((430, 2))
        z = x @ [1.0, 2.0] + random.standard_normal(430)
        higher = z > np.median(z) + random.standard_normal(430)
        y = random.poisson(np.exp(z)) if kind == "poisson" else higher
        problem = getattr(simopt.problems, kind)(x, y.astype(float), intercept=True, l2=0.01)
        assert problem.minimizer is not None, seed
        curvature = problem.hessian_at(problem.minimizer)
        left = np.linalg.solve(curvature, problem.gradient(problem.minimizer))
        assert np.abs(left).max() <= 1e-9 * (1 + np.abs(problem.minimizer).max()), seed
