"""What a notebook shows of an object: a title and a few rows, every text of the user's escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from simopt.ground.formatting import number, symbol

#: Values of an axis that are listed.
LISTED = 5


def card(title: str, rows: Mapping[str, object], *more: str) -> str:
    """A title, a table of names and values, and further HTML.

    Parameters
    ----------
    title : str
        Plain text.
    rows : mapping of str to object
        Name to value, both shown as text.
    *more : str
        HTML that is escaped already.

    Returns
    -------
    str

    Examples
    --------
    >>> card("<b>", {"n": 4})
    '<p><strong>&lt;b&gt;</strong></p><table><tbody><tr><th>n</th><td>4</td></tr></tbody></table>'
    """
    cells = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>"
        for name, value in rows.items()
    )
    table = f"<table><tbody>{cells}</tbody></table>" if cells else ""
    return f"<p><strong>{escape(title)}</strong></p>{table}{''.join(more)}"


def axis(value: object) -> str:
    """A hyperparameter as text: a number, a few, or how many from where to where.

    Examples
    --------
    >>> axis(0.1), axis((0.1, 0.2)), axis(tuple(range(10)))
    ('0.1', '0.1, 0.2', '10 values from 0 to 9')
    """
    if not isinstance(value, tuple):
        return number(value)
    if len(value) <= LISTED:
        return ", ".join(map(number, value))
    return f"{len(value)} values from {number(min(value))} to {number(max(value))}"


def settings(values: Iterable[tuple[str, object]]) -> dict[str, str]:
    """Hyperparameters and switches under the field's signs."""
    return {
        symbol(name): value
        if isinstance(value, str)
        else str(value)
        if isinstance(value, bool)
        else axis(value)
        for name, value in values
    }
