"""A plain function as it is now: its code, and the value of everything that the code reads.

Compiled code freezes what it reads when it is compiled, and Numba's disk cache knows a function by
its name alone (numba#1833); Python looks again at every call. `snapshot` bridges the two. It copies
a function with the numbers, arrays, helpers and attributes that the code reads at this moment, and
returns the same copy as long as a digest of them all is the same. A kernel compiled of the copy
cannot go stale, and a pickle of the copy (`sent`) takes the values along.

Functions of simopt itself read nothing that changes: they are their own snapshots.
"""

from __future__ import annotations

import builtins
import enum
import hashlib
import importlib
import importlib.util
import marshal
import sys
import threading
import types
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from simopt.ground.reading import Read, constant, reads

Function = Callable[..., Any]

#: Packages whose functions and types are the same wherever they are imported.
LIBRARIES = ("builtins", "math", "cmath", "operator", "numpy", "numba")

ALLOWED = (
    "compiled code can read numbers, strings, tuples and lists of them, arrays, plain functions, "
    "and such attributes of modules, classes and objects"
)

#: Options of numba.njit that do not change what a function returns.
HARMLESS = {"nopython", "nogil", "cache", "inline", "forceinline", "boundscheck"}

SCALARS = (bool, int, float, complex, str, bytes, type(None), np.generic, enum.Enum)

#: A tuple in a tuple in a tuple: deeper ones contain themselves.
DEEPEST = 20


class Unreadable(ValueError):
    """A function reads what has no value to compare, or does what compiled code cannot."""


# What a name in a function stands for: nodes that can be compared, built again and sent.


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


_copies: dict[str, Function] = {}
_copying = threading.Lock()
#: The digests of copies, and of simopt's own functions.
_digests: WeakKeyDictionary[Function, str] = WeakKeyDictionary()
#: Of a copy: the name of the file that its code says, and where it stands.
_origins: WeakKeyDictionary[Function, dict[str, tuple[str, int]]] = WeakKeyDictionary()


def snapshot(function: Function, name: str = "") -> Function:
    """The function with everything that it reads at its present value.

    Parameters
    ----------
    function : callable
        A plain Python function.
    name : str, optional
        Whose it is, for errors.

    Returns
    -------
    callable
        The same object for the same code and values; the function itself where it is simopt's.

    Raises
    ------
    Unreadable
        A ValueError that names what can't be followed, and the line that reads it.

    Examples
    --------
    >>> from simopt.ground.snapshot import snapshot
    >>> def scaled(factor):
    ...     def f(x):
    ...         return factor[0] * x
    ...     return f
    >>> factor = [2.0]
    >>> f = scaled(factor)
    >>> frozen = snapshot(f)
    >>> factor[0] = 3.0
    >>> frozen(1.0), f(1.0), snapshot(f)(1.0)  # doctest: +SKIP
    (2.0, 3.0, 3.0)

    (Not run here, where the function would count as one of simopt's own, which don't change; see
    tests/test_snapshots.py.)
    """
    if function in _digests:
        return function
    records = _Reader(name).read(function)
    if records[0].own is None:
        copy = _copy(records)
        codes = [each.code for each in records]
        _origins[copy] = {f"<{c.co_name}>": (c.co_filename, c.co_firstlineno) for c in codes}
        return copy
    _digests[function] = _digest(records)
    return function


def plain(function: Function) -> Function:
    """The function; its snapshot where it calls what the user compiled with Numba.

    Such a helper keeps the values that it read when it was compiled, and Python would call it so.
    """
    if _trusted(function):
        return function
    reader = _Reader("")
    try:
        reader.read(function)
    except Unreadable:
        return function
    return snapshot(function) if reader.compiled else function


def digest(*functions: Function | None) -> str:
    """Sixteen hexadecimal digits that change when any of the functions, or what they read, does."""
    each = ["" if f is None else _digests[snapshot(f)] for f in functions]
    return hashlib.sha256(" ".join(each).encode()).hexdigest()[:16]


def origin(copy: Function, file: str, line: int) -> str:
    """Where a line of a snapshot's code stands, in words."""
    path, first = _origins.get(copy, {}).get(file, (file, 0))
    return f"{PurePath(path).name}, line {first + line}"


def reached(function: Function) -> list[Function]:
    """The plain functions that a function calls, directly or not, and itself."""
    reader = _Reader("")
    reader.read(function)
    return list(reader.numbers)


def sent(function: Function) -> tuple[bytes, list[Any]]:
    """A snapshot as data, for `received` in another process of the same version of Python."""
    rows = []
    for record in _Reader("").read(function, whole=True):
        code: Any = marshal.dumps(record.code)
        if record.own is not None and _imported(record.own) is not None:
            code = _imported(record.own)
        rows.append((code, record.defaults, record.keywords, record.names, record.closed))
    return importlib.util.MAGIC_NUMBER, rows


def received(magic: bytes, rows: list[Any]) -> Function:
    """The snapshot that was sent: in one process the same object every time."""
    if magic != importlib.util.MAGIC_NUMBER:
        raise ValueError(
            f"a function was sent from another version of Python than {sys.version.split()[0]}, "
            "whose code this one cannot run: start workers with the same version"
        )
    records = []
    for code, *rest in rows:
        if isinstance(code, Imported):
            own: Any = _lookup(code)
            records.append(Record(own.__code__, *rest))
            records[-1].own = own
        else:
            records.append(Record(marshal.loads(code), *rest))
    return records[0].own or _copy(records)


class _Reader:
    """Reads functions, and the functions that they call, into records."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.numbers: dict[Function, int] = {}
        self.records: list[Record] = []
        self.at: tuple[types.CodeType, int] | None = None
        self.trusted = False
        #: Whether one of them was compiled by Numba.
        self.compiled = False

    def read(self, function: Function, whole: bool = False) -> list[Record]:
        """The records, the function's own first.

        Those of simopt's functions that call no other but simopt's are ``own``; with ``whole``
        only those that an import finds.
        """
        self._called(function)
        functions = list(self.numbers)
        copied = {n for n, each in enumerate(functions) if not _trusted(each)}
        if whole:
            copied |= {n for n, each in enumerate(functions) if _imported(each) is None}
        grown = -1
        while len(copied) > grown:
            grown = len(copied)
            copied |= {n for n, each in enumerate(self.records) if copied & _calls(each)}
        for number, record in enumerate(self.records):
            record.own = None if number in copied else functions[number]
        return self.records

    def _called(self, function: Any) -> Called:
        if function in self.numbers:
            return Called(self.numbers[function])
        number = self.numbers[function] = len(self.records)
        record = Record(function.__code__)
        self.records.append(record)
        before = self.at, self.trusted
        self.trusted = _trusted(function)
        code, wanted = record.code, reads(record.code)
        self.at = code, code.co_firstlineno
        if wanted.refused is not None and not self.trusted:
            what, value, line = wanted.refused
            self.at = code, line
            raise self._error(f"{what}: {value}")
        anything = Read(code.co_firstlineno, bare=True)
        record.defaults = self._node(function.__defaults__, anything, "its defaults")
        for name, value in (function.__kwdefaults__ or {}).items():
            record.keywords[name] = self._node(value, anything, name)
        spaces = function.__globals__, vars(builtins)
        for name, read in wanted.names.items():
            self.at = code, read.line
            space = next((each for each in spaces if name in each), None)
            if space is None:
                raise self._error(f"uses {name!r}, which is not defined")
            record.names[name] = self._node(space[name], read, name)
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        for name, read in wanted.closed.items():
            self.at = code, read.line
            try:
                value = cells[name].cell_contents
            except ValueError:
                raise self._error(f"uses {name!r}, which has no value yet") from None
            record.closed[name] = self._node(value, read, name)
        self.at, self.trusted = before
        return Called(number)

    def _node(self, value: Any, read: Read, path: str, depth: int = 0) -> Any:
        """What a value is to a snapshot."""
        if isinstance(value, SCALARS) and (read.bare or not isinstance(value, enum.Enum)):
            return Value(value)
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return Value(value)
        named = isinstance(value, tuple) and hasattr(value, "_fields")
        if type(value) in (tuple, list) or (named and read.bare):
            if depth > DEEPEST:
                raise self._error(f"reads {path!r}, which contains itself")
            bare = Read(read.line, bare=True)
            items = tuple(
                self._node(each, bare, f"{path}[{k}]", depth + 1) for k, each in enumerate(value)
            )
            return Items(items, type(value) if named else None)
        compiled = getattr(value, "py_func", None)
        if isinstance(compiled, types.FunctionType) and hasattr(value, "targetoptions"):
            options = {name for name, set_to in value.targetoptions.items() if set_to}
            if options - HARMLESS:
                raise self._error(
                    f"calls {path!r}, compiled with {', '.join(sorted(options - HARMLESS))}, whose "
                    "results may differ: take the plain function"
                )
            value, self.compiled = compiled, True
        if (imported := _imported(value)) is not None and not _trusted(value):
            return imported
        if isinstance(value, types.FunctionType):
            return self._called(value)
        library = isinstance(value, types.ModuleType) and _library(value.__name__)
        if read.bare and not library and not self.trusted:
            raise self._unreadable(value, path)
        if self.trusted and read.bare:
            return Value(value)
        members = {}
        for name, each in read.attributes.items():
            if self.at is not None:
                self.at = self.at[0], each.line
            try:
                member = getattr(value, name)
            except AttributeError:
                raise self._error(f"reads {path}.{name}, which is not defined") from None
            members[name] = self._node(member, each, f"{path}.{name}", depth)
        return Attributes(members, value.__name__ if library else "")

    def _unreadable(self, value: Any, path: str) -> Unreadable:
        kind = type(value).__name__
        if isinstance(value, types.ModuleType):
            return self._error(f"reads the module {path!r} as a whole; name what it reads of it")
        of = type(getattr(value, "__self__", None)).__module__
        if of == "random" or of.startswith("numpy.random"):
            return self._error(f"calls {path!r}: random numbers that no seed here repeats")
        article = "an" if kind[0].lower() in "aeiou" else "a"
        return self._error(f"reads {path!r}, {article} {kind}; {ALLOWED}")

    def _error(self, what: str) -> Unreadable:
        assert self.at is not None
        code, line = self.at
        where = f"{code.co_name} ({PurePath(code.co_filename).name}, line {line})"
        return Unreadable(f"{self.name}: {where} {what}" if self.name else f"{where} {what}")


def is_copy(function: Function | None) -> bool:
    """Whether `snapshot` made the function."""
    return function is not None and function.__module__ == __name__


def _trusted(function: Any) -> bool:
    """Whether simopt made it: a function of the package, or a copy."""
    module = getattr(function, "__module__", None) or ""
    return module == "simopt" or module.startswith("simopt.")


def _library(module: str) -> bool:
    return module.partition(".")[0] in LIBRARIES


def _imported(value: Any) -> Imported | None:
    """Where a library's or simopt's function or type is imported from."""
    if isinstance(value, np.ufunc):
        called: str = value.__name__
        return Imported("numpy", called) if value is getattr(np, called, None) else None
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    if not callable(value) or not (_library(module) or _trusted(value)):
        return None
    found = Imported(module, name)
    return found if _lookup(found) is value else None


def _lookup(imported: Imported) -> Any:
    try:
        value: Any = sys.modules.get(imported.module) or importlib.import_module(imported.module)
    except ImportError:
        return None
    for name in imported.name.split("."):
        value = getattr(value, name, None)
    return value


def _calls(record: Record) -> set[int]:
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


def _digest(records: list[Record]) -> str:
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


def _copy(records: list[Record]) -> Function:
    name = _digest(records)
    with _copying:
        if name not in _copies:
            _copies[name] = _build(records)
            _digests[_copies[name]] = name
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
        return _lookup(node)
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
