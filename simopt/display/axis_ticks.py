"""The ticks of a figure's axes: at powers of ten, at a few even steps, or where one says.

Labels are numbers as sentences have them, and text, so that a search finds them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.lines import Line2D
from matplotlib.markers import TICKDOWN, TICKLEFT
from matplotlib.ticker import (
    FixedLocator,
    FuncFormatter,
    LogLocator,
    MaxNLocator,
    NullFormatter,
)
from numpy.typing import NDArray

from simopt.ground.formatting import SUPERSCRIPT, number

#: A loss above is drawn as one that diverged.
LARGEST = 1e200


def drawable(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What an axis has room for: matplotlib's ticks overflow beyond."""
    return np.isfinite(values) & (values < LARGEST)


def power_of_ten(value: float, _: object = None) -> str:
    """A tick of a log axis, as text: 0.01, 1, 100, 10⁻⁶.

    Examples
    --------
    >>> power_of_ten(0.01), power_of_ten(1e-6), power_of_ten(100.0)
    ('0.01', '10⁻⁶', '100')
    """
    if value <= 0 or not math.isfinite(value):
        return number(value)
    exponent = round(math.log10(value))
    if not math.isclose(value, 10.0**exponent, rel_tol=1e-9) or -3 <= exponent <= 4:
        return number(value)
    return "10" + str(exponent).translate(SUPERSCRIPT)


class PowersOfTen(LogLocator):
    """Ticks at powers of ten; where fewer than two are in view, at 1, 2 and 5 times these.

    One labelled tick says nothing about a scale.
    """

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        """The places of ticks from one end to the other, and some beyond."""
        places = super().tick_values(vmin, vmax)
        low, high = sorted((vmin, vmax))
        if sum(low <= place <= high for place in places) >= 2:
            return places
        return LogLocator(subs=(1, 2, 5)).tick_values(vmin, vmax)


class MinorTicks(Artist):
    """The minor ticks of an axis: one mark, drawn at each of their places.

    matplotlib has a tick of five artists for each, and a logarithmic axis some thirty of them: they
    took half of the time of drawing a figure with two.
    """

    def __init__(self, axis: Axis) -> None:
        super().__init__()
        self.axis = axis
        self.set_zorder(axis.get_zorder())
        self.set_in_layout(False)

    def draw(self, renderer: Any) -> None:
        """Draw them where the axis' minor locator has them, but for those on its major ticks."""
        axis: Any = self.axis
        name = axis.axis_name
        along_x = name == "x"
        if not axis.get_tick_params("minor").get("bottom" if along_x else "left", True):
            return
        low, high = sorted(axis.get_view_interval())
        places = axis.get_minorticklocs()
        # An end of the axis has a tick, however it was rounded.
        places = places[(places >= low * (1 - 1e-9)) & (places <= high * (1 + 1e-9))]
        zeros = np.zeros(len(places))
        known: Any = matplotlib.rcParams
        marker: Any = TICKDOWN if along_x else TICKLEFT
        marks = Line2D(
            places if along_x else zeros,
            zeros if along_x else places,
            transform=getattr(axis.axes, f"get_{name}axis_transform")(which="tick1"),
            linestyle="none",
            marker=marker,
            color=known[f"{name}tick.color"],
            markersize=known[f"{name}tick.minor.size"],
            markeredgewidth=known[f"{name}tick.minor.width"],
        )
        marks.set_figure(axis.axes.figure)
        marks.draw(renderer)


def log_axis(axis: Axis, ticks: int = 7) -> None:
    """Make an axis logarithmic, with plain-text labels, and those that share its scale."""
    axis._set_axes_scale("log")  # type: ignore[attr-defined]
    axis.set_major_locator(PowersOfTen(numticks=ticks))
    axis.set_major_formatter(FuncFormatter(power_of_ten))
    axis.set_minor_formatter(NullFormatter())
    name, axes = axis.axis_name, axis.axes  # type: ignore[attr-defined]
    for each in getattr(axes, f"get_shared_{name}_axes")().get_siblings(axes):
        shared = getattr(each, f"{name}axis")
        if not any(isinstance(held, MinorTicks) and held.axis is shared for held in each.artists):
            shared.get_minor_ticks = lambda numticks=None: []
            each.add_artist(MinorTicks(shared))


def linear_axis(axis: Axis, ticks: int = 5, *, whole: bool = False) -> None:
    """Set a few ticks on an axis, labelled as in sentences; integers only if ``whole``.

    Examples
    --------
    >>> from simopt.display import style
    >>> _, axes = style.new()
    >>> limits = axes.set_xlim(0, 200_000)
    >>> linear_axis(axes.xaxis)
    >>> [label.get_text() for label in axes.get_xticklabels()][:3]
    ['0', '50,000', '100,000']
    """
    axis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10], integer=whole))
    axis.set_major_formatter(as_in_sentences())


def as_in_sentences() -> FuncFormatter:
    """Labels as sentences have numbers; ten digits, for ticks that are close differ far behind."""
    return FuncFormatter(lambda value, _: number(value, 10))


def fixed_ticks(axis: Axis, values: Iterable[float]) -> None:
    """Set ticks at exactly these values."""
    axis.set_major_locator(FixedLocator(list(values)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axis.set_minor_locator(FixedLocator([]))
