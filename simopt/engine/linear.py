"""The passes over a block for a linear prediction ``w . x``, lanes innermost.

Four points and four weights at a time only save loads and stores: sums run over weights in order
and over points in order in every variant. Gradients are added to rows that are 0. ``slope`` is the
loss' derivative by the prediction, ``slope(z, y, *parameters)``; None for squared errors, whose
slope is the residual itself: then sums begin at -y. Of a test for None only one branch is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from simopt.engine import tiles
from simopt.engine.batch_losses import of_points, predict_line, predict_line_own
from simopt.engine.layout import LOSS, ONE, RESIDUAL, THREE, TWO, WATCHED
from simopt.engine.moments import add_block
from simopt.engine.own_points import copy_columns, copy_targets
from simopt.engine.passes import Passes, add_penalty, clear, rows_none
from simopt.ground.parts import promised
from simopt.problems.loss import Loss


def gradient_one(work, low, high, data, order, start, stop, scale):
    """The penalty's slope, and error times x times scale over points, for d = 1 least squares."""
    penalty(work, low, high, data)
    for position in range(start, stop):
        i = order[position]
        x, y = data.x[i, 0], data.y[i]
        scaled = x * scale
        for lane in range(low, high):
            work[1, lane] += (work[0, lane] * x - y) * scaled


def gradient_one_own(work, low, high, data, order, start, stop, scale):
    """The same with an order for every lane, order [n, lanes], lane after lane.

    Two numbers of a point, each used at once: to load them one by one took two thirds of what
    gathering them for many lanes did.
    """
    l2 = data.l2[0]
    for lane in range(low, high):
        w = work[0, lane]
        g = l2 * w
        for position in range(start, stop):
            i = np.uint64(order[position, lane - low])
            x = data.x[i, 0]
            g += (w * x - data.y[i]) * (x * scale)
        work[1, lane] = g


def penalty(work, low, high, data):
    """``l2 w`` to the row of the gradient, for d = 1."""
    l2 = data.l2[0]
    for lane in range(low, high):
        work[1, lane] = l2 * work[0, lane]


def begin(work, low, high, row, y, i, slope):
    """What a point's prediction begins at, or its residual, to ``row``."""
    start = 0 if slope is not None else -y[i]
    for lane in range(low, high):
        work[row, lane] = start


def predict_point(work, low, high, dp, row, x, y, i, slope):
    """A point's prediction, or residual, to ``row``."""
    begin(work, low, high, row, y, i, slope)
    add_prediction(work, low, high, dp, 0, row, x, i)


def answer(work, low, high, row, source, y, i, slope, parameters):
    """A point's slope, or residual, to ``row``; its prediction is in row ``source``."""
    target = y[i]
    for lane in range(low, high):
        z = work[source, lane]
        work[row, lane] = z if slope is None else slope(z, target, *parameters)


def add_last(work, low, high, d, dp, row, x, i):
    """The products of the weights that fill up a point's columns, added to ``row``."""
    for k in range(d, dp):
        column = x[i, k]
        for lane in range(low, high):
            work[row, lane] += work[k, lane] * column


def add_one_point(work, low, high, dp, row, x, y, i, slope, parameters):
    """Add a point's share to the gradient sums."""
    predict_point(work, low, high, dp, row, x, y, i, slope)
    answer(work, low, high, row, row, y, i, slope, parameters)
    for k in range(0, dp, 4):
        x0, x1, x2, x3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        for lane in range(low, high):
            error = work[row, lane]
            work[dp + k, lane] += error * x0
            work[dp + k + 1, lane] += error * x1
            work[dp + k + 2, lane] += error * x2
            work[dp + k + 3, lane] += error * x3


def add_four_points(work, low, high, dp, row, x, y, i, j, p, q, slope, parameters):
    """The same for points i, j, p, q at once: weights and sums are loaded once for four."""
    for lane in range(low, high):
        work[row, lane] = 0 if slope is not None else -y[i]
        work[row + 1, lane] = 0 if slope is not None else -y[j]
        work[row + 2, lane] = 0 if slope is not None else -y[p]
        work[row + 3, lane] = 0 if slope is not None else -y[q]
    for k in range(0, dp, 4):
        i0, i1, i2, i3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        j0, j1, j2, j3 = x[j, k], x[j, k + 1], x[j, k + 2], x[j, k + 3]
        p0, p1, p2, p3 = x[p, k], x[p, k + 1], x[p, k + 2], x[p, k + 3]
        q0, q1, q2, q3 = x[q, k], x[q, k + 1], x[q, k + 2], x[q, k + 3]
        for lane in range(low, high):
            w0, w1, w2, w3 = work[k, lane], work[k + 1, lane], work[k + 2, lane], work[k + 3, lane]
            work[row, lane] = work[row, lane] + w0 * i0 + w1 * i1 + w2 * i2 + w3 * i3
            work[row + 1, lane] = work[row + 1, lane] + w0 * j0 + w1 * j1 + w2 * j2 + w3 * j3
            work[row + 2, lane] = work[row + 2, lane] + w0 * p0 + w1 * p1 + w2 * p2 + w3 * p3
            work[row + 3, lane] = work[row + 3, lane] + w0 * q0 + w1 * q1 + w2 * q2 + w3 * q3
    if slope is not None:
        for lane in range(low, high):
            work[row, lane] = slope(work[row, lane], y[i], *parameters)
            work[row + 1, lane] = slope(work[row + 1, lane], y[j], *parameters)
            work[row + 2, lane] = slope(work[row + 2, lane], y[p], *parameters)
            work[row + 3, lane] = slope(work[row + 3, lane], y[q], *parameters)
    for k in range(0, dp, 4):
        i0, i1, i2, i3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        j0, j1, j2, j3 = x[j, k], x[j, k + 1], x[j, k + 2], x[j, k + 3]
        p0, p1, p2, p3 = x[p, k], x[p, k + 1], x[p, k + 2], x[p, k + 3]
        q0, q1, q2, q3 = x[q, k], x[q, k + 1], x[q, k + 2], x[q, k + 3]
        g = dp + k
        for lane in range(low, high):
            a, b = work[row, lane], work[row + 1, lane]
            c, d = work[row + 2, lane], work[row + 3, lane]
            work[g, lane] = work[g, lane] + a * i0 + b * j0 + c * p0 + d * q0
            work[g + 1, lane] = work[g + 1, lane] + a * i1 + b * j1 + c * p1 + d * q1
            work[g + 2, lane] = work[g + 2, lane] + a * i2 + b * j2 + c * p2 + d * q2
            work[g + 3, lane] = work[g + 3, lane] + a * i3 + b * j3 + c * p3 + d * q3


def gradient(work, low, high, dp, row, data, order, start, stop, slope, parameters):
    """Gradient sums over the batch for any d; one order for all lanes."""
    position = start
    while position + 4 <= stop:
        i, j, p, q = order[position], order[position + 1], order[position + 2], order[position + 3]
        add_four_points(work, low, high, dp, row, data.x, data.y, i, j, p, q, slope, parameters)
        position += 4
    while position < stop:
        add_one_point(work, low, high, dp, row, data.x, data.y, order[position], slope, parameters)
        position += 1


def gradient_own(work, low, high, dp, row, data, order, start, stop, slope, parameters):
    """The same with an order for every lane: order [n, lanes]."""
    target, first = row + 1, row + WATCHED
    for position in range(start, stop):
        copy_columns(work, low, high, first, data.x, order, position)
        copy_targets(work, low, high, target, data.y, order, position)
        for lane in range(low, high):
            work[row, lane] = 0 if slope is not None else -work[target, lane]
        for k in range(0, dp, 4):
            x = first + k
            for lane in range(low, high):
                work[row, lane] = (
                    work[row, lane]
                    + work[k, lane] * work[x, lane]
                    + work[k + 1, lane] * work[x + 1, lane]
                    + work[k + 2, lane] * work[x + 2, lane]
                    + work[k + 3, lane] * work[x + 3, lane]
                )
        if slope is not None:
            for lane in range(low, high):
                work[row, lane] = slope(work[row, lane], work[target, lane], *parameters)
        for k in range(0, dp, 4):
            x, g = first + k, dp + k
            for lane in range(low, high):
                error = work[row, lane]
                work[g, lane] += error * work[x, lane]
                work[g + 1, lane] += error * work[x + 1, lane]
                work[g + 2, lane] += error * work[x + 2, lane]
                work[g + 3, lane] += error * work[x + 3, lane]


def rows_of_point(d, columns):
    """Rows for the columns of a point of every lane's own."""
    return columns


def loss_squared(work, low, high, dp, at, base, data, d, value, parameters):
    """``minimum + |factor (w - minimizer)|^2`` to the row of the loss."""
    loss, row = base + LOSS, base + RESIDUAL
    least = data.bounds[0]
    for lane in range(low, high):
        work[loss, lane] = least
    for j in range(0, dp, 4):
        clear(work, low, high, row, row + 4)
        # The factor is upper triangular: nothing stands left of its diagonal.
        for k in range(j, dp, 4):
            add_block(work, low, high, row, at + k, data.factor, j, k, data.minimizer)
        for lane in range(low, high):
            a, b = work[row, lane], work[row + 1, lane]
            c, e = work[row + 2, lane], work[row + 3, lane]
            work[loss, lane] = work[loss, lane] + a * a + b * b + c * c + e * e


def loss_one(work, low, high, at, base, data):
    """The same, for d = 1, where no pass needs it until the end."""
    center, factor, least = data.optimum[0], data.factor[0, 0], data.bounds[0]
    for lane in range(low, high):
        gap = work[at, lane] - center
        work[base + LOSS, lane] = least + (factor * gap) * (factor * gap)


@promised
def add_four(work, weights, low, high, row, k, x0, x1, x2, x3):
    """Four weights' products, from row k on, to a row; ``weights`` is ``work`` once more."""
    k1, k2, k3 = k + ONE, k + TWO, k + THREE
    for lane in range(low, high):
        work[row, lane] = (
            work[row, lane]
            + weights[k, lane] * x0
            + weights[k1, lane] * x1
            + weights[k2, lane] * x2
            + weights[k3, lane] * x3
        )


def add_prediction(work, low, high, dp, at, row, x, i):
    """The prediction of point i, by the weights from row ``at`` on, added to ``row``."""
    point, to = np.uint64(i), np.uint64(row)
    for j in range(0, dp, 4):
        k = np.uint64(j)
        k1, k2, k3 = k + ONE, k + TWO, k + THREE
        x0, x1, x2, x3 = x[point, k], x[point, k1], x[point, k2], x[point, k3]
        add_four(work, work, low, high, to, np.uint64(at) + k, x0, x1, x2, x3)


def predict(work, low, high, dp, at, row, x, i):
    """The prediction of point i, by the weights from row ``at`` on, to ``row``."""
    clear(work, low, high, row, row + 1)
    add_prediction(work, low, high, dp, at, row, x, i)


def loss_of_points(work, low, high, dp, at, base, data, d, value, parameters):
    """Mean of every point's loss plus the penalty, to the row of the loss."""
    n = data.x.shape[0]
    loss, row = base + LOSS, base + RESIDUAL
    clear(work, low, high, loss, loss + 1)
    for i in range(n):
        target = data.y[i]
        predict(work, low, high, dp, at, row, data.x, i)
        for lane in range(low, high):
            work[loss, lane] += value(work[row, lane], target, *parameters)
    for lane in range(low, high):
        work[loss, lane] /= n
    add_penalty(work, low, high, at, loss, data, d)


def by_tails(add_tail):
    """The same of losses that are ``rest + log(1 + tail)``: a logarithm for `tiles.POINTS`."""

    def loss_of_points(work, low, high, dp, at, base, data, d, value, parameters):
        """The full loss."""
        n = data.x.shape[0]
        loss, row = base + LOSS, base + RESIDUAL
        product = row + 1
        clear(work, low, high, loss, loss + 1)
        for first in range(0, n, tiles.POINTS):
            clear(work, low, high, product, product + 1)
            for i in range(first, min(first + tiles.POINTS, n)):
                predict(work, low, high, dp, at, row, data.x, i)
                add_tail(work, low, high, row, product, loss, data.y[i], parameters)
            tiles.add_logarithm(work, low, high, product, loss)
        for lane in range(low, high):
            work[loss, lane] /= n
        add_penalty(work, low, high, at, loss, data, d)

    return loss_of_points


#: What a loop of one weight calls itself.
NUMERIC: tuple[Callable[..., Any], ...] = (
    gradient_one,
    gradient_one_own,
    loss_one,
    begin,
    answer,
    add_last,
)


@cache
def passes_of(loss: Loss, one: bool) -> Passes:
    """The passes for a loss of linear predictions; ``one`` weight counts for squares alone."""
    batch_loss, batch_loss_own = of_points(predict_line, predict_line_own, loss.value)
    full, tiled = loss_of_points, tiles.loss_of_points
    if loss.squared:
        full, tiled = loss_squared, tiles.loss_squared
    elif loss.split is not None:
        add_tail = tiles.adding_tails(*loss.split)
        full, tiled = by_tails(add_tail), tiles.by_tails(add_tail)
    return Passes(
        kind=loss.kind,
        gradient=gradient,
        gradient_own=gradient_own,
        loss=full,
        slope=None if loss.squared else loss.slope,
        value=None if loss.squared else loss.value,
        parameters=len(loss.parameters),
        factor=int(loss.factor),
        padding=1 if one and loss.squared else 4,
        rows=rows_none if one and loss.squared else rows_of_point,
        one=one and loss.squared,
        alone=predict_point,
        batch_loss=batch_loss,
        batch_loss_own=batch_loss_own,
        tiled_gradient=tiles.gradient,
        tiled_rows=tiles.rows,
        tiled_loss=tiled,
    )
