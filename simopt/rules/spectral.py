"""A matrix brought near an orthogonal one: five Newton-Schulz iterations (Jordan et al. 2024).

The matrix lies in rows of an array [rows, lanes], its entries row by row, and so do the matrices
that the iterations need besides: lanes innermost, like all else in the engine's loops.
"""

from __future__ import annotations

import math
from functools import cache

#: The polynomial 3.4445 s - 4.775 s^3 + 2.0315 s^5 that every singular value s goes through.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5


def room(units, columns):
    """Rows that `orthogonalise` needs besides: two square matrices, and a column."""
    least = min(units, columns)
    return (2 * least + 1) * least


def original(units, columns):
    """The scale of Jordan's: what makes a tall matrix' step as large as a square one's."""
    return math.sqrt(max(1.0, units / columns))


def match_rms_adamw(units, columns):
    """The scale of Liu et al.: the root of the mean square of a step is 0.2, about AdamW's."""
    return 0.2 * math.sqrt(max(units, columns))


#: By name, as PyTorch calls them.
SCALES = {"original": original, "match_rms_adamw": match_rms_adamw}


@cache
def orthogonalise_by(scale):
    """`orthogonalise`, and the matrix times a scale that its shape gives."""

    def turn(rows, low, high, at, units, columns, setting, first):
        orthogonalise(rows, low, high, at, units, columns, setting, first)
        factor = scale(units, columns)
        for k in range(at, at + units * columns):
            for lane in range(low, high):
                rows[k, lane] *= type(rows[k, lane])(factor)

    return turn


def orthogonalise(rows, low, high, at, units, columns, setting, first):
    """The matrix [units, columns] from row ``at`` on, its singular values brought near 1.

    Divided by its Frobenius norm and the number in row ``setting``, a matrix X becomes
    ``a X + b (X X^T) X + c (X X^T)^2 X``, five times; of one with more rows than columns the
    transpose does. ``first`` is the first of the rows to work in.
    """
    wide = units <= columns
    short, long = min(units, columns), max(units, columns)
    down, along = (columns, 1) if wide else (1, columns)
    squares, other = first, first + short * short
    column = other + short * short
    for lane in range(low, high):
        total = rows[at, lane] * rows[at, lane]
        for k in range(1, units * columns):
            total += rows[at + k, lane] * rows[at + k, lane]
        rows[column, lane] = math.sqrt(total) + rows[setting, lane]
    for k in range(units * columns):
        for lane in range(low, high):
            rows[at + k, lane] /= rows[column, lane]
    for _ in range(ITERATIONS):
        multiply(rows, low, high, at, down, along, short, long, squares)
        combine(rows, low, high, squares, short, other)
        for j in range(long):
            place = at + j * along
            for i in range(short):
                for lane in range(low, high):
                    a = type(rows[place, lane])(COEFFICIENTS[0])
                    rows[column + i, lane] = a * rows[place + i * down, lane]
                for k in range(short):
                    for lane in range(low, high):
                        rows[column + i, lane] += (
                            rows[other + i * short + k, lane] * rows[place + k * down, lane]
                        )
            for i in range(short):
                for lane in range(low, high):
                    rows[place + i * down, lane] = rows[column + i, lane]


def multiply(rows, low, high, at, down, along, short, long, to):
    """``X X^T`` of the matrix whose entry i, j is in row ``at + i down + j along``."""
    for i in range(short):
        for k in range(i + 1):
            one, other, entry = at + i * down, at + k * down, to + i * short + k
            for lane in range(low, high):
                rows[entry, lane] = rows[one, lane] * rows[other, lane]
            for j in range(1, long):
                for lane in range(low, high):
                    rows[entry, lane] += rows[one + j * along, lane] * rows[other + j * along, lane]
            for lane in range(low, high):
                rows[to + k * short + i, lane] = rows[entry, lane]


def combine(rows, low, high, squares, short, to):
    """``b A + c A A`` of a symmetric matrix A."""
    for i in range(short):
        for k in range(i + 1):
            one, other, entry = squares + i * short, squares + k * short, to + i * short + k
            for lane in range(low, high):
                rows[entry, lane] = rows[one, lane] * rows[other, lane]
            for j in range(1, short):
                for lane in range(low, high):
                    rows[entry, lane] += rows[one + j, lane] * rows[other + j, lane]
            for lane in range(low, high):
                b = type(rows[entry, lane])(COEFFICIENTS[1])
                c = type(rows[entry, lane])(COEFFICIENTS[2])
                rows[entry, lane] = b * rows[one + k, lane] + c * rows[entry, lane]
                rows[to + k * short + i, lane] = rows[entry, lane]
