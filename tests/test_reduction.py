"""Statistics over axes, against pandas on the full table and against exact arithmetic."""

import math
import pickle
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simopt.sweeps.reduction import moments, ranks, request, selection, summaries
from simopt.sweeps.reduction.request import Reduce

FAST = settings(max_examples=60, deadline=None)
QUANTILES = (0.05, 0.5, 0.95)
UNIT = 2.0**-53  # the unit roundoff
inf = math.inf

#: Everything a double can be, with ties.
ANYTHING = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1.0, 1.0, inf, -inf, math.nan, 5e-324, -5e-324])
)

#: Squares of their differences neither overflow nor underflow.
TAME = st.one_of(
    st.floats(1e-60, 1e60), st.floats(-1e60, -1e-60), st.sampled_from([0.0, 1.0, 0.1, -0.1])
)


def tables(values, longest=40):
    """Arrays [members, groups]."""

    def table(shape):
        members, groups = shape
        column = st.lists(values, min_size=members, max_size=members)
        return st.lists(column, min_size=groups, max_size=groups).map(lambda t: np.array(t).T)

    return st.tuples(st.integers(1, longest), st.integers(1, 5)).flatmap(table)


def summary(values, quantiles=QUANTILES, name="w"):
    return summaries.summarise({name: values}, values > 1, None, quantiles)


def read_several_times(values, pieces, quantiles=QUANTILES, name="w"):
    """The second path, over pieces that travel as they would from a cluster; and its readings."""
    parts = np.array_split(values, pieces)
    state = selection.merge(
        [
            pickle.loads(pickle.dumps(selection.first({name: p}, p > 1, p < 0, quantiles)))
            for p in parts
        ]
    )
    readings = 1
    while (question := selection.ask(state, quantiles)) is not None:
        question = pickle.loads(pickle.dumps(question))
        answers = [
            pickle.loads(pickle.dumps(selection.answer({name: part}, question))) for part in parts
        ]
        state = selection.refine(state, question, answers)
        readings += 1
        assert readings <= 4
    return selection.finish(state, quantiles), readings


def grouped(values):
    """The same in pandas: a row per trajectory, grouped."""
    members, groups = values.shape
    frame = pd.DataFrame({"group": np.tile(np.arange(groups), members), "w": values.ravel()})
    return frame.groupby("group")["w"]


def same(result, expected):
    """Equal values, NaN where NaN is expected (pandas leaves the sign of a zero open)."""
    np.testing.assert_array_equal(np.asarray(result), np.asarray(expected))


def bits(columns, names):
    return {name: np.asarray(columns[name]).tobytes() for name in names}


def exact_deviation(values):
    """The standard deviation in exact arithmetic, rounded at the end."""
    parts = [Fraction(value) for value in values]
    mean = sum(parts) / len(parts)
    square = sum((part - mean) ** 2 for part in parts) / (len(parts) - 1)
    scale = 2 ** (2 * (80 + square.denominator.bit_length()))
    return Fraction(math.isqrt(int(square * scale)), math.isqrt(scale))


@FAST
@given(tables(ANYTHING))
def test_ranks_are_those_of_pandas_to_the_bit(values):
    result, groups = summary(values, (0.0, 0.05, 0.5, 0.75, 0.95, 1.0)), grouped(values)
    with np.errstate(all="ignore"):
        for quantile, name in [(0.0, "q00"), (0.05, "q05"), (0.5, "q50"), (0.75, "q75")]:
            same(result[f"w_{name}"], groups.quantile(quantile))
        same(result["w_q95"], groups.quantile(0.95))
        same(result["w_q100"], groups.quantile(1.0))
    same(result["w_count"], groups.count())
    same(result["w_min"], groups.min())
    same(result["w_max"], groups.max())
    same(result["trajectories"], groups.size())


@FAST
@given(tables(ANYTHING))
def test_shares_are_those_of_pandas(values):
    diverged, reached = values > 1, values < 0
    result = summaries.summarise({}, diverged, reached, QUANTILES)
    same(result["diverged"], grouped(diverged).mean())
    same(result["reached"], grouped(reached).mean())
    assert np.isnan(summaries.summarise({}, diverged, None, QUANTILES)["reached"]).all()


@FAST
@given(tables(ANYTHING), st.integers(1, 7))
def test_several_readings_give_the_bits_of_one(values, pieces):
    several, _ = read_several_times(values, min(pieces, len(values)))
    once = summaries.summarise({"w": values}, values > 1, values < 0, QUANTILES)
    assert list(several) == list(once)
    rounded = ("w_mean", "w_std")
    names = [name for name in once if name not in rounded]
    assert bits(several, names) == bits(once, names)


@FAST
@given(tables(TAME), st.integers(1, 7))
def test_mean_and_deviation_meet_exact_arithmetic(values, pieces):
    assume(len(values) > 1)
    several, _ = read_several_times(values, min(pieces, len(values)))
    for result in (summary(values), several):
        for column, mean, deviation in zip(
            values.T, result["w_mean"], result["w_std"], strict=True
        ):
            exact = sum(map(Fraction, column)) / len(column)
            slack = len(column) ** 2 * UNIT**2 * np.abs(column).mean()
            assert abs(Fraction(mean) - exact) <= np.spacing(abs(mean)) + slack
            exact = exact_deviation(column)
            assert abs(Fraction(deviation) - exact) <= 5 * np.spacing(deviation)


@FAST
@given(tables(TAME))
def test_mean_and_deviation_meet_pandas(values):
    """As near as pandas' own error lets: 2 u of a mean; n u kappa of a deviation."""
    result, groups = summary(values), grouped(values)
    sizes = np.abs(values).mean(axis=0)
    assert (np.abs(result["w_mean"] - groups.mean()) <= 4 * UNIT * sizes).all()
    kappa = np.sqrt((values**2).sum(axis=0))
    if len(values) > 1:
        assert (np.abs(result["w_std"] - groups.std()) <= 4 * len(values) * UNIT * kappa).all()


@pytest.mark.parametrize("values", [[inf, 1.0, 2.0], [-inf, inf], [inf, inf], [1e308, 1.5e308]])
def test_infinity_is_what_it_is_in_pandas(values):
    values = np.array(values)[:, None]
    for result in (summary(values), read_several_times(values, 2)[0]):
        with np.errstate(all="ignore"):
            same(result["w_mean"], grouped(values).mean())
            same(result["w_std"], grouped(values).std())


def test_nothing_and_one_value():
    values = np.array([[math.nan, math.nan], [math.nan, 3.0]])
    for result in (summary(values), read_several_times(values, 2)[0]):
        assert result["w_count"].tolist() == [0, 1]
        same(result["w_std"], [math.nan, math.nan])
        for name in ("mean", "min", "q05", "q50", "q95", "max"):
            same(result[f"w_{name}"], [math.nan, 3.0])


def losses(members, groups, seed=0):
    """As sweeps end: spread over decades, many exact zeros, some diverged, a few infinite."""
    rng = np.random.default_rng(seed)
    values = 10 ** rng.uniform(-12, 2, (members, groups))
    values[rng.uniform(size=values.shape) < 0.3] = 0.0
    diverged = rng.uniform(size=values.shape) < 0.1
    values[diverged] = 10 ** rng.uniform(8, 9, diverged.sum())
    values[rng.uniform(size=values.shape) < 1e-4] = inf
    return values


@pytest.mark.parametrize("shape", [(9_000, 33), (700, 150), (3, 70_000), (70_001, 1), (70_001, 3)])
def test_every_shape_of_slabs(shape):
    values = losses(*shape)
    values[::7, :: shape[1] // 3 + 1] = math.nan
    result, groups = summary(values), grouped(values)
    for quantile, name in zip(QUANTILES, ("q05", "q50", "q95"), strict=True):
        same(result[f"w_{name}"], groups.quantile(quantile))
    same(result["w_count"], groups.count())
    same(result["w_max"], groups.max())
    finite = np.where(np.isfinite(values), values, math.nan)
    mean = summary(finite)["w_mean"]
    few = [0, shape[1] // 2, shape[1] - 1]
    expected = [math.fsum(c[c == c]) / (c == c).sum() for c in finite.T[few]]
    assert (np.abs(mean[few] - expected) <= 2 * np.spacing(expected)).all()


def nested():
    """Doubles about one, most of them near it, most of those nearer, and so on to the last bits."""
    rng = np.random.default_rng(1)
    middle = np.float64(1.02).view(np.int64) >> 44 << 44 | 1 << 43 | 1 << 23 | 1 << 3
    near = [middle + rng.integers(-(1 << bits), 1 << bits, 400) for bits in (42, 22, 3)]
    return np.concatenate(near).view(np.float64)


def test_at_most_four_readings(monkeypatch):
    """A bin of many values, in it a bin of many values, in it another: too many to fetch."""
    monkeypatch.setattr(selection, "FEW", 10)
    values = np.random.default_rng(2).permuted(np.stack([nested(), -nested()], axis=1), axis=0)
    several, readings = read_several_times(values, 3)
    assert readings == 4
    once = summary(values)
    names = [f"w_{kind}" for kind in ("min", "q05", "q50", "q95", "max")]
    assert bits(several, names) == bits(once, names)


def test_how_often_ties_are_read():
    """A bin with one value in it, however often, needs no second reading, nor do a bin's ends."""
    assert read_several_times(np.full((5_000, 1), 0.1), 3)[1] == 1
    assert read_several_times(1 + np.arange(2.0)[:, None] * 2**-40, 1)[1] == 1
    assert read_several_times(1 + np.arange(3.0)[:, None] * 2**-40, 1)[1] == 2
    assert read_several_times(losses(100_000, 1), 3)[1] == 2


def test_finishing_too_early_is_refused():
    values = losses(100_000, 1)
    state = selection.first({"w": values}, values > 1, None, QUANTILES)
    with pytest.raises(RuntimeError, match="quantile 0.5: its bin is still to be read"):
        selection.finish(state, QUANTILES)


def test_merging_in_steps_gives_the_same():
    pieces = [{"w": losses(300, 4, seed)} for seed in range(6)]
    parts = [selection.first(p, p["w"] > 1, p["w"] < 0, QUANTILES) for p in pieces]
    at_once = selection.merge(parts)
    state = parts[0]
    for part in parts[1:]:
        state = selection.merge([state, part])
    for one, other in zip(at_once.bins["w"], state.bins["w"], strict=True):
        same(one.low, other.low)
        same(one.high, other.high)
        same(one.count, other.count)
    same(at_once.diverged, state.diverged)
    same(at_once.moments["w"][moments.COUNT], state.moments["w"][moments.COUNT])


def test_sums_do_not_forget_small_terms():
    """A million tenths after a large number: a plain sum loses every one of them."""
    values = np.full((1_000_001, 1), 0.1)
    values[0] = 1e17
    expected = (Fraction(1e17) + 1_000_000 * Fraction(0.1)) / 1_000_001
    assert float(summary(values)["w_mean"][0]) == float(expected)
    values[:] = 0.1
    assert summary(values)["w_mean"][0] == 0.1
    assert summary(values)["w_std"][0] == 0.0


@pytest.mark.parametrize(
    ("values", "bits_after_point"),
    [
        (np.where(np.random.default_rng(3).random(100_000) < 0.5, 0.1, 0.7), 56),
        (1e8 + np.random.default_rng(3).integers(-3, 4, 40_000) * 2.0**-20, 20),
    ],
    ids=["roundings that all go one way", "a small spread about a large mean"],
)
def test_errors_do_not_grow(values, bits_after_point):
    """Against whole numbers, which Python adds exactly."""
    whole = [int(value) for value in values * 2.0**bits_after_point]
    n, total = len(whole), sum(whole)
    mean = Fraction(total, n << bits_after_point)
    squares = n * sum(each * each for each in whole) - total * total
    deviation = math.isqrt((squares << 120) // (n * (n - 1))) / 2.0 ** (60 + bits_after_point)
    column = values[:, None]
    for result in (
        summary(column),
        summary(np.repeat(column, 17, axis=1)),
        read_several_times(column, 9)[0],
    ):
        assert abs(Fraction(result["w_mean"][0]) - mean) <= np.spacing(float(mean))
        assert (np.abs(result["w_std"] - deviation) <= 5 * np.spacing(deviation)).all()


def test_minus_zero_is_zero():
    values = np.array([[-0.0, 0.0], [-0.0, -0.0], [-0.0, 0.0]])
    for result in (summary(values), read_several_times(values, 2)[0]):
        for name in ("mean", "min", "q05", "q50", "max"):
            assert not np.signbit(result[f"w_{name}"]).any()


def test_transposing_takes_every_size():
    for members in (1, 7, 8, 9, 17):
        values = np.arange(members * 3.0).reshape(members, 3)[::-1].copy()
        same(ranks.sorted_columns(values), np.sort(values, axis=0).T)


AXES = ("optimizer", "eta", "batch_size", "seed")
RESULTS = ("updates", "loss", "steps_to_target", "w")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("seed", Reduce(("seed",))),
        (["seed", "eta"], Reduce(("seed", "eta"))),
        ({"over": "seed", "columns": ["w"], "quantiles": 0.5}, Reduce("seed", "w", (0.5,))),
        (Reduce("seed", quantiles=()), Reduce("seed", ("loss",), [])),
    ],
)
def test_what_may_be_asked(value, expected):
    assert request.check(value, AXES, RESULTS) == expected
    assert request.check(expected.spec, AXES, RESULTS) == expected
    assert pickle.loads(pickle.dumps(expected)) == expected


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("sead", "reduce over='sead': must be an axis of this sweep: 'optimizer', 'eta', "),
        ([], "reduce over=\\(\\): must be a name or a sequence of names"),
        ([3], "reduce over=\\(3,\\): must be a name or"),
        (["seed", "seed"], "reduce over=\\('seed', 'seed'\\): must be given once each"),
        (7, "reduce=7: must be the name of an axis, a sequence of names, a mapping"),
        ({"columns": "loss"}, "reduce={'columns': 'loss'}: must be a mapping with the key 'over'"),
        ({"over": "seed", "colums": "w"}, "reduce key='colums': must be one of 'over', 'columns'"),
        ({"over": 3}, "reduce over=3: must be a name or a sequence of names"),
        ({"over": "seed", "columns": "status"}, "reduce columns='status': must be a result column"),
        ({"over": "seed", "quantiles": [2]}, "reduce quantiles=2: must be a number in \\[0, 1\\]"),
        ({"over": "seed", "quantiles": "0.5"}, "reduce quantiles='0.5': must be a number in"),
        ({"over": "seed", "quantiles": [0.5, 0.5]}, "reduce quantiles=\\(0.5, 0.5\\): must be giv"),
    ],
)
def test_what_may_not_be_asked(value, message):
    with pytest.raises(ValueError, match="^" + message):
        request.check(value, AXES, RESULTS)


def test_names_of_columns():
    quantiles = (0.0, -0.0 + 0.001, 0.025, 0.07, 0.1, 0.29, 0.999, 1.0)
    names = [request.quantile_name(each) for each in quantiles]
    assert names == ["q00", "q00.1", "q02.5", "q07", "q10", "q29", "q99.9", "q100"]
    reduce = Reduce("seed", ["loss", "w"], [0.5])
    made = summaries.summarise(
        {name: np.ones((3, 2)) for name in reduce.columns},
        np.zeros((3, 2), bool),
        None,
        reduce.quantiles,
    )
    assert request.columns(reduce) == tuple(made)
    assert "loss_count" not in made
    assert "w_count" in made
