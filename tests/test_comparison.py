"""Optimizers compared: equal budgets, seeds kept apart, and ranks that say what chance could do."""

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import comparison
from simopt.analysis.comparison import ranks
from simopt.analysis.comparison.later_rules import (
    RATES,
    REFERENCES,
    contenders,
    drawn,
)
from simopt.problems.synthetic import linear
from simopt.rules import ALL, FURTHER
from tests.interpreting import interpreting

RULES = [simopt.SGD(eta=[0.01, 0.1]), simopt.Momentum(eta=[0.01, 0.1])]


def small(seed):
    """Least squares drawn by a seed, with and without noise."""
    return {name: linear(16, 2, noise=noise, seed=seed) for name, noise in (("a", 0.0), ("b", 0.5))}


def table(excess):
    """What `ranking` reads, of excess by optimizer [problems, seeds]."""
    return pd.DataFrame(
        [
            {"problem": f"problem {p}", "seed": s, "optimizer": name, "excess": value}
            for name, values in excess.items()
            for p, row in enumerate(np.atleast_2d(values))
            for s, value in enumerate(row)
        ]
    )


@pytest.fixture(scope="module")
def trials():
    with interpreting():
        return comparison.compare(
            small, RULES, epochs=2, tuning_seeds=[0, 1], judging_seeds=[5, 6, 7]
        )


def test_every_setting_is_run_as_a_sweep_of_its_own_would(trials):
    assert len(trials) == 2 * 2 * 2 * 5
    for row in trials.to_dict("records"):
        problem = small(row["seed"])[row["problem"]]
        optimizer = ALL[row["optimizer"]](eta=row["eta"])
        run = simopt.run(
            problem, optimizer, batch_size=8, epochs=2, shuffle="epoch", seed=row["seed"]
        )
        start = problem.loss(problem.w0) - problem.minimum_loss
        excess = (run.steps["loss"].iloc[-1] - problem.minimum_loss) / start
        assert row["excess"] == pytest.approx(excess, rel=1e-9)


def test_budgets_are_equal_and_seeds_are_apart(trials):
    settings = trials.groupby(["problem", "optimizer", "part", "seed"])["setting"].nunique()
    assert settings.unique().tolist() == [2]
    seeds = {part: {*rows["seed"]} for part, rows in trials.groupby("part")}
    assert seeds == {"tuning": {0, 1}, "judging": {5, 6, 7}}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"optimizers": [RULES[0], simopt.Adam(eta=0.1)]}, "optimizers.*equal budgets"),
        ({"optimizers": [RULES[0], RULES[0]]}, "optimizers.*name of its own"),
        ({"optimizers": {}}, "optimizers.*at least one"),
        ({"optimizers": [simopt.Adam(convention=["torch", "keras"])]}, "one convention"),
        ({"judging_seeds": [1, 2]}, r"judging_seeds=\[1\].*other seeds"),
        ({"judging_seeds": [2, 2]}, "judging_seeds.*each once"),
        ({"tuning_seeds": []}, "tuning_seeds.*at least one"),
        ({"problems": {}}, "problems"),
        ({"problems": {"four": 4}}, "problem"),
    ],
)
def test_what_can_not_be_compared_is_refused(changed, said):
    given = {"problems": small, "optimizers": RULES, "tuning_seeds": [1], "judging_seeds": [2]}
    given |= changed
    with pytest.raises(ValueError, match=said):
        comparison.compare(**given)


def test_problems_that_change_with_the_seed_are_refused():
    def changing(seed):
        return {str(seed): linear(16, 2, noise=0.0, seed=seed)}

    with pytest.raises(ValueError, match="same names for every seed"):
        comparison.compare(changing, RULES, tuning_seeds=[1], judging_seeds=[2])


def test_judging_trials_have_no_part_in_the_choice(trials):
    chosen = comparison.judged(trials)
    assert len(chosen) == 2 * 2 * 3
    spoiled = trials.copy()
    judging = spoiled["part"] == "judging"
    # Turned round, so that whoever chose by these would choose the other setting.
    spoiled.loc[judging, "excess"] = 1 / spoiled.loc[judging, "excess"]
    keys = ["problem", "optimizer", "seed", "setting"]
    assert comparison.judged(spoiled)[keys].equals(chosen[keys])


def test_the_setting_of_the_least_mean_logarithm_is_chosen():
    rows = [
        ("tuning", 0, 0, 1e-6), ("tuning", 1, 0, 1.0), ("tuning", 0, 1, 0.01),
        ("tuning", 1, 1, 0.01), ("judging", 2, 0, 0.3), ("judging", 2, 1, 0.2),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["part", "seed", "setting", "excess"])
    frame = frame.assign(problem="p", optimizer="SGD")
    # 1e-6 and 1 have the geometric mean 1e-3; 0.01 twice has 1e-2.
    assert comparison.judged(frame)["excess"].tolist() == [0.3]


def test_a_rule_in_disguise_ties_with_itself():
    with interpreting():
        trials = comparison.compare(
            small,
            {"SGD": RULES[0], "Momentum without": simopt.Momentum(eta=[0.01, 0.1], beta=0.0)},
            epochs=2, tuning_seeds=[0], judging_seeds=range(10, 18),
        )  # fmt: skip
    ranked = comparison.ranking(comparison.judged(trials))
    assert ranked["rank"].tolist() == [1, 1]
    assert ranked["rank_high"].tolist() == [2, 2]
    assert ranked["place"].tolist() == [1.5, 1.5]


def test_a_planted_better_rule_wins():
    luck = np.random.default_rng(4)
    excess = {f"rule {k}": luck.lognormal(size=(4, 12)) for k in range(9)}
    excess["planted"] = 0.05 * luck.lognormal(size=(4, 12))
    ranked = comparison.ranking(table(excess))
    assert ranked.loc[0, ["optimizer", "rank", "rank_high"]].tolist() == ["planted", 1, 1]
    assert ranked["rank"].tolist()[1:] == [2] * 9
    assert ranked["rank_high"].tolist()[1:] == [10] * 9


def test_three_that_differ_have_ranks_in_order():
    base = np.random.default_rng(5).lognormal(size=(2, 8))
    ranked = comparison.ranking(table({"c": 3 * base, "a": base, "b": 2 * base}))
    assert ranked["optimizer"].tolist() == ["a", "b", "c"]
    assert ranked["rank"].tolist() == ranked["rank_high"].tolist() == [1, 2, 3]
    assert ranked["excess"].tolist() == pytest.approx(
        [k * float(np.exp(np.log(base).mean())) for k in (1, 2, 3)]
    )


@pytest.mark.parametrize(("problems", "seeds", "rules"), [(1, 8, 10), (5, 6, 12)])
def test_how_often_rules_that_are_alike_are_told_apart(problems, seeds, rules, monkeypatch):
    monkeypatch.setattr(ranks, "REPLICATES", 200)
    luck = np.random.default_rng(problems)
    wrong = sum(
        (
            comparison.ranking(
                table({str(k): luck.lognormal(size=(problems, seeds)) for k in range(rules)})
            )["rank"]
            > 1
        ).any()
        for _ in range(40)
    )
    # At most 6 of 40 in all but one of 400 such tests, where one in twenty is told apart.
    assert wrong <= 6


def test_the_interval_of_a_place_holds_it():
    luck = np.random.default_rng(6)
    ranked = comparison.ranking(table({str(k): luck.lognormal(size=(3, 6)) for k in range(6)}))
    assert (ranked["place_low"] < ranked["place"]).all()
    assert (ranked["place"] < ranked["place_high"]).all()
    assert ranked["place"].sum() == pytest.approx(6 * 7 / 2)


@pytest.mark.parametrize("break_it", ["row", "seed"])
def test_an_incomplete_table_is_refused(break_it):
    whole = table({"a": np.ones((2, 3)), "b": np.ones((2, 3))})
    broken = whole.iloc[1:] if break_it == "row" else whole[whole["seed"] == 0]
    with pytest.raises(ValueError, match="judged.*one excess for every"):
        comparison.ranking(broken)


def test_the_width_counts_rates_near_the_best():
    rates = [0.01, 0.1, 1.0, 10.0]
    rows = [
        {
            "problem": "p", "part": part, "seed": 0, "optimizer": "SGD", "setting": k,
            "eta": eta, "excess": excess,
        }
        for part, values in (("tuning", [9, 9, 9, 1]), ("judging", [0.3, 0.1, 0.15, 10]))
        for k, (eta, excess) in enumerate(zip(rates, values, strict=True))
    ]  # fmt: skip
    (row,) = comparison.sensitivity(pd.DataFrame(rows)).to_dict("records")
    assert (row["eta"], row["excess"], row["edge"], row["decades"]) == (0.1, 0.1, "", 2.0)


def test_the_benchmark_has_every_later_rule_on_one_grid():
    rules = contenders()
    assert {*rules} == {*REFERENCES, *FURTHER}
    assert all(each.settings["eta"] == RATES for each in rules.values())
    assert all(
        not isinstance(value, tuple)
        for each in rules.values()
        for name, value in each.settings.items()
        if name != "eta"
    )
    assert {*drawn(0, quick=True)} < {*drawn(0, quick=False)}


@pytest.mark.parametrize("name", ["batch_size", "epochs"])
def test_what_is_one_value_for_all_is_no_axis(name):
    """Rows would be paired with other settings than their own."""
    settings = {"batch_size": 1, "epochs": 1, "tuning_seeds": [0], "judging_seeds": [1]}
    four = {"four points": simopt.problems.four_points()}
    with pytest.raises(ValueError, match=rf"{name}=\[1, 2\]: must be one value"):
        comparison.compare(four, [simopt.SGD(eta=[0.01, 0.1])], **settings | {name: [1, 2]})


def test_every_problem_is_looked_at_before_any_is_run(monkeypatch):
    work = "simopt.analysis.comparison.trials.sweep"
    monkeypatch.setattr(work, lambda *_, **__: pytest.fail("a sweep was begun"))
    both = {"four points": simopt.problems.four_points(), "none": None}
    with pytest.raises(ValueError, match="problems=None"):
        comparison.compare(both, [simopt.SGD(eta=[0.01, 0.1])])
