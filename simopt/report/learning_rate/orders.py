"""Where one epoch can end, over orders of the points, and why SGD does not mind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.display import tables
from simopt.display.tables import Column
from simopt.document.quantities import ETA
from simopt.ground.formatting import fixed, number
from simopt.problems import Problem
from simopt.report.sweeps import KEY, named, records
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep


def order_table(problem: Problem, quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How many weights one epoch can end at, over shuffle seeds, at the document's rate."""
    frame = sweep(
        problem,
        [make(eta=ETA) for make in OPTIMIZERS.values()],
        batch_size=[1, 2, 4],
        shuffle="once",
        seed=range(300 if quick else 2000),
        progress=False,
    )
    rounded = frame.assign(rounded=frame["w"].round(9))
    table = (
        rounded.groupby(KEY, observed=True)
        .agg(distinct=("rounded", "nunique"), least=("w", "min"), most=("w", "max"))
        .reset_index()
        .assign(spread=lambda t: t["most"] - t["least"])
    )
    return named(table), frame


def invariance(problem: Problem, orders: pd.DataFrame) -> dict[str, Any]:
    """Why the order of the points does not matter to SGD at batch 1, and what it does to others."""
    product = float(np.prod(1 - 2 * ETA * problem.x[:, 0] ** 2))
    minimizer = problem.minimizer
    assert minimizer is not None
    predicted = float(minimizer[0] + product * (problem.w0[0] - minimizer[0]))
    sgd = records(orders[(orders["optimizer"] == "SGD")])
    one, two = sgd[0], sgd[1]
    agree = problem.minimum_loss == 0
    others = orders[(orders["batch_size"] == 1) & (orders["optimizer"] != "SGD")]
    return {
        "sentence": (
            f"On the four points at η = {number(ETA)}, SGD at batch 1 ends its epoch at w = "
            f"{fixed(one['least'], 4)} in every order that the seeds drew: the largest and "
            f"the smallest differ by {number(one['spread'], 2)}. "
            + (
                "All labels agree on one weight, so that an update multiplies the error w − w* by "
                "1 − 2ηx², whatever came before; the factors commute, and an epoch multiplies it "
                f"by their product, {fixed(product, 4)}: w = {fixed(predicted, 4)}. "
                if agree
                else ""
            )
            + f"At batch 2 only who is paired with whom matters: {number(two['distinct'])} "
            f"{'value' if two['distinct'] == 1 else 'values'}. Optimizers with a memory notice the "
            f"order: {number(others['distinct'].min())} to {number(others['distinct'].max())} "
            "different weights at batch 1."
        ),
        "table": tables.table(
            orders,
            {
                "optimizer": "Optimizer",
                "batch_size": Column("Batch size", number),
                "distinct": Column("Different weights", number),
                "least": Column("Least w", lambda w: fixed(w, 4)),
                "most": Column("Most w", lambda w: fixed(w, 4)),
                "spread": Column("Difference", lambda v: number(v, 2)),
            },
            caption="Where one epoch can end, over all orders that the seeds drew (weights equal "
            "to nine decimals count as one)",
        ),
    }
