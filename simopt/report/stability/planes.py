"""Rate and momentum together: who runs away in simulation, and where the epoch map says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from numpy.typing import NDArray

from simopt import problems
from simopt.analysis import stability
from simopt.display import axis_ticks, style, tables
from simopt.display.cells import edges, regions
from simopt.display.tables import Column
from simopt.ground.formatting import count, number, percent
from simopt.problems import Problem
from simopt.rules import OPTIMIZERS

#: The two rules with a plane; SGD has a line of rates.
RULES = ("Momentum", "Nesterov")

#: Epochs of a trajectory at most, and the growth of an error that counts as divergence.
EPOCHS, GROWTH = 500, 1e6


@dataclass(frozen=True)
class Plane:
    """A problem in the eta-beta plane.

    Attributes
    ----------
    name : str
        In figures.
    problem : Problem
        What is minimised.
    sizes : tuple of int
        Batch sizes.
    order : str or None
        "all", or file order.
    rates : (float, float)
        The span of the grid.
    cells : (int, int)
        Rates and betas of the grid; fewer in the quick report.
    """

    name: str
    problem: Problem
    sizes: tuple[int, ...]
    order: str | None
    rates: tuple[float, float]
    cells: tuple[int, int]


def planes(quick: bool) -> list[Plane]:
    """The problems of the page."""
    four, hubble, diabetes = problems.four_points(), problems.hubble(), problems.diabetes()
    fine, middle, coarse = (
        ((48, 20), (50, 20), (40, 14)) if quick else ((600, 140), (300, 120), (150, 75))
    )
    return [
        Plane("Four points", four, (1, 2, 4), "all", (0.02, 3.0), fine),
        Plane("Hubble", hubble, (4, 24), None, (0.02, 6.0), middle),
        Plane("Diabetes", diabetes, (32, 442), None, (0.005, 6.0), coarse),
    ]


@dataclass(frozen=True)
class Mapped:
    """One rule at one batch size: a grid [betas, rates] of how many orders do what.

    Attributes
    ----------
    rates, betas : ndarray
        The axes.
    diverged, predicted : ndarray of int [betas, rates]
        Of so many orders, simulated and by the map.
    off : ndarray of int [betas, rates]
        For how many orders the two differ.
    orders : int
        How many there are.
    radii : list of ndarray [betas, rates]
        The spectral radius, for every order that has another one.
    counts : dict
        Cells, those that differ (off), the radii of these (low, high), how far from the boundary
        the farthest lies (steps), and how many of them should have settled (stable).
    """

    rates: NDArray[np.float64]
    betas: NDArray[np.float64]
    diverged: NDArray[np.int64]
    predicted: NDArray[np.int64]
    off: NDArray[np.int64]
    orders: int
    radii: list[NDArray[np.float64]]
    counts: dict[str, Any]


def mapped(plane: Plane, rule: str, size: int) -> tuple[Mapped, dict[str, float]]:
    """Every cell simulated in every order, beside the prediction; and an account of the runs."""
    if rule == "SGD":
        rates, betas = np.geomspace(*plane.rates, 20 * plane.cells[0]), np.zeros(1)
        optimizer = OPTIMIZERS[rule](eta=rates)
    else:
        rates = np.geomspace(*plane.rates, plane.cells[0])
        betas = np.round(np.linspace(0.0, 0.98, plane.cells[1]), 6)
        optimizer = OPTIMIZERS[rule](eta=rates, beta=betas)
    n = plane.problem.n
    orders = stability.orders(n, size) if plane.order == "all" else [tuple(range(n))]
    shape = (len(rates), len(betas))
    diverged, predicted, off = (np.zeros(shape, dtype=np.int64) for _ in range(3))
    radii: list[NDArray[np.float64]] = []
    differing: list[pd.DataFrame] = []
    ran = dict.fromkeys(("trajectories", "updates", "seconds", "compile_seconds"), 0.0)
    for order in orders:
        cells = stability.compare(
            plane.problem, optimizer, batch_size=size, order=order, epochs=EPOCHS, growth=GROWTH
        )
        diverged += cells["simulated"].to_numpy().reshape(shape)
        predicted += cells["predicted"].to_numpy().reshape(shape)
        off += (~cells["agree"]).to_numpy().reshape(shape)
        radius = cells["radius"].to_numpy().reshape(shape)
        if not any(np.allclose(radius, known, rtol=1e-5) for known in radii):
            radii.append(radius)
        differing.append(cells.loc[~cells["agree"], ["radius", "predicted", "boundary"]])
        for name in ran:
            ran[name] += cells.attrs[name]
    wrong = pd.concat(differing)
    counts = {
        "problem": plane.name,
        "rule": rule,
        "batch_size": size,
        "orders": len(orders),
        "cells": len(orders) * off.size,
        "off": len(wrong),
        "stable": int((~wrong["predicted"]).sum()),
        "low": float(wrong["radius"].min()) if len(wrong) else np.nan,
        "high": float(wrong["radius"].max()) if len(wrong) else np.nan,
        "beside": int((wrong["boundary"] == 1).sum()),
        "updates": ran["updates"],
    }
    found = Mapped(
        rates, betas, diverged.T, predicted.T, off.T, len(orders), [r.T for r in radii], counts
    )
    return found, ran


#: How a cell is drawn: all its orders settle, some do, none does.
LOOKS: dict[str, dict[str, Any]] = {
    "settles": {"facecolor": style.SKY},
    "order decides": {"facecolor": style.ORANGE},
    "diverges": {
        "facecolor": "none",
        "edgecolor": style.VERMILLION,
        "hatch": "////",
        "linewidth": 0,
    },
    "not as predicted": {"facecolor": style.PURPLE},
}


def plane_figure(maps: dict[tuple[int, str], Mapped], sizes: tuple[int, ...]) -> Any:
    """A row per batch size, a column per rule; the boundary of every order as a line."""
    figure, grid = style.new(
        len(sizes), len(RULES), height=110 + 165 * len(sizes), sharex=True, sharey=True,
        squeeze=False,
    )  # fmt: skip
    several = any(each.orders > 1 for each in maps.values())
    for row, size in enumerate(sizes):
        for column, rule in enumerate(RULES):
            axes, each = grid[row, column], maps[size, rule]
            _draw(axes, each)
            axes.set_title(f"{rule}, batch {size}")
            if column == 0:
                axes.set_ylabel("momentum β")
            if row == len(sizes) - 1:
                axes.set_xlabel("learning rate η")
    names = [name for name in LOOKS if several or name != "order decides"]
    handles: list[Any] = [Patch(label=name, **LOOKS[name]) for name in names]
    handles.append(Line2D([], [], color=style.INK, linewidth=1.1, label="radius of the map = 1"))
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


def _draw(axes: Axes, each: Mapped) -> None:
    x = 10 ** edges(np.log10(each.rates))
    y = edges(each.betas)
    none, every = each.diverged == 0, each.diverged == each.orders
    groups = (none, ~none & ~every, every, each.off > 0)
    for place, (marked, look) in enumerate(zip(groups, LOOKS.values(), strict=True)):
        path = regions(marked, x, y)
        if path is not None:
            edge = {"edgecolor": look["facecolor"], "linewidth": 0.3, "zorder": 1 + (place == 3)}
            axes.add_patch(PathPatch(path, **{**edge, **look}))
    for radius in each.radii:
        axes.contour(
            each.rates, each.betas, radius, [1.0], colors=[style.INK], linewidths=0.9, zorder=2
        ).set_path_effects(style.rimmed(0.9))
    axes.grid(visible=False)
    axes.set_xlim(x[0], x[-1])
    axes.set_ylim(y[0], y[-1])
    axis_ticks.log_axis(axes.xaxis, 4)
    axis_ticks.fixed_ticks(
        axes.xaxis, [t for t in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0) if x[0] <= t <= x[-1]]
    )


def section(plane: Plane, maps: dict[tuple[int, str], Mapped]) -> dict[str, Any]:
    """The figure of a problem and what it shows."""
    counts = pd.DataFrame([each.counts for each in maps.values()])
    first = maps[plane.sizes[0], RULES[0]]
    depends = {
        (size, rule): float(((each.diverged > 0) & (each.diverged < each.orders)).mean())
        for (size, rule), each in maps.items()
        if rule in RULES
    }
    widest = max(depends, key=depends.__getitem__)
    off, cells = int(counts["off"].sum()), int(counts["cells"].sum())
    see = f"Simulation and map differ in {number(off)} of {cells:,} trajectories" + (
        f", marked purple. {near(counts)}" if off else "."
    )
    if first.orders > 1:
        kinds = len(first.radii)
        see += (
            f" Whether a cell of {widest[1]} at batch {widest[0]} settles depends on the order of "
            f"the points in {percent(depends[widest])} of the plane; of "
            f"{number(first.orders)} orders at batch {plane.sizes[0]} the map has "
            f"{count(kinds, 'different boundary', 'different boundaries')}."
        )
    share = {key: float((maps[key].diverged == 0).mean()) for key in depends}
    most = max(share, key=share.__getitem__)
    return {
        "name": plane.name,
        "figure": style.captioned(
            style.svg(
                plane_figure(maps, plane.sizes),
                title=f"{plane.name}: what settles",
                alt=f"{most[1]} at batch {most[0]} settles on the largest part of its plane, "
                f"{percent(share[most])}. {number(off)} of {number(cells)} trajectories are "
                "not as the map predicts.",
            ),
            title=f"{plane.name}: what settles, by learning rate and momentum"
            + (", in every order of the points" if first.orders > 1 else ", in file order"),
            see=see,
        ),
    }


def near(counts: pd.DataFrame) -> str:
    """Where the trajectories lie that are not as predicted."""
    off, beside = int(counts["off"].sum()), int(counts["beside"].sum())
    stable = int(counts["stable"].sum())
    direction = (
        "All grow by the map, too slowly for the simulation to see"
        if stable == 0
        else f"{number(off - stable)} grow by the map, too slowly for the simulation to see"
    )
    return (
        f"{direction}: an error by {percent(counts['low'].min() - 1)} to "
        f"{percent(counts['high'].max() - 1)} an epoch. {number(beside)} of them lie right "
        "beside the line."
    )


def excess(radius: object) -> str:
    """By how much a radius is above 1; nothing where there is none."""
    return number(float(radius) - 1, 2)  # type: ignore[arg-type]


def counts_table(rows: list[dict[str, Any]]) -> Any:
    """Cells and disagreements, map by map."""
    return tables.table(
        pd.DataFrame(rows),
        {
            "problem": "Problem",
            "rule": "Optimizer",
            "batch_size": Column("Batch", number),
            "orders": Column("Orders", number),
            "cells": Column("Trajectories", number),
            "off": Column("Not as predicted", number),
            "low": Column("Their radius − 1, least", excess),
            "high": Column("and most", excess),
            "beside": Column("Beside the line", number),
        },
        caption="Simulated divergence against the spectral radius of the epoch map",
    )
