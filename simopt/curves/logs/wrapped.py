"""Lines that a terminal broke at its right edge, as a copy from it has them: put together again."""

from __future__ import annotations

import itertools
import re

from simopt.curves.logs.names import parse
from simopt.ground.patterns import late

#: How wide terminals are; and how many broken lines show that a text was broken.
NARROWEST, WIDEST, FEW = 40, 400, 3

#: How much of a line tells whether another begins like it, and how many are broken of those that
#: are as wide as the terminal.
HEAD, MOST = 4, 0.9

#: Lines of a text that are looked at before all of it is.
LOOKED_AT = 400

_DIGITS = late(r"\d+")
#: What Rich writes at the right edge of a message, and those of its lines that stand below.
_BESIDE = late(
    r"(?<! ) ++[\w<>.-]+\.py:\d+[ ]*\r?"
    r"(?P<rest>(?:\n[ ]{12,}(?!(?:DEBUG|INFO|WARN|ERROR|CRIT))\S[^\n]*)+)"
)
#: A bar of Rich, and below it the lines of its last column, which is narrow where none is shown.
_BELOW_BAR = late(r"(?<=\u2501)(?P<bar>[^\n\u2501]*)(?P<rest>(?:\n[ ]{12,}\S[^\n]*)+)")
#: A dict that is printed with a line for each of its names, as pprint does.
_DICT = late(r"\{['\"][^{}\n]{1,200}(?:,\r?\n[ ]+['\"][^{}\n]{1,200}){1,60}\}")
#: Decimals of a number, but at a line's end; and digits and all that pads a line.
_DECIMALS = late(r"\d\.(\d+)(?=[^\d.])")
_PADDING = late(r"[\d\s]+|(?<=(\W))\1+")
#: A number that is cut, before its decimals or in them; a name, and the number that it is for.
_NUMBER = late(r"(?<![\w.])\d+(?:\.(?P<first>\d*))?$")
_GOES_ON = late(r"(?P<point>\.?)(?P<places>\d+)(?:e[-+]?\d+)?(?![\w.:/-])", re.IGNORECASE)
_NAME_END = late(r"(?P<name>[A-Za-z_]\w*)['\"]?(?P<mark>[:=]?) ?$")
_VALUE_BEGIN = late(r"[:=]? ?[-+]?\d+\.?\d*(?:e[-+]?\d+)?(?![\w:/-])", re.IGNORECASE)
#: A name that is cut, and what a line goes on with.
_END, _BEGIN = late(r"[A-Za-z_]+$"), late(r"[A-Za-z_]+")


def joined(text: str) -> str:
    """A text with its broken lines whole, and a printed dict on one line."""
    text = _unbroken(text)
    if ",\n" not in text:
        return text
    return _DICT.sub(lambda printed: re.sub(r",\r?\n[ ]+", ", ", printed[0]), text)


def _unbroken(text: str) -> str:
    r"""A text with its broken lines whole; the text itself where lines end where they should.

    The widest lines are broken where they are equally wide whatever they say, or are cut within a
    number or a name, and where what stands below them begins as no other line does. Rich breaks
    messages between words, beside the file that they come from, or behind a bar.

    Examples
    --------
    >>> broken = [f"step {k}: at a rate of 0.25 the loss is 0.{k}\n5 now\n" for k in (1, 2, 3)]
    >>> _unbroken("".join(broken)).splitlines()[0]
    'step 1: at a rate of 0.25 the loss is 0.15 now'
    """
    if ".py:" in text:
        text = _BESIDE.sub(lambda beside: " " + " ".join(beside["rest"].split()), text)
    if "\u2501" in text:
        text = _BELOW_BAR.sub(
            lambda bar: f"{bar['bar'].rstrip()} {' '.join(bar['rest'].split())}", text
        )
    width = 0 if "\r" in text else _edge(text[: LOOKED_AT * WIDEST].split("\n")[:LOOKED_AT])
    if not width:
        return text
    lines = text.split("\n")
    heads = _heads(lines, width)
    whole = lines[:1]
    for before, line in itertools.pairwise(lines):
        if _full(before, width) and line and _head(line) not in heads:
            # A space at the edge is not copied.
            space = len(before) < width or (before[-1].isalpha() and line[0].isdigit())
            whole[-1] += " " + line if space else line
        else:
            whole.append(line)
    return "\n".join(whole)


def _edge(lines: list[str]) -> int:
    """The width at which lines are broken; 0 if they are not."""
    width = max(map(len, lines), default=0)
    if not NARROWEST <= width <= WIDEST:
        return 0
    heads = _heads(lines, width)
    full = [(a, b) for a, b in itertools.pairwise(lines) if b and _full(a, width)]
    broken = [(a, b) for a, b in full if _head(b) not in heads]
    begun = sum(_head(a) in heads for a, _ in full)
    if begun < FEW or sum(_head(a) in heads for a, _ in broken) < MOST * begun:
        return 0
    places = max((len(number) for line in lines for number in _DECIMALS.findall(line)), default=0)
    cut = sum(_cut(line, rest, places) for line, rest in broken)
    if 2 * cut > begun:
        return width
    # What is as wide as the terminal, whatever it says, and not for want of padding.
    alike = [line for line in lines if _head(line) in {_head(a) for a, _ in broken} & heads]
    shapes = {len(_PADDING.sub("", line)) for line in alike if len(line) == width}
    return width if cut and len(shapes) > 1 and begun > MOST * len(alike) else 0


def _full(line: str, width: int) -> bool:
    return width - 1 <= len(line) <= width


def _head(line: str) -> str:
    """How a line begins, whatever its numbers."""
    return _DIGITS.sub("0", line[: 4 * HEAD])[:HEAD]


def _heads(lines: list[str], width: int) -> set[str]:
    """How the lines begin that no line as wide as the terminal stands above."""
    pairs = zip(["", *lines], lines, strict=False)
    return {_head(line) for before, line in pairs if not _full(before, width)}


def _cut(line: str, rest: str, places: int) -> bool:
    """Whether a line ends within a number, a name or a dict, or between a name and its number.

    Both halves make one that fits: a number of at most ``places`` decimals, no date or count.
    """
    if line.count("{") > line.count("}") and "{" not in rest:
        return True
    if (number := _NUMBER.search(line)) and (more := _GOES_ON.match(rest)):
        first = number["first"]
        fits = len(first or "") + len(more["places"]) <= places
        return fits and (first is None) == bool(more["point"])
    if (named := _NAME_END.search(line)) and _VALUE_BEGIN.match(rest):
        return bool(named["mark"]) or rest[0] in ":=" or parse(named["name"]).kind != ""
    end, begin = _END.search(line), _BEGIN.match(rest)
    if end is None or begin is None:
        return False
    kind = parse(end[0] + begin[0]).kind
    if kind == "" or parse(end[0]).kind not in ("", kind):
        return False
    # "state" above "val_loss" are two names, "st" above "ate_loss" and "e" above "val_loss" one.
    both = (end[0].rpartition("_")[2] + begin[0].partition("_")[0]).lower()
    return _is_known(both) or not _is_known(begin[0])


def _is_known(word: str) -> bool:
    return parse(word).kind != "" or parse(word).part != ""
