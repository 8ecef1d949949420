"""Offline runs of Weights & Biases (``run-ID.wandb``), read without its package.

The file is a log as LevelDB writes it: blocks of 32 KiB, in them pieces of records behind a header
of seven bytes (CRC-32, length, kind). A record is a protobuf message, ``wandb_internal.Record``, of
which the history and the run's name are read; its other fields are skipped by their wire types.

References
----------
LevelDB, doc/log_format.md. Protocol Buffers, Encoding. wandb/proto/wandb_internal.proto (0.31.0).
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from simopt.curves.logs.contents import refused
from simopt.curves.logs.table import Table, from_records

#: What a file begins with: a name, a magic number, and the version of the format.
MAGIC = b":W&B\xe1\xbe"
BEGINNING = len(MAGIC) + 1

BLOCK = 32 * 1024
HEADER = struct.Struct("<IHB")

#: Kinds of pieces: a record whole, its first piece, its last.
FULL, FIRST, LAST = 1, 2, 4

#: Numbers of fields: of a record, of its history, of an item of that, and of its run.
HISTORY, RUN = 2, 17
ITEM = 1
KEY, NESTED_KEY, VALUE_JSON = 1, 2, 16
RUN_ID, DISPLAY_NAME = 1, 8

#: How protobuf writes a field's value: a varint, 8 bytes, a length and so many bytes, 4 bytes.
VARINT, EIGHT, BYTES, FOUR = 0, 1, 2, 5

ALLOWED = "whole, as W&B wrote it (or export the run: run.history().to_csv)"


def offline_run(data: bytes, source: str) -> Table:
    """The history of an offline run: a row a step, a column a metric that is a number.

    Parameters
    ----------
    data : bytes
        The file.
    source : str
        For messages.

    Returns
    -------
    Table
        ``train/loss`` for what was logged as ``{"train": {"loss": ...}}``.

    Raises
    ------
    ValueError
        If the file is no offline run or is damaged; a cut end (a run that was killed) is noted.
    """
    path = Path(source)
    if not data.startswith(MAGIC):
        raise refused(path, "a file called .wandb", f"an offline run of W&B, {ALLOWED}")
    rows, name, cut = [], "", True
    try:
        for record in _records(data):
            if record is None:
                cut = False
                break
            for number, value in _fields(record):
                if number == HISTORY and isinstance(value, bytes):
                    rows.append(_row(value))
                elif number == RUN and isinstance(value, bytes):
                    run = dict(_fields(value))
                    name = _text(run.get(DISPLAY_NAME) or run.get(RUN_ID, b""))
    except (ValueError, IndexError, struct.error) as error:
        raise refused(path, f"a damaged offline run of W&B ({error})", ALLOWED) from None
    table = Table(from_records(rows), "W&B offline run", source, run=name)
    return table.noted("the file ends in the middle of a record") if cut else table


def _records(data: bytes) -> Iterator[bytes | None]:
    """The records; at the end None, unless the file is cut in the middle of one."""
    at = BEGINNING
    pieces: list[bytes] = []
    while at < len(data):
        left = BLOCK - at % BLOCK
        if left < HEADER.size:
            at += left
            continue
        if at + HEADER.size > len(data):
            return
        checksum, length, kind = HEADER.unpack_from(data, at)
        piece = data[at + HEADER.size : at + HEADER.size + length]
        if len(piece) < length:
            return
        if zlib.crc32(piece, zlib.crc32(bytes([kind]))) != checksum:
            raise ValueError(f"the checksum at byte {at} does not fit")
        at += HEADER.size + length
        pieces = [piece] if kind in (FULL, FIRST) else [*pieces, piece]
        if kind in (FULL, LAST):
            yield b"".join(pieces)
            pieces = []
    if not pieces:
        yield None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a protobuf message: their numbers, and values as bytes or varints."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if wire == BYTES:
            length, at = _varint(message, at)
        elif wire in (EIGHT, FOUR):
            length = 8 if wire == EIGHT else 4
        else:
            raise ValueError(f"a field of wire type {wire}")
        if at + length > len(message):
            raise ValueError("a field that is longer than its record")
        yield number, message[at : at + length]
        at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first; and where it ends."""
    number = 0
    for shift in range(0, 70, 7):
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, at
    raise ValueError("a number of more than ten bytes")


def _row(history: bytes) -> dict[str, float]:
    """What was logged at one step, as far as it is numbers."""
    row: dict[str, float] = {}
    for number, item in _fields(history):
        if number != ITEM or not isinstance(item, bytes):
            continue
        names: list[str] = []
        cell: object = None
        for part, value in _fields(item):
            if part in (KEY, NESTED_KEY):
                names.append(_text(value))
            elif part == VALUE_JSON and isinstance(value, bytes):
                # The logger's NaN may be JSON's word or a string.
                cell = json.loads(value)
                cell = float(cell) if cell in ("NaN", "Infinity", "-Infinity") else cell
        if isinstance(cell, (int, float)) and not isinstance(cell, bool):
            row["/".join(names)] = cell
    return row


def _text(value: int | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""
