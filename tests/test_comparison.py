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


#: Begins where its loss is least.
STILL = simopt.problems.least_squares([[1.0], [2.0]], [0.0, 0.0])


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
        ({"problems": {4: simopt.problems.four_points()}}, "problems=4.*texts"),
        ({"problems": {"at rest": STILL}}, "problems=.*start is above the minimum"),
        ({"optimizers": {4: RULES[0]}}, "optimizers=4"),
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


def test_trials_that_tune_nothing_choose_nothing(trials):
    for part in (trials[trials["part"] == "judging"], trials.iloc[:0]):
        with pytest.raises(ValueError, match="trials='0 rows that tune'"):
            comparison.judged(part)
    some = trials[(trials["part"] == "judging") | (trials["problem"] == "a")]
    with pytest.raises(ValueError, match="tune every optimizer on every problem"):
        comparison.judged(some)


def test_a_problem_without_points_and_one_whose_loss_falls_below_zero():
    def loss(w):
        return 0.5 * w * w

    def falling(w):
        return 1.0 - w

    rates = [0.1, 0.2]
    given = {"batch_size": 1, "epochs": 3, "tuning_seeds": [0], "judging_seeds": [1, 2]}
    with interpreting():
        by_formula = comparison.compare(
            {"bowl": simopt.problems.function(loss, lambda w: w, w0=2.0)},
            [simopt.SGD(eta=rates)], **given,
        )  # fmt: skip
        assert by_formula["excess"].tolist() == pytest.approx(
            [(1 - eta) ** 6 for eta in rates for _ in range(3)]
        )
        with pytest.raises(ValueError, match="problems=.*above 0 where the minimum is unknown"):
            comparison.compare(
                {"slope": simopt.problems.function(falling, lambda w: -1.0, w0=0.0)},
                [simopt.SGD(eta=[1.0, 2.0])], **given,
            )  # fmt: skip


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


def test_the_order_of_rows_is_nothing_to_a_ranking():
    luck = np.random.default_rng(7)
    effect = luck.lognormal(sigma=2.0, size=(3, 1))
    whole = table(
        {str(k): (1 + k / 4) * effect * luck.lognormal(sigma=0.3, size=(3, 10)) for k in range(5)}
    )
    expected = comparison.ranking(whole).set_index("optimizer")
    assert expected["rank"].nunique() > 2
    # Seed by seed, as `compare` gives them where seeds draw the data; and in no order.
    for rows in (whole.sort_values("seed", kind="stable"), whole.sample(frac=1, random_state=8)):
        ranked = comparison.ranking(rows).set_index("optimizer")
        pd.testing.assert_frame_equal(
            ranked.drop(columns=["place_low", "place_high"]),
            expected.drop(columns=["place_low", "place_high"]).loc[ranked.index],
        )


def test_a_difference_steady_within_each_problem_is_told_whatever_the_problems_are():
    """Places that differ by the problem are no error of the mean over these problems."""
    rows = [
        {"problem": p, "seed": s, "optimizer": name, "excess": excess}
        for s in range(6)
        for p, scores in (("p", (1.0, 2.0, 3.0)), ("q", (2.0, 1.0, 3.0)), ("r", (1.0, 3.0, 2.0)))
        for name, excess in zip("abc", scores, strict=True)
    ]
    ranked = comparison.ranking(pd.DataFrame(rows))
    assert ranked[["optimizer", "rank", "rank_high"]].to_numpy().tolist() == [
        ["a", 1, 1], ["b", 2, 2], ["c", 3, 3],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"excess": [0.0, 1.0]}, "judged: excess"), ({"excess": [np.nan, 1.0]}, "judged: excess")],
)
def test_an_excess_that_has_no_logarithm_is_refused(changed, said):
    rows = pd.DataFrame({"problem": "p", "seed": [0, 1], "optimizer": "SGD", **changed})
    with pytest.raises(ValueError, match=said):
        comparison.ranking(rows)


def test_an_empty_table_and_a_level_beyond_the_replicates_are_refused():
    whole = table({"a": np.ones((1, 2)), "b": np.ones((1, 2))})
    with pytest.raises(ValueError, match="judged='0 rows'"):
        comparison.ranking(whole.iloc[:0])
    with pytest.raises(ValueError, match=r"level=0.0001.*0\.001"):
        comparison.ranking(whole, level=1e-4)


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


def test_chance_is_told_as_often_as_the_level_says(monkeypatch):
    """Were nothing ever told apart, the bound above would hold too."""
    monkeypatch.setattr(ranks, "REPLICATES", 200)
    luck = np.random.default_rng(3)
    wrong = sum(
        (
            comparison.ranking(
                table({str(k): luck.lognormal(size=(1, 8)) for k in range(6)}), level=0.5
            )["rank"]
            > 1
        ).any()
        for _ in range(60)
    )
    # Half of 60, give or take three standard errors.
    assert 18 <= wrong <= 42


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
    # But those about matrices, which few of the problems have.
    ranked = [name for name in FURTHER if ALL[name]().rule.matrix is None]
    assert {*rules} == {*REFERENCES, *ranked}
    assert len(ranked) >= len(FURTHER) - 1
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
