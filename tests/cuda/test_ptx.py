"""The code of every kernel for GPUs, as NVVM writes it: what the CPU's bits rest on.

No GPU is needed for this. The PTX says of every operation how it rounds, and nothing behind it
changes that: `.rn` is the IEEE standard's rounding, and one at a time.
"""

import functools
import inspect
import re
from contextlib import nullcontext
from dataclasses import replace

import numba
import numpy as np
import pytest
from numba.cuda import compiler
from numba.cuda.core import analysis

from simopt.engine import cuda
from simopt.ground import elementary, pipeline
from simopt.ground.inline import inlined
from simopt.rules import ALL
from simopt.rules.modifiers import zero_like
from tests import draws
from tests.cuda import code
from tests.device_cases import (
    ALL_CASES,
    FURTHER,
    QUICK,
    aspects,
    covering,
    problem_of,
)

CAPABILITIES = [(8, 0), (9, 0)]
DTYPES = {"float64": np.float64, "float32": np.float32}
#: Every kernel once.
KERNELS = {code.kernel(case): name for name, case in reversed({**QUICK, **FURTHER}.items())}

#: Registers of a thread at most, bytes on its stack, bytes spilled, at sm_90: of a trajectory of
#: one weight, and of ten in float32, they hold all, of ten in float64 nearly all. A thread has 255
#: of 32 bits: 127 numbers in float64. With 64 weights the weights and their gradient alone are
#: more, so these lie in local memory, as does the rule's state.
LIMITS = {
    ("SGD, four points", "float64"): (96, 0, 0),
    ("Adam, four points", "float64"): (112, 0, 0),
    ("SGD, four points", "float32"): (80, 0, 0),
    ("Adam, four points", "float32"): (96, 0, 0),
    ("SGD, ten weights, points", "float64"): (255, 40, 88),
    ("SGD, ten weights, points", "float32"): (168, 0, 0),
    ("Adam, ten weights, shuffled", "float64"): (255, 160, 344),
    ("Adam, ten weights, shuffled", "float32"): (200, 0, 0),
    ("SGD, 64 weights", "float64"): (255, 2408, 7536),
    ("Adam, 64 weights", "float64"): (255, 3456, 6216),
    ("SGD, 64 weights", "float32"): (255, 592, 84),
    ("Adam, 64 weights", "float32"): (255, 1176, 232),
}
#: Where roots and quotients must be: what is asked of every operation says nothing where none is.
ROOTS = [f"{rule}, four points" for rule in ("AdaGrad", "RMSprop", "Adam", "AdamW")]
#: Those, and others until every loop and every number of rows is there. Every rule's formulas are
#: there alone; in float64 with a loop, too, if more is asked for: ``DRAWS=1 make test-cuda``.
ASKED = dict.fromkeys([*ROOTS, *(name for name, _ in LIMITS)])
EVERY = {name: ALL_CASES[name] for name in reversed(KERNELS.values())}
CHOSEN = covering(EVERY, ASKED)
COMPILED = [
    pytest.param(name, dtype, id=f"{name}, {dtype}")
    for name in (EVERY if draws.TIMES else CHOSEN)
    for dtype in DTYPES
    if dtype == "float64" or name in CHOSEN
]


def parts_of(rule, real):
    """A rule's functions, the types of what each takes, and the precision that it computes in."""
    kind, bits = numba.from_dtype(np.dtype(real)), np.dtype(real).itemsize * 8
    others = len(rule.hyperparameters) - 1
    count = 3 + len(rule.state) + len(rule.clock_values) + others
    yield "update", rule.update, (kind,) * count, bits
    if rule.clock is not None:
        ticks = len(rule.clock_values) + len(rule.totals) + (rule.terms is not None)
        # In float64 whatever the weights are in.
        yield "clock", rule.clock, (numba.float64,) * (ticks + rule.clock_hyperparameters), 64
    if rule.terms is not None:
        yield "terms", rule.terms, (kind,) * (count - others + rule.terms_hyperparameters), bits


#: Every function of every rule of simopt, once: many have a clock, or a decay, in common.
PARTS = {
    tuple(key): f"{part} of {name}, {dtype}"
    for name, case in reversed(ALL_CASES.items())
    if case.rule in ALL
    for dtype, real in DTYPES.items()
    for part, *key in parts_of(case.optimizer().rule, real)
}


def code_of(case):
    return code.compiled(code.kernel(case).py_func, code.types(case), CAPABILITIES)


@functools.cache
def clock_alone(rule):
    """Operations in float64 of a rule's clock for weights in float32."""
    types = [numba.float64] * (len(rule.clock_values) + len(rule.totals))
    types += [numba.float32] * ((rule.terms is not None) + rule.clock_hyperparameters)
    if rule.clock.__code__.co_flags & inspect.CO_VARARGS:
        types = [numba.types.StarArgTuple.from_types(tuple(types))]
    (text,) = code.compiled(rule.clock, tuple(types), [(9, 0)], device=True)
    return len(code.arithmetic(text, 64))


def test_what_is_looked_for_is_compiled():
    """Whatever is asked of one kernel's code is asked where that is compiled, once."""
    assert {*ASKED} <= {*CHOSEN}
    assert set().union(*map(aspects, CHOSEN.values())) == set().union(*map(aspects, EVERY.values()))


@pytest.mark.parametrize(("name", "dtype"), COMPILED)
def test_operations_round_one_at_a_time_as_ieee_has_it(name, dtype):
    real = DTYPES[dtype]
    case = replace(ALL_CASES[name], dtype=real)
    problem, rule = problem_of(case.problem), case.optimizer().rule
    for text, capability in zip(code_of(case), CAPABILITIES, strict=True):
        assert f".target sm_{capability[0]}0" in text
        double, single = code.arithmetic(text, 64), code.arithmetic(text, 32)
        assert len(double) + len(single) >= 20
        for each in double + single:
            assert re.fullmatch(r"(add|sub|mul|div|sqrt|rcp)\.rn\.f(32|64)", each), each
        found = code.operations(text)
        assert "call" not in " ".join(found)
        if problem.d == 1:
            assert ".local" not in text
        if name in ROOTS:
            bits = 64 if real is np.float64 else 32
            assert f"sqrt.rn.f{bits}" in found
            assert f"div.rn.f{bits}" in found
        if (name, dtype) in LIMITS and capability == (9, 0):
            used = code.registers(text, capability)
            assert all(np.array(used) <= LIMITS[name, dtype]), used
        if real is np.float64:
            assert not single
        elif problem.kind == "least_squares" and not case.work()[0][0].points.endswith("moments"):
            # The clock's arithmetic alone is in float64; of a mean of points' losses the division
            # and the penalty are too, and so are the sums of moments.
            sums = problem.d * len(rule.totals)
            if rule.asks_loss:
                # Losses are added up in float64 too, in loops that are unrolled; then there is a
                # division, and of every weight the penalty's three products.
                double = [each for each in double if not each.startswith("add")]
                sums = 1 + 3 * problem.d
            # A clock behind a choice in the terms is written twice, once for each side.
            clocks = 1 if rule.terms is None else 2
            assert len(double) <= clocks * (clock_alone(rule) if rule.clock else 0) + sums


@pytest.mark.parametrize(("function", "types", "bits"), PARTS, ids=PARTS.values())
def test_a_rule_rounds_as_ieee_has_it(function, types, bits):
    """What the kernels above have in their loop, alone: its update, and its clock in float64."""
    if function.__code__.co_flags & inspect.CO_VARARGS:
        named = function.__code__.co_argcount
        types = (*types[:named], numba.types.StarArgTuple.from_types(types[named:]))
    for text in code.compiled(inlined(function), types, CAPABILITIES, device=True):
        computed = code.arithmetic(text, bits)
        assert computed
        assert not code.arithmetic(text, 96 - bits)
        assert "call" not in " ".join(code.operations(text))
        assert ".local" not in text
        for each in computed:
            assert re.fullmatch(rf"(add|sub|mul|div|sqrt|rcp)\.rn\.f{bits}", each), each


def test_numba_cuda_contracts_if_it_is_not_told_otherwise(monkeypatch):
    """If this fails, `uncontracted` may have become unnecessary."""

    def added(a, b, c):
        return a * b + c

    def operations():
        (text,) = code.compiled(added, (numba.float64,) * 3, [(9, 0)], device=True)
        return {*code.operations(text)} & {"mul.rn.f64", "add.rn.f64", "fma.rn.f64"}

    assert operations() == {"mul.rn.f64", "add.rn.f64"}
    monkeypatch.setattr(cuda, "uncontracted", open_door)
    assert operations() == {"fma.rn.f64"}


class open_door:
    def __enter__(self):
        pass

    def __exit__(self, *_):
        pass


def test_variables_are_analysed_once(monkeypatch):
    """As for CPUs (`tests.test_pipeline`): numba-cuda has the same passes, of its own."""
    counts, compute = [], analysis.compute_live_map
    monkeypatch.setattr(
        analysis, "compute_live_map", lambda *given: (counts.append(1), compute(*given))[1]
    )
    spared = pipeline.sparing
    for sparing in (spared, lambda _: nullcontext()):
        monkeypatch.setattr(cuda, "sparing", sparing)
        counts.clear()
        code.compiled(zero_like, (numba.float64,), CAPABILITIES, device=True)
        assert (len(counts) == 1) is (sparing is spared)
        assert counts


def test_flags_are_equal_where_numba_cudas_are():
    """As for CPUs, and what is compiled is compiled with them."""
    theirs = compiler.CUDAFlags
    with cuda.uncontracted():
        ours = compiler.CUDAFlags
    assert ours is not theirs is compiler.CUDAFlags
    first, second = theirs(), theirs()
    assert ours(first) == ours(second) == first
    assert {first: "known"}[ours(second)] == "known"
    second.max_registers = 32
    assert ours(first) != ours(second)
    assert ours(second) != first
    assert ours(second).values() == second.values()
    assert ours(second).summary() == second.summary()


@pytest.mark.parametrize("bits", [64, 32])
@pytest.mark.parametrize(
    "name", ["exp_minus", "exp", "sigmoid", "softplus", "log_one_plus", "tanh"]
)
def test_exponentials_round_as_ieee_has_it(name, bits):
    """In the precision of their argument alone."""
    function = inlined(getattr(elementary, name))

    def alone(x):
        return function(x)

    kind = numba.float64 if bits == 64 else numba.float32
    for text in code.compiled(alone, (kind,), CAPABILITIES, device=True):
        computed = code.arithmetic(text, bits)
        assert len(computed) >= 10
        assert not code.arithmetic(text, 96 - bits)
        assert "call" not in " ".join(code.operations(text))
        assert ".local" not in text
        for each in computed:
            assert re.fullmatch(rf"(add|sub|mul|div|rcp)\.rn\.f{bits}", each), each


def test_orders_are_whole_numbers():
    types = (numba.int64[::1], numba.int64, numba.boolean, numba.int32[:, ::1])
    (text,) = code.compiled(cuda.order_kernel().py_func, numba.void(*types), [(9, 0)])
    assert not code.arithmetic(text, 64)
    assert ".local" not in text


@pytest.mark.parametrize("real", [numba.float64, numba.float32], ids=str)
def test_moments_are_summed_in_double_precision_one_operation_at_a_time(real):
    types = (real[:, ::1], real[::1], numba.int32[::1], *(numba.int64,) * 3)
    types += (real[:, :, ::1], real[:, ::1])
    (text,) = code.compiled(cuda.moments_kernel().py_func, numba.void(*types), [(9, 0)])
    assert code.arithmetic(text, 64)
    assert not code.arithmetic(text, 32)
    for each in code.arithmetic(text, 64):
        assert re.fullmatch(r"(add|sub|mul|div|rcp)\.rn\.f64", each), each
    assert ".local" not in text
