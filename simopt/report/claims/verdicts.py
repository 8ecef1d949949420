"""The four verdicts: what each means, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column
from simopt.document.claims import Outcome
from simopt.document.claims.claim import SECTIONS, VERDICTS

#: Sign and colour: the sign and the word say it where the colour does not.
SIGNS = {
    "holds": ("✓", "good"),
    "conditional": ("◐", "fair"),
    "contradicted": ("✗", "bad"),
    "undecidable": ("?", ""),
}

MEANING = {
    "holds": "the experiment gives what its rule requires.",
    "conditional": "it holds in some cases and not in others; the condition says in which.",
    "contradicted": "the experiment gives something else.",
    "undecidable": "no simulation can decide it; the reason is given.",
}


def badge(verdict: str) -> Markup:
    """The verdict as a pill: sign, word, colour."""
    sign, kind = SIGNS[verdict]
    return Markup('<span class="badge {}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, sign, verdict
    )


def tally(outcomes: Sequence[Outcome]) -> dict[str, int]:
    """How many claims have each verdict, all four there."""
    verdicts = [each.finding.verdict for each in outcomes]
    return {verdict: verdicts.count(verdict) for verdict in VERDICTS}


def sections(outcomes: Sequence[Outcome]) -> list[str]:
    """The sections that have claims, in the document's order; unknown ones last."""
    present = dict.fromkeys(each.claim.section for each in outcomes)
    return [name for name in SECTIONS if name in present] + [
        name for name in present if name not in SECTIONS
    ]


def by_section(outcomes: Sequence[Outcome]) -> Markup:
    """Verdicts by section of the document."""
    rows = [
        {
            "section": name,
            "claims": sum(counts.values()),
            **counts,
        }
        for name in sections(outcomes)
        for counts in [tally([each for each in outcomes if each.claim.section == name])]
    ]
    rows.append({"section": "all", "claims": len(outcomes), **tally(outcomes)})
    return tables.table(
        pd.DataFrame(rows),
        {
            "section": Column("section", prose=True),
            "claims": "claims",
            **{verdict: f"{SIGNS[verdict][0]} {verdict}" for verdict in VERDICTS},
        },
        caption="Claims by section of the document and verdict",
        mark=lambda row: "best" if row["section"] == "all" else "",
    )


__all__ = ["MEANING", "SIGNS", "badge", "by_section", "sections", "tally"]
