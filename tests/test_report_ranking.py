"""Which rule at which batch size: a ranking that says what it can't tell apart."""

import numpy as np
import pandas as pd
import pytest

from simopt.report import pages
from simopt.report.batch_size import ranking

ORDERS = 32


def runs(excess):
    """(ends, sweep) of settings with the given excess on every order, all at batch 1."""
    swept = pd.DataFrame(
        [
            {"optimizer": name, "batch_size": 1, "eta": 0.1, "seed": seed, "excess": value}
            for name, values in excess.items()
            for seed, value in enumerate(values)
        ]
    )
    ends = swept.groupby(["optimizer", "batch_size", "eta"], as_index=False)["excess"].agg(
        low="min", median="median", high="max", trajectories="size"
    )
    return ends.assign(guessed=ends["median"]), swept


def test_a_rival_that_loses_on_every_order_is_told_apart():
    luck = np.random.default_rng(3)
    base = luck.uniform(1.0, 2.0, ORDERS)
    ends, swept = runs({"SGD": base, "Adam": base + 1e-9, "Lion": base[::-1] + 1e-12})
    kept = ranking.rivals(ends, swept)["optimizer"].tolist()
    assert "Adam" not in kept
    assert set(kept) == {"SGD", "Lion"}


def test_those_that_end_alike_are_not_told_apart():
    same = np.full(ORDERS, 1e-15)
    ends, swept = runs({"SGD": same, "AdaGrad": same, "Adam": same * 2})
    assert ranking.rivals(ends, swept)["optimizer"].tolist() == ["AdaGrad", "SGD"]


def test_how_often_coins_are_called_a_difference():
    """The level is divided among the rivals: six equal ones are told apart in 5 % of rankings."""
    luck = np.random.default_rng(7)
    wrong = 0
    for _ in range(200):
        ends, swept = runs({str(k): luck.normal(size=ORDERS) for k in range(7)})
        wrong += len(ranking.rivals(ends, swept)) < 7
    # The leader is chosen by the same orders, which makes differences a little likelier.
    assert wrong <= 200 * 0.15


def test_choices_name_the_first_of_each_batch_size():
    luck = np.random.default_rng(1)
    ends, swept = runs({"SGD": luck.uniform(1, 2, ORDERS), "Adam": luck.uniform(5, 6, ORDERS)})
    (row,) = ranking.choices(ends, swept).to_dict("records")
    assert (row["optimizer"], row["alike"], row["safest"]) == ("SGD", "none", "SGD")
    assert "no other setting" in ranking.overall(ends, swept, "data", "diabetes")


@pytest.mark.parametrize("page", pages.PAGES[1:], ids=lambda page: page.module)
def test_every_page_is_listed_on_the_overview(page):
    assert page.group in pages.GROUPS
