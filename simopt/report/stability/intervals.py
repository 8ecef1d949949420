"""The four points: in which intervals of the rate every method is stable, order by order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from simopt.analysis import stability
from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number
from simopt.problems import Problem
from simopt.report.sweeps import parts, records
from simopt.rules import OPTIMIZERS, SGD

#: The rates that are scanned, and the momentum at which.
LOW, HIGH = 0.002, 5.0
BETA = 0.9
NAMES = ("SGD", "Momentum", "Nesterov")


def scanned(problem: Problem) -> pd.DataFrame:
    """Stable intervals of every method, batch size and order; equal ones counted."""
    # The narrowest interval is 0.0004 wide.
    rates = np.linspace(LOW, HIGH, 14_000)
    rows = []
    for name in NAMES:
        optimizer = SGD(eta=rates) if name == "SGD" else OPTIMIZERS[name](eta=rates, beta=BETA)
        table = stability.thresholds(problem, optimizer, batch_size=[1, 2, 4], order="all")
        for size, of_size in parts(table, "batch_size"):
            kinds: dict[tuple[Any, ...], list[tuple[int, ...]]] = {}
            for order, found in parts(of_size, "order"):
                ends = found[["low", "high"]].to_numpy()
                key = tuple(float(f"{v:.9g}") for v in ends.ravel())
                kinds.setdefault(key, []).append(order)
            for key, orders in kinds.items():
                rows.append(
                    {
                        "optimizer": name,
                        "batch_size": int(size),
                        "orders": len(orders),
                        "order": min(orders),
                        "intervals": [
                            (low, high) for low, high in zip(key[::2], key[1::2], strict=True)
                        ],
                        "first": key[1],
                        "last": key[-1],
                    }
                )
    return pd.DataFrame(rows)


def section(problem: Problem, found: pd.DataFrame) -> dict[str, Any]:
    """The figure of intervals, the table, and what they say."""
    gaps = found[found["intervals"].map(len) > 1]
    most = records(found.sort_values("intervals", key=lambda c: c.map(len), kind="stable"))[-1]
    one = found[found["batch_size"] == 1]
    kinds = one.groupby("optimizer", sort=False).size()
    rows = []
    for name in NAMES:
        for size in (1, 2, 4):
            some = found[(found["optimizer"] == name) & (found["batch_size"] == size)]
            rows.append(
                {
                    "optimizer": name,
                    "batch_size": size,
                    "orders": int(some["orders"].sum()),
                    "kinds": len(some),
                    "least": some["first"].min(),
                    "most": some["first"].max(),
                    "intervals": int(some["intervals"].map(len).max()),
                    "last": some["last"].max(),
                }
            )
    table = pd.DataFrame(rows)
    full = table[table["batch_size"] == problem.n].set_index("optimizer")["least"]
    small = table[table["batch_size"] == 1].set_index("optimizer")["least"]
    loss = (small / full).sort_values()
    return {
        "figure": style.captioned(
            style.svg(
                bars(found),
                title="Stable rates of the four points",
                alt=f"{len(gaps)} of {len(found)} rows have a gap between stable rates.",
            ),
            title=f"Four points: the rates at which an epoch is stable, β = {number(BETA)}",
            see=(
                f"In {len(gaps)} of the {len(found)} rows stable rates are not one interval: "
                f"{most['optimizer']} at batch {most['batch_size']} has {len(most['intervals'])}, "
                f"{listing(span(i) for i in most['intervals'])}. Bisection between a stable "
                "and an unstable rate would find an end of one of them and call it the limit."
            ),
        ),
        "sentence": (
            f"At batch 1 there are {number(int(one['orders'].iloc[0]))} orders, but an epoch "
            "starts over, so that orders which are turns of each other have the same map but for "
            "where it is cut, and the same eigenvalues; so have, here, an order and its reverse. "
            f"What is left is {listing(f'{kinds[n]} for {n}' for n in kinds.index)}. Smaller "
            f"batches make {loss.index[0]} lose most: from the full batch to batch 1 the first "
            f"limit falls from {number(full[loss.index[0]])} to {number(small[loss.index[0]], 3)} "
            f"in the worst order, and for {loss.index[-1]} from {number(full[loss.index[-1]])} "
            f"to {number(small[loss.index[-1]], 4)}."
        ),
        "table": tables.table(
            table,
            {
                "optimizer": "Optimizer",
                "batch_size": Column("Batch", number),
                "orders": Column("Orders", number),
                "kinds": Column("Different", number),
                "least": Column("First limit, least", lambda v: number(v, 6)),
                "most": Column("and most", lambda v: number(v, 6)),
                "intervals": Column("Intervals", number),
                "last": Column("Stable up to", lambda v: number(v, 6)),
            },
            caption=f"Where η first becomes unstable, over orders of the four points, β = "
            f"{number(BETA)}; how many intervals there are; and the largest stable η",
        ),
    }


def span(interval: tuple[float, float]) -> str:
    """An interval of rates; from 0 where the scan began inside."""
    low, high = interval
    return f"{'0' if low <= LOW else number(low, 4)} to {number(high, 4)}"


def bars(found: pd.DataFrame) -> Any:
    """A row per method, batch size and kind of order: bars where the rate is stable."""
    figure, axes = style.new(height=40 + 21 * len(found))
    labels = []
    for place, row in enumerate(records(found)):
        look = style.look(row["optimizer"])
        for low, high in row["intervals"]:
            axes.plot(
                [low, high], [place, place], color=look.color, linewidth=7, solid_capstyle="butt"
            )
            # A narrow interval would be lost.
            axes.plot([(low * high) ** 0.5], [place], "|", color=look.color, markersize=7)
        labels.append(f"{row['optimizer']}, {row['batch_size']}{shown(row)}")
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.set_xlim(0.01, HIGH)
    axis_ticks.log_axis(axes.xaxis)
    axis_ticks.fixed_ticks(axes.xaxis, (0.01, 0.03, 0.1, 0.3, 1.0, 3.0))
    axes.set_xlabel("learning rate η")
    axes.set_title("method, batch, order of the points")
    return figure


def shown(row: dict[str, Any]) -> str:
    """The order of a row, batches apart; nothing where it makes no difference."""
    order, size = [str(k + 1) for k in row["order"]], row["batch_size"]
    if size == len(order) or row["orders"] == math.factorial(len(order)):
        return ""
    return ": " + "|".join("".join(order[k : k + size]) for k in range(0, len(order), size))
