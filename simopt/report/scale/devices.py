"""Graphics cards: figures recorded on one, or a plain word that there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, percent
from simopt.report.scale import recorded

#: Where `make bench-cuda` figures are kept in a checkout (``--json``); an installed package has
#: none.
PLACE = recorded.PLACE.with_name("cuda.json")


def read(place: Path = PLACE) -> dict[str, Any] | None:
    """The recorded figures, ``rows`` as a table; None if there are none."""
    if not place.exists():
        return None
    kept: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    rows = [{**row, **row["updates_per_second"]} for row in kept["rows"]]
    return {**kept, "rows": pd.DataFrame(rows)}


def section(kept: dict[str, Any] | None) -> dict[str, Any]:
    """What the page says of graphics cards: a sentence, and a figure and a table if there are."""
    if kept is None:
        return {
            "sentence": "Nothing was measured on a GPU here, so nothing is said of its speed.",
            "figure": "",
            "table": "",
        }
    rows = kept["rows"]
    words = "the CPU's bits" if not kept["differs_from_cpu"] else "not the CPU's bits everywhere"
    return {
        "sentence": f"Recorded, not measured now: {kept['device']}. The results had {words}.",
        "figure": figure(rows),
        "table": table(rows),
    }


def figure(rows: pd.DataFrame) -> Markup:
    """Updates per second of whole calls against the number of trajectories."""
    drawn, axes = style.new()
    told = []
    for name, part in rows[rows["name"].isin(style.LOOKS)].groupby("name", sort=False):
        part = part.sort_values("trajectories")
        axes.plot(part["trajectories"], part["call"], **style.line(str(name)))
        most = part.sort_values("call").iloc[-1]
        told.append(
            f"{name} {number(most['call'], 2)} at {number(int(most['trajectories']))} trajectories"
        )
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.log_axis(axes.yaxis)
    axes.set(xlabel="trajectories", ylabel="updates per second")
    style.legend(drawn, axes)
    see = f"At most, in updates per second of the whole call: {listing(told)}."
    return style.captioned(
        style.svg(drawn, title="Rate on a graphics card", alt=see),
        title="On the recorded GPU",
        see=see,
    )


def table(rows: pd.DataFrame) -> Markup:
    """Every recorded row."""

    def rate(value: object) -> str:
        return number(value, 3)

    names = {"kernel": "Kernel", "call": "Whole call", "JAX": "JAX", "optax": "optax"}
    columns: dict[str, Column | str] = {
        "name": Column("Work", short=True),
        "trajectories": Column("Trajectories", number),
        "updates_each": Column("Updates each", number),
    }
    columns |= {key: Column(name, rate) for key, name in names.items() if key in rows}
    columns["share"] = Column("Of divisions and roots", percent)
    return tables.table(rows, columns, caption="Updates per second on the recorded GPU")


__all__ = ["PLACE", "figure", "read", "section", "table"]
