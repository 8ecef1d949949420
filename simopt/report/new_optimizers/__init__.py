"""The page on later optimizers: ranked on equal budgets, and what their papers say of them."""

from __future__ import annotations

from typing import Any

from simopt.analysis import comparison
from simopt.analysis.comparison import on_networks
from simopt.analysis.comparison.later_rules import (
    EPOCHS,
    FIRST_JUDGING,
    RATES,
    REFERENCES,
    drawn,
)
from simopt.document.claims.claim import Claim
from simopt.document.claims.evaluation import evaluate
from simopt.document.papers import CLAIMS
from simopt.ground.formatting import listing, number
from simopt.problems.synthetic import BATCH_SIZE
from simopt.report.claims.section import entry
from simopt.report.claims.signs import signed
from simopt.report.new_optimizers import networks, papers, ranks, rates
from simopt.report.pages import Computed, Context


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    quick = context.quick
    context.say("New optimizers: trials")
    trials = comparison.benchmark(quick)
    judged = comparison.judged(trials)

    def say(claim: Claim, which: int, of: int) -> None:
        context.say(f"New optimizers: {claim.id}, {which} of {of}")

    outcomes = [
        signed(each) for each in evaluate(quick=quick, say=say, among=CLAIMS, counted=["benchmark"])
    ]
    # Left out of a first look, as networks are of its ranking: kernels of their own are compiled.
    context.say("New optimizers: networks")
    on_matrices = None if quick else on_networks.trials()
    context.say("New optimizers: figures")
    ranking = comparison.ranking(judged)
    sensitivity = comparison.sensitivity(trials)
    account = trials.attrs
    parts = [
        ("ranking", account["trajectories"], account["updates"], account["seconds"]),
        *((each.claim.id, each.trajectories, each.updates, each.seconds) for each in outcomes),
    ]
    if on_matrices is not None:
        runs = on_matrices.attrs
        parts.append(("networks", runs["trajectories"], runs["updates"], runs["seconds"]))
    ran = [
        Computed(f"new optimizers: {what}", trajectories, updates, seconds)
        for what, trajectories, updates, seconds in parts
        if trajectories
    ]
    seeds = trials.groupby("part")["seed"].nunique()
    return {
        "quick": quick,
        "summary": ranks.summary(ranking),
        "setting": {
            "problems": listing([str(name) for name in trials["problem"].unique()]),
            "rates": len(RATES),
            "lowest": number(RATES[0]),
            "highest": number(RATES[-1]),
            "batch_size": BATCH_SIZE,
            "epochs": EPOCHS[quick],
            "tuning": int(seeds["tuning"]),
            "judging": int(seeds["judging"]),
            "references": listing(list(REFERENCES)),
            "rules": trials["optimizer"].nunique(),
        },
        "decay": ranks.of_weight_decay(ranking, judged),
        "places": ranks.figure(ranking),
        "ranking": ranks.table(ranking),
        "by_problem": ranks.by_problem(judged),
        "rates": rates.section(trials, judged, sensitivity),
        "least": rates.least_losses(drawn(FIRST_JUDGING, quick=quick)),
        "networks": None if on_matrices is None else networks.section(on_matrices),
        "claims": [entry(each) for each in outcomes],
        "verdicts": papers.summary(outcomes),
        "definitions": papers.definitions(outcomes),
        "trajectories": sum(each.trajectories for each in ran),
        "updates": sum(each.updates for each in ran),
        "seconds": sum(each.seconds for each in ran),
        "computed": ran,
        "findings": [ranks.finding(ranking, trials["problem"].nunique()), papers.summary(outcomes)],
    }


__all__ = ["page"]
