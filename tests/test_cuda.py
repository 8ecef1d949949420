"""The engine on GPUs, in numba.cuda's simulator: plain Python, a process of its own."""

import functools
import itertools
import json
import math
import multiprocessing
import os
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit

import simopt
from simopt.engine import blocks, grouping, layout, losses, matrices, moments, packing, per_thread
from simopt.engine.cuda import THREADS
from simopt.engine.launches import places_of, waves
from simopt.ground.compiling import uncollected
from simopt.ground.inline import inlined
from simopt.ground.pipeline import Compiler
from simopt.rules import ALL
from simopt.rules.matrices import MatrixStep
from simopt.training import plan, shuffling
from tests.device_cases import (
    ALL_CASES,
    CONVENTIONS,
    FURTHER,
    LOSSES,
    OF_LOSSES,
    QUICK,
    SHARED,
    WHOLE,
    aspects,
    assert_same,
    further_whole,
    problem_of,
)

#: Threads of a block here, where each is one of Python's: to start those that have nothing to do in
#: a device's would take longer than all that is computed.
FEW = 4


def ends(name, width=layout.ROW_BYTES):
    """A case, computed where this is called, in tasks that suit blocks of this width."""
    from simopt.engine import cuda

    with mock.patch.object(layout, "ROW_BYTES", width):
        return ALL_CASES[name].ends(cuda.compute)


def ends_of_full_blocks(name):
    """The same in blocks of as many threads as on a device."""
    from simopt.engine import cuda

    with mock.patch.object(cuda, "THREADS", THREADS):
        return ends(name)


def prepare(least):
    """Have trajectories share orders where they do in the tests' own process; in small blocks."""
    from simopt.engine import cuda

    grouping.LEAST_OWN = least
    cuda.THREADS = FEW


@pytest.fixture(scope="module")
def simulator():
    """A process in which a device is simulated. It takes functions of this file."""
    os.environ["NUMBA_ENABLE_CUDASIM"] = "1"
    try:
        spawn, least = multiprocessing.get_context("spawn"), grouping.LEAST_OWN
        with ProcessPoolExecutor(1, spawn, initializer=prepare, initargs=(least,)) as pool:
            pool.submit(os.getpid).result()
            del os.environ["NUMBA_ENABLE_CUDASIM"]
            yield lambda function, *arguments: pool.submit(function, *arguments).result()
    finally:
        os.environ.pop("NUMBA_ENABLE_CUDASIM", None)


#: Every convention of every rule, each rule's first by default: the others differ in no loop.
FIRST = {case.rule: name for name, case in reversed(CONVENTIONS.items())}
OF_EACH_RULE = [
    pytest.param(name, marks=() if name == FIRST[case.rule] else pytest.mark.slow)
    for name, case in CONVENTIONS.items()
]


@pytest.mark.interpreted
@pytest.mark.parametrize("name", [*QUICK, *OF_EACH_RULE])
def test_the_bits_are_those_of_the_blocks_loop(name, simulator):
    """Of two loops in plain Python."""
    expected = ALL_CASES[name].ends(blocks.compute)
    assert_same(simulator(ends, name, layout.ROW_BYTES), expected)


@pytest.mark.parametrize("name", SHARED)
def test_the_bits_are_the_cpus(name, simulator):
    """Compiled, that is: apart from the loop, as most jobs are, so that one loop serves many."""
    assert_same(simulator(ends, name), QUICK[name].ends(blocks.compute, apart=True))


@pytest.mark.parametrize("name", ["a shared order", "moments", "it lives on"])
def test_so_are_those_of_full_blocks(name, simulator):
    """More blocks than one, and of the last one threads that have nothing to do."""
    assert_same(simulator(ends_of_full_blocks, name), QUICK[name].ends(blocks.compute, apart=True))


@pytest.mark.kernels
@pytest.mark.parametrize("name", [name for name in QUICK if name in WHOLE or name not in SHARED])
def test_the_bits_are_those_of_a_kernel(name, simulator):
    """Whole for every loop and every number of rows; apart with the steps of all other rules."""
    expected = QUICK[name].ends(blocks.compute, apart=name not in WHOLE)
    assert_same(simulator(ends, name), expected)


def cut_and_whole(device):
    """A sweep that goes on from another, and the one that was never cut."""
    options = {"shuffle": "epoch", "seed": range(3), "batch_size": 3, "device": device}
    options |= {"evaluate": 2, "target": 3.0, "divergence": 1e3, "keep_state": True}
    four, adam = simopt.problems.four_points(), simopt.Adam(eta=[0.04, 0.3, 2.0])
    begun = simopt.sweep(four, adam, updates=3, **options)
    return (
        simopt.sweep(four, adam, epochs=4, **options, resume=begun),
        simopt.sweep(four, adam, epochs=4, **options),
    )


@pytest.mark.compiled
def test_a_sweep_goes_on(simulator):
    longer, whole = simulator(cut_and_whole, "cuda")
    pd.testing.assert_frame_equal(longer, whole, check_exact=True)
    # The bits are the CPU's, and so is what was kept.
    pd.testing.assert_frame_equal(longer, cut_and_whole("cpu")[0], check_exact=True)


def test_losses_rules_and_orders_meet_in_pairs():
    """Of the three any two, in all that they may be."""
    met = {
        (case.problem, case.rule, case.plan.get("shuffle", "never")) for case in FURTHER.values()
    }
    for first, second in itertools.combinations(range(3), 2):
        every = (LOSSES, OF_LOSSES, ("never", "epoch"))
        pairs = set(itertools.product(every[first], every[second]))
        assert pairs <= {(each[first], each[second]) for each in met}


@pytest.mark.kernels
@pytest.mark.parametrize("name", FURTHER)
def test_the_bits_are_the_cpus_on_every_problem(name, simulator):
    """Whole, but for a loop that another rule of the same kind has whole."""
    expected = FURTHER[name].ends(blocks.compute, apart=name not in further_whole())
    assert_same(simulator(ends, name), expected)


@functools.cache
def quick(function):
    """A part of a rule, compiled: decay and clipping leave most clocks as they are."""
    options = {"error_model": "numpy", "no_cfunc_wrapper": True, "pipeline_class": Compiler}
    return njit(**options)(inlined(function))


@pytest.mark.parametrize("name", OF_EACH_RULE)
def test_a_compiled_rule_has_pythons_bits(name):
    """What a kernel puts into its loop, alone: compiled in a tenth of the time."""
    optimizer = CONVENTIONS[name].optimizer()
    rule, (eta, *others) = optimizer.rule, np.float64(optimizer.values)
    update, clock = rule.update, rule.clock
    state = tuple(map(np.float64, rule.start(optimizer.settings, 3.0)))
    ticks = tuple(map(np.float64, rule.clock_start(optimizer.settings)))
    w, between = np.float64(3.0), ()
    for g in np.random.default_rng(6).normal(size=50):
        if rule.terms is not None:
            before = (w, g, eta, *state, *ticks, *others[: rule.terms_hyperparameters])
            asked = (np.float64(abs(g)),) * rule.asks_loss
            between = (*rule.terms(*before), *asked, eta)
            assert (*quick(rule.terms)(*before), *asked, eta) == between
        if clock is not None:
            before = (*ticks, *between, *others[: rule.clock_hyperparameters])
            ticks = clock(*before)
            assert quick(clock)(*before) == ticks
        before = (w, g, eta, *state, *ticks, *others)
        after = update(*before)
        assert quick(update)(*before) == after
        w, *state = after if state else (after,)
        assert math.isfinite(w)


# --- launches -----------------------------------------------------------------------------------


def in_small_launches(name, lanes, seeds):
    """The same with memory for so much only; and how many launches it took."""
    from simopt.engine import cuda

    launched = []
    memory, launch = cuda.room, cuda.launch
    cuda.room = lambda *_: (lanes, seeds)
    cuda.launch = lambda run, *rest: (launched.append(run), launch(run, *rest))
    try:
        return ends(name), len(launched) - launched.count(cuda.order_kernel())
    finally:
        cuda.room, cuda.launch = memory, launch


@pytest.mark.parametrize(
    ("name", "lanes", "seeds"),
    [
        ("an order of its own", 7, 3),
        ("an order of its own", 64, 11),
        ("a shared order", 50, 1),
        ("a shared order", 300, 2),
        ("moments", 2, 1),
        ("given orders", 3, 1),
    ],
)
def test_small_launches_make_the_same(name, lanes, seeds, simulator):
    found, launches = simulator(in_small_launches, name, lanes, seeds)
    assert_same(found, QUICK[name].ends(blocks.compute, apart=True))
    assert launches > 1 or lanes == 300


@given(
    st.integers(1, 400),
    st.integers(1, 30),
    st.sampled_from(["never", "once", "epoch"]),
    st.integers(1, 5000),
    st.integers(1, 300),
    st.integers(1, 40),
)
def test_launches_cover_every_trajectory_once(held, seeds, shuffle, size, lanes, drawn):
    how = plan.make(problem_of("four points"), 1, shuffle, 2, False)
    group = grouping.Group(
        simopt.SGD().rule, how, np.zeros((1, held)), np.arange(seeds), np.zeros(held), np.zeros(1)
    )
    problem = problem_of("four points")
    for task in grouping.tasks(group, problem, np.float64, size * 8, False):
        settings, of_seed, real = task.members()
        at = task.first
        for wave in waves(places_of(task, False), held, lanes, drawn):
            places = wave.places
            assert places.first == at or not real[at - task.first : places.first - task.first].any()
            at = places.first
            assert 0 < places.lanes <= lanes
            mine = slice(at - task.first, at - task.first + places.lanes)
            at += places.lanes
            kept = real[mine]
            assert (settings[mine][kept] >= wave.settings[0]).all()
            assert (settings[mine][kept] < wave.settings[1]).all()
            assert wave.settings[1] <= held
            if shuffle != "never":
                assert (of_seed[mine][kept] >= wave.seeds[0]).all()
                assert (of_seed[mine][kept] < wave.seeds[1]).all()
                assert wave.seeds[1] - wave.seeds[0] <= drawn
        assert not real[at - task.first :].any()


def stopped():
    """Updates done, and results, when a wish to stop comes before the first launch."""
    from simopt.engine import cuda

    (task, *_), data, settings = QUICK["moments"].work()
    pulse = np.array([1, 0])
    cuda.compute(task, data, *settings, pulse)
    return pulse.tolist()


def test_a_wish_to_stop_is_heard(simulator):
    assert simulator(stopped) == [1, 0]


# --- what is missing ----------------------------------------------------------------------------


def missing():
    from simopt.engine import cuda

    return cuda.available()


def refused(name, **changes):
    from simopt.engine import cuda

    (task, *_), data, settings = replace(QUICK[name], **changes).work()
    with pytest.raises(ValueError, match="device='cuda'") as caught:
        cuda.compute(task, data, settings[0], 1, 2, True, None, np.zeros(2, np.int64))
    return str(caught.value)


def test_the_simulator_is_a_device(simulator):
    assert simulator(missing) is None


def test_summaries_alone(simulator):
    assert "record='steps'" in simulator(refused, "SGD, four points")


def test_a_diagnosis_needs_what_a_gpu_does_not_return(monkeypatch):
    from simopt.engine import cuda

    monkeypatch.setattr(cuda, "available", lambda: None)
    how = {"device": "cuda", "diagnosis": True}
    with pytest.raises(ValueError, match="^device='cuda': diagnosis=True: a GPU returns no losses"):
        simopt.sweep(simopt.problems.four_points(), simopt.SGD(eta=0.1), **how)


def test_weights_up_to_what_registers_hold():
    from simopt.engine import cuda

    x = np.eye(65)
    assert cuda.unfit(simopt.problems.least_squares(x[:, :64], x[0]), "summary") is None
    assert "65 weights" in cuda.unfit(simopt.problems.least_squares(x, x[0]), "summary")


@pytest.mark.parametrize(
    ("package", "error", "library", "devices", "said"),
    [
        (None, None, True, [1], "the package numba-cuda is not installed"),
        (1, "Error at driver init:\n\nno library\n:", True, [1], r"does not answer \(no library\)"),
        (1, None, False, [1], "NVVM is not found"),
        (1, None, True, [], "there is no CUDA device"),
    ],
)  # fmt: skip
def test_what_is_missing_is_named(package, error, library, devices, said, monkeypatch):
    from simopt.engine import cuda

    monkeypatch.setattr(cuda.importlib.util, "find_spec", lambda name: package)
    fake = SimpleNamespace(cuda_error=lambda: error, is_available=lambda: library, gpus=devices)
    monkeypatch.setattr(cuda, "cuda", fake)
    assert re.search(said, cuda.available())


def test_nothing_is_missing_where_all_is_there(monkeypatch):
    from simopt.engine import cuda

    monkeypatch.setattr(cuda.importlib.util, "find_spec", lambda name: 1)
    fake = SimpleNamespace(cuda_error=lambda: None, is_available=lambda: True, gpus=[1])
    monkeypatch.setattr(cuda, "cuda", fake)
    assert cuda.available() is None


# --- single precision ---------------------------------------------------------------------------


@functools.cache
def in_turn(*key):
    """The time loop of a thread, compiled for the CPU, over all trajectories of a launch."""
    advance, rows, clocks = per_thread.program(*key)
    rule, loss_passes, _, real, _, d, _, count = key
    copies_shape, room_shape = (1, 1, 1, 1), (1,)
    if isinstance(rule.matrix, MatrixStep):
        shape = loss_passes.units(d, count), count
        copies_shape = matrices.held_shape(rule, *shape)
        room_shape = rule.matrix.shape_of_room(*shape)

    def launch(data, how, settings, orders, places, ends):
        work = np.empty((rows, 1), data.x.dtype)
        ticks = np.empty((clocks, 1))
        copies, room = np.empty(copies_shape, real), np.empty(room_shape, real)
        for lane in range(places.lanes):
            outer = (places.first + lane) // places.inner
            rest = places.first + lane - outer * places.inner
            setting = rest if places.by_seed else outer
            seed = outer if places.by_seed else rest
            if setting < settings.shape[1]:
                offset = seed * places.of_seed
                advance(
                    data, how, settings, orders, setting, offset, places.of_epoch, work, ticks,
                    ends, lane, copies, room,
                )  # fmt: skip

    return njit(error_model="numpy", no_cfunc_wrapper=True)(launch)


def with_moments(data, how, orders):
    """The data with the moments of every batch of some orders, as a device makes them."""
    n, dp = data.x.shape
    rows = len(orders) // n * how.batches
    data = data._replace(
        moments=np.empty((rows, dp, dp), data.x.dtype), slopes=np.empty((rows, dp), data.x.dtype)
    )
    for row, j in np.ndindex(rows, dp):
        order, batch = divmod(row, how.batches)
        start = order * n + batch * how.batch_size
        stop = min(start + how.batch_size, order * n + how.points_used)
        moments.write_row(
            data.moments, data.slopes, row, j, data.x, data.errors, orders, start, stop,
            2.0 / (stop - start),
        )  # fmt: skip
    return data


def on_the_cpu(task, data, problem, every, record, stops, given, pulse):
    """A `compute` by the loop of `per_thread`."""
    group, how, dtype = task.group, task.group.plan, data.x.dtype.type
    count = task.last - task.first
    run = in_turn(
        group.rule,
        losses.passes_of(problem),
        task.points.endswith("moments"),
        dtype,
        packing.extras_of(how),
        problem.d,
        data.w0.shape[0],
        problem.columns,
    )
    ends = per_thread.Ends(
        w=np.empty((problem.d, count), dtype),
        loss=np.empty(count, dtype),
        best_loss=np.empty(count, dtype),
        peak=np.empty(count, dtype),
        counts=np.empty((layout.COUNTED, count), np.int64),
    )
    orders = [given]
    if not how.n:
        orders = [group.seeds]  # of the noise
    elif given is None:
        made = [shuffling.orders(how.shuffle, int(s), how.epochs, how.n) for s in group.seeds]
        orders = [each[:1] if how.shuffle in ("never", "once") else each for each in made]
        orders = orders if how.shuffle != "never" else orders[:1]
    places = places_of(task, given is not None)
    numbers = packing.how_of(how, problem.d, dtype, every, record, stops, given is not None)
    flat = np.concatenate(orders).astype(np.int32 if how.n else np.int64).ravel()
    if task.points.endswith("moments") and problem.d > 1 and numbers.shuffle != 0:
        data = with_moments(data, how, np.concatenate(orders).ravel())
    with uncollected():
        run(data, numbers, group.settings.astype(dtype), flat, places, ends)
    return ends


def in_single(name):
    """A case in float32, and what the CPU's blocks come to: whole, or with the rule apart."""
    case = replace(QUICK[name], dtype=np.float32)
    return case, case.ends(blocks.compute, apart=name not in WHOLE)


def test_kernels_that_are_whole_cover_what_is_compiled_apart():
    """Every loop and every number of rows is there; and every rule is in both precisions."""
    met = set().union(*map(aspects, WHOLE.values()))
    for name, case in QUICK.items():
        assert aspects(case) <= met, name
    assert {case.rule for case in QUICK.values()} >= {*ALL}


@pytest.mark.kernels
def test_so_do_the_further_ones():
    met = set().union(*map(aspects, further_whole().values()))
    for name, case in {**QUICK, **FURTHER}.items():
        assert aspects(case) <= met, name


def single(name):
    """A case in float32, computed where this is called."""
    from simopt.engine import cuda

    return replace(QUICK[name], dtype=np.float32).ends(cuda.compute)


#: In RAdam's clocks a whole number meets a float32: for Numba that makes a float64, for NumPy not.
#: In the others a root of a float32 number, for Python a float64, meets another or makes its
#: complement, or there is a sum in float64.
OTHER_TYPES = tuple(
    f"{rule}, four points"
    for rule in (
        "RAdam as torch",
        "ScheduleFreeRAdam as document",
        "ASGD as document",
        "DAdaptAdamW as document",
        "DoWG as document",
        "FTRL as river",
        "LAMB as pytorch_optimizer",
        "LARS as document",
        "MADGRAD as document",
    )
)


#: The last for exp, log and tanh, which choose by the type of their argument.
OF_NUMPYS_TYPES = (
    *(name for name in QUICK if name.endswith("four points") and name not in OTHER_TYPES),
    "a network of labels",
)


@pytest.mark.kernels
@pytest.mark.parametrize(
    "name", [name for name in QUICK if name in WHOLE or name not in OF_NUMPYS_TYPES]
)
def test_single_precision_has_the_cpus_bits_too(name):
    """Compiled, that is, with Numba's types; the simulator has NumPy's, as below."""
    case, expected = in_single(name)
    assert_same(case.ends(on_the_cpu), expected)


@pytest.mark.kernels
@pytest.mark.parametrize("name", OF_NUMPYS_TYPES)
def test_single_precision_in_the_simulator(name, simulator):
    assert_same(simulator(single, name), in_single(name)[1])


# --- the benchmark ------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_benchmark_runs(tmp_path):
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench_cuda", "--tiny", "--json", str(file)],
        env=os.environ | {"NUMBA_ENABLE_CUDASIM": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "All results have the CPU's bits." in done.stdout
    rows = json.loads(file.read_text())["rows"]
    assert {row["name"].split(",")[0] for row in rows} == {"SGD", "Momentum", "Adam"}
    assert all(row["updates_per_second"]["kernel"] > 0 for row in rows)
