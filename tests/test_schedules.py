"""Schedules against their published formulas in 40 digits, and what holds for all of them."""

import math
import pickle
from bisect import bisect_right
from decimal import Decimal, localcontext
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simopt import schedules
from simopt.schedules import (
    adaptive,
    chained,
    constant,
    cosine,
    cosine_restarts,
    cyclic,
    exponential,
    factors,
    inverse_scaling,
    inverse_sqrt,
    inverse_time,
    linear,
    linear_warmup,
    multi_step,
    noam,
    one_cycle,
    optimal,
    plateau,
    polynomial,
    sequential,
    slanted_triangular,
    step,
    warmup_stable_decay,
)

FAST = settings(max_examples=40, deadline=None)

# --- the oracle: each formula as it is published, of one count k, in 40 digits -------------------

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459")


def cosine_of(x):
    """By its series, for 0 <= x <= a few pi."""
    term = total = Decimal(1)
    n = 0
    while abs(term) > Decimal("1e-45"):
        n += 2
        term *= -x * x / (n * (n - 1))
        total += term
    return total


def half_cosine(share):
    return (1 + cosine_of(PI * share)) / 2


def annealed(eta, fraction, floor, floor_factor):
    end = floor + floor_factor * eta
    return end + (eta - end) * fraction


def oracle_constant(k, eta, factor, total):
    return eta * factor if k < total else eta


def oracle_linear_warmup(k, eta, start_factor, total, end_factor):
    return eta * (start_factor + (end_factor - start_factor) * min(k, total) / total)


def oracle_step(k, eta, every, gamma):
    return eta * gamma ** (k // every) if k >= every else eta


def oracle_multi_step(k, eta, milestones, gamma):
    for _ in range(bisect_right(milestones, k)):
        eta *= gamma
    return eta


def oracle_exponential(k, eta, gamma, every, floor_factor):
    power = gamma ** (Decimal(k) / every) if k > 0 else Decimal(1)
    return eta * max(power, floor_factor)


def oracle_linear(k, eta, total, floor, floor_factor):
    return annealed(eta, 1 - Decimal(min(k, total)) / total, floor, floor_factor)


def oracle_polynomial(k, eta, total, power, floor, floor_factor, cycle):
    if cycle:
        total *= max(1, math.ceil(Decimal(k) / total))
    left = 1 - Decimal(min(k, total)) / total
    return annealed(eta, left**power if left else left, floor, floor_factor)


def oracle_inverse_sqrt(k, eta, warmup):
    t, warmup = Decimal(k + 1), max(warmup, 1)
    return eta * min(1 / t.sqrt(), t / (warmup * Decimal(warmup).sqrt()))


def oracle_inverse_scaling(k, eta, power):
    return eta / Decimal(k + 1) ** power


def oracle_inverse_time(k, eta, decay_rate, every, power, staircase):
    time = Decimal(k // every) if staircase else Decimal(k) / every
    return eta / (1 + decay_rate * time) ** power


def oracle_noam(k, eta, d_model, warmup):
    return oracle_inverse_sqrt(k, eta, warmup) / Decimal(d_model).sqrt()


def oracle_optimal(k, eta, alpha):
    # The heuristic as scikit-learn writes it: the first rate is the typical weight.
    weight = (1 / alpha.sqrt()).sqrt()
    return 1 / (alpha * (1 / (weight * alpha) + k))


def oracle_cyclic(k, eta, up, down, mode, gamma, floor, floor_factor):
    # As PyTorch writes it, by the share of a cycle.
    cycle, since = divmod(k, up + down)
    x, ratio = Decimal(since) / (up + down), Decimal(up) / (up + down)
    height = x / ratio if since <= up else (x - 1) / (ratio - 1)
    if mode == "triangular2":
        height /= 2**cycle
    elif mode == "exp_range" and k:
        height *= gamma**k
    return annealed(eta, height, floor, floor_factor)


def oracle_slanted_triangular(k, eta, total, peak_at, floor, floor_factor):
    cut = int(total * peak_at)
    if k < cut:
        p = Decimal(k) / cut
    elif not cut:
        p = 1 - Decimal(k) / total
    else:
        p = 1 - (k - cut) / (cut * (1 / peak_at - 1)) if peak_at < 1 else Decimal(k == cut)
    return annealed(eta, max(p, Decimal(0)), floor, floor_factor)


def oracle_warmup_stable_decay(
    k, eta, warmup, decay, total, start_factor, floor, floor_factor, shape
):
    # As transformers writes it, by the length of the stable part.
    stable = max(0, total - warmup - decay)
    if k < warmup:
        return eta * (start_factor + (1 - start_factor) * Decimal(k) / warmup)
    if k < warmup + stable:
        return eta
    p = min(Decimal(k - warmup - stable) / decay, Decimal(1))
    fall = {"linear": 1 - p, "cosine": half_cosine(p), "1-sqrt": 1 - p.sqrt()}[shape]
    return annealed(eta, fall if p < 1 else Decimal(0), floor, floor_factor)


def oracle_cosine(k, eta, total, floor, floor_factor, power, convention):
    if convention == "optax":
        k = min(k, total)
    share = half_cosine(Decimal(k % (2 * total)) / total)
    return annealed(eta, share**power if share > Decimal("1e-35") else 0, floor, floor_factor)


def oracle_cosine_restarts(k, eta, first, growth, gamma, floor, floor_factor):
    length, peak = first, Decimal(1)
    while k >= length:
        k -= length
        length *= growth
        peak *= Decimal(gamma)
    return annealed(eta, peak * half_cosine(Decimal(k) / length), floor, floor_factor)


def oracle_one_cycle(
    k, eta, total, peak_at, start_factor, end_factor, anneal, three_phase, convention
):
    # pct_start is a float, and float(pct_start * total_steps) - 1 is what PyTorch computes.
    share, twice = float(peak_at) * total, 2 * float(peak_at) * total
    start, end = start_factor * eta, end_factor * eta
    if convention == "torch":
        corners = [(0, start), (share - 1, eta), (twice - 2, start), (total - 1, end)]
    else:
        corners = [(0, start), (int(share), eta), (int(twice), start), (total, end)]
    if not three_phase:
        del corners[2]
    for (begin, a), (stop, b) in pairwise(corners):
        if k <= stop:
            begin, stop = Decimal(begin), Decimal(stop)
            over = (k - begin) / (stop - begin) if stop > begin else Decimal(1)
            return b + (a - b) * (half_cosine(over) if anneal == "cosine" else 1 - over)
    return end


def oracle_factors(k, eta, values):
    return eta * values[min(k, len(values) - 1)]


COUNTS = st.integers(1, 60)
SHARES = st.floats(0, 1)
FLOORS = {"floor": st.floats(0, 0.1), "floor_factor": SHARES}
POWERS = st.floats(0.25, 4)
ASCENDING = st.lists(st.integers(1, 60), min_size=1, max_size=5, unique=True).map(sorted)
DRAWN = {
    constant: {"factor": SHARES, "total": COUNTS},
    linear_warmup: {"start_factor": SHARES, "total": COUNTS, "end_factor": SHARES},
    step: {"every": COUNTS, "gamma": SHARES},
    multi_step: {"milestones": ASCENDING, "gamma": SHARES},
    exponential: {"gamma": st.floats(0.01, 2), "every": COUNTS, "floor_factor": SHARES},
    linear: {"total": COUNTS, **FLOORS},
    polynomial: {"total": COUNTS, "power": POWERS, **FLOORS, "cycle": st.booleans()},
    inverse_sqrt: {"warmup": st.integers(0, 60)},
    inverse_scaling: {"power": POWERS},
    inverse_time: {
        "decay_rate": st.floats(0, 10),
        "every": COUNTS,
        "power": POWERS,
        "staircase": st.booleans(),
    },
    noam: {"d_model": COUNTS, "warmup": st.integers(0, 60)},
    optimal: {"alpha": st.floats(1e-6, 1)},
    cyclic: {
        "up": COUNTS,
        "down": COUNTS,
        "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
        "gamma": st.floats(0.5, 1),
        **FLOORS,
    },
    slanted_triangular: {
        "total": COUNTS,
        # Of these T P is exact.
        "peak_at": st.sampled_from([0.0, 0.0625, 0.125, 0.25, 0.5, 1.0]),
        **FLOORS,
    },
    warmup_stable_decay: {
        "warmup": st.integers(0, 60),
        "decay": COUNTS,
        "total": COUNTS,
        "start_factor": SHARES,
        **FLOORS,
        "shape": st.sampled_from(["cosine", "linear", "1-sqrt"]),
    },
    cosine: {
        "total": COUNTS,
        **FLOORS,
        "power": POWERS,
        "convention": st.sampled_from(["torch", "optax"]),
    },
    cosine_restarts: {
        "first": COUNTS,
        "growth": st.integers(1, 4),
        "gamma": st.floats(0.5, 1.0),
        **FLOORS,
    },
    one_cycle: {
        "total": COUNTS,
        "peak_at": st.floats(0, 0.5),
        "start_factor": SHARES,
        "end_factor": SHARES,
        "anneal": st.sampled_from(["cosine", "linear"]),
        "three_phase": st.booleans(),
        "convention": st.sampled_from(["torch", "optax"]),
    },
    factors: {"values": st.lists(SHARES, min_size=1, max_size=80)},
}

#: Of the rate itself, however small: a handful of operations, each within an ulp or two.
TOLERANCE = 1e-14


@pytest.mark.parametrize("make", DRAWN, ids=lambda make: make.__name__)
@FAST
@given(data=st.data())
def test_meets_the_published_formula(make, data):
    chosen = {name: data.draw(values, name) for name, values in DRAWN[make].items()}
    eta = data.draw(st.floats(0.1, 1))
    rates = make(**chosen).rates(eta, 130)
    oracle = globals()[f"oracle_{make.__name__}"]
    exact = {
        name: Decimal(value)
        if isinstance(value, float)
        else [Decimal(each) if isinstance(each, float) else each for each in value]
        if isinstance(value, list)
        else value
        for name, value in chosen.items()
    }
    with localcontext() as context:
        context.prec = 40
        expected = [float(oracle(k, Decimal(eta), **exact)) for k in range(130)]
    np.testing.assert_allclose(rates, expected, rtol=TOLERANCE, atol=1e-30)


def test_every_schedule_has_an_oracle():
    assert {*DRAWN, sequential, chained, plateau, adaptive} == set(schedules.SCHEDULES.values())


# --- values worked out by hand ------------------------------------------------------------------

HAND = {
    constant(): [1, 1, 1, 1, 1, 1],
    constant(0.25, total=2): [0.25, 0.25, 1, 1, 1, 1],
    linear_warmup(0.5, total=4): [0.5, 0.625, 0.75, 0.875, 1, 1],
    linear_warmup(0.0): [0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6],
    linear_warmup(1.0, total=2, end_factor=0.5): [1, 0.75, 0.5, 0.5, 0.5, 0.5],
    step(2, gamma=0.5): [1, 1, 0.5, 0.5, 0.25, 0.25],
    multi_step([1, 5], gamma=0.5): [1, 0.5, 0.5, 0.5, 0.5, 0.25],
    multi_step([]): [1, 1, 1, 1, 1, 1],
    exponential(0.5): [1, 0.5, 0.25, 0.125, 0.0625, 0.03125],
    exponential(0.25, every=2, floor_factor=0.125): [1, 0.5, 0.25, 0.125, 0.125, 0.125],
    exponential(2.0): [1, 2, 4, 8, 16, 32],
    linear(total=4, floor_factor=0.5): [1, 0.875, 0.75, 0.625, 0.5, 0.5],
    polynomial(total=4, power=2): [1, 0.5625, 0.25, 0.0625, 0, 0],
    inverse_sqrt(): [1, 2**-0.5, 3**-0.5, 0.5, 5**-0.5, 6**-0.5],
    inverse_sqrt(warmup=4): [0.125, 0.25, 0.375, 0.5, 5**-0.5, 6**-0.5],
    polynomial(total=2, cycle=True): [1, 0.5, 0, 0.25, 0, 1 / 6],
    inverse_time(0.5): [1, 2 / 3, 1 / 2, 2 / 5, 1 / 3, 2 / 7],
    inverse_time(1, every=2, power=2, staircase=True): [1, 1, 1 / 4, 1 / 4, 1 / 9, 1 / 9],
    noam(d_model=4, warmup=4): [1 / 16, 1 / 8, 3 / 16, 1 / 4, 20**-0.5, 24**-0.5],
    optimal(alpha=1 / 16): [2, 16 / 9, 1.6, 16 / 11, 4 / 3, 16 / 13],
    cyclic(2, 1, floor_factor=0.5): [0.5, 0.75, 1, 0.5, 0.75, 1],
    cyclic(1, mode="triangular2", floor_factor=0): [0, 1, 0, 0.5, 0, 0.25],
    cyclic(1, mode="exp_range", gamma=0.5, floor_factor=0): [0, 0.5, 0, 0.125, 0, 1 / 32],
    slanted_triangular(peak_at=0.5, floor_factor=0.1): [0.1, 0.4, 0.7, 1, 0.7, 0.4],
    slanted_triangular(peak_at=0, floor_factor=0): [1, 5 / 6, 4 / 6, 3 / 6, 2 / 6, 1 / 6],
    warmup_stable_decay(2, 2, shape="linear"): [0, 0.5, 1, 1, 1, 0.5],
    warmup_stable_decay(0, 4, total=4, shape="1-sqrt"): [1, 0.5, 1 - 0.5**0.5, 1 - 0.75**0.5, 0, 0],
    # Too short for both: the decay begins when the warm-up ends, and is cut off.
    warmup_stable_decay(4, 4, shape="linear"): [0, 0.25, 0.5, 0.75, 1, 0.75],
    chained([linear_warmup(0.5, 2), step(3, 0.5)]): [0.5, 0.75, 1, 0.5, 0.5, 0.5],
    # A floor of the first is a rate that the second divides; a floor of the second is none.
    chained([linear(4, floor=0.5), step(4, 0.5)]): [1, 0.875, 0.75, 0.625, 0.25, 0.25],
    chained([step(4, 0.5), linear(4, floor=0.5)]): [1, 0.875, 0.75, 0.625, 0.5, 0.5],
    inverse_scaling(2): [1, 1 / 4, 1 / 9, 1 / 16, 1 / 25, 1 / 36],
    cosine(total=2): [1, 0.5, 0, 0.5, 1, 0.5],
    cosine(total=2, convention="optax"): [1, 0.5, 0, 0, 0, 0],
    cosine(total=3, floor_factor=0.2): [1, 0.8, 0.4, 0.2, 0.4, 0.8],
    cosine(): [1, 0.5 + 3**0.5 / 4, 0.75, 0.5, 0.25, 0.5 - 3**0.5 / 4],
    cosine_restarts(2): [1, 0.5, 1, 0.5, 1, 0.5],
    cosine_restarts(2, gamma=0.5): [1, 0.5, 0.5, 0.25, 0.25, 0.125],
    cosine_restarts(1, growth=3, gamma=0.5, floor=0.2): [
        *[1, 0.6, 0.5, 0.3, 0.4],
        0.3 + 0.1 * math.cos(math.pi / 9),
    ],
    cosine_restarts(1, growth=3): [1, 1, 0.75, 0.25, 1, (1 + math.cos(math.pi / 9)) / 2],
    one_cycle(start_factor=0, end_factor=0.5, peak_at=0.5, anneal="linear"): [
        *[0, 0.5, 1],
        *[5 / 6, 4 / 6, 0.5],
    ],
    one_cycle(start_factor=0, end_factor=0.5, peak_at=0.5): [0, 0.5, 1, 0.875, 0.625, 0.5],
    one_cycle(start_factor=0, end_factor=0.5, peak_at=0.5, anneal="linear", convention="optax"): [
        *[0, 1 / 3, 2 / 3],
        *[1, 5 / 6, 4 / 6],
    ],
    # Three phases over 6 counts: optax' end at int(1.8) = 1, int(3.6) = 3 and 6.
    one_cycle(
        total=6,
        start_factor=0.5,
        end_factor=0,
        anneal="linear",
        three_phase=True,
        convention="optax",
    ): [0.5, 1, 0.75, 0.5, 1 / 3, 1 / 6],
    one_cycle(start_factor=0.5, end_factor=0, peak_at=0.5, anneal="linear", three_phase=True): [
        *[0.5, 0.75, 1],
        *[0.75, 0.5, 0],
    ],
    factors([1, 0.5, 2]): [1, 0.5, 2, 2, 2, 2],
    sequential([linear_warmup(0.5), linear()], [2]): [0.5, 0.75, 1, 0.75, 0.5, 0.25],
    sequential([constant(0.5), step(1, 0.5), constant()], [1, 4]): [0.5, 1, 0.5, 0.25, 1, 1],
    sequential([cosine(total=2)]): [1, 0.5, 0, 0.5, 1, 0.5],
}


@pytest.mark.parametrize("schedule", HAND, ids=repr)
def test_values_worked_out_by_hand(schedule):
    np.testing.assert_allclose(schedule.rates(1.0, 6), HAND[schedule], rtol=4e-16, atol=1e-16)


def test_a_floor_is_a_rate_and_a_floor_factor_a_share():
    """The table of a floor serves every base rate, even one below it."""
    f, h = linear(total=2, floor=0.01).table(3, 1)
    assert f.tolist() == [1, 0.5, 0]
    assert h.tolist() == [0, 0.005, 0.01]
    assert linear(total=2, floor=0.01).rates(0.001, 3).tolist() == [0.001, 0.0055, 0.01]
    assert linear(total=2, floor_factor=0.5).rates(0.001, 3).tolist() == [0.001, 0.00075, 0.0005]


def test_the_last_of_many_updates_keeps_its_digits():
    """At k = T - 1 a cosine is at sin^2(pi / 2 T); 1 + cos is there 4.9e-12, with 4 digits left."""
    total = 10**6
    x = math.pi / (2 * total)
    expected = x * x * (1 - x * x / 3)
    assert cosine().rates(1.0, total)[-1] == pytest.approx(expected, rel=1e-15, abs=0)
    naive = (1 + math.cos(math.pi * (total - 1) / total)) / 2
    assert naive != pytest.approx(expected, rel=1e-6, abs=0)
    assert linear().rates(1.0, total)[-1] == 1 / total


# --- the document's warm-up ---------------------------------------------------------------------

# LinearLR(start_factor=0.1, total_iters=500), then ConstantLR(factor=1.0) from milestone 500 on,
# under Adam at 0.001; its comment says 0.0001 -> 0.001.
SNIPPET = sequential([linear_warmup(0.1, total=500), constant()], [500])


def test_the_documents_warm_up():
    rates = SNIPPET.rates(0.001, 1000)
    assert rates[0] == pytest.approx(0.0001, rel=1e-15, abs=0)  # update 1: as the comment says
    assert rates[1] == pytest.approx(0.0001 + 0.0009 / 500, rel=1e-15, abs=0)
    assert rates[499] == pytest.approx(
        0.0009982, rel=1e-15, abs=0
    )  # update 500 is one step short of it
    assert rates[500] == 0.001  # update 501 is the first at the full rate
    assert (rates[500:] == 0.001).all()
    assert np.diff(rates[:501]) == pytest.approx(np.full(500, 0.0009 / 500), rel=1e-12, abs=0)


def test_what_the_snippet_needs_not():
    """The warm-up alone stays at the full rate: the sequence and the constant add nothing."""
    assert (SNIPPET.table(1000, 1) == linear_warmup(0.1, total=500).table(1000, 1)).all()
    in_one_word = sequential([linear_warmup(0.1), constant()], [500])
    assert (SNIPPET.table(1000, 1) == in_one_word.table(1000, 1)).all()


def test_where_the_snippet_goes_wrong_if_a_word_is_left_out():
    # ConstantLR without factor=1.0: a third of the rate for five updates.
    default = sequential([linear_warmup(0.1, total=500), constant(1 / 3, total=5)], [500])
    rates = default.rates(0.001, 1000)
    assert rates[500:505].tolist() == [0.001 / 3] * 5
    assert (rates[505:] == 0.001).all()
    # A milestone before the warm-up's end: a jump; one after it: nothing.
    early = sequential([linear_warmup(0.1, total=500), constant()], [400]).rates(0.001, 1000)
    assert early[399] == pytest.approx(0.001 * (0.1 + 0.9 * 399 / 500))
    assert early[400] == 0.001
    late = sequential([linear_warmup(0.1, total=500), constant()], [600])
    assert (late.table(1000, 1) == SNIPPET.table(1000, 1)).all()
    # scheduler.step() once an epoch, of 100 updates: after 1,000 updates 0.116 eta, not eta.
    slow = sequential([linear_warmup(0.1, total=500), constant()], [500], per="epoch")
    assert slow.rates(1.0, 1000, batches=100)[-1] == pytest.approx(0.1 + 0.9 * 9 / 500)


# --- what holds for all -------------------------------------------------------------------------


@st.composite
def simple(draw):
    """Any schedule but a sequence."""
    make = draw(st.sampled_from(list(DRAWN)))
    per = draw(st.sampled_from(["update", "epoch"]))
    return make(**{name: draw(values) for name, values in DRAWN[make].items()}, per=per)


@st.composite
def any_schedule(draw):
    parts = draw(st.lists(simple(), min_size=1, max_size=4))
    if len(parts) == 1:
        return parts[0]
    milestones = draw(
        st.lists(st.integers(1, 90), min_size=len(parts) - 1, max_size=len(parts) - 1, unique=True)
    )
    per = draw(st.sampled_from(["update", "epoch"]))
    return sequential(parts, sorted(milestones), per=per)


@FAST
@given(any_schedule(), st.integers(1, 200), st.integers(1, 50))
def test_a_table(schedule, updates, batches):
    table = schedule.table(updates, batches)
    assert table.shape == (2, updates)
    assert table.dtype == np.float64
    assert table.flags.c_contiguous
    assert not table.flags.writeable
    assert np.isfinite(table).all()
    assert (table >= 0).all()
    with pytest.raises(ValueError, match="read-only"):
        table[0, 0] = 1.0


@FAST
@given(any_schedule(), st.integers(1, 100), st.integers(1, 100), st.integers(1, 20))
def test_no_rate_depends_on_what_comes_after(schedule, updates, more, batches):
    """Where every count is given, a longer run begins as the shorter one."""
    longer = schedule.table(updates + more, batches)[:, :updates]
    np.testing.assert_array_equal(schedule.table(updates, batches), longer)


@FAST
@given(any_schedule())
def test_a_name_is_python_and_a_value(schedule):
    again = eval(repr(schedule), dict(vars(schedules)))
    assert again == schedule
    assert hash(again) == hash(schedule)
    assert pickle.loads(pickle.dumps(schedule)) == schedule
    assert repr(again) == repr(schedule)


@FAST
@given(data=st.data(), batches=st.integers(1, 20), updates=st.integers(1, 200))
def test_per_epoch_repeats(data, batches, updates):
    """The rate of every update of epoch i is that of count i, in a broken-off last epoch too."""
    make = data.draw(st.sampled_from(list(DRAWN)))
    chosen = {name: data.draw(values) for name, values in DRAWN[make].items()}
    epochs = math.ceil(updates / batches)
    expected = make(**chosen).table(epochs, 1).repeat(batches, axis=1)[:, :updates]
    per_epoch = make(**chosen, per="epoch")
    np.testing.assert_array_equal(per_epoch.table(updates, batches), expected)
    # So do parts of what counts epochs, whatever they count themselves.
    np.testing.assert_array_equal(
        chained([make(**chosen), constant()], per="epoch").table(updates, batches), expected
    )
    wrapped = sequential([per_epoch, constant()], [epochs], per="epoch")
    np.testing.assert_array_equal(wrapped.table(updates, batches), expected)


WHOLE_RUN = [constant, linear_warmup, linear, polynomial, cosine, one_cycle, slanted_triangular]


@FAST
@given(st.sampled_from(WHOLE_RUN), st.integers(1, 60), st.integers(1, 60), st.integers(1, 9))
def test_no_count_is_the_whole_run_or_part(make, updates, before, batches):
    alone = make(total=updates).table(updates, 1)
    np.testing.assert_array_equal(make().table(updates, batches), alone)
    part = sequential([constant(), make(), constant()], [before, before + updates])
    np.testing.assert_array_equal(
        part.table(before + updates + 5, 1)[:, before : before + updates], alone
    )
    last = sequential([constant(), make()], [before])
    np.testing.assert_array_equal(last.table(before + updates, 1)[:, before:], alone)
    # A run that ends within a part does not shorten it, nor the last part of a sequence inside.
    np.testing.assert_array_equal(part.table(before + 1, 1)[:, before], alone[:, 0])
    inner = sequential([sequential([constant(), make()], [before]), constant()], [before + updates])
    np.testing.assert_array_equal(inner.table(before + 1, 1)[:, before], alone[:, 0])
    # In epochs: as many as the run has, a broken-off last one among them.
    expected = alone.repeat(batches, axis=1)
    epochs = make(per="epoch")
    np.testing.assert_array_equal(epochs.table(updates * batches, batches), expected)
    cut = updates * batches - batches // 2
    np.testing.assert_array_equal(epochs.table(cut, batches), expected[:, :cut])


FALLING = [linear, polynomial, cosine, cosine_restarts, one_cycle, linear_warmup, exponential]


@FAST
@given(data=st.data())
def test_rates_stay_between_their_ends(data):
    make = data.draw(st.sampled_from(FALLING))
    chosen = {name: data.draw(values) for name, values in DRAWN[make].items()}
    if make is exponential:
        chosen["gamma"] = min(chosen["gamma"], 1.0)
    end = chosen.get("floor", 0.0) + chosen.get("floor_factor", 0.0) * 0.5
    ends = [0.5 * chosen[name] for name in ("start_factor", "end_factor") if name in chosen]
    if make is not linear_warmup:
        ends.append(0.5)
    if make in (linear, polynomial, cosine, cosine_restarts, exponential):
        ends.append(end)
    rates = make(**chosen).rates(0.5, 150)
    ulp = 4 * np.spacing(max(ends))
    assert rates.min() >= min(ends) - ulp
    assert rates.max() <= max(ends) + ulp


@FAST
@given(
    st.sampled_from([linear(), polynomial(power=2), cosine(), exponential(0.9), step(7)]),
    st.floats(0, 1),
    st.integers(1, 50),
)
def test_no_jump_where_a_warm_up_ends(then, start, warmup):
    """The part behind the warm-up begins at eta, a step of the warm-up above what came before."""
    rates = sequential([linear_warmup(start), then], [warmup]).rates(1.0, warmup + 20)
    assert rates[warmup] == 1.0
    assert rates[warmup] - rates[warmup - 1] == pytest.approx((1 - start) / warmup, abs=1e-15)


@FAST
@given(st.integers(1, 40), st.integers(1, 10), st.integers(1, 10))
def test_a_part_counts_epochs_from_where_it_begins(begin, batches, every):
    schedule = sequential([constant(), step(every, 0.5, per="epoch")], [begin])
    rates = schedule.rates(1.0, 100, batches)
    for k in range(begin, 100):
        assert rates[k] == 0.5 ** ((k - begin) // batches // every)


def test_a_milestone_far_beyond_the_run_costs_nothing():
    far = sequential([linear_warmup(), constant()], [2**53])
    assert far.rates(3.0, 2).tolist() == [1.0, pytest.approx(1.0)]
    assert cosine_restarts(3, growth=2**53).rates(1.0, 4)[3] == 1.0
    assert cosine(total=2**53).rates(1.0, 2).tolist() == [1.0, 1.0]


def test_an_overflow_is_infinite():
    assert exponential(10.0).rates(1.0, 400)[-1] == math.inf


# --- names and refusals -------------------------------------------------------------------------


def test_a_name_shows_what_differs():
    assert repr(cosine(total=1000, floor=0.0)) == "cosine(total=1000)"
    assert repr(cosine(floor=1e-5, per="epoch")) == "cosine(floor=1e-05, per='epoch')"
    assert repr(SNIPPET) == (
        "sequential([linear_warmup(start_factor=0.1, total=500), constant()], [500])"
    )
    assert repr(multi_step([30, 80])) == "multi_step([30, 80])"
    assert repr(factors(np.array([1, 0.5]))) == "factors([1.0, 0.5])"
    assert repr(one_cycle(three_phase=True)) == "one_cycle(three_phase=True)"


def test_schedules_are_values():
    assert cosine(total=10) == cosine(total=np.int64(10))
    assert linear() != polynomial()
    assert cosine() != cosine(per="epoch")
    assert sequential([linear()]) != linear()
    assert len({step(3), step(3, 0.1), step(3, gamma=0.5)}) == 2
    with pytest.raises(AttributeError):
        cosine().name = "sine"


def test_check():
    assert schedules.check(None) is None
    assert schedules.check(SNIPPET) is SNIPPET
    for name in ("constant", "cosine", "inverse_sqrt", "linear", "one_cycle", "plateau"):
        assert schedules.check(name) == schedules.SCHEDULES[name]()
    for wrong in ("step", "cosin", "Cosine", "", 3, False, [cosine()], cosine):
        with pytest.raises(ValueError, match=r"^schedule=.*must be a Schedule, None, or one of"):
            schedules.check(wrong)


REFUSED = {
    "total=0": lambda: cosine(total=0),
    "total=2.5": lambda: linear(total=2.5),
    "total='all'": lambda: polynomial(total="all"),
    "total=True": lambda: constant(total=True),
    "total=9007199254740993": lambda: constant(total=2**53 + 1),
    "factor=-1": lambda: constant(-1),
    "factor=None": lambda: constant(None),
    "start_factor=nan": lambda: linear_warmup(math.nan),
    "end_factor=inf": lambda: linear_warmup(0.1, end_factor=math.inf),
    "every=0": lambda: step(0),
    "every=None": lambda: exponential(0.9, every=None),
    "gamma=-0.1": lambda: step(3, gamma=-0.1),
    "gamma='a'": lambda: exponential("a"),
    "milestones=3": lambda: multi_step(3),
    "milestones=[3, 2]": lambda: multi_step([3, 2]),
    "milestones=[2, 2]": lambda: multi_step([2, 2]),
    "milestones=0": lambda: multi_step([0, 2]),
    "milestones=1.5": lambda: multi_step([1.5]),
    "milestones=[]": lambda: sequential([linear(), cosine()], []),
    "milestones=[5]": lambda: sequential([linear()], [5]),
    "schedules=[]": lambda: sequential([], []),
    "schedules=['cosine']": lambda: sequential(["cosine"]),
    "schedules=cosine()": lambda: sequential(cosine()),
    "floor=-1": lambda: cosine(floor=-1),
    "floor_factor='low'": lambda: linear(floor_factor="low"),
    "alpha=0": lambda: optimal(0),
    "up=0": lambda: cyclic(0),
    "down=0.5": lambda: cyclic(1, 0.5),
    "mode='exp'": lambda: cyclic(1, mode="exp"),
    "gamma=1.1": lambda: cyclic(1, mode="exp_range", gamma=1.1),
    "d_model=0": lambda: noam(0),
    "decay_rate=-1": lambda: inverse_time(-1),
    "staircase=1": lambda: inverse_time(staircase=1),
    "cycle=None": lambda: polynomial(cycle=None),
    "decay=0": lambda: warmup_stable_decay(3, 0),
    "shape='sqrt'": lambda: warmup_stable_decay(3, 2, shape="sqrt"),
    "schedules=()": lambda: chained(()),
    "factor=1.0": lambda: plateau(1.0),
    "patience=0": lambda: plateau(patience=0, convention="optax"),
    "patience=-1": lambda: plateau(patience=-1),
    "patience=0.5": lambda: adaptive(0.5),
    "threshold_mode='rel'": lambda: plateau(threshold_mode="rel"),
    "least_change=-1": lambda: plateau(least_change=-1),
    "cooldown=None": lambda: plateau(cooldown=None),
    "monitor='val_loss'": lambda: plateau(monitor="val_loss"),
    "estimator='Ridge'": lambda: adaptive(estimator="Ridge"),
    "tol=None": lambda: adaptive(tol=None),
    "convention='sklearn'": lambda: plateau(convention="sklearn"),
    "schedules=[plateau()]": lambda: sequential([plateau()]),
    "schedules=[constant(), adaptive()]": lambda: chained([constant(), adaptive()]),
    "schedule=plateau()": lambda: plateau().table(3, 1),
    "power=0": lambda: polynomial(power=0),
    "power=-1": lambda: inverse_scaling(-1),
    "warmup=-1": lambda: inverse_sqrt(-1),
    "first=0": lambda: cosine_restarts(0),
    "first=None": lambda: cosine_restarts(None),
    "growth=1.5": lambda: cosine_restarts(3, growth=1.5),
    "gamma=1.5": lambda: cosine_restarts(3, gamma=1.5),
    "peak_at=1.5": lambda: one_cycle(peak_at=1.5),
    "peak_at=0.6": lambda: one_cycle(peak_at=0.6, three_phase=True),
    "anneal='cos'": lambda: one_cycle(anneal="cos"),
    "three_phase=1": lambda: one_cycle(three_phase=1),
    "convention='keras'": lambda: cosine(convention="keras"),
    "per='step'": lambda: cosine(per="step"),
    "values=[]": lambda: factors([]),
    "values=0.5": lambda: factors(0.5),
    "values=[1.0, -0.5]": lambda: factors([1.0, -0.5]),
    "values=[nan]": lambda: factors([math.nan]),
    "values=[[1.0]]": lambda: factors([[1.0]]),
    "values=[[1.0], [1.0, 2.0]]": lambda: factors([[1.0], [1.0, 2.0]]),
    "values=['a']": lambda: factors(["a"]),
    "values=[True]": lambda: factors([True]),
    "updates=0": lambda: cosine().table(0, 1),
    "batches=0": lambda: cosine().table(1, 0),
    "updates=1.5": lambda: cosine().table(1.5, 1),
    "eta=-1": lambda: cosine().rates(-1, 5),
}


@pytest.mark.parametrize("message", REFUSED)
def test_what_is_out_of_range_is_named(message):
    with pytest.raises(ValueError, match="must be") as caught:
        REFUSED[message]()
    assert str(caught.value).startswith(f"{message}: must be")


@pytest.mark.parametrize("name", schedules.SCHEDULES)
def test_docstrings_say_what_they_should(name):
    text = schedules.SCHEDULES[name].__doc__
    for section in (".. math::", "Parameters", "Returns", "Raises", "References", ">>>"):
        assert section in text
    assert f"`{name}`" in schedules.__doc__
