"""Claims on shuffling: against replays in NumPy, and their rules fed with other problems."""

from functools import cache

import numpy as np
import pytest

import simopt
from simopt import problems
from simopt.document.claims import libraries
from simopt.document.claims.context import Trials
from simopt.document.claims.libraries import Seen
from simopt.document.claims.second_epoch import reshuffling
from simopt.document.claims.shuffling import order as claims
from simopt.document.claims.shuffling import seeding
from simopt.problems.synthetic import noisy_line, sorted_labels
from simopt.training import shuffling


@cache
def tried(module, what, seed=0):
    return getattr(module, what)(Trials(quick=True, seed=seed))


def excess(problem, eta, mode, seed, epochs):
    """SGD's loss above the least, and its weights, after every epoch; in NumPy."""
    x, y, w, ends = problem.x, problem.y, problem.w0.copy(), []
    for order in shuffling.orders(mode, seed, epochs, problem.n):
        for i in order:
            w = w - eta * 2 * (x[i] @ w - y[i]) * x[i]
        ends.append(w)
    ends = np.array(ends)
    return ((ends @ x.T - y) ** 2).mean(axis=1) - problem.minimum_loss, ends


@pytest.mark.slow
def test_the_tail_of_a_fixed_order_in_numpy():
    """On the noisy line at eta = 0.003 reshuffling leaves a fraction of a fixed order's excess."""
    table = reshuffling.tails(Trials(quick=True)).set_index(["optimizer", "eta"])
    problem, told = noisy_line(0), table.loc[("SGD", 0.003)]
    for mode, seeds in (("once", 20), ("epoch", 10)):
        ends = [excess(problem, 0.003, mode, seed, 60)[0][-1] for seed in range(seeds)]
        assert told[mode] == pytest.approx(np.mean(ends), rel=1e-6)
    assert told["ratio"] < 0.5


def test_reshuffling_adds_nothing_to_sgd_on_exact_targets():
    """The factors 1 - 2 eta x^2 commute: each order ends an epoch at the same weight."""
    evidence = tried(reshuffling, "reshuffling_adds_good_noise").evidence
    assert evidence["SGD's spread on the four points"] < 1e-14
    assert evidence["four points, SGD"] == pytest.approx(1.0, rel=1e-9)


def test_noise_that_never_helps_would_be_found(monkeypatch):
    table = reshuffling.tails(Trials(quick=True)).assign(ratio=1.0)
    monkeypatch.setattr(reshuffling, "tails", lambda trials: table)
    assert reshuffling.reshuffling_adds_good_noise(Trials(quick=True)).verdict == "contradicted"
    monkeypatch.setattr(reshuffling, "tails", lambda trials: table.assign(ratio=0.5))
    assert reshuffling.reshuffling_adds_good_noise(Trials(quick=True)).verdict == "holds"


def test_who_leaves_the_higher_well_in_plain_python():
    """One pair of noise and rate, run by run: eta = 0.2, spread 2."""
    eta, spread, runs = 0.2, 2.0, 25
    pulls = 0.1 + spread * np.linspace(-1, 1, 8)
    start = problems.double_well(spread=spread).w0[0]
    for mode in ("once", "epoch"):
        ends = []
        for seed in range(runs):
            w = start
            for i in shuffling.orders(mode, seed, 400, 8).ravel():
                w -= eta * (w * (w * w - 1) + pulls[i])
            ends.append(w)
        frame = simopt.sweep(
            problems.double_well(spread=spread),
            simopt.SGD(eta=eta),
            epochs=400,
            shuffle=mode,
            seed=range(runs),
        )
        assert (frame["w"] < 0).tolist() == [w < 0 for w in ends]


def test_without_noise_nobody_leaves(monkeypatch):
    monkeypatch.setattr(reshuffling, "SPREADS", (0.1, 0.2))
    finding = reshuffling.reshuffling_escapes(Trials(quick=True))
    assert finding.verdict == "contradicted"
    assert finding.evidence["hardly any leave"] == finding.evidence["pairs"]


def test_a_fixed_order_repeats_its_epoch():
    problem, evidence = noisy_line(0), tried(reshuffling, "fixed_orders_repeat").evidence
    changes = {}
    for mode in ("once", "epoch"):
        _, w = excess(problem, 0.01, mode, 0, 120)
        changes[mode] = np.linalg.norm(np.diff(w[-40:], axis=0), axis=1).mean()
    assert changes["once"] < 1e-12
    assert evidence["change per epoch, fixed"] < 1e-12
    assert evidence["change per epoch, reshuffled"] == pytest.approx(changes["epoch"], rel=0.2)


def test_exact_targets_leave_no_pattern(monkeypatch):
    """Where every order ends at the optimum nothing changes any more, reshuffled or not."""
    x = np.random.default_rng(0).normal(size=(64, 5))
    exact = problems.least_squares(x, x.sum(axis=1) + 0.0)
    monkeypatch.setattr(reshuffling, "noisy_line", lambda seed: exact)
    assert reshuffling.fixed_orders_repeat(Trials(quick=True)).verdict == "contradicted"


def test_points_in_random_order_have_no_pattern(monkeypatch):
    def mixed(seed):
        problem = sorted_labels(seed)
        order = np.random.default_rng(seed).permutation(problem.n)
        x = problem.x[order, :-1]
        return problems.logistic(x, problem.y[order])

    assert tried(claims, "shuffling_prevents_patterns").verdict == "conditional"
    monkeypatch.setattr(claims, "sorted_labels", mixed)
    assert claims.shuffling_prevents_patterns(Trials(quick=True)).verdict == "contradicted"


def test_accuracy_on_sorted_labels_in_numpy():
    """At the largest rate, in file order: the mean of four data sets' accuracies."""
    right = []
    for data in Trials(quick=True).seeds(10, 4):
        problem = sorted_labels(data)
        w = problem.w0.copy()
        for _ in range(20):
            for x, y in zip(problem.x, problem.y, strict=True):
                w -= (1 / (1 + np.exp(-x @ w)) - y) * x
        right.append(((problem.x @ w > 0) == (problem.y > 0.5)).mean())
    finding = tried(claims, "shuffling_prevents_patterns")
    file_order = finding.picture.series["file order"][1]
    assert file_order[-1] == pytest.approx(np.mean(right), abs=1e-9)


def test_windows_of_a_series_that_drifts_need_their_order(monkeypatch):
    """If what is true changes with time, the last windows seen count most: order then helps."""

    def drifting(seed):
        rng = np.random.default_rng(seed)
        slope = np.linspace(-3, 3, 300)
        x = rng.normal(size=300)
        y = slope * x
        train = problems.least_squares(x[:210, None], y[:210], intercept=True)
        return train, problems.least_squares(x[210:, None], y[210:], intercept=True)

    assert tried(claims, "time_series_in_order").verdict == "contradicted"
    monkeypatch.setattr(claims, "time_series", drifting)
    monkeypatch.setattr(
        claims.np, "geomspace", lambda low, high, count: np.array([0.01, 0.03, 0.1])
    )
    assert claims.time_series_in_order(Trials(quick=True)).verdict == "holds"


def test_the_inside_of_a_window_matters():
    """Of a permuted window only the mean is of use: what it leaves, by the autocovariances."""
    lags = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    covariance = 0.9**lags / (1 - 0.9**2)
    mean = np.full(5, 0.2)
    with_mean = covariance[5, :5] @ mean
    left = covariance[5, 5] - with_mean**2 / (mean @ covariance[:5, :5] @ mean)
    told = tried(claims, "sequences_keep_their_inside").evidence
    assert told["least loss, insides permuted over whole"] == pytest.approx(left, rel=0.2)


def fed(monkeypatch, **figures):
    """Looks that give what is recorded, but for these figures."""
    by_name = libraries.recorded()

    def seen(look, *names):
        entry = by_name[libraries.named(look)]
        changed = {k: figures.get(k, v) for k, v in entry["figures"].items()}
        return Seen(changed, entry["versions"], live=False)

    monkeypatch.setattr(libraries, "seen", seen)


@pytest.mark.parametrize(
    ("module", "what", "figures", "verdict"),
    [
        (claims, "sequences_keep_their_inside", {}, "contradicted"),
        (claims, "sequences_keep_their_inside", {"rows as they were": False}, "holds"),
        (claims, "debugging_needs_no_order", {}, "contradicted"),
        (claims, "debugging_needs_no_order", {"two runs alike": False}, "holds"),
        (seeding, "shuffles_every_epoch", {}, "conditional"),
        (
            seeding,
            "shuffles_every_epoch",
            {"orders in 8 epochs": 8, "orders in 4 epochs, seeded": 4},
            "holds",
        ),
        (seeding, "shuffles_every_epoch", {"default, SGDRegressor": False}, "contradicted"),
        (seeding, "seeded_generator_repeats", {}, "conditional"),
        (
            seeding,
            "seeded_generator_repeats",
            {"two runs alike, one after a look at a batch": True},
            "holds",
        ),
        (seeding, "seeded_generator_repeats", {"two runs alike": False}, "contradicted"),
        (seeding, "random_state_repeats", {}, "holds"),
        (seeding, "random_state_repeats", {"train_test_split alike": False}, "contradicted"),
        (seeding, "most_estimators_take_it", {}, "contradicted"),
        (seeding, "most_estimators_take_it", {"with random_state": 105}, "holds"),
        (seeding, "one_seed_fixes_all", {}, "contradicted"),
        (
            seeding,
            "one_seed_fixes_all",
            {"alike: tf.random.set_seed, glorot_uniform": True},
            "holds",
        ),
    ],
)
def test_what_libraries_would_have_to_do(monkeypatch, module, what, figures, verdict):
    fed(monkeypatch, **figures)
    assert getattr(module, what)(Trials(quick=True)).verdict == verdict


def test_the_orders_that_are_counted_are_the_package_s_own():
    """What was counted in scikit-learn and PyTorch is what `simopt.orders` says they do."""
    entry = libraries.recorded()
    told = entry["shuffling-seeding-sklearn_orders"]["figures"]["orders in 8 epochs"]
    assert told == len({tuple(o) for o in simopt.orders.sklearn_sgd(4, 8, random_state=42)})
    told = entry["shuffling-seeding-torch_loaders"]["figures"]["orders in 8 epochs"]
    assert told == len({tuple(o) for o in simopt.orders.torch_dataloader(8, 8, 42)})
    for backend, name in (("jax", "jax"), ("tensorflow", "tensorflow")):
        told = entry[f"shuffling-seeding-keras_orders_on_{name}"]["figures"][
            "orders in 4 epochs, seeded"
        ]
        order = simopt.orders.keras_fit(8, 4, 42, backend=backend)
        assert told == len({tuple(o) for o in order})


def test_a_fixed_order_is_as_good_without_label_noise(monkeypatch):
    """On exact targets every order ends at the optimum: nothing is lost by keeping one."""

    def exact(seed):
        x = np.eye(5).repeat(4, axis=0)
        return problems.least_squares(x, np.full(20, 2.0))

    assert tried(claims, "shuffled_before").verdict == "conditional"
    monkeypatch.setattr(claims, "noisy_line", exact)
    assert claims.shuffled_before(Trials(quick=True)).verdict == "holds"
