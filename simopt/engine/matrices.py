"""Rules that step along a matrix of weights: its entries, before it is turned.

Such a rule has a pass over the matrix' weights more, between gradient and update: each puts what
enters the matrix in the place of its gradient, and its state is the new one. The rule's own
function then turns the matrix (`rules.matrices.Matrix`), and the update of these weights takes
its entries for gradients. Without such a rule none of it is compiled.

A step that a user wrote (`rules.matrices.MatrixStep`) is of one matrix, as an array: of every
lane's weights, gradient and state there is a copy in arrays of their own. What it makes of the
weights takes the place of their gradient, and the update makes a weight of that.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine import layout, scalars
from simopt.engine.scalars import READ, WRITE
from simopt.ground.inline import inlined
from simopt.ground.parts import makes_arrays
from simopt.rules.matrices import Matrix, MatrixStep
from simopt.rules.rule import Rule
from simopt.training import semantics


def enter(
    work, low, high, inside, dp, clock_row, settings, enters, read_state, write_state, read_clock,
    read_hyper,
):  # fmt: skip
    """What enters of the weights 0 to ``inside - 1``, of all lanes."""
    for k in range(inside):
        for lane in range(low, high):
            held = read_state(work, 2 * dp + k, dp, lane) + read_clock(work, clock_row, 1, lane)
            entered = enters(work[dp + k, lane], *(held + read_hyper(work, settings, 1, lane)))
            work[dp + k, lane] = entered[0]
            write_state(work, 2 * dp + k, dp, lane, scalars.state_rest(entered))


def step_of(rule: Rule, real: type) -> Callable[..., None]:
    """A user's step of a matrix, in one lane.

    ``f(work, lane, dp, units, columns, rate, scalars, held, room)``: ``scalars`` is a tuple of the
    clock's values and the hyperparameters that it takes, ``held`` an array of `held_shape`.
    """
    assert isinstance(rule.matrix, MatrixStep)
    step, read = inlined(rule.matrix.step), READ[len(rule.state)]
    copies, unknown = 2 + len(rule.state), real(math.nan)
    roomy = None if rule.matrix.room is None else True

    @makes_arrays
    def stepped(w, g, rate, rest):
        """The step alone: an array that it returns, though it should return none, is freed."""
        step(w, g, rate, *rest)

    inlined(stepped)

    def step_matrix(work, lane, dp, units, columns, rate, scalars, held, room):
        finite = True
        for s in range(copies):
            for i in range(units):
                for j in range(columns):
                    value = work[s * dp + i * columns + j, lane]
                    held[s, 0, i, j] = value
                    finite = finite and math.isfinite(value)
        if finite:
            # The arrays of the state, as rows are read: [what, 0] is one.
            arguments = read(held, 2, 1, 0) + scalars
            if roomy is None:
                stepped(held[0, 0], held[1, 0], rate, arguments)
            else:
                stepped(held[0, 0], held[1, 0], rate, arguments + (room,))  # noqa: RUF005
        for i in range(units):
            for j in range(columns):
                k = i * columns + j
                work[dp + k, lane] = held[0, 0, i, j] if finite else unknown
                for s in range(2, copies):
                    work[s * dp + k, lane] = held[s, 0, i, j]

    return inlined(step_matrix)


def held_shape(rule: Rule, units: int, columns: int) -> tuple[int, int, int, int]:
    """Of the copies of a matrix' weights, gradient and state."""
    return 2 + len(rule.state), 1, units, columns


def arrival(states: int) -> Callable[..., Any]:
    """The update of a weight whose step has been made: it is what stands for its gradient."""

    def with_state(w, x, eta, *rest):
        return (x, *rest[:states])

    def alone(w, x, eta, *rest):
        return x

    return inlined(with_state if states else alone)


def turning(
    rule: Rule, real: type, extras: layout.Extras, spare: Callable[..., None]
) -> tuple[Any, Any, Any, Any]:
    """What `steps.Steps` has as turn, rows and arrays, and the update behind them.

    ``spare`` is the rule's `steps.Steps.spare`.
    """
    make = _steps_matrix if isinstance(rule.matrix, MatrixStep) else _turns
    return make(rule, real, extras, spare)


def _turns(
    rule: Rule, real: type, extras: layout.Extras, spare: Callable[..., None]
) -> tuple[Any, Any, Any, Any]:
    """The same of a rule that turns matrices."""
    assert isinstance(rule.matrix, Matrix)
    enters, turned = inlined(rule.matrix.enters), inlined(rule.matrix.turn)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    read_state, write_state = READ[states], WRITE[states]
    read_clock, read_hyper = READ[clocked], READ[hypers]
    by = rule.hyperparameters.index(rule.matrix.setting)

    def turn(
        work, low, high, d, dp, units, columns, first, held, room, setting, hyper, share, factor,
        shift,
    ):  # fmt: skip
        first_clock = (2 + states) * dp
        eta = first_clock + clocked
        enter(
            work, low, high, units * columns, dp, first_clock, eta + 1, enters, read_state,
            write_state, read_clock, read_hyper,
        )  # fmt: skip
        turned(work, low, high, dp, units, columns, eta + by, first)

    def arrays(units, columns):
        return np.empty((0, 1, 0, 0), real), np.empty(0, real)

    return turn, rule.matrix.room, arrays, rule.matrix.update


def _steps_matrix(
    rule: Rule, real: type, extras: layout.Extras, spare: Callable[..., None]
) -> tuple[Any, Any, Any, Any]:
    """The same of a rule whose user wrote the step of a matrix."""
    assert isinstance(rule.matrix, MatrixStep)
    states, clocked = len(rule.state), len(rule.clock_values)
    read_clock, read_hyper = READ[clocked], READ[rule.matrix_hyperparameters]
    step, rate_at = step_of(rule, real), semantics.rate_at
    roomy = None if rule.matrix.room is None else True
    shape_of: Any = rule.matrix.room
    scheduled = True if extras.scheduled else None
    undecayed = True if extras.undecayed else None

    def turn(
        work, low, high, d, dp, units, columns, first, held, room, setting, hyper, share, factor,
        shift,
    ):  # fmt: skip
        first_clock = (2 + states) * dp
        eta = first_clock + clocked
        if undecayed is not None:
            spare(work, low, high, setting, hyper, share, eta)
        for lane in range(low, high):
            rate = work[eta, lane]
            if scheduled is not None:
                rate = rate_at(rate, factor, shift)
            scalars = read_clock(work, first_clock, 1, lane) + read_hyper(work, eta + 1, 1, lane)
            step(work, lane, dp, units, columns, rate, scalars, held, room)

    def rows(units, columns):
        return 0

    def arrays(units, columns):
        held = np.empty((2 + states, 1, units, columns), real)
        if roomy is None:
            return held, np.empty(0, real)
        return held, np.empty(shape_of(units, columns), real)

    return turn, rows, arrays, arrival(states)


NUMERIC: tuple[Callable[..., Any], ...] = (enter,)

#: What makes functions here: a part of the source of what is compiled.
MAKERS = (turning, _turns, _steps_matrix, step_of, arrival)
