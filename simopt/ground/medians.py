"""The median of numbers for compiled code: without a branch that a processor could guess wrongly.

Its callers are compiled with it, in other files, and kept on disk: Numba does not see a change of
this file there. A median is what it is, though, so what they keep stays right.
"""

from __future__ import annotations

import math

#: So few values are sorted.
FEW = 8


def median(values, spare, other):
    """The median of numbers that are no NaN: `numpy.median`'s, but for the sign of 0.

    Parameters
    ----------
    values : ndarray [n]
        At least one; they stay as they are.
    spare, other : ndarray [n]
        Written to; as long as ``values``, or longer.

    Returns
    -------
    float
    """
    n = len(values)
    lower, upper = ranked(values, (n - 1) // 2, spare, other)
    return lower if n % 2 else 0.5 * (lower + upper)


def ranked(values, rank, spare, other):
    """The value of a rank, counted from 0, and the value of the next one; inf if it is the last.

    A pass over the values writes each of them to both spare arrays, and moves on in the one to
    which it belongs: what is smaller than a pivot, and what is larger. The part that has the rank
    is left for the next pass.
    """
    source, n = values, len(values)
    beyond = math.inf
    while n > FEW:
        first, pivot, last = source[0], source[n // 2], source[n - 1]
        pivot = max(min(first, last), min(max(first, last), pivot))
        less = more = 0
        for t in range(n):
            value = source[t]
            spare[less] = value
            other[more] = value
            less += value < pivot
            more += value > pivot
        if rank < less:
            n, beyond = less, pivot
        elif rank >= n - more:
            rank -= n - more
            n = more
            spare, other = other, spare
        else:
            if rank + 1 < n - more:
                return pivot, pivot
            for t in range(more):
                beyond = min(beyond, other[t])
            return pivot, beyond
        source = spare
    for t in range(n):
        value, place = source[t], t
        while place > 0 and spare[place - 1] > value:
            spare[place] = spare[place - 1]
            place -= 1
        spare[place] = value
    return spare[rank], spare[rank + 1] if rank + 1 < n else beyond
