"""Claims of the troubleshooting table: closed forms, and rules fed with made-up curves."""

import numpy as np
import pytest

from simopt import problems
from simopt.document.claims.clipping import norms
from simopt.document.claims.common.curves import EPOCHS, PLACES, RATES, TunedCurves
from simopt.document.claims.context import Trials
from simopt.document.claims.libraries import Seen
from simopt.document.claims.troubleshooting import late_drops, plateaus, rates


def made(shape, tuned=1e-5):
    """Curves of two seeds at every rate, by ``shape(rate)``: EPOCHS numbers."""
    excess = np.array([[shape(rate)] * 2 for rate in RATES])
    return TunedCurves(excess, tuned)


def given(monkeypatch, module, shape, methods=("SGD",)):
    found = {("made up", method): made(shape) for method in methods}
    monkeypatch.setattr(module, "curves", lambda trials: found)


def test_places_are_factors():
    for factor, places in PLACES.items():
        assert RATES[places] / RATES[0] == pytest.approx(factor, rel=0.005)


def test_curves_know_their_neighbours():
    curve = made(lambda rate: np.full(EPOCHS, rate))
    up, down = curve.at(5, up=True), curve.at(5, up=False)
    assert up[0, 0] == RATES[7]
    assert np.isnan(up[-7:]).all()
    assert down[7, 0] == RATES[0]
    assert np.isnan(down[:7]).all()
    assert not curve.rises().any()
    zigzag = made(lambda rate: 1.0 + np.arange(EPOCHS) % 2)
    assert zigzag.rises() == pytest.approx(np.full((51, 2), 10 / 19))


def zigzag(level):
    return level * (1.0 + np.arange(EPOCHS) % 2)


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        (lambda rate: zigzag(rate), "holds"),  # a lower rate, a lower floor
        (lambda rate: zigzag(1.0), "contradicted"),  # no rate is any better
    ],
)
def test_oscillations_are_mended_or_not(monkeypatch, shape, verdict):
    given(monkeypatch, rates, shape)
    assert rates.oscillation(Trials()).verdict == verdict


@pytest.mark.parametrize(
    ("shape", "verdict"),
    [
        (lambda rate: np.exp(-rate * np.arange(EPOCHS)), "holds"),
        (lambda rate: rate - 1e-9 * np.arange(EPOCHS), "contradicted"),  # higher with the rate
    ],
)
def test_slow_curves_are_mended_or_not(monkeypatch, shape, verdict):
    given(monkeypatch, rates, shape)
    assert rates.slowness(Trials()).verdict == verdict


@pytest.mark.parametrize("beta", [0.8, 0.9])
def test_full_batch_explodes_where_the_theory_says(beta):
    limit = (2 + 2 * beta) / problems.four_points().hessian[0, 0]
    radius = rates.radii(limit * np.array([0.5, 0.999, 1.001, 2.0]), beta, 4)
    assert (radius > 1).tolist() == [False, False, True, True]
    assert radius[0] == pytest.approx(np.sqrt(beta), rel=1e-9)


def test_a_lower_beta_settles_nothing_at_full_batch():
    found = rates.explosion(Trials(quick=True)).evidence
    assert found["beta 0.8 settles, batch 4"] == 0
    assert found["limit of eta h, beta 0.9"] == pytest.approx(3.8, rel=1e-12)
    # what explodes up to eta = 1 is below 7.125 / h, and half of that below 3.8 / h
    assert found["eta / 2 settles, batch 4"] == 1


def test_ringing_is_a_matter_of_beta():
    found = rates.eta_or_beta(Trials(quick=True))
    assert found.verdict == "conditional"
    assert found.evidence["explosions settled by eta"] == 1  # 20 / h over 10 is below 3.8 / h
    assert found.evidence["explosions settled by beta"] == 0  # every lower limit is lower


def flat(level, noise):
    return np.concatenate([np.linspace(1, level, 5), level * (1 + noise * (np.arange(35) % 2))])


@pytest.mark.parametrize(
    ("shape", "smooth", "noisy"),
    [
        (lambda rate: flat(0.4 * 1e-4**0.5 / (rate + 1e-4) ** 0.5, 0.0), 1.0, 0.0),
        (lambda rate: flat(min(0.04 * rate**0.5, 0.1), 0.1), 0.0, 0.0),
    ],
)
def test_plateaus_of_either_kind(monkeypatch, shape, smooth, noisy):
    given(monkeypatch, plateaus, shape, methods=("AdaGrad",))
    found = plateaus.plateau_and_rate(Trials()).evidence
    assert found["smooth ones mended"] == smooth
    assert found["noisy ones mended"] == noisy
    assert (found["smooth plateaus"] > 0) != (found["noisy plateaus"] > 0)


def test_what_falls_late():
    t = np.linspace(0, 1, 400)
    late = np.exp(-60 * t) + 1 / (1 + np.exp(80 * (t - 0.6)))
    assert late_drops.falls_late(late)
    assert not late_drops.falls_late(np.exp(-5 * t))  # no stay
    assert not late_drops.falls_late(np.exp(-60 * t))  # no drop
    assert not late_drops.falls_late(late[::-1].copy())


def test_a_saddle_is_left_at_its_growth():
    """y grows by 1 + eta an update from 1e-6, until y^2 / 2 - y^4 / 4 is 1/8, at y = 0.54."""
    found = late_drops.drops_after_plateau(Trials(quick=True))
    y = np.sqrt(1 - np.sqrt(0.5))
    updates = np.log(y / 1e-6) / np.log(1.1)
    assert found.evidence["updates to half down, SGD, eta 0.1"] == pytest.approx(updates, abs=3)


def test_momentum_and_adam_from_the_same_starts():
    trials = Trials(quick=True, seed=1)
    found = plateaus.out_of_local_minima(trials)
    assert trials.trajectories == 2 * 16 * 24
    assert found.verdict == "contradicted"
    assert found.evidence["best share, Adam"] > found.evidence["best share, Momentum"] > 0.2


def test_clipping_by_its_formulas():
    found = norms.clipped_alike(Trials()).evidence
    assert found["norm, two variables, torch"] == pytest.approx(5 / (5 + 1e-6), rel=1e-12)
    assert found["norm, two variables, keras"] == pytest.approx(np.sqrt(2), rel=1e-6)
    assert found["norm here, torch"] == pytest.approx(5 / (5 + 1e-6), rel=1e-12)


@pytest.mark.parametrize(
    ("two", "one", "verdict"), [(1.0, 1.0, "holds"), (2.0, 3.0, "contradicted")]
)
def test_libraries_could_clip_otherwise(monkeypatch, two, one, verdict):
    def seen(look, name):
        apart = (name == "torch") * (0.0 if verdict == "holds" else 1.0)
        return Seen({"norm, two": two + apart, "norm, one": one + apart}, {name: "9"}, live=True)

    monkeypatch.setattr(norms.libraries, "seen", seen)
    assert norms.clipped_alike(Trials()).verdict == verdict


def test_clipping_alike_is_not_enough(monkeypatch):
    """Both lines leave the same norm of several variables, but more than the limit."""
    figures = {"norm, two": 2.0, "norm, one": 1.0}
    monkeypatch.setattr(norms.libraries, "seen", lambda *_: Seen(figures, {"a": "9"}, live=True))
    assert norms.clipped_alike(Trials()).verdict == "conditional"


@pytest.mark.interpreted
def test_a_bad_point_is_beyond_all_rates():
    etas = np.geomspace(1e-14, 0.1, 14)
    assert not norms.bad_point(Trials(), etas, clipped=False)
    assert not norms.bad_point(Trials(), etas, clipped=True)
    # without it: 50 epochs of three steps that multiply the error by 1 - 2 eta x^2
    loss = norms.line(Trials(), [1.0, 2.0, 3.0], np.array([0.01]))
    left = np.prod(1 - 0.02 * np.array([1.0, 4.0, 9.0])) ** 50
    assert loss[0] == pytest.approx(14 / 3 * (2 * left) ** 2, rel=1e-6)


def test_a_brake_is_no_rudder():
    """A clipped step is at most eta long: from 3 it never gets farther than that from 5."""
    found = norms.emergency_brake(Trials(quick=True))
    assert found.evidence["finite, limit 1"] == found.evidence["finite, limit 5"] == 1
    assert found.verdict == "conditional"


def test_no_rounding_stops_rmsprop():
    """Its step at a constant gradient is eta: within eta / 2 of the optimum it jumps over."""
    found = plateaus.adagrad_switched(Trials(quick=True)).evidence
    assert all(found[f"RMSprop, batch {size}"] > 0.05 for size in (1, 2, 4))
    assert found["AdaGrad at eta 1, the farthest"] < 1e-15  # the rate has settled, w goes on
