"""Steps to target against batch size: closed forms, brute force, and what must not change it."""

import math
import threading
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import measures, problems
from simopt.analysis.batch_size import (
    Scaling,
    StudyInterrupted,
    fit_rates,
    searching,
    study,
    tables,
)
from simopt.analysis.batch_size.attempts import Setup, attempt, order_statistic
from simopt.analysis.batch_size.fits import Curve
from simopt.analysis.batch_size.tuned import rates
from simopt.engine import run

rng = np.random.default_rng(3)
X = rng.normal(size=(24, 4)) * [1.0, 1.0, 0.5, 0.3]
Y = X @ [1.0, -2.0, 1.0, 3.0] + 0.5 * rng.normal(size=24)
SMALL = problems.least_squares(X, Y, name="small")
SHARE = 0.01


def between(problem, share):
    """The loss that leaves a share of the first excess."""
    least = problem.minimum_loss
    return least + share * (problem.loss(problem.w0) - least)


def scaling(problem, optimizers, share, **more):
    more = {"threads": 1, "progress": False, **more}
    return simopt.batch_size(problem, optimizers, target=between(problem, share), **more)


@pytest.fixture(scope="module")
def small():
    two = [simopt.SGD(), simopt.Momentum()]
    return scaling(SMALL, two, SHARE, seeds=5)


# Closed forms.


def diagonal(curvatures):
    """Half the sum of ``h w^2``, from w = 1."""
    h = np.asarray(curvatures, float)
    x = np.diag(np.sqrt(h * len(h) / 2))
    return problems.least_squares(x, np.zeros(len(h)), w0=1.0, name="diagonal")


def descent_steps(h, eta, goal):
    """Steps of gradient descent by its closed form: the first t with the loss at the goal."""
    t = np.arange(1, 5000)[:, None]
    losses = ((1 - eta * np.asarray(h)) ** (2 * t) * np.asarray(h) / 2).sum(axis=1)
    return 1 + int(np.argmax(losses <= goal)) if (losses <= goal).any() else math.inf


@pytest.mark.parametrize("h", [(1.0, 0.1), (4.0, 1.0, 0.05)])
def test_gradient_descent_is_tuned_to_two_over_the_sum_of_the_curvatures(h):
    problem, share = diagonal(h), 1e-8
    row = scaling(problem, simopt.SGD(), share, batch_sizes=["full"]).steps.iloc[0]
    best = 2 / (max(h) + min(h))
    # A plateau up to a cliff that is just beyond, found to two of the grid's steps.
    assert row.eta_low < best
    assert row.eta_high == pytest.approx(best, rel=2 * row.spacing)
    assert row.edge == ""
    goal = between(problem, share)
    assert row.steps == descent_steps(h, row.eta, goal) == row.low == row.high
    least = min(descent_steps(h, eta, goal) for eta in np.linspace(0.5 * best, best, 1000))
    assert row.steps <= 1.05 * (1 + row.spacing) * least
    assert descent_steps(h, row.eta_low / (1 + row.spacing) ** 2, goal) > 1.05 * least


def test_momentum_is_tuned_to_polyaks_and_beats_descent_by_as_much():
    """On [mu, L] the best rates are (sqrt k - 1) / (sqrt k + 1) and (k - 1) / (k + 1)."""
    h = (1.0, 0.01)
    problem, share = diagonal(h), 1e-10
    heavy = simopt.Momentum(beta=[0.0, 0.5, 0.9])
    found = scaling(problem, [simopt.SGD(), heavy], share, batch_sizes=["full"])
    plain, tuned = found.steps.steps
    root = math.sqrt(max(h) / min(h))
    expected = math.log((root**2 - 1) / (root**2 + 1)) / math.log((root - 1) / (root + 1))
    assert plain / tuned > 0.7 / expected
    polyak = ((root - 1) / (root + 1)) ** 2
    eta = 4 / (math.sqrt(max(h)) + math.sqrt(min(h))) ** 2
    at_polyaks = simopt.run(
        problem,
        simopt.Momentum(eta=eta, beta=polyak),
        batch_size="full",
        epochs=500,
        target=between(problem, share),
    ).summary["steps_to_target"]
    assert tuned <= at_polyaks
    assert found.steps.edge.tolist() == ["", ""]


def test_a_noiseless_weight_needs_as_many_steps_at_every_batch_size():
    """Every point is the same: the batch changes nothing, and the region says so."""
    same = problems.least_squares(np.ones((8, 2)) * [1.0, 0.3], np.zeros(8), w0=1.0)
    found = scaling(same, simopt.SGD(), 0.05, seeds=2)
    assert len(set(found.steps.steps)) == 1
    assert set(found.steps.region) == {"maximal parallelism"}
    assert "no perfect scaling" in found.fits.reason[0]
    assert found.rates.law[0] == "constant"


# Brute force.


@pytest.mark.parametrize("size", [1, 4, 24])
def test_no_rate_of_a_fine_grid_is_better(small, size):
    """Every rate over nine decades, from the engine's public side: `sweep`."""
    brute = simopt.sweep(
        SMALL,
        simopt.SGD(eta=rates(-25, 5, 48)),
        batch_size=size,
        updates=3000,
        shuffle="epoch",
        seed=range(5 if size < 24 else 1),
        target=small.target,
        stop_at_target=True,
        threads=1,
    )
    brute["steps"] = brute.steps_to_target.astype(float).fillna(math.inf)
    grid = measures.bands(brute, ["eta"], "steps").set_index("eta")
    row = small.steps.query("optimizer == 'SGD' and batch_size == @size").iloc[0]
    assert (row.steps, row.low) == (grid["median"][row.eta], grid["low"][row.eta])
    least = grid["median"].min()
    assert row.steps <= 1.05 * least
    assert (grid["median"][[row.eta_low, row.eta_high]] <= 1.05 * least).all()


def test_every_row_is_one_of_the_trials(small):
    names = ["optimizer", "batch_size", "eta"]
    both = small.steps.merge(small.trials, on=names, suffixes=("", "_tried"))
    assert set(both[names].itertuples(index=False)) == set(
        small.steps[names].itertuples(index=False)
    )
    last = both.groupby(names).stage.transform("max") == both.stage
    assert (both.steps == both.steps_tried)[last].all()


def test_the_table_says_what_it_is_about(small):
    assert isinstance(small, Scaling)
    steps = small.steps
    assert steps.batch_size.tolist() == [1, 2, 4, 8, 16, 24] * 2
    assert (steps.examples == steps.steps * steps.batch_size).all()
    assert (steps.eta_low <= steps.eta).all()
    assert (steps.eta <= steps.eta_high).all()
    assert (steps.low <= steps.steps).all()
    assert (steps.steps <= steps.high).all()
    assert (steps.edge == "").all()
    assert (steps.spacing <= 0.03).all()
    assert (steps.reached > 0.5).all()
    assert (steps.resolution == 0).all()
    assert small.trajectories == steps.trajectories.sum() >= 128 * len(steps)
    assert small.updates == steps.updates.sum()
    assert small.seeds == (0, 1, 2, 3, 4)
    assert small.fits.optimizer.tolist() == small.rates.optimizer.tolist() == ["SGD", "Momentum"]


def test_small_batches_need_fewer_examples_and_large_ones_fewer_steps():
    found = scaling(problems.diabetes(), simopt.SGD(), 0.003, seeds=16)
    assert (np.diff(found.steps.steps) <= 0).all()
    fit = found.fits.iloc[0]
    assert fit.critical == pytest.approx(fit.e_min / fit.s_min)
    assert fit.critical_low <= fit.critical <= fit.critical_high
    assert fit.rms <= fit.hyperbola_rms
    order = found.steps.region.cat.codes
    assert (np.diff(order) >= 0).all()
    assert set(found.steps.region) == set(tables.REGIONS)
    assert found.rates.law[0] == "saturated"


# What must not change it.


def shared(found):
    """But for the work: the first grid depends on the unit."""
    return found.steps.drop(columns=["eta", "eta_low", "eta_high", "trajectories", "updates"])


def test_the_unit_of_y_changes_nothing(small):
    scaled = problems.least_squares(X, 8 * Y)
    found = scaling(scaled, [simopt.SGD(), simopt.Momentum()], SHARE, seeds=5)
    pd.testing.assert_frame_equal(shared(found), shared(small))
    assert found.steps.eta.tolist() == small.steps.eta.tolist()
    pd.testing.assert_frame_equal(found.fits, small.fits)


def test_the_unit_of_x_goes_into_the_rate_squared(small):
    scaled = problems.least_squares(4 * X, Y)
    found = scaling(scaled, [simopt.SGD(), simopt.Momentum()], SHARE, seeds=5)
    pd.testing.assert_frame_equal(shared(found), shared(small))
    for name in ("eta", "eta_low", "eta_high"):
        assert (16 * found.steps[name] == small.steps[name]).all()


def test_threads_change_nothing(small):
    found = scaling(SMALL, [simopt.SGD(), simopt.Momentum()], SHARE, seeds=5, threads=2)
    pd.testing.assert_frame_equal(found.steps, small.steps)
    pd.testing.assert_frame_equal(found.fits, small.fits)
    pd.testing.assert_frame_equal(found.trials, small.trials)


def test_the_number_given_for_eta_is_no_more_than_a_number(small):
    found = scaling(SMALL, [simopt.SGD(eta=77.0), simopt.Momentum(eta=1e-9)], SHARE, seeds=5)
    pd.testing.assert_frame_equal(found.steps, small.steps)


@pytest.mark.parametrize(
    "first",
    [[1e-7, 2e-7], [3e3, 1e4], [0.01, 0.2], [1e-9, 1e9]],
    ids=["low", "high", "near", "wide"],
)
def test_a_first_grid_may_lie_anywhere(small, first):
    """It moves, and never ends at an edge."""
    found = scaling(SMALL, simopt.SGD(eta=first), SHARE, seeds=5)
    expected = small.steps[small.steps.optimizer == "SGD"]
    assert (found.steps.edge == "").all()
    assert (found.steps.steps <= 1.06 * expected.steps.to_numpy()).all()
    assert (found.steps.steps >= expected.steps.to_numpy() / 1.06).all()


# More hyperparameters.


def test_a_second_hyperparameter_never_makes_it_worse(small):
    """Momentum 0.9 is one of the settings; without seeds to be lucky there is no doubt of it."""
    found = scaling(SMALL, simopt.Momentum(beta=[0.0, 0.9]), SHARE, batch_sizes=["full"])
    fixed = small.steps[(small.steps.optimizer == "Momentum") & (small.steps.batch_size == 24)]
    row = found.steps.iloc[0]
    assert row.steps <= 1.05 * fixed.steps.item()
    assert 0 <= row.beta < 1
    assert row.edge == ""
    assert row.spacing <= 0.03


def test_a_second_hyperparameter_that_does_nothing_stays_inside():
    """Epsilons far below the gradients: no edge is better than another."""
    adam = simopt.Adam(epsilon=[1e-20, 1e-16])
    found = scaling(SMALL, adam, 0.05, seeds=3, batch_sizes=[2])
    row = found.steps.iloc[0]
    assert row.edge == ""
    assert 1e-20 <= row.epsilon <= 1e-16


def test_three_hyperparameters_are_tuned_together():
    adam = simopt.Adam(eta=[0.001, 1.0], beta1=[0.5, 0.99], beta2=[0.5, 0.999])
    found = scaling(SMALL, [adam, simopt.Adam()], 0.05, seeds=3, batch_sizes=[2, "full"])
    three, one = (part for _, part in found.steps.groupby("optimizer", sort=False))
    assert three.steps.to_numpy()[0] <= 1.05 * one.steps.to_numpy()[0]
    assert three.beta1.between(0, 1).all()
    assert one.beta1.isna().all()
    assert three.optimizer.iloc[0].startswith("Adam(eta=(0.001, 1.0), beta1=")
    assert found.tuned == ("eta", "beta1", "beta2")


def test_conventions_are_optimizers_of_their_own():
    found = scaling(
        SMALL, simopt.Momentum(convention=["document", "torch"]), 0.05, seeds=3, batch_sizes=[4]
    )
    assert found.steps.convention.tolist() == ["document", "torch"]
    # Of Momentum both have the same formula.
    assert len(set(found.steps.steps)) == len(set(found.steps.eta)) == 1


# Other losses.


def test_a_logistic_loss_is_looked_at_often_enough():
    x = rng.normal(size=(300, 3))
    labels = (rng.random(300) < 1 / (1 + np.exp(-x @ [1.0, -2.0, 0.5]))).astype(float)
    found = scaling(problems.logistic(x, labels), simopt.SGD(), 0.01, seeds=3, batch_sizes=[1, 300])
    one, full = found.steps.itertuples()
    assert 0 < one.resolution < 0.05
    assert full.steps < one.steps
    last = found.trials[found.trials.batch_size == 1].iloc[-1]
    assert one.steps % last.evaluate == 0
    assert (found.steps.edge == "").all()


def test_a_noisy_quadratic_scales_perfectly_while_noise_rules():
    h = 1 / np.arange(1, 21)
    model = problems.noisy_quadratic(h, h)
    found = scaling(
        model, simopt.SGD(), 0.02, seeds=16, batch_sizes=[1, 4, 16, 64, 256, 1024, 2**20]
    )
    assert (found.steps.reached == 1).all()
    region = found.steps.region.tolist()
    assert region[0] == "perfect scaling"
    assert region[-1] == "maximal parallelism"
    assert found.steps.examples[1] < 1.5 * found.steps.examples[0]


# Out of reach.


@pytest.mark.interpreted
def test_never_reached_is_a_result():
    found = scaling(SMALL, [simopt.SGD(), simopt.Adam()], 1e-6, seeds=2, budget=3)
    sgd = found.steps[(found.steps.optimizer == "SGD") & (found.steps.batch_size == 1)].iloc[0]
    assert sgd.steps == sgd.examples == math.inf
    assert math.isnan(sgd.eta)
    assert sgd.reached == 0
    assert pd.isna(sgd.region)
    assert found.fits.critical.isna().all()
    assert (found.fits.reason != "").all()
    assert (found.trials.most_updates <= 3).all()


def test_one_batch_size_has_no_curve():
    found = scaling(SMALL, simopt.SGD(), 0.05, seeds=2, batch_sizes=[4])
    assert math.isnan(found.fits.critical[0])
    assert "at least 4" in found.fits.reason[0]
    assert math.isnan(found.rates.exponent[0])
    assert "at least 3" in found.rates.reason[0]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"target": 0.0}, "target=0.0: must be above .* least loss of small, and below"),
        ({"target": 1e9}, "target=1000000000.0: must be above"),
        ({"target": SMALL.minimum_loss}, "must be above"),
        ({"target": "low"}, "target='low'"),
        ({"batch_sizes": []}, "batch_sizes="),
        ({"batch_sizes": [25]}, "batch_sizes=25: must be a whole number from 1 to n = 24"),
        ({"batch_sizes": ["half"]}, "batch_sizes='half'"),
        ({"seeds": 0}, "seeds=0"),
        ({"seeds": [-1]}, "seeds=-1"),
        ({"budget": 0}, "budget=0"),
        ({"threads": 0}, "threads=0"),
        ({"divergence": 0.5}, "divergence=0.5"),
        ({"optimizers": []}, "optimizers="),
        ({"optimizers": [simopt.SGD(), simopt.SGD()]}, "several different ones"),
        ({"optimizers": simopt.SGD(eta=[0.0, 1.0])}, "eta=.*log scale"),
        ({"optimizers": simopt.Adam(epsilon=[0.0, 1e-8])}, "epsilon=.*log scale"),
    ],
)
def test_bad_input_is_refused_before_anything_runs(monkeypatch, changed, message):
    monkeypatch.setattr(study, "search", None)
    arguments = {"optimizers": simopt.SGD(), "target": 1.0, **changed}
    with pytest.raises(ValueError, match=message):
        simopt.batch_size(SMALL, arguments.pop("optimizers"), **arguments)


def test_a_noisy_quadratic_needs_batch_sizes():
    model = problems.noisy_quadratic([1.0], 1.0)
    with pytest.raises(ValueError, match="batch_sizes=None: must be given"):
        simopt.batch_size(model, simopt.SGD(), target=0.1)


# Ctrl-C.


@pytest.mark.parametrize("done", [0, 3])
def test_what_is_done_survives_an_interruption(monkeypatch, small, done):
    searched = study.search
    calls = iter(range(99))

    def search(*arguments):
        if next(calls) == done:
            raise KeyboardInterrupt
        return searched(*arguments)

    monkeypatch.setattr(study, "search", search)
    with pytest.raises(StudyInterrupted, match=f"after {done} batch sizes") as caught:
        scaling(SMALL, [simopt.SGD(), simopt.Momentum()], SHARE, seeds=5)
    if not done:
        assert caught.value.scaling is None
        return
    kept = caught.value.scaling.steps
    assert kept.batch_size.tolist() == [8, 16, 24]
    assert kept.steps.tolist() == small.steps.steps.tolist()[3:6]


# Its parts.


@given(
    st.lists(st.lists(st.floats(1, 1e6) | st.just(math.inf), min_size=7, max_size=7), min_size=1)
)
def test_order_statistics_are_those_of_the_bands(values):
    table = pd.DataFrame({"k": np.repeat(np.arange(len(values)), 7), "steps": np.ravel(values)})
    band = measures.bands(table, ["k"], "steps")
    for name, share in (("low", 0.05), ("median", 0.5), ("high", 0.95)):
        assert order_statistic(np.array(values), share).tolist() == band[name].tolist()


def test_the_middle_of_the_plateau_is_a_geometric_one():
    at = np.log2([1.0, 2.0, 4.0, 8.0, 16.0, 32.0])
    assert searching.middle(np.array([9.0, 1.02, 1.0, 1.04, 1.06, 9.0]), at) == (2, 1, 3)


def test_a_lucky_rate_far_off_is_no_part_of_the_plateau():
    at = np.arange(12) / 48
    steps = np.full(12, 20.0)
    steps[[3, 4, 5]] = 10.0
    far = np.append(at, 9.0)
    assert searching.middle(np.append(steps, 9.8), far) == (4, 3, 5)


@given(low=st.floats(-30, 30), width=st.floats(0.1, 20), per_octave=st.sampled_from([3, 24, 48]))
def test_grids_of_rates_meet(low, width, per_octave):
    grid = rates(low, low + width, per_octave)
    assert (grid >= 2**low * (1 - 1e-6)).all()
    assert (grid <= 2 ** (low + width) * (1 + 1e-6)).all()
    assert np.array_equal(rates(low + 3, low + width + 3, per_octave), 8 * grid)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        # Within 20 % of 6400 / B up to B = 42.4, of 100 from B = 96.5: 64 sqrt(1.44 - 1) and 64 /
        # sqrt(1.44 - 1).
        (1, "perfect scaling"),
        (42, "perfect scaling"),
        (43, "diminishing returns"),
        (96, "diminishing returns"),
        (97, "maximal parallelism"),
    ],
)
def test_regions_by_their_rule(size, expected):
    curve = Curve(s_min=100.0, e_min=6400.0, critical=64.0, q=2.0, rms=0.0, worst=0.0)
    assert tables.region(curve, size) == expected
    assert tables.region(replace(curve, rms=math.log(1.19)), size) == expected
    assert tables.region(replace(curve, rms=math.log(1.21)), size) is None


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"e_min": 6400.0}, ["perfect scaling", "diminishing returns", "diminishing returns"]),
        ({"s_min": 100.0}, ["diminishing returns", "diminishing returns", "maximal parallelism"]),
        ({}, [None] * 3),
    ],
)
def test_regions_of_a_curve_whose_knee_is_not_known(known, expected):
    """One asymptote may be all there is; away from it returns diminish."""
    nothing = dict.fromkeys(("s_min", "e_min", "critical", "q"), math.nan)
    curve = Curve(**nothing | known, rms=0.0, worst=0.0, fitted=(100.0, 64.0, 2.0))
    assert [tables.region(curve, size) for size in (42, 64, 97)] == expected


SIZES = 2.0 ** np.arange(10)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (0.3 * SIZES**0, "constant"),
        (0.3 * SIZES**0.5, "square root"),
        (0.3 * SIZES, "linear"),
        (0.3 * SIZES**0.75, "power"),
        (2 / (1 + 20 / SIZES), "saturated"),
        (2 / (1 + 20 / SIZES) ** 0.5, "saturated"),
    ],
)
def test_each_law_is_told_from_the_others(law, expected):
    found = fit_rates(SIZES, law * np.exp(0.01 * np.cos(9 * np.arange(10))))
    assert found.best == expected
    assert found.weight > 0.5


@given(exponent=st.floats(-1, 2), factor=st.floats(1e-6, 1e6))
def test_an_exponent_is_found_with_its_interval(exponent, factor):
    noise = np.exp(0.05 * np.cos(7 * np.arange(10)))
    found = fit_rates(SIZES, factor * SIZES**exponent * noise)
    assert found.exponent_low <= exponent <= found.exponent_high
    assert found.exponent_high - found.exponent_low < 0.1


@given(eta_max=st.floats(1e-3, 1e3), b_0=st.floats(4.0, 100.0), alpha=st.floats(0.4, 1.5))
def test_a_saturating_rate_is_found_again(eta_max, b_0, alpha):
    found = fit_rates(SIZES, eta_max / (1 + b_0 / SIZES) ** alpha)
    assert found.rms["saturated"] < 1e-3
    assert (found.eta_max, found.b_0, found.alpha) == pytest.approx((eta_max, b_0, alpha), rel=0.05)


@pytest.mark.parametrize(
    ("sizes", "eta", "message"), [([1, 2], [1.0], "2 and 1"), ([1, 2], [1.0, 0.0], "eta=0.0")]
)
def test_bad_rates_are_refused(sizes, eta, message):
    with pytest.raises(ValueError, match=message):
        fit_rates(sizes, eta)


def test_it_shows_itself(small):
    assert repr(small).startswith("<steps to loss")
    assert "on small: 12 batch sizes tuned" in repr(small)
    odd = problems.least_squares(X, Y, name="<script>")
    found = scaling(odd, simopt.SGD(), 0.05, seeds=1, batch_sizes=[4])
    assert "<script>" not in found._repr_html_()


# What a stage does.


def setup_of(problem, optimizer, size, share, seeds):
    return Setup(
        problem, optimizer, size, between(problem, share), 1e9, np.arange(seeds), 500, threads=1
    )


def test_settings_that_are_no_grid_are_tried_as_they_are():
    """Against one trajectory in plain Python each."""
    optimizer = simopt.Momentum()
    pairs = np.array([[0.01, 0.03, 0.002], [0.9, 0.1, 0.5]])
    setup = setup_of(SMALL, optimizer, 5, 0.05, 2)
    stage = attempt(setup, pairs, setup.seeds, 60, 1)
    expected = [
        [
            simopt.run(
                SMALL,
                optimizer.replace(eta=eta, beta=beta),
                batch_size=5,
                epochs=12,
                shuffle="epoch",
                seed=seed,
                target=setup.target,
            ).summary["steps_to_target"]
            for seed in range(2)
        ]
        for eta, beta in pairs.T
    ]
    expected = [[math.inf if pd.isna(t) or t > 60 else t for t in row] for row in expected]
    assert stage.times.tolist() == expected
    assert stage.updates == sum(min(t, 60) for row in expected for t in row)


def test_an_interrupted_stage_leaves_no_thread_at_work(monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "store", interrupt)
    setup = setup_of(SMALL, simopt.SGD(), 1, 1e-9, 8)
    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        attempt(setup, np.full((1, 512), 1e-6), setup.seeds, 10**6, 1)
    assert threading.active_count() == before
