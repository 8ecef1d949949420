"""Compiled functions, kept on disk where there is a folder for them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from numba import njit


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
        return njit(cache=True, **options)(function)
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
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
