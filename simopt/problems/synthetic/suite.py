"""Small problems drawn by seed: seven that every claim is tested on, and some for one purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt import problems
from simopt.ground import checks
from simopt.problems import Problem

Floats = NDArray[np.float64]

#: How many points a problem of the suite has, and how many weights where nothing else is said.
POINTS, WEIGHTS = 128, 10

#: Points per update on the suite.
BATCH_SIZE = 8


def suite(seed: int = 0) -> dict[str, Problem]:
    """Seven small problems, by name; meant for batches of `BATCH_SIZE`.

    - "noiseless": least squares, 128 x 10, standard normal features, exact targets.
    - "label noise": the same with noise of deviation 0.5 on the targets.
    - "ill-conditioned": label noise 0.1, features scaled so that the hessian's eigenvalues go
      evenly in the logarithm from 2 to 0.002: condition number 1000 of the true covariance.
    - "rotated": the same with the axes turned by a random rotation.
    - "sparse": 128 x 30 features that are 0 or 1, the k-th one with probability 1 / k (Zipf),
      label noise 0.1.
    - "logistic": 128 x 10, labels drawn from the model's own probabilities, l2 = 0.001.
    - "network": 128 points, 2 standard normal features, 8 tanh units; the targets are those of
      another such network, scaled to mean 0 and deviation 1, with noise of deviation 0.1.

    Parameters
    ----------
    seed : int, default 0
        What all data is drawn by.

    Returns
    -------
    dict of str to Problem

    Examples
    --------
    >>> {name: problem.d for name, problem in suite().items()}["sparse"]
    30
    """
    return {
        "noiseless": linear(POINTS, WEIGHTS, noise=0.0, seed=seed, name="noiseless"),
        "label noise": linear(POINTS, WEIGHTS, noise=0.5, seed=seed, name="label noise"),
        "ill-conditioned": conditioned(rotated=False, seed=seed),
        "rotated": conditioned(rotated=True, seed=seed),
        "sparse": zipf(seed=seed),
        "logistic": labelled(POINTS, WEIGHTS, seed=seed, l2=1e-3, name="logistic"),
        "network": taught(seed=seed),
    }


def linear(n: int, d: int, *, noise: float, seed: int = 0, name: str = "linear") -> Problem:
    """Least squares with standard normal features and weights, and noise on the targets."""
    rng = generator(seed, "linear", n, d)
    x, w = rng.normal(size=(n, d)), rng.normal(size=d)
    return problems.least_squares(x, x @ w + noise * rng.normal(size=n), name=name)


def conditioned(*, rotated: bool, condition: float = 1000.0, seed: int = 0) -> Problem:
    """Least squares whose features' variances span a factor; their axes turned, or not."""
    rng = generator(seed, "conditioned")
    scales = np.sqrt(np.geomspace(1.0, 1.0 / condition, WEIGHTS))
    x, w = rng.normal(size=(POINTS, WEIGHTS)) * scales, rng.normal(size=WEIGHTS) / scales
    y = x @ w + 0.1 * rng.normal(size=POINTS)
    turned, _ = np.linalg.qr(rng.normal(size=(WEIGHTS, WEIGHTS)))
    if rotated:
        x = x @ turned
    return problems.least_squares(x, y, name="rotated" if rotated else "ill-conditioned")


def zipf(n: int = POINTS, d: int = 30, *, seed: int = 0) -> Problem:
    """Least squares with features that are 0 or 1, the k-th of them 1 with probability 1 / k.

    Drawn again until every feature is there.
    """
    rng = generator(seed, "zipf")
    x = np.zeros((n, d))
    while not x.any(axis=0).all():
        x = (rng.random((n, d)) < 1.0 / np.arange(1, d + 1)).astype(np.float64)
    y = x @ rng.normal(size=d) + 0.1 * rng.normal(size=n)
    return problems.least_squares(x, y, name="sparse")


def labelled(
    n: int, d: int, *, seed: int = 0, l2: float = 0.0, by_label: bool = False, name: str
) -> Problem:
    """Logistic regression with labels drawn at the model's own probabilities.

    ``by_label`` sorts the points: those with label 0 come first.
    """
    rng = generator(seed, "labelled", n, d)
    x, w = rng.normal(size=(n, d)), rng.normal(size=d)
    y = (rng.random(n) < 1.0 / (1.0 + np.exp(-x @ w))).astype(np.float64)
    if by_label:
        order = np.argsort(y, kind="stable")
        x, y = x[order], y[order]
    return problems.logistic(x, y, l2=l2, name=name)


def taught(n: int = POINTS, d: int = 2, *, seed: int = 0) -> Problem:
    """A network whose targets another network of its size makes, with noise of deviation 0.1."""
    rng = generator(seed, "taught")
    x = rng.normal(size=(n, d))
    teacher = problems.network(x, np.zeros(n))
    z = teacher.predictions(rng.normal(size=teacher.d))
    y = (z - z.mean()) / z.std() + 0.1 * rng.normal(size=n)
    return problems.network(x, y, seed=seed, name="network")


def bad_point(problem: Problem, factor: float = 1e3) -> Problem:
    """One point with its features in another unit: the target no longer fits, nor does the rate."""
    x = problem.x.copy()
    x[0] *= factor
    return replace(problem, name=f"{problem.name}, a bad point", x=x)


def sorted_labels(seed: int = 0) -> Problem:
    """Logistic regression on 400 points, 5 features, those with label 0 first."""
    return labelled(400, 5, seed=seed, by_label=True, name="sorted by label")


def noisy_line(seed: int = 0) -> Problem:
    """Least squares 64 x 5 with label noise 0.5, for fixed and random orders at batch 1."""
    return linear(64, 5, noise=0.5, seed=seed, name="noisy least squares")


def many_points(seed: int = 0) -> Problem:
    """Least squares 4096 x 20 with label noise 1, for the cost of batch sizes."""
    return linear(4096, 20, noise=1.0, seed=seed, name="4096 points")


def steep() -> Problem:
    """``(w^20 - 1)^2`` from 1.5, where the loss is 1.1e7 and its slope 3e8; the optimum is 1."""
    return problems.function(_steep, _steep_slope, w0=1.5, optimum=1.0, name="steep")


def time_series(
    seed: int = 0, *, length: int = 300, window: int = 5, coefficient: float = 0.9
) -> tuple[Problem, Problem]:
    """An AR(1) series cut into windows: to train on, and to validate on; split in time.

    ``z_t = coefficient z_{t-1} + e_t`` with standard normal e, from the stationary distribution;
    each point has the last ``window`` values and an intercept, the target is the next one. The
    first 70 % of the windows are for training, the rest, later in time, for validation.
    """
    rng = generator(seed, "time series")
    z = np.empty(length + window)
    z[0] = rng.normal() / np.sqrt(1.0 - coefficient**2)
    for t in range(1, len(z)):
        z[t] = coefficient * z[t - 1] + rng.normal()
    x = np.lib.stride_tricks.sliding_window_view(z[:-1], window)
    y = z[window:]
    split = int(0.7 * len(y))
    parts = {"train": slice(split), "validation": slice(split, None)}
    train, validation = (
        problems.least_squares(x[rows], y[rows], intercept=True, name=f"AR(1), {name}")
        for name, rows in parts.items()
    )
    return train, validation


def wilson(labels: ArrayLike) -> Problem:
    r"""The least squares on which adaptive methods learn to answer +1 always.

    Of a point with label y the first feature is y, the second and the third are 1, and a block of
    its own holds 1 one (y = 1) or 5 ones (y = -1): so :math:`X \operatorname{sign}(X^T y) = 4 y` if
    most labels are 1. From 0 and at full batch AdaGrad, RMSprop and Adam stay on that ray, all
    weights of one size. For a new point, whose block they have not seen, they then answer
    :math:`c (y + 2) > 0`. Gradient descent finds the shortest solution, and its answers are right.

    Parameters
    ----------
    labels : array_like [n]
        1 or -1, most of them 1.

    Returns
    -------
    Problem
        d = 3 + 1 per label 1 + 5 per label -1, from 0.

    Raises
    ------
    ValueError
        If a label is neither, or not more than half of them are 1.

    References
    ----------
    A. C. Wilson, R. Roelofs, M. Stern, N. Srebro, B. Recht, The marginal value of adaptive gradient
    methods in machine learning, NeurIPS 2017, section 3.3.

    Examples
    --------
    >>> import numpy as np
    >>> problem = wilson([1, 1, -1])
    >>> problem.d, (problem.x @ np.sign(problem.x.T @ problem.y)).tolist()
    (10, [4.0, 4.0, -4.0])
    """
    y = np.atleast_1d(np.asarray(labels, dtype=np.float64))
    if not np.isin(y, (-1.0, 1.0)).all() or not y.sum() > 0:
        raise checks.refuse("labels", y.tolist(), "1 and -1, more of 1")
    widths = np.where(y > 0, 1, 5)
    x = np.zeros((len(y), 3 + int(widths.sum())))
    x[:, 0], x[:, 1:3] = y, 1.0
    first = 3
    for row, width in enumerate(widths):
        x[row, first : first + width] = 1.0
        first += width
    return problems.least_squares(x, y, name="Wilson et al.")


def drawn_labels(seed: int = 0, *, n: int = 60, share: float = 0.6) -> Problem:
    """`wilson` with labels drawn, most of them 1."""
    rng = generator(seed, "wilson")
    while True:
        labels = np.where(rng.random(n) < share, 1.0, -1.0)
        if labels.sum() > 0:
            return wilson(labels)


def _steep(w: float) -> float:
    square = w * w
    fourth = square * square
    off = fourth * fourth * fourth * fourth * fourth - 1.0
    return off * off


def _steep_slope(w: float) -> float:
    square = w * w
    fourth = square * square
    sixteenth = fourth * fourth * fourth * fourth
    return 40.0 * sixteenth * square * w * (sixteenth * fourth - 1.0)


def generator(seed: int, *what: Any) -> np.random.Generator:
    """Random numbers for one problem, independent of what else is drawn."""
    return np.random.default_rng([seed, *"/".join(map(str, what)).encode()])
