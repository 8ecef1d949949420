"""Figures whose axes are asked once are drawn as others are, to the last character."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import matplotlib
import numpy as np
import pytest
from matplotlib.axis import Axis, Tick
from matplotlib.text import Text

from simopt.display import axis_ticks, remembering, style


def panels() -> Any:
    """Two axes that share one, each with a scale of its own, and a legend."""
    figure, axes = style.new(2, sharex=True)
    axes[0].plot([1, 1e4], [1e-3, 5e7], label="a")
    axis_ticks.log_axis(axes[0].xaxis)
    axis_ticks.log_axis(axes[0].yaxis)
    axes[1].plot([1, 1e4], [0, 123_456], label="b")
    axes[1].set_title("a title above\nof two lines")
    axis_ticks.linear_axis(axes[1].yaxis)
    style.legend(figure, axes[1])
    return figure


def names() -> Any:
    """Bars with long names beside them, for which there is room to leave."""
    figure, axes = style.new()
    axes.barh(range(3), [3, 1, 2])
    axes.set_yticks(range(3), ["a name that is long, and longer", "b", "c"])
    axes.set_xlabel("how much")
    return figure


def scale() -> Any:
    """A map with its scale beside it: axes whose place follows the others'."""
    figure, axes = style.new()
    drawn = axes.pcolormesh(np.arange(12.0).reshape(3, 4), rasterized=False)
    figure.colorbar(drawn, ax=axes)
    return figure


@pytest.mark.parametrize("asked", [remembering.ASKED, (*remembering.ASKED, "_of_no_version")])
@pytest.mark.parametrize("make", [panels, names, scale])
def test_a_figure_is_the_same(
    make: Any, asked: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembering, "ASKED", asked)

    def drawn() -> str:
        with matplotlib.rc_context(style.RC):
            return str(style.svg(make(), title="A figure", alt="It rises."))

    here = drawn()
    monkeypatch.setattr(style, "remembered", lambda figure: nullcontext())
    assert here == drawn()


def test_the_pinned_matplotlib_has_what_is_asked() -> None:
    axis = style.new()[1].xaxis
    assert all(hasattr(axis, name) for name in remembering.ASKED)


def test_what_changes_afterwards_is_seen() -> None:
    """An axis asks for itself again once the figure is drawn."""
    with matplotlib.rc_context(style.RC):
        figure = panels()
        style.svg(figure, title="A figure", alt="It rises.")
        figure.axes[1].set_yticks([0, 50_000], ["nothing", "much"])
        assert "much" in style.svg(figure, title="A figure", alt="It rises.")


def test_a_text_of_a_size_is_measured_once(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[tuple[Text, str, float]] = []
    measure: Any = getattr(Text, remembering.MEASURED)

    def noted(text: Text, renderer: Any) -> Any:
        measured.append((text, text.get_text(), float(text.get_fontsize())))
        return measure(text, renderer)

    monkeypatch.setattr(Text, remembering.MEASURED, noted)
    with matplotlib.rc_context(style.RC):
        style.svg(panels(), title="A figure", alt="It rises.")
    assert len(measured) == len({*measured}) > 10


@pytest.mark.parametrize("name", ["MEASURED", "SETTLED"])
def test_what_a_version_lacks_is_not_remembered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> str:
        with matplotlib.rc_context(style.RC):
            return str(style.svg(panels(), title="A figure", alt="It rises."))

    here = drawn()
    monkeypatch.setattr(remembering, name, "_of_no_version")
    assert here == drawn()


@pytest.mark.parametrize("make", [panels, names, scale])
def test_ticks_are_alike_without_being_copied(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[Tick] = []
    copy: Any = getattr(Axis, remembering.COPIED)

    def noted(axis: Axis, first: Tick, made: Tick) -> None:
        copied.append(made)
        copy(axis, first, made)

    def drawn() -> tuple[str, int]:
        figure = make()
        for axis in (each for axes in figure.axes for each in (axes.xaxis, axes.yaxis)):
            axis.reset_ticks()
        copied.clear()
        return str(style.svg(figure, title="A figure", alt="It rises.")), len(copied)

    monkeypatch.setattr(Axis, remembering.COPIED, noted)
    with matplotlib.rc_context(style.RC):
        here, few = drawn()
        monkeypatch.setattr(remembering, "COPIED", "_of_no_version")
        there, all_of_them = drawn()
    assert here == there
    assert few < all_of_them


def test_what_a_user_sets_of_ticks_holds_for_those_made_later() -> None:
    figure, axes = style.new()
    axes.plot([0, 1], [0, 1])
    figure.draw_without_rendering()
    before = axes.get_xticklabels()
    for label in before:
        label.set_rotation(45)
    axes.set_xticks(range(20))
    figure.draw_without_rendering()
    after = axes.get_xticklabels()
    assert len(after) > len(before)
    assert {label.get_rotation() for label in after} == {45.0}
