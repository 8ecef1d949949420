"""Numba's passes that compiled code here goes without, and users' functions don't."""

import re
from unittest import mock

import numba
import numpy as np
import pytest
from numba.core import analysis, codegen, compiler, compiler_machinery, lowering
from numba.core.registry import cpu_target
from numba.core.typing import templates

import simopt
from simopt.ground import pipeline
from simopt.ground.compiling import compiled
from simopt.ground.pipeline import UNNEEDED, Compiler, Flags, replaced
from simopt.sweeps.reduction import ranks


@pytest.fixture
def passes(monkeypatch, tmp_path):
    """By a function's name the passes that it went through; nothing is found on disk."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    met, run = {}, compiler_machinery.PassManager.run

    def noted(self, state):
        names = {each.name() for each, _ in self.passes}
        met.setdefault(state.func_id.func.__name__, set()).update(names)
        return run(self, state)

    monkeypatch.setattr(compiler_machinery.PassManager, "run", noted)
    return met


def test_what_is_unneeded_is_numbas():
    """Else a pass of another name would go unnoticed, and kernels would take long again."""

    def defined(self):
        (pipeline,) = compiler.Compiler.define_pipelines(self)
        names.update(each.name() for each, _ in pipeline.passes)
        return [pipeline]

    names = set()
    noting = type("Noting", (compiler.Compiler,), {"define_pipelines": defined})
    assert numba.njit(lambda x: x + 1, pipeline_class=noting)(2) == 3
    assert names >= UNNEEDED


def test_what_is_replaced_is_numbas():
    assert len(pipeline.PEEPHOLES) == 2
    assert pipeline._find_values is not None
    assert callable(templates._OverloadFunctionTemplate._get_jit_decorator)


def test_functions_of_the_package_go_without(passes):
    compiled(ranks.transpose)(np.eye(3), np.empty((3, 3)))
    assert "nopython_type_inference" in passes["transpose"]
    assert not passes["transpose"] & UNNEEDED


@pytest.mark.parametrize(("pipeline", "before"), [(Compiler, False), (compiler.Compiler, True)])
def test_functions_are_optimised_once_what_they_call_is_inlined(monkeypatch, pipeline, before):
    """Numba does so before, too; the names are of what it then makes passes for."""
    made, passes = [], codegen.JITCPUCodegen._function_pass_manager
    monkeypatch.setattr(
        codegen.JITCPUCodegen,
        "_function_pass_manager",
        lambda self: (made.append(pipeline), passes(self))[1],
    )
    found = np.empty((3, 3))
    numba.njit(pipeline_class=pipeline)(ranks.transpose)(np.eye(3), found)
    np.testing.assert_array_equal(found, np.eye(3))
    assert bool(made) is before


@pytest.fixture
def analysed(monkeypatch):
    """How often it was computed of how many blocks which variables live where."""
    seen, compute = [], analysis.compute_live_map
    monkeypatch.setattr(
        analysis,
        "compute_live_map",
        lambda *given: (seen.append(len(given[1])), compute(*given))[1],
    )
    return seen


class Thorough(Compiler):
    """The same passes, each with all the analyses that Numba makes after it."""

    def _compile_core(self):
        return compiler.Compiler._compile_core(self)


def test_variables_are_analysed_once_and_the_code_is_the_same(analysed):
    codes, counts = [], []
    for each in (Thorough, Compiler):
        function = numba.njit(pipeline_class=each, error_model="numpy")(ranks.transpose)
        analysed.clear()
        function(np.eye(3), np.empty((3, 3)))
        (text,) = function.inspect_llvm().values()
        # A function's name has its number in this process.
        codes.append(re.sub(r"B\d+v\d+", "", text.replace(each.__name__, "")))
        counts.append(len(analysed))
    assert codes[0] == codes[1]
    assert counts[0] > counts[1] == 1


def walked(pair, count):
    rows, shift = pair
    total = 0.0
    for k in range(count):
        if k > 2:
            total += rows[k] * shift
        else:
            late = rows[k]
            total -= late
    return total + late


@pytest.mark.parametrize("ours", [True, False])
def test_what_is_assigned_once_has_no_place_in_memory(monkeypatch, ours):
    """But where Numba counts references, and of variables that a loop assigns to."""
    places, alloca = [], lowering.Lower.alloca
    monkeypatch.setattr(
        lowering.Lower,
        "alloca",
        lambda self, name, kind: (places.append(name), alloca(self, name, kind))[1],
    )
    named = type(walked)(walked.__code__, {"__name__": "simopt.tests" if ours else "other"})
    function = numba.njit(pipeline_class=Compiler, _nrt=False)(named)
    rows = np.arange(5.0)
    assert function((rows, 2.0), 5) == walked((rows, 2.0), 5)
    assert ("rows" in places) is not ours
    assert any(name.startswith("total") for name in places)
    assert function((rows, 2.0), 3) == walked((rows, 2.0), 3)


@pytest.mark.parametrize("counts", [True, False])
def test_a_generator_keeps_its_variables_where_it_goes_on_from(counts):
    named = type(scaled)(scaled.__code__, {"__name__": "simopt.tests", "range": range})
    function = numba.njit(pipeline_class=Compiler, _nrt=counts)(named)
    assert [*function((2.0, 3.0), 4)] == [*scaled((2.0, 3.0), 4)]


def scaled(pair, count):
    first, second = pair
    factor = first * second
    for each in range(count):
        yield each * factor


class Renamed:
    """Of a Numba that says otherwise which variables need no place."""

    def _find_singly_assigned_variable(self):
        self.values = set()


def test_a_numba_that_does_otherwise_is_left_to_do_so(monkeypatch):
    assert pipeline.finding_values(lowering.Lower) is not None
    assert [pipeline.finding_values(each) for each in (Renamed, object)] == [None, None]
    monkeypatch.setattr(pipeline, "_find_values", None)
    monkeypatch.setattr(pipeline, "SIMPLIFIES", False)
    monkeypatch.setattr(pipeline, "ASKED", ("what no version has",))
    found = np.empty((3, 3))
    with pipeline.settled():
        assert "get_abi_sizeof" not in vars(cpu_target.target_context)
        numba.njit(pipeline_class=Compiler)(ranks.transpose)(np.eye(3), found)
    np.testing.assert_array_equal(found, np.eye(3))


def test_a_scipy_of_other_whole_numbers_is_refused_as_numba_does(monkeypatch):
    linalg = pytest.importorskip("numba.np.linalg")
    if not hasattr(linalg, "_check_lapack_int_width"):
        pytest.skip("this Numba does not look")
    asked = mock.Mock(refresh=lambda: linalg.ensure_blas())
    pipeline._look_through_registries(asked)
    monkeypatch.setattr(linalg, "_lapack_runtime_is_ilp64", lambda: not linalg._LAPACK_BUILD_ILP64)
    with pytest.raises(RuntimeError, match="LP64"):
        pipeline._look_through_registries(asked)


def test_other_values_last_for_the_block():
    class Owner:
        kept = 1

    owner = Owner()
    owner.own = 2
    with replaced(owner, kept=3, own=4):
        assert (owner.kept, owner.own) == (3, 4)
    assert vars(owner) == {"own": 2}
    assert owner.kept == 1


def squares(count):
    for each in range(count):
        yield each * each


def test_generators_and_users_functions_are_analysed_as_ever(analysed):
    for function, ours in ((squares, True), (squares, False)):
        named = type(function)(function.__code__, {"__name__": "simopt.tests" if ours else "other"})
        compiled = numba.njit(pipeline_class=Compiler)(named)
        analysed.clear()
        assert [*compiled(4)] == [0, 1, 4, 9]
        assert len(analysed) > 1


def between(a, b):
    return (a + b) / 2 - a * b


def test_expressions_of_arrays_are_compiled_within_a_users_function():
    """Numba makes a function of each, which belongs to no module."""
    a, b = np.arange(4.0), np.linspace(1, 2, 4)
    found = numba.njit(pipeline_class=Compiler)(between)(a, b)
    np.testing.assert_array_equal(found, between(a, b))


def test_flags_are_equal_where_numbas_are():
    first, second = compiler.Flags(), compiler.Flags()
    assert Flags(first) == Flags(second) == first
    assert {first: "known"}[Flags(second)] == "known"
    second.nrt = True
    assert Flags(first) != Flags(second)
    assert Flags(second) != first
    # A default that is set is no other flag.
    first.nrt = False
    assert Flags(first) == compiler.Flags()


def loss(x, y):
    def square(value):
        return value * value

    return square(x) + sum([square(each) for each in (y, 1.0)])


@pytest.mark.whole
def test_users_functions_have_them_all(passes):
    problem = simopt.problems.function(loss, lambda x, y: (2 * x, 2 * y), w0=[1.0, -1.0])
    found = simopt.sweep(problem, simopt.SGD(eta=[0.1]), updates=3)
    w = np.array([1.0, -1.0])
    for _ in range(3):
        w -= 0.1 * (2 * w)
    assert found["loss"][0] == loss(*w)
    assert passes["loss"] >= UNNEEDED
    assert not any(met & UNNEEDED for name, met in passes.items() if name.startswith("whole_"))
