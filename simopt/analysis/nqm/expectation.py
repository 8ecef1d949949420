"""Expectations of a noisy quadratic: loss, moments of the weights, standard error."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.analysis.nqm import leaping
from simopt.analysis.nqm.spectra import Directions, Floats, packed
from simopt.ground import checks
from simopt.problems import Problem

SHARE = checks.Interval(low=0.0, high=1.0, high_open=True)


def expected_loss(
    problem: Problem,
    updates: ArrayLike,
    *,
    eta: float,
    batch_size: int = 1,
    beta: float = 0.0,
    gamma: float = 0.0,
) -> Floats:
    r"""The expected loss of a noisy quadratic after given numbers of updates, exactly.

    .. math:: \mathrm{E}\,L_t = \tfrac12 \sum_i h_i \left(m_{i,t}^2 + v_{i,t}\right)

    with mean and variance as in `moments`. For SGD that is, with :math:`x = \eta h`,

    .. math:: \mathrm{E}\,L_t = \sum_i (1 - x_i)^{2t} L_{i,0} + \left[1 - (1 - x_i)^{2t}\right]
        \frac{\eta c_i}{2 B (2 - x_i)}

    Parameters
    ----------
    problem : Problem
        A `simopt.problems.noisy_quadratic`; `simopt.nqm.problem` makes the paper's.
    updates : array_like of int
        Numbers of updates, each >= 0.
    eta : float
        The rate, >= 0.
    batch_size : int, default 1
        B, >= 1.
    beta : float, default 0
        Of the heavy ball, `simopt.Momentum`, in [0, 1); 0 is SGD.
    gamma : float, default 0
        In [0, 1). Above 0, the loss at the moving average of SGD's weights,
        ``average <- gamma average + (1 - gamma) w`` from the start; not together with beta.

    Returns
    -------
    ndarray
        Of the shape of ``updates``. Infinite or NaN where the method diverges that far.

    Raises
    ------
    ValueError
        If the problem is of another kind, or a number is out of its range.

    References
    ----------
    G. Zhang, L. Li, Z. Nado, J. Martens, S. Sachdeva, G. Dahl, C. Shallue, R. Grosse, Which
    algorithmic choices matter at which batch sizes? Insights from a noisy quadratic model,
    NeurIPS 32 (2019).

    Examples
    --------
    >>> from simopt import nqm, problems
    >>> one = problems.noisy_quadratic([1.0], [1.0])
    >>> nqm.expected_loss(one, [0, 1, 2, 1000], eta=0.5).round(6).tolist()
    [0.5, 0.25, 0.1875, 0.166667]
    >>> model, rate = nqm.problem(), 10 ** (5 / 18)
    >>> (nqm.expected_loss(model, [7038, 7039], eta=rate, batch_size=2**20) < 0.01).tolist()
    [False, True]
    """
    model = packed(_directions(problem))
    average, memory, rate, size = _method(eta, batch_size, beta, gamma)
    asked = _whole_numbers(updates)
    unique, inverse = np.unique(asked, return_inverse=True)
    out = np.empty(len(unique))
    leaping.losses(
        average, rate, memory, model.h, model.c, model.decay, model.noise, size, unique, out
    )
    result: Floats = out[inverse].reshape(asked.shape)
    return result


def moments(
    problem: Problem,
    updates: int,
    *,
    eta: float,
    batch_size: int = 1,
    beta: float = 0.0,
    gamma: float = 0.0,
) -> tuple[Floats, Floats]:
    r"""The mean and variance of every weight after given numbers of updates, exactly.

    The weights are Gaussian and independent, so that this is their distribution.

    Parameters
    ----------
    problem : Problem
        As in `expected_loss`.
    updates : int
        The number of updates, >= 0.
    eta, batch_size, beta, gamma
        As in `expected_loss`.

    Returns
    -------
    mean, variance : ndarray [d]
        Of the weights; with gamma above 0 of their average.

    Raises
    ------
    ValueError
        As `expected_loss`.

    Examples
    --------
    >>> from simopt import nqm, problems
    >>> one = problems.noisy_quadratic([1.0], [1.0])
    >>> mean, variance = nqm.moments(one, 2, eta=0.5, batch_size=4)
    >>> mean.tolist(), variance.tolist()
    ([0.25], [0.078125])
    """
    model = packed(_directions(problem))
    average, memory, rate, size = _method(eta, batch_size, beta, gamma)
    state = leaping.start(average, len(model.h))
    after = np.empty_like(state)
    many = checks.whole("updates", updates, 0)
    leaping.advance(average, rate, memory, model.h, model.c, many, state, after)
    d = problem.d
    return problem.w0 * after[0, :d], after[2, :d] / size


def standard_error(
    problem: Problem,
    updates: int,
    trajectories: int,
    *,
    eta: float,
    batch_size: int = 1,
    beta: float = 0.0,
    gamma: float = 0.0,
) -> float:
    r"""The standard error of the mean loss over independent trajectories, exactly.

    .. math:: \operatorname{Var} L = \tfrac14 \sum_i h_i^2 \left(2 v_i^2 + 4 m_i^2 v_i\right)

    for Gaussian weights of mean m and variance v, divided by the number of trajectories.

    Parameters
    ----------
    problem : Problem
        As in `moments`.
    updates : int
        As in `moments`.
    trajectories : int
        The number of independent trajectories, >= 1.
    eta, batch_size, beta, gamma
        As in `moments`.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        As `expected_loss`.

    Examples
    --------
    >>> from simopt import nqm, problems
    >>> one = problems.noisy_quadratic([1.0], [1.0])
    >>> round(nqm.standard_error(one, 200, 10_000, eta=0.5), 6)
    0.002357
    """
    many = checks.whole("trajectories", trajectories, 1)
    mean, variance = moments(
        problem, updates, eta=eta, batch_size=batch_size, beta=beta, gamma=gamma
    )
    each = problem.l2**2 * (2.0 * variance**2 + 4.0 * mean**2 * variance)
    return math.sqrt(0.25 * float(each.sum()) / many)


def lower_bound(
    batch_sizes: ArrayLike, *, target: float = 0.01, d: int = 10_000
) -> NDArray[np.float64]:
    r"""A lower bound on the updates of any method: :math:`d / (2 C B)`.

    The model is the estimation of a Gaussian's d means from samples, a sample's information being
    the curvature: n samples leave an expected loss of d / (2n) at least.

    Parameters
    ----------
    batch_sizes : array_like
        B, > 0.
    target : float, default 0.01
        C, > 0.
    d : int, default 10,000
        Number of weights.

    Returns
    -------
    ndarray
        Of the shape of ``batch_sizes``.

    Raises
    ------
    ValueError
        If a number is not as above.

    Examples
    --------
    >>> from simopt import nqm
    >>> nqm.lower_bound([4, 16]).tolist()
    [125000.0, 31250.0]
    """
    goal = checks.number("target", target, checks.POSITIVE)
    weights = checks.whole("d", d, 1)
    sizes = checks.numbers("batch_sizes", batch_sizes, checks.POSITIVE)
    with np.errstate(over="ignore", divide="ignore"):
        result: NDArray[np.float64] = weights / (2.0 * goal * sizes)
    return result


def _directions(problem: Any) -> Directions:
    if not isinstance(problem, Problem) or problem.noise is None:
        raise checks.refuse("problem", problem, "a simopt.problems.noisy_quadratic")
    return Directions(problem.l2, problem.noise, problem.w0**2, np.ones(problem.d))


def _method(
    eta: float, batch_size: int, beta: float, gamma: float
) -> tuple[bool, float, float, float]:
    """The method as numbers: averaging or not, memory, rate and batch size."""
    rate = checks.number("eta", eta, checks.NOT_NEGATIVE)
    size = checks.whole("batch_size", batch_size, 1)
    ball, kept = checks.number("beta", beta, SHARE), checks.number("gamma", gamma, SHARE)
    if ball > 0.0 and kept > 0.0:
        raise checks.refuse("gamma", gamma, f"0 where beta is not (beta={beta})")
    return kept > 0.0, max(ball, kept), rate, float(size)


def _whole_numbers(updates: ArrayLike) -> NDArray[np.int64]:
    """Check numbers of updates, as an array."""
    given = checks.array("updates", updates, "whole numbers >= 0")
    counts = np.asarray(updates)
    if counts.dtype.kind not in "iu" or not ((given >= 0) & (given < 2**63)).all():
        raise checks.refuse("updates", updates, "whole numbers >= 0")
    return counts.astype(np.int64)
