"""The time loop of one trajectory, for devices where a thread has one to itself.

On a CPU a block of trajectories shares the loop (`lanes`), on a GPU every thread runs it alone, its
numbers in registers. Gradients, losses and clipping are the same functions (`passes`) on a block of
one lane, rules and clocks the same too, and every sum has the same order: without contraction of
products and sums the bits are those of `lanes`. Here is nothing but plain Python: `cuda` compiles
it for devices, and any other compiler may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simopt.engine import keeping, layout, linear, matrices, moments, passes, scalars, sums
from simopt.engine.keeping import FLOATS
from simopt.engine.layout import (
    AT_WEIGHT,
    AT_ZERO,
    BEST_AT,
    DIVERGED_AT,
    LOSS,
    OVERSHOOTS,
    RESIDUAL,
    SQUARE,
    TARGET_AT,
    WATCHED,
)
from simopt.engine.passes import Passes
from simopt.engine.scalars import READ, WRITE
from simopt.engine.steps import no_clock
from simopt.ground.inline import inlined
from simopt.rules.matrices import Matrix, MatrixStep
from simopt.rules.rule import WEIGHT_DECAY, Rule
from simopt.training import semantics


class Ends(NamedTuple):
    """Where trajectories end, a column each; a part of `layout.Out`."""

    w: np.ndarray  # [d, trajectories]
    loss: np.ndarray  # [trajectories]
    best_loss: np.ndarray  # [trajectories]
    peak: np.ndarray  # [trajectories]
    counts: np.ndarray  # [COUNTED, trajectories]


class KeptEnds(NamedTuple):
    """`Ends`, and where trajectories stand; a part of `layout.Kept`."""

    w: np.ndarray
    loss: np.ndarray
    best_loss: np.ndarray
    peak: np.ndarray
    counts: np.ndarray
    state: np.ndarray  # [rows of `keeping`, trajectories]
    begun: int


class Program(NamedTuple):
    """A time loop and the room that it works in."""

    #: ``f(data, how, hyper, orders, setting, offset, stride, work, ticks, ends, column)``: a
    #: trajectory with the hyperparameters ``hyper[:, setting]``, to its column of the ends. Where a
    #: user's step of a matrix is made, two arrays follow: `matrices.held_shape`, and its room. In
    #: epoch e the points come in the order ``orders[offset + stride e]`` and so on; of a noisy
    #: quadratic, which has no points, ``orders[offset]`` is the seed of the noise.
    advance: Callable[..., None]
    rows: int  # work [rows, 1], of the trajectory's precision
    clocks: int  # ticks [clocks, 1], float64


def program(
    rule: Rule,
    loss_passes: Passes,
    by_moments: bool,
    real: Any,
    extras: layout.Extras,
    d: int,
    dp: int,
    columns: int = 0,
) -> Program:
    """The time loop for a rule and a loss, in plain Python.

    Parameters
    ----------
    rule : Rule
        Whose update and clock to put in.
    loss_passes : Passes
        How the loss and its gradient are computed.
    by_moments : bool
        Whether a batch enters by its moments.
    real : type
        numpy.float64 or numpy.float32.
    extras : Extras
        Whether the rate is scheduled, the gradient clipped, the weight kept in a box, whether a
        trajectory ends at the target, and whether it goes on from another; then ``ends`` are
        `KeptEnds`.
    d, dp : int
        Weights, without and with padding: constants of the code, so that a compiler can unroll the
        loops over them. 1 and 1 for least squares: then update, loss and watch need no loop.
    columns
        Of a network or a function: how many columns a point has.

    Returns
    -------
    Program
    """
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    starts, clock_starts = layout.starts(rule), layout.clock_starts(rule)
    terms: Any = None if rule.terms is None else inlined(rule.terms)
    totals_number = len(rule.totals)
    read_summed, read_totals = READ[rule.terms_hyperparameters], READ[totals_number]
    asking = True if rule.asks_loss else None
    add_totals = scalars.ADD[max(0, len(rule.summed) - 1)]
    batch_loss = loss_passes.batch_loss
    clear_sums, tick_by_sums = sums.clear_sums, sums.tick_by_sums
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[rule.clock_hyperparameters]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    first_state = 2 * dp
    first_clock = (2 + states) * dp
    shown = 0 if rule.average is None else first_state + rule.state.index(rule.average) * dp
    base = first_clock + clocked
    more = loss_passes.rows(d, columns)
    rows = base + (WATCHED + more if more else SQUARE + 1)
    row = base + RESIDUAL
    turning: Any = None
    enters: Any = None
    turn: Any = None
    within: Any = None
    units, inside, turned, turned_by, enter = 0, 0, rows, 0, matrices.enter
    stepping: Any = None
    step_matrix: Any = None
    read_taken = READ[rule.matrix_hyperparameters]
    if rule.matrix is not None and loss_passes.units is not None:
        turning, units = True, loss_passes.units(d, columns)
        inside = units * columns
    if turning and isinstance(rule.matrix, MatrixStep):
        stepping, step_matrix = True, matrices.step_of(rule, real)
        within = matrices.arrival(states)
    elif turning and isinstance(rule.matrix, Matrix):
        enters, turn, within = map(inlined, rule.matrix.functions[:3])
        turned_by = rule.hyperparameters.index(rule.matrix.setting)
        # The hyperparameters of a thread, in rows.
        rows += hypers + rule.matrix.room(units, columns)
    zero, unit, never, unset = real(0), real(1), real(np.inf), real(-1)
    multiple = real(loss_passes.factor)
    # None or True: of a test for None only one branch is compiled.
    started = True if any(rule.sources) else None
    clock_started = True if any(rule.clock_sources) else None
    summing = None if terms is None else True
    ticking = True if clocked and not summing else None
    scheduled = True if extras.scheduled else None
    boxes = True if extras.boxed else None
    some = extras.unclipped
    by_norm = True if extras.clips == "norm" and not some else None
    by_value = True if extras.clips == "value" and not some else None
    some_by_norm = True if extras.clips == "norm" and some else None
    some_by_value = True if extras.clips == "value" and some else None
    unclipped = None if extras.clips or summing or turning else True
    finishes = True if (summing or turning) and not extras.clips else None
    alone = True if loss_passes.one else None
    in_moments = True if by_moments else None
    clipped, shrink, boxed = semantics.clipped, semantics.shrink, semantics.boxed
    looks_at, rate_at = semantics.looks_at, semantics.rate_at
    gradient, full_loss, read_parameters = loss_passes.gradient, loss_passes.loss, loss_passes.read
    slope_of, value_of = loss_passes.slope, loss_passes.value
    noisy = True if loss_passes.noisy else None
    arrives = True if extras.arrives else None
    reacts = True if extras.reacts else None
    kept = True if extras.kept else None
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    # A thread's own hyperparameters, where they change from weight to weight.
    own = rows
    rows += hypers if extras.undecayed else 0
    apart = True
    restore, save = keeping.restore, keeping.save

    def advance(
        data, how, hyper, orders, setting, offset, stride, work, ticks, ends, column, copies=None,
        room=None,
    ):  # fmt: skip
        for k in range(dp):
            work[k, 0] = data.w0[k]
        for k in range(dp, rows):
            work[k, 0] = zero
        total_row = clocked + 1
        for c in range(clocked + 1):
            ticks[c, 0] = 0.0
        if started is not None:
            for s in range(states):
                for k in range(dp):
                    if starts[s] == AT_WEIGHT:
                        work[first_state + s * dp + k, 0] = data.w0[k]
                    elif starts[s] != AT_ZERO:
                        work[first_state + s * dp + k, 0] = hyper[starts[s], setting]
        if clock_started is not None:
            for c in range(clocked):
                if clock_starts[c] != AT_ZERO:
                    ticks[c, 0] = work[first_clock + c, 0] = hyper[clock_starts[c], setting]
        whole_scale = multiple / real(how.batch_size)
        last_scale = multiple / real(max(1, how.points_used % how.batch_size))
        limit, target = data.bounds[1], data.bounds[2]
        parameters = read_parameters(data.parameters, 0, 1, 0)
        eta, others = hyper[0, setting], read_hyper(hyper, 1, 1, setting)
        if undecayed is not None:
            for h in range(hypers):
                work[own + h, 0] = hyper[1 + h, setting]
            work[own + decay - 1, 0] *= how.decays[0]
            others = read_hyper(work, own, 1, 0)
        loss, best, peak = zero, never, unset
        side = semantics.side_of(work[0, 0] - data.optimum[0], zero, zero, unit)
        best_at, target_at, diverged_at, overshoots = 0, 0, 0, 0
        if reacts is not None:
            lowest, waited, resting = never, zero, zero
            least = semantics.least_rate(eta, how.reaction)
        t = 0
        until_look = how.every
        if kept is not None:
            t = ends.begun
            batches = -(-how.points_used // how.batch_size)
            begin, skipped = t // batches, t % batches * how.batch_size
            until_look -= t % how.every
            noted_best, noted_at, taken_back = best, 0, 0
            if t > 0:
                saved = ends.state
                restore(work, ticks, 0, 1, saved, column, d, dp, states, first_clock, clocked)
                loss, best = real(saved[0, column]), real(saved[1, column])
                side, peak = real(saved[2, column]), real(saved[3, column])
                best_at = int(saved[FLOATS + BEST_AT, column])
                target_at = int(saved[FLOATS + TARGET_AT, column])
                diverged_at = int(saved[FLOATS + DIVERGED_AT, column])
                overshoots = int(saved[FLOATS + OVERSHOOTS, column])
                if diverged_at != 0 or (arrives is not None and target_at != 0):
                    begin = how.epochs
        for epoch in range(how.epochs):
            if kept is not None and epoch < begin:
                continue
            first = offset + stride * epoch
            used = how.points_used if epoch < how.epochs - 1 else how.last_used
            for batch, start in enumerate(range(0, used, how.batch_size)):
                if kept is not None and epoch == begin and start < skipped:
                    continue
                stop = min(start + how.batch_size, used)
                t += 1
                until_look -= 1
                # Counted down, and the sum folds away: the time of the next look is then no number
                # that a thread has to keep in registers all along.
                looks = looks_at(t, t + until_look, how.updates)
                if looks:
                    if kept is not None and until_look != 0:
                        noted_best, noted_at, taken_back = best, best_at, t
                    until_look = how.every
                scale = whole_scale if stop - start == how.batch_size else last_scale
                rate = eta
                if scheduled is not None:
                    rate = rate_at(eta, how.rates[0, t - 1], how.rates[1, t - 1])
                if ticking is not None:
                    ticked = read_ticked(hyper, 1, 1, setting)
                    tick = clock(*(read_clock(ticks, 0, 1, 0) + ticked))
                    write_clock(ticks, 0, 1, 0, tick)
                    write_clock(work, first_clock, 1, 0, tick)
                if alone is not None:
                    # The batch but for its last point.
                    if by_moments:
                        pass
                    elif how.batch_size > 1 or data.l2[0] != zero:
                        linear.gradient_one(
                            work, 0, 1, data, orders, first + start, first + stop - 1, scale
                        )
                    point = orders[first + stop - 1]
                    x, y = data.x[point, 0], data.y[point]
                    old = work[0, 0]
                    g = work[1, 0] + (old * x - y) * (x * scale)
                    if in_moments is not None:
                        if how.shuffle == 0:
                            curvature, rise = data.moments[batch, 0, 0], data.slopes[batch, 0]
                        else:
                            square, slope = moments.of_one(
                                data.x, data.errors, orders, first + start, first + stop
                            )
                            ratio = 2.0 / (stop - start)
                            curvature, rise = real(square * ratio), real(slope * ratio)
                        g = curvature * (old - data.minimizer[0]) + rise + data.l2[0] * old
                    if by_value is not None:
                        g = clipped(g, how.clip)
                    if by_norm is not None:
                        g = g * shrink(abs(g), how.clip, how.slack)
                    if summing is not None:
                        clear_sums(ticks, total_row, total_row + totals_number)
                        if asking is not None:
                            batch_loss(
                                work, ticks, 0, 1, base + RESIDUAL, total_row + totals_number - 1,
                                data, d, orders, first + start, first + stop, parameters,
                            )  # fmt: skip
                        held = read_state(work, 2, 1, 0) + read_clock(work, first_clock, 1, 0)
                        summed = read_summed(hyper, 1, 1, setting)
                        if undecayed is not None:
                            summed = read_summed(work, own, 1, 0)
                        entering = terms(old, g, rate, *(held + summed))
                        add_totals(ticks, total_row, 0, entering)
                        tick_by_sums(
                            work,
                            ticks,
                            0,
                            0,
                            first_clock,
                            total_row,
                            rate,
                            read_ticked(hyper, 1, 1, setting),
                            clock,
                            read_clock,
                            write_clock,
                            read_totals,
                            apart,
                        )
                    settings = read_clock(work, first_clock, 1, 0) + others
                    new = update(old, g, rate, *(read_state(work, 2, 1, 0) + settings))
                    moved = weight(new)
                    if boxes is not None:
                        moved = boxed(moved, how.box[0], how.box[1])
                    work[0, 0] = moved
                    write_state(work, 2, 1, 0, state(new))
                    gap = work[shown, 0] - data.optimum[0]
                    far = abs(gap)
                    if looks:
                        linear.loss_one(work, 0, 1, shown, base, data)
                        loss = work[base + LOSS, 0]
                else:
                    if noisy is not None:
                        seed = int(orders[offset])
                        passes.gradient_noise(work, 0, 1, dp, data, how.spread, seed, t)
                        scale = unit
                    elif in_moments is None:
                        passes.clear(work, 0, 1, dp, 2 * dp)
                    if in_moments is not None:
                        # A row of the table for every order of the points.
                        of_order = first // data.x.shape[0] * -(-how.points_used // how.batch_size)
                        matrix = data.moments[of_order + batch]
                        vector = data.slopes[of_order + batch]
                        moments.gradient(work, 0, 1, dp, matrix, vector, data.minimizer)
                        scale = unit
                    else:
                        gradient(
                            work,
                            0,
                            1,
                            dp,
                            row,
                            data,
                            orders,
                            first + start,
                            first + stop,
                            slope_of,
                            parameters,
                        )
                    if by_value is not None:
                        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
                        passes.clip_values(work, 0, 1, dp, d, how.clip)
                    if by_norm is not None:
                        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
                        passes.clip_norms(work, 0, 1, dp, base, d, how.clip, how.slack)
                    if some_by_value is not None:
                        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
                        passes.clip_some_values(work, 0, 1, dp, d, how.clip, how.clips)
                    if some_by_norm is not None:
                        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
                        passes.clip_some_norms(
                            work, 0, 1, dp, base, d, how.clip, how.slack, how.clips
                        )
                    if finishes is not None:
                        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
                    if summing is not None:
                        clear_sums(ticks, total_row, total_row + totals_number)
                        if asking is not None:
                            batch_loss(
                                work, ticks, 0, 1, row, total_row + totals_number - 1,
                                data, d, orders, first + start, first + stop, parameters,
                            )  # fmt: skip
                        summed = read_summed(hyper, 1, 1, setting)
                        for k in range(d):
                            if undecayed is not None:
                                work[own + decay - 1, 0] = hyper[decay, setting] * how.decays[k]
                                summed = read_summed(work, own, 1, 0)
                            held = read_state(work, first_state + k, dp, 0)
                            held = held + read_clock(work, first_clock, 1, 0)
                            entering = terms(work[k, 0], work[dp + k, 0], rate, *(held + summed))
                            add_totals(ticks, total_row, 0, entering)
                        tick_by_sums(
                            work,
                            ticks,
                            0,
                            0,
                            first_clock,
                            total_row,
                            rate,
                            read_ticked(hyper, 1, 1, setting),
                            clock,
                            read_clock,
                            write_clock,
                            read_totals,
                            apart,
                        )
                    settings = read_clock(work, first_clock, 1, 0) + others
                    if stepping is not None:
                        taken = read_taken(hyper, 1, 1, setting)
                        if undecayed is not None:
                            work[own + decay - 1, 0] = hyper[decay, setting] * how.decays[0]
                            taken = read_taken(work, own, 1, 0)
                        scalars = read_clock(work, first_clock, 1, 0) + taken
                        step_matrix(work, 0, dp, units, columns, rate, scalars, copies, room)
                    elif turning is not None:
                        for h in range(hypers):
                            work[turned + h, 0] = hyper[1 + h, setting]
                        enter(
                            work, 0, 1, inside, dp, first_clock, turned, enters, read_state,
                            write_state, read_clock, read_hyper,
                        )  # fmt: skip
                        by = turned + turned_by - 1
                        turn(work, 0, 1, dp, units, columns, by, turned + hypers)
                    for k in range(d):
                        old = work[k, 0]
                        g = work[dp + k, 0]
                        if undecayed is not None:
                            work[own + decay - 1, 0] = hyper[decay, setting] * how.decays[k]
                            settings = read_clock(work, first_clock, 1, 0) + read_hyper(
                                work, own, 1, 0
                            )
                        if unclipped is not None:
                            g = g * scale + data.l2[k] * old
                        held = read_state(work, first_state + k, dp, 0) + settings
                        if turning is None:
                            new = update(old, g, rate, *held)
                        elif k < inside:
                            new = within(old, g, rate, *held)
                        else:
                            new = update(old, g, rate, *held)
                        moved = weight(new)
                        if boxes is not None:
                            moved = boxed(moved, how.box[0], how.box[1])
                        work[k, 0] = moved
                        write_state(work, first_state + k, dp, 0, state(new))
                    if looks:
                        full_loss(work, 0, 1, dp, shown, base, data, d, value_of, parameters)
                        loss = work[base + LOSS, 0]
                    passes.squared_distance(work, 0, 1, shown, base, data, d)
                    passes.first_gap(work, 0, 1, shown, base, data)
                    gap, far = work[row, 0], work[base + SQUARE, 0]
                if semantics.crosses(gap, side, zero):
                    overshoots += 1
                side = semantics.side_of(gap, side, zero, unit)
                peak = semantics.farthest(far, peak)
                if looks:
                    if semantics.improves(loss, best):
                        best, best_at = loss, t
                    if target_at == 0 and semantics.arrives(loss, target):
                        target_at = t
                    if how.stops and semantics.diverges(loss, limit):
                        diverged_at = t
                        break
                    if arrives is not None and target_at != 0:
                        break
            if diverged_at != 0 or (arrives is not None and target_at != 0):
                break
            if reacts is not None:
                if alone is not None:
                    linear.loss_one(work, 0, 1, shown, base, data)
                else:
                    full_loss(work, 0, 1, dp, shown, base, data, d, value_of, parameters)
                lowest, waited, resting, eta = semantics.reacted(
                    work[base + LOSS, 0], lowest, waited, resting, eta, least, how.reaction, zero,
                    unit,
                )  # fmt: skip
        for k in range(d):
            ends.w[k, column] = work[shown + k, 0]
        ends.loss[column] = loss
        ends.best_loss[column] = best
        ends.peak[column] = peak
        ends.counts[BEST_AT, column] = best_at
        ends.counts[TARGET_AT, column] = target_at
        ends.counts[DIVERGED_AT, column] = diverged_at
        ends.counts[OVERSHOOTS, column] = overshoots
        if kept is not None:
            if taken_back != 0:
                best, best_at = noted_best, noted_at
                target_at = 0 if target_at == taken_back else target_at
                diverged_at = 0 if diverged_at == taken_back else diverged_at
            saved = ends.state
            save(work, ticks, 0, 1, saved, column, d, dp, states, first_clock, clocked, apart)
            saved[0, column], saved[1, column] = loss, best
            saved[2, column], saved[3, column] = side, peak
            saved[FLOATS + BEST_AT, column] = best_at
            saved[FLOATS + TARGET_AT, column] = target_at
            saved[FLOATS + DIVERGED_AT, column] = diverged_at
            saved[FLOATS + OVERSHOOTS, column] = overshoots

    return Program(inlined(advance), rows, clocked + 1 + totals_number)
