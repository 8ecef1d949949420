"""Lines of a formula as syntax trees: read, and evaluated."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: What the functions of a formula compute.
COMPUTED: dict[str, Callable[..., Any]] = {
    "sqrt": np.sqrt,
    "abs": np.abs,
    "sign": np.sign,
    "max": np.maximum,
    "min": np.minimum,
    "norm": lambda x: np.sqrt(np.sum(np.square(x))),
    "total": np.sum,
    "mean": np.mean,
}
OPERATIONS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.LtE: operator.le,
    ast.Eq: operator.eq,
}


@dataclass(frozen=True)
class FormulaLine:
    """A line of a formula: what it gives, and the expression for it.

    Attributes
    ----------
    target : str
        The name that it sets.
    value : ast.expr
        The expression.
    updates : bool
        Whether the name is moved on, rather than defined: the expression needs it too, or it is the
        weight.
    names : frozenset of str
        The names that the expression needs.
    """

    target: str
    value: ast.expr
    updates: bool
    names: frozenset[str]


@cache
def parse(line: str) -> FormulaLine:
    """A line's target and expression.

    Raises
    ------
    ValueError
        If it is no assignment to a name.
    """
    (statement,) = ast.parse(line).body
    if not isinstance(statement, ast.Assign) or not isinstance(statement.targets[0], ast.Name):
        raise ValueError(f"no formula: {line!r}")
    target, value = statement.targets[0].id, statement.value
    names = names_in(value)
    return FormulaLine(target, value, target in names or target == "w", frozenset(names))


def names_in(node: ast.expr) -> set[str]:
    """The names that an expression needs, its functions' among them."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def evaluate(node: ast.expr, names: Mapping[str, ArrayLike]) -> NDArray[Any]:
    """An expression's value; names stand for numbers or arrays, which are taken one by one.

    Examples
    --------
    >>> float(evaluate(parse("x = 2 * a**2 + sqrt(b)").value, {"a": 3.0, "b": 4.0}))
    20.0
    """
    match node:
        case ast.Name(id=name):
            return np.asarray(names[name])
        case ast.Constant(value=int() | float() as value):
            return np.asarray(value)
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -evaluate(inner, names)
        case ast.BinOp(left=left, op=op, right=right):
            return np.asarray(OPERATIONS[type(op)](evaluate(left, names), evaluate(right, names)))
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return np.asarray(OPERATIONS[type(op)](evaluate(left, names), evaluate(right, names)))
        case ast.Call(func=ast.Name(id=function), args=arguments):
            values = [evaluate(each, names) for each in arguments]
            return np.asarray(COMPUTED[function](*values))
    raise ValueError(f"no formula: {ast.unparse(node)!r}")
