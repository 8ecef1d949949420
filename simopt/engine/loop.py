"""The one loop over time on CPUs: a block of trajectories through all its updates.

What the loss and the plan ask for is part of it; what a rule does comes as its `steps.Steps`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import config

from simopt.engine import (
    beginning,
    keeping,
    layout,
    linear,
    matrices,
    moments,
    one_weight,
    orders,
    own_points,
    passes,
    rows,
    scalars,
    several_weights,
    sums,
    tiles,
    watching,
)
from simopt.engine.addresses import with_columns
from simopt.engine.beginning import begin
from simopt.engine.keeping import note_best, restore, restore_marks, save_ended, save_marks
from simopt.engine.layout import RESIDUAL
from simopt.engine.orders import fill_order, fill_own_orders
from simopt.engine.passes import Passes
from simopt.engine.rows import Batch, Block, Call, rows_of
from simopt.engine.steps import Shape, Steps
from simopt.engine.sums_of_points import CALLS, Losses, Points
from simopt.engine.watching import any_alive, finish, keep, note_times, react_all
from simopt.engine.workroom import Workroom, workrooms
from simopt.ground.compiling import code_digest
from simopt.ground.inline import inlined, taken_in
from simopt.training import semantics

NUMERIC: tuple[Callable[..., Any], ...] = (
    *watching.NUMERIC,
    *rows.NUMERIC,
    *beginning.NUMERIC,
    *orders.NUMERIC,
    *scalars.NUMERIC,
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
) -> tuple[Callable[..., None], Callable[..., Workroom]]:
    """The loop for a loss and a plan's extras, in blocks of so many lanes, and what makes its room.

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
    advance : callable
        ``f(shape, losses, starts, data, how, hyper, seeds, given, out, width, room)`` with a rule's
        `steps.Shape`, a loss's `sums_of_points.Losses` (None where the loop has it in), and where
        the rule's state and its clock start (`layout.starts`, `layout.clock_starts`). It makes no
        arrays.
    rooms : callable
        ``f(shape, losses, data, how, out, width)``: the room.
    """
    plain = plain or bool(config.DISABLE_JIT)  # type: ignore[attr-defined]
    bits = layout.bits(real, lanes)
    # Without compilation lanes begin anywhere.
    row_length = None if plain else lanes + layout.spare(real)
    apart = True if real is np.float32 else None
    zero, unit = real(0), real(1)
    # As wide as what is counted: else single precision would be packed by half vectors.
    count: Any = np.int32 if real is np.float32 and not plain else int
    one, whole_factor = loss_passes.one, real(loss_passes.factor)
    # Whether the loop calls the loss, as it does the steps, by its address.
    told = True if steps is None and not one else None
    if told:
        losses_in = CALLS
    full_loss, asked_loss = losses_in.loss, losses_in.batch_loss
    if one:
        held_of, update = one_weight.updating(points, real, steps, count)
    else:
        held_of, update = several_weights.updating(
            loss_passes, points, real, extras, lanes, steps, losses_in, count
        )
    taken_in(update)
    # None or True: of a test for None only one branch is compiled. In a loop with its rule all its
    # numbers are constants, and so are the rows of one weight.
    fixed = None if steps is None else steps.shape
    asking = True if asks else None
    # A loop apart serves plans with a schedule and without, with any clipping, with any ending.
    scheduled = True if extras.scheduled or steps is None else None
    arrives = True if extras.arrives or steps is None else None
    reacts = True if extras.reacts else None
    kept = True if extras.kept else None
    undecayed = True if extras.undecayed else None
    own = points.startswith("own")
    tiled_rows, more_rows = loss_passes.tiled_rows, loss_passes.rows
    looks_at = semantics.looks_at

    def advance(shape, losses, starts, data, how, hyper, seeds, given, out, width, room):
        source  # noqa: B018
        if fixed is not None:
            shape = fixed
        d, dp = data.optimum.shape[0], 1 if one else data.w0.shape[0]
        if told is not None:
            rows = rows_of(shape, dp, losses.more_rows, losses.tiled_rows)
            multiple = real(losses.factor)
        else:
            columns = data.x.shape[1]
            more = more_rows(d, columns)
            rows = rows_of(shape, dp, more, 1 if one else tiled_rows(dp, columns))
            multiple = whole_factor
        begun = 0
        if kept is not None:
            begun = out.begun
        spared = data.l2
        if undecayed is not None:
            spared = how.decays
        work, ticks, low = room.work, room.ticks, room.low
        if row_length is not None:
            work, ticks = with_columns(work, row_length), with_columns(ticks, lanes)
        if one:
            width = lanes
            high = low + np.uint64(lanes)
        else:
            high = low + (np.uint64(width) >> bits << bits)
        gathered, starting, pick, held = room.gathered, room.starting, room.pick, room.held
        shared, of_lanes, places, memory = room.shared, room.of_lanes, room.places, room.memory
        call = Call(
            work, ticks, gathered, starting, pick, data, how, hyper, seeds, spared, shape, losses,
            begun,
        )  # fmt: skip
        # Read once, here: of a tuple compiled code reads all where it reads one.
        batch_size, points_used, last_used = how.batch_size, how.points_used, how.last_used
        shuffle, record, stops, all_epochs = how.shuffle, how.record, how.stops, how.epochs
        every, updates, rates, reaction = how.every, how.updates, how.rates, how.reaction
        dp, base, eta, clock, shown = rows.dp, rows.base, rows.eta, rows.clock, rows.shown
        pulse, recorded_loss, recorded_w = out.pulse, out.recorded_loss, out.recorded_w
        limit, target = data.bounds[1], data.bounds[2]
        trajectories, settings = out.loss.shape[0], hyper.shape[1]
        clocked, totals, states = shape.clocked, shape.totals, shape.states
        order = shared[0]
        refills = shared.shape[0] == 1 and shuffle > 1 and all_epochs > 1
        ordered, summed_to = 0, 0
        batches = -(-points_used // batch_size)
        whole_scale = multiple / real(batch_size)
        last_scale = multiple / real(max(1, points_used % batch_size))
        aims = target > -np.inf
        ends_at_target = arrives is not None and shape.arrives
        factor, change = unit, zero
        for first in range(0, trajectories, width):
            number, setting = first // width, np.uint64(first % settings)
            block = Block(low, high, number, first, setting)
            begin(call, rows, block, starts, memory, reacts, undecayed, zero, unit)
            if not own and first > 0 and seeds[number] != seeds[number - 1]:
                ordered, summed_to = 0, 0
            t = 0
            upcoming = every
            known = count(0)
            epochs = range(all_epochs)
            if kept is not None:
                column = np.uint64(first)
                t, taken_back = begun, 0
                epochs = range(t // batches, all_epochs)
                skipped = t % batches * batch_size
                # Looks that are due are multiples of their distance.
                upcoming += t - t % every
                if t > 0:
                    restore_marks(work, low, high, base, out.state, column)
                    restore(
                        work, ticks, low, high, out.state, column, d, dp, states, clock, clocked
                    )  # fmt: skip
                    # What is shuffled once, or never, was before the first epoch.
                    if own:
                        fill_own_orders(of_lanes, pick, shuffle, seeds, first, 0)
                    else:
                        fill_order(shared[0], places, shuffle, seeds[number], 0, given)
            for epoch in epochs:
                if own:
                    fill_own_orders(of_lanes, pick, shuffle, seeds, first, epoch)
                else:
                    order = shared[epoch if shared.shape[0] > 1 else 0]
                    if epoch >= ordered or refills:
                        fill_order(order, places, shuffle, seeds[number], epoch, given)
                        ordered = epoch + 1
                visited = of_lanes if own else order
                used = points_used if epoch < all_epochs - 1 else last_used
                batch_starts = range(0, used, batch_size)
                if kept is not None:
                    batch_starts = range(skipped, used, batch_size)
                    skipped = 0
                fresh = True
                for start in batch_starts:
                    stop = min(start + batch_size, points_used)
                    t += 1
                    now = real(t)
                    looks = looks_at(t, upcoming, updates)
                    if looks:
                        if kept is not None and t != upcoming:
                            note_best(work, low, high, base, out.state, column)
                            taken_back = t
                        upcoming = t + every
                    over_at = now if looks and stops else zero
                    scale = whole_scale if stop - start == batch_size else last_scale
                    if scheduled is not None and shape.scheduled:
                        factor, change = rates[0, t - 1], rates[1, t - 1]
                    batch = Batch(
                        start, stop, used, scale, 2.0 / (stop - start), t, looks, factor, change
                    )  # fmt: skip
                    if asking is not None:
                        asked_loss(
                            losses, work, ticks, low, high, base + RESIDUAL, clocked + totals, data,
                            d, visited, start, stop,
                        )  # fmt: skip
                    over, summed_to, fresh = update(
                        call, held, visited, rows, block, batch, summed_to, fresh
                    )  # fmt: skip
                    # Lanes that have diverged stay so: only a change of their number is news.
                    notes = looks and (aims or over != known)
                    if one and (notes or record == 2):
                        linear.loss_one(work, low, high, shown, base, data)
                    if notes:
                        note_times(work, low, high, base, now, over_at, zero, limit, target)
                        known = over
                        if kept is not None:
                            save_ended(call, rows, block, out.state, apart, now, ends_at_target)
                    if record == 2:
                        keep(
                            work, low, high, shown, base, d, recorded_loss, recorded_w, first, t - 1
                        )  # fmt: skip
                    ends = ends_at_target and looks
                    if ends and not any_alive(work, low, high, base, zero, True):
                        break
                if one and (record == 1 or reacts is not None):
                    linear.loss_one(work, low, high, shown, base, data)
                if record == 1:
                    keep(work, low, high, shown, base, d, recorded_loss, recorded_w, first, epoch)
                if reacts is not None:
                    if not one:
                        full_loss(
                            losses, work, gathered, starting, low, high, dp, shown, base,
                            rows.tiled, data, d,
                        )  # fmt: skip
                    react_all(work, memory, low, high, base, eta, reaction, zero, unit)
                pulse[1] += batches * width
                if pulse[0] != 0:
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
                save_marks(work, low, high, base, out.state, column, taken_back)
                save_ended(call, rows, block, out.state, apart, zero, ends_at_target)

    rooms = workrooms(loss_passes, points, real, extras, lanes, steps, held_of, plain)
    return advance, rooms


def called(
    advance: Callable[..., None],
    rooms: Callable[..., Workroom],
    shape: Shape,
    losses: Losses | None,
    starts: Any,
    data: layout.Data,
    how: Any,
    hyper: Any,
    seeds: Any,
    given: Any,
    out: Any,
    width: int,
) -> None:
    """Call what `made` returns."""
    room = rooms(shape, losses, data, how, out, width)
    advance(shape, losses, starts, data, how, hyper, seeds, given, out, width, room)


#: Changes with the loop, of which the digests of what it calls say nothing.
SOURCE = code_digest(made) + one_weight.SOURCE + several_weights.SOURCE
