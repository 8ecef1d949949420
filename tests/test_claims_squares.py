"""Claims on squared gradients against fractions and other ways to compute them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simopt
from simopt import problems
from simopt.document.claims.context import Trials
from simopt.document.claims.state import accumulation, squares


def test_the_gradients_at_the_start():
    found = problems.four_points().point_gradients([3.0])[:, 0]
    assert tuple(found) == squares.AT_START
    assert accumulation.PRINTED[:3] == squares.AT_START[:3]


def test_the_ratio_and_its_factors():
    ratio, averaging = accumulation.ratio_of_sums(squares.AT_START)
    assert ratio == pytest.approx(1569 / 14.25**2, rel=1e-15)
    assert ratio == pytest.approx(4 * averaging, rel=1e-15)
    printed, _ = accumulation.ratio_of_sums(accumulation.PRINTED)
    assert printed == pytest.approx(1572 / 210.25, rel=1e-15)
    assert f"{printed:.1f}" == "7.5"  # as the document has it


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=6).filter(sum))
def test_averaging_first_is_never_larger(gradients):
    """E[X^2] - E[X]^2 is the mean squared deviation, exactly."""
    _, averaging = accumulation.ratio_of_sums(gradients)
    mean = Fraction(sum(gradients), len(gradients))
    variance = sum((g - mean) ** 2 for g in gradients) / len(gradients)
    assert averaging == pytest.approx(float(1 + variance / mean**2), rel=1e-12)
    assert averaging >= 1


def test_a_gradients_share_by_shapley():
    """For a square of a sum, a player's share is its square and its products with the others."""
    found = squares.share_of_the_largest(Trials()).evidence
    others = sum(squares.AT_START) + 36
    share = (36**2 + -36 * others) / 16
    assert found["mean over the orders of adding (Shapley)"] == pytest.approx(share, rel=1e-12)
    assert found["all four"] == pytest.approx(14.25**2, rel=1e-15)


@pytest.mark.parametrize("order", accumulation.ORDERS.values())
def test_the_accumulator_is_the_engines(order):
    table = accumulation.accumulated(Trials(), 0.5, 3, order)
    for size in squares.SIZES:
        steps = simopt.run(
            problems.four_points(),
            simopt.AdaGrad(eta=0.5),
            batch_size=size,
            epochs=3,
            order=[order] * 3,
        ).steps
        part = table[table["batch_size"] == size]
        np.testing.assert_allclose(part["G"], steps["G"], rtol=1e-12)
        np.testing.assert_allclose(part["rate"], steps["effective_lr"], rtol=1e-12)
        np.testing.assert_allclose(part["distance"], (steps["w"] - 5).abs(), atol=1e-14)
        ends = accumulation.at_epochs(table, "G")[size]
        np.testing.assert_allclose(ends, steps.groupby("epoch")["G"].last(), rtol=1e-12)


def test_rising_from_size_to_size():
    values = {1: np.array([1.0, 5.0]), 2: np.array([2.0, 4.0]), 4: np.array([3.0, 3.0])}
    assert accumulation.rising(values, np.array([0]))
    assert accumulation.rising(values, np.array([1]), -1)
    assert not accumulation.rising(values, np.array([0, 1]))


def test_the_variance_of_a_mean():
    ones, apart = np.ones((1, 5, 5)), np.eye(5)[None]
    assert squares.ratio_of_variances(ones) == pytest.approx([1.0], rel=1e-15)
    assert squares.ratio_of_variances(apart) == pytest.approx([0.2], rel=1e-15)
    # equal correlation c and variances: (1 + 4 c) / 5
    mixed = 0.3 * ones + 0.7 * apart
    assert squares.ratio_of_variances(mixed) == pytest.approx([(1 + 4 * 0.3) / 5], rel=1e-12)
    draws = np.random.default_rng(1).normal(size=(1, 5, 3))
    covariance = draws @ draws.transpose(0, 2, 1)
    by_hand = np.ones(5) @ covariance[0] @ np.ones(5) / 25 / (np.trace(covariance[0]) / 5)
    assert squares.ratio_of_variances(covariance) == pytest.approx([by_hand], rel=1e-12)


def test_steadiness_in_fresh_noise():
    """A fading mean's variation: sqrt((1 - beta) / (1 + beta)) of that of what it averages.

    With 4096 points 2500 batches of one repeat none; x^2 e^2 of normal numbers varies by sqrt(8).
    """
    found = squares.at_the_floor(Trials(), 4096)
    theory = np.sqrt(0.01 / 1.99) * np.sqrt(8)
    assert found[1] == pytest.approx(theory, rel=0.15)
    assert squares.variation(np.array([1.0, 3.0])) == 0.5


def test_other_figures_decide_otherwise(monkeypatch):
    monkeypatch.setattr(accumulation, "ratio_of_sums", lambda gradients: (7.5, 7.0))
    found = accumulation.growth_has_two_reasons(Trials())
    assert found.verdict == "conditional"  # the number is there, and the reason; runs differ
    monkeypatch.setattr(squares, "at_the_floor", lambda trials, n: {1: 1.0, 32: 0.1})
    assert squares.second_moment_steadier(Trials()).verdict == "holds"
