"""The order of the points: never shuffled, once, or every epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.display import axis_ticks, style
from simopt.ground.formatting import number
from simopt.problems import Problem
from simopt.report.learning_rate.grid import DRAWN, EPOCHS, SHUFFLED
from simopt.report.sweeps import Setting, factor, measured, named, records, together
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep


def shuffled(
    key: str, problem: Problem, tuned: pd.DataFrame, quick: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The excess of each optimizer at its robust rate: never, once, and anew every epoch."""
    size = SHUFFLED[key]
    chosen = tuned[tuned["batch_size"] == size]
    optimizers = [OPTIMIZERS[row["optimizer"]](eta=row["robust_eta"]) for row in records(chosen)]
    seeds = range(81 if quick else 501)
    frame = together(
        [
            sweep(
                problem,
                optimizers,
                batch_size=size,
                epochs=EPOCHS[key],
                shuffle=how,
                seed=seed,
                progress=False,
            )
            for how, seed in ((["once", "epoch"], seeds), ("never", 0))
        ]
    )
    frame["shuffle"] = frame["shuffle"].astype(str)
    return named(measured(frame, problem, ["optimizer", "shuffle"])), frame


def shuffle_section(setting: Setting, key: str, spread: pd.DataFrame) -> dict[str, Any]:
    """The figure of the shuffles and what it shows."""
    median = spread.pivot_table(index="optimizer", columns="shuffle", values="median")
    anew = int((median["epoch"] < median["once"] * 0.999).sum())
    drawn = spread[spread["shuffle"] == "epoch"].set_index("optimizer")[["low", "median", "high"]]
    # Below what the figure draws all are equal: a ratio of two roundings says nothing.
    drawn = drawn.clip(lower=DRAWN[0])
    span = drawn["high"] / drawn["low"]
    widest, tightest = str(span.idxmax()), str(span.idxmin())
    file_order = median["never"].clip(lower=DRAWN[0]) / drawn["median"]
    return {
        "figure": style.captioned(
            style.svg(
                shuffle_figure(spread, f"relative excess after {EPOCHS[key]} epochs"),
                title=f"{setting.name}: shuffling",
                alt=f"Shuffling every epoch ends lower than shuffling once, in the median, for "
                f"{anew} of {len(median)} optimizers.",
            ),
            title=f"{setting.name}: never, once or every epoch, batch {SHUFFLED[key]}",
            see=(
                f"At each optimizer's robust rate, shuffling anew every epoch has a lower median "
                f"than one shuffled order for {anew} of {len(median)} optimizers; file order ends "
                f"between {factor(file_order.min())} and {factor(file_order.max())} times that "
                f"median. The seed alone moves {widest} most, by a factor of {factor(span.max())} "
                f"from the 5th to the 95th percentile, and {tightest} least"
                + (
                    f", by {number(span.min(), 3)}."
                    if span.min() > 1.0005
                    else ": not at all, as far as the figure goes."
                )
            ),
            floor=DRAWN[0],
        ),
    }


def shuffle_figure(spread: pd.DataFrame, label: str) -> Any:
    """A row per optimizer: the median and band of each way to shuffle."""
    figure, axes = style.new(height=340)
    looks = {
        "never": ("never (file order)", style.INK, "D", -0.25),
        "once": ("once", style.ORANGE, "s", 0.0),
        "epoch": ("every epoch", style.BLUE, "o", 0.25),
    }
    names = [name for name in OPTIMIZERS if name in set(spread["optimizer"])]
    low, high = DRAWN
    for how, (shown, color, marker, shift) in looks.items():
        rows = spread[spread["shuffle"] == how].set_index("optimizer").reindex(names)
        places = np.arange(len(names)) + shift
        axes.hlines(
            places,
            rows["low"].clip(low, high),
            rows["high"].clip(low, high),
            color=color,
            linewidth=3,
            alpha=0.45,
        )
        axes.plot(
            rows["median"].clip(low, high),
            places,
            marker,
            color=color,
            label=shown,
            markeredgecolor=style.PAPER,
            markeredgewidth=0.6,
            markersize=6,
        )
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axis_ticks.log_axis(axes.xaxis, 6)
    axes.set_xlabel(label)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
