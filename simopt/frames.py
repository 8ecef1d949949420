"""What trajectories did, as tables: a row per trajectory, per epoch or per update."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.axes import labels
from simopt.engine import blocks, layout
from simopt.problems import Problem
from simopt.trajectory import names_per_weight


@dataclass
class Results:
    """A column per trajectory of the whole sweep, filled as tasks finish."""

    w: NDArray[Any]
    loss: NDArray[Any]
    best_loss: NDArray[Any]
    peak: NDArray[Any]
    counts: NDArray[np.int64]
    done: NDArray[np.bool_]
    offset: NDArray[np.int64]  # where each trajectory's records begin
    recorded_loss: NDArray[Any]
    recorded_w: NDArray[Any]


def allocate(records: NDArray[np.int64], d: int, real: type) -> Results:
    """Room for every trajectory and its records."""
    rows, recorded = len(records), int(records.sum())
    return Results(
        w=np.empty((d, rows), real),
        loss=np.empty(rows, real),
        best_loss=np.empty(rows, real),
        peak=np.empty(rows, real),
        counts=np.zeros((layout.COUNTED, rows), np.int64),
        done=np.zeros(rows, bool),
        offset=np.cumsum(records) - records,
        recorded_loss=np.empty(recorded, real),
        recorded_w=np.empty((recorded, d), real),
    )


def store(task: blocks.Task, out: layout.Out, results: Results) -> None:
    """Scatter a task's columns to the rows of the sweep."""
    if len(out.recorded_loss):
        setting, seed, real = task.members()
        rows = task.group.setting_rows[setting[real]] + task.group.seed_rows[seed[real]]
        places = np.arange(len(out.recorded_loss))[:, None] + results.offset[rows]
        results.recorded_loss[places] = out.recorded_loss[:, real]
        results.recorded_w[places] = np.moveaxis(out.recorded_w[:, :, real], 1, 2)
    for source, target in (
        (out.w, results.w),
        (out.loss, results.loss),
        (out.best_loss, results.best_loss),
        (out.peak, results.peak),
        (out.counts, results.counts),
        (np.ones(len(out.loss), bool), results.done),
    ):
        blocks.scatter(task, source, target)


def never(counts: NDArray[np.int64]) -> pd.arrays.IntegerArray:
    """Whole numbers in which 0 means never, as nullable integers."""
    return pd.arrays.IntegerArray(counts, counts == 0)


def table(
    keys: dict[str, Any], planned: NDArray[np.int64], problem: Problem, results: Results
) -> pd.DataFrame:
    """A row per trajectory."""
    diverged_at = results.counts[layout.DIVERGED_AT]
    w = dict(zip(names_per_weight("w", problem.d), results.w.astype(np.float64), strict=True))
    # The kernel keeps the square of the distance where there is more than one weight.
    root = np.abs if blocks.fused(problem) else np.sqrt
    gap = results.w.astype(np.float64)
    if problem.optimum is None:
        distance = peak = np.full(len(planned), np.nan)
    else:
        with np.errstate(over="ignore", invalid="ignore"):
            gap = gap - problem.optimum[:, None]
            distance = np.abs(gap[0]) if problem.d == 1 else np.sqrt((gap * gap).sum(axis=0))
            peak = root(np.where(results.peak < 0, np.nan, results.peak).astype(np.float64))
    known = problem.d == 1 and problem.optimum is not None
    best = results.best_loss.astype(np.float64)
    best[results.counts[layout.BEST_AT] == 0] = np.nan
    columns = keys | {
        "status": labels(["ok", "diverged"], (diverged_at > 0).astype(np.int8)),
        "updates": np.where(diverged_at > 0, diverged_at, planned),
        "diverged_at": never(diverged_at),
        **w,
        "loss": results.loss.astype(np.float64),
        "best_loss": best,
        "best_at": never(results.counts[layout.BEST_AT]),
        "distance": distance,
        "steps_to_target": never(results.counts[layout.TARGET_AT]),
        "overshoots": pd.arrays.IntegerArray(
            results.counts[layout.OVERSHOOTS].copy(), np.full(len(planned), not known)
        ),
        "peak_distance": peak,
    }
    frame = pd.DataFrame(columns, copy=False)
    return frame if results.done.all() else frame[results.done]


def long_table(
    keys: dict[str, Any],
    planned: NDArray[np.int64],
    problem: Problem,
    results: Results,
    record: str,
) -> pd.DataFrame:
    """A row per epoch or update of every trajectory, up to its divergence."""
    batches = planned // keys["epochs"]
    diverged_at = results.counts[layout.DIVERGED_AT]
    lived = np.where(diverged_at > 0, diverged_at, planned)
    kept = lived if record == "steps" else -(-lived // batches)
    kept = np.where(results.done, kept, 0)
    trajectory = np.repeat(np.arange(len(planned)), kept)
    place = np.arange(kept.sum()) - np.repeat(np.cumsum(kept) - kept, kept)
    source = results.offset[trajectory] + place
    frame = pd.DataFrame({name: column[trajectory] for name, column in keys.items()})
    if record == "steps":
        frame["step"] = place + 1
        frame["epoch"] = place // batches[trajectory] + 1
        frame["batch"] = place % batches[trajectory] + 1
    else:
        frame["epoch"] = place + 1
    frame["loss"] = results.recorded_loss[source].astype(np.float64)
    for k, name in enumerate(names_per_weight("w", problem.d)):
        frame[name] = results.recorded_w[source, k].astype(np.float64)
    return frame
