"""The engine on NVIDIA GPUs: the one file that imports numba.cuda.

A thread takes a trajectory through all its updates in one launch (`per_thread`), and only summaries
come back; the orders of the points are made on the device, once for every seed (`launches`). Lanes
that are neighbours share rule, batch size and, where a seed has enough settings, the order of the
points: a warp goes one way and reads one point.

Products and sums are rounded apart, as on the CPU: NVVM would contract them to one instruction with
one rounding, were it not told otherwise (`uncontracted`). Square roots and divisions are the IEEE
standard's too, so the bits are the CPU's.
"""

from __future__ import annotations

import importlib
import importlib.util
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any

import numpy as np
from numba import config as numba_config
from numpy.typing import NDArray

from simopt.engine import blocks, grouping, keeping, layout, matrices, moments, packing, per_thread
from simopt.engine.launches import orders_of_seed, places_of, waves
from simopt.engine.layout import Data, Kept, Out
from simopt.engine.losses import passes_of
from simopt.engine.passes import Passes
from simopt.ground import checks
from simopt.ground.extras import how_to_install
from simopt.ground.inline import inlined
from simopt.ground.pipeline import compared_fast, replaced, shortened, sparing
from simopt.problems import Problem
from simopt.rules.matrices import MatrixStep
from simopt.rules.rule import Rule
from simopt.training import shuffling
from simopt.training.plan import Plan

Array = NDArray[Any]

#: Its modules differ between numba, numba-cuda and the simulator: none has types to rely on.
cuda: Any = importlib.import_module("numba.cuda")
config: Any = numba_config

#: Weights up to which a thread has room: 64 of them fill its registers already.
MOST_WEIGHTS = 64

#: Threads of a block: few, so that registers run out late.
THREADS = 128

#: Trajectories of a launch; memory may ask for fewer. Enough to fill any device many times over,
#: few enough that progress moves and Ctrl-C is heard.
WAVE = 1 << 22

#: Registers of a thread at most; None leaves it to the compiler. With fewer, more threads run at
#: once, but numbers may have to leave them. `make bench-cuda` tries some.
REGISTERS: int | None = None

#: The share of the device's free memory that a launch may take.
MEMORY_SHARE = 0.8

#: What of a `How` lies on the device.
ARRAYS = ("rates", "box", "reaction")

#: One launch at a time: the free memory is read, then taken.
_device = threading.Lock()

#: A class of flags like numba-cuda's, made once.
flags_of = cache(compared_fast)


def available() -> str | None:
    """What is missing for ``device="cuda"``, in words; None where nothing is."""
    if config.ENABLE_CUDASIM:
        return None
    if importlib.util.find_spec("numba_cuda") is None:
        return f"the package numba-cuda is not installed ({how_to_install('cuda')})"
    reason = cuda.cuda_error()
    if reason is not None:
        words = " ".join(str(reason).replace("Error at driver init:", "").split())
        return f"the NVIDIA driver does not answer ({words.strip(' :.')})"
    if not cuda.is_available():
        return f"NVIDIA's compiler library NVVM is not found ({how_to_install('cuda')})"
    return None if len(cuda.gpus) else "there is no CUDA device"


def unfit(problem: Problem, record: str, diagnosis: bool = False) -> str | None:
    """Why a sweep can't run on a GPU although there is one, in words; None where it can."""
    if record != "summary":
        return f"record={record!r}: a GPU returns summaries alone"
    if diagnosis:
        return "diagnosis=True: a GPU returns no losses by epoch to read"
    if problem.d > MOST_WEIGHTS:
        return f"{problem.name} has {problem.d} weights: a GPU takes at most {MOST_WEIGHTS}"
    return None


@contextmanager
def uncontracted() -> Iterator[None]:
    """While this is open, what numba.cuda compiles rounds every product and every sum.

    libNVVM documents ``-fma=0`` for that, but numba.cuda has no argument that becomes it, so it is
    added on the way. Every operation in the PTX then says ``.rn``, which no later stage contracts.
    Nor has it an argument for a compiler with fewer passes (`simopt.ground.pipeline`).
    """
    if config.ENABLE_CUDASIM:
        with warnings.catch_warnings():
            # There, arithmetic is NumPy's, which warns of what a device does silently.
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
        return
    from numba.cuda.cudadrv import nvvm

    def fewer(itself: Any) -> Any:
        return shortened(pipelines(itself), itself.state.func_id.func)

    numbas: Any = importlib.import_module("numba.cuda.compiler")
    pipelines = numbas.CUDACompiler.define_pipelines
    with (
        replaced(nvvm, compile_ir=partial(nvvm.compile_ir, fma=False)),
        replaced(numbas.CUDACompiler, define_pipelines=fewer),
        replaced(numbas, CUDAFlags=flags_of(numbas.CUDAFlags)),
        sparing(importlib.import_module("numba.cuda.core.postproc")),
    ):
        yield


def jit(function: Callable[..., None]) -> Any:
    """A kernel of a plain function."""
    if config.ENABLE_CUDASIM:
        return cuda.jit(function)
    # With link-time optimisation the linker, not NVVM, would decide on contraction.
    return cuda.jit(function, lto=False, max_registers=REGISTERS)


@cache
def kernel(
    rule: Rule,
    loss_passes: Passes,
    by_moments: bool,
    real: Any,
    extras: layout.Extras,
    d: int,
    dp: int,
    columns: int = 0,
) -> Any:
    """The kernel for a rule, a loss and a number of weights; see `per_thread.program`.

    ``f[blocks, threads](data, how, settings [H, settings], orders, places, ends)``
    """
    advance, rows, clocks = per_thread.program(
        rule, loss_passes, by_moments, real, extras, d, dp, columns
    )

    copies_shape: tuple[int, ...] = ()
    room_shape: tuple[int, ...] = ()
    stepping = None
    if isinstance(rule.matrix, MatrixStep) and loss_passes.units is not None:
        stepping, units = True, loss_passes.units(d, columns)
        copies_shape = matrices.held_shape(rule, units, columns)
        # An array has a place at least.
        room_shape = tuple(max(1, size) for size in rule.matrix.shape_of_room(units, columns))

    def trajectory(data, how, settings, orders, places, ends):
        lane = cuda.grid(1)
        if lane < places.lanes:
            outer = (places.first + lane) // places.inner
            rest = places.first + lane - outer * places.inner
            setting = rest if places.by_seed else outer
            seed = outer if places.by_seed else rest
            setting -= places.first_setting
            if setting < settings.shape[1]:
                work = cuda.local.array((rows, 1), real)
                ticks = cuda.local.array((clocks, 1), np.float64)
                offset = (seed - places.first_seed) * places.of_seed
                if stepping is None:
                    advance(
                        data, how, settings, orders, setting, offset, places.of_epoch, work, ticks,
                        ends, lane,
                    )  # fmt: skip
                else:
                    copies = cuda.local.array(copies_shape, real)
                    room = cuda.local.array(room_shape, real)
                    advance(
                        data, how, settings, orders, setting, offset, places.of_epoch, work, ticks,
                        ends, lane, copies, room,
                    )  # fmt: skip

    trajectory.__name__ = trajectory.__qualname__ = "trajectory"
    return jit(trajectory)


shuffle = inlined(shuffling.shuffle)
draw_points = inlined(shuffling.draw_points)


@cache
def order_kernel() -> Any:
    """The kernel that makes orders: ``f[blocks, threads](seeds, epochs, replacement, orders)``.

    ``orders`` [seeds x epochs, n]; a thread makes one.
    """

    def draw_orders(seeds, epochs, replacement, orders):
        row = cuda.grid(1)
        if row < orders.shape[0] and replacement:
            draw_points(orders[row], int(seeds[row // epochs]), row % epochs)
        elif row < orders.shape[0]:
            shuffle(orders[row], int(seeds[row // epochs]), row % epochs)

    return jit(draw_orders)


write_row = inlined(moments.write_row)


@cache
def moments_kernel() -> Any:
    """The kernel that makes the moments of all batches of some orders; a thread makes one row.

    ``f[blocks, threads](x, errors, orders [orders x n], used, size, batches, table, slopes)``
    """

    def draw_moments(x, errors, orders, used, size, batches, table, slopes):
        row = cuda.grid(1)
        dp = x.shape[1]
        batch = row // dp
        if batch < table.shape[0]:
            first = batch // batches * x.shape[0]
            start = batch % batches * size
            stop = min(start + size, used)
            ratio = 2.0 / (stop - start)
            start, stop = first + start, first + stop
            write_row(table, slopes, batch, row % dp, x, errors, orders, start, stop, ratio)

    return jit(draw_moments)


def kernel_of(task: grouping.Task, data: Data, problem: Problem) -> Any:
    """The kernel for a task."""
    real: Any = data.x.dtype.type
    return kernel(
        task.group.rule.snapshot(),
        passes_of(problem),
        task.points.endswith("moments"),
        real,
        packing.extras_of(task.group.plan),
        problem.d,
        data.w0.shape[0],
        problem.columns,
    )


def compute(
    task: grouping.Task,
    data: Data,
    problem: Problem,
    every: int,
    record: int,
    stops: bool,
    given: NDArray[np.int64] | None,
    pulse: NDArray[np.int64],
    before: Out | Kept | None = None,
) -> Out | Kept:
    """Run a task on the device; arguments and results are those of `blocks.compute`.

    Columns of lanes left over at a segment's end are void. ``pulse[0]`` set to 1 is heard between
    two launches.

    Raises
    ------
    ValueError
        If there is no device, or the task is none for it: see `available` and `unfit`.
    """
    plan, dtype = task.group.plan, data.x.dtype.type
    count = task.last - task.first
    reason = available() or unfit(problem, list(packing.RECORD_CODE)[record])
    if reason is not None:
        raise checks.refuse("device", "cuda", f"'cpu': {reason}")
    out = blocks.room(task, problem, dtype, 0, pulse, before)
    places = places_of(task, given is not None)
    how = packing.how_of(plan, problem.d, dtype, every, record, stops, given is not None)
    with _device, uncontracted():
        there = Data(*map(sent, data)), how._replace(**{n: sent(getattr(how, n)) for n in ARRAYS})
        run = kernel_of(task, data, problem)
        lanes, seeds = room(task, problem.d, dtype)
        lanes = min(lanes, max(1, count))
        ends: Any = per_thread.Ends(
            w=cuda.device_array((problem.d, lanes), dtype),
            loss=cuda.device_array(lanes, dtype),
            best_loss=cuda.device_array(lanes, dtype),
            peak=cuda.device_array(lanes, dtype),
            counts=cuda.device_array((layout.COUNTED, lanes), count_type(plan)),
        )
        state: Array = np.empty((0, 0))
        if isinstance(out, Kept):
            state = out.state
            room_there = cuda.device_array((len(state), lanes), np.float64)
            ends = per_thread.KeptEnds._make((*ends, room_there, out.begun))
        known: tuple[int, int] | None = None
        drawn: tuple[int, int] | None = None
        if not places.of_seed:
            orders = sent((np.arange(plan.n)[None] if given is None else given).astype(np.int32))
            if given is not None:
                there = (with_moments(there[0], task, plan, orders), there[1])
        for wave in waves(places, task.group.settings.shape[1], lanes, seeds):
            if pulse[0]:
                break
            if wave.settings != known:
                known = wave.settings
                settings = sent(task.group.settings[:, slice(*known)].astype(dtype))
            if places.of_seed and wave.seeds != drawn:
                orders = None  # its memory is the next one's
                drawn = wave.seeds
                seeds_here = task.group.seeds[slice(*drawn)]
                if plan.n:
                    orders = orders_of(seeds_here, places.of_seed // plan.n, plan.n, plan.shuffle)
                else:
                    orders = sent(seeds_here)
                there = (with_moments(there[0], task, plan, orders), there[1])
            start = wave.places.first - task.first
            columns = slice(start, start + wave.places.lanes)
            if plan.begun:
                for k, values in enumerate(state):
                    ends.state[k, : wave.places.lanes].copy_to_device(
                        np.ascontiguousarray(values[columns])
                    )
            launch(run, wave.places.lanes, *there, settings, flat(orders), wave.places, ends)
            fetch(ends, wave.places.lanes, out, columns)
            for k, values in enumerate(state):
                values[columns] = ends.state[k, : wave.places.lanes].copy_to_host()
            pulse[1] += wave.places.lanes * plan.updates
    return out


def launch(run: Any, threads: int, *arguments: Any) -> None:
    """Start a kernel with at least so many threads."""
    with warnings.catch_warnings():
        # Few trajectories do not fill a device; who asks for few knows that.
        warnings.filterwarnings("ignore", message="Grid size")
        run[-(-threads // THREADS), THREADS](*arguments)


def orders_of(seeds: NDArray[np.int64], epochs: int, n: int, shuffle: str) -> Any:
    """The orders of seeds, made on the device: [seeds x epochs, n]."""
    orders = cuda.device_array((len(seeds) * epochs, n), np.int32)
    launch(order_kernel(), len(orders), sent(seeds), epochs, shuffle == "replacement", orders)
    return orders


def with_moments(there: Data, task: grouping.Task, plan: Plan, orders: Any) -> Data:
    """Data on the device with the moments of every batch of some orders, where a kernel wants them.

    With one weight a thread sums its own.
    """
    dp = there.x.shape[1]
    if task.points.endswith("moments") and dp > 1:
        rows = orders.shape[0] * plan.batches
        table = cuda.device_array((rows, dp, dp), there.x.dtype)
        slopes = cuda.device_array((rows, dp), there.x.dtype)
        launch(
            moments_kernel(), rows * dp, there.x, there.errors, flat(orders), plan.points_used,
            plan.batch_size, plan.batches, table, slopes,
        )  # fmt: skip
        return there._replace(moments=table, slopes=slopes)
    return there


def flat(array: Any) -> Any:
    """The same numbers one after the other."""
    return array.reshape(array.size)


def sent(array: Array) -> Any:
    """An array on the device. Never empty: CUDA needs at least one element."""
    if not array.size:
        array = np.zeros((1,) * array.ndim, array.dtype)
    return cuda.to_device(np.ascontiguousarray(array))


def fetch(ends: Any, lanes: int, out: Out | Kept, columns: slice) -> None:
    """Copy the first lanes of a launch's results to these columns."""
    for name in ("loss", "best_loss", "peak"):
        getattr(ends, name)[:lanes].copy_to_host(getattr(out, name)[columns])
    for k, row in enumerate(out.w):
        ends.w[k, :lanes].copy_to_host(row[columns])
    for k, row in enumerate(out.counts):
        row[columns] = ends.counts[k, :lanes].copy_to_host()


def count_type(plan: Plan) -> type:
    """Half as many bytes come back where they hold every count."""
    return np.int32 if plan.updates < 2**31 else np.int64


def room(task: grouping.Task, d: int, dtype: Any) -> tuple[int, int]:
    """For how many trajectories, and for the orders of how many seeds, a launch has memory."""
    plan, size = task.group.plan, np.dtype(dtype).itemsize
    share = MEMORY_SHARE * cuda.current_context().get_memory_info().free / 2
    numbers = len(task.group.settings) + d + 3
    trajectory = numbers * size
    if packing.extras_of(plan).kept:
        trajectory += 8 * keeping.rows(task.group.rule, d)
    trajectory += layout.COUNTED * np.dtype(count_type(plan)).itemsize
    seed = 4 * plan.n * max(1, orders_of_seed(plan, plan.shuffle)) if plan.n else 8
    if task.points.endswith("moments") and d > 1:
        drawn = orders_of_seed(plan, plan.shuffle) * plan.batches
        padded = -(-d // 4) * 4
        seed += drawn * (padded + 1) * padded * size
    if share < max(seed, trajectory * THREADS):
        raise checks.refuse(
            "epochs",
            plan.epochs,
            f"fewer: the orders of one seed need {seed / 2**30:,.1f} GiB on the device, and there "
            f"are {share / 2**30:,.1f}",
        )
    return int(min(WAVE, share // trajectory)), int(min(WAVE, share // seed))
