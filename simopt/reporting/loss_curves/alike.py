"""Where a curve alone can't tell: curves that look alike and need different things."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt import problems
from simopt.claims import suite
from simopt.prescription.running import curves
from simopt.prescription.training import Training
from simopt.reporting import style
from simopt.reporting.words import number, percent, sentence
from simopt.rules import SGD, Adam
from simopt.schedules import exponential

#: Rates within this factor of the best are not to blame for a slow run.
NEAR = 3.0

EPOCHS = 60


def flat_curves() -> pd.DataFrame:
    """Three runs that level off: one arrived, one in a local minimum, one without rate left.

    Each as a share of its own fall, which is all that a reader of the curve has.
    """
    clean = suite.suite()["label noise"]
    fast = exponential(gamma=0.6, per="epoch")
    made = (
        ("arrived", clean, Training(SGD(eta=0.006), 8, EPOCHS)),
        (
            "stuck in a local minimum",
            problems.bumps(w0=3.4),
            Training(Adam(eta=0.02), 1, EPOCHS, "never"),
        ),
        ("the rate decayed too fast", clean, Training(SGD(eta=0.004), 8, EPOCHS, schedule=fast)),
    )
    rows = []
    for what, problem, training in made:
        (found,) = curves(problem, [training], [0])
        loss = found.loss[0]
        start, least = loss[0], problem.minimum_loss
        rows.append(
            pd.DataFrame(
                {
                    "run": what,
                    "epoch": np.arange(len(loss)),
                    "shape": (loss - loss.min()) / (start - loss.min()),
                    "left": (loss - least) / (start - least),
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


LINES: tuple[tuple[str, Any], ...] = (
    (style.BLUE, "-"),
    (style.VERMILLION, (0, (5, 1.5))),
    (style.GREEN, (0, (1.5, 1.2))),
)


def flat_figure(table: pd.DataFrame) -> Markup:
    """The shapes, and what is left above the least loss at the end."""
    figure, axes = style.new(height=260)
    runs = list(table.groupby("run", sort=False))
    for (name, rows), (color, line) in zip(runs, LINES, strict=True):
        axes.plot(rows["epoch"], rows["shape"], color=color, linestyle=line, label=name)
    axes.set(xlabel="epoch", ylabel="loss, as a share of its own fall")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)
    left = {str(name): float(rows["left"].iloc[-1]) for name, rows in runs}
    see = (
        "What a curve shows is its own fall; what is left to lose it does not show: "
        + ", ".join(f"{percent(max(share, 0.0))} ({name})" for name, share in left.items())
        + "."
    )
    title = "Three runs that have levelled off"
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)


def statements(outcomes: pd.DataFrame) -> list[dict[str, str]]:
    """What symptoms hide, with numbers: title and text."""
    runs = outcomes.drop_duplicates(
        ["problem", "optimizer", "eta", "batch_size", "seed", "symptom"]
    )
    found = []
    for symptom, title, mask, text in (
        (
            "plateaus early",
            "A plateau may be the end",
            runs["arrived"],
            "had arrived, with a hundredth or less of what could be lost still to lose: there was "
            "nothing to fix",
        ),
        (
            "stopped learning mid-training",
            "Who stops may be there",
            runs["arrived"],
            "had arrived",
        ),
        (
            "decreases very slowly",
            "Slow is not always a low rate",
            runs["beyond"] > 1 / NEAR,
            f"had a rate within a factor {number(NEAR)} of the best one, or above it: the problem "
            "is slow, and a higher rate does not help",
        ),
        (
            "oscillates wildly",
            "An oscillation may be harmless",
            runs["beyond"] <= NEAR,
            f"had a rate within a factor {number(NEAR)} of the best one: the swing is mostly noise",
        ),
        (
            "NaN or Inf",
            "NaN has two causes",
            runs["problem"].str.contains("bad point"),
            "had a bad point in the data, and rates that suit the rest",
        ),
    ):
        those = runs["symptom"] == symptom
        if those.sum() < 20:
            continue
        share = float(mask[those].mean())
        found.append(
            {
                "title": title,
                "text": f"Of {number(int(those.sum()))} runs whose curve “{symptom}”, "
                f"{percent(share)} {text}.",
            }
        )
    return found


def harmless(outcomes: pd.DataFrame) -> str:
    """The first statement as a sentence of its own; empty where there is none."""
    found = statements(outcomes)
    return sentence(found[0]["text"]) if found else ""
