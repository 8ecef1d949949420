"""Goals as a share of what can be explained beyond a constant, and the laws that none fits."""

import numpy as np
import pytest
from simopt.scaling import explained_held_out, fit_rates, goal

import simopt
from simopt import problems
from simopt.problems.constant import constant_loss


def test_a_constants_loss_is_that_of_the_mean_and_of_the_base_rate():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(50, 2)), rng.normal(size=50) + 7.0
    line = problems.least_squares(x, y)  # no intercept: the mean is another model's
    assert constant_loss(line) == pytest.approx(y.var())
    labels = (y > 7.3).astype(float)
    p = labels.mean()
    entropy = -p * np.log(p) - (1 - p) * np.log(1 - p)
    assert constant_loss(problems.logistic(x, labels, l2=0.1)) == pytest.approx(entropy, rel=1e-9)
    counts = np.array([0.0, 3.0, 1.0, 4.0])
    rate = problems.poisson(np.arange(4.0), counts)
    assert constant_loss(rate) == pytest.approx(
        rate.point_losses(np.full(4, np.log(2)), counts).mean()
    )
    other = problems.least_squares(x, y + 1.0)
    assert constant_loss(line, other) == pytest.approx(y.var() + 1.0)
    assert np.isnan(constant_loss(problems.saddle()))


@pytest.fixture(scope="module")
def houses():
    """Prices of which the mean is nearly all: a share of the fall from 0 says nothing."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(160, 3))
    y = 300_000 + x @ [40_000.0, 8000.0, -500.0] + 20_000 * rng.normal(size=160)
    return problems.least_squares(x, y, intercept=True, name="houses")


def test_the_goal_is_a_share_beyond_the_mean(houses):
    aim = goal(houses, 0.1)
    residual = houses.minimum_loss / houses.y.var()
    assert aim.target == pytest.approx(residual + 0.1 * (1 - residual))
    assert aim.explained == pytest.approx(0.9)
    # The start predicts the mean already, where a share of the fall from 0 had no way to go.
    assert aim.problem.loss(aim.problem.w0) == pytest.approx(1.0)
    assert 0.01 * houses.loss(houses.w0) + 0.99 * houses.minimum_loss > residual * houses.y.var()
    study = simopt.batch_size(
        aim.problem, simopt.Adam(), target=aim.target, batch_sizes=[8, 160], seeds=4, threads=1
    )
    # Rates that one knows from standardised data.
    assert study.steps["eta"].between(1e-3, 1).all()
    assert "(90 % of what can be explained beyond a constant prediction)" in simopt.scaling.advise(
        study
    )


def test_held_out_rows_judge_the_goal(houses):
    aim = goal(houses, 0.05, held_out=0.25)
    assert (aim.problem.n, aim.held_out.n) == (120, 40)
    assert aim.held_out_constant > aim.held_out_loss
    # Rows are those of the table, each once.
    rows = np.vstack([aim.problem.x, aim.held_out.x])
    assert sorted(map(tuple, rows)) == sorted(map(tuple, houses.x))
    study = simopt.batch_size(
        aim.problem, simopt.SGD(), target=aim.target, batch_sizes=[8, 120], seeds=4, threads=1
    )
    shares = explained_held_out(study, aim)
    best = 1 - aim.held_out_loss / aim.held_out_constant
    assert shares == pytest.approx(best, abs=0.1)


def test_columns_that_explain_nothing_are_refused():
    rng = np.random.default_rng(0)
    noise = problems.least_squares(rng.normal(size=(40, 2)), rng.normal(size=40), intercept=True)
    with pytest.raises(ValueError, match=r"explain nothing of the 20 rows held out: gradient desc"):
        goal(noise, held_out=0.5, seed=1)
    flat = problems.least_squares(np.ones((9, 1)), np.arange(9.0), intercept=True)
    with pytest.raises(ValueError, match="explain nothing beyond a constant"):
        goal(flat)
    with pytest.raises(ValueError, match=r"within=1.0: must be a number above 0 and below 1"):
        goal(noise, 1.0)
    with pytest.raises(ValueError, match="problem=.*: must be a regression"):
        goal(problems.saddle())


def test_a_law_that_misses_a_rate_by_far_is_none():
    sizes = 2.0 ** np.arange(10)
    rates = 0.01 * sizes
    assert fit_rates(sizes, rates).worst == pytest.approx(1.0)
    rates[4] *= 20
    laws = fit_rates(sizes, rates)
    assert laws.best == ""
    assert laws.worst > 2
    assert laws.reason.startswith("none fits: the nearest, ")
    assert np.isfinite(laws.exponent)
