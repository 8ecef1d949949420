"""The passes over a block for a network with one hidden layer of tanh: lanes innermost.

Weights come as ``W [hidden, columns], b [hidden], a [hidden], c``, and a point's prediction is
``c + sum_j a_j tanh(b_j + sum_k W_jk x_k)``, summed in that order. A point's prediction and target
lie in the rows that `passes` has for residuals; the answers of its hidden units and its columns
behind the rows that are watched. Every lane has the point in rows of its own, whether lanes share
an order or not. The numbers of units and columns come with the data, so that one kernel serves
networks of every size. ``link`` is None for squared errors, as in `passes`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine.layout import LOSS, RESIDUAL, WATCHED
from simopt.engine.passes import clear
from simopt.ground.elementary import sigmoid, softplus, tanh


def units(d, columns):
    """How many hidden units a network of d weights has."""
    return (d - 1) // (columns + 2)


def rows(d, columns):
    """How many rows the passes need behind those that are watched."""
    return units(d, columns) + columns


def place_point(work, low, high, row, hidden, data, i):
    """Target and columns of point i to their rows."""
    first = row + WATCHED + hidden
    target = data.y[i]
    for lane in range(low, high):
        work[row + 1, lane] = target
    for k in range(data.x.shape[1]):
        value = data.x[i, k]
        for lane in range(low, high):
            work[first + k, lane] = value


def place_own_point(work, low, high, row, hidden, data, order, place):
    """The same of a point of every lane's own: order [n, lanes]."""
    first = row + WATCHED + hidden
    for lane in range(low, high):
        work[row + 1, lane] = data.y[order[place, lane - low]]
    for k in range(data.x.shape[1]):
        for lane in range(low, high):
            work[first + k, lane] = data.x[order[place, lane - low], k]


def predict(work, low, high, at, row, hidden, columns):
    """The point's prediction by the weights from row ``at`` on; what every unit answers."""
    first = row + WATCHED
    bias = at + hidden * columns
    out = bias + hidden
    for lane in range(low, high):
        work[row, lane] = work[out + hidden, lane]
    column = first + hidden
    for j in range(hidden):
        weight = at + j * columns
        for lane in range(low, high):
            work[first + j, lane] = work[bias + j, lane]
        for k in range(columns):
            for lane in range(low, high):
                work[first + j, lane] += work[weight + k, lane] * work[column + k, lane]
        for lane in range(low, high):
            work[first + j, lane] = tanh(work[first + j, lane])
            work[row, lane] += work[out + j, lane] * work[first + j, lane]


def add_point(work, low, high, dp, row, hidden, columns, link):
    """Add the point's share to the gradient sums."""
    predict(work, low, high, 0, row, hidden, columns)
    if link is not None:
        for lane in range(low, high):
            work[row, lane] = sigmoid(work[row, lane])
    for lane in range(low, high):
        work[row, lane] -= work[row + 1, lane]
    first = row + WATCHED
    bias = hidden * columns
    out = bias + hidden
    column = first + hidden
    for j in range(hidden):
        weight = dp + j * columns
        for lane in range(low, high):
            error, answer = work[row, lane], work[first + j, lane]
            back = error * work[out + j, lane]
            back -= back * answer * answer
            work[dp + out + j, lane] += error * answer
            work[dp + bias + j, lane] += back
            work[first + j, lane] = back
        for k in range(columns):
            for lane in range(low, high):
                work[weight + k, lane] += work[first + j, lane] * work[column + k, lane]
    for lane in range(low, high):
        work[dp + out + hidden, lane] += work[row, lane]


def gradient(work, low, high, dp, row, data, order, start, stop, link):
    """Gradient sums over the batch; one order for all lanes."""
    columns = data.x.shape[1]
    hidden = units(data.optimum.shape[0], columns)
    clear(work, low, high, dp, 2 * dp)
    for place in range(start, stop):
        place_point(work, low, high, row, hidden, data, order[place])
        add_point(work, low, high, dp, row, hidden, columns, link)


def gradient_own(work, low, high, dp, row, data, order, start, stop, link):
    """The same with an order for every lane: order [n, lanes]."""
    columns = data.x.shape[1]
    hidden = units(data.optimum.shape[0], columns)
    clear(work, low, high, dp, 2 * dp)
    for place in range(start, stop):
        place_own_point(work, low, high, row, hidden, data, order, place)
        add_point(work, low, high, dp, row, hidden, columns, link)


def finish_loss(work, low, high, at, loss, data, d):
    """A sum over points becomes the mean plus the penalty."""
    n = data.x.shape[0]
    for lane in range(low, high):
        work[loss, lane] /= n
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(low, high):
            work[loss, lane] += half * work[at + k, lane] * work[at + k, lane]


def loss_squared(work, low, high, dp, at, base, data, d):
    """Mean of ``(prediction - y)^2`` plus the penalty, to the row of the loss."""
    loss, row = base + LOSS, base + RESIDUAL
    columns = data.x.shape[1]
    hidden = units(d, columns)
    clear(work, low, high, loss, loss + 1)
    for i in range(data.x.shape[0]):
        place_point(work, low, high, row, hidden, data, i)
        predict(work, low, high, at, row, hidden, columns)
        for lane in range(low, high):
            error = work[row, lane] - work[row + 1, lane]
            work[loss, lane] += error * error
    finish_loss(work, low, high, at, loss, data, d)


def loss_logistic(work, low, high, dp, at, base, data, d):
    """Mean of ``softplus(z) - y z``, z the prediction, plus the penalty, to the row of the loss."""
    loss, row = base + LOSS, base + RESIDUAL
    columns = data.x.shape[1]
    hidden = units(d, columns)
    clear(work, low, high, loss, loss + 1)
    for i in range(data.x.shape[0]):
        place_point(work, low, high, row, hidden, data, i)
        predict(work, low, high, at, row, hidden, columns)
        for lane in range(low, high):
            z = work[row, lane]
            work[loss, lane] += softplus(z) - work[row + 1, lane] * z
    finish_loss(work, low, high, at, loss, data, d)


#: By the problem's kind: the full loss.
LOSSES = {"network": loss_squared, "logistic_network": loss_logistic}
#: All that a kernel calls of these.
NUMERIC: tuple[Callable[..., Any], ...] = (
    clear,
    units,
    rows,
    place_point,
    place_own_point,
    predict,
    add_point,
    gradient,
    gradient_own,
    finish_loss,
    loss_squared,
    loss_logistic,
)
