"""Ticks and the extents of their labels, found once for each place that axes have; texts, once.

To lay out and draw a figure, matplotlib asks every axis some ten times for its ticks and how large
their labels are, and finds both anew each time: half of the time that a small figure takes. Every
text is measured for each place and again where it is drawn, a fifth of the rest; and every new tick
copies all that the first one of its axis has, a tenth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

from matplotlib.axis import Tick
from matplotlib.figure import Figure
from matplotlib.text import Text

from simopt.display.svg_drawing import measuring

#: What an axis is asked for that changes with its limits, the place of its axes and the size of its
#: texts alone, while nobody else changes the figure. Names inside matplotlib: what a version lacks
#: is not remembered.
ASKED = ("_update_ticks", "_get_ticklabel_bboxes")

#: What axes do before each answer about their limits, until nothing is left to do.
SETTLED = "_unstale_viewLim"

#: What a text is asked for that changes with its words, their size and the figure's resolution.
MEASURED = "_get_layout"

#: What makes a new tick like its axis' first.
COPIED = "_copy_tick_props"


def remembered(figure: Figure) -> AbstractContextManager[None]:
    """Within, axes and texts answer again what they were asked.

    Only the layout may change, and the size of an axis' texts, its label's with that of its ticks.
    """
    asked: list[tuple[Any, str, Callable[[], Any]]] = [
        *((axis, name, partial(_place, axis)) for axis in _axes(figure) for name in ASKED),
        # Limits are found where they are asked for, which lasts if nothing changes them.
        *((each, SETTLED, tuple) for each in figure.axes),
    ]
    by, texts = measuring(), figure.findobj(Text)
    return _instead(
        [
            *((each, name, partial(_once, where=where)) for each, name, where in asked),
            *((text, MEASURED, partial(_measured, text, figure, by)) for text in texts),
        ]
    )


def uncopied(figure: Figure) -> AbstractContextManager[None]:
    """Within, a new tick is as `tick_params` say: nothing else was set of the first one."""
    return _instead((axis, COPIED, lambda _: _clipped) for axis in _axes(figure))


@contextmanager
def _instead(changes: Iterable[tuple[Any, str, Callable[[Any], Any]]]) -> Iterator[None]:
    """Within, objects have other methods, each made of the one that it stands for."""
    known = [one for one in changes if hasattr(*one[:2])]
    for each, name, make in known:
        setattr(each, name, make(getattr(each, name)))
    try:
        yield
    finally:
        for each, name, _ in known:
            delattr(each, name)


def _axes(figure: Figure) -> list[Any]:
    return [getattr(each, name) for each in figure.axes for name in ("xaxis", "yaxis")]


def _place(axis: Any) -> tuple[float, ...]:
    return (*axis.get_view_interval(), *axis.axes.bbox.bounds, axis.label.get_fontsize())


def _measured(
    text: Any, figure: Figure, by: Any, find: Callable[[Any], Any]
) -> Callable[[Any], Any]:
    """The layout of a text, measured by one renderer, whichever asks."""

    def words() -> tuple[str, float, float]:
        return text.get_text(), text.get_fontsize(), figure.dpi

    return _once(lambda _: find(by), words)


def _clipped(_: Tick, made: Tick) -> None:
    """Clip a new tick's grid line as the first one's is."""
    made.set_clip_path(made.axes.patch)


def _once(find: Callable[..., Any], where: Callable[[], Any]) -> Callable[..., Any]:
    """The method, asked again only where it is another place than the last time."""
    last: list[Any] = [None, None]

    def found(*arguments: Any) -> Any:
        if last[0] != (now := where()):
            last[:] = now, find(*arguments)
        return last[1]

    return found
