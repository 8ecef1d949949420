"""The best prediction that is the same for every point: what a model must beat to say anything."""

from __future__ import annotations

import math

import numpy as np

from simopt.problems.problem import Problem
from simopt.problems.regression import Regression, make


def constant_loss(problem: Problem, judge: Problem | None = None) -> float:
    """The loss of the best constant prediction of a problem's targets.

    Parameters
    ----------
    problem : Problem
        Whose targets the constant is the best prediction of: of squared errors their mean.
    judge : Problem, optional
        Whose points are judged by; the problem's own by default.

    Returns
    -------
    float
        Without a penalty; NaN for problems without a model of points.

    Examples
    --------
    >>> import numpy as np
    >>> from simopt import problems
    >>> from simopt.problems.constant import constant_loss
    >>> hubble = problems.hubble()
    >>> bool(np.isclose(constant_loss(hubble), hubble.y.var()))
    True
    """
    if not isinstance(problem, Regression):
        return math.nan
    own = _without_columns(problem)
    if judge is None or own.minimizer is None:
        return float(own.minimum_loss)
    assert isinstance(judge, Regression)
    return _without_columns(judge).loss(own.minimizer)


def _without_columns(problem: Regression) -> Regression:
    return make(
        problem.criterion, np.ones(problem.n), problem.y, w0=0.0, intercept=False, l2=0.0,
        name=None, parameters=problem.parameters,
    )  # fmt: skip
