"""What a plain Python function reads from outside, found in its bytecode.

A name alone says too little: of a module or an object what matters is the attributes that the code
goes on to read. So reads are trees, ``settings.rate.low`` being three nodes.
"""

from __future__ import annotations

import dis
import types
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

#: Instructions that read a global name, a closed-over one, and an attribute of what was just read.
GLOBAL = {"LOAD_GLOBAL", "LOAD_NAME"}
CLOSED = {"LOAD_DEREF", "LOAD_CLASSDEREF"}
ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD"}
SILENT = {"PUSH_NULL", "EXTENDED_ARG", "PRECALL", "CACHE", "NOP"}

#: Instructions that a snapshot cannot repeat, and what they do.
REFUSED = {
    "STORE_GLOBAL": "assigns to a global name",
    "DELETE_GLOBAL": "deletes a global name",
    "STORE_ATTR": "assigns to an attribute",
    "DELETE_ATTR": "deletes an attribute",
    "IMPORT_NAME": "imports inside the function (import at the top of the module)",
}


@dataclass
class Read:
    """A value that the code reads: by itself (``bare``), or for some of its attributes."""

    line: int
    bare: bool = False
    attributes: dict[str, Read] = field(default_factory=dict)


@dataclass
class Reads:
    """What a code object and those inside it read, and what identifies it."""

    code: tuple[Any, ...]
    names: dict[str, Read]
    closed: dict[str, Read]
    refused: tuple[str, str, int] | None


@lru_cache(maxsize=4096)
def reads(code: types.CodeType) -> Reads:
    """What the code reads; the tuple ``code`` knows neither lines, files nor the docstring."""
    result = Reads((), {}, {}, None)
    result.code = _visit(code, frozenset(code.co_freevars), result)
    return result


def _visit(code: types.CodeType, outside: frozenset[str], result: Reads) -> tuple[Any, ...]:
    """Note what one code object reads; return what identifies it."""
    stream: list[Any] = []
    path: Read | None = None
    line = code.co_firstlineno
    for instruction in dis.get_instructions(code):
        name, value = instruction.opname, instruction.argval
        if instruction.positions is not None:
            line = instruction.positions.lineno or line
        if isinstance(value, types.CodeType):
            value = _visit(value, outside - frozenset(code.co_cellvars), result)
        stream.append((name, constant(value)))
        if name in SILENT:
            continue
        if name in REFUSED and result.refused is None:
            result.refused = (name, str(value), line)
        if path is not None:
            if name in ATTRIBUTE:
                path = path.attributes.setdefault(str(value), Read(line))
                continue
            path.bare = True
            path = None
        if name in GLOBAL:
            path = result.names.setdefault(str(value), Read(line))
        elif name in CLOSED and value in outside:
            path = result.closed.setdefault(str(value), Read(line))
    counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
    return code.co_name, counts, code.co_varnames, tuple(stream), code.co_exceptiontable


def constant(value: Any) -> Any:
    """A constant as text and tuples that are equal where type, sign and order of it are."""
    if isinstance(value, tuple):
        return tuple(map(constant, value))
    if isinstance(value, frozenset):  # its order differs from process to process
        return "frozenset", tuple(sorted(repr(constant(each)) for each in value))
    return type(value).__name__, hex(value) if type(value) is int else repr(value)
