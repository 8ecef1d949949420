"""What a block of lanes does at every update but the step: clocks, looks, marks, records, rates.

Loops over lanes are innermost, as in `passes`. What the marks mean is said in `semantics`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine.layout import (
    BEST,
    BEST_AT,
    COUNTED,
    COUNTS,
    DIVERGED_AT,
    LOSS,
    OVERSHOOTS,
    PEAK,
    SIDE,
    TARGET_AT,
)
from simopt.engine.unmasked import whole
from simopt.training import semantics


def watch(work, base, lane, gap, far, zero, unit):
    """Crossings and the greatest distance, after one update of one lane.

    Everything is read before anything is written, and what can be is a sum.
    """
    overshoots = work[base + COUNTS + OVERSHOOTS, lane]
    side, peak = work[base + SIDE, lane], work[base + PEAK, lane]
    overshoots += unit if semantics.crosses(gap, side, zero) else zero
    work[base + COUNTS + OVERSHOOTS, lane] = overshoots
    work[base + SIDE, lane] = whole(semantics.side_of(gap, side, zero, unit))
    work[base + PEAK, lane] = whole(semantics.farthest(far, peak))


def watch_loss(work, base, lane, loss, now, zero):
    """The best loss and its update, at a look; read and written as `watch` does."""
    best, best_at = work[base + BEST, lane], work[base + COUNTS + BEST_AT, lane]
    # The later of two updates: one operation.
    improved_at = now if semantics.improves(loss, best) else zero
    work[base + COUNTS + BEST_AT, lane] = whole(semantics.farthest(improved_at, best_at))
    work[base + BEST, lane] = whole(loss if semantics.improves(loss, best) else best)


def note_times(work, low, high, base, now, over_at, zero, limit, target):
    """When each lane first reached the target, and when it diverged; from the row of the loss."""
    for lane in range(low, high):
        loss = work[base + LOSS, lane]
        target_at = work[base + COUNTS + TARGET_AT, lane]
        diverged_at = work[base + COUNTS + DIVERGED_AT, lane]
        reached = (target_at == zero) & semantics.arrives(loss, target)
        over = (diverged_at == zero) & semantics.diverges(loss, limit)
        target_at += now if reached else zero
        diverged_at += over_at if over else zero
        work[base + COUNTS + TARGET_AT, lane] = target_at
        work[base + COUNTS + DIVERGED_AT, lane] = diverged_at


def alive_in(work, base, lane, zero, arrives):
    """Whether a lane goes on: it has not diverged, nor, where that ends it, arrived."""
    alive = work[base + COUNTS + DIVERGED_AT, lane] == zero
    if arrives is not None:
        alive &= work[base + COUNTS + TARGET_AT, lane] == zero
    return alive


def react_all(work, memory, low, high, base, eta, reaction, zero, unit):
    """The rate of every lane after an epoch, in row ``eta``; the row of the loss is up to date."""
    for lane in range(low, high):
        own = lane - low
        memory[0, own], memory[1, own], memory[2, own], work[eta, lane] = semantics.reacted(
            work[base + LOSS, lane],
            memory[0, own],
            memory[1, own],
            memory[2, own],
            work[eta, lane],
            memory[3, own],
            reaction,
            zero,
            unit,
        )


def any_alive(work, low, high, base, zero, arrives):
    """Whether a lane goes on."""
    alive = False
    for lane in range(low, high):
        alive |= alive_in(work, base, lane, zero, arrives)
    return alive


def tick_all(work, ticks, low, high, first, hyper, clock, read, read_ticked, write, apart):
    """The clocks of all lanes, in rows from ``first``; those of float32 weights are ``ticks``."""
    for lane in range(low, high):
        ticked = read_ticked(work, hyper, 1, lane)
        if apart is not None:
            tick = clock(*(read(ticks, 0, 1, lane - low) + ticked))
            write(ticks, 0, 1, lane - low, tick)
        else:
            tick = clock(*(read(work, first, 1, lane) + ticked))
        write(work, first, 1, lane, tick)


def keep(work, low, high, at, base, d, losses, weights, first, record):
    """Copy weights and loss to a row of the records, of the lanes for which these have columns."""
    last = min(high, low + np.uint64(losses.shape[1] - first))
    for lane in range(low, last):
        losses[record, np.uint64(first) + lane - low] = work[base + LOSS, lane]
    for k in range(d):
        for lane in range(low, last):
            weights[record, k, np.uint64(first) + lane - low] = work[at + k, lane]


def finish(work, low, high, at, base, d, out, first):
    """Copy a block's results to the columns of its lanes."""
    w, losses, best, peak, counts = out.w, out.loss, out.best_loss, out.peak, out.counts
    # Lane after lane, each weight would be a store to another row, all in few places of the cache.
    for k in range(d):
        for lane in range(low, high):
            w[k, np.uint64(first) + lane - low] = work[at + k, lane]
    for lane in range(low, high):
        column = np.uint64(first) + lane - low
        losses[column] = work[base + LOSS, lane]
        best[column] = work[base + BEST, lane]
        peak[column] = work[base + PEAK, lane]
        for row in range(COUNTED):
            counts[row, column] = np.int64(work[base + COUNTS + row, lane])


NUMERIC: tuple[Callable[..., Any], ...] = (
    watch,
    watch_loss,
    note_times,
    alive_in,
    react_all,
    any_alive,
    tick_all,
    keep,
    finish,
)
