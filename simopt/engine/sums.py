"""What a rule sums over all weights of a trajectory, and the clock that takes the sums.

Such a rule has a pass over the weights more, between gradient and update: its terms are added up,
weight after weight in their order, in float64, in rows of ``ticks`` behind the clock's; then the
clock ticks. Without sums none of it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def clear_sums(ticks, first, last):
    """Rows first to last - 1 set to 0."""
    for row in range(first, last):
        for at in range(ticks.shape[1]):
            ticks[row, at] = 0.0


def add_terms(
    work, ticks, low, high, k, dp, clock_row, eta, total_row, terms, read_state, read_clock,
    read_hyper, add, scheduled, rate_at, factor, shift,
):  # fmt: skip
    """The terms of weight k, added to the sums of all lanes."""
    for lane in range(low, high):
        rate = work[eta, lane]
        if scheduled is not None:
            rate = rate_at(rate, factor, shift)
        add(
            ticks,
            total_row,
            lane - low,
            terms(
                work[k, lane],
                work[dp + k, lane],
                rate,
                *(
                    read_state(work, 2 * dp + k, dp, lane)
                    + read_clock(work, clock_row, 1, lane)
                    + read_hyper(work, eta + 1, 1, lane)
                ),
            ),
        )


def tick_by_sums(
    work, ticks, lane, at, clock_row, total_row, rate, settings, clock, read_clock, write_clock,
    read_totals, apart,
):  # fmt: skip
    """One lane's clock; that of float32 weights is in ``ticks``, as on devices."""
    if apart is not None:
        before = read_clock(ticks, 0, 1, at)
    else:
        before = read_clock(work, clock_row, 1, lane)
    tick = clock(*(before + read_totals(ticks, total_row, 1, at) + (rate,) + settings))
    if apart is not None:
        write_clock(ticks, 0, 1, at, tick)
    write_clock(work, clock_row, 1, lane, tick)


def tick_all_by_sums(
    work, ticks, low, high, clock_row, eta, total_row, clock, read_clock, write_clock, read_totals,
    read_ticked, apart, scheduled, rate_at, factor, shift,
):  # fmt: skip
    """The clocks of all lanes."""
    for lane in range(low, high):
        rate = work[eta, lane]
        if scheduled is not None:
            rate = rate_at(rate, factor, shift)
        settings = read_ticked(work, eta + 1, 1, lane)
        tick_by_sums(
            work, ticks, lane, lane - low, clock_row, total_row, rate, settings, clock, read_clock,
            write_clock, read_totals, apart,
        )  # fmt: skip


NUMERIC: tuple[Callable[..., Any], ...] = (clear_sums, add_terms, tick_by_sums, tick_all_by_sums)
