"""The loss of a batch at the weights before their step, for rules whose clock asks for it.

Such a rule has a pass over the batch's points more, before the clock ticks. Losses are added up in
the order of the points, in float64, in a row of ``ticks``; their mean and the penalty are what the
gradient is of. For other rules none of it is compiled. A loss' passes hold what a function here
makes of its own: ``f(work, ticks, low, high, row, to, data, d, order, start, stop, parameters)``
for one order, and for orders of lanes' own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine.sums import clear_sums

Pair = tuple[Callable[..., None], Callable[..., None]]


def finish(work, ticks, low, high, to, data, d, count):
    """The sum becomes a mean, with the penalty."""
    for lane in range(low, high):
        ticks[to, lane - low] /= count
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(low, high):
            ticks[to, lane - low] += half * work[k, lane] * work[k, lane]


def of_penalty(work, ticks, low, high, row, to, data, d, order, start, stop, parameters):
    """Without points: the penalty alone."""
    clear_sums(ticks, to, to + 1)
    finish(work, ticks, low, high, to, data, d, 1)


def of_points(predict: Any, predict_own: Any, value: Any) -> Pair:
    """Of points whose predictions come to ``row``.

    ``predict(work, low, high, row, data, d, i)`` is of point i,
    ``predict_own(work, low, high, row, data, d, order, position)`` of a point of every lane's own.
    """

    def shared(work, ticks, low, high, row, to, data, d, order, start, stop, parameters):
        clear_sums(ticks, to, to + 1)
        for position in range(start, stop):
            i = order[position]
            predict(work, low, high, row, data, d, i)
            target = data.y[i]
            for lane in range(low, high):
                ticks[to, lane - low] += value(work[row, lane], target, *parameters)
        finish(work, ticks, low, high, to, data, d, stop - start)

    def own(work, ticks, low, high, row, to, data, d, order, start, stop, parameters):
        clear_sums(ticks, to, to + 1)
        for position in range(start, stop):
            predict_own(work, low, high, row, data, d, order, position)
            for lane in range(low, high):
                target = data.y[order[position, lane - low]]
                ticks[to, lane - low] += value(work[row, lane], target, *parameters)
        finish(work, ticks, low, high, to, data, d, stop - start)

    return shared, own


def predict_line(work, low, high, row, data, d, i):
    """``w . x`` of point i."""
    for lane in range(low, high):
        work[row, lane] = 0
    for k in range(d):
        x = data.x[i, k]
        for lane in range(low, high):
            work[row, lane] += work[k, lane] * x


def predict_line_own(work, low, high, row, data, d, order, position):
    """The same of a point of every lane's own."""
    for lane in range(low, high):
        work[row, lane] = 0
    for k in range(d):
        for lane in range(low, high):
            work[row, lane] += work[k, lane] * data.x[order[position, lane - low], k]
