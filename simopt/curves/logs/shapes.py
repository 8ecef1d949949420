"""Lines that differ in their numbers alone: what one of them says tells what all of them say."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from simopt.ground.patterns import late

#: What a line says: numbers and words by name; whose line it is, and what that is about.
Said = tuple[dict[str, str], str, str]
Reader = Callable[[str], Said]

#: A number that stands alone: digits within a name, and those that a pattern asks for ("Acc@1",
#: "1.#IND"), are part of what a line says.
_NUMBER = late(r"(?<![\w.@#])((?>\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))(?!#)")
_FRACTION = late(r"\.\d+")
_ZEROS = str.maketrans("123456789", "000000000")

#: Numbers of one line that are told apart, and how many shapes are kept.
MOST_NUMBERS, MOST_SHAPES = 81, 4096


def said(line: str, reader: Reader) -> Said:
    """What ``reader`` finds in a line; it is called once for all lines of a shape.

    The shape is the line with 0 for each digit of its numbers, and one digit for each fraction.

    Parameters
    ----------
    line : str
    reader : callable
        It must see digits as digits: nothing may depend on which they are.

    Returns
    -------
    record : dict of str to str
    program, about : str

    Examples
    --------
    >>> calls = []
    >>> def reader(line):
    ...     calls.append(line)
    ...     return dict([line.split("=")]), "", ""
    >>> said("loss=0.5", reader)[0], said("loss=0.25", reader)[0], calls
    ({'loss': '0.5'}, {'loss': '0.25'}, ['loss=1.1'])
    """
    parts = _NUMBER.split(line)
    numbers = parts[1::2]
    if len(numbers) > MOST_NUMBERS:
        return reader(line)
    shape = _FRACTION.sub(".0", " ".join(numbers).translate(_ZEROS))
    form = _form("\0".join(parts[::2]), shape, reader)
    if form is None:
        return reader(line)
    places, program, about = form
    return (
        {name: text if at < 0 else text + numbers[at] for name, text, at in places},
        program,
        about,
    )


@lru_cache(MOST_SHAPES)
def _form(
    between: str, shape: str, reader: Reader
) -> tuple[list[tuple[str, str, int]], str, str] | None:
    """Of each name, the text and the place of the number that make its value; -1 for no number.

    The reader is shown lines whose numbers have digits that tell them apart, and that stand nowhere
    else in the line. None where a value is no number of the line, but made of some.
    """
    texts, shapes = between.split("\0"), shape.split()
    digits = [digit for digit in "123456789" if digit not in between]
    if len(texts) != len(shapes) + 1 or len(shapes) > len(digits) ** 2:
        return None
    shown = []  # as many lines as are needed to number all numbers
    for place in range(2 if len(shapes) > len(digits) else 1):
        codes = [digits[k // len(digits) ** place % len(digits)] for k in range(len(shapes))]
        marked = zip(shapes, codes, strict=True)
        shown.append([number.replace("0", code) for number, code in marked])
    at = {numbers: k for k, numbers in enumerate(zip(*shown, strict=True))}
    told = [reader(_line(texts, numbers)) for numbers in shown]
    (record, program, about), *others = told
    if any(list(other[0]) != list(record) or other[1:] != (program, about) for other in others):
        return None
    places = []
    for name in record:
        values = tuple(each[0][name] for each in told)
        sign = values[0][0] if values[0][:1] in ("-", "+") else ""
        known = at.get(tuple(value.removeprefix(sign) for value in values), -1)
        made = known < 0 and any(digit in value for value in values for digit in digits)
        if made or any(digit in name for digit in digits):
            return None
        places.append((name, sign if known >= 0 else values[0], known))
    return places, program, about


def _line(texts: list[str], numbers: list[str]) -> str:
    """A line of the texts between its numbers, and of numbers."""
    return texts[0] + "".join(a + b for a, b in zip(numbers, texts[1:], strict=True))
