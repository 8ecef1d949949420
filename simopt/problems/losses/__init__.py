"""The losses of a prediction, a file each: what it is, and the function that makes a problem of it.

A new one is a file with a `Loss` and such a function, and a line in each of the two lists here.
"""

from __future__ import annotations

import copyreg

from simopt.problems.loss import Loss
from simopt.problems.losses.huber import HUBER, huber
from simopt.problems.losses.least_squares import LEAST_SQUARES, least_squares
from simopt.problems.losses.logistic import LOGISTIC, logistic
from simopt.problems.losses.poisson import POISSON, poisson

__all__ = ["huber", "least_squares", "logistic", "poisson"]

LOSSES = {loss.kind: loss for loss in (LEAST_SQUARES, LOGISTIC, HUBER, POISSON)}
#: The losses that `read_table` takes.
KINDS = tuple(LOSSES)


def named(kind: str) -> Loss:
    """The loss of a name."""
    return LOSSES[kind]


# A loss is pickled by name: its functions are this package's, also on another machine.
copyreg.pickle(Loss, lambda loss: (named, (loss.kind,)))
