"""A claim's picture for the page: a small chart or a table, its title, and what to see in it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.document.claims.claim import Picture
from simopt.ground.formatting import number
from simopt.report.claims.drawing import chart

#: Tables of more rows are folded.
OPEN = 12

#: Longer texts in a table are prose: they wrap.
PROSE = 28


def captioned(picture: Picture, name: str) -> Markup:
    """The picture with its title and what to see in it; ``name`` is unique on the page."""
    if picture.table is not None:
        drawn, left_out = folded(table(picture.table, picture.title), len(picture.table)), False
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


def folded(markup: Markup, rows: int) -> Markup:
    """A long table folded away, for those who want it."""
    if rows <= OPEN:
        return markup
    return Markup("<details><summary>{} rows</summary>{}</details>").format(rows, markup)


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


def _longest(column: pd.Series) -> int:
    return max((len(value) for value in column if isinstance(value, str)), default=0)


__all__ = ["captioned", "cell", "folded", "table"]
