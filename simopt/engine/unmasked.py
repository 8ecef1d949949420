"""Numbers that compiled code stores whole.

Of a choice between a new number and the one just read from the same place compilers make a masked
store, LLVM from version 21 on wherever it sees that choice. The next reading waits for it, and
without AVX-512 some processors are slow at it: on an AMD EPYC of 2021 (Zen 3) steps of ten weights
took 2.7 times as long in double precision and 5 times in single as with a choice and a whole store,
all of SGD with one weight 2 to 4 times. LLVM does not look behind a value that is frozen, which is
no instruction.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.extending import intrinsic

from simopt.ground.compiling import code_digest
from simopt.ground.inline import in_place_of, lowered


@lowered
def whole(value):
    """The value."""
    return value


def _freeze(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    (value,) = arguments
    frozen = ir.instructions.Instruction(builder.block, value.type, "freeze", [value])
    builder._insert(frozen)
    return frozen


def _typed(context, value):
    return value(value), _freeze


_frozen: Any = intrinsic(_typed)


@in_place_of(whole)
def _whole(value):
    return lambda value: _frozen(value)


#: Changes with what is made of calls, of which the plain functions' own digests say nothing.
SOURCE = code_digest(_freeze)
