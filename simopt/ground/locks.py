"""Sharing numbered work between processes, on whatever hosts see one folder."""

from __future__ import annotations

import os
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

fcntl: ModuleType | None = None
with suppress(ImportError):  # not on Windows
    fcntl = import_module("fcntl")


class Claims:
    """The pieces of work that this process has claimed: byte-range locks on a shared file.

    The system forgets a lock with the process that took it, however that ended, so that none is
    ever stale. Where there are no such locks (Windows, some network file systems) every claim is
    granted, and processes may do the same work. Threads of one process are not kept apart.

    Parameters
    ----------
    path : Path
        The file, which is made when the first claim is, and removed by `remove`.

    Examples
    --------
    >>> from simopt.ground import files
    >>> from simopt.ground.locks import Claims
    >>> with files.temporary_folder() as folder:
    ...     claims = Claims(folder / ".lock")
    ...     granted = claims.take(7)
    ...     claims.release(7)
    ...     claims.remove()
    >>> granted
    True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: int | None = None

    def take(self, number: int, wait: bool = False) -> bool:
        """Claim a piece; False if another process has it, or wait until it has not."""
        if fcntl is None:
            return True
        how = fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB
        try:
            if self._file is None:
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
                self._file = os.open(self.path, flags, 0o666)
            fcntl.lockf(self._file, how, 1, number)
        except (BlockingIOError, PermissionError) as error:  # EAGAIN or EACCES, as systems differ
            return error.filename is not None  # a file that may not be opened locks nothing
        except OSError:
            return True
        return True

    def release(self, number: int) -> None:
        """Let others have a piece."""
        if fcntl is not None and self._file is not None:
            with suppress(OSError):
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, number)

    def close(self) -> None:
        """Release all."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def remove(self) -> None:
        """Release all, and remove the file: nothing is left to claim."""
        self.close()
        with suppress(OSError):
            self.path.unlink()
