"""Kinds of curves that practice has, drawn anew each time, and what may be said of each."""

from __future__ import annotations

import numpy as np
import pytest

import simopt
from simopt.curves.restarts import restarts

#: How often each kind is drawn, and how often what is said may be wrong.
DRAWN, WRONG = 20, 1

DIVERGED = ("decreases then explodes", "rises")
KINDS = {}


def kind(*allowed):
    """A kind of curve, of a generator: a loss, or a loss and a validation loss."""

    def register(make):
        KINDS[make.__name__] = make, allowed
        return make

    return register


def size(rng, low, high):
    return int(np.exp(rng.uniform(np.log(low), np.log(high))))


def fall(n, share):
    return np.exp(-np.arange(n) / (n * share))


# Falls that end in a rise, and leaps that may be anything.


@kind(*DIVERGED)
def few_values_fall_then_rise(rng):
    n = int(rng.integers(7, 12))
    low = int(rng.integers(2, n // 2 + 1))
    rise = rng.uniform(0.6, 0.9) + np.cumsum(rng.uniform(0.4, 0.8, n - low - 1))
    return np.r_[np.linspace(rng.uniform(1, 3), rng.uniform(0.3, 0.6), low + 1), rise]


@kind(*DIVERGED)
def falls_then_grows_ever_faster(rng):
    n = size(rng, 12, 200)
    t = np.arange(n) / n
    grows = 0.02 * np.exp(np.maximum(0, t - rng.uniform(0.3, 0.5)) * rng.uniform(8, 14))
    return 0.5 + 1.5 * np.exp(-15 * t) + grows


@kind(*DIVERGED)
def diverges_in_the_first_values_and_stays(rng):
    n = size(rng, 12, 300)
    loss = rng.uniform(6, 12) * (1 + rng.uniform(0.001, 0.02) * rng.normal(size=n))
    loss[:2] = 2.3, rng.uniform(3, 6)
    return loss


@kind("can't tell", "does not move")
def flat_with_a_last_value_that_leaps(rng):
    n = int(rng.integers(8, 30))
    loss = 0.7 * (1 + 0.004 * rng.normal(size=n))
    loss[-1] += rng.uniform(1, 20)
    return loss


# Chance, levels and noise.


@kind("does not move")
def comes_to_chance_level_at_once_and_stays(rng):
    n, first = size(rng, 16, 400), int(rng.integers(1, 4))
    loss = np.full(n, np.log(rng.choice([2, 10, 100, 1000])))
    loss[:first] *= 1 + rng.uniform(0.05, 0.5) * np.exp(-np.arange(first))
    return loss * (1 + rng.uniform(0.0002, 0.002) * rng.normal(size=n))


@kind("oscillates wildly")
def two_noisy_levels_in_turns(rng):
    n = int(rng.integers(8, 13))
    return 1 + 0.1 * (np.arange(n) % 2) + rng.uniform(0.005, 0.02) * rng.normal(size=n)


@kind("oscillates wildly", "spikes and recovers")
def spikes_again_and_again(rng):
    n = size(rng, 100, 600)
    loss = 0.3 + 1.7 * fall(n, 0.08) + (rng.random(n) < 0.12) * rng.uniform(0.8, 3, n)
    return loss * (1 + 0.02 * rng.normal(size=n))


@kind("can't tell", "does not move")
def five_to_seven_flat_values_and_a_leap(rng):
    n, scatter = int(rng.integers(6, 9)), rng.uniform(0.002, 0.01)
    loss = rng.uniform(0.3, 3) * (1 + scatter * rng.normal(size=n))
    loss[-1] *= 1 + scatter * rng.uniform(15, 100)
    return loss


@kind("can't tell", "rises")
def a_fall_of_four_to_seven_values_and_a_leap(rng):
    n = int(rng.integers(5, 9))
    loss = rng.uniform(0.1, 0.6) + 2 * np.exp(-np.arange(n) / rng.uniform(1, 2.5))
    loss[-1] += rng.uniform(1, 6)
    return loss


@kind("healthy", "plateaus, then drops", "can't tell")
def two_steps_between_flat_stretches(rng):
    levels = rng.uniform(2, 3), rng.uniform(1, 1.7), rng.uniform(0.2, 0.7)
    loss = np.repeat(levels, rng.integers(3, 5, 3))
    return loss * (1 + rng.uniform(0, 0.01) * rng.normal(size=len(loss)))


# Several runs.


@kind("resumed or several runs")
def two_or_three_short_runs(rng):
    runs, n = int(rng.integers(2, 4)), int(rng.integers(5, 16))
    t = np.tile(np.arange(n), runs)
    loss = rng.uniform(0.1, 0.5) + 2 * np.exp(-t / (n * rng.uniform(0.15, 0.35)))
    return loss * (1 + rng.uniform(0.002, 0.03) * rng.normal(size=len(t)))


@kind("resumed or several runs")
def a_second_run_that_does_better(rng):
    t = np.arange(int(rng.integers(6, 15)))
    loss = np.r_[1 + 1.3 * np.exp(-t / 3), 0.3 + 2 * np.exp(-t / 3)]
    return loss * (1 + 0.01 * rng.normal(size=len(loss)))


# Healthy ones.


@kind("healthy")
def few_epochs_of_a_bending_fall(rng):
    n = int(rng.integers(5, 10))
    fall = rng.uniform(1, 3) * np.exp(-np.arange(n) / rng.uniform(1, 3))
    return (rng.uniform(0.1, 1) + fall) * (1 + 0.01 * rng.normal(size=n))


@kind("healthy")
def warm_up_with_a_bump(rng):
    n = size(rng, 100, 1500)
    t, warm = np.arange(n), max(3, n // 25)
    after = np.maximum(0, t - warm) / n
    bump = rng.uniform(0.05, 0.2) * np.minimum(1, t / warm) * np.exp(-10 * after)
    loss = 0.6 + 0.6 * np.exp(-after / rng.uniform(0.1, 0.25)) + bump
    return loss * (1 + rng.uniform(0.005, 0.03) * rng.normal(size=n))


@kind("healthy", "noise floor")
def a_running_mean_that_is_begun_at_zero(rng):
    n, keeps = size(rng, 200, 2000), rng.choice([0.9, 0.95])
    loss = rng.uniform(0.1, 0.6) + rng.uniform(1, 3) * fall(n, 0.15)
    mean = np.zeros(n + 1)
    for t in range(n):
        mean[t + 1] = keeps * mean[t] + (1 - keeps) * loss[t] * (1 + 0.05 * rng.normal())
    return mean[1:]


@kind("healthy", "plateaus early")
def perfect_to_the_last_bit(rng):
    loss = 2 * fall(size(rng, 20, 300), 0.03)
    return np.where(loss < 1e-4, 0.0, loss)


@kind("healthy", "plateaus early", "plateaus, then drops")
def grokking(rng):
    n = size(rng, 40, 400)
    t = np.arange(n) / n
    loss = 2.3 * np.exp(-40 * t) + 1e-4 * (1 + 0.1 * rng.normal(size=n))
    late = 1 + np.exp(30 * (t - rng.uniform(0.5, 0.7)))
    held = (3.5 - 1.2 * np.exp(-20 * t)) / late + 0.02
    return loss, held * (1 + 0.01 * rng.normal(size=n))


@kind("healthy")
def double_descent_of_the_validation_loss(rng):
    n = size(rng, 60, 400)
    t = np.arange(n) / n
    bump = rng.uniform(0.2, 0.5) * np.exp(-(((t - 0.3) / 0.08) ** 2))
    held = 0.3 + 1.7 * np.exp(-12 * t) + bump - 0.15 * t
    return 0.02 + 2 * np.exp(-6 * t), held * (1 + 0.008 * rng.normal(size=n))


# Validation.


@kind("validation rises")
def a_noisy_u_of_few_validation_values(rng):
    n = int(rng.integers(10, 31))
    t, turn = np.arange(n), rng.uniform(0.2, 0.5) * (n - 1)
    up = rng.uniform(0.15, 0.5)
    left = up * rng.uniform(0.5, 2) * ((turn - t) / turn) ** 2
    right = up * (np.maximum(0, t - turn) / (n - 1 - turn)) ** rng.uniform(1, 2)
    held = 0.6 + np.where(t < turn, left, right) + 0.08 * up * rng.normal(size=n)
    return 0.1 + 1.2 * np.exp(-t / (0.25 * n)), held


@kind("validation rises")
def a_shallow_u_of_many(rng):
    n, turn = 60, rng.uniform(0.2, 0.5)
    t = np.arange(n) / n
    held = 0.6 + 0.3 * np.where(t < turn, ((turn - t) / turn) ** 2, (t - turn) / (1 - turn))
    return 0.1 + 1.2 * np.exp(-4 * t), held + 0.015 * rng.normal(size=n)


@kind("healthy")
def one_lucky_validation_value(rng):
    n = size(rng, 8, 100)
    t = np.arange(n) / n
    held = 0.5 + np.exp(-rng.uniform(8, 20) * t) + rng.uniform(0.002, 0.01) * rng.normal(size=n)
    held[int(rng.integers(max(2, n // 4), max(3, int(0.8 * n))))] -= rng.uniform(0.05, 0.3)
    return 0.1 + 1.5 * np.exp(-6 * t), held


@kind("healthy")
def two_lucky_validation_values(rng):
    n = size(rng, 20, 100)
    t = np.arange(n) / n
    held = 0.5 + np.exp(-rng.uniform(8, 20) * t) + rng.uniform(0.002, 0.01) * rng.normal(size=n)
    places = rng.choice(np.arange(n // 3, int(0.85 * n), 2), 2, replace=False)
    held[places] -= rng.uniform(0.05, 0.3, 2)
    return 0.1 + 1.5 * np.exp(-6 * t), held


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_read_as_what_it_is(name):
    make, allowed = KINDS[name]
    said = []
    for seed in range(DRAWN):
        made = make(np.random.default_rng([*name.encode(), seed]))
        said.append(simopt.diagnose(*(made if isinstance(made, tuple) else (made,))).symptom)
    assert sum(each not in allowed for each in said) <= WRONG, said


@pytest.mark.parametrize("scatter", [0.003, 0.02, 0.07])
@pytest.mark.parametrize("shape", ["normal", "uniform", "gamma"])
def test_noise_of_few_values_is_seldom_called_wild(scatter, shape):
    rng = np.random.default_rng(5)
    losses, lengths = np.full((800, 30), np.nan), rng.integers(5, 30, 800)
    for row, n in zip(losses, lengths, strict=True):
        drawn = {
            "normal": rng.normal(size=n),
            "uniform": rng.uniform(-1.7, 1.7, n),
            "gamma": (rng.gamma(4, 1, n) - 4) / 2,
        }[shape]
        row[:n] = rng.uniform(0.3, 3) * (1 + scatter * drawn)
    said = simopt.diagnosis.diagnose_many(losses, lengths=lengths)["symptom"]
    assert (said == "oscillates wildly").sum() <= (50 if shape == "gamma" else 15)


def test_where_runs_begin_is_said():
    one = 0.3 + 2 * np.exp(-np.arange(8) / 2)
    found = simopt.diagnose(np.r_[one, one, one])
    assert found.symptom == "resumed or several runs"
    assert found.seen[0].says == "places at which the loss begins again as it began: 2"
    assert found.seen[0].first == 8
    assert found.advice[0] == "read the parts alone: cut the log at value 9"


@pytest.mark.parametrize("gap", [0, 1, 5])
@pytest.mark.parametrize("first", [None, 740.0])
def test_advice_and_evidence_name_the_same_place(first, gap):
    """Neither a first value that is set aside nor missing ones move it."""
    fall = np.exp(-np.arange(60) / 20)
    loss = np.r_[1 + fall, 1.9 + 0.3 * fall] + 0.01 * np.random.default_rng(3).normal(size=120)
    if first is not None:
        loss[0] = first
    loss[20 : 20 + gap] = np.nan
    found = simopt.diagnose(loss)
    assert found.symptom == "resumed or several runs"
    assert (
        found.advice[0] == f"read the parts alone: cut the log at value {found.seen[-1].first + 1}"
    )
    assert abs(found.seen[-1].first - 60) <= 1


def test_what_begins_again():
    one = np.exp(-np.arange(8) / 2)
    assert restarts(np.r_[one, one, one]) == (2, 8)
    assert restarts(np.r_[one, one[:3]]) == (0, 0)  # too few to be a run
    assert restarts(np.tile(one[:4], 9)) == (0, 0)  # too many: it swings
    assert restarts(np.r_[one, 1.0, np.zeros(7)]) == (0, 0)  # a spike is over at once
    two_values = np.exp(-np.arange(24) / 4)
    two_values[14:16] += 0.9, 0.25
    assert restarts(two_values) == (0, 0)  # as is one of two values, where a run takes longer
    assert restarts(one) == (0, 0)
    assert restarts(np.ones(12)) == (0, 0)


def test_chance_level_is_named_behind_a_first_value_above_it():
    found = simopt.diagnose(np.r_[3.4, 2.6, np.full(20, np.log(10))])
    assert found.symptom == "does not move"
    assert "ln 10 = 2.3026" in found.causes[0]
    assert simopt.diagnose(np.r_[3.4, 2.6, np.full(20, 2.0)]).symptom != "does not move"


@pytest.mark.parametrize("first", [1.3, 0.1])
def test_a_spike_is_where_it_is_said_to_be(first):
    """A first value that is set aside, as a partial sum is, does not move it."""
    loss = 0.3 + np.exp(-np.arange(40) / 6) + 0.004 * np.random.default_rng(1).normal(size=40)
    loss[0], loss[25] = first, 0.65
    found = simopt.diagnose(loss)
    places = {each.feature: each.first for each in found.seen}
    assert places["spikes"] == 25
    assert ("skipped" in places) == (first < 1)


def test_values_that_climb_from_zero_are_said_and_set_aside():
    mean = [0.0]
    for value in 0.3 + 2 * np.exp(-np.arange(120) / 20):
        mean.append(0.8 * mean[-1] + 0.2 * value)
    found = simopt.diagnose(mean[1:])
    assert found.symptom == "healthy"
    assert "climb from zero" in found.seen[-1].says
    top = int(np.argmax(mean)) - 1
    assert (found.seen[-1].first, found.seen[-1].last) == (0, top - 1)
    warmed_up = simopt.diagnose(1.0 + np.array(mean[1:]))
    assert not any("climb" in each.says for each in warmed_up.seen)


def test_a_fall_whose_end_is_half_way_up_again_is_not_healthy():
    assert simopt.diagnose([2.13, 1.55, 1.15, 0.88, 1.73]).symptom == "can't tell"
    assert simopt.diagnose([2.13, 1.55, 1.15, 0.88, 0.8]).symptom == "healthy"
