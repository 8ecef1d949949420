"""The learning-rate range test: its readings by hand, and how often a sweep agrees with them."""

import itertools
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt.analysis.range_test import longest_fall, smoothed
from simopt.problems import synthetic
from simopt.schedules import factors

DIABETES = simopt.problems.diabetes()


def test_losses_are_those_of_a_run_at_rising_rates():
    test = simopt.lr_range_test(DIABETES, simopt.Adam(), batch_size=16, stop_factor=None, seed=3)
    frame = test.frame
    assert frame["eta"].iloc[[0, 99]].tolist() == pytest.approx([1e-7, 10.0])
    assert np.diff(np.log(frame["eta"])) == pytest.approx(np.full(99, math.log(1e8) / 99))
    steps = simopt.run(
        DIABETES,
        simopt.Adam(eta=1.0),
        batch_size=16,
        updates=100,
        shuffle="epoch",
        seed=3,
        schedule=simopt.schedules.factors(frame["eta"].tolist()),
    ).steps
    assert frame["batch_loss"].tolist() == steps["batch_loss"].tolist()
    assert not test.stopped


def test_the_optimizers_own_rate_is_not_used():
    one, other = (
        simopt.lr_range_test(DIABETES, simopt.SGD(eta=eta), batch_size=32) for eta in (1.0, 1e-3)
    )
    assert one.frame.equals(other.frame)


def test_a_linear_ramp_and_the_whole_loss():
    test = simopt.lr_range_test(
        DIABETES, simopt.SGD(), batch_size=32, low=0.001, high=0.02, scale="linear",
        monitor="loss", smoothing=0.0,
    )  # fmt: skip
    assert np.diff(test.frame["eta"]) == pytest.approx(np.full(99, 0.019 / 99))
    assert test.frame["loss"][0] == DIABETES.loss(DIABETES.w0)
    assert test.suggestion == test.steepest
    assert test.frame["smoothed"].tolist() == pytest.approx(test.frame["loss"].tolist())


def test_it_stops_where_the_loss_explodes():
    test = simopt.lr_range_test(DIABETES, simopt.SGD(), batch_size=32)
    smooth = test.frame["smoothed"]
    assert test.stopped
    assert smooth.iloc[-1] > 4 * smooth.min()
    assert (smooth.iloc[:-1] <= 4 * smooth.cummin().iloc[:-1]).all()
    assert test.suggestion == test.minimum
    assert test.minimum == test.frame["eta"][smooth.iloc[10:-5].idxmin()] / 10


@given(st.lists(st.floats(0.1, 10), min_size=1, max_size=30), st.floats(0, 0.99))
def test_smoothing(losses, keep):
    for k, average in enumerate(smoothed(np.array(losses), keep), start=1):
        shares = [keep ** (k - 1 - i) for i in range(k)]
        expected = sum(map(math.prod, zip(shares, losses, strict=False))) / sum(shares)
        assert average == pytest.approx(expected, rel=1e-10)


@given(st.lists(st.integers(0, 20), min_size=3, max_size=25))
def test_the_longest_fall(losses):
    """By trying every subsequence's end, as its definition has it."""

    def ending_at(i):
        return 1 + max((ending_at(j) for j in range(i) if losses[j] > losses[i]), default=0)

    # Without the repetition of a plain recursion.
    lengths = []
    for i, loss in enumerate(losses):
        lengths.append(1 + max((lengths[j] for j in range(i) if losses[j] > loss), default=0))
    if len(losses) < 9:
        assert lengths == [ending_at(i) for i in range(len(losses))]
    longest = max(lengths)
    begin = lengths.index(longest) - longest
    expected = begin + int(longest / 3) + int(longest / 3 / 2)
    assert longest_fall(np.array(losses, float)) == expected


READINGS = ("minimum", "valley", "steepest")


#: A loss of so little of the first one is made of the weights' rounding.
ROUNDING = 1e-28


def share_within_three():
    """For each reading, in how many of 42 cases it is within a factor of 3 of a sweep's best."""
    grid = np.geomspace(1e-6, 10, 57)
    rules = (simopt.SGD(), simopt.Momentum(), simopt.Adam())
    problems = [*synthetic.suite(1).values(), *synthetic.suite(2).values()]
    hits = dict.fromkeys([*READINGS, "of the whole loss"], 0)
    cases = 0
    for problem, rule in itertools.product(problems, rules):
        frame = simopt.sweep(
            problem,
            rule.replace(eta=grid.tolist()),
            batch_size=8,
            epochs=10,
            shuffle="epoch",
            seed=range(8),
        )
        frame["loss"] = frame["loss"].where(frame["status"] == "ok", np.inf)
        reached = frame.groupby("eta")["loss"].mean()
        # Of rates that leave nothing but rounding none is the best: any of them will do.
        best = reached.index[reached <= max(reached.min(), ROUNDING * problem.loss(problem.w0))]
        test = simopt.lr_range_test(problem, rule, batch_size=8)
        cases += 1
        whole = simopt.lr_range_test(problem, rule, batch_size=8, monitor="loss", smoothing=0.5)
        readings = {name: getattr(test, name) for name in READINGS}
        for name, rate in {**readings, "of the whole loss": whole.steepest}.items():
            hits[name] += bool((np.abs(np.log(rate / best)) <= math.log(3)).any())
    return cases, hits


def test_the_odds_that_the_docstring_states():
    """Problems and orders other than those that the default smoothing was chosen by."""
    cases, hits = share_within_three()
    text = " ".join(simopt.lr_range_test.__doc__.split())
    stated = re.search(
        r"In (\d+) cases .* ``minimum`` was .* (\d+) times, ``valley`` (\d+) and ``steepest``"
        r" (\d+) times"
        r".* it was (\d+) times",
        text,
    )
    assert stated is not None, (cases, hits)
    assert [int(each) for each in stated.groups()] == [cases, *hits.values()]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": 0}, "low=0"),
        ({"low": 1.0, "high": 0.5}, "high=0.5: must be a rate above low=1.0"),
        ({"updates": 5}, "updates=5"),
        ({"scale": "log"}, "scale='log'"),
        ({"smoothing": 1.0}, "smoothing=1.0"),
        ({"stop_factor": 0.5}, "stop_factor=0.5"),
        ({"monitor": "val_loss"}, "monitor='val_loss'"),
        ({"low": 1.0, "high": 1e9}, "low=1.0: must be a smaller rate: the loss exploded"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        simopt.lr_range_test(DIABETES, simopt.SGD(), **arguments)


def test_an_axis_is_refused():
    with pytest.raises(ValueError, match="eta"):
        simopt.lr_range_test(DIABETES, simopt.SGD(eta=[0.1, 0.2]))


@pytest.mark.parametrize("seed", range(4))
def test_single_points_noise_is_no_explosion(seed):
    diabetes = simopt.problems.diabetes()
    for problem in (diabetes, simopt.problems.hubble(), simopt.problems.four_points()):
        test = simopt.lr_range_test(problem, simopt.SGD(), seed=seed)
        run = simopt.run(
            problem,
            simopt.SGD(eta=1.0),
            updates=100,
            schedule=factors(np.geomspace(1e-7, 10, 100)),
            shuffle="epoch",
            seed=seed,
        )
        assert test.stopped
        assert run.steps["loss"].iloc[len(test.frame) - 1] > problem.loss(problem.w0)


def test_a_loss_that_nothing_moves_has_no_rate():
    x = np.arange(5.0)
    for slope in (0.0, 2.0):
        there = simopt.problems.least_squares(x, slope * x, w0=slope)
        with pytest.raises(ValueError, match="must be one whose loss moves: it is 0 at every rate"):
            simopt.lr_range_test(there, simopt.SGD())
