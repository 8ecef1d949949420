"""Claims of papers: the records, and the rules of decision in worlds where each verdict is due."""

import itertools

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt.analysis import comparison
from simopt.analysis.comparison.later_rules import RATES
from simopt.document.claims.claim import VERDICTS
from simopt.document.claims.context import Trials
from simopt.document.papers import (
    CLAIMS,
    adaptive,
    averages,
    pairs,
    polyak,
    rates,
    signs,
    spectra,
    steps,
)
from simopt.document.papers.adaptive import BOUNDED, FREE, MENDED
from simopt.rules import ALL
from tests.interpreting import interpreting

CASES = ("k = 10, beta2 = 0.1", "k = 30, beta2 = 0.1")


def test_records_are_whole():
    assert [claim.id for claim in CLAIMS] == [
        f"P{number:02}" for number in range(1, len(CLAIMS) + 1)
    ]
    for claim in CLAIMS:
        assert claim.source
        assert claim.place == claim.source
        assert {*claim.optimizers} <= {*ALL}
        assert claim.kind == "simulation"
        assert all(text.endswith(".") for text in (claim.says, claim.experiment, claim.rule))


def test_an_unknown_id_is_refused():
    with pytest.raises(ValueError, match="only='C001'.*P01"):
        simopt.document.papers(only="C001")


def world(free, bounded, mended):
    """How far each rule ends from the best point in two settings."""
    ends = {FREE: free, BOUNDED: bounded, MENDED: mended}
    return {rule: dict(zip(CASES, far, strict=True)) for rule, far in ends.items()}


@pytest.mark.parametrize(
    ("far", "verdict", "said"),
    [
        (world((0.0, 0.01), (0.0, 0.1), (0.0, 2.0)), "holds", "Adam with 1 of 2"),
        (
            world((0.0, 0.01), (0.0, 1.5), (0.0, 2.0)), "conditional",
            "Without the bound it converges with all 2 settings; with it it does not at k = 30",
        ),
        (
            world((0.2, 0.2), (0.0, 0.0), (2.0, 2.0)), "conditional",
            "Without the bound it converges with none",
        ),
        (world((0.2, 0.2), (1.0, 2.0), (0.0, 2.0)), "contradicted", "2 is the wrong end"),
        (world((0.2, 0.0), (1.0, 2.0), (0.0, 0.0)), "undecidable", "nothing to mend"),
    ],
)  # fmt: skip
def test_adopt_in_every_world(far, verdict, said):
    finding = adaptive.adopt_by(far)
    assert finding.verdict == verdict
    assert said in f"{finding.says} {finding.condition}"
    assert finding.evidence[f"settings at which it converges, {MENDED}"] == sum(
        each <= adaptive.NEAR for each in far[MENDED].values()
    )


def test_where_adopt_ends_is_where_a_run_in_plain_python_ends(monkeypatch):
    monkeypatch.setattr(adaptive, "UPDATES", 300)
    monkeypatch.setattr(adaptive, "DECAYS", (0.1, 0.9))
    seen = {}
    monkeypatch.setattr(adaptive, "adopt_by", seen.update)
    with interpreting():
        adaptive.adopt_converges(Trials(quick=True))
    problem = simopt.stability.counterexamples.constant_gradients([30.0] + [-1.0] * 29)
    plan = {
        "epochs": 10, "shuffle": "epoch", "box": (-1.0, 1.0),
        "schedule": simopt.schedules.inverse_sqrt(),
    }  # fmt: skip
    for rule, optimizer in (
        (FREE, simopt.ADOPT(eta=0.5, beta2=0.9, clipping="none")),
        (BOUNDED, simopt.ADOPT(eta=0.5, beta2=0.9)),
        (MENDED, simopt.Adam(eta=0.5, beta2=0.9)),
    ):
        ends = [simopt.run(problem, optimizer, seed=seed, **plan).summary["w"] for seed in (0, 1)]
        assert seen[rule]["k = 30, beta2 = 0.9"] == pytest.approx(max(ends) + 1, abs=1e-12)


@pytest.mark.parametrize(
    ("ratios", "outcome"),
    [
        ([-1.0, -1.1, -0.9, -1.0], "better"),
        ([1.0, 1.1, 0.9, 1.0], "worse"),
        ([-1.0, 1.1, -0.9, 1.0], "alike"),
        ([0.0, 0.0, 0.0, 0.0], "alike"),
        ([-0.5, -0.5, -0.5, -0.5], "better"),
        ([0.5, 0.5, 0.5, 0.5], "worse"),
    ],
)
def test_two_rules_on_a_problem(ratios, outcome):
    assert pairs.compared(np.array(ratios)) == outcome


def test_chance_tells_two_alike_rules_apart_as_seldom_as_it_says():
    luck = np.random.default_rng(2)
    told = [pairs.compared(luck.normal(size=6)) != "alike" for _ in range(1000)]
    assert 1 <= sum(told) <= 25


@pytest.mark.parametrize("kinds", [*itertools.product(("better", "alike", "worse"), repeat=2)])
def test_the_verdict_of_a_pair_in_every_world(kinds):
    value = {"better": -1.0, "alike": 0.0, "worse": 1.0}
    names = ("sparse", "rotated")
    ratios = {name: np.full(5, value[kind]) for name, kind in zip(names, kinds, strict=True)}
    finding = pairs.better_by(ratios, "NAdam", "Adam")
    due = {
        ("better", "better"): "holds",
        ("alike", "alike"): "undecidable",
        **dict.fromkeys(
            [("worse", "worse"), ("worse", "alike"), ("alike", "worse")], "contradicted"
        ),
    }
    assert finding.verdict == due.get(kinds, "conditional")
    assert finding.evidence["problems, better"] == kinds.count("better")
    for name, kind in zip(names, kinds, strict=True):
        assert finding.evidence[f"excess over Adam's, {name}"] == pytest.approx(np.exp(value[kind]))
        if finding.verdict == "conditional":
            said = {"better": "better on", "alike": "no different on", "worse": "worse on"}[kind]
            assert f"{said} {name}" in finding.condition


def test_the_logarithms_of_ratios_are_paired_by_seed():
    judged = pd.DataFrame(
        [
            {"problem": "b", "seed": seed, "optimizer": name, "excess": excess}
            for name, values in {"NAdam": (1.0, 6.0), "Adam": (2.0, 3.0)}.items()
            for seed, excess in enumerate(values)
        ]
    )
    ratios = pairs.log_ratios(judged, "NAdam", "Adam")
    assert np.exp(ratios["b"]).tolist() == pytest.approx([0.5, 2.0])


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((3.0, 10.0), "holds"),
        ((1.7, 17.7), "holds"),
        ((1.6, 5.0), "conditional"),
        ((5.0, 17.9), "conditional"),
        ((1.0, 100.0), "contradicted"),
    ],
)
def test_the_smaller_rate_in_every_world(ratios, verdict):
    finding = signs.smaller_by(
        dict(zip(("sparse", "rotated"), ratios, strict=True)), "Lion", "AdamW"
    )
    assert finding.verdict == verdict
    assert finding.evidence["geometric mean"] == pytest.approx(np.sqrt(ratios[0] * ratios[1]))


def test_rates_five_steps_of_the_grid_apart_are_in_the_range_wherever_they_are():
    """The grid's rates are rounded: some such pairs are a little more than 10 steps apart."""
    for low, high in zip(RATES, RATES[5:], strict=False):
        assert signs.smaller_by({"p": high / low}, "Lion", "AdamW").verdict == "holds"
    for low, high in zip(RATES, RATES[6:], strict=False):
        assert signs.smaller_by({"p": high / low}, "Lion", "AdamW").verdict == "contradicted"


def test_the_ratio_is_the_others_rate_over_its_own(monkeypatch):
    table = pd.DataFrame(
        [("p", "Lion", 0.01), ("p", "AdamW", 0.05)], columns=["problem", "optimizer", "eta"]
    )
    monkeypatch.setattr(signs, "benchmarked", lambda trials: table)
    monkeypatch.setattr(comparison, "sensitivity", lambda trials: trials)
    finding = signs.lion_needs_a_smaller_rate(Trials())
    assert finding.evidence["rate of AdamW over Lion's, p"] == pytest.approx(5.0)
    assert finding.verdict in VERDICTS


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((5.0, 0.5, 0.9), "holds"),
        ((5.0, 1.1, 0.9), "conditional"),
        ((1.0, 0.5, 0.5), "conditional"),
        ((0.5, 1.0, 2.0), "contradicted"),
    ],
)
def test_adabelief_in_every_world(ratios, verdict):
    finding = steps.adabelief_by(dict(zip(steps.GRADIENTS, ratios, strict=True)))
    assert finding.verdict == verdict
    assert ("steady" in finding.condition) == (verdict == "conditional")


def test_the_steps_of_adabelief_are_those_of_its_formula(monkeypatch):
    monkeypatch.setattr(steps, "GRADIENTS", {"steady": (1.0,)})
    monkeypatch.setattr(steps, "SETTLED", 50)
    seen = {}
    monkeypatch.setattr(steps, "adabelief_by", seen.update)
    steps.adabelief_steps(Trials(quick=True))
    m = v = 0.0
    sizes = []
    for t in range(1, 101):
        m = 0.9 * m + 0.1
        v = 0.99 * v + 0.01 * (1 - m) ** 2 + 1e-16
        sizes.append(0.001 * m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.99**t)) + 1e-16))
    # Adam's are the rate, for its means are exact.
    assert seen["steady"] == pytest.approx(
        np.sqrt(np.mean(np.square(sizes[51:]))) / 0.001, rel=1e-6
    )


@pytest.mark.parametrize(
    ("yogi", "verdict"),
    [((1.0, 1.0), "holds"), ((1.0, 9.0), "conditional"), ((9.0, 9.0), "contradicted")],
)
def test_yogi_in_every_world(yogi, verdict):
    adam = {0.1: 2.0, 0.01: 3.0}
    finding = steps.yogi_by(dict(zip(adam, yogi, strict=True)), adam)
    assert finding.verdict == verdict
    assert finding.evidence["cases with less growth"] == sum(
        mine < other for mine, other in zip(yogi, adam.values(), strict=True)
    )


def test_the_growth_of_rates_is_that_of_the_formulas(monkeypatch):
    monkeypatch.setattr(steps, "SHRUNK", (0.5,))
    monkeypatch.setattr(steps, "BEFORE", 30)
    seen = []
    monkeypatch.setattr(steps, "yogi_by", lambda *tables: seen.extend(tables))
    steps.yogi_grows_slower(Trials(quick=True))
    v = {"Yogi": 0.0, "Adam": 0.0}
    before = {}
    for g in [1.0] * 30 + [0.5] * 20:
        before = before or ({**v} if g == 0.5 else {})
        v["Yogi"] -= 0.1 * np.sign(v["Yogi"] - g * g) * g * g
        v["Adam"] = 0.9 * v["Adam"] + 0.1 * g * g
    for table, name in zip(seen, v, strict=True):
        assert table[0.5] == pytest.approx(np.sqrt(before[name] / v[name]), rel=1e-9)


@pytest.mark.parametrize(
    ("lars", "lamb", "sgd", "verdict"),
    [
        (1.0, 1.001, 1e6, "holds"),
        (1.0, 1.5, 1e6, "conditional"),
        (2.0, 1.5, 1e6, "contradicted"),
        (1.0, 1.0, 1.0, "undecidable"),
    ],
)
def test_trust_ratios_in_every_world(lars, lamb, sgd, verdict):
    steady = [1.0] * (len(steps.SCALES) - 1)
    ends = {"LARS": lars, "LAMB": lamb, "SGD": sgd}
    finding = steps.scale_by({name: [*steady, last] for name, last in ends.items()})
    assert finding.verdict == verdict
    assert finding.evidence["farthest over nearest, SGD"] == sgd


def test_long_runs_are_compared_on_noisy_problems(monkeypatch):
    given = {}

    def compare(problems, optimizers, **plan):
        given.update(plan, problems=[*problems(plan["judging_seeds"][0])], optimizers=optimizers)
        rows = [
            {"problem": "p", "seed": seed, "optimizer": name, "excess": excess}
            for seed in range(4)
            for name, excess in (("AdEMAMix", 0.1), ("Adam", 0.2))
        ]
        table = pd.DataFrame(rows)
        table.attrs |= {"trajectories": 7, "updates": 9}
        return table

    monkeypatch.setattr(comparison, "compare", compare)
    monkeypatch.setattr(comparison, "judged", lambda trials: trials)
    trials = Trials(quick=True)
    finding = averages.ademamix_helps_long_runs(trials)
    assert finding.verdict == "holds"
    assert given["problems"] == list(averages.NOISY)
    assert not {*given["tuning_seeds"]} & {*given["judging_seeds"]}
    grids = [
        [len(axis) for axis in each.settings.values() if isinstance(axis, tuple)]
        for each in given["optimizers"]
    ]
    assert grids[0] == grids[1]
    assert (trials.trajectories, trials.updates) == (7, 9)


def logs(*factors):
    """The logarithms of one factor a case, on every seed, by case."""
    return {f"case {k}": np.full(5, np.log(factor)) for k, factor in enumerate(factors)}


@pytest.mark.parametrize(
    ("ratios", "verdict", "ahead"),
    [
        (logs(1.0, 1.09, 0.5), "holds", 1),
        (logs(1.0, 1.5), "conditional", 0),
        (logs(1.2, 9.0), "contradicted", 0),
        ({"case 0": np.log([0.1, 9.0, 0.2, 30.0])}, "holds", 0),
    ],
)
def test_schedules_in_every_world(ratios, verdict, ahead):
    finding = averages.no_schedule_by(ratios)
    assert finding.verdict == verdict
    assert finding.evidence["cases that are lower"] == ahead


def test_the_rate_without_a_schedule_is_tuned_for_the_longest_run(monkeypatch):
    """At 0.1 the short run would end lower, at 0.01 the long one does: that one is judged."""
    ends = {(10, 0.1): 0.01, (10, 0.01): 0.02, (40, 0.1): 0.5, (40, 0.01): 0.03}

    def compare(problems, optimizers, *, epochs, tuning_seeds, judging_seeds, schedule, **_):
        (rule,) = optimizers
        assert (schedule is None) == (rule.name == "ScheduleFreeSGD")
        rows = [
            {
                "problem": "p", "seed": seed, "part": part, "optimizer": rule.name, "setting": k,
                "excess": 0.01 if rule.name == "SGD" else ends[epochs, eta],
            }
            for part, seeds in (("tuning", tuning_seeds), ("judging", judging_seeds))
            for seed in seeds
            for k, eta in enumerate((0.1, 0.01))
        ]  # fmt: skip
        table = pd.DataFrame(rows)
        table.attrs |= {"trajectories": 1, "updates": 1}
        return table

    monkeypatch.setattr(comparison, "compare", compare)
    evidence = averages.needs_no_schedule(Trials(quick=True)).evidence
    said = "excess over that with the schedule, p"
    assert evidence[f"{said} after 10 epochs"] == pytest.approx(2.0)
    assert evidence[f"{said} after 40 epochs"] == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("best", "verdict"),
    [
        ((0.5, 2.0), "holds"),
        ((1.0, 3.16), "conditional"),
        ((0.49, 1.0), "conditional"),
        ((0.1, 10.0), "contradicted"),
    ],
)
def test_the_rate_that_is_found_in_every_world(best, verdict):
    names = ("sparse", "rotated")
    loss = dict(zip(names, (1.0, 7.0), strict=True))
    finding = rates.found_by(dict(zip(names, best, strict=True)), loss, "Prodigy")
    assert finding.verdict == verdict
    assert finding.evidence["best rate, rotated"] == best[1]
    assert "1 to 7 times" in finding.says


def test_the_best_rate_is_that_of_the_judging_seeds(monkeypatch):
    rows = [
        {
            "problem": "p", "optimizer": name, "part": part, "seed": seed, "setting": k,
            "eta": eta, "excess": excess * (9.0 if name == "Adam" else 1.0),
        }
        for name in ("Adam", "Prodigy")
        for part, excesses in (("tuning", (1.0, 0.1, 0.2)), ("judging", (0.2, 0.4, 0.1)))
        for seed in (0, 1, 2)
        for k, (eta, excess) in enumerate(zip((0.1, 1.0, 10.0), excesses, strict=True))
    ]  # fmt: skip
    monkeypatch.setattr(rates, "benchmarked", lambda trials: pd.DataFrame(rows))
    evidence = rates.prodigy_finds_the_rate(Trials()).evidence
    assert evidence["best rate, p"] == 10.0
    assert evidence["excess at 1 over that at the best, p"] == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("one", "other", "outcome"),
    [
        ([0.7, 1.2, 0.5, 1.5], [0.9] * 10, "holds"),
        ([0.7, 1.2, 0.5, 1.5], [0.9] * 9 + [0.1], "holds"),
        ([0.7, 1.2, 0.5, 1.5], [0.9] * 8 + [0.1] * 2, "conditional"),
        ([0.7, 0.49], [0.9, 1.51], "contradicted"),
    ],
)
def test_muons_steps_in_every_world(one, other, outcome):
    found = spectra.orthogonal_by({"with one": np.array(one), "with another": np.array(other)})
    assert found.verdict == outcome
    assert found.evidence["least, with one"] == min(one)
    assert found.evidence["largest"] == max(one + other)


def test_muons_singular_values_are_those_of_a_runs_steps():
    problem = spectra.drawn("tanh", 3)
    found = spectra.singular_values(problem, problem.n, 0, 8)
    steps = simopt.run(problem, simopt.Muon(), batch_size="full", epochs=8).steps
    inside = problem.hidden * problem.columns
    weights = steps[[f"w_{k}" for k in range(inside)]].to_numpy()
    moved = np.diff(np.vstack([problem.w0[:inside], weights]), axis=0) / (0.02 * 2**0.5)
    moved = moved.reshape(8, problem.hidden, problem.columns)
    expected = np.linalg.svd(moved, compute_uv=False)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9)
    # Linear units and one output: the first gradient has rank 1, and so has the step.
    flat = spectra.singular_values(spectra.drawn("linear", 3), problem.n, 0, 8)
    assert (flat[0, 1:] < 1e-9).all()
    assert flat[0, 0] > 0.5


def falls(factor, updates=40):
    return factor ** np.arange(1.0, updates + 1)


#: Courses of the squared distance, and their bounds, in which a case agrees or does not.
COURSES = {
    "linear": (True, falls(0.5), falls(0.9)),
    "above the bound": (True, falls(0.5), falls(0.4)),
    "once above it": (True, falls(0.5) + 2 * (np.arange(40) == 7), falls(0.9)),
    "too slow": (True, falls(0.9), falls(0.95)),
    "a level": (False, 0.1 + falls(0.5), 1.0 + falls(0.9)),
    "no level": (False, falls(0.5), 1.0 + falls(0.9)),
    "a level above the bound": (False, 3.0 + falls(0.5), 1.0 + falls(0.9)),
}


@pytest.mark.parametrize(
    ("cases", "outcome", "inside"),
    [
        (("linear", "a level"), "holds", 2),
        (("linear", "no level"), "conditional", 2),
        (("too slow", "a level"), "conditional", 2),
        (("once above it", "a level"), "conditional", 1),
        (("above the bound", "no level"), "contradicted", 1),
        (("linear", "a level above the bound"), "conditional", 1),
    ],
)
def test_polyaks_rate_in_every_world(cases, outcome, inside):
    found = polyak.rate_by({case: polyak.Course(*COURSES[case]) for case in cases})
    assert found.verdict == outcome
    assert found.evidence["cases within the bound"] == inside
    assert f"in {inside} of 2 cases" in found.says


def test_polyaks_course_is_that_of_runs_and_its_bound_of_the_data(monkeypatch):
    monkeypatch.setattr(polyak, "EPOCHS", 3)
    monkeypatch.setattr(polyak, "NOISE", {"noisy": 0.5})
    monkeypatch.setattr(polyak, "CONDITIONS", (10.0,))
    monkeypatch.setattr(polyak, "SETTINGS", ((1.0, 0.05),))
    seen = {}
    monkeypatch.setattr(polyak, "rate_by", seen.update)
    trials = Trials(quick=True, seed=2)
    polyak.polyak_rate(trials)
    (course,) = seen.values()
    problem, best = polyak.drawn(0.5, 10.0, trials.rng(0))
    np.testing.assert_allclose(problem.gradient(best), 0.0, atol=1e-12)
    optimizer, plan = simopt.PolyakSGD(coefficient=1.0, largest=0.05), {"epochs": 3}
    plan |= {"batch_size": 8, "shuffle": "replacement"}
    ends = []
    for seed in trials.seeds(12, 6):
        steps = simopt.run(problem, optimizer, seed=seed, **plan).steps
        ends.append(steps[["w_0", "w_1", "w_2"]].to_numpy()[3::4] - best)
    np.testing.assert_allclose(course.distance, (np.array(ends) ** 2).sum(-1).mean(0), rtol=1e-10)
    assert not course.fitted
    # The bound on steps is the smaller one: the greatest curvature is below 10.
    average, most = polyak.curvatures(problem, np.random.default_rng(0))
    hessians = [2 * np.outer(x, x) for x in problem.x]
    assert most == pytest.approx(max(np.linalg.eigvalsh(each)[-1] for each in hessians))
    step = min(1 / (2 * most), 0.05)
    start, floor = best @ best, 2 * 0.05 * problem.loss(best)
    expected = (1 - average * step) ** np.array([4, 8, 12]) * start + floor / (average * step)
    np.testing.assert_allclose(course.bound, expected, rtol=0.05)  # of other drawn batches
    assert average == pytest.approx(
        np.mean(
            [
                np.linalg.eigvalsh(np.mean([hessians[i] for i in rows], axis=0))[0]
                for rows in np.random.default_rng(1).integers(32, size=(2000, 8))
            ]
        ),
        rel=0.05,
    )
