"""Claims that tune a rate over the suite: the tuning itself, on lines with one weight."""

import numpy as np
import pytest

import simopt
from simopt.document.claims.common.floors import over_rates
from simopt.document.claims.context import Trials
from simopt.document.claims.defaults import values, when_to_change
from simopt.document.claims.parameters import adagrad, correction, rmsprop
from simopt.problems.problem import known_minimum
from simopt.problems.synthetic import linear


@pytest.fixture
def trials():
    return Trials(quick=True)


@pytest.fixture
def line():
    """Sixteen noisy points, two batches of eight."""
    return linear(16, 1, noise=0.5, seed=3)


@pytest.fixture
def still():
    """Sixteen times the same point: w - 1 shrinks by 1 - 2 eta in every update."""
    return simopt.problems.least_squares(np.ones((16, 1)), np.ones(16))


def loss_after(problem, optimizer, epochs, seed):
    run = simopt.run(problem, optimizer, batch_size=8, epochs=epochs, shuffle="epoch", seed=seed)
    return run.steps["loss"].iloc[-1]


def test_the_best_rate_with_and_without_correction(trials, line):
    found = correction.with_and_without(trials, line)
    rates = np.geomspace(1e-4, 10, 26)
    for epochs in (1, 2):
        losses = {
            on: np.array(
                [
                    np.mean([
                        loss_after(line, simopt.Adam(eta=eta, bias_correction=on), epochs, seed)
                        for seed in range(2)
                    ])
                    for eta in rates
                ]
            )
            for on in (False, True)
        }  # fmt: skip
        without, with_it, ahead = found[epochs]
        assert without == pytest.approx(losses[False].min() - line.minimum_loss, rel=1e-6)
        assert with_it == pytest.approx(losses[True].min() - line.minimum_loss, rel=1e-6)
        assert ahead == np.mean(losses[True] < losses[False])


def test_each_rho_at_its_best_rate(trials, line):
    rhos = np.array([0.5, 0.99])
    rates = np.geomspace(1e-4, 1, 41)
    expected = [
        over_rates([
            loss_after(line, simopt.RMSprop(eta=eta, rho=rho), 20, 0) for eta in rates
        ]).min() - line.minimum_loss
        for rho in rhos
    ]  # fmt: skip
    np.testing.assert_allclose(rmsprop.least(trials, line, rhos), expected, rtol=1e-6)


def test_each_method_at_its_best_rate_after_each_budget(trials, line):
    found = adagrad.best_losses(trials, line, 4)
    for epochs in (5, 10):
        expected = min(
            np.mean([
                loss_after(line, simopt.AdaGrad(eta=eta), epochs, seed) for seed in (4, 500_004)
            ])
            for eta in adagrad.RATES
        )  # fmt: skip
        assert found[f"AdaGrad {epochs}"] == pytest.approx(expected - line.minimum_loss, rel=1e-6)
    assert len(found) == len(adagrad.METHODS) * len(adagrad.BUDGETS)


def test_slow_runs_are_those_that_keep_half_of_their_loss(trials, still, monkeypatch):
    monkeypatch.setattr(when_to_change, "suite", lambda seed: {"still": still})
    monkeypatch.setattr(when_to_change, "METHODS", (simopt.SGD,))
    found = when_to_change.increase_a_slow_rate(trials)
    rates = np.geomspace(1e-5, 10, 16)
    rates = rates[rates < 1]  # beyond, errors grow
    left = (1 - 2 * rates) ** 400
    slow = rates[(left > 0.5) & (left <= 1)]
    assert found.evidence["slow runs"] == len(slow) > 0
    for factor, name in ((2, "twice the rate"), (5, "five times")):
        better = (1 - 2 * factor * slow) ** 400 < (1 - 2 * slow) ** 400
        assert found.evidence[f"lower at {name}"] == np.mean(better)
        half = (1 - 2 * factor * slow) ** 400 <= (1 - 2 * slow) ** 400 / 2
        assert found.evidence[f"halved at {name}"] == np.mean(half)
    assert found.verdict == "holds"


def test_defaults_that_work_are_counted(trials, still, monkeypatch):
    monkeypatch.setattr(values, "suite", lambda seed: {"still": still})
    found = values.defaults_work(trials)
    # At 0.001 SGD leaves 0.998^400 = 0.45, Momentum next to nothing, the others move by 0.001
    # an update or a few times that, of 1 in 200 updates.
    lost = {
        rule.__name__: loss_after(still, rule(eta=0.001), 100, 0) / still.loss([0.0])
        for rule in values.METHODS
    }
    assert lost["SGD"] == pytest.approx(0.998**400, rel=1e-9)
    expected = np.mean([value <= 0.01 for value in lost.values()])
    assert found.evidence["share that works"] == expected
    assert 0 < expected < 1


def test_the_least_loss_where_none_is_known(line):
    def loss(w):
        return w**4

    def gradient(w):
        return 4 * w**3

    assert known_minimum(line) == line.minimum_loss > 0
    assert known_minimum(simopt.problems.function(loss, gradient, w0=1.0)) == 0.0
