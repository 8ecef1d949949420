"""Trajectories of the engine beside what the recursion expects of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt import problems
from simopt.analysis import nqm
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number
from simopt.report.pages import Computed, computed
from simopt.rules import SGD, Momentum, averaged
from simopt.sweeps.sweep import sweep

#: Weights, batch size and updates.
D, SIZE, UPDATES = 50, 8, 200

#: How many trajectories of each method, in the quick report and in the full one.
TRAJECTORIES = {True: 2**11, False: 2**14}

#: Optimizer by method, with the same setting for the recursion.
METHODS = {
    "SGD": (SGD(eta=0.5), {"eta": 0.5}),
    "Momentum": (Momentum(eta=0.1, beta=0.8), {"eta": 0.1, "beta": 0.8}),
    "SGD, averaged": (averaged(SGD(eta=0.5), gamma=0.9), {"eta": 0.5, "gamma": 0.9}),
}


def sampled(quick: bool) -> tuple[pd.DataFrame, list[Computed]]:
    """Mean loss of many trajectories, expected loss, standard error: a row for each method."""
    h = 1 / np.arange(1.0, D + 1)
    model, many = problems.noisy_quadratic(h, h), TRAJECTORIES[quick]
    rows, ran = [], []
    for name, (optimizer, setting) in METHODS.items():
        frame = sweep(
            model, optimizer, batch_size=SIZE, updates=UPDATES, seed=range(many), reduce="seed",
            evaluate=UPDATES, divergence=None, progress=False,
        )  # fmt: skip
        given: dict[str, Any] = {"batch_size": SIZE, **setting}
        exact = float(nqm.expected_loss(model, UPDATES, **given))
        error = nqm.standard_error(model, UPDATES, many, **given)
        mean = float(frame["loss_mean"].iloc[0])
        rows.append(
            {"method": name, "trajectories": many, "mean": mean, "exact": exact, "error": error,
             "off": (mean - exact) / error}
        )  # fmt: skip
        ran.append(computed(f"noisy quadratic: {name}, sampled", frame))
    return pd.DataFrame(rows), ran


def section(found: pd.DataFrame) -> dict[str, Any]:
    """Sentence and table."""
    inside = found["off"].abs().max() < 4
    return {
        "sentence": (
            f"{number(int(found['trajectories'].iloc[0]))} trajectories of each method, "
            f"{UPDATES} updates on {D} weights at B = {SIZE}: their mean loss is "
            f"{listing(number(float(x), 2) for x in found['off'])} exact standard errors from the "
            "expected one"
            + (", where four would be suspicious." if inside else ": more than chance explains.")
        ),
        "table": tables.table(
            found,
            {
                "method": Column("Method", short=True),
                "mean": Column("Sampled", lambda x: number(x, 6)),
                "exact": Column("Exact", lambda x: number(x, 6)),
                "error": Column("Standard error", lambda x: number(x, 3)),
                "off": Column("Difference, in errors", lambda x: number(x, 2)),
            },
            caption="Mean loss, sampled, and expected loss, exact, with the exact standard error",
        ),
    }
