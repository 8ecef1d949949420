"""Who wins where, each optimizer at the rate that suits it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number
from simopt.report.learning_rate.grid import EPOCHS
from simopt.report.sweeps import Setting, parts, records, small
from simopt.rules import OPTIMIZERS, AdamW


def winners(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Who wins where, at the robust rate: a sentence and a table."""
    rows = []
    for key in three:
        for size, settled in parts(tuned[key], "batch_size"):
            order = records(settled.sort_values("robust_worst", kind="stable"))
            bar = 1.1 * order[0]["robust_worst"]
            level = [row["optimizer"] for row in order if row["robust_worst"] <= bar]
            rows.append(
                {
                    "problem": three[key].name,
                    "batch_size": size,
                    "level": level,
                    "eta": ", ".join(number(row["robust_eta"], 2) for row in order[: len(level)]),
                    "excess": order[0]["robust_worst"],
                    "epochs": EPOCHS[key],
                }
            )
    names = [name for name in OPTIMIZERS if any(name in row["level"] for row in rows)]
    times = {name: sum(name in row["level"] for row in rows) for name in names}
    return {
        "sentence": (
            f"Give every optimizer its own robust rate, and the least loss, or one within a tenth "
            f"of it, goes to {listing(f'{name} ({times[name]})' for name in names)} in "
            f"{count(len(rows), 'setting')}."
        ),
        "table": tables.table(
            pd.DataFrame(rows),
            {
                "problem": "Problem",
                "batch_size": Column("Batch", number),
                "epochs": Column("Epochs", number),
                "level": Column("Lowest", listing),  # type: ignore[arg-type]
                "eta": "at η",
                "excess": Column("Excess", small),
            },
            caption="The optimizers that end lowest at their robust rates; the excess is the worst "
            "within 5 % of the rate",
        ),
    }


def decay_sentence(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> str:
    """Why AdamW ends where it does, where its weight decay is what stops it."""
    decay = float(dict(AdamW().settings)["weight_decay"])  # type: ignore[arg-type]
    far = {
        key: float(np.abs(setting.problem.minimizer).max())
        for key, setting in three.items()
        if setting.problem.minimizer is not None
    }
    beyond = [key for key, size in far.items() if size > 1 / decay]
    if not beyond:
        return ""
    ends = [
        f"{small(tuned[key].loc[tuned[key]['optimizer'] == 'AdamW', 'median'].min())} on "
        f"{three[key].name} (largest weight of the optimum {number(far[key], 3)})"
        for key in beyond
    ]
    return (
        f"AdamW's decay takes η × {number(decay)} × w at every step, and a step of Adam is hardly "
        f"longer than η, so that no weight stays above about {number(1 / decay)}. Where the "
        f"optimum lies beyond, no rate helps: the best excess is {listing(ends)}. Targets in "
        "other units, or another decay, would change that."
    )


def findings(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> list[str]:
    """Sentences for the overview."""
    four = tuned["four points"]
    first = four[four["batch_size"] == 1].sort_values("robust_worst", kind="stable")
    wide = records(first.sort_values("decades"))[-1]
    narrow = records(first.sort_values("decades"))[0]
    settled = records(first)[0]
    return [
        f"Give every optimizer its own learning rate, and on the four points at batch 1 "
        f"{settled['optimizer']} ends lowest after {EPOCHS['four points']} epochs "
        f"(η = {number(settled['robust_eta'], 2)}); no single rate serves all: the robust ones run "
        f"from {number(first['robust_eta'].min(), 2)} to {number(first['robust_eta'].max(), 2)}.",
        f"There {wide['optimizer']} forgives most, with {number(wide['decades'], 2)} decades of "
        f"rates within ten times its best excess, and {narrow['optimizer']} least, with "
        f"{number(narrow['decades'], 2)}.",
    ]
