"""What the compiler refuses in a user's function, in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from numba import njit, types
from numba.core.errors import NumbaError, UnsupportedBytecodeError
from numba.core.types import float64, int64

from simopt.ground import powers
from simopt.ground.snapshot import is_copy, origin, reached
from simopt.problems import Problem
from simopt.rules.matrices import TRIED, MatrixStep
from simopt.rules.rule import Rule

#: What the compiler raises for code that it does not know.
REFUSALS = (NumbaError, UnsupportedBytecodeError)


def explained(rule: Rule, problem: Problem, error: Exception) -> Exception:
    """A ValueError that names the function which the compiler refuses, the line, and why.

    The error itself, where it comes of no function of the user's.
    """
    for whose, function in _given(rule, problem):
        try:
            njit(function).compile(_taken(rule, function))
        except REFUSALS as refusal:
            return ValueError(f"{whose}: {sentence(function, str(refusal))}")
    for whose, function in _given(rule, problem):
        return ValueError(f"{whose}: {sentence(function, str(error))}")
    return error


def raised(rule: Rule, problem: Problem, error: Exception) -> Exception:
    """A ValueError that names whose function raised an error in compiled code.

    The error itself, where there is no function of the user's, or what raised is the machine.
    """
    whose = list(dict.fromkeys(name for name, _ in _given(rule, problem)))
    if not whose or isinstance(error, (MemoryError, OSError)):
        return error
    what = f"{type(error).__name__}: {error}".removesuffix(": ")
    if str(error) == powers.REFUSAL:  # Python has none to say
        return ValueError(f"{' or '.join(whose)} has {error}")
    return ValueError(
        f"{' or '.join(whose)} raises {what}; simopt.run with the same settings says where"
    )


def _given(rule: Rule, problem: Problem) -> Iterator[tuple[str, Callable[..., Any]]]:
    given = [(f"rule {rule.name!r}", each) for each in reversed(rule.functions)]
    if (formula := problem.formula) is not None:
        given += [(f"problem {problem.name!r}", each) for each in (formula.loss, formula.gradient)]
    for whose, function in given:
        if function is not None and is_copy(function):
            yield whose, function


def _taken(rule: Rule, function: Callable[..., Any]) -> tuple[Any, ...]:
    """The types of what a function is given: numbers, but for those about matrices."""
    count = function.__code__.co_argcount
    matrix = rule.matrix
    if not isinstance(matrix, MatrixStep) or function not in matrix.functions:
        return (float64,) * count
    if function is matrix.room:
        return (int64,) * count
    array = float64[:, ::1]
    arrays = (array, array, float64, *[array] * len(rule.state))
    if matrix.room is None:
        return (*arrays, *[float64] * (count - len(arrays)))
    room = types.Array(float64, len(matrix.shape_of_room(*TRIED[0])), "C")
    return (*arrays, *[float64] * (count - len(arrays) - 1), room)


#: Reasons that the compiler gives in a line of their own.
REASONS = re.compile(
    r"(Use of unsupported .*|Can't unify .*|Cannot unify .*|Unknown attribute .*|Untyped .*"
    r"|.* not supported.*|Cannot modify .*|Cannot (?:determine|resolve) .*)"
)


def sentence(function: Callable[..., Any], text: str) -> str:
    """Where and why, from the compiler's long message."""
    lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()]
    lines = [line for line in lines if line and not line.startswith(("During:", "raised from"))]
    first = function.__code__
    file, number, end = first.co_filename, 0, len(lines)
    for index, line in enumerate(lines):
        where = re.search(r'File "[^"<]*(<[^"]*>)", line (\d+)|from [^ <]*(<.*>) \((\d+)\)', line)
        if where is not None:
            file, number = where[1] or where[3], int(where[2] or where[4])
            end = index + 1
            break
    reason = _simplified(_reason(lines[:end], {each.__name__ for each in reached(function)}))
    reason = reason.partition(". Raised from")[0].rstrip(".")
    where_it_is = f"{file.strip('<>')} ({origin(function, file, number)})"
    return f"{where_it_is}, which Numba has to compile: {reason}"


def _reason(lines: Sequence[str], known: Container[str]) -> str:
    """What comes first: a reason, or a call that is none of a function of the user's."""
    calls = []
    for line in lines:
        if found := REASONS.match(line):
            return found[1]
        if line.startswith(">>> "):
            calls.append(f"calls {line[4:]}")
            if line[4:].partition("(")[0] not in known:
                return calls[-1]
    return next((line for line in calls or lines if not line.startswith("Failed in ")), lines[0])


def _simplified(reason: str) -> str:
    """A reason in words of the user's code."""
    reason = re.sub(
        r"Unknown attribute '(\w+)' of type Module\(<module '([\w.]+)'.*", r"no \2.\1", reason
    )
    return re.sub(r"calls exception_match\(.*, (\w+)\)", r"catches \1, not Exception", reason)
