"""The passes over a block for a problem given by functions: gradient and loss, lanes innermost."""

from __future__ import annotations

from functools import cache
from typing import Any

from simopt.engine.layout import LOSS
from simopt.engine.passes import Passes, clear
from simopt.engine.scalars import ADD, COLUMNS, READ
from simopt.engine.sums import clear_sums
from simopt.ground.inline import inlined
from simopt.problems.formula import Formula


@cache
def passes_of(formula: Formula, d: int, columns: int, noisy: bool) -> Passes:
    """The passes for two functions of d weights and a point's columns; 0 where there are none."""
    loss_of: Any = inlined(formula.loss)
    gradient_of: Any = inlined(formula.gradient)
    read, columns_of = READ[d], COLUMNS[columns]
    add: Any = ADD[d - 1]
    scalar = True if formula.scalar else None
    pointless = True if not columns else None

    def gradient(work, low, high, dp, row, data, order, start, stop, slope, parameters):
        if pointless is not None:
            for lane in range(low, high):
                g = gradient_of(*read(work, 0, 1, lane))
                add(work, dp, lane, (g,) if scalar is not None else g)
        else:
            for position in range(start, stop):
                point = columns_of(data.x, order[position])
                for lane in range(low, high):
                    g = gradient_of(*(read(work, 0, 1, lane) + point))
                    add(work, dp, lane, (g,) if scalar is not None else g)

    def gradient_own(work, low, high, dp, row, data, order, start, stop, slope, parameters):
        if pointless is not None:
            gradient(work, low, high, dp, row, data, order, start, stop, slope, parameters)
        else:
            for position in range(start, stop):
                for lane in range(low, high):
                    point = columns_of(data.x, order[position, lane - low])
                    g = gradient_of(*(read(work, 0, 1, lane) + point))
                    add(work, dp, lane, (g,) if scalar is not None else g)

    def loss(work, low, high, dp, at, base, data, d, value, parameters):
        row = base + LOSS
        clear(work, low, high, row, row + 1)
        if pointless is not None:
            for lane in range(low, high):
                work[row, lane] = loss_of(*read(work, at, 1, lane))
        else:
            n = data.x.shape[0]
            for i in range(n):
                point = columns_of(data.x, i)
                for lane in range(low, high):
                    work[row, lane] += loss_of(*(read(work, at, 1, lane) + point))
            for lane in range(low, high):
                work[row, lane] /= n

    def batch_loss(work, ticks, low, high, row, to, data, d, order, start, stop, parameters):
        clear_sums(ticks, to, to + 1)
        if pointless is not None:
            for lane in range(low, high):
                ticks[to, lane - low] += loss_of(*read(work, 0, 1, lane))
        else:
            for position in range(start, stop):
                point = columns_of(data.x, order[position])
                for lane in range(low, high):
                    ticks[to, lane - low] += loss_of(*(read(work, 0, 1, lane) + point))
            for lane in range(low, high):
                ticks[to, lane - low] /= stop - start

    def batch_loss_own(work, ticks, low, high, row, to, data, d, order, start, stop, parameters):
        if pointless is not None:
            batch_loss(work, ticks, low, high, row, to, data, d, order, start, stop, parameters)
        else:
            clear_sums(ticks, to, to + 1)
            for position in range(start, stop):
                for lane in range(low, high):
                    point = columns_of(data.x, order[position, lane - low])
                    ticks[to, lane - low] += loss_of(*(read(work, 0, 1, lane) + point))
            for lane in range(low, high):
                ticks[to, lane - low] /= stop - start

    return Passes(
        kind="function",
        gradient=inlined(gradient),
        gradient_own=gradient_own,
        loss=loss,
        batch_loss=inlined(batch_loss),
        batch_loss_own=batch_loss_own,
        padding=2,  # noise is drawn for two
        noisy=noisy,
    )
