"""One curvature: limits and best rates in closed form, and what trajectories do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis import stability
from simopt.analysis.stability.rates import iterates
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import fixed, listing, number, out_of
from simopt.report.sweeps import records
from simopt.rules import OPTIMIZERS, SGD, Momentum, rule
from simopt.rules.rule import Optimizer

#: Methods of the first figure, and how they are drawn.
METHODS = {
    "SGD": style.look("SGD"),
    "Momentum": style.look("Momentum"),
    "Nesterov": style.look("Nesterov"),
    "EMA momentum": style.look("Adam"),
}


def fading(w, g, eta, m, beta=0.9):  # type: ignore[no-untyped-def]
    """Momentum as a fading mean of gradients, the first half of Adam."""
    m = beta * m + (1 - beta) * g
    return w - eta * m, m


EMA = rule(fading, name="EMA momentum")


def method(name: str, eta: Any, beta: float) -> Optimizer:
    """The optimizer of a method."""
    if name == "SGD":
        return SGD(eta=eta)
    return (
        EMA(eta=eta, beta=beta) if name == "EMA momentum" else OPTIMIZERS[name](eta=eta, beta=beta)
    )


def edges(quick: bool) -> tuple[pd.DataFrame, list[pd.DataFrame]]:
    """For every method and momentum: the last rate that settles and the first that does not."""
    betas = np.round(np.linspace(0.0, 0.95, 4 if quick else 20), 4)
    spacing = 1.005
    bowl = stability.quadratic(1.0)
    rows, ran = [], []
    for name in METHODS:
        for beta in betas[:1] if name == "SGD" else betas:
            limit = float(stability.limit(name, beta))
            rates = limit * spacing ** (np.arange(-10, 10) + 0.5)
            cells = stability.compare(
                bowl, method(name, rates, float(beta)), batch_size="full", epochs=4000
            )
            gone = cells["simulated"].to_numpy()
            rows.append(
                {
                    "method": name,
                    "beta": float(beta),
                    "limit": limit,
                    "settles": rates[~gone].max(),
                    "diverges": rates[gone].min(),
                    "off": int((~cells["agree"]).sum()),
                    "cells": len(cells),
                }
            )
            ran.append(cells)
    return pd.DataFrame(rows), ran


def limits_section(found: pd.DataFrame) -> dict[str, Any]:
    """The figure of limits over momentum."""
    between = int(
        ((found["settles"] < found["limit"]) & (found["limit"] < found["diverges"])).sum()
    )
    off = int(found["off"].sum())
    at = {name: float(stability.limit(name, 0.9)) for name in METHODS}
    figure, axes = style.new(height=300)
    fine = np.linspace(0.0, 0.97, 200)
    for name, look in METHODS.items():
        axes.plot(fine, stability.limit(name, fine), color=look.color, linestyle=look.line)
        rows = found[found["method"] == name]
        axes.plot(
            rows["beta"], np.sqrt(rows["settles"] * rows["diverges"]), look.marker,
            color=look.color, markeredgecolor=style.PAPER, markeredgewidth=0.6, label=name,
        )  # fmt: skip
    axis_ticks.log_axis(axes.yaxis)
    axis_ticks.fixed_ticks(axes.yaxis, (1, 2, 4, 10, 20, 40, 100))
    axes.set_xlabel("momentum β")
    axes.set_ylabel("limit of rate × curvature")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return {
        "figure": style.captioned(
            style.svg(
                figure,
                title="Limits on one curvature",
                alt=f"At β = 0.9 the limits are "
                f"{listing(f'{number(v)} ({name})' for name, v in at.items())}.",
            ),
            title="One curvature: the largest stable rate × curvature, by momentum",
            see=(
                f"Lines are the closed forms. In {out_of(between, len(found))} cases the "
                "simulation (marks) turns between the two neighbouring rates, 0.5 % apart, that "
                f"enclose the line; {number(off)} of {number(int(found['cells'].sum()))} "
                "trajectories disagree. At β = 0.9 the limits are "
                f"{listing(f'{number(v)} ({name})' for name, v in at.items())}: looking "
                "ahead costs stability, a fading mean gains it."
            ),
        ),
    }


def optimal_section(quick: bool) -> dict[str, Any]:
    """Best rates as published and as trajectories show them."""
    kappas = (10.0, 100.0) if quick else (10.0, 100.0, 1000.0)
    table = pd.concat(
        [stability.measured(1.0, kappa).assign(kappa=kappa) for kappa in kappas], ignore_index=True
    )
    table["error"] = table["measured"] / table["rate"] - 1
    simple = table["method"] == "gradient descent"
    start = np.array([1.0, 0.1**0.5, 0.1])
    curvature = [1.0, 10.0, 100.0]
    heavy = records(stability.optimal(1.0, 100.0))[1]
    plain = stability.milestones(curvature, start.tolist(), SGD(eta=2 / 101))
    tuned = stability.milestones(
        curvature, start.tolist(), Momentum(eta=heavy["eta"], beta=heavy["beta"])
    )
    return {
        "figure": contraction_figure(100.0),
        "table": tables.table(
            table,
            {
                "kappa": Column("κ", number),
                "method": "Method",
                "eta": Column("η", lambda v: number(v, 5)),
                "beta": Column("β", lambda v: number(v, 5)),
                "rate": Column("Rate, formula", lambda v: fixed(v, 7)),
                "measured": Column("Rate, measured", lambda v: fixed(v, 7)),
                "error": Column("Difference", lambda v: number(v, 2)),
                "updates": Column("Updates", number),
            },
            head=2,
            caption="The best settings for curvatures from 1 to κ, and the factor per update that "
            "trajectories show over their second half",
        ),
        "sentence": (
            f"Measured and published agree to {number(table.loc[simple, 'error'].abs().max(), 1)} "
            f"for gradient descent and to {number(table.loc[~simple, 'error'].abs().max(), 1)} for "
            "the others. Those sit at a double root, where the distance falls like t ρᵗ: the "
            "factor t is taken out, and what remains fades like one over the square of the number "
            "of updates."
        ),
        "milestones": (
            "Goh's milestones, the last iterate at which each of three directions (curvatures 1, "
            f"10, 100) still has a loss above 0.01: {listing(plain)} for gradient descent "
            f"at 2/101, as published, and {listing(tuned)} for heavy ball at its best "
            "setting."
        ),
        "rates": table,
    }


def contraction_figure(kappa: float) -> Any:
    """The distance from the optimum by update at the best settings, beside the slopes."""
    figure, axes = style.new(height=300)
    table = stability.optimal(1.0, kappa)
    updates = 160
    looks = [style.look(name) for name in ("SGD", "Momentum", "Nesterov", "Adam")]
    ends = {}
    for row, look in zip(records(table), looks, strict=True):
        settings = {"eta": row["eta"]} | (
            {} if row["optimizer"] == "SGD" else {"beta": row["beta"]}
        )
        weights = iterates(
            [1.0, kappa], [1.0, 1.0], OPTIMIZERS[row["optimizer"]](**settings), updates
        )
        distance = np.hypot(*weights.T)
        t = np.arange(updates + 1)
        axes.plot(t, distance, color=look.color, linestyle=look.line, label=row["method"])
        slope = distance[-1] * row["rate"] ** (t[80:] - updates)
        axes.plot(t[80:], slope * 6, color=look.color, linewidth=0.8)
        ends[row["method"]] = float(distance[-1])
    axis_ticks.log_axis(axes.yaxis, 8)
    axes.set_xlabel("update")
    axes.set_ylabel("distance from the optimum")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    order = sorted(ends, key=ends.__getitem__)
    return style.captioned(
        style.svg(
            figure,
            title="Best settings at work",
            alt=f"After {updates} updates {order[0]} is nearest, {order[-1]} farthest.",
        ),
        title=f"Curvatures 1 and {number(kappa)}: the best setting of each method at work",
        see=(
            f"After {updates} updates {order[0]} is at {number(ends[order[0]], 1)}, "
            f"{order[-1]} at {number(ends[order[-1]], 2)}; thin lines have the slope of the "
            "formula."
        ),
    )
