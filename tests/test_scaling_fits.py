"""The curve of steps against batch size: published tables, and curves that are known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simopt.analysis.batch_size.fits import fit_curve

#: The noisy quadratic model of Zhang et al. (2019), h_i = 1/i, d = 10^4, without bins: steps of SGD
#: to the loss 0.01 at B = 2^2, 2^4, ..., 2^20, the rate tuned, and tuned on the authors' grid.
SIZES = 4.0 ** np.arange(1, 11)
TUNED = np.array([1507530, 378197, 95942, 25778, 10354, 7832, 7147, 6887, 6773, 6720.0])
ON_GRID = np.array([1515845, 378758, 95989, 25778, 10371, 7870, 7214, 7079, 7047, 7039.0])
#: The same preconditioned with h^-1/2.
HALF = np.array([347958, 86993, 21752, 5442, 1364, 345, 107, 86, 83, 82.0])


def test_the_noisy_quadratic_models_knee_is_sharper_than_a_hyperbola():
    curve = fit_curve(SIZES, TUNED)
    assert curve.q == pytest.approx(1.39, abs=0.01)
    assert curve.rms <= 0.029
    assert fit_curve(SIZES, TUNED, q=1).rms > 2 * curve.rms
    # The critical batch size by its definition: fewest examples over fewest steps.
    assert curve.critical == pytest.approx(897, rel=0.05)


def test_preconditioning_raises_the_critical_batch_size():
    assert fit_curve(SIZES, HALF).critical == pytest.approx(1.70e4, rel=0.05)


def test_the_hyperbola_through_both_ends_is_off_by_a_quarter():
    s_min, e_min = ON_GRID.min(), (SIZES * ON_GRID).min()
    hyperbola = s_min * (1 + e_min / s_min / SIZES)
    assert np.max(hyperbola / ON_GRID) == pytest.approx(1.25, abs=0.01)


def curve_of(sizes, s_min, critical, q):
    return s_min * (1 + (critical / sizes) ** q) ** (1 / q)


@given(
    s_min=st.floats(1.0, 1e6),
    critical=st.floats(4.0, 512.0),
    q=st.floats(0.6, 5.0),
)
def test_a_curve_is_found_again(s_min, critical, q):
    sizes = 2.0 ** np.arange(12)
    steps = curve_of(sizes, s_min, critical, q)
    curve = fit_curve(sizes, steps)
    assert curve.rms < 1e-6
    assert curve.steps(sizes) == pytest.approx(steps, rel=1e-5)
    assert curve.e_min == pytest.approx(curve.s_min * curve.critical)
    if 1.0 <= q <= 3.0:
        assert (curve.s_min, curve.critical, curve.q) == pytest.approx(
            (s_min, critical, q), rel=1e-3
        )


@given(factor=st.floats(1e-3, 1e3), shift=st.floats(0.1, 1e3))
def test_units_of_steps_and_examples_pass_through(factor, shift):
    plain, scaled = fit_curve(SIZES, TUNED), fit_curve(shift * SIZES, factor * TUNED)
    assert scaled.s_min == pytest.approx(factor * plain.s_min, rel=1e-6)
    assert scaled.critical == pytest.approx(shift * plain.critical, rel=1e-6)
    assert (scaled.q, scaled.rms) == pytest.approx((plain.q, plain.rms), rel=1e-6)


@given(st.lists(st.floats(0.9, 1.1), min_size=10, max_size=10))
def test_the_hyperbola_is_never_the_better_fit(noise):
    """It is one of the curves."""
    steps = TUNED * np.array(noise)
    assert fit_curve(SIZES, steps).rms <= fit_curve(SIZES, steps, q=1).rms * (1 + 1e-6)


def test_a_fixed_sharpness_is_kept():
    sizes = 2.0 ** np.arange(10)
    curve = fit_curve(sizes, curve_of(sizes, 10.0, 32.0, 1.0), q=1)
    assert (curve.s_min, curve.critical, curve.q) == pytest.approx((10.0, 32.0, 1.0), rel=1e-6)


@pytest.mark.parametrize("q", [None, 1])
def test_without_a_floor_there_is_no_critical_batch_size(q):
    sizes = 2.0 ** np.arange(8)
    curve = fit_curve(sizes, 640.0 / sizes, q=q)
    assert math.isnan(curve.critical)
    assert math.isnan(curve.s_min)
    assert curve.e_min == pytest.approx(640.0)
    assert "no floor" in curve.reason
    assert curve.steps([2.0]) == pytest.approx([320.0])


def test_without_a_fall_there_is_no_critical_batch_size():
    curve = fit_curve(2.0 ** np.arange(8), np.full(8, 7.0))
    assert math.isnan(curve.critical)
    assert curve.s_min == pytest.approx(7.0)
    assert "no perfect scaling" in curve.reason


def test_a_corner_has_no_sharpness():
    sizes = 2.0 ** np.arange(8)
    curve = fit_curve(sizes, np.maximum(128 / sizes, 8.0))
    assert curve.critical == pytest.approx(16.0, rel=0.01)
    assert "q is not determined" in curve.reason


def test_a_power_law_has_no_critical_batch_size():
    """It bends nowhere, and is neither of the asymptotes."""
    sizes = 2.0 ** np.arange(12)
    curve = fit_curve(sizes, 1000 * sizes**-0.5)
    assert math.isnan(curve.critical)
    assert "too softly" in curve.reason
    # What was fitted is drawn all the same, as far off as it says.
    off = np.abs(np.log(curve.steps(sizes) / (1000 * sizes**-0.5)))
    assert off.max() == pytest.approx(curve.worst)


@pytest.mark.parametrize(
    ("critical", "q", "seen", "reason"),
    [
        # Of 20 % above e_min / B at the smallest size, 16: (1 + (16 / B*)^q)^(1/q) = 1.2.
        (16 / (1.2**0.5 - 1) ** 2 * 1.01, 0.5, "e_min", "no floor seen"),
        (16 / (1.2**0.5 - 1) ** 2 / 1.01, 0.5, "", "no floor seen, nor perfect scaling"),
        # Of 20 % above s_min at the largest, 128.
        (128 * (1.2**0.4 - 1) ** 2.5 / 1.01, 0.4, "s_min", "no perfect scaling"),
        (128 * (1.2**0.4 - 1) ** 2.5 * 1.01, 0.4, "", "nor a floor at the largest"),
    ],
)
def test_an_asymptote_is_believed_where_it_is_in_sight(critical, q, seen, reason):
    """A soft knee out of sight hides the asymptote before it, too; the curve is there all along."""
    sizes = np.geomspace(16, 128, 13)
    steps = curve_of(sizes, 10.0, critical, q)
    curve = fit_curve(sizes, steps, q=q)
    assert math.isnan(curve.critical)
    assert [name for name in ("s_min", "e_min") if math.isfinite(getattr(curve, name))] == (
        [seen] if seen else []
    )
    assert reason in curve.reason
    assert curve.steps(sizes) == pytest.approx(steps, rel=1e-6)


def test_what_was_never_reached_is_left_out():
    steps = TUNED.copy()
    steps[0] = math.inf
    assert fit_curve(SIZES, steps) == fit_curve(SIZES[1:], TUNED[1:])


@pytest.mark.parametrize("steps", [[], [4.0], [4.0, 2.0, 1.0], [math.inf] * 6])
def test_too_little_is_nan_and_says_so(steps):
    curve = fit_curve(2.0 ** np.arange(len(steps)), steps)
    assert math.isnan(curve.critical)
    assert "at least 4" in curve.reason


@pytest.mark.parametrize(
    ("sizes", "steps", "more", "message"),
    [
        ([1, 2], [1.0], {}, "2 and 1 numbers"),
        ([0, 2], [1.0, 1.0], {}, "batch_size=0"),
        ([1, 2], [1.0, -1.0], {}, "steps=-1"),
        ([1, 2], [1.0, 1.0], {"q": 0}, "q=0"),
    ],
)
def test_bad_input_is_refused(sizes, steps, more, message):
    with pytest.raises(ValueError, match=message):
        fit_curve(sizes, steps, **more)
