"""The page on scale: how fast, at what cost in memory, and what the limit is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas as pd

from simopt.ground.formatting import number
from simopt.report.pages import Computed, Context
from simopt.report.scale import devices, limits, memory, parts, rates, recorded
from simopt.report.scale.ways import SETUP, WAYS


def page(context: Context) -> dict[str, Any]:
    """The values of the page's template."""
    record = recorded.read()
    context.say("Scale: rates")
    speed = rates.measured(context.quick)
    context.say("Scale: where the time goes")
    shares = parts.measured(context.quick)
    near = parts.limits_of(shares)
    ways = memory.ways(context.quick)
    context.say("Scale: memory and figures")
    # Memory is counted in a process of its own, and nothing is timed any more: meanwhile one draws.
    with ThreadPoolExecutor(1) as pool:
        counted = pool.submit(memory.measured, context.quick)
        figures = {
            "rate": rates.rate_figure(speed, record),
            "cost": rates.cost_figure(speed, record),
            "shares": parts.parts_figure(shares),
            "limits": parts.limits_table(near),
            "bound": parts.bound(shares, near),
        }
        peaks = counted.result()
    return {
        "answer": [fastest(speed, peaks), *billion(record)],
        "processor": limits.processor(),
        "threads": int(speed["threads"].max()),
        "short": rates.SHORT,
        **figures,
        "memory": memory.memory_figure(peaks, record, memory.bytes_per_row()),
        "four_ways": memory.ways_table(ways),
        "record": recorded.table(record) if len(record) else "",
        "gpu": devices.section(devices.read()),
        "setup": SETUP,
        "ways": WAYS,
        "computed": [
            ran("scale: rates", speed, speed["repeats"], speed["spent"].sum()),
            ran("scale: where the time goes", shares, shares["runs"], shares["spent"].sum()),
            ran("scale: four ways", ways, 1, ways["seconds"].sum()),
        ],
        "findings": [fastest(speed, peaks), *billion(record)],
    }


def fastest(speed: pd.DataFrame, peaks: pd.DataFrame) -> str:
    """How many trajectories in what time and memory, the most that were measured for all rules."""
    many = speed[(speed["threads"] == speed["threads"].max()) & (speed["epochs"] == rates.SHORT)]
    most = int(many.groupby("optimizer")["trajectories"].max().min())
    took = many[many["trajectories"] == most].set_index("optimizer")["seconds"].sort_values()
    largest = peaks.iloc[-1]
    return (
        f"{number(most)} trajectories of {rates.SHORT} epochs on the four points take "
        f"{number(took.iloc[0], 2)} s ({took.index[0]}) to {number(took.iloc[-1], 2)} s "
        f"({took.index[-1]}) here, summarised over their seeds; "
        f"{number(int(largest['trajectories']))} need {number(largest['memory'], 3)} MiB."
    )


def billion(record: pd.DataFrame) -> list[str]:
    """What the recorded run took; nothing without one."""
    if not len(record):
        return []
    took = record.set_index("rule")["seconds"].sort_values()
    return [
        f"{number(int(record['trajectories'].max()))} trajectories of each rule took "
        f"{number(took.iloc[0], 2)} s ({took.index[0]}) to {number(took.iloc[-1], 2)} s "
        f"({took.index[-1]}) and {number(record['memory'].max(), 3)} MiB at most, "
        f"{recorded.where(record)}."
    ]


def ran(what: str, frame: pd.DataFrame, times: Any, seconds: float) -> Computed:
    """The account of what was run, each row so many times."""
    return Computed(
        what,
        int((frame["trajectories"] * times).sum()),
        int((frame["updates"] * times).sum()),
        float(seconds),
    )


__all__ = ["billion", "fastest", "page"]
