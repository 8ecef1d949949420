"""Problems whose runs are labelled: one list to tune a reader of curves on, another to test it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.problems import Problem
from simopt.problems.synthetic import functions

Floats = NDArray[np.float64]

PARTS = ("tuning", "test")


@dataclass(frozen=True, eq=False)
class Testbed:
    """A problem, and what there is besides it.

    Attributes
    ----------
    problem : Problem
        To train on.
    sizes : tuple of int
        Batch sizes to train with.
    validation : Problem, optional
        Points that it was not trained on.
    saddle : ndarray [d], optional
        Where its gradient is 0 and its loss not least, and where its start leads.
    minima : bool
        Whether it has several minima, of which one is the lowest.
    steep : bool
        Whether gradients are large at the start, and small where most is still to be lost.
    """

    problem: Problem
    sizes: tuple[int, ...] = (1,)
    validation: Problem | None = None
    saddle: Floats | None = None
    minima: bool = False
    steep: bool = False

    @property
    def name(self) -> str:
        """The problem's name."""
        return self.problem.name


def testbeds(part: str, seed: int) -> list[Testbed]:
    """Every problem of a part."""
    kinds = (regressions, overfitted, quadratics, walls, saddles, minima, valleys)
    return [testbed for kind in kinds for testbed in kind(part, seed)]


def regressions(part: str, seed: int) -> list[Testbed]:
    """Least squares and logistic regression: shipped data, and drawn data of several kinds."""
    rng = _rng(part, seed, "regressions")
    if part == "tuning":
        return [
            Testbed(problems.four_points(), sizes=(1, 2, 4)),
            Testbed(problems.diabetes(), sizes=(1, 8, 64, 442)),
            _gaussian(rng, 32, 3, 0.0, sizes=(1, 4, 32)),
            _gaussian(rng, 64, 5, 0.5, sizes=(1, 4, 16, 64)),
            _gaussian(rng, 100, 2, 2.0, sizes=(1, 10)),
            _conditioned(rng, 128, 10, 300.0, rotated=False, sizes=(1, 8, 128)),
            _zipf(rng, 128, 20, 1.0, sizes=(1, 8)),
            _logistic(rng, 150, 4, 1e-3, sizes=(1, 8, 32, 150)),
        ]
    return [
        Testbed(problems.hubble(), sizes=(1, 4, 24)),
        _gaussian(rng, 48, 8, 0.0, sizes=(1, 4, 48)),
        _gaussian(rng, 120, 4, 1.0, sizes=(1, 4, 16, 120)),
        _gaussian(rng, 60, 1, 3.0, sizes=(1, 6)),
        _conditioned(rng, 100, 8, 1000.0, rotated=True, sizes=(1, 10, 100)),
        _zipf(rng, 200, 30, 1.2, sizes=(1, 10)),
        _logistic(rng, 240, 7, 1e-2, sizes=(1, 8, 40, 240)),
    ]


def _rng(part: str, seed: int, what: str) -> np.random.Generator:
    return np.random.default_rng([seed, PARTS.index(part), *what.encode()])


def _gaussian(
    rng: np.random.Generator, n: int, d: int, noise: float, *, sizes: tuple[int, ...]
) -> Testbed:
    x, w = rng.normal(size=(n, d)), rng.normal(size=d) + rng.choice([-2.0, 2.0], size=d)
    y = x @ w + noise * rng.normal(size=n)
    name = f"Gaussian {n} x {d}, noise {noise:g}"
    return Testbed(problems.least_squares(x, y, name=name), sizes=sizes)


def _conditioned(
    rng: np.random.Generator,
    n: int,
    d: int,
    condition: float,
    *,
    rotated: bool,
    sizes: tuple[int, ...],
) -> Testbed:
    scales = np.sqrt(np.geomspace(1.0, 1.0 / condition, d))
    x, w = rng.normal(size=(n, d)) * scales, rng.normal(size=d) / scales
    y = x @ w + 0.1 * rng.normal(size=n)
    if rotated:
        x = x @ np.linalg.qr(rng.normal(size=(d, d)))[0]
    name = f"condition {condition:g}, {'rotated' if rotated else 'by axes'}"
    return Testbed(problems.least_squares(x, y, name=name), sizes=sizes)


def _zipf(
    rng: np.random.Generator, n: int, d: int, power: float, *, sizes: tuple[int, ...]
) -> Testbed:
    x = (rng.random((n, d)) < np.arange(1.0, d + 1) ** -power).astype(np.float64)
    x[np.arange(d), np.arange(d)] = 1.0
    y = x @ (2 * rng.normal(size=d)) + 0.1 * rng.normal(size=n)
    return Testbed(problems.least_squares(x, y, name=f"Zipf {power:g}, {n} x {d}"), sizes=sizes)


def _logistic(
    rng: np.random.Generator, n: int, d: int, l2: float, *, sizes: tuple[int, ...]
) -> Testbed:
    x, w = rng.normal(size=(n, d)), 2 * rng.normal(size=d)
    y = (rng.random(n) < 1 / (1 + np.exp(-x @ w))).astype(np.float64)
    return Testbed(problems.logistic(x, y, l2=l2, name=f"logistic {n} x {d}"), sizes=sizes)


def overfitted(part: str, seed: int) -> list[Testbed]:
    """Fewer points than weights would need, and as many more to validate on."""
    rng = _rng(part, seed, "overfitted")
    if part == "tuning":
        return [_wide(rng, 30, 25, 1.0, "least_squares"), _powers(rng, 20, 9)]
    return [_wide(rng, 30, 20, 1.0, "logistic"), _cosines(rng, 25, 16)]


def _split(x: Floats, y: Floats, n: int, kind: str, name: str, sizes: tuple[int, ...]) -> Testbed:
    make = problems.logistic if kind == "logistic" else problems.least_squares
    train, held = (make(x[rows], y[rows], name=name) for rows in (slice(n), slice(n, None)))
    return Testbed(train, sizes, held)


def _wide(rng: np.random.Generator, n: int, d: int, noise: float, kind: str) -> Testbed:
    x, w = rng.normal(size=(2 * n + 60, d)), rng.normal(size=d) * (rng.random(d) < 0.3)
    y = x @ w + noise * rng.normal(size=len(x))
    if kind == "logistic":
        y = (y > 0).astype(np.float64)
    return _split(x, y, n, kind, f"wide {kind} {n} x {d}", (1, 5, n))


def _powers(rng: np.random.Generator, n: int, degree: int) -> Testbed:
    u = rng.uniform(-1, 1, n + 60)
    x = np.stack([np.polynomial.legendre.Legendre.basis(k)(u) for k in range(degree + 1)], axis=1)
    y = np.sin(3 * u) + 0.4 * rng.normal(size=len(u))
    return _split(x * 2, y, n, "least_squares", f"powers up to {degree}", (1, 5, n))


def _cosines(rng: np.random.Generator, n: int, d: int) -> Testbed:
    u = rng.uniform(-2, 2, (n + 60, 2))
    x = math.sqrt(2) * np.cos(u @ (2 * rng.normal(size=(2, d))) + rng.uniform(0, 2 * math.pi, d))
    y = u[:, 0] - u[:, 1] ** 2 + 0.5 * rng.normal(size=len(u))
    return _split(x, y, n, "least_squares", f"random cosines {n} x {d}", (1, 5, n))


def quadratics(part: str, seed: int) -> list[Testbed]:
    """Noisy quadratics: no points, drawn noise."""
    rng = _rng(part, seed, "quadratics")
    if part == "tuning":
        given = {"1 / k": (1 / np.arange(1.0, 17), 1.0), "of equals": (np.ones(3), 0.1)}
    else:
        given = {
            "by powers": (np.geomspace(1, 1e-2, 24), 1.0),
            "of four": (np.array([2.0, 0.7, 0.7, 0.1]), 0.3),
        }
    return [
        Testbed(
            problems.noisy_quadratic(
                h, noise * h, w0=rng.choice([-1.0, 1.0], len(h)) * 3, name=f"noisy quadratic {name}"
            ),
            (1, 4, 16, 64, 256),
        )
        for name, (h, noise) in given.items()
    ]


def walls(part: str, seed: int) -> list[Testbed]:
    """Starts high on a steep wall over a shallow valley: large gradients first, small ones after.

    The axes are turned, so that no weight has only small gradients.
    """
    rng = _rng(part, seed, "walls")
    if part == "tuning":
        return [_wall(rng, d, 10 ** rng.uniform(2, 3.5), 0.0) for d in (2, 3, 4, 6, 2, 5)]
    return [_wall(rng, d, 10 ** rng.uniform(1.7, 3), 0.3) for d in (7, 8, 3)] + [
        Testbed(
            _function("cliff", (0.5 * (a - b), 0.5 * (a + b)), (0, 0)),
            steep=True,
        )
        for a, b in zip(rng.uniform(4, 9, 4), rng.uniform(1.5, 3, 4), strict=True)
    ]


def _wall(rng: np.random.Generator, d: int, condition: float, noise: float) -> Testbed:
    n = 12 * d
    scales = np.sqrt([*np.geomspace(1.0, 0.3, d - 1), 1.0 / condition])
    x, turned = rng.normal(size=(n, d)) * scales, np.linalg.qr(rng.normal(size=(d, d)))[0]
    # The last direction holds some of what there is to lose, the others the rest.
    far = np.append(np.ones(d - 1), np.sqrt(condition * rng.uniform(0.3, 2.0)))
    y = noise * rng.normal(size=n)
    name = f"wall {n} x {d}, condition {condition:.0f}"
    problem = problems.least_squares(x @ turned, y, w0=3 * far @ turned, name=name)
    return Testbed(problem, (1, 4, n), steep=True)


def saddles(part: str, seed: int) -> list[Testbed]:
    """Functions with a saddle, from starts that lead to it."""
    rng = _rng(part, seed, "saddles")
    testbeds = []
    for small in 10 ** rng.uniform(-7, -2, 10):
        if part == "tuning":
            first = problems.saddle(w0=(rng.uniform(0.1, 1.5), small))
            second = _function("product", (small, small, rng.uniform(0, 1)), (1, 1, 0))
        else:
            second = _function("chain", (small**0.5, small**0.4, small**0.4), (1, 1, 1))
            x = rng.uniform(-2, 2, 8)
            first = problems.function(
                functions.unit,
                functions.unit_slope,
                w0=(small, 2 * small),
                points=np.stack([x, 2 * np.tanh(1.5 * x)], axis=1),
                optimum=(2, 1.5),
                name="tanh unit",
            )
        testbeds += [
            Testbed(problem, (problem.n or 1,), saddle=np.zeros(problem.d))
            for problem in (first, second)
        ]
    return testbeds


def minima(part: str, seed: int) -> list[Testbed]:
    """Functions with minima that are not the lowest, from starts near and far."""
    rng = _rng(part, seed, "minima")
    if part == "tuning":
        starts = [problems.bumps(w0=w) for w in rng.uniform(1, 6, 8) * rng.choice([-1, 1], 8)]
    else:
        wells = [
            problems.double_well(tilt=t, spread=0.0, terms=2, w0=rng.uniform(0.4, 2.5))
            for t in rng.uniform(0.05, 0.3, 4)
        ]
        starts = wells + [_function("ripples", rng.uniform(1.5, 5, 2), (0, 0)) for _ in range(5)]
    return [Testbed(problem, (problem.n or 1,), minima=True) for problem in starts]


def valleys(part: str, seed: int) -> list[Testbed]:
    """Functions that are neither quadratic nor a trap."""
    rng = _rng(part, seed, "valleys")
    if part == "tuning":
        return [Testbed(_function("quartic", rng.uniform(1, 3, 2), (0, 0))) for _ in range(2)]
    return [
        Testbed(_function("rosenbrock", (-1.2, 1.0), (1, 1))),
        Testbed(_function("rosenbrock", rng.uniform(-1, 0, 2), (1, 1))),
    ]


def _function(name: str, w0: Any, optimum: Any) -> Problem:
    loss, gradient = getattr(functions, name), getattr(functions, f"{name}_slope")
    return problems.function(loss, gradient, w0=w0, optimum=optimum)
