"""The charts that a reader moves: any optimizer at any rate, and the same rate for all."""

from __future__ import annotations

from typing import Any

import altair
import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis import measures
from simopt.display import charts, style
from simopt.ground.formatting import listing, number
from simopt.problems import Problem
from simopt.report.learning_rate.grid import DRAWN, EPOCHS, SIZES, clipped
from simopt.report.sweeps import Setting, named, records, small
from simopt.rules import OPTIMIZERS
from simopt.sweeps.sweep import sweep

#: The chart draws every so manieth rate of the fine grid.
THIN = 8

#: Labelled on the axis of the excess.
POWERS = [1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1e2]

#: Powers of ten as the other figures have them; Vega's own formats write 0.000001 or 1e-6.
LABEL = (
    "datum.value < 0.001 ? '10⁻' + split('⁰¹²³⁴⁵⁶⁷⁸⁹', '')[round(-log(datum.value) / LN10)]"
    " : format(datum.value, ',~f')"
)


def chart(
    three: dict[str, Setting], bands: dict[str, pd.DataFrame], tuned: dict[str, pd.DataFrame]
) -> Markup:
    """Loss against rate, any problem and batch size, with what a point stands for."""
    low, high = DRAWN
    rows: list[pd.DataFrame] = []
    choices = []
    columns = ["eta", "low", "median", "high", "diverged"]
    for key, setting in three.items():
        lines = dict(list(clipped(bands[key]).groupby(["optimizer", "batch_size"])))
        for size in SIZES[key]:
            label = f"{setting.name}, batch {size}"
            choices.append(label)
            rows.extend(
                lines[name, size][columns].iloc[::THIN].assign(setting=label, optimizer=name)
                for name in OPTIMIZERS
            )
    pick = altair.param(
        name="setting_picked",
        value=choices[0],
        bind=altair.binding_select(options=choices, name="Problem and batch size: "),
    )
    nearest = altair.selection_point(
        name="nearest", fields=["eta", "optimizer"], nearest=True, on="pointerover", empty=False
    )
    named_in_legend = altair.selection_point(
        name="legend_picked", fields=["optimizer"], bind="legend"
    )
    shown = altair.condition(named_in_legend, altair.value(1.0), altair.value(0.12))
    drawn = pd.concat(rows)
    drawn[columns] = drawn[columns].map(_short)
    base = altair.Chart(inline(drawn)).transform_filter("datum.setting === setting_picked")
    x = altair.X(
        "eta:Q", title="learning rate η",
        scale=altair.Scale(type="log", domain=[1e-5, 1e3]),
        axis=altair.Axis(values=[10.0**k for k in range(-5, 4)], labelExpr=LABEL),
    )  # fmt: skip
    y_scale = altair.Scale(type="log", domain=[low, high], clamp=True)
    y_axis = altair.Axis(values=POWERS, labelExpr=LABEL)
    title = "relative excess loss"
    look = seven_looks()
    band = base.mark_area(opacity=0.15).encode(
        x=x,
        y=altair.Y("low:Q", title=title, scale=y_scale, axis=y_axis),
        y2="high:Q",
        color=look["color"],
        opacity=altair.condition(named_in_legend, altair.value(0.15), altair.value(0.02)),
    )
    lines = base.mark_line(strokeWidth=2).encode(
        x=x, y=altair.Y("median:Q", scale=y_scale), opacity=shown, **look
    )
    points = (
        base.mark_point(filled=True, size=70)
        .encode(
            x=x,
            y=altair.Y("median:Q", scale=y_scale),
            color=look["color"],
            opacity=altair.condition(nearest, altair.value(1.0), altair.value(0.0)),
            tooltip=[
                altair.Tooltip("optimizer:N", title="optimizer"),
                altair.Tooltip("eta:Q", title="η", format=".3~g"),
                altair.Tooltip("median:Q", title="excess, median", format=".2~g"),
                altair.Tooltip("low:Q", title="5 %", format=".2~g"),
                altair.Tooltip("high:Q", title="95 %", format=".2~g"),
                altair.Tooltip("diverged:Q", title="diverged", format=".0%"),
            ],
        )
        .add_params(nearest)
    )
    best = records(tuned["Hubble"].sort_values("robust_worst", kind="stable"))[0]
    return style.captioned(
        charts.interactive(
            altair.layer(band, lines, points).add_params(pick, named_in_legend),
            title="Any optimizer at any rate",
            alt="Loss against learning rate for seven optimizers; the figures below show the same "
            "for each problem.",
            height=360,
        ),
        title="Any optimizer at any rate",
        see=(
            f"Choose a problem and a batch size; point at a line to read its rate, its loss, its "
            f"band and how many of its seeds diverged; click a name in the legend, or press "
            f"Enter on it, to see it alone. "
            f"On Hubble, to name one, look for {best['optimizer']} near η = "
            f"{number(best['robust_eta'], 2)} at batch {best['batch_size']}: "
            f"{small(best['robust_median'])}."
        ),
        floor=DRAWN[0],
    )


def epoch_by_epoch(problem: Problem) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The excess epoch by epoch, file order, at rates a fifth of a decade apart."""
    powers = np.round(np.arange(-25, 11) / 5, 1)
    frame = sweep(
        problem,
        [make(eta=10.0**powers) for make in OPTIMIZERS.values()],
        epochs=EPOCHS["four points"],
        record="epochs",
        progress=False,
    )
    excess = measures.excess(frame, problem).clip(*DRAWN)
    shown = frame.assign(excess=excess, power=np.round(np.log10(frame["eta"]), 1))
    start = shown[shown["epoch"] == 1].assign(epoch=0, excess=1.0)
    shown = named(pd.concat([start, shown])[["optimizer", "power", "epoch", "excess"]])
    return shown.sort_values(["power", "epoch"], kind="stable"), frame


def slider(traced: pd.DataFrame) -> Markup:
    """The seven epoch by epoch at a rate the reader chooses."""
    low, high = DRAWN
    rows = traced.assign(excess=traced["excess"].map(_short))
    power = altair.param(
        name="power_picked",
        value=-1,
        bind=altair.binding_range(
            min=float(traced["power"].min()), max=float(traced["power"].max()), step=0.2,
            name="log₁₀ η ",
        ),
    )  # fmt: skip
    look = seven_looks()
    base = (
        altair.Chart(inline(rows))
        .transform_filter("abs(datum.power - power_picked) < 0.05")
        .encode(
            x=altair.X("epoch:Q", title="epoch", axis=altair.Axis(tickMinStep=1)),
            y=altair.Y(
                "excess:Q",
                title="relative excess loss",
                scale=altair.Scale(type="log", domain=[low, high], clamp=True),
                axis=altair.Axis(values=POWERS, labelExpr=LABEL),
            ),
        )
    )
    lines = base.mark_line(strokeWidth=2).encode(**look)
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        color=look["color"],
        tooltip=[
            altair.Tooltip("optimizer:N", title="optimizer"),
            altair.Tooltip("epoch:Q"),
            altair.Tooltip("excess:Q", title="excess", format=".2~g"),
        ],
    )
    last = traced[traced["epoch"] == traced["epoch"].max()]
    leaders = last.loc[last.groupby("power")["excess"].idxmin()].groupby("optimizer")["power"]
    spans = {str(name): (powers.min(), powers.max()) for name, powers in leaders}
    shown = listing(
        f"{name} ({number(10**a, 1)}" + (f" to {number(10**b, 1)})" if b > a else ")")
        for name, (a, b) in spans.items()
    )
    return style.captioned(
        charts.interactive(
            altair.layer(lines, points).add_params(power),
            title="The same rate for all",
            alt=f"Which optimizer leads depends on the rate: {shown}.",
            height=320,
        ),
        title=f"Four points, one rate for all: {EPOCHS['four points']} epochs in file order",
        see=f"Move the slider: as the rate grows, the lead after {EPOCHS['four points']} epochs "
        f"passes from optimizer to optimizer. It belongs, at some rate, to {shown}.",
        floor=DRAWN[0],
    )


def inline(table: pd.DataFrame) -> altair.InlineData:
    """A table in a chart as CSV: a third of the bytes of JSON, and nothing to validate."""
    numeric = table.select_dtypes("number").columns
    return altair.InlineData(
        values=table.to_csv(index=False),
        format=altair.CsvDataFormat(type="csv", parse=dict.fromkeys(numeric, "number")),
    )


def seven_looks() -> dict[str, Any]:
    """Colour and line style of the seven, the legend showing lines even where bands are drawn."""
    look = charts.by_optimizer(list(OPTIMIZERS))
    legend = altair.Legend(symbolType="stroke", symbolOpacity=1.0, symbolStrokeWidth=2.5)
    return {name: channel.legend(legend).title(None) for name, channel in look.items()}


def _short(value: float) -> float:
    """Four significant digits: what a chart can show, in a quarter of the bytes."""
    return float(f"{value:.4g}")
