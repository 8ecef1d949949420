"""An update of several weights: the slopes of a batch, clipping, and the rule's step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine import layout, matrices, moments, passes, scalars
from simopt.engine.layout import SQUARE
from simopt.engine.passes import Passes
from simopt.engine.per_thread.clocks import ticking_by_sums
from simopt.engine.per_thread.rows import Rows
from simopt.engine.scalars import READ, WRITE
from simopt.ground.inline import inlined
from simopt.rules.matrices import Matrix, MatrixStep
from simopt.rules.rule import WEIGHT_DECAY, Rule
from simopt.training import semantics


def updating(
    rule: Rule,
    loss_passes: Passes,
    by_moments: bool,
    real: Any,
    extras: layout.Extras,
    rows: Rows,
    d: int,
    columns: int,
) -> Callable[..., Any]:
    """One update, ``f(call, batch, rate, others)``: others are settings, but for the rate.

    It returns the first weight's distance from the optimum, with its sign, and the square of that
    of all weights.
    """
    slopes = _slopes(loss_passes, by_moments, real, rows)
    clip = _clipping(rule, loss_passes, extras, rows, d)
    tick_by_sums: Any = ticking_by_sums(rule, loss_passes, extras, rows, d)
    turn: Any = _turning(rule, loss_passes, real, extras, rows, d, columns)
    step = _stepping(rule, loss_passes, extras, rows, d, columns)
    base, row, shown, zero = rows.base, rows.residual, rows.shown, real(0)
    square = base + SQUARE

    def update(call, batch, rate, others):
        work, data = call.work, call.data
        scale = slopes(call, batch)
        if clip is not None:
            clip(call, scale)
        if tick_by_sums is not None:
            tick_by_sums(call, batch, rate, zero)
        if turn is not None:
            turn(call, rate)
        step(call, scale, rate, others)
        passes.squared_distance(work, 0, 1, shown, base, data, d)
        passes.first_gap(work, 0, 1, shown, base, data)
        return work[row, 0], work[square, 0]

    return update


def _finishes(rule: Rule, loss_passes: Passes, extras: layout.Extras) -> bool:
    """Whether the gradient is whole before the rule's step: something else asks for it."""
    return bool(extras.clips) or rule.terms is not None or _turned(rule, loss_passes)


def _turned(rule: Rule, loss_passes: Passes) -> bool:
    """Whether the rule steps along a matrix."""
    return rule.matrix is not None and loss_passes.units is not None


def _slopes(loss_passes: Passes, by_moments: bool, real: Any, rows: Rows) -> Callable[..., Any]:
    """A batch's slopes, summed or their mean; it returns what makes a mean of them."""
    gradient, slope_of = loss_passes.gradient, loss_passes.slope
    noisy = True if loss_passes.noisy else None
    in_moments = True if by_moments else None
    dp, row, unit = rows.dp, rows.residual, real(1)

    def slopes(call, batch):
        work, data, how, orders = call.work, call.data, call.how, call.orders
        scale = batch.scale
        if noisy is not None:
            seed = int(orders[batch.seed])
            passes.gradient_noise(work, 0, 1, dp, data, how.spread, seed, batch.t)
            scale = unit
        elif in_moments is None:
            passes.clear(work, 0, 1, dp, 2 * dp)
        if in_moments is not None:
            # A row of the table for every order of the points.
            of_order = batch.order // data.x.shape[0] * -(-how.points_used // how.batch_size)
            matrix = data.moments[of_order + batch.number]
            vector = data.slopes[of_order + batch.number]
            moments.gradient(work, 0, 1, dp, matrix, vector, data.minimizer)
            scale = unit
        else:
            gradient(
                work, 0, 1, dp, row, data, orders, batch.start, batch.stop, slope_of,
                call.parameters,
            )  # fmt: skip
        return scale

    return slopes


def _clipping(
    rule: Rule, loss_passes: Passes, extras: layout.Extras, rows: Rows, d: int
) -> Callable[..., None] | None:
    """Sums made a gradient and clipped; None where the step does the first, and none the second."""
    if not _finishes(rule, loss_passes, extras):
        return None
    some = extras.unclipped
    # None or True: of a test for None only one branch is compiled.
    by_norm = True if extras.clips == "norm" and not some else None
    by_value = True if extras.clips == "value" and not some else None
    some_by_norm = True if extras.clips == "norm" and some else None
    some_by_value = True if extras.clips == "value" and some else None
    dp, base = rows.dp, rows.base

    def clip(call, scale):
        work, data, how = call.work, call.data, call.how
        passes.finish_gradient(work, 0, 1, dp, data.l2, d, scale)
        if by_value is not None:
            passes.clip_values(work, 0, 1, dp, d, how.clip)
        if by_norm is not None:
            passes.clip_norms(work, 0, 1, dp, base, d, how.clip, how.slack)
        if some_by_value is not None:
            passes.clip_some_values(work, 0, 1, dp, d, how.clip, how.clips)
        if some_by_norm is not None:
            passes.clip_some_norms(work, 0, 1, dp, base, d, how.clip, how.slack, how.clips)

    return clip


def _turning(
    rule: Rule,
    loss_passes: Passes,
    real: Any,
    extras: layout.Extras,
    rows: Rows,
    d: int,
    columns: int,
) -> Callable[..., None] | None:
    """What a rule does to its matrix before the step of each weight; None for rules without."""
    if not _turned(rule, loss_passes):
        return None
    units_of: Any = loss_passes.units
    units = units_of(d, columns)
    read_clock, read_taken = READ[len(rule.clock_values)], READ[rule.matrix_hyperparameters]
    hypers, states = len(rule.hyperparameters) - 1, len(rule.state)
    dp, first_clock, turned, own = rows.dp, rows.clock, rows.turned, rows.own
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    if isinstance(rule.matrix, MatrixStep):
        step_matrix = matrices.step_of(rule, real)

        def step(call, rate):
            work, how, hyper, at = call.work, call.how, call.hyper, call.setting
            taken = read_taken(hyper, 1, 1, at)
            if undecayed is not None:
                work[own + decay - 1, 0] = hyper[decay, at] * how.decays[0]
                taken = read_taken(work, own, 1, 0)
            scalars = read_clock(work, first_clock, 1, 0) + taken
            step_matrix(work, 0, dp, units, columns, rate, scalars, call.copies, call.room)

        return step
    assert isinstance(rule.matrix, Matrix)
    enter, enters, turns = matrices.enter, inlined(rule.matrix.enters), inlined(rule.matrix.turn)
    read_state, write_state, read_hyper = READ[states], WRITE[states], READ[hypers]
    inside = units * columns
    by = turned + rule.hyperparameters.index(rule.matrix.setting) - 1

    def turn(call, rate):
        work, hyper, at = call.work, call.hyper, call.setting
        for h in range(hypers):
            work[turned + h, 0] = hyper[1 + h, at]
        enter(
            work, 0, 1, inside, dp, first_clock, turned, enters, read_state, write_state,
            read_clock, read_hyper,
        )  # fmt: skip
        turns(work, 0, 1, dp, units, columns, by, turned + hypers)

    return turn


def _stepping(
    rule: Rule, loss_passes: Passes, extras: layout.Extras, rows: Rows, d: int, columns: int
) -> Callable[..., None]:
    """The rule's step of every weight."""
    update: Any = inlined(rule.update)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    read_state, write_state = READ[states], WRITE[states]
    read_clock, read_hyper = READ[clocked], READ[hypers]
    weight = scalars.weight_first if states else scalars.weight_alone
    state = scalars.state_rest if states else scalars.state_none
    boxed = semantics.boxed
    # None: of a test for None only one branch is compiled.
    boxes = True if extras.boxed else None
    summed = None if _finishes(rule, loss_passes, extras) else True
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    within: Any = None
    inside = 0
    if _turned(rule, loss_passes):
        units_of: Any = loss_passes.units
        inside = units_of(d, columns) * columns
        if isinstance(rule.matrix, Matrix):
            within = inlined(rule.matrix.update)
        else:
            within = matrices.arrival(states)
    dp, first_state, first_clock, own = rows.dp, rows.states, rows.clock, rows.own

    def step(call, scale, rate, others):
        work, data, how, hyper, at = call.work, call.data, call.how, call.hyper, call.setting
        settings = read_clock(work, first_clock, 1, 0) + others
        for k in range(d):
            old = work[k, 0]
            g = work[dp + k, 0]
            if undecayed is not None:
                work[own + decay - 1, 0] = hyper[decay, at] * how.decays[k]
                settings = read_clock(work, first_clock, 1, 0) + read_hyper(work, own, 1, 0)
            if summed is not None:
                g = g * scale + data.l2[k] * old
            held = read_state(work, first_state + k, dp, 0) + settings
            if within is None:
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

    return step
