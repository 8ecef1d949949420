"""Checks of the arrays that a problem is made from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]


def numbers(name: str, value: Any, flags: bool = False) -> Floats:
    """A float64 array; raises on the first value that is not finite, naming its position.

    True and False are numbers among data alone, where there may be ``flags``.
    """
    array = checks.array(name, value)
    if not flags and np.asarray(value).dtype.kind == "b":
        raise checks.refuse(name, value, "numbers")
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        place = f"[{', '.join(map(str, where))}]" if where else ""
        raise ValueError(f"{name}{place}={array[where]}: must be a finite number")
    return array


def start(w0: ArrayLike, d: int, name: str = "w0") -> Floats:
    """The initial weights [d], from one number or from one per weight."""
    first = numbers(name, w0)
    if first.ndim > 1 or (first.ndim == 1 and len(first) != d):
        raise checks.refuse(name, w0, f"a number, or {d} numbers, one a weight")
    return np.array(np.broadcast_to(first, (d,)))


def many(w: Any, d: int) -> Floats:
    """Weights [..., d] as an array; float64 ones are not copied."""
    exact = type(w) is np.ndarray and w.dtype == np.float64
    weights: Floats = w if exact else checks.array("w", w)
    if weights.shape[-1:] != (d,):
        raise checks.refuse("w", f"shape {weights.shape}", f"an array [..., {d}]")
    return weights


def labels(d: int) -> tuple[str, ...]:
    """Default names of the weights."""
    return ("x",) if d == 1 else tuple(f"x_{k}" for k in range(d))
