"""The passes over a block whose lanes share an order, by products of `products`.

What they compute is said in `linear` and `moments`: these are the same sums, in the same order and
to the same bits, for many lanes. From row ``room`` of ``work`` on there is space for the residuals
of `POINTS` points, or for all weights' distances from the minimizer; ``batch`` [POINTS, dp] is
space for points, ``starts`` [POINTS] for their targets. ``width`` is a tile's number of lanes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine.layout import LOSS, RESIDUAL
from simopt.engine.passes import add_penalty, clear
from simopt.engine.products import BYTES, ROWS, add_products, add_squares, set_products, set_sums
from simopt.ground.elementary import log_above_one

#: Points that are copied beside each other, and whose residuals are kept.
POINTS = 32


def lanes(real: type) -> int:
    """Lanes of a tile."""
    return BYTES // np.dtype(real).itemsize


def rows(dp, columns):
    """Rows of ``work`` that the passes need."""
    return max(POINTS, dp)


def gather(batch, starts, data, order, first, count, slope):
    """Points order[first : first + count] to ``batch``, what predictions begin at to ``starts``."""
    for p in range(count):
        i = order[first + p]
        starts[p] = 0 if slope is not None else -data.y[i]
        for k in range(data.x.shape[1]):
            batch[p, k] = data.x[i, k]


def predict(work, low, high, width, dp, at, room, batch, starts, count):
    """Predictions, or residuals, of points to the rows from ``room`` on."""
    many = -(-count // ROWS) * ROWS
    for lane in range(low, high, width):
        set_products(work, room, many, at, lane, dp, batch, 0, 0, starts)


def gradient(
    work, low, high, width, dp, room, data, order, start, stop, slope, parameters, batch, starts
):
    """`linear.gradient`, whose sums begin at the row of zeros before ``room``."""
    for first in range(start, stop, POINTS):
        count = min(POINTS, stop - first)
        gather(batch, starts, data, order, first, count, slope)
        predict(work, low, high, width, dp, 0, room, batch, starts, count)
        if slope is not None:
            for p in range(count):
                target = data.y[order[first + p]]
                for lane in range(low, high):
                    work[room + p, lane] = slope(work[room + p, lane], target, *parameters)
        for lane in range(low, high, width):
            if first == start:
                set_sums(work, dp, dp, room - 1, room, lane, count, batch.T, 0, 0)
            else:
                add_products(work, dp, dp, room, lane, count, batch.T, 0, 0)


def gradient_by_moments(work, low, high, width, dp, room, matrix, vector, center):
    """`moments.gradient`."""
    subtract(work, low, high, dp, 0, room, center)
    for lane in range(low, high, width):
        set_products(work, dp, dp, room, lane, dp, matrix, 0, 0, vector)


def subtract(work, low, high, dp, at, room, center):
    """The distances of weights from a center to the rows from ``room`` on."""
    for k in range(dp):
        middle = center[k]
        for lane in range(low, high):
            work[room + k, lane] = work[at + k, lane] - middle


def loss_squared(
    work, low, high, width, dp, at, room, base, data, d, value, parameters, batch, starts
):
    """`linear.loss_squared`."""
    loss, least = base + LOSS, data.bounds[0]
    for lane in range(low, high):
        work[loss, lane] = least
    subtract(work, low, high, dp, at, room, data.minimizer)
    for lane in range(low, high, width):
        # The factor is upper triangular: nothing stands left of its diagonal.
        add_squares(work, loss, room, lane, dp, data.factor)


def copy(batch, starts, data, first, count, dp):
    """Points in file order to ``batch``, whose predictions begin at 0."""
    for p in range(count):
        starts[p] = 0
        for k in range(dp):
            batch[p, k] = data.x[first + p, k]


def loss_of_points(
    work, low, high, width, dp, at, room, base, data, d, value, parameters, batch, starts
):
    """`linear.loss_of_points`."""
    n, loss = data.x.shape[0], base + LOSS
    clear(work, low, high, loss, loss + 1)
    for first in range(0, n, POINTS):
        count = min(POINTS, n - first)
        copy(batch, starts, data, first, count, dp)
        predict(work, low, high, width, dp, at, room, batch, starts, count)
        for p in range(count):
            target = data.y[first + p]
            for lane in range(low, high):
                work[loss, lane] += value(work[room + p, lane], target, *parameters)
    for lane in range(low, high):
        work[loss, lane] /= n
    add_penalty(work, low, high, at, loss, data, d)


def adding_tails(rest, tail):
    """What adds a loss ``rest + log(1 + tail)`` to a sum of rests and a product of tails."""

    def add_tail(work, low, high, row, product, loss, target, parameters):
        """Add the point whose prediction is in ``row``, in rows ``loss`` and ``product``.

        The latter is the product of all ``1 + tail`` less 1, so that no small tail is lost: each
        point adds two roundings to its error, relative to it and so to its logarithm.
        """
        for lane in range(low, high):
            z, before = work[row, lane], work[product, lane]
            more = tail(z, target, *parameters)
            work[product, lane] = (before + more) + before * more
            work[loss, lane] += rest(z, target, *parameters)

    return add_tail


def add_logarithm(work, low, high, product, loss):
    """Add the logarithm of a product to the loss."""
    for lane in range(low, high):
        work[loss, lane] += log_above_one(work[product, lane])


def by_tails(add_tail):
    """The full loss by what `adding_tails` gives."""

    def loss_of_points(
        work, low, high, width, dp, at, room, base, data, d, value, parameters, batch, starts
    ):
        """`linear.by_tails`."""
        n, loss = data.x.shape[0], base + LOSS
        product = base + RESIDUAL + 1
        clear(work, low, high, loss, loss + 1)
        for first in range(0, n, POINTS):
            count = min(POINTS, n - first)
            copy(batch, starts, data, first, count, dp)
            predict(work, low, high, width, dp, at, room, batch, starts, count)
            clear(work, low, high, product, product + 1)
            for p in range(count):
                target = data.y[first + p]
                add_tail(work, low, high, room + p, product, loss, target, parameters)
            add_logarithm(work, low, high, product, loss)
        for lane in range(low, high):
            work[loss, lane] /= n
        add_penalty(work, low, high, at, loss, data, d)

    return loss_of_points


#: What loops call of these.
NUMERIC: tuple[Callable[..., Any], ...] = (gather, predict, subtract, gradient_by_moments)
