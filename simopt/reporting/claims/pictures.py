"""A claim's picture as a small chart or a table: as wide as a phone, many to a page."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterable
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from simopt.claims.claim import Picture
from simopt.reporting import style, tables
from simopt.reporting.style import Look
from simopt.reporting.tables import Column
from simopt.reporting.words import number

#: Width and height [px at 100 %] of what is drawn, without labels that need more lines.
WIDTH, HEIGHT = 345, 205

#: How series that are no optimizers are drawn, in their order.
SERIES = (
    Look(style.BLUE, "o", "-"),
    Look(style.VERMILLION, "D", (0, (5, 1.5))),
    Look(style.GREEN, "^", (0, (1.5, 1.2))),
    Look(style.PURPLE, "P", (0, (6, 2, 1.5, 2))),
    Look(style.ORANGE, "s", "-"),
    Look(style.SKY, "v", (0, (5, 1.5))),
)

#: Bars of one series after the other: a colour-blind-safe colour and a hatch.
HATCHES = ("", "////", "....", "\\\\\\\\", "xxxx", "++++")

#: Characters to a line: of labels, of what a horizontal bar is called, of a legend.
LINE, CALLED, LEGEND = 52, 20, 50

#: More points than this and a line has no marks on it, but some.
MARKED = 12

#: Longer texts in a table are prose: they wrap.
PROSE = 28

Floats = NDArray[np.float64]
Series = dict[str, tuple[Any, Floats]]


def shown(picture: Picture, name: str) -> Markup:
    """The picture with its title and what to see in it; ``name`` is unique on the page."""
    if picture.table is not None:
        drawn, left_out = table(picture.table, picture.title), False
    else:
        drawn, left_out = chart(picture, name)
    see = picture.sees
    if left_out:
        see += " What is not above 0, or not finite, is left out."
    return style.captioned(drawn, title=picture.title, see=see)


def table(frame: pd.DataFrame, caption: str) -> Markup:
    """A DataFrame with its numbers shortened and its truths as words."""
    columns = {
        column: Column(str(column), cell, prose=_longest(frame[column]) > PROSE)
        for column in frame.columns
    }
    return tables.table(frame, columns, caption=caption)


def cell(value: object) -> object:
    """A figure as a reader has it.

    Examples
    --------
    >>> cell(True), cell(1234567), cell(0.123456), cell("Adam")
    ('yes', '1,234,567', '0.1235', 'Adam')
    """
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return f"{value:,}".replace("-", style.MINUS)
    return value if isinstance(value, str) else number(value)


def chart(picture: Picture, name: str) -> tuple[Markup, bool]:
    """The series drawn, and whether anything in them could not be."""
    series, left_out = drawable(picture)
    looks = dict(zip(series, looks_of(series), strict=True))
    wide = picture.kind == "bars" and _horizontal(series)
    bars = sum(len(y) for _, y in series.values()) if wide else 0
    several = len(series) > 1
    columns = _columns(series)
    rows = -(-len(series) // columns) if several else 0
    height = max(HEIGHT, 60 + 17 * bars + 8 * bars // len(series)) + 16 * rows
    with matplotlib.rc_context({"path.simplify": True, "path.simplify_threshold": 0.4}):
        figure, axes = style.new(width=WIDTH, height=height)
        if picture.kind == "bars":
            _bars(axes, series, looks, horizontal=wide)
        else:
            for each, (x, y) in series.items():
                axes.plot(x, y, label=each, **_how(looks[each], picture.kind, len(y)))
        below, beside = (
            (picture.y_label, picture.x_label) if wide else (picture.x_label, picture.y_label)
        )
        scales = (
            (axes.xaxis, picture.log_y if wide else picture.log_x),
            (axes.yaxis, picture.log_x if wide else picture.log_y),
        )
        for axis, log in scales:
            _scale(axis, log)
        # The grid says where a number is.
        axes.tick_params(which="both", bottom=False, left=False, pad=4)
        if picture.kind == "bars":
            _names(axes, series, horizontal=wide)
        axes.set_xlabel(textwrap.fill(below, LINE))
        # Above the axis, not along it: there it can be read, and takes no width.
        axes.set_title(textwrap.fill(beside, LINE), fontweight="normal", pad=7)
        if several:
            style.legend(figure, axes, columns=columns)
        drawn = style.svg(figure, title=picture.title, alt=picture.sees, name=name)
    return lighter(drawn), left_out


def lighter(drawn: Markup) -> Markup:
    """The same drawing in fewer characters: nothing that only groups, one style for like marks.

    Examples
    --------
    >>> print(lighter(Markup('<g><g><use x="1" style="a"/><use x="2" style="a"/></g></g>')))
    <g style="a"><use x="1"/><use x="2"/></g>
    """
    open_groups: list[bool] = []

    def needed(tag: re.Match[str]) -> str:
        if tag[0] != "</g>":
            open_groups.append(tag[0] != "<g>")
            keep = open_groups[-1]
        else:
            keep = open_groups.pop()
        return tag[0] if keep else ""

    text = re.sub(r"<g( [^>]*)?>|</g>", needed, str(drawn))
    text = re.sub(r'<defs>\s*</defs>| transform="rotate\(-0 [^)]*\)"', "", text)
    text = re.sub(r"\n+", "\n", text)
    marks = r'(<use [^>]*?) style="([^"]*)"/>((?:\s*<use [^>]*? style="\2"/>)+)'
    return Markup(re.sub(marks, _together, text))


def _together(match: re.Match[str]) -> str:
    style_of = f' style="{match[2]}"'
    return f"<g{style_of}>{match[0].replace(style_of, '')}</g>"


def drawable(picture: Picture) -> tuple[Series, bool]:
    """What the axes have a place for, and whether anything else was there."""
    result: Series = {}
    left_out = False
    for name, (given_x, given_y) in picture.series.items():
        x, y = np.asarray(given_x), np.asarray(given_y, dtype=np.float64)
        keep = np.isfinite(y) & ((y > 0) | (not picture.log_y))
        if x.dtype.kind in "iufb":
            x = x.astype(np.float64)
            keep &= np.isfinite(x) & ((x > 0) | (not picture.log_x))
        else:
            x = x.astype(str)
        left_out |= not keep.all()
        result[str(name)] = (x[keep], y[keep])
    return result, left_out


def looks_of(names: Iterable[str]) -> list[Look]:
    """A look for each: an optimizer's own, or the next that no other has.

    Examples
    --------
    >>> [look.color for look in looks_of(["SGD", "a"])] == [style.BLUE, style.VERMILLION]
    True
    """
    names = list(names)
    taken = {style.LOOKS[name].color for name in names if name in style.LOOKS}
    free = itertools.cycle([look for look in SERIES if look.color not in taken] or SERIES)
    return [style.LOOKS[name] if name in style.LOOKS else next(free) for name in names]


def _how(look: Look, kind: str, points: int) -> dict[str, Any]:
    """Keywords for ``axes.plot``."""
    return {
        "color": look.color,
        "marker": look.marker,
        "linestyle": look.line if kind == "lines" else "none",
        "markersize": 4 if points <= MARKED or kind == "lines" else 3,
        "markevery": max(1, points // 6) if kind == "lines" and points > MARKED else None,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.4,
        "linewidth": 1.5,
    }


def _horizontal(series: Series) -> bool:
    """Whether the bars' names need the room beside them."""
    places = _places(series)
    return len(places) > 6 or max(map(len, places), default=0) > 40 // max(1, len(places))


def _places(series: Series) -> list[str]:
    """What the bars stand for, each once."""
    found = (x if x.dtype.kind == "U" else map(number, x) for x, _ in series.values())
    return list(dict.fromkeys(itertools.chain.from_iterable(found)))


def _bars(axes: Axes, series: Series, looks: dict[str, Look], *, horizontal: bool) -> None:
    """Bars side by side, series by series."""
    where = {place: i for i, place in enumerate(_places(series))}
    thick = 0.8 / len(series)
    for i, (name, (x, y)) in enumerate(series.items()):
        names = x if x.dtype.kind == "U" else [number(each) for each in x]
        at = np.array([where[place] for place in names]) + (i - (len(series) - 1) / 2) * thick
        draw: Any = axes.barh if horizontal else axes.bar
        draw(
            at, y, thick * 0.92, label=name, color=looks[name].color, hatch=HATCHES[i % 6],
            edgecolor=style.PAPER, linewidth=0,
        )  # fmt: skip


def _names(axes: Axes, series: Series, *, horizontal: bool) -> None:
    """The bars' names on their axis."""
    axis = axes.yaxis if horizontal else axes.xaxis
    places = _places(series)
    axis.set_ticks(range(len(places)), [textwrap.fill(place, CALLED) for place in places])
    axis.grid(visible=False)
    if horizontal:
        axes.invert_yaxis()


def _scale(axis: Axis, log: bool) -> None:
    """A few ticks, their labels as the page writes numbers."""
    if not log:
        axis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        return
    style.log_axis(axis, ticks=5)
    axis.set_minor_locator(NullLocator())
    low, high = axis.get_view_interval()
    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _columns(series: Series) -> int:
    """How many names a legend has beside each other."""
    longest = max(map(len, series), default=0)
    return int(np.clip(LEGEND // (longest + 6), 1, max(1, len(series))))


def _longest(column: pd.Series) -> int:
    return max((len(value) for value in column if isinstance(value, str)), default=0)


__all__ = ["cell", "chart", "drawable", "looks_of", "shown", "table"]
