"""The optimizer under test, played: on a vector, a matrix, and a weight by itself."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from simopt.ground import checks
from simopt.training.conformance import conditions, probing
from simopt.training.conformance.adapters.record import Handed, Unfit

#: Updates over which a weight by itself, or a matrix, is compared with the vector.
SHORT = 24

#: The weight that is also played by itself: plain noise from the first update on.
ALONE = 5

#: The rows and columns of the same weights as a matrix.
MATRIX = (2, 4)

#: A sum over a vector and over a matrix may be rounded otherwise.
ROUNDING = 1e-9

#: Up to here a weight stands still: rules that differ have their weights less than 1e-12 apart.
STILL = 1e-8

#: How an object was called that may only look like one of a kind.
CALLED = {
    "function": " where it is called as step(w, g, state), with arrays",
    "optax": " where its update is called as optax', with the gradients, its state and the weights",
}

#: The note on an optimizer that can't be compared with itself.
CHANCE = (
    "of the same gradients it steps otherwise each time: with random numbers, or by what it counts "
    "outside of its state"
)

#: The note on one whose weights do not move each by itself.
ACROSS = (
    "a weight's step depends on other weights, through a norm or a matrix, while a rule moves "
    "every weight by its own gradients"
)


@dataclass(frozen=True, eq=False)
class Subject:
    """Its weights after every update, what it was given, and what else its steps showed.

    ``on_matrix`` are its first weights where they are a matrix, if it steps them otherwise then;
    ``seen`` are the conditions under which a matrix was compared with a vector. ``apart``: a weight
    by itself was seen to move as it does among others.
    """

    theirs: probing.Array
    probe: probing.Probe
    notes: tuple[str, ...]
    on_matrix: probing.Array | None = None
    seen: tuple[str, ...] = ()
    apart: bool = False


def play(given: Handed) -> Subject:
    """Play the probe as a vector, or as a matrix if the optimizer takes nothing else.

    Raises
    ------
    ValueError
        If its step fails on either, or moves nothing.
    """
    probe = probing.probe(given.drops)
    vector, matrix = probe.start.shape, MATRIX
    with random_kept(), given.context():
        try:
            theirs, shape = _weights(given, probe, vector), vector
        except Unfit:
            raise
        except Exception as error:
            on_matrix = _attempt(given, probe, matrix)
            if on_matrix is None:
                raise ValueError(
                    f"optimizer: must take a step on {len(probe.start)} weights in float64"
                    f"{CALLED.get(given.framework, '')}; it raised {checks.raised(error)}"
                ) from error
            theirs, shape = on_matrix, matrix
        if shape == vector and _stands(theirs, probe):  # it may pass over all but matrices
            on_matrix = _attempt(given, probe, matrix)
            if on_matrix is not None:
                theirs, shape = on_matrix, matrix
        if _stands(theirs, probe):
            # Every rule stands still with it at a rate of 0, and would be equal.
            went = np.abs(theirs - probe.start).max()
            how = f"went {went:.2g} at most in" if went else "stood still for"
            raise ValueError(
                f"optimizer: must move its weights, which {how} "
                f"{len(theirs)} updates; at a rate of 0, or next to it, every rule does"
                + "".join(f"; {note}" for note in given.notes)
            )
        if shape == matrix:
            probe = probing.of_matrix(given.drops, *matrix)
        notes, on_matrix, apart = _across(given, probe, theirs, shape, matrix)
        seen: list[str] = []
        if shape == vector and on_matrix is None and CHANCE not in notes:
            more, seen = _of_matrices(given)
            notes += more
    return Subject(theirs, probe, notes, on_matrix, tuple(seen), apart)


def under(given: Handed, condition: conditions.Condition) -> probing.Array | None:
    """Its weights under a condition; None if it can't take a step there."""
    with random_kept(), given.context():
        return _attempt(given, condition.probe, condition.shape)


def _of_matrices(given: Handed) -> tuple[tuple[str, ...], list[str]]:
    """A note where a matrix is stepped otherwise than a vector, and all conditions seen."""
    seen, apart = [], []
    for each in conditions.of_matrices(given.framework):
        as_matrix, as_vector = (
            _attempt(given, each.probe, shape) for shape in (each.shape, each.probe.start.shape)
        )
        if as_matrix is None or as_vector is None:
            continue
        seen.append(f"a matrix: {each.words}")
        if _differ(as_matrix, as_vector):
            apart.append(f"where {each.words}")
    if not apart:
        return (), seen
    said = f"a matrix it steps otherwise {' and '.join(apart)}; this is about its step elsewhere"
    return (said,), seen


def _stands(theirs: probing.Array, probe: probing.Probe) -> bool:
    """Whether no update moved any weight, to speak of."""
    return bool((np.abs(theirs - probe.start) <= STILL).all())


def _across(
    given: Handed,
    probe: probing.Probe,
    theirs: probing.Array,
    shape: tuple[int, ...],
    matrix: tuple[int, int],
) -> tuple[tuple[str, ...], probing.Array | None, bool]:
    """What shows that a weight's step depends on other weights, or on chance.

    The weights of a matrix, if that is stepped otherwise. And whether a weight by itself was seen
    to move as it does among others.
    """
    again = _attempt(given, probe.first(SHORT), shape)
    if again is not None and _differ(again, theirs[:SHORT]):
        return (CHANCE,), None, False
    notes: list[str] = []
    otherwise = None
    if shape == matrix:
        notes.append("it steps nothing but matrices, and was given one of 2 by 4")
    else:
        on_matrix = _attempt(given, probe.first(SHORT), matrix)
        if on_matrix is not None and _differ(on_matrix, theirs[:SHORT]):
            otherwise = on_matrix
            notes.append(
                "a matrix it steps otherwise, as a whole (as Muon and Adafactor do) or by a mask; "
                "this is about its step on a vector"
            )
    single = probe.first(SHORT).weight(ALONE)
    by_itself = _attempt(given, single, (1,) * len(shape))
    if by_itself is not None and _differ(by_itself, theirs[:SHORT, ALONE : ALONE + 1]):
        notes.append(ACROSS)
    elif given.halves is not None and by_itself is not None:
        apart = _attempt(given, probe.first(SHORT), shape, given.halves)
        if apart is not None and _differ(apart, theirs[:SHORT]):
            notes.append(
                "of two parameters it steps otherwise than of one with the same weights: they "
                "share state, or a count of updates that goes on with each"
            )
    if given.closed is not None:
        closed = _attempt(given, probe.first(SHORT), shape, given.closed)
        if closed is not None and _differ(closed, theirs[:SHORT]):
            notes.append(
                "given a closure it steps otherwise, by the loss that it is told then; this is "
                "about its steps without one"
            )
    return tuple(notes), otherwise, by_itself is not None and ACROSS not in notes


@contextmanager
def random_kept() -> Iterator[None]:
    """Leave Python's and NumPy's random numbers where they are."""
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002, the global ones
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def _weights(
    given: Handed, probe: probing.Probe, shape: tuple[int, ...], start: Any = None
) -> probing.Array:
    begin = given.start if start is None else start
    return probe.play(begin(probe.start.reshape(shape)), shape)


def _attempt(
    given: Handed, probe: probing.Probe, shape: tuple[int, ...], start: Any = None
) -> probing.Array | None:
    try:
        return _weights(given, probe, shape, start)
    except Exception:  # it takes no such shape, which is no fault
        return None


def _differ(one: probing.Array, other: probing.Array) -> bool:
    return probing.distance(one, other, ROUNDING).first is not None
