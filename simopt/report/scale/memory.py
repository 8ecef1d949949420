"""Memory against the number of trajectories, in a process that does nothing else; and the ways out.

Summaries over seeds keep a chunk at a time; a row per trajectory keeps them all, or a file.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.ground.files import temporary_folder
from simopt.ground.formatting import number, rough
from simopt.report.scale import standalone
from simopt.report.scale.rates import SHAPES, SHORT, swept


def measured(quick: bool) -> pd.DataFrame:
    """`peaks` of ten thousand trajectories and more."""
    return peaks([n for n in SHAPES if 10**4 <= n <= (10**6 if quick else 10**7)])


def peaks(numbers: Sequence[int]) -> pd.DataFrame:
    """Peak memory [MiB] after each number of trajectories, the first of them 1."""
    shapes = [f"{settings}x{seeds}" for settings, seeds in map(SHAPES.__getitem__, numbers)]
    paths = [str(Path(__file__).parents[3]), *sys.path[1:]]
    done = subprocess.run(
        [sys.executable, "-P", standalone.__file__, *shapes],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
    memory = [float(line) for line in done.stdout.split()]
    return pd.DataFrame({"trajectories": [1, *numbers], "memory": memory})


def bytes_per_row() -> float:
    """What a trajectory's row takes in a table."""
    frame = swept("Adam", SHAPES[10**4], reduce=None)
    return float(frame.memory_usage(deep=True, index=False).sum()) / len(frame)


def memory_figure(measured: pd.DataFrame, record: pd.DataFrame, row: float) -> Markup:
    """Peak memory of a reduced sweep, measured and recorded, beside a table's rows."""
    figure, axes = style.new()
    base = float(measured.loc[measured["trajectories"] == 1, "memory"].iloc[0])
    drawn = measured[measured["trajectories"] > 1]
    axes.plot(
        drawn["trajectories"], drawn["memory"], label="summarised",
        **{k: v for k, v in style.line("Adam").items() if k != "label"},
    )  # fmt: skip
    numbers = [10.0**k for k in range(4, 10)]
    axes.plot(
        numbers, [base + n * row / 2**20 for n in numbers], color=style.VERMILLION,
        linestyle=(0, (5, 1.5)), label="a row each",
    )  # fmt: skip
    axes.axhline(1024, color=style.MUTED, linewidth=1, linestyle=":")
    axes.annotate(
        "1 GiB", (1.0, 1024), xycoords=("axes fraction", "data"), ha="right", va="bottom",
        color=style.MUTED,
    )  # fmt: skip
    if len(record):
        axes.plot(
            record["trajectories"].max(), record["memory"].max(), linestyle="", marker="P",
            markersize=9,
            markerfacecolor="none", markeredgecolor=style.PURPLE, markeredgewidth=1.4,
            label="recorded",
        )  # fmt: skip
    for axis in (axes.xaxis, axes.yaxis):
        axis_ticks.log_axis(axis)
    axes.set(xlabel="trajectories", ylabel="memory, at most [MiB]")
    figure.legend(loc="outside lower center", ncols=3, columnspacing=3)
    most = drawn.iloc[-1]
    see = (
        f"{number(int(most['trajectories']))} trajectories, summarised over their seeds, take "
        f"{number(most['memory'], 3)} MiB, a single one {number(base, 3)}; "
        f"as {number(row, 3)} bytes a row they would take "
        f"{number(most['trajectories'] * row / 2**30, 2)} GiB."
    )
    if len(record):
        see += (
            f" The recorded runs took {number(record['memory'].max(), 3)} MiB at most for "
            f"{number(int(record['trajectories'].max()))}."
        )
    return style.captioned(
        style.svg(figure, title="Memory by number of trajectories", alt=see),
        title="Memory stays flat",
        see=see,
    )


def ways(quick: bool) -> pd.DataFrame:
    """The same trajectories as rows, as summaries, as files, and on a client's workers."""
    trajectories = 10**5 if quick else 10**6
    rows: list[dict[str, Any]] = []

    def add(way: str, **options: Any) -> pd.DataFrame:
        began = time.perf_counter()
        frame = swept("Adam", SHAPES[trajectories], **options)
        seconds = time.perf_counter() - began - frame.attrs["compile_seconds"]
        held = frame.memory_usage(deep=True, index=False).sum() / 2**20
        rows.append({"way": way, "trajectories": trajectories, "updates": frame.attrs["updates"],
                     "seconds": seconds, "rows": len(frame), "size": held})  # fmt: skip
        return frame

    add("a row each, in memory", reduce=None)
    threads = add("summarised over seeds").attrs["threads"]
    with ThreadPoolExecutor(threads) as pool:
        add("the same, by a client's threads", client=pool)
    with temporary_folder() as folder:
        add("a row each, in Parquet files", reduce=None, store=folder)
        stored = sum(file.stat().st_size for file in folder.iterdir())
    rows[-1]["size"] = stored / 2**20
    return pd.DataFrame(rows)


def ways_table(table: pd.DataFrame) -> Markup:
    """What each way costs."""
    plain, reduced, _, files = table.to_dict("records")
    see = (
        f"{number(int(plain['trajectories']))} Adam trajectories of {SHORT} epochs: summaries are "
        f"{rough(plain['size'] / reduced['size'], 2)} times smaller than rows; files take "
        f"{rough(files['seconds'] / plain['seconds'], 2)} times as long as rows in memory, "
        f"{rough(1e9 * (files['seconds'] - plain['seconds']) / files['trajectories'], 2)} ns a "
        "row more, written and read back."
    )
    return style.captioned(
        tables.table(
            table,
            {
                "way": "Way",
                "rows": Column("Rows", number),
                "size": Column("Size [MiB]", lambda value: number(value, 2)),
                "seconds": Column("Time [s]", lambda value: number(value, 2)),
            },
            caption="The same trajectories, four ways",
        ),
        title="The same trajectories, four ways",
        see=see,
    )
