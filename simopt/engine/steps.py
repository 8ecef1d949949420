"""What a rule does to a block of lanes, their gradients being there: clocks, sums, updates.

The loop over time has it compiled in, which is fastest, or calls it where it was compiled apart:
then a rule takes a tenth of the time to compile, for the loop serves all rules. The source is the
same, and so are the bits.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from simopt.engine import layout, matrices, passes, scalars, sums, watching
from simopt.engine.addresses import lowered
from simopt.engine.layout import ONE, RESIDUAL
from simopt.engine.scalars import READ, WRITE
from simopt.engine.unmasked import whole
from simopt.ground.compiling import code_digest
from simopt.ground.inline import inlined
from simopt.ground.parts import promised
from simopt.rules.rule import WEIGHT_DECAY, Rule
from simopt.training import semantics


def no_clock():
    """The clock of a rule without one."""
    return ()


inlined(no_clock)


class Shape(NamedTuple):
    """What a loop knows of a rule: how many numbers it has, where its steps are, what they do."""

    states: int
    clocked: int  # values of its clock
    hypers: int  # hyperparameters besides the rate
    totals: int  # what is summed, the batch's loss with it
    averaged: int  # which state is the running average that is looked at; -1: none
    decay: int  # the row of its weight decay, from that of the rate on
    address: int  # of its steps, compiled apart; 0: they are part of the loop
    scheduled: bool  # the rest as in `layout.Extras`: a loop apart serves all of them
    arrives: bool
    clips: int  # the place in `layout.CLIPS`


def shape_of(rule: Rule, extras: layout.Extras, address: int = 0) -> Shape:
    """A rule's shape, under a plan with these extras."""
    known = rule.hyperparameters
    return Shape(
        states=len(rule.state),
        clocked=len(rule.clock_values),
        hypers=len(known) - 1,
        totals=len(rule.totals),
        averaged=-1 if rule.average is None else rule.state.index(rule.average),
        decay=known.index(WEIGHT_DECAY) if WEIGHT_DECAY in known else 0,
        address=address,
        scheduled=extras.scheduled,
        arrives=extras.arrives,
        clips=layout.CLIPS.index(extras.clips),
    )


@dataclass(frozen=True, eq=False)
class Steps:
    """A rule's steps as a loop takes them in.

    Attributes
    ----------
    shape : Shape
        The rule's.
    summed : int
        How many terms it sums.
    alone : bool
        Whether the gradient of a batch of 1 comes with the step: a pass over its rows less.
    tick : callable
        ``f(work, ticks, low, high, first, eta)``: the clocks of a block tick, where nothing is
        summed.
    lane : callable
        ``f(work, ticks, lane, at, g, factor, shift, clip, slack, lowest, highest)``: the step of
        one lane with one weight, and gradient g; ``at`` is the lane, counted from 0.
    ahead : callable
        ``f(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift)``: of
        several weights, what comes before any steps, from the sums of slopes in the gradient's
        rows.
    spare : callable
        ``f(work, low, high, setting, hyper, share, eta)``: the decay of a weight that has that
        share.
    weight : callable
        ``f(work, marks, sums, low, high, k, dp, slopes, column, square, center, following,
        next_column, penalty, scale, factor, shift, lowest, highest)``: the step of weight k of all
        lanes; ``marks`` and ``sums`` are ``work`` once more. What its slopes sum to is in row
        ``slopes``. The new weight's squared distance from ``center`` is added to row ``square``.
        Where ``alone``, row ``slopes`` may be one point's, whose ``column`` it is multiplied by,
        and the new weight times the ``next_column`` is added to row ``following``.
    block : callable
        ``f(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift, clip,
        slack, lowest, highest)``: all of it for a block of lanes. With one weight its gradient is
        in the first row of residuals.
    parts : tuple of callable
        Those of the others that ``block`` calls, or a loop does.
    turn : callable, optional
        ``f(work, low, high, d, dp, units, columns, first, held, room, setting, hyper, share,
        factor, shift)``: the gradients of a matrix' weights become its entries, turned; ``first``
        is the first of ``rows(units, columns)`` rows to work in. None where the rule or the loss is
        about no matrices; else no loop calls ``block``.
    along : callable, optional
        `weight` of a weight of the matrix.
    rows : callable, optional
        ``f(units, columns)``: the rows of work that ``turn`` needs.
    arrays : callable, optional
        ``f(units, columns)``: two arrays that it needs besides, held and room.
    """

    shape: Shape
    summed: int
    alone: bool
    tick: Callable[..., None]
    lane: Callable[..., None]
    ahead: Callable[..., None]
    spare: Callable[..., None]
    weight: Callable[..., None]
    block: Callable[..., None]
    parts: tuple[Callable[..., None], ...]
    turn: Callable[..., None] | None = None
    along: Callable[..., None] | None = None
    rows: Callable[[int, int], int] | None = None
    arrays: Callable[[int, int], Any] | None = None


def steps_of(
    rule: Rule,
    real: type,
    extras: layout.Extras,
    lanes: int,
    one: bool,
    source: str = "",
    turning: bool = False,
    alone: bool = False,
) -> Steps:
    """A rule's steps, in blocks of so many lanes, for one weight or for several.

    ``turning``: some weights are a matrix, and the rule is about matrices. ``alone``: the
    gradient of a batch of 1 may come with the step.
    ``source`` is a digest of what they are made of, a part of them for the cache's key.
    """
    update: Any = inlined(rule.update)
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    terms: Any = None if rule.terms is None else inlined(rule.terms)
    shape_of_rule = shape_of(rule, extras)
    states, clocked, hypers, totals, averaged, decay, *_ = shape_of_rule
    summed = len(rule.summed)
    read_state, write_state = READ[states], WRITE[states]
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_hyper, read_ticked = READ[hypers], READ[rule.clock_hyperparameters]
    read_summed, read_totals = READ[rule.terms_hyperparameters], READ[totals]
    add_totals = scalars.ADD[max(0, summed - 1)]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    width, bits, zero = np.uint64(lanes), layout.bits(real, lanes), real(0)
    row_length = lanes + layout.spare(real)
    before, ticked = np.uint64(2 + states), np.uint64(clocked)
    behind = np.uint64(clocked + 1 + hypers)
    carray: Any = numba.carray  # type: ignore[attr-defined]
    # None or True: of a test for None only one branch is compiled.
    averages = True if averaged >= 0 else None
    average = np.uint64(max(0, averaged))
    alone = alone and not (one or turning or extras.clips or summed)
    with_point = True if alone else None
    scheduled = True if extras.scheduled else None
    boxes = True if extras.boxed else None
    arrives = True if extras.arrives else None
    undecayed = True if extras.undecayed else None
    # One weight's gradient is clipped here, unless it is left out; several have been.
    by_norm = True if extras.clips == "norm" and not extras.unclipped else None
    by_value = True if extras.clips == "value" and not extras.unclipped else None
    # Sums and matrices take the gradient before the update does: it is finished for both.
    unclipped = None if extras.clips or terms is not None or turning else True
    finishes = True if (terms is not None or turning) and not extras.clips else None
    # float64 clocks live among the rows; for float32 weights they need an array of their own.
    apart = True if real is np.float32 else None
    ticking = True if clocked and terms is None and (apart or not one) else None
    ticks_with_step = True if clocked and terms is None and not ticking else None
    summing = None if terms is None else True
    clipped, shrink, boxed = semantics.clipped, semantics.shrink, semantics.boxed
    rate_at, alive_in = semantics.rate_at, watching.alive_in

    def tick(work, ticks, low, high, first, eta):
        if ticking is not None:
            watching.tick_all(
                work, ticks, low, high, first, eta + 1, clock, read_clock, read_ticked,
                write_clock, apart,
            )  # fmt: skip

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
        work, ticks = carray(work, (1, row_length)), carray(ticks, (1, lanes))
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
        work, ticks = carray(work, (1, row_length)), carray(ticks, (1, lanes))
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

    block = one_weight if one else several_weights
    parts = (tick, lane_step) if one else (tick, spare, ahead, stepped, step_weight)
    made = Steps(
        shape_of_rule, summed, alone, tick, lane_step, ahead, spare, step_weight, block, parts
    )
    if rule.matrix is None or not turning:
        return made
    turn, rows, arrays, after = matrices.turning(rule, real, extras, spare)
    by_entries = dataclasses.replace(rule, update=after, matrix=None)
    entries = steps_of(by_entries, real, extras, lanes, one, source, True)
    parts = (*parts, *entries.parts, turn, arrays)
    return dataclasses.replace(
        made, parts=parts, turn=turn, along=entries.weight, rows=rows, arrays=arrays
    )


def extras_of(extras: layout.Extras, one: bool) -> layout.Extras:
    """The extras without those that steps don't depend on: fewer are compiled."""
    clips = extras.clips if one or not extras.clips else "norm"
    unclipped = extras.unclipped and one
    return extras._replace(clips=clips, unclipped=unclipped, reacts=False, kept=False)


def signature(real: Any) -> Any:
    """What a block's steps are compiled for where they are apart, in a precision."""
    rows, row = types.Array(real, 2, "C"), types.Array(real, 1, "C")
    lane, number = types.uint64, types.int64
    addresses = types.CPointer(real), types.CPointer(types.float64)
    places = lane, lane, lane, rows, row, row, number, number
    return types.void(*addresses, *places, *[real] * 7)


def _call(
    context, address, work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor,
    shift, clip, slack, lowest, highest,
):  # fmt: skip
    """A call of the function at an address, as Numba's functions call each other."""
    taken = signature(work.dtype)

    def lower(context, builder, given, values):
        return lowered(taken, given, context, builder, values)

    return types.void(types.int64, work, ticks, *taken.args[2:]), lower


_called: Any = intrinsic(_call)


def call(
    shape, work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift, clip,
    slack, lowest, highest,
):  # fmt: skip
    """The steps that were compiled apart, in place of a `Steps.block`."""
    _called(
        shape.address, work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor,
        shift, clip, slack, lowest, highest,
    )  # fmt: skip


#: Changes with the steps, of which the digests of what they call say nothing.
SOURCE = code_digest(steps_of, *matrices.MAKERS, _call, call, lowered)
