"""The loop over time of one trajectory, made for a rule, a loss and what a plan asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simopt.engine import layout, linear
from simopt.engine.layout import LOSS
from simopt.engine.passes import Passes
from simopt.engine.per_thread import ends as results
from simopt.engine.per_thread import one_weight, several_weights
from simopt.engine.per_thread.beginning import beginning
from simopt.engine.per_thread.rows import Batch, Call, Rows, rows_of
from simopt.engine.scalars import READ, WRITE
from simopt.engine.steps import no_clock
from simopt.ground.inline import inlined
from simopt.rules.rule import Rule
from simopt.training import semantics


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
    rows = rows_of(rule, loss_passes, extras, d, dp, columns)
    begin = beginning(rule, real, extras, rows)
    restored, keep = results.standing(rule, real, rows, d)
    write = results.write
    tick = _ticking(rule, rows)
    look = _looking(loss_passes, rows, d)
    update: Any
    if loss_passes.one:
        update = one_weight.updating(rule, loss_passes, by_moments, real, extras, rows)
    else:
        update = several_weights.updating(
            rule, loss_passes, by_moments, real, extras, rows, d, columns
        )
    zero, unit, never, unset = real(0), real(1), real(np.inf), real(-1)
    multiple = real(loss_passes.factor)
    hypers = len(rule.hyperparameters) - 1
    read_hyper, read_parameters, own, shown = READ[hypers], loss_passes.read, rows.own, rows.shown
    looks_at, rate_at = semantics.looks_at, semantics.rate_at
    # None or True: of a test for None only one branch is compiled.
    scheduled = True if extras.scheduled else None
    arrives = True if extras.arrives else None
    reacts = True if extras.reacts else None
    kept = True if extras.kept else None
    undecayed = True if extras.undecayed else None

    def advance(
        data, how, hyper, orders, setting, offset, stride, work, ticks, ends, column, copies=None,
        room=None,
    ):  # fmt: skip
        parameters = read_parameters(data.parameters, 0, 1, 0)
        call = Call(work, ticks, data, how, hyper, setting, orders, parameters, copies, room)
        begin(call)
        whole_scale = multiple / real(how.batch_size)
        last_scale = multiple / real(max(1, how.points_used % how.batch_size))
        limit, target = data.bounds[1], data.bounds[2]
        eta, others = hyper[0, setting], read_hyper(hyper, 1, 1, setting)
        if undecayed is not None:
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
            first_epoch, skipped = t // batches, t % batches * how.batch_size
            until_look -= t % how.every
            noted_best, noted_at, taken_back = best, 0, 0
            if t > 0:
                marks = restored(work, ticks, ends.state, column)
                loss, best, side, peak = marks.loss, marks.best, marks.side, marks.peak
                best_at, target_at = marks.best_at, marks.target_at
                diverged_at, overshoots = marks.diverged_at, marks.overshoots
                if diverged_at != 0 or (arrives is not None and target_at != 0):
                    first_epoch = how.epochs
        for epoch in range(how.epochs):
            if kept is not None and epoch < first_epoch:
                continue
            first = offset + stride * epoch
            used = how.points_used if epoch < how.epochs - 1 else how.last_used
            for number, start in enumerate(range(0, used, how.batch_size)):
                if kept is not None and epoch == first_epoch and start < skipped:
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
                if tick is not None:
                    tick(call)
                batch = Batch(first + start, first + stop, scale, number, first, offset, t)
                gap, far = update(call, batch, rate, others)
                if semantics.crosses(gap, side, zero):
                    overshoots += 1
                side = semantics.side_of(gap, side, zero, unit)
                peak = semantics.farthest(far, peak)
                if looks:
                    loss = look(call)
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
                lowest, waited, resting, eta = semantics.reacted(
                    look(call), lowest, waited, resting, eta, least,
                    how.reaction, zero, unit,
                )  # fmt: skip
        marks = results.Marks(loss, best, side, peak, best_at, target_at, diverged_at, overshoots)
        write(ends, column, work, shown, d, marks)
        if kept is not None:
            if taken_back != 0:
                best, best_at = noted_best, noted_at
                target_at = 0 if target_at == taken_back else target_at
                diverged_at = 0 if diverged_at == taken_back else diverged_at
            marks = results.Marks(
                loss, best, side, peak, best_at, target_at, diverged_at, overshoots
            )
            keep(work, ticks, ends.state, column, marks)

    return Program(inlined(advance), rows.used, len(rule.clock_values) + 1 + len(rule.totals))


def _ticking(rule: Rule, rows: Rows) -> Callable[..., None] | None:
    """What lets a clock without sums tick; None where there is no such clock."""
    if rule.terms is not None or not rule.clock_values:
        return None
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    clocked = len(rule.clock_values)
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_ticked, first_clock = READ[rule.clock_hyperparameters], rows.clock

    def tick(call):
        ticks, settings = call.ticks, read_ticked(call.hyper, 1, 1, call.setting)
        ticked = clock(*(read_clock(ticks, 0, 1, 0) + settings))
        write_clock(ticks, 0, 1, 0, ticked)
        write_clock(call.work, first_clock, 1, 0, ticked)

    return tick


def _looking(loss_passes: Passes, rows: Rows, d: int) -> Callable[..., Any]:
    """The loss over all points, ``f(call)``."""
    full_loss, value_of = loss_passes.loss, loss_passes.value
    alone = True if loss_passes.one else None
    dp, base, shown = rows.dp, rows.base, rows.shown

    def look(call):
        work, data = call.work, call.data
        if alone is not None:
            linear.loss_one(work, 0, 1, shown, base, data)
        else:
            full_loss(work, 0, 1, dp, shown, base, data, d, value_of, call.parameters)
        return work[base + LOSS, 0]

    return look
