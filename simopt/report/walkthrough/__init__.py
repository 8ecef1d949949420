"""The walkthrough: the problem, the rules, every update worked out, and a hundred epochs of it."""

from __future__ import annotations

from typing import Any

import pandas as pd

from simopt.document.quantities import ETA
from simopt.ground.formatting import count
from simopt.report import traces
from simopt.report.pages import Context
from simopt.report.walkthrough.cells import verdict_sentence, verdict_table, worked_points
from simopt.report.walkthrough.epochs import (
    change_table,
    closer_chart,
    closer_sentence,
    fates,
    rank_figure,
)
from simopt.report.walkthrough.parameters import parameter_table, problem_table
from simopt.report.walkthrough.scoreboard import board_table, epoch_figure, standings, update_figure
from simopt.report.walkthrough.tree import TREE, reductions, tree_figure


def page(context: Context) -> dict[str, Any]:
    """The values of the walkthrough's template."""
    _, spent = traces.walk()
    distances = traces.by_epoch()
    changed = traces.changes(distances)
    board = standings(context.audit)
    context.say("worked cells")
    points = worked_points(context.audit)
    context.say("figures")
    return {
        "problem": problem_table(),
        "eta": ETA,
        "start": float(traces.problem().w0[0]),
        "best": traces.target(),
        "parameters": parameter_table(),
        "tree": tree_figure(),
        "points": points,
        "verdicts": verdict_table(context.audit),
        "verdict_sentence": verdict_sentence(context.audit),
        "board": board_table(board),
        "by_update": update_figure(),
        "by_epoch": epoch_figure(),
        "ranks": rank_figure(distances, changed),
        "closer": closer_chart(distances),
        "changes": change_table(changed),
        "fates": fates(distances),
        "epochs": len(distances),
        "computed": [spent],
        "findings": findings(board, distances, changed),
    }


def findings(board: pd.DataFrame, distances: pd.DataFrame, changed: pd.DataFrame) -> list[str]:
    """For the overview."""
    after = traces.orders(distances)
    return [
        f"{board['optimizer'].iloc[0]} leads after one epoch, {after.iloc[-1][0]} after "
        f"{len(distances)}; the order changes {count(len(changed), 'time')} in between."
    ]


__all__ = ["TREE", "closer_sentence", "page", "reductions", "verdict_sentence"]
