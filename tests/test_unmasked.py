"""Weights and marks are stored whole: a masked store takes several times as long."""

import platform
import re

import numba
import numpy as np
import pytest

import simopt
from simopt.engine import layout, loop, steps, unmasked, watching
from simopt.ground.inline import taken_in

#: A store of some lanes of a register, in the assembler of x86-64 without and with AVX-512.
MASKED = re.compile(r"vmaskmov\w+\s+%\S+, %\S+, |vmov\w+\s+%[xyz]mm\d+, \S*\([^)]*\) \{%k")
ON_X86 = pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="x86-64 alone")


def assembler(function, signature):
    compiled = numba.njit(signature, error_model="numpy")(function)
    (text,) = compiled.inspect_asm().values()
    return text


@ON_X86
@pytest.mark.parametrize("one", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_step_stores_whole_weights(one):
    rule = simopt.SGD(eta=0.1).rule
    made = steps.steps_of(rule, np.float64, layout.PLAIN, layout.lanes(np.float64), one)
    taken_in(*loop.NUMERIC, *made.parts)
    text = assembler(made.block, steps.signature(numba.float64))
    assert "mulpd" in text
    assert not MASKED.search(text)


def marks(work, now):
    for lane in range(np.uint64(128)):
        gap, loss = work[0, lane], work[1, lane]
        watching.watch(work, 2, lane, gap, abs(gap), 0.0, 1.0)
        watching.watch_loss(work, 2, lane, loss, now, 0.0)


@ON_X86
def test_marks_are_stored_whole():
    text = assembler(marks, "void(float64[:, ::1], float64)")
    assert re.search("m(in|ax)pd|cmp.*pd", text)
    assert not MASKED.search(text)


def test_a_number_that_is_stored_whole_is_itself():
    assert unmasked.whole(0.25) == numba.njit(lambda x: unmasked.whole(x))(0.25) == 0.25
