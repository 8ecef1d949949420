"""What is measured on curves: against plain Python, and what must not change it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from simopt.curves import validation_features
from simopt.curves.diagnosis import batch, diagnose_many
from simopt.curves.features import FEATURES, measure
from simopt.curves.validation_features import VALIDATION, lowest_of, measure_validation

NAN, INF = float("nan"), float("inf")


def measured(curve):
    out = np.empty((1, len(FEATURES)))
    curve = np.asarray(curve, np.float64)
    with np.errstate(all="ignore"):
        measure(curve[None], np.array([len(curve)]), out)
    return dict(zip(FEATURES, out[0], strict=True))


def pieces(y, most=64):
    count = min(len(y), most)
    return [np.mean(y[j * len(y) // count : (j + 1) * len(y) // count]) for j in range(count)]


def between(shape, position):
    return float(np.interp(position * (len(shape) - 1), np.arange(len(shape)), shape))


def first_below(shape, level):
    return next(j for j, value in enumerate(shape) if value <= level)


def plateau(shape):
    """Of all stretches within 0.05 that a loss of 0.08 follows in half their time, the longest."""
    best = (0, 0, 0.0)
    points = len(shape)
    for a in range(points):
        for b in range(a + 1, points):
            if max(shape[a : b + 1]) - min(shape[a : b + 1]) > 0.05:
                break
            if b + 1 < points and (
                max(shape[a : b + 2]) - min(shape[a : b + 2]) <= 0.05 or b - a <= best[0]
            ):
                continue
            behind = shape[b + 1 : b + 1 + max(1, (b - a) // 2)]
            drop = min(shape[a : b + 1]) - min(behind, default=INF)
            if drop >= 0.08 and b - a > best[0]:
                best = (b - a, a, drop)
    return best[0] / (points - 1), best[1] / (points - 1), best[2]


def oracle(curve):
    """Every feature of a curve of finite values and NaN between them, by its definition."""
    y = [x for x in curve if not math.isnan(x)]
    low, high = min(y), max(y)
    y = np.array([(x - low) / (high - low) for x in y])
    k = len(y)
    steps = np.diff(y)
    turned = steps[1:] * steps[:-1] < 0
    lowest = int(np.argmin(y))
    rises_above = y - np.minimum.accumulate(y)
    shape = pieces(y)
    base, fall = min(shape), shape[0] - min(shape)
    quarters = [between(shape, q / 4) - between(shape, (q + 1) / 4) for q in range(4)]
    late = y[k // 2 :]
    ups = np.diff(late).clip(min=0)
    tail = y[k * 2 // 3 :]
    slope, level = np.polyfit(np.arange(len(tail)), tail, 1)
    beside = tail - slope * np.arange(len(tail)) - level
    spread = math.sqrt((beside**2).sum() / (len(tail) - 2))
    error = spread / math.sqrt(((np.arange(len(tail)) - (len(tail) - 1) / 2) ** 2).sum())
    away = [j for j, value in enumerate(shape) if abs(value - shape[-1]) > 0.05]
    flat, flat_at, drop = plateau(shape)
    return {
        "values": k,
        "missing": 1 - k / len(curve),
        "broken_at": -1,
        "fall": y[0],
        "lowest_at": lowest / (k - 1),
        "end": y[-1 - k // 20 :].mean(),
        "growth": y[k - (k + 3) // 4 :].max() / y[: (k + 1) // 2].max(),
        "rebound": rises_above.max(),
        "rebound_at": np.argmax(rises_above) / (k - 1),
        "rises": (steps > 1e-9).mean(),
        "turns": (turned & (np.minimum(abs(steps[1:]), abs(steps[:-1])) > 1e-9)).mean(),
        "jump": steps.max(initial=0),
        "jump_at": (np.argmax(steps) + 1) / (k - 1) if steps.max() > 0 else 0,
        "noise": np.median(np.abs(np.diff(y, 2))) / (0.6745 * math.sqrt(6)),
        "half_at": first_below(shape, base + 0.5 * fall) / (len(shape) - 1),
        "ninety_at": first_below(shape, base + 0.1 * fall) / (len(shape) - 1),
        "settled_at": min(max(away, default=-1) + 1, len(shape) - 1) / (len(shape) - 1),
        "quarter_1": quarters[0] / fall if fall else NAN,
        "quarter_2": quarters[1] / fall if fall else NAN,
        "quarter_3": quarters[2] / fall if fall else NAN,
        "quarter_4": quarters[3] / fall if fall else NAN,
        "plateau": flat,
        "plateau_at": flat_at,
        "drop": drop,
        "late_level": late.mean(),
        "late_drift": (late[: len(late) // 2].mean() - late[len(late) // 2 :].mean()) / late.mean(),
        "late_swing": np.ptp(late),
        "late_ups": ups.sum() / np.ptp(late) if np.ptp(late) else 0,
        "late_rises": (ups > 1e-9).sum() / max(1, k - 1 - k // 2),
        "tail_fall": -slope * (len(tail) - 1),
        "tail_t": -slope / error,
        "tail_spread": spread,
        "tail_echo": (beside[1:] * beside[:-1]).sum() / (beside**2).sum(),
    }


def wave(length, seed):
    """Something like a loss: it falls, swings, jumps, and has noise."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, length)
    curve = np.exp(-rng.uniform(0.5, 20) * t) + rng.uniform(0, 0.3) * np.cos(40 * t) * t
    curve += (t < rng.uniform(0, 1)) * rng.uniform(0, 2)
    return curve + rng.choice([0.001, 0.1]) * rng.normal(size=length)


@pytest.mark.parametrize("length", [9, 10, 11, 37, 64, 65, 100, 127, 128, 1000])
@pytest.mark.parametrize("seed", range(4))
def test_features_are_what_plain_python_finds(length, seed):
    curve = wave(length, 100 * length + seed)
    if seed % 2:
        gone = np.random.default_rng(seed).choice(np.arange(1, length - 1), length // 8)
        curve[gone] = NAN
    expected, found = oracle(curve.tolist()), measured(curve)
    assert list(expected) == list(FEATURES)
    for name in FEATURES:
        assert found[name] == pytest.approx(expected[name], rel=1e-9, abs=1e-12, nan_ok=True), name


def test_features_of_a_curve_worked_by_hand():
    f = measured([8.0, 4.0, 2.0, 3.0, 2.0, 0.0, 1.0, 0.0])
    assert f["fall"] == 1.0
    assert f["lowest_at"] == 5 / 7
    assert f["rises"] == 2 / 7
    assert f["turns"] == 4 / 6
    assert f["jump"] == 1 / 8
    assert f["late_level"] == 3 / 4 / 8
    assert f["late_ups"] == 1 / 2
    assert f["growth"] == 1 / 8


@pytest.mark.parametrize(
    ("curve", "values", "missing", "broken"),
    [
        ([3, 2, 1], 3, 0, -1),
        ([3, NAN, 1], 2, 1 / 3, -1),
        ([3, 2, NAN], 2, 0, 2),
        ([3, NAN, 2, NAN, NAN], 2, 1 / 3, 3),
        ([3, INF, 2, 1], 1, 0, 1),
        ([3, 2, NAN, INF], 2, 1 / 3, 3),
        ([-INF, 2], 0, 0, 0),
        ([NAN, NAN], 0, 0, 0),
        ([], 0, 0, -1),
    ],
)
def test_where_a_curve_breaks_and_what_is_missing(curve, values, missing, broken):
    f = measured(curve)
    assert (f["values"], f["broken_at"]) == (values, broken)
    assert f["missing"] == pytest.approx(missing)


def test_a_curve_of_one_value_has_no_features():
    for curve in ([2.0], [2.0, 2.0, 2.0]):
        f = measured(curve)
        assert f["values"] == len(curve)
        assert all(math.isnan(f[name]) for name in FEATURES[3:])


def held_out(loss, validation):
    out = np.empty((1, len(VALIDATION)))
    loss, validation = (np.asarray(each, np.float64)[None] for each in (loss, validation))
    with np.errstate(all="ignore"):
        measure_validation(loss, validation, np.array([loss.shape[1]]), out)
    return dict(zip(VALIDATION, out[0], strict=True))


def test_validation_worked_by_hand():
    #: Falls by 8 until the fourth of nine values, then rises; the last three are 3, 4, 5 above it.
    validation = [10, 6, 4, 2, 3, 4, 5, 6, 7]
    f = held_out([9, 5, 3, 2, 1.5, 1.4, 1.2, 1.1, 1.0], validation)
    assert f["validation_fall"] == 1.0
    assert f["validation_lowest_at"] == 3 / 8
    assert f["validation_rise"] == pytest.approx((3 + 4 + 5) / 3 / 8)
    assert f["training_after"] == pytest.approx((2 - 1.0) / (9 - 1.0))
    #: Most second differences are 0, as of few digits: the noise is from the third ones' mean.
    assert np.median(np.abs(np.diff(validation, 2))) == 0
    noise = np.mean(np.abs(np.diff(np.array(validation) / 8, 3))) / math.sqrt(20 * 2 / math.pi)
    #: The lowest of nine normal values lies 1.49 deviations below their mean, or nearly.
    error = noise * math.sqrt(1 / 3 + 1 + (0.85 * math.log(9) ** 0.72) ** 2)
    assert f["validation_noise"] == pytest.approx(error / ((3 + 4 + 5) / 3 / 8))
    #: Of four values and of five.
    trend = ((8 + 4 + 2 + 0) / 4 - (1 + 2 + 3 + 4 + 5) / 5) / 8
    assert f["validation_trend"] == pytest.approx(trend / (noise * math.sqrt(4 / 9)))


@pytest.mark.parametrize("count", [1, 2, 5, 9, 20, 64, 100])
def test_how_low_the_lowest_of_many_is(count):
    drawn = np.random.default_rng(count).normal(size=(20_000, count)).min(axis=1)
    assert lowest_of(count) == pytest.approx(-drawn.mean(), abs=0.1)


def test_a_validation_loss_that_does_not_move_has_no_shape():
    f = held_out(np.exp(-np.arange(9.0)), np.full(9, 0.69))
    assert (f["validation_net"], f["validation_scatter"], f["validation_scale"]) == (0.0, 0.0, 0.0)
    assert np.isnan(f["validation_rise"])


def test_lucky_values_of_a_long_curve_are_looked_for_a_few_times(monkeypatch):
    """Each is looked for in all values: for one in twenty of them all the time was its square."""
    looked, original = [], validation_features.noise_of
    monkeypatch.setattr(validation_features, "MANY", 200)
    monkeypatch.setattr(
        validation_features, "noise_of", lambda *given: looked.append(0) or original(*given)
    )
    rng = np.random.default_rng(0)
    y = 1.0 + 0.001 * rng.normal(size=1000)
    y[10:-10:10] -= rng.uniform(0.1, 0.3, 98)
    before = y.copy()
    validation_features.without_luck(y, np.empty((3, len(y))))
    assert len(looked) == np.count_nonzero(y != before) == 11


def test_a_validation_loss_that_falls_does_not_rise():
    f = held_out(np.exp(-np.arange(40.0)), np.exp(-np.arange(40) / 20))
    assert f["validation_rise"] == 0.0


curves = st.lists(
    st.one_of(st.floats(-1e6, 1e6), st.integers(-3, 3).map(float)), min_size=2, max_size=200
)


@settings(max_examples=150, deadline=None)
@given(curves, st.integers(-30, 30), st.integers(-1000, 1000))
@example([-1.0, 1.0, 0.0, 0.0, 0.0, 0.0], 0, 1)
def test_scale_and_offset_change_nothing(curve, power, offset):
    # Whole numbers and powers of two, so that the very numbers are the same, and not almost.
    curve = [float(round(value)) for value in curve]
    other = [2.0**power * (value + offset) for value in curve]
    scaled = [2.0**power * value for value in curve]
    one, two, three = diagnose_many([curve, other, scaled]).itertuples(index=False)
    assert one == pytest.approx(three, nan_ok=True)
    if not np.isnan([one.noise_share, two.noise_share]).all():
        # But for one measure, and what is judged by it: noise beside a loss that is above zero,
        # but for a first value that stands apart and is left out.
        level = {"noise_share", "symptom", "sure"}
        one, two = ({k: v for k, v in x._asdict().items() if k not in level} for x in (one, two))
    assert one == pytest.approx(two, nan_ok=True)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.floats(1e-6, 1e6), st.floats(-1e6, 1e6))
def test_scale_and_offset_change_no_more_than_rounding_does(seed, scale, offset):
    """A loss at rest whose last digits move, or are swallowed by what is on top of it."""
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 1, int(rng.integers(20, 200)))
    curve = np.exp(-60 * t) + 1e-14 * rng.normal(size=len(t))
    one, two = measured(curve), measured(scale * (curve + offset))
    for name in ("rises", "turns", "late_rises"):
        assert one[name] == two[name] == 0, name
    table = np.stack([curve, scale * (curve + offset)])
    assert diagnose_many(table)["symptom"].tolist() == ["plateaus early"] * 2


def test_noise_as_large_as_the_loss_is_no_chance_level():
    """What stands still is noise beside the loss; what swings by more is a rate too high."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(20, 60))
    still = diagnose_many(2.3 * (1 + 0.02 * noise))["symptom"]
    assert (still == "does not move").mean() >= 0.9
    swings = diagnose_many(2.3 * np.exp(0.8 * noise))["symptom"]
    assert not (swings == "does not move").any()
    # Where zero lies is not known of a loss that goes below it.
    unknown = diagnose_many(noise)["symptom"]
    assert (unknown == "does not move").mean() >= 0.9


@pytest.mark.parametrize(("at", "other"), [(150, 0.5), (20, 0.5), (None, 0.0)])
def test_of_two_rises_the_smaller_is_measured_beside_the_larger(at, other):
    """Two stairs, one half as high; the level of each lasts for longer than a window."""
    curve = np.concatenate([np.zeros(100), np.ones(100)])
    if at is not None:
        curve[at:] += 0.5
    found = diagnose_many(curve[None], threads=1).iloc[0]
    assert found["shift"] == pytest.approx(1.0 if at is None else 1 / 1.5)
    assert found["shift_other"] == pytest.approx(other)


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 3.0])
def test_how_much_the_noise_has_calmed_down(factor):
    noise = np.random.default_rng(0).normal(size=(1, 4000))
    noise[:, 1000:] *= np.linspace(1, factor, 3)[:, None].repeat(1000, 1).reshape(1, -1)
    found = diagnose_many(noise - np.linspace(0, 50, 4000), threads=1).iloc[0]
    assert found["calms"] == pytest.approx(factor, rel=0.1)
    short = diagnose_many(noise[:, :40], threads=1).iloc[0]
    assert short["calms"] == 1.0


def test_a_step_counts_from_a_billionth_of_the_range_on():
    falls = np.append(np.exp(-np.arange(20.0)), np.zeros(20))
    trembles = (np.arange(40) >= 20) * (-1.0) ** np.arange(40)
    for size, counted in ((0.4e-9, False), (0.6e-9, True)):
        f = measured(falls + size * trembles)
        assert (f["late_rises"] > 0) == (f["rises"] > 0) == (f["turns"] > 0) == counted


@settings(max_examples=150, deadline=None)
@given(curves, st.lists(st.integers(1, 198), max_size=30))
def test_missing_values_leave_no_gap(curve, places):
    # NaN between two values: what is measured is that of the curve without them.
    holed = np.insert(np.array(curve), [p for p in places if p < len(curve)], NAN)
    assume(len(holed) > 0)
    one, two = measured(curve), measured(holed)
    for name in FEATURES:
        if name != "missing":
            assert one[name] == pytest.approx(two[name], nan_ok=True), name
    assert two["missing"] == pytest.approx(1 - len(curve) / len(holed))


numbers = st.floats(allow_nan=True, allow_infinity=True, width=64)


@settings(max_examples=200, deadline=None)
@given(st.lists(numbers, max_size=120), st.lists(numbers, max_size=120))
def test_whatever_the_numbers_there_is_an_answer(loss, validation):
    length = min(len(loss), len(validation))
    frame = diagnose_many([loss[:length]], [validation[:length]])
    assert frame["symptom"].notna().all()
    assert frame["sure"].between(0, 1).all()


def test_the_longest_and_the_shortest():
    t = np.linspace(0, 1, 1_000_000)
    rng = np.random.default_rng(1)
    frame = diagnose_many([np.exp(-6 * t) + 1e-4 * rng.normal(size=len(t)), 1 - t / 2])
    assert frame["symptom"].tolist() == ["healthy", "decreases very slowly"]
    for length in range(5):
        assert diagnose_many([np.arange(length, 0, -1.0)])["symptom"][0] == "can't tell"


def test_what_threads_and_company_do_not_change():
    table = np.stack([wave(300, seed) for seed in range(40)])
    lengths = np.arange(261, 301)
    together = diagnose_many(table, lengths=lengths, threads=2)
    alone = [
        diagnose_many(table[i : i + 1, :length], threads=1) for i, length in enumerate(lengths)
    ]
    for i, row in enumerate(alone):
        assert together.iloc[i].to_dict() == pytest.approx(row.iloc[0].to_dict(), nan_ok=True)


def test_single_precision_and_whole_numbers_are_curves_too():
    steps = np.array([[64, 32, 16, 8, 4, 2, 1, 0]])
    frames = [diagnose_many(steps.astype(kind)) for kind in (np.int32, np.float32, np.float64)]
    for frame in frames[:2]:
        assert frame.equals(frames[2])


def test_no_curves_are_an_empty_table():
    frame = diagnose_many(np.empty((0, 10)))
    assert len(frame) == 0
    assert list(frame.columns[:2]) == ["symptom", "sure"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0],), "losses=.*must be a table of two dimensions"),
        (([["a"]],), "losses=.*must be a table of numbers"),
        (([[1.0], [1.0, 2.0]],), "losses=.*must be a table of numbers"),
        ((np.ones((2, 3)), np.ones((2, 4))), r"validation=\(2, 4\): must be of the shape"),
    ],
)
def test_tables_that_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        diagnose_many(*arguments)


@pytest.mark.parametrize(
    "lengths", [[3], [3, 4], [-1, 2], [1.0, 2.0], [[1, 2]]], ids=lambda lengths: str(lengths)
)
def test_lengths_that_are_refused(lengths):
    with pytest.raises(ValueError, match="lengths=.*must be .*whole numbers"):
        diagnose_many(np.ones((2, 3)), lengths=lengths)


def test_threads_that_are_refused():
    with pytest.raises(ValueError, match="threads=0: must be"):
        diagnose_many(np.ones((2, 3)), threads=0)


def curves(count, length, rng):
    """Curves of every kind that a measure treats in its own way."""
    t = np.linspace(0, 1, length)
    table = np.exp(-rng.uniform(0, 20, (count, 1)) * t)
    table += rng.choice([0.0, 0.3], (count, 1)) * rng.normal(size=table.shape)
    at = rng.integers(0, length)
    table[0::9] = np.round(table[0::9], 1)
    table[1::9] = np.cumsum(rng.normal(size=table[1::9].shape), axis=1)
    table[2::9, at] += rng.uniform(0, 50)
    table[3::9][rng.random(table[3::9].shape) < 0.2] = NAN
    table[4::9] *= np.exp(rng.uniform(0, 700) * t)
    table[5::9, at:] = rng.choice([NAN, INF, 0.0, 1.0], (len(table[5::9]), 1))
    table[6::9] += np.sin(rng.uniform(0, 100) * t)
    table[7::9] = rng.integers(0, 3, table[7::9].shape)
    table[8::9] = np.sort(table[8::9], axis=1)
    return table * 10.0 ** rng.choice([-300, 0, 0, 0, 300], (count, 1))


def test_plain_python_and_compiled_code_give_the_same_bits(monkeypatch):
    rng = np.random.default_rng(0)
    for length in (1, 2, 3, 5, 8, 13, 40, 100, 400):
        count = 90 if length < 100 else 18
        with np.errstate(all="ignore"):
            loss, validation = curves(count, length, rng), curves(count, length, rng)
        ends = np.where(np.arange(count) % 4, length, rng.integers(0, length + 1, count))
        results = []
        for few in (10**9, -1):
            monkeypatch.setattr(batch, "FEW", few)
            results.append(batch.measured(loss, validation, ends, 1))
        (plain, *judged), (compiled, *judged_too) = results
        for name, column in plain.items():
            np.testing.assert_array_equal(column, compiled[name], err_msg=name)
            there = ~np.isnan(column)
            signs = np.signbit(column[there]), np.signbit(compiled[name][there])
            np.testing.assert_array_equal(*signs, err_msg=name)
        np.testing.assert_array_equal(judged, judged_too)


def test_the_first_curves_of_a_process_need_no_numba_and_many_do(monkeypatch):
    monkeypatch.setattr(batch, "_read", 0)
    monkeypatch.setattr(batch, "_compiled", lambda: ("compiled",))
    assert batch._measures(batch.FEW) is batch.MEASURES
    assert batch._measures(1) == ("compiled",)
