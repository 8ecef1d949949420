"""The batch-size page: all seven rules at every batch size, worked, then measured on real data."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.document.quantities import ETA
from simopt.ground.formatting import number
from simopt.report.batch_size.costs import cost_section, lucky, trade_off
from simopt.report.batch_size.measured import by_batch_size, curve_section, shared_rates
from simopt.report.batch_size.ranking import choice_table, choices, judged, overall, where_apart
from simopt.report.batch_size.squares import averaging, squares_section
from simopt.report.batch_size.statements import claims_sentence, statements
from simopt.report.batch_size.worked import one_epoch, printed_weights, worked_section
from simopt.report.pages import Computed, Context, computed
from simopt.report.sweeps import account, records, settings


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    three = settings()
    four = three["four points"].problem
    ran: dict[str, pd.DataFrame] = {}

    context.say("Batch size: one epoch, worked")
    epoch = one_epoch(four)
    squares = averaging(four, epoch)

    curves: dict[str, pd.DataFrame] = {}
    ends: dict[str, pd.DataFrame] = {}
    judges: dict[str, pd.DataFrame] = {}
    for key in ("Hubble", "diabetes"):
        context.say(f"Batch size: {three[key].name}")
        curves[key], swept = by_batch_size(key, three[key].problem, context.quick)
        ran |= swept
        ends[key], on_others = judged(key, three[key].problem, curves[key], context.quick)
        ran[f"{key}, other orders"] = judges[key] = on_others
    context.say("Batch size: what a batch costs")
    shared = {key: shared_rates(curves[key]) for key in curves}
    costs = {"four points": trade_off(four, "four points", ETA, context.quick, ran)}
    for key in curves:
        eta = dict(zip(shared[key]["optimizer"], shared[key]["eta"], strict=True))["SGD"]
        costs[key] = trade_off(three[key].problem, key, eta, context.quick, ran)

    context.say("Batch size: figures")
    trajectories, updates, seconds, compiling = account(ran)
    overalls = {key: overall(ends[key], judges[key], three[key].name, key) for key in ends}
    chosen = {key: choices(ends[key], judges[key]) for key in ends}
    claims = statements(four, epoch, squares, costs, curves)
    return {
        "worked": worked_section(four, epoch, context.audit),
        "squares": squares_section(squares, context.audit),
        "costs": [cost_section(three[key], costs[key], key) for key in costs],
        "curves": [curve_section(three[key], curves[key], shared[key], key) for key in curves],
        "ranked": [
            {
                "name": three[key].name,
                "sentence": f"{overalls[key]} {where_apart(chosen[key])}",
                "table": choice_table(
                    chosen[key], three[key].name, key, int(ends[key]["trajectories"].max())
                ),
            }
            for key in ends
        ],
        "choices": records(chosen["diabetes"]),
        "choice": overalls["diabetes"],
        "claims": claims,
        "claims_sentence": claims_sentence(claims),
        "seeds": int(curves["Hubble"]["trajectories"].max()),
        "trajectories": trajectories,
        "updates": updates,
        "seconds": seconds,
        "compile_seconds": compiling,
        "computed": [computed(f"batch size: {name}", frame) for name, frame in ran.items()]
        + [
            Computed("batch size: the four points, worked", len(epoch), int(epoch.updates.sum()), 0)
        ],
        "findings": findings(
            squares, overall(ends["diabetes"], judges["diabetes"], "diabetes", "diabetes")
        ),
    }


def findings(squares: dict[str, Any], ranked: str) -> list[str]:
    """Sentences for the overview."""
    return [
        f"Averaging before squaring slows AdaGrad's G by a factor "
        f"{number(squares['averaging'], 3)}, not {number(squares['ratio'], 3)}: the other "
        f"{squares['terms']} is that a full batch updates once where single points update "
        f"{squares['terms']} times.",
        ranked,
    ]


__all__ = ["averaging", "lucky", "one_epoch", "page", "printed_weights"]
