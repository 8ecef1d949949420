"""The kernel on CPUs: a block of trajectories through all its updates.

`kernel` puts a rule's scalar functions into the one time loop. It is compiled once per rule, loss
and shape (one weight or several; one order for the block or one per lane), at first use, and kept
on disk.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config

from simopt.engine import (
    keeping,
    layout,
    linear,
    moments,
    orders,
    passes,
    products,
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
    READ,
    RESIDUAL,
    SIDE,
    SQUARE,
    WATCHED,
    WRITE,
)
from simopt.engine.orders import fill_order, fill_own_orders
from simopt.engine.passes import Passes
from simopt.engine.watching import (
    alive_in,
    any_alive,
    finish,
    keep,
    note_times,
    react_all,
    tick_all,
    watch,
)
from simopt.ground.compiling import compiled
from simopt.ground.inline import inlined
from simopt.ground.snapshot import digest
from simopt.rules.rule import WEIGHT_DECAY, Rule
from simopt.training import semantics


def no_clock():
    """The clock of a rule without one."""
    return ()


NUMERIC: tuple[Callable[..., Any], ...] = (
    no_clock,
    *watching.NUMERIC,
    *orders.NUMERIC,
    *READ,
    *WRITE,
    *layout.COLUMNS,
    *layout.ADD,
    layout.weight_alone,
    layout.weight_first,
    layout.state_none,
    layout.state_rest,
    *keeping.NUMERIC,
    *semantics.NUMERIC,
    *passes.NUMERIC,
    *linear.NUMERIC,
    *moments.NUMERIC,
    *tiles.NUMERIC,
    *sums.NUMERIC,
)
for each in NUMERIC:
    inlined(each)


@functools.cache
def kernel(
    rule: Rule,
    loss_passes: Passes,
    points: str,
    real: type,
    extras: layout.Extras,
    width: int | None = None,
) -> Callable[..., Any]:
    """The loop for a rule and a loss, compiled at its first call.

    Parameters
    ----------
    rule : Rule
        Whose update and clock to put in; its own snapshot, for a kernel is kept for the object.
    loss_passes : Passes
        How the loss and its gradient are computed.
    points : {"shared", "own", "moments", "own moments"}
        One order of the points for a block, or one for every lane; batches by their moments.
    real : type
        numpy.float64 or numpy.float32.
    extras : Extras
        Whether the rate is scheduled, the gradient clipped, the weight kept in a box, whether a
        trajectory ends at the target, and whether it goes on from another; then ``out`` is a
        `layout.Kept`.
    width : int, optional
        Lanes of a block, of the loop as the plain Python that is compiled otherwise; by default it
        is compiled, for `layout.lanes`.

    Returns
    -------
    callable
        ``f(data, how, hyper, seeds, given [epochs, n], out)``; ``out`` has a whole number of blocks
        of lanes. ``hyper`` [H, lanes] may be shorter, a whole number of blocks, and is
        then repeated. ``seeds`` has one seed for every lane where each has its own order, else one
        for every block. Releases the GIL.
    """
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    ticked = rule.clock_hyperparameters
    terms: Any = None if rule.terms is None else inlined(rule.terms)
    totals_number = len(rule.totals)
    starts, clock_starts = layout.starts(rule), layout.clock_starts(rule)
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[ticked]
    read_summed, read_totals = READ[rule.terms_hyperparameters], READ[totals_number]
    asking = True if rule.asks_loss else None
    add_totals = layout.ADD[max(0, len(rule.summed) - 1)]
    batch_loss, own_batch_loss = loss_passes.batch_loss, loss_passes.batch_loss_own
    weight = layout.weight_first if states else layout.weight_alone
    state = layout.state_rest if states else layout.state_none
    lanes = width or layout.lanes(real)
    plain = width is not None or config.DISABLE_JIT  # type: ignore[attr-defined]
    shift = 3 if real is np.float64 else 2
    # Lanes begin at a cache line, and no two rows a power of two of bytes apart, which would leave
    # them few places in the cache: there is room for another line. Without compilation there isn't.
    unaligned, spare = (0, 0) if plain else (63, 64 >> shift)
    tile = np.uint64(min(lanes, tiles.lanes(real)))
    # float64 clocks live among the rows; for float32 weights they need an array of their own.
    apart = True if real is np.float32 else None
    # Elsewhere the clock comes with the step.
    ticking = True if clocked and (real is np.float32 or not loss_passes.one) else None
    summing = None if terms is None else True
    if summing:
        ticking = None
    zero, unit, never = real(0), real(1), real(np.inf)
    one, multiple = loss_passes.one, real(loss_passes.factor)
    # None or True: of a test for None only one branch is compiled.
    started = True if any(rule.sources) else None
    clock_started = True if any(rule.clock_sources) else None
    averages = True if rule.average is not None else None
    averaged = -1 if rule.average is None else rule.state.index(rule.average)
    scheduled = True if extras.scheduled else None
    boxes = True if extras.boxed else None
    arrives = True if extras.arrives else None
    reacts = True if extras.reacts else None
    kept = True if extras.kept else None
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    noisy = True if loss_passes.noisy else None
    some = extras.unclipped
    by_norm = True if extras.clips == "norm" and not some else None
    by_value = True if extras.clips == "value" and not some else None
    some_by_norm = True if extras.clips == "norm" and some else None
    some_by_value = True if extras.clips == "value" and some else None
    # Sums take the gradient before the update does: it is finished for both.
    unclipped = None if extras.clips or summing else True
    finishes = True if summing and not extras.clips else None
    own, by_moments = points.startswith("own"), points.endswith("moments")
    shared_moments = True if by_moments and not own and not one else None
    own_moments = True if by_moments and own and not one else None
    shared_one_moments = True if by_moments and not own and one else None
    own_one_moments = True if by_moments and own and one else None
    one_by_moments = True if by_moments and one else None
    several_by_moments = True if by_moments and not one else None
    shared_one, own_one = linear.gradient_one, linear.gradient_one_own
    shared_sums, own_sums = loss_passes.gradient, loss_passes.gradient_own
    full_loss, slope_of, value_of = loss_passes.loss, loss_passes.slope, loss_passes.value
    tiled_sums, tiled_loss = loss_passes.tiled_gradient, loss_passes.tiled_loss
    tiled_rows = loss_passes.tiled_rows
    more_rows, read_parameters = loss_passes.rows, loss_passes.read
    # Of a batch of 1 the gradient comes with the step: a pass over its rows less.
    beside = points == "shared" and not extras.clips and not one and not summing
    alone = loss_passes.alone if beside else None
    shared_noise, own_noise = passes.gradient_noise, passes.gradient_noise_own
    clipped, shrink, boxed = semantics.clipped, semantics.shrink, semantics.boxed
    looks_at, diverges, rate_at = semantics.looks_at, semantics.diverges, semantics.rate_at
    side_of, least_rate = semantics.side_of, semantics.least_rate
    restore, save = keeping.restore, keeping.save
    restore_marks, save_marks = keeping.restore_marks, keeping.save_marks
    note_best = keeping.note_best
    clear_sums, add_terms = sums.clear_sums, sums.add_terms
    tick_by_sums, tick_all_by_sums = sums.tick_by_sums, sums.tick_all_by_sums
    # A closure holds the digest only to make it part of the cache's key.
    source = (
        ""
        if plain
        else digest(*rule.functions) + _engine_digest() + products.SOURCE + loss_passes.source
    )

    def advance(data, how, hyper, seeds, given, out):
        source  # noqa: B018
        n, d = data.x.shape[0], data.optimum.shape[0]
        dp = 1 if one else data.w0.shape[0]
        first_state = 2 * dp
        first_clock = (2 + states) * dp
        shown = 0 if averages is None else first_state + averaged * dp
        eta = first_clock + clocked
        base = eta + 1 + hypers
        nothing = base + WATCHED + more_rows(d, data.x.shape[1])
        tiled = nothing + 1
        rows = tiled + (1 if one else tiled_rows(dp, data.x.shape[1]))
        parameters = read_parameters(data.parameters, 0, 1, 0)
        work: Any = np.empty((rows, lanes + spare), real)
        gathered = np.zeros((0 if one else tiles.POINTS, dp), real)
        starting: Any = np.zeros(0 if one else tiles.POINTS, real)
        # Unsigned: an index that may be negative counts from the end, and such loops aren't packed.
        low = np.uint64((-np.int64(work.ctypes.data) & unaligned) >> shift)
        high = low + np.uint64(lanes)
        total_row = clocked + 1
        ticks = np.empty((total_row + totals_number, lanes), np.float64)
        order = np.empty(1 if own else n, np.int64)
        orders = np.empty((n if own else 1, lanes), np.int64)
        pick = np.empty((3, lanes), np.int64)
        tabled = how.shuffle == 0
        if own_one_moments is not None:
            totals = np.empty((2, lanes), np.float64)
        if several_by_moments is not None:
            totals = np.zeros(moments.room(dp), np.float64)
            own_matrix, own_vector = np.empty((dp, dp), real), np.empty(dp, real)
        batches = -(-how.points_used // how.batch_size)
        updates = how.updates
        whole_scale = multiple / real(how.batch_size)
        last_scale = multiple / real(max(1, how.points_used % how.batch_size))
        limit, target = data.bounds[1], data.bounds[2]
        aims = target > -np.inf
        clip, slack = how.clip, how.slack
        lowest, highest = how.box[0], how.box[1]
        factor_now, shift_now = unit, zero
        # Best loss, epochs without improvement, epochs to rest, least rate.
        memory: Any = np.empty((0 if reacts is None else 4, lanes), real)
        for first in range(0, out.loss.shape[0], lanes):
            setting = np.uint64(first % hyper.shape[1])
            passes.clear(work, low, high, dp, base + WATCHED)
            passes.clear(work, low, high, nothing, nothing + 1)
            for lane in range(low, high):
                for k in range(dp):
                    work[k, lane] = data.w0[k]
                for h in range(hypers + 1):
                    work[eta + h, lane] = hyper[h, setting + lane - low]
                if undecayed is not None:
                    work[eta + decay, lane] *= how.decays[0]
                for c in range(clocked):
                    ticks[c, lane - low] = 0
                if started is not None:
                    for s in range(states):
                        for k in range(dp):
                            if starts[s] == AT_WEIGHT:
                                work[first_state + s * dp + k, lane] = data.w0[k]
                            elif starts[s] != AT_ZERO:
                                work[first_state + s * dp + k, lane] = work[eta + starts[s], lane]
                if clock_started is not None:
                    for c in range(clocked):
                        if clock_starts[c] != AT_ZERO:
                            work[first_clock + c, lane] = work[eta + clock_starts[c], lane]
                            ticks[c, lane - low] = work[eta + clock_starts[c], lane]
                if reacts is not None:
                    memory[0, lane - low] = never
                    memory[1, lane - low] = zero
                    memory[2, lane - low] = zero
                    memory[3, lane - low] = least_rate(work[eta, lane], how.reaction)
                work[base + BEST, lane] = never
                work[base + PEAK, lane] = -1
                work[base + SIDE, lane] = side_of(data.w0[0] - data.optimum[0], zero, zero, unit)
            t = 0
            upcoming = how.every
            known = 0
            epochs = range(how.epochs)
            if kept is not None:
                column = np.uint64(first)
                t, taken_back = out.begun, 0
                epochs = range(t // batches, how.epochs)
                skipped = t % batches * how.batch_size
                # Looks that are due are multiples of their distance.
                upcoming += t - t % how.every
                if t > 0:
                    restore_marks(work, low, high, base, out.state, column)
                    restore(
                        work,
                        ticks,
                        low,
                        high,
                        out.state,
                        column,
                        d,
                        dp,
                        states,
                        first_clock,
                        clocked,
                    )
                    # What is shuffled once, or never, was before the first epoch.
                    if own:
                        fill_own_orders(orders, pick, how.shuffle, seeds, first, 0)
                    else:
                        fill_order(order, how.shuffle, seeds[first // lanes], 0, given)
            for epoch in epochs:
                if own:
                    fill_own_orders(orders, pick, how.shuffle, seeds, first, epoch)
                else:
                    fill_order(order, how.shuffle, seeds[first // lanes], epoch, given)
                used = how.points_used if epoch < how.epochs - 1 else how.last_used
                batch_starts = range(0, used, how.batch_size)
                if kept is not None:
                    batch_starts = range(skipped, used, how.batch_size)
                    skipped = 0
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
                    unseen = zero if looks else never
                    marks = (now, zero, unit, unseen)
                    scale = whole_scale if stop - start == how.batch_size else last_scale
                    ratio = 2.0 / (stop - start)
                    if scheduled is not None:
                        factor_now, shift_now = how.rates[0, t - 1], how.rates[1, t - 1]
                    if ticking is not None:
                        tick_all(
                            work,
                            ticks,
                            low,
                            high,
                            first_clock,
                            eta + 1,
                            clock,
                            read_clock,
                            read_ticked,
                            write_clock,
                            apart,
                        )
                    if one:
                        # The batch but for its last point, which comes with the step.
                        if by_moments:
                            pass
                        elif how.batch_size > 1 or data.l2[0] != zero:
                            if own:
                                own_one(work, low, high, data, orders, start, stop - 1, scale)
                            else:
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
                                square, slope = moments.of_one(
                                    data.x, data.errors, order, start, stop
                                )
                                curvature, rise = real(square * ratio), real(slope * ratio)
                        if own_one_moments is not None:
                            moments.of_own(totals, data.x, data.errors, orders, start, stop)
                        center = data.optimum[0]
                        factor, least = data.factor[0, 0], data.bounds[0]
                        if summing is not None:
                            clear_sums(ticks, total_row, total_row + totals_number)
                        if asking is not None:
                            asked_row, row = total_row + totals_number - 1, base + RESIDUAL
                            if own:
                                own_batch_loss(
                                    work, ticks, low, high, row, asked_row, data, d, orders,
                                    start, stop, parameters,
                                )  # fmt: skip
                            else:
                                batch_loss(
                                    work, ticks, low, high, row, asked_row, data, d, order,
                                    start, stop, parameters,
                                )  # fmt: skip
                        for lane in range(low, high):
                            if own and not by_moments:
                                point = orders[stop - 1, lane - low]
                                x, y = data.x[point, 0], data.y[point]
                                scaled = x * scale
                            old = work[0, lane]
                            tick = read_clock(work, first_clock, 1, lane)
                            if apart is None and summing is None:
                                tick = clock(*(tick + read_ticked(work, eta + 1, 1, lane)))
                                write_clock(work, first_clock, 1, lane, tick)
                            g = work[1, lane] + (old * x - y) * scaled
                            if own_one_moments is not None:
                                curvature = real(totals[0, lane - low] * ratio)
                                rise = real(totals[1, lane - low] * ratio)
                            if one_by_moments is not None:
                                g = curvature * (old - middle) + rise + l2 * old
                            if by_value is not None:
                                g = clipped(g, clip)
                            if by_norm is not None:
                                g = g * shrink(abs(g), clip, slack)
                            rate = work[eta, lane]
                            if scheduled is not None:
                                rate = rate_at(rate, factor_now, shift_now)
                            if summing is not None:
                                held = read_state(work, 2, 1, lane) + tick
                                settings = read_summed(work, eta + 1, 1, lane)
                                entering = terms(old, g, rate, *(held + settings))
                                add_totals(ticks, total_row, lane - low, entering)
                                tick_by_sums(
                                    work,
                                    ticks,
                                    lane,
                                    lane - low,
                                    first_clock,
                                    total_row,
                                    rate,
                                    read_ticked(work, eta + 1, 1, lane),
                                    clock,
                                    read_clock,
                                    write_clock,
                                    read_totals,
                                    apart,
                                )
                                tick = read_clock(work, first_clock, 1, lane)
                            new = update(
                                old,
                                g,
                                rate,
                                *(
                                    read_state(work, 2, 1, lane)
                                    + tick
                                    + read_hyper(work, eta + 1, 1, lane)
                                ),
                            )
                            alive = alive_in(work, base, lane, zero, arrives)
                            mean = work[shown, lane]
                            write_state(work, 2, 1, lane, state(new))
                            if averages is not None:
                                work[shown, lane] = work[shown, lane] if alive else mean
                            moved = weight(new)
                            if boxes is not None:
                                moved = boxed(moved, lowest, highest)
                            work[0, lane] = moved if alive else old
                        # A loop of its own: here everything would wait for the step's root.
                        over = 0
                        for lane in range(low, high):
                            gap = work[shown, lane] - center
                            loss = least + (factor * gap) * (factor * gap)
                            over += diverges(loss, limit)
                            watch(work, base, lane, loss, gap, abs(gap), marks)
                    else:
                        row = base + RESIDUAL
                        single = False
                        if alone is not None:
                            single = stop - start == 1
                        if noisy is not None:
                            spread = how.spread
                            if own:
                                own_noise(work, low, high, dp, data, spread, seeds, first, t, pick)
                            else:
                                seed = seeds[first // lanes]
                                shared_noise(work, low, high, dp, data, spread, seed, t)
                            scale = unit
                        elif not by_moments and not single:
                            passes.clear(work, low, high, dp, 2 * dp)
                        if single:
                            if alone is not None:
                                alone(
                                    work,
                                    low,
                                    high,
                                    dp,
                                    row,
                                    data.x,
                                    data.y,
                                    order[start],
                                    slope_of,
                                    parameters,
                                )
                        elif by_moments:
                            if shared_moments is not None:
                                matrix, vector = own_matrix, own_vector
                                if tabled:
                                    batch = start // how.batch_size
                                    matrix, vector = data.moments[batch], data.slopes[batch]
                                else:
                                    moments.of_batch(
                                        totals, data.x, data.errors, order, start, stop
                                    )
                                    moments.scale(matrix, vector, totals, ratio)
                                middles = data.minimizer
                                tiles.gradient_by_moments(
                                    work, low, high, tile, dp, tiled, matrix, vector, middles
                                )
                            if own_moments is not None:
                                moments.gradients_own(
                                    work,
                                    low,
                                    high,
                                    dp,
                                    data,
                                    orders,
                                    start,
                                    stop,
                                    ratio,
                                    totals,
                                    own_matrix,
                                    own_vector,
                                )
                            scale = unit
                        elif own:
                            own_sums(
                                work,
                                low,
                                high,
                                dp,
                                row,
                                data,
                                orders,
                                start,
                                stop,
                                slope_of,
                                parameters,
                            )
                        elif tiled_sums is not None:
                            tiled_sums(
                                work,
                                low,
                                high,
                                tile,
                                dp,
                                tiled,
                                data,
                                order,
                                start,
                                stop,
                                slope_of,
                                parameters,
                                gathered,
                                starting,
                            )
                        else:
                            shared_sums(
                                work,
                                low,
                                high,
                                dp,
                                row,
                                data,
                                order,
                                start,
                                stop,
                                slope_of,
                                parameters,
                            )
                        if by_value is not None:
                            passes.finish_gradient(work, low, high, dp, data, d, scale)
                            passes.clip_values(work, low, high, dp, d, clip)
                        if by_norm is not None:
                            passes.finish_gradient(work, low, high, dp, data, d, scale)
                            passes.clip_norms(work, low, high, dp, base, d, clip, slack)
                        if some_by_value is not None:
                            passes.finish_gradient(work, low, high, dp, data, d, scale)
                            passes.clip_some_values(work, low, high, dp, d, clip, how.clips)
                        if some_by_norm is not None:
                            passes.finish_gradient(work, low, high, dp, data, d, scale)
                            passes.clip_some_norms(
                                work, low, high, dp, base, d, clip, slack, how.clips
                            )
                        if finishes is not None:
                            passes.finish_gradient(work, low, high, dp, data, d, scale)
                        if summing is not None:
                            clear_sums(ticks, total_row, total_row + totals_number)
                            if asking is not None:
                                asked_row = total_row + totals_number - 1
                                if own:
                                    own_batch_loss(
                                        work, ticks, low, high, row, asked_row, data, d, orders,
                                        start, stop, parameters,
                                    )  # fmt: skip
                                else:
                                    batch_loss(
                                        work, ticks, low, high, row, asked_row, data, d, order,
                                        start, stop, parameters,
                                    )  # fmt: skip
                            for k in range(d):
                                if undecayed is not None:
                                    for lane in range(low, high):
                                        full = hyper[decay, setting + lane - low]
                                        work[eta + decay, lane] = full * how.decays[k]
                                add_terms(
                                    work,
                                    ticks,
                                    low,
                                    high,
                                    k,
                                    dp,
                                    first_clock,
                                    eta,
                                    total_row,
                                    terms,
                                    read_state,
                                    read_clock,
                                    read_summed,
                                    add_totals,
                                    scheduled,
                                    rate_at,
                                    factor_now,
                                    shift_now,
                                )
                            tick_all_by_sums(
                                work,
                                ticks,
                                low,
                                high,
                                first_clock,
                                eta,
                                total_row,
                                clock,
                                read_clock,
                                write_clock,
                                read_totals,
                                read_ticked,
                                apart,
                                scheduled,
                                rate_at,
                                factor_now,
                                shift_now,
                            )
                        for k in range(d):
                            l2 = data.l2[k]
                            gradients, slopes, column = dp + k, nothing, zero
                            if alone is not None and single:
                                gradients, slopes, column = nothing, row, data.x[order[start], k]
                            if undecayed is not None:
                                for lane in range(low, high):
                                    full = hyper[decay, setting + lane - low]
                                    work[eta + decay, lane] = full * how.decays[k]
                            for lane in range(low, high):
                                old = work[k, lane]
                                g = work[gradients, lane]
                                if alone is not None:
                                    g += work[slopes, lane] * column
                                if unclipped is not None:
                                    g = g * scale + l2 * old
                                rate = work[eta, lane]
                                if scheduled is not None:
                                    rate = rate_at(rate, factor_now, shift_now)
                                new = update(
                                    old,
                                    g,
                                    rate,
                                    *(
                                        read_state(work, first_state + k, dp, lane)
                                        + read_clock(work, first_clock, 1, lane)
                                        + read_hyper(work, eta + 1, 1, lane)
                                    ),
                                )
                                alive = alive_in(work, base, lane, zero, arrives)
                                moved = weight(new)
                                if boxes is not None:
                                    moved = boxed(moved, lowest, highest)
                                work[k, lane] = moved if alive else old
                                mean = work[shown + k, lane]
                                write_state(work, first_state + k, dp, lane, state(new))
                                if averages is not None:
                                    work[shown + k, lane] = work[shown + k, lane] if alive else mean
                        records = how.record == 2 or (how.record == 1 and stop == how.points_used)
                        if looks or records:
                            if tiled_loss is not None:
                                tiled_loss(
                                    work,
                                    low,
                                    high,
                                    tile,
                                    dp,
                                    shown,
                                    tiled,
                                    base,
                                    data,
                                    d,
                                    value_of,
                                    parameters,
                                    gathered,
                                    starting,
                                )
                            else:
                                full_loss(
                                    work, low, high, dp, shown, base, data, d, value_of, parameters
                                )
                        passes.squared_distance(work, low, high, shown, base, data, d)
                        over = 0
                        for lane in range(low, high):
                            loss, far = work[base + LOSS, lane], work[base + SQUARE, lane]
                            over += diverges(loss, limit)
                            watch(work, base, lane, loss, work[row, lane], far, marks)
                    # Lanes that have diverged stay so: only a change of their number is news.
                    if looks and (aims or over != known):
                        if one:
                            linear.loss_one(work, low, high, shown, base, data)
                        note_times(work, low, high, base, now, over_at, zero, limit, target)
                        known = over
                    if how.record == 2:
                        if one:
                            linear.loss_one(work, low, high, shown, base, data)
                        keep(work, low, high, shown, base, d, out, first, t - 1)
                    if (
                        arrives is not None
                        and looks
                        and not any_alive(work, low, high, base, zero, arrives)
                    ):
                        break
                if how.record == 1:
                    if one:
                        linear.loss_one(work, low, high, shown, base, data)
                    keep(work, low, high, shown, base, d, out, first, epoch)
                if reacts is not None:
                    if one:
                        linear.loss_one(work, low, high, shown, base, data)
                    elif tiled_loss is not None:
                        tiled_loss(
                            work,
                            low,
                            high,
                            tile,
                            dp,
                            shown,
                            tiled,
                            base,
                            data,
                            d,
                            value_of,
                            parameters,
                            gathered,
                            starting,
                        )
                    else:
                        full_loss(work, low, high, dp, shown, base, data, d, value_of, parameters)
                    react_all(work, memory, low, high, base, eta, how.reaction, zero, unit)
                out.pulse[1] += batches * lanes
                if out.pulse[0] != 0:
                    return
                if not any_alive(work, low, high, base, zero, arrives):
                    break
            if one:
                linear.loss_one(work, low, high, shown, base, data)
            finish(work, low, high, shown, base, d, out, first)
            if kept is not None:
                column = np.uint64(first)
                save_marks(work, low, high, base, out.state, column, taken_back)
                save(
                    work,
                    ticks,
                    low,
                    high,
                    out.state,
                    column,
                    d,
                    dp,
                    states,
                    first_clock,
                    clocked,
                    apart,
                )

    if width is not None:
        # A quotient by zero is no error, as in compiled code.
        return np.errstate(all="ignore")(advance)
    # A rule's name may be anything, a file's may not.
    readable = re.sub(r"\W+", "_", rule.name, flags=re.ASCII)[:40]
    # Numba keeps an index file for each name, which it reads and writes back without a lock: of two
    # processes that compile two kernels of one name, one may find the other's code from then on.
    key = repr((source, loss_passes.kind, one, points, real.__name__, extras))
    which = hashlib.sha256(key.encode()).hexdigest()[:16]
    advance.__name__ = advance.__qualname__ = f"advance_{readable}_{which}"
    made: Callable[..., Any] = compiled(advance)
    return made


@functools.cache
def _engine_digest() -> str:
    """A digest of everything numeric but the rule."""
    return digest(*NUMERIC) + products.SOURCE
