"""On real data: the excess of every method at every batch size and rate, Hubble and diabetes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis import measures
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import fixed, listing, number, out_of
from simopt.problems import Problem
from simopt.report.batch_size.grid import EPOCHS, UPDATES, epochs_for_updates, sizes_of
from simopt.report.sweeps import (
    AT_EDGE,
    KEY,
    Setting,
    at_edge,
    factor,
    least_row,
    measured,
    named,
    over_seeds,
    records,
    seven,
    small,
    together,
)
from simopt.rules import OPTIMIZERS

#: The rules whose rates are tuned again for equal updates: one per kind.
THREE = ("SGD", "Momentum", "Adam")

#: An excess below this counts as solved where one rate is to serve all batch sizes.
SOLVED = 1e-6

#: Below this a figure draws nothing apart: the rest would be squeezed.
DRAWN = 1e-8


def by_batch_size(
    key: str, problem: Problem, quick: bool
) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The excess over rates and batch sizes, at equal epochs (all seven) and equal updates.

    Returns
    -------
    DataFrame
        From `measures.bands`, with the column budget: "epochs" or "updates".
    dict
        The sweeps, by what they were.
    """
    seeds = range(5 if quick else 21)
    ratio = 10 ** (1 / (6 if quick else 12))
    sizes = sizes_of(key, quick)
    equal_epochs = over_seeds(problem, seven(ratio), sizes, EPOCHS[key], seeds)
    equal_updates = together(
        [
            over_seeds(
                problem,
                seven(ratio, THREE),
                [size],
                epochs_for_updates(key, problem, size),
                seeds[: 11 if key == "diabetes" else None],
            )
            for size in sizes
        ]
    )
    ran = {f"{key}, equal epochs": equal_epochs, f"{key}, equal updates": equal_updates}
    table = pd.concat(
        [
            measured(frame, problem, [*KEY, "eta"]).assign(
                budget=budget, optimizer=lambda t: t["optimizer"].astype(str)
            )
            for budget, frame in (("epochs", equal_epochs), ("updates", equal_updates))
        ],
        ignore_index=True,
    )
    return table, ran


def shared_rates(curves: pd.DataFrame) -> pd.DataFrame:
    """For each method the one rate that serves all batch sizes best, at equal epochs."""
    epochs = curves[curves["budget"] == "epochs"]
    solved = epochs.assign(median=epochs["median"].clip(lower=SOLVED))
    return measures.common(solved, ["optimizer"], "batch_size")


def curve_section(
    setting: Setting, curves: pd.DataFrame, shared: pd.DataFrame, key: str
) -> dict[str, Any]:
    """Figures of the excess against batch size, at a common rate and tuned again."""
    epochs = curves[curves["budget"] == "epochs"]
    again = measures.best(epochs, KEY)
    return {
        "name": setting.name,
        "key": key,
        "figure": equal_epochs(setting, epochs, again, shared, key),
        "updates": equal_updates(setting, curves[curves["budget"] == "updates"], key),
        "rates": tuned_rates(setting, again),
        "table": tables.table(
            named(again),
            {
                "optimizer": "Optimizer",
                "batch_size": Column("Batch size", number),
                "eta": Column("Best η", lambda v: number(v, 2)),
                "median": Column("Excess, median", small),
                "low": Column("5 %", small),
                "high": Column("95 %", small),
                "edge": AT_EDGE,
            },
            caption=f"{setting.name}: the best rate at every batch size, after "
            f"{EPOCHS[key]} epochs",
        ),
        "shared": listing(
            f"{row['optimizer']} {number(row['eta'], 2)}" for row in records(named(shared))
        ),
    }


def equal_epochs(
    setting: Setting, epochs: pd.DataFrame, again: pd.DataFrame, shared: pd.DataFrame, key: str
) -> Markup:
    """The excess after equal epochs, at one rate for all batch sizes and at each one's own."""
    common = epochs.merge(shared[["optimizer", "eta"]], on=["optimizer", "eta"])
    full = setting.problem.n
    winners = measures.best(again, ["optimizer"], rate="batch_size")
    fewer = int((winners["batch_size"] < full).sum())
    least = least_row(again)
    regret = records(shared.sort_values("regret"))[-1]
    if math.isfinite(regret["regret"]):
        cost = f"up to {factor(regret['regret'])} times the tuned excess."
    else:
        cost = "no rate serves all its batch sizes."
    panels = [("one rate for all batch sizes", common), ("rate tuned again", again)]
    return style.captioned(
        style.svg(
            curve_figure(panels, f"relative excess loss\nafter {EPOCHS[key]} epochs"),
            title=f"{setting.name}: excess against batch size",
            alt=f"Tuned again at every batch size, {least['optimizer']} at batch "
            f"{least['batch_size']} has the least excess, {small(least['median'])}.",
        ),
        title=f"{setting.name}: loss after {EPOCHS[key]} epochs, by batch size",
        see=(
            f"Tuned at every batch size, {fewer} of {len(winners)} methods end lowest with a "
            f"batch smaller than all {full} points; the least excess of all is "
            f"{small(least['median'])}, {least['optimizer']} at batch {least['batch_size']}. "
            f"A single rate costs most for {regret['optimizer']}: {cost}"
        ),
        floor=DRAWN,
    )


def equal_updates(setting: Setting, curves: pd.DataFrame, key: str) -> Markup:
    """The excess after equal updates, for which larger batches see more points."""
    updates = measures.best(curves, KEY)
    paired = updates.pivot_table(index="optimizer", columns="batch_size", values="median")
    gain = paired[paired.columns.min()] / paired[setting.problem.n]
    gains = listing(
        f"{name} by a factor of {factor(value)}" for name, value in gain.reindex(THREE).items()
    )
    return style.captioned(
        style.svg(
            curve_figure(
                [("rate tuned again", updates)],
                f"relative excess loss\nafter {UPDATES[key]} updates",
                height=310,
            ),
            title=f"{setting.name}: equal updates",
            alt=f"Batch 1 to full, excess after {UPDATES[key]} updates.",
        ),
        title=f"{setting.name}: loss after {UPDATES[key]} updates, by batch size",
        see=(
            f"With the number of updates equal, so that a larger batch sees more points, the "
            "full batch ends lower than batch 1 for "
            f"{out_of(int((gain > 1).sum()), len(gain))} methods: {gains}."
        ),
        floor=DRAWN,
    )


def tuned_rates(setting: Setting, again: pd.DataFrame) -> Markup:
    """How the best rate grows with the batch size."""
    sgd = again[again["optimizer"] == "SGD"].sort_values("batch_size")
    sizes, rates = sgd["batch_size"].to_numpy(float), sgd["eta"].to_numpy(float)
    upto = int(np.searchsorted(sizes, 8, side="right")) - 1
    growth = math.log(rates[upto] / rates[0]) / math.log(sizes[upto] / sizes[0])
    if (again["edge"] != "").any():
        edges = f"{at_edge(again)}."
    else:
        edges = f"None of the {len(again)} settings lies at the edge of the grid."
    return style.captioned(
        style.svg(
            rate_figure(again),
            title=f"{setting.name}: tuned rate against batch size",
            alt=f"SGD's tuned rate grows like the batch size to the power  {fixed(growth, 2)}.",
        ),
        title=f"{setting.name}: the tuned rate",
        see=(
            f"Up to batch {number(sizes[upto])} SGD's best rate grows like the batch size to "
            f"the power {fixed(growth, 2)} (1 would be the linear scaling rule), from "
            f"{number(rates[0], 2)} at batch {number(sizes[0])} to "
            f"{number(rates[-1], 2)} at the full batch. {edges}"
        ),
    )


def curve_figure(
    panels: Sequence[tuple[str, pd.DataFrame]], label: str, height: float = 520
) -> Any:
    """Excess against batch size, a panel each, a line per method, with its band."""
    figure, grid = style.new(len(panels), 1, height=height, sharex=True, sharey=True, squeeze=False)
    every = pd.concat([panel for _, panel in panels])
    for axes, (title, panel) in zip(grid[:, 0], panels, strict=True):
        axes.set_title(title)
        for name in OPTIMIZERS:
            rows = panel[panel["optimizer"] == name].sort_values("batch_size")
            if rows.empty:
                continue
            finite = rows[np.isfinite(rows["median"])].copy()
            finite[["low", "median", "high"]] = finite[["low", "median", "high"]].clip(lower=DRAWN)
            axes.plot(finite["batch_size"], finite["median"], **style.line(name))
            high = finite["high"].replace(np.inf, 1e6)
            axes.fill_between(
                finite["batch_size"],
                finite["low"],
                high,
                color=style.look(name).color,
                alpha=0.15,
                linewidth=0,
            )
        axes.set_xscale("log", base=2)
        axis_ticks.log_axis(axes.yaxis)
        axis_ticks.fixed_ticks(axes.xaxis, _spread(sorted(every["batch_size"].unique())))
        axes.set_ylabel(label)
    low = every["median"].min()
    grid[-1, 0].set_ylim(max(low / 3, DRAWN / 2), 2)
    grid[-1, 0].set_xlabel("batch size [points]")
    style.legend(figure, grid[0, 0])
    return figure


def rate_figure(again: pd.DataFrame) -> Any:
    """The best rate against the batch size, a line per method."""
    figure, axes = style.new(height=330)
    for name in OPTIMIZERS:
        rows = again[again["optimizer"] == name].sort_values("batch_size")
        if not rows.empty:
            axes.plot(rows["batch_size"], rows["eta"], **style.line(name))
    axes.set_xscale("log", base=2)
    axis_ticks.log_axis(axes.yaxis)
    axis_ticks.fixed_ticks(axes.xaxis, _spread(sorted(again["batch_size"].unique())))
    axes.set_xlabel("batch size [points]")
    axes.set_ylabel("best learning rate η")
    style.legend(figure, axes)
    return figure


def _spread(sizes: Sequence[int], most: int = 7) -> list[int]:
    """So many of the batch sizes, the first and the last among them, that their labels fit."""
    step = -(-len(sizes) // most)
    kept = list(sizes[:-1:step])
    if len(kept) > 1 and sizes[-1] < 1.6 * kept[-1]:
        kept.pop()
    return [*kept, sizes[-1]]
