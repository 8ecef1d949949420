"""What a name in a function stands for: nodes that can be compared, built again and sent."""

from __future__ import annotations

import enum
import importlib
import sys
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Function = Callable[..., Any]

#: Packages whose functions and types are the same wherever they are imported.
LIBRARIES = ("builtins", "math", "cmath", "operator", "numpy", "numba")

SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic, enum.Enum)


@dataclass(frozen=True)
class Value:
    """A number, a string, None, an array, a member of an enumeration."""

    value: Any


@dataclass(frozen=True)
class Items:
    """A tuple, or a list, which compiled code reads as one; ``kind`` is a named tuple's type."""

    items: tuple[Any, ...]
    kind: Any = None


@dataclass(frozen=True)
class Imported:
    """A library's function or type."""

    module: str
    name: str


@dataclass(frozen=True)
class Called:
    """The function of the record with this number."""

    number: int


@dataclass(frozen=True)
class Attributes:
    """What the code reads of a module, a class or an object; ``module`` is a library's."""

    members: dict[str, Any]
    module: str = ""


@dataclass
class Record:
    """A function: its code, and what its defaults and the names in it stand for."""

    code: types.CodeType
    defaults: Any = None
    keywords: dict[str, Any] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)
    closed: dict[str, Any] = field(default_factory=dict)
    #: The function itself, where it needs no copy.
    own: Function | None = None


def is_trusted(function: Any) -> bool:
    """Whether simopt made it: a function of the package, or a copy."""
    module = getattr(function, "__module__", None) or ""
    return module == "simopt" or module.startswith("simopt.")


def is_library(module: str) -> bool:
    """Whether what a module holds is the same wherever it is imported."""
    return module.partition(".")[0] in LIBRARIES


def as_imported(value: Any) -> Imported | None:
    """Where a library's or simopt's function or type is imported from."""
    if isinstance(value, np.ufunc):
        called: str = value.__name__
        return Imported("numpy", called) if value is getattr(np, called, None) else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    if not callable(value) or not (is_library(module) or is_trusted(value)):
        return None
    found = Imported(module, name)
    return found if lookup(found) is value else None


def lookup(imported: Imported) -> Any:
    """The library's function or type; None where this process has none."""
    try:
        value: Any = sys.modules.get(imported.module) or importlib.import_module(imported.module)
    except ImportError:
        return None
    for name in imported.name.split("."):
        value = getattr(value, name, None)
    return value


def calls(record: Record) -> set[int]:
    """The numbers of the records that a record calls."""
    found = set()
    rest: list[Any] = [record.defaults, *record.keywords.values()]
    rest += [*record.names.values(), *record.closed.values()]
    while rest:
        node = rest.pop()
        if isinstance(node, Called):
            found.add(node.number)
        elif isinstance(node, Items):
            rest += node.items
        elif isinstance(node, Attributes):
            rest += node.members.values()
    return found
