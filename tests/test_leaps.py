"""A leap in the last values: a spike, or the beginning of a divergence? Nobody can tell yet."""

from __future__ import annotations

import numpy as np
import pytest
from simopt.diagnosis import diagnose_many

import simopt
from simopt.curves.cleaning import CLEANED, clean
from simopt.curves.diagnosis import batch


def falling(size, scatter=0.004, seed=0):
    """A loss from 1.2 to 0.2, with noise."""
    noise = np.random.default_rng(seed).normal(size=size)
    return 0.2 + np.exp(-np.arange(size) / (0.08 * size)) + scatter * noise


def ending(size, count, height, **settings):
    """The same, with its last values higher."""
    loss = falling(size, **settings)
    loss[size - count :] += height
    return loss


def set_aside(loss):
    """How many values at the end are."""
    out = np.empty((1, len(CLEANED)))
    clean(np.asarray(loss, np.float64)[None], np.array([len(loss)]), np.empty((1, len(loss))), out)
    return dict(zip(CLEANED, out[0], strict=True))["leap"]


@pytest.mark.parametrize("size", [40, 150, 900, 5000])
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("height", [1.0, 4.0, 100.0])
def test_a_leap_at_the_end_is_neither_a_spike_nor_a_divergence(size, count, height):
    found = simopt.diagnose(ending(size, count, height))
    assert (found.symptom, found.sure) == ("can't tell", 0.0)
    seen = found.seen[0]
    assert (seen.feature, seen.first, seen.last) == ("leap", size - count, size - 1)
    assert seen.value == pytest.approx(height, rel=0.1)
    assert ("in the last value " if count == 1 else f"in the last {count} values ") in seen.says
    assert "divergence" in " ".join(found.causes)
    assert found.advice[0].startswith("train on and look again")


@pytest.mark.parametrize(
    "loss",
    [
        [2.3, 1.2, 0.8, 0.6, 0.5, 0.45, 0.42, 0.40, 1.9],
        [0.69, 0.52, 0.41, 0.36, 0.33, 0.31, 0.98],
        [2.3, 1.5, 1.1, 0.9, 4.8],
        [2.3, 1.5, 1.1, 0.9, 0.8, 4.8],
        [9.1, 4.0, 2.9, 2.2, 1.9, 1.7, 1.6, 1.55, 1.5, 1.47, 1.44, 1.42, 8.0, 7.1],
    ],
)
def test_a_short_curve_whose_last_epoch_is_far_above_does_not_rise(loss):
    assert simopt.diagnose(loss).symptom == "can't tell"


def test_a_leap_from_what_did_not_move_is_one_too():
    found = simopt.diagnose([0.7] * 49 + [1.4])
    assert found.symptom == "can't tell"
    assert "in the last value the loss leaps up from what did not move before" in found.seen[0].says


def test_missing_values_before_a_leap_are_no_end():
    for count in range(1, 5):
        loss = ending(300, 1, 3.0)
        loss[-1 - count : -1] = np.nan
        found = simopt.diagnose(loss)
        assert found.symptom == "can't tell"
        assert (found.seen[0].first, found.seen[0].last) == (299, 299)
        assert "in the last value " in found.seen[0].says


def test_what_comes_after_decides():
    spike, diverged = ending(400, 3, 2.0), ending(400, 3, 2.0)
    assert simopt.diagnose(spike).symptom == "can't tell"
    after = 0.2 + 0.004 * np.random.default_rng(1).normal(size=20)
    assert simopt.diagnose(np.r_[spike, after]).symptom == "spikes and recovers"
    grown = np.r_[diverged, 2.2 * 1.6 ** np.arange(1, 21)]
    assert simopt.diagnose(grown).symptom == "decreases then explodes"


@pytest.mark.parametrize(
    "end", [[5.0, 40.0, 300.0], [0.4, 0.9, 2.5, 8.0, 30.0], [0.3, 0.9, 9.0, 1e3, 1e7]]
)
def test_what_grows_and_grows_explodes(end):
    loss = falling(60)
    loss[-len(end) :] = end
    assert simopt.diagnose(loss).symptom == "decreases then explodes"
    assert set_aside(loss) == 0


@pytest.mark.parametrize(("count", "factor"), [(4, 3.0), (5, 2.0), (6, 1.5), (8, 1.5)])
def test_what_swells_in_the_last_values_is_one_too(count, factor):
    """It would swing over the whole range, had it been read as a part of the curve."""
    loss = np.r_[falling(100), 0.2 + 0.1 * (factor ** np.arange(1, count + 1) - 1)]
    found = simopt.diagnose(loss)
    assert found.symptom == "can't tell"
    assert found.seen[0].feature == "leap"
    assert found.seen[0].first >= 100


def test_what_swells_further_explodes():
    for count, factor in ((6, 3.0), (10, 2.0), (15, 1.5)):
        loss = np.r_[falling(100), 0.2 + 0.1 * (factor ** np.arange(1, count + 1) - 1)]
        assert simopt.diagnose(loss).symptom == "decreases then explodes"


def test_of_spikes_before_it_a_leap_is_one_more():
    loss = falling(900)
    for place in (300, 500, 890):
        loss[place:] += 3.0 * np.exp(-np.arange(900 - place) / 8)
    found = simopt.diagnose(loss)
    assert found.symptom == "spikes and recovers"
    assert found.seen[0].says == "spikes that recover: 2"
    assert (found.seen[-1].feature, found.seen[-1].first) == ("leap", 890)


def test_what_swings_all_along_swings_at_its_end():
    loss = 1.0 + 0.5 * np.random.default_rng(3).random(200) * np.where(np.arange(200) % 2, 1, -1)
    loss[-1] = 2.2
    assert set_aside(loss) == 0
    assert simopt.diagnose(loss).symptom == "oscillates wildly"


def test_a_validation_loss_that_rises_does_so_without_the_leap():
    t = np.linspace(0, 1, 60)
    loss, held = np.exp(-5 * t), 0.5 + np.exp(-12 * t) + np.maximum(0, t - 0.3)
    loss[-1] = 3.0
    found = simopt.diagnose(loss, held)
    assert found.symptom == "validation rises"
    assert found.seen[-1].feature == "leap"


def test_neither_noise_nor_a_gap_nor_a_missing_end_is_a_leap():
    for seed in range(200):
        assert set_aside(falling(300, 0.05, seed)) == 0
    loss = ending(300, 2, 3.0)
    loss[100:120] = np.nan
    assert set_aside(loss) == 2
    loss[-1] = np.nan
    assert set_aside(loss) == 0
    assert simopt.diagnose(loss).symptom == "NaN or Inf"


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e290])
def test_neither_the_scale_nor_the_offset_matters(scale):
    assert set_aside((ending(600, 2, 3.0) - 0.5) * scale) == 2


def test_compiled_code_says_the_same(monkeypatch):
    rng = np.random.default_rng(5)
    curves = np.stack(
        [ending(120, int(rng.integers(0, 4)), 10 ** rng.uniform(-1, 3), seed=k) for k in range(60)]
    )
    curves[7, -2:] = [0.4, 5000.0]
    monkeypatch.setattr(batch, "FEW", 10**9)
    plain = diagnose_many(curves)
    monkeypatch.setattr(batch, "FEW", 0)
    assert plain.equals(diagnose_many(curves))
    assert plain["leap"].nunique() == 4
