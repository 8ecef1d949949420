"""What draws figures writes what matplotlib does, and measures a text once for all figures."""

from __future__ import annotations

import io
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager

from simopt.display import axis_ticks, style, svg_drawing


def marks(kind: str) -> Figure:
    """Lines with marks of every look, a legend, hatches, and words."""
    figure, axes = style.new()
    x = np.geomspace(1e-3, 10, 9)
    for k, name in enumerate(style.LOOKS):
        axes.plot(x, x ** (k - 3.0), **style.line(name))
    if kind == "open":
        for line in axes.lines:
            line.set(markerfacecolor="none", alpha=0.5)
    if kind == "rims":
        for line in axes.lines:
            line.set_path_effects(style.rimmed(1.8))
    if kind == "bars":
        axes.bar([1, 2, 3], [1.0, 4.0, 2.0], hatch="//")
        axes.errorbar([1, 2], [3.0, 4.0], yerr=0.5, fmt="o")
    axes.set(xlabel="rate", ylabel="loss", title="a title")
    axis_ticks.log_axis(axes.xaxis)
    style.legend(figure, axes)
    return figure


def by_matplotlib(figure: Figure) -> str:
    text = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(text, metadata=dict.fromkeys(("Creator", "Date", "Format", "Type")))
    return text.getvalue()


@pytest.mark.parametrize("kind", ["closed", "open", "rims", "bars"])
def test_a_figure_is_written_as_matplotlib_writes_it(kind: str) -> None:
    with matplotlib.rc_context(style.RC):
        expected = by_matplotlib(marks(kind))
        figure = marks(kind)
        svg_drawing.prepare(figure)
        assert svg_drawing.drawn(figure) == expected
    assert expected.count("<use ") > 40


def test_the_style_of_marks_is_found_once_for_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[object] = []
    find: Any = RendererSVG._get_style_dict  # type: ignore[attr-defined]

    def noted(*given: Any) -> Any:
        found.append(given)
        return find(*given)

    with matplotlib.rc_context(style.RC):
        figure, axes = style.new()
        axes.plot(range(1000), range(1000), "o")
        svg_drawing.prepare(figure)
        monkeypatch.setattr(RendererSVG, "_get_style_dict", noted)
        assert svg_drawing.drawn(figure).count("<use ") > 1000
    assert 0 < len(found) < 200


def test_other_fonts_are_measured_anew() -> None:
    """Else words would stand where those of another width ended."""
    with matplotlib.rc_context(style.RC):
        first = svg_drawing.measuring()
        assert svg_drawing.measuring() is first
        with matplotlib.rc_context({"font.sans-serif": ["DejaVu Serif"]}):
            assert svg_drawing.measuring() is not first
            assert svg_drawing.drawn(prepared("bars")) == by_matplotlib(marks("bars"))


def test_fonts_that_are_added_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    before = svg_drawing.measuring()
    monkeypatch.setattr(fontManager, "ttflist", [*fontManager.ttflist, fontManager.ttflist[0]])
    assert svg_drawing.measuring() is not before


def test_a_matplotlib_that_finds_styles_otherwise_draws_marks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[object] = []
    monkeypatch.delattr(RendererSVG, "_get_style")
    monkeypatch.setattr(RendererSVG, "draw_markers", lambda *given: drawn.append(given))
    made: Any = svg_drawing.Renderer
    renderer = made(1, 1, io.StringIO())
    renderer.draw_markers(renderer.new_gc(), None, None, None, None)
    assert len(drawn) == 1


def prepared(kind: str) -> Figure:
    figure = marks(kind)
    svg_drawing.prepare(figure)
    return figure
