"""Texts in a column that stand for something else: dates, numbers written otherwise, nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta
from typing import Any

import numpy as np

from simopt.ground.patterns import late
from simopt.problems.amounts import CURRENCY
from simopt.problems.units import is_unit

_MON = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
#: A month in letters stands between marks, in any order of the three, or alone with its year.
_MONTH, _MARK = rf"{_MON}[a-z]*\.?", r"(, ?|[ /.-])"
_DAY, _YEAR = r"\d{1,2}(st|nd|rd|th|\.)?", r"'?\d{2,4}"
_FULL = (
    "(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?"
    r"|oct(ober)?|nov(ember)?|dec(ember)?)\.?"
)
DATE = late(
    r"((mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,? )?"
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|\d{4}-\d{2}"
    rf"|{_DAY} ?{_MARK}?{_MONTH}{_MARK}{_YEAR}|{_MONTH}{_MARK}{_DAY}{_MARK}{_YEAR}"
    rf"|\d{{4}}{_MARK}{_MONTH}{_MARK}\d{{1,2}}|\d{{1,2}}{_MON}(\d{{4}}|\d{{2}})"
    rf"|{_FULL}{_MARK}\d{{4}}|\d{{4}}{_MARK}{_FULL}"
    r"|\d{4}\u5e74\d{1,2}\u6708(\d{1,2}\u65e5)?|\d{4}\ub144 ?\d{1,2}\uc6d4( ?\d{1,2}\uc77c)?"
    r"|[KC]W ?\d{1,2}[ /-](?:19|20)\d\d"
    r"|\d{4}-?W\d{2}(-?\d)?|\d{4}[- ]?Q[1-4]|Q[1-4][ /-]\d{4})?"
    r"([T: ]*\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\s*([ap]m)?\s*(Z|UTC|GMT|[-+]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)

#: What says that there is no value, in a column of numbers: among texts it is one of them.
NOTHING = late(
    r"missing|unknown|blank|no data|none|\(?null\)?|n\.?[ad]\.?|n/[adk]|tb[ad]|[?*]|-{1,2}"
    r"|not (?:available|applicable|recorded|measured|reported)"
    r"|unbekannt|keine angabe|k\. ?a\.|inconnu|desconocido"
    r"|#(?:n/a|(?:div/0|value|ref|num|null)!|name\?)",
    re.IGNORECASE,
)

#: What cells of dates and times are, beside pandas' own.
DATES = (date, time, timedelta, np.datetime64, np.timedelta64)

#: Numbers written otherwise, also such as are not read as amounts: fractions, hexadecimal ones.
AMOUNT = late(
    r"\(?[$€£¥]?\s*[-+\u2212]?\s*(?!\d+\.\d{1,2}\.)"
    r"(?:0x[\da-f]+|\d+/\d+|\d[\d.,'\u2019 \xa0\u202f]*(?:[ed][-+]?\d+)?)\)?"
    r"\s*(?P<unit>[%$€£¥]|(?<=\s)[a-z\u00b5\u00b0\u00b2\u00b3/%]{1,8})?",
    re.IGNORECASE,
)

_NUMBER, _MONEY = r"[-+\u2212]?\d[\d.,]*", rf"(?:{CURRENCY})\s*"
#: Numbers with more beside them than a unit: about, an uncertainty, a footnote, millions, hours.
DECORATED = late(
    rf"[~\u2248]\s*(?:{_MONEY})?{_NUMBER}|{_NUMBER}\s*(?:\u00b1|\+/-)\s*{_NUMBER}"
    rf"|[-+\u2212]?\d+\.\d+(?:\(\d+\)|\*+|[kmb])|{_MONEY}{_NUMBER}\s*[kmb]"
    rf"|\d+\s*h\s*\d+\s*m(?:in)?|[=']\"?{_NUMBER}\"?",  # Excel's texts
    re.IGNORECASE,
)

#: Postal codes and the like: shorter ones are hours, days and months.
CODE = late(r"[0-9]{4,}")

#: A number and what stands behind it: 1.5 kg, 64GB.
MEASURED = late(r"[-+\u2212]?\d[\d.,]*\s*(?P<unit>[^\d\s.,]\D{0,15})")

#: Two capital letters that are a unit only on paper: a large prefix before what is never so large.
_PLACE = late(r"[MGTPEZY][ASTCFK]")

#: What is said of such numbers.
ALONE = ", in digits alone"
PLAIN = ", in digits alone: no fraction, no other base than ten"


def are_codes(cells: Sequence[Any]) -> bool:
    """Whether cells are digits that are no numbers: of one width, with zeros in front: "01234"."""
    if not cells or not all(isinstance(cell, str) and CODE.fullmatch(cell) for cell in cells):
        return False
    return len({len(cell) for cell in cells}) == 1 and any(cell[0] == "0" for cell in cells)


def units_of(texts: Iterable[str]) -> list[str]:
    """The units of numbers that are in several; [] where it is not so: houses are 12 A and 3 B.

    Times of the day are 9 am and 5 pm, places 12 PA and 3 MA: nothing is measured in petaamperes.
    """
    found = [MEASURED.fullmatch(text) for text in texts]
    units = dict.fromkeys(match["unit"].strip() for match in found if match)
    several = len(units) > 1 and any(len(unit) > 1 for unit in units)
    several = several and not {unit.lower() for unit in units} <= {"am", "pm"}
    several = several and not all(map(_PLACE.fullmatch, units))
    return list(units) if several and all(found) and all(map(is_unit, units)) else []


def are_amounts(texts: set[str]) -> bool:
    """Whether all texts are numbers written otherwise, and in one unit."""
    found = [AMOUNT.fullmatch(text) for text in texts]
    return all(found) and len({match["unit"] for match in found if match}) == 1
