"""All writing of files: checked before the work, written aside, renamed when whole."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

from simopt.ground import checks

HTML = (".html", ".htm")
TABLES = (".parquet", ".csv")

#: Characters of a file's name that its name aside begins with: a name may have 255 bytes.
STEM = 40


def check_folder(name: str, value: str | os.PathLike[str]) -> Path:
    """A folder that takes files, or that can be made; it is not made yet.

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
        If nothing can be written there; the message says which part of the path stands in the way.
    """
    if not isinstance(value, (str, os.PathLike)):
        raise checks.refuse(name, value, "a folder's path")
    folder = Path(value)
    _check(name, value, folder)
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
    if not isinstance(value, (str, os.PathLike)):
        raise checks.refuse(name, value, "a file's path")
    path = Path(value)
    if endings is not None and path.suffix.lower() not in endings:
        raise checks.refuse(name, str(value), "a file that ends in " + " or ".join(endings))
    _check(name, value, path.parent)
    if path.is_dir():
        raise checks.refuse(name, str(value), "a file, not a folder")
    if path.exists() and not path.is_file():  # a rename would put a file in the device's place
        raise checks.refuse(name, str(value), "a file, not a device or a pipe")
    return path


@contextmanager
def write_aside(
    path: str | os.PathLike[str], ending: str | None = None, *, overwrite: bool = True
) -> Iterator[Path]:
    """A path to write to, in the same folder, that becomes ``path`` when the block ends well.

    Whoever reads ``path`` meanwhile, or after an interrupt or a power failure, sees the old file or
    the new one, never half of one. The name is random and its file created here, exclusively: two
    writers never share one, on whatever hosts they run, and a link planted there is not followed.

    Parameters
    ----------
    path : path
        The file to write. Folders on its way are made.
    ending : str, optional
        Of the name aside; by default that of ``path``, by which writers choose a format.
    overwrite : bool, default True
        Replace a file of that name. If False the file that is there first stays.

    Yields
    ------
    Path
        ``.NAME.RANDOM.ENDING`` beside ``path``; the dot hides what a killed process leaves.

    Examples
    --------
    >>> from pathlib import Path
    >>> from simopt.ground import files
    >>> with files.temporary_folder() as folder:
    ...     with files.write_aside(folder / "new" / "page.html") as aside:
    ...         characters = aside.write_text("<p>whole</p>")
    ...     [file.name for file in (folder / "new").iterdir()]
    ['page.html']
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    ending = path.suffix if ending is None else ending
    aside = path.with_name(f".{path.stem[:STEM]}.{secrets.token_hex(8)}{ending}")
    _create(aside)
    try:
        yield aside
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        (os.replace if overwrite else _rename_if_new)(aside, path)
    finally:
        remove(aside)


def write_bytes(
    path: str | os.PathLike[str],
    data: bytes,
    ending: str | None = None,
    *,
    overwrite: bool = True,
) -> None:
    """Write a file, whole or not at all; the arguments are those of `write_aside`."""
    with write_aside(path, ending, overwrite=overwrite) as aside:
        aside.write_bytes(data)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text file in UTF-8, whole or not at all."""
    write_texts(Path(path).parent, {Path(path).name: text})


def write_texts(folder: str | os.PathLike[str], texts: Mapping[str, str]) -> None:
    """Write text files of one folder: none is renamed into place before all are written."""
    with ExitStack() as stack:
        for name, text in reversed(list(texts.items())):  # the stack renames the last one first
            aside = stack.enter_context(write_aside(Path(folder, name)))
            aside.write_text(text, encoding="utf-8", newline="\n")


def write_table(path: str | os.PathLike[str], table: Any) -> None:
    """Write a DataFrame, whole or not at all: as CSV or Parquet, as the ending says."""
    with write_aside(path) as aside:
        if aside.suffix.lower() == ".csv":
            table.to_csv(aside, index=False)
        else:
            table.to_parquet(aside, index=False)


def rename(path: str | os.PathLike[str], name: str | os.PathLike[str]) -> None:
    """Give a whole file another name on the same disk, in place of a file that has it."""
    os.replace(path, name)


def remove_folder(path: Path) -> None:
    """Remove a hidden folder of our own with its files; we make no folders in it."""
    for each in path.iterdir():
        each.unlink()
    path.rmdir()


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A new folder that is removed when the block ends."""
    with tempfile.TemporaryDirectory(prefix="simopt-") as folder:
        yield Path(folder)


def _check(name: str, value: str | os.PathLike[str], folder: Path) -> None:
    """Refuse a path that can't be, and a folder whose nearest part that exists takes no files.

    The system is asked, no file is tried: a process that is killed meanwhile would leave it.
    """
    try:
        with suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(value)
    except (OSError, ValueError) as error:  # a name too long, a null byte
        reason = error.strerror if isinstance(error, OSError) else error
        raise checks.refuse(name, str(value), f"a usable path ({reason})") from None
    nearest = folder
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise checks.refuse(name, str(value), f"in a folder, but {str(nearest)!r} is a file")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise checks.refuse(
            name, str(value), f"where one may write, and not below {str(nearest)!r}"
        )


def _create(path: Path) -> None:
    """Make an empty file, or raise FileExistsError: what has the name, a link too, stays."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))


def _rename_if_new(aside: Path, path: Path) -> None:
    """Give a file its name, unless there is a file of that name."""
    try:
        os.link(aside, path)
    except FileExistsError:
        pass
    except OSError:  # a file system without hard links
        if not path.exists():
            os.replace(aside, path)


def remove(path: Path) -> None:
    """Remove a file that may be gone, or stay where the folder is closed to this user."""
    with suppress(OSError):
        path.unlink()
