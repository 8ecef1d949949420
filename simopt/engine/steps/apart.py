"""Steps that were compiled for themselves, called by their address."""

from __future__ import annotations

from typing import Any

from numba.core import types
from numba.extending import intrinsic

from simopt.engine.addresses import lowered


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
