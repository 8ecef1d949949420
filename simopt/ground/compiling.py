"""Compiled functions, kept on disk where there is a folder for them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from simopt.ground.locks import Claims


class CacheWarning(UserWarning):
    """Compiled code cannot be kept on disk: every process compiles anew."""


_warned = False


def compiled(function: Callable[..., Any]) -> Any:
    """The function compiled at its first call, and found again on disk by later processes.

    It releases the GIL, and divides as NumPy does. Where Numba finds no folder that it can write
    to (a foreign user id, no home), the code is not kept, and one `CacheWarning` says so.
    """
    global _warned
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        dispatcher = njit(cache=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
    else:
        # With NUMBA_DISABLE_JIT Numba gives back the function, and keeps nothing.
        return dispatcher if dispatcher is function else _one_process_at_a_time(dispatcher)
    if not _warned:
        _warned = True
        warnings.warn(
            "compiled code cannot be kept: neither the package's folder nor a home folder can be "
            "written to, so that every process compiles anew; set NUMBA_CACHE_DIR to a folder that "
            "can",
            CacheWarning,
            stacklevel=2,
        )
    return njit(**options)(function)


def _one_process_at_a_time(dispatcher: Any) -> Any:
    """Lock the folder while the dispatcher's code is read from disk, or written.

    Numba reads a file's index, adds an entry, writes it back, and then writes the code that the
    entry names. Of two processes that do so at once (numba#4807) one loses its entry, or both give
    their code the same name.
    """
    cache = dispatcher._cache
    kept = cache._cache_file

    def alone(method: Callable[..., Any]) -> Callable[..., Any]:
        def locked(*arguments: Any) -> Any:
            cache._impl.locator.ensure_cache_path()
            claims = Claims(Path(cache.cache_path, ".simopt.lock"))
            claims.take(0, wait=True)
            try:
                return method(*arguments)
            finally:
                claims.close()

        return locked

    kept.load, kept.save = alone(kept.load), alone(kept.save)
    return dispatcher
