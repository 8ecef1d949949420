"""What is no number, array or problem ends in one line that names the argument."""

import datetime
import math

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import noise_scale, problems, stability
from simopt.ground import checks

FOUR, SGD = problems.four_points(), simopt.SGD(eta=0.1)

NO_NUMBERS = [
    None, "1", b"1", True, np.True_, 10**400, -(10**400), 10**5000, 1j, np.complex128(1),
    np.datetime64("2020-01-01"), np.timedelta64(3, "D"), np.ma.masked, math.nan, math.inf, pd.NA,
    np.ones(2), np.ones((2, 2)), [], {}, object(), datetime.date(2020, 1, 1),
]  # fmt: skip


def kind_of(value):
    return type(value).__name__


def named(name, call):
    with pytest.raises(ValueError, match=rf"^{name}\b") as error:
        call()
    assert "\n" not in str(error.value)
    assert "must be" in str(error.value)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("value", NO_NUMBERS, ids=kind_of)
def test_no_number(value):
    named("eta", lambda: checks.number("eta", value))
    named("terms", lambda: problems.double_well(terms=value))
    named("epochs", lambda: checks.whole("epochs", value, 1))
    named("l2", lambda: problems.least_squares([1.0], [1.0], l2=value))


@pytest.mark.parametrize("value", [1.5, np.float64(2), np.array([1, 2]), np.array([[1]]), [3], "3"])
def test_no_whole_number(value):
    named("epochs", lambda: checks.whole("epochs", value, 1))


def test_whole_numbers():
    assert checks.whole("epochs", np.int64(3), 1) == 3
    assert checks.whole("epochs", np.array(3), 1) == 3
    assert checks.number("eta", np.float32(0.5)) == 0.5
    assert checks.number("eta", np.array(0.5)) == 0.5


@pytest.mark.parametrize("eta", [10**400, 10**5000, [0.1, 10**400], "0.1", True, 1j], ids=kind_of)
def test_a_rate_beyond_float64(eta):
    named("eta", lambda: simopt.SGD(eta=eta))


MASKED = np.ma.array([2.0, 4.0, 6.0, -999.0], mask=[0, 0, 0, 1])
X = [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("y", lambda: problems.least_squares(X, MASKED)),
        ("x", lambda: problems.least_squares(MASKED, X)),
        ("x", lambda: problems.least_squares(np.array(["2020", "2021"], "M8[Y]"), X[:2])),
        ("x", lambda: problems.least_squares(pd.to_datetime(["2020", "2021"]), X[:2])),
        ("y", lambda: problems.least_squares(X, np.array(X, dtype=complex))),
        ("y", lambda: problems.least_squares(X, [1j, 2, 3, 4])),
        ("x", lambda: problems.least_squares(["1", "2"], X[:2])),
        ("x", lambda: problems.least_squares(np.array(["1", "2"], dtype=object), X[:2])),
        ("x", lambda: problems.least_squares([10**400, 2], X[:2])),
        ("x", lambda: problems.least_squares([[1.0], [1.0, 2.0]], X[:2])),
        ("w0", lambda: problems.least_squares(X, X, w0=True)),
        ("w0", lambda: problems.least_squares(X, X, w0=[True])),
        ("w0", lambda: problems.least_squares(X, X, w0="1")),
        ("w0", lambda: problems.least_squares(X, X, w0=None)),
        ("intercept", lambda: problems.least_squares(X, X, intercept="no")),
        ("intercept", lambda: problems.logistic(X, [0, 1, 0, 1], intercept=1)),
        ("loss", lambda: simopt.diagnose(np.array(X, dtype=complex))),
        ("loss", lambda: simopt.diagnose(np.array([1, 2, 3], dtype="M8[D]"))),
    ],
)
def test_what_numpy_would_convert_without_a_word(name, call):
    named(name, call)


def square(w, x, y):
    return (w * x - y) ** 2


def slope(w, x, y):
    return 2 * x * (w * x - y)


BOWL = (lambda w: w**2), (lambda w: 2 * w)
ONES, LABELS = np.ones((4, 4)), [0.0, 1.0, 0.0, 1.0]
COIN = problems.logistic(ONES, LABELS, intercept=False)

#: Where numbers come in: the argument's name, whether it may hold flags, and the call.
ENTRIES = {
    **{
        f"{make.__name__}, {name}": (name, name != "w0", call)
        for make in (
            problems.least_squares,
            problems.logistic,
            problems.huber,
            problems.poisson,
            problems.network,
        )
        for name, call in {
            "x": lambda value, make=make: make(value, LABELS),
            "y": lambda value, make=make: make(X, value),
            "w0": lambda value, make=make: make(ONES, LABELS, w0=value),
        }.items()
    },
    "noisy_quadratic, curvature": ("curvature", False, lambda v: problems.noisy_quadratic(v, 1.0)),
    "noisy_quadratic, noise": ("noise", False, lambda v: problems.noisy_quadratic(X, v)),
    "noisy_quadratic, w0": ("w0", False, lambda v: problems.noisy_quadratic(X, 1.0, w0=v)),
    "function, points": (
        "points", True, lambda v: problems.function(square, slope, w0=1.0, points=v)
    ),
    "function, w0": (
        "w0", False, lambda v: problems.function(square, slope, w0=v, points=[[1.0, 1.0]])
    ),
    "function, noise": ("noise", False, lambda v: problems.function(*BOWL, w0=1.0, noise=v)),
    "function, optimum": ("optimum", False, lambda v: problems.function(*BOWL, w0=1.0, optimum=v)),
    "saddle, w0": ("w0", False, lambda v: problems.saddle(w0=v)),
    "replace, w0": ("w0", False, lambda v: COIN.replace(w0=v)),
    "loss": ("w", True, COIN.loss),
    "losses": ("w", True, COIN.losses),
    "batch_loss": ("w", True, lambda v: COIN.batch_loss(v, [0])),
    "gradient": ("w", True, COIN.gradient),
    "point_gradients": ("w", True, COIN.point_gradients),
    "predictions": ("w", True, COIN.predictions),
    "hessian_at": ("w", True, COIN.hessian_at),
    "original_weights": ("w", True, COIN.original_weights),
    "noise_scale.exact": ("w", True, lambda v: noise_scale.exact(COIN, v)),
    "noise_scale.from_norms, small": (
        "small_norms", True, lambda v: noise_scale.from_norms(v, X, small=1, big=2)
    ),
    "stability.quadratic": ("curvature", True, stability.quadratic),
    "stability.rate": ("a", True, lambda v: stability.rate("SGD", v)),
    "nqm.expectation": (
        "curvature", True, lambda v: simopt.nqm.expected_loss(problems.noisy_quadratic(v, 1.0), SGD)
    ),
    "run, order": ("order", False, lambda v: simopt.run(FOUR, SGD, order=v)),
    "diagnose": ("loss", False, simopt.diagnose),
    "diagnose, validation": ("validation", False, lambda v: simopt.diagnose(X, validation=v)),
}  # fmt: skip

#: What NumPy takes for numbers, or half of it.
ODD = {
    "dates": np.array(["2020", "2021", "2022", "2023"], "M8[Y]"),
    "pandas' dates": pd.date_range("2020", periods=4),
    "durations": np.array([1, 2, 3, 4], "m8[s]"),
    "complex": np.array(X, complex),
    "one complex": [1j, 2, 3, 4],
    "texts": ["1", "2", "3", "4"],
    "a text among numbers": np.array(["1", 2, 3, 4], object),
    "bytes": np.array([b"1"] * 4),
    "objects": [object()] * 4,
    "a dict": {"a": 1},
    "ragged": [[1.0], [1.0, 2.0]],
    "beyond float64": [10**400, 1, 2, 3],
}
MASKS = {
    "masked": MASKED,
    "all masked": np.ma.array(X, mask=True),
    "masked, in columns": np.ma.array(ONES, mask=np.eye(4)),
    "a list with a masked value": [np.ma.masked, 1.0, 2.0, 3.0],
    "a list of masked arrays": [np.ma.array(X, mask=[1, 0, 0, 0])] * 4,
}


@pytest.mark.parametrize("odd", [*ODD, *MASKS])
@pytest.mark.parametrize("entry", ENTRIES)
def test_every_way_in_for_numbers(entry, odd):
    name, _, call = ENTRIES[entry]
    if entry.startswith("diagnose") and (odd in MASKS or odd in ("beyond float64", "a dict")):
        pytest.skip("a masked value of a curve is a missing one; a dict has a loss by its name")
    named(name, lambda: call({**ODD, **MASKS}[odd]))


@pytest.mark.parametrize("flag", [True, np.True_, [True], np.array([True, False, True, False])])
@pytest.mark.parametrize("entry", [e for e, (_, flags, _) in ENTRIES.items() if not flags])
def test_a_flag_is_no_number_of_a_setting(entry, flag):
    name, _, call = ENTRIES[entry]
    named(name, lambda: call(flag))


def test_a_masked_order_is_none():
    order = np.ma.array([0, 1, 2, 3], mask=[0, 0, 0, 1])
    named("order", lambda: simopt.run(FOUR, SGD, order=order))


def test_a_masked_value_of_a_curve_is_a_missing_one():
    assert simopt.diagnose(MASKED).loss.tolist() == [2.0, 4.0, 6.0]


def test_what_is_meant_by_other_containers():
    unmasked = np.ma.array(X, mask=False)
    plain = problems.least_squares(X, X)
    for x in (
        unmasked,
        pd.Series(X, dtype="Float64"),
        [np.float32(each) for each in X],
        range(1, 5),
    ):
        assert problems.least_squares(x, X).digest == plain.digest
    labels = problems.logistic(X, [False, True, False, True])
    assert labels.y.tolist() == [0.0, 1.0, 0.0, 1.0]
    flags = problems.least_squares(np.array([[True], [False]]), [1.0, 2.0])
    assert flags.x.tolist() == [[1.0], [0.0]]
    assert problems.least_squares(X, X, intercept=np.True_).d == 2


@pytest.mark.parametrize("value", [None, "hubble", 3, problems.hubble, [FOUR]])
def test_no_problem(value):
    for call in (
        lambda: simopt.run(value, SGD),
        lambda: simopt.sweep(value, SGD),
        lambda: simopt.batch_size(value, SGD, target=1.0),
        lambda: simopt.prescribe(value, SGD),
        lambda: noise_scale.exact(value),
        lambda: noise_scale.estimate(value, small=1, big=2),
        lambda: simopt.walkthrough.text(value, SGD),
        lambda: simopt.walkthrough.worked_steps(value, SGD),
        lambda: stability.spectral_radius(value, SGD),
    ):
        named("problem", call)


def test_a_wide_table_is_read_in_linear_time(tmp_path, monkeypatch):
    """Checks of 2,000 columns touch each of them a few times: counted, for a time would depend on
    the machine.
    """
    columns = [f"c{k}" for k in range(2000)]
    frame = pd.DataFrame(np.arange(4000.0).reshape(2, 2000), columns=columns)
    frame.assign(y=[0.0, 1.0]).to_parquet(tmp_path / "wide.parquet")
    compared = 0

    class Counted(str):
        __slots__ = ()

        def __eq__(self, other):
            nonlocal compared
            compared += 1
            return str.__eq__(self, other)

        __hash__ = str.__hash__

    counted = [Counted(each) for each in columns]
    wide = problems.read_table(tmp_path / "wide.parquet", "y", features=counted, intercept=False)
    assert wide.d == 2000
    assert compared < 20 * len(columns)
