"""Names for the columns of a table without a header, from what they hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simopt.curves.logs import cells as numbers
from simopt.curves.logs.rows import LOOKED_AT
from simopt.ground import checks
from simopt.ground.delimited import decimal_mark

#: Columns of a table without names.
MOST_UNNAMED = 20

#: Seconds or milliseconds since 1970, in this century.
_CLOCK = (9.4e8, 4.2e9), (9.4e11, 4.2e12)


def names(rows: Sequence[Sequence[str]], source: str) -> list[str]:
    """Names for a table without a header, from what its columns hold.

    Clocks, counters and columns of one value are none that a loss would be; of those that are left
    the first is the training loss, a second one the validation loss.
    """
    width = len(rows[0])
    if width == 1:
        return ["loss"]
    decimal = decimal_mark([cell for row in rows[:LOOKED_AT] for cell in row])
    full = [row for row in rows if len(row) == width]
    if width == 2 and len(full) < 3:
        return ["step", "loss"]
    if width > MOST_UNNAMED:
        names = []
    else:
        names = [_role([row[k] for row in full], decimal) for k in range(width)]
    if width == 2 and names[0] == "step":
        names[1] = ""  # whatever it holds
    left = [k for k, name in enumerate(names) if not name]
    held = [[row[k] for row in full] for k in left]
    changes = len(held) == 2 and _is_change(held[0], held[1], decimal)
    if len(left) not in (1, 2) or "text" in names or changes:
        many = f"{width} without names in {source}"
        raise checks.refuse("columns", many, "named in a first row; or say which it is")
    for k, name in zip(left, ("loss", "val_loss"), strict=False):
        names[k] = name
    return [f"{name} {k}" if name in names[:k] else name for k, name in enumerate(names)]


def _is_change(cells: Sequence[str], others: Sequence[str], decimal: str) -> bool:
    """Whether numbers are how much those beside them changed, as hmmlearn has both."""
    values, changes = (numbers.column(each, decimal)[0] for each in (cells, others))
    if len(values) < 3 or not np.isfinite([values[1:], np.r_[0.0, changes[2:]]]).all():
        return False
    # Digits that were rounded away are few beside the largest change, however small that is.
    rounded = 1e-8 * float(np.abs(changes[2:]).max())
    return bool(np.allclose(np.diff(values)[1:], changes[2:], rtol=1e-6, atol=rounded))


def _role(cells: Sequence[str], decimal: str) -> str:
    """What a column without a name is, if it is no loss: a clock, a counter; else nothing."""
    try:
        values = numbers.column(cells, decimal)[0]
    except ValueError:
        return "text"
    if any(bool(((values > a) & (values < b)).all()) for a, b in _CLOCK):
        return "timestamp"
    with np.errstate(invalid="ignore"):
        steps = np.diff(values)  # of infinite ones NaN
        if not steps.any():
            return "unchanged" if np.isfinite(values).all() else ""
        whole = bool((values % 1 == 0).all())
    # It may begin again, in another run.
    again = (steps < 0) & (values[1:] == values[0])
    return "step" if whole and bool(((steps >= 0) | (again & (steps > 0).any())).all()) else ""
