"""Plain Python functions for compiled loops: made inlinable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from numba.extending import register_jitable

from simopt.ground.compiling import WITHOUT_WRAPPERS
from simopt.ground.snapshot import reached

#: Each part of a loop is compiled for itself before it is put in.
OPTIONS = {"forceinline": True, **WITHOUT_WRAPPERS}

_registered: WeakSet[Callable[..., Any]] = WeakSet()


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call a plain function, and the plain functions that it calls."""
    if function not in _registered:
        for called in reached(function):
            if called not in _registered:
                register_jitable(**OPTIONS)(called)
                _registered.add(called)
    return function


def taken_in(*functions: Callable[..., Any]) -> None:
    """Let compiled code call functions that call none but what is inlinable already."""
    for function in functions:
        if function not in _registered:
            register_jitable(**OPTIONS)(function)
            _registered.add(function)


def lowered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Leave a plain function alone: what compiled code calls in its stead is said elsewhere."""
    _registered.add(function)
    return function
