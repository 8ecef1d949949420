"""The page on loss curves: what each symptom looks like, and the advice on it, tried."""

from __future__ import annotations

from typing import Any

from simopt.curves import odds
from simopt.curves.prescription import framework, table, try_all
from simopt.ground.threads import thread_count
from simopt.report.loss_curves import alike, confusion, gallery, tested
from simopt.report.pages import Computed, Context


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    context.say("Loss curves: what symptoms look like")
    shown = gallery.gallery()
    outcomes = try_all(
        context.quick, thread_count(None), lambda name: context.say(f"Loss curves: fixes on {name}")
    )
    troubles = table(context.quick, outcomes=outcomes)
    decisions = framework(context.quick, outcomes=outcomes)
    context.say("Loss curves: how often the reader is right")
    read = confusion.section(context.quick)
    made = outcomes.attrs
    return {
        "cards": gallery.cards(shown),
        "without": gallery.without(),
        "note": odds.NOTE,
        "summary": tested.summary(troubles),
        "harm": tested.harm(troubles),
        "lag": tested.lag(troubles),
        "unseen": tested.unseen(troubles),
        "suite": tested.suite_sentence(outcomes),
        "looked_at": made["looked_at"],
        "table": tested.advice_table(
            troubles, "The document's troubleshooting table, each fix tried"
        ),
        "framework": tested.advice_table(
            decisions, "The quick decision framework, each line tried"
        ),
        "figures": tested.figures_table(troubles, "Every fix of the table, with intervals"),
        "framework_figures": tested.figures_table(
            decisions, "Every line of the framework, with intervals"
        ),
        "framework_sentence": tested.framework_sentence(decisions),
        "accuracy": read,
        "flat": alike.flat_figure(alike.flat_curves()),
        "alike": alike.statements(outcomes),
        "trajectories": made["trajectories"],
        "updates": made["updates"],
        "seconds": made["seconds"],
        "computed": [
            Computed(
                "loss curves: fixes tried", made["trajectories"], made["updates"], made["seconds"]
            )
        ],
        "findings": [tested.summary(troubles), read["sentence"]],
    }


__all__ = ["page"]
