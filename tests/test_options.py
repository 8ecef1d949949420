"""What comes on top of a rule: schedules, clipping, the box, a start other than 0, conventions."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simopt
from simopt import schedules
from simopt.rules import OPTIMIZERS
from tests import reference

FAST = settings(max_examples=12, deadline=None)
pytestmark = pytest.mark.interpreted
FOUR = simopt.problems.four_points()
rng = np.random.default_rng(8)
X = rng.normal(size=(17, 3))
PROBLEMS = {
    "four points": FOUR,
    "several weights": simopt.problems.least_squares(
        X, X @ [1.0, -2.0, 0.5] + rng.normal(size=17), l2=0.1, w0=[3.0, 4.0, -2.0]
    ),
    "logistic": simopt.problems.logistic(X, X[:, 0] + rng.normal(size=17) > 0, l2=0.05),
}
SCHEDULES = (
    schedules.constant(),
    schedules.multi_step([3, 9], gamma=0.1),
    schedules.cosine(floor=1e-4),
    schedules.linear_warmup(total=6, start_factor=0.2),
    schedules.inverse_sqrt(),
    schedules.step(1, gamma=0.5, per="epoch"),
)
#: As in test_sweep, and with the same allowance for rules that divide by their own root.
RATES = {"SGD": 0.1, "Momentum": 0.05, "Nesterov": 0.05}
TOLERANCE = 1e-12


def columns(problem):
    return ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]


CASES = [
    ("SGD", "four points", "clip_value"),
    ("Momentum", "four points", None),
    ("Adam", "four points", "clip_norm"),
    ("SGD", "several weights", "clip_value"),
    ("Adam", "several weights", "clip_norm"),
    ("Adam", "logistic", "clip_norm"),
]


@pytest.mark.parametrize(("name", "where", "clipped"), CASES)
@FAST
@given(data=st.data())
def test_meets_the_oracle(name, where, clipped, data):
    """Schedule, clipping and box together, in the engine and in a trace, against plain Python."""
    problem = PROBLEMS[where]
    eta = data.draw(st.floats(1e-3, RATES.get(name, 0.01)))
    schedule = data.draw(st.sampled_from(SCHEDULES))
    clip = {clipped: data.draw(st.floats(0.1, 20.0))} if clipped else {}
    box = data.draw(st.sampled_from([(-100.0, 100.0), (-1.5, 3.9)]))
    batch_size = data.draw(st.integers(1, problem.n))
    plan = {"batch_size": batch_size, "epochs": 3, "shuffle": "epoch", "seed": 4}
    made = {"schedule": schedule, "box": box, **clip}
    optimizer = OPTIMIZERS[name](eta=eta)
    frame = simopt.sweep(problem, optimizer, record="steps", divergence=None, **plan, **made)
    traced = simopt.run(problem, optimizer, **plan, **made).steps
    batches = -(-problem.n // batch_size)
    rates = schedule.rates(eta, 3 * batches, batches).tolist()
    arguments = (problem, name, optimizer.settings, batch_size)
    arguments += (reference.orders("epoch", 4, 3, problem.n),)
    options = {
        "rates": rates,
        "clip": {key.removeprefix("clip_"): value for key, value in clip.items()},
        "box": box,
    }
    expected = reference.trajectory(*arguments, **options)
    weights = np.array([w for _, w, _ in expected])
    least = TOLERANCE * max(1.0, np.abs(weights).max())
    for table in (frame, traced):
        gaps = np.abs(table[columns(problem)] - weights).max(axis=1)
        if not (gaps <= least).all():
            moved = [far for far, _ in reference.moved(*arguments, **options)]
            np.testing.assert_array_less(gaps, np.maximum(least, moved))
    np.testing.assert_allclose(traced["eta"], rates, rtol=1e-15)


# --- axes ---------------------------------------------------------------------------------------


def test_schedule_and_clipping_are_axes():
    frame = simopt.sweep(
        FOUR,
        simopt.SGD(eta=[0.05, 0.1]),
        schedule=[None, "cosine", schedules.constant(0.5)],
        clip_norm=[None, 2.0],
        seed=[1, 2],
        shuffle="epoch",
        batch_size=[1, 3],
        epochs=2,
    )
    assert len(frame) == 2 * 3 * 2 * 2 * 2
    assert not frame.duplicated(
        ["eta", "schedule", "clip_norm", "seed", "batch_size"]
    ).any()  # missing values are equal here
    assert frame["schedule"].isna().sum() == 16
    assert frame.attrs["spec"]["schedule"] == [None, "cosine()", "constant(factor=0.5)"]
    for index in range(0, len(frame), 5):
        row = frame.iloc[index]
        words = {"cosine()": "cosine", "constant(factor=0.5)": schedules.constant(0.5)}
        summary = simopt.run(
            FOUR,
            simopt.SGD(eta=row["eta"]),
            schedule=words.get(row["schedule"]),
            clip_norm=None if math.isnan(row["clip_norm"]) else row["clip_norm"],
            **{key: row[key] for key in ("seed", "shuffle", "batch_size", "epochs")},
        ).summary
        assert row["w"] == pytest.approx(summary["w"], rel=1e-13)
        assert ("schedule" in summary) == isinstance(row["schedule"], str)


def test_half_the_rate_is_half_the_rate():
    half = simopt.sweep(FOUR, simopt.Adam(eta=0.1), schedule=schedules.constant(0.5), epochs=9)
    assert half["w"][0] == simopt.sweep(FOUR, simopt.Adam(eta=0.05), epochs=9)["w"][0]


def test_a_schedule_spans_every_batch_size():
    """``total=None`` is the whole run, however many updates that is."""
    frame = simopt.sweep(
        FOUR, simopt.SGD(eta=0.1), schedule="linear", batch_size=[1, 2, 4], epochs=3
    )
    for batch_size, w in zip(frame["batch_size"], frame["w"], strict=True):
        run = simopt.run(FOUR, simopt.SGD(eta=0.1), schedule="linear", batch_size=batch_size,
                         epochs=3)  # fmt: skip
        updates = len(run.steps)
        np.testing.assert_allclose(run.steps["eta"], 0.1 * (1 - np.arange(updates) / updates))
        assert run.summary["w"] == pytest.approx(w, rel=1e-14)


def test_convention_is_an_axis():
    conventions = ["document", "torch", "keras", "optax"]
    own = simopt.sweep(FOUR, simopt.RMSprop(eta=0.1, convention=conventions), epochs=3)
    asked = simopt.sweep(FOUR, simopt.RMSprop(eta=0.1), convention=conventions, epochs=3)
    pd.testing.assert_frame_equal(own, asked)
    assert own["convention"].tolist() == conventions
    assert own["rho"].tolist() == [0.9, 0.99, 0.9, 0.9]  # its own, where none was set
    assert own["w"].nunique() == 3  # optax' is the document's, but for a rate inside a buffer
    for each in own["convention"]:
        run = simopt.run(FOUR, simopt.RMSprop(eta=0.1, convention=each), epochs=3)
        row = own[own["convention"] == each].iloc[0]
        assert row["w"] == pytest.approx(run.summary["w"], rel=1e-13)


def test_switches_have_columns_where_they_are_set():
    frame = simopt.sweep(
        FOUR,
        [
            simopt.Adam(eta=0.1),
            simopt.Adam(eta=0.1, epsilon_place="outside", bias_correction=False),
            simopt.SGD(eta=0.1, weight_decay=0.1, decay="decoupled"),
        ],
    )
    assert frame["epsilon_place"].astype(object).fillna("-").tolist() == ["-", "outside", "-"]
    assert frame["bias_correction"].astype(object).fillna("-").tolist() == ["-", "False", "-"]
    assert frame["decay"].astype(object).fillna("-").tolist() == ["-", "-", "decoupled"]
    assert "epsilon_place" not in simopt.sweep(FOUR, simopt.Adam(eta=0.1))


@pytest.mark.parametrize("where", ["four points", "several weights"])
def test_a_state_may_start_elsewhere(where):
    """The initial accumulator, an axis like any hyperparameter."""
    problem = PROBLEMS[where]
    starts = [0.0, 0.1, 3.0]
    optimizer = simopt.AdaGrad(eta=0.1, epsilon=1e-7, initial_accumulator=starts)
    frame = simopt.sweep(problem, optimizer, epochs=2, divergence=None)
    for start, row in zip(starts, frame.itertuples(), strict=True):
        single = simopt.AdaGrad(eta=0.1, epsilon=1e-7, initial_accumulator=start)
        steps = simopt.run(problem, single, epochs=2).steps
        first = "G" if problem.d == 1 else "G_0"
        gradient = steps[first.replace("G", "gradient")][0]
        assert steps[first][0] == pytest.approx(start + gradient**2, rel=1e-15)
        for name in columns(problem):
            assert getattr(row, name) == pytest.approx(steps[name].iloc[-1], rel=1e-12)
    assert frame[columns(problem)[0]].nunique() == 3


def test_dampening_needs_momentum():
    """PyTorch dampens only what it gathers: with beta 0 it is SGD."""
    plain = simopt.sweep(FOUR, simopt.SGD(eta=0.05), epochs=3)["w"][0]
    for place in ("outside", "inside"):
        damped = simopt.Momentum(eta=0.05, beta=[0.0, 0.5], dampening=0.5, rate_place=place)
        frame = simopt.sweep(FOUR, damped, epochs=3)
        assert frame["w"][0] == plain
        assert frame["w"][1] != plain


@pytest.mark.compiled
@pytest.mark.parametrize(
    ("where", "dtype"), [("four points", "float32"), ("several weights", "float64")]
)
def test_bits_do_not_depend_on_company(where, dtype):
    problem = PROBLEMS[where]
    options = {
        "schedule": SCHEDULES[2], "clip_norm": 0.7, "box": (-1.5, 3.9), "shuffle": "epoch",
        "dtype": dtype, "epochs": 2,
    }  # fmt: skip
    etas = np.geomspace(1e-3, 0.5, 130)
    many = simopt.sweep(problem, simopt.Adam(eta=etas), seed=[1, 2], **options)
    for index in (0, 77, 200):
        row = many.iloc[index]
        alone = simopt.sweep(problem, simopt.Adam(eta=row["eta"]), seed=row["seed"], **options)
        assert (alone[columns(problem)].iloc[0] == row[columns(problem)]).all()


# --- what the options mean ----------------------------------------------------------------------


@given(st.floats(1e-3, 50.0))
def test_a_clipped_step_is_no_longer_than_it_may_be(bound):
    run = simopt.run(FOUR, simopt.SGD(eta=1.0), clip_norm=bound, epochs=3)
    moves = np.diff(run.steps["w"], prepend=3.0)
    assert (np.abs(moves) <= bound * (1 + 1e-12)).all()
    assert (np.abs(run.steps["clipped"]) <= np.abs(run.steps["gradient"])).all()


def test_the_norm_is_that_of_the_whole_gradient():
    problem = PROBLEMS["several weights"]
    steps = simopt.run(problem, simopt.SGD(eta=0.1), clip_norm=0.5, epochs=2).steps
    norm = np.linalg.norm(steps[["gradient_0", "gradient_1", "gradient_2"]], axis=1)
    after = np.linalg.norm(steps[["clipped_0", "clipped_1", "clipped_2"]], axis=1)
    np.testing.assert_allclose(after, np.minimum(norm, 0.5), rtol=1e-14)
    assert (norm > 0.5).any()


def test_pytorch_clips_a_little_below_the_norm():
    for convention, norm in {"document": 1.0, "keras": 1.0, "torch": 16 / (16 + 1e-6)}.items():
        run = simopt.run(FOUR, simopt.SGD(eta=0.1, convention=convention), clip_norm=1.0)
        assert run.steps["clipped"][0] == pytest.approx(-norm, rel=1e-15)
        frame = simopt.sweep(FOUR, simopt.SGD(eta=0.1, convention=convention), clip_norm=1.0)
        assert frame["w"][0] == run.summary["w"]


def test_not_a_number_is_not_clipped_away():
    problem = simopt.problems.least_squares([1.0], [0.0])
    for options in ({"clip_value": 1.0}, {"clip_norm": 1.0}, {"box": (-1.0, 1.0)}):
        frame = simopt.sweep(problem, simopt.Adam(eta=0.1, epsilon=0.0), **options)
        assert frame["status"].tolist() == ["diverged"]
        assert math.isnan(frame["w"][0])


def test_clipping_tames_a_rate_that_diverges():
    frame = simopt.sweep(FOUR, simopt.SGD(eta=0.6), clip_norm=[None, 1.0], epochs=50)
    assert frame["status"].tolist() == ["diverged", "ok"]
    assert frame["peak_distance"][1] < 3.0


def test_reddi_kale_kumar():
    """Adam in a box runs to the worst point of a convex problem, AMSGrad doesn't (theorem 1).

    Gradients C, -1, -1, C, ... on [-1, 1], rate 1 / (2 sqrt t), beta1 = 0, no bias correction,
    beta2 = 1 / (1 + C^2): from 1, Adam is back at 1 after every third step. Gradients do not
    depend on w here; a point with x small and y / x large gives one to 1e-9.
    """
    c = 3.0
    tiny = 1e-6
    # g = 2 x (w x - y): with x = tiny and y = -g / (2 tiny) the weight enters by 2e-12 alone.
    problem = simopt.problems.least_squares(
        np.full(3, tiny), -np.array([c, -1.0, -1.0]) / (2 * tiny), w0=1.0
    )
    adam = simopt.Adam(eta=0.5, beta1=0.0, beta2=1 / (1 + c**2), epsilon=0.0, bias_correction=False)
    options = {"schedule": schedules.inverse_sqrt(), "box": (-1.0, 1.0), "epochs": 200}
    steps = simopt.sweep(problem, adam, record="steps", divergence=None, **options)
    assert (steps["w"][2::3] == 1.0).all()
    assert steps["w"].min() > -1.0
    # Its regret a step tends to (2 C - 4) / 3, where -1 is the best point.
    regret = np.resize([c, -1.0, -1.0], 600) * (np.append(1.0, steps["w"][:-1]) + 1.0)
    assert regret.mean() == pytest.approx((2 * c - 4) / 3, abs=0.05)
    amsgrad = simopt.AMSGrad(
        eta=0.5, beta1=0.0, beta2=1 / (1 + c**2), epsilon=0.0, bias_correction=False
    )
    steps = simopt.sweep(problem, amsgrad, record="steps", divergence=None, **options)
    assert steps["w"].iloc[-100:].max() < -0.8


REFUSED = {
    "schedule='slowly'": {"schedule": "slowly"},
    "schedule=0.5": {"schedule": 0.5},
    "schedule=[]": {"schedule": []},
    "clip_norm=0": {"clip_norm": 0},
    "clip_norm=-1": {"clip_norm": [1.0, -1]},
    "clip_value=nan": {"clip_value": math.nan},
    "clip_value=2.0": {"clip_norm": 1.0, "clip_value": 2.0},
    "box=(1, 1)": {"box": (1, 1)},
    "box=3": {"box": 3},
    "box=(0, 1, 2)": {"box": (0, 1, 2)},
    "convention='theano'": {"convention": "theano"},
    "convention='sklearn'": {"convention": ["torch", "sklearn"]},
}


@pytest.mark.parametrize("message", REFUSED)
def test_bad_arguments_are_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        simopt.sweep(FOUR, simopt.AdaGrad(), **REFUSED[message])
    assert str(caught.value).startswith(message)


def test_run_takes_one_convention():
    with pytest.raises(ValueError, match=r"^convention=\('torch', 'keras'\): must be one"):
        simopt.run(FOUR, simopt.Adam(convention=["torch", "keras"]))


@pytest.mark.parametrize("large", [1e100, 1e153])
def test_a_norm_whose_square_overflows_still_clips(large):
    """Gradients 1 and 4 times large^2 w: along (1, 4) / sqrt(17), as far as the bound says."""
    problem = simopt.problems.least_squares(
        [[large, 0.0], [0.0, 2 * large]], [0.0, 0.0], w0=[1.0, 1.0]
    )
    options = {"batch_size": 2, "epochs": 1, "clip_norm": 0.5, "divergence": None}
    swept = simopt.sweep(problem, simopt.SGD(eta=0.1), **options)
    ran = simopt.run(problem, simopt.SGD(eta=0.1), **options).summary
    for summary in (swept.iloc[0], ran):
        moved = 1.0 - np.array([summary["w_0"], summary["w_1"]], np.float64)
        np.testing.assert_allclose(moved, 0.05 * np.array([1.0, 4.0]) / math.sqrt(17), rtol=1e-12)
