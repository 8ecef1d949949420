"""Data of many rows: held once, whole or in parts, with the same results."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

import simopt
from simopt.engine import packing
from simopt.problems import tall


def data(n: int, d: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n + d)
    x = random.standard_normal((n, d))
    return x, x @ np.arange(1.0, d + 1) + random.standard_normal(n)


@pytest.fixture
def large(monkeypatch):
    """Everything counts as large."""
    monkeypatch.setattr(tall, "LARGE", 0)
    monkeypatch.setattr(tall, "PART", 50)
    monkeypatch.setattr(tall, "FEW", 100)


@pytest.mark.parametrize("d", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("kind", ["least_squares", "logistic"])
def test_large_data_are_as_small_ones(d, intercept, kind, monkeypatch):
    x, y = data(430, d)
    make = getattr(simopt.problems, kind)
    targets = y if kind == "least_squares" else (y > np.median(y) + data(430, 1)[1]).astype(float)

    def problem():
        return make(x, targets, intercept=intercept, l2=0.01)

    def packed(problem):
        return packing.pack(problem, np.float64, None, None)

    small = problem()
    held, digest = packed(small), small.digest
    monkeypatch.setattr(tall, "LARGE", 0)
    monkeypatch.setattr(tall, "PART", 50)
    monkeypatch.setattr(tall, "FEW", 100)
    large = problem()
    assert large.digest == digest
    assert np.array_equal(large.x, small.x)
    assert not large.x.flags.writeable
    for name in held._fields:
        one, other = getattr(held, name), getattr(packed(large), name)
        assert (one.shape, one.dtype) == (other.shape, other.dtype)
        assert one.flags.writeable == other.flags.writeable
        if name == "factor":
            one, other = one.T @ one, other.T @ other
        assert np.allclose(one, other, rtol=1e-12, atol=1e-12, equal_nan=True), name


def test_dependent_columns_have_the_shortest_solution_in_parts_too(large):
    x, y = data(430, 3)
    twice = np.column_stack([x, x[:, 0]])
    problem = simopt.problems.least_squares(twice, y)
    whole = np.linalg.lstsq(twice, y, rcond=None)[0]
    assert problem.optimum is None
    assert np.allclose(problem.minimizer, whole, rtol=1e-12)


def test_kernels_read_the_problem_s_own_memory(large):
    for d in (3, 8):
        problem = simopt.problems.least_squares(*data(430, d))
        packed = packing.pack(problem, np.float64, None, None)
        assert np.shares_memory(packed.x, problem.x)
        assert not np.shares_memory(packing.pack(problem, np.float32, None, None).x, problem.x)


def test_what_stands_beside_the_points_is_never_taken_for_zeros(large):
    rows = np.ones((10, 8))
    for width in (4, 8):
        assert tall.filled(rows[:, :3], width, np.float64)[:, 3:].sum() == 0


def test_a_sweep_holds_large_data_once_and_lets_them_go(monkeypatch):
    monkeypatch.setattr(tall, "LARGE", 2**20)
    x, y = data(60_000, 10)
    optimizer = simopt.SGD(eta=(1e-4, 1e-3))
    # One thread: each has an order of the points for itself, and how many work at once is chance.
    plan = {"batch_size": 500, "epochs": 1, "seed": range(2), "threads": 1, "progress": False}
    simopt.sweep(simopt.problems.least_squares(x[:1000], y[:1000]), optimizer, **plan)
    tracemalloc.start()
    try:
        problem = simopt.problems.least_squares(x, y)
        held, _ = tracemalloc.get_traced_memory()
        problem.factor, problem.minimum_loss, problem.digest  # noqa: B018
        tracemalloc.reset_peak()
        simopt.sweep(problem, optimizer, **plan)
        _, peak = tracemalloc.get_traced_memory()
        del problem
        gc.collect()
        left, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak - held < x.nbytes / 2
    assert left < x.nbytes / 2
