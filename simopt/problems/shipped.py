"""The problems that come with the package."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simopt.problems.losses.least_squares import LEAST_SQUARES, least_squares
from simopt.problems.problem import Problem
from simopt.problems.regression import make
from simopt.problems.table import read_table

#: The folder of the shipped tables: ``hubble.csv`` and ``diabetes.csv``.
DATA = Path(__file__).parent / "data"


def four_points() -> Problem:
    """The document's problem: (2, 10), (1, 5), (3, 15), (0.5, 2.5), y = 5x, from w = 3.

    Returns
    -------
    Problem
        d = 1, optimum 5, least loss 0.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.four_points().gradient(3.0, [0]).tolist()
    [-16.0]
    """
    return least_squares([2.0, 1.0, 3.0, 0.5], [10.0, 5.0, 15.0, 2.5], w0=3.0, name="four_points")


def hubble() -> Problem:
    """Hubble 1929, table 1: velocity [km/s] = w * distance [Mpc], 24 nebulae.

    Returns
    -------
    Problem
        d = 1, from w = 0. The optimum is 423.94 km/s/Mpc; today's value is near 70.

    References
    ----------
    E. Hubble, A relation between distance and radial velocity among extra-galactic nebulae,
    PNAS 15 (1929) 168.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.hubble().optimum.round(3).tolist()
    [423.937]
    """
    return read_table(DATA / "hubble.csv", "velocity_km_s", intercept=False, name="hubble")


def diabetes() -> Problem:
    """Diabetes progression of 442 patients from 10 standardised measurements and an intercept.

    Returns
    -------
    Problem
        d = 11, from 0: the features have mean 0 and variance 1 (divisor n); the target keeps its
        unit, so that the intercept is its mean, 152.13.

    References
    ----------
    B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression, Ann. Stat. 32 (2004)
    407.

    Examples
    --------
    >>> from simopt import problems
    >>> problems.diabetes().features[:3], round(float(problems.diabetes().optimum[-1]), 2)
    (('age', 'sex', 'bmi'), 152.13)
    """
    raw = np.loadtxt(DATA / "diabetes.csv", delimiter=",", skiprows=1)
    with open(DATA / "diabetes.csv", encoding="utf-8") as file:
        names = file.readline().strip().split(",")
    x, y = raw[:, :-1], raw[:, -1]
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return make(
        LEAST_SQUARES,
        x,
        y,
        w0=0.0,
        intercept=True,
        l2=0.0,
        name="diabetes",
        features=names[:-1],
        target=names[-1],
    )
