"""The engine on NVIDIA GPUs: the one file that imports numba.cuda.

A thread takes a trajectory through all its updates in one launch (`thread`), and only summaries
come back. What a launch needs does not grow with the number of trajectories: every setting, every
seed, and of every seed the orders of the points, made once on the device. Lanes that are neighbours
share rule, batch size and, where a seed has enough settings, the order of the points: a warp goes
one way and reads one point.

Products and sums are rounded apart, as on the CPU: NVVM would contract them to one instruction with
one rounding, were it not told otherwise (`uncontracted`). Square roots and divisions are the IEEE
standard's too, so the bits are the CPU's.
"""

from __future__ import annotations

import importlib.util
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from numba import config, cuda
from numpy.typing import NDArray

from simopt import checks, shuffling
from simopt.engine import blocks, layout, thread
from simopt.engine.inline import inlined
from simopt.engine.layout import Data, Out
from simopt.plan import Plan
from simopt.problems import Problem
from simopt.rules.rule import Rule

Array = NDArray[Any]

#: Weights up to which a thread has room: 64 of them fill its registers already.
MOST_WEIGHTS = 64

#: Threads of a block: few, so that registers run out late.
THREADS = 128

#: Trajectories of a launch; memory may ask for fewer. Enough to fill any device many times over,
#: few enough that progress moves and Ctrl-C is heard.
WAVE = 1 << 22

#: The share of the device's free memory that a launch may take.
MEMORY_SHARE = 0.8

#: One launch at a time: the free memory is read, then taken.
_device = threading.Lock()


def available() -> str | None:
    """What is missing for ``device="cuda"``, in words; None where nothing is."""
    if config.ENABLE_CUDASIM:
        return None
    if importlib.util.find_spec("numba_cuda") is None:
        return "the package numba-cuda is not installed (pip install 'simopt[cuda]')"
    reason = cuda.cuda_error()
    if reason is not None:
        words = " ".join(str(reason).replace("Error at driver init:", "").split())
        return f"the NVIDIA driver does not answer ({words.strip(' :.')})"
    if not cuda.is_available():
        return "NVIDIA's compiler library NVVM is not found (pip install 'simopt[cuda]')"
    return None if len(cuda.gpus) else "there is no CUDA device"


def unfit(problem: Problem, record: str) -> str | None:
    """Why a sweep can't run on a GPU although there is one, in words; None where it can."""
    if record != "summary":
        return f"record={record!r}: a GPU returns summaries alone"
    if problem.d > MOST_WEIGHTS:
        return f"{problem.name} has {problem.d} weights: a GPU takes at most {MOST_WEIGHTS}"
    return None


@contextmanager
def uncontracted() -> Iterator[None]:
    """While this is open, what numba.cuda compiles rounds every product and every sum.

    libNVVM documents ``-fma=0`` for that, but numba.cuda has no argument that becomes it, so it is
    added on the way. Every operation in the PTX then says ``.rn``, which no later stage contracts.
    """
    if config.ENABLE_CUDASIM:
        with warnings.catch_warnings():
            # There, arithmetic is NumPy's, which warns of what a device does silently.
            warnings.simplefilter("ignore", RuntimeWarning)
            yield
        return
    from numba.cuda.cudadrv import nvvm

    compile_ir = nvvm.compile_ir
    nvvm.compile_ir = partial(compile_ir, fma=False)
    try:
        yield
    finally:
        nvvm.compile_ir = compile_ir


def jit(function: Callable[..., None]) -> Any:
    """A kernel of a plain function."""
    # With link-time optimisation the linker, not NVVM, would decide on contraction.
    return cuda.jit(function) if config.ENABLE_CUDASIM else cuda.jit(function, lto=False)


class Places(NamedTuple):
    """Which trajectories a launch has, and where the orders of their points are."""

    first: int  # the first lane
    lanes: int
    inner: int  # lanes from a seed to the next by seed, else from a setting to the next
    by_seed: bool
    first_seed: int  # whose orders come first
    of_seed: int  # places from a seed's orders to the next seed's
    of_epoch: int  # places from an epoch's order to the next epoch's


@cache
def kernel(
    rule: Rule, kind: str, by_moments: bool, real: Any, extras: layout.Extras, d: int, dp: int
) -> Any:
    """The kernel for a rule, a loss and a number of weights; see `thread.program`.

    ``f[blocks, threads](data, how, settings [H, settings], orders, places, ends)``
    """
    advance, rows, clocks = thread.program(rule, kind, by_moments, real, extras, d, dp)

    def trajectory(data, how, settings, orders, places, ends):
        lane = cuda.grid(1)
        if lane < places.lanes:
            outer = (places.first + lane) // places.inner
            rest = places.first + lane - outer * places.inner
            setting = rest if places.by_seed else outer
            seed = outer if places.by_seed else rest
            if setting < settings.shape[1]:
                work = cuda.local.array((rows, 1), real)
                ticks = cuda.local.array((clocks, 1), np.float64)
                offset = (seed - places.first_seed) * places.of_seed
                advance(
                    data,
                    how,
                    settings,
                    orders,
                    setting,
                    offset,
                    places.of_epoch,
                    work,
                    ticks,
                    ends,
                    lane,
                )

    trajectory.__name__ = trajectory.__qualname__ = f"trajectory_{rule.name}"
    return jit(trajectory)


shuffle = inlined(shuffling.shuffle)


@cache
def order_kernel() -> Any:
    """The kernel that makes orders: ``f[blocks, threads](seeds, first, epochs, orders)``.

    ``orders`` [seeds x epochs, n], of the seeds from ``first`` on; a thread makes one.
    """

    def draw_orders(seeds, first, epochs, orders):
        row = cuda.grid(1)
        if row < orders.shape[0]:
            shuffle(orders[row], int(seeds[first + row // epochs]), row % epochs)

    return jit(draw_orders)


def kernel_of(task: blocks.Task, data: Data, problem: Problem) -> Any:
    """The kernel for a task."""
    return kernel(
        task.group.rule,
        problem.kind,
        task.points == "moments",
        data.x.dtype.type,
        blocks.extras_of(task.group.plan),
        problem.d,
        data.x.shape[1],
    )


def places_of(task: blocks.Task, given: bool) -> Places:
    """All of a task as one launch."""
    plan = task.group.plan
    n, shuffle = plan.n, "given" if given else plan.shuffle
    return Places(
        first=task.first,
        lanes=task.last - task.first,
        inner=task.segment if task.by_seed else len(task.group.seeds),
        by_seed=task.by_seed,
        first_seed=0,
        of_seed={"once": n, "epoch": n * plan.epochs}.get(shuffle, 0),
        of_epoch={"epoch": n, "given": n}.get(shuffle, 0),
    )


def waves(places: Places, lanes: int, seeds: int) -> Iterator[tuple[Places, int]]:
    """Cut a launch into several of at most so many lanes, with the orders of so many seeds.

    Each comes with the number of its seeds whose orders it needs.
    """
    inner, last = places.inner, places.first + places.lanes
    first = places.first
    while first < last:
        stop = min(first + lanes, last)
        if not places.of_seed:
            from_seed, to_seed = 0, 0
        elif places.by_seed:
            from_seed = first // inner
            stop = min(stop, (from_seed + seeds) * inner)
            to_seed = -(-stop // inner)
        elif seeds >= inner:
            from_seed, to_seed = 0, inner
        else:
            from_seed = first % inner
            stop = min(stop, first + seeds, first - from_seed + inner)
            to_seed = from_seed + stop - first
        yield (
            places._replace(first=first, lanes=stop - first, first_seed=from_seed),
            to_seed - from_seed,
        )
        first = stop


def compute(
    task: blocks.Task,
    data: Data,
    problem: Problem,
    every: int,
    record: int,
    stops: bool,
    given: NDArray[np.int64] | None,
    pulse: NDArray[np.int64],
) -> Out:
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
    reason = available() or unfit(problem, list(blocks.RECORD_CODE)[record])
    if reason is not None:
        raise checks.refuse("device", "cuda", f"'cpu': {reason}")
    out = Out(
        w=np.empty((problem.d, count), dtype),
        loss=np.empty(count, dtype),
        best_loss=np.empty(count, dtype),
        peak=np.empty(count, dtype),
        counts=np.empty((layout.COUNTED, count), np.int64),
        recorded_loss=np.empty((0, count), dtype),
        recorded_w=np.empty((0, problem.d, count), dtype),
        pulse=pulse,
    )
    places = places_of(task, given is not None)
    how = blocks.how_of(plan, dtype, every, record, stops, given is not None)
    with _device, uncontracted():
        lanes, seeds = room(plan, problem.d, dtype)
        lanes = min(lanes, max(1, count))
        ends = thread.Ends(
            w=cuda.device_array((problem.d, lanes), dtype),
            loss=cuda.device_array(lanes, dtype),
            best_loss=cuda.device_array(lanes, dtype),
            peak=cuda.device_array(lanes, dtype),
            counts=cuda.device_array((layout.COUNTED, lanes), count_type(plan)),
        )
        there = (
            Data(*map(sent, data)),
            how._replace(rates=sent(how.rates), box=sent(how.box)),
            sent(task.group.settings.astype(dtype)),
        )
        order = np.arange(plan.n)[None] if given is None else given
        orders, drawn = sent(order.astype(np.int32)), (0, 0)
        group_seeds = sent(task.group.seeds)
        run = kernel_of(task, data, problem)
        for wave, needed in waves(places, lanes, seeds):
            if pulse[0]:
                break
            if needed and drawn != (wave.first_seed, needed):
                del orders  # its memory is the next one's
                drawn = (wave.first_seed, needed)
                epochs = places.of_seed // plan.n
                orders = cuda.device_array((needed * epochs, plan.n), np.int32)
                grid = -(-needed * epochs // THREADS)
                order_kernel()[grid, THREADS](group_seeds, wave.first_seed, epochs, orders)
            grid = -(-wave.lanes // THREADS)
            run[grid, THREADS](*there, orders.reshape(orders.size), wave, ends)
            columns = slice(wave.first - task.first, wave.first - task.first + wave.lanes)
            fetch(ends, wave.lanes, out, columns)
            pulse[1] += wave.lanes * plan.updates
    return out


def sent(array: Array) -> Any:
    """An array on the device. One that nobody reads has an element all the same."""
    return cuda.to_device(
        np.ascontiguousarray(array) if array.size else np.zeros_like(array, shape=(1,) * array.ndim)
    )


def fetch(ends: thread.Ends, lanes: int, out: Out, columns: slice) -> None:
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


def room(plan: Plan, d: int, dtype: Any) -> tuple[int, int]:
    """For how many trajectories, and for the orders of how many seeds, a launch has memory."""
    share = MEMORY_SHARE * cuda.current_context().get_memory_info().free / 2
    size = np.dtype(dtype).itemsize
    trajectory = (d + 3) * size + layout.COUNTED * np.dtype(count_type(plan)).itemsize
    seed = 4 * plan.n * (plan.epochs if plan.shuffle == "epoch" else 1)
    if share < max(seed, trajectory * THREADS):
        raise checks.refuse(
            "epochs",
            plan.epochs,
            f"fewer: the orders of one seed need {seed / 2**30:,.1f} GiB on the device, and there "
            f"are {share / 2**30:,.1f}",
        )
    return int(min(WAVE, share // trajectory)), int(min(2**31, share // seed))
