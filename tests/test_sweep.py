"""The lane engine against the oracle, and what must not change its bits."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt.engine import layout, moments
from simopt.rules import OPTIMIZERS
from simopt.training import shuffling
from tests import reference

FAST = settings(max_examples=15, deadline=None)

rng = np.random.default_rng(5)
X = rng.normal(size=(23, 3))
NOISE = rng.normal(size=23)
PROBLEMS = {
    "four_points": simopt.problems.four_points(),
    "hubble": simopt.problems.hubble(),
    "one weight, l2": simopt.problems.least_squares(X[:, 0], NOISE, l2=0.3, w0=4.0),
    "three weights": simopt.problems.least_squares(
        X, X @ [1.0, -2.0, 0.5] + NOISE, intercept=True, l2=0.1, w0=[4.0, -5.0, 6.0, 5.0]
    ),
    "logistic": simopt.problems.logistic(X, X[:, 0] + NOISE > 0, l2=0.05),
    "logistic, one weight": simopt.problems.logistic(X[:, :1], X[:, 0] > NOISE, intercept=False),
    "huber": simopt.problems.huber(X, 3.0 * NOISE, delta=1.3, l2=0.1, intercept=True, w0=1.0),
    "huber, one weight": simopt.problems.huber(X[:, :1], 3.0 * NOISE, delta=0.5, w0=-2.0),
    "poisson": simopt.problems.poisson(X, np.arange(23) % 5, l2=0.05),
    "poisson, one weight": simopt.problems.poisson(X[:, :1], np.arange(23) % 3, intercept=False),
}

#: 1e-12 relative to the size of the weights and losses that a trajectory meets, up to this many
#: updates, at rates up to RATES; or as far as rounding moves the oracle itself, where a rule that
#: divides has arrived (`reference.moved`). Those get rates at which most are still on their way.
HORIZON = 60
TOLERANCE = 1e-12
RATES = {"SGD": 0.1, "Momentum": 0.1, "Nesterov": 0.1}
RATE_OF_DIVIDERS = 0.01


def draw_settings(name, draw):
    """Hyperparameters for a rule."""
    ranges = {
        "eta": (1e-4, RATES.get(name, RATE_OF_DIVIDERS)),
        "beta": (0.0, 0.95),
        "rho": (0.5, 0.99),
        "beta1": (0.0, 0.95),
        "beta2": (0.5, 0.9999),
        "epsilon": (1e-8, 0.1),
        "weight_decay": (0.0, 0.5),
    }
    names = OPTIMIZERS[name]().rule.hyperparameters
    return {h: draw(st.floats(*ranges[h])) for h in names}


def oracle(problem, name, hyper, plan, seed, of=reference.trajectory):
    orders = reference.orders(plan["shuffle"], seed, plan["epochs"], problem.n)
    return of(problem, name, hyper, plan["batch_size"], orders, plan.get("drop_last", False))


#: No loss knows a rule: every rule on some losses, some rules on every loss; the rest is slow.
SOME_RULES = ("SGD", "Adam")
SOME_PROBLEMS = ("four_points", "three weights", "logistic")
RULES_AND_PROBLEMS = [
    pytest.param(
        name,
        where,
        marks=() if name in SOME_RULES or where in SOME_PROBLEMS else pytest.mark.slow,
    )
    for name in OPTIMIZERS
    for where in PROBLEMS
]

#: Whose kernels are compiled where bits are compared; the other losses' in `tests.device_cases`.
COMPILED = ("four_points", "three weights")


def compiled_or_not(where, *values):
    """A case whose kernels are compiled, or run as plain Python."""
    marks = [pytest.mark.compiled if where in COMPILED else pytest.mark.interpreted]
    if where not in SOME_PROBLEMS:
        marks.append(pytest.mark.slow)
    return pytest.param(where, *values, marks=marks, id="-".join([where, *values]))


@pytest.mark.interpreted
@pytest.mark.parametrize(("name", "where"), RULES_AND_PROBLEMS)
@FAST
@given(data=st.data())
def test_meets_the_oracle(name, where, data):
    problem = PROBLEMS[where]
    hyper = draw_settings(name, data.draw)
    batch_size = data.draw(st.integers(1, problem.n))
    batches = -(-problem.n // batch_size)
    plan = {
        "batch_size": batch_size,
        "epochs": data.draw(st.integers(1, max(1, HORIZON // batches))),
        "shuffle": data.draw(st.sampled_from(["never", "once", "epoch"])),
        "drop_last": data.draw(st.booleans()),
    }
    meet(problem, name, hyper, plan, data.draw(st.integers(0, 2**40)))


@pytest.mark.interpreted
def test_meets_the_oracle_where_it_has_arrived():
    """Where the root of squared gradients is small, and steps hang on the rounding of each."""
    hyper = {"eta": 0.01, "rho": 0.765, "epsilon": 1e-8}
    plan = {"batch_size": 23, "epochs": 60, "shuffle": "epoch"}
    meet(PROBLEMS["poisson, one weight"], "RMSprop", hyper, plan, 640811942)


def meet(problem, name, hyper, plan, seed):
    frame = simopt.sweep(
        problem,
        OPTIMIZERS[name](**hyper),
        seed=seed,
        divergence=None,
        record="steps",
        evaluate=1,
        **plan,
    )
    expected = oracle(problem, name, hyper, plan, seed)
    weights = np.array([w for _, w, _ in expected])
    columns = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    scale = max(1.0, np.abs(weights).max(), np.abs(problem.w0).max())
    losses = np.array([loss for *_, loss in expected])
    start = reference.loss(problem, problem.w0.tolist())
    gaps = np.column_stack([np.abs(frame[columns] - weights).max(axis=1), abs(frame.loss - losses)])
    least = TOLERANCE * np.array([scale, max(start, losses.max())])
    if not (gaps <= least).all():
        moved = oracle(problem, name, hyper, plan, seed, of=reference.moved)
        np.testing.assert_array_less(gaps, np.maximum(least, moved))
    assert frame["epoch"].tolist() == [epoch for epoch, *_ in expected]


def grid(name, etas=(1e-3, 0.01, 0.05, 0.6)):
    return OPTIMIZERS[name](eta=etas)


ALL = [grid(name) for name in OPTIMIZERS]
PLANS = {"batch_size": [1, 3, "full"], "shuffle": ["never", "once", "epoch"], "seed": [0, 1, 9]}


@pytest.mark.interpreted
@pytest.mark.parametrize(
    "where",
    [
        pytest.param(where, marks=() if where in SOME_PROBLEMS else pytest.mark.slow)
        for where in PROBLEMS
    ],
)
def test_a_sweeps_row_is_what_run_says(where):
    problem = PROBLEMS[where]
    goal = (problem.loss(problem.w0) + problem.minimum_loss) / 2
    frame = simopt.sweep(problem, ALL, epochs=4, target=goal, divergence=50.0, **PLANS)
    if problem.name == "four_points":
        assert set(frame["status"]) == {"ok", "diverged"}
    for index in range(0, len(frame), 7):
        row = frame.iloc[index]
        optimizer = next(o for o in ALL if o.name == row["optimizer"])
        optimizer = optimizer.replace(**{h: row[h] for h in optimizer.rule.hyperparameters})
        plan = {k: row[k] for k in ("batch_size", "shuffle", "seed", "epochs")}
        summary = simopt.run(problem, optimizer, target=goal, divergence=50.0, **plan).summary
        for column, value in summary.items():
            if value is pd.NA:
                assert row[column] is pd.NA, column
            elif isinstance(value, float) and not math.isnan(value):
                size = max(1.0, abs(value), abs(problem.w0).max())
                assert row[column] == pytest.approx(value, rel=1e-9, abs=1e-9 * size), column
            elif isinstance(value, float):
                assert math.isnan(row[column]), column
            else:
                assert row[column] == value, column


def identical(a, b):
    pd.testing.assert_frame_equal(a, b, check_exact=True)


@pytest.mark.parametrize("where", [compiled_or_not(where) for where in PROBLEMS])
def test_bits_do_not_depend_on_threads_or_chunks(where, monkeypatch):
    problem = PROBLEMS[where]
    # Two blocks, and some lanes of a third.
    etas = np.geomspace(1e-4, 0.3, 2 * layout.lanes(np.float64) + 45).tolist()
    optimizers = [simopt.Adam(eta=etas), simopt.Momentum(eta=etas)]
    settings = {"epochs": 3, "batch_size": [1, 4], "shuffle": "epoch", "seed": [3, 4]}
    whole = simopt.sweep(problem, optimizers, threads=1, **settings)
    identical(whole, simopt.sweep(problem, optimizers, threads=3, **settings))
    monkeypatch.setattr("simopt.engine.run.TASK_UPDATES", 1)
    monkeypatch.setattr("simopt.engine.run.BRIEF", -1)
    identical(whole, simopt.sweep(problem, optimizers, threads=2, **settings))


@pytest.mark.parametrize(
    ("where", "dtype"),
    [
        *(compiled_or_not(where, "float64") for where in PROBLEMS),
        compiled_or_not("four_points", "float32"),
        *(
            pytest.param(where, "float32", marks=pytest.mark.slow, id=f"{where}-float32")
            for where in PROBLEMS
            if where != "four_points"
        ),
    ],
)
def test_bits_do_not_depend_on_company(where, dtype):
    """Alone, in a full block, with an own order or a shared one: the same trajectory."""
    problem = PROBLEMS[where]
    key = ["optimizer", "eta", "batch_size", "shuffle", "seed"]
    settings = {"epochs": 2, "divergence": 100.0, "dtype": dtype}
    etas = np.geomspace(0.001, 1.0, layout.lanes(np.float64) + 2)
    many = simopt.sweep(
        problem,
        [grid(name, etas) for name in ("Adam", "SGD")],
        batch_size=[4, 1],
        shuffle=["epoch", "once", "never"],
        seed=[7, 2],
        **settings,
    )
    chosen = many.iloc[np.random.default_rng(0).permutation(len(many))[:12]]
    for _, row in chosen.iterrows():
        alone = simopt.sweep(
            problem,
            OPTIMIZERS[row["optimizer"]](eta=row["eta"]),
            batch_size=row["batch_size"],
            shuffle=row["shuffle"],
            seed=[row["seed"], 11],
            **settings,
        ).iloc[0]
        assert alone[key].tolist() == row[key].tolist()
        for column in alone.index.drop("optimizer"):
            a, b = alone[column], row[column]
            assert (a is pd.NA and b is pd.NA) or a == b or (a != a and b != b), column


def test_the_order_of_the_grid_does_not_matter():
    problem, etas = PROBLEMS["hubble"], [0.3, 0.001, 0.1]
    columns = ["optimizer", "eta", "seed"]
    forth = simopt.sweep(problem, [simopt.Adam(eta=etas), simopt.SGD(eta=etas)], seed=[1, 2])
    back = simopt.sweep(
        problem, [simopt.SGD(eta=etas[::-1]), simopt.Adam(eta=etas[::-1])], seed=[2, 1]
    )
    for frame in (forth, back):
        frame["optimizer"] = frame["optimizer"].astype(str)
    left, right = (f.sort_values(columns).reset_index(drop=True) for f in (forth, back))
    identical(left, right[left.columns])


def test_columns_are_the_published_ones():
    frame = simopt.sweep(
        PROBLEMS["four_points"], [simopt.Adam(), simopt.Momentum(beta=[0.5, 0.9])], seed=[1, 2]
    )
    assert list(frame.columns) == [
        "optimizer", "convention", "eta", "beta1", "beta2", "epsilon", "beta",
        "batch_size", "shuffle", "seed", "epochs",
        "status", "updates", "diverged_at", "w", "loss", "best_loss", "best_at", "distance",
        "steps_to_target", "overshoots", "peak_distance",
    ]  # fmt: skip
    assert len(frame) == 2 + 4
    assert frame.loc[frame["optimizer"] == "Adam", "beta"].isna().all()
    assert frame.attrs["trajectories"] == 6
    assert frame.attrs["updates"] == 24
    assert {"version", "spec", "problem", "device", "seconds"} <= set(frame.attrs)


@pytest.mark.parametrize("record", ["epochs", "steps"])
def test_records_end_where_a_trajectory_diverged(record):
    frame = simopt.sweep(
        PROBLEMS["four_points"], simopt.SGD(eta=[0.1, 1.0]), epochs=5, record=record
    )
    summary = simopt.sweep(PROBLEMS["four_points"], simopt.SGD(eta=[0.1, 1.0]), epochs=5)
    lengths = frame.groupby("eta").size()
    expected = summary.set_index("eta")["updates"]
    assert expected[1.0] < expected[0.1] == 20
    per_row = 1 if record == "steps" else 4
    assert lengths.to_dict() == {e: -(-u // per_row) for e, u in expected.items()}
    last = frame.groupby("eta")["w"].last()
    assert last[0.1] == summary.set_index("eta")["w"][0.1]


def test_divergence_is_a_result():
    frame = simopt.sweep(PROBLEMS["four_points"], simopt.SGD(eta=[0.1, 1.0, 1e200]), epochs=30)
    assert frame["status"].tolist() == ["ok", "diverged", "diverged"]
    assert frame["updates"].tolist()[0] == 120
    assert (frame["diverged_at"] == frame["updates"])[1:].all()
    limit = 1e6 * PROBLEMS["four_points"].loss(3.0)
    assert not frame["loss"][1] <= limit
    free = simopt.sweep(PROBLEMS["four_points"], simopt.SGD(eta=1.0), epochs=300, divergence=None)
    assert free["status"].tolist() == ["ok"]
    assert free["updates"].tolist() == [1200]
    assert not np.isfinite(free["loss"][0])


def test_zero_over_zero_stops_one_trajectory_and_no_other():
    problem = simopt.problems.least_squares([1.0, 2.0], [0.0, 0.0])
    frame = simopt.sweep(problem, simopt.AdaGrad(eta=0.1, epsilon=[0.0, 1e-8]), epochs=3)
    assert frame["status"].tolist() == ["diverged", "ok"]
    assert frame["w"].isna().tolist() == [True, False]
    assert frame["best_at"].isna().tolist() == [True, False]


def test_evaluate_looks_less_often():
    problem = PROBLEMS["three weights"]
    steps = simopt.run(problem, simopt.SGD(eta=0.05), epochs=4).steps["loss"]
    for every in (3, 7, "epoch"):
        row = simopt.sweep(problem, simopt.SGD(eta=0.05), epochs=4, evaluate=every).iloc[0]
        stride = problem.n if every == "epoch" else every
        looked = [i for i in range(len(steps)) if (i + 1) % stride == 0 or i == len(steps) - 1]
        best = min(looked, key=lambda i: steps[i])
        assert row["best_at"] == best + 1
        assert row["best_loss"] == pytest.approx(steps[best], rel=1e-12)


def test_given_orders_are_replayed():
    problem = PROBLEMS["hubble"]
    order = np.random.default_rng(1).permuted(np.tile(np.arange(24), (3, 1)), axis=1)
    frame = simopt.sweep(problem, simopt.Adam(eta=[1.0, 2.0]), epochs=3, order=order)
    traced = simopt.run(problem, simopt.Adam(eta=2.0), epochs=3, order=order)
    assert frame["w"][1] == pytest.approx(traced.summary["w"], rel=1e-12)
    assert frame["shuffle"].tolist() == ["given", "given"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in ("SGD", "Adam") else pytest.mark.slow)
        for name in OPTIMIZERS
    ],
)
def test_float32_follows_float64(name):
    """Within 1e-5 of w over 400 updates; float32 resolves 5e-7 there, and errors add up.

    RMSprop gets 80 updates: once at the optimum it steps to and fro at its rate for ever, on the
    side that rounding chooses, and float32 may even meet the optimum exactly and stay.
    """
    epochs = 20 if name == "RMSprop" else 100
    settings = {"epochs": epochs, "shuffle": "epoch", "seed": [1, 2, 3]}
    double, single = (
        simopt.sweep(
            PROBLEMS["four_points"], grid(name, (0.001, 0.01, 0.02)), dtype=dtype, **settings
        )
        for dtype in ("float64", "float32")
    )
    assert (single["w"] == single["w"].astype(np.float32)).all()
    np.testing.assert_allclose(single["w"], double["w"], rtol=0, atol=1e-5)
    assert not (single["w"] == double["w"]).all()


def test_sgd_on_consistent_labels_forgets_the_order():
    """At batch 1 the factors 1 - 2 eta x^2 commute: every seed ends an epoch at one weight."""
    frame = simopt.sweep(
        PROBLEMS["four_points"], simopt.SGD(eta=0.1), shuffle="epoch", seed=range(5000)
    )
    assert frame["w"].max() - frame["w"].min() < 1e-14
    assert frame["w"][0] == pytest.approx(5 - 2 * -0.1216, abs=1e-14)
    pairs = simopt.sweep(
        PROBLEMS["four_points"], simopt.SGD(eta=0.1), batch_size=2, shuffle="epoch",
        seed=range(500),
    )  # fmt: skip
    assert pairs["w"].round(12).nunique() == 3


@pytest.mark.interpreted
def test_light_cone():
    """From 0, k updates move at most k coordinates of a chain: the rest are exactly 0."""
    d, kappa = 12, 100.0
    rows = np.zeros((d, d))
    targets = np.zeros(d)
    rows[0, 0], targets[0] = 1.0, 1.0
    for i in range(d - 1):
        rows[i + 1, i], rows[i + 1, i + 1] = 1.0, -1.0
    problem = simopt.problems.least_squares(rows, targets, l2=4 / (kappa - 1) / d)
    frame = simopt.sweep(
        problem,
        [OPTIMIZERS[name](eta=0.1) for name in OPTIMIZERS],
        batch_size="full",
        epochs=8,
        record="epochs",
    )
    for _, row in frame.iterrows():
        beyond = [row[f"w_{k}"] for k in range(row["epoch"], d)]
        assert beyond == [0.0] * len(beyond)
        assert row[f"w_{row['epoch'] - 1}"] != 0.0


REFUSED = {
    "batch_size=0": {"batch_size": 0},
    "batch_size=5": {"batch_size": 5},
    "batch_size=True": {"batch_size": True},
    "batch_size='half'": {"batch_size": "half"},
    "batch_size=[]": {"batch_size": []},
    "epochs=0": {"epochs": 0},
    "epochs=2.5": {"epochs": 2.5},
    "seed=-1": {"seed": -1},
    "seed=[]": {"seed": []},
    "shuffle='always'": {"shuffle": "always"},
    "record='all'": {"record": "all"},
    "dtype='float16'": {"dtype": "float16"},
    "target=nan": {"target": math.nan},
    "divergence=0.5": {"divergence": 0.5},
    "evaluate=0": {"evaluate": 0},
    "drop_last=1": {"drop_last": 1},
    "threads=0": {"threads": 0},
    "order=": {"order": [[0, 1, 2, 2]]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        simopt.sweep(PROBLEMS["four_points"], simopt.SGD(), **REFUSED[message])
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("optimizers", [[], "Adam", [simopt.SGD], None])
def test_optimizers_must_be_optimizers(optimizers):
    with pytest.raises(ValueError, match="must be an optimizer"):
        simopt.sweep(PROBLEMS["four_points"], optimizers)


def test_a_table_too_large_is_refused_with_its_size():
    etas = np.linspace(0.1, 1.0, 10_000)
    with pytest.raises(ValueError, match=r"1,000,000,000,000 trajectories .* GiB"):
        simopt.sweep(PROBLEMS["four_points"], simopt.Adam(eta=etas, beta1=etas / 2, beta2=etas / 2))


def test_float32_refuses_more_updates_than_it_can_count():
    with pytest.raises(ValueError, match=r"^epochs=5000000: must be at most 16,777,216 updates"):
        simopt.sweep(PROBLEMS["four_points"], simopt.SGD(), epochs=5_000_000, dtype="float32")


def test_interrupted_keeps_what_is_done(monkeypatch):
    """Ctrl-C in the middle: the rows that were finished come with the exception."""
    from simopt.engine import run
    from simopt.sweeps import sweep

    real, calls = run.store, []

    def store(task, out, results, codes):
        real(task, out, results, codes)
        calls.append(task)
        if len(calls) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "store", store)
    monkeypatch.setattr(run, "TASK_UPDATES", 1)
    monkeypatch.setattr(run, "BRIEF", -1)
    etas = np.geomspace(1e-4, 0.1, 2000)
    with pytest.raises(sweep.Interrupted) as caught:
        simopt.sweep(PROBLEMS["four_points"], simopt.SGD(eta=etas), epochs=10)
    frame = caught.value.frame
    assert len(frame) == 3 * 128
    monkeypatch.undo()
    whole = simopt.sweep(PROBLEMS["four_points"], simopt.SGD(eta=etas), epochs=10)
    identical(frame, whole.loc[frame.index])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("shuffle", ["never", "epoch"])
@pytest.mark.parametrize("d", [11, moments.FEW_WEIGHTS])
def test_moments_err_no_more_than_they_may(d, shuffle, dtype):
    """One step by moments against the exact step in long double, within the stated bound."""
    problem = simopt.problems.diabetes()
    if d != problem.d:
        x = np.random.default_rng(d).normal(size=(128, d))
        problem = simopt.problems.least_squares(x, x.sum(axis=1) + x[:, 0] ** 2, intercept=False)
    assert problem.d == d
    unit, double = np.finfo(dtype).eps / 2, np.finfo("float64").eps / 2
    order = shuffling.orders(shuffle, 0, 1, problem.n)[0, :64]
    x, y = problem.x[order].astype(dtype), problem.y[order].astype(dtype)
    start = np.linspace(-30, 30, problem.d)
    frame = simopt.sweep(
        problem.replace(w0=start), simopt.SGD(eta=1.0), batch_size=64, drop_last=True,
        shuffle=shuffle, dtype=dtype, divergence=None, record="steps",
    )  # fmt: skip
    wide = np.longdouble
    matrix = 2 * (x.astype(wide).T @ x.astype(wide)) / 64
    w0, center = start.astype(dtype).astype(wide), problem.minimizer.astype(dtype).astype(wide)
    residuals = x.astype(wide) @ center - y.astype(wide)
    vector = 2 * (x.astype(wide).T @ residuals) / 64
    exact = w0 - (matrix @ (w0 - center) + vector)
    first = frame.loc[frame["step"] == 1, [f"w_{k}" for k in range(problem.d)]].to_numpy()[0]
    size = np.abs(matrix) @ np.abs(w0 - center) + np.abs(vector)
    # Residuals are summed in double precision, then rounded; so are the sums over points.
    sizes = np.abs(x.astype(wide)) @ np.abs(center) + np.abs(y.astype(wide))
    rounded = unit * np.abs(residuals) + (problem.d + 1) * double * sizes
    shared = 2 * (np.abs(x.astype(wide)).T @ (rounded + 65 * double * np.abs(residuals))) / 64
    sums = 66 * double * (2 * (np.abs(x.astype(wide)).T @ np.abs(x.astype(wide))) / 64)
    # The bound of the product, one unit for the rounding of the moments, two for the step.
    bound = (problem.d + 4) * unit * size + shared + sums @ np.abs(w0 - center)
    bound += 2 * unit * (np.abs(w0) + np.abs(exact))
    assert (np.abs(first - exact) <= bound).all()
    assert (np.abs(first - exact) > 0).any()


def test_moments_of_consistent_labels_are_exactly_zero_at_the_optimum():
    """Not rounding, of which a rule that divides by the root of tiny squares would make a step."""
    draws = np.random.default_rng(4)
    x, truth = draws.integers(-8, 9, (21, 4)) / 4, np.array([1.0, -2.0, 0.5, 3.0])
    errors = moments.residuals(x, x @ truth, truth)
    totals, matrix, vector = np.zeros(moments.room(4)), np.empty((4, 4)), np.empty(4)
    order = draws.permutation(21)
    moments.of_batch(totals, x, errors, order, 1, 20)
    moments.scale(matrix, vector, totals, 2 / 19)
    np.testing.assert_allclose(matrix, 2 / 19 * x[order[1:20]].T @ x[order[1:20]], rtol=1e-14)
    work = np.repeat(np.concatenate([truth, np.full(4, np.nan)])[:, None], 2, axis=1)
    work[:4, 1] += 1.0
    moments.gradient(work, 0, 2, 4, matrix, vector, truth)
    assert (work[4:, 0] == 0).all()
    np.testing.assert_allclose(work[4:, 1], matrix.sum(axis=1), rtol=1e-14)
    # Row by row, as a device makes them.
    table, slopes = np.empty((1, 4, 4)), np.empty((1, 4))
    for j in range(4):
        moments.write_row(table, slopes, 0, j, x, errors, order, 1, 20, 2 / 19)
    assert (table[0] == matrix).all()
    assert (slopes[0] == vector).all()


@pytest.mark.parametrize("where", ["hubble", "diabetes"])
def test_bits_of_moments_do_not_depend_on_company(where):
    """By the moments of a batch that a block shares, or of one's own."""
    problem = getattr(simopt.problems, where)()
    etas, plan = np.geomspace(1e-3, 0.1, 60), {"batch_size": 16, "epochs": 3, "shuffle": "epoch"}
    shared = simopt.sweep(problem, simopt.SGD(eta=etas), seed=[7, 2], **plan)
    own = simopt.sweep(problem, simopt.SGD(eta=etas[[5]]), seed=[9, 2, 7], **plan)
    alike = shared[shared["eta"] == etas[5]].reset_index(drop=True)
    identical(own.iloc[[2, 1]].reset_index(drop=True), alike)


def test_a_table_of_one_row_is_a_row_of_more():
    """Down to its distance, which sums over weights."""
    x = np.random.default_rng(3).normal(size=(40, 30))
    problem = simopt.problems.least_squares(x, x.sum(axis=1) + x[:, 0] ** 2)
    etas = np.geomspace(1e-4, 0.01, 8)
    many = simopt.sweep(problem, simopt.SGD(eta=etas), epochs=2)
    for row, eta in enumerate(etas):
        alone = simopt.sweep(problem, simopt.SGD(eta=eta), epochs=2)
        identical(alone, many.iloc[[row]].reset_index(drop=True))


def test_a_record_has_a_column_for_each_of_many_weights():
    wide = simopt.problems.least_squares(np.eye(120), np.arange(120.0))
    frame = simopt.sweep(wide, simopt.SGD(eta=0.5), batch_size="full", epochs=2, record="epochs")
    weights = frame[[f"w_{k}" for k in range(120)]].to_numpy()
    # A full batch divides by n: each weight goes 2 * 0.5 / 120 of its way at a time.
    left = (1 - 1 / 120) ** np.array([[1], [2]])
    np.testing.assert_allclose(weights, (1 - left) * np.arange(120.0), rtol=1e-12)
