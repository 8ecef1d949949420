"""The report: tables become figures, figures become pages that open anywhere, without a network."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simopt import checks

if TYPE_CHECKING:
    from simopt.reporting.critical_batch.alone import batch_size_page
    from simopt.reporting.standalone import walkthrough_page

#: Pages of their own, loaded when asked for: they draw, and matplotlib takes its time.
_LATER = {
    "batch_size_page": "simopt.reporting.critical_batch.alone",
    "walkthrough_page": "simopt.reporting.standalone",
}


def report(folder: str | os.PathLike[str] = "reports/build", quick: bool = False) -> Path:
    """Write the report.

    Every page is built in memory first and moved into place at the end, so that a page is always
    whole, and a failure leaves the last report as it was.

    Parameters
    ----------
    folder : path, default "reports/build"
        Where to; made if it is not there.
    quick : bool, default False
        Smaller sweeps, the same pages.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    ValueError
        If the folder can't be written; before anything is computed.

    Examples
    --------
    >>> import simopt
    >>> simopt.report("reports/build", quick=True)  # doctest: +SKIP
    PosixPath('reports/build/index.html')
    """
    place = writable(folder)
    from tqdm import tqdm

    from simopt.reporting import pages

    with tqdm(
        total=len(pages.PAGES) + 1,
        desc="report",
        unit="page",
        file=sys.stderr,
        bar_format="{desc} {percentage:3.0f}% |{bar:24}| {n}/{total} {elapsed} {postfix}",
    ) as bar:
        made = pages.build(quick, lambda _: bar.update(), bar.set_postfix_str)
        bar.set_postfix_str("writing")
        write(place, made)
        bar.update()
        bar.set_postfix_str("done")
    return place / "index.html"


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


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'simopt.reporting' has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)


__all__ = ["batch_size_page", "report", "walkthrough_page", "writable", "write"]
