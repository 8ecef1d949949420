"""Sums of products, some rows of some lanes at a time, in the processor's registers.

A loop over lanes that adds up products loads and stores each sum for every few of them. Here the
loop over products is innermost: the sums of some rows, for `BYTES` of lanes, stay in registers, a
factor is one number for all lanes, and a processor of today comes near its rate of products and
sums. Compilers make no such loop of plain ones, so that it is written in their own terms. A product
is rounded before it is added, and sums run in order: the bits are those of the plain Python beside
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from llvmlite.binding import get_host_cpu_features
from numba.core import cgutils, types
from numba.extending import intrinsic

from simopt.ground.compiling import code_digest
from simopt.ground.inline import in_place_of, lowered

#: Bytes of lanes that stay in registers: one of AVX-512's, two of AVX2's.
BYTES = 64

#: Rows come by so many.
ROWS = 4

#: Rows that stay in registers, where there are as many. With 64 bytes a factor serves one product,
#: which then takes it from memory itself. A factor for two registers must be loaded into one, for
#: which an AMD EPYC of 2022 (Zen 4) needs the units that multiply: with 8 rows of 64 bytes a core
#: came to 57 GFLOP/s of the 58 that it has in double precision, with 4 rows of 128 to 39. Two
#: products of a sum a turn: one gave 52.
MOST_ROWS = 8 if get_host_cpu_features().get("avx512f") else ROWS

INDEX = ir.IntType(64)


@lowered
def set_products(rows, to, many, source, lane, count, factors, i, j, starts):
    """Set ``many`` rows from ``to`` on, in BYTES of lanes from ``lane`` on, for r = 0, 1, ...

    Row ``to + r`` becomes ``starts[i + r] + sum_q rows[source + q] * factors[i + r, j + q]`` over
    q < count, in this order. Rows are a multiple of ROWS.
    """
    for r in range(many):
        for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
            total = starts[i + r]
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to + r, v] = total


@lowered
def add_products(rows, to, many, source, lane, count, factors, i, j):
    """The same, where sums begin at what the rows are."""
    for r in range(many):
        for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
            total = rows[to + r, v]
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to + r, v] = total


@lowered
def set_sums(rows, to, many, begin, source, lane, count, factors, i, j):
    """The same, where every sum begins at what row ``begin`` is."""
    for r in range(many):
        for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
            total = rows[begin, v]
            for q in range(count):
                total = total + rows[source + q, v] * factors[i + r, j + q]
            rows[to + r, v] = total


@lowered
def add_squares(rows, to, source, lane, count, factors):
    """Add to row ``to`` the squares of ``sum_q rows[source + q] * factors[r, q]``, one by one.

    Factors left of the diagonal, by blocks of ROWS, are no part of it; count is a multiple of ROWS.
    """
    for v in range(lane, min(lane + BYTES // rows.itemsize, rows.shape[1])):
        for r in range(count):
            total = rows.dtype.type(0)
            for q in range(r - r % ROWS, count):
                total = total + rows[source + q, v] * factors[r, q]
            rows[to, v] = rows[to, v] + total * total


class Lowering:
    """One call of one of them, as instructions; vectors are of so many lanes, or of `BYTES`."""

    def __init__(self, context: Any, builder: Any, real: Any, lanes: int = 0) -> None:
        self.context, self.builder = context, builder
        self.size = real.bitwidth // 8
        self.number = context.get_data_type(real)
        self.vector = ir.VectorType(self.number, lanes or BYTES // self.size)

    def at(self, kind: Any, array: Any, *indices: Any) -> tuple[Any, list[Any]]:
        """The address of an element as a number, and the bytes from each index to the next."""
        parts = self.context.make_array(kind)(self.context, self.builder, array)
        strides = list(cgutils.unpack_tuple(self.builder, parts.strides, kind.ndim))
        if kind.layout in "CF":
            strides[-1 if kind.layout == "C" else 0] = parts.itemsize
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

    def store(self, value: Any, address: Any, step: Any, times: Any) -> None:
        """Set a vector of lanes."""
        self.builder.store(value, self.pointer(address, step, times, value.type), align=self.size)

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

    def sums(self, terms: Any, first: Any, last: Any, before: Any, turns: int = 1) -> Any:
        """The loop over first <= q < last: sums that begin at ``before``, of ``terms(q)`` each.

        So many terms a turn, of which q must have a whole number.
        """
        builder = self.builder
        begin = builder.block
        loop, end = builder.append_basic_block("products"), builder.append_basic_block("summed")
        builder.cbranch(builder.icmp_unsigned("<", first, last), loop, end)
        builder.position_at_end(loop)
        q = builder.phi(INDEX)
        sums = after = [builder.phi(each.type) for each in before]
        for turn in range(turns):
            here = builder.add(q, step(turn))
            after = [builder.fadd(*both) for both in zip(after, terms(here), strict=True)]
        following = builder.add(q, step(turns))
        builder.cbranch(builder.icmp_unsigned("<", following, last), loop, end)
        builder.position_at_end(end)
        totals = [builder.phi(each.type) for each in before]
        for phi, old, new in zip((q, *sums), (first, *before), (following, *after), strict=True):
            phi.add_incoming(old, begin)
            phi.add_incoming(new, loop)
        for phi, old, new in zip(totals, before, after, strict=True):
            phi.add_incoming(old, begin)
            phi.add_incoming(new, loop)
        return totals

    def sums_by_two(self, terms: Any, first: Any, last: Any, before: Any) -> Any:
        """The same, two terms a turn, and the last one where their number is odd."""
        whole = self.builder.and_(self.builder.sub(last, first), step(-2))
        middle = self.builder.add(first, whole)
        return self.sums(terms, middle, last, self.sums(terms, first, middle, before, 2))


def step(times: int) -> Any:
    """A number of steps."""
    return ir.Constant(INDEX, times)


def _tile(context: Any, builder: Any, kinds: Any, operands: Any, column: Any) -> Any:
    """``of(rows, r)``: products of the factors from row r and a column on, for so many rows."""
    rows, source, lane, factors, i = operands
    block = Lowering(context, builder, kinds[0].dtype)
    first, (along, _) = block.at(kinds[0], rows, source, lane)
    factor, (down, across) = block.at(kinds[1], factors, i, column)

    def of(count: int, r: Any) -> Any:
        begin = builder.add(factor, builder.mul(r, down))

        def terms(q: Any) -> list[Any]:
            values = block.load(first, along, q)
            here = builder.add(begin, builder.mul(q, across))
            factors = [block.spread(here, down, step(each)) for each in range(count)]
            return [builder.fmul(values, each) for each in factors]

        return terms

    return block, of


def _over(builder: Any, many: Any) -> Iterator[tuple[Any, int]]:
    """The first of some rows, and how many, in blocks for all rows: what follows is for each."""
    whole = many
    if MOST_ROWS > ROWS:
        whole = builder.and_(many, step(-MOST_ROWS))
    with cgutils.for_range_slice(builder, step(0), whole, step(MOST_ROWS), INDEX) as (r, _):
        yield r, MOST_ROWS
    if MOST_ROWS > ROWS:
        with builder.if_then(builder.icmp_unsigned("<", whole, many)):
            yield whole, ROWS


def _lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    """All three: what `starts` is says which."""
    rows, to, many, source, lane, count, factors, i, j, starts = arguments
    kinds = signature.args
    operands = rows, source, lane, factors, i
    block, products = _tile(context, builder, (kinds[0], kinds[6]), operands, j)
    target, (along, _) = block.at(kinds[0], rows, to, lane)
    many_starts, one_start = (isinstance(kinds[9], kind) for kind in (types.Array, types.Integer))
    if many_starts:
        start, (between,) = block.at(kinds[9], starts, i)
    elif one_start:
        start, _ = block.at(kinds[0], rows, starts, lane)
        common = block.load(start, along, step(0))
    for first, tall in _over(builder, many):
        places = [builder.add(first, step(r)) for r in range(tall)]
        if many_starts:
            before = [block.spread(start, between, place) for place in places]
        elif one_start:
            before = [common] * tall
        else:
            before = [block.load(target, along, place) for place in places]
        totals = block.sums_by_two(products(tall, first), step(0), count, before)
        for place, total in zip(places, totals, strict=True):
            block.store(total, target, along, place)
    return context.get_dummy_value()


def _square(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    rows, to, source, lane, count, factors = arguments
    kinds = signature.args
    zero = step(0)
    operands = rows, source, lane, factors, zero
    block, products = _tile(context, builder, (kinds[0], kinds[5]), operands, zero)
    target, (along, _) = block.at(kinds[0], rows, to, lane)
    nothing = ir.Constant(block.vector, None)
    for first, tall in _over(builder, count):
        totals: list[Any] = []
        # Rows begin ROWS by ROWS: those above have the products before by then.
        begin = first
        while len(totals) < tall:
            if totals:
                onward = builder.add(begin, step(ROWS))
                totals = block.sums(products(len(totals), first), begin, onward, totals)
                begin = onward
            totals = totals + [nothing] * ROWS
        totals = block.sums_by_two(products(tall, first), begin, count, totals)
        total = block.load(target, along, zero)
        for each in totals:
            total = builder.fadd(total, builder.fmul(each, each))
        block.store(total, target, along, zero)
    return context.get_dummy_value()


def _typed(context, rows, to, many, source, lane, count, factors, i, j, starts):
    """Its signature: every index without a sign."""
    index = types.uint64
    taken = rows, index, index, index, index, index, factors, index, index, starts
    return types.void(*taken), _lower


def _typed_square(context, rows, to, source, lane, count, factors):
    index = types.uint64
    return types.void(rows, index, index, index, index, factors), _square


_products: Any = intrinsic(_typed)
_squares: Any = intrinsic(_typed_square)


@in_place_of(set_products)
def _set(rows, to, many, source, lane, count, factors, i, j, starts):
    return lambda rows, to, many, source, lane, count, factors, i, j, starts: _products(
        rows, to, many, source, lane, count, factors, i, j, starts
    )


@in_place_of(add_products)
def _add(rows, to, many, source, lane, count, factors, i, j):
    return lambda rows, to, many, source, lane, count, factors, i, j: _products(
        rows, to, many, source, lane, count, factors, i, j, None
    )


@in_place_of(set_sums)
def _set_sums(rows, to, many, begin, source, lane, count, factors, i, j):
    return lambda rows, to, many, begin, source, lane, count, factors, i, j: _products(
        rows, to, many, source, lane, count, factors, i, j, np.uint64(begin)
    )


@in_place_of(add_squares)
def _add_squares(rows, to, source, lane, count, factors):
    return lambda rows, to, source, lane, count, factors: _squares(
        rows, to, source, lane, count, factors
    )


#: Changes with what is made of a call, of which the plain functions' own digests say nothing.
SOURCE = f"{BYTES} {MOST_ROWS}" + code_digest(
    _tile,
    _over,
    _lower,
    _square,
    Lowering.at,
    Lowering.pointer,
    Lowering.load,
    Lowering.store,
    Lowering.spread,
    Lowering.all,
    Lowering.widened,
    Lowering.sums,
    Lowering.sums_by_two,
)
