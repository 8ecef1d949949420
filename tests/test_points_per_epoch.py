"""Epochs of fewer points than there are."""

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.training import shuffling

pytestmark = pytest.mark.interpreted
FOUR = simopt.problems.four_points()
SGD = simopt.SGD(eta=0.03)


def by_hand(orders, points, batch_size):
    """SGD on those points of every order, in plain Python."""
    w = 3.0
    for order in orders:
        visited = list(order[:points])
        for start in range(0, points, batch_size):
            batch = visited[start : start + batch_size]
            w -= 0.03 * np.mean([2 * FOUR.x[i, 0] * (FOUR.x[i, 0] * w - FOUR.y[i]) for i in batch])
    return w


@pytest.mark.parametrize("shuffle", ["never", "once", "epoch"])
@pytest.mark.parametrize(("points", "batch_size"), [(1, 1), (2, 1), (3, 2), (3, "full"), (4, 3)])
def test_an_epoch_ends_after_so_many_points(shuffle, points, batch_size):
    options = {"shuffle": shuffle, "seed": 5, "epochs": 3, "batch_size": batch_size}
    options["points_per_epoch"] = points
    run, frame = simopt.run(FOUR, SGD, **options), simopt.sweep(FOUR, SGD, **options)
    orders = shuffling.orders(shuffle, 5, 3, 4)
    expected = by_hand(orders, points, 4 if batch_size == "full" else batch_size)
    assert run.summary["w"] == pytest.approx(expected, rel=1e-13)
    assert frame["w"][0] == pytest.approx(expected, rel=1e-13)
    assert frame.attrs["spec"]["points_per_epoch"] == points
    assert run.steps["epoch"].max() == 3


def test_rates_by_epoch_and_going_on_keep_to_it():
    options = {"points_per_epoch": 3, "shuffle": "epoch", "batch_size": 2}
    rates = {"schedule": simopt.schedules.step(1, gamma=0.5, per="epoch")}
    run = simopt.run(FOUR, SGD, epochs=3, **options, **rates)
    assert run.steps["eta"].tolist() == [0.03, 0.03, 0.015, 0.015, 0.0075, 0.0075]
    begun = simopt.sweep(FOUR, SGD, epochs=2, keep_state=True, **options)
    longer = simopt.sweep(FOUR, SGD, epochs=4, resume=begun, **options)
    pd.testing.assert_frame_equal(
        longer, simopt.sweep(FOUR, SGD, epochs=4, **options), check_exact=True
    )
    with pytest.raises(ValueError, match=r"^resume=.*: must be of the same points_per_epoch: "):
        simopt.sweep(FOUR, SGD, epochs=4, resume=begun, **options | {"points_per_epoch": 2})
    with pytest.raises(ValueError, match=r"^resume=.*: must be of the same points: "):
        simopt.run(FOUR, SGD, epochs=4, points_per_epoch=2, resume=simopt.run(FOUR, SGD))


@pytest.mark.parametrize("value", [0, 5, 1.5, True, "all", [2]])
def test_another_number_is_refused(value):
    for go in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match="^points_per_epoch="):
            go(FOUR, SGD, points_per_epoch=value)


def test_a_batch_that_is_dropped_needs_points():
    for go in (simopt.run, simopt.sweep):
        with pytest.raises(ValueError, match="^points_per_epoch=2: .*at least a batch, of 3"):
            go(FOUR, SGD, points_per_epoch=2, batch_size=3, drop_last=True)
    noisy = simopt.problems.noisy_quadratic([1.0], [1.0])
    with pytest.raises(ValueError, match="^points_per_epoch=2: must be None"):
        simopt.run(noisy, SGD, points_per_epoch=2)
