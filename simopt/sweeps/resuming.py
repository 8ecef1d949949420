"""Resuming a sweep from its table: what the table must hold, and whether it fits.

A sweep that goes on from another comes out as one that was never cut: the same rows, to the bit. So
all that bears on the updates already made must be the same, and only their number may be larger.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from simopt.ground import checks
from simopt.schedules.reactive import Reactive
from simopt.sweeps import axes, tables
from simopt.sweeps.axes import COMMON, Axes
from simopt.sweeps.chunks import Job
from simopt.sweeps.provenance import digest_of_order, made_of
from simopt.training import plan

#: The entry of ``attrs`` that says what a resumed sweep must be equal in.
KEY = "state"

#: What may differ in a sweep that resumes from a table.
FREE = ("epochs", "updates", "keep_state", "order")

EPOCHS = COMMON.index("epochs")


def check_keep(keep_state: Any, record: str, reduce: Any) -> bool:
    """Check ``keep_state``: it needs a row for every trajectory."""
    if checks.flag("keep_state", keep_state) and (record != "summary" or reduce is not None):
        what = f"record={record!r}" if record != "summary" else f"reduce={reduce!r}"
        raise checks.refuse("keep_state", True, f"False with {what}: it needs a row a trajectory")
    return bool(keep_state)


def stored_identity(job: Job) -> dict[str, Any]:
    """Everything that the rows of a stored sweep depend on, as its manifest has it."""
    return made_of(job, exact=True) | kept(job)


def kept(job: Job) -> dict[str, Any]:
    """What ``attrs`` keep for a later ``resume``; nothing without ``keep_state``."""
    return {KEY: identity(job)} if job.axes[0].keep_state else {}


def identity(job: Job) -> dict[str, Any]:
    """What a sweep that resumes from this one must be equal in."""
    for each in job.axes[0].common["schedule"]:
        if isinstance(each, Reactive):
            raise checks.refuse("keep_state", True, f"False with schedule={each!r}: it reacts")
    made = made_of(job, exact=True)
    spec = {name: value for name, value in made["spec"].items() if name not in FREE}
    about = {"problem": made["problem"], **spec}
    if job.order is not None:
        about["order"] = digest_of_order(job.order)
    common = job.axes[0].common["epochs"]
    return {"of": about, "epochs": list(common), "updates": job.axes[0].updates}


def resumed(job: Job, frame: Any) -> Job:
    """The job, its trajectories beginning where those of a table ended.

    Raises
    ------
    ValueError
        If the table is of another sweep, has no state, or has made as many updates already.
    """
    state = _said(frame)
    if job.record != "summary" or job.reduce is not None or job.reader is not None:
        raise _refuse(
            frame, "None with record, reduce or diagnosis: what these need began before the cut"
        )
    before = _epochs(frame, state), state["updates"]
    ours = identity(job)["of"]
    if job.order is not None:
        ours["order"] = digest_of_order(job.order[: before[0]])
    _compare(frame, state["of"], ours)
    parts = tuple(replace(each, before=before) for each in job.axes)
    for part in parts:
        _check_plans(frame, job, part)
    return replace(job, axes=_with_state(job, parts, frame))


def _refuse(frame: Any, allowed: str) -> ValueError:
    shown = f"a table of {len(frame)} rows" if isinstance(frame, pd.DataFrame) else frame
    return ValueError(f"resume={shown}: must be {allowed}")


def _said(frame: Any) -> Mapping[str, Any]:
    """What the table's attrs say of the sweep that made it."""
    if not isinstance(frame, pd.DataFrame):
        raise checks.refuse("resume", frame, "a table of simopt.sweep(..., keep_state=True)")
    state = frame.attrs.get(KEY)
    if not isinstance(state, Mapping) or {"of", "epochs", "updates"} - set(state):
        raise _refuse(
            frame,
            "a table of simopt.sweep(..., keep_state=True), in memory, from its store, or from a "
            "Parquet file of pandas, which keeps its attrs",
        )
    return state


def _epochs(frame: Any, state: Mapping[str, Any]) -> int:
    epochs = state["epochs"]
    if not isinstance(epochs, list) or len(epochs) != 1:
        raise _refuse(frame, f"of one number of epochs, but it has {epochs!r}")
    return checks.whole("epochs of resume", epochs[0], 1)


def _compare(frame: Any, theirs: Any, ours: Mapping[str, Any]) -> None:
    """Refuse a table of another problem, optimizer, plan or precision, naming what differs."""
    ours = json.loads(json.dumps(ours))
    theirs = json.loads(json.dumps(theirs))
    for name in dict.fromkeys([*ours, *theirs]):
        if ours.get(name) != theirs.get(name):
            raise _refuse(
                frame,
                f"of the same {name}: it has {_short(theirs.get(name))}, "
                f"this sweep {_short(ours.get(name))}",
            )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."


def _check_plans(frame: Any, job: Job, part: Axes) -> None:
    """More updates than before in every plan, and the same rates for those already made."""
    assert part.before is not None
    epochs, updates = part.before
    earlier = replace(part, before=None, updates=updates, common=_cut(part, epochs))
    # The seed's place is a slice, of all.
    lasted = {
        str((*at[:EPOCHS], *at[EPOCHS + 1 :])): p for at, p in axes.plans(earlier, job.problem)
    }
    for at, each in axes.plans(part, job.problem):
        plan.check_begun(each, lasted[str((*at[:EPOCHS], *at[EPOCHS + 1 :]))])


def _cut(part: Axes, epochs: int) -> dict[str, Any]:
    """The common axes of the earlier sweep."""
    return {**part.common, "epochs": (epochs,)}


def _with_state(job: Job, parts: tuple[Axes, ...], frame: pd.DataFrame) -> tuple[Axes, ...]:
    """The parts with the state of their trajectories, from the columns of a table."""
    assert parts[0].before is not None
    epochs, updates = parts[0].before
    cut = tuple(
        replace(each, before=None, updates=updates, common=_cut(each, epochs)) for each in parts
    )
    earlier = replace(job, axes=cut)
    expected = tables.keys(earlier, cut)
    rows = sum(each.size for each in cut)
    names = [tables.state_names(each.optimizer.rule, job.problem) for each in parts]
    if missing := [name for each in names for name in each if name not in frame]:
        raise _refuse(frame, f"with the column {missing[0]!r}, as sweep(..., keep_state=True) has")
    if len(frame) != rows or not all(_same(frame.get(name), v) for name, v in expected.items()):
        raise _refuse(frame, f"all {rows} rows of that sweep, in their order")
    result, first = [], 0
    for part, before, columns in zip(parts, cut, names, strict=True):
        here = frame.iloc[first : first + before.size]
        first += before.size
        state = np.stack([checks.array("resume", here[name]) for name in columns])
        at = 1 + len(part.hyper) + EPOCHS
        shape = (len(columns), *part.lengths)
        state = np.broadcast_to(state.reshape(len(columns), *before.lengths), shape)
        assert state.shape[at] == len(part.common["epochs"])
        result.append(replace(part, state=state))
    return tuple(result)


def _same(column: Any, expected: Any) -> bool:
    """Whether a column of the table has these values."""
    if column is None:
        return False
    if isinstance(expected, pd.Categorical):
        return list(column.astype("object")) == list(expected.astype("object"))
    return bool(np.array_equal(np.asarray(column, float), np.asarray(expected, float), True))
