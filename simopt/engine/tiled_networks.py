"""The passes of `networks` over a block whose lanes share an order, by products of `products`.

The same sums, in the same order and to the same bits, for some points at a time: what unit j
answers to point p lies in row ``room + j * POINTS + p`` of ``work``, predictions in the rows behind
those of the last unit. ``batch`` is space for points.
"""

from __future__ import annotations

from simopt.engine.layout import LOSS
from simopt.engine.passes import add_penalty, clear
from simopt.engine.products import ROWS, add_products, set_sums

#: Points at a time: the answers of 32 units to them, in a tile of lanes, are half of a first-level
#: cache.
POINTS = 8


def units(d, columns):
    """How many hidden units a network of d weights has."""
    return (d - 1) // (columns + 2)


def rows(dp, columns):
    """Rows of ``work`` that the passes need."""
    return (units(dp, columns) + 1) * POINTS


def over_points(squash):
    """Gradient and loss, as `networks.over_points` has them."""

    def answer_one(work, low, high, row, out, to):
        """A unit's answer to a point, and its share of the prediction in row ``to``."""
        for lane in range(low, high):
            if squash is not None:
                work[row, lane] = squash(work[row, lane])
            work[to, lane] += work[out, lane] * work[row, lane]

    def answer_two(work, low, high, row, out, to):
        """The same of two units: neither waits for the other, and the sum is loaded once."""
        for lane in range(low, high):
            one, other = work[row, lane], work[row + POINTS, lane]
            if squash is not None:
                one, other = squash(one), squash(other)
                work[row, lane], work[row + POINTS, lane] = one, other
            work[to, lane] = work[to, lane] + work[out, lane] * one + work[out + 1, lane] * other

    def back_one(work, low, high, dp, error, row, out, bias):
        """From a point's error to a unit's slopes, and to its row what its weights' are of."""
        for lane in range(low, high):
            off, answer = work[error, lane], work[row, lane]
            back = off * work[out, lane]
            if squash is not None:
                back -= back * answer * answer
            work[dp + out, lane] += off * answer
            work[dp + bias, lane] += back
            work[row, lane] = back

    def back_two(work, low, high, dp, error, row, out, bias):
        """The same of two points."""
        for lane in range(low, high):
            off, answer = work[error, lane], work[row, lane]
            next_off, next_answer = work[error + 1, lane], work[row + 1, lane]
            back, next_back = off * work[out, lane], next_off * work[out, lane]
            if squash is not None:
                back -= back * answer * answer
                next_back -= next_back * next_answer * next_answer
            slope = work[dp + out, lane] + off * answer
            work[dp + out, lane] = slope + next_off * next_answer
            work[dp + bias, lane] = work[dp + bias, lane] + back + next_back
            work[row, lane], work[row + 1, lane] = back, next_back

    def predict(work, low, high, width, at, room, hidden, columns, batch, count):
        """Answers and predictions by the weights from row ``at`` on."""
        bias = at + hidden * columns
        out, last = bias + hidden, room + hidden * POINTS
        many = -(-count // ROWS) * ROWS
        for j in range(hidden):
            for lane in range(low, high, width):
                set_sums(
                    work, room + j * POINTS, many, bias + j, at + j * columns, lane, columns, batch,
                    0, 0,
                )  # fmt: skip
        for p in range(count):
            for lane in range(low, high):
                work[last + p, lane] = work[out + hidden, lane]
        for j in range(0, hidden - 1, 2):
            for p in range(count):
                answer_two(work, low, high, room + j * POINTS + p, out + j, last + p)
        if hidden % 2:
            for p in range(count):
                answer_one(work, low, high, last - POINTS + p, out + hidden - 1, last + p)

    def gradient(
        work, low, high, width, dp, room, data, order, start, stop, slope, parameters, batch, starts
    ):
        """`networks.gradient`."""
        columns = data.x.shape[1]
        hidden = units(data.optimum.shape[0], columns)
        bias, whole = hidden * columns, columns - columns % ROWS
        out, last = bias + hidden, room + hidden * POINTS
        clear(work, low, high, dp, 2 * dp)
        for first in range(start, stop, POINTS):
            count = min(POINTS, stop - first)
            for p in range(count):
                for k in range(columns):
                    batch[p, k] = data.x[order[first + p], k]
            predict(work, low, high, width, 0, room, hidden, columns, batch, count)
            for p in range(count):
                target = data.y[order[first + p]]
                for lane in range(low, high):
                    if slope is not None:
                        work[last + p, lane] = slope(work[last + p, lane], target, *parameters)
                    else:
                        work[last + p, lane] -= target
                for lane in range(low, high):
                    work[dp + out + hidden, lane] += work[last + p, lane]
            for j in range(hidden):
                row = room + j * POINTS
                for p in range(0, count - 1, 2):
                    back_two(work, low, high, dp, last + p, row + p, out + j, bias + j)
                if count % 2:
                    p = count - 1
                    back_one(work, low, high, dp, last + p, row + p, out + j, bias + j)
            for lane in range(low, high, width):
                for j in range(hidden):
                    add_products(
                        work, dp + j * columns, whole, room + j * POINTS, lane, count, batch.T, 0, 0
                    )  # fmt: skip
            for j in range(hidden):
                for k in range(whole, columns):
                    for p in range(count):
                        value = batch[p, k]
                        for lane in range(low, high):
                            work[dp + j * columns + k, lane] += (
                                work[room + j * POINTS + p, lane] * value
                            )

    def loss_of_points(
        work, low, high, width, dp, at, room, base, data, d, value, parameters, batch, starts
    ):
        """`networks.loss_of_points`."""
        n, columns, loss = data.x.shape[0], data.x.shape[1], base + LOSS
        hidden = units(d, columns)
        last = room + hidden * POINTS
        clear(work, low, high, loss, loss + 1)
        for first in range(0, n, POINTS):
            count = min(POINTS, n - first)
            for p in range(count):
                for k in range(columns):
                    batch[p, k] = data.x[first + p, k]
            predict(work, low, high, width, at, room, hidden, columns, batch, count)
            for p in range(count):
                target = data.y[first + p]
                for lane in range(low, high):
                    work[loss, lane] += value(work[last + p, lane], target, *parameters)
        for lane in range(low, high):
            work[loss, lane] /= n
        add_penalty(work, low, high, at, loss, data, d)

    return gradient, loss_of_points
