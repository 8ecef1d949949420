"""Which rule at which batch size: rates tuned on some orders of the points, judged on others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from simopt.analysis import chance, measures
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, sentence
from simopt.problems import Problem
from simopt.report.batch_size.grid import EPOCHS
from simopt.report.sweeps import KEY, over_seeds, records, small
from simopt.rules import OPTIMIZERS

#: The orders that judge, by seed; the rates are tuned on seeds from 0 on.
JUDGES = {False: range(1000, 1064), True: range(1000, 1010)}

#: Two settings are told apart where so small a share of fair coins would favour one as often.
LEVEL = 0.05

#: How far off a rate may be that is guessed: by this factor, either way.
GUESS = 3.0


def judged(
    key: str, problem: Problem, curves: pd.DataFrame, quick: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every method at every batch size with its tuned rate, on orders that it was not tuned on.

    Returns
    -------
    DataFrame
        A row per method and batch size: eta, the excess (low, median, high), and guessed, the
        largest median excess among the rates within a factor of `GUESS`, from the tuning.
    DataFrame
        The sweep, with the column excess.
    """
    epochs = curves[curves["budget"] == "epochs"]
    tuned = measures.best(epochs, KEY)
    # All tuned rates at all sizes, so that the kernels of the tuning serve again.
    rates = tuned.groupby("optimizer", sort=False)["eta"].unique()
    swept = over_seeds(
        problem,
        [OPTIMIZERS[str(name)](eta=sorted(each)) for name, each in rates.items()],
        sorted(tuned["batch_size"].unique().tolist()),
        EPOCHS[key],
        JUDGES[quick],
    )
    swept["optimizer"] = swept["optimizer"].astype(str)
    account = swept.attrs
    swept = swept.merge(tuned[[*KEY, "eta"]], on=[*KEY, "eta"])
    swept.attrs = account
    swept["excess"] = measures.excess(swept, problem)
    ends = measures.bands(swept, [*KEY, "eta"])
    ends["guessed"] = [guessed(epochs, row) for row in records(ends)]
    return ends, swept


def guessed(epochs: pd.DataFrame, setting: dict[str, Any]) -> float:
    """The largest median excess among the rates within a factor of `GUESS` of a setting's."""
    near = epochs[
        (epochs["optimizer"] == setting["optimizer"])
        & (epochs["batch_size"] == setting["batch_size"])
        & epochs["eta"].between(setting["eta"] / GUESS, setting["eta"] * GUESS)
    ]
    return float(near["median"].max())


def rivals(ends: pd.DataFrame, swept: pd.DataFrame) -> pd.DataFrame:
    """The settings that can't be told from the one with the least median, and that one, first.

    Orders are paired: on each, one of two settings ends lower. A sign test (two-sided, its level
    `LEVEL` divided by the number of rivals) says whether that could be chance.
    """
    ordered = ends.sort_values("median", kind="stable", ignore_index=True)
    settings = list(zip(ordered["optimizer"], ordered["batch_size"], strict=True))
    runs = by_order(swept)
    leader = runs[settings[0]]
    level = LEVEL / max(1, len(ordered) - 1)
    kept, better = [True], [0]
    for setting in settings[1:]:
        other = runs[setting]
        length = max(len(leader), len(other))
        # Of the full batch there is one run, whatever the order.
        first, second = np.resize(leader, length), np.resize(other, length)
        wins = int((second < first).sum())
        losses = int((first < second).sum())
        alike = wins + losses == 0
        by_chance = chance.sign_test(wins, losses) >= level
        kept.append((by_chance and length > 1) or alike)
        better.append(wins)
    return ordered.assign(better=better)[kept].reset_index(drop=True)


def by_order(swept: pd.DataFrame) -> dict[Any, NDArray[np.float64]]:
    """The excess of the runs of each optimizer and batch size, in the order of their seeds."""
    runs = swept.sort_values("seed").groupby(KEY)["excess"]
    return {setting: each.to_numpy(dtype=np.float64) for setting, each in runs}


def choices(ends: pd.DataFrame, swept: pd.DataFrame) -> pd.DataFrame:
    """For each batch size the method to take: the first, who can't be told from it, how safe it is.

    Returns
    -------
    DataFrame
        batch_size, optimizer, eta, median, low, high, alike (the names of those that can't be told
        apart from it), safest and safest_guessed: the method whose excess is least where the rate
        is off by a factor of `GUESS`.
    """
    rows = []
    for size, settings in ends.groupby("batch_size"):
        together = rivals(settings, swept)
        first = together.iloc[0]
        safest = settings.sort_values("guessed", kind="stable").iloc[0]
        rows.append(
            {
                "batch_size": size,
                **first[["optimizer", "eta", "median", "low", "high"]],
                "alike": listing(together["optimizer"].iloc[1:]) if len(together) > 1 else "none",
                "safest": safest["optimizer"],
                "safest_guessed": safest["guessed"],
            }
        )
    return pd.DataFrame(rows)


def choice_table(chosen: pd.DataFrame, name: str, key: str, orders: int) -> Markup:
    """The choices as a table."""
    return tables.table(
        chosen,
        {
            "batch_size": Column("Batch size", number),
            "optimizer": Column("Ends lowest", short=True),
            "eta": Column("with η", lambda v: number(v, 2)),
            "median": Column("Excess, median", small),
            "low": Column("5 %", small),
            "high": Column("95 %", small),
            "alike": Column("Can't be told from it"),
            "safest": Column("Lowest if η is off by 3", short=True),
            "safest_guessed": Column("Excess then", small),
        },
        caption=f"{name}: which rule, after {EPOCHS[key]} epochs; rates tuned on other orders "
        f"than the {orders} that judge",
    )


def overall(ends: pd.DataFrame, swept: pd.DataFrame, name: str, key: str) -> str:
    """Which method and batch size end lowest of all, and which can't be told from it."""
    together = rivals(ends, swept)
    first = together.iloc[0]
    others = [
        f"{row['optimizer']} at batch {row['batch_size']}" for row in records(together.iloc[1:])
    ]
    orders = int(ends["trajectories"].max())
    said = (
        f"On {name}, with the rate tuned at every batch size and judged on {orders} orders of the "
        f"points that it was not tuned on, {first['optimizer']} at batch {first['batch_size']} "
        f"ends lowest after {EPOCHS[key]} epochs"
    )
    if not others:
        return said + ": no other setting comes near enough to be mistaken for it."
    verb = "can't be told from it"
    if len(others) > 3:
        return f"{said}, but {len(others)} other settings {verb}, among them {listing(others[:3])}."
    return f"{said}; {listing(others)} {verb}."


def where_apart(chosen: pd.DataFrame) -> str:
    """At how many batch sizes there is one first, in a sentence."""
    alone = chosen[chosen["alike"] == "none"]
    firsts = list(dict.fromkeys(chosen["optimizer"]))
    return sentence(
        f"{listing(firsts)} {'come' if len(firsts) > 1 else 'comes'} first somewhere, at "
        f"{len(alone)} of {len(chosen)} batch sizes by more than chance."
    )


__all__ = ["choice_table", "choices", "judged", "overall", "rivals", "where_apart"]
