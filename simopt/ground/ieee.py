"""A user's function whose `math` has a value for every argument, as compiled code has.

Python's ``math.exp(1000.0)`` raises; in a compiled loop it is infinite, as IEEE 754 has it, and a
function such as ``1 / (1 + math.exp(z))`` goes on.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.ground.snapshot.bytecode import Read, reads
from simopt.ground.snapshot.nodes import Function, as_imported, is_library

#: NumPy's functions of the same name where it is another.
RENAMED = {
    "acos": "arccos", "acosh": "arccosh", "asin": "arcsin", "asinh": "arcsinh", "atan": "arctan",
    "atanh": "arctanh", "pow": "power",
}  # fmt: skip

#: Functions that overflow to infinity with their first argument's sign, for which NumPy has no
#: function, or one of whole exponents alone.
SIGNED = {"gamma", "ldexp"}


def ieee(function: Function) -> Function:
    """The function, and all plain ones that it calls, with such a `math`.

    Made anew at each call: what it reads is as it is now.

    Examples
    --------
    >>> import math
    >>> def share(z):
    ...     return 1 / (1 + math.exp(-z))
    >>> float(ieee(share)(-1000.0)), float(ieee(share)(0.0))
    (0.0, 0.5)
    """
    return _copied(function, {})


def _copied(function: Function, made: dict[Function, Function]) -> Function:
    if function in made:
        return made[function]
    wanted = reads(function.__code__)
    space = dict(function.__globals__)
    cells = {name: types.CellType() for name in function.__code__.co_freevars}
    closure = tuple(cells.values())
    copy = types.FunctionType(function.__code__, space, function.__name__, None, closure)
    copy.__defaults__, copy.__kwdefaults__ = function.__defaults__, function.__kwdefaults__
    made[function] = copy
    for name, read in wanted.names.items():
        if name in space:
            space[name] = _exchanged(space[name], read, made)
    for cell, (name, empty) in zip(function.__closure__ or (), cells.items(), strict=True):
        read = wanted.closed.get(name, Read(0, bare=True))
        empty.cell_contents = _exchanged(cell.cell_contents, read, made)
    return copy


def _exchanged(value: Any, read: Read, made: dict[Function, Function]) -> Any:
    """What stands for a value that a function reads."""
    if value is math:
        return types.SimpleNamespace(**{name: _function(name) for name in read.attributes})
    if isinstance(value, types.BuiltinFunctionType) and value.__module__ == "math":
        return _function(value.__name__)
    if isinstance(value, types.FunctionType) and as_imported(value) is None:
        return _copied(value, made)
    if isinstance(value, types.ModuleType) and not is_library(value.__name__):
        members = {name: getattr(value, name, None) for name in read.attributes}
        held = {n: _exchanged(each, read.attributes[n], made) for n, each in members.items()}
        return types.SimpleNamespace(**held)
    return value


def _function(name: str) -> Any:
    """One of `math`, which falls back on NumPy's of that name."""
    exact = getattr(math, name)
    if not callable(exact):
        return exact
    other: Callable[..., Any] | None = getattr(np, RENAMED.get(name, name), None)

    def total(*arguments: float) -> Any:
        try:
            value = exact(*arguments)
        except (OverflowError, ZeroDivisionError):  # the latter of a logarithm to the base 1
            if name in SIGNED:
                return np.float64(math.copysign(math.inf, arguments[0]))
            if other is None:
                return np.float64(math.inf)
        except ValueError:
            if name == "gamma" and arguments[0] == 0:
                return np.float64(math.copysign(math.inf, arguments[0]))
            if other is None:
                return np.float64(math.inf if name == "lgamma" else math.nan)
        else:
            return np.float64(value) if type(value) is float else value  # 1 / 0.0 is inf
        with np.errstate(all="ignore"):
            if name == "log" and len(arguments) == 2:
                return other(np.float64(arguments[0])) / other(np.float64(arguments[1]))
            return other(*map(np.float64, arguments))

    return total
