"""The median that kernels share, beside NumPy's."""

import numpy as np
import pytest

from simopt.ground.medians import median, ranked

KINDS = {
    "any": lambda rng, n: rng.normal(size=n),
    "few values": lambda rng, n: rng.integers(0, 4, n).astype(float),
    "sorted": lambda rng, n: np.sort(rng.normal(size=n)),
    "falling": lambda rng, n: np.sort(rng.normal(size=n))[::-1].copy(),
    "all the same": lambda rng, n: np.full(n, 3.0),
    "with infinities": lambda rng, n: np.where(rng.random(n) < 0.3, np.inf, rng.normal(size=n)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_median_and_ranks_are_those_of_numpy(kind):
    rng = np.random.default_rng(0)
    for n in (*range(1, 40), 98, 99, 1000, 1001):
        values = KINDS[kind](rng, n)
        before = values.copy()
        spare, other = np.empty(n), np.empty(n)
        assert median(values, spare, other) == np.median(values)
        ordered = [*np.sort(values), np.inf]
        for rank in {0, n // 3, n - 1}:
            assert ranked(values, rank, spare, other) == (ordered[rank], ordered[rank + 1])
        np.testing.assert_array_equal(values, before)
