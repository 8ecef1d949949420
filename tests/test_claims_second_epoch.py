"""Claims on epoch 2, against the rules in plain Python; their rules fed with other figures."""

import math
from functools import cache

import numpy as np
import pytest

import simopt
from simopt.document.claims import libraries
from simopt.document.claims.context import Trials
from simopt.document.claims.libraries import Seen
from simopt.document.claims.second_epoch import memory

POINTS = [(2.0, 10.0), (1.0, 5.0), (3.0, 15.0), (0.5, 2.5)]


@cache
def tried(what, seed=0):
    return getattr(memory, what)(Trials(quick=True, seed=seed))


def adagrad(epochs, cleared=False):
    """G and w after every epoch."""
    w, total, ends = 3.0, 0.0, []
    for _ in range(epochs):
        for x, y in POINTS:
            g = 2 * (w * x - y) * x
            total += g * g
            w -= 0.1 * g / math.sqrt(total + 1e-8)
        ends.append((total, w))
        total = 0.0 if cleared else total
    return np.array(ends)


def adam(epochs, anew=False):
    """The weight after every update, by PyTorch's formula, and t."""
    w, path = 3.0, []
    for epoch in range(epochs):
        if epoch == 0 or anew:
            m = v = t = 0.0
        for x, y in POINTS:
            g = 2 * (w * x - y) * x
            t += 1
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            w -= 0.1 / (1 - 0.9**t) * m / (math.sqrt(v) / math.sqrt(1 - 0.999**t) + 1e-8)
            path.append(w)
    return np.array(path), t


def test_the_accumulator_over_epochs():
    ends, evidence = adagrad(1000), tried("accumulator_freezes").evidence
    assert evidence["G after epoch 1"] == pytest.approx(1412.74, abs=0.5)  # as printed
    for n in (1, 2, 100):
        assert evidence[f"G after epoch {n}"] == pytest.approx(ends[n - 1, 0], rel=1e-9)
    far = 5 - np.array([3.0, *ends[:, 1]])
    for n in (1, 2, 100):
        made = evidence[f"share of the remaining way made in epoch {n}"]
        assert made == pytest.approx(1 - far[n] / far[n - 1], rel=1e-6)
    # AdaGrad on exact targets goes on linearly: the rate that is left times the mean curvature
    slope = 0.1 / math.sqrt(ends[-1, 0]) * 2 * sum(x * x for x, _ in POINTS)
    assert evidence["share of the remaining way made in epoch 100"] == pytest.approx(slope, rel=0.1)


def test_a_tiny_rate_would_freeze(monkeypatch):
    monkeypatch.setattr(memory, "ETA", 1e-4)
    assert memory.accumulator_freezes(Trials()).verdict == "holds"


def test_the_state_goes_on_as_in_pytorch():
    evidence = tried("state_carries_over").evidence
    for called, anew in (("kept", False), ("new in epoch 2", True)):
        path, t = adam(2, anew)
        assert evidence[f"w, {called}"] == pytest.approx(path[-1], rel=1e-12)
        assert evidence[f"t, {called}"] == t
    assert tried("state_carries_over").verdict == "holds"


def test_a_state_that_begins_anew_would_be_found(monkeypatch):
    figures = dict(libraries.recorded()["second_epoch-memory-torch_two_epochs"]["figures"])
    figures |= {"t, kept": 4, "w, kept": figures["w, new in epoch 2"]}
    seen = Seen(figures, {"torch": "0"}, live=False)
    monkeypatch.setattr(libraries, "seen", lambda look, *names: seen)
    assert memory.state_carries_over(Trials()).verdict == "contradicted"


def test_the_way_with_and_without_memory():
    evidence = tried("kept_memory_slows").evidence
    for called, cleared in (("kept", False), ("cleared", True)):
        w = adagrad(100, cleared)[:, 1]
        assert evidence[f"moved in epoch 2, G {called}"] == pytest.approx(w[1] - w[0], rel=1e-9)
        assert evidence[f"distance after 100 epochs, {called}"] == pytest.approx(
            abs(w[-1] - 5), rel=1e-6
        )


def test_the_steps_of_adam_by_epoch():
    evidence, eta = tried("bolder_as_corrections_fade").evidence, 0.1
    path, _ = adam(100)
    step = np.abs(np.diff([3.0, *path])).reshape(100, 4).mean(axis=1) / eta
    for n in (2, 5, 10):
        told = evidence[f"epoch {n} over epoch 1, eta 0.1"]
        assert told == pytest.approx(step[n - 1] / step[0], rel=1e-6)
    assert evidence["first step over eta"] == pytest.approx(1.0, rel=1e-6)


def test_steps_that_grow_would_be_found(monkeypatch):
    """SGD with Momentum from a flat start on a convex slope: its first steps are its shortest."""
    monkeypatch.setattr(memory, "Adam", lambda eta: simopt.Momentum(eta=eta / 1e6, beta=0.99))
    assert memory.bolder_as_corrections_fade(Trials()).verdict != "contradicted"


def ratios(adam, other):
    return [{"SGD": other, "Momentum": 9.0, "AdaGrad": 9.0, "RMSprop": 9.0, "Adam": adam}]


@pytest.mark.parametrize(
    ("on_suite", "verdict"),
    [
        (ratios(1.0, 2.0) * 20, "holds"),
        (ratios(2.0, 1.0) * 20, "contradicted"),
        (ratios(1.0, 2.0) * 10 + ratios(2.0, 1.0) * 10, "conditional"),
    ],
)
def test_who_is_first(monkeypatch, on_suite, verdict):
    monkeypatch.setattr(memory, "on_the_suite", lambda trials: on_suite)
    monkeypatch.setattr(
        memory,
        "on_the_four_points",
        lambda trials, rates, epochs: ratios(2.0, 1.0)[:1] * len(epochs),
    )
    finding = memory.adam_dominates(Trials())
    assert finding.verdict == verdict
    assert finding.evidence["comparisons"] == 25
    assert finding.evidence["Adam is first"] == sum(row["Adam"] == 1 for row in on_suite) / 25


def test_the_four_points_by_sgd_alone():
    """At its best rates SGD's floor there is 2 |prod(1 - 2 eta x^2)|^N: the worst of the window."""
    rates = memory.RATES
    (told,) = memory.on_the_four_points(Trials(), rates, [2])
    factor = np.prod([1 - 2 * rates * x * x for x, _ in POINTS], axis=0)
    floor = 2 * np.abs(factor[:, None] ** np.arange(2, 23)).max(axis=1)
    window = np.lib.stride_tricks.sliding_window_view(np.pad(floor, 2, mode="edge"), 5)
    best = window.max(axis=1).min()
    assert told["SGD"] == 1.0  # the least of the five
    (tuned,) = memory.floors.floors_after(Trials(), simopt.SGD(eta=rates), [2])
    worst = memory.best_rate(tuned)["worst"][0]
    assert worst == pytest.approx(best, rel=1e-6)
