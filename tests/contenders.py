"""The same sweep, written the way others would: what `tests.bench_engine` times simopt against.

A contender is a function of a `Work` that gets everything ready (arrays converted, code compiled)
and returns ``run(epochs)``, which advances all trajectories through that many epochs from the
start. `weights` makes an array [d, trajectories] of what any of them returns.

What each computes:

- ``simopt``: the public `simopt.sweep`, every summary column, and the table;
- `numpy_plain`: the final weights alone, the formulas as printed, a ufunc over all trajectories at
  a time, matrix products by BLAS;
- `numpy_tuned`: the same in place, nothing allocated, divisions folded, on as many BLAS threads as
  serve it best; on request with best loss, its update, target, divergence, overshoots, peak;
- `one_per_prange`: the obvious Numba kernel, one trajectory per iteration, the same summaries;
- `jax_by_hand`, `optax_by_name`: the final weights alone, `vmap` over a `fori_loop`;
- `best_lane_kernel`: Adam on one weight at batch 1 and nothing else, for the kernel alone.

Each formula is written anew here: nothing of simopt's rules or engine is used but by ``simopt``.
"""

from __future__ import annotations

import ctypes
import functools
import importlib.util
import math
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pandas as pd
from numba import njit, prange
from numba.extending import register_jitable
from numpy.typing import NDArray

import simopt
from simopt.problems import Problem
from simopt.rules import OPTIMIZERS

HAVE_JAX = importlib.util.find_spec("jax") is not None
HAVE_OPTAX = HAVE_JAX and importlib.util.find_spec("optax") is not None

#: Where Adam's and AdamW's powers of beta are needed.
CORRECTED = ("Adam", "AdamW")

DIVERGENCE = 1e6


@dataclass(frozen=True, eq=False)
class Work:
    """What all contenders do: a rule over a product of axes, on one problem, in file order.

    ``axes`` has a sequence for every hyperparameter, in the rule's order.
    """

    problem: Problem
    rule: str
    axes: Mapping[str, tuple[float, ...]]
    batch_size: int
    dtype: str = "float64"

    def __post_init__(self) -> None:
        if self.problem.kind != "least_squares" or self.problem.l2.any():
            raise ValueError("contenders know least squares without a penalty")

    @property
    def batches(self) -> int:
        """Updates of one trajectory in one epoch."""
        return -(-self.problem.n // self.batch_size)

    @property
    def trajectories(self) -> int:
        """How many."""
        return math.prod(len(axis) for axis in self.axes.values())

    @property
    def real(self) -> type:
        """The precision as a type."""
        return np.float64 if self.dtype == "float64" else np.float32

    def hyper(self) -> NDArray[Any]:
        """A row per hyperparameter, a column per trajectory; the last axis varies fastest."""
        grids = np.meshgrid(*map(np.asarray, self.axes.values()), indexing="ij")
        return np.array([grid.ravel() for grid in grids]).astype(self.real)

    def data(self) -> tuple[NDArray[Any], NDArray[Any]]:
        """x [n, d] and y [n] in the precision of the work."""
        return self.problem.x.astype(self.real), self.problem.y.astype(self.real)

    def limit(self) -> float:
        """The loss above which a trajectory has diverged."""
        return DIVERGENCE * self.problem.loss(self.problem.w0)

    def sweep(self, epochs: int, **settings: Any) -> pd.DataFrame:
        """The work through simopt's front door."""
        return simopt.sweep(
            self.problem,
            OPTIMIZERS[self.rule](**self.axes),
            batch_size=self.batch_size,
            epochs=epochs,
            dtype=self.dtype,
            progress=False,
            **settings,
        )


Run = Callable[[int], Any]


def weights(result: Any, d: int) -> NDArray[Any]:
    """The final weights [d, trajectories] in a contender's result."""
    if isinstance(result, pd.DataFrame):
        names = ["w"] if d == 1 else [f"w_{k}" for k in range(d)]
        return result[names].to_numpy().T
    if isinstance(result, dict):
        result = result["w"]
    return np.asarray(result).reshape(d, -1)


def simopt_sweep(work: Work) -> Run:
    """Every summary, and the table."""
    work.sweep(1)
    return work.sweep


# --- NumPy --------------------------------------------------------------------------------------


class NumpyRule:
    """A rule over all trajectories at once; w and g are [d, trajectories] or [trajectories].

    Everything that does not change is made once; nothing is allocated in a step. Adam's bias
    corrections are folded, so that a step has one division and one square root per weight.
    """

    def __init__(self, name: str, hyper: NDArray[Any], shape: tuple[int, ...]) -> None:
        real = hyper.dtype
        self.step = getattr(self, name.lower())
        self.hyper = hyper
        self.rest = 1 - hyper
        self.m, self.v = np.zeros(shape, real), np.zeros(shape, real)
        self.a = np.empty(shape, real)
        self.power1, self.power2 = np.ones(shape[-1], real), np.ones(shape[-1], real)
        self.b, self.c = np.empty(shape[-1], real), np.empty(shape[-1], real)
        self.shrink = hyper[0] * hyper[-1]

    def sgd(self, w: Any, g: Any) -> None:
        g *= self.hyper[0]
        w -= g

    def momentum(self, w: Any, g: Any) -> None:
        self.v *= self.hyper[1]
        self.v += g
        np.multiply(self.v, self.hyper[0], out=g)
        w -= g

    def nesterov(self, w: Any, g: Any) -> None:
        eta, beta = self.hyper
        self.v *= beta
        self.v += g
        np.multiply(self.v, beta, out=self.a)
        g += self.a
        g *= eta
        w -= g

    def adagrad(self, w: Any, g: Any) -> None:
        eta, epsilon = self.hyper
        np.multiply(g, g, out=self.a)
        self.v += self.a
        np.add(self.v, epsilon, out=self.a)
        np.sqrt(self.a, out=self.a)
        g *= eta
        g /= self.a
        w -= g

    def rmsprop(self, w: Any, g: Any) -> None:
        eta, rho, epsilon = self.hyper
        np.multiply(g, g, out=self.a)
        self.a *= self.rest[1]
        self.v *= rho
        self.v += self.a
        np.add(self.v, epsilon, out=self.a)
        np.sqrt(self.a, out=self.a)
        g *= eta
        g /= self.a
        w -= g

    def adam(self, w: Any, g: Any) -> None:
        """``w -= eta (r2 / r1) m / sqrt((v + epsilon r2) r2)`` with r = 1 - beta^t."""
        eta, beta1, beta2, epsilon = self.hyper[:4]
        a, b, c = self.a, self.b, self.c
        np.multiply(g, g, out=a)
        a *= self.rest[2]
        self.v *= beta2
        self.v += a
        g *= self.rest[1]
        self.m *= beta1
        self.m += g
        self.power1 *= beta1
        self.power2 *= beta2
        np.subtract(1, self.power2, out=b)
        np.multiply(epsilon, b, out=c)
        np.add(self.v, c, out=a)
        a *= b
        np.sqrt(a, out=a)
        np.subtract(1, self.power1, out=c)
        b *= eta
        if w.ndim == 1:
            a *= c
        else:
            b /= c
        np.multiply(self.m, b, out=g)
        g /= a
        w -= g

    def adamw(self, w: Any, g: Any) -> None:
        # The decay is of the weight before the step, which subtracts a sum.
        decay = np.multiply(w, self.shrink)
        self.adam(w, g)
        w -= decay


class NumpySummaries:
    """What a row of a sweep remembers, over all trajectories at once."""

    def __init__(self, work: Work, count: int) -> None:
        problem, real = work.problem, work.real
        self.d = problem.d
        self.factor, self.center = problem.factor.astype(real), problem.optimum.astype(real)
        self.least, self.limit = real(problem.minimum_loss), real(work.limit())
        self.best, self.peak = np.full(count, np.inf, real), np.full(count, -1, real)
        self.best_at = np.zeros(count, np.int32)
        self.target_at, self.diverged_at = self.best_at.copy(), self.best_at.copy()
        self.overshoots = self.best_at.copy()
        self.above = np.full(count, problem.w0[0] > self.center[0])

    def look(self, w: NDArray[Any], t: int) -> None:
        """After update t."""
        if self.d == 1:
            gap = w - self.center[0]
            part, far, first = self.factor[0, 0] * gap, np.abs(gap), gap
            loss = part * part + self.least
        else:
            gap = w - self.center[:, None]
            part, far, first = self.factor @ gap, np.einsum("kn,kn->n", gap, gap), gap[0]
            loss = np.einsum("kn,kn->n", part, part) + self.least
        better = loss < self.best
        np.minimum(self.best, loss, out=self.best)
        self.best_at[better] = t
        self.target_at[(loss <= -np.inf) & (self.target_at == 0)] = t
        self.diverged_at[~(loss <= self.limit) & (self.diverged_at == 0)] = t
        above = first > 0
        self.overshoots += above != self.above
        self.above = above
        np.maximum(self.peak, far, out=self.peak)


def _blas(threads: int) -> bool:
    """Set the threads of the OpenBLAS that comes with NumPy; False where there is another BLAS."""
    for file in Path(np.__file__).parent.parent.glob("numpy.libs/libscipy_openblas*"):
        library = ctypes.CDLL(str(file))
        for name in ("scipy_openblas_set_num_threads64_", "scipy_openblas_set_num_threads"):
            if hasattr(library, name):
                getattr(library, name)(threads)
                return True
    return False


def numpy_chunk(
    work: Work, hyper: NDArray[Any], epochs: int, summaries: bool, moments: bool
) -> dict[str, NDArray[Any]]:
    """Some of the trajectories through all epochs."""
    x, y = work.data()
    count, d, batch = hyper.shape[1], work.problem.d, work.batch_size
    shape = (count,) if d == 1 else (d, count)
    w = np.empty(shape, work.real)
    w[...] = work.problem.w0 if d == 1 else work.problem.w0[:, None]
    g = np.empty(shape, work.real)
    room = np.empty((batch, count), work.real)
    rule = NumpyRule(work.rule, hyper, shape)
    watch = NumpySummaries(work, count) if summaries else None
    batches = []
    for start in range(0, len(y), batch):
        xb, yb = x[start : start + batch], y[start : start + batch, None]
        batches.append((xb, np.ascontiguousarray(xb.T) * work.real(2 / len(yb)), yb))
    products = [(xt @ xb, xt @ yb) for xb, xt, yb in batches]
    t = 0
    with np.errstate(all="ignore"):
        for _ in range(epochs):
            for b, (xb, xt, yb) in enumerate(batches):
                if batch == 1 and d == 1:
                    # 2 (w x - y) x is one product and one sum.
                    np.multiply(w, xb[0, 0] * xt[0, 0], out=g)
                    g -= yb[0, 0] * xt[0, 0]
                elif moments:
                    np.matmul(products[b][0], w.reshape(d, -1), out=g.reshape(d, -1))
                    g -= products[b][1][0, 0] if d == 1 else products[b][1]
                else:
                    residual = room[: len(yb)]
                    # One weight: a column times a row.
                    (np.multiply if d == 1 else np.matmul)(xb, w, out=residual)
                    residual -= yb
                    np.matmul(xt[0] if d == 1 else xt, residual, out=g)
                rule.step(w, g)
                t += 1
                if watch is not None:
                    watch.look(w, t)
    return {"w": w, "best_loss": watch.best} if watch else {"w": w}


def numpy_tuned(
    work: Work, *, summaries: bool = False, moments: bool = False, threads: int = 1
) -> Run:
    """All trajectories at a time, on one thread and in BLAS on one or all, whichever is faster.

    With ``threads > 1`` a part of the trajectories in each thread of a pool instead. With moments
    the gradient of a batch is ``(2 / n) (X'X w - X'y)``, the products made once: less work where a
    batch has more points than weights, and fewer correct digits near the minimum.
    """
    parts = [np.ascontiguousarray(a) for a in np.array_split(work.hyper(), threads, axis=1)]
    serves = 1

    def run(epochs: int) -> dict[str, NDArray[Any]]:
        _blas(serves)
        try:
            if threads == 1:
                return numpy_chunk(work, parts[0], epochs, summaries, moments)
            with ThreadPoolExecutor(threads) as pool:
                tasks = [
                    pool.submit(numpy_chunk, work, p, epochs, summaries, moments) for p in parts
                ]
                done = [task.result() for task in tasks]
            return {key: np.concatenate([each[key] for each in done], axis=-1) for key in done[0]}
        finally:
            _blas(numba.config.NUMBA_NUM_THREADS)

    if threads == 1 and work.problem.d > 1:
        # The worst of three: where cores are taken, a product that waits for one is 100x slower.
        times: dict[int, float] = {}
        for serves in (1, numba.config.NUMBA_NUM_THREADS) * 3:
            began = time.perf_counter()
            run(1)
            times[serves] = max(times.get(serves, 0.0), time.perf_counter() - began)
        serves = min(times, key=times.__getitem__)
    return run


def numpy_plain(work: Work) -> Run:
    """The formulas as printed: what one writes first."""
    x, y = work.data()
    h, d, batch, one = work.hyper(), work.problem.d, work.batch_size, work.real(1)
    step = scalar_rules(np.sqrt)[work.rule]
    decays = (h[1], h[2]) if work.rule in CORRECTED else (one, one)

    def run(epochs: int) -> NDArray[Any]:
        w = np.repeat(work.problem.w0.astype(work.real)[:, None], h.shape[1], axis=1)
        m, v = np.zeros_like(w), np.zeros_like(w)
        if d == 1:
            w, m, v = w[0], m[0], v[0]
        power1 = power2 = one
        for _ in range(epochs):
            for start in range(0, len(y), batch):
                xb, yb = x[start : start + batch], y[start : start + batch]
                if d == 1 and batch == 1:
                    g = 2 * (w * xb[0, 0] - yb[0]) * xb[0, 0]
                elif d == 1:
                    g = (2 / work.real(len(yb))) * (xb[:, 0] @ (xb * w - yb[:, None]))
                else:
                    g = (2 / work.real(len(yb))) * (xb.T @ (xb @ w - yb[:, None]))
                power1, power2 = power1 * decays[0], power2 * decays[1]
                w, m, v = step(w, g, m, v, one - power1, one - power2, h, one)
        return w

    return run


# --- one formula for Numba and JAX --------------------------------------------------------------


def scalar_rules(sqrt: Callable[[Any], Any]) -> dict[str, Callable[..., Any]]:
    """``step(w, g, m, v, r1, r2, h, one) -> w, m, v`` by name.

    r1 and r2 are 1 - beta^t, h the hyperparameters in the rule's order.
    """

    def sgd(w, g, m, v, r1, r2, h, one):
        return w - h[0] * g, m, v

    def momentum(w, g, m, v, r1, r2, h, one):
        v = h[1] * v + g
        return w - h[0] * v, m, v

    def nesterov(w, g, m, v, r1, r2, h, one):
        v = h[1] * v + g
        return w - h[0] * (g + h[1] * v), m, v

    def adagrad(w, g, m, v, r1, r2, h, one):
        v = v + g * g
        return w - h[0] * g / sqrt(v + h[1]), m, v

    def rmsprop(w, g, m, v, r1, r2, h, one):
        v = h[1] * v + (one - h[1]) * g * g
        return w - h[0] * g / sqrt(v + h[2]), m, v

    def adam(w, g, m, v, r1, r2, h, one):
        m = h[1] * m + (one - h[1]) * g
        v = h[2] * v + (one - h[2]) * g * g
        return w - h[0] * (m / r1) / sqrt(v / r2 + h[3]), m, v

    def adamw(w, g, m, v, r1, r2, h, one):
        m = h[1] * m + (one - h[1]) * g
        v = h[2] * v + (one - h[2]) * g * g
        return w - h[0] * ((m / r1) / sqrt(v / r2 + h[3]) + h[4] * w), m, v

    return {
        "SGD": sgd,
        "Momentum": momentum,
        "Nesterov": nesterov,
        "AdaGrad": adagrad,
        "RMSprop": rmsprop,
        "Adam": adam,
        "AdamW": adamw,
    }


# --- the obvious Numba kernel -------------------------------------------------------------------


@functools.cache
def obvious_kernel(rule: str, several: bool, real: type) -> Callable[..., None]:
    """One trajectory per iteration of ``prange``, from start to end."""
    step = register_jitable(scalar_rules(math.sqrt)[rule])
    corrected = rule in CORRECTED
    zero, one, two = real(0), real(1), real(2)

    def one_weight(x, y, w0, hyper, batch, epochs, factor, center, bounds, w_out, reals, counts):
        least, limit, target = bounds[0], bounds[1], bounds[2]
        for i in prange(hyper.shape[0]):
            h = hyper[i]
            w, m, v, power1, power2 = w0[0], zero, zero, one, one
            best, peak, side = real(np.inf), zero, w0[0] - center[0]
            loss = best
            best_at = target_at = diverged_at = overshoots = t = 0
            for _ in range(epochs):
                for start in range(0, len(y), batch):
                    g = zero
                    stop = min(start + batch, len(y))
                    scale = two / real(stop - start)
                    for j in range(start, stop):
                        g += (w * x[j, 0] - y[j]) * x[j, 0]
                    if corrected:
                        power1 *= h[1]
                        power2 *= h[2]
                    w, m, v = step(w, g * scale, m, v, one - power1, one - power2, h, one)
                    t += 1
                    gap = w - center[0]
                    loss = least + (factor[0, 0] * gap) ** 2
                    if loss < best:
                        best, best_at = loss, t
                    if target_at == 0 and loss <= target:
                        target_at = t
                    if gap * side < 0:
                        overshoots += 1
                    if gap != 0:
                        side = gap
                    peak = max(peak, abs(gap))
                    if not loss <= limit:
                        diverged_at = t
                        break
                if diverged_at:
                    break
            w_out[0, i] = w
            reals[0, i], reals[1, i], reals[2, i] = loss, best, peak
            counts[0, i], counts[1, i] = best_at, target_at
            counts[2, i], counts[3, i] = diverged_at, overshoots

    def several_weights(
        x, y, w0, hyper, batch, epochs, factor, center, bounds, w_out, reals, counts
    ):
        least, limit, target = bounds[0], bounds[1], bounds[2]
        d = len(w0)
        for i in prange(hyper.shape[0]):
            h = hyper[i]
            w, g, m, v = w0.copy(), np.empty_like(w0), np.zeros_like(w0), np.zeros_like(w0)
            power1, power2 = one, one
            best, peak, side = real(np.inf), zero, w0[0] - center[0]
            loss = best
            best_at = target_at = diverged_at = overshoots = t = 0
            for _ in range(epochs):
                for start in range(0, len(y), batch):
                    g[:] = zero
                    stop = min(start + batch, len(y))
                    scale = two / real(stop - start)
                    for j in range(start, stop):
                        error = -y[j]
                        for k in range(d):
                            error += w[k] * x[j, k]
                        for k in range(d):
                            g[k] += error * x[j, k]
                    if corrected:
                        power1 *= h[1]
                        power2 *= h[2]
                    r1, r2 = one - power1, one - power2
                    for k in range(d):
                        w[k], m[k], v[k] = step(w[k], g[k] * scale, m[k], v[k], r1, r2, h, one)
                    t += 1
                    loss, far = least, zero
                    for k in range(d):
                        far += (w[k] - center[k]) ** 2
                        part = zero
                        for j in range(k, d):
                            part += factor[k, j] * (w[j] - center[j])
                        loss += part * part
                    if loss < best:
                        best, best_at = loss, t
                    if target_at == 0 and loss <= target:
                        target_at = t
                    gap = w[0] - center[0]
                    if gap * side < 0:
                        overshoots += 1
                    if gap != 0:
                        side = gap
                    peak = max(peak, far)
                    if not loss <= limit:
                        diverged_at = t
                        break
                if diverged_at:
                    break
            w_out[:, i] = w
            reals[0, i], reals[1, i], reals[2, i] = loss, best, peak
            counts[0, i], counts[1, i] = best_at, target_at
            counts[2, i], counts[3, i] = diverged_at, overshoots

    written = several_weights if several else one_weight
    return njit(parallel=True, cache=True, error_model="numpy")(written)


def one_per_prange(work: Work) -> Run:
    """The obvious kernel on as many threads as Numba has."""
    problem, real = work.problem, work.real
    kernel = obvious_kernel(work.rule, problem.d > 1, real)
    x, y = work.data()
    count = work.trajectories
    hyper = np.ascontiguousarray(work.hyper().T)
    w = np.empty((problem.d, count), real)
    reals, counts = np.empty((3, count), real), np.empty((4, count), np.int64)
    factor, center = problem.factor.astype(real), problem.optimum.astype(real)
    w0 = problem.w0.astype(real)
    bounds = np.array([problem.minimum_loss, work.limit(), -np.inf]).astype(real)

    def run(epochs: int) -> dict[str, NDArray[Any]]:
        kernel(
            x, y, w0, hyper, work.batch_size, epochs, factor, center, bounds, w, reals, counts
        )  # fmt: skip
        return {"w": w.copy(), "best_loss": reals[1].copy()}

    run(1)
    return run


# --- JAX and optax ------------------------------------------------------------------------------


def _jax_batches(work: Work) -> tuple[Any, Callable[..., Any]]:
    """The start, and ``gradient(w, t)`` of update t; a short batch is filled with zeros."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y = work.data()
    missing = work.batches * work.batch_size - len(y)
    x, y = np.pad(x, ((0, missing), (0, 0))), np.pad(y, (0, missing))
    sizes = np.full(work.batches, work.batch_size)
    sizes[-1] -= missing
    slopes = jnp.asarray((2 / sizes).astype(work.real))
    xs = jnp.asarray(x.reshape(work.batches, work.batch_size, -1))
    ys = jnp.asarray(y.reshape(work.batches, work.batch_size))
    w0 = jnp.asarray(work.problem.w0, x.dtype)
    if work.problem.d == 1:
        # A plain number is faster than an array of one.
        xs, w0 = xs[..., 0], w0[0]

    def gradient(w, t):
        b = jax.lax.rem(t, np.int32(work.batches))
        x, y = xs[b], ys[b]
        if work.problem.d == 1:
            return ((w * x - y) * x).sum() * slopes[b]
        return (x @ w - y) @ x * slopes[b]

    return w0, gradient


def jax_by_hand(work: Work) -> Run:
    """`vmap` over a `fori_loop`, the rule as a formula, powers of beta carried."""
    import jax
    import jax.numpy as jnp

    w0, gradient = _jax_batches(work)
    step = scalar_rules(jnp.sqrt)[work.rule]
    one, corrected = work.real(1), work.rule in CORRECTED

    def trajectory(h, updates):
        def body(t, carry):
            w, m, v, power1, power2 = carry
            g = gradient(w, t)
            if corrected:
                power1, power2 = power1 * h[1], power2 * h[2]
            w, m, v = step(w, g, m, v, one - power1, one - power2, h, one)
            return w, m, v, power1, power2

        zero, unit = jnp.zeros_like(w0), jnp.ones((), w0.dtype)
        return jax.lax.fori_loop(0, updates, body, (w0, zero, zero, unit, unit))[0]

    return _jax_run(work, trajectory)


def optax_by_name(work: Work) -> Run:
    """`vmap` over a `fori_loop` of optax' transformations, each made with its own settings."""
    import jax
    import optax

    w0, gradient = _jax_batches(work)
    makers = {
        "SGD": lambda eta: optax.sgd(eta),
        "Momentum": lambda eta, beta: optax.sgd(eta, momentum=beta),
        "Nesterov": lambda eta, beta: optax.sgd(eta, momentum=beta, nesterov=True),
        "AdaGrad": lambda eta, eps: optax.adagrad(eta, initial_accumulator_value=0.0, eps=eps),
        "RMSprop": lambda eta, rho, eps: optax.rmsprop(eta, decay=rho, eps=eps),
        "Adam": lambda eta, b1, b2, eps: optax.adam(eta, b1, b2, eps=0.0, eps_root=eps),
        "AdamW": lambda eta, b1, b2, eps, decay: optax.adamw(
            eta, b1, b2, eps=0.0, eps_root=eps, weight_decay=decay
        ),
    }
    count = len(work.axes)

    def trajectory(h, updates):
        optimizer = makers[work.rule](*(h[i] for i in range(count)))

        def body(t, carry):
            w, state = carry
            step, state = optimizer.update(gradient(w, t), state, w)
            return optax.apply_updates(w, step), state

        return jax.lax.fori_loop(0, updates, body, (w0, optimizer.init(w0)))[0]

    return _jax_run(work, trajectory)


def _jax_run(work: Work, trajectory: Callable[..., Any]) -> Run:
    import jax
    import jax.numpy as jnp

    compiled = jax.jit(jax.vmap(trajectory, in_axes=(0, None)))
    hyper = jnp.asarray(np.ascontiguousarray(work.hyper().T))

    def run(epochs: int) -> NDArray[Any]:
        w = compiled(hyper, jnp.int32(epochs * work.batches)).block_until_ready()
        return np.asarray(w) if work.problem.d == 1 else np.asarray(w).T

    run(1)
    return run


# --- the best lane kernel for one case ----------------------------------------------------------

#: Rows of its array: weight, two moments, 1 - beta^t twice, the four hyperparameters, what a row
#: of a sweep remembers.
W, M, V, R1, R2, ETA, BETA1, BETA2, EPSILON, BEST, SIDE, PEAK, LOSS = range(13)


@functools.cache
def best_lanes(lanes: int, summaries: bool) -> Callable[..., None]:
    """Adam in float64, d = 1, batch 1, as fast as it was found to go.

    - One division and one square root: ``eta m r2 / (r1 sqrt((v + epsilon r2) r2))``, which is
      ``eta (m / r1) / sqrt(v / r2 + epsilon)``, with r = 1 - beta^t.
    - Two loops over the lanes, one for the step and one for the summaries: in one loop everything
      that waits for the root fills the processor's queues (20 % slower).
    - Lanes begin at a multiple of 64 bytes, so that no vector straddles two cache lines (20 %).
    - First and last times as minima and maxima of whole numbers, not as masked stores.
    """
    zero, never = np.int64(0), np.int64(2**62)

    def advance(x, y, start, hyper, epochs, factor, center, bounds, w_out, reals, counts):
        least, limit, target = bounds[0], bounds[1], bounds[2]
        work, count = np.empty((14, lanes)), np.empty((5, lanes), np.int64)
        # The last lanes of a row run over into the next row, whose own begin as much later.
        low = (64 - work.ctypes.data % 64) % 64 // 8
        shift = (64 - count.ctypes.data % 64) % 64 // 8 - low
        high = low + lanes
        for first in range(0, hyper.shape[1], lanes):
            for lane in range(low, high):
                work[W, lane] = start
                work[M, lane] = work[V, lane] = work[R1, lane] = work[R2, lane] = 0.0
                for k in range(4):
                    work[ETA + k, lane] = hyper[k, first + lane - low]
                work[BEST, lane], work[PEAK, lane] = np.inf, -1.0
                work[SIDE, lane] = start - center
                count[0, shift + lane] = count[3, shift + lane] = zero
                count[1, shift + lane] = count[2, shift + lane] = never
            now = zero
            for _ in range(epochs):
                for point in range(len(y)):
                    now += 1
                    slope, rise = 2.0 * x[point] * x[point], 2.0 * x[point] * y[point]
                    for lane in range(low, high):
                        old = work[W, lane]
                        g = old * slope - rise
                        beta1, beta2 = work[BETA1, lane], work[BETA2, lane]
                        m = beta1 * work[M, lane] + (1.0 - beta1) * g
                        v = beta2 * work[V, lane] + (1.0 - beta2) * (g * g)
                        r1 = beta1 * work[R1, lane] + (1.0 - beta1)
                        r2 = beta2 * work[R2, lane] + (1.0 - beta2)
                        root = math.sqrt((v + work[EPSILON, lane] * r2) * r2)
                        w = old - work[ETA, lane] * m * r2 / (r1 * root)
                        if summaries:
                            w = w if count[2, shift + lane] == never else old
                        work[W, lane], work[M, lane], work[V, lane] = w, m, v
                        work[R1, lane], work[R2, lane] = r1, r2
                    if not summaries:
                        continue
                    for lane in range(low, high):
                        also = shift + lane
                        gap = work[W, lane] - center
                        far = abs(gap)
                        loss = least + (factor * gap) * (factor * gap)
                        best, peak, side = work[BEST, lane], work[PEAK, lane], work[SIDE, lane]
                        count[0, also] = max(count[0, also], now if loss < best else zero)
                        count[1, also] = min(count[1, also], now if loss <= target else never)
                        count[2, also] = min(count[2, also], never if loss <= limit else now)
                        count[3, also] += gap * side < 0
                        work[LOSS, lane] = loss
                        work[BEST, lane] = loss if loss < best else best
                        work[PEAK, lane] = peak if peak > far else far
                        work[SIDE, lane] = gap if gap != 0 else side
            for lane in range(low, high):
                column = first + lane - low
                w_out[0, column] = work[W, lane]
                reals[0, column] = work[LOSS, lane]
                reals[1, column], reals[2, column] = work[BEST, lane], work[PEAK, lane]
                for k in range(4):
                    counts[k, column] = count[k, shift + lane] % never

    return njit(nogil=True, cache=True, error_model="numpy")(advance)


def best_lane_kernel(work: Work, *, lanes: int, summaries: bool = True) -> Run:
    """The hand-made kernel for Adam on one weight, batch 1, float64: on one thread, no table."""
    problem = work.problem
    case = (work.rule, problem.d, work.batch_size, work.dtype)
    if case != ("Adam", 1, 1, "float64") or work.trajectories % lanes:
        raise ValueError("made for Adam, one weight, one point, float64, whole blocks")
    kernel = best_lanes(lanes, summaries)
    hyper, count = work.hyper(), work.trajectories
    w, reals, counts = np.empty((1, count)), np.empty((3, count)), np.empty((4, count), np.int64)
    bounds = np.array([problem.minimum_loss, work.limit(), -np.inf])
    fixed = float(problem.factor[0, 0]), float(problem.optimum[0]), bounds
    x, y, start = problem.x[:, 0].copy(), problem.y.copy(), float(problem.w0[0])

    def run(epochs: int) -> dict[str, NDArray[Any]]:
        kernel(x, y, start, hyper, epochs, *fixed, w, reals, counts)
        return {"w": w.copy(), "best_loss": reals[1].copy()}

    run(1)
    return run


def peers() -> dict[str, Callable[[Work], Run]]:
    """Every contender of the tables that can run here, simopt first."""
    found = {
        "simopt": simopt_sweep,
        "NumPy": numpy_tuned,
        "prange": one_per_prange,
    }
    if HAVE_JAX:
        found["JAX"] = jax_by_hand
    if HAVE_OPTAX:
        found["optax"] = optax_by_name
    return found
