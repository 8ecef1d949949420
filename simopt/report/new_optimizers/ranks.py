"""The ranking: over all problems with intervals, and on every problem."""

from __future__ import annotations

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt.analysis import comparison
from simopt.analysis.comparison.later_rules import REFERENCES
from simopt.display import style, tables
from simopt.display.tables import Column
from simopt.ground.formatting import count, fixed, listing, number, sentence
from simopt.report.sweeps import small
from simopt.rules import ALL

#: Height [px] of a line of the figure, and of what is around.
LINE, AROUND = 19, 62

#: How many that share the first rank are named.
NAMED = 8


def firsts(ranking: pd.DataFrame) -> list[str]:
    """The optimizers that nothing is told to be better than."""
    return [str(name) for name in ranking.loc[ranking["rank"] == 1, "optimizer"]]


def summary(ranking: pd.DataFrame) -> str:
    """Who shares the first rank, and where the references are."""
    first = firsts(ranking)
    ranks = ranking.set_index("optimizer")["rank"]
    rest = len(first) - NAMED
    named = first if rest <= 1 else [*first[:NAMED], f"{rest} more"]
    references = [f"{name} {ranks[name]}" for name in REFERENCES if name in ranks]
    who = (
        f"{first[0]} is told to be better than every other"
        if len(first) == 1 and (ranking["rank_high"] == 1).any()
        else f"{listing(named)} {'shares' if len(first) == 1 else 'share'} the first rank"
        + (": none of them is told apart from the best" if len(first) > 1 else "")
    )
    return sentence(
        f"{who}. Of {count(len(ranking), 'rule')} the references have the ranks "
        f"{listing(references)}."
    )


def of_weight_decay(ranking: pd.DataFrame, judged: pd.DataFrame) -> str:
    """What AdamW's default weight decay does to its rank: in nothing else is it not Adam."""
    rank = ranking.set_index("optimizer")["rank"]
    adam, adamw = (int(rank[name]) for name in ("Adam", "AdamW"))
    logs = judged["excess"].map(np.log).groupby([judged["problem"], judged["optimizer"]]).mean()
    times = (logs.xs("AdamW", level=1) - logs.xs("Adam", level=1)).map(np.exp).sort_values()
    worse, most = int((times > 1).sum()), times.index[-1]
    every = count(len(times), "problem")
    where = f"all {every}" if worse == len(times) else f"{worse} of {every}"
    decay = ALL["AdamW"]().settings["weight_decay"]
    same = f"AdamW is Adam but for its weight decay, {number(decay)} unless it is set"
    if adamw <= adam:
        return f"{same}: with it its rank is {adamw}, and {adam} without."
    return (
        f"{same}, from which its rank of {adamw} comes, where Adam's is {adam}: weights that decay "
        f"are held off the minimum from which losses are counted. Its excess loss is larger on "
        f"{where}, most on {most}, {number(float(f'{times.iloc[-1]:.2g}'))} times."
    )


def finding(ranking: pd.DataFrame, problems: int) -> str:
    """The same for the overview."""
    first = firsts(ranking)
    newer = [name for name in first if name not in REFERENCES]
    beaten = [
        name for name in REFERENCES if name in set(ranking["optimizer"]) and name not in first
    ]
    said = (
        f"Of {count(len(ranking), 'rule')} tuned on equal budgets, on "
        f"{count(problems, 'small problem')}, {len(first)} can't be told from the best"
    )
    said += (
        ", none of them a later rule"
        if not newer
        else (
            ", one of them a later rule"
            if len(newer) == 1
            else f", {len(newer)} of them later rules"
        )
    )
    return said + (f"; behind them {listing(beaten)}." if beaten else ".")


def span(row: pd.Series) -> str:
    """The ranks that a rule may have: from its own to the last that it isn't told to be before."""
    first, last = int(row["rank"]), int(row["rank_high"])
    return str(first) if first == last else f"{first} to {last}"


def table(ranking: pd.DataFrame, ranked_by: str = "excess loss") -> Markup:
    """The ranking with its intervals, and the mean of what it is by."""
    interval = zip(ranking["place_low"], ranking["place_high"], strict=True)
    shown = ranking.assign(
        ranks=[span(row) for _, row in ranking.iterrows()],
        interval=[f"{fixed(low, 1)} to {fixed(high, 1)}" for low, high in interval],
    )
    return tables.table(
        shown,
        {
            "optimizer": "optimizer",
            "rank": Column("rank", number),
            "ranks": Column("ranks it may have", short=True),
            "place": Column("mean place", lambda v: fixed(v, 1)),
            "interval": Column("95 % of bootstraps", short=True),
            "excess": Column(ranked_by, small),
        },
        caption="Rules by rank: 1 plus the number of rules told to be better",
        mark=lambda row: "best" if row["rank"] == 1 else "",
    )


def figure(ranking: pd.DataFrame) -> Markup:
    """Mean places with their intervals."""
    rows = ranking.sort_values("place", ignore_index=True)
    drawn, axes = style.new(height=AROUND + LINE * len(rows))
    for group, color, marker in ((False, style.BLUE, "o"), (True, style.VERMILLION, "D")):
        part = rows[rows["optimizer"].isin(REFERENCES) == group]
        axes.errorbar(
            part["place"],
            part.index,
            xerr=[part["place"] - part["place_low"], part["place_high"] - part["place"]],
            fmt=marker,
            color=color,
            label="reference" if group else "later rule",
            elinewidth=1.4,
        )
    axes.set_yticks(range(len(rows)), rows["optimizer"])
    axes.invert_yaxis()
    axes.set_xlabel("mean place among all rules")
    axes.grid(visible=False, axis="y")
    drawn.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    best, worst = rows.iloc[0], rows.iloc[-1]
    see = (
        f"From {best['optimizer']} with {number(best['place'], 2)} to {worst['optimizer']} with "
        f"{number(worst['place'], 3)}. Bars hold 95 % of the bootstraps over problems and seeds."
    )
    title = "Mean place, and how far other problems and seeds would move it"
    return style.captioned(style.svg(drawn, title=title, alt=see), title=title, see=see)


def by_problem(judged: pd.DataFrame) -> Markup:
    """The rank of every rule on every problem."""
    problems = [str(name) for name in dict.fromkeys(judged["problem"])]
    ranks = {
        name: comparison.ranking(judged[judged["problem"] == name]).set_index("optimizer")["rank"]
        for name in problems
    }
    frame = pd.DataFrame(ranks).reset_index(names="optimizer")
    frame = frame.assign(firsts=(frame[problems] == 1).sum(axis=1))
    return tables.table(
        frame.sort_values("firsts", ascending=False, kind="stable"),
        {
            "optimizer": "optimizer",
            **{name: Column(name, number) for name in problems},
            "firsts": Column("first on", number),
        },
        caption="Rank on every problem: 1 plus the number of rules told to be better",
    )
