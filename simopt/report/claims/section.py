"""The page of one section's claims: each with its verdict, rule, figures and picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.display.templating import Page
from simopt.document.claims import Outcome
from simopt.document.claims.claim import Claim, Figure
from simopt.document.source import line_numbers, source
from simopt.ground.formatting import count, number, sentence
from simopt.report.claims import pictures
from simopt.report.claims.signs import signs
from simopt.report.claims.verdicts import badge

#: The page of all claims.
ALL = "claims.html"

#: What the filter calls claims that speak of no optimizer, or of all.
NONE = "none"


def file(name: str) -> str:
    """The file of a section's page.

    Examples
    --------
    >>> file("Epoch 2")
    'claims-second-epoch.html'
    """
    folders = {each.name: each.folder.replace("_", "-") for each in source().sections}
    return f"claims-{folders.get(name, style.slug(name))}.html"


def setup(name: str) -> str:
    """What the document sets up in a section, in our words."""
    return signs(next((each.setup for each in source().sections if each.name == name), ""))


def parts(groups: Mapping[str, Sequence[Outcome]]) -> dict[Page, dict[str, Any]]:
    """A page for each section's claims: the page, and the values of its template."""
    names = list(groups)
    result = {}
    for i, (name, outcomes) in enumerate(groups.items()):
        page = Page(file(name), f"Claims: {name}", "claims_section", setup(name), under=ALL)
        near = {"before": names[i - 1] if i else None, "after": (*names, None)[i + 1]}
        result[page] = {
            "claims": [entry(each) for each in outcomes],
            "all": ALL,
            "document": source().sentence,
            **{
                way: None if other is None else {"name": other, "file": file(other)}
                for way, other in near.items()
            },
        }
    return result


def entry(each: Outcome) -> dict[str, Any]:
    """A claim as the templates show it."""
    claim, finding = each.claim, each.finding
    return {
        "id": claim.id,
        "where": where(claim),
        "claim": claim.says,
        "section": claim.section,
        "optimizers": list(claim.optimizers),
        "speaks_of": " ".join(claim.optimizers) or NONE,
        "kind": claim.kind,
        "verdict": finding.verdict,
        "badge": badge(finding.verdict),
        "condition": finding.condition,
        "says": finding.says,
        "scope": claim.scope,
        "experiment": claim.experiment,
        "rule": claim.rule,
        "revised": claim.revised,
        "evidence": evidence(claim.id, finding.evidence),
        "figures": count(len(finding.evidence), "figure"),
        "picture": pictures.captioned(finding.picture, f"{claim.id}-picture")
        if finding.picture
        else Markup(""),
        "beside": finding.picture is not None and finding.picture.table is None,
        "trajectories": count(each.trajectories, "trajectory", "trajectories"),
        "ran": bool(each.trajectories),
        "seconds": number(each.seconds, 2),
    }


def where(claim: Claim) -> str:
    """The part of the document and its lines, or the paper."""
    place = sentence(claim.place)
    return f"{place} ({line_numbers(claim.lines)})" if claim.lines else place


def evidence(name: str, figures: Mapping[str, Figure]) -> Markup:
    """The figures on which a verdict rests."""
    if not figures:
        return Markup("")
    # Kept as objects: a column of numbers alone would turn whole ones and truths into floats.
    frame = pd.DataFrame(
        {"what": list(figures), "figure": pd.Series(list(figures.values()), dtype=object)}
    )
    return tables.table(
        frame,
        {"what": Column("what", prose=True), "figure": Column("figure", pictures.cell)},
        caption=f"The figures behind {name}",
    )
