"""Loss against rate: every optimizer at three batch sizes, over shuffle seeds."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, listing, number
from simopt.problems import Problem
from simopt.report.learning_rate.grid import DRAWN, EPOCHS, SIZES, clipped
from simopt.report.sweeps import (
    ALONG,
    AT_EDGE,
    FINE,
    KEY,
    Setting,
    at_edge,
    measured,
    named,
    over_seeds,
    records,
    seven,
    small,
)
from simopt.rules import OPTIMIZERS

#: An optimizer whose best excess stays above this has not learnt the problem.
LEARNT = 0.1

#: A figure draws every so manieth rate of the fine grid.
THIN = 4


def by_rate(key: str, problem: Problem, quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Median and band of the excess over shuffle seeds, per rule, batch size and rate."""
    frame = over_seeds(problem, seven(FINE), SIZES[key], EPOCHS[key], range(5 if quick else 21))
    return named(measured(frame, problem, [*KEY, "eta"])), frame


def rate_section(
    setting: Setting, key: str, bands: pd.DataFrame, tuned: pd.DataFrame
) -> dict[str, Any]:
    """The figure and the table of best settings of a problem."""
    smallest = tuned[tuned["batch_size"] == tuned["batch_size"].min()]
    # An optimizer that gets nowhere is equally bad over many decades; that is not forgiving.
    width = smallest[smallest["median"] < LEARNT].sort_values("decades")
    narrow, wide = records(width)[0], records(width)[-1]
    gap = tuned[tuned["robust_worst"] > 10 * tuned["median"]]
    gone = smallest[smallest["diverges_from"].notna()]["optimizer"]
    never = [name for name in OPTIMIZERS if name not in set(gone)]
    size = int(smallest["batch_size"].iloc[0])
    return {
        "name": setting.name,
        "figure": style.captioned(
            style.svg(
                rate_figure(bands, tuned, setting.problem.n),
                title=f"{setting.name}: loss against learning rate",
                alt=f"At batch {size} the rates within ten times the best excess span "
                f"{number(wide['decades'], 2)} decades for {wide['optimizer']} and "
                f"{number(narrow['decades'], 2)} for {narrow['optimizer']}.",
            ),
            title=f"{setting.name}: loss after {EPOCHS[key]} epochs against the learning rate",
            see=(
                f"At batch {size} the rates that come within ten times the best excess span "
                f"{number(wide['decades'], 2)} decades for {wide['optimizer']}, the most "
                f"forgiving, and {number(narrow['decades'], 2)} for {narrow['optimizer']}; "
                + (
                    f"{listing(never)} {'does' if len(never) == 1 else 'do'} not diverge "
                    "at any rate tried."
                    if never
                    else "every optimizer diverges at some rate."
                )
            ),
            floor=DRAWN[0],
        ),
        "table": tables.table(
            tuned.assign(band=[f"{small(r['low'])} to {small(r['high'])}" for r in records(tuned)]),
            {
                "optimizer": "Optimizer",
                "batch_size": Column("Batch", number),
                "eta": Column("Best η", lambda v: number(v, 3)),
                "median": Column("Excess", small),
                "band": "5 to 95 %",
                "robust_eta": Column("Robust η", lambda v: number(v, 3)),
                "robust_worst": Column("Its worst ±5 %", small),
                "decades": Column("Decades", lambda v: number(v, 2)),
                "diverges_from": Column("Diverges from", lambda v: number(v, 2)),
                "edge": AT_EDGE,
            },
            caption=f"{setting.name}: the best and the robust rate of every optimizer after "
            f"{EPOCHS[key]} epochs",
        ),
        "table_sentence": (
            f"{at_edge(tuned)}: a wider one may hold better. "
            + (
                f"For {count(len(gap), 'setting')} the best rate is a lucky hit: the excess "
                "is more than ten times worse somewhere within 5 % of any rate."
                if len(gap)
                else "No best rate is a lucky hit: the robust rate comes within ten times of each."
            )
        ),
    }


def rate_figure(bands: pd.DataFrame, tuned: pd.DataFrame, n: int) -> Any:
    """A panel per optimizer, a line and band per batch size; crosses where divergence begins."""
    figure, grid = style.new(4, 2, height=640, sharey=True)
    low, high = DRAWN
    sizes = sorted(bands["batch_size"].unique())
    drawn = clipped(bands)
    for name, axes in zip(OPTIMIZERS, grid.ravel(), strict=False):
        for size, (color, line) in zip(sizes, style.BY_SIZE, strict=True):
            chosen = (drawn["optimizer"] == name) & (drawn["batch_size"] == size)
            rows = drawn[chosen].iloc[::THIN]
            best = tuned[(tuned["optimizer"] == name) & (tuned["batch_size"] == size)]
            axes.fill_between(
                rows["eta"],
                rows["low"],
                rows["high"],
                color=color,
                alpha=0.2,
                linewidth=0,
            )
            axes.plot(rows["eta"], rows["median"], color=color, linestyle=line)
            axes.plot(
                best["robust_eta"],
                best["robust_median"].clip(low),
                "o",
                color=color,
                markeredgecolor=style.PAPER,
                markeredgewidth=0.8,
                markersize=6,
                zorder=4,
            )
            axes.plot(
                best["diverges_from"],
                [high] * len(best),
                "x",
                color=color,
                markersize=6,
                markeredgewidth=1.8,
                clip_on=False,
                zorder=5,
            )
        axes.set_title(name)
        axis_ticks.log_axis(axes.xaxis)
        # Few, and none at the rim: on a phone the labels of two panels would touch.
        axis_ticks.fixed_ticks(axes.xaxis, (1e-4, 1e-2, 1.0) if name in ALONG else (1e-2, 1.0, 1e2))
        axis_ticks.log_axis(axes.yaxis, 6)
        axes.set_xlim(bands.loc[bands["optimizer"] == name, "eta"].agg(["min", "max"]))
        axes.set_ylim(low / 1.5, high)
    for axes in grid[:, 0]:
        axes.set_ylabel("relative excess")
    grid[-1, 0].set_xlabel("learning rate η")
    grid[-2, 1].set_xlabel("learning rate η")
    key = grid[-1, 1]
    key.axis("off")
    handles = [
        Line2D([], [], color=color, linestyle=line,
               label=f"batch {size}" + (" (all)" if size == n else ""))
        for size, (color, line) in zip(sizes, style.BY_SIZE, strict=True)
    ] + [
        Patch(color=style.MUTED, alpha=0.3, linewidth=0, label="5 to 95 %"),
        Line2D([], [], color=style.MUTED, marker="o", linestyle="", label="robust best"),
        Line2D([], [], color=style.MUTED, marker="x", linestyle="", markeredgewidth=1.8,
               label="diverges from here"),
    ]  # fmt: skip
    key.legend(handles=handles, loc="center left")
    return figure
