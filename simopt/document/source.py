"""The document in our words: its title, its sections and what they set up, and their parts.

A number or a statement is named by its part ("walk, point 2, RMSprop") first, by its line second.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources

from simopt.ground.formatting import listing


@dataclass(frozen=True)
class Part:
    """A part of the document under one heading.

    Attributes
    ----------
    name : str
        What it is about, after its section.
    section : str
        The section that it belongs to.
    first, last : int
        Its lines.
    """

    name: str
    section: str
    first: int
    last: int


@dataclass(frozen=True)
class Section:
    """A section of the document.

    Attributes
    ----------
    name : str
    folder : str
        Of its claims, in ``claims/``.
    setup : str
        What it sets up, in our words.
    parts : tuple of Part
    """

    name: str
    folder: str
    setup: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Source:
    """The document: what it is, and its sections in order."""

    title: str
    about: str
    lines: int
    sections: tuple[Section, ...]

    @property
    def sentence(self) -> str:
        """What the document is, in one sentence."""
        return f"The document is “{self.title}”: {self.about}."


@cache
def source() -> Source:
    """The document, as source.toml has it."""
    text = resources.files(__package__).joinpath("source.toml").read_text(encoding="utf-8")
    given = tomllib.loads(text)
    starts = sorted(first for each in given["section"] for first, _ in each["parts"])
    last = dict(zip(starts, [start - 1 for start in starts[1:]] + [given["lines"]], strict=True))
    sections = tuple(
        Section(
            each["name"],
            each["folder"],
            each["setup"],
            tuple(Part(name, each["name"], first, last[first]) for first, name in each["parts"]),
        )
        for each in given["section"]
    )
    return Source(given["title"], given["about"], given["lines"], sections)


@cache
def _by_line() -> tuple[Part, ...]:
    parts = (part for section in source().sections for part in section.parts)
    return tuple(sorted(parts, key=lambda part: part.first))


def part(line: int) -> Part:
    """The part that a line belongs to.

    Examples
    --------
    >>> part(424).name, part(424).section
    ('walk, point 2, RMSprop', 'The walk over four points')
    """
    return _by_line()[bisect_right(_by_line(), line, key=lambda each: each.first) - 1]


def parts(lines: str) -> str:
    """The parts that lines belong to, each once.

    Examples
    --------
    >>> parts("13-14, 692, 698")
    'setup; key insights'
    """
    firsts = (int(each) for each in re.findall(r"(\d+)(?:-\d+)?", lines))
    return "; ".join(dict.fromkeys(part(first).name for first in firsts))


def line_numbers(lines: str) -> str:
    """Line numbers for a sentence.

    Examples
    --------
    >>> line_numbers("13-14, 692"), line_numbers("74")
    ('lines 13–14, 692', 'line 74')
    """
    several = "-" in lines or "," in lines
    return f"line{'s' if several else ''} {lines.replace('-', '–')}"


def cited(places: Iterable[tuple[str, int]]) -> str:
    """Places by name and line, those of one name together.

    Examples
    --------
    >>> cited([("walk, point 2, RMSprop", 424), ("scoreboard", 680), ("scoreboard", 682)])
    'walk, point 2, RMSprop (line 424) and scoreboard (lines 680, 682)'
    """
    lines: dict[str, set[int]] = {}
    for name, line in sorted(places, key=lambda each: each[1]):
        lines.setdefault(name, set()).add(line)
    return listing(
        f"{name} ({line_numbers(', '.join(map(str, sorted(each))))})"
        for name, each in lines.items()
    )
