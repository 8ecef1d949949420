"""Muon on networks: how many updates it takes to the same loss as other rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from simopt.analysis import chance, comparison
from simopt.analysis.comparison import on_networks
from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.document.papers import pairs
from simopt.ground.formatting import fixed, listing, number
from simopt.report.claims.verdicts import badge
from simopt.report.new_optimizers import ranks

Floats = NDArray[np.float64]

#: Whose claim it is, and against which rule.
OURS, THEIRS = "Muon", "AdamW"

LEVEL = 0.95


def section(trials: pd.DataFrame) -> dict[str, Any]:
    """The section's values, from `on_networks.trials`."""
    judged = comparison.judged(trials)
    ranking = comparison.ranking(judged)
    others = [str(name) for name in dict.fromkeys(judged["optimizer"]) if name != OURS]
    ratios = {name: pairs.log_ratios(judged, OURS, name) for name in others}
    decided, condition = decision(ratios[THEIRS])
    seeds = trials.groupby("part")["seed"].nunique()
    return {
        "badge": badge(decided),
        "said": said(ratios[THEIRS], decided, condition),
        "ranked": ranked(ranking),
        "figure": figure(ratios),
        "table": table(judged),
        "ranking": ranks.table(ranking, "updates"),
        "setting": {
            "points": on_networks.POINTS,
            "batch_size": on_networks.BATCH_SIZE,
            "most": on_networks.MOST,
            "share": number(on_networks.SHARE),
            "settings": trials["setting"].nunique(),
            "rates": len(on_networks.RATES),
            "lowest": number(on_networks.RATES[0]),
            "highest": number(on_networks.RATES[-1]),
            "tuning": int(seeds["tuning"]),
            "judging": int(seeds["judging"]),
        },
    }


def decision(ratios: Mapping[str, Floats]) -> tuple[str, str]:
    """The verdict on "fewer updates", and its condition, from the ratios' logarithms."""
    return pairs.verdict({name: pairs.compared(each) for name, each in ratios.items()})


def said(ratios: Mapping[str, Floats], decided: str, condition: str) -> str:
    """By how many times as many updates, where by more than chance, and what follows."""
    outcomes = [pairs.compared(each) for each in ratios.values()]
    times = [float(np.exp(each.mean())) for each in ratios.values()]
    result = {
        "holds": "So the claim holds here.",
        "conditional": f"So the claim holds under a condition: {condition}",
        "contradicted": "So the claim is contradicted here.",
        "undecidable": "So these networks don't tell.",
    }[decided]
    return (
        f"{OURS} takes {number(min(times), 2)} to {number(max(times), 2)} times the updates of "
        f"{THEIRS}: fewer by more than chance on {outcomes.count('better')} of {len(outcomes)} "
        f"networks, more on {outcomes.count('worse')}. {result}"
    )


def ranked(ranking: pd.DataFrame) -> str:
    """Who shares the first rank of all the rules."""
    first = ranks.firsts(ranking)
    rank = int(ranking.set_index("optimizer")["rank"][OURS])
    verb = "has" if len(first) == 1 else "share"
    return f"{listing(first)} {verb} the first rank over all networks; {OURS} has rank {rank}."


def interval(logs: Floats) -> tuple[float, float, float]:
    """The geometric mean of a ratio, and its interval, by Student's t."""
    mean, count = float(logs.mean()), len(logs)
    error = float(logs.std(ddof=1)) / np.sqrt(count) * chance.t_quantile((1 + LEVEL) / 2, count - 1)
    return float(np.exp(mean)), float(np.exp(mean - error)), float(np.exp(mean + error))


def figure(ratios: Mapping[str, Mapping[str, Floats]]) -> Markup:
    """Ratios of updates with their intervals: a line for each network, a mark for each rule."""
    names = [name for name in on_networks.NETWORKS if name in ratios[THEIRS]]
    drawn, axes = style.new(height=90 + 46 * len(names))
    colors = (style.BLUE, style.VERMILLION, style.GREEN)
    for k, (other, by_network) in enumerate(ratios.items()):
        mean, low, high = np.array([interval(by_network[name]) for name in names]).T
        axes.errorbar(
            mean,
            np.arange(len(names)) + 0.22 * (k - 1),
            xerr=[mean - low, high - mean],
            fmt="oDs"[k],
            color=colors[k],
            label=f"over {other}'s",
            elinewidth=1.4,
        )
    axes.axvline(1.0, color=style.MUTED, linewidth=1)
    axes.set_xscale("log")
    axes.set_xticks(ticks := [0.5, 1.0, 2.0, 4.0], [number(each) for each in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(f"{OURS}'s updates over another's, to the same loss")
    axes.grid(visible=False, axis="y")
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    times = {name: interval(each) for name, each in ratios[THEIRS].items()}
    fewer = [name for name, (_, _, high) in times.items() if high < 1]
    more = [name for name, (_, low, _) in times.items() if low > 1]
    see = (
        f"Left of 1 {OURS} takes fewer updates. Against {THEIRS} the bar is wholly left of 1 on "
        f"{len(fewer)} of {len(times)} networks, wholly right of it on {len(more)}. Bars are 95 % "
        "intervals of the geometric mean over seeds."
    )
    title = f"{OURS}'s updates to the same loss, as a multiple of other rules'"
    return style.captioned(style.svg(drawn, title=title, alt=see), title=title, see=see)


def table(judged: pd.DataFrame) -> Markup:
    """Updates of every rule on every network, and how often it did not get there."""
    logs = judged.assign(excess=np.log(judged["excess"]))
    means = logs.pivot_table(index="optimizer", columns="problem", values="excess").map(np.exp)
    missed = judged.assign(missed=judged["excess"] >= on_networks.MOST)
    share = missed.groupby("optimizer")["missed"].mean()
    names = [name for name in on_networks.NETWORKS if name in means]
    frame = means[names].assign(missed=100 * share).reset_index()
    return tables.table(
        frame,
        {
            "optimizer": "optimizer",
            **{name: Column(name, lambda v: fixed(v, 1)) for name in names},
            "missed": Column("not reached [%]", lambda v: number(v, 2)),
        },
        caption="Updates to the loss, the geometric mean over the seeds that judge",
    )
