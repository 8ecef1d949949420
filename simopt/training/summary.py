"""The summary of one trajectory, as a sweep has a row of it: read off its recorded steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from simopt.problems import Problem
from simopt.training import semantics
from simopt.training.steps import names_per_weight


def summary_of(
    steps: pd.DataFrame,
    problem: Problem,
    every: int,
    limit: float | None,
    target: float | None,
    stop_at_target: bool = False,
    shown: str = "w",
) -> dict[str, Any]:
    """The summary of a trajectory, from its steps.

    The loss is looked at every ``every`` updates and after the last. The
    first look that finds it above ``limit``, or not finite, ends the trajectory there; with
    ``stop_at_target`` so does the first one at the target. ``shown`` names the columns of what the
    loss is about.
    """
    d, optimum = problem.d, problem.optimum
    weights = steps[names_per_weight(shown, d)].to_numpy()
    losses = steps["loss"].tolist()
    gaps = weights - (np.full(d, math.nan) if optimum is None else optimum)
    with np.errstate(over="ignore", invalid="ignore"):
        distance = np.abs(gaps[:, 0]) if d == 1 else np.sqrt((gaps * gaps).sum(axis=1))
    first = math.nan if optimum is None else problem.w0[0] - optimum[0]
    side = semantics.side_of(first, 0.0, 0.0, 1.0)
    best, peak = math.inf, -1.0
    best_at = target_at = diverged_at = overshoots = t = 0
    upcoming = every
    for t, loss in enumerate(losses, start=1):
        gap = gaps[t - 1, 0]
        overshoots += int(semantics.crosses(gap, side, 0.0))
        side = semantics.side_of(gap, side, 0.0, 1.0)
        peak = semantics.farthest(float(distance[t - 1]), peak)
        if not semantics.looks_at(t, upcoming, len(losses)):
            continue
        upcoming = t + every
        if semantics.improves(loss, best):
            best, best_at = loss, t
        if target is not None and not target_at and semantics.arrives(loss, target):
            target_at = t
        if limit is not None and semantics.diverges(loss, limit):
            diverged_at = t
            break
        if stop_at_target and target_at:
            break
    return {
        "status": "diverged" if diverged_at else "ok",
        "updates": t,
        "diverged_at": diverged_at or pd.NA,
        **dict(zip(names_per_weight("w", d), weights[t - 1].tolist(), strict=True)),
        "loss": losses[t - 1],
        "best_loss": best if best_at else math.nan,
        "best_at": best_at or pd.NA,
        "distance": float(distance[t - 1]),
        "steps_to_target": target_at or pd.NA,
        "overshoots": overshoots if d == 1 and optimum is not None else pd.NA,
        "peak_distance": math.nan if peak < 0 else peak,
    }
