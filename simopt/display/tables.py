"""A DataFrame as an HTML table: escaped, numbers lined up, scrolling in its own box on a phone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup, escape

from simopt.display.timing import drawing
from simopt.ground.formatting import number


@dataclass(frozen=True)
class Column:
    """The format of a column.

    Attributes
    ----------
    label : str
        Its heading, with the unit.
    show : callable
        Value to text (`number`, `fixed`, ``str``) or to Markup (`badge`).
    prose : bool
        Whole sentences: the column keeps a readable width.
    short : bool
        A few words that must not wrap.
    """

    label: str
    show: Callable[[object], object] = str
    prose: bool = False
    short: bool = False


@drawing.timed
def table(
    frame: pd.DataFrame,
    columns: Mapping[str, Column | str] | None = None,
    *,
    caption: str,
    head: int = 1,
    mark: Callable[[pd.Series], str] | None = None,
) -> Markup:
    """Render a DataFrame as an HTML table.

    Parameters
    ----------
    frame : DataFrame
        A row each.
    columns : mapping of column name to Column or heading, optional
        Which to show, in which order, and how; all as they are if None.
    caption : str
        What the table holds.
    head : int, default 1
        How many first columns head their row.
    mark : callable, optional
        Row to a CSS class: "best", "wrong", "" ...

    Returns
    -------
    Markup
        Everything in it escaped, but what was Markup already.

    Examples
    --------
    >>> import pandas as pd
    >>> html = table(pd.DataFrame({"w": [5.0], "<b>": ["<script>"]}), caption="One row")
    >>> "&lt;script&gt;" in html and "<script>" not in html
    True
    """
    chosen = {
        name: column if isinstance(column, Column) else Column(str(column), _plain)
        for name, column in (columns or {name: str(name) for name in frame.columns}).items()
    }
    numeric = {
        name: pd.api.types.is_numeric_dtype(frame[name])
        and not pd.api.types.is_bool_dtype(frame[name])
        for name in chosen
    }
    heads = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_kind(column, numeric[name]), column.label)
        for name, column in chosen.items()
    )
    rows = []
    for _, row in frame.iterrows():
        cells = [
            Markup('<th scope="row"{0}>{1}</th>' if i < head else "<td{0}>{1}</td>").format(
                _kind(column, numeric[name]), _cell(column.show(row[name]))
            )
            for i, (name, column) in enumerate(chosen.items())
        ]
        kind = mark(row) if mark else ""
        opening = Markup('<tr class="{}">').format(kind) if kind else Markup("<tr>")
        rows.append(opening + Markup("").join(cells) + Markup("</tr>"))
    return Markup(
        '<div class="table" role="region" tabindex="0" aria-label="{caption}">'
        "<table><caption><span>{caption}</span></caption><thead><tr>{heads}</tr></thead>"
        "<tbody>{rows}</tbody></table></div>"
    ).format(caption=caption, heads=heads, rows=Markup("\n").join(rows))


def badge(text: str, kind: str = "") -> Markup:
    """A word in a coloured pill: exact, rounding, wrong, diverged. The word itself is the cue."""
    return Markup('<span class="badge {}">{}</span>').format(kind or text, text)


def _kind(column: Column, numeric: bool) -> Markup:
    if column.prose:
        return Markup(' class="prose"')
    if column.short:
        return Markup(' class="short"')
    return Markup(' class="number"') if numeric else Markup("")


def _plain(value: object) -> object:
    if isinstance(value, str):
        return value
    return number(value)


def _cell(shown: object) -> Markup:
    return Markup("") if shown is None or shown is pd.NA else escape(shown)
