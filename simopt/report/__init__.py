"""The report: tables become figures, figures become pages that open anywhere, without a network."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simopt.ground import checks, extras, files
from simopt.ground.packages import make_callable

if TYPE_CHECKING:
    from simopt.display.standalone import walkthrough_page
    from simopt.report.critical_batch.standalone import batch_size_page
    from simopt.report.playground import playground_page
    from simopt.report.recommendation import recommendation_page

#: Pages of their own, loaded when asked for: they draw, and matplotlib takes its time.
_LATER = {
    "batch_size_page": "simopt.report.critical_batch.standalone",
    "playground_page": "simopt.report.playground",
    "recommendation_page": "simopt.report.recommendation",
    "walkthrough_page": "simopt.display.standalone",
}


def report(
    folder: str | os.PathLike[str] = "reports/build", quick: bool = False, profile: bool = False
) -> Path:
    """Write the report.

    Pages are built in processes of their own, up to four on as many cores, and each is written as
    soon as it is ready; until then a page that was not there says so. A page is always whole, and a
    failure or Ctrl-C leaves those that are ready, and of the others the last report's.

    Parameters
    ----------
    folder : path, default "reports/build"
        Where to; made if it is not there.
    quick : bool, default False
        Smaller sweeps, the same pages.
    profile : bool, default False
        Print what each page took, the dearest first: CPU seconds of all cores, those of them that
        went into drawing, and seconds by the clock. What a process takes to start is left out.

    Returns
    -------
    Path
        Of ``index.html``.

    Raises
    ------
    ValueError
        If the folder can't be written; before anything is computed.
    ImportError
        If the drawing libraries, the extra ``report``, are not installed.

    Examples
    --------
    >>> import simopt
    >>> simopt.report("reports/build", quick=True)  # doctest: +SKIP
    PosixPath('reports/build/index.html')
    """
    place, quick = files.check_folder("folder", folder), checks.flag("quick", quick)
    profile = checks.flag("profile", profile)
    from tqdm import tqdm

    extras.check("report", "the report")
    from simopt.report import building, pages

    with tqdm(
        total=len(pages.PAGES),
        desc="report",
        unit="page",
        file=sys.stderr,
        bar_format="{desc} {percentage:3.0f}% |{bar:24}| {n}/{total} {elapsed} {postfix}",
    ) as bar:
        done = building.build(place, quick, lambda _: bar.update(), bar.set_postfix_str)
        bar.set_postfix_str("done")
    if profile:
        print(building.costs(done))
    return place / "index.html"


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'simopt.report' has no attribute {name!r}")
    with extras.needs("report", "a page"):
        return getattr(importlib.import_module(_LATER[name]), name)


__all__ = [
    "batch_size_page",
    "playground_page",
    "recommendation_page",
    "report",
    "walkthrough_page",
]


make_callable(__name__, report)
