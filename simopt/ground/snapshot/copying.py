"""From records to a function of its own, and to the digest that names it."""

from __future__ import annotations

import builtins
import enum
import hashlib
import sys
import threading
import types
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from simopt.ground.snapshot.bytecode import constant, reads
from simopt.ground.snapshot.nodes import (
    SCALARS,
    Attributes,
    Called,
    Function,
    Imported,
    Items,
    Record,
    Value,
    lookup,
)

_copies: dict[str, Function] = {}
_copying = threading.Lock()
#: The digests of copies, and of simopt's own functions.
digests: WeakKeyDictionary[Function, str] = WeakKeyDictionary()
#: Of a copy: the name of the file that its code says, and where it stands.
origins: WeakKeyDictionary[Function, dict[str, tuple[str, int]]] = WeakKeyDictionary()


def is_copy(function: Function | None) -> bool:
    """Whether `snapshot` made the function."""
    return function is not None and function.__module__ == __name__


def digest_of(records: list[Record]) -> str:
    """What two functions share only if code and values are the same."""
    sha = hashlib.sha256()
    for record in records:
        named = [
            sorted((n, _key(node)) for n, node in each.items())
            for each in (record.keywords, record.names, record.closed)
        ]
        sha.update(repr((reads(record.code).code, _key(record.defaults), named)).encode())
    return sha.hexdigest()[:16]


def _key(node: Any) -> Any:
    """A node as what `repr` tells apart."""
    if isinstance(node, Items):
        return "items", tuple(map(_key, node.items)), getattr(node.kind, "_fields", ())
    if isinstance(node, Attributes):
        return "attributes", sorted((name, _key(each)) for name, each in node.members.items())
    if not isinstance(node, Value):
        return node
    value = node.value
    if isinstance(value, enum.Enum):
        return type(value).__qualname__, value.name, constant(value.value)
    if isinstance(value, (np.ndarray, np.generic)):
        return type(value).__name__, value.dtype.descr, value.shape, value.tobytes()
    return constant(value) if isinstance(value, SCALARS) else type(value).__qualname__


def copy_of(records: list[Record]) -> Function:
    """The function of the first record, the same object for the same digest."""
    name = digest_of(records)
    with _copying:
        if name not in _copies:
            _copies[name] = _build(records)
            digests[_copies[name]] = name
        return _copies[name]


def _build(records: list[Record]) -> Function:
    """The function of the first record, every one that it calls made anew or simopt's own."""
    functions: list[Any] = []
    for record in records:
        cells = tuple(types.CellType() for _ in record.code.co_freevars)
        # Not a module's: what may change there is not for this function.
        space = {"__builtins__": builtins, "__name__": __name__}
        code = _placeless(record.code, record.code)
        made = record.own or types.FunctionType(code, space, record.code.co_name, None, cells)
        functions.append(made)
    for record, made in zip(records, functions, strict=True):
        if record.own is not None:
            continue
        made.__module__ = __name__
        made.__defaults__ = _made(record.defaults, functions)
        made.__kwdefaults__ = {
            name: _made(node, functions) for name, node in record.keywords.items()
        } or None
        made.__globals__.update({n: _made(node, functions) for n, node in record.names.items()})
        for name, cell in zip(record.code.co_freevars, made.__closure__ or (), strict=True):
            if name in record.closed:
                cell.cell_contents = _made(record.closed[name], functions)
    root: Function = functions[0]
    return root


def _placeless(code: types.CodeType, outer: types.CodeType) -> types.CodeType:
    """The code without its file, and lines from 0: where it stands must not be in a cache's key."""
    constants = tuple(
        _placeless(each, outer) if isinstance(each, types.CodeType) else each
        for each in code.co_consts
    )
    return code.replace(
        co_consts=constants,
        co_filename=f"<{outer.co_name}>",
        co_firstlineno=code.co_firstlineno - outer.co_firstlineno,
    )


def _made(node: Any, functions: list[Any]) -> Any:
    """The value that a node stands for."""
    if isinstance(node, Called):
        return functions[node.number]
    if isinstance(node, Imported):
        return lookup(node)
    if isinstance(node, Items):
        items = tuple(_made(each, functions) for each in node.items)
        return items if node.kind is None else node.kind(*items)
    if isinstance(node, Attributes):
        if node.module:
            return sys.modules[node.module]
        # Numba reads attributes of modules, and of nothing else, as constants.
        module = types.ModuleType(f"{__name__}.of")
        vars(module).update({name: _made(each, functions) for name, each in node.members.items()})
        return module
    if isinstance(node.value, np.ndarray):
        array = node.value.copy()
        array.flags.writeable = False
        return array
    return node.value
