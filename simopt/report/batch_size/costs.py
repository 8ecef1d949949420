"""What a batch costs: updates, gradient noise, loss, time and memory, for SGD at one rate."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis import measures
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, rough
from simopt.problems import Problem, huber
from simopt.report.batch_size.grid import EPOCHS, UPDATES, epochs_for_updates, plan_of, sizes_of
from simopt.report.sweeps import Setting, least_row, measured, over_seeds, records, small, together
from simopt.rules import SGD
from simopt.sweeps.sweep import sweep

#: Times are the least of so many, in the quick report and in the full one.
REPEATS = {True: 2, False: 3}


def trade_off(
    problem: Problem, key: str, eta: float, quick: bool, ran: dict[str, pd.DataFrame]
) -> pd.DataFrame:
    """Updates, noise, loss, time and memory per batch size, for SGD at one rate."""
    slope = float((problem.gradient(problem.w0) ** 2).sum())
    seeds = range(11 if quick else 41)
    sizes, sgd, frames = sizes_of(key, quick), [SGD(eta=eta)], {}
    for budget in ("epochs", "updates"):
        lengths = dict.fromkeys(sizes, EPOCHS[key])
        if budget == "updates":
            lengths = {size: epochs_for_updates(key, problem, size) for size in sizes}
        frames[budget] = together(
            [over_seeds(problem, sgd, [size], lengths[size], seeds) for size in sizes]
        )
        ran[f"{key}, SGD, equal {budget}"] = frames[budget]
    bands = {
        budget: {
            row["batch_size"]: row for row in records(measured(frame, problem, ["batch_size"]))
        }
        for budget, frame in frames.items()
    }
    rows = []
    for size in sizes:
        noise = measures.gradient_noise(problem, size)
        rows.append(
            {
                "batch_size": size,
                "updates": plan_of(problem, size).batches,
                "noise": noise,
                "relative": noise / slope,
                "nanoseconds": epoch_time(problem, size, eta, ran, key, quick),
                "batch_bytes": size * (problem.d + 1) * 8,
                **{
                    f"{budget}_{part}": bands[budget][size][part]
                    for budget in bands
                    for part in ("low", "median", "high")
                },
            }
        )
    result = pd.DataFrame(rows)
    result.attrs = {"eta": eta}
    return result


def epoch_time(
    problem: Problem,
    size: int,
    eta: float,
    ran: dict[str, pd.DataFrame],
    key: str,
    quick: bool = False,
) -> float:
    """Nanoseconds for one trajectory's epoch, measured on one core among many trajectories.

    In a new order every epoch and point by point, as in training: of least squares the engine lets
    sums over the points, made once, stand for them, which a training program can't.
    """
    visited = point_by_point(problem)
    many = 1024
    # As many epochs as keep a core busy for some tens of milliseconds, in a first look for ten.
    work = problem.d * (problem.n + problem.d) / 200 + plan_of(problem, size).batches
    epochs = max(1, int((1e6 if quick else 3e6) / (many * work)))
    frames = [
        sweep(
            visited,
            SGD(eta=np.linspace(eta / 100, eta / 10, many)),
            batch_size=size,
            epochs=epochs,
            shuffle="epoch",
            evaluate=epochs * plan_of(problem, size).batches,
            threads=1,
            progress=False,
        )
        for _ in range(REPEATS[quick])
    ]
    # The least: whatever else a machine does only adds to it.
    frame = min(frames, key=lambda each: float(each.attrs["seconds"]))
    ran[f"{key}, time per epoch at batch {size}"] = frame
    return float(frame.attrs["seconds"]) / (many * epochs) * 1e9


def point_by_point(problem: Problem) -> Problem:
    """The same squared errors, halved, as a Huber loss: no sums stand for its points."""
    points = problem.x[:, :-1] if problem.intercept else problem.x
    return huber(points, problem.y, delta=1e12, intercept=problem.intercept)


def cost_section(setting: Setting, costs: pd.DataFrame, key: str) -> dict[str, Any]:
    """The trade-off table of a problem, with its sentence."""
    first, full = costs.iloc[0], costs.iloc[-1]
    best_epochs = least_row(costs, "epochs_median")["batch_size"]
    best_updates = least_row(costs, "updates_median")["batch_size"]
    return {
        "name": setting.name,
        "table": tables.table(
            costs,
            {
                "batch_size": Column("Batch size", lambda v: number(v)),
                "updates": Column("Updates an epoch", number),
                "noise": Column("Noise", lambda v: rough(v, 3)),
                "relative": Column("Relative noise", lambda v: number(v, 2)),
                "epochs_median": Column(f"{EPOCHS[key]} epochs", small),
                "updates_median": Column(f"{UPDATES[key]} updates", small),
                "nanoseconds": Column("Epoch [ns]", lambda v: rough(v, 2)),
                "batch_bytes": Column("Batch [bytes]", number),
            },
            caption=f"{setting.name}, SGD at η = {number(costs.attrs['eta'], 2)}: updates, "
            "gradient noise (also relative to the squared gradient), excess loss after equal "
            "epochs and after equal updates, time per epoch in a new order each time, bytes of a "
            "batch",
        ),
        "sentence": (
            f"{setting.name}, SGD at η = {number(costs.attrs['eta'], 2)}: from batch 1 to the full "
            f"batch the updates per epoch fall from {number(first['updates'])} to "
            f"{number(full['updates'])} and the noise from {number(first['relative'], 2)} times "
            f"the squared gradient to {number(full['relative'], 2)}. After {EPOCHS[key]} epochs "
            f"batch {best_epochs} has the least loss; after {UPDATES[key]} updates batch "
            f"{best_updates} has. {lucky(setting.problem, costs.attrs['eta'])}A shuffled "
            f"epoch at batch 1 takes {number(first['nanoseconds'] / full['nanoseconds'], 2)} times "
            f"as long as one of the full batch."
        ),
    }


def lucky(problem: Problem, eta: float) -> str:
    """Whether a batch of two points steps from anywhere straight to the optimum, as a sentence."""
    if problem.d > 1 or problem.minimum_loss > 0:
        return ""
    squared = problem.x[:, 0] ** 2
    hits = [
        pair
        for pair in itertools.combinations(range(problem.n), 2)
        if abs(1 - 2 * eta * squared[list(pair)].mean()) < 1e-12
    ]
    shown = listing([f"{a + 1} and {b + 1}" for a, b in hits], "or")
    return (
        f"Batch 2 is lucky at this rate: a batch of points {shown} steps exactly onto the optimum, "
        "from anywhere. "
        if hits
        else ""
    )
