"""Where epsilon stands in a divisor: the smallest switch, and the one most often set unawares."""

from __future__ import annotations

import math


def inside(square, epsilon):
    """``sqrt(square + epsilon)``: the document's, Keras' and optax' in AdaGrad and RMSprop."""
    return math.sqrt(square + epsilon)


def outside(square, epsilon):
    """``sqrt(square) + epsilon``: PyTorch's."""
    return math.sqrt(square) + epsilon


ROOTS = {"inside": inside, "outside": outside}


def effective_rate(eta: float, root: float) -> dict[str, float]:
    """The rate that a step used, for traces."""
    return {"effective_lr": eta / root if root > 0 else math.inf}
