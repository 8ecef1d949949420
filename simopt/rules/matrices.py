"""What a rule may do with weights that are a matrix, all of them at once."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simopt.ground import checks


@dataclass(frozen=True)
class Matrix:
    """What a rule does with weights that are a matrix, all of them at once.

    Attributes
    ----------
    enters : callable
        ``enters(g, *state, *clock_values, *hyperparameters) -> (x, *state)``: of every weight the
        entry of the matrix that is turned, and the new state.
    turn : callable
        ``turn(rows, low, high, at, units, columns, setting, first)`` turns the matrix
        [units, columns], whose entries are in the rows from ``at`` on, into another, in its place.
        In row ``setting`` is the hyperparameter of that name, in those from ``first`` on room.
    update : callable
        ``update(w, x, eta, *state, *clock_values, *hyperparameters) -> (w, *state)``: the rule's
        step for these weights, x being the entry of the matrix that was turned.
    room : callable
        ``room(units, columns)``: how many rows to work in ``turn`` needs.
    setting : str
        A hyperparameter.
    """

    enters: Callable[..., Any]
    turn: Callable[..., Any]
    update: Callable[..., Any]
    room: Callable[[int, int], int]
    setting: str

    @property
    def functions(self) -> tuple[Callable[..., Any], ...]:
        """What numbers come of."""
        return self.enters, self.turn, self.update, self.room


@dataclass(frozen=True)
class MatrixStep:
    """The step of weights that are a matrix, as a user writes it: of one matrix, in its place.

    Attributes
    ----------
    step : callable
        ``step(w, g, eta, *state, *clock_values, *hyperparameters)``, and behind these ``room`` if
        there is any: w, g and the state are arrays [units, columns], changed in place. It may leave
        out trailing hyperparameters.
    room : callable or None
        ``room(units, columns)``: the shape of the array to work in.
    """

    step: Callable[..., None]
    room: Callable[[int, int], int | tuple[int, ...]] | None = None

    @property
    def functions(self) -> tuple[Callable[..., Any] | None, ...]:
        """What numbers come of."""
        return self.step, self.room

    def shape_of_room(self, units: int, columns: int) -> tuple[int, ...]:
        """Of the array to work in; of length 0 where it asks for none."""
        shape = 0 if self.room is None else self.room(units, columns)
        return shape if isinstance(shape, tuple) else (shape,)


#: Shapes on which a matrix' step is tried: a tall one, a wide one.
TRIED = ((3, 2), (2, 3))


def matrix_step(
    matrix: Callable[..., None] | None,
    room: Callable[[int, int], int | tuple[int, ...]] | None,
    names: list[str],
    own: int,
) -> MatrixStep | None:
    """The two as one, if they fit a rule of these parameters, ``own`` of them its own."""
    if matrix is None:
        if room is not None:
            raise checks.refuse("room", room, "given together with matrix, which works in it")
        return None
    wanted = list(inspect.signature(matrix).parameters)
    rest, form = wanted, f"a function of {names}, the last of them at will"
    if room is not None:
        rest, form = wanted[:-1], f"{form}, and at the end room"
        if wanted[-1:] != ["room"]:
            raise checks.refuse("matrix", wanted, form)
    if rest != names[: len(rest)] or len(rest) < 3 + own:
        raise checks.refuse("matrix", wanted, form)
    made = MatrixStep(matrix, room)
    if room is not None:
        if len(inspect.signature(room).parameters) != 2:
            raise checks.refuse("room", room, "a function of units and columns")
        for shape in TRIED:
            sizes = made.shape_of_room(*shape)
            if not all(type(each) is int and each >= 0 for each in sizes):
                raise checks.refuse(
                    f"room{shape}", sizes, "a whole number >= 0, or a tuple of some"
                )
    return made
