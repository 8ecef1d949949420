"""The machine code of a case's kernel, as NVVM writes it (PTX); no GPU needed."""

import re
from types import SimpleNamespace

import numba
import numpy as np
from cuda.bindings import nvjitlink
from numba.cuda import compiler, dispatcher

from simopt.engine import cuda, launches, layout, packing, per_thread
from simopt.ground.compiling import uncollected
from tests.device_cases import problem_of


def types(case):
    """The types of what a kernel is called with."""
    (task, *_), data, (problem, every, record, stops, given) = case.work()
    group, real = task.group, case.dtype
    ends = per_thread.Ends(
        w=np.empty((problem.d, 1), real),
        loss=np.empty(1, real),
        best_loss=np.empty(1, real),
        peak=np.empty(1, real),
        counts=np.empty((layout.COUNTED, 1), np.int32),
    )
    how = packing.how_of(group.plan, problem.d, real, every, record, stops, given is not None)
    places = launches.places_of(task, given is not None)
    settings, orders = group.settings.astype(real), np.empty(1, np.int32)
    return numba.void(*map(numba.typeof, (data, how, settings, orders, places, ends)))


def kernel(case):
    """The kernel of a case; two cases may have the same."""
    (task, *_), data, _ = case.work()
    return cuda.kernel_of(task, data, problem_of(case.problem))


def compiled(function, signature, capabilities, device=False):
    """The PTX of a kernel, or of a function for kernels, for compute capabilities as (9, 0)."""
    there = dispatcher.get_current_device
    # A function that a kernel calls is compiled for the device in this machine: here is none.
    dispatcher.get_current_device = lambda: SimpleNamespace(compute_capability=capabilities[0])
    try:
        with cuda.uncontracted(), uncollected():
            # `numba.cuda.compile` does just that, but infers the types for every capability anew.
            library, _ = compiler._compile_pyfunc_with_fixup(
                function, signature, device=device, abi="numba", cc=capabilities[0]
            )
            return [library.get_asm_strs(cc=each)[0] for each in capabilities]
    finally:
        dispatcher.get_current_device = there


def operations(text):
    """Every instruction of the code, as often as it stands there."""
    return re.findall(
        r"^\s+(?:@!?%p\d+ )?([a-z][a-z0-9_]*(?:\.[a-z0-9_:]+)*)\s", text, re.MULTILINE
    )


def arithmetic(text, precision):
    """What of it computes with floating-point numbers of 32 or 64 bits."""
    kind = rf"(add|sub|mul|div|fma|mad|sqrt|rsqrt|rcp|sin|cos|ex2|lg2)\S*\.f{precision}"
    return [each for each in operations(text) if re.fullmatch(kind, each)]


def registers(text, capability):
    """What becomes of it on a device: registers of a thread, bytes of its stack, bytes spilled."""
    options = [f"-arch=sm_{capability[0]}{capability[1]}", "-verbose", "-Xptxas=-v"]
    handle = nvjitlink.create(len(options), options)
    code = text.encode()
    nvjitlink.add_data(handle, nvjitlink.InputType.PTX, code, len(code), "kernel")
    nvjitlink.complete(handle)
    log = bytearray(nvjitlink.get_info_log_size(handle))
    nvjitlink.get_info_log(handle, log)
    nvjitlink.destroy(handle)
    words = log.decode(errors="replace")
    numbers = r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
    stack, stored, loaded = map(int, re.search(numbers, words).groups())
    return int(re.search(r"Used (\d+) registers", words)[1]), stack, stored + loaded
