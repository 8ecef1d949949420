"""Numbers as people write them: in a currency, in per cent, with a unit, with thousands apart."""

from __future__ import annotations

import math
import numbers
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simopt.ground.patterns import late
from simopt.problems.units import CODES, SIGNS, is_unit

Floats = NDArray[np.float64]

CURRENCY = rf"(?:US|A|AU|C|CA|HK|NZ|R|S)?[{SIGNS}]|(?:{CODES})\b|kr\b|Rs\.?(?![a-z])"

_SIGN = "[-+\u2212\u2013]"
#: Thousands are set apart by one mark in a cell, in groups of three; in India, then of two.
_WHOLE = (
    r"(?:\d{1,3}(?P<apart>[.,'\u2019 \xa0\u202f])\d{3}(?:(?P=apart)\d{3})*"
    r"|\d{1,2}(?:,\d\d)+,\d{3}|\d+)"
)
_AMOUNT = late(
    rf"(?P<open>\()?\s*(?P<sign>{_SIGN})?\s*(?P<before>{CURRENCY})?\s*(?P<inner>{_SIGN})?\s*"
    rf"(?P<number>(?:{_WHOLE})?(?:[.,]\d*)?)(?:[ed](?P<exponent>[-+]?\d+))?(?P<last>-)?"
    rf"\s*(?P<behind>[%\u2030]|{CURRENCY}|(?<=\s)[a-z\u00b5\u00b0\u00b2\u00b3/%.]{{1,8}}"
    r"|(?P<attached>(?<=\d)[a-z\u00b5\u00b0\u00b2\u00b3/]{2,8}))?"
    r"\s*(?P<close>\))?",
    re.IGNORECASE,
)

#: What one mark and three digits behind it say: thousands, or decimals.
_EITHER = late(r"[1-9]\d{0,2}[.,]\d{3}")
#: Before a number these signs come with English marks, whose comma groups thousands.
_ENGLISH = frozenset("$£¥₹₩")

#: What is asked where a mark may group thousands or set off decimals.
CLEAR = "must be clear, by numbers in place of texts or decimal= of read_table"


class Amounts(NamedTuple):
    """A column of amounts as numbers, NaN where there is none.

    ``unit`` is what stands beside every number, if anything; ``text`` one cell as it is written,
    and ``value`` the number that it is; ``decimal`` the decimal mark.
    """

    values: Floats
    unit: str
    text: str
    value: float
    decimal: str


class Fault(NamedTuple):
    """Why a column of amounts can't be read: the row, and a sentence on its cell."""

    row: int
    sentence: str


def read(cells: Sequence[Any], decimal: str | None = None) -> Amounts | Fault | None:
    """A column of amounts as numbers; what is wrong with it; or None if it is no such column.

    Parameters
    ----------
    cells : sequence
        Texts, and numbers among them; None or NaN where there is nothing.
    decimal : {".", ","}, optional
        The decimal mark, where the table it is from says so.

    Returns
    -------
    Amounts, Fault or None

    Notes
    -----
    Which of two marks sets off decimals all cells say together: one that stands twice in a cell, or
    before the other, groups thousands; one before other than three digits does not. Three digits
    behind the only mark may be either; whole numbers below 1,000 in the column tell that it groups,
    larger ones that it doesn't, and a point without a currency is a decimal point.

    Examples
    --------
    >>> read(["$1,234.50", "-$3.00", None, "($7.25)"]).values.tolist()
    [1234.5, -3.0, nan, -7.25]
    >>> read(["12 %", "7,5 %"])[:2]
    (array([12. ,  7.5]), '%')
    >>> read(["1.5kg", "12kg"])[:2], read(["1st", "2nd"])
    ((array([ 1.5, 12. ]), 'kg'), None)
    >>> read(["1 week", "12 weeks"])[:2]
    (array([ 1., 12.]), 'weeks')
    >>> print(read(["1,234 €", "2,345 €"]).sentence)
    may be 1234 or 1.234: must be clear, by numbers in place of texts or decimal= of read_table
    """
    parts: dict[int, re.Match[str]] = {}
    plain: dict[int, float] = {}
    for row, cell in enumerate(cells):
        if isinstance(cell, (numbers.Real, Decimal)) and not isinstance(cell, (bool, np.bool_)):
            if not math.isnan(cell):
                plain[row] = float(cell)
        elif isinstance(cell, str):
            match = _AMOUNT.fullmatch(cell.strip())
            if match is None or not any(map(str.isdigit, match["number"])):
                return None
            parts[row] = match
        elif (
            cell is not None and str(cell) != "<NA>"
        ):  # pandas' NA, which is neither True nor False
            return None
    if not parts:
        return None
    beside = {row: _unit(match) for row, match in parts.items()}
    # Of one thing and several: 1 week, 2 weeks.
    several = {unit for unit in beside.values() if len(unit) > 2 and unit[-1] == "s"}
    one = {unit[:-1]: unit for unit in several if is_unit(unit)}
    units = {row: one.get(unit, unit) for row, unit in beside.items()} | dict.fromkeys(plain, "")
    times = Counter(unit.casefold() for unit in units.values())
    usual = max(units.values(), key=lambda unit: (times[unit.casefold()], unit != ""))
    attached = any(match["attached"] for match in parts.values())
    if attached and not (set(units.values()) == {usual} and is_unit(usual)):
        return None  # "12th", "64GB" beside "1TB"
    marked = re.compile(rf"[%\u2030]|{CURRENCY}|", re.IGNORECASE)
    if len(times) > 1 and not all(map(marked.fullmatch, times)):
        return None  # "12 a", "12 b": names of houses, say
    for row, unit in sorted(units.items()):
        if unit.casefold() != usual.casefold():
            return Fault(row, f"must be in {usual or 'no unit'}, as other cells of the column are")
        if row in parts and _contradicts(parts[row]):
            return Fault(row, "must have one sign and one unit")
    bracketed = [match["open"] is not None for match in parts.values()]
    money = re.fullmatch(CURRENCY, usual, re.IGNORECASE) is not None
    if all(bracketed) and not money and not plain:
        return Fault(min(parts), "may be below 0, or not: must be without brackets")
    decimals = _decimal([match["number"] for match in parts.values()], decimal, parts, money)
    if decimals is None:
        row = next(row for row, match in parts.items() if _EITHER.fullmatch(match["number"]))
        digits = re.sub(r"[.,]", "", parts[row]["number"])
        return Fault(
            row,
            f"may be {digits} or {digits[:-3]}.{digits[-3:]}: {CLEAR}",
        )
    values = np.full(len(cells), math.nan)
    values[list(plain)] = list(plain.values())
    for row, match in parts.items():
        number = _number(match, decimals)
        if number is None:
            return Fault(row, "must group thousands and set off decimals as the other cells do")
        values[row] = number
    marks = {row: len(re.sub(r"\d", "", match["number"])) for row, match in parts.items()}
    shown = max(marks, key=lambda row: marks[row])  # the first that tells most
    return Amounts(values, usual, parts[shown][0], float(values[shown]), decimals)


def may_group(cells: Iterable[Any]) -> str | None:
    """A number of a column whose points seem to group thousands: "1.500" beside "900".

    As decimals such numbers would be written in two ways: three places behind every point, zeros
    among them, and none behind whole numbers.

    Examples
    --------
    >>> may_group(["800", "900", "1.000", "1.100"])
    '1.000'
    >>> may_group(["1.125", "2.5", "3"]), may_group(["1.125", "2.375", "3"])
    (None, None)
    """
    texts = [cell for cell in cells if isinstance(cell, str) and cell]
    marked = [text for text in texts if "." in text]
    whole = [text for text in texts if text.isdecimal() and 0 < int(text) < 1000]
    if not marked or not whole or len(marked) + len(whole) < len([t for t in texts if t != "0"]):
        return None
    grouped = all(re.fullmatch(r"[1-9]\d{0,2}(?:\.\d{3})+", text) for text in marked)
    return next((t for t in marked if t.endswith("0")), None) if grouped else None


def _unit(match: re.Match[str]) -> str:
    """What stands beside a number, before or behind it."""
    return (match["before"] or match["behind"] or "").strip()


def _contradicts(match: re.Match[str]) -> bool:
    """Whether a cell has two signs, two units, or half a pair of brackets."""
    signs = sum(match[name] is not None for name in ("sign", "inner", "last", "open"))
    halves = (match["open"] is None) != (match["close"] is None)
    return signs > 1 or halves or (match["before"] is not None and match["behind"] is not None)


def _decimal(
    texts: Sequence[str], given: str | None, parts: Mapping[int, re.Match[str]], money: bool
) -> str | None:
    """The decimal mark of a column; None where its cells leave it open."""
    found = set(filter(None, map(_shown, texts)))
    if given is not None or len(found) == 1:
        return given or found.pop()
    either = [number for number in texts if _EITHER.fullmatch(number)]
    if found or not either:
        return "."  # cells that contradict each other are found when they are read
    mark = next(character for character in either[0] if character in ".,")
    other = "," if mark == "." else "."
    if mark == "." and not money:
        return "."
    bare = [int(number) for number in texts if number.isdigit()]
    if bare:
        return mark if max(bare) >= 1000 else other
    english = all(match["before"] and match["before"][-1] in _ENGLISH for match in parts.values())
    return "." if mark == "," and english else None


def _shown(number: str) -> str:
    """The decimal mark that one number shows; empty if none."""
    marks = [character for character in number if character in ".,"]
    if not marks or _EITHER.fullmatch(number):
        return ""
    if len(set(marks)) == 2:
        return marks[-1]
    if len(marks) > 1:
        return "," if marks[0] == "." else "."
    return marks[0]


def _number(match: re.Match[str], decimal: str) -> float | None:
    """One amount; None if its marks are not those of the column."""
    whole, _, decimals = match["number"].partition(decimal)
    groups = re.split(r"[.,'\u2019 \xa0\u202f]", whole)
    apart = {len(group) for group in groups[1:-1]} | {len(groups[-1])}
    if (len(groups) > 1 and not (apart in ({3}, {2, 3}) and len(groups[0]) <= 3)) or (
        decimals and not decimals.isdigit()
    ):
        return None
    exponent = match["exponent"] or "0"
    value = float(f"{''.join(groups) or '0'}.{decimals or '0'}e{exponent}")
    signs = (match["sign"], match["inner"], match["last"])
    below = match["open"] is not None or any(sign and sign != "+" for sign in signs)
    return -value if below else value


def said(amounts: Mapping[str, Amounts], names: Iterable[str]) -> str:
    """How columns of amounts were read, in words; empty if there are none among the names.

    Examples
    --------
    >>> said({"price": read(["$1,234.50", "$3.00"]), "share": read(["12 %", "7 %"])}, ["price"])
    "'price' in $ ('$1,234.50' as 1234.5)"
    """
    parts = []
    for name in names:
        if name in amounts:
            each = amounts[name]
            unit = f" in {each.unit}" if each.unit else ""
            parts.append(f"{name!r}{unit} ({each.text!r} as {each.value:.12g})")
    return ", ".join(parts)


#: Python that reads one cell as `read` does, for programs that do without this package.
PROGRAM = (
    "import re",
    "def amount(cell, mark):  # numbers with a unit, thousands apart, brackets for below 0",
    "    if not isinstance(cell, str):",
    "        return np.nan if pd.isna(cell) else float(cell)",
    r"    number = re.search(r'(?<![a-z])[.,]?\d[\d.,\'\u2019\s]*([ed][-+]?\d+)?', cell.lower())",
    "    rest = cell.lower().replace(number[0], '', 1)",
    r"    digits = re.sub(rf'[^-+\de{mark}]', '', number[0].replace('d', 'e'))",
    "    value = float(digits.replace(mark, '.'))",
    r"    return -value if re.search(r'[-(\u2212\u2013]', rest) else value",
)


def line(name: str, decimal: str) -> str:
    """Python that makes a DataFrame's column of amounts one of numbers, by `PROGRAM`."""
    return f"table[{name!r}] = [amount(cell, {decimal!r}) for cell in table[{name!r}]]"
