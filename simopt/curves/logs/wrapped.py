"""Lines that a terminal broke at its right edge, as a copy from it has them: put together again."""

from __future__ import annotations

import itertools
import re

from simopt.curves.logs.names import parse

#: How wide terminals are; and how many broken lines show that a text was broken.
NARROWEST, WIDEST, FEW = 40, 400, 3

#: How much of a line tells whether another begins like it, and how many are broken of those that
#: are as wide as the terminal.
HEAD, MOST = 4, 0.9

#: Lines of a text that are looked at before all of it is.
LOOKED_AT = 400

_DIGITS = re.compile(r"\d+")
#: What Rich writes at the right edge of a message, and those of its lines that stand below.
_BESIDE = re.compile(
    r"(?<! ) ++[\w<>.-]+\.py:\d+[ ]*\r?"
    r"(?P<rest>(?:\n[ ]{12,}(?!(?:DEBUG|INFO|WARN|ERROR|CRIT))\S[^\n]*)+)"
)
#: A name that is cut, and what a line goes on with.
_END, _BEGIN = re.compile(r"[A-Za-z_]+$"), re.compile(r"[A-Za-z_]+")


def joined(text: str) -> str:
    r"""A text with its broken lines whole; the text itself where lines end where they should.

    The widest lines are broken where they are equally wide whatever they say, or are cut within a
    number or a name, and where what stands below them begins as no other line does. Rich breaks
    messages between words, beside the file that they come from.

    Examples
    --------
    >>> broken = [f"step {k} of this training: the loss is 0.{k}\n5 now\n" for k in (1, 2, 3)]
    >>> joined("".join(broken)).splitlines()[0]
    'step 1 of this training: the loss is 0.15 now'
    """
    if ".py:" in text:
        text = _BESIDE.sub(lambda beside: " " + " ".join(beside["rest"].split()), text)
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
    if 2 * sum(_cut(line, rest) for line, rest in broken) > begun:
        return width
    # What is as wide as the terminal, however many digits it has, and not for want of padding.
    alike = [line for line in lines if _head(line) in {_head(a) for a, _ in broken} & heads]
    shapes = {len(_DIGITS.sub("0", line)) for line in alike if len(line) == width}
    padded = any("  " in line for line in alike)
    return width if len(shapes) > 1 and begun > MOST * len(alike) and not padded else 0


def _full(line: str, width: int) -> bool:
    return width - 1 <= len(line) <= width


def _head(line: str) -> str:
    """How a line begins, whatever its numbers."""
    return _DIGITS.sub("0", line[: 4 * HEAD])[:HEAD]


def _heads(lines: list[str], width: int) -> set[str]:
    """How the lines begin that no line as wide as the terminal stands above."""
    pairs = zip(["", *lines], lines, strict=False)
    return {_head(line) for before, line in pairs if not _full(before, width)}


def _cut(line: str, rest: str) -> bool:
    """Whether a line ends within a number or a name, or between a name and its number."""
    if re.search(r"[\d.]$", line) and re.match(r"[\d.]", rest):
        return True
    if re.search(r"[A-Za-z_][:=]? ?$", line) and re.match(r"[:=]? ?[-+]?\d", rest):
        return True
    end, begin = _END.search(line), _BEGIN.match(rest)
    if end is None or begin is None:
        return False
    kind = parse(end[0] + begin[0]).kind
    return kind != "" and parse(end[0]).kind in ("", kind)
