"""Rate and decay together: maps of the excess, beside the stability limit of an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from numpy.typing import NDArray

from simopt.analysis import measures
from simopt.analysis.stability import spectral_radius
from simopt.display import axis_ticks, style
from simopt.display.cells import edges, regions
from simopt.ground.formatting import listing, number, percent, symbol
from simopt.problems import Problem
from simopt.report.learning_rate.grid import EPOCHS, SHUFFLED
from simopt.report.sweeps import Setting
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep

#: The maps: what is varied beside the rate, and which rates.
MAPPED = {
    "Momentum": ("beta", (1e-4, 1e1)),
    "Nesterov": ("beta", (1e-4, 1e1)),
    "RMSprop": ("rho", (1e-3, 1e2)),
    "Adam": ("beta1", (1e-3, 1e2)),
}

#: Upper ends of the classes of a map, relative excess.
CLASSES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)


def mapped(key: str, problem: Problem, quick: bool) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The excess over rate and decay, file order, at the batch size of the shuffles."""
    across, up = (61, 31) if quick else (121, 50)
    decays = np.round(np.linspace(0.0, 0.98, up), 6)
    frame = sweep(
        problem,
        [
            OPTIMIZERS[name](eta=np.geomspace(*span, across), **{decay: decays})
            for name, (decay, span) in MAPPED.items()
        ],
        batch_size=SHUFFLED[key],
        epochs=EPOCHS[key],
        progress=False,
    )
    excess = frame.assign(excess=measures.excess(frame, problem))
    return {
        name: excess[excess["optimizer"] == name].pivot_table(
            index=decay, columns="eta", values="excess"
        )
        for name, (decay, _) in MAPPED.items()
    }, frame


def epoch_radii(
    problem: Problem, name: str, batch_size: int, cells: pd.DataFrame
) -> NDArray[np.float64]:
    """The spectral radius of an epoch in file order, for every cell of a map: beta by eta."""
    optimizer = OPTIMIZERS[name](eta=list(cells.columns), beta=list(cells.index))
    table = spectral_radius(problem, optimizer, batch_size=batch_size)
    return table["radius"].to_numpy().reshape(cells.shape[::-1]).T


def map_section(setting: Setting, key: str, cells: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """The maps of a problem and what they show."""
    size, problem = SHUFFLED[key], setting.problem
    good = {name: float((table.to_numpy() < CLASSES[-2]).mean()) for name, table in cells.items()}
    gone = {name: float(np.isinf(table.to_numpy()).mean()) for name, table in cells.items()}
    most, least = max(good, key=good.__getitem__), min(good, key=good.__getitem__)
    lost = [name for name, share in gone.items() if share > 0]
    radii = {}
    theory = ""
    if problem.d == 1:
        inside, total = 0, 0
        for name in ("Momentum", "Nesterov"):
            radii[name] = epoch_radii(problem, name, size, cells[name])
            infinite = np.isinf(cells[name].to_numpy())
            total += int(infinite.sum())
            inside += int((infinite & (radii[name] < 1)).sum())
        theory = " The line is where the spectral radius of a whole epoch's map passes 1; " + (
            f"none of the {number(total)} settings that diverged lies inside it."
            if inside == 0
            else f"{number(inside)} of the {number(total)} settings that diverged lie inside "
            "it: they would settle, in a cycle that the labels leave wide, but their loss "
            "passes the limit on the way."
        )
    return {
        "name": setting.name,
        "figure": style.captioned(
            style.svg(
                map_figure(cells, radii),
                title=f"{setting.name}: maps",
                alt=f"{most} ends below {number(CLASSES[-2])} on "
                f"{percent(good[most])} of its map, {least} on {percent(good[least])}.",
            ),
            title=f"{setting.name}: excess after {EPOCHS[key]} epochs by rate and decay, "
            f"batch {size}",
            see=(
                f"{most} ends below {number(CLASSES[-2])} on {percent(good[most])} of its "
                f"map, {least} on {percent(good[least])}; "
                + (
                    listing(f"{name} diverges on {percent(gone[name])}" for name in lost)
                    if lost
                    else "nothing diverges"
                )
                + "."
                + theory
            ),
        ),
    }


def map_figure(cells: dict[str, pd.DataFrame], radii: dict[str, NDArray[np.float64]]) -> Any:
    """Four maps in classes of excess, divergence hatched, the stability limit as a line."""
    figure, grid = style.new(2, 2, height=470, sharey=True)
    looks: list[dict[str, Any]] = [{"facecolor": color} for color in style.MAP]
    looks += [
        {"facecolor": style.GRID, "edgecolor": style.MUTED, "hatch": "---", "linewidth": 0},
        {"facecolor": "none", "edgecolor": style.VERMILLION, "hatch": "////", "linewidth": 0},
    ]
    for (name, table), axes in zip(cells.items(), grid.ravel(), strict=True):
        classes = classify(table.to_numpy())
        x = edges(np.log10(table.columns.to_numpy(float)))
        y = edges(table.index.to_numpy(float))
        for place, look in enumerate(looks):
            path = regions(classes == place, 10**x, y)
            if path is not None:
                edge = {"edgecolor": look["facecolor"], "linewidth": 0.4}
                axes.add_patch(PathPatch(path, **{**edge, **look}))
        if name in radii:
            contour = axes.contour(
                table.columns, table.index, radii[name], [1.0], colors=[style.INK], linewidths=1.3
            )
            contour.set_path_effects(style.rimmed(1.3))
            contour.set_rasterized(False)
        axes.set_title(name)
        axes.grid(visible=False)
        axes.set_xlim(10 ** x[0], 10 ** x[-1])
        axes.set_ylim(y[0], y[-1])
        axis_ticks.log_axis(axes.xaxis, 4)
        _decay_label(axes, MAPPED[name][0])
        axes.set_xlabel("learning rate η")
    bounds = [axis_ticks.power_of_ten(bound) for bound in CLASSES]
    labels = [f"< {bounds[0]}", *(f"< {bound}" for bound in bounds[1:]), "above start", "diverged"]
    handles = [Patch(label=label, **look) for label, look in zip(labels, looks, strict=True)]
    if radii:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.3, label="epoch map = 1"))  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, title="relative excess")
    return figure


def _decay_label(axes: Axes, decay: str) -> None:
    axes.set_ylabel(f"decay {symbol(decay)}")


def classify(excess: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 for the smallest class of ``CLASSES``, one more for each; then above start, diverged.

    Examples
    --------
    >>> classify(np.array([0.0, 1e-7, 0.5, 3.0, np.inf])).tolist()
    [0, 1, 4, 5, 6]
    """
    found = np.searchsorted(CLASSES, excess, side="right")
    return np.where(np.isinf(excess), len(CLASSES) + 1, found)
