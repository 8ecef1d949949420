"""What a stored sweep's folder says of itself: what made the table, and the files that hold it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simopt.ground import checks
from simopt.sweeps import chunk_files

#: The version of the folder's layout.
FORMAT = 1

#: Readers of Parquet folders skip names with an underscore or a dot in front. Copies and archives
#: leave out those with a dot.
MANIFEST = "_manifest.json"

#: Its earlier name, which made such readers fail.
OLD = "manifest.json"

#: What the store itself writes into the manifest; the rest is what made the table.
OWN = ("format", "axes", "rows", "chunks", "complete", "files", "digest")

#: Characters of a value that an error shows.
SHOWN = 60

_UNSET = object()


def path_in(folder: str | os.PathLike[str]) -> Path:
    """The manifest of a folder, under its present name unless only the old one is there."""
    present, old = Path(folder) / MANIFEST, Path(folder) / OLD
    return old if os.path.exists(old) and not os.path.exists(present) else present


def encoded(content: Mapping[str, Any]) -> bytes:
    """A manifest's bytes. Its own digest guards what the chunks' digests don't."""
    text = json.dumps(content, indent=1, allow_nan=False)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return (json.dumps({**content, "digest": digest}, indent=1) + "\n").encode()


def read(argument: str, folder: str | os.PathLike[str]) -> dict[str, Any]:
    """The manifest of a folder, checked.

    Raises
    ------
    ValueError
        If there is none, it is damaged, or another version of simopt wrote it.
    """
    if not isinstance(folder, (str, os.PathLike)):
        raise checks.refuse(argument, folder, "a folder's path")
    path = path_in(folder)
    if not os.path.exists(path):
        raise checks.refuse(argument, str(folder), f"a stored sweep, a folder with a {MANIFEST}")
    damaged = f"whole, but its {path.name} is damaged: restore that, or take another folder"
    try:
        data = path.read_bytes()
        content = json.loads(data)
    except (ValueError, RecursionError, IsADirectoryError):
        raise checks.refuse(argument, str(folder), damaged) from None
    if not isinstance(content, dict):
        raise checks.refuse(argument, str(folder), damaged)
    layout = content.get("format")
    if layout != FORMAT:
        allowed = (
            f"of format {FORMAT}, but its {path.name} says {layout!r}; it needs another simopt"
        )
        raise checks.refuse(argument, str(folder), allowed)
    content.pop("digest", None)
    try:
        whole = encoded(content) == data and _names_chunks(content)
    except (ValueError, RecursionError):  # NaN
        whole = False
    if not whole:
        raise checks.refuse(argument, str(folder), damaged)
    return content


def _names_chunks(content: Mapping[str, Any]) -> bool:
    """Whether its files can be those of its chunks: they are read, and removed, by name."""
    entries, names = content.get("chunks"), content.get("files")
    if not isinstance(entries, list) or not isinstance(names, list):
        return False
    numbers = [chunk_files.number_of(name) for name in names]
    return numbers == list(range(len(entries)) if content.get("complete") else [])


def differences(key: str, there: Any, here: Any) -> Iterator[tuple[str, str, str]]:
    """Where two values as of JSON differ: the key, and both in brief, in the second's order."""
    if isinstance(there, dict) and isinstance(here, dict):
        for name in {**here, **there}:
            inner = f"{key}.{name}" if key else name
            yield from differences(inner, there.get(name, _UNSET), here.get(name, _UNSET))
    elif isinstance(there, list) and isinstance(here, list) and len(there) == len(here):
        for k, (left, right) in enumerate(zip(there, here, strict=True)):
            yield from differences(f"{key}[{k}]", left, right)
    elif repr(there) != repr(here):  # 0.0 and -0.0 differ, and so do 1 and True
        yield key, _brief(there), _brief(here)


def _brief(value: Any) -> str:
    """A value in a few words."""
    shown = "not set" if value is _UNSET else repr(value)
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
