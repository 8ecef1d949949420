"""The points of lanes that each have an order of their own: order [n, lanes].

A lane's point lies anywhere. What a pass reads of it is copied to rows first, some neighbouring
columns of some lanes at a time, from where arithmetic on lanes finds it packed: to gather it column
by column, wherever it is used, took four times as long. Compilers turn no rows into columns, so
that it is written in their own terms, as in `products`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from simopt.engine.products import INDEX, Lowering, step
from simopt.ground.compiling import code_digest
from simopt.ground.inline import in_place_of, lowered

#: Columns and lanes that are copied at once: what the shuffles of a vector of 64 bytes are about.
COLUMNS, LANES = 4, 8


@lowered
def copy_block(rows, to, lane, x, k, order, position, at):
    """Set COLUMNS rows from ``to`` on, in LANES of lanes from ``lane`` on, to columns of points.

    ``rows[to + c, lane + v]`` becomes ``x[order[position, at + v], k + c]``.
    """
    for v in range(min(LANES, order.shape[1] - int(at))):
        i = order[position, at + v]
        for c in range(COLUMNS):
            rows[to + c, lane + v] = x[i, k + c]


@lowered
def copy_row(rows, to, lane, y, order, position, at):
    """Set LANES of lanes from ``lane`` on of row ``to`` to a number of every point's."""
    for v in range(min(LANES, order.shape[1] - int(at))):
        rows[to, lane + v] = y[order[position, at + v]]


def _points(context: Any, builder: Any, kind: Any, order: Any, position: Any, at: Any) -> list[Any]:
    """The points of LANES of lanes."""
    places = Lowering(context, builder, kind.dtype)
    place, (_, onward) = places.at(kind, order, position, at)
    found = [
        builder.load(places.pointer(place, onward, step(v), places.number)) for v in range(LANES)
    ]
    return [i if i.type == INDEX else builder.sext(i, INDEX) for i in found]


def _row(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    rows, to, lane, y, order, position, at = arguments
    kind_of_rows, _, _, kind_of_y, kind_of_order, *_ = signature.args
    reals, points = (
        Lowering(context, builder, kind.dtype, LANES) for kind in (kind_of_rows, kind_of_y)
    )
    target, _ = reals.at(kind_of_rows, rows, to, lane)
    first, (between,) = points.at(kind_of_y, y, step(0))
    value = ir.Constant(points.vector, ir.Undefined)
    for v, i in enumerate(_points(context, builder, kind_of_order, order, position, at)):
        number = builder.load(points.pointer(first, between, i, points.number))
        value = builder.insert_element(value, number, step(v))
    pointer = reals.pointer(target, step(0), step(0), reals.vector)
    builder.store(reals.widened(value), pointer, align=reals.size)
    return context.get_dummy_value()


def _block(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    rows, to, lane, x, k, order, position, at = arguments
    kind_of_rows, _, _, kind_of_x, _, kind_of_order, *_ = signature.args
    reals, points = (Lowering(context, builder, kind.dtype) for kind in (kind_of_rows, kind_of_x))
    target, (below, _) = reals.at(kind_of_rows, rows, to, lane)
    first, (between, _) = points.at(kind_of_x, x, step(0), k)
    lines = []
    for i in _points(context, builder, kind_of_order, order, position, at):
        line = points.pointer(first, between, i, ir.VectorType(points.number, COLUMNS))
        lines.append(reals.widened(builder.load(line, align=points.size)))

    def merged(one: Any, other: Any, *taken: int) -> Any:
        chosen = ir.Constant(ir.VectorType(ir.IntType(32), len(taken)), list(taken))
        return builder.shuffle_vector(one, other, chosen)

    # Lanes v and v + 4 beside each other, then columns of two lanes, then of four, in each half.
    both = [merged(lines[v], lines[v + 4], *range(8)) for v in range(4)]
    even = [merged(both[v], both[v + 1], 0, 8, 2, 10, 4, 12, 6, 14) for v in (0, 2)]
    odd = [merged(both[v], both[v + 1], 1, 9, 3, 11, 5, 13, 7, 15) for v in (0, 2)]
    columns = [
        merged(*pair, *places)
        for places in ((0, 1, 8, 9, 4, 5, 12, 13), (2, 3, 10, 11, 6, 7, 14, 15))
        for pair in (even, odd)
    ]
    for c, column in enumerate(columns):
        pointer = reals.pointer(target, below, step(c), column.type)
        builder.store(column, pointer, align=reals.size)
    return context.get_dummy_value()


def _typed_block(context, rows, to, lane, x, k, order, position, at):
    index = types.uint64
    return types.void(rows, index, index, x, index, order, index, index), _block


def _typed_row(context, rows, to, lane, y, order, position, at):
    index = types.uint64
    return types.void(rows, index, index, y, order, index, index), _row


_copied_block: Any = intrinsic(_typed_block)
_copied_row: Any = intrinsic(_typed_row)


@in_place_of(copy_block)
def _copy_block(rows, to, lane, x, k, order, position, at):
    return lambda rows, to, lane, x, k, order, position, at: _copied_block(
        rows, to, lane, x, k, order, position, at
    )


@in_place_of(copy_row)
def _copy_row(rows, to, lane, y, order, position, at):
    return lambda rows, to, lane, y, order, position, at: _copied_row(
        rows, to, lane, y, order, position, at
    )


def copy_columns(work, low, high, first, x, order, position):
    """All columns of every lane's point to the rows from ``first`` on."""
    columns = x.shape[1]
    whole = columns - columns % COLUMNS
    for k in range(0, whole, COLUMNS):
        for lane in range(low, high, LANES):
            copy_block(work, first + k, lane, x, k, order, position, lane - low)
    for k in range(whole, columns):
        copy_targets(work, low, high, first + k, x[:, k], order, position)


def copy_targets(work, low, high, row, y, order, position):
    """The target of every lane's point to ``row``."""
    for lane in range(low, high, LANES):
        copy_row(work, row, lane, y, order, position, lane - low)


#: What passes call of these.
NUMERIC: tuple[Callable[..., Any], ...] = (copy_columns, copy_targets)

#: Changes with what is made of calls, of which the plain functions' own digests say nothing.
SOURCE = code_digest(_points, _row, _block)
