"""The learning-rate page: loss against rate for seven rules, and what the order of points adds."""

from __future__ import annotations

from typing import Any

import altair
import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path
from numpy.typing import ArrayLike, NDArray

import simopt
from simopt import measures
from simopt.problems import Problem
from simopt.reporting import charts, style, tables, words
from simopt.reporting.pages import Context, computed
from simopt.reporting.sweeps import (
    ALONG,
    FINE,
    Setting,
    account,
    factor,
    measured,
    named,
    parts,
    rates,
    records,
    settings,
    seven,
    small,
    together,
)
from simopt.reporting.tables import Column
from simopt.reporting.words import number
from simopt.rules import OPTIMIZERS

SIZES = {"four points": (1, 2, 4), "Hubble": (1, 4, 24), "diabetes": (8, 32, 442)}
EPOCHS = {"four points": 10, "Hubble": 20, "diabetes": 10}
#: Of these the shuffles are compared.
SHUFFLED = {"four points": 1, "Hubble": 1, "diabetes": 32}
KEY = ["optimizer", "batch_size"]

#: A method whose best excess stays above this has not learnt the problem.
LEARNT = 0.1

#: What figures draw: smaller excesses at the foot, larger ones and divergence at the head.
DRAWN = (1e-8, 1e2)
#: A figure draws every so manieth rate of the fine grid, the interactive chart fewer still.
THIN, THINNER = 4, 8
POWERS = [1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1e2]
#: Vega's own format writes 0.000001.
LABEL = "format(datum.value, datum.value < 0.001 ? '~e' : '~g')"
BATCH_LOOKS: tuple[tuple[str, Any], ...] = (
    (style.BLUE, "-"),
    (style.ORANGE, (0, (5, 1.5))),
    (style.GREEN, (0, (1.5, 1.2))),
)

#: The maps: what is varied beside the rate, and which rates.
MAPPED = {
    "Momentum": ("beta", (1e-4, 1e1)),
    "Nesterov": ("beta", (1e-4, 1e1)),
    "RMSprop": ("rho", (1e-3, 1e2)),
    "Adam": ("beta1", (1e-3, 1e2)),
}
#: Upper ends of the classes of a map, relative excess.
CLASSES = (1e-8, 1e-6, 1e-4, 1e-2, 1.0)


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    three = settings()
    ran: dict[str, pd.DataFrame] = {}
    bands: dict[str, pd.DataFrame] = {}
    tuned: dict[str, pd.DataFrame] = {}
    for key, setting in three.items():
        context.say(f"Learning rate: {setting.name}")
        bands[key], ran[key] = by_rate(key, setting.problem, context.quick)
        tuned[key] = named(measures.tuned(bands[key], KEY))
    context.say("Learning rate: maps")
    maps = []
    for key in ("four points", "Hubble", "diabetes"):
        cells, ran[f"{key}, maps"] = mapped(key, three[key].problem, context.quick)
        maps.append(map_section(three[key], key, cells))
    context.say("Learning rate: shuffling")
    shuffles = []
    for key, setting in three.items():
        spread, ran[f"{key}, shuffling"] = shuffled(key, setting.problem, tuned[key], context.quick)
        shuffles.append(shuffle_section(setting, key, spread))
    orders, ran["orders"] = order_table(three["four points"].problem, context.quick)
    traced, ran["four points, epoch by epoch"] = traces(three["four points"].problem)

    context.say("Learning rate: figures")
    trajectories, updates, seconds, compiling = account(ran)
    return {
        "chart": chart(three, bands, tuned),
        "sections": [rate_section(three[key], key, bands[key], tuned[key]) for key in three],
        "ranking": ranking(three, tuned),
        "decay": decay_sentence(three, tuned),
        "slider": slider(traced),
        "maps": maps,
        "shuffles": shuffles,
        "invariance": invariance(three["four points"].problem, orders),
        "trajectories": trajectories,
        "updates": updates,
        "seconds": seconds,
        "compile_seconds": compiling,
        "seeds": int(bands["Hubble"]["trajectories"].max()),
        "rates": len(rates(1.0, 1e6, FINE)),
        "computed": [computed(f"learning rate: {name}", frame) for name, frame in ran.items()],
        "findings": findings(three, tuned),
    }


# Loss against rate


def by_rate(key: str, problem: Problem, quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Median and band of the excess over shuffle seeds, per rule, batch size and rate.

    Order does not matter to a full batch, so there one seed says all.
    """
    seeds = range(5 if quick else 21)
    batches = [size for size in SIZES[key] if size < problem.n]
    frame = together(
        [
            simopt.sweep(
                problem,
                seven(FINE),
                batch_size=sizes,
                epochs=EPOCHS[key],
                shuffle="epoch",
                seed=seed,
                progress=False,
            )
            for sizes, seed in ((batches, seeds), ([problem.n], 0))
        ]
    )
    return named(measured(frame, problem, [*KEY, "eta"])), frame


def rate_section(
    setting: Setting, key: str, bands: pd.DataFrame, tuned: pd.DataFrame
) -> dict[str, Any]:
    """The figure and the table of best settings of a problem."""
    smallest = tuned[tuned["batch_size"] == tuned["batch_size"].min()]
    # A method that gets nowhere is equally bad over many decades; that is not forgiving.
    width = smallest[smallest["median"] < LEARNT].sort_values("decades")
    narrow, wide = records(width)[0], records(width)[-1]
    gap = tuned[tuned["robust_worst"] > 10 * tuned["median"]]
    edges = tuned[tuned["edge"] != ""]
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
                    f"{words.listing(never)} {'does' if len(never) == 1 else 'do'} not diverge "
                    "at any rate tried."
                    if never
                    else "every method diverges at some rate."
                )
            ),
        ),
        "table": tables.table(
            tuned.assign(band=[f"{small(r['low'])} to {small(r['high'])}" for r in records(tuned)]),
            {
                "optimizer": "Method",
                "batch_size": Column("Batch", number),
                "eta": Column("Best η", lambda v: number(v, 3)),
                "median": Column("Excess", small),
                "band": "5 to 95 %",
                "robust_eta": Column("Robust η", lambda v: number(v, 3)),
                "robust_worst": Column("Its worst ±5 %", small),
                "decades": Column("Decades", lambda v: number(v, 2)),
                "diverges_from": Column("Diverges from", lambda v: number(v, 2)),
                "edge": Column("Grid", lambda e: f"at its {e} edge" if e else ""),
            },
            caption=f"{setting.name}: the best and the robust rate of every method after "
            f"{EPOCHS[key]} epochs",
        ),
        "table_sentence": (
            f"{words.sentence(words.count(len(edges), 'setting'))} of {len(tuned)} "
            f"{'lies' if len(edges) == 1 else 'lie'} at the edge of the grid: a wider one may hold "
            "better. "
            + (
                f"For {words.count(len(gap), 'setting')} the best rate is a lucky hit: the excess "
                "is more than ten times worse somewhere within 5 % of any rate."
                if len(gap)
                else "No best rate is a lucky hit: the robust rate comes within ten times of each."
            )
        ),
    }


def rate_figure(bands: pd.DataFrame, tuned: pd.DataFrame, n: int) -> Any:
    """A panel per method, a line and band per batch size; crosses where divergence begins."""
    figure, grid = style.new(4, 2, height=640, sharey=True)
    low, high = DRAWN
    sizes = sorted(bands["batch_size"].unique())
    for name, axes in zip(OPTIMIZERS, grid.ravel(), strict=False):
        for size, (color, line) in zip(sizes, BATCH_LOOKS, strict=True):
            chosen = (bands["optimizer"] == name) & (bands["batch_size"] == size)
            rows = bands[chosen].sort_values("eta").iloc[::THIN]
            best = tuned[(tuned["optimizer"] == name) & (tuned["batch_size"] == size)]
            axes.fill_between(
                rows["eta"],
                rows["low"].clip(low, high),
                rows["high"].clip(low, high),
                color=color,
                alpha=0.2,
                linewidth=0,
            )
            axes.plot(rows["eta"], rows["median"].clip(low, high), color=color, linestyle=line)
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
        style.log_axis(axes.xaxis)
        # Few, and none at the rim: on a phone the labels of two panels would touch.
        style.ticks(axes.xaxis, (1e-4, 1e-2, 1.0) if name in ALONG else (1e-2, 1.0, 1e2))
        style.log_axis(axes.yaxis, 6)
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
        for size, (color, line) in zip(sizes, BATCH_LOOKS, strict=True)
    ] + [
        Patch(color=style.MUTED, alpha=0.3, linewidth=0, label="5 to 95 %"),
        Line2D([], [], color=style.MUTED, marker="o", linestyle="", label="robust best"),
        Line2D([], [], color=style.MUTED, marker="x", linestyle="", markeredgewidth=1.8,
               label="diverges from here"),
    ]  # fmt: skip
    key.legend(handles=handles, loc="center left")
    return figure


def ranking(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """Who wins where, at the robust rate: a sentence and a table."""
    rows = []
    for key in three:
        for size, settled in parts(tuned[key], "batch_size"):
            order = records(settled.sort_values("robust_worst", kind="stable"))
            bar = 1.1 * order[0]["robust_worst"]
            level = [row["optimizer"] for row in order if row["robust_worst"] <= bar]
            rows.append(
                {
                    "problem": three[key].name,
                    "batch_size": size,
                    "level": level,
                    "eta": ", ".join(number(row["robust_eta"], 2) for row in order[: len(level)]),
                    "excess": order[0]["robust_worst"],
                    "epochs": EPOCHS[key],
                }
            )
    names = [name for name in OPTIMIZERS if any(name in row["level"] for row in rows)]
    times = {name: sum(name in row["level"] for row in rows) for name in names}
    return {
        "sentence": (
            f"Give every method its own robust rate, and the least loss, or one within a tenth of "
            f"it, goes to {words.listing(f'{name} ({times[name]})' for name in names)} in "
            f"{words.count(len(rows), 'setting')}."
        ),
        "table": tables.table(
            pd.DataFrame(rows),
            {
                "problem": "Problem",
                "batch_size": Column("Batch", number),
                "epochs": Column("Epochs", number),
                "level": Column("Lowest", words.listing),  # type: ignore[arg-type]
                "eta": "at η",
                "excess": Column("Excess", small),
            },
            caption="The methods that end lowest at their robust rates; the excess is the worst "
            "within 5 % of the rate",
        ),
    }


def decay_sentence(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> str:
    """Why AdamW ends where it does, where its weight decay is what stops it."""
    decay = float(dict(simopt.AdamW().settings)["weight_decay"])  # type: ignore[arg-type]
    far = {
        key: float(np.abs(setting.problem.minimizer).max())
        for key, setting in three.items()
        if setting.problem.minimizer is not None
    }
    beyond = [key for key, size in far.items() if size > 1 / decay]
    if not beyond:
        return ""
    ends = [
        f"{small(tuned[key].loc[tuned[key]['optimizer'] == 'AdamW', 'median'].min())} on "
        f"{three[key].name} (largest weight of the optimum {number(far[key], 3)})"
        for key in beyond
    ]
    return (
        f"AdamW's decay takes η × {number(decay)} × w at every step, and a step of Adam is hardly "
        f"longer than η, so that no weight stays above about {number(1 / decay)}. Where the "
        f"optimum lies beyond, no rate helps: the best excess is {words.listing(ends)}. Targets in "
        "other units, or another decay, would change that."
    )


def findings(three: dict[str, Setting], tuned: dict[str, pd.DataFrame]) -> list[str]:
    """Sentences for the overview."""
    four = tuned["four points"]
    first = four[four["batch_size"] == 1].sort_values("robust_worst", kind="stable")
    wide = records(first.sort_values("decades"))[-1]
    narrow = records(first.sort_values("decades"))[0]
    settled = records(first)[0]
    return [
        f"Give every method its own learning rate, and on the four points at batch 1 "
        f"{settled['optimizer']} ends lowest after {EPOCHS['four points']} epochs "
        f"(η = {number(settled['robust_eta'], 2)}); no single rate serves all: the robust ones run "
        f"from {number(first['robust_eta'].min(), 2)} to {number(first['robust_eta'].max(), 2)}.",
        f"There {wide['optimizer']} forgives most, with {number(wide['decades'], 2)} decades of "
        f"rates within ten times its best excess, and {narrow['optimizer']} least, with "
        f"{number(narrow['decades'], 2)}.",
    ]


# The interactive charts


def chart(
    three: dict[str, Setting], bands: dict[str, pd.DataFrame], tuned: dict[str, pd.DataFrame]
) -> Markup:
    """Loss against rate, any problem and batch size, with what a point stands for."""
    low, high = DRAWN
    rows = []
    choices = []
    for key, setting in three.items():
        for size in SIZES[key]:
            label = f"{setting.name}, batch {size}"
            choices.append(label)
            for name in OPTIMIZERS:
                chosen = (bands[key]["optimizer"] == name) & (bands[key]["batch_size"] == size)
                kept = bands[key][chosen].sort_values("eta").iloc[::THINNER]
                columns = ["eta", "low", "median", "high", "diverged"]
                kept = kept.assign(**{name: kept[name].clip(low, high) for name in columns[1:-1]})[
                    columns
                ].map(_short)
                rows.append(kept.assign(setting=label, optimizer=name))
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
    base = altair.Chart(inline(pd.concat(rows))).transform_filter(
        "datum.setting === setting_picked"
    )
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
                altair.Tooltip("optimizer:N", title="method"),
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
            title="Any method at any rate",
            alt="Loss against learning rate for seven methods; the figures below show the same for "
            "each problem.",
            height=360,
        ),
        title="Any method at any rate",
        see=(
            f"Choose a problem and a batch size; point at a line to read its rate, its loss, its "
            f"band and how many of its seeds diverged; click a name in the legend to see it alone. "
            f"On Hubble, to name one, look for {best['optimizer']} near η = "
            f"{number(best['robust_eta'], 2)} at batch {best['batch_size']}: "
            f"{small(best['robust_median'])}."
        ),
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


def traces(problem: Problem) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The excess epoch by epoch, file order, at rates a fifth of a decade apart."""
    powers = np.round(np.arange(-25, 11) / 5, 1)
    frame = simopt.sweep(
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
    # Without a legend of their own, or their thin rims would be what the legend shows.
    points = base.mark_point(filled=True, size=45, opacity=1).encode(
        color=look["color"].copy().legend(None),
        tooltip=[
            altair.Tooltip("optimizer:N", title="method"),
            altair.Tooltip("epoch:Q"),
            altair.Tooltip("excess:Q", title="excess", format=".2~g"),
        ],
    )
    last = traced[traced["epoch"] == traced["epoch"].max()]
    leaders = last.loc[last.groupby("power")["excess"].idxmin()].groupby("optimizer")["power"]
    spans = {str(name): (powers.min(), powers.max()) for name, powers in leaders}
    shown = words.listing(
        f"{name} ({number(10**a, 1)}" + (f" to {number(10**b, 1)})" if b > a else ")")
        for name, (a, b) in spans.items()
    )
    return style.captioned(
        charts.interactive(
            altair.layer(lines, points).add_params(power),
            title="The same rate for all",
            alt=f"Which method leads depends on the rate: {shown}.",
            height=320,
        ),
        title=f"Four points, one rate for all: {EPOCHS['four points']} epochs in file order",
        see=f"Move the slider: as the rate grows, the lead after {EPOCHS['four points']} epochs "
        f"passes from method to method. It belongs, at some rate, to {shown}.",
    )


# Maps


def mapped(key: str, problem: Problem, quick: bool) -> tuple[dict[str, pd.DataFrame], pd.DataFrame]:
    """The excess over rate and decay, file order, at the batch size of the shuffles."""
    across, up = (61, 31) if quick else (121, 50)
    decays = np.round(np.linspace(0.0, 0.98, up), 6)
    frame = simopt.sweep(
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


def epoch_radius(
    problem: Problem, name: str, batch_size: int, eta: ArrayLike, beta: ArrayLike
) -> NDArray[np.float64]:
    """The spectral radius of one epoch in file order as a linear map of (w - optimum, v), d = 1.

    Below 1 the method converges, to the optimum or, where the labels don't agree, to a cycle.

    Parameters
    ----------
    problem : Problem
        Least squares with one weight.
    name : {"Momentum", "Nesterov"}
        The rule.
    batch_size : int
        Points per update.
    eta, beta : array_like
        Of shapes that broadcast.

    Returns
    -------
    ndarray
        Of the broadcast shape.
    """
    eta, beta = np.broadcast_arrays(np.asarray(eta, float), np.asarray(beta, float))
    whole = np.broadcast_to(np.eye(2), (*eta.shape, 2, 2))
    for first in range(0, problem.n, batch_size):
        h = 2 * float((problem.x[first : first + batch_size, 0] ** 2).mean())
        step = np.empty((*eta.shape, 2, 2))
        # v' = beta v + h e, then e' = e - eta v' or, looking ahead, e - eta (h e + beta v').
        step[..., 1, 0], step[..., 1, 1] = h, beta
        if name == "Nesterov":
            step[..., 0, 0] = 1 - eta * h * (1 + beta)
            step[..., 0, 1] = -eta * beta * beta
        else:
            step[..., 0, 0] = 1 - eta * h
            step[..., 0, 1] = -eta * beta
        whole = step @ whole
    return np.asarray(np.abs(np.linalg.eigvals(whole)).max(axis=-1))


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
            eta, beta = np.meshgrid(cells[name].columns, cells[name].index)
            radii[name] = epoch_radius(problem, name, size, eta, beta)
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
                f"{words.percent(good[most])} of its map, {least} on {words.percent(good[least])}.",
            ),
            title=f"{setting.name}: excess after {EPOCHS[key]} epochs by rate and decay, "
            f"batch {size}",
            see=(
                f"{most} ends below {number(CLASSES[-2])} on {words.percent(good[most])} of its "
                f"map, {least} on {words.percent(good[least])}; "
                + (
                    words.listing(
                        f"{name} diverges on {words.percent(gone[name])}" for name in lost
                    )
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
    steps = np.linspace(0.0, 0.95, len(CLASSES))[::-1]
    colors = [matplotlib.colors.to_hex(matplotlib.colormaps[style.SEQUENTIAL](s)) for s in steps]
    looks: list[dict[str, Any]] = [{"facecolor": color} for color in colors]
    looks += [
        {"facecolor": style.GRID},
        {"facecolor": "none", "edgecolor": style.VERMILLION, "hatch": "////", "linewidth": 0},
    ]
    for (name, table), axes in zip(cells.items(), grid.ravel(), strict=True):
        classes = classify(table.to_numpy())
        x = _edges(np.log10(table.columns.to_numpy(float)))
        y = _edges(table.index.to_numpy(float))
        for place, look in enumerate(looks):
            path = regions(classes == place, 10**x, y)
            if path is not None:
                edge = {"edgecolor": look["facecolor"], "linewidth": 0.4}
                axes.add_patch(PathPatch(path, **{**edge, **look}))
        if name in radii:
            contour = axes.contour(
                table.columns, table.index, radii[name], [1.0], colors=[style.INK], linewidths=1.3
            )
            contour.set_rasterized(False)
        axes.set_title(name)
        axes.grid(visible=False)
        axes.set_xlim(10 ** x[0], 10 ** x[-1])
        axes.set_ylim(y[0], y[-1])
        style.log_axis(axes.xaxis, 4)
        _decay_label(axes, MAPPED[name][0])
        axes.set_xlabel("learning rate η")
    bounds = [style.power_of_ten(bound) for bound in CLASSES]
    labels = [f"< {bounds[0]}", *(f"< {bound}" for bound in bounds[1:]), "above start", "diverged"]
    handles = [Patch(label=label, **look) for label, look in zip(labels, looks, strict=True)]
    if radii:
        handles.append(Line2D([], [], color=style.INK, linewidth=1.3, label="epoch map = 1"))  # type: ignore[arg-type]
    figure.legend(handles=handles, loc="outside lower center", ncols=4, title="relative excess")
    return figure


def _decay_label(axes: Axes, decay: str) -> None:
    axes.set_ylabel(f"decay {words.symbol(decay)}")


def _edges(centres: NDArray[np.float64]) -> NDArray[np.float64]:
    """The borders of evenly spaced cells."""
    half = (centres[1] - centres[0]) / 2
    return np.append(centres - half, centres[-1] + half)


def classify(excess: NDArray[np.float64]) -> NDArray[np.int64]:
    """0 for the smallest class of ``CLASSES``, one more for each; then above start, diverged.

    Examples
    --------
    >>> classify(np.array([0.0, 1e-7, 0.5, 3.0, np.inf])).tolist()
    [0, 1, 4, 5, 6]
    """
    found = np.searchsorted(CLASSES, excess, side="right")
    return np.where(np.isinf(excess), len(CLASSES) + 1, found)


def regions(
    inside: NDArray[np.bool_], x: NDArray[np.float64], y: NDArray[np.float64]
) -> Path | None:
    """The cells where ``inside`` holds as one path, the runs of a row drawn together.

    A map of thousands of cells is then a few hundred rectangles, and stays vector graphics.
    """
    vertices, codes = [], []
    for row, marked in enumerate(inside):
        change = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(int)))
        for start, stop in zip(change[::2], change[1::2], strict=True):
            left, right, low, high = x[start], x[stop], y[row], y[row + 1]
            vertices += [(left, low), (right, low), (right, high), (left, high), (left, low)]
            codes += [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    return Path(vertices, codes) if vertices else None


# Shuffling


def shuffled(
    key: str, problem: Problem, tuned: pd.DataFrame, quick: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The excess of each method at its robust rate: never, once, and anew every epoch."""
    size = SHUFFLED[key]
    chosen = tuned[tuned["batch_size"] == size]
    optimizers = [OPTIMIZERS[row["optimizer"]](eta=row["robust_eta"]) for row in records(chosen)]
    seeds = range(201 if quick else 501)
    frame = together(
        [
            simopt.sweep(
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
                f"{anew} of {len(median)} methods.",
            ),
            title=f"{setting.name}: never, once or every epoch, batch {SHUFFLED[key]}",
            see=(
                f"At each method's robust rate, shuffling anew every epoch has a lower median than "
                f"one shuffled order for {anew} of {len(median)} methods; file order ends between "
                f"{factor(file_order.min())} and {factor(file_order.max())} times that median. The "
                f"seed alone moves {widest} most, by a factor of {factor(span.max())} from the 5th "
                f"to the 95th percentile, and {tightest} least"
                + (
                    f", by {number(span.min(), 3)}."
                    if span.min() > 1.0005
                    else ": not at all, as far as the figure goes."
                )
            ),
        ),
    }


def shuffle_figure(spread: pd.DataFrame, label: str) -> Any:
    """A row per method: the median and band of each way to shuffle."""
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
    style.log_axis(axes.xaxis, 6)
    axes.set_xlabel(label)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def order_table(problem: Problem, quick: bool) -> tuple[pd.DataFrame, pd.DataFrame]:
    """How many weights one epoch can end at, over shuffle seeds, at the document's rate."""
    frame = simopt.sweep(
        problem,
        [make(eta=0.1) for make in OPTIMIZERS.values()],
        batch_size=[1, 2, 4],
        shuffle="once",
        seed=range(300 if quick else 2000),
        progress=False,
    )
    rounded = frame.assign(rounded=frame["w"].round(9))
    table = (
        rounded.groupby(KEY, observed=True)
        .agg(distinct=("rounded", "nunique"), least=("w", "min"), most=("w", "max"))
        .reset_index()
        .assign(spread=lambda t: t["most"] - t["least"])
    )
    return named(table), frame


def invariance(problem: Problem, orders: pd.DataFrame) -> dict[str, Any]:
    """Why the order of the points does not matter to SGD at batch 1, and what it does to others."""
    eta = 0.1
    product = float(np.prod(1 - 2 * eta * problem.x[:, 0] ** 2))
    minimizer = problem.minimizer
    assert minimizer is not None
    predicted = float(minimizer[0] + product * (problem.w0[0] - minimizer[0]))
    sgd = records(orders[(orders["optimizer"] == "SGD")])
    one, two = sgd[0], sgd[1]
    agree = problem.minimum_loss == 0
    others = orders[(orders["batch_size"] == 1) & (orders["optimizer"] != "SGD")]
    return {
        "sentence": (
            f"On the four points at η = {number(eta)}, SGD at batch 1 ends its epoch at w = "
            f"{words.fixed(one['least'], 4)} in every order that the seeds drew: the largest and "
            f"the smallest differ by {number(one['spread'], 2)}. "
            + (
                "All labels agree on one weight, so that an update multiplies the error w − w* by "
                "1 − 2ηx², whatever came before; the factors commute, and an epoch multiplies it "
                f"by their product, {words.fixed(product, 4)}: w = {words.fixed(predicted, 4)}. "
                if agree
                else ""
            )
            + f"At batch 2 only who is paired with whom matters: {number(two['distinct'])} "
            f"{'value' if two['distinct'] == 1 else 'values'}. Methods with a memory notice the "
            f"order: {number(others['distinct'].min())} to {number(others['distinct'].max())} "
            "different weights at batch 1."
        ),
        "table": tables.table(
            orders,
            {
                "optimizer": "Method",
                "batch_size": Column("Batch size", number),
                "distinct": Column("Different weights", number),
                "least": Column("Least w", lambda w: words.fixed(w, 4)),
                "most": Column("Most w", lambda w: words.fixed(w, 4)),
                "spread": Column("Difference", lambda v: number(v, 2)),
            },
            caption="Where one epoch can end, over all orders that the seeds drew (weights equal "
            "to nine decimals count as one)",
        ),
    }
