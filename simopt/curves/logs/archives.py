"""The logs in an archive of several files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath

from simopt.curves.logs import contents, folders, stores
from simopt.curves.logs.table import Table
from simopt.ground.formatting import listing


def tables(
    path: Path, files: Mapping[str, bytes], read: Callable[[str, str], Table | None]
) -> list[Table]:
    """The logs of an archive: of each of its folders the one whose name says so, else all curves.

    Of text that is no log one number may be called a loss: that is none beside curves.
    """
    found: dict[PurePosixPath, dict[PurePosixPath, Table]] = {}
    by_path = {PurePosixPath(inner): held for inner, held in files.items()}
    for inner, text in sorted(by_path.items(), key=lambda file: folders.rank(file[0])):
        if b"\0" in text[:1000]:
            continue
        table = read(text.decode("utf-8", "replace"), f"{path}:{inner}")
        if table is not None and stores.has_loss(table):
            found.setdefault(inner.parent, {})[inner] = table
    if not found:
        what = f"an archive of {len(files)} files"
        raise contents.refused(path, what, "one with a log in it")
    logs: dict[str, Table] = {}
    left: list[str] = []
    for place, held in found.items():
        first, curves = next(iter(held)), [inner for inner in held if held[inner].rows > 1]
        taken = [first] if folders.is_log(first) or not curves else curves
        left += [str(inner) for inner in held if inner not in taken]
        if joined := folders.sided(taken, {inner: [held[inner]] for inner in taken}.__getitem__):
            logs[str(place)] = joined[0]
        elif len(taken) == 1:
            logs[str(place)] = held[taken[0]]
        else:
            logs |= {str(inner.with_suffix("")): held[inner] for inner in taken}
    notes = (f"{listing(left)} left out: beside a log of their folder",) if left else ()
    named = len(logs) > 1
    return [
        replace(table.noted(*notes), run=place if named else table.run)
        for place, table in sorted(logs.items())
    ]
