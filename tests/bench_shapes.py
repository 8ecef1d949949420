"""What users' own data look like, simopt beside plain JAX: one order for all, or one a seed.

``python -m tests.bench_shapes`` (part of `make bench`) prints a row per shape: how many times JAX's
updates per second simopt makes, with defaults and with ``evaluate="epoch"``. The sweep is timed
whole, settings to table, every summary in it; JAX computes final weights alone: ``vmap`` over
``scan``, jitted, its batches gathered from the orders that the sweep draws. Both take turns, and
the best of several counts; compiling is apart, and so is reading the weights out of the table.
Where others load the machine the clock says little: ``--cpu`` compares processor time, which
favours who leaves cores idle. Final weights are compared; a disagreement is printed as FAIL and the
exit status is 1.
"""

from __future__ import annotations

import argparse
import functools
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

import simopt
from simopt.engine import tiers
from simopt.training import shuffling
from tests.contenders import HAVE_JAX

#: Of final weights, relative to how far they went: |w - w'| <= TOLERANCE * |w - w0|, the greatest
#: of each trajectory.
TOLERANCE = {"float64": 1e-9, "float32": 2e-3}

#: How many times JAX's rate is aimed at, by what a shape is.
AIMS = {"batch 1": 1.5, "batch": 3.0, "bent": 2.0}


@dataclass(frozen=True)
class Shape:
    """A sweep of one rule over ``trajectories`` rates, or seeds where each has its own order."""

    n: int
    d: int
    batch: int
    rule: str
    trajectories: int
    epochs: int
    kind: str = "least_squares"
    hidden: int = 0
    own: bool = False
    dtype: str = "float64"

    @property
    def name(self) -> str:
        """What a table calls it."""
        model = {"least_squares": "", "logistic": "logistic "}.get(self.kind, "network ")
        units = f" h={self.hidden}" if self.hidden else ""
        own = " own orders" if self.own else ""
        each = f"n={self.n} d={self.d}{units} batch {self.batch} {self.rule}"
        return f"{model}{each}, N={self.trajectories}{own}, {self.dtype}"

    @property
    def updates(self) -> int:
        """Updates of a trajectory."""
        return self.epochs * -(-self.n // self.batch)

    @property
    def aim(self) -> float:
        """The ratio aimed at."""
        if self.batch == 1:
            return AIMS["batch 1"]
        return AIMS["batch" if self.kind == "least_squares" else "bent"]


SHAPES = (
    Shape(128, 64, 1, "SGD", 4096, 4),
    Shape(128, 64, 1, "Adam", 4096, 4),
    Shape(128, 64, 32, "SGD", 4096, 40),
    Shape(128, 64, 32, "Adam", 4096, 40),
    Shape(10_000, 64, 32, "Adam", 512, 2),
    Shape(10_000, 20, 32, "Adam", 1024, 2),
    Shape(100_000, 20, 32, "Adam", 256, 1),
    Shape(10_000, 10, 32, "SGD", 2048, 2),
    Shape(10_000, 1, 32, "Adam", 4096, 8),
    Shape(10_000, 1, 1, "SGD", 4096, 1),
    Shape(128, 1, 1, "SGD", 4096, 100),
    Shape(10_000, 10, 32, "Adam", 1024, 2, kind="logistic"),
    Shape(10_000, 10, 1, "SGD", 512, 1, kind="logistic"),
    Shape(10_000, 2, 32, "Adam", 512, 1, kind="network", hidden=8),
    Shape(10_000, 8, 32, "Adam", 256, 1, kind="network", hidden=32),
    Shape(442, 10, 32, "Adam", 1024, 10, own=True),
    Shape(442, 10, 1, "SGD", 1024, 1, own=True),
    Shape(24, 1, 4, "Adam", 4096, 50, own=True),
)


def shapes(quick: bool = False, dtypes: Sequence[str] = tuple(TOLERANCE)) -> list[Shape]:
    """Every shape in both precisions; quick: some, in double precision."""
    if quick:
        return [SHAPES[0], SHAPES[5], SHAPES[8], SHAPES[11]]
    return [replace(shape, dtype=dtype) for dtype in dtypes for shape in SHAPES]


@functools.cache
def problem_of(shape: Shape) -> Any:
    """Standard normal features; targets with a little noise, or labels drawn from a model."""
    random = np.random.default_rng(shape.n + shape.d)
    x = random.standard_normal((shape.n, shape.d))
    truth = random.uniform(0.7, 1.5, shape.d) * random.choice([-1.0, 1.0], shape.d)
    z = x @ truth
    if shape.kind == "logistic":
        labels = (random.random(shape.n) < 1 / (1 + np.exp(-z))).astype(float)
        return simopt.problems.logistic(x, labels, intercept=False)
    y = np.tanh(z) if shape.hidden else z
    y = y + 0.1 * random.standard_normal(shape.n)
    if shape.hidden:
        return simopt.problems.network(x, y, hidden=shape.hidden)
    return simopt.problems.least_squares(x, y, intercept=False)


def rates_of(shape: Shape) -> tuple[float, ...]:
    """Rates at which nothing diverges, nor arrives where rounding decides on a full step."""
    count = 1 if shape.own else shape.trajectories
    high = 0.05 / (shape.d + shape.hidden) if shape.rule == "SGD" else 2e-5
    return tuple(np.geomspace(high / 30, high, count).tolist())


def weights_of(shape: Shape, result: Any) -> NDArray[Any]:
    """The final weights [N, weights] of a contender: of a sweep its table has them."""
    if isinstance(result, np.ndarray):
        return result
    d = problem_of(shape).d
    return result[["w"] if d == 1 else [f"w_{k}" for k in range(d)]].to_numpy()


def sweep_of(shape: Shape, evaluate: str | None = None) -> Callable[[], Any]:
    """The public call; it returns the table."""
    problem = problem_of(shape)
    optimizer = getattr(simopt, shape.rule)(eta=rates_of(shape))

    def run() -> Any:
        return simopt.sweep(
            problem,
            optimizer,
            batch_size=shape.batch,
            epochs=shape.epochs,
            shuffle="epoch",
            seed=range(shape.trajectories) if shape.own else 0,
            dtype=shape.dtype,
            evaluate=evaluate,
            progress=False,
        )

    return run


def jax_of(shape: Shape) -> Callable[[], NDArray[Any]]:
    """Plain JAX: a trajectory as a scan over its batches, all of them by vmap."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    problem, h, p = problem_of(shape), shape.hidden, shape.d
    x, y = jnp.asarray(problem.x, shape.dtype), jnp.asarray(problem.y, shape.dtype)
    w0 = jnp.asarray(problem.w0, shape.dtype)
    seeds = range(shape.trajectories if shape.own else 1)
    orders = np.array([shuffling.orders("epoch", s, shape.epochs, shape.n) for s in seeds])
    missing = -shape.n % shape.batch
    orders = np.pad(orders, ((0, 0), (0, 0), (0, missing)), constant_values=-1)
    orders = orders.reshape(len(seeds), -1, shape.batch)
    weight = (orders >= 0) / np.maximum(1, (orders >= 0).sum(axis=-1, keepdims=True))
    full = None if (orders >= 0).all() else jnp.asarray(weight, shape.dtype)

    def batch_loss(w: Any, x: Any, y: Any, share: Any) -> Any:
        if h:
            inner, bias, out = w[: h * p].reshape(h, p), w[h * p : h * (p + 1)], w[h * (p + 1) :]
            z = jnp.tanh(x @ inner.T + bias) @ out[:h] + out[h]
        else:
            z = x @ w
        each = jnp.logaddexp(0, z) - y * z if shape.kind == "logistic" else jnp.square(z - y)
        return each.mean() if share is None else (each * share).sum()

    def gradient(w: Any, x: Any, y: Any, share: Any) -> Any:
        if h:
            return jax.grad(batch_loss)(w, x, y, share)
        # By hand: what `grad` gives here takes up to twice as long.
        z = x @ w
        slope = jax.nn.sigmoid(z) - y if shape.kind == "logistic" else 2 * (z - y)
        return slope @ x / len(y) if share is None else (slope * share) @ x

    def trajectory(eta: Any, order: Any, share: Any) -> Any:
        def step(carry: Any, batch: Any) -> Any:
            w, m, v, t = carry
            rows, part = batch
            g = gradient(w, x[rows], y[rows], part)
            if shape.rule == "SGD":
                return (w - eta * g, m, v, t), None
            m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
            b1, b2 = t
            b1, b2 = b1 * 0.9, b2 * 0.999
            w = w - eta * (m / (1 - b1)) / jnp.sqrt(v / (1 - b2) + 1e-8)
            return (w, m, v, (b1, b2)), None

        zero, one = jnp.zeros_like(w0), jnp.ones((), w0.dtype)
        return jax.lax.scan(step, (w0, zero, zero, (one, one)), (order, share))[0][0]

    by_seed = 0 if shape.own else None
    compiled = jax.jit(jax.vmap(trajectory, in_axes=(None if shape.own else 0, by_seed, by_seed)))
    rates = rates_of(shape)
    eta = jnp.asarray(rates[0] if shape.own else rates, shape.dtype)
    order = jnp.asarray(orders if shape.own else orders[0])
    share = full if full is None or shape.own else full[0]

    def run() -> NDArray[Any]:
        return np.asarray(compiled(eta, order, share).block_until_ready())

    return run


@dataclass
class Row:
    """A shape, timed: seconds of the best turn by contender."""

    shape: Shape
    seconds: dict[str, float]
    error: float

    @property
    def failed(self) -> bool:
        """Whether results part."""
        return not self.error <= TOLERANCE[self.shape.dtype]

    def ratio(self, who: str) -> float:
        """How many times JAX's rate."""
        return self.seconds.get("JAX", math.nan) / self.seconds[who]

    def rate(self, who: str) -> float:
        """Million updates per second."""
        return self.shape.trajectories * self.shape.updates / self.seconds[who] / 1e6


def measured(shape: Shape, repeats: int, clock: Callable[[], float]) -> Row:
    """One shape, the contenders taking turns."""
    runs: dict[str, Callable[[], Any]] = {
        "simopt": sweep_of(shape),
        "epoch": sweep_of(shape, "epoch"),
    }
    if HAVE_JAX:
        runs["JAX"] = jax_of(shape)
    results = {who: weights_of(shape, run()) for who, run in runs.items()}
    seconds = dict.fromkeys(runs, math.inf)
    for turn in range(repeats):
        # There and back: for some ms after its call JAX's threads wait in a loop that takes a core.
        for who, run in list(runs.items())[:: -1 if turn % 2 else 1]:
            began = clock()
            run()
            seconds[who] = min(seconds[who], clock() - began)
    went = np.abs(results["simopt"] - problem_of(shape).w0).max(axis=1, keepdims=True)
    error = max(float((np.abs(each - results["simopt"]) / went).max()) for each in results.values())
    return Row(shape, seconds, error)


HEADS = ["shape", "M updates/s", "/ JAX", 'evaluate="epoch"', "/ JAX", "aim"]


def cells_of(row: Row) -> list[str]:
    """A row of the table."""
    ratio = row.ratio("simopt")
    verdict = "" if math.isnan(ratio) else "met" if ratio >= row.shape.aim else "MISSED"
    return [
        row.shape.name,
        f"{row.rate('simopt'):.3g}",
        f"{ratio:.2f}",
        f"{row.rate('epoch'):.3g}",
        f"{row.ratio('epoch'):.2f}",
        f"{row.shape.aim:g}: {verdict}",
    ]


def measured_all(
    shapes: Sequence[Shape], repeats: int, clock: Callable[[], float]
) -> tuple[list[Row], list[str]]:
    """The rows, printed as they come, and a line for each that failed."""
    rows = []
    print(" | ".join(HEADS), flush=True)
    with tiers.compiling():  # what runs is the same whatever stands on disk
        for shape in shapes:
            rows.append(measured(shape, repeats, clock))
            print(" | ".join(cells_of(rows[-1])), flush=True)
    return rows, [f"FAIL {row.shape.name}: {row.error:.1e}" for row in rows if row.failed]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; 1 if results differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench_shapes")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of shapes, from 0")
    parser.add_argument("--dtype", choices=tuple(TOLERANCE), help="one precision alone")
    parser.add_argument("--cpu", action="store_true", help="processor time in place of the clock")
    parser.add_argument("--repeats", type=int, default=5, help="turns of every contender")
    options = parser.parse_args(arguments)
    clock = time.process_time if options.cpu else time.perf_counter
    every = shapes(dtypes=[options.dtype] if options.dtype else tuple(TOLERANCE))
    chosen = [every[k] for k in options.only or range(len(every))]
    _, failures = measured_all(chosen, options.repeats, clock)
    print("\n".join(failures), end="")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
