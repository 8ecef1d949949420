"""Sums of products, four rows of some lanes at a time, in the processor's registers.

A loop over lanes that adds up products loads and stores each sum for every few of them. Here the
loop over products is innermost: four rows of `BYTES` of lanes stay in registers, a factor is one
number for all lanes, and a processor of today comes near its rate of products and sums. Compilers
make no such loop of plain ones, so that it is written in their own terms. A product is rounded
before it is added, and sums run in order: the bits are those of the plain Python beside it.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba.core import cgutils, types
from numba.extending import intrinsic, overload

from simopt.ground.compiling import code_digest
from simopt.ground.inline import lowered

#: Bytes of lanes, and rows, that stay in registers. A factor is loaded once for all bytes of lanes:
#: by 64 loads are the bound (80 GFLOP/s a core), by 128 the products are (116 of 120), where there
#: are 32 registers of 64 bytes. The bits are the same.
BYTES = 128 if get_host_cpu_features().get("avx512f") else 64
ROWS = 4

INDEX = ir.IntType(64)


@lowered
def set_products(rows, to, source, lane, count, factors, i, j, starts):
    """Set ROWS rows from ``to`` on, in BYTES of lanes from ``lane`` on, for r = 0, 1, ...

    Row ``to + r`` becomes ``starts[i + r] + sum_q rows[source + q] * factors[i + r, j + q]`` over
    q < count, in this order.
    """
    for r in range(ROWS):
        for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
            total = starts[i + r]
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to + r, v] = total


@lowered
def add_products(rows, to, source, lane, count, factors, i, j):
    """The same, where sums begin at what the rows are."""
    for r in range(ROWS):
        for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
            total = rows[to + r, v]
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to + r, v] = total


@lowered
def add_squares(rows, to, source, lane, count, factors, i, j):
    """The same, where sums begin at 0, and their squares are added to row ``to`` one by one."""
    for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
        for r in range(ROWS):
            total = rows.dtype.type(0)
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to, v] = rows[to, v] + total * total


class Lowering:
    """One call of one of them, as instructions; vectors are of so many lanes, or of `BYTES`."""

    def __init__(self, context: Any, builder: Any, real: Any, lanes: int = 0) -> None:
        self.context, self.builder = context, builder
        self.size = real.bitwidth // 8
        self.number = context.get_data_type(real)
        self.vector = ir.VectorType(self.number, lanes or BYTES // self.size)

    def at(self, kind: Any, array: Any, *indices: Any) -> tuple[Any, Any]:
        """The address of an element as a number, and the bytes from each index to the next."""
        parts = self.context.make_array(kind)(self.context, self.builder, array)
        strides = cgutils.unpack_tuple(self.builder, parts.strides, kind.ndim)
        address = self.builder.ptrtoint(parts.data, INDEX)
        for index, stride in zip(indices, strides, strict=True):
            address = self.builder.add(address, self.builder.mul(index, stride))
        return address, strides

    def pointer(self, address: Any, step: Any, times: Any, kind: Any) -> Any:
        """What lies so many steps further."""
        moved = self.builder.add(address, self.builder.mul(step, times))
        return self.builder.inttoptr(moved, kind.as_pointer())

    def load(self, address: Any, step: Any, times: Any) -> Any:
        """A vector of lanes."""
        pointer = self.pointer(address, step, times, self.vector)
        return self.builder.load(pointer, align=self.size)

    def spread(self, address: Any, step: Any, times: Any) -> Any:
        """A number for all lanes."""
        value = self.builder.load(self.pointer(address, step, times, self.number))
        return self.all(value, self.vector.count)

    def all(self, value: Any, count: int) -> Any:
        """A vector of so many times a value."""
        unset = ir.Constant(ir.VectorType(value.type, count), ir.Undefined)
        one = self.builder.insert_element(unset, value, ir.Constant(INDEX, 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), count), None)
        return self.builder.shuffle_vector(one, unset, zeros)

    def widened(self, value: Any) -> Any:
        """Numbers of this precision or less in this precision."""
        kind = value.type
        if kind.element == self.number:
            return value
        return self.builder.fpext(value, ir.VectorType(self.number, kind.count))

    def sums(self, terms: Any, count: Any, before: Any) -> Any:
        """The loop over q < count: sums that begin at ``before``, of ``terms(q)``, one for each."""
        builder, zero = self.builder, ir.Constant(INDEX, 0)
        begin = builder.block
        loop, end = builder.append_basic_block("products"), builder.append_basic_block("summed")
        builder.cbranch(builder.icmp_unsigned(">", count, zero), loop, end)
        builder.position_at_end(loop)
        q = builder.phi(INDEX)
        sums = [builder.phi(each.type) for each in before]
        after = [builder.fadd(*both) for both in zip(sums, terms(q), strict=True)]
        following = builder.add(q, step(1))
        builder.cbranch(builder.icmp_unsigned("<", following, count), loop, end)
        builder.position_at_end(end)
        totals = [builder.phi(each.type) for each in before]
        for phi, old, new in zip((q, *sums), (zero, *before), (following, *after), strict=True):
            phi.add_incoming(old, begin)
            phi.add_incoming(new, loop)
        for phi, old, new in zip(totals, before, after, strict=True):
            phi.add_incoming(old, begin)
            phi.add_incoming(new, loop)
        return totals


def step(times: int) -> Any:
    """A number of steps."""
    return ir.Constant(INDEX, times)


def _lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """All three: what `starts` and `squares` are says which."""
    rows, to, source, lane, count, factors, i, j, starts, _ = arguments
    kinds = signature.args
    block = Lowering(context, builder, kinds[0].dtype)
    first, (along, _) = block.at(kinds[0], rows, source, lane)
    target, _ = block.at(kinds[0], rows, to, lane)
    factor, strides = block.at(kinds[5], factors, i, j)
    squared = not isinstance(kinds[9], types.NoneType)
    if not isinstance(kinds[8], types.NoneType):
        start, (between,) = block.at(kinds[8], starts, i)
        before = [block.spread(start, between, step(r)) for r in range(ROWS)]
    elif squared:
        before = [ir.Constant(block.vector, None)] * ROWS
    else:
        before = [block.load(target, along, step(r)) for r in range(ROWS)]

    def terms(q: Any) -> list[Any]:
        values = block.load(first, along, q)
        here = builder.add(factor, builder.mul(q, strides[1]))
        return [builder.fmul(values, block.spread(here, strides[0], step(r))) for r in range(ROWS)]

    totals = block.sums(terms, count, before)
    if squared:
        sum_of_squares = block.load(target, along, step(0))
        for total in totals:
            sum_of_squares = builder.fadd(sum_of_squares, builder.fmul(total, total))
        totals = [sum_of_squares]
    for r, total in enumerate(totals):
        pointer = block.pointer(target, along, step(r), block.vector)
        builder.store(total, pointer, align=block.size)
    return context.get_dummy_value()


def _typed(context, rows, to, source, lane, count, factors, i, j, starts, squares):
    """Its signature: every index without a sign."""
    index = types.uint64
    taken = rows, index, index, index, index, factors, index, index, starts, squares
    return types.void(*taken), _lower


_products: Any = intrinsic(_typed)


@overload(set_products, inline="always")
def _set(rows, to, source, lane, count, factors, i, j, starts):
    return lambda rows, to, source, lane, count, factors, i, j, starts: _products(
        rows, to, source, lane, count, factors, i, j, starts, None
    )


@overload(add_products, inline="always")
def _add(rows, to, source, lane, count, factors, i, j):
    return lambda rows, to, source, lane, count, factors, i, j: _products(
        rows, to, source, lane, count, factors, i, j, None, None
    )


@overload(add_squares, inline="always")
def _square(rows, to, source, lane, count, factors, i, j):
    return lambda rows, to, source, lane, count, factors, i, j: _products(
        rows, to, source, lane, count, factors, i, j, None, True
    )


#: Changes with what is made of a call, of which the plain functions' own digests say nothing.
SOURCE = f"{BYTES}" + code_digest(
    _lower,
    Lowering.at,
    Lowering.pointer,
    Lowering.load,
    Lowering.spread,
    Lowering.all,
    Lowering.widened,
    Lowering.sums,
)
