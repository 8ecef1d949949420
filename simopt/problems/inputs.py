"""Numbers that a problem is made of, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.ground import checks

Floats = NDArray[np.float64]


def numbers(name: str, value: Any) -> Floats:
    """An array of finite float64, or an error that says where the first other thing is."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise checks.refuse(name, value, "an array of numbers") from None
    if not np.isfinite(array).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, where))}]={array[where]}: must be a finite number"
        )
    return array


def start(w0: ArrayLike, d: int) -> Floats:
    """A start [d], from a number or from one a weight."""
    first = numbers("w0", w0)
    if first.ndim > 1 or (first.ndim == 1 and len(first) != d):
        raise checks.refuse("w0", w0, f"a number, or {d} numbers, one a weight")
    return np.array(np.broadcast_to(first, (d,)))


def labels(d: int) -> tuple[str, ...]:
    """A name for every weight, where nobody gave one."""
    return ("x",) if d == 1 else tuple(f"x_{k}" for k in range(d))
