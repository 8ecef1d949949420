"""The rows of a prescription: what a fix changes, what it does, which is best."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.curves.diagnosis import diagnose_many
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.prescription import searching
from simopt.curves.prescription.comparing import compared, excess, has_diverged
from simopt.curves.prescription.judging import Bounds
from simopt.curves.prescription.running import TrainedCurves, losses_at
from simopt.curves.prescription.training import Training
from simopt.problems import Problem


def most_seen(found: TrainedCurves, validation: Problem | None) -> tuple[str, float]:
    """The symptom that most curves show, and the share of them that do.

    Curves are read as a trainer in float32 would show them: past 3.4e38 is infinite.
    """
    seen = found.validation if validation is not None else None
    symptoms = (
        diagnose_many(as_float32(found.loss), seen)["symptom"].astype(str).value_counts(sort=True)
    )
    return str(symptoms.index[0]), float(symptoms.iloc[0] / symptoms.sum())


def ranked(frame: pd.DataFrame, cost: float) -> pd.DataFrame:
    """The first row first, then the fixes of no more cost by ratio, then those of more."""
    rest = frame.iloc[1:].assign(dearer=frame["cost"].iloc[1:] > cost)
    order = ["dearer", "ratio", "improved", "loss"]
    rest = rest.sort_values(order, ascending=[True, True, False, True], kind="stable")
    return pd.concat([frame.iloc[:1], rest.drop(columns="dearer")], ignore_index=True)


def difference(before: Training, after: Training, problem: Problem, changed: Problem) -> str:
    """What a fix changes, in a few words: ``eta=0.05``."""
    said = []
    if after.optimizer.name != before.optimizer.name:
        said.append(repr(after.optimizer))
    else:
        old = before.optimizer.settings
        said += [
            f"{name}={value:g}"
            for name, value in after.optimizer.settings.items()
            if old.get(name) != value
        ]
    for name in ("batch_size", "epochs", "schedule", "clip_norm", "patience"):
        if getattr(after, name) != getattr(before, name):
            said.append(f"{name}={getattr(after, name)!r}")
    if after.then is not None:
        said.append(f"then {after.then!r}")
    if searching.rescaled(problem, changed):
        said.append("columns standardised")
    elif changed is not problem:
        said.append(f"{changed.n} of {problem.n} points")
    return ", ".join(said)


def row(
    name: str,
    says: str,
    problem: Problem,
    before: TrainedCurves,
    after: TrainedCurves,
    validation: Problem | None,
    scale: float,
    bounds: Bounds,
) -> dict[str, Any]:
    """A row of the table; both ends are judged by the same points."""
    judge = validation or problem
    ends = [losses_at(judge, found.w) for found in (before, after)]
    # A validation loss has no least value that training on other points could reach.
    above = ends if validation is not None else [excess(judge, each) for each in ends]
    above = [np.where(np.isfinite(each), each, np.inf) for each in above]
    symptom, agree = most_seen(after, validation)
    first = judge.loss(problem.w0)
    loss = float(np.median(np.where(np.isfinite(ends[1]), ends[1], np.inf)))
    return {
        "fix": name,
        "settings": says,
        "loss": loss,
        "explained": bounds.explained(loss),
        **compared(above[0], above[1], scale),
        "diverged": float(has_diverged(ends[1], first).mean()),
        "symptom": symptom,
        "agree": agree,
        "cost": float(after.cost.mean()),
        "epochs": float(after.ends.mean()),
    }
