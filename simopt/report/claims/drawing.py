"""Small charts: as wide as a phone, light, many to a page."""

from __future__ import annotations

import itertools
import re
import textwrap
from collections.abc import Iterable
from typing import Any

import matplotlib
import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import LogLocator, NullLocator
from numpy.typing import NDArray

from simopt.display import axis_ticks, style
from simopt.display.style import Look
from simopt.document.claims.claim import Picture
from simopt.ground.formatting import number

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

#: Bars of one series after the other, beside their colour; hatches of dots would weigh 100 kB.
HATCHES = ("", "////", "----", "\\\\\\\\", "||||", "xxxx")

#: Characters to a line: of labels, of what a horizontal bar is called, of a legend.
LINE, CALLED, LEGEND = 46, 18, 44

#: More points than this and a line has no marks on it, but some.
MARKED = 12

Floats = NDArray[np.float64]
Series = dict[str, tuple[Any, Floats]]


def chart(picture: Picture, name: str) -> tuple[Markup, bool]:
    """The series drawn, and whether anything in them could not be."""
    series, left_out = drawable(picture)
    looks = dict(zip(series, looks_of(series), strict=True))
    named = _named(picture, series)
    lying = picture.kind == "bars" and _lying(series)
    columns = _columns(series)
    rows = -(-len(series) // columns) if len(series) > 1 else 0
    height = max(HEIGHT, 60 + _needed(series) if lying else 0) + 18 * rows
    with matplotlib.rc_context({"path.simplify": True, "path.simplify_threshold": 0.4}):
        figure, axes = style.new(width=WIDTH, height=height)
        if picture.kind == "bars":
            _bars(axes, series, looks, lying=lying, log=picture.log_y)
        else:
            for i, (each, (x, y)) in enumerate(series.items()):
                # Marks over the same name stand beside each other: none hides another.
                aside = 0.1 * (i - (len(series) - 1) / 2) * (picture.kind == "points")
                at = _at(x, series) + aside if named else x
                axes.plot(at, y, label=each, **_keywords(looks[each], picture.kind, len(y)))
        along, across = (axes.yaxis, axes.xaxis) if lying else (axes.xaxis, axes.yaxis)
        if named:
            _names(along, series)
        else:
            whole = all((x % 1 == 0).all() for x, _ in series.values())
            _scale(along, picture.log_x, whole=whole)
        _scale(across, picture.log_y)
        if picture.kind == "bars" and picture.log_y:
            every = np.concatenate([y for _, y in series.values()])
            across.set_view_interval(every.min() / 2, every.max() * 2, ignore=True)
        if lying:
            axes.invert_yaxis()
        # The grid says where a number is.
        axes.tick_params(which="both", bottom=False, left=False, pad=4)
        below, above = picture.x_label, picture.y_label
        if lying:
            below, above = above, below
        axes.set_xlabel(textwrap.fill(below, LINE))
        # Above the axis, not along it: there it can be read, and takes no width.
        axes.set_title(textwrap.fill(above, LINE), fontweight="normal", pad=7)
        if len(series) > 1:
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


def _keywords(look: Look, kind: str, points: int) -> dict[str, Any]:
    """Keywords for ``axes.plot``."""
    return {
        "color": look.color,
        "marker": look.marker,
        "linestyle": look.line if kind == "lines" else "none",
        "markersize": 4 if kind == "lines" else 6 if points <= MARKED else 3,
        "markevery": max(1, points // 6) if kind == "lines" and points > MARKED else None,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.4,
        "linewidth": 1.5,
    }


def _named(picture: Picture, series: Series) -> bool:
    """Whether what lies along the axis are names, not numbers."""
    return picture.kind == "bars" or any(x.dtype.kind == "U" for x, _ in series.values())


def _lying(series: Series) -> bool:
    """Whether the bars' names need the room beside them."""
    places = _places(series)
    return len(places) > 6 or max(map(len, places), default=0) > 40 // max(1, len(places))


def _labels(x: Any) -> list[str]:
    return [each if isinstance(each, str) else number(each) for each in x.tolist()]


def _places(series: Series) -> list[str]:
    """What the names along the axis are, each once."""
    return list(dict.fromkeys(label for x, _ in series.values() for label in _labels(x)))


def _at(x: Any, series: Series) -> Floats:
    """Where those names stand."""
    where = {place: i for i, place in enumerate(_places(series))}
    return np.array([where[label] for label in _labels(x)], dtype=np.float64)


def _needed(series: Series) -> int:
    """Height of lying bars [px]: their own, or their names', and a gap."""
    lines = max(len(textwrap.wrap(place, CALLED)) for place in _places(series))
    return len(_places(series)) * (8 + max(16 * lines, 14 * len(series)))


def _bars(axes: Axes, series: Series, looks: dict[str, Look], *, lying: bool, log: bool) -> None:
    """Bars side by side, series by series; on a logarithmic axis ratios begin at 1."""
    every = np.concatenate([y for _, y in series.values()])
    base = 1.0 if log and every.min() < 1 < every.max() else every.min() / 2 if log else 0.0
    thick = 0.8 / len(series)
    draw: Any = axes.barh if lying else axes.bar
    for i, (name, (x, y)) in enumerate(series.items()):
        at = _at(x, series) + (i - (len(series) - 1) / 2) * thick
        draw(
            at, y - base, thick * 0.92, base, label=name, color=looks[name].color,
            hatch=HATCHES[i % len(HATCHES)], edgecolor=style.PAPER, linewidth=0,
        )  # fmt: skip


def _names(axis: Axis, series: Series) -> None:
    """Names along an axis."""
    places = _places(series)
    axis.set_ticks(range(len(places)), [textwrap.fill(place, CALLED) for place in places])
    axis.grid(visible=False)


def _scale(axis: Axis, log: bool, *, whole: bool = False) -> None:
    """A few ticks, their labels as the page writes numbers."""
    if not log:
        axis_ticks.linear_axis(axis, whole=whole)
        return
    axis_ticks.log_axis(axis, ticks=5)
    axis.set_minor_locator(NullLocator())
    low, high = axis.get_view_interval()
    if high < 30 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))


def _columns(series: Series) -> int:
    """How many names a legend has beside each other."""
    longest = max(map(len, series), default=0)
    return int(np.clip(LEGEND // (longest + 6), 1, max(1, len(series))))


__all__ = ["chart", "drawable", "lighter", "looks_of"]
