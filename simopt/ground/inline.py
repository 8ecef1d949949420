"""Plain Python functions for compiled loops: made inlinable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from simopt.ground import elementary, powers
from simopt.ground.parts import part
from simopt.ground.snapshot import reached

_registered: WeakSet[Callable[..., Any]] = WeakSet()


def inlined(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let compiled code call a plain function, and the plain functions that it calls."""
    if function not in _registered:
        for called in reached(function):
            if called not in _registered:
                part(called)
                _registered.add(called)
    return function


def taken_in(*functions: Callable[..., Any]) -> None:
    """Let compiled code call functions that call none but what is inlinable already."""
    for function in functions:
        if function not in _registered:
            part(function)
            _registered.add(function)


def lowered(function: Callable[..., Any]) -> Callable[..., Any]:
    """Leave a plain function alone: what compiled code calls in its stead is said elsewhere."""
    _registered.add(function)
    return function


def in_place_of(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Decorate what returns, from the types of its arguments, what to compile in a call's stead.

    It is a part as others are: as one of Numba's own functions it would be compiled for itself, in
    four times the time.
    """

    def decorated(chosen: Callable[..., Any]) -> Callable[..., Any]:
        part(function, chosen)
        return chosen

    return decorated


def _chosen(double: Callable[..., Any], single: Callable[..., Any]) -> Callable[..., Any]:
    """What Numba asks, by the argument's type, for the function to compile."""
    return lambda x: inlined(single if x.name == "float32" else double)


# Of the test in Python compiled code would keep both sides, and make doubles of both results.
for _function, _double, _single in elementary.CHOICES:
    part(_function, _chosen(_double, _single))
    lowered(_function)

part(powers.check_power, powers.chosen)
lowered(powers.check_power)
