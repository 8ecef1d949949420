"""Means and deviations whose error does not grow with the number of values.

Every sum is kept as two numbers, the second being the rounding errors of the first, summed (Ogita,
Rump, Oishi, Accurate sum and dot product, 2005): the result is as if summed in twice the precision
and rounded once. Deviations are from the mean itself, found in a first pass over the values; pieces
are put together by the formula of Chan, Golub and LeVeque (1979). So neither the number of values
nor how they were cut into pieces shows, but in a last bit.

Moments are an array [ROWS, groups] of doubles: it travels well, and pieces stack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.extending import register_jitable
from numpy.typing import NDArray

from simopt.ground.compiling import compiled

#: The rows: how many values; their sum and its rounding errors; their mean; the sum of deviations
#: from it (zero but for the mean's rounding); that of squared deviations, and its rounding errors;
#: the extremes.
COUNT, TOTAL, REST, MEAN, FIRST, SECOND, SPILL, LEAST, MOST = range(9)
ROWS = 9

#: Columns that go through the values together: their state stays in the nearest cache, and two
#: lines of memory are read at a time.
LANES = 16

#: Of fewer groups than lanes, this many values or more are worth spreading over several lanes.
WORTH_FOLDING = 1024

#: A double times this, in two parts, gives its upper and its lower half (Dekker 1971).
SPLITTER = 134217729.0

Array = NDArray[np.float64]


@register_jitable
def quotient(high: float, low: float, n: float) -> Any:
    """``(high + low) / n``, as if divided in twice the precision; NaN if n is 0."""
    rough = high / n
    product = rough * n
    part = SPLITTER * rough
    rough_high = part - (part - rough)
    rough_low = rough - rough_high
    part = SPLITTER * n
    n_high = part - (part - n)
    n_low = n - n_high
    error = ((rough_high * n_high - product) + rough_high * n_low + rough_low * n_high) + (
        rough_low * n_low
    )
    better = rough + (((high - product) - error) + low) / n
    return better if np.isfinite(better) else rough


def fill(values: Array, out: Array) -> None:
    """Moments of every column of ``values`` [members, groups], into ``out`` [ROWS, groups]."""
    members, groups = values.shape
    state = np.empty((5, LANES))
    for begin in range(0, groups, LANES):
        width = min(LANES, groups - begin)
        state[:3] = 0.0
        state[3] = np.inf
        state[4] = -np.inf
        for i in range(members):
            for lane in range(width):
                value = values[i, begin + lane] + 0.0  # no minus zero
                count, total, rest = state[0, lane], state[1, lane], state[2, lane]
                least, most = state[3, lane], state[4, lane]
                there = value == value
                term = value if there else 0.0
                longer = total + term
                gained = longer - total
                state[0, lane] = count + (1.0 if there else 0.0)
                state[1, lane] = longer
                state[2, lane] = rest + ((total - (longer - gained)) + (term - gained))
                state[3, lane] = value if value < least else least
                state[4, lane] = value if value > most else most
        for lane in range(width):
            column = begin + lane
            out[COUNT, column] = state[0, lane]
            out[TOTAL, column] = state[1, lane]
            out[REST, column] = state[2, lane]
            out[LEAST, column] = state[3, lane]
            out[MOST, column] = state[4, lane]
            state[3, lane] = quotient(state[1, lane], state[2, lane], state[0, lane])
            out[MEAN, column] = state[3, lane]
        state[:3] = 0.0
        for i in range(members):
            for lane in range(width):
                value = values[i, begin + lane] - state[3, lane]
                first, second, spill = state[0, lane], state[1, lane], state[2, lane]
                # A missing value is no deviation; an infinite mean makes its own NaN later.
                gap = value if value == value else 0.0
                term = gap * gap
                longer = second + term
                gained = longer - second
                state[0, lane] = first + gap
                state[1, lane] = longer
                state[2, lane] = spill + ((second - (longer - gained)) + (term - gained))
        for lane in range(width):
            # Squares that overflow end in infinity, which only a plain sum keeps.
            whole = np.isfinite(state[1, lane])
            out[FIRST, begin + lane] = state[0, lane] if whole else 0.0
            out[SECOND, begin + lane] = state[1, lane]
            out[SPILL, begin + lane] = state[2, lane] if whole else 0.0


def put_together(pieces: Array, out: Array) -> None:
    """Moments of all values from those of pieces, ``pieces`` [pieces, ROWS, groups]."""
    for g in range(out.shape[1]):
        count, total, rest, least, most = 0.0, 0.0, 0.0, np.inf, -np.inf
        for piece in pieces:
            count += piece[COUNT, g]
            term = piece[TOTAL, g]
            longer = total + term
            gained = longer - total
            rest += ((total - (longer - gained)) + (term - gained)) + piece[REST, g]
            total = longer
            least = min(least, piece[LEAST, g])
            most = max(most, piece[MOST, g])
        mean = quotient(total, rest, count)
        first, second, spill = 0.0, 0.0, 0.0
        for piece in pieces:
            held = piece[COUNT, g]
            if held > 0.0:
                gap = piece[MEAN, g] - mean
                between = gap * (2.0 * piece[FIRST, g] + held * gap)
                first += piece[FIRST, g] + held * gap
                for term in (piece[SECOND, g], between):
                    longer = second + term
                    gained = longer - second
                    spill += (second - (longer - gained)) + (term - gained)
                    second = longer
                spill += piece[SPILL, g]
        whole = np.isfinite(second)
        out[COUNT, g], out[TOTAL, g], out[REST, g], out[MEAN, g] = count, total, rest, mean
        out[FIRST, g], out[SECOND, g] = first if whole else 0.0, second
        out[SPILL, g] = spill if whole else 0.0
        out[LEAST, g], out[MOST, g] = least, most


_fill: Any = compiled(fill)
_put_together: Any = compiled(put_together)


def measure(values: Array) -> Array:
    """Moments [ROWS, groups] of every column of values [members, groups]; NaN is missing."""
    members, groups = values.shape
    fold = LANES // groups if members * groups >= WORTH_FOLDING else 1
    if fold <= 1:
        out = np.empty((ROWS, groups))
        _fill(values, out)
        return out
    # Few groups: members take the place of lanes, and what is left over is a piece of its own.
    rows = members // fold
    folded = measure(values[: rows * fold].reshape(rows, fold * groups))
    pieces = [*folded.reshape(ROWS, fold, groups).swapaxes(0, 1)]
    if rows * fold < members:
        rest = np.empty((ROWS, groups))
        _fill(values[rows * fold :], rest)
        pieces.append(rest)
    return merge(pieces)


def merge(pieces: Sequence[Array]) -> Array:
    """Moments of all values from the moments of pieces of them."""
    out = np.empty_like(pieces[0])
    _put_together(np.stack(pieces), out)
    return out


def deviation(table: Array) -> Array:
    """The standard deviations (divisor count - 1) of moments, as pandas has them.

    NaN below two values, and where one is infinite; infinity where only the sums are.
    """
    count = table[COUNT]
    unbounded = np.isinf(table[LEAST]) | np.isinf(table[MOST])
    with np.errstate(all="ignore"):
        squares = (table[SECOND] + table[SPILL]) - table[FIRST] * table[FIRST] / count
        overflown = np.where(unbounded, np.nan, np.inf)
        squares = np.where(np.isfinite(table[MEAN]), squares, overflown)
        result: Array = np.sqrt(np.maximum(squares, 0.0) / (count - 1))
    return np.where(count > 1, result, np.nan)
