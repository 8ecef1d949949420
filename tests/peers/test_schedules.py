"""Schedules against PyTorch's, optax' and scikit-learn's own, as a training loop meets them.

PyTorch carries the rate from one update to the next and multiplies it; the rounding of a thousand
updates adds up. Where its formulas do nothing but multiply, the two agree to 1e-12 of the rate.
Where they add up terms that cancel (a cosine or a straight line near 0), PyTorch's rate is rounded
at the size of the largest rate, and so is optax': there they agree to 1e-12 of the base rate.

Three of theirs are off by more, and tested by themselves: `CosineAnnealingLR` past its T_max; and
once XLA has compiled them, which divides by T as a product with 1 / T, the end of optax'
``polynomial_schedule`` with a power below 1 and some drops of its ``exponential_decay``.
"""

import math

import jax
import keras
import numpy as np
import optax
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jax.example_libraries import optimizers as jax_optimizers
from sklearn.linear_model import SGDRegressor
from sklearn.neural_network import MLPRegressor
from torch.optim import lr_scheduler as torch_schedulers

import simopt
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
    step,
    warmup_stable_decay,
)
from simopt.training.reacting import ReactingRate

UPDATES = 1000
TOLERANCE = 1e-12

live = settings(max_examples=25, deadline=None)

ETAS = st.floats(1e-4, 1.0)
COUNTS = st.integers(1, UPDATES)
POWERS = st.floats(0.5, 3.0)
#: Of the base rate, and apart from 0: PyTorch divides by some.
SHARES = st.floats(0.01, 1.0)
FLOORS = st.floats(0.0, 1e-4)
#: After a thousand drops still a number that has all its digits.
GAMMAS = st.floats(0.6, 1.0)


def assert_relative(ours, theirs):
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=0)


def assert_of_base_rate(ours, theirs, eta):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=TOLERANCE * eta)


# --- PyTorch ------------------------------------------------------------------------------------


def torch_rates(make, eta, updates=UPDATES, batches=None):
    """The rate of every update, the scheduler stepped after each, or after every epoch."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=eta)
    scheduler = make(optimizer)
    rates = []
    for update in range(1, updates + 1):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if batches is None or update % batches == 0:
            scheduler.step()
    return rates


# (simopt's, PyTorch's) of the same drawn parameters; PyTorch's takes the optimizer.


@st.composite
def constants(draw):
    factor, total = draw(SHARES), draw(COUNTS)
    return (
        constant(factor, total),
        lambda optimizer: torch_schedulers.ConstantLR(optimizer, factor, total),
    )


@st.composite
def warm_ups(draw):
    start, end, total = draw(SHARES), draw(SHARES), draw(COUNTS)
    return (
        linear_warmup(start, total, end_factor=end),
        lambda optimizer: torch_schedulers.LinearLR(optimizer, start, end, total),
    )


@st.composite
def steps(draw):
    every, gamma = draw(COUNTS), draw(GAMMAS)
    return (
        step(every, gamma),
        lambda optimizer: torch_schedulers.StepLR(optimizer, every, gamma),
    )


@st.composite
def multi_steps(draw):
    milestones = sorted(draw(st.sets(COUNTS, max_size=8)))
    gamma = draw(SHARES)
    return (
        multi_step(milestones, gamma),
        lambda optimizer: torch_schedulers.MultiStepLR(optimizer, milestones, gamma),
    )


@st.composite
def exponentials(draw):
    gamma = draw(st.floats(0.6, 1.5))
    return (
        exponential(gamma),
        lambda optimizer: torch_schedulers.ExponentialLR(optimizer, gamma),
    )


@st.composite
def restarts(draw):
    first, growth, floor = draw(COUNTS), draw(st.integers(1, 4)), draw(FLOORS)
    return (
        cosine_restarts(first, growth, floor=floor),
        lambda optimizer: torch_schedulers.CosineAnnealingWarmRestarts(
            optimizer, first, growth, floor
        ),
    )


class FreshCosineAnnealingLR(torch_schedulers.CosineAnnealingLR):
    """PyTorch's own formula, each rate from the base rate and not from the last one."""

    def get_lr(self):
        return self._get_closed_form_lr()


@st.composite
def cosines(draw):
    total, floor = draw(COUNTS), draw(FLOORS)
    return (
        cosine(total, floor=floor),
        lambda optimizer: FreshCosineAnnealingLR(optimizer, total, floor),
    )


@st.composite
def polynomials(draw):
    total, power = draw(COUNTS), draw(POWERS)
    return (
        polynomial(total, power),
        lambda optimizer: torch_schedulers.PolynomialLR(optimizer, total, power),
    )


MULTIPLIED = [constants, warm_ups, steps, multi_steps, exponentials]
CANCELLED = [cosines, restarts, polynomials]


@pytest.mark.parametrize("pairs", MULTIPLIED)
@live
@given(data=st.data(), eta=ETAS)
def test_torch_multiplies(pairs, data, eta):
    ours, theirs = data.draw(pairs())
    assert_relative(ours.rates(eta, UPDATES), torch_rates(theirs, eta))


@pytest.mark.parametrize("pairs", CANCELLED)
@live
@given(data=st.data(), eta=ETAS)
def test_torch_near_zero(pairs, data, eta):
    ours, theirs = data.draw(pairs())
    assert_of_base_rate(ours.rates(eta, UPDATES), torch_rates(theirs, eta), eta)


@live
@given(COUNTS, FLOORS, ETAS)
def test_torch_cosine(total, floor, eta):
    """As it comes: on its way down, it keeps all its digits."""
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.CosineAnnealingLR(optimizer, total, floor), eta
    )
    down = slice(total + 1)
    ours = cosine(total, floor=floor).rates(eta, UPDATES)
    assert_of_base_rate(ours[down], theirs[down], eta)


def test_torch_cosine_past_the_bottom():
    """On its way up it starts from a rate near 0, whose rounding grows with the rate.

    Of all T_max up to 1,000, over 1,000 updates at base rate 1, 10 end up further off than 1e-12;
    602 the furthest, by 6.0e-12. From PyTorch's own formula, each time afresh, it differs as much.
    """

    def rates(scheduler):
        return np.array(torch_rates(lambda optimizer: scheduler(optimizer, 602), 1.0))

    ours = cosine(602).rates(1.0, UPDATES)
    carried, fresh = rates(torch_schedulers.CosineAnnealingLR), rates(FreshCosineAnnealingLR)
    assert np.abs(ours - fresh).max() < 1e-14
    assert 5e-12 < np.abs(carried - fresh).max() < 7e-12
    assert np.abs(carried - fresh)[:603].max() < 1e-14


@live
@given(data=st.data(), total=st.integers(2, UPDATES), eta=ETAS)
def test_torch_one_cycle(data, total, eta):
    three_phase = data.draw(st.booleans())
    peak_at = data.draw(st.floats(0.0, 0.45 if three_phase else 0.95))
    anneal = data.draw(st.sampled_from(["cosine", "linear"]))
    up, down = data.draw(st.floats(1, 100)), data.draw(st.floats(1, 1e5))
    assume(peak_at * total != 1.0)  # PyTorch divides by zero
    ours = one_cycle(
        total,
        peak_at=peak_at,
        start_factor=1 / up,
        end_factor=1 / (up * down),
        anneal=anneal,
        three_phase=three_phase,
    )
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.OneCycleLR(
            optimizer,
            eta,
            total,
            pct_start=peak_at,
            anneal_strategy="cos" if anneal == "cosine" else anneal,
            cycle_momentum=False,
            div_factor=up,
            final_div_factor=down,
            three_phase=three_phase,
        ),
        eta,
        total,
    )
    assert_of_base_rate(ours.rates(eta, total), theirs, eta)


def test_torch_one_cycle_by_default():
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.OneCycleLR(
            optimizer, 0.1, UPDATES, cycle_momentum=False
        ),
        0.1,
    )
    assert_of_base_rate(one_cycle().rates(0.1, UPDATES), theirs, 0.1)


@live
@given(
    st.lists(st.one_of([pairs() for pairs in (*MULTIPLIED, *CANCELLED)]), min_size=2, max_size=4),
    st.sets(st.integers(1, UPDATES), min_size=3, max_size=3),
    ETAS,
)
def test_torch_sequential(pairs, milestones, eta):
    milestones = sorted(milestones)[: len(pairs) - 1]
    ours = sequential([each for each, _ in pairs], milestones).rates(eta, UPDATES)
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.SequentialLR(
            optimizer, [make(optimizer) for _, make in pairs], milestones
        ),
        eta,
    )
    # A growing rate (gamma > 1) is its own yardstick.
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE * eta)


@live
@given(st.data(), ETAS, st.integers(1, 300), st.none() | st.integers(1, 300), FLOORS)
def test_torch_cyclic(data, eta, up, down, floor):
    mode = data.draw(st.sampled_from(["triangular", "triangular2", "exp_range"]))
    gamma = data.draw(GAMMAS)
    ours = cyclic(up, down, mode=mode, gamma=gamma, floor=floor, floor_factor=0.0)
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.CyclicLR(
            optimizer, floor, eta, up, down, mode, gamma, cycle_momentum=False
        ),
        eta,
    )
    assert_of_base_rate(ours.rates(eta, UPDATES), theirs, eta)


@live
@given(
    st.lists(st.one_of([pairs() for pairs in (*MULTIPLIED, polynomials)]), min_size=2, max_size=4),
    ETAS,
    COUNTS,
)
def test_torch_chained(pairs, eta, total):
    """With a cosine besides, which until its T_max multiplies too."""
    down = total + 1
    others = chained([each for each, _ in pairs]).rates(eta, down)
    ours = chained([*(each for each, _ in pairs), cosine(total)]).rates(eta, down)
    theirs = torch_rates(
        lambda optimizer: torch_schedulers.ChainedScheduler(
            [
                *(make(optimizer) for _, make in pairs),
                torch_schedulers.CosineAnnealingLR(optimizer, total),
            ]
        ),
        eta,
        down,
    )
    # Near its end a cosine is a small difference of what it multiplies, which may have grown.
    assert (np.abs(ours - theirs) <= TOLERANCE * (others + eta)).all()


@live
@given(st.sampled_from(["step", "linear_warmup", "cosine", "sequential"]), st.integers(1, 60), ETAS)
def test_torch_per_epoch(name, batches, eta):
    """scheduler.step() once an epoch."""

    def warm_cosine(optimizer):
        parts = [
            torch_schedulers.LinearLR(optimizer, 0.1, total_iters=5),
            torch_schedulers.CosineAnnealingLR(optimizer, 20),
        ]
        return torch_schedulers.SequentialLR(optimizer, parts, [5])

    ours, theirs = {
        "step": (
            step(3, per="epoch"),
            lambda optimizer: torch_schedulers.StepLR(optimizer, 3),
        ),
        "linear_warmup": (
            linear_warmup(0.1, 7, per="epoch"),
            lambda optimizer: torch_schedulers.LinearLR(optimizer, 0.1, total_iters=7),
        ),
        "cosine": (
            cosine(9, per="epoch"),
            lambda optimizer: torch_schedulers.CosineAnnealingLR(optimizer, 9),
        ),
        "sequential": (
            sequential([linear_warmup(0.1, 5), cosine(20)], [5], per="epoch"),
            warm_cosine,
        ),
    }[name]
    assert_of_base_rate(
        ours.rates(eta, UPDATES, batches), torch_rates(theirs, eta, UPDATES, batches), eta
    )


@live
@given(st.integers(0, 300), st.floats(0.1, 1.0), st.lists(SHARES, min_size=1, max_size=30), ETAS)
def test_torch_functions(warmup, power, values, eta):
    """What PyTorch has no name for, as a LambdaLR."""
    paper = max(warmup, 1)
    for ours, function in (
        (inverse_sqrt(warmup), lambda k: min((k + 1) ** -0.5, (k + 1) * paper**-1.5)),
        (inverse_scaling(power), lambda k: 1 / (k + 1) ** power),
        (factors(values), lambda k: values[min(k, len(values) - 1)]),
    ):

        def theirs(optimizer, function=function):
            return torch_schedulers.LambdaLR(optimizer, function)

        assert_relative(ours.rates(eta, UPDATES), torch_rates(theirs, eta))


@live
@given(
    st.integers(0, 300),
    st.integers(1, 300),
    st.integers(0, 300),
    SHARES,
    st.sampled_from(["cosine", "linear", "1-sqrt"]),
    ETAS,
)
def test_transformers(warmup, decay, stable, least, shape, eta):
    """get_wsd_schedule and get_inverse_sqrt_schedule of transformers 5.23, by their formulas."""
    total = warmup + stable + decay

    def wsd(k):
        if k < warmup:
            return k / max(1, warmup) * (1 - least) + least
        if k < warmup + stable:
            return 1.0
        if k >= total:
            return least
        p = (k - warmup - stable) / max(1, decay)
        fall = {
            "linear": 1 - p,
            "cosine": 0.5 * (1 + math.cos(math.pi * p)),
            "1-sqrt": 1 - math.sqrt(p),
        }[shape]
        return max(0.0, fall * (1 - least) + least)

    def inverse_square_root(k):
        if k < warmup:
            return k / max(1, warmup)
        return 1.0 / math.sqrt((k + decay - warmup) / decay)

    ours = warmup_stable_decay(
        warmup, decay, total, start_factor=least, floor_factor=least, shape=shape
    )
    rooted = inverse_time(every=decay, power=0.5)
    if warmup:
        rooted = sequential([linear_warmup(0.0), rooted], [warmup])
    for made, function in ((ours, wsd), (rooted, inverse_square_root)):

        def theirs(optimizer, function=function):
            return torch_schedulers.LambdaLR(optimizer, function)

        assert_relative(made.rates(eta, UPDATES), torch_rates(theirs, eta))


@live
@given(st.integers(1, 1024), st.integers(1, 300), ETAS)
def test_paddle_noam(d_model, warmup, eta):
    """NoamDecay of Paddle 3.3.1, by its formula: 0 at the first update."""
    k = np.arange(UPDATES)
    with np.errstate(divide="ignore"):
        root = np.where(k == 0, 1.0, k**-0.5)
    theirs = eta * d_model**-0.5 * np.minimum(root, k * warmup**-1.5)
    ours = sequential([constant(0.0), noam(d_model, warmup)], [1])
    assert_relative(ours.rates(eta, UPDATES), theirs)


def test_the_documents_warm_up():
    """Its snippet, run: update 501 is the first at the full rate."""

    def snippet(optimizer):
        warmup = torch_schedulers.LinearLR(optimizer, start_factor=0.1, total_iters=500)
        main = torch_schedulers.ConstantLR(optimizer, factor=1.0)
        return torch_schedulers.SequentialLR(optimizer, [warmup, main], milestones=[500])

    theirs = torch_rates(snippet, 0.001)
    ours = sequential([linear_warmup(0.1, total=500), constant()], [500]).rates(0.001, UPDATES)
    assert_relative(ours, theirs)
    assert theirs[0] == 0.0001
    assert theirs[499] == pytest.approx(0.0009982, rel=TOLERANCE, abs=0)
    assert theirs[500] == 0.001

    def without_its_factor(optimizer):
        warmup = torch_schedulers.LinearLR(optimizer, start_factor=0.1, total_iters=500)
        main = torch_schedulers.ConstantLR(optimizer)
        return torch_schedulers.SequentialLR(optimizer, [warmup, main], milestones=[500])

    ours = sequential([linear_warmup(0.1, total=500), constant(1 / 3, total=5)], [500])
    assert_relative(ours.rates(0.001, UPDATES), torch_rates(without_its_factor, 0.001))


# --- optax --------------------------------------------------------------------------------------


def optax_rates(schedule, updates=UPDATES):
    """In float64: in optax' default, float32, the two would agree to 1e-7."""
    with jax.enable_x64(True):
        rates = np.asarray(jax.vmap(schedule)(np.arange(updates)))
    assert rates.dtype == np.float64
    return rates


def assert_optax(ours, theirs, eta, updates=UPDATES, besides=0.0):
    rates = optax_rates(theirs, updates)
    atol = (TOLERANCE + besides) * eta
    np.testing.assert_allclose(ours.rates(eta, updates), rates, rtol=0, atol=atol)


@live
@given(ETAS, COUNTS, SHARES, POWERS)
def test_optax_polynomial(eta, total, end, power):
    # At some ends count (1 / T) is not 1, and half an ulp of 1 is left, not 0. Raised to the power
    # p, that is no longer small where p < 1: 1.1e-8 of the way for the square root.
    assert_optax(
        polynomial(total, power, floor_factor=end),
        optax.polynomial_schedule(eta, end * eta, power, total),
        eta,
        besides=(1 - end) * 2.0 ** (-53 * min(power, 1.0)),
    )
    assert_optax(linear(total, floor=1e-4), optax.linear_schedule(eta, 1e-4, total), eta)
    assert_optax(
        linear_warmup(end, total), optax.warmup_constant_schedule(end * eta, eta, total), eta
    )
    assert_optax(linear_warmup(0.0, total), optax.warmup_constant_schedule(0.0, eta, total), eta)


@live
@given(ETAS, COUNTS, SHARES, POWERS)
def test_optax_cosine(eta, total, end, power):
    assert_optax(
        cosine(total, floor_factor=end, power=power, convention="optax"),
        optax.cosine_decay_schedule(eta, total, end, power),
        eta,
    )


@live
@given(ETAS, st.integers(1, 400), st.integers(1, 800), SHARES, SHARES)
def test_optax_warm_up_and_cosine(eta, warmup, total, start, end):
    assert_optax(
        sequential(
            [linear_warmup(start), cosine(total, floor_factor=end, convention="optax")], [warmup]
        ),
        optax.warmup_cosine_decay_schedule(start * eta, eta, warmup, warmup + total, end * eta),
        eta,
    )


@live
@given(ETAS, COUNTS, st.floats(0.6, 1.0, exclude_max=True), st.booleans(), SHARES)
def test_optax_exponential(eta, every, gamma, staircase, end):
    theirs = optax.exponential_decay(eta, every, gamma, staircase=staircase)
    ours = step(every, gamma) if staircase else exponential(gamma, every)
    # Counts of NumPy's are divided by NumPy, as the formula says.
    with jax.enable_x64(True):
        rates = np.asarray(theirs(np.arange(UPDATES)))
    assert_of_base_rate(ours.rates(eta, UPDATES), rates, eta)
    assert_optax(
        exponential(gamma, every, floor_factor=end),
        optax.exponential_decay(eta, every, gamma, end_value=end * eta),
        eta,
    )


@pytest.mark.parametrize(("every", "late"), [(48, 0), (49, 12), (98, 7)])
def test_optax_drops_late_once_compiled(every, late):
    """294 (1 / 49) is less than 6, and rounded down 5: the sixth drop comes one update late."""
    theirs = optax_rates(optax.exponential_decay(1.0, every, 0.5, staircase=True))
    k = np.arange(UPDATES)
    off = step(every, 0.5).rates(1.0, UPDATES) != theirs
    assert off.tolist() == (np.floor(k * (1 / every)) < k // every).tolist()
    assert off.sum() == late


@live
@given(ETAS, st.sets(COUNTS, max_size=6), SHARES)
def test_optax_piecewise_constant(eta, milestones, gamma):
    theirs = optax.piecewise_constant_schedule(eta, dict.fromkeys(milestones, gamma))
    assert_optax(multi_step(sorted(milestones), gamma), theirs, eta)
    assert_optax(constant(), optax.constant_schedule(eta), eta)


@live
@given(ETAS, st.integers(20, UPDATES), st.floats(0.1, 0.45), st.floats(2, 50), st.floats(1, 1e5))
def test_optax_one_cycle(eta, total, peak_at, up, down):
    ends = {"start_factor": 1 / up, "end_factor": 1 / (up * down), "convention": "optax"}
    assert_optax(
        one_cycle(total, peak_at=peak_at, **ends),
        optax.cosine_onecycle_schedule(total, eta, peak_at, up, down),
        eta,
    )
    assert_optax(
        one_cycle(total, peak_at=peak_at, anneal="linear", three_phase=True, **ends),
        optax.linear_onecycle_schedule(total, eta, peak_at, 2 * peak_at, up, down),
        eta,
    )


@live
@given(ETAS, st.integers(20, UPDATES))
def test_optax_linear_one_cycle_by_default(eta, total):
    """Its middle phase ends at 85 %: a sequence of straight lines."""
    lines = [
        linear_warmup(0.04),
        linear_warmup(1.0, end_factor=0.04),
        linear_warmup(0.04, end_factor=4e-6),
        constant(4e-6),
    ]
    milestones = [int(0.3 * total), int(0.85 * total), total]
    ours = sequential(lines, milestones)
    assert_optax(ours, optax.linear_onecycle_schedule(total, eta), eta)


@live
@given(ETAS, st.integers(1, 200), st.integers(1, 3))
def test_optax_restarts(eta, first, growth):
    lengths = [first * growth**i for i in range(5)]
    falls = [
        {"init_value": eta, "peak_value": eta, "warmup_steps": 0, "decay_steps": length}
        for length in lengths
    ]
    assert_optax(
        cosine_restarts(first, growth),
        optax.sgdr_schedule(falls),
        eta,
        updates=min(sum(lengths), UPDATES),
    )


@pytest.mark.parametrize(
    ("first", "growth", "gamma", "floor"), [(7, 1, 0.6, 0.0), (5, 2, 0.9, 0.1), (2, 3, 1.0, 0.3)]
)
def test_keras_restarts(first, growth, gamma, floor):
    theirs = keras.optimizers.schedules.CosineDecayRestarts(0.3, first, growth, gamma, floor)
    ours = cosine_restarts(first, growth, gamma, floor_factor=floor)
    # On JAX Keras takes floors and cosines in single precision, also of doubles.
    bound = 0.3 * np.finfo(np.float32).eps
    np.testing.assert_allclose(ours.rates(0.3, 60), keras_rates(theirs), rtol=0, atol=bound)


@live
@given(ETAS, st.sets(COUNTS, min_size=3, max_size=3), SHARES, GAMMAS)
def test_optax_joined(eta, milestones, share, gamma):
    first, second, third = sorted(milestones)
    inner = optax.join_schedules(
        [optax.linear_schedule(share * eta, eta, first), optax.exponential_decay(eta, 10, gamma)],
        [first],
    )
    theirs = optax.join_schedules(
        [inner, optax.cosine_decay_schedule(eta, 50), optax.constant_schedule(eta)],
        [second, third],
    )
    ours = sequential(
        [
            sequential([linear_warmup(share), exponential(gamma, 10)], [first]),
            cosine(50, convention="optax"),
            constant(),
        ],
        [second, third],
    )
    assert_optax(ours, theirs, eta)


# --- Keras and JAX ------------------------------------------------------------------------------


def keras_rates(schedule):
    return np.array([float(schedule(float(k))) for k in range(60)])


@live
@given(ETAS, st.floats(0.0, 5.0), st.integers(1, 30), st.booleans())
def test_inverse_time(eta, decay_rate, every, staircase):
    made = inverse_time(decay_rate, every, staircase=staircase).rates(eta, 60)
    theirs = keras.optimizers.schedules.InverseTimeDecay(eta, every, decay_rate, staircase)
    assert_relative(made, keras_rates(theirs))
    theirs = jax_optimizers.inverse_time_decay(eta, every, decay_rate, staircase)
    with jax.enable_x64(True):
        assert_relative(made, [float(theirs(k)) for k in range(60)])


@live
@given(ETAS, st.integers(1, 30), SHARES, POWERS, st.booleans())
def test_keras_polynomial(eta, total, end, power, cycle):
    theirs = keras.optimizers.schedules.PolynomialDecay(eta, total, end * eta, power, cycle)
    ours = polynomial(total, power, floor_factor=end, cycle=cycle)
    assert_of_base_rate(ours.rates(eta, 60), keras_rates(theirs), eta)


# --- scikit-learn -------------------------------------------------------------------------------


def test_keras_asks_a_schedule_with_the_count_of_batches():
    """Of several batches an update has the rate of its last batch's place in the schedule."""
    total, batches = 20, 4
    schedule = keras.optimizers.schedules.PolynomialDecay(0.5, total, 0.0)
    theirs = keras.optimizers.SGD(schedule, gradient_accumulation_steps=batches)
    weight = keras.Variable(0.0)
    theirs.build([weight])
    weights = [0.0]
    for _ in range(total):
        for _ in range(batches):
            theirs.apply([keras.ops.ones(())])
        weights.append(float(keras.ops.convert_to_numpy(weight.value)))
    assert int(theirs.iterations) == total
    rates = polynomial(total).rates(0.5, total * batches)[batches - 1 :: batches]
    np.testing.assert_allclose(-np.diff(weights), rates, rtol=0, atol=1e-6)


@live
@given(st.floats(1e-4, 0.01), st.floats(0.1, 0.9))
def test_sklearn_inverse_scaling(eta, power):
    """The weight of one point x = y = 1, without decay: 1 - w shrinks by 1 - eta_t at each t."""
    model = SGDRegressor(
        alpha=0.0,
        fit_intercept=False,
        learning_rate="invscaling",
        eta0=eta,
        power_t=power,
    )
    gaps = [1.0]
    for _ in range(100):
        model.partial_fit([[1.0]], [1.0])
        gaps.append(1.0 - model.coef_[0])
    expected = np.cumprod(1.0 - inverse_scaling(power).rates(eta, 100))
    assert_relative(gaps[1:], expected)


@live
@given(st.floats(1e-5, 1e-2))
def test_sklearn_optimal(alpha):
    """The same of a point x = 0.01, whose slope is small enough for a first rate of 10."""
    x = 0.01
    model = SGDRegressor(alpha=alpha, penalty=None, fit_intercept=False, learning_rate="optimal")
    gaps = [1.0]
    for _ in range(100):
        model.partial_fit([[x]], [x])
        gaps.append(1.0 - model.coef_[0])
    rates = optimal(alpha).rates(123.0, 100)
    assert rates[0] == pytest.approx(alpha**-0.25, rel=1e-14)
    assert_relative(gaps[1:], np.cumprod(1.0 - x * x * rates))


# --- rates that react to the loss ---------------------------------------------------------------

#: Losses that fall, stand still, and rise; few values, so that equal ones occur.
LOSSES = st.lists(st.integers(0, 12).map(lambda k: 0.5 + k / 8), min_size=1, max_size=40)
PATIENCE = st.integers(0, 4)
#: No multiple of an eighth, whose ties would be decided by rounding.
THRESHOLDS = st.floats(0.01, 0.09)


def reacting(schedule, eta, losses):
    rate = ReactingRate(schedule.reaction, eta)
    return [rate.after(loss) for loss in losses]


@settings(max_examples=100, deadline=None)
@given(st.data(), LOSSES, ETAS, PATIENCE, THRESHOLDS, st.integers(0, 3), st.floats(0.0, 0.01))
def test_torch_plateau(data, losses, eta, patience, threshold, cooldown, floor):
    mode = data.draw(st.sampled_from(["relative", "absolute"]))
    factor, eps = data.draw(st.floats(0.1, 0.9)), data.draw(st.sampled_from([1e-8, 1e-3]))
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=eta)
    scheduler = torch_schedulers.ReduceLROnPlateau(
        optimizer, "min", factor, patience, threshold, mode[:3], cooldown, floor, eps
    )
    theirs = []
    for loss in losses:
        scheduler.step(loss)
        theirs.append(optimizer.param_groups[0]["lr"])
    ours = plateau(
        factor,
        patience,
        threshold=threshold,
        threshold_mode=mode,
        cooldown=cooldown,
        floor=floor,
        least_change=eps,
    )
    assert_relative(reacting(ours, eta, losses), theirs)


class Trained:
    """What the callback asks of a model."""

    def __init__(self, eta):
        self.optimizer = keras.optimizers.SGD(eta)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
@live
@given(LOSSES, ETAS, PATIENCE, THRESHOLDS, st.integers(0, 3), st.floats(0.0, 0.01), SHARES)
def test_keras_plateau(losses, eta, patience, threshold, cooldown, floor, share):
    factor = 0.9 * share
    model = Trained(eta)
    callback = keras.callbacks.ReduceLROnPlateau(
        "loss", factor, patience, mode="min", min_delta=threshold, cooldown=cooldown, min_lr=floor
    )
    callback.set_model(model)
    callback.on_train_begin()
    theirs = []
    for epoch, loss in enumerate(losses):
        callback.on_epoch_end(epoch, {"loss": loss})
        theirs.append(keras.ops.convert_to_numpy(model.optimizer.learning_rate).item())
    ours = plateau(
        factor, patience, threshold=threshold, cooldown=cooldown, floor=floor, convention="keras"
    )
    assert_relative(reacting(ours, eta, losses), theirs)


@live
@given(LOSSES, ETAS, st.integers(1, 4), THRESHOLDS, st.booleans(), st.integers(0, 3), SHARES)
def test_optax_plateau(losses, eta, patience, threshold, relative, cooldown, share):
    bounds = {"rtol": threshold, "atol": 0.0} if relative else {"rtol": 0.0, "atol": threshold}
    with jax.enable_x64(True):
        transform = optax.contrib.reduce_on_plateau(
            0.5, patience, cooldown=cooldown, min_scale=0.1 * share, **bounds
        )
        state = transform.init(np.array([0.0]))
        theirs = []
        for loss in losses:
            scaled, state = transform.update(np.array([eta]), state, value=loss)
            theirs.append(float(scaled[0]))
    ours = plateau(
        0.5,
        patience,
        threshold=threshold,
        threshold_mode="relative" if relative else "absolute",
        cooldown=cooldown,
        floor_factor=0.1 * share,
        convention="optax",
    )
    assert_relative(reacting(ours, eta, losses), theirs)


def test_when_the_first_drop_comes():
    """Of a loss that stands still from the start, with a patience of 3."""
    still = [1.0] * 8
    for convention, call in (("torch", 5), ("keras", 4), ("optax", 4)):
        rates = reacting(plateau(patience=3, convention=convention), 0.1, still)
        assert [rate < 0.1 for rate in rates].index(True) + 1 == call


POINTS = np.random.default_rng(3).normal(size=(12, 2))
TARGETS = POINTS @ [1.0, -2.0] + np.random.default_rng(4).normal(size=12)


@pytest.mark.parametrize(("eta", "tol"), [(0.05, 1e-3), (0.05, 0.05), (2e-5, 0.05)])
def test_sklearn_adaptive(eta, tol):
    """A training until scikit-learn ends it. Its squared error is half of simopt's."""
    model = SGDRegressor(
        penalty=None,
        fit_intercept=False,
        learning_rate="adaptive",
        eta0=eta,
        tol=tol,
        n_iter_no_change=2,
        shuffle=False,
    ).fit(POINTS, TARGETS)
    assert model.n_iter_ < 100
    problem = simopt.problems.least_squares(POINTS, TARGETS)
    run = simopt.run(
        problem,
        simopt.SGD(eta=eta / 2),
        epochs=model.n_iter_ + 3,
        schedule=adaptive(2, 2 * tol, estimator="SGD"),
    )
    assert_relative(run.summary[["w_0", "w_1"]].astype(float), model.coef_)
    assert run.steps["eta"].nunique() > 2


@pytest.mark.parametrize("tol", [1e-3, 0.05])
def test_sklearn_network_adaptive(tol):
    """The rates that `MLPRegressor` comes to have, by the losses that it meets."""
    model = MLPRegressor(
        hidden_layer_sizes=(2,),
        activation="identity",
        solver="sgd",
        alpha=0.0,
        learning_rate="adaptive",
        learning_rate_init=0.05,
        tol=tol,
        n_iter_no_change=2,
        max_iter=300,
        momentum=0.0,
        random_state=1,
    ).fit(POINTS, TARGETS)
    assert model.n_iter_ < 300
    ours = reacting(adaptive(2, tol, estimator="MLP"), 0.05, model.loss_curve_)
    assert ours[-1] == 0.0
    assert 0.0 not in ours[:-1]
    assert ours[-2] == pytest.approx(model._optimizer.learning_rate, rel=TOLERANCE)
