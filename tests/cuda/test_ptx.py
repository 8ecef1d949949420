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
from numba.cuda.core import analysis

from simopt.engine import cuda
from simopt.ground import elementary, pipeline
from simopt.ground.inline import inlined
from simopt.rules.modifiers import zero_like
from tests.cuda import code
from tests.device_cases import (
    ALL_CASES,
    CONVENTIONS,
    FURTHER,
    QUICK,
    Case,
    covering,
    problem_of,
)

CAPABILITIES = [(8, 0), (9, 0)]
DTYPES = {"float64": np.float64, "float32": np.float32}
#: Every kernel once.
KERNELS = {code.kernel(case): name for name, case in reversed({**QUICK, **FURTHER}.items())}
#: In float32 those with a loop, or a number of rows, of their own: each rule is there alone too.
IN_SINGLE = covering({name: ALL_CASES[name] for name in reversed(KERNELS.values())})


def in_both(names, single=ALL_CASES):
    """In float64, and in float32 those that are among the second."""
    return [
        pytest.param(ALL_CASES[name], real, id=f"{name}, {dtype}")
        for name in names
        for dtype, real in DTYPES.items()
        if real is np.float64 or name in single
    ]


def code_of(case, capabilities=CAPABILITIES[1:]):
    return code.compiled(code.kernel(case).py_func, code.types(case), capabilities)


@functools.cache
def clock_alone(rule):
    """Operations in float64 of a rule's clock for weights in float32."""
    types = [numba.float64] * (len(rule.clock_values) + len(rule.totals))
    types += [numba.float32] * ((rule.terms is not None) + rule.clock_hyperparameters)
    if rule.clock.__code__.co_flags & inspect.CO_VARARGS:
        types = [numba.types.StarArgTuple.from_types(tuple(types))]
    (text,) = code.compiled(rule.clock, tuple(types), [(9, 0)], device=True)
    return len(code.arithmetic(text, 64))


@pytest.mark.parametrize(("case", "real"), in_both(reversed(KERNELS.values()), IN_SINGLE))
def test_operations_round_one_at_a_time_as_ieee_has_it(case, real):
    case = replace(case, dtype=real)
    problem, rule = problem_of(case.problem), case.optimizer().rule
    for text, capability in zip(code_of(case, CAPABILITIES), CAPABILITIES, strict=True):
        assert f".target sm_{capability[0]}0" in text
        double, single = code.arithmetic(text, 64), code.arithmetic(text, 32)
        assert len(double) + len(single) >= 20
        for each in double + single:
            assert re.fullmatch(r"(add|sub|mul|div|sqrt|rcp)\.rn\.f(32|64)", each), each
        assert "call" not in " ".join(code.operations(text))
        if problem.d == 1:
            assert ".local" not in text
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


@pytest.mark.parametrize(("case", "real"), in_both(CONVENTIONS))
def test_a_rule_rounds_as_ieee_has_it(case, real):
    """What the kernels above have in their loop, alone: its update, and its clock in float64."""
    rule, kind = case.optimizer().rule, numba.from_dtype(np.dtype(real))
    others = len(rule.hyperparameters) - 1
    count = 3 + len(rule.state) + len(rule.clock_values) + others
    parts = [(rule.update, (kind,) * count, 64 if real is np.float64 else 32)]
    if rule.clock is not None and real is np.float64:
        ticks = len(rule.clock_values) + len(rule.totals) + (rule.terms is not None)
        ticks += rule.clock_hyperparameters
        parts.append((rule.clock, (numba.float64,) * ticks, 64))
    if rule.terms is not None:
        summed = (kind,) * (count - others + rule.terms_hyperparameters)
        parts.append((rule.terms, summed, 64 if real is np.float64 else 32))
    for function, types, bits in parts:
        if function.__code__.co_flags & inspect.CO_VARARGS:
            named = function.__code__.co_argcount
            types = (*types[:named], numba.types.StarArgTuple.from_types(types[named:]))
        texts = code.compiled(inlined(function), types, CAPABILITIES, device=True)
        for text in texts:
            computed = code.arithmetic(text, bits)
            assert computed
            assert not code.arithmetic(text, 96 - bits)
            assert "call" not in " ".join(code.operations(text))
            assert ".local" not in text
            for each in computed:
                assert re.fullmatch(rf"(add|sub|mul|div|sqrt|rcp)\.rn\.f{bits}", each), each


@pytest.mark.parametrize(("name", "bits"), [("float64", 64), ("float32", 32)])
@pytest.mark.parametrize("rule", ["AdaGrad", "RMSprop", "Adam", "AdamW"])
def test_roots_and_quotients_are_there(rule, name, bits):
    """What the test above asks of every operation says nothing where there is none."""
    case = replace(QUICK[f"{rule}, four points"], dtype=DTYPES[name])
    operations = code.operations(code_of(case)[0])
    assert f"sqrt.rn.f{bits}" in operations
    assert f"div.rn.f{bits}" in operations


def test_numba_cuda_contracts_if_it_is_not_told_otherwise(monkeypatch):
    """If this fails, `uncontracted` may have become unnecessary."""
    case = QUICK["Adam, four points"]
    assert "fma.rn.f64" not in code.operations(code_of(case)[0])
    monkeypatch.setattr(cuda, "uncontracted", open_door)
    assert "fma.rn.f64" in code.operations(code_of(case)[0])


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


# --- what becomes of it -------------------------------------------------------------------------

#: Registers of a thread at most, bytes on its stack, bytes spilled: d = 1, 10 and 64 at sm_90.
LIMITS = {
    ("SGD", 1, "float64"): (96, 0, 0),
    ("Adam", 1, "float64"): (112, 0, 0),
    ("SGD", 1, "float32"): (80, 0, 0),
    ("Adam", 1, "float32"): (96, 0, 0),
    ("SGD", 10, "float64"): (255, 40, 88),
    ("SGD", 10, "float32"): (168, 0, 0),
    ("Adam", 10, "float64"): (255, 160, 344),
    ("Adam", 10, "float32"): (200, 0, 0),
    ("SGD", 64, "float64"): (255, 2336, 7640),
    ("Adam", 64, "float64"): (255, 3416, 7408),
    ("SGD", 64, "float32"): (255, 592, 84),
    ("Adam", 64, "float32"): (255, 1176, 232),
}


@pytest.mark.parametrize(("rule", "d", "dtype"), LIMITS)
def test_registers_hold_a_trajectory(rule, d, dtype):
    """All of it with one weight, and with ten in float32; with ten in float64 nearly all.

    A thread has 255 registers of 32 bits: 127 numbers in float64. With 64 weights the weights and
    their gradient alone are more, so these lie in local memory, as does the rule's state.
    """
    problem = {1: "four points", 10: "ten weights", 64: "64 weights"}[d]
    case = Case(problem, rule, dtype=DTYPES[dtype])
    assert problem_of(problem).d == d
    used = code.registers(code_of(case)[0], (9, 0))
    assert all(np.array(used) <= LIMITS[rule, d, dtype]), used
