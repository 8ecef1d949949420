"""The document's claims: each one's verdict, rule, figures and picture; filters over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.document.claims import Outcome, evaluate
from simopt.document.claims.claim import VERDICTS, Claim, Figure
from simopt.ground.formatting import count, listing, number, out_of
from simopt.report.claims import pictures, surprises, verdicts
from simopt.report.claims.signs import signed
from simopt.report.claims.verdicts import MEANING, SIGNS, badge, sections, tally
from simopt.report.pages import Computed, Context
from simopt.rules import OPTIMIZERS

#: What the filter calls claims that speak of no optimizer, or of all.
NONE = "none"


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""

    def say(claim: Claim, which: int, of: int) -> None:
        context.say(f"Claims: {claim.id}, {which} of {of}")

    outcomes = [signed(each) for each in evaluate(quick=context.quick, say=say)]
    context.say("Claims: figures")
    return values(outcomes, quick=context.quick)


def values(outcomes: Sequence[Outcome], *, quick: bool) -> dict[str, Any]:
    """The same, of claims that have been judged."""
    counts = tally(outcomes)
    return {
        "outcomes": outcomes,
        "quick": quick,
        "summary": summary(outcomes),
        "written": written(outcomes),
        "definitions": [
            {"verdict": verdict, "badge": badge(verdict), "count": n, "text": MEANING[verdict]}
            for verdict, n in counts.items()
        ],
        "surprises": surprises.told(outcomes),
        "lead": surprises.lead(outcomes),
        "sections": [section(name, outcomes) for name in sections(outcomes)],
        "optimizers": optimizers(outcomes),
        "of_none": NONE,
        "signs": SIGNS,
        "counts": counts,
        "by_section": verdicts.by_section(outcomes),
        "trajectories": sum(each.trajectories for each in outcomes),
        "updates": sum(each.updates for each in outcomes),
        "seconds": sum(each.seconds for each in outcomes),
        "computed": computed(outcomes),
        "findings": [hardest(outcomes)],
    }


def summary(outcomes: Sequence[Outcome]) -> str:
    """How many claims there are, and how they fare."""
    said = {
        "holds": ("holds", "hold"),
        "conditional": ("holds under a condition", "hold under a condition"),
        "contradicted": ("is contradicted", "are contradicted"),
        "undecidable": ("can't be decided by simulation",) * 2,
    }
    parts = [f"{n} {said[verdict][n != 1]}" for verdict, n in tally(outcomes).items() if n]
    return f"Of {count(len(outcomes), 'claim')} that the document makes, {listing(parts)}."


def written(outcomes: Sequence[Outcome]) -> str:
    """When the rules were written."""
    changed = sum(bool(each.claim.revised) for each in outcomes)
    if not changed:
        return "written before it was tried"
    rules = "one that was" if changed == 1 else f"{changed} that were"
    return (
        f"written before it was tried, but for {rules} changed after a first look, with the reason"
    )


def hardest(outcomes: Sequence[Outcome]) -> str:
    """In which part of the document the largest number of claims is contradicted."""
    parts = {
        name: [each.finding.verdict for each in outcomes if each.claim.section == name]
        for name in sections(outcomes)
    }
    if not any("contradicted" in each for each in parts.values()):
        return "None of the document's claims is contradicted."
    name = max(parts, key=lambda name: parts[name].count("contradicted"))
    bad = parts[name].count("contradicted")
    share = out_of(bad, len(parts[name]))
    return f"Contradicted most often is the part “{name}”: {share} claims there."


def optimizers(outcomes: Sequence[Outcome]) -> list[dict[str, Any]]:
    """The optimizers that claims speak of, each with how many do."""
    names = [name for each in outcomes for name in each.claim.optimizers]
    known = {name: names.count(name) for name in [*OPTIMIZERS, *names]}
    return [{"name": name, "count": n} for name, n in known.items() if n]


def section(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The claims of one part of the document, in reading order."""
    mine = [entry(each) for each in outcomes if each.claim.section == name]
    return {"name": name, "id": f"part-{style.slug(name)}", "claims": mine}


def entry(each: Outcome) -> dict[str, Any]:
    """A claim as the template shows it."""
    claim, finding = each.claim, each.finding
    several = any(mark in claim.lines for mark in "-–,")
    return {
        "id": claim.id,
        "where": f"{'lines' if several else 'line'} {claim.lines.replace('-', '–')}",
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
        "picture": pictures.shown(finding.picture, f"{claim.id}-picture")
        if finding.picture
        else Markup(""),
        "beside": finding.picture is not None and finding.picture.table is None,
        "trajectories": count(each.trajectories, "trajectory", "trajectories"),
        "ran": bool(each.trajectories),
        "seconds": number(each.seconds, 2),
    }


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


def computed(outcomes: Sequence[Outcome]) -> list[Computed]:
    """What was run, a line for each part of the document."""
    return [
        Computed(
            name,
            sum(each.trajectories for each in mine),
            sum(each.updates for each in mine),
            sum(each.seconds for each in mine),
        )
        for name in sections(outcomes)
        for mine in [[each for each in outcomes if each.claim.section == name]]
    ]


__all__ = ["VERDICTS", "entry", "page", "summary", "values"]
