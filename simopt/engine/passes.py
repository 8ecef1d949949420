"""The passes over a block: batch gradient, full loss, distance; loops over lanes innermost.

Sums run over weights in order and over points in order, as plain Python would, in every variant: a
trajectory's bits do not depend on which variant served it. Four points and four weights at a time
only save loads and stores. ``high - low`` is a constant of the kernel. Rows of ``work``: weights
from 0, gradient sums from dp. ``link`` is None for least squares, else the residual goes through
the sigmoid; of the two branches of a test for None only one is compiled. Losses and distances are
those of the weights that begin at row ``at``: 0, or where their average is kept.
"""

from __future__ import annotations

import math

from simopt.engine.layout import LOSS, RESIDUAL, SQUARE
from simopt.ground.elementary import sigmoid, softplus
from simopt.training.noise import normal_pair
from simopt.training.shuffling import split_seed


def clear(work, low, high, first, last):
    """Rows first to last - 1 set to 0."""
    for row in range(first, last):
        for lane in range(low, high):
            work[row, lane] = 0


def gradient_one(work, low, high, data, order, start, stop, scale):
    """The penalty's slope, and error times x times scale over points, for d = 1 least squares."""
    penalty(work, low, high, data)
    for place in range(start, stop):
        i = order[place]
        x, y = data.x[i, 0], data.y[i]
        scaled = x * scale
        for lane in range(low, high):
            work[1, lane] += (work[0, lane] * x - y) * scaled


def gradient_one_own(work, low, high, data, order, start, stop, scale):
    """The same with an order for every lane: order [n, lanes]."""
    penalty(work, low, high, data)
    for place in range(start, stop):
        for lane in range(low, high):
            i = order[place, lane - low]
            x = data.x[i, 0]
            work[1, lane] += (work[0, lane] * x - data.y[i]) * (x * scale)


def penalty(work, low, high, data):
    """``l2 w`` to the row of the gradient, for d = 1."""
    l2 = data.l2[0]
    for lane in range(low, high):
        work[1, lane] = l2 * work[0, lane]


def add_one_point(work, low, high, dp, row, x, y, i, link):
    """Add a point's share to the gradient sums; its residual goes to ``row``."""
    target = y[i]
    for lane in range(low, high):
        work[row, lane] = 0 if link is not None else -target
    for k in range(0, dp, 4):
        x0, x1, x2, x3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        for lane in range(low, high):
            work[row, lane] = (
                work[row, lane]
                + work[k, lane] * x0
                + work[k + 1, lane] * x1
                + work[k + 2, lane] * x2
                + work[k + 3, lane] * x3
            )
    if link is not None:
        for lane in range(low, high):
            work[row, lane] = sigmoid(work[row, lane]) - target
    for k in range(0, dp, 4):
        x0, x1, x2, x3 = x[i, k], x[i, k + 1], x[i, k + 2], x[i, k + 3]
        for lane in range(low, high):
            error = work[row, lane]
            work[dp + k, lane] += error * x0
            work[dp + k + 1, lane] += error * x1
            work[dp + k + 2, lane] += error * x2
            work[dp + k + 3, lane] += error * x3


def add_four_points(work, low, high, dp, row, x, y, i, j, p, q, link):
    """The same for points i, j, p, q at once: weights and sums are loaded once for four."""
    for lane in range(low, high):
        work[row, lane] = 0 if link is not None else -y[i]
        work[row + 1, lane] = 0 if link is not None else -y[j]
        work[row + 2, lane] = 0 if link is not None else -y[p]
        work[row + 3, lane] = 0 if link is not None else -y[q]
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
    if link is not None:
        for lane in range(low, high):
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
        for lane in range(low, high):
            a, b = work[row, lane], work[row + 1, lane]
            c, d = work[row + 2, lane], work[row + 3, lane]
            work[g, lane] = work[g, lane] + a * i0 + b * j0 + c * p0 + d * q0
            work[g + 1, lane] = work[g + 1, lane] + a * i1 + b * j1 + c * p1 + d * q1
            work[g + 2, lane] = work[g + 2, lane] + a * i2 + b * j2 + c * p2 + d * q2
            work[g + 3, lane] = work[g + 3, lane] + a * i3 + b * j3 + c * p3 + d * q3


def gradient_many(work, low, high, dp, row, data, order, start, stop, link):
    """Gradient sums over the batch for any d; one order for all lanes."""
    clear(work, low, high, dp, 2 * dp)
    place = start
    while place + 4 <= stop:
        i, j, p, q = order[place], order[place + 1], order[place + 2], order[place + 3]
        add_four_points(work, low, high, dp, row, data.x, data.y, i, j, p, q, link)
        place += 4
    while place < stop:
        add_one_point(work, low, high, dp, row, data.x, data.y, order[place], link)
        place += 1


def gradient_many_own(work, low, high, dp, row, data, order, start, stop, link):
    """The same with an order for every lane: order [n, lanes]."""
    clear(work, low, high, dp, 2 * dp)
    x, y = data.x, data.y
    for place in range(start, stop):
        for lane in range(low, high):
            work[row, lane] = 0 if link is not None else -y[order[place, lane - low]]
        for k in range(dp):
            for lane in range(low, high):
                work[row, lane] += work[k, lane] * x[order[place, lane - low], k]
        if link is not None:
            for lane in range(low, high):
                work[row, lane] = sigmoid(work[row, lane]) - y[order[place, lane - low]]
        for k in range(dp):
            for lane in range(low, high):
                work[dp + k, lane] += work[row, lane] * x[order[place, lane - low], k]


def gradient_moments(work, low, high, dp, matrix, vector):
    """``matrix w - vector`` to the gradient sums: the batch's points enter by their moments alone.

    d^2 products in place of 2 d a point. Its error is that of any sum of products, at most
    ``(d + 2) u (|matrix| |w| + |vector|)`` with u the unit roundoff, and like the sum over points
    it gives exact zeros where all products are.
    """
    for k in range(0, dp, 4):
        g = dp + k
        for lane in range(low, high):
            work[g, lane] = -vector[k]
            work[g + 1, lane] = -vector[k + 1]
            work[g + 2, lane] = -vector[k + 2]
            work[g + 3, lane] = -vector[k + 3]
        for j in range(0, dp, 4):
            add_block(work, low, high, g, j, matrix, k, j)


def add_block(work, low, high, to, source, matrix, i, j):
    """Four rows of ``work`` plus the 4 by 4 block at i, j of a matrix times four other rows."""
    a0, a1, a2, a3 = matrix[i, j], matrix[i, j + 1], matrix[i, j + 2], matrix[i, j + 3]
    b0, b1, b2, b3 = (
        matrix[i + 1, j],
        matrix[i + 1, j + 1],
        matrix[i + 1, j + 2],
        matrix[i + 1, j + 3],
    )
    c0, c1, c2, c3 = (
        matrix[i + 2, j],
        matrix[i + 2, j + 1],
        matrix[i + 2, j + 2],
        matrix[i + 2, j + 3],
    )
    d0, d1, d2, d3 = (
        matrix[i + 3, j],
        matrix[i + 3, j + 1],
        matrix[i + 3, j + 2],
        matrix[i + 3, j + 3],
    )
    for lane in range(low, high):
        w0, w1 = work[source, lane], work[source + 1, lane]
        w2, w3 = work[source + 2, lane], work[source + 3, lane]
        work[to, lane] = work[to, lane] + a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
        work[to + 1, lane] = work[to + 1, lane] + b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
        work[to + 2, lane] = work[to + 2, lane] + c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
        work[to + 3, lane] = work[to + 3, lane] + d0 * w0 + d1 * w1 + d2 * w2 + d3 * w3


def gradient_noise(work, low, high, dp, data, spread, seed, t):
    """The noise of update t to the gradient's rows, the same for all lanes."""
    first, second = split_seed(seed, t)
    for k in range(0, dp, 2):
        a, b = normal_pair(first, second, k // 2)
        one = type(spread)(a) * (spread * data.noise[k])
        other = type(spread)(b) * (spread * data.noise[k + 1])
        for lane in range(low, high):
            work[dp + k, lane] = one
            work[dp + k + 1, lane] = other


def gradient_noise_own(work, low, high, dp, data, spread, seeds, first, t, pick):
    """The same with a seed for every lane, all lanes drawing together."""
    for lane in range(pick.shape[1]):
        pick[1, lane], pick[2, lane] = split_seed(seeds[first + lane], t)
    for k in range(0, dp, 2):
        one, other = spread * data.noise[k], spread * data.noise[k + 1]
        for lane in range(low, high):
            a, b = normal_pair(pick[1, lane - low], pick[2, lane - low], k // 2)
            work[dp + k, lane] = type(spread)(a) * one
            work[dp + k + 1, lane] = type(spread)(b) * other


def finish_gradient(work, low, high, dp, data, d, scale):
    """Sums become the gradient: scaled, and the penalty's slope added."""
    for k in range(d):
        l2 = data.l2[k]
        for lane in range(low, high):
            work[dp + k, lane] = work[dp + k, lane] * scale + l2 * work[k, lane]


def clip_values(work, low, high, dp, d, clip):
    """Every component of the gradient brought between -clip and clip."""
    for k in range(d):
        for lane in range(low, high):
            work[dp + k, lane] = clipped(work[dp + k, lane], clip)


def clip_norms(work, low, high, dp, base, d, clip, slack):
    """The gradient times clip / norm where its norm is larger than clip."""
    row = base + SQUARE
    clear(work, low, high, row, row + 1)
    for k in range(d):
        for lane in range(low, high):
            work[row, lane] += work[dp + k, lane] * work[dp + k, lane]
    for lane in range(low, high):
        work[row, lane] = shrink(math.sqrt(work[row, lane]), clip, slack)
    for k in range(d):
        for lane in range(low, high):
            work[dp + k, lane] *= work[row, lane]


def clipped(value, clip):
    """A number brought between -clip and clip; nan stays nan."""
    inside = clip if value > clip else value
    return -clip if inside < -clip else inside


def shrink(norm, clip, slack):
    """The factor that brings a larger norm to clip: ``min(1, clip / (norm + slack))``."""
    over = norm + slack > clip
    return clip / (norm + slack) if over else clip / clip


def boxed(value, least, largest):
    """The nearest number between two; nan stays nan."""
    inside = largest if value > largest else value
    return least if inside < least else inside


def loss_least_squares(work, low, high, dp, at, base, data, d):
    """``minimum + |factor (w - minimizer)|^2`` to the row of the loss; spoils the gradient sums."""
    for k in range(dp):
        center = data.minimizer[k]
        for lane in range(low, high):
            work[dp + k, lane] = work[at + k, lane] - center
    loss, row = base + LOSS, base + RESIDUAL
    least = data.bounds[0]
    for lane in range(low, high):
        work[loss, lane] = least
    for j in range(0, dp, 4):
        clear(work, low, high, row, row + 4)
        # The factor is upper triangular: nothing stands left of its diagonal.
        for k in range(j, dp, 4):
            add_block(work, low, high, row, dp + k, data.factor, j, k)
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


def loss_logistic(work, low, high, dp, at, base, data, d):
    """Mean of ``softplus(z) - y z`` plus the penalty, to the row of the loss."""
    n = data.x.shape[0]
    loss, row = base + LOSS, base + RESIDUAL
    clear(work, low, high, loss, loss + 1)
    for i in range(n):
        target = data.y[i]
        clear(work, low, high, row, row + 1)
        for k in range(0, dp, 4):
            x0, x1, x2, x3 = data.x[i, k], data.x[i, k + 1], data.x[i, k + 2], data.x[i, k + 3]
            for lane in range(low, high):
                work[row, lane] = (
                    work[row, lane]
                    + work[at + k, lane] * x0
                    + work[at + k + 1, lane] * x1
                    + work[at + k + 2, lane] * x2
                    + work[at + k + 3, lane] * x3
                )
        for lane in range(low, high):
            z = work[row, lane]
            work[loss, lane] += softplus(z) - target * z
    for lane in range(low, high):
        work[loss, lane] /= n
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(low, high):
            work[loss, lane] += half * work[at + k, lane] * work[at + k, lane]


def loss_noisy_quadratic(work, low, high, dp, at, base, data, d):
    """``sum l2 w^2 / 2`` to the row of the loss: without the noise, which has mean 0."""
    loss = base + LOSS
    clear(work, low, high, loss, loss + 1)
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(low, high):
            work[loss, lane] += half * work[at + k, lane] * work[at + k, lane]


def squared_distance(work, low, high, at, base, data, d):
    """``|w - optimum|^2`` to its row, and ``w_0 - optimum_0`` to the first row of residuals."""
    row, side = base + SQUARE, base + RESIDUAL
    clear(work, low, high, row, row + 1)
    for k in range(d):
        center = data.optimum[k]
        for lane in range(low, high):
            gap = work[at + k, lane] - center
            work[row, lane] += gap * gap
    center = data.optimum[0]
    for lane in range(low, high):
        work[side, lane] = work[at, lane] - center


#: Problems' kinds whose loss is a squared error, and those whose prediction is a probability.
SQUARED = ("least_squares", "network")
LINKED = ("logistic", "logistic_network")

#: By the problem's kind: the full loss of several weights.
LOSSES = {
    "least_squares": loss_least_squares,
    "logistic": loss_logistic,
    "noisy_quadratic": loss_noisy_quadratic,
}
