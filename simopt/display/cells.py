"""Cells of a map as vector paths."""

from __future__ import annotations

import numpy as np
from matplotlib.path import Path
from numpy.typing import NDArray


def edges(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The borders of cells [n + 1] half-way between their centres [n].

    Examples
    --------
    >>> edges(np.array([0.0, 1.0, 3.0])).tolist()
    [-0.5, 0.5, 2.0, 4.0]
    """
    if len(centres) == 1:
        return np.array([centres[0] - 0.5, centres[0] + 0.5])
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[2 * centres[0] - between[0]], between, [2 * centres[-1] - between[-1]]])


def regions(
    inside: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Path | None:
    """The cells where ``inside`` holds as one path, the runs of a row drawn together.

    A map of thousands of cells is then a few hundred rectangles, and stays vector graphics.
    """
    vertices, codes = [], []
    for row, marked in enumerate(inside):
        change = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(int)))
        for start, stop in zip(change[::2], change[1::2], strict=True):
            left, right, low, high = x[start], x[stop], y[row], y[row + 1]
            vertices += [(left, low), (right, low), (right, high), (left, high), (left, low)]
            codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(vertices, codes) if vertices else None
