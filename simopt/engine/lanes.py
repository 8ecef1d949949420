"""The kernel on CPUs: a block of trajectories through all its updates.

`kernel` puts a rule's scalar functions into the one time loop. It is compiled once per rule, loss
and shape (one weight or several; one order for the block or one per lane), at first use, and kept
on disk.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit

from simopt.engine import layout, passes
from simopt.engine.inline import digest, inlined
from simopt.engine.layout import (
    BEST,
    BEST_AT,
    COUNTED,
    DIVERGED_AT,
    LOSS,
    OVERSHOOTS,
    PEAK,
    READ,
    RESIDUAL,
    SIDE,
    SQUARE,
    TARGET_AT,
    WATCHED,
    WRITE,
)
from simopt.rules.rule import Rule
from simopt.shuffling import draw, shuffle


def no_clock():
    """The clock of a rule without one."""
    return ()


def watch(work, count, base, lane, update, loss, gap, far, limit, target, looks, stops):
    """What a trajectory's row remembers, after one update of one lane."""
    best, best_at = work[base + BEST, lane], count[BEST_AT, lane]
    better = looks & (loss < best)
    work[base + BEST, lane] = loss if better else best
    count[BEST_AT, lane] = update if better else best_at
    target_at = count[TARGET_AT, lane]
    count[TARGET_AT, lane] = update if looks & (target_at == 0) & (loss <= target) else target_at
    diverged_at = count[DIVERGED_AT, lane]
    over = stops & looks & (diverged_at == 0) & (not (loss <= limit))
    count[DIVERGED_AT, lane] = update if over else diverged_at
    side = work[base + SIDE, lane]
    count[OVERSHOOTS, lane] += gap * side < 0
    work[base + SIDE, lane] = gap if gap != 0 else side
    peak = work[base + PEAK, lane]
    work[base + PEAK, lane] = far if far > peak else peak


def fill_order(order, mode, seed, epoch, given):
    """The order of one epoch, the same for all lanes."""
    if mode == 3:
        for i in range(len(order)):
            order[i] = given[epoch, i]
    elif mode == 2 or (mode == 1 and epoch == 0):
        shuffle(order, seed, epoch)
    elif mode == 0 and epoch == 0:
        for i in range(len(order)):
            order[i] = i


def fill_own_orders(order, pick, mode, seeds, first, epoch):
    """The shuffled orders of one epoch, one per lane, all lanes drawing together."""
    if mode == 2 or epoch == 0:
        n = order.shape[0]
        for i in range(n):
            for lane in range(order.shape[1]):
                order[i, lane] = i
        for i in range(n - 1, 0, -1):
            for lane in range(order.shape[1]):
                pick[lane] = draw(seeds[first + lane], epoch, i)
            for lane in range(order.shape[1]):
                j = pick[lane]
                swapped = order[i, lane]
                order[i, lane] = order[j, lane]
                order[j, lane] = swapped


def keep(work, base, d, out, first, record):
    """Copy weights and loss to a row of the records."""
    for lane in range(work.shape[1]):
        out.recorded_loss[record, first + lane] = work[base + LOSS, lane]
        for k in range(d):
            out.recorded_w[record, k, first + lane] = work[k, lane]


def finish(work, count, base, d, out, first):
    """Copy a block's results to the columns of its lanes."""
    for lane in range(work.shape[1]):
        for k in range(d):
            out.w[k, first + lane] = work[k, lane]
        out.loss[first + lane] = work[base + LOSS, lane]
        out.best_loss[first + lane] = work[base + BEST, lane]
        out.peak[first + lane] = work[base + PEAK, lane]
        for row in range(COUNTED):
            out.counts[row, first + lane] = count[row, lane]


NUMERIC: tuple[Callable[..., Any], ...] = (
    no_clock,
    watch,
    fill_order,
    fill_own_orders,
    keep,
    finish,
    *READ,
    *WRITE,
    layout.weight_alone,
    layout.weight_first,
    layout.state_none,
    layout.state_rest,
    passes.clear,
    passes.gradient_one,
    passes.gradient_one_own,
    passes.gradient_many,
    passes.gradient_many_own,
    passes.loss_least_squares,
    passes.loss_logistic,
    passes.squared_distance,
)
for numeric in NUMERIC:
    inlined(numeric)


@functools.cache
def kernel(rule: Rule, kind: str, one: bool, own: bool, real: type) -> Callable[..., Any]:
    """The compiled loop for a rule and a loss.

    Parameters
    ----------
    rule : Rule
        Whose update and clock to put in.
    kind : {"least_squares", "logistic"}
        The loss.
    one : bool
        Whether d = 1 and the loss is least squares: then update, loss and watch are one pass.
    own : bool
        Whether every lane has its own order of the points.
    real : type
        numpy.float64 or numpy.float32.

    Returns
    -------
    callable
        ``f(data, how, hyper [H, lanes], seeds [lanes], given [epochs, n], out)``; ``lanes`` is a
        multiple of `layout.lanes`. Releases the GIL.
    """
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    ticked = 0 if rule.clock is None else rule.clock.__code__.co_argcount - clocked
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[ticked]
    weight = layout.weight_first if states else layout.weight_alone
    state = layout.state_rest if states else layout.state_none
    lanes = layout.lanes(real)
    # As wide as the weights, so that both are packed alike.
    whole = np.int64 if real is np.float64 else np.int32
    logistic = kind == "logistic"
    watch_lane = watch
    shared_one, own_one = passes.gradient_one, passes.gradient_one_own
    shared_many, own_many = passes.gradient_many, passes.gradient_many_own
    full_loss = passes.loss_logistic if logistic else passes.loss_least_squares
    # A closure holds the digest only to make it part of the cache's key.
    source = digest(rule.update, rule.clock) + _engine_digest()

    def advance(data, how, hyper, seeds, given, out):
        source  # noqa: B018
        n, d = data.x.shape[0], data.optimum.shape[0]
        dp = 1 if one else data.x.shape[1]
        first_state = 2 * dp
        first_clock = (2 + states) * dp
        eta = first_clock + clocked
        base = eta + 1 + hypers
        work: Any = np.empty((base + WATCHED, lanes), real)
        ticks = np.empty((clocked + 1, lanes), np.float64)
        count = np.empty((COUNTED, lanes), whole)
        order = np.empty(1 if own else n, np.int64)
        orders = np.empty((n if own else 1, lanes), np.int64)
        pick = np.empty(lanes, np.int64)
        limit, target = data.bounds[1], data.bounds[2]
        batches = -(-how.points_used // how.batch_size)
        updates = batches * how.epochs
        slope = real(1 if logistic else 2)
        for first in range(0, hyper.shape[1], lanes):
            passes.clear(work, lanes, dp, base + WATCHED)
            for lane in range(lanes):
                for k in range(dp):
                    work[k, lane] = data.w0[k]
                for h in range(hypers + 1):
                    work[eta + h, lane] = hyper[h, first + lane]
                for c in range(clocked):
                    ticks[c, lane] = 0
                for row in range(COUNTED):
                    count[row, lane] = 0
                work[base + BEST, lane] = np.inf
                work[base + PEAK, lane] = -1
                work[base + SIDE, lane] = data.w0[0] - data.optimum[0]
            t = 0
            for epoch in range(how.epochs):
                if own:
                    fill_own_orders(orders, pick, how.shuffle, seeds, first, epoch)
                else:
                    fill_order(order, how.shuffle, seeds[first], epoch, given)
                for start in range(0, how.points_used, how.batch_size):
                    stop = min(start + how.batch_size, how.points_used)
                    t += 1
                    now = whole(t)
                    looks = t % how.every == 0 or t == updates
                    scale = slope / real(stop - start)
                    if clocked:
                        for lane in range(lanes):
                            ticked_to = clock(
                                *(
                                    read_clock(ticks, 0, 1, lane)
                                    + read_ticked(work, eta + 1, 1, lane)
                                )
                            )
                            write_clock(ticks, 0, 1, lane, ticked_to)
                            write_clock(work, first_clock, 1, lane, ticked_to)
                    if one:
                        if own:
                            own_one(work, lanes, data, orders, start, stop)
                        else:
                            shared_one(work, lanes, data, order, start, stop)
                        l2, center = data.l2[0], data.optimum[0]
                        factor, least = data.factor[0, 0], data.bounds[0]
                        for lane in range(lanes):
                            old = work[0, lane]
                            new = update(
                                old,
                                work[1, lane] * scale + l2 * old,
                                work[eta, lane],
                                *(
                                    read_state(work, 2, 1, lane)
                                    + read_clock(work, first_clock, 1, lane)
                                    + read_hyper(work, eta + 1, 1, lane)
                                ),
                            )
                            w = weight(new) if count[DIVERGED_AT, lane] == 0 else old
                            work[0, lane] = w
                            write_state(work, 2, 1, lane, state(new))
                            gap = w - center
                            loss = least + (factor * gap) * (factor * gap)
                            work[base + LOSS, lane] = loss
                            watch_lane(
                                work, count, base, lane, now, loss, gap, abs(gap),
                                limit, target, looks, how.stops,
                            )  # fmt: skip
                    else:
                        row = base + RESIDUAL
                        if own:
                            own_many(work, lanes, dp, row, data, orders, start, stop, logistic)
                        else:
                            shared_many(work, lanes, dp, row, data, order, start, stop, logistic)
                        for k in range(d):
                            l2 = data.l2[k]
                            for lane in range(lanes):
                                old = work[k, lane]
                                new = update(
                                    old,
                                    work[dp + k, lane] * scale + l2 * old,
                                    work[eta, lane],
                                    *(
                                        read_state(work, first_state + k, dp, lane)
                                        + read_clock(work, first_clock, 1, lane)
                                        + read_hyper(work, eta + 1, 1, lane)
                                    ),
                                )
                                alive = count[DIVERGED_AT, lane] == 0
                                work[k, lane] = weight(new) if alive else old
                                write_state(work, first_state + k, dp, lane, state(new))
                        records = how.record == 2 or (how.record == 1 and stop == how.points_used)
                        if looks or records:
                            full_loss(work, lanes, dp, base, data, d)
                        passes.squared_distance(work, lanes, base, data, d)
                        for lane in range(lanes):
                            watch_lane(
                                work, count, base, lane, now, work[base + LOSS, lane],
                                work[row, lane], work[base + SQUARE, lane],
                                limit, target, looks, how.stops,
                            )  # fmt: skip
                    if how.record == 2:
                        keep(work, base, d, out, first, t - 1)
                if how.record == 1:
                    keep(work, base, d, out, first, epoch)
                out.pulse[1] += batches * lanes
                if out.pulse[0] != 0:
                    return
                alive = False
                for lane in range(lanes):
                    alive |= count[DIVERGED_AT, lane] == 0
                if not alive:
                    break
            finish(work, count, base, d, out, first)

    advance.__name__ = advance.__qualname__ = f"advance_{rule.name}"
    return njit(nogil=True, cache=True, error_model="numpy")(advance)


@functools.cache
def _engine_digest() -> str:
    """A digest of everything numeric but the rule."""
    return digest(*NUMERIC)
