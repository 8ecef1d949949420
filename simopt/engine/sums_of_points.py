"""What a loop needs of a loss: a batch's slopes summed, the full loss and a batch's, of a block.

As in `steps`, a loop has them compiled in, or calls them where they were compiled apart, so that
one loop serves all losses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

from simopt.engine import layout, tiles
from simopt.engine.addresses import lowered
from simopt.engine.layout import UNTOLD
from simopt.engine.passes import Passes, clear
from simopt.ground.compiling import code_digest


class Losses(NamedTuple):
    """What a loop knows of a loss that was compiled apart."""

    gradient: int  # the address of each
    loss: int
    batch_loss: int  # 0 where no rule asks for it
    more_rows: int  # rows of ``work`` that they need besides
    tiled_rows: int
    factor: int  # as in `Passes`


class Points(NamedTuple):
    """What a loop calls of a loss.

    Attributes
    ----------
    gradient : callable
        ``f(losses, work, gathered, starting, low, high, dp, row, tiled, data, order, start, stop)``
        sets the gradient's rows to the summed slopes of the points order[start:stop], or, where it
        begins with noise, adds them.
    loss : callable
        ``f(losses, work, gathered, starting, low, high, dp, at, base, tiled, data, d)``: the full
        loss at the weights in the rows from ``at`` on.
    batch_loss : callable
        ``f(losses, work, ticks, low, high, row, to, data, d, order, start, stop)``: the loss of the
        points order[start:stop], to a row of ``ticks`` (`batch_losses`).
    """

    gradient: Callable[..., None]
    loss: Callable[..., None]
    batch_loss: Callable[..., None]


def points_of(loss_passes: Passes, own: bool, real: type, lanes: int) -> Points:
    """The passes of a loss for one order of the points, or for orders of lanes' own."""
    shared_sums, own_sums = loss_passes.gradient, loss_passes.gradient_own
    full_loss, slope_of, value_of = loss_passes.loss, loss_passes.slope, loss_passes.value
    tiled_sums, tiled_loss = loss_passes.tiled_gradient, loss_passes.tiled_loss
    asked_loss = loss_passes.batch_loss_own if own else loss_passes.batch_loss
    read_parameters = loss_passes.read
    # None or True: of a test for None only one branch is compiled.
    clears = None if loss_passes.noisy else True
    tile = np.uint64(min(lanes, tiles.lanes(real)))

    def gradient(
        losses, work, gathered, starting, low, high, dp, row, tiled, data, order, start, stop
    ):  # fmt: skip
        parameters = read_parameters(data.parameters, 0, 1, 0)
        if tiled_sums is not None and not own:
            tiled_sums(
                work, low, high, tile, dp, tiled, data, order, start, stop, slope_of, parameters,
                gathered, starting,
            )  # fmt: skip
            return
        if clears is not None:
            clear(work, low, high, dp, 2 * dp)
        if own:
            own_sums(
                work, low, high, dp, row, data, order, start, stop, slope_of, parameters
            )  # fmt: skip
        else:
            shared_sums(
                work, low, high, dp, row, data, order, start, stop, slope_of, parameters
            )  # fmt: skip

    def loss(losses, work, gathered, starting, low, high, dp, at, base, tiled, data, d):
        parameters = read_parameters(data.parameters, 0, 1, 0)
        if tiled_loss is not None:
            tiled_loss(
                work, low, high, tile, dp, at, tiled, base, data, d, value_of, parameters, gathered,
                starting,
            )  # fmt: skip
        else:
            full_loss(work, low, high, dp, at, base, data, d, value_of, parameters)

    def batch_loss(losses, work, ticks, low, high, row, to, data, d, order, start, stop):
        parameters = read_parameters(data.parameters, 0, 1, 0)
        asked_loss(work, ticks, low, high, row, to, data, d, order, start, stop, parameters)

    return Points(gradient, loss, batch_loss)


def apart(points: Points, real: type, lanes: int, source: str) -> Points:
    """The same as functions to compile alone: of ``work`` and ``ticks`` they take the address."""
    row_length, bits = lanes + layout.spare(real), layout.bits(real, lanes)
    carray: Any = numba.carray  # type: ignore[attr-defined]
    gradient_of, loss_of, batch_loss_of = points

    def gradient(work, gathered, starting, low, high, dp, row, tiled, data, order, start, stop):
        source  # noqa: B018
        rows = carray(work, (UNTOLD, row_length))
        high = low + ((high - low) >> bits << bits)
        gradient_of(
            (), rows, gathered, starting, low, high, dp, row, tiled, data, order, start, stop
        )  # fmt: skip

    def loss(work, gathered, starting, low, high, dp, at, base, tiled, data, d):
        source  # noqa: B018
        rows = carray(work, (UNTOLD, row_length))
        high = low + ((high - low) >> bits << bits)
        loss_of((), rows, gathered, starting, low, high, dp, at, base, tiled, data, d)

    def batch_loss(work, ticks, low, high, row, to, data, d, order, start, stop):
        source  # noqa: B018
        rows, ticks = carray(work, (UNTOLD, row_length)), carray(ticks, (UNTOLD, lanes))
        high = low + ((high - low) >> bits << bits)
        batch_loss_of((), rows, ticks, low, high, row, to, data, d, order, start, stop)

    return Points(gradient, loss, batch_loss)


def signatures(real: Any, data: Any, own: bool) -> tuple[Any, Any, Any]:
    """What they are compiled for, in a precision and with data of that type."""
    rows, row = types.Array(real, 2, "C"), types.Array(real, 1, "C")
    order = types.Array(types.int32, 2, "C") if own else types.Array(types.int64, 1, "C")
    lane, number = types.uint64, types.int64
    work, ticks = types.CPointer(real), types.CPointer(types.float64)
    first = work, rows, row, lane, lane, number, number, number
    return (
        types.void(*first, data, order, number, number),
        types.void(*first, number, data, number),
        types.void(work, ticks, lane, lane, number, number, data, number, order, number, number),
    )


def _gradient(
    context, address, work, gathered, starting, low, high, dp, row, tiled, data, order, start, stop
):  # fmt: skip
    number = types.int64
    own = order.ndim == 2
    taken, *_ = signatures(work.dtype, data, own)

    def lower(context, builder, given, values):
        return lowered(taken, given, context, builder, values)

    return types.void(number, work, *taken.args[1:]), lower


def _loss(context, address, work, gathered, starting, low, high, dp, at, base, tiled, data, d):
    _, taken, _ = signatures(work.dtype, data, False)

    def lower(context, builder, given, values):
        return lowered(taken, given, context, builder, values)

    return types.void(types.int64, work, *taken.args[1:]), lower


def _batch_loss(
    context, address, work, ticks, low, high, row, to, data, d, order, start, stop
):  # fmt: skip
    *_, taken = signatures(work.dtype, data, order.ndim == 2)

    def lower(context, builder, given, values):
        return lowered(taken, given, context, builder, values)

    return types.void(types.int64, work, ticks, *taken.args[2:]), lower


_called_gradient: Any = intrinsic(_gradient)
_called_loss: Any = intrinsic(_loss)
_called_batch_loss: Any = intrinsic(_batch_loss)


def call_gradient(
    losses, work, gathered, starting, low, high, dp, row, tiled, data, order, start, stop
):  # fmt: skip
    """A gradient that was compiled apart, in place of a `Points.gradient`."""
    _called_gradient(
        losses.gradient, work, gathered, starting, low, high, dp, row, tiled, data, order, start,
        stop,
    )  # fmt: skip


def call_loss(losses, work, gathered, starting, low, high, dp, at, base, tiled, data, d):
    """A loss that was compiled apart, in place of a `Points.loss`."""
    _called_loss(losses.loss, work, gathered, starting, low, high, dp, at, base, tiled, data, d)


def call_batch_loss(losses, work, ticks, low, high, row, to, data, d, order, start, stop):
    """A batch's loss that was compiled apart, in place of a `Points.batch_loss`."""
    _called_batch_loss(
        losses.batch_loss, work, ticks, low, high, row, to, data, d, order, start, stop
    )  # fmt: skip


#: What a loop calls where they were compiled apart.
CALLS = Points(call_gradient, call_loss, call_batch_loss)

#: Changes with these, of which the digests of what they call say nothing.
SOURCE = code_digest(points_of, apart, _gradient, _loss, _batch_loss)
