"""Conditions under which an optimizer may step otherwise, and which the standard probe never meets.

What is equal there is not called equal before it is so here too: a bound that only huge gradients
reach, a switch after so many updates, a limit of the weights' norm. What holds for matrices alone
(AdamP's projection, factored squares) is found by the same weights as a vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from simopt.training.conformance.probing import Array, Probe

#: Updates of the long run; longer ones are not seen. Less where an update takes a millisecond.
LONG, SLOW = 2000, {"keras": 400, "optax": 400}

#: Updates of a short one.
FEW = 16

#: A parameter's rows and columns from which some factor its squares, or project it.
LARGE = (128, 128)

#: Those of a matrix that is stepped as often as a vector: more weights than Shampoo takes for one.
#: Our own rules step weight after weight in Python, and none acts only now and then.
LASTING = (24, 24)
SLOW_FOR_MANY = SLOW | {"simopt": FEW}

#: Weights of equal size, and gradients orthogonal to them in every row and column.
SIGNS = np.array([[1, -1, 1, 1], [1, 1, -1, 1], [-1, 1, 1, 1], [1, 1, 1, -1]], dtype=np.float64)
ACROSS = SIGNS * np.where(np.indices(SIGNS.shape).sum(axis=0) % 2, -1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Condition:
    """What is met, in words, by which gradients, of parameters of which shape."""

    words: str
    probe: Probe
    shape: tuple[int, ...]

    @property
    def long(self) -> bool:
        """Whether it takes more updates than the others."""
        return len(self.probe.factors) > FEW


def unseen(framework: str) -> str:
    """What no condition meets, in words."""
    large = " by ".join(map(str, LARGE))
    return (
        f"more than {SLOW.get(framework, LONG):,} updates, matrices larger than {large}, gradients "
        "that are sparse or missing"
    )


@cache
def of_vectors(framework: str, drops: bool) -> tuple[Condition, ...]:
    """Conditions in which a rule has to be equal too; ``drops``: its rate can be set."""
    rng = np.random.default_rng(22)
    noise = rng.normal(size=(FEW, 8))
    start = np.array([0.0, 1.0, -2.0, 0.5, 3.0, -0.1, 0.25, 0.75])
    # The first gradient, and some later, are zero; then they are tiny, while means are not.
    size = np.array([0, 1, 1, 0, 0, 0, 1, 1, *[1e-12] * 4, *[1e-20] * 4])[:, None]
    huge = noise * 10.0 ** rng.uniform(6, 12, (FEW, 1))
    long = SLOW.get(framework, LONG)
    raised = np.where(np.arange(FEW) < FEW // 2, 1.0, 10.0)
    found = [
        _vector("where whole gradients are zero or tiny", start, noise * size),
        _vector("where whole gradients are huge", start, huge),
        _vector("where weights are large", 1e4 * start, noise),
        _vector("where gradients are orthogonal to the weights", *_orthogonal()),
    ]
    if drops:
        found.append(_vector("where the rate is raised", start, noise, raised))
    lasting = 0.3 + rng.normal(size=(long, 2))
    return (*found, _vector("after more updates", start[1:3], lasting))


@cache
def of_matrices(framework: str) -> tuple[Condition, ...]:
    """Conditions in which a matrix has to be stepped as a vector is."""
    rng = np.random.default_rng(23)
    start, gradients = rng.normal(size=8), rng.normal(size=(FEW, 8))
    large = rng.normal(size=LARGE[0] * LARGE[1]), rng.normal(size=(2, LARGE[0] * LARGE[1]))
    count, size = SLOW_FOR_MANY.get(framework, LONG), LASTING[0] * LASTING[1]
    lasting = rng.normal(size=size), 0.3 + rng.normal(size=(count, size))
    return (
        Condition(
            "gradients are orthogonal to it, as AdamP projects then",
            _probe(*_orthogonal()),
            SIGNS.shape,
        ),
        Condition("its weights are large", _probe(1e4 * start, gradients), (2, 4)),
        Condition("it has four dimensions, as a convolution's kernel", _probe(start, gradients),
                  (2, 1, 2, 2)),
        Condition(f"updates go on, up to {count:,}", _probe(*lasting), LASTING),
        Condition(f"it is as large as {LARGE[0]} by {LARGE[1]}", _probe(*large), LARGE),
    )  # fmt: skip


@cache
def not_finite() -> Condition:
    """A gradient that is no number in one weight, once."""
    gradients = np.random.default_rng(24).normal(size=(4, 8))
    gradients[1, 5] = np.nan
    return _vector("where a gradient is no number", np.ones(8), gradients)


def _orthogonal() -> tuple[Array, Array]:
    """The first gradient is along the weights, so that momentum is, and none after."""
    turns = np.where(np.arange(FEW) % 3, 1.0, -0.5)[:, None] * ACROSS.ravel()
    turns[0] = SIGNS.ravel() / 8
    return 8 * SIGNS.ravel(), turns


def _vector(words: str, start: Array, gradients: Array, factors: Array | None = None) -> Condition:
    return Condition(words, _probe(start, gradients, factors), start.shape)


def _probe(start: Array, gradients: Array, factors: Array | None = None) -> Probe:
    ones = np.ones(len(gradients))
    return Probe(
        start, gradients, ones if factors is None else factors, np.square(gradients).sum(axis=1)
    )
