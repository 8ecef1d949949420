"""Sums of outer products in registers, and gradients by them: the bits of plain Python."""

from unittest import mock

import numba
import numpy as np
import pytest

from simopt.engine import outer
from simopt.engine.own_points import LANES

WEIGHTS, POINTS, LANE = 8, 5, 3
COLUMNS = WEIGHTS + 1


def summing(diagonal, tile, column):
    def all_sums(sums, points, count):
        for fresh in (True, False):
            for j in range(0, WEIGHTS, outer.ROWS):
                diagonal(sums, points, j, j, COLUMNS, count, fresh)
                for k in range(j + outer.ROWS, WEIGHTS, outer.ROWS):
                    tile(sums, points, j, k, COLUMNS, count, fresh)
                column(sums, points, j, WEIGHTS, COLUMNS, count, fresh)

    return all_sums


all_sums = summing(outer.add_diagonal, outer.add_tile, outer.add_column)


def gradients(work, sums, center):
    lane = np.uint64(LANE)
    for k in range(0, WEIGHTS, outer.ROWS):
        outer.set_gradients(work, WEIGHTS + k, lane, sums, k, COLUMNS, center, 2 / 7)


@pytest.fixture(scope="module", params=[1, outer.ROWS], ids=["a column at a time", "whole tiles"])
def summed(request):
    """`all_sums` as processors with few registers have it, and with many."""
    with mock.patch.object(outer, "ABREAST", request.param):
        made = numba.njit(summing(*map(outer._added, (outer.UPPER, outer.ALL, outer.COLUMN))))
        made(np.zeros((WEIGHTS * COLUMNS, LANES)), np.zeros((COLUMNS, LANES)), 0)
    return made


@pytest.fixture(scope="module")
def compiled():
    return numba.njit(gradients)


@pytest.mark.parametrize("count", [0, 1, POINTS])
def test_sums_have_the_bits_of_plain_python(summed, count):
    points = np.random.default_rng(count).standard_normal((POINTS * COLUMNS, LANES))
    plain = np.full((WEIGHTS * COLUMNS, LANES), np.nan)
    packed = plain.copy()
    all_sums(plain, points, count)
    summed(packed, points, count)
    assert plain.tobytes() == packed.tobytes()
    by_lane = points.reshape(POINTS, COLUMNS, LANES)[:count]
    exact = 2 * np.einsum("qjv,qkv->jkv", by_lane[:, :WEIGHTS], by_lane)
    found = plain.reshape(WEIGHTS, COLUMNS, LANES)
    j, k = np.triu_indices(WEIGHTS, m=COLUMNS)
    np.testing.assert_allclose(found[j, k], exact[j, k], rtol=0, atol=1e-13)
    # Below the diagonal no tile but those upon it is summed.
    assert np.isnan(found[np.tril_indices(WEIGHTS, -1)]).all()


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_gradients_have_the_bits_of_plain_python(compiled, real):
    random = np.random.default_rng(1)
    plain = random.standard_normal((2 * WEIGHTS + 1, LANES + 2 * LANE)).astype(real)
    packed, before = plain.copy(), plain.copy()
    sums = random.standard_normal((WEIGHTS * COLUMNS, LANES))
    center = random.standard_normal(WEIGHTS).astype(real)
    gradients(plain, sums, center)
    compiled(packed, sums, center)
    assert plain.tobytes() == packed.tobytes()
    changed = np.argwhere(plain != before)
    assert set(changed[:, 0]) == set(range(WEIGHTS, 2 * WEIGHTS))
    assert set(changed[:, 1]) == set(range(LANE, LANE + LANES))
    means = np.triu(sums.reshape(WEIGHTS, COLUMNS, LANES).transpose(2, 0, 1)) * (2 / 7)
    square = means[:, :, :WEIGHTS]
    square = square + np.triu(square, 1).transpose(0, 2, 1)
    off = (before[:WEIGHTS, LANE : LANE + LANES].astype(float) - center[:, None]).T
    exact = np.einsum("vjk,vj->vk", square, off) + means[:, :, WEIGHTS]
    found = plain[WEIGHTS : 2 * WEIGHTS, LANE : LANE + LANES].T
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-13 if real is np.float64 else 1e-5)
