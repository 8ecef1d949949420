"""Labelled curves: their causes by closed forms, by replay, and by what must not change them."""

from itertools import pairwise

import numpy as np
import pytest

import simopt
from simopt import problems, schedules
from simopt.curves.diagnosis import SYMPTOMS, diagnose_many
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.symptoms import BY_NAME, noise_floor
from simopt.curves.validation import counterfactuals, inseparable, rate_scan, recipes, runs
from simopt.curves.validation.labelled import KNOWN, labelled
from simopt.curves.validation.similarity import twins
from simopt.problems.synthetic import testbeds

COLUMNS = [
    "problem", "optimizer", "eta", "beta", "batch_size", "record", "epochs", "seed", "cause",
    "symptom", "also",
]  # fmt: skip


@pytest.fixture(scope="module")
def tuning():
    return labelled("tuning", size=400, threads=1)


@pytest.fixture(scope="module")
def held_out():
    return labelled("test", size=400, threads=1)


def four_points_tried(length=60):
    """Full-batch descent on the four points: curvature 7.125, rates in a known grid."""
    problem = problems.four_points()
    rng = np.random.default_rng(0)
    plan = runs.draw_plan(rng, problem, 4, length, "epochs")
    return problem, plan, rate_scan.scan(rng, problem, plan, ["SGD"], 1)[0]


# The landmarks that labels go by, against closed forms.


def test_ends_are_those_of_descent_on_a_parabola():
    _, plan, sgd = four_points_tried()
    inside = sgd.eta < 2 / 7.125
    eta = sgd.eta[inside]
    constant = (1 - eta * 7.125) ** (2 * plan.length)
    falling = [(1 - eta * (1 - k / plan.length) * 7.125) ** 2 for k in range(plan.length)]
    assert len(eta) > 10
    assert np.allclose(sgd.left[inside], constant, rtol=1e-9, atol=1e-25)
    assert np.allclose(sgd.decayed[inside], np.prod(falling, axis=0), rtol=1e-9, atol=1e-25)


def test_the_measured_edge_is_the_theoretical_one():
    _, _, sgd = four_points_tried()
    assert sgd.eta[sgd.edge] < 2 / 7.125 < sgd.eta[sgd.edge + 1]


def test_the_tuned_rate_is_the_best_or_as_good():
    _, plan, sgd = four_points_tried(length=5)
    nearest = np.abs(1 - sgd.eta * 7.125).argmin()  # 1 / curvature arrives at once
    assert sgd.tuned == nearest
    assert sgd.low < sgd.tuned < sgd.edge
    half = 1 - (1 - sgd.eta * 7.125) ** (2 * plan.length) < 0.5
    assert sgd.low == np.flatnonzero(half[: sgd.tuned])[-1]


def test_rates_beyond_the_edge_are_too_high_and_far_below_it_too_low():
    rng = np.random.default_rng(1)
    testbed = testbeds.Testbed(problems.four_points(), (4,))
    curves = next(iter(recipes.from_testbed(rng, testbed, 4, "epochs", ["SGD"], 1))).frame
    eta, cause = curves["eta"].to_numpy(), curves["cause"].to_numpy()
    high = np.char.find(cause.astype(str), "too high") >= 0
    assert high.any()
    assert (cause == "rate too low").any()
    assert (high == (eta > 2 / 7.125)).all()
    assert (eta[cause == "rate too low"] < 1 / 7.125 / 3).all()


def test_the_floor_of_a_noisy_quadratic_is_where_theory_has_it():
    """At rest the mean excess of SGD is the sum of eta c / (2 (2 - eta h)) / 2 over the weights."""
    h, c, size = np.array([2.0, 0.7, 0.7, 0.1]), 0.3, 1
    problem = problems.noisy_quadratic(h, c * h, w0=3.0, name="quadratic")
    testbed = testbeds.Testbed(problem, (size,))
    found = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        curves = next(iter(recipes.from_testbed(rng, testbed, size, "epochs", ["SGD"], 1))).frame
        found += curves.loc[curves["cause"] == "noise floor", "eta"].tolist()
    assert found
    start = problem.loss(problem.w0)
    for eta in found:
        share = (eta * c * h / (2 - eta * h)).sum() / 2 / start
        low, high = noise_floor.FLOOR
        assert low / 2 < share < 2 * high


def test_a_local_minimum_is_where_the_slope_is_zero_and_the_loss_is_not_least():
    rng = np.random.default_rng(2)
    testbed = testbeds.Testbed(problems.bumps(w0=4.0), minima=True)
    curves = next(iter(recipes.from_testbed(rng, testbed, 1, "epochs", ["SGD"], 1)))
    stuck = (curves.frame["cause"] == "local minimum").to_numpy()
    assert stuck.any()
    # Roots of the slope at which it rises, by its signs on a fine grid.
    w = np.linspace(-8, 8, 1_600_001)
    slope = 0.4 * w + 1.8 * np.cos(6 * w)
    rises = np.flatnonzero((slope[:-1] < 0) & (slope[1:] >= 0))
    minima = 0.2 * w[rises] ** 2 + 0.3 * np.sin(6 * w[rises])
    for loss in curves.losses[stuck, -1]:
        nearest = minima[np.abs(minima - loss).argmin()]
        assert abs(loss - nearest) < 1e-3
        assert nearest > minima.min() + 1e-3


def test_adagrad_stopped_where_eight_times_the_updates_leave_half():
    rng = np.random.default_rng(3)
    testbed = next(g for g in testbeds.walls("tuning", 0) if g.problem.d == 2)
    how_many = 0
    for _ in range(6):
        size = testbed.problem.n
        names = ["AdaGrad", "Adam", "RMSprop"]
        curves = next(iter(recipes.from_testbed(rng, testbed, size, "epochs", names, 1)))
        for row in np.flatnonzero(curves.frame["cause"] == "AdaGrad's decay"):
            about = curves.frame.iloc[row]
            length = int(about["epochs"])
            adagrad = simopt.AdaGrad(eta=about["eta"])
            plan = {"batch_size": "full", "threads": 1, "progress": False}
            ends = [
                simopt.sweep(testbed.problem, adagrad, epochs=length * k, **plan)["loss"].item()
                - testbed.problem.minimum_loss
                for k in (1, 8)
            ]
            assert ends[1] > 0.49 * ends[0]  # orders matter to the last bits only
            how_many += 1
    assert how_many


# Rules for single causes, on curves made by hand.


def by_hand(shares, **others):
    shares = np.atleast_2d(shares)
    m = len(shares)
    usual = {
        "best": 0.0, "decayed": 0.0, "calmer": np.nan, "longer": np.nan, "faster": np.nan,
        "eta": 1.0, "tuned": 1.0, "edge": 2.0,
    }  # fmt: skip
    made = {name: np.full(m, others.get(name, value)) for name, value in usual.items()}
    return counterfactuals.Others(**made, any_rule=0.0, noisy=others.get("noisy", True))


def label(symptom, shares, others, validation=None):
    """The causes that a symptom's record gives to curves whose weights do not turn."""
    shares = np.atleast_2d(shares)
    held = np.full_like(shares, np.nan) if validation is None else validation
    weights = np.zeros((len(shares), shares.shape[1] - 1, 1))
    testbed = testbeds.Testbed(problems.four_points())
    runs_ = counterfactuals.Counterfactuals(shares, weights, held, others, testbed)
    return BY_NAME[symptom].label.cause(runs_).tolist()


def test_what_a_healthy_run_must_not_be():
    falls = 0.9 ** np.arange(80.0)
    assert label("healthy", falls, by_hand(falls)) == ["healthy"]
    assert label("healthy", falls[:5], by_hand(falls)) == [""]  # nothing lost yet
    assert label("healthy", falls, by_hand(falls, eta=1.1)) == [""]
    assert label("healthy", falls, by_hand(falls, best=0.2)) == [""]
    bounced = falls.copy()
    bounced[40] += 0.1
    assert label("healthy", bounced, by_hand(falls)) == [""]


def test_a_floor_needs_noise_and_a_falling_rate_that_ends_below():
    rng = np.random.default_rng(0)
    floor = np.concatenate([0.7 ** np.arange(20.0), np.zeros(60)]) + 0.08 + 0.02 * rng.random(80)
    assert label("noise floor", floor, by_hand(floor)) == ["noise floor"]
    assert label("noise floor", floor, by_hand(floor, noisy=False)) == [""]
    assert label("noise floor", floor, by_hand(floor, decayed=0.06)) == [""]
    assert label("noise floor", floor / 10, by_hand(floor)) == [""]


def test_too_low_is_what_more_rate_would_lose_in_proportion():
    slow = 1 - np.linspace(0, 0.2, 50)
    held = {"eta": 0.1, "tuned": 1.0}
    assert label("decreases very slowly", slow, by_hand(slow, faster=0.5, **held)) == [
        "rate too low"
    ]
    assert label("decreases very slowly", slow, by_hand(slow, faster=0.75, **held)) == [""]
    assert label("decreases very slowly", slow, by_hand(slow, faster=0.5, eta=0.5)) == [""]


def test_what_instability_looks_like():
    t = np.arange(40.0)
    weights = np.zeros((3, 39, 1))
    weights[1, :, 0] = (-1.0) ** np.arange(39)
    with np.errstate(over="ignore"):
        growing = np.minimum(1.5**t, 1e30)
    shares = np.stack([growing, 0.6 + 0.4 * (-1) ** t, np.where(t > 20, np.nan, 1.0)])
    found = counterfactuals.behaviour(shares, weights)
    assert found.tolist() == ["decreases then explodes", "oscillates wildly", "NaN or Inf"]
    assert counterfactuals.behaviour(shares[1:2], weights[:1])[0] == ""  # the weights do not turn


def test_overfitting_is_a_rise_of_what_was_not_trained_on():
    t = np.arange(60.0)
    shares = np.stack([0.9**t] * 3)
    dips = 1 + (t - 20) ** 2 / 400
    validation = np.stack([dips, 1 + 0.9**t, 1 + 0.02 * dips])
    cause = label("validation rises", shares, by_hand(shares), validation)
    assert cause == ["overfitting", "", counterfactuals.UNCLEAR]


def test_too_large_for_float32_is_inf():
    assert as_float32(np.array([1e38, 1e39, np.nan]))[:2].tolist() == [1e38, np.inf]


def test_prolonged_orders_begin_with_the_first_ones():
    problem = problems.hubble()
    rng = np.random.default_rng(0)
    for record in ("epochs", "steps"):
        plan = runs.draw_plan(rng, problem, 7, 30, record)
        longer = runs.prolonged(plan, problem, 3)
        assert longer.length == 90
        assert (longer.order[: len(plan.order)] == plan.order).all()
        assert (np.sort(longer.order, axis=1) == np.arange(24)).all()


# The set as a whole.


def test_no_problem_is_in_both_parts():
    for seed in (0, 1):
        parts = [testbeds.testbeds(part, seed) for part in testbeds.PARTS]
        names = [{testbed.name for testbed in part} for part in parts]
        digests = [{testbed.problem.digest for testbed in part} for part in parts]
        assert not names[0] & names[1]
        assert not digests[0] & digests[1]


@pytest.mark.slow
def test_the_curves_are_of_their_own_parts_problems(tuning, held_out):
    for part, curves in (("tuning", tuning), ("test", held_out)):
        names = {testbed.name for testbed in testbeds.testbeds(part, 0)}
        assert set(curves.frame["problem"]) <= names
    first = {row.tobytes() for row in tuning.losses[:, :10]}
    second = {row.tobytes() for row in held_out.losses[:, :10]}
    assert len(first & second) <= 1  # those that are nan from the start


@pytest.mark.slow
def test_all_symptoms_in_both_parts(tuning, held_out):
    for curves in (tuning, held_out):
        assert set(curves.frame["symptom"]) == set(KNOWN)
        counts = curves.frame["symptom"].value_counts()
        # Those of which there are enough have as many as each other.
        assert counts.iloc[1] >= counts.iloc[0] - 1
        assert counts.iloc[0] <= 80


def test_the_table_beside_the_curves(tuning):
    assert tuning.frame.columns.tolist() == COLUMNS
    assert len(tuning) == len(tuning.frame) == 400
    assert tuning.losses.shape == tuning.validation.shape
    records, first = tuning.frame["epochs"].to_numpy(), tuning.lengths
    assert np.isin(first - records, (0, 1)).all()  # with the loss at the start, or without
    assert (first >= 10).all()
    behind = np.arange(tuning.losses.shape[1]) >= tuning.lengths[:, None]
    assert np.isnan(tuning.losses[behind]).all()
    assert repr(tuning).startswith("<400 labelled curves of ")


def test_numbers_end_where_they_are_said_to(tuning):
    finite = np.array(
        [np.isfinite(row[:n]).all() for row, n in zip(tuning.losses, tuning.lengths, strict=True)]
    )
    assert (finite == (tuning.frame["symptom"] != "NaN or Inf")).all()


def test_validation_is_there_where_it_rises(tuning):
    rises = tuning.frame["symptom"] == "validation rises"
    assert np.isfinite(tuning.validation[rises, 0]).all()


@pytest.mark.slow
def test_the_same_again_and_on_more_threads(tuning):
    again = labelled("tuning", size=400, threads=2)
    assert again.frame.equals(tuning.frame)
    assert again.losses.tobytes() == tuning.losses.tobytes()
    assert again.validation.tobytes() == tuning.validation.tobytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"part": "training"}, "part='training'"),
        ({"size": 99}, "size=99"),
        ({"size": 10.5}, "size=10.5"),
        ({"seed": -1}, "seed=-1"),
        ({"threads": 0}, "threads=0"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        labelled(**arguments)


# What a curve can't tell.


def test_adagrads_curve_is_that_of_a_schedule():
    problem = problems.four_points()
    adagrad = simopt.run(problem, simopt.AdaGrad(eta=0.2), epochs=10)
    g = adagrad.steps["gradient"].to_numpy()
    rates = 0.2 / np.sqrt(np.cumsum(g**2))
    sgd = simopt.run(problem, simopt.SGD(eta=1.0), epochs=10, schedule=schedules.factors(rates))
    assert np.allclose(sgd.steps["loss"], adagrad.steps["loss"], rtol=1e-6)


def test_two_minima_give_one_curve_up_to_an_offset():
    def valleys(w):
        return (w + 1.0) * (w + 1.0) if w < 1.0 else (w - 3.0) * (w - 3.0) + 0.5

    def slope(w):
        return 2.0 * (w + 1.0) if w < 1.0 else 2.0 * (w - 3.0)

    low, high = (
        simopt.run(
            problems.function(valleys, slope, w0=w0, optimum=-1.0), simopt.SGD(eta=0.1), epochs=50
        ).steps["loss"]
        for w0 in (0.5, 4.5)
    )
    assert np.allclose(high - low, 0.5, atol=1e-12)


def shown_with_offset(curves, ranges):
    """The symptoms of curves as they are, moved by so many of their ranges, and scaled then.

    Validation losses move with them: where they lie beside the training loss says something.
    """
    kept = (curves.frame["symptom"] != "NaN or Inf").to_numpy()
    losses, held, lengths = curves.losses[kept], curves.validation[kept], curves.lengths[kept]
    least, most = (f(losses, axis=1, keepdims=True) for f in (np.nanmin, np.nanmax))
    by = ranges * (most - least)
    both = (losses, held), (losses + by, held + by), (1e-4 * (losses + by), 1e-4 * (held + by))
    return [
        diagnose_many(shown, beside, lengths=lengths, threads=1)["symptom"].tolist()
        for shown, beside in both
    ]


OFFSETS = pytest.mark.parametrize("ranges", [-1e3, 1.0, 1e5])


@pytest.mark.xfail(
    strict=True,
    reason="where there is noise alone, how large it is beside the loss tells a loss that swings "
    "from one that does not move, and an offset changes that",
)
@OFFSETS
@pytest.mark.slow
def test_no_offset_changes_what_a_curve_shows(tuning, held_out, ranges):
    for curves in (tuning, held_out):
        one, *others = shown_with_offset(curves, ranges)
        assert others == [one, one]


@OFFSETS
@pytest.mark.slow
def test_an_offset_changes_only_what_does_not_move(tuning, held_out, ranges):
    for curves in (tuning, held_out):
        one, moved, scaled = shown_with_offset(curves, ranges)
        assert moved == scaled
        differ = [pair for pair in zip(one, moved, strict=True) if pair[0] != pair[1]]
        assert all("does not move" in pair for pair in differ)
        assert len(differ) <= 0.06 * len(one)


def test_a_batchs_loss_moves_where_the_weights_do_not():
    steps = simopt.run(problems.hubble(), simopt.SGD(eta=0.0), epochs=2).steps
    assert np.ptp(steps["loss"]) == 0
    assert np.ptp(steps["batch_loss"]) > 0


def test_also_follows_the_list(tuning):
    pairs = {(pair.symptom, pair.other) for pair in inseparable.INSEPARABLE}
    seen = {
        (symptom, other)
        for symptom, others in zip(tuning.frame["symptom"], tuning.frame["also"], strict=True)
        for other in others
    }
    assert seen
    assert seen <= pairs
    for pair in inseparable.INSEPARABLE:
        if pair.where == "all":
            mine = tuning.frame.loc[tuning.frame["symptom"] == pair.symptom, "also"]
            assert all(pair.other in others for others in mine)


def test_twins_are_curves_that_differ_by_offset_and_scale(tuning):
    shares = twins(tuning)
    assert np.isnan(np.diag(shares)).all()
    assert "NaN or Inf" not in shares.index
    # What is said to be inseparable has twins; what instability does has none among the healthy.
    assert shares.loc["plateaus early", "healthy"] > 0.5
    assert shares.loc["oscillates wildly", "healthy"] == 0
    wider = twins(tuning, within=0.2)
    assert (wider.fillna(0).to_numpy() >= shares.fillna(0).to_numpy()).all()


def test_each_pair_of_names_is_a_pair_of_symptoms():
    for pair in inseparable.INSEPARABLE:
        assert {pair.symptom, pair.other} <= set(SYMPTOMS)
        assert pair.symptom != pair.other
    assert all(a != b for a, b in pairwise(inseparable.INSEPARABLE))
