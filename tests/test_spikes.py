"""Spikes that recover: what is one, what is none, and that a curve without any is passed by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import simopt
from simopt.curves.cleaning import CLEANED, clean
from simopt.curves.spikes import KNOWN, LASTING, MOST, REGULAR, find, may_spike, without_spikes


def noise(size, seed=0):
    return np.random.default_rng(seed).normal(size=size)


def falling(size, seed=0):
    """A loss from 1.2 to 0.2, with noise."""
    return 0.2 + np.exp(-np.arange(size) / (0.08 * size)) + 0.004 * noise(size, seed)


def decay(tau):
    """From 1 to nothing, exponentially."""
    return lambda gone: np.exp(-gone / tau)


def straight(width):
    """From 1 to nothing in a line."""
    return lambda gone: np.maximum(0.0, 1.0 - gone / width)


def spiked(size, places, height, shape, seed=0):
    """A falling loss with spikes of one shape."""
    loss = falling(size, seed)
    for place in places:
        loss[place:] += height * shape(np.arange(size - place))
    return loss


def cleaned(loss):
    """A curve without what is set aside, and what that was."""
    copy, out = np.empty((1, len(loss))), np.empty((1, len(CLEANED)))
    clean(np.asarray(loss, np.float64)[None], np.array([len(loss)]), copy, out)
    return copy[0], dict(zip(CLEANED, out[0], strict=True))


SHAPES = {"straight": straight(12), "fast": decay(3), "slow": decay(9)}


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize(
    ("size", "places"),
    [
        (900, [420, 700]),
        (900, [200, 300, 520, 610, 800]),
        (300, [90, 160, 250]),
        (5000, [900, 950, 1900, 2600, 3100, 3900, 4200, 4400]),
    ],
)
def test_spikes_that_take_time_to_recover_are_no_oscillation(name, size, places):
    found = simopt.diagnose(spiked(size, places, 3.0, SHAPES[name]))
    assert found.symptom == "spikes and recovers"
    assert found.seen[0].says == f"spikes that recover: {len(places)}"
    assert found.seen[1].first in places
    assert found.seen[2].feature == "spike_width"
    assert 2 <= found.seen[2].value <= 45
    assert found.seen[2].says == f"each recovered within {found.seen[2].value:.0f} values"


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("height", [0.1, 3.0, 100.0])
def test_spikes_of_what_does_not_move_are_all_that_moves(width, height):
    """The last quarter rises above all that the first half did, which is nothing."""
    for after in (2, 5, 30, 100):
        loss = np.full(200 + width + after, 0.5)
        loss[200 : 200 + width] += height
        found = simopt.diagnose(loss)
        assert found.symptom == "does not move"
        assert found.seen[-1].says == "spikes that recover, which are set aside: 1"


def test_low_spikes_are_looked_past_and_said():
    loss = spiked(2000, [800, 1400, 1700], 0.5, decay(12))
    loss[:800] = 0.2 + np.linspace(1, 0.4, 800) + 0.004 * noise(800)
    loss[800:] += 0.4 - 0.4 * np.arange(1200) / 1200
    found = simopt.diagnose(loss)
    assert found.symptom == "healthy"
    assert found.seen[-1].says == "spikes that recover, which are set aside: 3"
    assert found.seen[-1].first in (800, 1400, 1700)


@pytest.mark.parametrize("height", [0.5, 3.0])
def test_what_comes_at_equal_distances_is_no_spike(height):
    places = list(range(200, 900, 100))
    assert len(places) >= REGULAR
    assert cleaned(spiked(900, places, height, decay(6)))[1]["spikes"] == 0
    places[3] += 40
    assert cleaned(spiked(900, places, height, decay(6)))[1]["spikes"] == len(places)


def test_what_comes_too_often_is_no_spike():
    rng = np.random.default_rng(2)
    for count in (4, 9):
        places = rng.choice(np.arange(20, 95), count, replace=False)
        loss = falling(100)
        loss[places] += 5.0
        found = cleaned(loss)[1]["spikes"]
        assert found == (count if count <= MOST * 100 else 0)
    # Half of the run is spent in them.
    assert LASTING < 0.5
    assert cleaned(spiked(800, [100, 300, 560], 3.0, straight(160)))[1]["spikes"] == 0


def test_spikes_stand_out_from_other_rises():
    places = [220, 330, 610, 760]
    loss = spiked(900, places, 1.0, decay(5))
    assert cleaned(loss)[1]["spikes"] == len(places)
    # Rises of all sizes are an oscillation.
    for place, height in zip(range(130, 880, 50), np.geomspace(0.1, 0.9, 15), strict=True):
        loss[place:] += height * np.exp(-np.arange(900 - place) / 5)
    assert cleaned(loss)[1]["spikes"] == 0


def test_a_run_that_begins_anew_is_no_spike():
    falls = 0.2 + 1.5 * np.exp(-np.arange(400) / 15) + 0.004 * noise(400)
    assert cleaned(np.r_[falls, falls])[1]["spikes"] == 0
    assert simopt.diagnose(np.r_[falls, falls]).symptom == "resumed or several runs"


def test_what_had_been_building_up_is_no_spike():
    # By factors: Adam's second moments forget, the loss swells for 25 values, and leaps.
    t, rng = np.arange(150), np.random.default_rng(1)
    swollen = np.log(500) * np.maximum(0, 1 - np.abs(t - 110) / 25)
    loss = falling(150) * np.exp(swollen + 0.3 * (swollen > 0) * rng.normal(size=150))
    assert cleaned(loss)[1]["spikes"] == 0
    assert simopt.diagnose(loss).symptom != "spikes and recovers"


def test_a_spike_close_behind_another_has_not_built_up():
    loss = spiked(900, [500, 512], 3.0, decay(4))
    assert cleaned(loss)[1]["spikes"] >= 1
    assert simopt.diagnose(loss).symptom == "spikes and recovers"


def test_only_spikes_are_replaced():
    places = [300, 520, 700]
    loss = spiked(900, places, 3.0, decay(6))
    copy, found = cleaned(loss)
    near = np.zeros(900, bool)
    for place in places:
        near[place : place + 2 * int(found["spike_width"]) + 3] = True
    np.testing.assert_array_equal(copy[~near], loss[~near])
    assert np.abs(copy - falling(900))[near].max() < 0.1


def test_what_builds_up_over_many_values_is_no_spike():
    places = [300, 560, 700]
    loss = falling(900)
    for place in places:
        gone = np.arange(900 - place)
        loss[place:] += 3.0 * np.minimum(1.0, gone / 12) * np.exp(-np.maximum(0, gone - 12) / 4)
    assert cleaned(loss)[1]["spikes"] == 0
    assert cleaned(spiked(900, places, 3.0, decay(4)))[1]["spikes"] == 3


def test_one_burst_says_what_it_is():
    loss = 0.05 + 0.4 * np.exp(-np.arange(1200) / 40) + 0.012 * noise(1200)
    loss[700:] += 0.25 * np.exp(-np.arange(500) / 25)
    found = simopt.diagnose(loss)
    assert found.symptom == "spikes and recovers"
    assert [each.feature for each in found.seen] == ["shift"]
    assert abs(found.seen[0].first - 700) <= 2


CURVES = st.tuples(
    st.integers(30, 200),
    st.integers(0, 2**16),
    st.sampled_from([0.0, 1e-6, 0.003, 0.03, 0.3]),
    st.lists(st.tuples(st.floats(0, 1), st.floats(-3, 2), st.integers(1, 30)), max_size=6),
)


@settings(max_examples=300, deadline=None)
@given(CURVES)
@example((100, 0, 0.0, [(0.5, 0.0, 1)]))
def test_a_curve_that_is_passed_by_has_no_spikes(drawn):
    size, seed, scatter, bursts = drawn
    rng = np.random.default_rng(seed)
    y = np.exp(-np.arange(size) / (size * rng.uniform(0.02, 2))) + scatter * rng.normal(size=size)
    for place, power, tau in bursts:
        place = int(place * (size - 1))
        y[place:] += 10**power * np.exp(-np.arange(size - place) / tau)
    assume(not may_spike(y, np.empty(size)))
    second = np.median(np.abs(np.diff(y, 2))) / (0.6745 * 6**0.5)
    assert find(y.copy(), second, np.empty((int(MOST * size) + 2, len(KNOWN)))) == 0


def test_a_curve_with_spikes_is_not_passed_by():
    loss = spiked(900, [400, 700], 3.0, decay(6))
    assert may_spike(loss, np.empty(900))
    spikes = np.empty((int(MOST * 900) + 2, len(KNOWN)))
    assert without_spikes(loss.copy(), spikes, np.empty((3, 900)))[0] == 2


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_neither_the_scale_nor_the_offset_matters(scale):
    loss = spiked(600, [200, 300, 480], 3.0, decay(6))
    one, other = cleaned(loss)[1], cleaned((loss - 0.5) * scale)[1]
    assert one.pop("spike_height") == pytest.approx(other.pop("spike_height"))
    assert one == other
