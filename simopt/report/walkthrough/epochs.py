"""Epochs 2 to 100: who is nearest when, and what becomes of each rule."""

from __future__ import annotations

import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, charts, style, tables
from simopt.display.tables import Column
from simopt.document.quantities import ETA
from simopt.ground.formatting import listing, number, spans
from simopt.report import traces
from simopt.rules import OPTIMIZERS


def rank_figure(distances: pd.DataFrame, changed: pd.DataFrame) -> Markup:
    """Places by epoch: a bump chart, its epochs on a log axis, because most changes are early."""
    places = distances.rank(axis=1, method="first").astype(int)
    figure, axes = style.new(height=300)
    marked = sorted({1, *changed["epoch"], len(places)})
    for name in places:
        axes.plot(
            places.index, places[name],
            **style.line(str(name), markevery=[epoch - 1 for epoch in marked], drawstyle="default"),
        )  # fmt: skip
        axes.annotate(str(name), (len(places), places[name].iloc[-1]), xytext=(8, 0), va="center",
                      textcoords="offset points", fontsize=11.5)  # fmt: skip
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.fixed_ticks(axes.xaxis, [1, 2, 3, 5, 10, 20, 30, 50, len(places)])
    axis_ticks.fixed_ticks(axes.yaxis, range(1, places.shape[1] + 1))
    axes.set(xlabel="epoch", ylabel="place, 1 = nearest to 5", xlim=(0.95, len(places) * 3.4))
    axes.invert_yaxis()
    axes.grid(axis="x", visible=False)
    ordered = traces.orders(distances)
    first, last = ordered.iloc[0], ordered.iloc[-1]
    fallen = max(first, key=lambda name: last.index(name) - first.index(name))
    see = (
        f"The order changes at epochs {spans(list(changed['epoch']))}; {fallen}, place "
        f"{first.index(fallen) + 1} after one epoch, ends at place {last.index(fallen) + 1}"
        if len(changed)
        else "The order never changes"
    )
    return style.captioned(
        style.svg(figure, title="Place of each rule by epoch", alt=see + "."),
        title="Who is nearest, epoch by epoch",
        see=see + ".",
    )


def change_table(changed: pd.DataFrame) -> Markup:
    """Every change of the order."""
    shown = changed.assign(order=changed["order"].map(" · ".join))
    return tables.table(
        shown,
        {
            "epoch": "epoch",
            "what": Column("what happens", prose=True),
            "order": Column("from nearest to farthest", prose=True),
        },
        caption="Epochs at which the order changes",
    )


def closer_chart(distances: pd.DataFrame) -> Markup:
    """Distances by epoch to be looked at closely: point at an epoch, click a name."""
    # Loaded here: all processes that make pages would wait for it.
    import altair

    names = [str(name) for name in distances]
    long = [
        {"epoch": epoch, "optimizer": name, "distance": float(f"{max(d, traces.FLOOR):.4g}")}
        for name in names
        for epoch, d in enumerate(distances[name].tolist(), start=1)
    ]
    wide = [
        {"epoch": epoch, **{name: float(distances[name].iloc[epoch - 1]) for name in names}}
        for epoch in range(1, len(distances) + 1)
    ]
    epoch = altair.X(
        "epoch:Q", title="epoch", scale=altair.Scale(domain=[1, len(distances)], nice=False)
    )
    picked = altair.selection_point(fields=["optimizer"], bind="legend")
    hovered = altair.selection_point(
        fields=["epoch"], nearest=True, on="pointerover", clear="pointerout", empty=False
    )
    lines = (
        altair.Chart(altair.InlineData(values=long))
        .mark_line(strokeWidth=2)
        .encode(
            x=epoch,
            y=altair.Y(
                "distance:Q",
                title="distance |w − 5|",
                scale=altair.Scale(type="log"),
                axis=altair.Axis(format=".0e", tickCount=8),
            ),
            opacity=altair.condition(picked, altair.value(1), altair.value(0.12)),
            **charts.by_optimizer(names),
        )
        .add_params(picked)
    )
    rule = (
        altair.Chart(altair.InlineData(values=wide))
        .mark_rule(strokeWidth=1)
        .encode(
            x=epoch,
            opacity=altair.condition(hovered, altair.value(0.8), altair.value(0)),
            tooltip=[altair.Tooltip("epoch:Q", title="epoch")]
            + [altair.Tooltip(f"{name}:Q", title=name, format=".3~g") for name in names],
        )
        .add_params(hovered)
    )
    see = closer_sentence(distances)
    return style.captioned(
        charts.interactive(
            altair.layer(lines, rule), title="Distance by epoch, closer", alt=see + "."
        ),
        title="How near, and at which epoch",
        see=see + " Point at an epoch for all distances; click a name, or press Enter on it, to "
        "see it alone.",
        floor=traces.FLOOR,
    )


def closer_sentence(distances: pd.DataFrame) -> str:
    """Who is nearest in the end, and who has run away."""
    last = distances.iloc[-1]
    nearest = str(last.idxmin())
    text = f"After {len(distances)} epochs {nearest} is nearest"
    if last[nearest] <= traces.EXACT:
        text += ", as near as float64 can tell"
    away = traces.run_away(distances)
    if away:
        text += f"; {listing(away)} {'has' if len(away) == 1 else 'have'} run away"
    return text + "."


def fates(distances: pd.DataFrame) -> list[dict[str, str]]:
    """What becomes of each rule: arrived, thrown back, creeping on, or running away; and why."""
    told = []
    for name in map(str, distances):
        d = distances[name]
        last, best, at = d.iloc[-1], d.min(), 1 + int(d.argmin())
        if last > d.iloc[0]:
            text = (
                f"an epoch multiplies its distance by {number(last / d.iloc[-2], 3)}: with one "
                f"point at a time, η = {number(ETA)} is too large for this much momentum."
            )
        elif last <= traces.EXACT:
            arrived = 1 + int((d <= traces.EXACT).argmax())
            text = f"arrives, as near as float64 can tell, at epoch {arrived}."
        elif best < 1e-3 * last:
            text = (
                f"comes within {number(best, 1)} at epoch {at} and is thrown back, to "
                f"{number(last, 2)}: it divides by the size of its own fading gradients, so its "
                "steps don't fade with them."
            )
        elif last > 0.5 * d.iloc[-21]:
            text = f"is {number(last, 2)} away"
            text += " and hardly comes nearer" if last > 0.8 * d.iloc[-21] else " and creeps on"
            decay = OPTIMIZERS[name]().settings.get("weight_decay", 0)
            text += ": its weight decay pulls towards 0." if decay else "."
        else:
            text = f"is {number(last, 2)} away and comes nearer, swinging less and less."
        told.append({"name": name, "text": text})
    return told
