"""Sums of products in registers: the bits of plain Python, and a loop that stores nothing."""

import platform
import re

import numba
import numpy as np
import pytest

from simopt.engine import products

WEIGHTS, POINTS, LANE = 7, 8, 3


def three(rows, factors, starts, weights):
    lane = np.uint64(LANE)
    products.set_products(rows, 10, 0, lane, weights, factors, 0, 1, starts)
    products.add_products(rows, 14, 1, lane, weights - 1, factors.T, 2, 0)
    products.add_products(rows, 14, 1, lane, 0, factors, 0, 0)
    products.add_squares(rows, 18, 2, lane, weights - 2, factors, 4, 0)


@pytest.fixture(scope="module")
def compiled():
    return numba.njit(three)


@pytest.mark.parametrize("real", [np.float64, np.float32])
def test_products_have_the_bits_of_plain_python(compiled, real):
    random = np.random.default_rng(1)
    lanes = products.BYTES // np.dtype(real).itemsize
    rows = random.standard_normal((20, lanes + 2 * LANE)).astype(real)
    factors = random.standard_normal((POINTS, POINTS)).astype(real)
    starts = random.standard_normal(POINTS).astype(real)
    plain, packed = rows.copy(), rows.copy()
    three(plain, factors, starts, WEIGHTS)
    compiled(packed, factors, starts, WEIGHTS)
    assert plain.tobytes() == packed.tobytes()
    changed = np.argwhere(plain != rows)
    assert set(changed[:, 0]) == set(range(10, 19))
    assert set(changed[:, 1]) == set(range(LANE, LANE + lanes))


@pytest.mark.skipif(platform.machine() != "x86_64", reason="reads x86 instructions")
def test_a_loop_of_products_stores_nothing(compiled):
    """Sums would go to memory and back at every product, were they not in registers."""
    compiled(np.zeros((20, products.BYTES // 8 + LANE)), np.zeros((8, 8)), np.zeros(8), WEIGHTS)
    text = compiled.inspect_asm(compiled.signatures[0])
    loops = [
        part
        for part in re.split(r"\n\.LBB\S+:", text)
        if len(re.findall(r"v?mulpd\s", part)) >= products.ROWS and re.search(r"\sj\w+\s", part)
    ]
    stores = [re.findall(r"v?mov[au]p[sd]\s+%[xyz]mm\d+, *-?\w*\(", part) for part in loops]
    assert [] in stores
    assert not any("mulsd" in part for part in loops)
