"""The passes over a block for a network with one hidden layer: lanes innermost.

Weights come as ``W [hidden, columns], b [hidden], a [hidden], c``, and a point's prediction is
``c + sum_j a_j squash(b_j + sum_k W_jk x_k)``, summed in that order: ``squash`` is tanh, or None
for linear units. A point's prediction and target lie in the rows that `passes` has for residuals;
the answers of its hidden units and its columns behind the rows that are watched. Every lane has the
point in rows of its own, whether lanes share an order or not. The numbers of units and columns come
with the data, so that one kernel serves networks of every size. ``slope`` is None for squared
errors, as in `linear`.
"""

from __future__ import annotations

from functools import cache

from simopt.engine import tiled_networks
from simopt.engine.batch_losses import of_points
from simopt.engine.layout import LOSS, RESIDUAL, WATCHED
from simopt.engine.own_points import copy_columns, copy_targets
from simopt.engine.passes import Passes, add_penalty, clear
from simopt.engine.tiled_networks import units
from simopt.ground.elementary import tanh
from simopt.problems.loss import Loss


def rows(d, columns):
    """How many rows the passes need behind those that are watched."""
    return units(d, columns) + columns


def copy_point(work, low, high, row, hidden, data, i):
    """Target and columns of point i to their rows."""
    first = row + WATCHED + hidden
    target = data.y[i]
    for lane in range(low, high):
        work[row + 1, lane] = target
    for k in range(data.x.shape[1]):
        value = data.x[i, k]
        for lane in range(low, high):
            work[first + k, lane] = value


def copy_own_point(work, low, high, row, hidden, data, order, position):
    """The same of a point of every lane's own: order [n, lanes]."""
    copy_targets(work, low, high, row + 1, data.y, order, position)
    copy_columns(work, low, high, row + WATCHED + hidden, data.x, order, position)


def over_points(squash):
    """Gradients and losses of units with this answer, and what points are predicted."""

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
                if squash is not None:
                    work[first + j, lane] = squash(work[first + j, lane])
                work[row, lane] += work[out + j, lane] * work[first + j, lane]

    def add_point(work, low, high, dp, row, hidden, columns, slope, parameters):
        """Add the point's share to the gradient sums."""
        predict(work, low, high, 0, row, hidden, columns)
        if slope is not None:
            for lane in range(low, high):
                work[row, lane] = slope(work[row, lane], work[row + 1, lane], *parameters)
        else:
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
                if squash is not None:
                    back -= back * answer * answer
                work[dp + out + j, lane] += error * answer
                work[dp + bias + j, lane] += back
                work[first + j, lane] = back
            for k in range(columns):
                for lane in range(low, high):
                    work[weight + k, lane] += work[first + j, lane] * work[column + k, lane]
        for lane in range(low, high):
            work[dp + out + hidden, lane] += work[row, lane]

    def gradient(work, low, high, dp, row, data, order, start, stop, slope, parameters):
        """Gradient sums over the batch; one order for all lanes."""
        columns = data.x.shape[1]
        hidden = units(data.optimum.shape[0], columns)
        for position in range(start, stop):
            copy_point(work, low, high, row, hidden, data, order[position])
            add_point(work, low, high, dp, row, hidden, columns, slope, parameters)

    def gradient_own(work, low, high, dp, row, data, order, start, stop, slope, parameters):
        """The same with an order for every lane: order [n, lanes]."""
        columns = data.x.shape[1]
        hidden = units(data.optimum.shape[0], columns)
        for position in range(start, stop):
            copy_own_point(work, low, high, row, hidden, data, order, position)
            add_point(work, low, high, dp, row, hidden, columns, slope, parameters)

    def loss_of_points(work, low, high, dp, at, base, data, d, value, parameters):
        """Mean of every point's loss plus the penalty, to the row of the loss."""
        loss, row = base + LOSS, base + RESIDUAL
        columns = data.x.shape[1]
        hidden = units(d, columns)
        n = data.x.shape[0]
        clear(work, low, high, loss, loss + 1)
        for i in range(n):
            copy_point(work, low, high, row, hidden, data, i)
            predict(work, low, high, at, row, hidden, columns)
            for lane in range(low, high):
                work[loss, lane] += value(work[row, lane], work[row + 1, lane], *parameters)
        for lane in range(low, high):
            work[loss, lane] /= n
        add_penalty(work, low, high, at, loss, data, d)

    def predict_point(work, low, high, row, data, d, i):
        """The prediction of point i."""
        columns = data.x.shape[1]
        hidden = units(d, columns)
        copy_point(work, low, high, row, hidden, data, i)
        predict(work, low, high, 0, row, hidden, columns)

    def predict_own_point(work, low, high, row, data, d, order, position):
        """The same of a point of every lane's own."""
        columns = data.x.shape[1]
        hidden = units(d, columns)
        copy_own_point(work, low, high, row, hidden, data, order, position)
        predict(work, low, high, 0, row, hidden, columns)

    return gradient, gradient_own, loss_of_points, predict_point, predict_own_point


@cache
def passes_of(loss: Loss, activation: str) -> Passes:
    """The passes for a loss of a network's predictions."""
    squash = None if activation == "linear" else tanh
    gradient, gradient_own, loss_of_points, one, own = over_points(squash)
    batch_loss, batch_loss_own = of_points(one, own, loss.value)
    tiled_gradient, tiled_loss = tiled_networks.over_points(squash)
    return Passes(
        kind=f"{loss.kind}_{activation}_network",
        gradient=gradient,
        gradient_own=gradient_own,
        loss=loss_of_points,
        slope=None if loss.squared else loss.slope,
        value=loss.value,
        parameters=len(loss.parameters),
        factor=int(loss.factor),
        padding=1,
        rows=rows,
        units=units,
        batch_loss=batch_loss,
        batch_loss_own=batch_loss_own,
        tiled_gradient=tiled_gradient,
        tiled_loss=tiled_loss,
        tiled_rows=tiled_networks.rows,
    )
