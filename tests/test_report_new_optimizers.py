"""The page on later optimizers: its sentences in worlds of every kind, and its own numbers."""

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import comparison
from simopt.analysis.comparison import on_networks
from simopt.ground.formatting import number
from simopt.report import pages
from simopt.report.new_optimizers import networks, papers, ranks, rates
from simopt.rules import ALL, FURTHER

PAGE = next(page for page in pages.PAGES if page.module == "new_optimizers")


@pytest.fixture(scope="module")
def values(quick):
    return quick("new_optimizers")


def ranking(ranked):
    """A ranking of rules by (rank, last rank)."""
    rows = [
        {
            "optimizer": name, "rank": rank, "rank_high": last, "place": float(place),
            "place_low": place - 0.5, "place_high": place + 0.5, "excess": 0.1,
        }
        for place, (name, (rank, last)) in enumerate(ranked.items(), start=1)
    ]  # fmt: skip
    return pd.DataFrame(rows)


@pytest.mark.parametrize(
    ("ranked", "said"),
    [
        ({"Yogi": (1, 1), "Adam": (2, 2)}, "Yogi is told to be better than every other"),
        ({"Yogi": (1, 2), "Adam": (1, 2)}, "Yogi and Adam share the first rank"),
        ({"Adam": (1, 2), "Yogi": (1, 3), "Lion": (2, 3)}, "Adam and Yogi share the first rank"),
    ],
)
def test_who_is_first(ranked, said):
    text = ranks.summary(ranking(ranked))
    assert text.startswith(said)
    assert f"Adam {ranked['Adam'][0]}" in text


@pytest.mark.parametrize(
    ("ranked", "said", "unsaid"),
    [
        ({"Yogi": (1, 1), "Adam": (2, 2)}, "1 can't be told from the best, one of them a", "Yogi"),
        ({"Adam": (1, 1), "Yogi": (2, 2)}, "none of them a later rule.", "behind"),
        ({"Yogi": (1, 2), "Lion": (1, 2), "Adam": (3, 3)}, "; behind them Adam.", "none"),
    ],
)
def test_the_finding(ranked, said, unsaid):
    text = ranks.finding(ranking(ranked), 5)
    assert said in text
    assert unsaid not in text


def two_problems(adam, adamw):
    """Excess losses of two seeds on each problem."""
    return pd.DataFrame(
        [
            {"problem": problem, "optimizer": name, "seed": seed, "excess": excess * (1 + seed)}
            for name, by_problem in (("Adam", adam), ("AdamW", adamw))
            for problem, excess in zip(("flat", "steep"), by_problem, strict=True)
            for seed in (0, 1)
        ]
    )


def test_what_weight_decay_does_to_a_rank():
    worse = ranking({"Adam": (1, 1), "AdamW": (2, 2)})
    text = ranks.of_weight_decay(worse, two_problems((0.1, 0.2), (0.5, 0.1)))
    assert "AdamW is Adam but for its weight decay, 0.01 unless it is set" in text
    assert "its rank of 2 comes, where Adam's is 1" in text
    assert text.endswith("larger on 1 of two problems, most on flat, 5 times.")
    better = ranking({"AdamW": (1, 2), "Adam": (1, 2)})
    text = ranks.of_weight_decay(better, two_problems((0.1, 0.2), (0.1, 0.1)))
    assert text.endswith("with it its rank is 1, and 1 without.")


def test_without_weight_decay_adamw_is_adam():
    four = simopt.problems.four_points()
    weights = [
        simopt.run(four, optimizer, epochs=50).steps["w"].tolist()
        for optimizer in (simopt.Adam(eta=0.1), simopt.AdamW(eta=0.1, weight_decay=0.0))
    ]
    assert weights[0] == weights[1]


def test_of_many_firsts_some_are_named():
    text = ranks.summary(ranking({f"rule {k}": (1, 20) for k in range(20)}))
    assert "rule 7 and 12 more share the first rank" in text
    assert "rule 8" not in text


def test_ranks_that_a_rule_may_have():
    rows = ranking({"Yogi": (1, 1), "Adam": (2, 5)})
    assert [ranks.span(row) for _, row in rows.iterrows()] == ["1", "2 to 5"]


def frame(**rules):
    return pd.DataFrame(
        [
            {"optimizer": name, "decades": decades, "default": default, "cost": cost}
            for name, (decades, default, cost) in rules.items()
        ]
    )


def test_rules_that_need_no_rate_have_a_rate_of_one():
    known = [name for name in rates.FREE if name in ALL]
    assert "Adadelta" in known
    assert [rates.default_rate(name) for name in known] == [1.0] * len(known)


def test_the_sentences_on_rates():
    table = frame(Adam=(0.5, 0.001, 20.0), Rprop=(1.0, 0.01, 2.0), Adadelta=(0.25, 1.0, 7.0))
    assert rates.sentence(table) == (
        "Rprop comes within twice the best over 1 decades of rates on the median problem, "
        "Adadelta over 0.25."
    )
    text = rates.without_a_rate(table)
    assert "Adadelta sets" in text
    assert "Adadelta 7." in text
    assert "least Rprop with 2." in text
    same = frame(Adam=(0.5, 0.001, 20.0), Yogi=(0.5, 0.01, 30.0))
    assert rates.sentence(same).startswith("Every rule comes within twice")
    assert rates.without_a_rate(same) == "None of the rules sets its rate itself."


def test_what_polyaks_step_is_told():
    """Of a line that meets its points, one that does not, and a network."""
    points, off = [1.0, 2.0, 3.0], [2.0, 4.0, 7.0]
    problems = {
        "met": simopt.problems.least_squares(points, [2.0, 4.0, 6.0]),
        "missed": simopt.problems.least_squares(points, off),
        "net": simopt.problems.network(points, off, hidden=2),
    }
    least = number(problems["missed"].minimum_loss, 2)
    assert rates.least_losses(problems).endswith(
        f"In truth it is 0 on met, it is above 0, with the data of one seed, on missed {least}, it "
        "is not known on net: where that is too low their steps do not fade."
    )
    alone = rates.least_losses({"met": problems["met"]})
    assert alone.startswith("PolyakSGD, MoMo and MoMoAdam are told that the least loss is 0, ")
    assert alone.endswith("on every problem. In truth it is 0 on met.")


def test_the_cost_of_a_default_rate():
    rows = [
        {
            "problem": problem, "part": part, "seed": 0, "optimizer": "Adam", "setting": k,
            "eta": eta, "excess": excess,
        }
        for problem, excesses in {"a": (0.4, 0.1), "b": (0.9, 0.1), "c": (0.02, 0.01)}.items()
        for part in ("tuning", "judging")
        for k, (eta, excess) in enumerate(zip((0.0011, 0.1), excesses, strict=True))
    ]  # fmt: skip
    trials = pd.DataFrame(rows)
    (row,) = rates.by_rule(
        trials, comparison.judged(trials), comparison.sensitivity(trials)
    ).to_dict("records")
    # Of 4, 9 and 2.
    assert row["cost"] == pytest.approx(4.0)
    assert (row["default"], row["lowest"], row["highest"]) == (0.001, 0.1, 0.1)


def test_the_page_ranks_every_later_rule(values):
    """But those about matrices, of which it says so."""
    ranked = [name for name in FURTHER if ALL[name]().rule.matrix is None]
    for table in ("ranking", "by_problem"):
        assert all(f">{name}<" in values[table] for name in ranked)
    assert values["setting"]["rules"] == len(ranked) + 4
    text = pages.render(PAGE, values)
    assert all(f"{name} is about matrices" in text for name in {*FURTHER} - {*ranked})


def test_the_page_says_its_own_verdicts(values):
    text = pages.render(PAGE, values)
    assert len(values["claims"]) == sum(each["count"] for each in values["definitions"])
    for each in values["claims"]:
        assert f'id="{each["id"]}"' in text
    verdicts = [each["verdict"] for each in values["claims"]]
    for verdict, said in {"holds": "hold", "contradicted": "contradicted"}.items():
        if verdict in verdicts:
            assert f"{verdicts.count(verdict)} " in values["verdicts"]
            assert said in values["verdicts"]


def test_runs_are_counted_once(values):
    ran = values["computed"]
    assert ran[0].trajectories == comparison.benchmark(quick=True).attrs["trajectories"]
    assert sum(each.trajectories == ran[0].trajectories for each in ran) == 1
    assert np.isfinite([each.seconds for each in ran]).all()


def test_a_verdict_that_can_not_be_told_is_said_as_such():
    assert papers.MEANINGS["undecidable"] != papers.MEANING["undecidable"]
    assert papers.MEANINGS["holds"] == papers.MEANING["holds"]


def logs(**by_network):
    """Ratios' logarithms on networks, eight seeds each."""
    spread = np.linspace(-0.1, 0.1, 8)
    return {name.replace("_", " "): value + spread for name, value in by_network.items()}


@pytest.mark.parametrize(
    ("ratios", "decided", "said"),
    [
        (logs(tanh=-0.5, linear=-0.7), "holds", "fewer by more than chance on 2 of 2"),
        (logs(tanh=-0.5, linear=0.7), "conditional", "It is better on tanh; worse on linear."),
        (logs(tanh=0.0, linear=0.7), "contradicted", "more on 1. So the claim is contradicted"),
        (logs(tanh=0.0, linear=0.0), "undecidable", "on 0 of 2 networks, more on 0. So these"),
    ],
)
def test_whether_muon_takes_fewer_updates(ratios, decided, said):
    assert networks.decision(ratios)[0] == decided
    text = networks.said(ratios, *networks.decision(ratios))
    assert said in text
    low, high = (
        np.exp(each.mean())
        for each in (min(ratios.values(), key=np.mean), max(ratios.values(), key=np.mean))
    )
    assert f"takes {number(low, 2)} to {number(high, 2)} times the updates of AdamW" in text


def test_the_interval_of_a_ratio_covers_as_often_as_it_says():
    luck = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        mean, low, high = networks.interval(luck.normal(0.4, 1.0, size=8))
        assert low < mean < high
        held += low < np.exp(0.4) < high
    assert 930 <= held <= 970


@pytest.mark.report
def test_the_section_on_networks_says_what_its_trials_are(monkeypatch):
    monkeypatch.setattr(on_networks, "TUNING", range(1))
    monkeypatch.setattr(on_networks, "JUDGING", range(1000, 1003))
    monkeypatch.setattr(on_networks, "EPOCHS", 3)
    monkeypatch.setattr(on_networks, "MOST", 24)
    rules = {
        name: rule.replace(eta=on_networks.RATES[3:5]) for name, rule in on_networks.RULES.items()
    }
    monkeypatch.setattr(on_networks, "RULES", rules)
    trials = on_networks.trials()
    # Every setting on the seed that tunes, and of every rule one on those that judge.
    assert len(trials) == 4 * 4 * (6 + 3)
    assert comparison.judged(trials)["seed"].nunique() == 3
    assert trials.attrs["trajectories"] == len(trials)
    section = networks.section(trials)
    assert section["setting"]["settings"] == 6
    of_muon = trials[(trials["problem"] == "linear, 6 by 3") & (trials["optimizer"] == "Muon")]
    ratios = (0.1, 1.0, 10.0)
    for row in of_muon[of_muon["seed"].isin([0, 1001])].to_dict("records"):
        seed, rate, ratio = row["seed"], *divmod(row["setting"], 3)
        assert row["eta"] == on_networks.RATES[3 + rate]
        problem = on_networks.drawn("linear, 6 by 3", seed)
        muon = simopt.Muon(eta=row["eta"], adam_ratio=ratios[ratio])
        how = {"batch_size": 8, "epochs": 3, "shuffle": "epoch", "seed": seed}
        losses = simopt.run(problem, muon, evaluate=1, **how).steps["loss"].to_numpy()
        start, least = problem.loss(problem.w0), problem.minimum_loss
        reached = np.flatnonzero(losses - least <= 0.1 * (start - least))
        assert row["excess"] == (reached[0] + 1 if len(reached) else 24)
    for name in (*on_networks.NETWORKS, *rules):
        assert name in section["table"]
    assert all(f"over {name}" in section["figure"] for name in rules if name != "Muon")


def test_a_quick_page_has_no_networks(values):
    assert values["networks"] is None
    assert 'id="networks"' not in pages.render(PAGE, values)
