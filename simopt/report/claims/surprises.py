"""Which claims surprise most when they don't simply hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simopt.document.claims import Outcome
from simopt.ground.formatting import SMALL
from simopt.report.claims.section import file
from simopt.report.claims.verdicts import badge

#: How many are named.
NAMED = 5

#: By how much a matter of course a claim is where optimizers are taught, in our judgement: why a
#: reader would have believed it. The order is fixed before the claims are judged; those that come
#: out as taught are passed over.
TAUGHT = {
    "C030": "Nearly every account of Adam says that without its correction it starts too slowly.",
    "C055": "It is what momentum is taught for.",
    "C019": "It is what AdaGrad is remembered for, and why its successors were made.",
    "C043": "Looking ahead is taught as the cure of momentum's overshooting.",
    "C069": "It is the reason most often given for shuffling anew every epoch.",
    "C072": "Adam is the default of most who train anything.",
    "C119": "It is why many go back to SGD for the last percent.",
    "C015": "Hardly anyone tunes it, for it is only there against division by zero.",
    "C079": "Every introduction to forecasting says so.",
    "C085": "Full batches are shown as the smooth and slow path.",
    "C023": "A memory that fades is said to make RMSprop's rate recover.",
    "C031": "Implementations without the correction are taken to be wrong.",
    "C062": "Few large models are trained without it.",
    "C122": "It is the reason most give for the W.",
    "C018": "It is AdaGrad's first recommendation.",
}


def surprising(outcomes: Iterable[Outcome]) -> list[Outcome]:
    """The first few of `TAUGHT` that don't simply hold, contradicted ones before conditional."""
    by_id = {each.claim.id: each for each in outcomes}
    known = [by_id[name] for name in TAUGHT if name in by_id]
    return [
        each
        for verdict in ("contradicted", "conditional")
        for each in known
        if each.finding.verdict == verdict
    ][:NAMED]


def lead(outcomes: Iterable[Outcome]) -> str:
    """The sentence before their list."""
    n = len(surprising(outcomes))
    which = "this one does" if n == 1 else f"these {SMALL[n]} do"
    return (
        "Of the claims that are most a matter of course where optimizers are taught, in our "
        f"judgement, {which} not simply hold" + ("; the contradicted come first." if n > 1 else ".")
    )


def entries(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """What a page says of each: the claim, why it is believed, what came out."""
    return [
        {
            "id": each.claim.id,
            "href": f"{file(each.claim.section)}#{each.claim.id}",
            "badge": badge(each.finding.verdict),
            "claim": each.claim.says,
            "why": TAUGHT[each.claim.id],
            "condition": each.finding.condition,
            "says": each.finding.says,
            "scope": each.claim.scope,
        }
        for each in surprising(outcomes)
    ]


__all__ = ["NAMED", "TAUGHT", "entries", "lead", "surprising"]
