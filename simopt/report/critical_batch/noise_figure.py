"""The noise scale on the way to the target, drawn beside the measured critical batch size."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis import noise_scale
from simopt.display import axis_ticks, style
from simopt.ground.formatting import number
from simopt.report.sweeps import Setting

#: Of the exact scales: column, name in the legend, colour and line.
DRAWN = (
    ("b_simple", "B_simple", style.BLUE, "-"),
    ("b_noise", "B_noise", style.VERMILLION, (0, (5, 1.5))),
)


def noise_figure(
    setting: Setting, way: pd.DataFrame, estimates: pd.DataFrame, critical: pd.DataFrame
) -> Markup:
    """Both scales against the excess loss left, with estimates, and the critical batch size.

    Parameters
    ----------
    setting : Setting
        The problem.
    way, estimates : DataFrame
        From `noise.along` and `noise.estimated`.
    critical : DataFrame
        optimizer, critical, low, high: the measured critical batch sizes.
    """
    figure, axes = style.new(height=350)
    n = setting.problem.n
    for column, label, color, line in DRAWN:
        scale = way[column].to_numpy(float)
        axes.plot(way["excess"], scale, color=color, linestyle=line, label=f"{label}, exact")
        finite = [noise_scale.finite_population(b, n) for b in scale]
        axes.plot(
            way["excess"], finite, color=color, linestyle=line, linewidth=0.9,
            label=f"{label}, {n:,} points",
        )  # fmt: skip
    _estimates(axes, estimates)
    _measured(axes, critical)
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.log_axis(axes.yaxis)
    axes.invert_xaxis()
    axes.set(xlabel="excess loss left, as a share of the start's", ylabel="batch size")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    see = noise_sentence(way, estimates)
    title = f"{setting.name}: gradient noise scale"
    return style.captioned(style.svg(figure, title=title, alt=see), title=title, see=see)


def _estimates(axes: Any, estimates: pd.DataFrame) -> None:
    """Medians with bars over seeds; what is infinite has no mark."""
    shown = estimates[np.isfinite(estimates["median"]) & (estimates["median"] > 0)]
    high = shown["high"].where(np.isfinite(shown["high"]), shown["median"])
    low = shown["low"].where(shown["low"] > 0, shown["median"])
    axes.errorbar(
        shown["excess"], shown["median"], [shown["median"] - low, high - shown["median"]],
        linestyle="", marker="o", color=style.INK, capsize=3, linewidth=1,
        label="B_simple, estimated",
    )  # fmt: skip


def _measured(axes: Any, critical: pd.DataFrame) -> None:
    """A level line for every critical batch size that was found."""
    for row in critical[critical["critical"].notna()].to_dict("records"):
        look = style.look(str(row["optimizer"]))
        axes.axhline(
            row["critical"], color=look.color, linestyle=":", linewidth=1.4,
            label=f"critical, {row['optimizer']}",
        )  # fmt: skip


def noise_sentence(way: pd.DataFrame, estimates: pd.DataFrame) -> str:
    """How the scale grows, and how far estimates of it scatter."""
    first, last = way.iloc[0], way.iloc[-1]
    text = (
        f"From the start to the target B_simple goes from {number(first['b_simple'], 2)} to "
        f"{number(last['b_simple'], 2)} and B_noise from {number(first['b_noise'], 2)} to "
        f"{number(last['b_noise'], 2)}: no one number describes the way."
    )
    if last["b_noise"] < 1.5 * first["b_noise"]:
        text = text.replace(": no one number describes the way", "")
    off = (estimates["median"] / estimates["exact"] - 1).abs()
    small, big = int(estimates["small"].iloc[0]), int(estimates["big"].iloc[0])
    text += f" Estimates from batches of {small} and {big:,} (median of the seeds) are "
    if np.isfinite(off).all():
        worst = off.max()
        return text + f"within {number(100 * worst, 2)} % of the exact value everywhere."
    return text + "infinite where the gradient is too small to be measured so."
