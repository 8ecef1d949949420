"""How well the gradient noise scale predicts the measured critical batch size."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number, out_of
from simopt.problems import Problem
from simopt.report.critical_batch.curves import label
from simopt.report.critical_batch.noise import predictions
from simopt.report.sweeps import records

#: The scale that theory makes the critical batch size: the noise of the way that the steps go.
THEORY = "B_noise along the way"

#: A prediction within this factor counts as one.
CLOSE = 2.0

#: What is drawn: prediction, colour, marker.
DRAWN = (
    ("B_simple at the start", style.BLUE, "o"),
    ("B_noise at the start", style.ORANGE, "s"),
    ("B_simple along the way", style.GREEN, "^"),
    (THEORY, style.VERMILLION, "D"),
)


def compared(name: str, problem: Problem, way: pd.DataFrame, fits: pd.DataFrame) -> pd.DataFrame:
    """Every prediction beside every measured critical batch size of a problem.

    Parameters
    ----------
    name : str
        Of the problem, in tables.
    problem : Problem
        Its points bound the predictions.
    way : DataFrame
        From `noise.along`.
    fits : DataFrame
        Of `simopt.batch_size`.

    Returns
    -------
    DataFrame
        problem, optimizer, critical, low, high, what, infinite, finite, ratio (finite / critical).
    """
    measured = [
        {
            "problem": name,
            "optimizer": label(row),
            "critical": row["critical"],
            "low": row["critical_low"],
            "high": row["critical_high"],
        }
        for row in records(fits)
    ]
    table = pd.DataFrame(measured).merge(predictions(problem, way), how="cross")
    return table.assign(ratio=table["finite"] / table["critical"])


def judged(table: pd.DataFrame) -> pd.DataFrame:
    """For every prediction how far off it is, over all that was measured.

    Returns
    -------
    DataFrame
        what, typical (the geometric mean of the ratios), worst (the largest factor that it is off,
        either way), close (how many are within a factor of two), of; the least worst first.
    """
    known = table[np.isfinite(table["ratio"]) & (table["ratio"] > 0)]
    logs = known.assign(log=np.log(known["ratio"]))
    groups = logs.groupby("what", sort=False)["log"]
    found = pd.DataFrame(
        {
            "typical": np.exp(groups.mean()),
            "worst": np.exp(groups.agg(lambda log: log.abs().max())),
            "close": groups.agg(lambda log: int((log.abs() <= np.log(CLOSE)).sum())),
            "of": groups.size(),
        }
    )
    return found.sort_values("worst", kind="stable").reset_index()


def verdict(table: pd.DataFrame) -> str:
    """How well one predicts the other, in two or three sentences."""
    found = judged(table)
    if found.empty:
        return (
            "No critical batch size could be fitted, so that there is nothing to compare the noise "
            "scale with."
        )
    best, theory = found.iloc[0], found[found["what"] == THEORY].iloc[0]
    of = int(theory["of"])
    text = (
        f"{THEORY}, which theory makes the critical batch size, is within a factor of two of what "
        f"was measured in {_cases(int(theory['close']), of)}, and off by a factor of "
        f"{number(theory['worst'], 2)} at worst"
    )
    if best["what"] == THEORY:
        text += "; none of the others does better at its worst."
    else:
        text += (
            f". In hindsight {best['what']} is nearest: within a factor of two in "
            f"{_cases(int(best['close']), of)}, off by {number(best['worst'], 2)} at worst."
        )
    return f"{text} {_apart(table)}".strip()


def _cases(part: int, whole: int) -> str:
    if whole == 1:
        return "the one case" if part else "not the one case"
    return f"{out_of(part, whole)} cases"


def _apart(table: pd.DataFrame) -> str:
    """How much the optimizers of one problem differ, which a noise scale can't know."""
    known = table[np.isfinite(table["critical"])]
    groups = known.groupby("problem", sort=False)["critical"]
    spread = (groups.max() / groups.min())[groups.size() > 1]
    if spread.empty:
        return ""
    worst = spread.idxmax()
    return (
        f"On one problem the critical batch sizes of different optimizers differ by up to a factor "
        f"of {number(spread.max(), 2)} ({worst}), and no noise scale knows of the optimizer."
    )


def missing(table: pd.DataFrame) -> str:
    """Whose critical batch size is not known, as a sentence; empty if all are."""
    cases = table.drop_duplicates(["problem", "optimizer"])
    unknown = cases[~np.isfinite(cases["critical"])]
    if unknown.empty:
        return ""
    listed = listing(f"{row['optimizer']} on {row['problem']}" for row in records(unknown))
    cases_left = count(len(unknown), "case")
    return f"Left out: {cases_left} without a measured critical batch size ({listed})."


def ratio_figure(table: pd.DataFrame, title: str) -> Markup | str:
    """Predicted by measured, a row per problem and optimizer; nothing where nothing is known."""
    known = table[np.isfinite(table["ratio"])]
    if known.empty:
        return ""
    cases = known.drop_duplicates(["problem", "optimizer"])
    rows = {(row["problem"], row["optimizer"]): i for i, row in enumerate(records(cases))}
    figure, axes = style.new(height=130 + 26 * len(rows))
    axes.axvspan(1 / CLOSE, CLOSE, color=style.GRID, alpha=0.6, linewidth=0)
    for row in records(cases):
        if np.isfinite(row["low"]):
            # What the measured value's own interval leaves open.
            y = rows[row["problem"], row["optimizer"]]
            left, right = row["critical"] / row["high"], row["critical"] / row["low"]
            axes.plot([left, right], [y, y], color=style.INK, linewidth=5, alpha=0.35,
                      solid_capstyle="butt")  # fmt: skip
    axes.axvline(1, color=style.MUTED, linewidth=1)
    for what, color, marker in DRAWN:
        part = known[known["what"] == what]
        axes.plot(
            part["ratio"], [rows[row["problem"], row["optimizer"]] for row in records(part)],
            marker, color=color, markersize=7, markeredgecolor=style.PAPER, markeredgewidth=0.6,
            label=what,
        )  # fmt: skip
    axis_ticks.log_axis(axes.xaxis)
    axes.set_yticks(range(len(rows)), [f"{problem}, {one}" for problem, one in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlabel("critical batch size,\npredicted / measured")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    see = verdict(table)
    full = (
        f"{see} The shaded span is a factor of two either way; dark bars are the interval of what "
        "was measured."
    )
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=full)


def predictions_table(table: pd.DataFrame, caption: str) -> Markup:
    """Every prediction, with and without the finite-population correction, by case."""
    shown = table.assign(
        case=[f"{row['problem']}, {row['optimizer']}" for row in records(table)],
        measured=[_interval(row) for row in records(table)],
    )
    return tables.table(
        shown,
        {
            "case": "Case",
            "measured": Column("Measured B*", short=True),
            "what": Column("Prediction", short=True),
            "infinite": Column("endless data", lambda v: number(v, 3)),
            "finite": Column("these points", lambda v: number(v, 3)),
            "ratio": Column("by measured", lambda v: number(v, 2)),
        },
        caption=caption,
    )


def _interval(row: dict[str, object]) -> str:
    """The measured value with its interval."""
    text = number(row["critical"], 3)
    if np.isfinite(float(str(row["low"]))):
        text += f" ({number(row['low'], 2)}–{number(row['high'], 2)})"
    return text
