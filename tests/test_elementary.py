"""exp, log and tanh in plain arithmetic: how far they err, in both precisions, and that bits agree.

What is exact is computed in more digits: to sixty for double precision, and in double precision for
single precision, whose arguments are taken at random from all there are, each as likely.
"""

import functools
import math
from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numba import njit

from simopt.ground import elementary, snapshot
from simopt.ground.inline import inlined

NAMES = ("exp_minus", "exp", "sigmoid", "softplus", "log_one_plus", "log_above_one", "tanh")
#: What an error stays below, in units in the last place.
UNITS = {
    "exp_minus": 2,
    "exp": 2,
    "sigmoid": 4,
    "softplus": 4,
    "log_one_plus": 2,
    "log_above_one": 2,
    "tanh": 6,
}
PRECISIONS = {np.float64: elementary.DOUBLE, np.float32: elementary.SINGLE}
RNG = np.random.default_rng(5)


@functools.cache
def of_arrays(name):
    """The function compiled, packed, in the precision of the array."""
    function = inlined(getattr(elementary, name))

    @njit(error_model="numpy")
    def of_array(z, out):
        for i in range(len(z)):
            out[i] = function(z[i])

    def of(z):
        out = np.empty_like(z)
        of_array(z, out)
        return out

    return of


def exact(name, z):
    """To forty digits and more."""
    with localcontext() as context:
        context.prec = 60
        z = Decimal(z)
        match name:
            case "exp_minus":
                return (-z).exp()
            case "exp":
                return z.exp()
            case "sigmoid":
                return 1 / (1 + (-z).exp())
            case "log_one_plus" | "log_above_one":
                return z - z * z / 2 + z**3 / 3 if z < Decimal("1e-20") else (1 + z).ln()
            case "softplus":
                return max(z, Decimal(0)) + exact("log_one_plus", (-abs(z)).exp())
            case "tanh":
                if abs(z) < 1e-8:
                    return z - z**3 / 3
                e = (2 * z).exp()
                return (e - 1) / (e + 1)


ARGUMENTS = {
    "exp_minus": st.floats(0, 800),
    "exp": st.floats(-800, 800),
    "sigmoid": st.floats(-800, 800),
    "softplus": st.floats(-800, 800),
    "log_one_plus": st.floats(0, 1),
    "log_above_one": st.floats(0, 2) | st.floats(0, 2.0**40),
    "tanh": st.floats(-40, 40) | st.floats(-1, 1) | st.floats(-1e-8, 1e-8),
}


@pytest.mark.parametrize("name", NAMES)
def test_double_precision(name):
    @settings(max_examples=500)
    @given(ARGUMENTS[name])
    @example(0.5)
    @example(np.nextafter(0.5, 1.0))
    def errs_by_few_units(z):
        with np.errstate(over="ignore"):
            got = float(getattr(elementary, name)(z))
        expected = exact(name, z)
        if abs(expected) > 1.7e308:
            assert got > 1.7e308
        elif abs(expected) > 1e-300:
            unit = Decimal(math.ulp(float(expected)))
            assert abs(Decimal(got) - expected) <= UNITS[name] * unit
        else:
            assert abs(got) <= 1e-300

    errs_by_few_units()


@given(st.floats(-40, 40))
def test_tanh_is_odd_and_never_beyond_one(z):
    assert elementary.tanh(z) == -elementary.tanh(-z)
    assert abs(elementary.tanh(z)) <= 1


def units(got, expected):
    """Errors of single precision in units in the last place of what is exact."""
    of = np.maximum(np.frexp(np.abs(expected))[1] - 24, -149)
    return np.abs(got - expected) / np.ldexp(1.0, of)


SINGLY = {
    "exp_minus": (lambda z: np.exp(-z), 0.0, 105.0),
    "exp": (np.exp, -105.0, 88.7),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), -105.0, 105.0),
    "softplus": (lambda z: np.logaddexp(0, z), -105.0, 105.0),
    "log_one_plus": (np.log1p, 0.0, 1.0),
    "log_above_one": (np.log1p, 0.0, 2.0**33),
    "tanh": (np.tanh, -20.0, 20.0),
}


@pytest.mark.parametrize("name", NAMES)
def test_single_precision(name):
    correct, least, most = SINGLY[name]
    # A half of the arguments of every size, a half as they come in the range.
    z = RNG.integers(0, 2**32, 4_000_000, dtype=np.uint32).view(np.float32)
    z = np.concatenate([z, RNG.uniform(least, most, 1_000_000).astype(np.float32)])
    z = z[(z >= least) & (z <= most)]
    assert len(z) > 1_000_000
    got = of_arrays(name)(z)
    assert got.dtype == np.float32
    assert units(got.astype(float), correct(z.astype(float))).max() < UNITS[name]
    if name == "tanh":
        assert np.abs(got).max() == 1.0
        assert (got == -of_arrays(name)(-z)).all()


@pytest.mark.parametrize("real", PRECISIONS, ids=lambda real: real.__name__)
def test_at_the_ends(real):
    def f(name, z):
        with np.errstate(over="ignore", invalid="ignore"):
            found = getattr(elementary, name)(real(z))
        packed = of_arrays(name)(np.full(64, z, real))
        assert (packed.view(f"i{packed.itemsize}") == real(found).view(f"i{packed.itemsize}")).all()
        return found

    info = np.finfo(real)
    tiny, largest = float(info.tiny), math.log(float(info.max))
    least = math.log(float(info.smallest_subnormal))
    assert f("exp", 0.0) == f("exp", -0.0) == f("exp_minus", 0.0) == 1.0
    assert f("exp", math.inf) == f("exp", largest * 1.0001) == math.inf
    assert math.isfinite(f("exp", largest * 0.9999))
    assert f("exp", -math.inf) == f("exp", least - 1) == f("exp_minus", 1e30) == 0.0
    assert f("exp", least) == f("exp_minus", -least) == info.smallest_subnormal
    assert f("sigmoid", math.inf) == f("sigmoid", 1e9) == 1.0
    assert f("sigmoid", -math.inf) <= tiny
    assert f("softplus", math.inf) == math.inf
    assert f("softplus", -math.inf) <= tiny
    assert f("log_above_one", 0.0) == f("positive", -1.0) == f("positive", math.nan) == 0.0
    assert f("positive", math.inf) == math.inf
    assert f("log_one_plus", 0.0) == f("tanh", 0.0) == f("tanh", -0.0) == 0.0
    assert f("tanh", math.inf) == f("tanh", PRECISIONS[real].one_from) == f("tanh", 1e30) == 1.0
    assert f("tanh", -math.inf) == -1.0
    for name in ("exp", "sigmoid", "softplus", "tanh"):
        assert math.isnan(f(name, math.nan))


@pytest.mark.parametrize("real", PRECISIONS, ids=lambda real: real.__name__)
@pytest.mark.parametrize("name", NAMES)
def test_the_bits_are_the_same_packed(name, real):
    z = np.concatenate([RNG.normal(size=1000) * 3, np.linspace(-25, 25, 1001)]).astype(real)
    if name in ("exp_minus", "log_one_plus", "log_above_one"):
        z = np.abs(z)
    if name == "log_one_plus":
        z = np.minimum(z, real(1))
    number = PRECISIONS[real].number
    alone = [getattr(elementary, name)(number(each)) for each in z]
    assert all(isinstance(each, number) for each in alone)
    assert of_arrays(name)(z).tobytes() == np.array(alone, real).tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_single_precision_needs_no_doubles(name):
    """Neither in what is computed, nor in a conversion on the way: half as many lanes."""
    function = inlined(getattr(elementary, name))

    @njit(error_model="numpy")
    def of_array(z, out):
        for i in range(len(z)):
            out[i] = function(z[i])

    for real in PRECISIONS:
        of_array(np.zeros(64, real), np.zeros(64, real))
    # The first function of each is the loop, behind it are its callers.
    double, single = (code.split("\n}")[0] for code in of_array.inspect_llvm().values())
    assert "fmul double" in double
    assert "fmul float" in single
    assert " double" not in single


@pytest.mark.parametrize("name", NAMES)
def test_another_process_finds_them_by_their_name(name):
    """A copy of the plain function would make doubles of single precision in compiled code."""
    function = getattr(elementary, name)

    def calls(x):
        return function(x)

    assert snapshot.received(*snapshot.sent(function)) is function
    (closed,) = snapshot.received(*snapshot.sent(calls)).__closure__
    assert closed.cell_contents is function


def series(coefficients, x):
    """The polynomial, exactly."""
    return sum(Decimal(float(c)) * x**k for k, c in enumerate(coefficients))


@pytest.mark.parametrize("real", PRECISIONS, ids=lambda real: real.__name__)
def test_polynomials_err_by_a_third_of_a_unit(real):
    """With coefficients as they are rounded; a unit is 2^-53 of a double at least, or 2^-24."""
    of = PRECISIONS[real]
    exp, log, expm1 = ([of.number(c) for c in each] for each in (of.exp, of.log, of.expm1))
    bound = Decimal(float(np.finfo(real).epsneg)) / 3
    with localcontext() as context:
        context.prec = 50
        for k in range(1, 201):
            r = Decimal(2).ln() / 400 * k
            for each in (r, -r):
                made = 1 + each + each * each * series(exp, each)
                assert abs(made / each.exp() - 1) < bound
            s = Decimal(k) / 600
            made = 2 * s + 2 * s**3 * series(log, s * s)
            assert abs(made / ((1 + s) / (1 - s)).ln() - 1) < bound
            z = Decimal(of.one_from) / 200 * k
            r = -2 * z / 2**of.doublings
            e = r + r * r * series(expm1, r)
            e = (1 + e) ** (2**of.doublings) - 1
            assert abs(-e / (2 + e) / exact("tanh", z) - 1) < bound
