"""Texts that take long to make, kept on disk beside compiled code."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from simopt.ground import files


def kept_text(make: Callable[[], str], made_of: str) -> str:
    """The text that ``make`` returns, cached on disk as long as ``made_of`` stays the same.

    It lies in the folder that Numba has for code of the file of ``make``. Where there is none that
    can be written to, it is made each time.

    Parameters
    ----------
    make : callable
        A function of a module; there is one file for each.
    made_of : str
        All that its text depends on: versions, and what it is given.
    """
    path = _path(make)
    if path is None:
        return make()
    with suppress(OSError, UnicodeDecodeError):
        mark, _, text = path.read_bytes().decode().partition("\n")
        if mark == _mark(made_of, text):
            return text
    text = make()
    with suppress(OSError):
        files.write_text(path, f"{_mark(made_of, text)}\n{text}")
    return text


def _mark(made_of: str, text: str) -> str:
    """The first line of a cache file: a digest that a changed source or a truncated text breaks."""
    return sha256(f"{len(made_of)} {made_of}{text}".encode()).hexdigest()


def _path(make: Callable[[], str]) -> Path | None:
    # Loaded here: the report's own process names what it keeps, and keeps nothing.
    from numba import njit

    try:
        cache = getattr(njit(cache=True)(make), "_cache", None)  # nothing is compiled until a call
    except RuntimeError:  # no folder can be written to
        return None
    if cache is None:  # NUMBA_DISABLE_JIT
        return None
    return Path(cache.cache_path, f"{Path(make.__code__.co_filename).stem}.{make.__name__}.txt")
