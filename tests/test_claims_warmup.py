"""Claims on warm-up, against a plain simulation and PyTorch's formula."""

import math
from functools import cache

import numpy as np
import pandas as pd
import pytest

from simopt.document.claims import libraries
from simopt.document.claims.context import Trials
from simopt.document.claims.libraries import Seen
from simopt.document.claims.warmup import schedule


@cache
def tried(what, seed=0):
    return getattr(schedule, what)(Trials(quick=True, seed=seed))


def test_the_first_step_is_a_sign():
    """Its variance is that of a sign: 4 p (1 - p), with p the share of gradients below 0."""
    evidence, runs = tried("first_updates_are_noisy").evidence, 500
    for signal in schedule.SIGNALS:
        p = math.erfc(signal / math.sqrt(2)) / 2
        error = 4 * math.sqrt(p * (1 - p) / runs)
        told = evidence[f"spread of update 1, signal {signal:g}"] ** 2
        assert abs(told - 4 * p * (1 - p)) < 4 * error + 0.001


def test_the_spread_of_later_updates():
    """Adam on gradients of mean s with unit noise, in plain NumPy."""
    evidence = tried("first_updates_are_noisy").evidence
    rng = np.random.default_rng(5)
    for signal in schedule.SIGNALS:
        g = signal + rng.normal(size=(5_000, 100))
        m = v = 0.0
        steps = []
        for t in range(1, 101):
            m, v = 0.9 * m + 0.1 * g[:, t - 1], 0.999 * v + 0.001 * g[:, t - 1] ** 2
            steps.append(m / (1 - 0.9**t) / np.sqrt(v / (1 - 0.999**t) + 1e-8))
        spread = np.std(steps, axis=1)
        ratio, told = spread[:5].mean() / spread[-20:].mean(), f"early over late, signal {signal:g}"
        if signal < 3:
            assert evidence[told] == pytest.approx(ratio, rel=0.1)
        else:  # a first step backwards is rare, and 500 runs may have none
            assert ratio < 1.2 > evidence[told]


def comparisons(loss, usable):
    return pd.DataFrame(
        {"problem": ["steep", "flat"] * 2, "loss": loss, "usable": usable}, dtype=object
    ).astype({"loss": float, "usable": float})


@pytest.mark.parametrize(
    ("loss", "usable", "verdict"),
    [
        ([0.5] * 4, [1.0] * 4, "holds"),
        ([1.0] * 4, [1.0] * 4, "contradicted"),
        ([1.5, 1.0, 1.0, 1.0], [2.0, 1.0, 1.0, 1.0], "conditional"),
        ([0.96] * 4, [1.19] * 4, "contradicted"),  # less than what counts
    ],
)
def test_what_counts_as_help(monkeypatch, loss, usable, verdict):
    monkeypatch.setattr(schedule, "on_the_four_points", lambda trials: comparisons(loss, usable))
    monkeypatch.setattr(schedule, "on_others", lambda trials: comparisons(loss, usable))
    assert schedule.warm_up_helps(Trials()).verdict == verdict


def test_below_the_first_failure():
    rates = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    for works, largest in (
        ([1, 1, 1, 1, 1], 5.0),
        ([0, 1, 1, 0, 1], 3.0),  # what works beyond a failure is luck
        ([0, 0, 1, 0, 0], 3.0),
        ([1, 0, 1, 1, 1], 1.0),
    ):
        assert schedule.below_failure(rates, np.array(works, bool)) == largest


@pytest.mark.slow
def test_a_start_that_is_the_steepest_place_gains_the_whole_factor():
    """The first update is what blows SGD up there: at a tenth of it, ten times the rate works."""
    frame = schedule.on_others(Trials(quick=True))
    steep = frame[(frame["problem"] == "steep") & (frame["optimizer"] == "SGD")]
    assert steep["usable"].between(7, 13).all()


def test_the_snippet_by_its_formula():
    finding = tried("snippet_warms_up")
    assert finding.verdict == "holds"
    for update in (1, 251, 500, 501):
        rate = 1e-4 + (1e-3 - 1e-4) * min(update - 1, 500) / 500
        assert finding.evidence[f"update {update}"] == pytest.approx(rate, rel=1e-9)


def test_a_snippet_that_fell_back_would_be_found(monkeypatch):
    figures = dict(libraries.recorded()["warmup-schedule-torch_snippet"]["figures"])
    figures["least of updates 501 to 700"] = 1e-4
    seen = Seen(figures, {"torch": "0"}, live=False)
    monkeypatch.setattr(libraries, "seen", lambda look, *names: seen)
    assert schedule.snippet_warms_up(Trials()).verdict == "contradicted"
