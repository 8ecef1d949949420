"""The steps of blocks with several weights: weight after weight, each of all lanes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

from simopt.engine import layout, passes, scalars, sums, watching
from simopt.engine.layout import ONE, UNTOLD
from simopt.engine.scalars import READ, WRITE
from simopt.engine.steps.shape import no_clock, shape_of
from simopt.engine.unmasked import whole
from simopt.ground.inline import inlined
from simopt.ground.parts import promised
from simopt.rules.rule import Rule
from simopt.training import semantics


class Several(NamedTuple):
    """Some of what `Steps` has."""

    ahead: Callable[..., None]
    spare: Callable[..., None]
    stepped: Callable[..., Any]  # the step of one weight in one lane
    weight: Callable[..., None]
    block: Callable[..., None]


def stepping(
    rule: Rule,
    real: type,
    extras: layout.Extras,
    lanes: int,
    tick: Callable[..., None],
    source: str,
    turning: bool,
    alone: bool,
) -> Several:
    """What a rule does to several weights; ``tick`` is `Steps.tick`, the rest as in `steps_of`."""
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    terms: Any = None if rule.terms is None else inlined(rule.terms)
    shape = shape_of(rule, extras)
    states, clocked, hypers, totals, averaged = shape[:5]
    decay, summed = shape.decay, len(rule.summed)
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[rule.clock_hyperparameters]
    read_summed, read_totals = READ[rule.terms_hyperparameters], READ[totals]
    add_totals = scalars.ADD[max(0, summed - 1)]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    bits, zero, row_length = layout.bits(real, lanes), real(0), lanes + layout.spare(real)
    before, ticked = np.uint64(2 + states), np.uint64(clocked)
    behind = np.uint64(clocked + 1 + hypers)
    carray: Any = numba.carray  # type: ignore[attr-defined]
    average = np.uint64(max(0, averaged))
    # None or True: of a test for None only one branch is compiled.
    averages = True if averaged >= 0 else None
    with_point = True if alone else None
    scheduled = True if extras.scheduled else None
    boxes = True if extras.boxed else None
    arrives = True if extras.arrives else None
    undecayed = True if extras.undecayed else None
    # Sums and matrices take the gradient before the update does: it is finished for both.
    unclipped = None if extras.clips or terms is not None or turning else True
    finishes = True if (terms is not None or turning) and not extras.clips else None
    apart = True if real is np.float32 else None
    summing = None if terms is None else True
    rate_at, alive_in, boxed = semantics.rate_at, watching.alive_in, semantics.boxed

    def ahead(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift):
        first_clock = (2 + states) * dp
        eta = first_clock + clocked
        total_row = clocked + 1
        tick(work, ticks, low, high, first_clock, eta)
        if finishes is not None:
            passes.finish_gradient(work, low, high, dp, l2, d, scale)
        if summing is not None:
            sums.clear_sums(ticks, total_row, total_row + summed)
            for k in range(d):
                if undecayed is not None:
                    spare(work, low, high, setting, hyper, spared[k], eta)
                sums.add_terms(
                    work, ticks, low, high, k, dp, first_clock, eta, total_row, terms, read_state,
                    read_clock, read_summed, add_totals, scheduled, rate_at, factor, shift,
                )  # fmt: skip
            sums.tick_all_by_sums(
                work, ticks, low, high, first_clock, eta, total_row, clock, read_clock, write_clock,
                read_totals, read_ticked, apart, scheduled, rate_at, factor, shift,
            )  # fmt: skip

    def spare(work, low, high, setting, hyper, share, eta):
        for lane in range(low, high):
            work[eta + decay, lane] = hyper[decay, setting + lane - low] * share

    def stepped(work, marks, lane, k, dp, g, penalty, scale, factor, shift, lowest, highest):
        first_state = dp + dp + k
        first_clock = before * dp
        eta = first_clock + ticked
        base = first_clock + behind
        old = work[k, lane]
        if unclipped is not None:
            g = g * scale + penalty * old
        rate = marks[eta, lane]
        if scheduled is not None:
            rate = rate_at(rate, factor, shift)
        held = read_state(work, first_state, dp, lane)
        held = held + read_clock(marks, first_clock, ONE, lane)
        new = update(old, g, rate, *(held + read_hyper(marks, eta + ONE, ONE, lane)))
        alive = alive_in(marks, base, lane, zero, arrives)
        moved = weight(new)
        if boxes is not None:
            moved = boxed(moved, lowest, highest)
        moved = whole(moved if alive else old)
        work[k, lane] = moved
        if averages is None:
            write_state(work, first_state, dp, lane, state(new))
            return moved, moved
        shown = first_state + average * dp
        mean = work[shown, lane]
        write_state(work, first_state, dp, lane, state(new))
        seen = whole(work[shown, lane] if alive else mean)
        work[shown, lane] = seen
        return moved, seen

    @promised
    def step_weight(
        work, marks, sums, low, high, k, dp, slopes, column, square, center, following, next_column,
        penalty, scale, factor, shift, lowest, highest,
    ):  # fmt: skip
        for lane in range(low, high):
            g = marks[slopes, lane]
            if with_point is not None:
                # As a sum of slopes is, which begins at 0.
                g = zero + g * column
            moved, seen = stepped(
                work, marks, lane, k, dp, g, penalty, scale, factor, shift, lowest, highest
            )  # fmt: skip
            if with_point is not None:
                sums[following, lane] += moved * next_column
            gap = seen - center
            sums[square, lane] += gap * gap

    def several_weights(
        work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift, clip,
        slack, lowest, highest,
    ):  # fmt: skip
        source  # noqa: B018
        work, ticks = carray(work, (UNTOLD, row_length)), carray(ticks, (UNTOLD, lanes))
        high = low + ((high - low) >> bits << bits)
        eta = (2 + states) * dp + clocked
        ahead(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift)
        for k in range(d):
            penalty = l2[k]
            if undecayed is not None:
                spare(work, low, high, setting, hyper, spared[k], eta)
            weight, rows = np.uint64(k), np.uint64(dp)
            g_row = rows + weight
            for lane in range(low, high):
                g = work[g_row, lane]
                stepped(
                    work, work, lane, weight, rows, g, penalty, scale, factor, shift, lowest,
                    highest,
                )  # fmt: skip

    return Several(ahead, spare, stepped, step_weight, several_weights)
