"""One epoch on the four points, every method at every batch size, worked out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import states, style, tables
from simopt.display.tables import Column
from simopt.document.quantities import ETA
from simopt.ground import formatting
from simopt.ground.formatting import fixed, listing, number, out_of
from simopt.problems import Problem
from simopt.report.sweeps import parts, records
from simopt.rules import OPTIMIZERS
from simopt.training.run import run


def one_epoch(problem: Problem, sizes: Sequence[int] = (1, 2, 4)) -> pd.DataFrame:
    """Every rule at every batch size after one epoch in file order, at the document's rate.

    Returns
    -------
    DataFrame
        optimizer, batch_size, updates, w, distance, loss, state (name to value, in words) and
        steps (the trace of `simopt.run`).
    """
    rows = []
    for name, make in OPTIMIZERS.items():
        for size in sizes:
            trace = run(problem, make(eta=ETA), batch_size=size)
            last = trace.steps.iloc[-1]
            rows.append(
                {
                    "optimizer": name,
                    "batch_size": size,
                    "updates": int(trace.summary["updates"]),
                    "w": float(trace.summary["w"]),
                    "distance": float(trace.summary["distance"]),
                    "loss": float(trace.summary["loss"]),
                    "state": states.after(name, last),
                    "steps": trace.steps,
                }
            )
    return pd.DataFrame(rows)


def printed_weights(audit: pd.DataFrame, epoch: pd.DataFrame) -> pd.Series:
    """What the document prints for w after the epoch: "" where it leaves the method out.

    A number that is not the exact one, rounded, is followed by a mark.
    """
    weights = audit[audit["quantity"] == "weight after the step"]
    shown = []
    for row in records(epoch):
        same = weights[
            (weights["method"] == row["optimizer"])
            & (weights["batch_size"] == row["batch_size"])
            & (weights["step"] == row["updates"])
        ]
        if same.empty:
            shown.append("")
        else:
            first = same.iloc[0]
            shown.append(first["printed"] + ("" if first["verdict"] == "exact" else " ✗"))
    return pd.Series(shown, index=epoch.index)


def worked_section(problem: Problem, epoch: pd.DataFrame, audit: pd.DataFrame) -> dict[str, Any]:
    """Comparison tables, every update, and a figure."""
    shown = epoch.assign(document=printed_weights(audit, epoch))
    comparison = []
    for name, rows in parts(shown, "optimizer"):
        line: dict[str, Any] = {"optimizer": name}
        for row in records(rows):
            line[f"w {row['batch_size']}"] = row["w"]
            line[f"document {row['batch_size']}"] = row["document"] or "left out"
        comparison.append(line)
    columns: dict[str, Column | str] = {"optimizer": "Optimizer"}
    for size in epoch["batch_size"].unique():
        columns[f"w {size}"] = Column(f"w, batch {size}", lambda w: fixed(w, 4))
        columns[f"document {size}"] = Column("printed")
    updates = epoch.drop_duplicates("batch_size").set_index("batch_size")["updates"]
    counts = listing(f"{formatting.count(u, 'update')} at batch {b}" for b, u in updates.items())
    distance = epoch.pivot_table(index="optimizer", columns="batch_size", values="distance")
    nearer = (distance[1] < distance[4]).sum()
    left_out = int((shown["document"] == "").sum())
    off = int(shown["document"].str.endswith("✗").sum())
    return {
        "sentence": (
            f"One epoch is {counts}. The document works {len(shown) - left_out} of these "
            f"{len(shown)} cells and leaves out {left_out}; {off} of its weights, marked ✗, are "
            "not the exact result rounded."
        ),
        "table": tables.table(
            pd.DataFrame(comparison),
            columns,
            caption="The weight after one epoch, computed and as the document prints it",
        ),
        "figure": style.captioned(
            style.svg(
                epoch_figure(epoch, problem),
                title="The weight after one epoch",
                alt=f"For {nearer} of {len(distance)} methods batch 1 ends nearer to the optimum "
                "than the full batch.",
            ),
            title="The weight after one epoch",
            see=f"With the same rate η = {number(ETA)}, batch 1 ends nearer to the optimum than "
            f"the full batch for {out_of(nearer, len(distance))} methods: it takes "
            f"{number(updates[1] / updates[4])} times as many steps.",
        ),
        "states": tables.table(
            shown,
            {
                "optimizer": "Optimizer",
                "batch_size": "Batch size",
                "updates": "Updates",
                "w": Column("w", lambda w: fixed(w, 4)),
                "distance": Column("|w − optimum|", lambda w: fixed(w, 4)),
                "loss": Column("Loss", number),
                "state": Column("State", short=True),
            },
            caption="Updates, weight, loss and state of every method after one epoch",
        ),
        "traces": [
            {
                "title": f"Batch {size}: {formatting.count(int(count), 'update')} of each method",
                "table": _trace(problem, epoch[epoch["batch_size"] == size]),
            }
            for size, count in updates.items()
        ],
    }


def _trace(problem: Problem, epoch: pd.DataFrame) -> Markup:
    """Every update of an epoch: points, gradients, their mean, state, weight."""
    rows = []
    for cell in records(epoch):
        before, name, size = float(problem.w0[0]), cell["optimizer"], cell["batch_size"]
        for _, step in cell["steps"].iterrows():
            first = (int(step["batch"]) - 1) * size
            points = range(first, min(first + size, problem.n))
            each = [float(problem.gradient(before, [i])[0]) for i in points]
            rows.append(
                {
                    "optimizer": name,
                    "step": int(step["step"]),
                    "points": listing([i + 1 for i in points], "and"),
                    "before": before,
                    "each": ", ".join(number(g) for g in each),
                    "gradient": float(step["gradient"]),
                    "state": states.after(name, step),
                    "w": float(step["w"]),
                }
            )
            before = float(step["w"])
    return tables.table(
        pd.DataFrame(rows),
        {
            "optimizer": "Optimizer",
            "step": "Update",
            "points": "Points",
            "before": Column("w before", lambda w: fixed(w, 4)),
            "each": Column("Gradient of each", short=True),
            "gradient": Column("Their mean", number),
            "state": Column("State after", short=True),
            "w": Column("w after", lambda w: fixed(w, 4)),
        },
        caption=f"Every update of one epoch at batch size {epoch['batch_size'].iloc[0]}",
    )


def epoch_figure(epoch: pd.DataFrame, problem: Problem) -> Any:
    """The weight after one epoch: a row per method, a mark per batch size."""
    figure, axes = style.new(height=300)
    names = list(epoch["optimizer"].unique())
    marks = zip(epoch["batch_size"].unique(), "osD", style.BY_SIZE, strict=True)
    for size, marker, (color, _) in marks:
        rows = epoch[epoch["batch_size"] == size]
        label = f"batch {size} (all points)" if size == problem.n else f"batch {size}"
        axes.plot(
            rows["w"],
            [names.index(n) for n in rows["optimizer"]],
            marker,
            color=color,
            label=label,
            markersize=7,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.6,
        )
    optimum = float(problem.minimizer[0]) if problem.minimizer is not None else math.nan
    axes.axvline(optimum, color=style.MUTED, linewidth=1, linestyle=(0, (3, 2)))
    axes.axvline(float(problem.w0[0]), color=style.MUTED, linewidth=1, linestyle=":")
    axes.annotate(
        "optimum",
        (optimum, 0),
        (4, 0),
        textcoords="offset points",
        xycoords=("data", "axes fraction"),
        va="bottom",
        color=style.MUTED,
    )
    axes.annotate(
        "start",
        (float(problem.w0[0]), 0),
        (4, 0),
        textcoords="offset points",
        xycoords=("data", "axes fraction"),
        va="bottom",
        color=style.MUTED,
    )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) + 0.1, -0.6)
    axes.set_xlabel("weight w after one epoch")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
