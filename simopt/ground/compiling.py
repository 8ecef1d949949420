"""Compiled functions, kept on disk where there is a folder for them."""

from __future__ import annotations

import functools
import gc
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import CodeType
from typing import Any

import numba
from numba import njit
from numba.core.compiler_lock import global_compiler_lock
from numba.core.serialize import dumps

from simopt.ground import libraries, parts, pipeline, powers
from simopt.ground.locks import Claims
from simopt.ground.parts import WITHOUT_WRAPPERS, connect, with_numbas
from simopt.ground.pickles import content_digest
from simopt.ground.pipeline import Compiler, settled


class CacheWarning(UserWarning):
    """Compiled code cannot be kept on disk: every process compiles anew."""


_warned = False


def compiled(
    function: Callable[..., Any],
    *,
    by_address: bool = False,
    borrows: bool = False,
    source: str = "",
) -> Any:
    """The function compiled at its first call, and found again on disk by later processes.

    It releases the GIL, and divides as NumPy does. ``by_address`` says that Python never calls it:
    what it would need for that is not compiled. ``borrows`` says that it makes no arrays and
    returns none: it need not count who refers to those that it is given. ``source`` is a digest of
    what the function calls in other files: Numba itself sees no change there. Where Numba finds no
    folder that it can write to (a foreign user id, no home), the code is not kept, and one
    `CacheWarning` says so.
    """
    global _warned
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    options["pipeline_class"] = Compiler
    if by_address:
        options |= WITHOUT_WRAPPERS
    if borrows:
        options["_nrt"] = False
    try:
        dispatcher = njit(cache=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
    else:
        # With NUMBA_DISABLE_JIT Numba gives back the function, and keeps nothing.
        if dispatcher is function:
            return dispatcher
        files = dispatcher._cache._cache_file
        files._source_stamp = files._source_stamp, source, _made_by()
        _find_by_content(dispatcher._cache, function)
        return _one_process_at_a_time(dispatcher)
    if not _warned:
        _warned = True
        warnings.warn(
            "compiled code cannot be kept: neither the package's folder nor a home folder can be "
            "written to, so that every process compiles anew; set NUMBA_CACHE_DIR to a folder that "
            "can",
            CacheWarning,
            stacklevel=2,
        )
    return _connected(njit(**options)(function))


@functools.cache
def _made_by() -> str:
    """A digest of the files that say how functions are compiled: Numba sees no change there."""
    paths = [__file__, *(str(each.__file__) for each in (libraries, parts, pipeline, powers))]
    return sha256(b"".join(Path(each).read_bytes() for each in paths)).hexdigest()


def _find_by_content(cache: Any, function: Callable[..., Any]) -> None:
    """Have code found by what the function's closure holds, not by how that is pickled.

    Else what the first process compiles, which has compiled Python's own bytecode too, no other
    finds: each kernel was compiled twice.
    """
    held = tuple(cell.cell_contents for cell in function.__closure__ or ())

    @functools.cache
    def content() -> tuple[str, str]:
        pickled = dumps(held)  # type: ignore[no-untyped-call]
        return sha256(function.__code__.co_code).hexdigest(), content_digest(pickled)

    # As Numba's, which pickles all that is held each time that it is asked for.
    def key(signature: Any, codegen: Any) -> Any:
        return signature, codegen.magic_tuple(), content()

    if held:
        cache._index_key = key


def _connected(dispatcher: Any) -> Any:
    """Set, after every compilation, what the compiled parts look up (`parts.connect`)."""
    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        return dispatcher
    compiling = dispatcher.compile

    def connected(signature: Any) -> Any:
        # Of all threads one at a time: then none puts back what another set.
        with global_compiler_lock, uncollected(), settled(), with_numbas():
            code = compiling(signature)
            connect()
        return code

    dispatcher.compile = connected
    return dispatcher


@contextmanager
def uncollected() -> Iterator[None]:
    """Suspend Python's garbage collector inside the block.

    A compiler makes hundreds of thousands of objects that stay until its end, and Python would look
    at them again and again, and at everything imported: an eighth of the time.

    Examples
    --------
    >>> import gc
    >>> with uncollected():
    ...     gc.isenabled()
    False
    """
    before = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if before:
            gc.enable()


def _one_process_at_a_time(dispatcher: Any) -> Any:
    """Let one process at a time read the dispatcher's code from disk, or compile and write it.

    Processes that are started together ask for the same kernels: of those the first compiles each,
    and the others read it. Nor may two write at once (numba#4807): Numba reads a file's index, adds
    an entry, writes it back, and then writes the code that the entry names; one of the two would
    lose its entry, or both give their code the same name.
    """
    cache, compiling = dispatcher._cache, _connected(dispatcher).compile
    _read_with_care(cache._cache_file)
    name = sha256(cache._cache_file._index_name.encode()).digest()
    number = int.from_bytes(name[:7])

    def alone(signature: Any) -> Any:
        # Of this process one thread: the system keeps its threads' claims not apart.
        with global_compiler_lock:
            cache._impl.locator.ensure_cache_path()
            claims = _claims(cache.cache_path)
            claims.take(number, wait=True)
            try:
                return compiling(signature)
            finally:
                claims.release(number)

    dispatcher.compile = alone
    return dispatcher


def _read_with_care(files: Any) -> None:
    """Treat a truncated cache file (a full disk, a power cut) as a cache miss.

    Numba raises on it, in every process from then on.
    """
    read_index, read_data = files._load_index, files._load_data

    def index() -> Any:
        try:
            return read_index()
        except Exception:
            return {}

    def data(name: str) -> Any:
        try:
            return read_data(name)
        except Exception as error:
            raise OSError(f"{name} cannot be read") from error

    files._load_index, files._load_data = index, data


def kept(dispatcher: Any) -> bool:
    """Whether code of a compiled function, whose name no other has, lies on disk."""
    cache = getattr(dispatcher, "_cache", None)
    index = getattr(getattr(cache, "_cache_file", None), "_index_path", None)
    return index is not None and Path(index).exists()


def code_digest(*functions: Callable[..., Any]) -> str:
    """Sixteen hexadecimal digits that change when code of the functions or within them does.

    Numbers and texts that they read from their module count, for compiled code has them within.
    """
    texts = [repr((_parts(each.__code__), _read_from_module(each))) for each in functions]
    return sha256(" ".join(texts).encode()).hexdigest()[:16]


def _read_from_module(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    found = inspect.getclosurevars(function).globals.items()
    return sorted((name, value) for name, value in found if isinstance(value, int | float | str))


def _parts(code: CodeType) -> tuple[Any, ...]:
    constants = [_parts(each) if isinstance(each, CodeType) else each for each in code.co_consts]
    return code.co_code, constants, code.co_names, code.co_freevars


@functools.cache
def _claims(folder: str) -> Claims:
    """The claims to files of compiled code in a folder, opened once: closing would release all."""
    return Claims(Path(folder, ".simopt.lock"))
