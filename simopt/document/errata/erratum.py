"""An error of the document: where it is made, what is printed, what is right."""

from __future__ import annotations

from dataclasses import dataclass

#: An error of method compares what can't be compared, be every number right; a wrong reason is an
#: explanation that the numbers contradict.
KINDS = ("arithmetic slip", "premature rounding", "method error", "wrong reason")


@dataclass(frozen=True, kw_only=True)
class Erratum:
    """An error, its reason and its consequence.

    Attributes
    ----------
    place : str
        Part, method, update and quantity of a printed number; else the parts that ``lines``
        belong to.
    line : int
        Where it starts.
    lines : str
        All lines where it is made.
    kind : str
        One of ``KINDS``.
    printed, right : str
        What the document has, and what it should have.
    why : str
        What was done.
    consequence : str
        What it does to the conclusion drawn from it.
    results : int
        How many printed results deviate because of it; none where only the reasoning is wrong.
    """

    place: str = ""
    line: int
    lines: str
    kind: str
    printed: str
    right: str
    why: str
    consequence: str
    results: int = 0
