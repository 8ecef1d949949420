"""An update of a block with several weights: slopes summed, clipped, and the step of each weight.

Each is a pass over rows of lanes. A batch of 1 whose gradient comes with the step is one pass: it
reads a weight once, for this point and the next.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine import layout, linear, moments, own_points, passes, tiles
from simopt.engine.layout import LOSS, RESIDUAL, SQUARE
from simopt.engine.passes import Passes
from simopt.engine.steps import Steps
from simopt.engine.steps import call as steps_apart
from simopt.engine.sums_of_points import Points
from simopt.engine.watching import watch, watch_loss
from simopt.ground.compiling import code_digest
from simopt.ground.inline import taken_in
from simopt.training import semantics

NORM, VALUE = layout.CLIPS.index("norm"), layout.CLIPS.index("value")


def updating(
    loss_passes: Passes,
    points: str,
    real: type,
    extras: layout.Extras,
    lanes: int,
    steps: Steps | None,
    losses_in: Points,
    count: Any,
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The same as `one_weight.updating`; ``extras``, ``lanes`` and ``losses_in`` as in `loop.made`.

    Where the loop calls a loss by its address, ``losses_in`` are these calls.
    """
    room, slopes = _slopes(loss_passes, points, real, lanes, steps, losses_in)
    clip, step = _clipping(extras, steps), _stepping(loss_passes, extras, real, steps)
    taken_in(slopes, step)
    if clip is not None:
        taken_in(clip)
    zero, unit, full_loss, diverges = real(0), real(1), losses_in.loss, semantics.diverges
    # None or True: of a test for None only one branch is compiled.
    apart = True if steps is None else None

    def update(call, held, order, rows, block, batch, summed_to, fresh):
        # Read once, here: of a tuple compiled code reads all where it reads one.
        work, data, how, losses = call.work, call.data, call.how, call.losses
        gathered, starting = call.gathered, call.starting
        d, limit, record = data.optimum.shape[0], data.bounds[1], how.record
        low, high, base, at = block.low, block.high, rows.base, rows.shown
        dp, tiled, looks, now = rows.dp, rows.tiled, batch.looks, real(batch.t)
        ends_epoch = batch.stop == how.points_used
        single, scale, summed_to = slopes(call, held, order, rows, block, batch, summed_to, fresh)
        if clip is not None:
            clip(call, rows, block, scale)
        step(call, held, order, rows, block, batch, single, scale)
        if looks or record == 2 or (record == 1 and ends_epoch):
            full_loss(
                losses, work, gathered, starting, low, high, dp, at, base, tiled, data, d
            )  # fmt: skip
        if apart is not None:
            passes.squared_distance(work, low, high, at, base, data, d)
        passes.first_gap(work, low, high, at, base, data)
        for lane in range(low, high):
            gap = work[base + RESIDUAL, lane]
            watch(work, base, lane, gap, work[base + SQUARE, lane], zero, unit)
        over = count(0)
        if looks:
            for lane in range(low, high):
                loss = work[base + LOSS, lane]
                over = count(over + diverges(loss, limit))
                watch_loss(work, base, lane, loss, now, zero)
        return over, summed_to, not single

    return room, update


def _slopes(
    loss_passes: Passes,
    points: str,
    real: type,
    lanes: int,
    steps: Steps | None,
    losses_in: Points,
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The room, and a batch's slopes summed, or their mean by its moments, in the gradient's rows.

    ``f(call, held, order, rows, block, batch, summed_to, fresh)`` returns whether the gradient
    comes with the step, what the sums are multiplied by, and ``summed_to``.
    """
    unit = real(1)
    own, by_moments = points.startswith("own"), points.endswith("moments")
    # None or True: of a test for None only one branch is compiled.
    shared_moments = True if by_moments and not own else None
    own_moments = True if by_moments and own else None
    noisy = True if loss_passes.noisy else None
    alone = None if steps is None or not steps.alone else loss_passes.alone
    arrays_of: Any = None if steps is None else steps.arrays
    units_of: Any = loss_passes.units
    shared_noise, own_noise = passes.gradient_noise, passes.gradient_noise_own
    slope_of, read_parameters = loss_passes.slope, loss_passes.read
    add_slopes = losses_in.gradient
    tile = np.uint64(min(lanes, tiles.lanes(real)))
    abreast = min(lanes, own_points.LANES)
    group = np.uint64(abreast)

    def of_batches(data, how, begun, follow):
        if shared_moments is not None:
            totals = np.zeros(moments.room(data.w0.shape[0]), np.float64)
            return moments.held(how, begun, data.w0, follow), totals
        if own_moments is not None:
            dp = data.w0.shape[0]
            beside = moments.rows_of_own(moments.BESIDE * (dp + 1), abreast)
            return beside, moments.rows_of_own(dp * (dp + 1), abreast)
        return None

    def of_matrix(data):
        if arrays_of is not None:
            columns = data.x.shape[1]
            return arrays_of(units_of(data.optimum.shape[0], columns), columns)
        return None

    def room(data, how, width, begun, follow):
        return of_batches(data, how, begun, follow), of_matrix(data)

    def slopes(call, held, order, rows, block, batch, summed_to, fresh):
        work, data, how, seeds, pick = call.work, call.data, call.how, call.seeds, call.pick
        losses, gathered, starting, x, y = call.losses, call.gathered, call.starting, data.x, data.y
        low, high, dp, following, tiled = block.low, block.high, rows.dp, rows.following, rows.tiled
        start, stop, scale, row = batch.start, batch.stop, batch.scale, rows.base + RESIDUAL
        single = False
        if alone is not None:
            single = stop - start == 1
        if noisy is not None:
            spread, t = how.spread, batch.t
            if own:
                own_noise(work, low, high, dp, data, spread, seeds, block.first, t, pick)
            else:
                shared_noise(work, low, high, dp, data, spread, seeds[block.number], t)
            scale = unit
        if single:
            if alone is not None:
                point = order[start]
                if fresh:
                    alone(work, low, high, dp, following, x, y, point, slope_of)
                parameters = read_parameters(data.parameters, 0, 1, 0)
                linear.answer(work, low, high, row, following, y, point, slope_of, parameters)
        elif by_moments:
            if shared_moments is not None:
                arrays, totals = held[0]
                matrix, vector, summed_to = moments.taken(
                    arrays, totals, call, order, batch, summed_to
                )
                tiles.gradient_by_moments(
                    work, low, high, tile, dp, tiled, matrix, vector, data.minimizer
                )
            if own_moments is not None:
                beside, sums = held[0]
                moments.gradients_own(
                    work, low, high, group, dp, data, order, start, stop, batch.ratio, beside,
                    sums,
                )  # fmt: skip
            scale = unit
        else:
            add_slopes(
                losses, work, gathered, starting, low, high, dp, row, tiled, data, order, start,
                stop,
            )  # fmt: skip
        return single, scale, summed_to

    return room, slopes


def _clipping(extras: layout.Extras, steps: Steps | None) -> Callable[..., None] | None:
    """Sums made gradients and clipped, ``f(call, rows, block, scale)``; None if they never are."""
    if steps is not None and not extras.clips:
        return None
    some = extras.unclipped
    by_norm = True if (extras.clips == "norm" or steps is None) and not some else None
    by_value = True if (extras.clips == "value" or steps is None) and not some else None
    some_by_norm = True if extras.clips == "norm" and some else None
    some_by_value = True if extras.clips == "value" and some else None
    finish = passes.finish_gradient

    def clip(call, rows, block, scale):
        work, shape, how = call.work, call.shape, call.how
        low, high, dp, base = block.low, block.high, rows.dp, rows.base
        l2, d = call.data.l2, call.data.optimum.shape[0]
        if by_value is not None and shape.clips == VALUE:
            finish(work, low, high, dp, l2, d, scale)
            passes.clip_values(work, low, high, dp, d, how.clip)
        if by_norm is not None and shape.clips == NORM:
            finish(work, low, high, dp, l2, d, scale)
            passes.clip_norms(work, low, high, dp, base, d, how.clip, how.slack)
        if some_by_value is not None:
            finish(work, low, high, dp, l2, d, scale)
            passes.clip_some_values(work, low, high, dp, d, how.clip, how.clips)
        if some_by_norm is not None:
            finish(work, low, high, dp, l2, d, scale)
            passes.clip_some_norms(work, low, high, dp, base, d, how.clip, how.slack, how.clips)

    return clip


def _stepping(
    loss_passes: Passes, extras: layout.Extras, real: type, steps: Steps | None
) -> Callable[..., None]:
    """The rule's steps, ``f(call, held, order, rows, block, batch, single, scale)``.

    With them the squared distance from the optimum is summed, unless they were compiled apart.
    """
    if steps is None:
        return _step_apart
    zero, unit = real(0), real(1)
    ahead, spare, step_weight = steps.ahead, steps.spare, steps.weight
    # None: of a test for None only one branch is compiled.
    turn, along = steps.turn, steps.along
    alone = loss_passes.alone if steps.alone else None
    undecayed = True if extras.undecayed else None
    units_of: Any = loss_passes.units
    slope_of = loss_passes.slope

    def step(call, held, order, rows, block, batch, single, scale):
        data, how, hyper, spared = call.data, call.how, call.hyper, call.spared
        work, ticks, low, high = call.work, call.ticks, block.low, block.high
        x, y, optimum, penalties = data.x, data.y, data.optimum, data.l2
        start, stop, last, d, dp = batch.start, batch.stop, batch.last, optimum.shape[0], rows.dp
        factor, shift, lowest, highest = batch.factor, batch.shift, how.box[0], how.box[1]
        base, following, eta, setting = rows.base, rows.following, rows.eta, block.setting
        ahead(
            work, ticks, low, high, setting, hyper, spared, penalties, d, dp, scale, factor, shift
        )  # fmt: skip
        if turn is not None:
            columns = x.shape[1]
            units = units_of(d, columns)
            inside = units * columns
            entries, matrix_room = held[1]
            turn(
                work, low, high, d, dp, units, columns, rows.turned, entries, matrix_room, setting,
                hyper, spared[0], factor, shift,
            )  # fmt: skip
        square = base + SQUARE
        passes.clear(work, low, high, square, square + 1)
        column, next_column = unit, zero
        if alone is not None and single:
            # Weights are read once, for this point and the next.
            point, next_point = order[start], order[stop if stop < last else start]
            linear.begin(work, low, high, following, y, next_point, slope_of)
        rows_of_weights = np.uint64(dp)
        for k in range(d):
            weight = np.uint64(k)
            l2, center = penalties[weight], optimum[weight]
            slopes = rows_of_weights + weight
            if alone is not None and single:
                slopes = np.uint64(base + RESIDUAL)
                column, next_column = x[point, weight], x[next_point, weight]
            if undecayed is not None:
                spare(work, low, high, setting, hyper, spared[k], eta)
            if along is not None and k < inside:
                along(
                    work, work, work, low, high, weight, rows_of_weights, slopes, column,
                    np.uint64(square), center, np.uint64(following), next_column, l2, scale,
                    factor, shift, lowest, highest,
                )  # fmt: skip
            else:
                step_weight(
                    work, work, work, low, high, weight, rows_of_weights, slopes, column,
                    np.uint64(square), center, np.uint64(following), next_column, l2, scale,
                    factor, shift, lowest, highest,
                )  # fmt: skip
        if alone is not None and single:
            linear.add_last(work, low, high, d, dp, following, x, next_point)

    return step


def _step_apart(call, held, order, rows, block, batch, single, scale):
    data, how = call.data, call.how
    steps_apart(
        call.shape, call.work, call.ticks, block.low, block.high, block.setting, call.hyper,
        call.spared, data.l2, data.optimum.shape[0], rows.dp, scale, batch.factor, batch.shift,
        how.clip, how.slack, how.box[0], how.box[1],
    )  # fmt: skip


#: Changes with these, of which the digests of what they call say nothing.
SOURCE = code_digest(updating, _slopes, _clipping, _stepping, _step_apart)
