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
from simopt.engine.beginning import begin
from simopt.engine.layout import RESIDUAL
from simopt.engine.orders import epochs_held, fill_order, fill_own_orders
from simopt.engine.passes import Passes
from simopt.engine.rows import Batch, Block, Call, rows_of
from simopt.engine.steps import Steps
from simopt.engine.sums_of_points import CALLS, Points
from simopt.engine.watching import any_alive, finish, keep, note_times, react_all
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
        room, update = one_weight.updating(loss_passes, points, real, steps, count)
    else:
        room, update = several_weights.updating(
            loss_passes, points, real, extras, lanes, steps, losses_in, count
        )
    taken_in(room, update)
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
    units_of: Any = loss_passes.units
    rows_of_matrix: Any = None if steps is None else steps.rows
    looks_at = semantics.looks_at

    def advance(shape, losses, starts, data, how, hyper, seeds, given, out, width):
        source  # noqa: B018
        if fixed is not None:
            shape = fixed
        n, d, columns = data.x.shape[0], data.optimum.shape[0], data.x.shape[1]
        dp = 1 if one else data.w0.shape[0]
        if told is not None:
            rows = rows_of(shape, dp, losses.more_rows, losses.tiled_rows)
            multiple = real(losses.factor)
        else:
            more = more_rows(d, columns)
            rows = rows_of(shape, dp, more, 1 if one else tiled_rows(dp, columns))
            multiple = whole_factor
        height = rows.turned
        if rows_of_matrix is not None:
            height += rows_of_matrix(units_of(d, columns), columns)
        base, shown = rows.base, rows.shown
        begun = 0
        if kept is not None:
            begun = out.begun
        spared = data.l2
        if undecayed is not None:
            spared = how.decays
        work: Any = np.empty((height, lanes + spare), real)
        gathered = np.zeros((0 if one else tiles.POINTS, dp), real)
        starting: Any = np.zeros(0 if one else tiles.POINTS, real)
        # Unsigned: an index that may be negative counts from the end, and such loops aren't packed.
        low = np.uint64((-np.int64(work.ctypes.data) & unaligned) >> shift)
        if one:
            width = lanes
            high = low + np.uint64(lanes)
        else:
            high = low + (np.uint64(width) >> bits << bits)
        asked_row = shape.clocked + shape.totals
        ticks = np.empty((asked_row + 1, lanes), np.float64)
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
        held = room(data, how, width, begun, follow)
        call = Call(
            work, ticks, gathered, starting, pick, data, how, hyper, seeds, spared, shape, losses,
            begun,
        )  # fmt: skip
        batches = -(-how.points_used // how.batch_size)
        whole_scale = multiple / real(how.batch_size)
        last_scale = multiple / real(max(1, how.points_used % how.batch_size))
        limit, target = data.bounds[1], data.bounds[2]
        aims = target > -np.inf
        ends_at_target = arrives is not None and shape.arrives
        factor, change = unit, zero
        # Best loss, epochs without improvement, epochs to rest, least rate.
        memory: Any = np.empty((0 if reacts is None else 4, lanes), real)
        for first in range(0, out.loss.shape[0], width):
            number, setting = first // width, np.uint64(first % hyper.shape[1])
            block = Block(low, high, number, first, setting)
            begin(call, rows, block, starts, memory, reacts, undecayed, zero, unit)
            if not own and first > 0 and seeds[number] != seeds[number - 1]:
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
                    keeping.restore_marks(work, low, high, base, out.state, column)
                    keeping.restore(
                        work, ticks, low, high, out.state, column, d, dp, shape.states, rows.clock,
                        shape.clocked,
                    )  # fmt: skip
                    # What is shuffled once, or never, was before the first epoch.
                    if own:
                        fill_own_orders(orders, pick, how.shuffle, seeds, first, 0)
                    else:
                        fill_order(held_orders[0], places, how.shuffle, seeds[number], 0, given)
            for epoch in epochs:
                if own:
                    fill_own_orders(orders, pick, how.shuffle, seeds, first, epoch)
                else:
                    order = held_orders[epoch if order_rows > 1 else 0]
                    if epoch >= ordered or refills:
                        fill_order(order, places, how.shuffle, seeds[number], epoch, given)
                        ordered = epoch + 1
                visited = orders if own else order
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
                    looks = looks_at(t, upcoming, how.updates)
                    if looks:
                        if kept is not None and t != upcoming:
                            keeping.note_best(work, low, high, base, out.state, np.uint64(first))
                            taken_back = t
                        upcoming = t + how.every
                    over_at = now if looks and how.stops else zero
                    scale = whole_scale if stop - start == how.batch_size else last_scale
                    if scheduled is not None and shape.scheduled:
                        factor, change = how.rates[0, t - 1], how.rates[1, t - 1]
                    batch = Batch(
                        start, stop, used, scale, 2.0 / (stop - start), t, looks, factor, change
                    )  # fmt: skip
                    if asking is not None:
                        asked_loss(
                            losses, work, ticks, low, high, base + RESIDUAL, asked_row, data, d,
                            visited, start, stop,
                        )  # fmt: skip
                    over, summed_to, fresh = update(
                        call, held, visited, rows, block, batch, summed_to, fresh
                    )  # fmt: skip
                    # Lanes that have diverged stay so: only a change of their number is news.
                    if looks and (aims or over != known):
                        if one:
                            linear.loss_one(work, low, high, shown, base, data)
                        note_times(work, low, high, base, now, over_at, zero, limit, target)
                        known = over
                        if kept is not None:
                            keeping.save_ended(
                                work, ticks, low, high, out.state, np.uint64(first), d, dp,
                                shape.states, rows.clock, shape.clocked, apart, base, now,
                                ends_at_target,
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
                            losses, work, gathered, starting, low, high, dp, shown, base,
                            rows.tiled, data, d,
                        )  # fmt: skip
                    react_all(work, memory, low, high, base, rows.eta, how.reaction, zero, unit)
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
                keeping.save_marks(work, low, high, base, out.state, column, taken_back)
                keeping.save_ended(
                    work, ticks, low, high, out.state, column, d, dp, shape.states, rows.clock,
                    shape.clocked, apart, base, zero, ends_at_target,
                )  # fmt: skip

    return advance


#: Changes with the loop, of which the digests of what it calls say nothing.
SOURCE = code_digest(made) + one_weight.SOURCE + several_weights.SOURCE
