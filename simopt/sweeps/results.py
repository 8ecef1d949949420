"""What trajectories did, as tables: a row per trajectory, per epoch or per update."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.engine import blocks, layout
from simopt.problems import Problem
from simopt.sweeps import readers
from simopt.sweeps.axes import labels
from simopt.training.run import names_per_weight

Array = NDArray[Any]

#: What the engine says of a trajectory, by name.
RAW: dict[str, Callable[[layout.Out], Array]] = {
    "w": lambda out: out.w,
    "loss": lambda out: out.loss,
    "best_loss": lambda out: out.best_loss,
    "peak": lambda out: out.peak,
    "best_at": lambda out: out.counts[layout.BEST_AT],
    "target_at": lambda out: out.counts[layout.TARGET_AT],
    "diverged_at": lambda out: out.counts[layout.DIVERGED_AT],
    "overshoots": lambda out: out.counts[layout.OVERSHOOTS],
}


#: What is asked for only where a sweep is to be diagnosed: `simopt.diagnosis.sweeps` puts it there.
DIAGNOSED: dict[str, Callable[[layout.Out], Array]] = {
    "diagnosis": lambda out: out.recorded_loss[0]
}


def wanted(diagnosis: bool) -> tuple[str, ...]:
    """What a whole table needs of every trajectory."""
    return (*RAW, *(DIAGNOSED if diagnosis else ()))


@dataclass
class Results:
    """A column per trajectory, filled as tasks finish."""

    raw: dict[str, Array]
    done: NDArray[np.bool_]
    offset: NDArray[np.int64]  # where each trajectory's records begin
    recorded_loss: Array
    recorded_w: Array


def allocate(
    rows: int,
    d: int,
    real: type,
    wanted: Collection[str] = tuple(RAW),
    records: NDArray[np.int64] | None = None,
) -> Results:
    """Room for what is wanted of every trajectory, and for its records."""
    raw: dict[str, Array] = {}
    for name in wanted:
        counted = name.endswith("_at") or name == "overshoots"
        shape = (d, rows) if name == "w" else rows
        raw[name] = np.zeros(shape, np.int64) if counted else np.empty(shape, real)
        if name in DIAGNOSED:
            raw[name] = np.zeros(rows, np.int8)
    counts = np.zeros(0, np.int64) if records is None else records
    recorded = int(counts.sum())
    return Results(
        raw=raw,
        done=np.zeros(rows, bool),
        offset=np.cumsum(counts) - counts,
        recorded_loss=np.empty(recorded, real),
        recorded_w=np.empty((recorded, d), real),
    )


def store(task: blocks.Task, out: layout.Out, results: Results) -> None:
    """Scatter a task's columns to the rows of the sweep."""
    if len(out.recorded_loss) and "diagnosis" not in results.raw:
        setting, seed, real = task.members()
        rows = task.group.setting_rows[setting[real]] + task.group.seed_rows[seed[real]]
        places = np.arange(len(out.recorded_loss))[:, None] + results.offset[rows]
        results.recorded_loss[places] = out.recorded_loss[:, real]
        results.recorded_w[places] = np.moveaxis(out.recorded_w[:, :, real], 1, 2)
    for name, target in results.raw.items():
        blocks.scatter(task, (RAW | DIAGNOSED)[name](out), target)
    blocks.scatter(task, np.ones(len(out.loss), bool), results.done)


def never(counts: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Whole numbers in which 0 means never, as nullable integers."""
    return pd.arrays.IntegerArray(counts, counts == 0)


def ended_at(raw: Mapping[str, Array], stop_at_target: bool) -> NDArray[np.int64]:
    """The update at which a trajectory ended before its time: it diverged, or arrived; 0 if not."""
    diverged_at: Array = raw["diverged_at"]
    if not stop_at_target:
        return diverged_at
    return np.where(diverged_at > 0, diverged_at, raw["target_at"])


def lived(planned: NDArray[np.int64], results: Results, stop_at_target: bool) -> NDArray[np.int64]:
    """The updates of every trajectory, up to its end."""
    last = ended_at(results.raw, stop_at_target)
    return np.where(last > 0, last, planned)


def updates_made(planned: NDArray[np.int64], results: Results, stop_at_target: bool) -> int:
    """The updates of all trajectories together."""
    last = ended_at(results.raw, stop_at_target)
    ended = np.flatnonzero(last)
    return int(planned.sum()) - int((planned[ended] - last[ended]).sum())


def _double(values: Array) -> NDArray[np.float64]:
    return values.astype(np.float64, copy=False)


def _weight(k: int, problem: Problem, raw: Mapping[str, Array]) -> NDArray[np.float64]:
    return _double(raw["w"][k])


def _distance(problem: Problem, raw: Mapping[str, Array]) -> NDArray[np.float64]:
    if problem.optimum is None:
        return np.full(raw["w"].shape[1], np.nan)
    with np.errstate(over="ignore", invalid="ignore"):
        gap = _double(raw["w"]) - problem.optimum[:, None]
        result: Array = np.abs(gap[0]) if problem.d == 1 else np.sqrt((gap * gap).sum(axis=0))
    return result


def _peak(problem: Problem, raw: Mapping[str, Array]) -> NDArray[np.float64]:
    if problem.optimum is None:
        return np.full(len(raw["peak"]), np.nan)
    peak = _double(np.where(raw["peak"] < 0, np.nan, raw["peak"]))
    # The kernel keeps the square of the distance where there is more than one weight.
    return np.abs(peak) if blocks.fused(problem) else np.sqrt(peak)


def _best(problem: Problem, raw: Mapping[str, Array]) -> NDArray[np.float64]:
    return np.where(raw["best_at"] == 0, np.nan, _double(raw["best_loss"]))


def _updates(stop_at_target: bool, problem: Problem, raw: Mapping[str, Array]) -> Array:
    last = ended_at(raw, stop_at_target)
    return np.where(last > 0, last, raw["planned"])


def _overshoots(problem: Problem, raw: Mapping[str, Array]) -> pd.arrays.IntegerArray:
    known = problem.d == 1 and problem.optimum is not None
    return pd.arrays.IntegerArray(raw["overshoots"], np.full(len(raw["overshoots"]), not known))


Column = tuple[tuple[str, ...], Callable[[Problem, Mapping[str, Array]], Any]]


def columns(problem: Problem, stop_at_target: bool) -> dict[str, Column]:
    """The columns that depend on what happened, in their order: of what, and how.

    "planned" stands for the updates that a trajectory has if nothing ends it before.
    """
    names = names_per_weight("w", problem.d)
    weights: dict[str, Column] = {
        name: (("w",), partial(_weight, k)) for k, name in enumerate(names)
    }
    return {
        "status": (
            ("diverged_at",),
            lambda _, raw: labels(["ok", "diverged"], (raw["diverged_at"] > 0).astype(np.int8)),
        ),
        "updates": (
            ("diverged_at", "target_at", "planned"),
            partial(_updates, stop_at_target),
        ),
        "diverged_at": (("diverged_at",), lambda _, raw: never(raw["diverged_at"])),
        **weights,
        "loss": (("loss",), lambda _, raw: _double(raw["loss"])),
        "best_loss": (("best_loss", "best_at"), _best),
        "best_at": (("best_at",), lambda _, raw: never(raw["best_at"])),
        "distance": (("w",), _distance),
        "steps_to_target": (("target_at",), lambda _, raw: never(raw["target_at"])),
        "overshoots": (("overshoots",), _overshoots),
        "peak_distance": (("peak",), _peak),
    }


def table(
    keys: dict[str, Any],
    planned: NDArray[np.int64],
    problem: Problem,
    results: Results,
    stop_at_target: bool,
) -> pd.DataFrame:
    """A row per trajectory."""
    raw = {**results.raw, "planned": planned}
    made = {
        name: make(problem, raw) for name, (_, make) in columns(problem, stop_at_target).items()
    }
    if "diagnosis" in raw:
        made["diagnosis"] = labels(list(readers.reader("diagnosis").labels), raw["diagnosis"])
    frame = pd.DataFrame(keys | made, copy=False)
    return frame if results.done.all() else frame[results.done]


def long_table(
    keys: dict[str, Any],
    kept: NDArray[np.int64],
    batches: NDArray[np.int64],
    problem: Problem,
    results: Results,
    record: str,
) -> pd.DataFrame:
    """A row per epoch or update of every trajectory, of which ``kept`` were made.

    ``batches`` is how many updates an epoch has.
    """
    kept = kept if record == "steps" else -(-kept // batches)
    kept = np.where(results.done, kept, 0)
    trajectory = np.repeat(np.arange(len(kept)), kept)
    place = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    source = results.offset[trajectory] + place
    made = {name: column[trajectory] for name, column in keys.items()}
    if record == "steps":
        made["step"] = place + 1
        made["epoch"] = place // batches[trajectory] + 1
        made["batch"] = place % batches[trajectory] + 1
    else:
        made["epoch"] = place + 1
    made["loss"] = results.recorded_loss[source].astype(np.float64)
    for k, name in enumerate(names_per_weight("w", problem.d)):
        made[name] = results.recorded_w[source, k].astype(np.float64)
    return pd.DataFrame(made, copy=False)
