"""Fewer points than a model can learn by heart, and more of the same kind to validate on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.problems import Problem
from simopt.problems.synthetic.suite import generator

Floats = NDArray[np.float64]


def few_points(
    seed: int = 0, *, n: int = 40, held_out: int = 400, hidden: int = 10, noise: float = 0.5
) -> tuple[Problem, Problem]:
    """A network for few noisy points, and the same network on others that it has not seen.

    ``y = sin(3 x_1) + x_2 + noise`` with four features, uniform in [-1, 1], two of them idle. With
    ten hidden units the network has 61 weights, more than points: trained to the end it learns the
    noise by heart. Both problems have the same weights in the same order, and the same start:
    ``validation.loss(w)`` is what w, trained on the first, is worth on points of the same kind.

    Examples
    --------
    >>> train, validation = few_points()
    >>> train.n, validation.n, train.d == validation.d == 61
    (40, 400, True)
    """
    rng = generator(seed, "few points")
    x = rng.uniform(-1.0, 1.0, size=(n + held_out, 4))
    y = np.sin(3.0 * x[:, 0]) + x[:, 1] + noise * rng.normal(size=n + held_out)
    train, validation = (
        problems.network(x[rows], y[rows], hidden=hidden, seed=seed, name=name)
        for name, rows in (("few points", slice(n)), ("validation", slice(n, None)))
    )
    return train, validation


def wide(draw: int) -> tuple[Problem, Problem, Problem]:
    """24 points with 20 features, a few of which matter, and noise: train, validation, test."""
    rng = np.random.default_rng([draw, 1])
    x = rng.normal(size=(424, 20))
    w = np.where(np.arange(20) < 4, 1.0, 0.0)
    y = x @ w + rng.normal(size=len(x))
    return _three(x, y, (24, 100), "wide")


def patients(draw: int) -> tuple[Problem, Problem, Problem]:
    """Twenty patients to learn from, the diabetes data's others to watch and to judge by."""
    whole = problems.diabetes()
    rows = np.random.default_rng([draw, 2]).permutation(whole.n)
    # Without the intercept's column, the target without its mean and in units of its spread.
    y = (whole.y - whole.y.mean()) / whole.y.std()
    return _three(whole.x[rows, :-1], y[rows], (14, 100), "few patients")


def _three(
    x: Floats, y: Floats, sizes: tuple[int, int], name: str
) -> tuple[Problem, Problem, Problem]:
    first, second = sizes[0], sum(sizes)
    train, validation, test = (
        problems.least_squares(x[part], y[part], name=name)
        for part in (slice(first), slice(first, second), slice(second, None))
    )
    return train, validation, test
