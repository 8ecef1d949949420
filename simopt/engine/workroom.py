"""The arrays that one call of a kernel works in, made by Python.

Made by compiled code they were a third of what there was to compile, and it counted who refers to
them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simopt.engine import layout, tiles
from simopt.engine.orders import epochs_held
from simopt.engine.passes import Passes
from simopt.engine.rows import rows_of
from simopt.engine.steps import Steps


class Workroom(NamedTuple):
    """Arrays of a call, whatever they last held, and where lanes begin in their rows."""

    work: Any  # [rows, lanes]
    ticks: Any  # [values of a clock, and sums, lanes], float64
    gathered: Any  # tiles' own
    starting: Any
    shared: Any  # [epochs, n]: orders that blocks share
    of_lanes: Any  # [n, lanes]: an order of every lane's own
    places: Any  # [n]: what an order is shuffled with
    pick: Any  # to draw from a seed for every lane
    memory: Any  # [4, lanes]: best loss, epochs without improvement, epochs to rest, least rate
    held: Any  # what updates work in besides
    low: Any  # the first lane


def workrooms(
    loss_passes: Passes,
    points: str,
    real: type,
    extras: layout.Extras,
    lanes: int,
    steps: Steps | None,
    held: Callable[..., Any],
    plain: bool,
) -> Callable[..., Workroom]:
    """What makes them for a loop, ``f(shape, losses, data, how, out, width)``.

    ``held(data, how, width, begun, follow)`` makes what updates work in; ``follow`` says whether
    blocks follow each other. The rest is as `loop.made` and what it returns have it.
    """
    one, own = loss_passes.one, points.startswith("own")
    # Without compilation lanes begin anywhere.
    unaligned, spare = (0, 0) if plain else (63, layout.spare(real))
    size = np.dtype(real).itemsize

    def height(shape: Any, losses: Any, d: int, dp: int, columns: int) -> int:
        if losses is not None:
            return int(rows_of(shape, dp, losses.more_rows, losses.tiled_rows).turned)
        tiled = 1 if one else loss_passes.tiled_rows(dp, columns)
        rows = rows_of(shape, dp, loss_passes.rows(d, columns), tiled).turned
        if steps is not None and steps.rows is not None:
            assert loss_passes.units is not None
            rows += steps.rows(loss_passes.units(d, columns), columns)
        return int(rows)

    def workroom(shape: Any, losses: Any, data: Any, how: Any, out: Any, width: int) -> Workroom:
        (n, columns), d = data.x.shape, len(data.optimum)
        dp, tile = (1, 0) if one else (len(data.w0), tiles.POINTS)
        begun = out.begun if extras.kept else 0
        # Blocks that follow each other and share a seed share its orders, and its batches' moments.
        follow = len(out.loss) > width
        epochs = epochs_held(how.shuffle, how.epochs, n) if follow else 1
        work: Any = np.empty((height(shape, losses, d, dp, columns), lanes + spare), real)
        return Workroom(
            work,
            ticks=np.empty((shape.clocked + 1 + shape.totals, lanes)),
            gathered=np.zeros((tile, dp), real),
            starting=np.zeros(tile, real),
            shared=np.empty((1, 1) if own else (epochs, n), np.int64),
            # Half as long as other places: orders of lanes' own outgrow a cache.
            of_lanes=np.empty((n if own else 1, width), np.int32),
            places=np.empty(1 if own else n, np.int64),
            pick=np.empty((3, width), np.int64),
            memory=np.empty((4 if extras.reacts else 0, lanes), real),
            held=held(data, how, width, begun, follow),
            # Unsigned: an index that may be negative counts from the end, and such loops aren't
            # packed.
            low=np.uint64((-work.ctypes.data & unaligned) // size),
        )

    return workroom
