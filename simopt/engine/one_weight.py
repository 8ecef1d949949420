"""An update of a block with one weight and squared errors: gradient, step and watch of each lane.

It is two passes over the lanes: what is looked at waits for the new weights, not for their roots.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine import linear, moments, sums
from simopt.engine.layout import RESIDUAL
from simopt.engine.steps import Steps
from simopt.engine.steps import call as steps_apart
from simopt.engine.watching import watch, watch_loss
from simopt.ground.compiling import code_digest
from simopt.training import semantics


def updating(
    points: str, real: type, steps: Steps | None, count: Any
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """What a loop does with one weight: the arrays that it needs for that, and an update.

    Parameters
    ----------
    points, real, steps
        As `loop.made` has them.
    count : type
        Of a number of lanes.

    Returns
    -------
    room : callable
        ``f(data, how, width, begun, follow)``: arrays that updates work in, if any, in blocks of so
        many lanes; ``follow`` says whether blocks follow each other.
    update : callable
        ``f(call, held, order, rows, block, batch, summed_to, fresh)`` with tuples as in `rows`, the
        arrays ``held``, and the order of the points, or of lanes' own. It returns how many lanes
        are over, where the loss is looked at, and both last arguments as the next update takes
        them: the last update whose moments are held, and whether the next prediction is missing.
    """
    zero, unit = real(0), real(1)
    own, by_moments = points.startswith("own"), points.endswith("moments")
    # None or True: of a test for None only one branch is compiled.
    fused = None if steps is None else True
    shared_sums = True if by_moments and not own else None
    own_sums = True if by_moments and own else None
    by_sums = True if by_moments else None
    tick: Any = None if steps is None else steps.tick
    step: Any = None if steps is None else steps.lane
    summed = 0 if steps is None else steps.summed
    summing = True if summed else None
    shared_points, own_points = linear.gradient_one, linear.gradient_one_own
    diverges = semantics.diverges

    def room(data, how, width, begun, follow):
        if shared_sums is not None:
            return moments.held(how, begun, data.w0, follow)
        if own_sums is not None:
            return np.empty((2, width), np.float64)
        return None

    def update(call, held, order, rows, block, batch, summed_to, fresh):
        # Read once, here: of a tuple compiled code reads all where it reads one.
        work, ticks, data, how, shape = call.work, call.ticks, call.data, call.how, call.shape
        l2, center, factor = data.l2[0], data.optimum[0], data.factor[0, 0]
        middle, least, limit = data.minimizer[0], data.bounds[0], data.bounds[1]
        clip, slack, lowest, highest = how.clip, how.slack, how.box[0], how.box[1]
        low, high, base, shown = block.low, block.high, rows.base, rows.shown
        start, stop, scale, ratio = batch.start, batch.stop, batch.scale, batch.ratio
        change, shift, looks, now = batch.factor, batch.shift, batch.looks, real(batch.t)
        point = 0 if own else order[stop - 1]
        x, y = data.x[point, 0], data.y[point]
        scaled, row = x * scale, base + RESIDUAL
        # A shared batch but for its last point, which comes with the step.
        if by_moments:
            pass
        elif own:
            own_points(work, low, high, data, order, start, stop, scale)
        elif how.batch_size > 1 or l2 != zero:
            shared_points(work, low, high, data, order, start, stop - 1, scale)
        if shared_sums is not None:
            curvature, rise, summed_to = moments.taken_of_one(held, call, order, batch, summed_to)
        if own_sums is not None:
            moments.of_own(held, data.x, data.errors, order, start, stop)
        if fused is not None:
            tick(work, ticks, low, high, rows.clock, rows.eta)
        if summing is not None:
            total_row = shape.clocked + 1
            sums.clear_sums(ticks, total_row, total_row + summed)
        for lane in range(low, high):
            old = work[0, lane]
            g = work[1, lane]
            if not own:
                g += (old * x - y) * scaled
            if own_sums is not None:
                curvature = real(held[0, lane - low] * ratio)
                rise = real(held[1, lane - low] * ratio)
            if by_sums is not None:
                g = curvature * (old - middle) + rise + l2 * old
            if fused is not None:
                step(
                    work, ticks, lane, lane - low, g, change, shift, clip, slack, lowest, highest
                )  # fmt: skip
            else:
                work[row, lane] = g
        if fused is None:
            steps_apart(
                shape, work, ticks, low, high, block.setting, call.hyper, call.spared, data.l2, 1,
                1, scale, change, shift, clip, slack, lowest, highest,
            )  # fmt: skip
        over = count(0)
        if looks:
            for lane in range(low, high):
                gap = work[shown, lane] - center
                loss = least + (factor * gap) * (factor * gap)
                over = count(over + diverges(loss, limit))
                watch(work, base, lane, gap, abs(gap), zero, unit)
                watch_loss(work, base, lane, loss, now, zero)
        else:
            for lane in range(low, high):
                gap = work[shown, lane] - center
                watch(work, base, lane, gap, abs(gap), zero, unit)
        return over, summed_to, fresh

    return room, update


#: Changes with these, of which the digests of what they call say nothing.
SOURCE = code_digest(updating)
