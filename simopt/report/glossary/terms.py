"""The terms, as data."""

from __future__ import annotations

import functools
import tomllib
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Term:
    """A word of the field.

    Attributes
    ----------
    name : str
        As the glossary lists it.
    words : str
        What a page may call it: a regular expression, whatever the case of its first letter.
    means : str
        In a sentence or two.
    see : str
        The file of the page where it matters most.
    """

    name: str
    words: str
    means: str
    see: str

    @property
    def id(self) -> str:
        """Its anchor on the glossary's page."""
        return self.name.replace(" ", "-")


@functools.cache
def terms() -> tuple[Term, ...]:
    """Every term, by name.

    Examples
    --------
    >>> terms()[0].name
    'band'
    """
    text = resources.files(__package__).joinpath("terms.toml").read_text(encoding="utf-8")
    return tuple(Term(**each) for each in tomllib.loads(text)["terms"])
