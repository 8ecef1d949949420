"""Every update worked out, with the verdicts on what the document prints of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column, badge
from simopt.display.walkthrough import Step, worked_steps
from simopt.document.audit import VERDICTS
from simopt.document.quantities import ETA
from simopt.ground.formatting import count, listing, number, percent
from simopt.report import traces
from simopt.report.errata import COLUMNS
from simopt.rules import OPTIMIZERS


def worked_points(audit: pd.DataFrame) -> list[dict[str, Any]]:
    """Point by point, every rule's update worked out, with what the document printed of it."""
    written = {
        name: worked_steps(traces.problem(), make(eta=ETA)) for name, make in OPTIMIZERS.items()
    }
    judged = of_the_walk(audit)
    result = []
    for i in range(traces.problem().n):
        first = next(iter(written.values()))[i].points[0]
        methods = []
        for name, steps in written.items():
            mine = judged[(judged["method"] == name) & (judged["step"] == i + 1)]
            methods.append(cell(name, steps[i], mine))
        result.append({"number": i + 1, "x": first.x, "y": first.y, "methods": methods})
    return result


def cell(name: str, step: Step, judged: pd.DataFrame) -> dict[str, Any]:
    """One worked cell: its calculations, its weight, and the verdicts on what is printed of it."""
    lines = [line for point in step.points for line in point.lines] + list(step.lines)
    tally = judged["verdict"].value_counts()
    worst = next((kind for kind in reversed(VERDICTS) if kind in tally), None)
    bad = judged[judged["verdict"] != "exact"]
    return {
        "name": name,
        "lines": lines,
        "w": lines[-1].result,
        "worst": worst,
        "badge": verdict_badge(tally, worst),
        "printed": len(judged),
        "exact": int(tally.get("exact", 0)),
        "bad": bad.assign(exact=bad["exact"].map(lambda x: number(x, 6))).to_dict("records"),
    }


def verdict_badge(tally: pd.Series, worst: str | None) -> Markup:
    """The worst verdict on a cell, with how often."""
    if worst is None:
        return badge("not in the document", "none")
    if worst == "exact":
        return badge("all exact", "exact")
    return badge(f"{tally[worst]} {worst}", worst)


def verdict_table(audit: pd.DataFrame) -> Markup:
    """How many printed results of the walk are exact, by method."""
    judged = of_the_walk(audit)
    counts = pd.crosstab(judged["method"], judged["verdict"])
    counts = counts.reindex([name for name in OPTIMIZERS if name in counts.index])
    counts = counts[[verdict for verdict in VERDICTS if verdict in counts]]
    counts.insert(0, "printed", counts.sum(axis=1))
    frame = counts.reset_index()
    labels = {"method": "method", "printed": "printed results", **COLUMNS}
    shown: dict[str, Column | str] = {name: labels[name] for name in map(str, frame)}
    return tables.table(frame, shown, caption="Printed results of the worked cells, by verdict")


def verdict_sentence(audit: pd.DataFrame) -> str:
    """Which methods the rounding hit, in words."""
    judged = of_the_walk(audit)
    share = judged.groupby("method")["verdict"].apply(lambda v: float((v != "exact").mean()))
    clean = [name for name in OPTIMIZERS if name in share and share[name] == 0]
    worst = str(share.idxmax())
    text = f"Of {count(len(judged), 'printed result')} in the worked cells "
    text += f"{percent(float((judged['verdict'] == 'exact').mean()))} are exact"
    if clean:
        text += f"; {listing(clean)} {'has' if len(clean) == 1 else 'have'} no other"
    if share[worst] > 0:
        text += f"; {worst} has the most that are not, {percent(share[worst])}"
    return text + "."


def of_the_walk(audit: pd.DataFrame) -> pd.DataFrame:
    """The printed results of the worked cells."""
    return audit[(audit["section"] == "The walk over four points") & (audit["batch_size"] == 1)]
