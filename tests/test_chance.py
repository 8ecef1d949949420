"""What chance does is what scipy.stats says, which takes longer to load than all of simopt."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from simopt.analysis import chance
from simopt.analysis.batch_size import rates


@given(st.integers(0, 300), st.integers(0, 300))
def test_signs(wins, losses):
    expected = stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert chance.sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


@given(st.floats(-50, 50), st.integers(1, 200))
def test_students_t(t, freedom):
    assert chance.t_two_sided(t, freedom) == 2 * stats.t.sf(abs(t), freedom)


@given(st.floats(1e-6, 1 - 1e-6), st.integers(1, 200))
def test_a_quantile_of_students_t(share, freedom):
    assert chance.t_quantile(share, freedom) == stats.t.ppf(share, freedom)


@given(st.lists(st.sampled_from([0.0, 1.0, 2.5, np.inf]), min_size=12, max_size=12))
def test_places_of_equal_values(values):
    cube = np.reshape(values, (3, 2, 2))
    assert np.array_equal(chance.places(cube), stats.rankdata(cube, axis=0))


@given(st.lists(st.floats(1e-3, 1e3), min_size=4, max_size=9).filter(lambda eta: len({*eta}) > 1))
def test_the_exponent_of_a_law_and_its_interval(eta):
    sizes = 2.0 ** np.arange(len(eta))
    found = rates.fit_rates(sizes, eta)
    line = stats.linregress(np.log(sizes), np.log(eta))
    half = stats.t.ppf(0.975, len(eta) - 2) * line.stderr
    interval = (found.exponent, found.exponent_low, found.exponent_high)
    expected = (line.slope, line.slope - half, line.slope + half)
    # What scipy has of a line that fits exactly is the root of a rounding error.
    assert interval == pytest.approx(expected, rel=1e-9, abs=1e-7)


def test_rates_that_are_the_same_everywhere_have_the_exponent_0():
    """Of such rates scipy.stats has no interval."""
    found = rates.fit_rates([1, 2, 4, 8], [0.1] * 4)
    assert (found.exponent, found.exponent_low, found.exponent_high) == (0.0, 0.0, 0.0)
