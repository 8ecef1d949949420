"""What a batch costs: an epoch is timed as training does it, point by point."""

import numpy as np
import pytest

from simopt import problems
from simopt.report.batch_size.costs import epoch_time, point_by_point


@pytest.mark.parametrize("problem", [problems.four_points(), problems.diabetes()])
def test_points_that_are_visited_have_half_the_squared_errors(problem):
    visited = point_by_point(problem)
    assert not visited.squared  # so that the engine has no sums to take for them
    w = np.linspace(-1.0, 2.0, problem.d)
    np.testing.assert_allclose(2 * visited.gradient(w), problem.gradient(w), rtol=1e-12)
    assert 2 * visited.loss(w) == pytest.approx(problem.loss(w), rel=1e-12)


@pytest.mark.report
def test_an_epoch_is_shuffled_and_looked_at_once():
    ran = {}
    assert epoch_time(problems.four_points(), 2, 0.1, ran, "four") > 0
    (frame,) = ran.values()
    spec = frame.attrs["spec"]
    assert spec["shuffle"] in ("epoch", ["epoch"])
    assert spec["evaluate"] == frame["updates"].iloc[0]
