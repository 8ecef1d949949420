"""The document's claims: counts, surprises, filters over all; a page for each section."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simopt.display import style
from simopt.document.claims import Outcome, evaluate
from simopt.document.claims.claim import Claim
from simopt.document.printed import rows
from simopt.document.source import source
from simopt.ground.formatting import count, listing, out_of
from simopt.report.claims import surprises, verdicts
from simopt.report.claims.section import NONE, file, parts, setup, where
from simopt.report.claims.signs import signed
from simopt.report.claims.verdicts import MEANING, SIGNS, badge, sections, tally
from simopt.report.pages import Computed, Context
from simopt.rules import OPTIMIZERS


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
    groups = {
        name: [each for each in outcomes if each.claim.section == name]
        for name in sections(outcomes)
    }
    return {
        "document": source().sentence,
        "outcomes": outcomes,
        "quick": quick,
        "summary": summary(outcomes),
        "written": written(outcomes),
        "definitions": [
            {"verdict": verdict, "badge": badge(verdict), "count": n, "text": MEANING[verdict]}
            for verdict, n in counts.items()
        ],
        "surprises": surprises.entries(outcomes),
        "lead": surprises.lead(outcomes),
        "sections": [section_in_short(name, mine) for name, mine in groups.items()],
        "parts": parts(groups),
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


def section_in_short(name: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """A section of the document for the page of all: what it sets up, and its claims in short."""
    printed = sum(row.part.section == name and row.role != "operand" for row in rows())
    claims = count(len(outcomes), "claim")
    return {
        "name": name,
        "id": f"part-{style.slug(name)}",
        "file": file(name),
        "setup": setup(name),
        "count": f"{claims}, {count(printed, 'printed result')}" if printed else claims,
        "tally": [
            {"sign": SIGNS[verdict][0], "kind": SIGNS[verdict][1], "verdict": verdict, "count": n}
            for verdict, n in tally(outcomes).items()
            if n
        ],
        "claims": [claim_in_short(each) for each in outcomes],
    }


def claim_in_short(each: Outcome) -> dict[str, Any]:
    """A claim in short."""
    claim, finding = each.claim, each.finding
    return {
        "id": claim.id,
        "href": f"{file(claim.section)}#{claim.id}",
        "where": where(claim),
        "claim": claim.says,
        "section": claim.section,
        "speaks_of": " ".join(claim.optimizers) or NONE,
        "verdict": finding.verdict,
        "badge": badge(finding.verdict),
        "says": finding.condition or finding.says,
        "scope": claim.scope,
    }


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


__all__ = ["page", "summary", "values"]
