"""The tested tables: which runs a line is for, what counts, intervals, conditions."""

import math

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import problems
from simopt.curves.diagnosis import SYMPTOMS
from simopt.curves.prescription import FIXES, cases, framework, runner, table, tables
from simopt.curves.prescription.advice import ALL_THREE, FRAMEWORK, TABLE, UNDERPERFORMS, fixes_for
from simopt.curves.prescription.cases import Case
from simopt.curves.prescription.training import Training
from simopt.problems import synthetic


def test_the_lines_are_the_documents():
    """Nine rows of the troubleshooting table, five of the framework."""
    assert len(TABLE) == 9
    assert len(FRAMEWORK) == 5
    seen = {symptom for line in (*TABLE, *FRAMEWORK) for symptom in line.seen}
    assert seen <= {*SYMPTOMS, UNDERPERFORMS}
    # What the document has no line for: no fault, or a symptom of logs that it does not know.
    assert {*SYMPTOMS} - seen == {
        "healthy", "noise floor", "can't tell", "rises", "does not move", "spikes and recovers",
        "resumed or several runs", "periodic", "validation does not fall", "validation swings",
    }  # fmt: skip
    assert {fix for line in (*TABLE, *FRAMEWORK) for fix in line.fixes} <= {*FIXES, ALL_THREE}


def test_advice_is_for_whom_it_is_for():
    assert fixes_for("oscillates wildly", "SGD") == ("eta / 2", "eta / 5", "eta / 10", "beta 0.8")
    assert fixes_for("stopped learning mid-training", "AdaGrad") == ("RMSprop", "Adam")
    assert fixes_for("stopped learning mid-training", "SGD") == ()
    plateau = TABLE[3]
    assert plateau.meant("plateaus early", "Adam", "Momentum")
    assert not plateau.meant("plateaus early", "AdaGrad", "Momentum")
    assert plateau.meant("plateaus early", "AdaGrad", "eta x 2")


@pytest.fixture
def four():
    """Gradient descent on the four points at 0.005, 0.27 and 0.3; the edge is at 0.2807."""
    case = Case(problems.four_points(), ("SGD",), (4,), 20, (0, 1))
    trainings = [Training(simopt.SGD(eta=eta), 4, 20) for eta in (0.005, 0.27, 0.3)]
    return runner.run(case, "SGD", trainings, 1)


def gone(eta, updates=20):
    """The share of the start's loss that gradient descent leaves."""
    return (1 - 7.125 * eta) ** (2 * updates)


def outcomes(ran, fix, symptom="oscillates wildly"):
    shown = np.full((3, 2), symptom, dtype="<U40")
    asked = {fix: {place: np.array([True, False]) for place in range(3)}}
    (frame,) = runner.outcomes(ran, asked, shown, 1).rows
    return frame


def test_outcomes_are_gradient_descents(four):
    frame = outcomes(four, "eta / 2")
    assert frame["seed"].tolist() == [0, 0, 0]
    assert frame["eta"].tolist() == [0.005, 0.27, 0.3]
    # Half of 0.27 and of 0.3 arrive, down to the floor of what is told from rounding.
    expected = [max(gone(eta / 2), 1e-12) / gone(eta) for eta in (0.005, 0.27, 0.3)]
    assert frame["ratio"].tolist() == pytest.approx(expected, rel=1e-6)
    assert frame["worse"].tolist() == [True, False, False]
    assert frame["worked"].tolist() == [False, True, True]
    assert frame["beyond"].tolist() == pytest.approx([0.005 / 0.27, 1.0, 0.3 / 0.27])
    assert frame["arrived"].tolist() == [gone(0.005) <= 0.01, gone(0.27) <= 0.01, False]


def test_a_higher_rate_that_runs_away_is_worse(four):
    frame = outcomes(four, "eta x 5", "decreases very slowly")
    assert frame["worked"].tolist() == [True, False, False]
    assert frame["worse"].tolist() == [False, True, True]
    assert frame["diverged"].tolist() == [False, True, True]
    assert frame["ratio"].iloc[0] == pytest.approx(gone(0.025) / gone(0.005), rel=1e-6)


def test_only_runs_with_the_symptom_are_asked(four):
    shown = np.array(
        [
            ["decreases very slowly", "healthy"],
            ["oscillates wildly", "oscillates wildly"],
            ["healthy", "noise floor"],
        ]
    )
    asked = runner.asked_by(four, shown)
    assert {fix: {k: mask.tolist() for k, mask in of.items()} for fix, of in asked.items()} == {
        "eta x 2": {0: [True, False]},
        "eta x 5": {0: [True, False]},
        "eta / 2": {1: [True, True]},
        "eta / 5": {1: [True, True]},
        "eta / 10": {1: [True, True]},
        "beta 0.8": {1: [True, True]},
    }
    # SGD has no momentum to lower.
    made = runner.outcomes(four, {"beta 0.8": asked["beta 0.8"]}, shown, 1)
    assert made.rows == []


def test_symptoms_of_curves_of_several_lengths(four):
    short = runner.run(four.case, "SGD", [four.trainings[0].with_(epochs=5)], 1)
    together = runner.symptoms([*four.found, *short.found], 1)
    assert together.shape == (4, 2)
    assert together[:3].tolist() == runner.symptoms(four.found, 1).tolist()
    assert together[3].tolist() == runner.symptoms(short.found, 1)[0].tolist()


def test_what_is_left_tells_a_plateau_from_an_end():
    """From 1.047 the bumps' nearest minimum is local; of 4 points nothing is left."""
    bumps = Case(problems.bumps(w0=3.4), ("SGD",), (1,), 300, (0,))
    steps = [Training(simopt.SGD(eta=0.02), 1, 300, "never")]
    stuck = runner.run(bumps, "SGD", steps, 1)
    healthy = np.full((1, 1), "healthy", dtype="<U40")
    assert runner.with_what_is_left(healthy, stuck).tolist() == [["plateaus early"]]
    noisy = np.full((1, 1), "noise floor", dtype="<U40")
    assert runner.with_what_is_left(noisy, stuck).tolist() == [["noise floor"]]
    four = Case(problems.four_points(), ("SGD", "AdaGrad"), (4,), 40, (0,))
    arrived = runner.run(four, "SGD", [Training(simopt.SGD(eta=0.1), 4, 40)], 1)
    assert runner.with_what_is_left(healthy, arrived).tolist() == [["healthy"]]
    creeps = runner.run(four, "AdaGrad", [Training(simopt.AdaGrad(eta=0.05), 4, 40)], 1)
    told = runner.with_what_is_left(healthy, creeps)
    assert told.tolist() == [["stopped learning mid-training"]]


def test_adam_is_held_to_sgd_at_the_best_of_both(four):
    """On a parabola gradient descent near 1 / curvature beats an Adam that moves by 0.001."""
    adams = [Training(simopt.Adam(eta=eta), 4, 20) for eta in (1e-4, 1e-3)]
    adam = runner.run(four.case, "Adam", adams, 1)
    made = runner.underperforming(adam, four, 1)
    (frame,) = made.rows
    assert set(frame["fix"]) == {"AdamW", "fine-tune with Momentum"}
    assert set(frame["symptom"]) == {UNDERPERFORMS}
    assert set(frame["eta"]) == {1e-3}
    assert runner.underperforming(four, adam, 1).rows == []


def test_other_points_have_another_least_loss():
    """Without the bad point the other points' own least loss is taken off."""
    four = problems.four_points()
    bad = synthetic.bad_point(four, 100.0)
    ran = runner.run(Case(bad, ("SGD",), (4,), 5, (0, 1)), "SGD", [Training(simopt.SGD(), 4, 5)], 1)
    clean, training = FIXES["without outliers"](bad, ran.trainings[0])
    (found,) = runner.curves_of(ran.case, clean, [training], 1)
    assert bad.minimum_loss > 1.0
    assert ran.floor(0, bad).tolist() == [bad.minimum_loss] * 2
    assert ran.floor(0, clean) == pytest.approx([0.0, 0.0], abs=1e-12)
    assert ran.above(0, found, clean) == pytest.approx([clean.loss(w) for w in found.w], rel=1e-9)


def test_overfitting_is_judged_by_points_that_nobody_looked_at():
    train, validation, test = synthetic.wide(0)
    case = Case(train, ("SGD",), (4,), 60, (0, 1), validation, test)
    ran = runner.run(case, "SGD", [Training(simopt.SGD(eta=0.02), 4, 60)], 1)
    sweep = simopt.sweep(
        train, simopt.SGD(eta=0.02), batch_size=4, epochs=60, shuffle="epoch", seed=[0, 1],
        record="epochs", progress=False,
    )  # fmt: skip
    weights = sweep[[f"w_{k}" for k in range(20)]].to_numpy()
    losses = np.array([test.loss(w) for w in weights]).reshape(2, 60)
    lowest = np.minimum(losses.min(axis=1), test.loss(test.w0))
    assert ran.floors[0] == pytest.approx(lowest, rel=1e-9)
    assert ran.above(0, ran.found[0], train) == pytest.approx(losses[:, -1] - lowest, rel=1e-6)


def rows(**columns):
    given = {
        "problem": "one", "optimizer": "SGD", "eta": 0.1, "batch_size": 1, "n": 8, "seed": 0,
        "symptom": "oscillates wildly", "beyond": 1.0, "arrived": False, "fix": "eta / 2",
        "ratio": 0.4, "then": "healthy", "diverged": False, "worked": True, "worse": False,
    }  # fmt: skip
    return pd.DataFrame(given | columns)


def test_the_table_counts():
    tried = pd.concat(
        [
            rows(worked=[True] * 6 + [False] * 2, worse=[False] * 7 + [True]),
            rows(fix=["eta / 5"], symptom="decreases then explodes"),
        ]
    )
    tried.attrs = {"looked_at": 9}
    frame = table(outcomes=tried).set_index(["symptom", "fix"])
    row = frame.loc["Oscillates wildly", "eta / 2"]
    assert row[["runs", "worked", "worse", "ratio"]].tolist() == [8, 0.75, 0.125, 0.4]
    # One setting alone, drawn again, is the same.
    assert math.isnan(row["worked_low"])
    assert math.isnan(row["worked_high"])
    assert frame.loc["Oscillates wildly", "eta / 5"]["runs"] == 0
    assert math.isnan(frame.loc["Oscillates wildly", "eta / 5"]["worked"])
    assert frame.loc["Decreases, then explodes", "eta / 5"]["runs"] == 1
    both = framework(outcomes=tried).set_index(["symptom", "fix"])
    assert both.loc["Loss unstable?", "eta / 2"]["runs"] == 8
    assert both.loc["Loss unstable?", "eta / 5"]["runs"] == 1
    assert frame.attrs["looked_at"] == 9


def test_the_interval_draws_settings_not_seeds():
    """Ten settings that always work and ten that never do: seeds say nothing more."""
    few = rows(problem=np.repeat(np.arange(20).astype(str), 2), worked=np.repeat([True, False], 20))
    many = rows(
        problem=np.repeat(np.arange(20).astype(str), 50), worked=np.repeat([True, False], 500)
    )
    assert tables.interval(few) == tables.interval(many)
    low, high = tables.interval(many)
    # A binomial share of twenty, within the steps of 1 / 20.
    assert low == pytest.approx(0.5 - 1.96 * math.sqrt(0.25 / 20), abs=0.05)
    assert high == pytest.approx(0.5 + 1.96 * math.sqrt(0.25 / 20), abs=0.05)


def test_the_interval_of_none_and_of_all():
    """0 of 6 settings: Wilson's upper end is z^2 / (6 + z^2)."""
    none = rows(problem=np.repeat(np.arange(6).astype(str), 4), worked=False)
    top = 1.959963984540054**2 / (6 + 1.959963984540054**2)
    assert tables.interval(none) == pytest.approx((0.0, top))
    assert tables.interval(none.assign(worked=True)) == pytest.approx((1 - top, 1.0))


def test_conditions_need_runs_and_a_difference():
    worse = np.r_[np.ones(25, bool), np.zeros(25, bool)]
    parted = rows(beyond=np.r_[np.ones(25), np.full(25, 50.0)], worse=worse)
    found = "within a factor 10 of the best rate: 100 %, else 0 %"
    assert tables.parted(parted, "worse") == (found, 1.0)
    assert tables.parted(parted.iloc[10:40], "worse") == ("", 0.0)
    assert tables.parted(parted.assign(worse=False), "worse") == ("", 0.0)
    unknown = parted.assign(beyond=np.nan)
    assert tables.parted(unknown, "worse") == ("", 0.0)


def test_rates_reach_from_too_low_to_too_high():
    for name in ("four_points", "hubble"):
        problem = getattr(problems, name)()
        edge = 2 / problem.hessian[0, 0]
        rates = cases.rates(problem, "SGD", quick=False)
        assert rates[0] < edge / 100
        assert rates[-1] > 10 * edge
        way = abs(problem.optimum[0] - problem.w0[0])
        rates = cases.rates(problem, "Adam", quick=False)
        assert rates[0] * 40 < way / 100
        assert rates[-1] > 10 * way


def test_the_curvature_of_landscapes_and_networks():
    from simopt.problems import synthetic

    for problem in (problems.bumps(w0=2.88), problems.saddle(w0=(0.0, 1.0))):
        step = np.eye(problem.d)[0] * 1e-5
        second = (problem.gradient(problem.w0 + step) - problem.gradient(problem.w0 - step))[0]
        assert cases.curvature(problem) == pytest.approx(second / 2e-5, rel=0.05)
    network = synthetic.suite()["network"]
    wide = np.linalg.eigvalsh(
        np.array([
            (network.gradient(network.w0 + e) - network.gradient(network.w0)) / 1e-6
            for e in 1e-6 * np.eye(network.d)
        ])
    )  # fmt: skip
    assert cases.curvature(network) == pytest.approx(wide[-1], rel=0.01)


@pytest.mark.slow
def test_quick_tries_every_line(quick_outcomes):
    made = quick_outcomes.attrs
    assert made["looked_at"] == sum(made["seen"].values())
    assert made["trajectories"] > made["looked_at"]
    kept = quick_outcomes.groupby("symptom")["fix"].unique()
    for symptom, tried in kept.items():
        assert set(tried) <= {fix for name in cases.OPTIMIZERS for fix in fixes_for(symptom, name)}
    assert quick_outcomes["ratio"].notna().all()
    assert not (quick_outcomes["worked"] & quick_outcomes["diverged"]).any()
    assert not (quick_outcomes["worked"] & quick_outcomes["worse"]).any()


@pytest.fixture(scope="module")
def quick_outcomes():
    return runner.try_all(quick=True)


def test_bad_input():
    with pytest.raises(ValueError, match="^threads=0"):
        table(threads=0)
