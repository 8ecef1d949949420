"""Pages from templates: every value escaped, unknown names refused, complete in one file."""

from __future__ import annotations

import functools
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2

from simopt.display import typesetting, vega
from simopt.display.timing import drawing
from simopt.ground import files, formatting
from simopt.ground.version import __version__


@dataclass(frozen=True)
class Page:
    """A page of the report.

    Attributes
    ----------
    file : str
        Its file name.
    title : str
        Its name in the navigation.
    module : str
        Of `simopt.report`; its template has the same name.
    question : str
        What it answers.
    group : str
        What it is for: "learn", "decide" or "trust"; the overview lists pages so.
    under : str
        The file of the page that this one is a part of, where it is none of the navigation's.
    """

    file: str
    title: str
    module: str
    question: str
    group: str = ""
    under: str = ""


#: The package whose templates all others extend.
KIT = "simopt.display"


@functools.cache
def environment(package: str) -> jinja2.Environment:
    """Templates of a package, and this one's, that escape every value and refuse unknown names."""
    made = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(package), jinja2.PackageLoader(KIT)]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "number": formatting.number,
        "fixed": formatting.fixed,
        "listing": formatting.listing,
        "symbol": formatting.symbol,
        "formula": typesetting.formula,
        "numbers": typesetting.numbers,
    }
    return made


@drawing.timed
def html(
    template: str, given: Mapping[str, Any], listed: tuple[Page, ...] = (), package: str = KIT
) -> str:
    """A template rendered, with the chart library added if, and only if, a chart is in it.

    Parameters
    ----------
    template : str
        Its file's name, in ``templates/`` of the package or of `simopt.display`.
    given : mapping
        Its values.
    listed : tuple of Page
        The pages of the navigation.
    package : str
        Whose template it is.
    """
    found = environment(package).get_template(template)
    text = found.render(given, pages=listed, version=__version__)
    # A page of the report holds our words alone, a page of its own the user's names too.
    text = typesetting.page(text) if listed else typesetting.unbroken(text)
    if vega.CHART in text:
        end = text.rindex("</body>")
        # Joined as plain text: adding Markup would escape the page around it.
        text = "".join([text[:end], vega.library(), text[end:]])
    return text


def write_page(
    file: Path,
    template: str,
    title: str,
    question: str,
    given: Mapping[str, Any],
    package: str = KIT,
) -> Path:
    """Write a page of its own, complete in one file; ``template`` is named without its ending."""
    page = Page(file.name, title, template, question)
    files.write_text(file, html(f"{template}.html", {**given, "page": page}, package=package))
    return file


def versions() -> dict[str, str]:
    """The versions with which the numbers were computed."""
    import matplotlib
    import numba
    import numpy as np
    import pandas as pd

    return {
        "simopt": __version__,
        "Python": platform.python_version(),
        "NumPy": np.__version__,
        "Numba": numba.__version__,
        "pandas": pd.__version__,
        "matplotlib": matplotlib.__version__,
        "Jinja": jinja2.__version__,
    }
