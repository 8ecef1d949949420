"""Calls of compiled functions by their address, as Numba's functions call each other.

A loop that calls so is compiled once for all that it may call. Of arrays with rows of a constant
length the address is handed over: code that knows the length is packed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numba.core import cgutils, types
from numba.extending import intrinsic

from simopt.ground.compiling import code_digest


def pointer(array: Any) -> Any:
    """The type in which the address of an array's numbers is handed over."""
    return types.CPointer(array.dtype)


def lowered(taken: Any, given: Any, context: Any, builder: Any, values: Sequence[Any]) -> Any:
    """The call of ``values[0]``, which takes what ``taken`` says, with the other values.

    ``given`` are the types of all values; an array is handed over as a pointer where one is taken.
    What the function raises comes to whoever called the caller.
    """
    address, *rest = values
    handed = [
        context.make_array(kind)(context, builder, value).data
        if isinstance(want, types.CPointer)
        else value
        for want, kind, value in zip(taken.args, given.args[1:], rest, strict=True)
    ]
    call = context.call_conv
    kind = call.get_function_type(taken.return_type, taken.args).as_pointer()
    function = builder.inttoptr(address, kind)
    status, _ = call.call_function(builder, function, taken.return_type, taken.args, handed)
    with builder.if_then(status.is_error, likely=False):
        call.return_status_propagate(builder, status)
    return context.get_dummy_value()


def _with_columns(context, rows, columns):
    """The array of rows, of which compilers then know how long they are."""

    def lower(context, builder, signature, values):
        array = context.make_array(rows)(context, builder, values[0])
        height, _ = cgutils.unpack_tuple(builder, array.shape, 2)
        size = context.get_constant(types.intp, rows.dtype.bitwidth // 8)
        array.shape = cgutils.pack_array(builder, (height, values[1]))
        array.strides = cgutils.pack_array(builder, (builder.mul(values[1], size), size))
        return array._getvalue()

    return rows(rows, types.intp), lower


#: ``f(rows, columns)``, in compiled code.
with_columns: Any = intrinsic(_with_columns)


def address_of(compiled: Any, signature: Any) -> int:
    """The address of a function that `simopt.ground.compiling.compiled` made, for a signature."""
    compiled.compile(signature)
    code = compiled.overloads[tuple(signature.args)]
    address: int = code.library.get_pointer_to_function(code.fndesc.llvm_func_name)
    return address


#: Changes with what is made of calls, of which digests of what calls them say nothing.
SOURCE = code_digest(_with_columns, lowered)
