r"""The least loss of two linear layers, which is that of a linear model.

Two layers with biases, :math:`z = c + a \cdot (W x + b)`, predict what a line with slopes
:math:`v = W^T a` does. Of all W and a with one product the smallest have
:math:`\lVert W \rVert^2 + \lVert a \rVert^2 = 2 \lVert v \rVert`, so that a penalty of
:math:`\tfrac{\lambda}{2}` on both is one of :math:`\lambda \lVert v \rVert` on the line: where v is
not 0, that of ridge regression with :math:`\mu = \lambda / \lVert v \rVert`.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from simopt.problems.loss import Floats
from simopt.problems.regression import Regression, make


def least(problem: Regression, hidden: int) -> tuple[Floats | None, float]:
    """A point of least loss [d], None if there is none, and the infimum of the loss."""
    penalty = float(problem.l2[0])
    line = _line(problem, problem.x)
    if penalty == 0.0:
        return _as_layers(problem, hidden, line)
    constant = with_ridge(_line(problem, np.zeros((problem.n, 1))), 1.0)
    if constant.minimizer is None:
        return None, constant.minimum_loss
    level = np.r_[np.zeros(problem.x.shape[1]), constant.minimizer[-1]]
    line = shortened(line)
    steepest = float(np.linalg.norm(line.gradient(level)[:-1]))
    if steepest <= penalty:
        return _placed(problem, hidden, level)
    from scipy.optimize import brentq

    def excess(log_ridge: float) -> float:
        """The slope of the loss at a ridge regression's line, which grows with the ridge."""
        ridge = math.exp(log_ridge)
        w = with_ridge(line, ridge).minimizer
        # Labels that a line separates need a ridge above rounding to have one.
        return -penalty if w is None else ridge * float(np.linalg.norm(w[:-1])) - penalty

    low = high = math.log(penalty)
    while excess(low) > 0.0:
        low -= 2.0
    while excess(high) < 0.0:
        high += 2.0
    found = low if low == high else brentq(excess, low, high, xtol=1e-12, rtol=1e-14)
    return _as_layers(problem, hidden, with_ridge(line, math.exp(found)))


def _line(problem: Regression, x: Floats) -> Regression:
    """A linear model of the same targets, with an intercept."""
    return make(
        problem.criterion, x, problem.y, w0=0.0, intercept=True, l2=0.0, name=None,
        parameters=problem.parameters,
    )  # fmt: skip


def with_ridge(line: Regression, ridge: float) -> Regression:
    """The model with a penalty on all but its intercept."""
    return replace(line, l2=np.r_[np.full(line.d - 1, ridge), 0.0])


def shortened(line: Regression) -> Regression:
    """Of squares the model of a few rows that stand for very many points: its loss but a number."""
    if not line.squared:
        return line
    x, y = line.equivalent
    share = math.sqrt(len(x) / line.n)
    return replace(line, x=x * share, y=y * share)


def _as_layers(problem: Regression, hidden: int, line: Regression) -> tuple[Floats | None, float]:
    if line.minimizer is None:
        return None, line.minimum_loss
    return _placed(problem, hidden, line.minimizer)


def _placed(problem: Regression, hidden: int, line: Floats) -> tuple[Floats, float]:
    """Two layers that predict what a line does, all of it by the first unit, and their loss."""
    p = problem.x.shape[1]
    w = np.zeros(problem.d)
    size = float(np.linalg.norm(line[:-1]))
    if size > 0.0:
        w[:p] = line[:-1] / math.sqrt(size)
        w[hidden * (p + 1)] = math.sqrt(size)
    w[-1] = line[-1]
    return w, problem.loss(w)
