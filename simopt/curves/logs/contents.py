"""The bytes of a file, bounded, unpacked and decoded; what can run code on reading is refused."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import itertools
import lzma
import re
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simopt.ground.patterns import late

#: A log above this is refused: 4 GiB take minutes to parse, and ten times their size in memory.
MOST_BYTES = 2 * 1024**3

#: What a packed file may grow to, and how many times over once it is above a megabyte.
MOST_UNPACKED = 1024**3
MOST_RATIO = 500

_SIGNATURES = {
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\x89HDF": "an HDF5 file",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF",
    b"MATLAB 5.0": "a MATLAB file",
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document of Office",
    b"\x28\xb5\x2f\xfd": "a file packed by zstd",
    b":SWL": "a run of SwanLab",
}

#: What to do about some of them.
_ADVICE = {
    "a pickle": "; a pickle runs code when it is read: save the numbers as CSV or JSON",
    "a run of SwanLab": "; SwanLab's dashboard exports CSV, and a file of logs/ is one metric",
}

#: How packed files begin, what opens them, and what their names end in.
_PACKED: dict[bytes, tuple[Callable[[io.BytesIO], Any], str]] = {
    b"\x1f\x8b": (gzip.open, ".gz"),
    b"BZh": (bz2.open, ".bz2"),
    b"\xfd7zXZ": (lzma.open, ".xz"),
}

_ARFF = late(r"(?:\s*%[^\n]*\n)*+\s*@relation\s", re.IGNORECASE)

#: Files in a zip that tell what it is, where it is no packed log.
_IN_ZIP = {
    "xl/workbook.xml": "a spreadsheet",
    "word/document.xml": "a document of Office",
    "data.pkl": "a pickle of PyTorch",
    ".weights.h5": "a model of Keras",
}


def content(path: Path) -> tuple[str, bytes]:
    """The name and bytes of a file, without its packing.

    Parameters
    ----------
    path : Path
        The file. ``.gz``, ``.bz2``, ``.xz`` and ``.tgz`` are unpacked.

    Returns
    -------
    name : str
        The file's, without the packing's ending.
    data : bytes

    Raises
    ------
    ValueError
        If it is larger than a log may be, also after unpacking, or no log but a pickle, a picture.
    OSError
        If it can't be read.
    """
    status = path.stat()
    if stat.S_ISBLK(status.st_mode) or (stat.S_ISCHR(status.st_mode) and not _is_terminal(path)):
        raise refused(path, "a device", "a file or a pipe")  # some never end
    size = status.st_size
    if size > MOST_BYTES:
        raise refused(path, f"{size:,} bytes", f"a log of at most {MOST_BYTES:,} bytes")
    data = path.read_bytes()
    name = path.name
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature) and not _is_utf16(data):
            allowed = "a text log, CSV, JSON, Parquet, NumPy or TensorBoard file"
            raise refused(path, what, allowed + _ADVICE.get(what, ""))
    for signature, (unpack, ending) in _PACKED.items():
        if data.startswith(signature):
            with unpack(io.BytesIO(data)) as packed:
                data = _bounded(path, packed, len(data))
            return name.removesuffix(ending), data
    return name, data


def _is_terminal(path: Path) -> bool:
    with open(path, "rb") as file:
        return file.isatty()


def archived(path: Path, data: bytes) -> dict[str, bytes] | None:
    """The files of a zip or tar archive, bounded together; None if it is none."""
    if data.startswith(b"PK"):
        return _zipped(path, data)
    return _tarred(path, data) if data[257:262] == b"ustar" else None


def _zipped(path: Path, data: bytes) -> dict[str, bytes]:
    """The files of a zip archive, bounded together."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            result = {}
            left = MOST_UNPACKED
            for ending, what in _IN_ZIP.items():
                if any(name.endswith(ending) for name in archive.namelist()[:1000]):
                    raise refused(path, what, "a log: save its numbers as CSV or JSON")
            for entry in archive.infolist()[:1000]:
                if entry.is_dir():
                    continue
                with archive.open(entry) as packed:
                    result[entry.filename] = _bounded(path, packed, len(data), left)
                left -= len(result[entry.filename])
            return result
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
        raise refused(path, "a zip archive", f"one that can be unpacked ({error})") from None


def _tarred(path: Path, data: bytes) -> dict[str, bytes]:
    """The files of a tar archive, which is not packed: no larger than it is itself.

    But for files with holes, which are left alone: they may be of any size.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            whole = (
                entry
                for entry in itertools.islice(archive, 1000)
                if entry.isfile() and not entry.issparse()
            )
            return {
                entry.name: held.read()
                for entry in whole
                if (held := archive.extractfile(entry)) is not None
            }
    except tarfile.TarError as error:
        raise refused(path, "a tar archive", f"whole ({error})") from None


def _bounded(path: Path, packed: io.BufferedIOBase | object, size: int, left: int = 0) -> bytes:
    """What a packed stream holds, read no further than is allowed."""
    most = min(left or MOST_UNPACKED, max(1024**2, MOST_RATIO * size))
    try:
        data: bytes = packed.read(most + 1)  # type: ignore[union-attr]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, lzma.LZMAError) as error:
        raise refused(path, "a packed file", f"whole ({error})") from None
    if len(data) > most:
        unpacked = f"over {most:,} bytes when unpacked"
        raise refused(path, unpacked, f"at most {most:,}, which {size:,} packed bytes may become")
    return data


def _wide(data: bytes) -> tuple[int, str]:
    """Where UTF-16 without a mark begins, and in which order of bytes; the end where there is none.

    Most of its characters are of ASCII: every other byte is 0.
    """
    first = data.find(b"\0")
    zeros = data[first::2]
    if first < 0 or 2 * zeros.count(0) < len(zeros) or data[first + 1 :].startswith(b"\0"):
        return len(data), "utf-16-le"
    return (first - 1, "utf-16-le") if first else (0, "utf-16-be")


def _is_utf16(data: bytes) -> bool:
    return data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def decoded(path: Path, data: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, or, where a console wrote it, in Latin-1.

    UTF-16 may lack its mark, and may go on behind UTF-8, as a shell of Windows appends it. Zeros in
    front, which fill a log that was emptied under its writer, are left out.

    Raises
    ------
    ValueError
        If it is no text.
    """
    try:
        if _is_utf16(data):
            return data.decode("utf-16")
        start, order = _wide(data)
        return data[:start].decode("utf-8-sig").lstrip("\0") + data[start:].decode(order)
    except UnicodeDecodeError:
        pass
    if b"\0" not in data and not _is_utf16(data):
        return data.decode("latin-1")
    raise refused(path, "bytes that are no text", "a log in UTF-8 or UTF-16") from None


def is_data(text: str) -> bool:
    """Whether a text is a table of data as Weka writes it, behind its comments."""
    return _ARFF.match(text) is not None


def refused(path: Path, what: str, allowed: str) -> ValueError:
    """The error for a file: its name and what it is, both whole, and what is allowed."""
    return ValueError(f"file={str(path)!r}, {what}: must be {allowed}")
