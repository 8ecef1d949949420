"""Claims about values, first steps and the look-ahead, against loops in plain Python."""

import math

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.document.claims import libraries
from simopt.document.claims.context import Trials
from simopt.document.claims.defaults import values, when_to_change
from simopt.document.claims.walk import first_steps, look_ahead

X = (2.0, 1.0, 3.0, 0.5)


@pytest.fixture
def trials():
    return Trials(quick=True)


def slope(w, x):
    return 2 * x * x * (w - 5)


def nesterov(epochs, eta=0.1, beta=0.9):
    """His own iteration: the jump, then the gradient there."""
    w, v, path = 3.0, 0.0, []
    for x in X * epochs:
        v = beta * v + slope(w - eta * beta * v, x)
        w -= eta * v
        path.append(w)
    return path


def heavy_ball(epochs, eta=0.1, beta=0.9):
    w, v, path = 3.0, 0.0, []
    for x in X * epochs:
        v = beta * v + slope(w, x)
        w -= eta * v
        path.append(w)
    return path


def test_nesterovs_own_weights_from_those_that_the_rule_shows(trials):
    own = look_ahead.weights(trials, simopt.Nesterov(eta=0.1), 1, 3)
    np.testing.assert_allclose(own[0], nesterov(3), rtol=1e-12)
    shown = look_ahead.weights(trials, simopt.Momentum(eta=0.1), 1, 3)
    np.testing.assert_allclose(shown[0], heavy_ball(3), rtol=1e-12)
    pairs = look_ahead.weights(trials, simopt.Nesterov(eta=[0.01, 0.1], beta=[0.0, 0.5]), 2, 4)
    assert pairs.shape == (4, 8)
    # Without a jump it is gradient descent.
    plain = simopt.run(
        simopt.problems.four_points(), simopt.SGD(eta=0.1), batch_size=2, epochs=4
    ).steps["w"]
    np.testing.assert_allclose(pairs[2], plain, rtol=1e-12)


def test_looking_ahead_leaves_most_of_the_overshoot(trials):
    found = look_ahead.blind_therefore_overshoots(trials)
    ahead, blind = nesterov(1)[1] - 5, heavy_ball(1)[1] - 5
    assert found.evidence["past 5 at point 2, Momentum"] == pytest.approx(blind, rel=1e-12)
    assert found.evidence["left of the overshoot"] == pytest.approx(ahead / blind, rel=1e-12)
    assert found.verdict == "contradicted"


@pytest.mark.parametrize(
    ("beta", "left", "verdict"), [(0.22, 0.0, "holds"), (0.3, 0.4, "conditional")]
)
def test_where_blindness_would_be_to_blame(trials, monkeypatch, beta, left, verdict):
    # After point 2 Momentum is at 4.68 + 1.6 beta, Nesterov at 4.68 + 1.28 beta.
    monkeypatch.setattr(look_ahead, "BETA", beta)
    found = look_ahead.blind_therefore_overshoots(trials)
    assert found.evidence["past 5 at point 2, Nesterov"] == pytest.approx(1.28 * beta - 0.32)
    assert found.evidence["left of the overshoot"] == pytest.approx(left, abs=1e-9)
    assert found.verdict == verdict


def test_how_fast_both_run_away(trials):
    found = look_ahead.would_improve_the_walk(trials).evidence
    for name, path in (("Momentum", heavy_ball), ("Nesterov", nesterov)):
        assert found[f"after an epoch, {name}"] == pytest.approx(abs(path(1)[3] - 5), rel=1e-12)
        errors = np.array(path(60))[3::4] - 5
        growth = simopt.stability.growth_per_epoch(errors[-12:])
        assert found[f"per epoch, {name}"] == pytest.approx(growth, rel=1e-9)


@pytest.mark.parametrize(
    ("eta", "verdict", "words"),
    [
        (0.005, "conditional", "both settle, Nesterov more quickly"),
        (0.02, "holds", "both settle, Nesterov more quickly"),
        (0.05, "conditional", "both settle, Nesterov less quickly"),
        (0.07, "holds", "only Nesterov settles"),
    ],
)
def test_at_a_small_rate_the_look_ahead_may_help(trials, monkeypatch, eta, verdict, words):
    monkeypatch.setattr(look_ahead, "ETA", eta)
    found = look_ahead.would_improve_the_walk(trials)
    nearer = abs(nesterov(1, eta)[3] - 5) < abs(heavy_ball(1, eta)[3] - 5)
    assert (verdict == "holds" or "first epoch" in found.condition) == nearer
    assert found.verdict == verdict
    assert words in found.says


def test_the_flag_shows_the_look_ahead_point(trials):
    found = look_ahead.just_a_flag(trials)
    assert found.verdict == "conditional"
    assert found.evidence["off from the look-ahead points"] < 1e-12
    assert found.evidence["Nesterov after point 4"] == pytest.approx(nesterov(1)[3], rel=1e-12)
    jumped = look_ahead.jumped(np.array(nesterov(1)))
    shown = simopt.run(simopt.problems.four_points(), simopt.Nesterov(eta=0.1)).steps["w"]
    np.testing.assert_allclose(jumped, shown, rtol=1e-12)


def test_a_flag_for_his_own_weights_would_be_just_a_flag(trials, monkeypatch):
    figures = {f"w after point {k + 1}": w for k, w in enumerate(nesterov(1))}
    seen = libraries.Seen(figures, {"torch": "0"}, live=False)
    monkeypatch.setattr(libraries, "seen", lambda *_: seen)
    assert look_ahead.just_a_flag(trials).verdict == "holds"


def test_overshoots_where_both_settle(trials):
    found = look_ahead.compared(trials, 4)
    # Full batch: heavy ball settles below 2 (1 + beta), Nesterov below 2 (1 + beta) / (1 + 2 beta).
    curved = 2 * np.mean(np.square(X))
    eta, beta = np.meshgrid(look_ahead.RATES, look_ahead.BETAS)
    assert found["Momentum settles"] == (eta * curved < 2 * (1 + beta)).sum()
    assert found["Nesterov settles"] == (eta * curved < 2 * (1 + beta) / (1 + 2 * beta)).sum()


def test_recorded_defaults_are_those_of_the_conventions(trials):
    found = values.listed_are_standard(trials).evidence
    rules = {"SGD": simopt.SGD, "AdaGrad": simopt.AdaGrad, "RMSprop": simopt.RMSprop}
    rules["Adam"] = simopt.Adam
    for library, convention in (("PyTorch", "torch"), ("Keras", "keras")):
        for setting in values.LISTED:
            method, name = setting.split()
            if method in rules:
                assert (
                    found[f"{library} {setting}"]
                    == rules[method](convention=convention).settings[name]
                )


@pytest.mark.parametrize(("factor", "verdict"), [(1.0, "holds"), (2.0, "contradicted")])
def test_a_list_that_all_or_none_follow(trials, monkeypatch, factor, verdict):
    figures = {setting: factor * value for setting, value in values.LISTED.items()}
    seen = libraries.Seen(figures, {"torch": "0"}, live=False)
    monkeypatch.setattr(libraries, "seen", lambda *_: seen)
    assert values.listed_are_standard(trials).verdict == verdict


def test_settings_that_matter_on_the_four_points(trials):
    found = values.rarely_changed(trials)
    assert found.verdict == "undecidable"
    # RMSprop by hand, its optimum at 0, 120 epochs.
    w, square, ends = -2.0, 0.0, []
    for _ in range(120):
        for x in X:
            g = 2 * x * x * w
            square = 0.9 * square + 0.1 * g * g
            w -= 0.1 / math.sqrt(square + 1e-8) * g
        ends.append(abs(w))
    assert found.evidence["RMSprop rho, default"] == pytest.approx(max(ends[99:]), rel=1e-6)
    assert isinstance(found.picture.table, pd.DataFrame)


def test_a_lower_beta_at_full_batch(trials):
    found = when_to_change.lower_beta_against_oscillation(trials).evidence
    for beta in (0.5, 0.8, 0.9):
        # Under-damped: the modulus of both roots is sqrt(beta).
        assert found[f"left by an epoch at {beta:g}, batch 4"] == pytest.approx(
            math.sqrt(beta), rel=1e-12
        )


def test_first_steps_by_their_formulas(trials):
    found = first_steps.small_because_large(trials)
    assert found.verdict == "contradicted"
    assert found.evidence["SGD / AdaGrad at 16"] == pytest.approx(16, rel=1e-6)
    found = first_steps.larger_because_ten_percent(trials)
    for rho in (0.0, 0.5, 0.9, 0.99, 0.999):
        assert found.evidence[f"ratio at rho {rho:g}"] == pytest.approx(1 / math.sqrt(1 - rho))
    found = first_steps.old_velocity_dominates(trials)
    assert found.evidence["share"] == pytest.approx(14.4 / 15.2, rel=1e-12)


def test_a_first_step_that_does_shrink_would_be_seen(trials, monkeypatch):
    # A rule whose step falls with its gradient.
    falling = simopt.rule(_falling, name="falling")
    monkeypatch.setattr(first_steps, "AdaGrad", lambda eta: falling(eta=eta))
    assert first_steps.small_because_large(trials).verdict == "holds"


def _falling(w, g, eta):
    return w - eta / g


def test_momentums_first_step(trials):
    assert first_steps.first_step_is_sgds(trials).evidence["different"] == 0


def test_a_first_step_of_another_size_would_be_seen(trials, monkeypatch):
    # Adam's form of momentum: a mean, so that the first step is a tenth.
    averaged = simopt.rule(_mean_of_gradients, name="mean")
    monkeypatch.setattr(first_steps, "Momentum", lambda eta, beta=0.9, **_: averaged(eta=eta))
    assert first_steps.first_step_is_sgds(trials).verdict == "contradicted"


def _mean_of_gradients(w, g, eta, m, beta=0.9):
    m = beta * m + (1 - beta) * g
    return w - eta * m, m
