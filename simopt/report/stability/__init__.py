"""The page on stability: which settings settle, which don't, and what theory says of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from simopt.ground.formatting import count, number, percent
from simopt.problems import four_points
from simopt.report.pages import Computed, Context
from simopt.report.stability import adaptive, curvature, examples, intervals, literature, planes


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    quick = context.quick
    ran: list[Computed] = []

    context.say("Stability: one curvature")
    edges, cells = curvature.edges(quick)
    ran.append(account("stability: one curvature", [each.attrs for each in cells]))
    best = curvature.optimal_section(quick)

    context.say("Stability: intervals of the rate")
    found = intervals.scanned(four_points())

    counts, sections = [], []
    for plane in planes.planes(quick):
        maps, accounts = {}, []
        for size in plane.sizes:
            for rule in ("SGD", *planes.RULES):
                context.say(f"Stability: {plane.name}, {rule}, batch {size}")
                each, run = planes.mapped(plane, rule, size)
                maps[size, rule] = each
                accounts.append(run)
                counts.append(each.counts)
        sections.append(planes.section(plane, maps))
        ran.append(account(f"stability: {plane.name}", accounts))

    context.say("Stability: adaptive methods")
    frozen, frozen_ran = adaptive.frozen(quick)
    cycle, cycle_ran, _ = adaptive.cycles(quick)
    burst, told = adaptive.bursts(quick)
    context.say("Stability: counter-examples")
    reddi, reddi_ran, ends = examples.reddi(quick)
    theorem, away = examples.theorem()
    wilson = examples.wilson()
    cone, cone_ran = examples.cone()
    adagrad, adagrad_ran = examples.adagrad(quick)
    shuffles, shuffles_ran = examples.shuffles(quick)
    lone = [*frozen_ran, cycle_ran, *reddi_ran, cone_ran, adagrad_ran, shuffles_ran]
    ran.append(account("stability: adaptive methods, examples", [each.attrs for each in lone]))
    total = pd.DataFrame(counts)
    return {
        "summary": summary(total),
        "limits": curvature.limits_section(edges),
        "optimal": best,
        "intervals": intervals.section(four_points(), found),
        "maps": sections,
        "epochs": planes.EPOCHS,
        "growth": planes.GROWTH,
        "counts": planes.counts_table(counts),
        "shuffles": shuffles,
        "frozen": frozen,
        "cycle": cycle,
        "burst": burst,
        "critical": adaptive.critical_table(),
        "longest": adaptive.longest_step(),
        "reddi": reddi,
        "theorem": theorem,
        "away": away,
        "wilson": wilson,
        "lessard": examples.lessard(),
        "cone": cone,
        "adagrad": adagrad,
        "mistakes": literature.mistakes(),
        "trajectories": sum(each.trajectories for each in ran),
        "updates": sum(each.updates for each in ran),
        "seconds": sum(each.seconds for each in ran),
        "computed": ran,
        "findings": findings(found, total, told, ends),
    }


def account(what: str, runs: Sequence[Mapping[Any, Any]]) -> Computed:
    """What several sweeps ran, from the attributes that their tables carry."""
    return Computed(
        what,
        sum(int(run["trajectories"]) for run in runs),
        sum(int(run["updates"]) for run in runs),
        sum(float(run["seconds"]) for run in runs),
    )


def summary(counts: pd.DataFrame) -> str:
    """How well the maps predict, in a sentence."""
    off, cells = int(counts["off"].sum()), int(counts["cells"].sum())
    wrong = int(counts["stable"].sum())
    return (
        "An epoch of SGD, Momentum or Nesterov on least squares is a matrix, and whether a setting "
        "settles is a matter of its eigenvalues. On three problems, "
        f"{count(cells, 'trajectory', 'trajectories')} put that to the test: "
        f"{percent(1 - off / cells, 5)} do what the matrix says. "
        + (
            f"The other {number(off)} grow so slowly, by at most "
            f"{percent(counts['high'].max() - 1)} an epoch, that {planes.EPOCHS} epochs do "
            "not show it; none that should settle was seen to run away."
            if wrong == 0
            else f"Of the other {number(off)} {number(wrong)} ran away though they should settle."
        )
    )


def findings(
    found: pd.DataFrame, counts: pd.DataFrame, told: dict[str, float], ends: dict[str, float]
) -> list[str]:
    """Sentences for the overview."""
    gaps = int((found["intervals"].map(len) > 1).sum())
    off, cells = int(counts["off"].sum()), int(counts["cells"].sum())
    return [
        f"The eigenvalues of an epoch say which settings settle: {cells:,} trajectories, "
        f"{number(off)} not as predicted, all of those with a growth too slow to see. On the four "
        f"points stable rates have gaps in {gaps} of {len(found)} cases."
        if counts["stable"].sum() == 0
        else f"The eigenvalues of an epoch predict all but {number(off)} of {cells:,} "
        "trajectories.",
        "At a constant rate RMSprop ends by jumping between two weights η apart, and Adam works at "
        f"{percent(told['mean'] / 38)} of its stability limit and bursts to "
        f"{number(told['burst'], 2)} η.",
    ]


__all__ = ["findings", "page", "summary"]
