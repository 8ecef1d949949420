"""An update of one weight of least squares: no loop over weights, and nothing but its numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine import layout, linear, moments, scalars
from simopt.engine.passes import Passes
from simopt.engine.per_thread.clocks import ticking_by_sums
from simopt.engine.per_thread.rows import Rows
from simopt.engine.scalars import READ, WRITE
from simopt.ground.inline import inlined
from simopt.rules.rule import Rule
from simopt.training import semantics


def updating(
    rule: Rule,
    loss_passes: Passes,
    by_moments: bool,
    real: Any,
    extras: layout.Extras,
    rows: Rows,
) -> Callable[..., Any]:
    """One update, ``f(call, batch, rate, others)``: others are settings, but for the rate.

    It returns how far from the optimum the weight is then, with a sign and without.
    """
    update: Any = inlined(rule.update)
    states, clocked = len(rule.state), len(rule.clock_values)
    read_state, write_state, read_clock = READ[states], WRITE[states], READ[clocked]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    clipped, shrink, boxed = semantics.clipped, semantics.shrink, semantics.boxed
    tick_by_sums: Any = ticking_by_sums(rule, loss_passes, extras, rows, 1)
    # None or True: of a test for None only one branch is compiled.
    in_moments = True if by_moments else None
    by_norm = True if extras.clips == "norm" and not extras.unclipped else None
    by_value = True if extras.clips == "value" and not extras.unclipped else None
    boxes = True if extras.boxed else None
    first_clock, shown, zero = rows.clock, rows.shown, real(0)

    def step(call, batch, rate, others):
        work, data, how, orders = call.work, call.data, call.how, call.orders
        start, stop, scale = batch.start, batch.stop, batch.scale
        old = work[0, 0]
        if in_moments is None:
            # The batch but for its last point.
            if how.batch_size > 1 or data.l2[0] != zero:
                linear.gradient_one(work, 0, 1, data, orders, start, stop - 1, scale)
            point = orders[stop - 1]
            x, y = data.x[point, 0], data.y[point]
            g = work[1, 0] + (old * x - y) * (x * scale)
        else:
            if how.shuffle == 0:
                curvature, rise = data.moments[batch.number, 0, 0], data.slopes[batch.number, 0]
            else:
                square, slope = moments.of_one(data.x, data.errors, orders, start, stop)
                ratio = 2.0 / (stop - start)
                curvature, rise = real(square * ratio), real(slope * ratio)
            g = curvature * (old - data.minimizer[0]) + rise + data.l2[0] * old
        if by_value is not None:
            g = clipped(g, how.clip)
        if by_norm is not None:
            g = g * shrink(abs(g), how.clip, how.slack)
        if tick_by_sums is not None:
            tick_by_sums(call, batch, rate, g)
        settings = read_clock(work, first_clock, 1, 0) + others
        new = update(old, g, rate, *(read_state(work, 2, 1, 0) + settings))
        moved = weight(new)
        if boxes is not None:
            moved = boxed(moved, how.box[0], how.box[1])
        work[0, 0] = moved
        write_state(work, 2, 1, 0, state(new))
        gap = work[shown, 0] - data.optimum[0]
        return gap, abs(gap)

    return step
