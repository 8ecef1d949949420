"""Contraction rates and milestones, measured from trajectories."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import rules
from simopt.analysis.stability.regions import optimal
from simopt.analysis.stability.simulated import quadratic
from simopt.ground import checks
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep
from simopt.training.stepper import check_single

Floats = NDArray[np.float64]

#: Gradient descent takes a million updates to halve the error where curvatures differ by more.
MOST_SPREAD = 1_000_000

#: The target of Goh's milestones, and how many iterates he looks at.
MILESTONE, ITERATES = 0.01, 151


def iterates(
    curvature: Sequence[float], w0: Sequence[float], optimizer: Optimizer, updates: int
) -> Floats:
    """The iterates [updates + 1, d] on ``sum(curvature * w^2) / 2``, with the start."""
    problem = quadratic(curvature, w0=w0)
    frame = sweep(
        problem,
        optimizer,
        batch_size="full",
        epochs=updates,
        record="epochs",
        divergence=None,
        progress=False,
    )
    names = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    return np.vstack([problem.w0, frame[names].to_numpy()])


def observed_rate(distance: Floats, *, double: bool = False) -> float:
    r"""The contraction factor per update over the second half of a series of distances.

    Parameters
    ----------
    distance : ndarray [2 T + 1]
        From the optimum, at the start and after every update.
    double : bool, default False
        Whether the largest root is double: distances then fall like :math:`t \rho^t`, and the
        factor t, 2 over the half, is taken out.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If fewer than three distances are given, or those used are not positive and finite.

    Examples
    --------
    >>> import numpy as np
    >>> round(observed_rate(3 * 0.9 ** np.arange(101)), 12)
    0.9
    """
    distances = checks.array("distance", distance)
    if distances.ndim != 1 or len(distances) < 3:
        raise checks.refuse("distance", f"of shape {distances.shape}", "of length 3 or more")
    half = (len(distances) - 1) // 2
    first, last = float(distances[half]), float(distances[2 * half])
    if not (0 < first < math.inf and 0 < last < math.inf):
        raise checks.refuse("distance", (first, last), "positive and finite in its second half")
    log = math.log(last / first) - (math.log(2.0) if checks.flag("double", double) else 0.0)
    return math.exp(log / half)


def measured(mu: float, L: float) -> pd.DataFrame:
    """`optimal`, with the rates observed on curvatures mu and L from (1, 1).

    Parameters
    ----------
    mu, L : float
        As in `optimal`, mu < L.

    Returns
    -------
    DataFrame
        Its columns, then measured (over updates T to 2 T, with the factor t of a double root taken
        out where there is one) and updates (2 T).

    Raises
    ------
    ValueError
        If mu or L is out of range.

    Examples
    --------
    >>> table = measured(1.0, 10.0)
    >>> bool(((table["measured"] / table["rate"] - 1).abs() < 1e-4).all())
    True
    """
    table = optimal(mu, L)
    if not mu < L <= MOST_SPREAD * mu:
        allowed = f"above mu={mu:g} and at most {MOST_SPREAD:,} times as large"
        raise checks.refuse("L", L, allowed)
    seen, lengths = [], []
    for method, name, eta, beta, rate in table.itertuples(index=False):
        settings = {"eta": eta} if name == "SGD" else {"eta": eta, "beta": beta}
        # As far as float64 reaches: squares of distances down to about 1e-280.
        half = int(140 / -math.log10(rate)) // 2
        optimizer = getattr(rules, name)(**settings)
        weights = iterates([mu, L], [1.0, 1.0], optimizer, 2 * half)
        distance = np.hypot(*weights.T)
        seen.append(observed_rate(distance, double=method != "gradient descent"))
        lengths.append(2 * half)
    return table.assign(measured=seen, updates=lengths)


def milestones(
    curvature: Sequence[float],
    w0: Sequence[float],
    optimizer: Optimizer,
    *,
    target: float = MILESTONE,
    updates: int = ITERATES - 1,
) -> list[int]:
    """The last update at which each weight's share of the loss is above a target.

    Parameters
    ----------
    curvature, w0 : sequence of float [d]
        The second derivatives and the start.
    optimizer : Optimizer
        With a number for every hyperparameter.
    target : float, default 0.01
        Of ``curvature * w^2 / 2``.
    updates : int, default 150
        How far to look.

    Returns
    -------
    list of int
        -1 where the share is never above the target.

    References
    ----------
    G. Goh, Why momentum really works, Distill (2017).

    Examples
    --------
    >>> import simopt
    >>> milestones([1.0, 10.0, 100.0], [1.0, 0.1**0.5, 0.1], simopt.SGD(eta=2 / 101))
    [97, 8, 97]
    """
    target = checks.number("target", target)
    weights = iterates(curvature, w0, check_single(optimizer), checks.whole("updates", updates, 1))
    with np.errstate(over="ignore"):
        above = np.asarray(curvature) * weights**2 / 2 > target
    return [int(np.flatnonzero(each)[-1]) if each.any() else -1 for each in above.T]
