"""From a function, and those that it calls, to records; what cannot be followed is named."""

from __future__ import annotations

import builtins
import enum
import types
from pathlib import PurePath
from typing import Any

import numpy as np

from simopt.ground.snapshot.bytecode import REFUSED, Read, reads
from simopt.ground.snapshot.nodes import (
    SCALARS,
    Attributes,
    Called,
    Function,
    Items,
    Record,
    Value,
    as_imported,
    calls,
    is_library,
    is_trusted,
)

ALLOWED = (
    "compiled code can read numbers, strings, tuples and lists of them, arrays, plain functions, "
    "and such attributes of modules, classes and objects"
)

#: Options of numba.njit that do not change what a function returns.
HARMLESS = {"nopython", "nogil", "cache", "inline", "forceinline", "boundscheck"}

#: Of less than double precision, and of less than 64 bits with a sign.
NARROW = (np.float16, np.float32)
NARROW_WHOLE = (np.int8, np.int16, np.int32, np.uint8, np.uint16, np.uint32, np.uint64)

#: A tuple in a tuple in a tuple: deeper ones contain themselves.
DEEPEST = 20


class Unreadable(ValueError):
    """A function reads what has no value to compare, or does what compiled code cannot."""


class Unrepeatable(Unreadable):
    """A function has another value at every call, or leaves something outside of it changed."""


class Reader:
    """Reads functions, and the functions that they call, into records."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.numbers: dict[Function, int] = {}
        self.records: list[Record] = []
        self.at: tuple[types.CodeType, int] | None = None
        self.trusted = False
        #: Whether one of them was compiled by Numba.
        self.compiled = False
        #: Whether one of them reads numbers of less precision or fewer bits than compiled code has.
        self.narrow = False
        #: Whether one of them makes whole numbers of 64 bits without a sign, as what hashes does.
        self.unsigned = False

    def read(self, function: Function, whole: bool = False) -> list[Record]:
        """The records, the function's own first.

        Those of simopt's functions that call no other but simopt's are ``own``; with ``whole``
        only those that an import finds.
        """
        self._called(function)
        if self.unsigned:  # what was read before that showed is read once more
            self.numbers.clear()
            self.records.clear()
            self._called(function)
        functions = list(self.numbers)
        copied = {n for n, each in enumerate(functions) if not is_trusted(each)}
        grown = -1
        while len(copied) > grown:
            grown = len(copied)
            copied |= {n for n, each in enumerate(self.records) if copied & calls(each)}
        if whole:
            # What an import finds calls what it finds there, made by another function or not.
            copied |= {n for n, each in enumerate(functions) if as_imported(each) is None}
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
        self.trusted = is_trusted(function)
        code, wanted = record.code, reads(record.code)
        self.at = code, code.co_firstlineno
        if wanted.refused is not None and not self.trusted:
            instruction, value, line = wanted.refused
            self.at = code, line
            said = f"{REFUSED[instruction]}: {value}"
            if instruction == "IMPORT_NAME":
                raise self._error(said)
            remedy = "what is remembered from one call to the next must be a rule's state"
            raise self._error(f"{said}; {remedy}", Unrepeatable)
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
            return Value(self._widened(value))
        if type(value) is np.ndarray and not value.dtype.hasobject:
            return Value(self._widened(value))
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
        if (imported := as_imported(value)) is not None and not is_trusted(value):
            self.unsigned |= value is np.uint64 and not self.trusted
            return imported
        if isinstance(value, types.FunctionType):
            return self._called(value)
        library = isinstance(value, types.ModuleType) and is_library(value.__name__)
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

    def _widened(self, value: Any) -> Any:
        """A user's number or array of numbers in double precision or 64 bits, where it has less.

        Beside one of single precision NumPy computes with Python's numbers in single precision, and
        beside a whole one of few bits in these, past whose end it begins anew; compiled code
        computes in double precision and in 64 bits. Where numbers without a sign are asked for, all
        of 64 bits stay so: with a sign they are shifted and divided otherwise.
        """
        if self.trusted or not isinstance(value, (np.ndarray, np.number)):
            return value
        wide: type[np.generic] = np.int64
        if self.unsigned and value.dtype == np.uint64:
            return value
        if value.dtype in NARROW:
            wide = np.float64
        elif value.dtype not in NARROW_WHOLE or (value.astype(wide) != value).any():
            return value
        self.narrow = True
        return value.astype(wide)

    def _unreadable(self, value: Any, path: str) -> Unreadable:
        kind = type(value).__name__
        if isinstance(value, types.ModuleType):
            return self._error(f"reads the module {path!r} as a whole; name what it reads of it")
        of = type(getattr(value, "__self__", None)).__module__
        if of == "random" or of.startswith("numpy.random"):
            said = f"calls {path!r}: random numbers that no seed here repeats"
            return self._error(said, Unrepeatable)
        if getattr(value, "__module__", None) == "time":
            return self._error(f"calls {path!r}: another value at every call", Unrepeatable)
        if hasattr(value, "__next__"):
            said = f"reads {path!r}, an iterator, which moves on at every call"
            return self._error(said, Unrepeatable)
        article = "an" if kind[0].lower() in "aeiou" else "a"
        return self._error(f"reads {path!r}, {article} {kind}; {ALLOWED}")

    def _error(self, what: str, kind: type[Unreadable] = Unreadable) -> Unreadable:
        assert self.at is not None
        code, line = self.at
        where = f"{code.co_name} ({PurePath(code.co_filename).name}, line {line})"
        return kind(f"{self.name}: {where} {what}" if self.name else f"{where} {what}")
