"""A text that was cut off in its last number, as that of a program which still writes."""

from __future__ import annotations

import re

from simopt.curves.logs.patterns import NUMBER, VALUE

#: Characters at the end of a text that show how its lines are written, and lines that tell it.
LOOKED_AT, FEW_LINES = 20_000, 3


def whole(text: str) -> str:
    """A text without a last line that is cut in its last number.

    It is shorter than those of lines like it, and they go on behind it; or it has fewer decimals
    than they, which are printed with as many each.
    """
    *before, last = text[-LOOKED_AT:].splitlines() or [""]
    if not before or text.endswith(("\n", "\r")) or not re.search(rf"{VALUE}\Z", last):
        return text
    shape, numbers = re.sub(NUMBER, "0", last), re.findall(NUMBER, last)
    alike = [line for line in before if re.sub(NUMBER, "0", line).startswith(shape)]
    places = [re.findall(NUMBER, line)[len(numbers) - 1] for line in alike if numbers]
    if len(places) < FEW_LINES:
        return text
    if all(len(re.sub(NUMBER, "0", line)) > len(shape) for line in alike):
        cut = len(numbers[-1]) < min(map(len, places))
    else:
        decimals = {len(_decimals(place)) for place in places}
        # Numbers that are printed as short as they can be end in no 0, unless it is their only one.
        fixed = len(decimals) == 1 and any(re.search(r"\.\d+0\Z|e", p, re.I) for p in places)
        cut = fixed and len(_decimals(numbers[-1])) < min(decimals)
    return text[: -len(last)] if cut else text


def _decimals(number: str) -> str:
    """What stands behind the point."""
    return number.partition(".")[2]
