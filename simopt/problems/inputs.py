"""Checks of the arrays that a problem is made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]


def numbers(name: str, value: Any) -> Floats:
    """A float64 array; raises on the first value that is not finite, naming its position."""
    array = checks.array(name, value)
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, where))}]={array[where]}: must be a finite number"
        )
    return array


def start(w0: ArrayLike, d: int, name: str = "w0") -> Floats:
    """The initial weights [d], from one number or from one per weight."""
    first = numbers(name, w0)
    if np.asarray(w0).dtype.kind == "b":
        raise checks.refuse(name, w0, "numbers")
    if first.ndim > 1 or (first.ndim == 1 and len(first) != d):
        raise checks.refuse(name, w0, f"a number, or {d} numbers, one a weight")
    return np.array(np.broadcast_to(first, (d,)))


def labels(d: int) -> tuple[str, ...]:
    """Default names of the weights."""
    return ("x",) if d == 1 else tuple(f"x_{k}" for k in range(d))
