"""Problems: data as frozen values that know their loss, gradient, start, optimum and least loss.

The loss is a mean over the n points, plus ``l2 / 2 * |w|^2`` where asked for:

- least squares: ``mean((x @ w - y)^2)``, whose gradient per point is ``2 (x @ w - y) x``;
- logistic: ``mean(log(1 + exp(z)) - y z)`` with ``z = x @ w`` and labels 0 and 1;
- huber: ``r^2 / 2`` up to delta and ``delta (|r| - delta / 2)`` beyond, ``r = x @ w - y``;
- poisson: ``mean(exp(z) - y z)``, for counts;
- noisy quadratic: no points, the penalty alone, with a curvature of its own for every weight, and
  a gradient with Gaussian noise;
- network: any of these again, z being what a hidden layer of tanh or linear units makes of x;
- function: whatever a plain function of the weights and a point returns.

An intercept is a last column of ones, with its weight last; l2 leaves it alone.
"""

from __future__ import annotations

import simopt.problems.losses as losses
from simopt.problems.features import ColumnWarning
from simopt.problems.landscapes import bumps, double_well, saddle
from simopt.problems.losses import *  # noqa: F403
from simopt.problems.losses import KINDS
from simopt.problems.network import network
from simopt.problems.noisy import noisy_quadratic
from simopt.problems.own_functions import function
from simopt.problems.problem import Floats, Problem
from simopt.problems.scaling import ScaleWarning
from simopt.problems.shipped import DATA, diabetes, four_points, hubble
from simopt.problems.table import from_frame, held_out, read_table

__all__ = [
    "DATA",
    "KINDS",
    "ColumnWarning",
    "Floats",
    "Problem",
    "ScaleWarning",
    "bumps",
    "diabetes",
    "double_well",
    "four_points",
    "from_frame",
    "function",
    "held_out",
    "hubble",
    "network",
    "noisy_quadratic",
    "read_table",
    "saddle",
]
__all__ += losses.__all__
__all__.sort()
