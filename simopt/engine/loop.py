"""The one loop over time on CPUs: a block of trajectories through all its updates.

What the loss and the plan ask for is part of it; what a rule does comes as its `steps.Steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config

from simopt.engine import (
    keeping,
    layout,
    linear,
    matrices,
    moments,
    orders,
    own_points,
    passes,
    sums,
    tiles,
    watching,
)
from simopt.engine.layout import (
    AT_WEIGHT,
    AT_ZERO,
    BEST,
    LOSS,
    PEAK,
    RESIDUAL,
    SIDE,
    SQUARE,
    WATCHED,
)
from simopt.engine.orders import epochs_held, fill_order, fill_own_orders
from simopt.engine.passes import Passes
from simopt.engine.steps import Steps, call
from simopt.engine.sums_of_points import Points, call_batch_loss, call_gradient, call_loss
from simopt.engine.watching import (
    any_alive,
    finish,
    keep,
    note_times,
    react_all,
    watch,
    watch_loss,
)
from simopt.ground.compiling import code_digest
from simopt.ground.inline import inlined
from simopt.training import semantics

NORM, VALUE = layout.CLIPS.index("norm"), layout.CLIPS.index("value")

NUMERIC: tuple[Callable[..., Any], ...] = (
    *watching.NUMERIC,
    *orders.NUMERIC,
    *layout.READ,
    *layout.WRITE,
    *layout.COLUMNS,
    *layout.ADD,
    layout.weight_alone,
    layout.weight_first,
    layout.state_none,
    layout.state_rest,
    *keeping.NUMERIC,
    *semantics.NUMERIC,
    *passes.NUMERIC,
    *own_points.NUMERIC,
    *linear.NUMERIC,
    *moments.NUMERIC,
    *tiles.NUMERIC,
    *sums.NUMERIC,
    *matrices.NUMERIC,
)
for each in NUMERIC:
    inlined(each)


def made(
    loss_passes: Passes,
    points: str,
    real: type,
    extras: layout.Extras,
    lanes: int,
    *,
    steps: Steps | None,
    losses_in: Points,
    asks: bool = False,
    plain: bool = False,
    source: str = "",
) -> Callable[..., None]:
    """The loop for a loss and a plan's extras, in blocks of so many lanes.

    Parameters
    ----------
    loss_passes, points, real, extras
        As `simopt.engine.cpu.kernel` has them.
    lanes : int
        Lanes of a block at most; of blocks of one weight, always.
    steps : Steps, optional
        Of a rule with which the loop is compiled; None: it calls them by their address.
    losses_in : Points
        The loss that it is compiled with, unless it calls it by its address: where it does the
        rule's steps, and there are several weights.
    asks : bool
        Whether the rule's clock asks for the batch's loss.
    plain : bool
        Whether it runs as the Python that it is.
    source : str
        A digest of what it is made of: part of the loop, so that it is part of the cache's key.

    Returns
    -------
    callable
        ``f(shape, losses, starts, data, how, hyper, seeds, given, out, width)`` with a rule's
        `steps.Shape`, a loss's `sums_of_points.Losses` (None where the loop has it in), and where
        the rule's state and its clock start (`layout.starts`, `layout.clock_starts`).
    """
    plain = plain or bool(config.DISABLE_JIT)  # type: ignore[attr-defined]
    shift = 3 if real is np.float64 else 2
    bits = layout.bits(real, lanes)
    # Without compilation lanes begin anywhere.
    unaligned, spare = (0, 0) if plain else (63, layout.spare(real))
    tile = np.uint64(min(lanes, tiles.lanes(real)))
    abreast = min(lanes, own_points.LANES)
    group = np.uint64(abreast)
    apart = True if real is np.float32 else None
    zero, unit, never = real(0), real(1), real(np.inf)
    # As wide as what is counted: else single precision would be packed by half vectors.
    count: Any = np.int32 if real is np.float32 and not plain else int
    one, whole_factor = loss_passes.one, real(loss_passes.factor)
    # None or True: of a test for None only one branch is compiled.
    fused = None if steps is None else True
    # In a loop with its rule all its numbers are constants, and so are the rows of one weight.
    fixed = None if steps is None else steps.shape
    tick: Any = None if steps is None else steps.tick
    one_lane: Any = None if steps is None else steps.lane
    ahead: Any = None if steps is None else steps.ahead
    spare_some: Any = None if steps is None else steps.spare
    step_weight: Any = None if steps is None else steps.weight
    turn: Any = None if steps is None else steps.turn
    along: Any = None if steps is None else steps.along
    rows_of: Any = None if steps is None else steps.rows
    arrays_of: Any = None if steps is None else steps.arrays
    units_of: Any = loss_passes.units
    summed = 0 if steps is None else steps.summed
    summing = True if summed else None
    asking = True if asks else None
    # A loop apart serves plans with a schedule and without, with any clipping, with any ending.
    scheduled = True if extras.scheduled or steps is None else None
    arrives = True if extras.arrives or steps is None else None
    reacts = True if extras.reacts else None
    kept = True if extras.kept else None
    undecayed = True if extras.undecayed else None
    noisy = True if loss_passes.noisy else None
    some = extras.unclipped
    by_norm = True if (extras.clips == "norm" or steps is None) and not some else None
    by_value = True if (extras.clips == "value" or steps is None) and not some else None
    some_by_norm = True if extras.clips == "norm" and some else None
    some_by_value = True if extras.clips == "value" and some else None
    own, by_moments = points.startswith("own"), points.endswith("moments")
    shared_moments = True if by_moments and not own and not one else None
    own_moments = True if by_moments and own and not one else None
    shared_one_moments = True if by_moments and not own and one else None
    own_one_moments = True if by_moments and own and one else None
    one_by_moments = True if by_moments and one else None
    shared_one, own_one = linear.gradient_one, linear.gradient_one_own
    slope_of, tiled_rows = loss_passes.slope, loss_passes.tiled_rows
    more_rows, read_parameters = loss_passes.rows, loss_passes.read
    # Whether the loop calls the loss, as it does the steps, by its address.
    told = True if steps is None and not one else None
    add_slopes: Any = call_gradient if told else losses_in.gradient
    full_loss: Any = call_loss if told else losses_in.loss
    asked_loss: Any = call_batch_loss if told else losses_in.batch_loss
    alone = None if steps is None or not steps.alone else loss_passes.alone
    shared_noise, own_noise = passes.gradient_noise, passes.gradient_noise_own
    looks_at, diverges = semantics.looks_at, semantics.diverges
    side_of, least_rate = semantics.side_of, semantics.least_rate
    restore, save_ended = keeping.restore, keeping.save_ended
    restore_marks, save_marks = keeping.restore_marks, keeping.save_marks
    note_best = keeping.note_best

    def advance(shape, losses, starts, data, how, hyper, seeds, given, out, width):
        source  # noqa: B018
        if fixed is not None:
            shape = fixed
        states, clocked, hypers = shape.states, shape.clocked, shape.hypers
        n, d = data.x.shape[0], data.optimum.shape[0]
        dp = 1 if one else data.w0.shape[0]
        first_state = 2 * dp
        first_clock = (2 + states) * dp
        shown = 0 if shape.averaged < 0 else first_state + shape.averaged * dp
        eta = first_clock + clocked
        base = eta + 1 + hypers
        if told is not None:
            following = base + WATCHED + losses.more_rows
            tiled = following + 2
            rows = tiled + losses.tiled_rows
            multiple = real(losses.factor)
        else:
            following = base + WATCHED + more_rows(d, data.x.shape[1])
            tiled = following + 2
            rows = tiled + (1 if one else tiled_rows(dp, data.x.shape[1]))
            multiple = whole_factor
        # A row of zeros: tiles begin their sums there.
        nothing = tiled - 1
        if turn is not None:
            columns = data.x.shape[1]
            units, turned = units_of(d, columns), rows
            inside = units * columns
            rows += rows_of(units, columns)
            held, room = arrays_of(units, columns)
        parameters = read_parameters(data.parameters, 0, 1, 0)
        work: Any = np.empty((rows, lanes + spare), real)
        gathered = np.zeros((0 if one else tiles.POINTS, dp), real)
        starting: Any = np.zeros(0 if one else tiles.POINTS, real)
        # Unsigned: an index that may be negative counts from the end, and such loops aren't packed.
        low = np.uint64((-np.int64(work.ctypes.data) & unaligned) >> shift)
        if one:
            width = lanes
            high = low + np.uint64(lanes)
        else:
            high = low + (np.uint64(width) >> bits << bits)
        total_row = clocked + 1
        ticks = np.empty((total_row + shape.totals, lanes), np.float64)
        asked_row = total_row + shape.totals - 1
        # Blocks that follow each other and share a seed share its orders, and its batches' moments.
        follow = out.loss.shape[0] > width
        order_rows = epochs_held(how.shuffle, how.epochs, n) if follow else 1
        held_orders = np.empty((1, 1) if own else (order_rows, n), np.int64)
        order = held_orders[0]
        places = np.empty(1 if own else n, np.int64)
        refills = order_rows == 1 and how.shuffle > 1 and how.epochs > 1
        ordered, summed_to = 0, 0
        # Half as long as other places: orders of lanes' own outgrow a cache.
        orders = np.empty((n if own else 1, width), np.int32)
        pick = np.empty((3, width), np.int64)
        tabled = how.shuffle == 0
        if own_one_moments is not None:
            totals = np.empty((2, width), np.float64)
        if own_moments is not None:
            beside = moments.rows_of_own(moments.BESIDE * (dp + 1), abreast)
            own_sums = moments.rows_of_own(dp * (dp + 1), abreast)
        batches = -(-how.points_used // how.batch_size)
        updates = how.updates
        begun = 0
        if kept is not None:
            begun = out.begun
        if shared_moments is not None or shared_one_moments is not None:
            makes = follow and not tabled
            moment_rows = moments.updates_held(updates - begun if makes else 1, dp)
            matrices_held = np.empty((moment_rows, dp, dp), real)
            vectors_held = np.empty((moment_rows, dp), real)
        if shared_moments is not None:
            totals = np.zeros(moments.room(dp), np.float64)
        whole_scale = multiple / real(how.batch_size)
        last_scale = multiple / real(max(1, how.points_used % how.batch_size))
        limit, target = data.bounds[1], data.bounds[2]
        aims = target > -np.inf
        ends_at_target = arrives is not None and shape.arrives
        clip, slack = how.clip, how.slack
        lowest, highest = how.box[0], how.box[1]
        spared = data.l2
        if undecayed is not None:
            spared = how.decays
        factor_now, shift_now = unit, zero
        # Best loss, epochs without improvement, epochs to rest, least rate.
        memory: Any = np.empty((0 if reacts is None else 4, lanes), real)
        for first in range(0, out.loss.shape[0], width):
            setting = np.uint64(first % hyper.shape[1])
            passes.clear(work, low, high, dp, base + WATCHED)
            passes.clear(work, low, high, following, nothing + 1)
            for lane in range(low, high):
                for k in range(dp):
                    work[k, lane] = data.w0[k]
                for h in range(hypers + 1):
                    work[eta + h, lane] = hyper[h, setting + lane - low]
                if undecayed is not None:
                    work[eta + shape.decay, lane] *= how.decays[0]
                for c in range(clocked):
                    ticks[c, lane - low] = 0
                if reacts is not None:
                    memory[0, lane - low] = never
                    memory[1, lane - low] = zero
                    memory[2, lane - low] = zero
                    memory[3, lane - low] = least_rate(work[eta, lane], how.reaction)
                work[base + BEST, lane] = never
                work[base + PEAK, lane] = -1
                work[base + SIDE, lane] = side_of(data.w0[0] - data.optimum[0], zero, zero, unit)
            for s in range(states):
                if starts[s] != AT_ZERO:
                    for k in range(dp):
                        row = first_state + s * dp + k
                        for lane in range(low, high):
                            if starts[s] == AT_WEIGHT:
                                work[row, lane] = data.w0[k]
                            else:
                                work[row, lane] = work[eta + starts[s], lane]
            for c in range(clocked):
                if starts[states + c] != AT_ZERO:
                    for lane in range(low, high):
                        start_at = work[eta + starts[states + c], lane]
                        work[first_clock + c, lane] = start_at
                        ticks[c, lane - low] = start_at
            if not own and first > 0 and seeds[first // width] != seeds[first // width - 1]:
                ordered, summed_to = 0, 0
            t = 0
            upcoming = how.every
            known = count(0)
            epochs = range(how.epochs)
            if kept is not None:
                column = np.uint64(first)
                t, taken_back = begun, 0
                epochs = range(t // batches, how.epochs)
                skipped = t % batches * how.batch_size
                # Looks that are due are multiples of their distance.
                upcoming += t - t % how.every
                if t > 0:
                    restore_marks(work, low, high, base, out.state, column)
                    restore(
                        work, ticks, low, high, out.state, column, d, dp, states, first_clock,
                        clocked,
                    )  # fmt: skip
                    # What is shuffled once, or never, was before the first epoch.
                    if own:
                        fill_own_orders(orders, pick, how.shuffle, seeds, first, 0)
                    else:
                        fill_order(
                            held_orders[0], places, how.shuffle, seeds[first // width], 0, given
                        )
            for epoch in epochs:
                if own:
                    fill_own_orders(orders, pick, how.shuffle, seeds, first, epoch)
                else:
                    order = held_orders[epoch if order_rows > 1 else 0]
                    if epoch >= ordered or refills:
                        fill_order(order, places, how.shuffle, seeds[first // width], epoch, given)
                        ordered = epoch + 1
                used = how.points_used if epoch < how.epochs - 1 else how.last_used
                batch_starts = range(0, used, how.batch_size)
                if kept is not None:
                    batch_starts = range(skipped, used, how.batch_size)
                    skipped = 0
                fresh = True
                for start in batch_starts:
                    stop = min(start + how.batch_size, how.points_used)
                    t += 1
                    now = real(t)
                    looks = looks_at(t, upcoming, updates)
                    if looks:
                        if kept is not None and t != upcoming:
                            note_best(work, low, high, base, out.state, np.uint64(first))
                            taken_back = t
                        upcoming = t + how.every
                    over_at = now if looks and how.stops else zero
                    scale = whole_scale if stop - start == how.batch_size else last_scale
                    ratio = 2.0 / (stop - start)
                    if scheduled is not None and shape.scheduled:
                        factor_now, shift_now = how.rates[0, t - 1], how.rates[1, t - 1]
                    row = base + RESIDUAL
                    if asking is not None:
                        asked_loss(
                            losses, work, ticks, low, high, row, asked_row, data, d,
                            orders if own else order, start, stop,
                        )  # fmt: skip
                    if one:
                        # A shared batch but for its last point, which comes with the step.
                        if by_moments:
                            pass
                        elif own:
                            own_one(work, low, high, data, orders, start, stop, scale)
                        elif how.batch_size > 1 or data.l2[0] != zero:
                            shared_one(work, low, high, data, order, start, stop - 1, scale)
                        point = 0 if own else order[stop - 1]
                        x, y = data.x[point, 0], data.y[point]
                        scaled = x * scale
                        middle, l2 = data.minimizer[0], data.l2[0]
                        if shared_one_moments is not None:
                            if tabled:
                                batch = start // how.batch_size
                                curvature, rise = data.moments[batch, 0, 0], data.slopes[batch, 0]
                            else:
                                place = t - 1 - begun if moment_rows > 1 else 0
                                if t > summed_to or moment_rows == 1:
                                    square, slope = moments.of_one(
                                        data.x, data.errors, order, start, stop
                                    )
                                    matrices_held[place, 0, 0] = real(square * ratio)
                                    vectors_held[place, 0] = real(slope * ratio)
                                    summed_to = t
                                curvature = matrices_held[place, 0, 0]
                                rise = vectors_held[place, 0]
                        if own_one_moments is not None:
                            moments.of_own(totals, data.x, data.errors, orders, start, stop)
                        center = data.optimum[0]
                        factor, least = data.factor[0, 0], data.bounds[0]
                        if fused is not None:
                            tick(work, ticks, low, high, first_clock, eta)
                        if summing is not None:
                            sums.clear_sums(ticks, total_row, total_row + summed)
                        for lane in range(low, high):
                            old = work[0, lane]
                            g = work[1, lane]
                            if not own:
                                g += (old * x - y) * scaled
                            if own_one_moments is not None:
                                curvature = real(totals[0, lane - low] * ratio)
                                rise = real(totals[1, lane - low] * ratio)
                            if one_by_moments is not None:
                                g = curvature * (old - middle) + rise + l2 * old
                            if fused is not None:
                                one_lane(
                                    work, ticks, lane, lane - low, g, factor_now, shift_now, clip,
                                    slack, lowest, highest,
                                )  # fmt: skip
                            else:
                                work[row, lane] = g
                        if fused is None:
                            call(
                                shape, work, ticks, low, high, setting, hyper, spared, data.l2, d,
                                dp, scale, factor_now, shift_now, clip, slack, lowest, highest,
                            )  # fmt: skip
                        # A loop of its own: here everything would wait for the step's root.
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
                    else:
                        single = False
                        if alone is not None:
                            single = stop - start == 1
                        if noisy is not None:
                            spread = how.spread
                            if own:
                                own_noise(work, low, high, dp, data, spread, seeds, first, t, pick)
                            else:
                                seed = seeds[first // width]
                                shared_noise(work, low, high, dp, data, spread, seed, t)
                            scale = unit
                        if single:
                            if alone is not None:
                                point = order[start]
                                if fresh:
                                    alone(
                                        work, low, high, dp, following, data.x, data.y, point,
                                        slope_of,
                                    )  # fmt: skip
                                linear.answer(
                                    work, low, high, row, following, data.y, point, slope_of,
                                    parameters,
                                )  # fmt: skip
                        elif by_moments:
                            if shared_moments is not None:
                                place = t - 1 - begun if moment_rows > 1 else 0
                                matrix, vector = matrices_held[place], vectors_held[place]
                                if tabled:
                                    batch = start // how.batch_size
                                    matrix, vector = data.moments[batch], data.slopes[batch]
                                elif t > summed_to or moment_rows == 1:
                                    moments.of_batch(
                                        totals, data.x, data.errors, order, start, stop
                                    )
                                    moments.scale(matrix, vector, totals, ratio)
                                    summed_to = t
                                middles = data.minimizer
                                tiles.gradient_by_moments(
                                    work, low, high, tile, dp, tiled, matrix, vector, middles
                                )
                            if own_moments is not None:
                                moments.gradients_own(
                                    work, low, high, group, dp, data, orders, start, stop, ratio,
                                    beside, own_sums,
                                )  # fmt: skip
                            scale = unit
                        else:
                            add_slopes(
                                losses, work, gathered, starting, low, high, dp, row, tiled, data,
                                orders if own else order, start, stop,
                            )  # fmt: skip
                        if by_value is not None and shape.clips == VALUE:
                            passes.finish_gradient(work, low, high, dp, data.l2, d, scale)
                            passes.clip_values(work, low, high, dp, d, clip)
                        if by_norm is not None and shape.clips == NORM:
                            passes.finish_gradient(work, low, high, dp, data.l2, d, scale)
                            passes.clip_norms(work, low, high, dp, base, d, clip, slack)
                        if some_by_value is not None:
                            passes.finish_gradient(work, low, high, dp, data.l2, d, scale)
                            passes.clip_some_values(work, low, high, dp, d, clip, how.clips)
                        if some_by_norm is not None:
                            passes.finish_gradient(work, low, high, dp, data.l2, d, scale)
                            passes.clip_some_norms(
                                work, low, high, dp, base, d, clip, slack, how.clips
                            )
                        if fused is None:
                            call(
                                shape, work, ticks, low, high, setting, hyper, spared, data.l2, d,
                                dp, scale, factor_now, shift_now, clip, slack, lowest, highest,
                            )  # fmt: skip
                        else:
                            ahead(
                                work, ticks, low, high, setting, hyper, spared, data.l2, d, dp,
                                scale, factor_now, shift_now,
                            )  # fmt: skip
                            rows_of_weights = np.uint64(dp)
                            if turn is not None:
                                turn(
                                    work, low, high, d, dp, units, columns, turned, held, room,
                                    setting, hyper, spared[0], factor_now, shift_now,
                                )  # fmt: skip
                            square = base + SQUARE
                            passes.clear(work, low, high, square, square + 1)
                            column, next_column = unit, zero
                            if alone is not None and single:
                                # Weights are read once, for this point and the next.
                                next_point = order[stop if stop < used else start]
                                linear.begin(
                                    work, low, high, following, data.y, next_point, slope_of
                                )  # fmt: skip
                            for k in range(d):
                                weight = np.uint64(k)
                                l2, center = data.l2[weight], data.optimum[weight]
                                slopes = rows_of_weights + weight
                                if alone is not None and single:
                                    slopes = np.uint64(row)
                                    column = data.x[point, weight]
                                    next_column = data.x[next_point, weight]
                                if undecayed is not None:
                                    spare_some(work, low, high, setting, hyper, spared[k], eta)
                                if along is not None and k < inside:
                                    along(
                                        work, work, work, low, high, weight, rows_of_weights,
                                        slopes, column, np.uint64(square), center,
                                        np.uint64(following), next_column, l2, scale, factor_now,
                                        shift_now, lowest, highest,
                                    )  # fmt: skip
                                else:
                                    step_weight(
                                        work, work, work, low, high, weight, rows_of_weights,
                                        slopes, column, np.uint64(square), center,
                                        np.uint64(following), next_column, l2, scale, factor_now,
                                        shift_now, lowest, highest,
                                    )  # fmt: skip
                            if alone is not None:
                                fresh = not single
                                if single:
                                    linear.add_last(
                                        work, low, high, d, dp, following, data.x, next_point
                                    )  # fmt: skip
                        records = how.record == 2 or (how.record == 1 and stop == how.points_used)
                        if looks or records:
                            full_loss(
                                losses, work, gathered, starting, low, high, dp, shown, base, tiled,
                                data, d,
                            )  # fmt: skip
                        if fused is None:
                            passes.squared_distance(work, low, high, shown, base, data, d)
                        passes.first_gap(work, low, high, shown, base, data)
                        for lane in range(low, high):
                            watch(
                                work, base, lane, work[row, lane], work[base + SQUARE, lane], zero,
                                unit,
                            )  # fmt: skip
                        over = count(0)
                        if looks:
                            for lane in range(low, high):
                                loss = work[base + LOSS, lane]
                                over = count(over + diverges(loss, limit))
                                watch_loss(work, base, lane, loss, now, zero)
                    # Lanes that have diverged stay so: only a change of their number is news.
                    if looks and (aims or over != known):
                        if one:
                            linear.loss_one(work, low, high, shown, base, data)
                        note_times(work, low, high, base, now, over_at, zero, limit, target)
                        known = over
                        if kept is not None:
                            save_ended(
                                work, ticks, low, high, out.state, np.uint64(first), d, dp, states,
                                first_clock, clocked, apart, base, now, ends_at_target,
                            )  # fmt: skip
                    if how.record == 2:
                        if one:
                            linear.loss_one(work, low, high, shown, base, data)
                        keep(work, low, high, shown, base, d, out, first, t - 1)
                    ends = ends_at_target and looks
                    if ends and not any_alive(work, low, high, base, zero, True):
                        break
                if how.record == 1:
                    if one:
                        linear.loss_one(work, low, high, shown, base, data)
                    keep(work, low, high, shown, base, d, out, first, epoch)
                if reacts is not None:
                    if one:
                        linear.loss_one(work, low, high, shown, base, data)
                    else:
                        full_loss(
                            losses, work, gathered, starting, low, high, dp, shown, base, tiled,
                            data, d,
                        )  # fmt: skip
                    react_all(work, memory, low, high, base, eta, how.reaction, zero, unit)
                out.pulse[1] += batches * width
                if out.pulse[0] != 0:
                    return
                goes_on = any_alive(work, low, high, base, zero, None)
                if arrives is not None and shape.arrives:
                    goes_on = any_alive(work, low, high, base, zero, True)
                if not goes_on:
                    break
            if one:
                linear.loss_one(work, low, high, shown, base, data)
            finish(work, low, high, shown, base, d, out, first)
            if kept is not None:
                column = np.uint64(first)
                save_marks(work, low, high, base, out.state, column, taken_back)
                save_ended(
                    work, ticks, low, high, out.state, column, d, dp, states, first_clock, clocked,
                    apart, base, zero, ends_at_target,
                )  # fmt: skip

    return advance


#: Changes with the loop, of which the digests of what it calls say nothing.
SOURCE = code_digest(made)
