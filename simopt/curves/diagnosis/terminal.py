"""A curve in a few lines of text."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from simopt.ground.formatting import number

WIDTH, HEIGHT = 60, 9

#: Braille has two by four dots a character; the bit of each, by row and column.
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800


#: A positive loss that spans a larger factor is drawn in the logarithm.
WIDE = 1e4


def wide(loss: NDArray[np.float64]) -> bool:
    """Whether the curve is better drawn on a logarithmic axis.

    Examples
    --------
    >>> import numpy as np
    >>> wide(np.array([1.0, 2.0, 1e9])), wide(np.array([1e9, 0.0]))
    (True, False)
    """
    finite = loss[np.isfinite(loss)]
    return bool(len(finite) and finite.min() > 0.0 and finite.max() / WIDE > finite.min())


def plot(
    loss: NDArray[np.float64],
    mark: tuple[int, int] | None = None,
    *,
    width: int = WIDTH,
    height: int = HEIGHT,
) -> str:
    """The curve in dots, its largest and smallest value beside it, and a line below what is marked.

    Parameters
    ----------
    loss : ndarray [T]
        The curve; values that are not finite are gaps.
    mark : (int, int), optional
        From which value to which to underline.
    width, height : int
        In characters.

    Returns
    -------
    str
        Lines of text; "" if there is nothing to draw.

    Examples
    --------
    >>> import numpy as np
    >>> from simopt.diagnosis.terminal import plot
    >>> print(plot(np.exp(-np.arange(20) / 4), (10, 19), width=20, height=4))
          1 ┤⠱⡀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
            │⠀⠘⢄⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
            │⠀⠀⠀⠑⠤⡀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀⠀
    0.00865 ┤⠀⠀⠀⠀⠀⠈⠉⠒⠢⠤⠤⠤⠤⢄⣀⣀⣀⣀⣀⣀
                       ━━━━━━━━━━
    """
    finite = np.isfinite(loss)
    if not finite.any():
        return ""
    low, high = float(loss[finite].min()), float(loss[finite].max())
    labels = {0: number(high, 3), height - 1: number(low, 3)}
    if wide(loss):
        with np.errstate(invalid="ignore"):
            loss = np.log(np.where(finite, loss, np.nan))
        low, high = math.log(low), math.log(high)
    columns, rows = 2 * width, 4 * height
    places = np.zeros((rows, columns), bool)
    at = np.linspace(0, columns - 1, len(loss)) if len(loss) > 1 else np.zeros(1)
    half = 0.5 * high - 0.5 * low
    with np.errstate(invalid="ignore"):
        share = (0.5 * loss - 0.5 * low) / half if half else np.full(len(loss), 0.5)
    # From the lowest to the highest dot of each column, joined to the column before.
    before: tuple[int, int] | None = None
    column = np.rint(at).astype(np.int64)
    row = np.where(finite, np.rint((1 - np.where(finite, share, 0.0)) * (rows - 1)), -1).astype(
        np.int64
    )
    for x in range(columns):
        here = row[(column == x) & finite]
        if len(here):
            top, bottom = int(here.min()), int(here.max())
            places[top : bottom + 1, x] = True
            if before is not None:
                _join(places, before, (x, int(here[0])))
            before = (x, int(here[-1]))
        elif ((column == x) & ~finite).any():
            before = None
    lines = []
    margin = max(map(len, labels.values()))
    for y in range(height):
        cells = "".join(
            chr(_cell(places[4 * y : 4 * y + 4, 2 * x : 2 * x + 2])) for x in range(width)
        )
        label = labels.get(y, "")
        lines.append(f"{label:>{margin}} {'┤' if label else '│'}{cells}")
    if mark is not None and len(loss) > 1:
        first, last = (round(place / (len(loss) - 1) * (width - 1)) for place in mark)
        lines.append(" " * (margin + 2 + first) + "━" * (last - first + 1))
    return "\n".join(lines)


def _join(places: NDArray[np.bool_], one: tuple[int, int], other: tuple[int, int]) -> None:
    """A straight line of dots between two."""
    count = max(abs(other[0] - one[0]), abs(other[1] - one[1])) + 1
    x = np.rint(np.linspace(one[0], other[0], count)).astype(int)
    y = np.rint(np.linspace(one[1], other[1], count)).astype(int)
    places[y, x] = True


def _cell(dots: NDArray[np.bool_]) -> int:
    return BLANK + sum(DOTS[y][x] for y in range(4) for x in range(2) if dots[y, x])
