"""A batch of squared errors by its moments: d^2 products a trajectory in place of 2 d a point.

About the loss' minimizer c, with the residuals e = x . c - y there, the mean gradient of a batch is

    g = A (w - c) + r,    A = 2 / B sum x x^T,    r = 2 / B sum x e.

A product errs by at most ``(d + 3) u (|A| |w - c| + |r|)`` with u the unit roundoff, besides the
rounding of A, r and e themselves, which are summed in double precision; so does the sum over points
where w is c. Where labels are consistent, all e are 0, and so is the gradient at c.

Moments are summed point by point, whether a block shares them, every lane has its own, or a device
makes them beforehand: a trajectory's bits do not depend on which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.engine.layout import Data
from simopt.engine.orders import HELD
from simopt.engine.outer import add_column, add_diagonal, add_tile, set_gradients
from simopt.engine.own_points import COLUMNS, copy_block, copy_row
from simopt.engine.products import BYTES, ROWS, add_products
from simopt.problems.problem import Problem
from simopt.training.plan import Plan

#: Points of a batch from which on its moments replace it in any order. Below, little is gained, and
#: textbook examples keep the sums that one writes down.
LEAST_BATCH = 16

#: Weights up to which a batch enters by its moments whoever takes them. A block that shares an
#: order takes them once: beside single points in batches of 32, Adam ran 1.5 times as fast with 20
#: weights, 1.4 with 24, 1.1 with 32. Of lanes with orders of their own each takes them, d^2 / 2
#: products a point: 1.1, 0.8 and 1.0 times with 12, 20 and 32. Bits are a matter of the plan alone.
FEW_WEIGHTS = 24

#: Points that are copied beside each other, and how many sums of a row are made at once.
AT_A_TIME, ACROSS = 32, BYTES // 8

#: Points of lanes' own batches that are copied beside each other: of few weights they stay in the
#: first cache.
BESIDE = 16

#: Points whose outer products are summed at once: 64 weights then take 8 MiB.
AT_ONCE = 256

#: Points whose residuals are summed at once.
TOGETHER = 4096


def serve(problem: Problem, plan: Plan, given: bool) -> bool:
    """Whether a batch's moments replace its points: where that takes fewer products.

    Not where features are 0: of a weight that no point of the batch speaks of, a sum over points is
    exactly 0, and ``A (w - c)`` is what rounding leaves.

    In file order batches are the same in every epoch, and so are their moments. It depends on
    nothing but the trajectory's own plan, so that its bits don't either.
    """
    if not (problem.squared and problem.linear and problem.n):
        return False
    if problem.d > 1 and not problem.dense:
        return False
    if plan.batch_size >= LEAST_BATCH and problem.d <= max(FEW_WEIGHTS, plan.batch_size // 4):
        return True
    return plan.shuffle == "never" and not given and 1 < problem.d <= plan.batch_size


def residuals(x: NDArray[Any], y: NDArray[Any], center: NDArray[Any]) -> NDArray[np.float64]:
    """``x . center - y`` of every point, summed weight by weight as everywhere."""
    total = -y.astype(np.float64)
    # Some rows at a time: their columns are read from a cache, not from memory.
    for first in range(0, len(x), TOGETHER):
        part, columns = total[first : first + TOGETHER], x[first : first + TOGETHER].T
        for column, weight in zip(columns, center.astype(np.float64), strict=True):
            part += column.astype(np.float64) * weight
    return np.asarray(total)


def with_table(data: Data, plan: Plan) -> Data:
    """The data with the moments of every batch in file order; as they are in any other order."""
    if plan.shuffle != "never":
        return data
    starts = range(0, plan.points_used, plan.batch_size)
    dp = data.x.shape[1]
    table, slopes = np.zeros((len(starts), dp, dp)), np.zeros((len(starts), dp))
    for b, start in enumerate(starts):
        stop = min(start + plan.batch_size, plan.points_used)
        for at in range(start, stop, AT_ONCE):
            rows = slice(at, min(at + AT_ONCE, stop))
            x, errors = data.x[rows].astype(np.float64), data.errors[rows].astype(np.float64)
            table[b] += (x[:, :, None] * x[:, None, :]).sum(axis=0)
            slopes[b] += (x * errors[:, None]).sum(axis=0)
        table[b] *= 2 / (stop - start)
        slopes[b] *= 2 / (stop - start)
    dtype = data.x.dtype
    return data._replace(moments=table.astype(dtype), slopes=slopes.astype(dtype))


def of_one(x, errors, order, start, stop):
    """``sum x^2`` and ``sum x e`` of the points order[start:stop], for d = 1."""
    square = slope = np.float64(0.0)
    for position in range(start, stop):
        i = order[position]
        value = np.float64(x[i, 0])
        square += value * value
        slope += value * np.float64(errors[i])
    return square, slope


def of_own(sums, x, errors, orders, start, stop):
    """The same for every lane by its own order [n, lanes], to the rows of ``sums`` [2, lanes]."""
    for lane in range(sums.shape[1]):
        square = slope = np.float64(0.0)
        for position in range(start, stop):
            i = np.uint64(orders[position, lane])
            value = np.float64(x[i, 0])
            square += value * value
            slope += value * np.float64(errors[i])
        sums[0, lane] = square
        sums[1, lane] = slope


def updates_held(updates, dp):
    """Updates whose moments are held at once: all, or where these are many numbers one."""
    return updates if updates * dp * (dp + 1) <= HELD else 1


def held(how, begun, w0, follow):
    """Arrays for matrices and vectors of a batch, or of all: blocks that follow need them again."""
    dp = len(w0)
    # Those of the file's order are a table.
    again = follow and how.shuffle != 0
    rows = updates_held(how.updates - begun if again else 1, dp)
    return np.empty((rows, dp, dp), w0.dtype), np.empty((rows, dp), w0.dtype)


def taken_of_one(arrays, call, order, batch, summed_to):
    """Curvature and slope of a batch for one weight, taken now if not before.

    ``summed_to`` is the last update whose moments are there, before and afterwards.
    """
    data, how = call.data, call.how
    if how.shuffle == 0:
        row = batch.start // how.batch_size
        return data.moments[row, 0, 0], data.slopes[row, 0], summed_to
    matrices, vectors = arrays
    alone = matrices.shape[0] == 1
    row = 0 if alone else batch.t - 1 - call.begun
    if batch.t > summed_to or alone:
        square, slope = of_one(data.x, data.errors, order, batch.start, batch.stop)
        matrices[row, 0, 0] = square * batch.ratio
        vectors[row, 0] = slope * batch.ratio
        summed_to = batch.t
    return matrices[row, 0, 0], vectors[row, 0], summed_to


def taken(arrays, totals, call, order, batch, summed_to):
    """The same of several weights: a matrix and a vector; ``totals`` is `room` to sum in."""
    data, how = call.data, call.how
    if how.shuffle == 0:
        row = batch.start // how.batch_size
        return data.moments[row], data.slopes[row], summed_to
    matrices, vectors = arrays
    alone = matrices.shape[0] == 1
    row = 0 if alone else batch.t - 1 - call.begun
    matrix, vector = matrices[row], vectors[row]
    if batch.t > summed_to or alone:
        of_batch(totals, data.x, data.errors, order, batch.start, batch.stop)
        scale(matrix, vector, totals, batch.ratio)
        summed_to = batch.t
    return matrix, vector, summed_to


def room(dp):
    """Rows and columns of the room in which `of_batch` sums."""
    return AT_A_TIME + dp, -(-(dp + 1) // ACROSS) * ACROSS


def of_batch(room, x, errors, order, start, stop):
    """The batch's ``sum x x^T`` and, in column dp, ``sum x e``, from row AT_A_TIME of ``room`` on.

    Of the matrix only what is on or above the diagonal. In the rows before, which must begin as
    zeros, some points at a time stand beside each other, each followed by its error: then all are
    sums of the products of two columns.
    """
    dp = x.shape[1]
    for j in range(AT_A_TIME, room.shape[0]):
        for k in range(room.shape[1]):
            room[j, k] = 0.0
    for first in range(start, stop, AT_A_TIME):
        count = min(AT_A_TIME, stop - first)
        for p in range(count):
            i = order[first + p]
            for k in range(dp):
                room[p, k] = x[i, k]
            room[p, dp] = errors[i]
        for k in range(0, room.shape[1], ACROSS):
            add_products(room, AT_A_TIME, min(k + ACROSS, dp), 0, k, count, room.T, 0, 0)


def write_row(moments, slopes, row, j, x, errors, order, start, stop, ratio):
    """Row j of a batch's moments to ``moments[row]``, and its share of the slopes."""
    dp = x.shape[1]
    for k in range(dp):
        total = np.float64(0.0)
        for position in range(start, stop):
            i = order[position]
            total += np.float64(x[i, j]) * np.float64(x[i, k])
        moments[row, j, k] = total * ratio
    total = np.float64(0.0)
    for position in range(start, stop):
        i = order[position]
        total += np.float64(errors[i]) * np.float64(x[i, j])
    slopes[row, j] = total * ratio


def scale(matrix, vector, room, ratio):
    """Sums to means, in the trajectories' precision."""
    dp = matrix.shape[0]
    for j in range(dp):
        for k in range(j, dp):
            matrix[j, k] = matrix[k, j] = room[AT_A_TIME + j, k] * ratio
        vector[j] = room[AT_A_TIME + j, dp] * ratio


def gradient(work, low, high, dp, matrix, vector, center):
    """``matrix (w - center) + vector`` to the gradient sums."""
    for k in range(0, dp, 4):
        g = dp + k
        for lane in range(low, high):
            work[g, lane] = vector[k]
            work[g + 1, lane] = vector[k + 1]
            work[g + 2, lane] = vector[k + 2]
            work[g + 3, lane] = vector[k + 3]
        for j in range(0, dp, 4):
            add_block(work, low, high, g, j, matrix, k, j, center)


def rows_of_own(rows, group):
    """So many rows of zeros for `gradients_own`, in double precision, that begin at a cache line.

    Else every other vector straddles two lines, which cost 20 %.
    """
    numbers = np.zeros(rows * group + 8, np.float64)
    first = (-np.int64(numbers.ctypes.data) & 63) >> 3
    return numbers[first : first + rows * group].reshape(rows, group)


def gradients_own(work, low, high, group, dp, data, orders, start, stop, ratio, points, sums):
    """The same of every lane by the moments of its own batch, for ``group`` lanes at once.

    ``points`` [BESIDE (dp + 1), group] and ``sums`` [dp (dp + 1), group] are room for them, where
    column dp is of errors: what is not above the diagonal is never read.
    """
    columns = dp + 1
    for lane in range(low, high, group):
        for first in range(start, stop, BESIDE):
            count = min(BESIDE, stop - first)
            for q in range(count):
                to = q * columns
                for k in range(0, dp, COLUMNS):
                    copy_block(points, to + k, 0, data.x, k, orders, first + q, lane - low)
                copy_row(points, to + dp, 0, data.errors, orders, first + q, lane - low)
            fresh = first == start
            for j in range(0, dp, ROWS):
                add_diagonal(sums, points, j, j, columns, count, fresh)
                for k in range(j + ROWS, dp, ROWS):
                    add_tile(sums, points, j, k, columns, count, fresh)
                add_column(sums, points, j, dp, columns, count, fresh)
        for k in range(0, dp, ROWS):
            set_gradients(work, dp + k, lane, sums, k, columns, data.minimizer, ratio)


def add_block(work, low, high, to, source, matrix, i, j, center):
    """Four rows of ``work`` plus the 4 by 4 block at i, j of a matrix times four others' offsets.

    These are ``work[source] - center[j]`` and the three behind it.
    """
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
    z0, z1, z2, z3 = center[j], center[j + 1], center[j + 2], center[j + 3]
    for lane in range(low, high):
        w0, w1 = work[source, lane] - z0, work[source + 1, lane] - z1
        w2, w3 = work[source + 2, lane] - z2, work[source + 3, lane] - z3
        work[to, lane] = work[to, lane] + a0 * w0 + a1 * w1 + a2 * w2 + a3 * w3
        work[to + 1, lane] = work[to + 1, lane] + b0 * w0 + b1 * w1 + b2 * w2 + b3 * w3
        work[to + 2, lane] = work[to + 2, lane] + c0 * w0 + c1 * w1 + c2 * w2 + c3 * w3
        work[to + 3, lane] = work[to + 3, lane] + d0 * w0 + d1 * w1 + d2 * w2 + d3 * w3


#: What loops call of these.
NUMERIC: tuple[Callable[..., Any], ...] = (
    of_one,
    of_own,
    taken_of_one,
    taken,
    of_batch,
    scale,
    gradient,
    gradients_own,
    add_block,
)
