"""Means of outer products of some points with themselves, in the processor's registers.

As in `products` four rows of `BYTES` of sums stay in registers. Points are read where they lie, by
an order: to copy a batch's beside each other would take as long as half of its sums do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from simopt.engine.products import BYTES, INDEX, ROWS, Lowering, step
from simopt.ground.compiling import code_digest
from simopt.ground.inline import lowered

#: Means of a row that are made at once; they are summed in double precision.
ACROSS = BYTES // 8


@lowered
def set_outer(means, j, k, x, errors, order, start, count, ratio):
    """Set ROWS rows of ``means`` from j on, in ACROSS columns from k on, for r = 0, 1, ...

    ``means[j + r, c]`` becomes ``ratio * sum_q x[i, j + r] * z[i, c]`` with i = order[start + q],
    over q < count in this order: z are the columns of x, and behind them errors, in every column.
    """
    for r in range(ROWS):
        for c in range(k, k + ACROSS):
            total = np.float64(0.0)
            for q in range(count):
                i = order[start + q]
                other = x[i, c] if c < x.shape[1] else errors[i]
                total = total + np.float64(x[i, j + r]) * np.float64(other)
            means[j + r, c] = total * ratio


def _lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    means, j, k, x, errors, order, start, count, ratio = arguments
    kind_of_means, _, _, kind_of_x, kind_of_errors, kind_of_order, *_ = signature.args
    doubles, points = (
        Lowering(context, builder, types.float64),
        Lowering(context, builder, kind_of_x.dtype),
    )
    vector = ir.VectorType(points.number, ACROSS)
    target, (below, _) = points.at(kind_of_means, means, j, k)
    zero = step(0)
    first, (between, _) = points.at(kind_of_x, x, zero, zero)
    error, (between_errors,) = points.at(kind_of_errors, errors, zero)
    place, (onward,) = points.at(kind_of_order, order, start)
    width = builder.extract_value(context.make_array(kind_of_x)(context, builder, x).shape, 1)
    mask = builder.icmp_signed(
        "<",
        builder.add(
            points.all(k, ACROSS),
            ir.Constant(ir.VectorType(INDEX, ACROSS), list(range(ACROSS))),
        ),
        points.all(width, ACROSS),
    )
    pointer = vector.as_pointer()
    taken = ir.FunctionType(vector, [pointer, ir.IntType(32), mask.type, vector])
    name = f"llvm.masked.load.v{ACROSS}f{8 * points.size}.p0"
    masked = cgutils.get_or_insert_function(builder.module, taken, name)
    size = step(points.size)

    def wide(value: Any, kind: Any) -> Any:
        return value if value.type == kind else builder.fpext(value, kind)

    def terms(q: Any) -> list[Any]:
        i = builder.load(points.pointer(place, onward, q, ir.IntType(kind_of_order.dtype.bitwidth)))
        if i.type != INDEX:
            i = builder.sext(i, INDEX)
        row = builder.add(first, builder.mul(i, between))
        beyond = builder.load(points.pointer(error, between_errors, i, points.number))
        here = points.pointer(row, size, k, vector)
        alignment = ir.Constant(ir.IntType(32), points.size)
        values = builder.call(masked, [here, alignment, mask, points.all(beyond, ACROSS)])
        values = wide(values, doubles.vector)
        four = ir.VectorType(points.number, ROWS)
        factors = builder.load(points.pointer(row, size, j, four), align=points.size)
        factors = wide(factors, ir.VectorType(doubles.number, ROWS))
        return [builder.fmul(values, doubles.each(factors, r, ACROSS)) for r in range(ROWS)]

    before = [ir.Constant(doubles.vector, None)] * ROWS
    ratios = doubles.all(ratio, ACROSS)
    for r, total in enumerate(doubles.sums(terms, count, before)):
        mean = builder.fmul(total, ratios)
        if mean.type != vector:
            mean = builder.fptrunc(mean, vector)
        builder.store(mean, points.pointer(target, below, step(r), vector), align=points.size)
    return context.get_dummy_value()


def _typed(context, means, j, k, x, errors, order, start, count, ratio):
    """Its signature: every index without a sign."""
    index = types.uint64
    taken = means, index, index, x, errors, order, index, index, types.float64
    return types.void(*taken), _lower


_outer: Any = intrinsic(_typed)


@overload(set_outer, inline="always")
def _set(means, j, k, x, errors, order, start, count, ratio):
    return lambda means, j, k, x, errors, order, start, count, ratio: _outer(
        means, j, k, x, errors, order, start, count, ratio
    )


#: Changes with what is made of a call, of which the plain function's own digest says nothing.
SOURCE = code_digest(_lower)
