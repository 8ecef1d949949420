"""The scoreboard after one epoch, and the weights on the way there."""

from __future__ import annotations

import math

import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, states, style, tables
from simopt.display.tables import Column, badge
from simopt.document.quantities import ETA
from simopt.ground.formatting import fixed, listing, number, percent
from simopt.report import traces
from simopt.rules import OPTIMIZERS

#: Epochs whose weights are drawn on a linear axis, and its range: beyond it is off the figure.
NEAR_EPOCHS, NEAR = 12, (2.5, 8.0)

#: What counts as there, in that figure.
CLOSE = 0.05


def standings(audit: pd.DataFrame) -> pd.DataFrame:
    """Where each rule stands after one epoch: weight, distance, rank, state, behaviour, printed."""
    start, best = float(traces.problem().w0[0]), traces.target()
    rows = []
    for name in OPTIMIZERS:
        steps = traces.first_epoch(name).dropna(axis=1, how="all")
        last = steps.iloc[-1]
        told = audit[
            audit["place"].str.startswith("scoreboard")
            & (audit["method"] == name)
            & (audit["quantity"] == "weight after the step")
        ]
        rows.append(
            {
                "optimizer": name,
                "w": float(last["w"]),
                "distance": float(last["distance"]),
                "printed": told["printed"].iloc[0] if len(told) else "–",
                "verdict": told["verdict"].iloc[0] if len(told) else "",
                "state": states.after(name, last),
                "behaviour": behaviour(steps, start, best),
            }
        )
    frame = pd.DataFrame(rows)
    frame.insert(0, "rank", frame["distance"].rank(method="min").astype(int))
    return frame.sort_values("rank", kind="stable").reset_index(drop=True)


def behaviour(steps: pd.DataFrame, start: float, best: float) -> str:
    """What a rule did in its first epoch, in words drawn from its weights.

    Examples
    --------
    >>> import pandas as pd
    >>> behaviour(pd.DataFrame({"w": [3.1, 3.2]}), start=3.0, best=5.0)
    'comes from below, 10 % of the way'
    """
    w = [float(value) for value in steps["w"]]
    crossed = traces.crossings(w, start, best)
    side = "below" if w[-1] < best else "above"
    if not crossed:
        covered = 1 - abs(w[-1] - best) / abs(start - best)
        return f"comes from {side}, {percent(covered)} of the way"
    peak = max(w, key=lambda value: (value - best) * math.copysign(1, best - start))
    text = f"passes {number(best)} at {'update' if len(crossed) == 1 else 'updates'} "
    text += f"{listing(crossed)}, as far as {number(peak)}; ends {side}"
    if "v" in steps and "m" not in steps.dropna(axis=1, how="all"):
        v = steps["v"].dropna()
        if len(v) and (w[-1] - best) * float(v.iloc[-1]) < 0:
            return text + ", its velocity carrying it further away"
        if len(v):
            return text + ", its velocity carrying it back"
    return text


def board_table(board: pd.DataFrame) -> Markup:
    """The scoreboard as a table."""
    return tables.table(
        board,
        {
            "rank": "rank",
            "optimizer": "rule",
            "w": Column("w", fixed),
            "distance": Column("distance from 5", fixed),
            "printed": Column("printed w", short=True),
            "verdict": Column("verdict", lambda v: badge(str(v)) if v else "–"),
            "state": Column("state", by_line, short=True),
            "behaviour": Column("what it did", prose=True),
        },
        caption="After one epoch, nearest first",
        head=2,
    )


def by_line(items: object) -> Markup:
    """A cell with a line for each item of a list."""
    return Markup("<br>").join(str(items).split(", "))


def update_figure() -> Markup:
    """The weight after each update of the first epoch."""
    figure, axes = style.new()
    start, best = float(traces.problem().w0[0]), traces.target()
    axes.axhline(best, color=style.MUTED, linewidth=1)
    low = high = start
    for name in OPTIMIZERS:
        w = [start, *traces.first_epoch(name)["w"]]
        axes.plot(range(len(w)), w, **style.line(name))
        low, high = min(low, *w), max(high, *w)
    axis_ticks.fixed_ticks(axes.xaxis, range(traces.problem().n + 1))
    axes.set(xlabel="update", ylabel="weight w")
    axes.annotate("optimum", (0, best), xytext=(0, 3), ha="left", va="bottom",
                  textcoords="offset points", color=style.MUTED, fontsize=11.5)  # fmt: skip
    style.legend(figure, axes)
    ends = {name: float(traces.first_epoch(name)["w"].iloc[-1]) for name in OPTIMIZERS}
    crossed = [
        name
        for name in OPTIMIZERS
        if traces.crossings(list(traces.first_epoch(name)["w"]), start, best)
    ]
    first = {name: abs(float(traces.first_epoch(name)["w"].iloc[0]) - start) for name in OPTIMIZERS}
    small = [name for name, step in first.items() if step <= 1.05 * ETA]
    see = (
        f"{listing(crossed)} {'passes' if len(crossed) == 1 else 'pass'} the optimum"
        if crossed
        else ("No rule passes the optimum")
    )
    if len(small) > 1:
        see += (
            f"; {listing(small)} set out with steps of about η = {number(ETA)}, whatever the "
            "gradient, and four such steps can't cover the way"
        )
    alt = "After the first epoch: " + ", ".join(f"{n} at {fixed(w)}" for n, w in ends.items()) + "."
    return style.captioned(
        style.svg(figure, title="Weight by update, first epoch", alt=alt),
        title="The weight, update by update",
        see=see + ".",
    )


def epoch_figure() -> Markup:
    """The weight at the end of the first epochs, near the optimum."""
    weights = traces.by_epoch("w").head(NEAR_EPOCHS)
    figure, axes = style.new()
    axes.axhline(traces.target(), color=style.MUTED, linewidth=1)
    outside = (weights < NEAR[0]) | (weights > NEAR[1])
    gone = {
        name: 1 + int(outside[name].to_numpy().argmax())
        for name in map(str, weights)
        if outside[name].any()
    }
    for name in weights:
        w = weights[name].loc[: gone.get(str(name), NEAR_EPOCHS)]
        axes.plot(w.index, w, **style.line(str(name)))
    axes.set(xlabel="epoch", ylabel="weight w at its end", ylim=NEAR)
    axis_ticks.fixed_ticks(axes.xaxis, range(1, NEAR_EPOCHS + 1))
    style.legend(figure, axes)
    wider = [n for n in gone if outside[n].iloc[-1]]
    close = [str(n) for n in weights if abs(weights[n].iloc[-1] - traces.target()) < CLOSE]
    parts = [f"{name} leaves the frame at epoch {epoch}" for name, epoch in gone.items()]
    see = f"After {NEAR_EPOCHS} epochs {listing(close) or 'no rule'} "
    see += f"{'stands' if len(close) < 2 else 'stand'} within {number(CLOSE)} of the optimum"
    if parts:
        see += f"; {listing(parts)}"
    if wider:
        see += (
            f", and {listing(wider)} {'is' if len(wider) == 1 else 'are'} still outside at the end"
        )
    return style.captioned(
        style.svg(figure, title="Weight by epoch", alt=see + "."),
        title="The weight, epoch by epoch",
        see=see + ".",
    )
