"""Ticks and the extents of their labels, found once for each place that axes have.

To lay out and draw a figure, matplotlib asks every axis some ten times for its ticks and how large
their labels are, and finds both anew each time: half of the time that a small figure takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.figure import Figure

#: What an axis is asked for that changes with its limits and the place of its axes alone, while
#: nobody else changes the figure. Names inside matplotlib: what a version lacks is not remembered.
ASKED = ("_update_ticks", "_get_ticklabel_bboxes")


@contextmanager
def remembered(figure: Figure) -> Iterator[None]:
    """Within, each axis answers again what it was asked; nothing but the layout may change."""
    axes = [getattr(each, name) for each in figure.axes for name in ("xaxis", "yaxis")]
    asked = [(axis, name) for axis in axes for name in ASKED if hasattr(axis, name)]
    for axis, name in asked:
        setattr(axis, name, _once(axis, getattr(axis, name)))
    try:
        yield
    finally:
        for axis, name in asked:
            delattr(axis, name)


def _once(axis: Any, find: Callable[..., Any]) -> Callable[..., Any]:
    """The method, asked again only where limits or place are others than the last time."""
    last: list[Any] = [None, None]

    def found(*arguments: Any) -> Any:
        where = (*axis.get_view_interval(), *axis.axes.bbox.bounds)
        if last[0] != where:
            last[:] = where, find(*arguments)
        return last[1]

    return found
