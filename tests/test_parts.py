"""Functions that compiled loops take in: no machine code of their own, and the same results."""

import subprocess
import sys
from typing import NamedTuple

import numba
import numpy as np
import pytest
from numba.core import codegen, compiler
from numba.core.runtime.context import NRTContext

from simopt.engine import products
from simopt.ground import libraries, parts
from simopt.ground.compiling import compiled
from simopt.ground.parts import part


def made(name):
    """A function that takes a part in, which takes another in; names that end in ``name``."""

    def below(x):
        return x * 0.1

    def above(x):
        return below(x) + np.sqrt(x)

    def loop(values):
        total = 0.0
        for value in values:
            total += above(value) / 3.0
        return total

    for function in (below, above, loop):
        function.__name__ = function.__qualname__ = f"{function.__name__}_{name}"
    part(below)
    part(above)
    return loop


@pytest.fixture
def modules(monkeypatch):
    """Names of what is handed to the engine, which makes machine code of it."""
    names, add = [], codegen.JITCPUCodegen._add_module

    def noted(self, module):
        names.append(module.name)
        return add(self, module)

    monkeypatch.setattr(codegen.JITCPUCodegen, "_add_module", noted)
    return names


VALUES = np.random.default_rng(0).uniform(0.5, 2.0, 1000)


def test_no_machine_code_is_made_of_parts(modules, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    loop = made("alone")
    expected = loop(VALUES)
    kernel = compiled(loop)
    assert kernel(VALUES) == expected
    assert [name for name in modules if name.endswith("_alone")] == ["loop_alone"]
    found = compiled(loop)
    assert (found(VALUES), sum(found.stats.cache_hits.values())) == (expected, 1)


def test_nor_of_what_compiled_code_calls_in_a_functions_place(modules):
    """Sums of products are instructions, of which a function is made for every kind of factors."""
    rows, factors = np.ones((16, 8)), np.full((8, 8), 0.5)
    zero, eight = np.uint64(0), np.uint64(8)

    def add(rows, factors):
        products.add_products(rows, zero, eight, eight, zero, eight, factors, zero, zero)

    compiled(add)(rows, factors)
    assert rows[:8].tolist() == [[5.0] * 8] * 8
    assert [name for name in modules if "lambda" in name] == []


def test_numbas_own_functions_are_parts_too_and_serve_others(modules):
    """What is made of them for a kernel is linked into functions that Numba alone compiles."""

    def greatest(values, count):
        room = np.zeros(count)
        for k in range(count):
            room[k] = max(values[k], 0.5)
        return room

    found = compiled(greatest)(np.array([0.25, 2.0]), 2)
    assert found.tolist() == [0.5, 2.0]
    of_kernel = [name for name in modules if "impl" in name]
    plain = numba.njit(_nrt=True, nogil=True, error_model="numpy")(greatest)
    assert plain(np.array([0.25, 2.0]), 2).tolist() == [0.5, 2.0]
    assert of_kernel == []


def test_without_numbas_methods_parts_are_compiled_as_any_function(modules, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(parts, "COMPILING", {})
    loop = made("whole")
    expected = loop(VALUES)
    assert compiled(loop)(VALUES) == expected
    names = [name for name in modules if name.endswith("_whole")]
    assert names == ["below_whole", "above_whole", "loop_whole"]


def test_what_is_overridden_is_numbas():
    """Else a method that nobody calls would go unnoticed, and parts would take long again."""
    theirs = codegen.JITCPUCodegen, codegen.JITCodeLibrary, compiler.Compiler
    assert parts.spares(*theirs)
    assert parts.COMPILING["pipeline_class"] is parts.Part


@pytest.mark.parametrize("lacking", range(3))
def test_a_numba_without_the_methods_is_told(lacking):
    theirs = [codegen.JITCPUCodegen, codegen.JITCodeLibrary, compiler.Compiler]
    theirs[lacking] = type("Other", (), {})
    assert not parts.spares(*theirs)


def in_threads(values):
    total = 0.0
    for k in numba.prange(len(values)):
        total += values[k]
    return total


@pytest.mark.parametrize("through", ["nothing", "a part", "a promised part"])
def test_code_that_runs_in_threads_starts_them_when_it_is_read_from_disk(
    through, tmp_path, monkeypatch
):
    """Numba has it said beside the code: else whoever reads that ends in the middle of a call."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    summed = numba.njit(parallel=True)(in_threads)

    def shared(values):
        return summed(values)

    called = summed if through == "nothing" else shared
    if called is shared:
        part(parts.promised(shared) if "promised" in through else shared)

    def loop(values):
        return called(values) + 1.0

    kernel = compiled(loop)
    assert kernel(np.ones(5)) == 6.0
    (code,) = kernel.overloads.values()
    assert [each.__name__ for each in code.reload_init] == ["_reload_parfors"]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (codegen.JITCPUCodegen, libraries.Code),
        (codegen.JITCodeLibrary, libraries.Simplified),
        (codegen.JITCodeLibrary, libraries.Flat),
        (compiler.Compiler, parts.Promised),
    ],
)
def test_a_numba_that_lacks_any_one_of_the_methods_is_told(theirs, ours):
    """Also of those that a class inherits within the package."""
    own = [each for each in ours.__mro__ if each not in theirs.__mro__]
    names = {name for each in own for name in vars(each) if callable(vars(each)[name])}
    assert libraries.has_methods(theirs, ours)
    for name in names - {"__init__", "whole", "library"}:
        lacking = type("Lacking", (theirs,), {name: None})
        assert not libraries.has_methods(lacking, ours), name


PROGRAM = """
import numba
from simopt.ground.compiling import compiled
from simopt.ground.parts import part


def told(x):
    if x > 1.0:
        raise ValueError("too large", x)
    print("is", x)
    return 2.0 * x


def first(x):
    return told(x)


def second(x):
    return told(x) + 1.0


part(told)
kernels = compiled(first), compiled(second)
for kernel in kernels:
    assert kernel(0.5) in (1.0, 2.0)
for kernel in kernels:
    try:
        kernel(1.5)
    except ValueError as error:
        print(error.args)
print("found", [sum(kernel.stats.cache_hits.values()) for kernel in kernels])
"""


def test_parts_print_and_raise_values_when_compiled_and_when_read_from_disk(tmp_path):
    """Which read an environment, in a place that part and kernel share."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    lines = ["is 0.5"] * 2 + ["('too large', 1.5)"] * 2
    for found in ("[0, 0]", "[1, 1]"):
        ran = subprocess.run(
            [sys.executable, program], capture_output=True, encoding="utf-8", check=True
        )
        assert ran.stdout.splitlines() == [*lines, f"found {found}"]


def rows_added(name, promise):
    """A loop that adds one row of an array to another, by a part that calls a part."""

    def read(rows, k, lane):
        return rows[k, lane]

    def add(rows, others, low, high, k, j):
        for lane in range(low, high):
            rows[k, lane] += read(others, j, lane)

    def loop(rows, low, high, places):
        for k, j in places:
            add(rows, rows, low, high, k, j)

    for function in (read, add, loop):
        function.__name__ = function.__qualname__ = f"{function.__name__}_{name}"
    part(read)
    part(parts.promised(add) if promise else add)
    return loop


@pytest.mark.parametrize("promise", [True, False])
def test_of_rows_that_are_promised_to_be_others_no_loop_tests_whether_they_overlap(promise):
    """The promise holds for what a part reads through parts that it calls."""
    loop = rows_added(f"promised_{promise}", promise)
    kernel = numba.njit(nogil=True, error_model="numpy")(loop)
    rows, places = np.ones((3, 64)), np.array([[0, 2], [1, 2]], np.uint64)
    kernel(rows, np.uint64(0), np.uint64(64), places)
    assert rows.tolist() == [[2.0] * 64, [2.0] * 64, [1.0] * 64]
    assert ("vector.memcheck" in kernel.inspect_llvm(kernel.signatures[0])) is not promise


class Pair(NamedTuple):
    """Arrays that a loop hands on together."""

    rows: np.ndarray
    shares: np.ndarray


def handed_on(name, makes):
    """A loop that hands a pair of arrays to a part of the package."""

    def add(pair, k):
        pair.rows[k] += pair.shares[k]

    def loop(rows, shares):
        pair = Pair(rows, shares)
        for k in range(len(rows)):
            add(pair, k)

    add.__module__, add.__name__ = "simopt.tests", f"add_{name}"
    part(parts.makes_arrays(add) if makes else add)
    return numba.njit(loop)


def test_parts_that_make_no_arrays_count_no_references(monkeypatch):
    """Numba counts wherever an array is read from a tuple: in such a loop at every turn."""
    counted, count = [], NRTContext.incref

    def noted(self, builder, *given):
        if self._enabled:
            counted[-1] += 1
        return count(self, builder, *given)

    monkeypatch.setattr(NRTContext, "incref", noted)
    for makes in (False, True):
        counted.append(0)
        loop, rows = handed_on(f"counted_{makes}", makes), np.ones(5)
        loop(rows, np.arange(5.0))
        assert rows.tolist() == [1, 2, 3, 4, 5]
    # One more for each of both arrays.
    assert counted[1] >= counted[0] + 2


@pytest.mark.parametrize("made", [True, False])
def test_what_makes_arrays_says_so(made):
    """Else they would be freed by nobody, or too early: Numba refuses to make them."""

    def spread(shares):
        return np.zeros_like(shares)

    def loop(rows, shares):
        rows[:] += spread(shares)

    spread.__module__, spread.__name__ = "simopt.tests", f"spread_{made}"
    part(parts.makes_arrays(spread) if made else spread)
    rows = np.ones(3)
    if made:
        numba.njit(loop)(rows, np.arange(3.0))
        assert rows.tolist() == [1, 1, 1]
    else:
        with pytest.raises(numba.TypingError):
            numba.njit(loop)(rows, np.arange(3.0))
