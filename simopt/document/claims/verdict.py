"""The verdict on a claim that is tested in several cases."""

from __future__ import annotations

from collections.abc import Mapping

from simopt.ground.formatting import listing


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
        return "conditional", f"It holds {listing(yes)}; not {listing(no)}."
    return ("contradicted" if no else "holds"), ""


def split(met: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    """The cases that are met, and the others."""
    if not met:
        raise ValueError("met: no case to decide by")
    return [k for k, v in met.items() if v], [k for k, v in met.items() if not v]
