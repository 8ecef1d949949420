"""The claims of papers: how many there are of every verdict, and what a verdict means here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simopt.document.claims import Outcome
from simopt.ground.formatting import count, listing
from simopt.report.claims.verdicts import MEANING, badge, tally

#: What differs from the document's claims: all of these are tried.
MEANINGS = MEANING | {"undecidable": "the experiment can't tell; what is missing is said."}


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many claims there are, and how they fare."""
    said = {
        "holds": ("holds", "hold"),
        "conditional": ("holds under a condition", "hold under a condition"),
        "contradicted": ("is contradicted", "are contradicted"),
        "undecidable": ("can't be told",) * 2,
    }
    parts = [f"{n} {said[verdict][n != 1]}" for verdict, n in tally(outcomes).items() if n]
    return f"Of {count(len(outcomes), 'claim')} of the papers, {listing(parts)}."


def definitions(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """Each verdict with how many claims have it."""
    return [
        {"badge": badge(verdict), "count": n, "text": MEANINGS[verdict]}
        for verdict, n in tally(outcomes).items()
        if n
    ]
