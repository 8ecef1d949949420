"""Powers of whole numbers in users' functions, of which compiled code makes whole numbers.

In Python ``10 ** -2`` is 0.01, and ``2 ** 70`` has as many digits as it needs. Compiled code has
one type for a result, whatever the exponent: of whole numbers a whole one of 64 bits, here 0. Such
a power is refused where it is met, but on a GPU, where functions raise nothing.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

from numba.core import ir as numbas_ir
from numba.core import ir_utils as numbas_utils
from numba.core import types
from numba.core.compiler_machinery import FunctionPass, register_pass

#: Exponents of powers that are short products, as which they are taken: of those of whole numbers
#: nobody looks either whether they have more than 64 bits.
PRODUCTS = (0, 1, 2, 3)

#: Of Numba's functions for its own code, which say no types.
ir: Any = numbas_ir
utils: Any = numbas_utils

REFUSAL = (
    "a power of whole numbers that is no whole number of 64 bits, as compiled code would have it: "
    "write 10.0 ** -2, not 10 ** -2"
)


def check_power(base: Any, exponent: Any) -> None:
    """What compiled code calls before a power of which it does not know what comes out."""


def _refuse(base: Any, exponent: Any) -> None:
    length = abs(float(base))
    # Those of 1 and -1 are whole numbers whatever the exponent.
    if (length != 1.0 and exponent < 0) or (length > 1.0 and exponent * math.log2(length) >= 63.0):
        raise ValueError(REFUSAL)


def chosen(base: Any, exponent: Any) -> Callable[..., None]:
    """The check of numbers of these types: none but of two whole ones."""
    whole = isinstance(base, types.Integer) and isinstance(exponent, types.Integer)
    return _refuse if whole else check_power


@register_pass(mutates_CFG=False, analysis_only=False)  # type: ignore[no-untyped-call]
class CheckPowers(FunctionPass):
    """Put the check before every power of a function."""

    _name = "simopt_check_powers"

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def run_pass(self, state: Any) -> bool:
        """Numba's entry; whether anything was changed."""
        changed = False
        for block in state.func_ir.blocks.values():
            body: list[Any] = []
            for each in block.body:
                for operands in _powers(state.func_ir, each):
                    body += _checked(block.scope, each.loc, operands)
                    changed = True
                body.append(each)
            block.body = body
        return changed


def _powers(function: Any, statement: Any) -> Iterator[tuple[Any, Any]]:
    """Base and exponent, where a statement is a power that may be a fraction of whole numbers."""
    value = getattr(statement, "value", None)
    if not isinstance(statement, ir.Assign) or not isinstance(value, ir.Expr):
        return
    if value.op in ("binop", "inplace_binop") and value.fn in (operator.pow, operator.ipow):
        operands = value.lhs, value.rhs
    elif value.op == "call" and len(value.args) == 2 and not value.kws:
        called = utils.guard(utils.get_definition, function, value.func)
        if getattr(called, "value", None) is not builtins.pow:
            return
        operands = tuple(value.args)
    else:
        return
    base, exponent = (utils.guard(utils.find_const, function, each) for each in operands)
    if not _is_known(base, exponent):
        yield operands


def _is_known(base: Any, exponent: Any) -> bool:
    """Whether constants say that nothing is to be checked; None is no constant."""
    if isinstance(base, float) or isinstance(exponent, float):
        return True
    if isinstance(base, int) and isinstance(exponent, int):
        return 0 <= exponent < 64 and -(2**63) <= base**exponent < 2**63
    return isinstance(exponent, int) and exponent in PRODUCTS


def _checked(scope: Any, place: Any, operands: tuple[Any, Any]) -> list[Any]:
    called, nothing = scope.redefine("$check_power", place), scope.redefine("$checked", place)
    check = ir.Expr.call(called, operands, (), place)
    return [
        ir.Assign(ir.Global("check_power", check_power, place), called, place),
        ir.Assign(check, nothing, place),
    ]
