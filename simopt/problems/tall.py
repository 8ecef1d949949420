"""Arrays of many rows: kept once, in the kernels' own layout, and factored part by part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Kernels read so many coordinates of a point at once: rows are filled up to a multiple with zeros.
GROUP = 4

#: Points that take more bytes than this are kept in the kernels' layout, so that no copy is made.
LARGE = 2**24

#: Rows factored at once.
PART = 2**16

#: Up to so many, rows are factored whole.
FEW = 2 * PART


def kept(points: Floats, ones: bool) -> Floats:
    """The points [n, d] as a problem keeps them, with a column of ones last if asked.

    Of many points it is a view of rows filled up with zeros.
    """
    n, d = points.shape[0], points.shape[1] + ones
    width = -(-d // GROUP) * GROUP if d > 1 and 8 * n * d > LARGE else d
    if width == points.shape[1]:
        return np.ascontiguousarray(points)
    rows = np.zeros((n, width))
    rows[:, : points.shape[1]] = points
    if ones:
        rows[:, d - 1] = 1.0
    return rows[:, :d]


def filled(x: NDArray[Any], width: int, dtype: Any) -> NDArray[Any]:
    """Rows of points filled up with zeros to ``width``, of a type.

    No copy is made where they are kept so; kernels do not write to it. It says that it could be
    written to, for Numba compiles another kernel for arrays that can't.
    """
    rows = x.base if isinstance(x.base, np.ndarray) and x.shape[1] < width else x
    same = rows.shape == (len(x), width) and rows.dtype == dtype and rows.flags.c_contiguous
    if same and (rows is x or _begins(rows, x)):
        return np.asarray(_Writable(rows))
    found: NDArray[Any] = np.zeros((len(x), width), dtype)
    found[:, : x.shape[1]] = x
    return found


def _begins(rows: NDArray[Any], x: NDArray[Any]) -> bool:
    """Whether x is the first columns of the rows, behind which only zeros stand."""
    aligned = rows.strides == x.strides and rows.ctypes.data == x.ctypes.data
    return aligned and not rows[:, x.shape[1] :].any()


class _Writable:
    """An array's memory, said to be writable; keeps the array alive."""

    def __init__(self, array: NDArray[Any]) -> None:
        interface = array.__array_interface__
        self.__array_interface__ = {**interface, "data": (interface["data"][0], False)}
        self.array = array


def triangle(n: int, rows: Callable[[slice], Floats]) -> Floats:
    """R [k, k], upper triangular, with ``R^T R = A^T A`` for the rows A [n, k].

    Parameters
    ----------
    n : int
        How many rows, more than k.
    rows : callable
        ``rows(part)``: those of a slice. They are factored part by part, then their triangles.
    """
    parts = (rows(slice(first, first + PART)) for first in range(0, n, PART))
    above = [np.linalg.qr(part, mode="r") for part in parts]
    return np.asarray(np.linalg.qr(np.vstack(above), mode="r"))
