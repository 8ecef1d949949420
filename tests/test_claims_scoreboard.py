"""Claims of the ranking, against exact sums, closed forms and rules in plain Python."""

import itertools
import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import simopt
from simopt import problems, stability
from simopt.document.claims.common.forgetting import ForgetfulAdaGrad
from simopt.document.claims.context import Trials
from simopt.document.claims.scoreboard import ranking, reasons


@cache
def tried(what, module=ranking):
    return getattr(module, what)(Trials(quick=True))


def test_the_ranking_is_the_printed_one():
    evidence = tried("ranking_after_one_epoch").evidence
    printed = {"SGD": 0.243, "Momentum": 0.135, "AdaGrad": 1.784, "RMSprop": 1.325, "Adam": 1.66}
    assert evidence["ranking of the walk"] == ", ".join(sorted(printed, key=printed.get))


def test_the_ranking_over_orders_in_plain_runs():
    four, alike = problems.four_points(), 0
    for order in itertools.permutations(range(4)):
        far = {}
        for rule in (simopt.SGD, simopt.Momentum, simopt.AdaGrad, simopt.RMSprop, simopt.Adam):
            run = simopt.run(four, rule(eta=0.1), order=[order])
            far[rule().name] = run.summary["distance"]
        alike += tuple(sorted(far, key=far.get)) == ranking.RANKING
    assert tried("ranking_after_one_epoch").evidence["share of orders"] == alike / 24


def test_another_ranking_is_contradicted(monkeypatch):
    monkeypatch.setattr(ranking, "RANKING", ranking.RANKING[::-1])
    assert ranking.ranking_after_one_epoch(Trials(quick=True)).verdict == "contradicted"


def test_the_radius_of_an_epoch_is_an_eigenvalue():
    """The product of the four points' matrices, worked out with fractions."""
    eta, beta = Fraction(1, 10), Fraction(9, 10)
    a, b, c, d = Fraction(1), Fraction(0), Fraction(0), Fraction(1)
    for x in (Fraction(2), Fraction(1), Fraction(3), Fraction(1, 2)):
        h = 2 * x * x
        one = ((1 - eta * h, -eta * beta), (h, beta))  # of (w - 5, v)
        a, b, c, d = (
            one[0][0] * a + one[0][1] * c,
            one[0][0] * b + one[0][1] * d,
            one[1][0] * a + one[1][1] * c,
            one[1][0] * b + one[1][1] * d,
        )
    trace, det = a + d, a * d - b * c
    assert det == beta**4
    roots = np.roots([1.0, -float(trace), float(det)])
    radius = tried("momentum_is_best").evidence["spectral radius of an epoch"]
    assert radius == pytest.approx(np.abs(roots).max(), rel=1e-9)
    assert radius > 1


def test_at_a_rate_at_which_it_settles_momentum_is_not_written_off(monkeypatch):
    monkeypatch.setattr(ranking, "ETA", 0.01)
    assert ranking.momentum_is_best(Trials(quick=True)).verdict != "contradicted"


def test_momentum_against_sgd_at_its_best_rate():
    """On one weight an epoch of SGD is a product of 1 - 2 eta x^2: the best rate's by hand."""
    evidence = tried("momentum_beats_sgd").evidence
    assert evidence["four points, 2 epochs"] > 1
    assert evidence["condition 1000, full batch, 200 epochs"] < 1
    # full batch: both by their formulas, over the same rates, from the same start
    problem = ranking.suite(0)["ill-conditioned"]
    curvature, turn = np.linalg.eigh(problem.hessian)
    error = turn.T @ (problem.w0 - problem.optimum)
    best = {}
    for beta in (0.0, 0.9):
        losses = []
        for eta in np.geomspace(1e-3, 3, 36):
            e, v = error.copy(), np.zeros_like(error)
            for _ in range(20):
                v = beta * v + curvature * e
                e = e - eta * v
            losses.append((curvature * e * e).sum() / 2)
        best[beta] = np.nanmin(losses)
    told = evidence["condition 1000, full batch, 20 epochs"]
    assert told == pytest.approx(best[0.9] / best[0.0], rel=1e-6)


def test_the_velocity_is_a_sum_of_gradients():
    g, w, v = [], Fraction(3), Fraction(0)
    for x in (Fraction(2), Fraction(1), Fraction(3), Fraction(1, 2)):
        g.append(2 * x * x * (w - 5))
        v = Fraction(9, 10) * v + g[-1]
        w -= v / 10
    parts = [Fraction(9, 10) ** (3 - k) * each for k, each in enumerate(g)]
    assert sum(parts) == v
    finding = tried("early_push_remains", reasons)
    for k, part in enumerate(parts, start=1):
        assert finding.evidence[f"from point {k}"] == pytest.approx(float(part), rel=1e-12)
    assert finding.verdict == "contradicted"
    assert parts[0] + parts[1] < 0 < v


def test_an_early_push_that_remains_is_found(monkeypatch):
    """With a first point that is the steepest by far, most of v is its push."""
    x = np.array([2.0, 0.1, 0.1, 0.1])
    problem = problems.least_squares(x, 5 * x, w0=3.0)
    monkeypatch.setattr(reasons.problems, "four_points", lambda: problem)
    assert reasons.early_push_remains(Trials(quick=True)).verdict == "holds"


@pytest.mark.interpreted
def test_adagrad_without_one_of_its_squares():
    points, far = [(2.0, 10.0), (1.0, 5.0), (3.0, 15.0), (0.5, 2.5)] * 100, {}
    for without in (0, 1, 3):
        w, total = 3.0, 0.0
        for t, (x, y) in enumerate(points, start=1):
            g = 2 * (w * x - y) * x
            total += g * g
            w -= 0.1 * g / math.sqrt(total + 1e-8)
            total -= g * g if t == without else 0.0
        far[without] = abs(w - 5)
    evidence = tried("first_gradient_broke_it", reasons).evidence
    assert evidence["distance after 100 epochs"] == pytest.approx(far[0], rel=1e-9)
    for point in (1, 3):
        less = evidence[f"less distance after 100 epochs without point {point}"]
        assert less == pytest.approx(1 - far[point] / far[0], rel=1e-6)


@pytest.mark.interpreted
def test_what_forgets_nothing_is_adagrad():
    four, how = problems.four_points(), {"epochs": 50, "shuffle": "epoch", "seed": range(5)}
    ours = simopt.sweep(four, ForgetfulAdaGrad(eta=0.3), **how)["w"]
    assert ours.tolist() == simopt.sweep(four, simopt.AdaGrad(eta=0.3), **how)["w"].tolist()


def test_clearing_every_update_leaves_the_sign():
    four = problems.four_points()
    steps = simopt.run(four, ForgetfulAdaGrad(eta=0.3, cleared_every=1.0), epochs=5).steps
    g = steps["gradient"].to_numpy()
    moved = np.diff([3.0, *steps["w"]])
    np.testing.assert_allclose(moved, -0.3 * g / np.sqrt(g * g + 1e-8), rtol=1e-12, atol=1e-14)


def test_the_shares_of_the_leaky_memory():
    steps = simopt.run(problems.four_points(), simopt.RMSprop(eta=0.1)).steps
    parts = 0.9 ** np.arange(3, -1, -1) * 0.1 * steps["gradient"].to_numpy() ** 2
    evidence = tried("leaky_memory_forgets", reasons).evidence
    assert evidence["left of point 1"] == pytest.approx(0.9**3)
    for k, part in enumerate(parts / parts.sum(), start=1):
        assert evidence[f"share of point {k}"] == pytest.approx(part, rel=1e-9)


def test_sgd_with_momentum_would_not_pass(monkeypatch):
    assert tried("sgd_knows_eta_alone", reasons).verdict == "holds"
    monkeypatch.setattr(reasons, "SGD", simopt.Momentum)
    assert reasons.sgd_knows_eta_alone(Trials(quick=True)).verdict == "contradicted"


def test_the_epochs_that_sgd_ends_at():
    evidence = tried("sgd_knows_eta_alone", reasons).evidence
    ends = 5 - 2 * math.prod(1 - 0.2 * x * x for x in (2, 1, 3, 0.5))
    assert evidence["w after an epoch, batch 1"] == pytest.approx(ends, rel=1e-12)
    full = 3 + 0.1 * 4 * np.mean(np.square([2, 1, 3, 0.5]))
    assert evidence["w after an epoch, full batch"] == pytest.approx(full, rel=1e-12)
    assert len(stability.orders(4, 1)) == 24
