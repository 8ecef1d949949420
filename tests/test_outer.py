"""Means of outer products in registers: the bits of plain Python, of points where they lie."""

import numba
import numpy as np
import pytest

from simopt.engine import outer, products

POINTS, COUNT, START = 30, 9, 2


def all_tiles(means, x, errors, orders, lane):
    for k in range(0, x.shape[1] + 1, outer.ACROSS):
        for j in range(0, min(k + outer.ACROSS, x.shape[1]), products.ROWS):
            outer.set_outer(means, j, k, x, errors, orders[:, lane], START, COUNT, 2 / COUNT)


@pytest.fixture(scope="module")
def compiled():
    return numba.njit(all_tiles)


@pytest.mark.parametrize("real", [np.float64, np.float32])
@pytest.mark.parametrize("columns", [4, 12, 16, 36])
def test_means_have_the_bits_of_plain_python(compiled, columns, real):
    random = np.random.default_rng(columns)
    x = random.standard_normal((POINTS, columns)).astype(real)
    errors = random.standard_normal(POINTS).astype(real)
    orders = np.array([random.permutation(POINTS) for _ in range(3)]).T.copy()
    # The last point, behind which no number may be read, and the first.
    orders[START : START + 2, 1] = POINTS - 1, 0
    across = (columns // outer.ACROSS + 1) * outer.ACROSS
    plain = np.full((columns + 1, across), np.nan, real)
    packed = plain.copy()
    all_tiles(plain, x, errors, orders, 1)
    compiled(packed, x, errors, orders, 1)
    assert plain.tobytes() == packed.tobytes()
    taken = orders[START : START + COUNT, 1]
    wide, both = x[taken].astype(float), np.c_[x, errors][taken].astype(float)
    exact = 2 / COUNT * wide.T @ both
    upper = np.arange(columns)[:, None] // outer.ACROSS <= np.arange(columns + 1) // outer.ACROSS
    close = np.isclose(plain[:columns, : columns + 1], exact, rtol=0, atol=2e-6)
    assert close[upper].all()
    assert np.isnan(plain[columns]).all()
