"""How much the rate matters: the width of good rates, and what a rule's own rate costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, rough
from simopt.problems import Problem
from simopt.rules import ALL

#: A least loss below this share of that at the start is rounding.
NOTHING = 1e-12

#: Rules that are meant to need no rate: theirs is 1.
FREE = ("Adadelta", "DoG", "DoWG", "Prodigy", "DAdaptAdamW", "PolyakSGD", "COCOB", "MoMo")


def section(
    trials: pd.DataFrame, judged: pd.DataFrame, sensitivity: pd.DataFrame
) -> dict[str, Any]:
    """The table by rule, and what is to be seen in it."""
    frame = by_rule(trials, judged, sensitivity)
    return {
        "table": table(frame),
        "sentence": sentence(frame),
        "without": without_a_rate(frame),
    }


def default_rate(name: str) -> float:
    """The rate that a rule has of its own."""
    eta = ALL[name]().settings["eta"]
    assert isinstance(eta, float | int)
    return float(eta)


def by_rule(trials: pd.DataFrame, judged: pd.DataFrame, sensitivity: pd.DataFrame) -> pd.DataFrame:
    """Every rule with its widths and its default rate.

    Returns
    -------
    DataFrame
        optimizer; decades, the median over problems, and narrowest; lowest and highest, the best
        rates; default, its own rate; cost, the excess with the rate of the grid next to that over
        the excess with the tuned one, the median over problems.
    """
    judging = trials[trials["part"] == "judging"]
    rates = np.sort(trials["eta"].unique())
    tuned = _by_problem(judged)
    rows = []
    for name, part in sensitivity.groupby("optimizer", sort=False):
        own = default_rate(str(name))
        nearest = rates[np.abs(np.log(rates / own)).argmin()]
        mine = judging[(judging["optimizer"] == name) & (judging["eta"] == nearest)]
        cost = (_by_problem(mine) - tuned.xs(name, level="optimizer")).median()
        rows.append(
            {
                "optimizer": str(name),
                "decades": float(part["decades"].median()),
                "narrowest": float(part["decades"].min()),
                "lowest": float(part["eta"].min()),
                "highest": float(part["eta"].max()),
                "default": own,
                "cost": float(np.exp(cost)),
            }
        )
    return pd.DataFrame(rows).sort_values("decades", ascending=False, ignore_index=True)


def _by_problem(trials: pd.DataFrame) -> pd.Series:
    """The mean logarithm of the excess of every rule on every problem."""
    by = [trials["problem"], trials["optimizer"]]
    return trials["excess"].map(np.log).groupby(by, sort=False).mean()


def table(frame: pd.DataFrame) -> Any:
    """The same as a table."""
    best = zip(frame["lowest"], frame["highest"], strict=True)
    return tables.table(
        frame.assign(best=[f"{number(low, 2)} to {number(high, 2)}" for low, high in best]),
        {
            "optimizer": "optimizer",
            "decades": Column("decades within 2 ×, median", lambda v: number(v, 3)),
            "narrowest": Column("on the narrowest problem", lambda v: number(v, 3)),
            "best": Column("best η", short=True),
            "default": Column("default η", lambda v: number(v, 2)),
            "cost": Column("excess with that, over tuned", lambda v: rough(v, 2)),
        },
        caption="How wide the range of good rates is, and what the default rate costs",
    )


def sentence(frame: pd.DataFrame) -> str:
    """Which rules forgive most, and which least."""
    widest, narrowest = frame["decades"].max(), frame["decades"].min()
    wide = frame.loc[frame["decades"] == widest, "optimizer"].tolist()
    narrow = frame.loc[frame["decades"] == narrowest, "optimizer"].tolist()
    if widest == narrowest:
        return f"Every rule comes within twice its best over {number(widest, 2)} decades of rates."
    wide_verb = "comes" if len(wide) == 1 else "come"
    return (
        f"{listing(wide)} {wide_verb} within twice the best over {number(widest, 3)} decades of "
        f"rates on the median problem, {listing(narrow)} over {number(narrowest, 2)}."
    )


def least_losses(problems: Mapping[str, Problem]) -> str:
    """What Polyak's step and its like are told of the least loss, and what the problems' are."""
    known, above, unknown = [], [], []
    for name, problem in problems.items():
        least = problem.minimum_loss
        if np.isnan(least):
            unknown.append(name)
        elif least > NOTHING * problem.loss(problem.w0):
            above.append(f"{name} {number(least, 2)}")
        else:
            known.append(name)
    parts = []
    if known:
        parts.append(f"it is 0 on {listing(known)}")
    if above:
        parts.append(f"it is above 0, with the data of one seed, on {listing(above)}")
    if unknown:
        parts.append(f"it is not known on {listing(unknown)}")
    asking = [name for name, make in ALL.items() if make().rule.asks_loss]
    told = f"{listing(asking)} are told that the least loss is 0, the default, on every problem"
    where = ": where that is too low their steps do not fade" if above or unknown else ""
    return f"{told}. In truth {', '.join(parts)}{where}."


def without_a_rate(frame: pd.DataFrame) -> str:
    """What rules reach that set the size of their steps themselves, beside the others' rates."""
    free = frame[frame["optimizer"].isin(FREE)]
    others = frame[~frame.index.isin(free.index)]
    if free.empty:
        return "None of the rules sets its rate itself."
    each = [f"{row['optimizer']} {rough(row['cost'], 2)}" for row in free.to_dict("records")]
    least = others.sort_values("cost", kind="stable").iloc[0]
    return (
        f"{listing(free['optimizer'].tolist())} {'sets' if len(free) == 1 else 'set'} the size of "
        "the steps without a rate. With a rate of 1, times the excess loss of the tuned rate, on "
        f"the median problem: {listing(each)}. The other rules, at the rates of the grid nearest "
        f"to their defaults, end at {rough(float(others['cost'].median()), 2)} times, in the "
        f"median; least {least['optimizer']} with {rough(least['cost'], 2)}."
    )
