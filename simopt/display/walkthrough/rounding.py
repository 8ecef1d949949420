"""Numbers as displayed, alone and in formulas, and whether rounding was necessary."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from numpy.typing import ArrayLike

from simopt.ground import checks
from simopt.ground.formatting import plain

#: Vectors longer than this show their first two numbers and their last.
WHOLE_VECTOR = 4


@dataclass(frozen=True)
class Shown:
    """A number or vector as displayed, and whether it was rounded."""

    text: str
    rounded: bool

    @property
    def relation(self) -> str:
        """The sign before it: ``=`` if exact, ``≈`` if rounded."""
        return "≈" if self.rounded else "="


def number(value: float) -> Shown:
    """Display a number to five significant digits, or to the unit if that is more.

    It counts as rounded if more than a part in a billion is lost: arithmetic noise does not show,
    nor does an epsilon of 1e-8 beside a gradient of ordinary size.

    Parameters
    ----------
    value : float
        Any number, inf and nan included.

    Returns
    -------
    Shown

    Examples
    --------
    >>> from simopt.walkthrough import number
    >>> number(0.1 + 0.2)
    Shown(text='0.3', rounded=False)
    >>> number(1 / 3)
    Shown(text='0.33333', rounded=True)
    """
    value = checks.real("value", value) or 0.0  # no -0
    text = plain(value)
    return Shown(text, math.isfinite(value) and abs(float(text) - value) > 1e-9 * abs(value))


def vector(values: ArrayLike) -> Shown:
    """Display a vector: several numbers in brackets, long ones abbreviated.

    Parameters
    ----------
    values : array_like [d]
        A single number is displayed without brackets.

    Returns
    -------
    Shown

    Examples
    --------
    >>> from simopt.walkthrough import vector
    >>> vector([1.0, 2.5]).text
    '[1, 2.5]'
    """
    each = [number(value) for value in checks.array("values", values).ravel().tolist()]
    if not each:
        raise checks.refuse("values", values, "at least one number")
    if len(each) == 1:
        return each[0]
    if len(each) <= WHOLE_VECTOR:
        inside = ", ".join(one.text for one in each)
        return Shown(f"[{inside}]", any(one.rounded for one in each))
    ends = f"[{each[0].text}, {each[1].text}, …, {each[-1].text}]"
    return Shown(ends, any(one.rounded for one in each))


def fill(template: str, values: Mapping[str, Shown]) -> tuple[str, bool]:
    """Substitute numbers into a formula, negative ones in brackets."""
    rounded = False

    def put(match: re.Match[str]) -> str:
        nonlocal rounded
        shown = values[match[1]]
        rounded |= shown.rounded
        opens = template[: match.start()].endswith(("(", "|")) or match.start() == 0
        raised = template[match.end() :].startswith(("²", "^"))
        return (
            f"({shown.text})"
            if shown.text.startswith("-") and (raised or not opens)
            else (shown.text)
        )

    return re.sub(r"\{(\w+)\}", put, template), rounded
