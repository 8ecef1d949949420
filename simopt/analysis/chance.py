"""What chance does: Student's t, signs, and places among equals.

By `scipy.special` alone: `scipy.stats` takes longer to import than all of simopt.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def t_quantile(share: float, freedom: int) -> float:
    """The value that Student's t, of so many degrees of freedom, is below in this share of draws.

    Examples
    --------
    >>> round(t_quantile(0.975, 4), 3)
    2.776
    """
    return float(special.stdtrit(freedom, share))


def t_two_sided(t: float, freedom: int) -> float:
    """How often Student's t is at least so far from 0, either way.

    Examples
    --------
    >>> round(t_two_sided(2.776, 4), 3)
    0.05
    """
    return 2 * float(special.stdtr(freedom, -abs(t)))


def sign_test(wins: int, losses: int) -> float:
    """How often a fair coin falls at least so unevenly, either way.

    Examples
    --------
    >>> sign_test(0, 5), sign_test(3, 3)
    (0.0625, 1.0)
    """
    return min(1.0, 2 * float(special.bdtr(min(wins, losses), wins + losses, 0.5)))


def places(values: Floats) -> Floats:
    """The places of values along the first axis, from 1 for the least; equal ones share their mean.

    Examples
    --------
    >>> places(np.array([2.0, 1.0, 2.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    below = (values[:, None] > values).sum(axis=1)
    alike = (values[:, None] == values).sum(axis=1)
    return np.asarray(below + (1 + alike) / 2)
