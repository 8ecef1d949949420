"""Claims of the parameter guide, against closed forms and loops in plain Python."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.signal import lfilter
from scipy.stats import norm

import simopt
from simopt.document.claims.common.histories import apart, drawn, fed, moving_average
from simopt.document.claims.context import Trials
from simopt.document.claims.parameters import adagrad, adam, correction, momentum, rmsprop, sgd
from simopt.document.claims.setup import family_tree

X = np.array([2.0, 1.0, 3.0, 0.5])


@pytest.fixture
def trials():
    return Trials(quick=True)


def test_given_gradients_do_to_a_rule_what_its_formula_says():
    gradients = [3.0, -1.0, 0.5]
    moves, states = fed(simopt.Momentum(eta=0.1, beta=0.5), gradients)
    np.testing.assert_allclose(states[:, 0], [3.0, 0.5, 0.75], rtol=1e-15)
    np.testing.assert_allclose(moves, [-0.3, -0.05, -0.075], rtol=1e-14)
    assert fed(simopt.SGD(), gradients)[1].shape == (3, 0)


def test_how_far_apart_is_relative_to_the_larger():
    assert apart(np.array([1.0, 0.0]), np.array([2.0, 0.0])) == 0.5


def test_other_seeds_draw_other_gradients():
    one, same, other = (drawn(Trials(seed=s), 5) for s in (0, 0, 1))
    assert (one == same).all()
    assert (one != other).all()


def test_rmsprop_takes_a_mean_where_adagrad_has_a_sum(trials):
    found = family_tree.rmsprop_is_adagrad_with_fading(trials)
    assert found.verdict == "conditional"
    for end in ("least ratio", "largest ratio"):
        assert found.evidence[end] == pytest.approx(math.sqrt(10), rel=1e-12)


def test_a_velocity_notices_signs_and_a_sum_of_squares_does_not(trials):
    found = family_tree.adaptive_rates_descend_from_momentum(trials).evidence
    assert found["change, AdaGrad"] == found["change, RMSprop"] == 0.0
    assert found["change, Momentum"] > 0.1


def test_where_sgd_overshoots_and_where_it_diverges(trials):
    found = sgd.too_high_overshoots_too_low_is_slow(trials).evidence
    assert found["least rate that overshoots"] == pytest.approx(1 / 18, rel=1e-15)

    def beyond(eta):
        return abs(np.prod(1 - 2 * eta * X**2)) - 1

    limit = brentq(beyond, 0.15, 0.3)
    spacing = 10 ** (1 / 100)
    assert limit <= found["least rate that diverges"] <= limit * spacing


def test_rates_that_serve_go_as_the_square_of_the_unit(trials):
    found = sgd.typical_rates(trials).evidence
    scaled = [found[f"largest that serves, x times {s:g}"] * s**2 for s in sgd.SCALES]
    # Within the spacing of the grid.
    assert max(scaled) / min(scaled) < 1.05


@pytest.mark.parametrize(
    ("rates", "scales", "verdict"),
    [
        ((0.001, 0.1), (0.1, 1.0), "conditional"),
        ((0.01, 0.1), (1.0,), "holds"),
        ((1.0, 9.0), (1.0,), "contradicted"),
    ],
)
def test_a_range_that_serves_everywhere_holds(trials, monkeypatch, rates, scales, verdict):
    monkeypatch.setattr(sgd, "TYPICAL", rates)
    monkeypatch.setattr(sgd, "SCALES", scales)
    assert sgd.typical_rates(trials).verdict == verdict


@pytest.mark.interpreted
def test_what_changes_sgd_besides_its_rate(trials):
    def end(batches):
        w = 3.0
        for batch in batches:
            w -= 0.1 * np.mean([2 * X[i] ** 2 * (w - 5) for i in batch])
        return w

    found = sgd.one_knob(trials).evidence
    by_size = [end([[0], [1], [2], [3]]), end([[0, 1], [2, 3]]), end([[0, 1, 2, 3]])]
    pairs = [end([[0, k], [i for i in (1, 2, 3) if i != k]]) for k in (1, 2, 3)]
    assert found["batch size"] == pytest.approx(max(by_size) - min(by_size), rel=1e-12)
    assert found["order, batch 2"] == pytest.approx(max(pairs) - min(pairs), rel=1e-12)
    assert found["order, batch 1"] < 1e-14


def test_orders_in_which_momentum_settles(trials):
    import itertools

    def radius(beta, order):
        epoch = np.eye(2)
        for i in order:
            h = 2 * X[i] ** 2
            # (w - 5, v): v' = beta v + h e, e' = e - eta v'.
            epoch = np.array([[1 - 0.1 * h, -0.1 * beta], [h, beta]]) @ epoch
        return np.abs(np.linalg.eigvals(epoch)).max()

    found = momentum.useful_betas(trials).evidence
    orders = list(itertools.permutations(range(4)))
    assert found["orders that settle at 0.9, batch 1"] == sum(radius(0.9, o) < 1 for o in orders)
    betas = np.round(np.arange(0.5, 0.995, 0.01), 2)
    all_of = [all(radius(beta, order) < 1 for order in orders) for beta in betas]
    assert found["settle in all orders, batch 1"] == pytest.approx(np.mean(all_of))


def test_a_smaller_rate_makes_every_beta_of_the_range_useful(trials, monkeypatch):
    monkeypatch.setattr(momentum, "ETA", 0.001)
    assert momentum.useful_betas(trials).verdict == "holds"
    monkeypatch.setattr(momentum, "ETA", 10.0)
    assert momentum.useful_betas(trials).verdict == "contradicted"


def test_the_velocity_under_a_constant_gradient(trials):
    found = momentum.speed_builds_up(trials).evidence
    assert found["velocity after 200"] == pytest.approx((1 - 0.9**200) / 0.1, rel=1e-12)
    assert found["updates to 99 %"] == math.ceil(math.log(0.01) / math.log(0.9))
    assert found["turning"] == pytest.approx(1 / 1.9, rel=1e-8)


def test_noise_on_the_way_and_at_rest(trials):
    found = momentum.rolls_through_noise(trials).evidence
    eta, beta, n = 0.01, 0.9, 1000
    at_rest = {
        "SGD": eta / (2 - eta),
        "SGD at 10 eta": 10 * eta / (2 - 10 * eta),
        "Momentum": eta * (1 + beta) / ((2 * beta + 2 - eta) * (1 - beta)),
    }
    for name, variance in at_rest.items():
        assert found[f"variance at rest, {name}"] == pytest.approx(
            variance, abs=4 * variance * math.sqrt(2 / n)
        )
    updates = 60 * 150
    for ratio in (0.1, 1.0):
        right = norm.cdf(ratio)
        error = 4 * math.sqrt(right * (1 - right) / updates)
        assert found[f"right way at {ratio:g}, SGD"] == pytest.approx(right, abs=error)
    # The velocity's signal is 10, its noise 1 / sqrt(1 - 0.81).
    right = norm.cdf(0.1 * 10 * math.sqrt(1 - beta**2))
    assert found["right way at 0.1, Momentum"] == pytest.approx(right, abs=0.06)


def test_where_epsilon_takes_one_percent(trials):
    found = adagrad.only_against_zero(trials)
    spacing = 10 ** (10 / 1000)
    root = math.sqrt(0.99**2 * 1e-8 / (1 - 0.99**2))
    for place, edge in (("inside", root), ("outside", 99e-8)):
        assert edge * 0.999 <= found.evidence[f"1 % lost below, {place}"] <= edge * spacing * 1.001


def test_the_sum_of_the_walk(trials):
    # The document's corrected sum after one epoch.
    four = simopt.problems.four_points()
    w, total = 3.0, 0.0
    for x, y in zip(four.x[:, 0], four.y, strict=True):
        g = 2 * (w * x - y) * x
        total += g * g
        w -= 0.1 / math.sqrt(total + 1e-8) * g
    assert adagrad.sum_only_grows(trials).evidence["G, epoch 1"] == pytest.approx(total, rel=1e-12)


def test_slow_is_not_frozen(trials, monkeypatch):
    found = adagrad.freezes(trials)
    assert found.verdict == "contradicted"
    for noise in ("gradient noise", "label noise"):
        # t^(-1/4), within a third: two means of 128 distances.
        left = found.evidence[f"left by the last tenfold, {noise}"]
        assert left == pytest.approx(10**-0.25, rel=1 / 3)
    monkeypatch.setattr(adagrad, "FALLING", 0.1)
    assert adagrad.freezes(trials).verdict == "conditional"


def test_what_scale_alone_makes_up_of_rmsprops_lead(trials):
    def walk(eta, keep, add):
        w, square = 3.0, 0.0
        for x in X:
            g = 2 * x * x * (w - 5)
            square = keep * square + add * g * g
            w -= eta / math.sqrt(square + 1e-8) * g
        return abs(w - 5)

    plain, scaled, fading = (
        walk(0.1, 1, 1), walk(0.1 * math.sqrt(10), 1, 1), walk(0.1, 0.9, 0.1)
    )  # fmt: skip
    found = rmsprop.mends_freezing_by_fading(trials).evidence
    expected = (plain - scaled) / (plain - fading)
    assert found["made up after 1 epochs"] == pytest.approx(expected, rel=1e-9)


def test_if_nothing_is_forgotten_forgetting_mends_nothing(trials, monkeypatch):
    # With rho near 1 the mean is the sum on a larger scale: all of the lead is scale.
    monkeypatch.setattr(rmsprop, "RHO", 1 - 1e-9)
    monkeypatch.setattr(rmsprop, "ETA", 1e-7)
    monkeypatch.setattr(
        rmsprop, "RMSprop", lambda eta: simopt.RMSprop(eta=eta, rho=1 - 1e-9, epsilon=0)
    )
    found = rmsprop.mends_freezing_by_fading(trials)
    assert found.verdict == "contradicted"
    assert found.evidence["made up after 1 epochs"] == pytest.approx(1, abs=1e-6)


def test_ten_gradients_and_a_third(trials):
    found = rmsprop.window_of_ten(trials).evidence
    assert found["window"] == 10
    assert found["left after 10"] == pytest.approx(3486784401 / 10**10, rel=1e-15)


def test_steady_and_fast_by_their_formulas(trials):
    found = adam.longer_memory_for_the_variance(trials).evidence
    for beta in (0.9, 0.999):
        # chi-square with one degree of freedom has variance 2.
        expected = math.sqrt(2 * (1 - beta) / (1 + beta))
        assert found[f"variation of v, {beta:g}"] == pytest.approx(expected, rel=0.1)
        # m = 1 - beta^5000 before, -1 + (2 - beta^5000) beta^k after k.
        turn = math.log(1 / (2 - beta**5000)) / math.log(beta)
        assert found[f"updates to turn m, {beta:g}"] == math.ceil(turn)


def test_the_uncorrected_step_is_too_large(trials):
    found = correction.uncorrected_is_too_small(trials)
    assert found.verdict == "conditional"
    assert found.evidence["step at t = 1"] == pytest.approx(math.sqrt(10), rel=1e-12)
    ratios = [(1 - 0.9**t) / math.sqrt(1 - 0.999**t) for t in range(1, 5001)]
    assert found.evidence["largest at t"] == 1 + max(range(5000), key=ratios.__getitem__)
    assert found.evidence["largest"] == pytest.approx(max(ratios), rel=1e-12)


def test_with_a_short_memory_the_uncorrected_step_is_too_small(trials, monkeypatch):
    monkeypatch.setattr(correction, "BETA2", 0.9)
    monkeypatch.setattr(
        correction,
        "Adam",
        lambda bias_correction, epsilon: simopt.Adam(
            beta2=0.9, bias_correction=bias_correction, epsilon=epsilon
        ),
    )
    assert correction.uncorrected_is_too_small(trials).verdict == "holds"


def test_when_the_correction_has_faded(trials):
    found = correction.correction_fades(trials).evidence
    for beta, name in ((0.9, "beta1"), (0.999, "beta2")):
        assert found[f"faded, {name}"] == math.ceil(math.log(0.01) / math.log(beta))


@pytest.mark.parametrize(
    "claim",
    [
        family_tree.gradient_of_the_square,
        family_tree.adam_is_both_and_nothing_more,
        sgd.chosen_and_computed,
        momentum.carries_ninety_percent,
        momentum.may_overshoot,
        adagrad.large_and_frequent_get_less,
        rmsprop.keeps_ninety_adds_ten,
        rmsprop.rate_recovers,
        adam.beta1_is_a_rho,
        adam.m_is_like_a_velocity,
        adam.v_is_like_the_mean_square,
        adam.first_moments,
    ],
)
def test_two_seeds_one_verdict(claim):
    first, second = (claim(Trials(quick=True, seed=seed)) for seed in (0, 7))
    assert first.verdict == second.verdict
    assert first.evidence.keys() == second.evidence.keys()


@pytest.mark.parametrize("shape", [(7,), (3, 50)])
def test_the_moving_average_is_the_filter_of_scipy(shape):
    values = np.random.default_rng(3).normal(size=shape) ** 2
    kept = values.copy()
    expected = lfilter([1 - 0.99], [1, -0.99], values)
    assert np.array_equal(moving_average(values, 0.99), expected)
    assert np.array_equal(values, kept)
