"""Rate and cost against the number of trajectories, on one thread and on all."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from matplotlib.lines import Line2D

from simopt import problems
from simopt.display import axis_ticks, style
from simopt.engine import tiers
from simopt.ground.formatting import count, listing, number, percent, rough
from simopt.report.scale import possible
from simopt.report.sweeps import ALONG
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.sweeps.sweep import sweep

#: So many trajectories are so many settings with so many seeds; all but the fewest fill blocks of
#: 128 lanes to 97 % or more.
SHAPES = {
    10**2: (100, 1),
    10**3: (125, 8),
    10**4: (125, 80),
    10**5: (1_250, 80),
    10**6: (6_250, 160),
    10**7: (12_500, 800),
}

#: The two that stand for all: without a root, and with everything.
DRAWN = ("SGD", "Adam")

#: Epochs of a short trajectory, and of a long one.
SHORT, LONG = 10, 1_000

#: A call is repeated while all took less than this [s] (in the quick report, and in the full
#: one), so many times at most.
ENOUGH, REPEATS = {True: 0.03, False: 0.15}, 8

#: The most trajectories that are timed, in the quick report and in the full one.
MOST = {True: 10**6, False: 10**7}

#: Costs that differ by less are the same.
FLAT = 0.25


@functools.cache
def rule_with(name: str, settings: int) -> Optimizer:
    """A rule with so many rates, all of them stable on the four points."""
    low, high = (1e-4, 0.1) if name == "SGD" else (1e-4, 0.02) if name in ALONG else (1e-3, 1.0)
    return OPTIMIZERS[name](eta=np.geomspace(low, high, settings))


def swept(name: str, shape: tuple[int, int], epochs: int = SHORT, **options: Any) -> pd.DataFrame:
    """So many settings of a rule with so many seeds, on the four points, summarised over seeds."""
    settings, seeds = shape
    with tiers.compiling():
        return sweep(
            problems.four_points(), rule_with(name, settings), epochs=epochs, shuffle="epoch",
            seed=range(seeds), progress=False, **{"reduce": "seed", **options},
        )  # fmt: skip


def timed(
    name: str, trajectories: int, epochs: int = SHORT, quick: bool = False, **options: Any
) -> dict[str, Any]:
    """A call of `simopt.sweep`, from settings to table, its best repetition."""
    rule_with(name, SHAPES[trajectories][0])
    best, spent = np.inf, []
    for _ in range(REPEATS):
        began = time.perf_counter()
        frame = swept(name, SHAPES[trajectories], epochs, **options)
        spent.append(time.perf_counter() - began)
        best = min(best, spent[-1] - frame.attrs["compile_seconds"])
        if sum(spent) > ENOUGH[quick]:
            break
    return {
        "optimizer": name,
        "trajectories": trajectories,
        "epochs": epochs,
        "threads": frame.attrs["threads"],
        "updates": frame.attrs["updates"],
        "seconds": best,
        "repeats": len(spent),
        "spent": sum(spent),
    }


def measured(quick: bool) -> pd.DataFrame:
    """Every rule, number of trajectories, length and number of threads: a row each.

    Returns
    -------
    DataFrame
        The columns of `timed`; ``seconds`` is one call's, ``spent`` all repetitions'. Without a
        row of one thread beside which all threads would be faster than they can be.
    """
    most = MOST[quick]
    rows = []
    for name in OPTIMIZERS:
        swept(name, SHAPES[10**2])  # what loads at first use is no part of a rate
        rows += [timed(name, n, quick=quick) for n in SHAPES if n <= most]
    for name in DRAWN:
        if rows[0]["threads"] > 1:
            rows += [timed(name, n, quick=quick, threads=1) for n in SHAPES if n <= most]
        rows += [timed(name, n, LONG, quick) for n in SHAPES if n <= (10**4 if quick else 10**5)]
    return pd.DataFrame(without_impossible(rows, quick))


def without_impossible(rows: list[dict[str, Any]], quick: bool) -> list[dict[str, Any]]:
    """Rows without pairs in which n threads are more than n times as fast as one.

    The best of more repetitions comes nearer to what a call takes, so that such a pair is timed
    again first. Where that does not help, the row of one thread is left out.
    """
    most = max(row["threads"] for row in rows)
    many = {
        (row["optimizer"], row["trajectories"]): row
        for row in rows
        if row["threads"] == most and row["epochs"] == SHORT
    }

    def fits(row: dict[str, Any]) -> bool:
        beside = many[row["optimizer"], row["trajectories"]]
        return possible.at_most(row["seconds"] / beside["seconds"], most / row["threads"])

    def again(row: dict[str, Any]) -> bool:
        for each in (many[row["optimizer"], row["trajectories"]], row):
            name, trajectories, threads = (
                each[key] for key in ("optimizer", "trajectories", "threads")
            )
            new = timed(name, trajectories, quick=quick, threads=threads)
            each["seconds"] = min(each["seconds"], new["seconds"])
            each["repeats"] += new["repeats"]
            each["spent"] += new["spent"]
        return fits(row)

    return [
        row
        for row in rows
        if row["threads"] == most or fits(row) or any(again(row) for _ in range(possible.TRIES))
    ]


def flat_from(trajectories: Iterable[int], costs: Iterable[float]) -> int:
    """From how many trajectories on the cost is that of the most, but for a quarter.

    Examples
    --------
    >>> flat_from([100, 1000, 10000], [80.0, 11.0, 10.0])
    1000
    """
    table = pd.Series(list(costs), list(trajectories)).sort_index()
    far = (table / table.iloc[-1] - 1).abs() > FLAT
    return int(table.index[int(np.flatnonzero(far).max() + 1) if far.any() else 0])


def rate_figure(rates: pd.DataFrame, record: pd.DataFrame) -> Markup:
    """Updates per second against the number of trajectories, with the recorded billion."""
    figure, axes = style.new(height=330)
    short = rates[rates["epochs"] == SHORT]
    most_threads = int(rates["threads"].max())
    for name in DRAWN:
        for threads in sorted({1, most_threads}, reverse=True):
            rows = short[(short["optimizer"] == name) & (short["threads"] == threads)]
            drawn = style.line(name, label="")
            if threads == 1 < most_threads:
                drawn |= _open(drawn)
            axes.plot(rows["trajectories"], rows["updates"] / rows["seconds"], **drawn)
        _recorded_points(axes, record, name, "rate")
    _number_axis(axes, rates, record)
    axes.set(ylabel="updates per second", xlabel="trajectories")
    axis_ticks.log_axis(axes.yaxis)
    first, second = (
        [
            Line2D([], [], label=f"{name}, {words}", **_plain(name, one))
            for words, one in ((_threads(most_threads), False), ("one thread", True))
            if not one or most_threads > 1
        ]
        for name in DRAWN
    )
    # Legends are filled column by column, a rule each.
    handles = [*first, *_recorded_handle(record), *second]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, columnspacing=3)
    told = []
    for name in DRAWN:
        rows = short[(short["optimizer"] == name) & (short["threads"] == most_threads)]
        speed = rows["updates"] / rows["seconds"]
        told.append(f"{name} reaches {number(speed.max(), 2)} updates per second")
    least = 1e3 * short["seconds"].min()
    see = f"{listing(told)}, on {_threads(most_threads)}"
    see += f"{_gain(short, most_threads)}. A call takes {number(least, 2)} ms at least."
    return style.captioned(
        style.svg(figure, title="Rate by number of trajectories", alt=see),
        title="Updates per second, the whole call from settings to table",
        see=see,
    )


def _gain(short: pd.DataFrame, threads: int) -> str:
    """How many times faster all threads are than one, of the most trajectories that both did."""
    if threads == 1:
        return ""
    gains = []
    for name in DRAWN:
        rows = short[short["optimizer"] == name]
        alone = rows[rows["threads"] == 1]
        if not len(alone):
            continue
        one = alone.iloc[-1]
        both = rows[rows["threads"] == threads].set_index("trajectories")["seconds"]
        gains.append(f"{number(one['seconds'] / both[one['trajectories']], 2)} times ({name})")
    return f", {listing(gains)} as many as on one" if gains else ""


def cost_figure(rates: pd.DataFrame, record: pd.DataFrame) -> Markup:
    """Time per trajectory against their number: ten epochs above, a thousand below."""
    figure, (above, below) = style.new(2, 1, height=520, sharex=True)
    many = rates[rates["threads"] == rates["threads"].max()]
    for name in OPTIMIZERS:
        for axes, epochs, unit in ((above, SHORT, 1e9), (below, LONG, 1e6)):
            rows = many[(many["optimizer"] == name) & (many["epochs"] == epochs)]
            if len(rows):
                cost = rows["seconds"] / rows["trajectories"] * unit
                axes.plot(rows["trajectories"], cost, **style.line(name))
        _recorded_points(above, record, name, "cost")
    _number_axis(above, rates, record)
    for axes, epochs, name in ((above, SHORT, "ns"), (below, LONG, "µs")):
        axis_ticks.log_axis(axes.yaxis)
        axes.set_ylabel(f"{name} per trajectory")
        axes.set_title(f"{epochs:,} epochs")
    axis_ticks.fixed_ticks(
        below.yaxis, [each * 10.0**k for k in range(-1, 3) for each in (1, 2, 5)]
    )
    below.set(xlabel="trajectories")
    axis_ticks.log_axis(below.xaxis, 8)
    style.legend(figure, above)
    starts = {
        epochs: [
            flat_from(rows["trajectories"], rows["seconds"] / rows["trajectories"])
            for _, rows in many[many["epochs"] == epochs].groupby("optimizer", sort=False)
        ]
        for epochs in (SHORT, LONG)
    }
    at_most = many[many["epochs"] == SHORT].groupby("optimizer", sort=False).last()
    cost = (at_most["seconds"] / at_most["trajectories"]).sort_values() * 1e9
    see = (
        f"A trajectory of {SHORT} epochs costs {rough(cost.iloc[0], 2)} ns ({cost.index[0]}) to "
        f"{rough(cost.iloc[-1], 2)} ns ({cost.index[-1]}), the same within {percent(FLAT)} from "
        f"{_amount(max(starts[SHORT]))} trajectories up; where each has {LONG:,} epochs, from "
        f"{_amount(max(starts[LONG]))} up. Fewer share what a call costs anyway."
    )
    if len(record):
        ratio = _billion_against(many, record)
        see += (
            f" The recorded {count(len(record), 'run')} of {_amount(record['trajectories'].max())} "
            f"(large open marks) {'is' if len(record) == 1 else 'are'} "
            f"{listing([number(ratio.min(), 2), number(ratio.max(), 2)], 'to')} times that."
        )
    return style.captioned(
        style.svg(figure, title="Cost by number of trajectories", alt=see),
        title="What a trajectory costs",
        see=see,
    )


def _billion_against(many: pd.DataFrame, record: pd.DataFrame) -> pd.Series:
    """Recorded cost per trajectory by the cost measured now for the most of the same rule."""
    now = many[many["epochs"] == SHORT].groupby("optimizer", sort=False).last()
    cost = now["seconds"] / now["trajectories"]
    then = (record["seconds"] / record["trajectories"]).set_axis(record["rule"])
    return then / cost.reindex(then.index)


def _recorded_points(axes: Any, record: pd.DataFrame, name: str, what: str) -> None:
    if not len(record):
        return
    rows = record[record["rule"] == name]
    y = rows["rate"] if what == "rate" else rows["seconds"] / rows["trajectories"] * 1e9
    axes.plot(rows["trajectories"], y, **_mark(name))


def _mark(name: str) -> dict[str, Any]:
    """A large open mark: recorded, not measured now."""
    drawn = style.look(name)
    return {
        "linestyle": "", "marker": drawn.marker, "markersize": 9, "markeredgecolor": drawn.color,
        "markerfacecolor": "none", "markeredgewidth": 1.4,
    }  # fmt: skip


def _recorded_handle(record: pd.DataFrame) -> list[Line2D]:
    if not len(record):
        return []
    look = {**_mark("SGD"), "markeredgecolor": style.MUTED}
    return [Line2D([], [], label="recorded", **look)]


def _plain(name: str, one_thread: bool) -> dict[str, Any]:
    drawn = style.line(name)
    del drawn["label"]
    if one_thread:
        drawn |= _open(drawn)
    return drawn


def _open(drawn: dict[str, Any]) -> dict[str, Any]:
    """A dotted line with open marks."""
    look = {"linestyle": ":", "markerfacecolor": style.PAPER, "markeredgecolor": drawn["color"]}
    return {**look, "markeredgewidth": 1.2}


def _number_axis(axes: Any, rates: pd.DataFrame, record: pd.DataFrame) -> None:
    axis_ticks.log_axis(axes.xaxis, 8)
    numbers = [*rates["trajectories"], *(record["trajectories"] if len(record) else ())]
    axes.set_xlim(min(numbers) / 1.8, max(numbers) * 1.8)


def _threads(threads: int) -> str:
    return count(threads, "thread")


def _amount(trajectories: int) -> str:
    return number(int(trajectories))
