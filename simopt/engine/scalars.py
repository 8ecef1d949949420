"""A rule's and a loss's scalars as tuples: read from rows and written to them, by their number.

Each length is a function of its own: compiled code has no loop over the elements of a tuple.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def read_0(rows, first, step, lane):
    """The values of no row in one lane."""
    return ()


def read_1(rows, first, step, lane):
    """The values of one row in one lane."""
    return (rows[first, lane],)


def read_2(rows, first, step, lane):
    """The values of two rows in one lane."""
    return (rows[first, lane], rows[first + step, lane])


def read_3(rows, first, step, lane):
    """The values of three rows in one lane."""
    return (rows[first, lane], rows[first + step, lane], rows[first + step + step, lane])


def read_4(rows, first, step, lane):
    """The values of four rows in one lane."""
    return (
        rows[first, lane],
        rows[first + step, lane],
        rows[first + step + step, lane],
        rows[first + step + step + step, lane],
    )


def read_5(rows, first, step, lane):
    """The values of five rows in one lane."""
    return (*read_4(rows, first, step, lane), rows[first + 4 * step, lane])


def read_6(rows, first, step, lane):
    """The values of six rows in one lane."""
    return read_4(rows, first, step, lane) + read_2(rows, first + 4 * step, step, lane)


def read_7(rows, first, step, lane):
    """The values of seven rows in one lane."""
    return read_4(rows, first, step, lane) + read_3(rows, first + 4 * step, step, lane)


def read_8(rows, first, step, lane):
    """The values of eight rows in one lane."""
    return read_4(rows, first, step, lane) + read_4(rows, first + 4 * step, step, lane)


def read_9(rows, first, step, lane):
    """The values of nine rows in one lane."""
    return read_4(rows, first, step, lane) + read_5(rows, first + 4 * step, step, lane)


#: By how many values a rule has: read that many rows as a tuple of scalars.
READ = (read_0, read_1, read_2, read_3, read_4, read_5, read_6, read_7, read_8, read_9)


def write_0(rows, first, step, lane, values):
    """Set no row in one lane."""


def write_1(rows, first, step, lane, values):
    """Set one row in one lane."""
    rows[first, lane] = values[0]


def write_2(rows, first, step, lane, values):
    """Set two rows in one lane."""
    rows[first, lane] = values[0]
    rows[first + step, lane] = values[1]


def write_3(rows, first, step, lane, values):
    """Set three rows in one lane."""
    write_2(rows, first, step, lane, values)
    rows[first + step + step, lane] = values[2]


def write_4(rows, first, step, lane, values):
    """Set four rows in one lane."""
    write_3(rows, first, step, lane, values)
    rows[first + step + step + step, lane] = values[3]


def write_5(rows, first, step, lane, values):
    """Set five rows in one lane."""
    write_4(rows, first, step, lane, values)
    rows[first + 4 * step, lane] = values[4]


def write_6(rows, first, step, lane, values):
    """Set six rows in one lane."""
    write_5(rows, first, step, lane, values)
    rows[first + 5 * step, lane] = values[5]


def write_7(rows, first, step, lane, values):
    """Set seven rows in one lane."""
    write_6(rows, first, step, lane, values)
    rows[first + 6 * step, lane] = values[6]


def write_8(rows, first, step, lane, values):
    """Set eight rows in one lane."""
    write_7(rows, first, step, lane, values)
    rows[first + 7 * step, lane] = values[7]


def write_9(rows, first, step, lane, values):
    """Set nine rows in one lane."""
    write_8(rows, first, step, lane, values)
    rows[first + 8 * step, lane] = values[8]


#: By how many values: write a tuple of scalars to that many rows.
WRITE = (
    write_0, write_1, write_2, write_3, write_4, write_5, write_6, write_7, write_8, write_9,
)  # fmt: skip


def columns_0(x, i):
    """A point without columns."""
    return ()


def columns_1(x, i):
    """A point's one column."""
    return (x[i, 0],)


def columns_2(x, i):
    """A point's two columns."""
    return (x[i, 0], x[i, 1])


def columns_3(x, i):
    """A point's three columns."""
    return (x[i, 0], x[i, 1], x[i, 2])


def columns_4(x, i):
    """A point's four columns."""
    return (x[i, 0], x[i, 1], x[i, 2], x[i, 3])


def columns_5(x, i):
    """A point's five columns."""
    return (*columns_4(x, i), x[i, 4])


def columns_6(x, i):
    """A point's six columns."""
    return (*columns_4(x, i), x[i, 4], x[i, 5])


def columns_7(x, i):
    """A point's seven columns."""
    return (*columns_4(x, i), x[i, 4], x[i, 5], x[i, 6])


def columns_8(x, i):
    """A point's eight columns."""
    return (*columns_4(x, i), x[i, 4], x[i, 5], x[i, 6], x[i, 7])


#: By how many columns a point has: read them as a tuple of scalars.
COLUMNS = (
    columns_0,
    columns_1,
    columns_2,
    columns_3,
    columns_4,
    columns_5,
    columns_6,
    columns_7,
    columns_8,
)


def add_1(rows, first, lane, values):
    """Add to one row in one lane."""
    rows[first, lane] += values[0]


def add_2(rows, first, lane, values):
    """Add to two rows in one lane."""
    add_1(rows, first, lane, values)
    rows[first + 1, lane] += values[1]


def add_3(rows, first, lane, values):
    """Add to three rows in one lane."""
    add_2(rows, first, lane, values)
    rows[first + 2, lane] += values[2]


def add_4(rows, first, lane, values):
    """Add to four rows in one lane."""
    add_3(rows, first, lane, values)
    rows[first + 3, lane] += values[3]


def add_5(rows, first, lane, values):
    """Add to five rows in one lane."""
    add_4(rows, first, lane, values)
    rows[first + 4, lane] += values[4]


def add_6(rows, first, lane, values):
    """Add to six rows in one lane."""
    add_5(rows, first, lane, values)
    rows[first + 5, lane] += values[5]


def add_7(rows, first, lane, values):
    """Add to seven rows in one lane."""
    add_6(rows, first, lane, values)
    rows[first + 6, lane] += values[6]


def add_8(rows, first, lane, values):
    """Add to eight rows in one lane."""
    add_7(rows, first, lane, values)
    rows[first + 7, lane] += values[7]


#: By how many values, from 1: add a tuple of scalars to that many rows.
ADD = (add_1, add_2, add_3, add_4, add_5, add_6, add_7, add_8)


def weight_alone(stepped):
    """The new weight of a rule without state."""
    return stepped


def weight_first(stepped):
    """The new weight of a rule with state."""
    return stepped[0]


def state_none(stepped):
    """The new state of a rule without."""
    return ()


def state_rest(stepped):
    """The new state of a rule with state."""
    return stepped[1:]


NUMERIC: tuple[Callable[..., Any], ...] = (
    *READ,
    *WRITE,
    *COLUMNS,
    *ADD,
    weight_alone,
    weight_first,
    state_none,
    state_rest,
)
