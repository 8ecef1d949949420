"""Ticks and the extents of their labels, found once for each place that axes have; texts, once.

To lay out and draw a figure, matplotlib asks every axis some ten times for its ticks and how large
their labels are, and finds both anew each time: half of the time that a small figure takes. Every
text is measured for each place and again where it is drawn, a fifth of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from matplotlib.figure import Figure
from matplotlib.text import Text

#: What an axis is asked for that changes with its limits and the place of its axes alone, while
#: nobody else changes the figure. Names inside matplotlib: what a version lacks is not remembered.
ASKED = ("_update_ticks", "_get_ticklabel_bboxes")

#: What axes do before each answer about their limits, until nothing is left to do.
SETTLED = "_unstale_viewLim"

#: What a text is asked for that changes with its words and the figure's resolution alone.
MEASURED = "_get_layout"


@contextmanager
def remembered(figure: Figure) -> Iterator[None]:
    """Within, axes and texts answer again what they were asked; only the layout may change."""
    axes = [getattr(each, name) for each in figure.axes for name in ("xaxis", "yaxis")]
    asked: list[tuple[Any, str, Callable[[], Any]]] = [
        *((axis, name, partial(_place, axis)) for axis in axes for name in ASKED),
        *((text, MEASURED, partial(_words, text, figure)) for text in figure.findobj(Text)),
        # Limits are found where they are asked for, which lasts if nothing changes them.
        *((each, SETTLED, tuple) for each in figure.axes),
    ]
    asked = [one for one in asked if hasattr(*one[:2])]
    for each, name, where in asked:
        setattr(each, name, _once(getattr(each, name), where))
    try:
        yield
    finally:
        for each, name, _ in asked:
            delattr(each, name)


def _place(axis: Any) -> tuple[float, ...]:
    return (*axis.get_view_interval(), *axis.axes.bbox.bounds)


def _words(text: Any, figure: Figure) -> tuple[str, float]:
    return text.get_text(), figure.dpi


def _once(find: Callable[..., Any], where: Callable[[], Any]) -> Callable[..., Any]:
    """The method, asked again only where it is another place than the last time."""
    last: list[Any] = [None, None]

    def found(*arguments: Any) -> Any:
        if last[0] != (now := where()):
            last[:] = now, find(*arguments)
        return last[1]

    return found
