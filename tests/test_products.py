"""Sums of products in registers: the bits of plain Python, and a loop that stores nothing."""

import platform
import re
from unittest import mock

import numba
import numpy as np
import pytest

from simopt.engine import products

WEIGHTS, POINTS, LANE = 7, 12, 3


def sums(rows, factors, starts, weights):
    """With twelve rows, that is eight and four; of an odd number of products, an even one, none."""
    lane = np.uint64(LANE)
    products.set_products(rows, 16, 12, 0, lane, weights, factors, 0, 1, starts)
    products.add_products(rows, 28, 8, 1, lane, weights - 1, factors.T, 2, 0)
    products.add_products(rows, 36, 4, 1, lane, 0, factors, 0, 0)
    products.set_sums(rows, 40, 12, 3, 1, lane, 5, factors, 0, 2)
    products.add_squares(rows, 52, 2, lane, 12, factors)
    products.add_squares(rows, 53, 2, lane, 8, factors)


@pytest.fixture(scope="module")
def compiled():
    return numba.njit(sums)


@pytest.fixture(scope="module", params=[4, 8])
def compiled_for(request):
    """For processors with half as many registers, and for those with all."""
    with mock.patch.object(products, "MOST_ROWS", request.param):
        made = numba.njit(sums)
        for real in (np.float64, np.float32):
            made(np.zeros((54, 70), real), np.zeros((12, 12), real), np.zeros(12, real), WEIGHTS)
    return made


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_products_have_the_bits_of_plain_python(compiled_for, real):
    random = np.random.default_rng(1)
    lanes = products.BYTES // np.dtype(real).itemsize
    rows = random.standard_normal((54, lanes + 2 * LANE)).astype(real)
    factors = random.standard_normal((POINTS, POINTS)).astype(real)
    starts = random.standard_normal(POINTS).astype(real)
    plain, packed = rows.copy(), rows.copy()
    sums(plain, factors, starts, WEIGHTS)
    compiled_for(packed, factors, starts, WEIGHTS)
    assert plain.tobytes() == packed.tobytes()
    changed = np.argwhere(plain != rows)
    assert set(changed[:, 0]) == {*range(16, 36), *range(40, 54)}
    assert set(changed[:, 1]) == set(range(LANE, LANE + lanes))


def test_squares_know_nothing_left_of_the_diagonal(compiled):
    """There a weight that has left the numbers would make an infinite loss none at all."""
    rows = np.zeros((54, 2 * LANE + products.BYTES // 8))
    rows[2:6] = np.inf
    blocks = np.kron(np.triu(np.ones((3, 3))), np.ones((products.ROWS, products.ROWS)))
    compiled(rows, blocks, np.zeros(12), WEIGHTS)
    assert (rows[52:54, LANE:-LANE] == np.inf).all()


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86 instructions")
def test_a_loop_of_products_stores_nothing(compiled):
    """Sums would go to memory and back at every product, were they not in registers."""
    rows = np.zeros((54, products.BYTES // 8 + LANE))
    compiled(rows, np.zeros((12, 12)), np.zeros(12), WEIGHTS)
    text = compiled.inspect_asm(compiled.signatures[0])
    loops = [
        part
        for part in re.split(r"\n\.LBB\S+:", text)
        if len(re.findall(r"v?mulpd\s", part)) >= products.ROWS and re.search(r"\sj\w+\s", part)
    ]
    stores = [re.findall(r"v?mov[au]p[sd]\s+%[xyz]mm\d+, *-?\w*\(", part) for part in loops]
    assert [] in stores
    assert not any("mulsd" in part for part in loops)
