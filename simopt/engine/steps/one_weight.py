"""The steps of blocks with one weight: all of a lane at once, from its gradient on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from simopt.engine import layout, scalars, sums, watching
from simopt.engine.layout import RESIDUAL, UNTOLD
from simopt.engine.scalars import READ, WRITE
from simopt.engine.steps.clocks import ticks_ahead
from simopt.engine.steps.shape import no_clock, shape_of
from simopt.engine.unmasked import whole
from simopt.ground.inline import inlined
from simopt.rules.rule import Rule
from simopt.training import semantics


def stepping(
    rule: Rule,
    real: type,
    extras: layout.Extras,
    lanes: int,
    tick: Callable[..., None],
    source: str,
) -> tuple[Callable[..., None], Callable[..., None]]:
    """`Steps.lane` and `Steps.block`; ``tick`` is `Steps.tick`."""
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    terms: Any = None if rule.terms is None else inlined(rule.terms)
    shape = shape_of(rule, extras)
    states, clocked, hypers, totals, averaged = shape[:5]
    summed = len(rule.summed)
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[rule.clock_hyperparameters]
    read_summed, read_totals = READ[rule.terms_hyperparameters], READ[totals]
    add_totals = scalars.ADD[max(0, summed - 1)]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    width, zero, row_length = np.uint64(lanes), real(0), lanes + layout.spare(real)
    carray: Any = numba.carray  # type: ignore[attr-defined]
    # None or True: of a test for None only one branch is compiled.
    averages = True if averaged >= 0 else None
    scheduled = True if extras.scheduled else None
    boxes = True if extras.boxed else None
    arrives = True if extras.arrives else None
    # The gradient is clipped here, unless the weight is left out.
    by_norm = True if extras.clips == "norm" and not extras.unclipped else None
    by_value = True if extras.clips == "value" and not extras.unclipped else None
    apart = True if real is np.float32 else None
    summing = None if terms is None else True
    with_step = clocked and terms is None and not ticks_ahead(rule, real, True)
    ticks_with_step = True if with_step else None
    clipped, shrink, boxed = semantics.clipped, semantics.shrink, semantics.boxed
    rate_at, alive_in = semantics.rate_at, watching.alive_in

    def lane_step(work, ticks, lane, at, g, factor, shift, clip, slack, lowest, highest):
        first_clock = 2 + states
        eta = first_clock + clocked
        base = eta + 1 + hypers
        shown = 0 if averages is None else 2 + averaged
        old = work[0, lane]
        now = read_clock(work, first_clock, 1, lane)
        if ticks_with_step is not None:
            now = clock(*(now + read_ticked(work, eta + 1, 1, lane)))
            write_clock(work, first_clock, 1, lane, now)
        if by_value is not None:
            g = clipped(g, clip)
        if by_norm is not None:
            g = g * shrink(abs(g), clip, slack)
        rate = work[eta, lane]
        if scheduled is not None:
            rate = rate_at(rate, factor, shift)
        if summing is not None:
            held = read_state(work, 2, 1, lane) + now
            settings = read_summed(work, eta + 1, 1, lane)
            add_totals(ticks, clocked + 1, at, terms(old, g, rate, *(held + settings)))
            sums.tick_by_sums(
                work, ticks, lane, at, first_clock, clocked + 1, rate,
                read_ticked(work, eta + 1, 1, lane), clock, read_clock, write_clock, read_totals,
                apart,
            )  # fmt: skip
            now = read_clock(work, first_clock, 1, lane)
        held = read_state(work, 2, 1, lane) + now
        new = update(old, g, rate, *(held + read_hyper(work, eta + 1, 1, lane)))
        alive = alive_in(work, base, lane, zero, arrives)
        mean = work[shown, lane]
        write_state(work, 2, 1, lane, state(new))
        if averages is not None:
            work[shown, lane] = whole(work[shown, lane] if alive else mean)
        moved = weight(new)
        if boxes is not None:
            moved = boxed(moved, lowest, highest)
        work[0, lane] = whole(moved if alive else old)

    def one_weight(
        work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift, clip,
        slack, lowest, highest,
    ):  # fmt: skip
        source  # noqa: B018
        work, ticks = carray(work, (UNTOLD, row_length)), carray(ticks, (UNTOLD, lanes))
        high = low + width
        first_clock = 2 + states
        eta = first_clock + clocked
        row = eta + 1 + hypers + RESIDUAL
        tick(work, ticks, low, high, first_clock, eta)
        if summing is not None:
            sums.clear_sums(ticks, clocked + 1, clocked + 1 + summed)
        for lane in range(low, high):
            g = work[row, lane]
            lane_step(
                work, ticks, lane, lane - low, g, factor, shift, clip, slack, lowest, highest
            )  # fmt: skip

    return lane_step, one_weight
