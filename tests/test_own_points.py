"""Points of lanes' own, copied some columns and lanes at a time: each number where it belongs."""

import numba
import numpy as np
import pytest

from simopt.engine import own_points

POINTS, LANES, LOW = 11, 16, 3


def copied(work, x, y, orders, position):
    low, high = np.uint64(LOW), np.uint64(LOW + LANES)
    own_points.copy_columns(work, low, high, 2, x, orders, position)
    own_points.copy_targets(work, low, high, 1, y, orders, position)


@pytest.fixture(scope="module")
def compiled():
    return numba.njit(copied)


@pytest.mark.parametrize(
    ("rows", "points"),
    [(np.float64, np.float64), (np.float32, np.float32), (np.float64, np.float32)],
)
@pytest.mark.parametrize("columns", [1, 3, 4, 7, 12])
def test_every_number_is_where_it_belongs(compiled, columns, rows, points):
    random = np.random.default_rng(columns)
    x = random.standard_normal((POINTS, columns)).astype(points)
    y = random.standard_normal(POINTS).astype(points)
    orders = np.array([random.permutation(POINTS) for _ in range(LANES)], np.int32).T.copy()
    # The last point, behind which no number may be read.
    orders[4, ::3] = POINTS - 1
    work = np.full((columns + 3, LANES + 2 * LOW), np.nan, rows)
    packed = work.copy()
    for run, result in ((copied, work), (compiled, packed)):
        run(result, x, y, orders, 4)
        inside = result[:, LOW : LOW + LANES]
        np.testing.assert_array_equal(inside[1], y[orders[4]])
        np.testing.assert_array_equal(inside[2:-1], x[orders[4]].T)
        assert np.isnan(inside[[0, -1]]).all()
        assert np.isnan(np.delete(result, np.s_[LOW : LOW + LANES], axis=1)).all()
