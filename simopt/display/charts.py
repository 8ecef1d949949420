"""Interactive charts, for where looking closer helps: which trajectory, what at another rate.

Vega-Lite through altair: a chart is data and a grammar, not code; its library goes into the page
once, whole, so that the page works without a network. Colours are the style sheet's variables, so
that a chart follows the page into the dark without being drawn again.
"""

from __future__ import annotations

import math
from typing import Any

from markupsafe import Markup

from simopt.display import style
from simopt.display.timing import drawing
from simopt.display.vega import CHART

CONFIG: dict[str, Any] = {
    "background": "transparent",
    # A name that the browser can measure text with; "inherit" makes legend entries overlap.
    "font": "system-ui, sans-serif",
    "padding": 4,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "titleFontWeight": "normal",
        "titleFontSize": 13,
        "labelFontSize": 12,
        "gridColor": "var(--grid)",
        "domainColor": "var(--muted)",
        "tickColor": "var(--muted)",
        "labelOverlap": True,
    },
    "legend": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "labelFontSize": 13,
        "titleFontSize": 13,
        "titleFontWeight": "normal",
        "orient": "bottom",
        "columns": 4,
        "symbolStrokeWidth": 2.5,
        "symbolSize": 350,
        "columnPadding": 18,
    },
    "header": {"labelColor": "currentColor", "titleColor": "currentColor", "labelFontSize": 13},
    "title": {"color": "currentColor"},
    "rule": {"color": "var(--muted)"},
    "text": {"color": "currentColor"},
    "point": {"stroke": "var(--paper)", "strokeWidth": 0.5},
}

#: Vega draws line styles as dash lengths [px].
_DASHES = {"-": [1, 0], ":": [2, 2], "-.": [6, 3, 2, 3]}


def by_optimizer(names: list[str], field: str = "optimizer", title: str = "") -> dict[str, Any]:
    """Encodings that draw each optimizer as the figures do: colour and line style.

    Examples
    --------
    >>> import altair
    >>> chart = altair.Chart(altair.Data(values=[])).mark_line()
    >>> chart = chart.encode(x="eta:Q", y="loss:Q", **by_optimizer(["SGD", "Adam"]))
    """
    # Loaded here: all processes that make pages would wait for it, and few pages have a chart.
    import altair

    looks = [style.look(name, names) for name in names]
    colors = [style.VARIABLES.get(drawn.color, drawn.color) for drawn in looks]
    dashes = [
        _DASHES[drawn.line] if isinstance(drawn.line, str) else list(drawn.line[1])
        for drawn in looks
    ]
    return {
        "color": altair.Color(
            f"{field}:N", title=title or None, scale=altair.Scale(domain=names, range=colors)
        ),
        "strokeDash": altair.StrokeDash(
            f"{field}:N", title=title or None, scale=altair.Scale(domain=names, range=dashes)
        ),
    }


@drawing.timed
def interactive(chart: Any, *, title: str, alt: str, height: int = 320) -> Markup:
    """An altair chart for a page: offline, as wide as the page, light and dark.

    Parameters
    ----------
    chart : altair chart
        Any top-level chart. Its data is written into the page, floats to six digits.
    title : str
        What it shows; unique on its page.
    alt : str
        What it says, for those who can't see it; also shown where scripts are off.
    height : int
        In pixels; the width is the page's.

    Returns
    -------
    Markup
        The page's renderer adds the library, once, if a page holds such a chart.
    """
    spec = chart.properties(width="container", height=height).to_dict()
    spec["config"] = CONFIG
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    spec.pop("$schema", None)
    name = style.slug(title)
    return Markup(
        '<div class="chart" id="{name}" role="figure" aria-label="{title}: {alt}" '
        'style="min-height: {height}px"><noscript><p>{alt} (The chart itself needs JavaScript.)'
        '</p></noscript></div><script type="application/json" {mark}"{name}">{spec}</script>'
    ).format(name=name, title=title, alt=alt, height=height, mark=Markup(CHART), spec=_json(spec))


def _json(value: Any) -> Markup:
    """JSON that can't close the script element it stands in."""
    from jinja2.utils import htmlsafe_json_dumps

    return htmlsafe_json_dumps(_rounded(value), separators=(",", ":"), sort_keys=True)


def _rounded(value: Any) -> Any:
    """Floats to six significant digits, more than a screen shows; null where JSON has no number."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value


__all__ = ["CONFIG", "by_optimizer", "interactive"]
