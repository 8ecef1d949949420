"""What an error of the document is, as data."""

from __future__ import annotations

from dataclasses import dataclass

#: An error of method compares what can't be compared, be every number right; a wrong reason is an
#: explanation that the numbers contradict.
KINDS = ("arithmetic slip", "premature rounding", "method error", "wrong reason")


@dataclass(frozen=True)
class Finding:
    """One error: where, what is printed, what is right, why, and what it does.

    Attributes
    ----------
    line : int
        Where it starts.
    lines : str
        All lines where it is made.
    section : str
        The part of the document.
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

    line: int
    lines: str
    section: str
    kind: str
    printed: str
    right: str
    why: str
    consequence: str
    results: int = 0
