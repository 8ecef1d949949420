"""A network's predictions and their derivatives, in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


#: What a hidden unit answers.
ACTIVATIONS = ("tanh", "linear")


def predictions(w: Floats, x: Floats, hidden: int, activation: str) -> Floats:
    """``c + a . f(W x + b)`` [n] of points [n, p], w as in `simopt.problems.network`."""
    _, _, a, c = parts(w, x.shape[1], hidden)
    return np.asarray(answers(w, x, hidden, activation) @ a + c)


def derivatives(w: Floats, x: Floats, hidden: int, activation: str) -> Floats:
    """The derivatives [n, d] of the predictions with respect to the weights."""
    _, _, a, _ = parts(w, x.shape[1], hidden)
    t = answers(w, x, hidden, activation)
    back = a * (1.0 - t * t if activation == "tanh" else np.ones_like(t))
    inner = back[:, :, None] * x[:, None, :]
    return np.hstack([inner.reshape(len(x), -1), back, t, np.ones((len(x), 1))])


def answers(w: Floats, x: Floats, hidden: int, activation: str) -> Floats:
    """The activations ``f(W x + b)`` [n, hidden] of the hidden units."""
    inner, b, _, _ = parts(w, x.shape[1], hidden)
    sums = x @ inner.T + b
    return np.asarray(np.tanh(sums) if activation == "tanh" else sums)


def parts(w: Floats, columns: int, hidden: int) -> tuple[Floats, Floats, Floats, float]:
    """The weights by layer: W [hidden, columns], b [hidden], a [hidden] and c."""
    inner, b, a, c = np.split(w, np.cumsum([hidden * columns, hidden, hidden]))
    return inner.reshape(hidden, columns), b, a, float(c[0])
