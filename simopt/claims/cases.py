"""A claim tried in several cases: it holds in all of them, in some, or in none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def decide(met: Mapping[str, bool]) -> tuple[str, str]:
    """The verdict, and for "conditional" the condition that names the cases.

    Examples
    --------
    >>> decide({"at batch 1": True, "at batch 2": False})
    ('conditional', 'It holds at batch 1; not at batch 2.')
    >>> decide({"at batch 1": True})
    ('holds', '')
    """
    yes, no = split(met)
    if yes and no:
        return "conditional", f"It holds {listed(yes)}; not {listed(no)}."
    return ("contradicted" if no else "holds"), ""


def split(met: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    """The cases that are met, and the others."""
    if not met:
        raise ValueError("met: no case to decide by")
    return [k for k, v in met.items() if v], [k for k, v in met.items() if not v]


def listed(words: Sequence[str]) -> str:
    """Words in a row: "a", "a and b", "a, b and c".

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
