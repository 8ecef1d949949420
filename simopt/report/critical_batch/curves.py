"""Steps and examples to the target against batch size, with the fitted curve and its regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from simopt.analysis.batch_size import Curve, Scaling
from simopt.analysis.batch_size.tables import DIMINISHING, PERFECT, REGIONS
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, percent, symbol
from simopt.report.sweeps import records

#: How a region is drawn: colour and hatch.
REGION_LOOKS = ((style.GREEN, ""), (style.ORANGE, "///"), (style.VERMILLION, "..."))

#: How the steps fall at the largest batch size, by its region.
FALLING = {PERFECT: " in proportion", DIMINISHING: ", but less than in proportion,"}


def label(row: Any) -> str:
    """The optimizer's name, with its convention where that is not the document's."""
    name, convention = str(row["optimizer"]), str(row["convention"])
    return name if convention == "document" else f"{name} ({convention})"


def each(study: Scaling) -> Iterator[tuple[str, pd.DataFrame, pd.Series, Curve]]:
    """Name, steps that reached the target, fit and its curve of every optimizer."""
    for (_, fit), curve in zip(study.fits.iterrows(), study.curves, strict=True):
        steps = study.steps
        own = (steps["optimizer"] == fit["optimizer"]) & (steps["convention"] == fit["convention"])
        yield label(fit), steps[own & np.isfinite(steps["steps"])], fit, curve


def size_axis(axes: Any, sizes: Sequence[int]) -> None:
    """Batch sizes, logarithmic, as many labels as fit."""
    axes.set_xscale("log", base=2)
    axes.set_xlim(min(sizes) / 1.35, max(sizes) * 1.35)
    kept = sorted(sizes, reverse=True)
    shown = [kept[0]]
    room = max(1.9, (kept[0] / kept[-1]) ** (1 / 9))
    for size in kept[1:]:
        if shown[-1] / size >= room:
            shown.append(size)
    axis_ticks.fixed_ticks(axes.xaxis, shown)


def steps_figure(study: Scaling, name: str) -> Markup:
    """Steps above, examples below, and at the foot the regions, where any batch size has one."""
    names = [one for one, *_ in each(study)]
    placed = bool(study.steps["region"].isin(REGIONS).any())
    heights = [5, 4, 0.5 + 0.45 * len(names)] if placed else [5, 4]
    figure, (above, below, *foot) = style.new(
        len(heights), 1, height=(560 if placed else 500) + 14 * placed * len(names), sharex=True,
        gridspec_kw={"height_ratios": heights},
    )  # fmt: skip
    sizes = sorted(int(size) for size in study.steps["batch_size"].unique())
    fine = np.geomspace(sizes[0], sizes[-1], 200)
    for one, own, fit, curve in each(study):
        look = style.line(one, names)
        for axes, factor in ((above, np.ones_like(fine)), (below, fine)):
            column = "steps" if axes is above else "examples"
            scale = own["examples"] / own["steps"] if axes is below else 1.0
            high = own["high"].where(np.isfinite(own["high"]), own["steps"])
            bars = [(own["steps"] - own["low"]) * scale, (high - own["steps"]) * scale]
            axes.errorbar(
                own["batch_size"], own[column], bars, linewidth=0, elinewidth=0.9, capsize=2,
                **{key: value for key, value in look.items() if key != "linestyle"},
            )  # fmt: skip
            axes.plot(fine, curve.steps(fine) * factor, color=look["color"], linewidth=1.5)
            if np.isfinite(fit["e_min"]):
                axes.plot(
                    fine, fit["e_min"] / fine * factor, color=look["color"], linewidth=1,
                    linestyle=(0, (2, 2)),
                )  # fmt: skip
            if np.isfinite(fit["critical"]):
                _critical(axes, fit, curve, look["color"], axes is below)
    for axes, unit in ((above, "steps to target"), (below, "examples to target")):
        axis_ticks.log_axis(axes.yaxis)
        axes.set_ylabel(unit)
    _limits(above, below, study, sizes)
    for axes in foot:
        _regions(axes, study, names)
    lowest = foot[0] if foot else below
    size_axis(lowest, sizes)
    lowest.set_xlabel("batch size [points]")
    handles, labels = above.get_legend_handles_labels()
    if np.isfinite(study.fits["e_min"]).any():
        handles.append(Line2D([], [], color=style.MUTED, linewidth=1, linestyle=(0, (2, 2))))
        labels.append("perfect scaling")
    if np.isfinite(study.fits["critical"]).any():
        handles.append(
            Line2D([], [], color=style.MUTED, marker="d", markersize=9, markerfacecolor="none")
        )
        labels.append("critical batch size, 5–95 %")
    if placed:
        handles += [
            Patch(facecolor=color, hatch=hatch, edgecolor=style.PAPER)
            for color, hatch in REGION_LOOKS
        ]
        labels += REGIONS
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    see = steps_sentence(study)
    title = f"{name}: steps and examples to the target"
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)


def _critical(axes: Any, fit: pd.Series, curve: Curve, color: str, examples: bool) -> None:
    """A diamond where the curve bends, with its interval."""
    at = float(fit["critical"])
    y = float(curve.steps(at)) * (at if examples else 1)
    axes.plot(at, y, marker="d", markersize=9, color=color, markerfacecolor="none", zorder=4)
    if np.isfinite(fit["critical_low"]):
        axes.plot([fit["critical_low"], fit["critical_high"]], [y, y], color=color, linewidth=3,
                  alpha=0.45, solid_capstyle="butt")  # fmt: skip


def _limits(above: Any, below: Any, study: Scaling, sizes: Sequence[int]) -> None:
    """Perfect scaling goes on for ever: the data say what to show of it."""
    found = study.steps[np.isfinite(study.steps["steps"])]
    if found.empty:
        return
    for axes, column in ((above, "steps"), (below, "examples")):
        axes.set_ylim(found[column].min() / 2, found[column].max() * 2)


def _regions(axes: Any, study: Scaling, names: Sequence[str]) -> None:
    """A row per optimizer, a piece per batch size, coloured and hatched by its region."""
    for place, (_, own, *_) in enumerate(each(study)):
        sizes = own["batch_size"].to_numpy(float)
        if not len(sizes):
            continue
        middles = np.sqrt(sizes[1:] * sizes[:-1])
        edges = np.concatenate([[sizes[0] / 1.3], middles, [sizes[-1] * 1.3]])
        for region, left, right in zip(own["region"], edges[:-1], edges[1:], strict=True):
            if region in REGIONS:
                color, hatch = REGION_LOOKS[REGIONS.index(str(region))]
                axes.barh(
                    place, right - left, 0.66, left, color=color, hatch=hatch,
                    edgecolor=style.PAPER, linewidth=0,
                )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.grid(visible=False)


def steps_sentence(study: Scaling) -> str:
    """Where the curve of each optimizer bends, and what the largest batch gains."""
    told = []
    for name, own, fit, _ in each(study):
        if own.empty:
            told.append(f"{name} does not reach the target")
            continue
        smallest, largest = own.iloc[0], own.iloc[-1]
        went = f"{name} from {number(smallest['steps'])} to {number(largest['steps'])} steps"
        if np.isfinite(fit["critical"]):
            went += f", bending at batch {critical_size(fit)}"
        elif np.isfinite(fit["e_min"]):
            went += ", still falling" + FALLING.get(largest["region"], "") + " at the largest batch"
        elif np.isfinite(fit["s_min"]):
            went += ", gaining nothing from larger batches"
        elif np.isfinite(fit["rms"]):
            went += ", with no critical batch size in sight"
        told.append(went)
    sizes = study.steps["batch_size"]
    return f"From batch {number(sizes.min())} to {number(sizes.max())}: {'; '.join(told)}."


def critical_size(fit: pd.Series) -> str:
    """The critical batch size of a fit, with its interval, or that it has none."""
    text = number(fit["critical"], 2)
    if not np.isfinite(fit["critical_low"]):
        return f"{text} (no interval)"
    return f"{text} ({number(fit['critical_low'], 2)} to {number(fit['critical_high'], 2)})"


def regions_sentence(study: Scaling) -> str:
    """Which batch sizes lie in which region."""
    told = []
    for name, own, *_ in each(study):
        parts = []
        for region in REGIONS:
            sizes = own.loc[own["region"] == region, "batch_size"]
            if len(sizes):
                span = number(int(sizes.min()))
                if len(sizes) > 1:
                    span += f" to {number(int(sizes.max()))}"
                parts.append(f"{region} at batch {span}")
        if parts:
            told.append(f"{name}: {listing(parts)}")
    return "; ".join(told) + "." if told else ""


def steps_table(study: Scaling, name: str) -> Markup:
    """Every batch size of every optimizer: the best setting and what it took."""
    others = [one for one in study.tuned if one != "eta"]
    shown = study.steps.assign(
        name=[label(row) for row in records(study.steps)],
        band=[f"{number(row['low'])}–{number(row['high'])}" for row in records(study.steps)],
        region=study.steps["region"].astype(object).where(study.steps["region"].notna(), ""),
    )
    columns: dict[str, Column | str] = {
        "name": "Optimizer",
        "batch_size": Column("Batch size", number),
        "eta": Column("Best η", lambda v: number(v, 2)),
        **{one: Column(f"Best {symbol(one)}", lambda v: number(v, 3)) for one in others},
        "steps": Column("Steps", number),
        "band": Column("5–95 %", short=True),
        "examples": Column("Examples", number),
        "reached": Column("Seeds there", lambda v: percent(float(str(v)))),
        "region": Column("Region", short=True),
        "edge": Column("At an edge", short=True),
    }
    return tables.table(shown, columns, caption=f"{name}: the best setting at every batch size")
