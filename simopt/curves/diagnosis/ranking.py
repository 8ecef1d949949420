"""Many runs side by side: what each shows, the ones to look at first on top; as text or a page."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from simopt.curves.diagnosis.diagnosis import Diagnosis
from simopt.ground import extras
from simopt.ground.formatting import count, number, percent

#: Runs that show nothing wrong come last.
LAST = ("can't tell", "healthy")


def table(found: Sequence[Diagnosis]) -> pd.DataFrame:
    """A row per run: name, symptom, how sure that is, its values, its last and least loss, advice.

    What is surest to be wrong comes first; healthy runs come last, the lowest loss first.
    """
    rows = []
    for number_, each in enumerate(found, 1):
        run = None if each.log is None else each.log.run
        finite = each.loss[pd.notna(each.loss)]
        rows.append(
            {
                "run": (run.name if run else "") or f"run {number_}",
                "symptom": each.symptom,
                "sure": each.sure,
                "values": len(each.loss),
                "least": finite.min() if len(finite) else float("nan"),
                "last": each.loss[-1] if len(each.loss) else float("nan"),
                "advice": each.advice[0] if each.advice else "",
            }
        )
    frame = pd.DataFrame(rows)
    rank = frame["symptom"].map(lambda s: LAST.index(s) + 1 if s in LAST else 0)
    order = frame.assign(rank=rank, unsure=-frame["sure"]).sort_values(
        ["rank", "unsure", "last"], kind="stable"
    )
    return frame.loc[order.index]


def text(found: Sequence[Diagnosis]) -> str:
    """The table as text, and what to do about the first."""
    frame = table(found)
    shown = pd.DataFrame(
        {
            "run": frame["run"],
            "symptom": frame["symptom"],
            "sure": [percent(each) for each in frame["sure"]],
            "values": frame["values"],
            "least loss": [number(each) for each in frame["least"]],
            "last loss": [number(each) for each in frame["last"]],
        }
    )
    lines = [count(len(found), "run"), shown.to_string(index=False), ""]
    first = found[int(frame.index[0])]
    name = frame["run"].iloc[0]
    if first.symptom not in LAST:
        lines += [f"To look at first: {name}", str(first)]
    return "\n".join(lines)


def page(path: str | os.PathLike[str], found: Sequence[Diagnosis]) -> Path:
    """Write an HTML page: the table, and a small figure of each run."""
    with extras.needs("report", "a page"):
        from simopt.curves.diagnosis import page as pages
    return pages.write_many(path, table(found), found)
