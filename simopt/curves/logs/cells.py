"""One cell of a log as a number: the many ways in which loggers write none, NaN and infinity."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground import checks
from simopt.ground.checks import is_masked
from simopt.ground.patterns import late

Floats = NDArray[np.float64]

#: Text of a cell without a value, in small letters.
MISSING = frozenset(
    ("", "-", "--", "---", "\N{EN DASH}", "\N{EM DASH}", "?", "na", "n/a", "#n/a", "<na>", "null",
     "none", "nil", "no log", "not logged", "missing", "nat")
)  # fmt: skip

#: What the C libraries and languages of this world print for NaN and infinity.
_NAN = late(
    r"[-+]?(?:(?:[qs]?nan|nanq)(?:\(.*\)|16|32|\.0)?|1\.#(?:ind|qnan|snan)0*)", re.IGNORECASE
)
_INFINITE = late(r"([-+]?)(?:inf(?:inity|16|32|\.0)?|1\.#inf0*|∞)", re.IGNORECASE)
#: Julia's single precision and Fortran's double: 2.5f0, 1.0D-05.
_EXPONENT = late(r"([-+]?(?:\d+\.\d*|\.\d+))[fFdD]([-+]?\d+)")
#: A power of ten as it is set: 2.5\\times 10^{-3}, 2.5 × 10^-3.
_POWER = late(
    r"([-+]?(?:\d+\.?\d*|\.\d+))\s*(?:\\times|\\cdot|\u00d7|\*)\s*10\s*\^\s*\{?([-+]?\d+)\}?"
)
#: A mean and how far values lie from it: 0.5 ± 0.1.
_UNCERTAIN = late(r"([-+.,\deE]+)\s*(?:\u00b1|\\pm|\+/?-)\s*[.,\deE]+")
_GROUPED = late(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")
#: Thousands that a space or an apostrophe sets apart; and what Excel is to take for text.
_SPACED = late(r"[-+]?[1-9]\d{0,2}(?:[ '\u2019\xa0\u202f]\d{3})+(?:\.\d+)?")
_EXCEL = late(r"='?\"([^\"]*)\"")
_POINTED = late(r"\d{1,3}(?:\.\d{3})*")
_TENSOR = late(r"(?:[\w.]+\()?\[*\s*([-+]?\.?\d[-+.\deE]*|[-+]?nan|[-+]?inf)\s*\]*(?:,.*\))?\)?")

#: A unit, or a type of numbers, as a row of them stands under some headers: [s], <dbl>, Float64.
_UNIT = late(r"[\[(<].{0,12}[\])>]|-+|[a-z%]{0,3}|[a-z]{1,6}\d{1,3}\??", re.IGNORECASE)

#: The largest float64, which stores without an infinity put in its place.
LARGEST = 1.797e308


def number(cell: Any, decimal: str = ".") -> float | None:
    """A cell as a number; None if it holds none, as an empty cell does.

    Parameters
    ----------
    cell : object
        A number, text, a tensor of one element, or None.
    decimal : {".", ","}
        The decimal mark of text.

    Returns
    -------
    float or None

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> number(" 0.5 "), number("N/A"), number("-1.#IND"), number("0,25", decimal=",")
    (0.5, None, nan, 0.25)
    """
    if cell is None:
        return None
    if isinstance(cell, str):
        return _from_text(cell.strip(), decimal)
    if isinstance(cell, (bool, np.bool_)):
        raise ValueError(f"{cell!r} is no number")
    try:
        value = float(checks.without_gradient(cell))
    except OverflowError:
        return math.inf if cell > 0 else -math.inf
    except (TypeError, ValueError, RuntimeError):
        value = _from_array(cell)
    return math.copysign(math.inf, value) if LARGEST <= abs(value) < math.inf else value


def _from_text(text: str, decimal: str) -> float | None:
    if text.lower() in MISSING:
        return None
    if decimal == ",":
        text = text.replace(".", "").replace(",", ".") if "," in text else text
    try:
        value = float(text)
    except ValueError:
        if _NAN.fullmatch(text):
            return math.nan
        if infinite := _INFINITE.fullmatch(text):
            return -math.inf if infinite[1] == "-" else math.inf
        if uncertain := _UNCERTAIN.fullmatch(text):
            return _from_text(uncertain[1], decimal)
        if decimal == "." and _GROUPED.fullmatch(text):
            return _from_text(text.replace(",", ""), ".")
        if _SPACED.fullmatch(text):
            return _from_text(re.sub(r"[^\d.+-]", "", text), ".")
        if (unmarked := _EXCEL.sub(r"\1", text)) != text:
            return _from_text(unmarked, decimal)
        if (unmarked := text.strip("*\u2020\u2021 ")) and unmarked != text:
            return _from_text(unmarked, decimal)  # a mark of the best, or of a footnote
        if text.endswith("%") and (share := _from_text(text[:-1].rstrip(), ".")) is not None:
            return share
        if exponent := _EXPONENT.fullmatch(text) or _POWER.fullmatch(text):
            return _from_text(f"{exponent[1]}e{exponent[2]}", ".")
        wrapped = _TENSOR.fullmatch(text)  # tensor(0.5, device='cuda:0'), np.float64(0.5)
        if wrapped and wrapped[1] != text:  # which an address or a date would be
            return _from_text(wrapped[1], ".")
        raise ValueError(f"{text!r} is no number") from None
    return math.copysign(math.inf, value) if LARGEST <= abs(value) < math.inf else value


def _from_array(cell: Any) -> float:
    """An array's one element."""
    if callable(getattr(cell, "item", None)):
        return float(cell.item())
    values = np.asarray(cell, np.float64)
    if values.size != 1:
        raise ValueError(f"{values.size} numbers in place of one")
    return float(values.reshape(()))


def column(cells: Iterable[Any], decimal: str = ".") -> tuple[Floats, NDArray[np.bool_]]:
    """Cells as numbers, NaN where there is none, and which cells hold a value (NaN is one).

    Raises
    ------
    ValueError
        If a cell is no number: ``(row, cell)``, rows counted from 0.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        values = cells.astype(np.float64)
        return values, np.ones(len(values), bool)
    cells = cells if isinstance(cells, Sequence) else list(cells)
    if (plain := _plain_numbers(cells, decimal)) is not None:
        return plain
    known: dict[str, float | None] = {}
    held: list[float] = []
    there: list[bool] = []
    for row, cell in enumerate(cells):
        try:
            if isinstance(cell, str):
                if cell not in known:
                    known[cell] = number(cell, decimal)
                value = known[cell]
            else:
                value = number(cell, decimal)
        except (ValueError, TypeError):
            raise ValueError(row, cell) from None
        there.append(value is not None)
        held.append(math.nan if value is None else value)
    return np.array(held, np.float64), np.array(there, bool)


#: Of these alone, or of text alone, is what `_plain_numbers` takes.
_NUMBERS = frozenset((int, float, type(None)))


def _plain_numbers(cells: Sequence[Any], decimal: str) -> tuple[Floats, NDArray[np.bool_]] | None:
    """What `column` says of cells that Python itself reads as numbers, all at once; else None."""
    types = set(map(type, cells))
    try:
        if types <= _NUMBERS:
            values = np.array(cells, np.float64)
            there = np.array([cell is not None for cell in cells], bool)
        elif types == {str} and decimal == ".":
            values = np.fromiter(map(float, cells), np.float64, len(cells))
            there = np.ones(len(cells), bool)
        else:
            return None
    except (ValueError, OverflowError):
        return None
    huge = (np.abs(values) >= LARGEST) & np.isfinite(values)
    values[huge] = np.copysign(math.inf, values[huge])
    return values, there


def is_number(cell: Any, decimal: str = ".") -> bool:
    """Whether a cell holds a number, NaN and infinity among them."""
    try:
        return number(cell, decimal) is not None
    except (ValueError, TypeError):
        return False


def share_of_numbers(cells: Sequence[Any], decimal: str = ".") -> float:
    """Of the cells that hold anything, the share that are numbers; 0 where none does."""
    sample = cells if len(cells) <= 400 else [*cells[:200], *cells[-200:]]
    held = good = 0
    for cell in sample:
        try:
            value = number(cell, decimal)
        except (ValueError, TypeError):
            held += 1
            continue
        held += value is not None
        good += value is not None
    return good / held if held else 0.0


def is_grouped(cell: Any) -> bool:
    """Whether a cell is a whole number whose thousands points may set apart: "800", "1.200"."""
    return isinstance(cell, str) and _POINTED.fullmatch(cell.strip()) is not None


def are_units(row: Sequence[str]) -> bool:
    """Whether a row under a header holds units or types: "[s], [-]", "i64 f64", or nothing."""
    return all(_UNIT.fullmatch(cell) and not is_number(cell) for cell in row)


def count(cells: Sequence[Any]) -> int:
    """How many cells hold anything."""
    if is_masked(cells):
        return int(cells.count())
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "fiu":
        return int((cells == cells).sum())
    # Most cells of a log of many kinds of rows are None: they are left out at once.
    return sum(
        cell == cell and not (isinstance(cell, str) and cell.strip().lower() in MISSING)
        for cell in cells
        if cell is not None
    )
