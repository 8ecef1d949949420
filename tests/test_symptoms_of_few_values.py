"""Short curves, flat ones, and falls that are over at once: what is plain there, and what isn't."""

from __future__ import annotations

import numpy as np
import pytest

import simopt

#: How often each kind is drawn.
DRAWN = range(20)


def noise(size, seed=0):
    return np.random.default_rng(seed).normal(size=size)


def symptom(loss, validation=None):
    return simopt.diagnose(loss, validation).symptom


@pytest.mark.parametrize("size", [8, 20, 60])
@pytest.mark.parametrize("scatter", [0.0, 1e-4, 0.002])
def test_a_validation_loss_that_stays_is_said_of_a_fall_in_the_first_values(size, scatter):
    loss = 0.2 + 2 / np.arange(1, size + 1)
    held = [0.69 * (1 + scatter * noise(size, seed)) for seed in DRAWN]
    said = [symptom(loss, each) for each in held]
    assert said.count("validation does not fall") >= 17
    if not scatter:
        found = simopt.diagnose(loss, held[0])
        assert "all that the validation loss spans is 0 %" in str(found)
        assert "learnt before the first validation" not in str(found)


def test_a_validation_loss_that_began_after_the_fall_is_where_the_training_loss_ends():
    """Means of epochs, the first of which has the fall in it; each validated at its end."""
    loss = np.r_[1.1, 0.29, 0.292, 0.288, 0.291, 0.289, 0.292, 0.288, 0.29, 0.291]
    near = np.r_[0.305, 0.304, 0.306, 0.303, 0.305, 0.304, 0.305, 0.303, 0.304, 0.305]
    assert symptom(loss, near) == "healthy"
    found = simopt.diagnose(loss, near + 0.5)
    assert found.symptom == "validation does not fall"


@pytest.mark.parametrize("size", [9, 10, 16, 24, 29])
@pytest.mark.parametrize("back", [2, 3])
def test_one_leap_of_a_few_flat_values_is_no_divergence(size, back):
    for height in (1.0, 20.0):
        loss = 0.7 * (1 + 0.004 * noise(size))
        loss[size - back] += height
        assert symptom(loss) in ("spikes and recovers", "does not move", "can't tell")
        loss[size - back :] = 0.7 + height
        assert symptom(loss) not in ("spikes and recovers", "does not move", "healthy")


@pytest.mark.parametrize("size", [14, 25, 100])
@pytest.mark.parametrize("back", [2, 4])
def test_a_spike_near_the_end_of_a_fall_recovers(size, back):
    loss = 0.3 + 2 * np.exp(-7 * np.arange(size) / size) + 0.005 * noise(size)
    loss[size - back] += 8.0
    found = simopt.diagnose(loss)
    assert found.symptom == "spikes and recovers"
    assert found.seen[1].first == size - back


@pytest.mark.parametrize("size", [12, 20, 40])
@pytest.mark.parametrize("scatter", [0.003, 0.03, 0.08])
def test_noise_about_a_level_is_no_swing(size, scatter):
    said = [symptom(0.7 * (1 + scatter * noise(size, seed))) for seed in DRAWN]
    assert "oscillates wildly" not in said
    assert said.count("does not move") >= 15


def test_of_five_noisy_values_nobody_can_tell():
    said = [symptom(0.7 * (1 + 0.03 * noise(5, seed))) for seed in DRAWN]
    assert said.count("can't tell") >= 15
    assert symptom([2.3, 1.3, 0.8, 0.55, 0.42]) == "healthy"


@pytest.mark.parametrize("size", [12, 20, 40])
def test_a_swing_over_much_of_a_loss_is_one_in_few_values_too(size):
    t = np.arange(size)
    assert symptom(0.5 + 2 * np.exp(-t / 2) + 0.9 * (t % 2)) == "oscillates wildly"


@pytest.mark.parametrize("keeps", [0.6, 0.8, 0.9])
def test_noise_that_was_smoothed_does_not_swing(keeps):
    said = []
    for seed in DRAWN:
        loss = 1 + 0.05 * noise(600, seed)
        for t in range(1, 600):
            loss[t] = keeps * loss[t - 1] + (1 - keeps) * loss[t]
        said.append(symptom(loss))
        assert symptom(loss + np.exp(-np.arange(600) / 60)) in ("healthy", "noise floor")
    assert "oscillates wildly" not in said
    assert said.count("does not move") >= 16


def test_a_loss_that_falls_in_stairs_does_not_swing():
    """As where points are seen again: at the end of each epoch the loss steps down."""
    t = np.arange(600)
    loss = 2 - 0.35 * (t // 150) + 0.05 * noise(600)
    assert symptom(loss) != "oscillates wildly"


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("first", [1.0, 400.0])
def test_a_loss_that_jumps_to_chance_level_and_stays_is_lost(classes, first):
    """Its weights are dead; what is resumed, or logged on another scale, goes on falling."""
    level = np.log(classes)
    loss = level * (0.1 + 0.8 * np.exp(-np.arange(120) / 12))
    loss[0] *= first
    loss[70:] = level
    loss *= 1 + 0.001 * noise(120)
    assert symptom(loss) == "decreases then explodes"
    loss[70:] = level * (0.9 + 0.1 * np.exp(-np.arange(50) / 12))
    assert symptom(loss) == "resumed or several runs"


def test_a_fall_by_little_of_itself_is_one():
    """In few values a bend has a memory as noise has; over half of the range is no noise."""
    t = np.arange(41)
    loss = 3 + 0.3 * np.exp(-t / 6) + 0.012 * np.sin(t / 1.7)
    assert symptom(loss) in ("healthy", "noise floor")
    assert symptom(0.7 * (1 + 0.003 * noise(41))) == "does not move"


@pytest.mark.parametrize("size", [8, 10, 12, 16, 24])
def test_two_levels_in_turns_are_a_swing_in_few_values_too(size):
    for seed in DRAWN:
        loss = 1 + 0.1 * (np.arange(size) % 2) + 0.005 * noise(size, seed)
        assert symptom(loss) == "oscillates wildly"


@pytest.mark.parametrize("size", [9, 12, 16, 24])
def test_a_fall_by_a_fifth_through_noise_is_one(size):
    said = [symptom(1 - 0.2 * np.linspace(0, 1, size) + 0.03 * noise(size, k)) for k in DRAWN]
    assert said.count("can't tell") + said.count("does not move") <= 2
    assert symptom([3.9, 3.57, 3.59, 3.25, 3.41, 3.5, 3.16, 3.18, 3.06, 2.93, 3.14]) == "healthy"


def test_a_first_value_far_above_few_others_is_where_a_loss_has_fallen_from():
    assert symptom([2.4835, 1.4914, 1.352, 1.2732, 1.2925, 1.2693, 1.3242, 1.2809]) == "healthy"


@pytest.mark.parametrize("size", [10, 14, 19, 23])
@pytest.mark.parametrize("fall", [0.035, 0.05, 0.08])
def test_a_line_of_few_digits_is_a_slow_fall(size, fall):
    """Printed to hundredths it goes down a stair; each step is a third of the fall at most."""
    loss = np.round(0.695 - fall * np.arange(size) / (size - 1) + 1e-9, 2)
    assert symptom(loss) == "decreases very slowly"
