"""Sums of outer products of lanes' own points, and what they do to weights, in registers.

As in `products` some sums stay in the processor's registers, here for `LANES` lanes in double
precision. Of ``points`` [points * columns, lanes] a point's columns lie below each other, and row
``j * columns + k`` of ``sums`` [rows * columns, lanes] is the sum of column j times column k.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from simopt.engine.own_points import LANES
from simopt.engine.products import MOST_ROWS, ROWS, Lowering, step
from simopt.ground.compiling import code_digest
from simopt.ground.inline import in_place_of, lowered

#: Places in a tile of sums, by row and column: all, those on and above the diagonal, one column.
ALL = tuple((r, c) for r in range(ROWS) for c in range(ROWS))
UPPER = tuple((r, c) for r, c in ALL if c >= r)
COLUMN = tuple((r, 0) for r in range(ROWS))

#: Columns of a tile that are summed at once. A tile's sums are all of AVX-512's registers; AVX2 has
#: half as many of half the size, where one column at a time took 0.7 to 0.8 of the time.
ABREAST = ROWS if MOST_ROWS > ROWS else 1

#: Bytes of a row of ``points`` and of ``sums``.
ROW = step(8 * LANES)


def add(places: Any, sums: Any, points: Any, j: Any, k: Any, columns: Any, count: Any, fresh: Any):
    """Add to a tile's places the products of ``count`` points, which begin at 0 if ``fresh``."""
    for r, c in places:
        row = (j + r) * columns + k + c
        for v in range(sums.shape[1]):
            total = 0.0 if fresh else sums[row, v]
            for q in range(count):
                total = total + points[q * columns + j + r, v] * points[q * columns + k + c, v]
            sums[row, v] = total


@lowered
def add_tile(sums, points, j, k, columns, count, fresh):
    """`add` to ROWS rows from j on, in as many columns from k on."""
    add(ALL, sums, points, j, k, columns, count, fresh)


@lowered
def add_diagonal(sums, points, j, k, columns, count, fresh):
    """The same on and above the diagonal, where k is j."""
    add(UPPER, sums, points, j, k, columns, count, fresh)


@lowered
def add_column(sums, points, j, k, columns, count, fresh):
    """The same in column k alone."""
    add(COLUMN, sums, points, j, k, columns, count, fresh)


@lowered
def set_gradients(work, to, lane, sums, k, columns, center, ratio):
    """Set ROWS rows of ``work`` from ``to`` on to the gradient by means, from weight k on.

    Means are ratio times sums, symmetric, rounded to the precision of ``work``; of d weights, d + 1
    columns, the last are the slopes at the center: they come first, then weight after weight.
    """
    real = work.dtype.type
    for r in range(ROWS):
        for v in range(sums.shape[1]):
            total = real(sums[(k + r) * columns + columns - 1, v] * ratio)
            for j in range(columns - 1):
                row = min(j, k + r) * columns + max(j, k + r)
                off = work[j, lane + v] - center[j]
                total = total + real(sums[row, v] * ratio) * off
            work[to + r, lane + v] = total


def adding(places: tuple[tuple[int, int], ...]) -> Any:
    """What `add` is as instructions, for the places of a tile."""

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        for first in range(0, ROWS, ABREAST):
            some = tuple((r, c) for r, c in places if first <= c < first + ABREAST)
            if some:
                _add(context, builder, signature.args, arguments, some)
        return context.get_dummy_value()

    return lower


def _add(
    context: Any, builder: Any, kinds: Any, arguments: Any, places: tuple[tuple[int, int], ...]
) -> None:
    """`add` for places that stay in registers together."""
    sums, points, j, k, columns, count, fresh = arguments
    block = Lowering(context, builder, types.float64, LANES)
    rows, _ = block.at(kinds[0], sums, step(0), step(0))
    column, _ = block.at(kinds[1], points, step(0), step(0))
    begins = builder.icmp_unsigned("!=", fresh, step(0))
    zero = ir.Constant(block.vector, None)
    pointers, before = [], []
    for r, c in places:
        row = builder.mul(builder.add(j, step(r)), columns)
        row = builder.add(row, builder.add(k, step(c)))
        pointers.append(block.pointer(rows, ROW, row, block.vector))
        held = builder.load(pointers[-1], align=block.size)
        before.append(builder.select(begins, zero, held))

    begin, above = (builder.add(column, builder.mul(each, ROW)) for each in (j, k))
    onward = builder.mul(columns, ROW)

    def terms(q: Any) -> list[Any]:
        further = builder.mul(q, onward)

        def of(base: Any, offset: int) -> Any:
            return block.load(builder.add(base, further), ROW, step(offset))

        left = {r: of(begin, r) for r in sorted({r for r, _ in places})}
        top = {c: of(above, c) for c in sorted({c for _, c in places})}
        return [builder.fmul(left[r], top[c]) for r, c in places]

    for pointer, total in zip(pointers, block.sums(terms, step(0), count, before), strict=True):
        builder.store(total, pointer, align=block.size)


def _gradients(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    work, to, lane, sums, k, columns, center, ratio = arguments
    kind_of_work, _, _, kind_of_sums, _, _, kind_of_center, _ = signature.args
    reals = Lowering(context, builder, kind_of_work.dtype, LANES)
    doubles = Lowering(context, builder, types.float64, LANES)
    weight, (below, _) = reals.at(kind_of_work, work, step(0), lane)
    middle, (onward,) = reals.at(kind_of_center, center, step(0))
    first, _ = doubles.at(kind_of_sums, sums, step(0), step(0))
    ratios = doubles.all(ratio, LANES)
    places = [builder.add(k, step(r)) for r in range(ROWS)]
    last = builder.sub(columns, step(1))

    def mean(row: Any, column: Any) -> Any:
        place = builder.add(builder.mul(row, columns), column)
        value = builder.fmul(doubles.load(first, ROW, place), ratios)
        return value if value.type == reals.vector else builder.fptrunc(value, reals.vector)

    def terms(j: Any) -> list[Any]:
        off = builder.fsub(reals.load(weight, below, j), reals.spread(middle, onward, j))
        products = []
        for place in places:
            before = builder.icmp_unsigned("<", j, place)
            row, column = builder.select(before, j, place), builder.select(before, place, j)
            products.append(builder.fmul(mean(row, column), off))
        return products

    totals = reals.sums(terms, step(0), last, [mean(place, last) for place in places])
    for r, total in enumerate(totals):
        pointer = reals.pointer(weight, below, builder.add(to, step(r)), reals.vector)
        builder.store(total, pointer, align=reals.size)
    return context.get_dummy_value()


def _added(places: tuple[tuple[int, int], ...]) -> Any:
    def typed(context, sums, points, j, k, columns, count, fresh):
        return types.void(sums, points, *[types.uint64] * 5), adding(places)

    return intrinsic(typed)


def _typed(context, work, to, lane, sums, k, columns, center, ratio):
    index = types.uint64
    return types.void(work, index, index, sums, index, index, center, types.float64), _gradients


_tile, _diagonal, _column = map(_added, (ALL, UPPER, COLUMN))
_set: Any = intrinsic(_typed)


@in_place_of(add_tile)
def _add_tile(sums, points, j, k, columns, count, fresh):
    return lambda sums, points, j, k, columns, count, fresh: _tile(
        sums, points, j, k, columns, count, fresh
    )


@in_place_of(add_diagonal)
def _add_diagonal(sums, points, j, k, columns, count, fresh):
    return lambda sums, points, j, k, columns, count, fresh: _diagonal(
        sums, points, j, k, columns, count, fresh
    )


@in_place_of(add_column)
def _add_column(sums, points, j, k, columns, count, fresh):
    return lambda sums, points, j, k, columns, count, fresh: _column(
        sums, points, j, k, columns, count, fresh
    )


@in_place_of(set_gradients)
def _set_gradients(work, to, lane, sums, k, columns, center, ratio):
    return lambda work, to, lane, sums, k, columns, center, ratio: _set(
        work, to, lane, sums, k, columns, center, ratio
    )


#: Changes with what is made of calls, of which the plain functions' own digests say nothing.
SOURCE = f"{ABREAST}" + code_digest(adding, _add, _gradients)
