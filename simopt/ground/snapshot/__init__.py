"""A plain function as it is now: its code, and the value of everything that the code reads.

Compiled code freezes what it reads when it is compiled, and Numba's disk cache knows a function by
its name alone (numba#1833); Python looks again at every call. `snapshot` bridges the two. It copies
a function with the numbers, arrays, helpers and attributes that the code reads at this moment, and
returns the same copy as long as a digest of them all is the same. A kernel compiled of the copy
cannot go stale, and a pickle of the copy (`sent`) takes the values along.

Functions of simopt itself read nothing that changes: they are their own snapshots.

From a function to its copy: `bytecode` (what the code reads), `reader` (the values of that, as
`nodes`), `copying` (nodes made a function again, and their digest).
"""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from simopt.ground.snapshot.copying import copy_of, digest_of, digests, is_copy, origins
from simopt.ground.snapshot.nodes import Function, Imported, Record, as_imported, is_trusted, lookup
from simopt.ground.snapshot.reader import Reader, Unreadable, Unrepeatable

__all__ = [
    "Unreadable",
    "Unrepeatable",
    "digest",
    "is_copy",
    "origin",
    "plain",
    "reached",
    "received",
    "sent",
    "snapshot",
    "unchanged",
]


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
    if function in digests:
        return function
    records = Reader(name).read(function)
    if records[0].own is None:
        copy = copy_of(records)
        codes = [each.code for each in records]
        origins[copy] = {f"<{c.co_name}>": (c.co_filename, c.co_firstlineno) for c in codes}
        return copy
    digests[function] = digest_of(records)
    return function


def plain(function: Function, name: str = "") -> Function:
    """The function; its snapshot where Python would compute otherwise than compiled code.

    It would where the function calls what the user compiled with Numba, which keeps the values that
    it read when it was compiled, and where it reads numbers of less than double precision.

    Raises
    ------
    Unrepeatable
        If the function has another value at every call; Python can compute all others.
    """
    if is_trusted(function):
        return function
    reader = Reader(name)
    try:
        reader.read(function)
    except Unrepeatable:
        raise
    except Unreadable:
        return function
    return snapshot(function) if reader.compiled or reader.narrow else function


@contextmanager
def unchanged(whose: str, *functions: Function | None) -> Iterator[None]:
    """Refuse functions that change what they read from outside while they are called.

    Such a function has another value at every call, and would leave the user's own objects changed.
    """
    before = [_now(each) for each in functions]
    yield
    for function, was in zip(functions, before, strict=True):
        if function is not None and _now(function) is not was:
            code = function.__code__
            raise ValueError(
                f"{whose}: {code.co_name} ({PurePath(code.co_filename).name}, line "
                f"{code.co_firstlineno}) changes what it reads from outside at every call: what is "
                "remembered from one call to the next must be a rule's state"
            )


def _now(function: Function | None) -> Function | None:
    """The snapshot of a function of the user's; None where nothing could be compared."""
    if function is None or is_trusted(function):
        return None
    try:
        return snapshot(function)
    except Unreadable:
        return None


def digest(*functions: Function | None) -> str:
    """Sixteen hexadecimal digits that change when any of the functions, or what they read, does."""
    each = ["" if f is None else digests[snapshot(f)] for f in functions]
    return hashlib.sha256(" ".join(each).encode()).hexdigest()[:16]


def origin(copy: Function, file: str, line: int) -> str:
    """Where a line of a snapshot's code stands, in words."""
    path, first = origins.get(copy, {}).get(file, (file, 0))
    return f"{PurePath(path).name}, line {first + line}"


def reached(function: Function) -> list[Function]:
    """The plain functions that a function calls, directly or not, and itself."""
    reader = Reader("")
    reader.read(function)
    return list(reader.numbers)


def sent(function: Function) -> tuple[bytes, list[Any]]:
    """A snapshot as data, for `received` in another process of the same version of Python."""
    rows = []
    for record in Reader("").read(function, whole=True):
        code: Any = marshal.dumps(record.code)
        if record.own is not None and as_imported(record.own) is not None:
            code = as_imported(record.own)
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
            own: Any = lookup(code)
            records.append(Record(own.__code__, *rest))
            records[-1].own = own
        else:
            records.append(Record(marshal.loads(code), *rest))
    return records[0].own or copy_of(records)
