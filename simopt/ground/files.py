"""Files that are whole or not there: checked before the work, written aside, renamed when done."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simopt.ground import checks


def check_folder(name: str, value: str | os.PathLike[str]) -> Path:
    """A folder that exists and takes files, or that can be made; nothing is made yet.

    Parameters
    ----------
    name : str
        What the error calls the argument.
    value : path
        The folder.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If it can't be written; the message says which part of the path stands in the way.
    """
    folder = Path(value)
    _check_takes_files(name, value, folder)
    return folder


def check_file(
    name: str, value: str | os.PathLike[str], endings: tuple[str, ...] | None = None
) -> Path:
    """A file that can be written (or overwritten); nothing is written yet.

    Parameters
    ----------
    name : str
        What the error calls the argument.
    value : path
        The file. Folders on its way that don't exist are made when it is written.
    endings : tuple of str, optional
        Endings to choose from, such as ``(".csv", ".parquet")``.

    Returns
    -------
    Path

    Raises
    ------
    ValueError
        If it can't be written, or has another ending.
    """
    path = Path(value)
    if endings is not None and path.suffix.lower() not in endings:
        raise checks.refuse(name, str(value), "a file that ends in " + " or ".join(endings))
    if path.is_dir():
        raise checks.refuse(name, str(value), "a file, but there is a folder of that name")
    _check_takes_files(name, value, path.parent)
    return path


@contextmanager
def write_aside(path: str | os.PathLike[str]) -> Iterator[Path]:
    """A path to write to, in the same folder, that becomes ``path`` when the block ends well.

    Whoever reads ``path`` meanwhile, or after an interrupt, sees the old file or the new one, never
    half of one.

    Parameters
    ----------
    path : path
        The file to write. Folders on its way are made.

    Yields
    ------
    Path
        With the ending of ``path``, by which writers choose a format.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from simopt.ground.files import write_aside
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with write_aside(Path(folder, "new", "page.html")) as aside:
    ...         written = aside.write_text("<p>whole</p>")
    ...     [file.name for file in Path(folder, "new").iterdir()]
    ['page.html']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two writers of one file apart; the dot hides what an abort leaves.
    aside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield aside
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    with write_aside(path) as aside:
        aside.write_text(text, encoding="utf-8", newline="\n")


def write_table(path: str | os.PathLike[str], table: Any) -> None:
    """Write a DataFrame, whole or not at all: as CSV or Parquet, as the ending says."""
    with write_aside(path) as aside:
        if aside.suffix.lower() == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)


def writable(folder: str | os.PathLike[str]) -> Path:
    """The folder, made if need be, or a ValueError if nothing can be written there."""
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place, prefix=".", suffix=".try"):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise checks.refuse(
            "folder", str(folder), f"a folder that can be written ({reason})"
        ) from None
    return place


def write(folder: Path, pages: dict[str, str]) -> None:
    """All pages aside, then each renamed into place: no reader ever sees half a page."""
    aside: list[tuple[str, Path]] = []
    try:
        for name, text in pages.items():
            with tempfile.NamedTemporaryFile(
                "w", dir=folder, prefix=f".{name}.", delete=False, encoding="utf-8", newline="\n"
            ) as file:
                aside.append((file.name, folder / name))
                file.write(text)
        for temporary, final in aside:
            os.chmod(temporary, 0o644)
            os.replace(temporary, final)
    finally:
        for temporary, _ in aside:
            Path(temporary).unlink(missing_ok=True)


def check_path(path: str | os.PathLike[str]) -> Path:
    """A file that can be written, its folder made if need be."""
    place = Path(path)
    if place.is_dir():
        raise checks.refuse("path", str(path), "a file, not a folder")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=".", suffix=".try"):
            pass
    except OSError as error:
        reason = error.strerror or str(error)
        raise checks.refuse("path", str(path), f"a file that can be written ({reason})") from None
    return place


def _check_takes_files(name: str, value: str | os.PathLike[str], folder: Path) -> None:
    """Refuse a folder whose nearest part that exists is a file, or is closed to this user."""
    nearest = folder
    try:
        while not nearest.exists() and nearest != nearest.parent:
            nearest = nearest.parent
    except (OSError, ValueError) as error:  # a name too long, a null byte
        raise checks.refuse(name, str(value), f"a usable path ({error})") from None
    if not nearest.is_dir():
        raise checks.refuse(name, str(value), f"in a folder, but {str(nearest)!r} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise checks.refuse(
            name, str(value), f"where one may write, and not below {str(nearest)!r}"
        )
