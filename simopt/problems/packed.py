"""Tables that are packed, told by their first bytes: gzip, bzip2, xz, and a zip of one file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

#: What files packed so are called.
ENDINGS = (".gz", ".bz2", ".xz", ".zip")

#: How they begin, and what pandas calls the way they are packed.
_FIRST = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}
_OPENERS: dict[str, Any] = {"gzip": gzip.open, "bz2": bz2.open, "xz": lzma.open}

#: What unpacking raises where a file is cut or damaged.
ERRORS = (
    EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, RuntimeError,
    NotImplementedError,
)  # fmt: skip


def packing(path: Path) -> str | None:
    """How a file is packed, in pandas' words; None if it isn't."""
    with open(path, "rb") as file:
        first = file.read(8)
    return next((how for mark, how in _FIRST.items() if first.startswith(mark)), None)


def inner(path: Path) -> Path:
    """The name of the table that a file holds, which tells what it is: its own, or without .gz.

    Raises
    ------
    ValueError
        If it is a zip of several files, or of none.
    """
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        return path
    bare = path.with_suffix("")
    if ending != ".zip" or packing(path) != "zip":
        return bare
    name = Path(_only(path))
    return bare if bare.suffix else bare.with_suffix(name.suffix)


def _only(path: Path) -> str:
    """The name of the one file in a zip."""
    with zipfile.ZipFile(path) as archive:
        held = [each.filename for each in archive.infolist() if not each.is_dir()]
    if len(held) != 1:
        raise ValueError(f"a zip of {len(held)} files: must hold one, for pandas to read it")
    return held[0]


def head(path: Path, size: int) -> bytes:
    """The first bytes of what a file holds, unpacked."""
    how = packing(path)
    if how == "zip":
        with zipfile.ZipFile(path) as archive, archive.open(_only(path)) as member:
            return member.read(size)
    file: IO[bytes]
    with open(path, "rb") if how is None else _OPENERS[how](path, "rb") as file:
        return file.read(size)
