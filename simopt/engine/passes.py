"""The passes over a block: batch gradient, full loss, distance; loops over lanes innermost.

Sums run over weights in order and over points in order, as plain Python would, in every variant: a
trajectory's bits do not depend on which variant served it. Four points and four weights at a time
only save loads and stores. ``lanes`` is a constant of the kernel. Rows of ``work``: weights from 0,
gradient sums from dp.
"""

from __future__ import annotations

from simopt.engine.elementary import sigmoid, softplus
from simopt.engine.layout import LOSS, RESIDUAL, SQUARE


def gradient_one(work, lanes, data, order, start, stop):
    """Sum of error times x over the batch, for d = 1 and least squares; one order for all lanes."""
    i = order[start]
    x, y = data.x[i, 0], data.y[i]
    for lane in range(lanes):
        work[1, lane] = (work[0, lane] * x - y) * x
    for place in range(start + 1, stop):
        i = order[place]
        x, y = data.x[i, 0], data.y[i]
        for lane in range(lanes):
            work[1, lane] += (work[0, lane] * x - y) * x


def gradient_one_own(work, lanes, data, order, start, stop):
    """The same with an order for every lane: order [n, lanes]."""
    for lane in range(lanes):
        i = order[start, lane]
        x = data.x[i, 0]
        work[1, lane] = (work[0, lane] * x - data.y[i]) * x
    for place in range(start + 1, stop):
        for lane in range(lanes):
            i = order[place, lane]
            x = data.x[i, 0]
            work[1, lane] += (work[0, lane] * x - data.y[i]) * x


def clear(work, lanes, first, last):
    """Rows first to last - 1 set to 0."""
    for row in range(first, last):
        for lane in range(lanes):
            work[row, lane] = 0


def add_one_point(work, lanes, dp, row, x, y, i, logistic):
    """Add a point's share to the gradient sums; its residual goes to ``row``."""
    target = y[i]
    for lane in range(lanes):
        work[row, lane] = 0 if logistic else -target
    for k in range(0, dp, 4):
        x0, x1, x2, x3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        for lane in range(lanes):
            work[row, lane] = (
                work[row, lane]
                + work[k, lane] * x0
                + work[k + 1, lane] * x1
                + work[k + 2, lane] * x2
                + work[k + 3, lane] * x3
            )
    if logistic:
        for lane in range(lanes):
            work[row, lane] = sigmoid(work[row, lane]) - target
    for k in range(0, dp, 4):
        x0, x1, x2, x3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        for lane in range(lanes):
            error = work[row, lane]
            work[dp + k, lane] += error * x0
            work[dp + k + 1, lane] += error * x1
            work[dp + k + 2, lane] += error * x2
            work[dp + k + 3, lane] += error * x3


def add_four_points(work, lanes, dp, row, x, y, i, j, p, q, logistic):
    """The same for points i, j, p, q at once: weights and sums are loaded once for four."""
    for lane in range(lanes):
        work[row, lane] = 0 if logistic else -y[i]
        work[row + 1, lane] = 0 if logistic else -y[j]
        work[row + 2, lane] = 0 if logistic else -y[p]
        work[row + 3, lane] = 0 if logistic else -y[q]
    for k in range(0, dp, 4):
        i0, i1, i2, i3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        j0, j1, j2, j3 = x[j, k], x[j, k + 1], x[j, k + 2], x[j, k + 3]
        p0, p1, p2, p3 = x[p, k], x[p, k + 1], x[p, k + 2], x[p, k + 3]
        q0, q1, q2, q3 = x[q, k], x[q, k + 1], x[q, k + 2], x[q, k + 3]
        for lane in range(lanes):
            w0, w1, w2, w3 = work[k, lane], work[k + 1, lane], work[k + 2, lane], work[k + 3, lane]
            work[row, lane] = work[row, lane] + w0 * i0 + w1 * i1 + w2 * i2 + w3 * i3
            work[row + 1, lane] = work[row + 1, lane] + w0 * j0 + w1 * j1 + w2 * j2 + w3 * j3
            work[row + 2, lane] = work[row + 2, lane] + w0 * p0 + w1 * p1 + w2 * p2 + w3 * p3
            work[row + 3, lane] = work[row + 3, lane] + w0 * q0 + w1 * q1 + w2 * q2 + w3 * q3
    if logistic:
        for lane in range(lanes):
            work[row, lane] = sigmoid(work[row, lane]) - y[i]
            work[row + 1, lane] = sigmoid(work[row + 1, lane]) - y[j]
            work[row + 2, lane] = sigmoid(work[row + 2, lane]) - y[p]
            work[row + 3, lane] = sigmoid(work[row + 3, lane]) - y[q]
    for k in range(0, dp, 4):
        i0, i1, i2, i3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        j0, j1, j2, j3 = x[j, k], x[j, k + 1], x[j, k + 2], x[j, k + 3]
        p0, p1, p2, p3 = x[p, k], x[p, k + 1], x[p, k + 2], x[p, k + 3]
        q0, q1, q2, q3 = x[q, k], x[q, k + 1], x[q, k + 2], x[q, k + 3]
        g = dp + k
        for lane in range(lanes):
            a, b = work[row, lane], work[row + 1, lane]
            c, d = work[row + 2, lane], work[row + 3, lane]
            work[g, lane] = work[g, lane] + a * i0 + b * j0 + c * p0 + d * q0
            work[g + 1, lane] = work[g + 1, lane] + a * i1 + b * j1 + c * p1 + d * q1
            work[g + 2, lane] = work[g + 2, lane] + a * i2 + b * j2 + c * p2 + d * q2
            work[g + 3, lane] = work[g + 3, lane] + a * i3 + b * j3 + c * p3 + d * q3


def gradient_many(work, lanes, dp, row, data, order, start, stop, logistic):
    """Gradient sums over the batch for any d; one order for all lanes."""
    clear(work, lanes, dp, 2 * dp)
    place = start
    while place + 4 <= stop:
        i, j, p, q = order[place], order[place + 1], order[place + 2], order[place + 3]
        add_four_points(work, lanes, dp, row, data.x, data.y, i, j, p, q, logistic)
        place += 4
    while place < stop:
        add_one_point(work, lanes, dp, row, data.x, data.y, order[place], logistic)
        place += 1


def gradient_many_own(work, lanes, dp, row, data, order, start, stop, logistic):
    """The same with an order for every lane: order [n, lanes]."""
    clear(work, lanes, dp, 2 * dp)
    x, y = data.x, data.y
    for place in range(start, stop):
        for lane in range(lanes):
            work[row, lane] = 0 if logistic else -y[order[place, lane]]
        for k in range(dp):
            for lane in range(lanes):
                work[row, lane] += work[k, lane] * x[order[place, lane], k]
        if logistic:
            for lane in range(lanes):
                work[row, lane] = sigmoid(work[row, lane]) - y[order[place, lane]]
        for k in range(dp):
            for lane in range(lanes):
                work[dp + k, lane] += work[row, lane] * x[order[place, lane], k]


def loss_least_squares(work, lanes, dp, base, data, d):
    """``minimum + |factor (w - minimizer)|^2`` to the row of the loss; spoils the gradient sums."""
    for k in range(d):
        center = data.minimizer[k]
        for lane in range(lanes):
            work[dp + k, lane] = work[k, lane] - center
    loss, row = base + LOSS, base + RESIDUAL
    least = data.bounds[0]
    for lane in range(lanes):
        work[loss, lane] = least
    for j in range(0, dp, 4):
        clear(work, lanes, row, row + 4)
        for k in range(j, d):
            f0, f1 = data.factor[j, k], data.factor[j + 1, k]
            f2, f3 = data.factor[j + 2, k], data.factor[j + 3, k]
            for lane in range(lanes):
                gap = work[dp + k, lane]
                work[row, lane] += f0 * gap
                work[row + 1, lane] += f1 * gap
                work[row + 2, lane] += f2 * gap
                work[row + 3, lane] += f3 * gap
        for lane in range(lanes):
            a, b = work[row, lane], work[row + 1, lane]
            c, e = work[row + 2, lane], work[row + 3, lane]
            work[loss, lane] = work[loss, lane] + a * a + b * b + c * c + e * e


def loss_logistic(work, lanes, dp, base, data, d):
    """Mean of ``softplus(z) - y z`` plus the penalty, to the row of the loss."""
    n = data.x.shape[0]
    loss, row = base + LOSS, base + RESIDUAL
    clear(work, lanes, loss, loss + 1)
    for i in range(n):
        target = data.y[i]
        clear(work, lanes, row, row + 1)
        for k in range(0, dp, 4):
            x0, x1, x2, x3 = data.x[i, k], data.x[i, k + 1], data.x[i, k + 2], data.x[i, k + 3]
            for lane in range(lanes):
                work[row, lane] = (
                    work[row, lane]
                    + work[k, lane] * x0
                    + work[k + 1, lane] * x1
                    + work[k + 2, lane] * x2
                    + work[k + 3, lane] * x3
                )
        for lane in range(lanes):
            z = work[row, lane]
            work[loss, lane] += softplus(z) - target * z
    for lane in range(lanes):
        work[loss, lane] /= n
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(lanes):
            work[loss, lane] += half * work[k, lane] * work[k, lane]


def squared_distance(work, lanes, base, data, d):
    """``|w - optimum|^2`` to its row, and ``w_0 - optimum_0`` to the first row of residuals."""
    row, side = base + SQUARE, base + RESIDUAL
    clear(work, lanes, row, row + 1)
    for k in range(d):
        center = data.optimum[k]
        for lane in range(lanes):
            gap = work[k, lane] - center
            work[row, lane] += gap * gap
    center = data.optimum[0]
    for lane in range(lanes):
        work[side, lane] = work[0, lane] - center
