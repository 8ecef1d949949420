"""Figures written as SVG by matplotlib, with less of what it does again and again.

One renderer measures the texts of all figures: matplotlib remembers what a renderer has measured,
and has two new ones for each figure, in which the numbers of axes are the same. The style of a
line's marks is found once: matplotlib finds it for each mark, a tenth of all drawing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import matplotlib
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

#: Lists of fonts in matplotlib's settings: what a size of text depends on besides the text.
FONTS = tuple(f"font.{name}" for name in ("serif", "sans-serif", "cursive", "fantasy", "monospace"))

#: An inch in SVG's unit, the point.
POINTS = 72


class Renderer(RendererSVG):
    """As matplotlib's, with one style for all marks of a line."""

    #: The style of the marks that are being drawn.
    _style = ""

    def _get_style(self, gc: Any, rgbFace: Any) -> str:
        found: Callable[..., str] = super()._get_style
        return self._style or found(gc, rgbFace)

    def draw_markers(
        self,
        gc: Any,
        marker_path: Any,
        marker_trans: Any,
        path: Any,
        trans: Any,
        rgbFace: Any = None,
    ) -> None:
        """Draw a mark at each place of a path."""
        draw: Callable[..., None] = super().draw_markers
        if hasattr(RendererSVG, "_get_style"):  # else another version's, which has none found
            self._style = self._get_style(gc, rgbFace)
        try:
            draw(gc, marker_path, marker_trans, path, trans, rgbFace)
        finally:
            self._style = ""


class Canvas(FigureCanvasSVG):
    """What a figure is laid out on: what measures all texts measures its own."""

    def get_renderer(self) -> RendererSVG:
        """The renderer that measures."""
        return measuring()


def measuring() -> RendererSVG:
    """What measures the texts of all figures, as long as matplotlib's fonts are the same."""
    known: Any = matplotlib.rcParams
    return _measuring(tuple(tuple(known[name]) for name in FONTS), len(fontManager.ttflist))


@lru_cache(maxsize=1)
def _measuring(fonts: tuple[tuple[str, ...], ...], found: int) -> RendererSVG:
    made: Callable[..., RendererSVG] = RendererSVG
    return made(1, 1, io.StringIO())


def prepare(figure: Figure) -> None:
    """Have a figure laid out as `drawn` will draw it."""
    figure.set_canvas(Canvas(figure))
    figure.dpi = POINTS


def drawn(figure: Figure) -> str:
    """The figure, prepared, as matplotlib's SVG, without what says who made it and when."""
    width, height = POINTS * figure.get_size_inches()
    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    made: Callable[..., Any] = Renderer
    renderer = made(width, height, text, image_dpi=POINTS, metadata=nothing)
    figure.draw(renderer)
    renderer.finalize()
    return text.getvalue()
