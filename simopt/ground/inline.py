"""Plain Python functions for compiled loops: made inlinable, and told apart by what they do.

Numba's disk cache keys a kernel by the functions it closes over, but by *name*: it does not see
that a function imported from another file has changed, nor one that such a function calls (an open
issue since 2016, numba#1833). A digest of the functions' code, held by the kernel's closure as a
string, becomes part of the key and closes that hole.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numba.extending import register_jitable

_registered: set[Callable[..., Any]] = set()


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call a plain function, and the plain functions that it calls."""
    for called in (*_called(function), function):
        if called not in _registered:
            register_jitable(forceinline=True)(called)
            _registered.add(called)
    return function


def digest(*functions: Callable[..., Any] | None) -> str:
    """Sixteen hexadecimal digits that change when any of the functions, or what they call, does."""
    sha = hashlib.sha256()
    for function in functions:
        if function is None:
            sha.update(b"none")
            continue
        for each in (*_called(function), function):
            sha.update(each.__name__.encode())
            sha.update(_code_bytes(each.__code__))
            sha.update(repr(sorted(_constants(each))).encode())
    return sha.hexdigest()[:16]


def _called(function: Callable[..., Any]) -> Iterator[Any]:
    """The plain functions that a function reaches by name, callees first, each once."""
    found: dict[Any, None] = {}

    def visit(caller: Any) -> None:
        for value in _names(caller).values():
            if isinstance(value, types.FunctionType) and value not in found and value != function:
                found[value] = None
                visit(value)
                found[value] = found.pop(value)

    visit(function)
    return iter(found)


def _names(function: Any) -> dict[str, Any]:
    """What the global and closed-over names of a function stand for."""
    code = function.__code__
    reached = {n: function.__globals__[n] for n in code.co_names if n in function.__globals__}
    for module in [value for value in reached.values() if isinstance(value, types.ModuleType)]:
        reached |= {n: getattr(module, n) for n in code.co_names if n in vars(module)}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        reached[name] = cell.cell_contents
    return reached


def _constants(function: Any) -> list[tuple[str, str]]:
    """Global and closed-over numbers and arrays, which Numba freezes into the code."""
    frozen = []
    for name, value in _names(function).items():
        if isinstance(value, (int, float, str, tuple)):
            frozen.append((name, repr(value)))
        elif isinstance(value, (np.ndarray, np.generic)):
            frozen.append((name, value.tobytes().hex()))
    return frozen


def _code_bytes(code: types.CodeType) -> bytes:
    """Bytecode, constants and names; not line numbers, file names, and the docstring."""
    first = code.co_consts[:1]
    constants = (
        code.co_consts[1:] if first and isinstance(first[0], (str, type(None))) else code.co_consts
    )
    frozen = b"".join(
        _code_bytes(c) if isinstance(c, types.CodeType) else repr(c).encode() for c in constants
    )
    return code.co_code + frozen + repr((code.co_names, code.co_varnames)).encode()
