"""One function, written in JavaScript."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from collections.abc import Hashable, Iterator, Mapping
from functools import cache
from types import FunctionType, ModuleType
from typing import Any, Protocol

import numpy as np

#: The low 32 bits: the one mask there is.
LOW = 0xFFFFFFFF

#: How strongly JavaScript's operators bind; what binds less needs brackets inside.
CONDITION, OR, AND, BITS, EQUAL, ORDER, SHIFT, SUM, PRODUCT, UNARY, ATOM = range(11)

OPERATORS: dict[type[ast.AST], tuple[str, int]] = {
    ast.Add: ("+", SUM),
    ast.Sub: ("-", SUM),
    ast.Mult: ("*", PRODUCT),
    ast.Div: ("/", PRODUCT),
    ast.Mod: ("%", PRODUCT),
    ast.Gt: (">", ORDER),
    ast.GtE: (">=", ORDER),
    ast.Lt: ("<", ORDER),
    ast.LtE: ("<=", ORDER),
    ast.Eq: ("===", EQUAL),
    ast.NotEq: ("!==", EQUAL),
}

#: Python's max keeps the first of equals and of what can't be compared; JavaScript's does not.
CHOICES: dict[Any, str] = {
    builtins.max: "larger",
    np.maximum: "larger",
    builtins.min: "smaller",
    np.minimum: "smaller",
}
RESERVED = frozenset(
    [
        "arguments",
        "await",
        "break",
        "case",
        "catch",
        "class",
        "const",
        "continue",
        "debugger",
        "default",
        "delete",
        "do",
        "else",
        "enum",
        "eval",
        "export",
        "extends",
        "false",
        "finally",
        "for",
        "function",
        "if",
        "implements",
        "import",
        "in",
        "instanceof",
        "interface",
        "let",
        "new",
        "null",
        "package",
        "private",
        "protected",
        "public",
        "return",
        "static",
        "super",
        "switch",
        "this",
        "throw",
        "true",
        "try",
        "typeof",
        "var",
        "void",
        "while",
        "with",
        "yield",
        "Math",
    ]
)


class Untranslatable(ValueError):
    """A function does something that has no translation."""


def identifier(name: str) -> str:
    """The name, or a like one where JavaScript has another use for it."""
    if not name.isascii():
        raise Untranslatable(f"{name!r} is no name in JavaScript")
    return f"{name}_" if name in RESERVED else name


@cache
def _definitions(module: ModuleType) -> dict[tuple[str, int], ast.FunctionDef]:
    """A module's functions, those inside others too, by name and first line."""
    tree = ast.parse(inspect.getsource(module))
    return {
        (each.name, min([each.lineno, *(mark.lineno for mark in each.decorator_list)])): each
        for each in ast.walk(tree)
        if isinstance(each, ast.FunctionDef)
    }


def definition(function: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function."""
    code, module = function.__code__, sys.modules[function.__module__]
    found = _definitions(module).get((code.co_name, code.co_firstlineno))
    if found is None:
        raise Untranslatable(f"{function.__qualname__} is not in the text of {module.__name__}")
    return found


class Around(Protocol):
    """What a function needs of the script that it becomes a part of."""

    @property
    def known(self) -> Mapping[Any, str]:
        """Functions that JavaScript has, and their names there."""

    def refer(self, value: Any) -> str:
        """The expression for a value, and the value written if it is a function."""

    def helper(self, name: str) -> str:
        """The name of a function of our own, and the function written."""


class Writer:
    """Writes one function."""

    def __init__(self, script: Around, function: FunctionType, name: str) -> None:
        self.script, self.function, self.name = script, function, name
        self.tree = definition(function)
        code = function.__code__
        self.own = {*code.co_varnames, *code.co_freevars, *code.co_cellvars}
        self.temporaries = 0

    def text(self) -> str:
        """The function."""
        given = self.tree.args
        if given.posonlyargs or given.kwonlyargs:
            raise self.unknown(given)
        names = [each.arg for each in given.args]
        known = {*names, *([given.vararg.arg] if given.vararg else [])}
        if given.kwarg:  # called by name; what it does not list is left out
            defaults = [None] * (len(names) - len(given.defaults)) + list(given.defaults)
            listed = [
                identifier(name) + ("" if value is None else f" = {self.set(value)}")
                for name, value in zip(names, defaults, strict=True)
            ]
            parameters = f"{{ {', '.join(listed)} }}"
        else:
            listed = list(map(identifier, names))
            parameters = ", ".join([*listed, *(f"...{v.arg}" for v in [given.vararg] if v)])
        lines = [line for each in self.tree.body for line in self.statement(each)]
        assigned = [
            each.id
            for node in self.tree.body
            for each in ast.walk(node)
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store)
        ]
        new = [identifier(each) for each in dict.fromkeys(assigned) if each not in known]
        if new:
            lines.insert(0, f"let {', '.join(new)};")
        inside = "\n".join(f"  {line}" for line in lines)
        return f"function {self.name}({parameters}) {{\n{inside}\n}}"

    def unknown(self, node: ast.AST) -> Untranslatable:
        """The error for what the walk does not know."""
        what = type(node).__name__
        if isinstance(node, (ast.expr, ast.stmt)):
            what = f"line {node.lineno}: {ast.unparse(node)!r}"
        return Untranslatable(
            f"{self.function.__module__}.{self.function.__qualname__}, {what}: no translation "
            "into JavaScript"
        )

    def statement(self, node: ast.stmt) -> Iterator[str]:
        """The lines of a statement."""
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                return  # the docstring
            case ast.Return(value=ast.expr() as value):
                yield f"return {self.set(value)};"
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
            ):
                yield from self.assign(target, value)
            case ast.If(test=test, body=body, orelse=orelse):
                yield f"if ({self.set(test)}) {{"
                yield from self.block(body)
                if orelse:
                    yield "} else {"
                    yield from self.block(orelse)
                yield "}"
            case ast.For(
                target=ast.Name(id=name),
                iter=ast.Call(func=ast.Name(id="range"), args=arguments),
                body=body,
                orelse=[],
            ):
                start, stop, step = self.range(arguments)
                counter, sign = identifier(name), "<" if step > 0 else ">"
                yield f"for ({counter} = {start}; {counter} {sign} {stop}; {counter} += {step}) {{"
                yield from self.block(body)
                yield "}"
            case ast.With(items=[ast.withitem(context_expr=ast.Call(func=manager))], body=body) if (
                self.value(manager) is np.errstate
            ):
                for each in body:
                    yield from self.statement(each)
            case _:
                raise self.unknown(node)

    def block(self, body: list[ast.stmt]) -> Iterator[str]:
        """The lines inside braces."""
        for each in body:
            for line in self.statement(each):
                yield f"  {line}"

    def range(self, arguments: list[ast.expr]) -> tuple[str, str, int]:
        """Start, end and step of a loop."""
        if len(arguments) == 1:
            return "0", self.set(arguments[0]), 1
        step = ast.literal_eval(arguments[2]) if len(arguments) == 3 else 1
        return self.set(arguments[0]), self.set(arguments[1]), step

    def assign(self, target: ast.expr, value: ast.expr) -> Iterator[str]:
        """An assignment; of several names, from what was computed before any of them changed."""
        match target:
            case ast.Name(id=name):
                yield f"{identifier(name)} = {self.set(value)};"
            case ast.Subscript(value=ast.Name(id=name), slice=index):
                yield f"{identifier(name)}[{self.set(index)}] = {self.set(value)};"
            case ast.Tuple(elts=names) if all(isinstance(each, ast.Name) for each in names):
                self.temporaries += 1
                values = f"values_{self.temporaries}"
                yield f"const {values} = {self.set(value)};"
                for i, each in enumerate(names):
                    assert isinstance(each, ast.Name)
                    yield f"{identifier(each.id)} = {values}[{i}];"
            case _:
                raise self.unknown(target)

    def value(self, node: ast.expr) -> Any:
        """What a name from outside stands for, or an attribute of it; None of others."""
        match node:
            case ast.Name(id=name) if name not in self.own:
                names = {**vars(builtins), **self.function.__globals__}
                if name not in names:
                    raise self.unknown(node)
                return names[name]
            case ast.Attribute(value=inner, attr=name):
                return getattr(self.value(inner), name, None)
        return None

    def set(self, node: ast.expr, strength: int = CONDITION) -> str:
        """An expression, in brackets where it binds less than ``strength``."""
        text, own = self.expression(node)
        return text if own >= strength else f"({text})"

    def expression(self, node: ast.expr) -> tuple[str, int]:
        """An expression, and how strongly it binds."""
        match node:
            case ast.Constant(value=bool() | int() | float() | str() as value):
                return self.script.refer(value), ATOM
            case ast.Name(id=name) if name in self.own:
                return identifier(name), ATOM
            case ast.Name() | ast.Attribute():
                value = self.value(node)
                if not isinstance(value, (int, float, str, FunctionType)):
                    raise self.unknown(node)
                return self.script.refer(value), ATOM
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return f"-{self.set(inner, ATOM)}", UNARY
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return f"!{self.set(inner, ATOM)}", UNARY
            case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
                sign, strength = OPERATORS[type(op)]
                return (
                    f"{self.set(left, strength)} {sign} {self.set(right, strength + 1)}",
                    strength,
                )
            case ast.BinOp(left=left, op=ast.FloorDiv(), right=right):
                return f"Math.floor({self.set(left, PRODUCT)} / {self.set(right, UNARY)})", ATOM
            case ast.BinOp(left=left, op=ast.Pow(), right=right):
                return self.call(np.power, [left, right], node), ATOM
            case ast.BinOp():
                return self.bits(node), SHIFT
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in OPERATORS:
                sign, strength = OPERATORS[type(op)]
                return f"{self.set(left, SHIFT)} {sign} {self.set(right, SHIFT)}", strength
            case ast.BoolOp(op=op, values=values):
                sign, strength = ("||", OR) if isinstance(op, ast.Or) else ("&&", AND)
                return f" {sign} ".join(self.set(each, strength + 1) for each in values), strength
            case ast.IfExp(test=test, body=body, orelse=orelse):
                parts = self.set(test, OR), self.set(body, OR), self.set(orelse)
                return "{} ? {} : {}".format(*parts), CONDITION
            case ast.Tuple(elts=elements):
                return f"[{', '.join(map(self.element, elements))}]", ATOM
            case ast.Dict(keys=keys, values=values) if all(
                isinstance(each, ast.Constant) for each in keys
            ):
                pairs = zip(keys, values, strict=True)
                inside = ", ".join(f"{self.set(k)}: {self.set(v)}" for k, v in pairs if k)
                return f"({{ {inside} }})", ATOM
            case ast.Subscript(value=ast.Name(id=name), slice=index) if name in self.own:
                return self.part(identifier(name), index), ATOM
            case ast.Call(func=function, args=arguments, keywords=keywords):
                if keywords and self.value(function) is not np.power:  # whose dtype is float64
                    raise self.unknown(node)
                return self.call(function, arguments, node), ATOM
        raise self.unknown(node)

    def element(self, node: ast.expr) -> str:
        """An element of a tuple, or several."""
        return f"...{self.set(node.value)}" if isinstance(node, ast.Starred) else self.set(node)

    def part(self, name: str, index: ast.expr) -> str:
        """An element or a slice of a tuple; counted from the end where negative."""
        match index:
            case ast.Slice(lower=lower, upper=upper, step=None):
                ends = "0" if lower is None else self.set(lower)
                return f"{name}.slice({ends}{'' if upper is None else f', {self.set(upper)}'})"
            case ast.UnaryOp(op=ast.USub()):
                return f"{name}[{name}.length {self.set(index).replace('-', '- ')}]"
        return f"{name}[{self.set(index)}]"

    def bits(self, node: ast.BinOp) -> str:
        """An operation on whole numbers below 2^32, or one that leaves such a number."""
        match node:
            case ast.BinOp(left=left, op=ast.BitAnd(), right=right) if self.mask(right):
                if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
                    # The product may have 64 bits, more than a double holds.
                    return f"Math.imul({self.set(left.left)}, {self.set(left.right)}) >>> 0"
                return f"{self.set(left, SHIFT)} >>> 0"
            case ast.BinOp(left=left, op=ast.BitXor(), right=right):
                return f"({self.set(left, EQUAL)} ^ {self.set(right, EQUAL)}) >>> 0"
            case ast.BinOp(left=left, op=ast.RShift(), right=ast.Constant(value=int() as places)):
                if places < 32:
                    return f"{self.set(left, SHIFT)} >>> {places}"
                return f"Math.floor({self.set(left, PRODUCT)} / {2**places})"
        raise self.unknown(node)

    def mask(self, node: ast.expr) -> bool:
        """Whether it is the one mask that there is."""
        if isinstance(node, ast.Constant):
            return bool(node.value == LOW)
        value = self.value(node)
        return isinstance(value, int) and value == LOW

    def call(self, function: Any, arguments: list[ast.expr], node: ast.expr) -> str:
        """A call."""
        called: Any
        match function:
            case ast.Call(func=ast.Name(id="type")):
                # A number in the precision of another: all are doubles.
                return self.set(arguments[0], ATOM)
            case ast.Name(id=name) if name in self.own:
                return f"{identifier(name)}({', '.join(map(self.element, arguments))})"
            case ast.expr():
                called = self.value(function)
            case _:
                called = function
        if called is builtins.len:
            return f"{self.set(arguments[0], ATOM)}.length"
        if called is np.where:
            test, body, orelse = (self.set(each, OR) for each in arguments)
            return f"({test} ? {body} : {orelse})"
        if isinstance(called, FunctionType) and called not in self.script.known:
            inside = [*map(self.element, arguments)]
            return f"{self.script.refer(called)}({', '.join(inside)})"
        if not callable(called) or not isinstance(called, Hashable):
            raise self.unknown(node)
        operation = self.script.known.get(called)
        if called in CHOICES and len(arguments) == 2:
            operation = self.script.helper(CHOICES[called])
        if operation is None:
            raise self.unknown(node)
        return f"{operation}({', '.join(map(self.set, arguments))})"
