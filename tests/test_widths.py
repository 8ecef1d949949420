"""Blocks of several weights are as wide as there is work for, and no bit depends on it."""

import numpy as np
import pytest

import simopt
from simopt.engine import blocks, grouping, layout, packing
from simopt.training import plan

X = np.random.default_rng(8).normal(size=(40, 3))
PROBLEMS = {
    "three weights": simopt.problems.least_squares(X, X.sum(axis=1) + X[:, 0] ** 2, l2=0.1),
    "logistic": simopt.problems.logistic(X[:, :2], X[:, 2] > 0),
    "network": simopt.problems.network(X[:, :2], X[:, 2], hidden=2),
    "noise": simopt.problems.noisy_quadratic([1.0, 0.5, 0.1], [1.0, 0.3, 0.0]),
}
SETTINGS, SEEDS = 45, np.array([3, 8])


def group_of(problem, batch):
    settings = np.repeat(np.array([simopt.Adam().values]).T, SETTINGS, axis=1)
    settings[0] = np.geomspace(1e-3, 3.0, SETTINGS)
    how = plan.make(problem, batch, "epoch" if problem.n else "never", 3, False)
    rows = np.arange(SETTINGS) * len(SEEDS), np.arange(len(SEEDS))
    return grouping.Group(simopt.Adam().rule, how, settings, SEEDS, *rows)


def ends(problem, group, dtype, width, apart):
    """What all trajectories come to, in blocks of so many lanes."""
    data = packing.pack(problem, dtype, 5.0, 0.5)
    names = ("w", "loss", "best_loss", "peak", "counts")
    found = {}
    tasks = grouping.tasks(group, problem, dtype, 1, False, width, apart)
    for task in tasks:
        pulse = np.zeros(2, np.int64)
        out = blocks.compute(task, data, problem, 1, 0, True, None, pulse)
        for name in names:
            values = np.atleast_2d(getattr(out, name))
            rows = found.setdefault(name, np.full((len(values), group.size), np.nan))
            blocks.scatter(task, values, rows)
    assert not any(np.isnan(found[name]).any() for name in ("best_loss", "counts"))
    return found, {task.points for task in tasks}


@pytest.mark.parametrize("apart", [True, pytest.param(False, marks=pytest.mark.slow)])
@pytest.mark.parametrize("own", [False, True], ids=["shared", "own"])
@pytest.mark.parametrize("batch", [7, 20])
@pytest.mark.parametrize("where", PROBLEMS)
def test_bits_do_not_depend_on_the_width_of_blocks(where, batch, own, apart, monkeypatch):
    monkeypatch.setattr(grouping, "LEAST_OWN", 0)
    for what in ("WORTH_SHARING", "WORTH_SHARING_DEAR"):
        monkeypatch.setattr(grouping, what, 10.0 if own else 0.0)
    problem = PROBLEMS[where]
    group = group_of(problem, batch)
    most, part = layout.lanes(np.float64), layout.part(np.float64)
    expected, points = ends(problem, group, np.float64, most, apart)
    assert [name.startswith("own") for name in points] == [own]
    for width in (part, most - part):
        found, _ = ends(problem, group, np.float64, width, apart)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, name)


@pytest.mark.parametrize(
    ("count", "least", "width", "number"),
    [
        (1, 1, 32, 1),
        (45, 1, 64, 1),
        (128, 1, 128, 1),
        (130, 1, 96, 2),
        (256, 4, 64, 4),
        (40, 4, 32, 2),
        (20, 4, 32, 1),
        (1_000, 2, 128, 8),
    ],
)
def test_blocks_leave_few_lanes_over_and_no_thread_idle(count, least, width, number):
    found = grouping.width_for(count, PROBLEMS["logistic"], np.float64, least)
    assert (found, -(-count // found)) == (width, number)
    twice = grouping.width_for(2 * count, PROBLEMS["logistic"], np.float32, least)
    assert twice == 2 * width
    # With one weight a block's length is a constant of the kernel.
    four = simopt.problems.four_points()
    assert grouping.width_for(count, four, np.float64, least) == layout.lanes(np.float64)
