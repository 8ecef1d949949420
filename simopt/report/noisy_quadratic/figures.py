"""The page's figures: steps, rates and gains against batch size, and how sharp the knee is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, FuncFormatter

from simopt.analysis import nqm
from simopt.analysis.nqm.published import SIZES
from simopt.display import axis_ticks, style
from simopt.ground.formatting import SUPERSCRIPT, listing, number, percent
from simopt.report.noisy_quadratic import claims
from simopt.report.noisy_quadratic.data import (
    BY_POWER,
    NAMES,
    grid_model,
    look,
    powers,
    steps,
    without_bins,
)

#: How a line of perfect scaling is drawn.
PERFECT: dict[str, Any] = {"color": style.MUTED, "linewidth": 1, "linestyle": (0, (2, 2))}


def powers_of_two(axis: Any) -> None:
    """Batch sizes as 2², 2⁶, ..."""
    axis.set_xscale("log", base=2)
    axis.set_xlim(SIZES[0] / 2, SIZES[-1] * 2)
    axis.xaxis.set_major_locator(FixedLocator(list(SIZES[::2])))
    axis.xaxis.set_minor_locator(FixedLocator([]))
    axis.xaxis.set_major_formatter(
        FuncFormatter(lambda size, _: "2" + str(round(np.log2(size))).translate(SUPERSCRIPT))
    )
    axis.set_xlabel("batch size B")


def algorithms_figure(frame: pd.DataFrame) -> Markup:
    """Steps to target of the three algorithms without preconditioner."""
    figure, axes = style.new(height=350)
    model = grid_model(frame)
    sizes = np.array(SIZES, float)
    for algorithm in NAMES:
        found = steps(frame, model, algorithm)["steps"]
        axes.plot(sizes, found, **look(algorithm))
        axes.plot(sizes, found.iloc[0] * sizes[0] / sizes, **PERFECT, zorder=1)
    axes.plot(sizes, nqm.lower_bound(sizes), color=style.INK, linestyle=":", linewidth=1.2,
              label="no method below this: d/(2CB)")  # fmt: skip
    handles, labels = axes.get_legend_handles_labels()
    handles.append(Line2D([], [], **PERFECT))
    labels.append("perfect scaling")
    axis_ticks.log_axis(axes.yaxis)
    axes.set_ylim(100, 3e6)
    axes.set_ylabel("steps to expected loss 0.01")
    powers_of_two(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    least = {name: steps(frame, model, name)["steps"] for name in NAMES}
    first = min(NAMES, key=lambda name: int(least[name].iloc[0]))
    last = min(NAMES, key=lambda name: int(least[name].iloc[-1]))
    see = (
        f"At B = {SIZES[0]} {_inside(first)} takes fewest steps "
        f"({number(int(least[first].iloc[0]))}), at 2²⁰ {_inside(last)} "
        f"({number(int(least[last].iloc[-1]))}); lines bend away from perfect scaling at different "
        f"batch sizes (p = 0, {without_bins(frame)})."
    )
    return _done(figure, "Steps to target, three algorithms", see)


def powers_figure(frame: pd.DataFrame) -> Markup:
    """Steps to target by power, SGD beside Momentum."""
    figure, (above, below) = style.new(2, 1, height=620, sharex=True)
    model = grid_model(frame)
    sizes = np.array(SIZES, float)
    for axes, algorithm in ((above, "sgd"), (below, "momentum")):
        for power in powers(frame):
            found = steps(frame, model, algorithm, power)["steps"]
            axes.plot(sizes, found, **_power(power))
            axes.plot(sizes, found.iloc[0] * sizes[0] / sizes, **PERFECT, zorder=1)
        axes.set_title(NAMES[algorithm])
        axis_ticks.log_axis(axes.yaxis)
        axes.set_ylim(4, 3e6)
        axes.set_ylabel("steps to target")
        powers_of_two(axes)
    above.set_xlabel("")
    handles, labels = above.get_legend_handles_labels()
    handles.append(Line2D([], [], **PERFECT))
    labels.append("perfect scaling")
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    ends = [
        int(steps(frame, model, name, p)["steps"].iloc[-1])
        for name in ("sgd", "momentum")
        for p in (0.0, powers(frame)[-1])
    ]
    see = (
        f"At 2²⁰ h^−{number(powers(frame)[-1])} brings SGD from {number(ends[0])} steps to "
        f"{number(ends[1])} and Momentum from {number(ends[2])} to {number(ends[3])}; the dashed "
        f"lines show how long each keeps to perfect scaling ({without_bins(frame)})."
    )
    return _done(figure, "Steps to target by power of the preconditioner", see)


def rates_figure(frame: pd.DataFrame) -> Markup:
    """The tuned rate against batch size."""
    figure, axes = style.new(height=350)
    sizes = np.array(SIZES, float)
    for power in powers(frame):
        eta = steps(frame, "tuned", "sgd", power)["eta"]
        axes.plot(sizes, eta, **_power(power))
        axes.plot(sizes, eta.iloc[0] * sizes / sizes[0], **PERFECT, zorder=1)
    axes.axhline(2.0, color=style.INK, linestyle=":", linewidth=1.2, label="limit 2/h₁")
    handles, labels = axes.get_legend_handles_labels()
    handles.append(Line2D([], [], **PERFECT))
    labels.append("proportional to B")
    axis_ticks.log_axis(axes.yaxis)
    axes.set_ylim(5e-5, 6)
    axes.set_ylabel("best rate η of SGD")
    powers_of_two(axes)
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    near = {
        p: next((b for b in SIZES if steps(frame, "tuned", "sgd", p)["eta"][b] > 1.5), SIZES[-1])
        for p in powers(frame)
    }
    see = (
        "The best rate follows the batch size until it nears the stability limit: it is past 1.5 "
        f"at B = {listing(number(b) for b in near.values())} for p = "
        f"{listing(number(p) for p in near)}. The rate is tuned continuously."
    )
    return _done(figure, "Best rate of SGD", see)


def gains_figure(frame: pd.DataFrame) -> Markup:
    """SGD's steps over Momentum's, and over its own average's."""
    figure, axes = style.new(height=350)
    for algorithm in ("momentum", "ema"):
        for power, extra in ((0.0, {}), (0.5, {"markerfacecolor": style.PAPER})):
            drawn = look(algorithm, label=f"{NAMES[algorithm]}, p = {number(power)}")
            if extra:
                drawn |= {**extra, "markeredgecolor": drawn["color"], "markeredgewidth": 1.2}
            axes.plot(SIZES, claims.gains(frame, algorithm, power), **drawn)
    axes.axhline(1.0, color=style.INK, linestyle=":", linewidth=1.2)
    axis_ticks.log_axis(axes.yaxis)
    axis_ticks.fixed_ticks(axes.yaxis, (1, 2, 5, 10, 20, 40))
    axes.set_ylabel("times fewer steps than SGD")
    powers_of_two(axes)
    figure.legend(loc="outside lower center", ncols=2)
    ball, mean = (claims.gains(frame, name) for name in ("momentum", "ema"))
    cross = next((b for b in SIZES if ball[b] > mean[b]), None)
    see = (
        f"Averaging gains a factor {number(float(mean.iloc[0]), 2)} at B = 4 and "
        f"{number(float(mean.iloc[-1]), 2)} at 2²⁰, Momentum {number(float(ball.iloc[0]), 2)} and "
        f"{number(float(ball.iloc[-1]), 2)} (p = 0)"
        + (f"; from B = {number(cross)} on Momentum is ahead" if cross else "")
        + f". All {without_bins(frame)}."
    )
    return _done(figure, "What Momentum and averaging gain", see)


def knee_figure(fits: Sequence[dict[str, Any]]) -> Markup:
    """Steps over the fitted curve: the hyperbola, and with a knee as sharp as it is."""
    figure, (above, below) = style.new(2, 1, height=520, sharex=True, sharey=True)
    found = {}
    for axes, kind, title in (
        (above, "hyperbola_curve", "hyperbola, q = 1"),
        (below, "free_curve", "q fitted"),
    ):
        for fit in fits:
            ratio = fit["steps"] / fit[kind].steps(SIZES)
            found[kind, fit["power"]] = float(np.abs(ratio - 1).max())
            axes.plot(np.array(SIZES) / fit["critical"], 100 * (ratio - 1), **_power(fit["power"]))
        axes.axhline(0.0, color=style.INK, linestyle=":", linewidth=1.2)
        axes.set_title(title)
        axis_ticks.log_axis(axes.xaxis, 5)
        axes.set_ylabel("steps above the curve [%]")
    below.set_xlabel("batch size over B*")
    figure.legend(*above.get_legend_handles_labels(), loc="outside lower center", ncols=4)
    worst = {kind: [found[kind, fit["power"]] for fit in fits] for kind, _ in found}
    see = (
        f"The hyperbola is off by up to {percent(max(worst['hyperbola_curve']))}, the curve with q "
        f"fitted by up to {percent(max(worst['free_curve']))}. The knee is sharper than the "
        f"hyperbola's: q = {listing(number(fit['q'], 3) for fit in fits)}."
    )
    return _done(figure, "How sharp the knee is", see)


def _power(power: float) -> dict[str, Any]:
    color, marker, line = BY_POWER[power]
    return {
        "label": f"p = {number(power)}",
        "color": color,
        "marker": marker,
        "linestyle": line,
        "markeredgecolor": style.PAPER,
        "markeredgewidth": 0.6,
    }


def _inside(algorithm: str) -> str:
    return {"sgd": "SGD", "momentum": "Momentum", "ema": "averaged SGD"}[algorithm]


def _done(figure: Any, title: str, see: str) -> Markup:
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)
