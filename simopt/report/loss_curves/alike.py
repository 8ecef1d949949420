"""Where a curve alone can't tell: curves that look alike and need different things."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt import problems
from simopt.curves.prescription.running import curves
from simopt.curves.prescription.training import Training
from simopt.display import style
from simopt.ground.formatting import listing, number, percent
from simopt.problems import synthetic
from simopt.report.loss_curves.tested import FEWEST
from simopt.rules import SGD, Adam
from simopt.schedules import exponential

#: Rates within this factor of the best are not to blame for a slow run.
NEAR = 3.0

EPOCHS = 60


def flat_curves() -> pd.DataFrame:
    """Three runs that level off: one arrived, one in a local minimum, one without rate left.

    Each as a share of its own fall, which is all that a reader of the curve has.
    """
    clean = synthetic.suite()["label noise"]
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
    axes.set(xlabel="epoch", ylabel="loss / its own fall")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=1)
    left = {str(name): float(rows["left"].iloc[-1]) for name, rows in runs}
    see = (
        "What a curve shows is its own fall; what is left to lose it does not show: "
        + ", ".join(f"{_rest(share)} ({name})" for name, share in left.items())
        + "."
    )
    title = "Three runs that have levelled off"
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)


def _rest(share: float) -> str:
    """A share that may be next to nothing."""
    return percent(share) if share >= 1e-3 else "less than 0.1 %"


#: Shares from which on something is the rule, or worth a warning.
RULE, SOME = 0.9, 0.05


def statements(outcomes: pd.DataFrame) -> list[dict[str, str]]:
    """What symptoms hide, and what they tell, with numbers: title and text."""
    low, high = outcomes["beyond"] < 1 / NEAR, outcomes["beyond"] > NEAR
    far, best = f"had a rate more than a factor {number(NEAR)}", "the best of those tried"
    looks = (
        (
            ("plateaus early",),
            "eta x 2",
            outcomes["arrived"],
            "A plateau is the end",
            "A plateau may be the end",
            "had arrived: a hundredth or less of what could be lost was left, and there was "
            "nothing to fix",
        ),
        (
            ("oscillates wildly", "decreases then explodes"),
            "eta / 2",
            high,
            "An unstable loss means a high rate",
            "An unstable loss is not always a high rate",
            f"{far} above {best}",
        ),
        (
            ("decreases very slowly",),
            "eta x 2",
            low,
            "A slow one means a low rate",
            "Slow is not always a low rate",
            f"{far} below {best}",
        ),
        (
            ("NaN or Inf",),
            "eta / 10",
            outcomes["problem"].str.contains("bad point"),
            "NaN comes from the data",
            "NaN may come from the data",
            "had a bad point in the data, at rates some of which suit the rest",
        ),
    )
    found = []
    for symptoms, given, mask, rule, some, text in looks:
        # A row a run: of all that is tried on it the one that every such run is given.
        those = outcomes["symptom"].isin(symptoms) & (outcomes["fix"] == given)
        share = float(mask[those].mean()) if those.sum() >= FEWEST else 0.0
        if share >= SOME:
            shown = listing((f"“{each}”" for each in symptoms), "or")
            found.append(
                {
                    "title": rule if share >= RULE else some,
                    "text": f"Of {number(int(those.sum()))} runs that count as {shown}, "
                    f"{percent(share)} {text}.",
                }
            )
    return found
