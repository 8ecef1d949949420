"""Where the time goes: one thread, profiled; and how near its kernel comes to the machine's limit.

The profiler counts the thread's own processor time, so that what else the machine does stays out.
"""

from __future__ import annotations

import cProfile
import math
import pstats
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import asdict
from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.engine import blocks, results
from simopt.ground.formatting import listing, number, percent
from simopt.report.scale import limits, possible
from simopt.report.scale.rates import SHORT, swept
from simopt.rules import OPTIMIZERS
from simopt.sweeps.reduction import moments, summaries

#: The parts in order: what the figure calls them, and how they are drawn.
PARTS = {
    "kernel": ("kernel", style.BLUE, ""),
    "collect": ("results to rows", style.ORANGE, "////"),
    "sums": ("sums", style.GREEN, ""),
    "sort": ("sorting", style.SKY, "...."),
    "rest": ("the rest", style.MUTED, ""),
}


class Here(Executor):
    """Does everything at once, in the caller's thread, where a profiler sees it."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """The result of the call, there already."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def profiled(name: str, shape: tuple[int, int]) -> dict[str, Any]:
    """Seconds of processor time by part, of a sweep on one thread that has run before.

    Parameters
    ----------
    name : str
        The rule.
    shape : (int, int)
        So many settings with so many seeds.

    Returns
    -------
    dict
        ``optimizer``, ``trajectories``, ``updates``, ``seconds`` and the keys of `PARTS`, which add
        up to ``seconds`` unless they are more; ``profiled``, the time of the run in which the parts
        were measured; ``spent``, the time of both runs.
    """
    start = time.perf_counter()
    began = time.thread_time()
    frame = swept(name, shape, client=Here())
    seconds = time.thread_time() - began
    # Again, profiled: that slows Python down, and the few calls of the parts hardly.
    profiler = cProfile.Profile(time.thread_time)
    profiler.runcall(swept, name, shape, client=Here())
    statistics = pstats.Stats(profiler)
    found = statistics.stats  # type: ignore[attr-defined]

    def spent(function: Callable[..., Any]) -> float:
        code = function.__code__
        return float(found[code.co_filename, code.co_firstlineno, code.co_name][3])

    parts = {
        "kernel": spent(blocks.compute),
        "collect": spent(results.store),
        "sums": spent(moments.measure),
        "sort": spent(summaries.summarise) - spent(moments.measure),
    }
    return {
        "optimizer": name,
        "trajectories": frame.attrs["trajectories"],
        "updates": frame.attrs["updates"],
        "seconds": seconds,
        **parts,
        "rest": max(0.0, seconds - sum(parts.values())),
        "profiled": statistics.total_tt,  # type: ignore[attr-defined]
        "spent": time.perf_counter() - start,
    }


def measured(quick: bool) -> pd.DataFrame:
    """`profiled` for every rule, with the seeds of the billion; the better of two tries.

    Nothing else runs meanwhile, and one core does: each run more is waited for.
    """
    shape = (128, 1_250) if quick else (128, 12_500)
    rows = []
    for name in OPTIMIZERS:
        began = time.perf_counter()
        swept(name, shape, client=Here())  # what loads at first use is no part of a time
        first = time.perf_counter() - began
        tries = [profiled(name, shape) for _ in range(1 if quick else 2)]
        while not any(map(_adds_up, tries)) and len(tries) < possible.TRIES:
            tries.append(profiled(name, shape))
        best = min(tries, key=lambda row: (not _adds_up(row), float(row["seconds"])))
        if not _adds_up(best):
            # Of the same run, which holds its parts: the profiler's own time comes to the rest.
            best |= {"seconds": best["profiled"], "rest": best["profiled"] - _parts(best)}
        best["seconds"] = max(best["seconds"], _parts(best))
        spent = first + sum(row["spent"] for row in tries)
        rows.append({**best, "runs": 1 + 2 * len(tries), "spent": spent})
    return pd.DataFrame(rows)


def _parts(row: dict[str, Any]) -> float:
    """The seconds of all parts but the rest."""
    return sum(float(row[part]) for part in PARTS if part != "rest")


def _adds_up(row: dict[str, Any]) -> bool:
    """Whether the parts, measured in another run, are no more than the whole."""
    return possible.at_most(_parts(row), row["seconds"])


def parts_figure(parts: pd.DataFrame) -> Markup:
    """Nanoseconds of one thread per trajectory, stacked by part, a bar per rule."""
    figure, axes = style.new(height=310)
    left = pd.Series(0.0, parts.index)
    for part, (label, color, hatch) in PARTS.items():
        width = parts[part] / parts["trajectories"] * 1e9
        axes.barh(
            parts["optimizer"], width, left=left, height=0.62, label=label, color=color,
            hatch=hatch, edgecolor=style.PAPER, linewidth=0.6,
        )  # fmt: skip
        left += width
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set(xlabel=f"ns of one thread per trajectory of {SHORT} epochs")
    figure.legend(loc="outside lower center", ncols=3, columnspacing=3)
    share = (parts["kernel"] / parts["seconds"]).set_axis(parts["optimizer"]).sort_values()
    summing = (parts["sums"] + parts["sort"]) / parts["trajectories"] * 1e9
    see = (
        f"The kernel takes {percent(share.iloc[0])} ({share.index[0]}) to "
        f"{percent(share.iloc[-1])} ({share.index[-1]}) of the time. Exact statistics take "
        f"{_span(summing)} ns a trajectory whatever the "
        "rule, most of which is "
        f"{'sorting' if parts['sort'].sum() > parts['sums'].sum() else 'sums'}; longer "
        "trajectories make that, and all but the kernel, matter less."
    )
    return style.captioned(
        style.svg(figure, title="Time by part", alt=see),
        title="One thread's time, part by part",
        see=see,
    )


def limits_of(parts: pd.DataFrame) -> pd.DataFrame:
    """Of every rule what an update needs, and updates per second of one thread.

    Returns
    -------
    DataFrame
        ``optimizer``, ``roots``, ``quotients``, ``loads``, ``stores``; allowed by the ``divider``
        and by the first ``cache``, and ``least`` of both; done by ``steps`` alone (NaN if that was
        slower than the kernel, which takes the same steps), in the ``kernel``, and in the
        ``whole`` sweep.
    """
    rows = []
    for row in parts.to_dict("records"):
        rule = OPTIMIZERS[str(row["optimizer"])]().rule
        allowed, kernel = limits.limit(rule, 1), row["updates"] / row["kernel"]
        steps = possible.measured(
            lambda rule=rule: limits.steps_alone(rule, 1),  # type: ignore[misc]
            lambda steps, kernel=kernel: possible.at_most(kernel, steps),  # type: ignore[misc]
        )
        rows.append(
            {
                "optimizer": row["optimizer"],
                **asdict(limits.needs(rule)),
                "divider": allowed.divider,
                "cache": allowed.cache,
                "least": allowed.rate,
                "steps": math.nan if steps is None else steps,
                "kernel": kernel,
                "whole": row["updates"] / row["seconds"],
            }
        )
    return pd.DataFrame(rows)


def limits_table(table: pd.DataFrame) -> Markup:
    """What an update needs, what one thread of this machine allows, and what the kernel does."""
    needs = table[["roots", "quotients", "loads", "stores"]].to_dict("records")
    shown = table.assign(
        divisions=[
            f"{row['roots']} + {row['quotients']}" if row["roots"] + row["quotients"] else "none"
            for row in needs
        ],
        traffic=[f"{row['loads']} + {row['stores']}" for row in needs],
        of_kernel=table["kernel"] / table["least"],
        of_whole=table["whole"] / table["least"],
    )

    def millions(value: object) -> str:
        rate = float(value)  # type: ignore[arg-type]
        return "any" if math.isinf(rate) else number(rate / 1e6, 3)

    rooted = shown[shown["roots"] > 0]
    others = shown[shown["roots"] == 0]
    see = (
        f"Of what the divider or the first cache allows, whichever is less, the kernels with a "
        f"root reach {_range(rooted['of_kernel'])}, those without ({listing(others['optimizer'])}) "
        f"{_range(others['of_kernel'])}, and whole sweeps {_range(shown['of_whole'])}."
    )
    return style.captioned(
        tables.table(
            shown,
            {
                "optimizer": "Rule",
                "divisions": Column("√ + ÷", short=True),
                "traffic": Column("Loads + stores", short=True),
                "divider": Column("Divider", millions),
                "cache": Column("Cache", millions),
                "steps": Column("Steps alone", millions),
                "kernel": Column("Kernel", millions),
                "of_kernel": Column("Of limit", percent),
                "of_whole": Column("Whole sweep", percent),
            },
            caption="Million updates per second on one thread: what is allowed, what is done",
        ),
        title="How near to what one thread allows [million updates per second]",
        see=see,
    )


def bound(parts: pd.DataFrame, table: pd.DataFrame) -> str:
    """What sets the pace, from the rates of `limits_of`."""
    rooted = table[table["roots"] > 0]
    kernel = percent(parts["kernel"].sum() / parts["seconds"].sum())
    text = f"The kernel takes {kernel} of all that time."
    if not rooted["steps"].notna().any():
        return text
    near = rooted["steps"] / rooted["divider"]
    slower = table["steps"] / table["kernel"]
    slowed = slower[table["roots"] > 0]
    text += (
        f" The steps of a rule with a root, nobody watching, go at {percent(near.min())} of what "
        "the divider allows or faster"
    )
    if slowed.min() < 1.1:
        return text + "; the kernel comes near to that, so fewer roots alone would make it faster."
    return text + (
        f"; with the watch over each trajectory (best loss and when, crossings, greatest distance, "
        f"divergence) an update takes {_span(slowed)} times "
        f"as long, and {number(slower.max(), 2)} times for "
        f"{table['optimizer'][int(slower.argmax())]}. So what sets the pace is knowing what a "
        "trajectory did, not the divider."
    )


def _span(values: pd.Series) -> str:
    """From the least to the largest, or the one number that both are."""
    return " to ".join(dict.fromkeys(number(each, 2) for each in (values.min(), values.max())))


def _range(shares: pd.Series) -> str:
    low, high = percent(shares.min()), percent(shares.max())
    return low if low == high else f"{low.removesuffix(' %')} to {high}"
