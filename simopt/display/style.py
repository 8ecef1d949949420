"""How figures look, and how a matplotlib figure becomes SVG that lives in a page (`svg_text`).

Colours are Okabe and Ito's, which the colour-blind can tell apart, and never the only cue: every
optimizer has a marker and a line style of its own. Colours leave here as CSS variables
(``var(--purple)``) and text as text, so that the page's style sheet makes a figure legible in the
light, in the dark and on paper, and so that a search finds the words in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib
from cycler import cycler
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import (
    ScalarFormatter,
)

from simopt.display import axis_ticks, svg_drawing, svg_text
from simopt.display.remembering import remembered, uncopied
from simopt.display.timing import drawing
from simopt.ground.formatting import MINUS
from simopt.rules import FURTHER

#: Stand-ins, replaced by CSS variables on the way out. No figure should use them for anything else.
INK = "#1b1f24"  # text and axes
MUTED = "#5b6470"  # second-rank text and marks
GRID = "#d5dae1"  # grid lines, frames
PAPER = "#fefefe"  # what lies behind

#: Okabe and Ito's colours by name. Yellow is left out: it can't be read on white.
BLUE, ORANGE, VERMILLION = "#0072b2", "#e69f00", "#d55e00"
GREEN, SKY, PURPLE = "#009e73", "#56b4e9", "#cc79a7"

#: For maps of a quantity in classes, the best first: five of cividis, even steps in lightness and
#: safe for the colour-blind. Draw them as paths, not ``imshow`` (a picture inside the picture).
MAP = ("#f3db42", "#b1a570", "#777776", "#3f4c6c", "#00224e")

#: CSS variable by stand-in; the style sheet gives each a value for light and for dark.
VARIABLES = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--grid)",
    PAPER: "var(--paper)",
    BLUE: "var(--blue)",
    ORANGE: "var(--orange)",
    VERMILLION: "var(--vermillion)",
    GREEN: "var(--green)",
    SKY: "var(--sky)",
    PURPLE: "var(--purple)",
    **{color: f"var(--map-{i})" for i, color in enumerate(MAP)},
}

#: The same by every colour in a figure: Matplotlib's black is that of what has none of its own.
DRAWN = VARIABLES | {"#000000": VARIABLES[INK]}


@dataclass(frozen=True)
class Look:
    """Colour, marker and line style of an optimizer."""

    color: str
    marker: str
    line: str | tuple[int, tuple[float, ...]]


#: The seven, in the order in which every legend and table lists them.
LOOKS = {
    "SGD": Look(BLUE, "o", "-"),
    "Momentum": Look(ORANGE, "s", "-"),
    "Nesterov": Look(VERMILLION, "D", (0, (5, 1.5))),
    "AdaGrad": Look(GREEN, "^", "-"),
    "RMSprop": Look(SKY, "v", (0, (5, 1.5))),
    "Adam": Look(PURPLE, "P", "-"),
    "AdamW": Look(INK, "X", (0, (1.5, 1.5))),
}
#: Lines of the rest, each with its marker: dots and dashes of lengths that can be told apart.
LINES: tuple[tuple[str | tuple[int, tuple[float, ...]], str], ...] = (
    (":", "*"),
    ("-.", "p"),
    ((0, (8, 2.5)), "h"),
    ((0, (6.4, 1.6, 1, 1.6, 1, 1.6)), "d"),
    ((0, (2.6, 2.6)), "<"),
    ((0, (8, 1.6, 2.6, 1.6)), ">"),
    ((0, (1, 3.5)), "H"),
    ((0, (6.4, 1.6, 1, 1.6, 1, 1.6, 1, 1.6)), "8"),
)
OTHERS = tuple(
    Look(color, marker, line)
    for line, marker in LINES
    for color in (BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY)
)

#: Colour and line of a batch size, in the figures that compare three: the smallest first.
BY_SIZE: tuple[tuple[str, Any], ...] = (
    (BLUE, "-"),
    (ORANGE, (0, (5, 1.5))),
    (GREEN, (0, (1.5, 1.2))),
)

#: Width [px at 100 %] of a figure. A phone of 390 px shows it at 78 %, its text enlarged to 124 %:
#: 11.5 px are 11.1 there.
WIDTH, HEIGHT, ENLARGED = 460, 290, 1.24

#: Of a font's size: from line to line, and the width of a character.
LINE_SPACING, CHARACTER = 1.2, 0.6

RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "simopt",
    "font.size": 12,
    "axes.labelsize": 12,
    # Room for the larger text of a phone between the numbers of an axis and its name, and between
    # the names in a legend.
    "axes.labelpad": 5,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "xtick.labelsize": 11.5,
    "ytick.labelsize": 11.5,
    "legend.fontsize": 11.5,
    "legend.frameon": False,
    "legend.title_fontsize": 12,
    "legend.handlelength": 2.2,
    "legend.columnspacing": 2.2,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 5,
    "axes.prop_cycle": cycler(color=[BLUE, VERMILLION, GREEN, PURPLE, ORANGE, SKY]),
}


def look(name: str, others: Iterable[str] = ()) -> Look:
    """The colour, marker and line style of an optimizer.

    Parameters
    ----------
    name : str
        Its name; one of simopt's rules, whose look is the same in every figure, or a user's own.
    others : iterable of str
        All the names of the figure, so that two of a user's own rules differ, and differ from
        simopt's that are drawn with them.
    """
    further = dict(zip(FURTHER, OTHERS, strict=False))
    if name in LOOKS or name in further:
        return LOOKS[name] if name in LOOKS else further[name]
    drawn = {*others, name}
    taken = {each for known, each in further.items() if known in drawn}
    free = [each for each in OTHERS if each not in taken]
    own = sorted(drawn - set(LOOKS) - set(further))
    return free[own.index(name) % len(free)]


def line(name: str, others: Iterable[str] = (), **extra: Any) -> dict[str, Any]:
    """Keywords for ``axes.plot``: label, colour, marker and line style of an optimizer."""
    drawn = look(name, others)
    return {
        "label": name,
        "color": drawn.color,
        "marker": drawn.marker,
        "linestyle": drawn.line,
        "markeredgecolor": PAPER,
        "markeredgewidth": 0.6,
        **extra,
    }


@drawing.timed
def new(
    rows: int = 1,
    columns: int = 1,
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
    **subplots: Any,
) -> tuple[Figure, Any]:
    """A figure and its axes, in the report's style, without pyplot's global state.

    Parameters
    ----------
    rows, columns : int
        Of panels. More than one column is hard to read on a phone: prefer rows, or two figures.
    width, height : float
        In CSS pixels at 100 %.
    **subplots
        For ``Figure.subplots`` (``sharex``, ``gridspec_kw``, ...).

    Returns
    -------
    figure, axes
        ``axes`` as ``Figure.subplots`` gives them: one, or an array.
    """
    # SVG's unit is the point (72 an inch), and the page reads the view box as pixels.
    figure = Figure(figsize=(width / 72, height / 72), layout="constrained")
    return figure, figure.subplots(rows, columns, **subplots)


def legend(figure: Figure, axes: Axes, *, columns: int = 4) -> None:
    """Add one legend below the figure, in the order of the seven."""
    handles, labels = axes.get_legend_handles_labels()
    places = {name: place for place, name in enumerate(LOOKS)}
    order = sorted(range(len(labels)), key=lambda i: (places.get(labels[i], len(places)), i))
    figure.legend(
        [handles[i] for i in order],
        [labels[i] for i in order],
        loc="outside lower center",
        ncols=min(columns, len(labels)),
    )


def rimmed(width: float) -> list[Any]:
    """Path effects that tell a line of this width from whatever it crosses, in light and dark."""
    return [withStroke(linewidth=width + 1.6, foreground=PAPER)]


def slug(text: str) -> str:
    """The text as an id: small letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "figure"


@drawing.timed
def svg(figure: Figure, *, title: str, alt: str, name: str | None = None) -> Markup:
    """A figure as SVG for a page.

    Parameters
    ----------
    figure : Figure
        Made with `new`.
    title : str
        What it shows; unique on its page unless it has a ``name``.
    alt : str
        What it says, for those who can't see it: the finding, not the furniture.
    name : str, optional
        Unique on its page: the ids inside derive from it; from the title by default.

    Returns
    -------
    Markup
        ``<svg role="img">`` with title and description, text as text, transparent, its colours CSS
        variables, without a size of its own, a date or an id that the page could hold already.
        The same figure gives the same text every time.
    """
    with matplotlib.rc_context(RC), uncopied(figure):
        for axis in (each for axes in figure.axes for each in (axes.xaxis, axes.yaxis)):
            if isinstance(axis.get_major_formatter(), ScalarFormatter):
                axis.set_major_formatter(axis_ticks.as_in_sentences())
        # ``savefig`` would draw twice, the first time for the layout alone, which drawing does too.
        svg_drawing.prepare(figure)
        with remembered(figure), _room_left(figure):
            text = svg_drawing.drawn(figure)
    inside = text[text.index("<svg") :]
    box = re.search(r'viewBox="([^"]+)"', inside)
    assert box is not None
    inside = inside[inside.index(">") + 1 : inside.rindex("</svg>")]
    name = slug(name or title)
    drawn = Markup(svg_text.cleaned(inside, name, DRAWN))
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'viewBox="{box}" role="img" aria-labelledby="{name}-title {name}-desc">'
        '<title id="{name}-title">{title}</title><desc id="{name}-desc">{alt}</desc>{inside}</svg>'
    ).format(box=box[1], name=name, title=title, alt=alt, inside=drawn)


@contextmanager
def _room_left(figure: Figure) -> Iterator[None]:
    """Within, what stands left of the axes has the room that it takes on a phone.

    There numbers and names grow away from the axes, toward the axis' label, and lines of a label
    toward each other.
    """
    ticks = {axes.yaxis: axes.get_yticklabels() for axes in figure.axes}
    for label in (each.label for axes in figure.axes for each in (axes.xaxis, axes.yaxis)):
        label.set_linespacing(ENLARGED * LINE_SPACING)
    texts = [text for axis, labels in ticks.items() for text in (*labels, axis.label)]
    sizes = [float(text.get_fontsize()) for text in texts]
    for text, size in zip(texts, sizes, strict=True):
        text.set_fontsize(ENLARGED * size)
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")
    for text, size in zip(texts, sizes, strict=True):
        text.set_fontsize(size)
    pads = [float(axis.labelpad) for axis in ticks]
    for (axis, labels), pad in zip(ticks.items(), pads, strict=True):
        widths = (len(text.get_text()) * float(text.get_fontsize()) for text in labels)
        axis.labelpad = pad + (ENLARGED - 1) * CHARACTER * max(widths, default=0.0)
    yield
    for axis, pad in zip(ticks, pads, strict=True):
        axis.labelpad = pad


def captioned(markup: Markup, *, title: str, see: str, floor: float | None = None) -> Markup:
    """A figure, chart or table with its title above it and one sentence that says what to see.

    Parameters
    ----------
    markup : Markup
        From `svg`, `simopt.display.charts.interactive` or `simopt.display.tables.table`.
    title : str
        What is drawn.
    see : str
        What to see in it, with numbers computed from what is drawn.
    floor : float, optional
        Where a logarithmic axis ends: smaller values, 0 among them, are drawn there.
    """
    if floor is not None:
        see += f" The axis has a floor: {axis_ticks.power_of_ten(floor)} or less is drawn there."
    return Markup(
        "<figure><figcaption><strong>{title}</strong> <span>{see}</span></figcaption>"
        "{markup}</figure>"
    ).format(title=title, see=see, markup=markup)


__all__ = [
    "BLUE", "GREEN", "GRID", "INK", "LOOKS", "MAP", "MINUS", "MUTED", "ORANGE", "PAPER", "PURPLE",
    "RC", "SKY", "VERMILLION", "Look", "captioned", "legend", "line", "look",
    "new", "rimmed", "slug", "svg",
]  # fmt: skip
