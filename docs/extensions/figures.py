"""Figures of the tutorials: a matplotlib figure becomes SVG in the page, as in the report."""

from __future__ import annotations

from typing import Any

import matplotlib
from markupsafe import Markup
from matplotlib import pyplot
from matplotlib.figure import Figure

from simopt.display import style

#: The gid of a figure that a page has: a name may hold it in the next part as well.
DRAWN = "drawn"


class Scraper:
    """Collects the open figures after each part of a tutorial, and sets the style of the next.

    A figure's title becomes its caption. The colours leave as CSS variables, so that a figure is
    legible in the light, in the dark and on paper.
    """

    def __init__(self) -> None:
        self.count = 0

    def __repr__(self) -> str:
        return "report style"  # the same each time: sphinx-gallery's settings are compared

    def __call__(self, block: Any, block_vars: dict[str, Any], gallery_conf: Any) -> str:
        """The figures that a part of a tutorial left open, or has under a name, as rst."""
        left = [pyplot.figure(number) for number in pyplot.get_fignums()]
        named = block_vars["example_globals"].values()
        left += [each for each in named if isinstance(each, Figure) and each not in left]
        return "".join(self._one(each) for each in left if each.get_gid() != DRAWN)

    def _one(self, figure: Any) -> str:
        self.count += 1
        figure.set_gid(DRAWN)
        axes = figure.axes[0]
        title = axes.get_title(loc="left") or axes.get_title()
        axes.set_title("", loc="left")
        axes.set_title("")
        drawn = style.svg(figure, title=title, alt=title, name=f"figure-{self.count}")
        pyplot.close(figure)
        text = Markup("<figure><figcaption>{}</figcaption>{}</figure>").format(title, drawn)
        lines = "\n".join(f"   {line}" for line in str(text).splitlines())
        return f"\n.. raw:: html\n\n{lines}\n\n"


def begin(gallery_conf: Any, name: str) -> None:
    """The style in which a tutorial's figures are drawn."""
    matplotlib.use("agg")
    matplotlib.rcParams.update(style.RC)
    matplotlib.rcParams["figure.figsize"] = (style.WIDTH / 72, style.HEIGHT / 72)
    matplotlib.rcParams["figure.constrained_layout.use"] = True
