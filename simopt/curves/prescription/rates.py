"""Rates of different optimizers that mean the same: as far a way along a constant gradient."""

from __future__ import annotations

import math

import numpy as np

from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training.stepper import Stepper

#: Updates over which two optimizers are to go as far: a tenfold momentum has then begun to work.
UPDATES = 10


def way(optimizer: Optimizer, gradient: float) -> float:
    """How far an optimizer goes from 0 in ten updates if the gradient stays what it is.

    Examples
    --------
    >>> import simopt
    >>> from simopt.prescription.rates import way
    >>> round(way(simopt.SGD(eta=0.1), 2.0), 12)
    2.0
    >>> round(way(simopt.RMSprop(eta=0.1, rho=0.0), 2.0), 6)  # the gradient's size cancels
    1.0
    """
    stepper = Stepper(optimizer, [0.0])
    for _ in range(UPDATES):
        # The loss of a parabola of curvature 1, for rules that ask for it.
        stepper.step([gradient], loss=gradient * gradient / 2)
    return abs(stepper.weights[0])


def typical_gradient(problem: Problem) -> float:
    """The root mean square of the full gradient's components at the start."""
    gradient = problem.gradient(problem.w0)
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.square(gradient))))


def like(other: Optimizer, optimizer: Optimizer, problem: Problem) -> Optimizer:
    r"""Another optimizer at the rate that leads as far as this one's.

    .. math:: \eta' : \quad |w'_{10}(\eta', g)| = |w_{10}(\eta, g)|,
              \qquad g = \sqrt{\tfrac1d \sum_k g_k(w_0)^2}

    with the gradient held at g: SGD at :math:`\eta` answers to Adam at :math:`\eta g`, whose steps
    are as long as eta, and to Momentum with :math:`\beta = 0.9` at :math:`0.256 \eta`.

    Parameters
    ----------
    other : Optimizer
        Which; its rate does not matter.
    optimizer : Optimizer
        As far as this one.
    problem : Problem
        Whose gradient at the start is meant.

    Returns
    -------
    Optimizer
        ``other`` at the rate found; at this one's own where the gradient at the start is 0.

    Examples
    --------
    >>> import simopt
    >>> from simopt.prescription.rates import like
    >>> four = simopt.problems.four_points()
    >>> like(simopt.Adam(), simopt.SGD(eta=0.1), four)  # gradient -14.25
    Adam(eta=1.425, beta1=0.9, beta2=0.999, epsilon=1e-08)
    """
    eta = float(optimizer.settings["eta"])  # type: ignore[arg-type]
    gradient = typical_gradient(problem)
    far = way(optimizer, gradient)
    # Every rule's step is proportional to its rate.
    unit = way(other.replace(eta=1.0), gradient)
    if not (0 < far < math.inf and 0 < unit < math.inf):
        return other.replace(eta=eta)
    # Rates are for people: four digits.
    return other.replace(eta=float(f"{far / unit:.4g}"))
