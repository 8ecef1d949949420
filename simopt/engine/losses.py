"""The passes of a problem: the one place of the engine that asks what its loss is."""

from __future__ import annotations

from simopt.engine import functions, linear, networks
from simopt.engine.passes import Passes, gradient_none, loss_penalty
from simopt.problems import Problem
from simopt.problems.network import Network
from simopt.problems.own_functions import Function
from simopt.problems.regression import Regression

#: A noisy quadratic's.
QUADRATIC = Passes("noisy_quadratic", gradient_none, gradient_none, loss_penalty, noisy=True)


def passes_of(problem: Problem) -> Passes:
    """What the time loops call for a problem's loss and gradient."""
    match problem:
        case Network():
            return networks.passes_of(problem.criterion, problem.activation)
        case Regression():
            return linear.passes_of(problem.criterion, problem.d == 1)
        case Function():
            noisy = problem.noise is not None
            now = problem.snapshot().functions
            return functions.passes_of(now, problem.d, problem.columns, noisy)
    return QUADRATIC
