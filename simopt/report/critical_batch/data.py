"""What the page on critical batch sizes runs on: Hubble, diabetes, and many noisy labels."""

from __future__ import annotations

import numpy as np

from simopt import problems
from simopt.problems import Problem
from simopt.report.sweeps import Setting, settings

#: Points of the logistic problem, in the full report and in the quick one. Every look at the loss
#: takes all of them, and more would tell little: the critical batch sizes are well below.
POINTS = {False: 2048, True: 500}

#: Correlation of neighbouring features, and the share of labels that are turned round.
CORRELATION, TURNED = 0.6, 0.05


def noisy_labels(n: int, d: int = 10, seed: int = 0) -> Problem:
    """A logistic problem: correlated features, weights of falling size, labels by chance.

    Features i and j correlate like ``0.6^|i - j|`` and have mean 0 and variance 1; the weights
    that make the labels have alternating signs and sizes from 2 down to 0.2; every label is drawn
    with the probability that the model says, and one in twenty is then turned round.

    Examples
    --------
    >>> problem = noisy_labels(1000)
    >>> problem.n, problem.d, problem.kind
    (1000, 11, 'logistic')
    """
    rng = np.random.default_rng(seed)
    apart = np.abs(np.subtract.outer(np.arange(d), np.arange(d)))
    x = rng.normal(size=(n, d)) @ np.linalg.cholesky(CORRELATION**apart).T
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    weights = np.geomspace(2.0, 0.2, d) * (-1.0) ** np.arange(d)
    y = rng.random(n) < 1 / (1 + np.exp(-(x @ weights - 1.0)))
    y ^= rng.random(n) < TURNED
    return problems.logistic(x, y.astype(float), name=f"{n} noisy labels")


def three(quick: bool) -> dict[str, Setting]:
    """The page's problems, by key."""
    n = POINTS[quick]
    line = problems.read_table(problems.DATA / "hubble.csv", "velocity_km_s", name="hubble")
    return {
        "Hubble": Setting("Hubble, with intercept", line),
        "diabetes": settings()["diabetes"],
        "logistic": Setting(f"{n:,} noisy labels", noisy_labels(n)),
    }
