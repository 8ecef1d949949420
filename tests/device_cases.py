"""What the engines must agree on to the bit: rules, problems and options, a name each.

Used in the simulator (`tests.test_cuda`), for the code of every kernel (`tests.cuda.test_ptx`) and
on a GPU where there is one (`tests.cuda.test_device`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

import simopt
from simopt import schedules
from simopt.engine import blocks, grouping, layout, moments, packing
from simopt.rules import ALL
from simopt.training import plan
from simopt.training.sparing import Spared
from tests import (
    draws,
    test_batch_losses,
    test_conventions,
    test_matrix_rules,
    test_options,
    test_starts,
)

FEW, OWN, MANY = (7,), tuple(range(20)), (3, 2**62 + 5)
#: From rates too small to arrive to rates that diverge.
RATES = (1e-3, 0.04, 0.3, 2.0, 500.0)
DENSE = tuple(np.geomspace(1e-3, 2.0, 70).tolist())

rng = np.random.default_rng(4)
WIDE, WIDEST = rng.normal(size=(23, 10)), rng.normal(size=(70, 64))


def line(a, b, x, y):
    return (a * x + b - y) * (a * x + b - y)


def slope(a, b, x, y):
    return 2 * (a * x + b - y) * x, 2 * (a * x + b - y)


def saddle(x, y):
    return x * x - y * y / 2 + y * y * y * y / 4


def fall(x, y):
    return 2 * x, y * y * y - y


MAKERS: dict[str, Callable[[], Any]] = {
    "four points": lambda: test_options.FOUR,
    "several weights": lambda: test_options.PROBLEMS["several weights"],
    "logistic": lambda: test_options.PROBLEMS["logistic"],
    "hubble": simopt.problems.hubble,
    "penalty": lambda: simopt.problems.least_squares([1.0, 2.0, -0.5], [1.0, 3.0, 2.0], l2=0.3),
    "logistic, one weight": lambda: simopt.problems.logistic(
        [1.0, 2.0, -0.5, 0.1], [1, 0, 1, 1], intercept=False, w0=0.5
    ),
    "ten weights": lambda: simopt.problems.least_squares(WIDE, WIDE @ np.arange(10.0), l2=0.05),
    "noisy quadratic": lambda: simopt.problems.noisy_quadratic([1.0, 0.5, 0.1], [1.0, 0.3, 0.0]),
    "line": lambda: simopt.problems.function(line, slope, w0=[1.0, -1.0], points=WIDE[:, :2]),
    "noisy saddle": lambda: simopt.problems.function(saddle, fall, w0=[1.0, 0.1], noise=0.01),
    "network": lambda: simopt.problems.network(WIDE[:, :2], WIDE[:, 2], hidden=3, l2=0.02),
    "linear network": lambda: simopt.problems.network(
        WIDE[:, :2], WIDE[:, 2], hidden=3, activation="linear", l2=0.02
    ),
    "wide network": lambda: simopt.problems.network(WIDE[:, :3], WIDE[:, 3], hidden=2),
    "network of labels": lambda: simopt.problems.network(
        WIDE[:, 0], WIDE[:, 1] > 0, hidden=4, kind="logistic", seed=1
    ),
    "huber": lambda: simopt.problems.huber(
        WIDE[:, :3], WIDE.sum(axis=1), delta=0.8, l2=0.05, w0=0.5, intercept=True
    ),
    "huber, one weight": lambda: simopt.problems.huber([1.0, 2.0, -0.5], [1.0, 9.0, 2.0]),
    "poisson": lambda: simopt.problems.poisson(WIDE[:, :3], np.arange(23) % 4, l2=0.05),
    "poisson, one weight": lambda: simopt.problems.poisson(
        [1.0, 2.0, -0.5], [1, 3, 0], intercept=False
    ),
    "network of counts": lambda: simopt.problems.network(
        WIDE[:, :2], np.arange(23) % 4, hidden=3, kind="poisson"
    ),
    "zero first": lambda: test_conventions.ZERO_FIRST,
    "64 weights": lambda: simopt.problems.least_squares(WIDEST, WIDEST.sum(axis=1), l2=0.05),
}


#: The rules, one with as many states as there may be, and one that asks for the batch's loss.
RULES = {
    **ALL,
    "Anchored": test_starts.Anchored,
    "Polyak": test_batch_losses.POLYAK,
    "Own Muon": test_matrix_rules.OwnMuon,
    "Of norm 1": test_matrix_rules.Normalised,
}


@cache
def problem_of(name: str) -> Any:
    return MAKERS[name]()


@dataclass(frozen=True)
class Case:
    """Some trajectories; ``plan`` is what `plan.make` takes besides the problem."""

    problem: str
    rule: str = "Adam"
    settings: dict[str, Any] = field(default_factory=dict)
    rates: tuple[float, ...] = RATES
    seeds: tuple[int, ...] = FEW
    plan: dict[str, Any] = field(default_factory=dict)
    dtype: Any = np.float64
    every: int = 1
    target: float | None = None
    limit: float | None = 1e6
    given: bool = False
    gamma: float | None = None
    form: str = "fading"
    start: int = 0

    def optimizer(self) -> Any:
        made = RULES[self.rule](**self.settings)
        if self.gamma is None and self.form != "mean":
            return made
        return simopt.averaged(made, self.gamma, form=self.form, start=self.start)

    def group(self) -> grouping.Group:
        problem, optimizer = problem_of(self.problem), self.optimizer()
        made = {"batch_size": 1, "shuffle": "never", "epochs": 2, "drop_last": False} | self.plan
        settings = np.repeat(np.array([optimizer.values]).T, len(self.rates), axis=1)
        settings[0] = self.rates
        held, seeds = len(self.rates), np.array(self.seeds)
        return grouping.Group(
            optimizer.rule,
            plan.make(problem, **made),
            settings,
            seeds,
            np.arange(held) * len(seeds),
            np.arange(len(seeds)),
        )

    def work(self, apart: bool = False) -> tuple[list[grouping.Task], layout.Data, tuple[Any, ...]]:
        """Tasks, data and the further arguments of a `compute`, but for the pulse.

        ``apart`` has the rule compiled beside the loop, not in it.
        """
        problem, group = problem_of(self.problem), self.group()
        data = packing.pack(problem, self.dtype, self.limit, self.target)
        tasks = grouping.tasks(group, problem, self.dtype, 2_000, self.given, apart=apart)
        if tasks[0].points == "moments":
            data = moments.with_table(data, group.plan)
        given = None
        if self.given:
            draws = np.random.default_rng(5)
            given = np.array([draws.permutation(problem.n) for _ in range(group.plan.epochs)])
        return tasks, data, (problem, self.every, 0, self.limit is not None, given)

    def ends(self, compute: Callable[..., layout.Out], apart: bool = False) -> list[dict[str, Any]]:
        """What every task's trajectories come to."""
        tasks, data, settings = self.work(apart)
        found = []
        for task in tasks:
            out = compute(task, data, *settings, np.zeros(2, np.int64))
            real = task.members()[2]
            found.append(
                {
                    name: np.array(getattr(out, name)[..., real])
                    for name in ("w", "loss", "best_loss", "peak", "counts")
                }
            )
        return found


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected) > 0
    for ours, theirs in zip(found, expected, strict=True):
        for name, values in ours.items():
            assert values.size > 0
            np.testing.assert_array_equal(values, theirs[name], name)


EVERYTHING: dict[str, Any] = {
    "schedule": schedules.cosine(floor=1e-4),
    "box": (-4.0, 3.9),
    "shuffle": "epoch",
}


def options(problem: str, rule: str, clip: plan.Clip) -> dict[str, Case]:
    """Schedule, clipping and box in one kernel, and all else that a kernel can be asked for."""
    n = problem_of(problem).n
    own = Case(problem, rule, seeds=OWN, rates=RATES[1:3], plan={**EVERYTHING, "clip": clip})
    # A batch of two, of three with a short one left out, and of all but one with one that is kept.
    cut = {"two": {"batch_size": 2}, "whole": {"batch_size": 3, "drop_last": True}}
    cut["short"] = {"batch_size": n - 1, "epochs": 3, "shuffle": "once"}
    cases = {name: replace(own, plan={**own.plan, **some}) for name, some in cut.items()}
    cases["looks"] = replace(own, every=3, target=0.5, plan={**own.plan, "epochs": 3})
    return {f"{rule}, {problem}, {clip[0]}, {name}": case for name, case in cases.items()}


#: A little of everything.
QUICK: dict[str, Case] = {
    **{f"{name}, four points": Case("four points", name) for name in simopt.rules.OPTIMIZERS},
    **{
        f"{each.name} as {each.convention}, four points": Case(
            "four points", each.name, {"convention": each.convention}
        )
        for each in test_conventions.COMPILED
    },
    **options("four points", "SGD", ("value", 0.7, 0.0)),
    **options("four points", "Adam", ("norm", 0.7, 1e-6)),
    **options("several weights", "SGD", ("value", 0.7, 0.0)),
    **options("several weights", "Adam", ("norm", 0.7, 1e-6)),
    **options("logistic", "Adam", ("norm", 0.7, 1e-6)),
    "hubble": Case("hubble", "Momentum", plan={"batch_size": 5}, target=1e5),
    "an order of its own": Case(
        "four points", "Adam", seeds=OWN, plan={"shuffle": "epoch", "epochs": 3}
    ),
    "a shared order": Case("four points", rates=DENSE, seeds=MANY, plan={"shuffle": "epoch"}),
    "replacement": Case(
        "four points", "Adam", seeds=OWN, plan={"shuffle": "replacement", "epochs": 3}
    ),
    "one order": Case("four points", "SGD", seeds=OWN, plan={"shuffle": "once", "epochs": 3}),
    "given orders": Case("four points", "SGD", given=True, plan={"epochs": 3}),
    "it lives on": Case("four points", "Momentum", limit=None, plan={"epochs": 40}),
    "looks by epoch": Case("four points", "SGD", every=0, target=3.0, plan={"epochs": 3}),
    "moments": Case("several weights", "SGD", plan={"batch_size": 7, "epochs": 4}, target=1.2),
    "moments in any order": Case(
        "ten weights", "SGD", seeds=OWN, plan={"batch_size": 16, "shuffle": "epoch"}
    ),
    "moments of one weight": Case(
        "hubble", "Momentum", seeds=OWN, plan={"batch_size": 16, "shuffle": "epoch"}
    ),
    "moments in given orders": Case("ten weights", "SGD", given=True, plan={"batch_size": 16}),
    "points": Case("several weights", "SGD", plan={"batch_size": 2}, limit=10.0),
    "so many updates": Case(
        "four points", "SGD", plan={"batch_size": 3, "updates": 5, "epochs": 1}
    ),
    "it arrives": Case("four points", "SGD", target=3.0, plan={"stop_at_target": True}),
    "a debiased average": Case("four points", "Adam", gamma=0.7, form="debiased", start=2),
    "a warmed average": Case("several weights", "SGD", gamma=0.7, form="warmed"),
    "a mean": Case("four points", "Momentum", form="mean", start=1),
    "weights left out, by norm": Case(
        "several weights",
        "Momentum",
        {"weight_decay": 0.3},
        plan={"clip": ("norm", 0.7, 1e-6), "spared": Spared((1.0, 0.0, 1.0), (0.0, 1.0, 1.0))},
    ),
    "weights left out, by value": Case(
        "several weights",
        "AdamW",
        plan={"batch_size": 2, "clip": ("value", 0.7, 0.0), "spared": Spared((), (1.0, 0.0, 1.0))},
    ),
    "an average": Case("four points", "SGD", gamma=0.7, target=3.0),
    "states of all starts": Case("several weights", "Anchored", rates=RATES[:2]),
    "sums over several weights": Case(
        "several weights", "LAMB", plan={"batch_size": 2, **EVERYTHING, "clip": ("norm", 0.7, 0.0)}
    ),
    "a cube root": Case("several weights", "MADGRAD", plan={"batch_size": 2}),
    "nine states": Case("several weights", "AdaGradWindow", plan={"batch_size": 2}),
    "a mask": Case("several weights", "CautiousAdamW", plan={"batch_size": 2}),
    "a start, a distance": Case("several weights", "Prodigy", {"d0": 0.01}, rates=(0.1, 1.0)),
    "a portable power": Case("several weights", "Adafactor", plan={"batch_size": 2, "epochs": 4}),
    "a mean that rates enter": Case(
        "several weights", "DAdaptAdamW", {"d0": 0.01, "convention": "optax"}, rates=(0.1, 1.0)
    ),
    "sums of moments": Case("several weights", "LAMB", plan={"batch_size": 7, "epochs": 4}),
    "sums over weights left out": Case(
        "several weights", "LARS", {"trust": 0.1}, plan={"spared": Spared((1.0, 0.0, 1.0), ())}
    ),
    "sums over one weight left out": Case(
        "four points",
        "LAMB",
        {"weight_decay": 0.3, "adapts": "decayed"},
        plan={"batch_size": 3, "spared": Spared((0.0,), ())},
    ),
    "a mask, weights left out": Case(
        "several weights",
        "CautiousAdamW",
        {"weight_decay": 0.3, "decay": "coupled"},
        plan={"batch_size": 2, "spared": Spared((1.0, 0.0, 1.0), ())},
    ),
    "a mean, weights left out": Case(
        "several weights",
        "Momentum",
        {"weight_decay": 0.3},
        form="mean",
        start=1,
        plan={"batch_size": 2, "spared": Spared((0.0, 1.0, 1.0), ())},
    ),
    "an average over sums": Case("logistic", "LAMB", gamma=0.7, form="debiased", start=2),
    "a batch's loss": Case("four points", "Polyak", plan={"batch_size": 3}),
    "losses of batches": Case(
        "several weights", "Polyak", seeds=OWN, plan={"batch_size": 5, "shuffle": "epoch"}
    ),
    "a full batch's loss": Case("several weights", "Polyak", plan={"batch_size": 7}),
    "a batch's loss by a link": Case("logistic", "Polyak", plan={"batch_size": 3}),
    "a network's loss": Case("network", "Polyak", plan={"batch_size": 4, "clip": ("norm", 0.7, 0)}),
    "a function's loss": Case("line", "Polyak", plan={"batch_size": 4}),
    "a loss without points": Case("noisy saddle", "Polyak", plan={"updates": 6, "epochs": 1}),
    "a tall matrix": Case(
        "linear network", "Muon", {"weight_decay": 0.1}, rates=RATES[:4], plan={"batch_size": 4}
    ),
    "a wide matrix": Case(
        "wide network",
        "Muon",
        {"convention": "optax"},
        rates=RATES[:4],
        plan={"batch_size": 5, "clip": ("norm", 0.7, 0.0)},
    ),
    "a matrix, weights left out": Case(
        "network",
        "Muon",
        {"convention": "keras"},
        rates=RATES[:4],
        seeds=OWN,
        plan={"batch_size": 9, "shuffle": "epoch", "spared": Spared((1.0, 0.0) * 6 + (1.0,), ())},
    ),
    "a matrix as a whole": Case(
        "network",
        "Own Muon",
        {"weight_decay": 0.1},
        rates=RATES[:4],
        seeds=OWN,
        plan={"batch_size": 9, "shuffle": "epoch", "spared": Spared((0.0,) * 6 + (1.0,) * 7, ())},
    ),
    "a matrix as a whole, without room": Case(
        "wide network",
        "Of norm 1",
        rates=RATES[:4],
        plan={"batch_size": 5, "clip": ("norm", 0.7, 0.0)},
    ),
    "noise": Case("noisy quadratic", "SGD", seeds=OWN, plan={"updates": 6, "epochs": 1}),
    "a function": Case("line", "SGD", seeds=OWN, plan={"batch_size": 4, "shuffle": "epoch"}),
    "a noisy function": Case("noisy saddle", "SGD", plan={"updates": 6, "epochs": 1}),
    "a network": Case("network", "SGD", seeds=OWN, plan={"batch_size": 4, "shuffle": "epoch"}),
    "a linear network": Case("linear network", "SGD", plan={"batch_size": 5}),
    "a network of labels": Case("network of labels", "Adam", plan={"batch_size": 5}),
    "huber": Case("huber", "SGD", seeds=OWN, plan={"batch_size": 6, "shuffle": "epoch"}),
    "poisson": Case("poisson", "SGD", plan={"batch_size": 3}, target=0.9),
    "no step while a sum is zero": Case(
        "zero first", "AdaGrad", {"convention": "optax", "epsilon": 0.0, "initial_accumulator": 0.0}
    ),
    "a rate that reacts": Case(
        "four points",
        "SGD",
        every=3,
        plan={"epochs": 8, "schedule": schedules.plateau(0.5, 0, threshold=0.5, cooldown=1)},
    ),
    "it reacts to several weights": Case(
        "several weights",
        "SGD",
        seeds=OWN,
        plan={
            "epochs": 6,
            "batch_size": 5,
            "shuffle": "epoch",
            "schedule": schedules.adaptive(1, tol=0.5, monitor="loss"),
        },
    ),
    "shared noise": Case(
        "noisy quadratic", "SGD", rates=DENSE, seeds=MANY, plan={"updates": 6, "batch_size": 9}
    ),
}

#: A little of everything that differs but in the rule: their loops serve other tests too.
SHARED = (
    *(f"{name}, four points" for name in simopt.rules.OPTIMIZERS),
    *("hubble", "an order of its own", "a shared order", "replacement", "one order"),
    *("given orders", "it lives on", "looks by epoch", "moments", "points", "so many updates"),
    *("it arrives", "noise"),
)


def _conventions() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for name, convention, besides, _ in test_conventions.CASES:
        numbers = {
            key: 4.5 if key == "threshold" else 0.5 for key, v in besides.items() if v is None
        }
        made = {"convention": convention, **besides, **numbers}
        for decay in (None, "coupled", "decoupled", "clipped"):
            fixed = name == "AdamW" or ALL[name]().made_by.own_decay
            if decay is not None and (convention != "document" or fixed):
                continue
            some = {} if decay is None else {"weight_decay": 0.1, "decay": decay}
            words = " ".join([name, convention, *besides, *([decay] if decay else [])])
            cases[words] = Case("four points", name, {**made, **some}, plan={"batch_size": 3})
    return cases


#: Losses that meet each of these rules: without a state, with one, with a clock besides.
LOSSES = (
    "several weights",
    "logistic",
    "logistic, one weight",
    "ten weights",
    "penalty",
    "huber",
    "huber, one weight",
    "poisson",
    "poisson, one weight",
)
OF_LOSSES = ("SGD", "Adam", "AdaGrad", "RAdam")


def _further() -> dict[str, Case]:
    cases: dict[str, Case] = {}
    # Of loss, rule, and whose the order is, every pair: half as many kernels as there are triples.
    for (i, problem), (j, name) in itertools.product(enumerate(LOSSES), enumerate(OF_LOSSES)):
        if (i + j) % 2:
            cases[f"{name}, {problem}, points"] = Case(problem, name, plan={"batch_size": 3})
        else:
            cases[f"{name}, {problem}, shuffled"] = Case(
                problem,
                name,
                seeds=OWN,
                rates=RATES[1:3],
                plan={"batch_size": 5 % problem_of(problem).n + 1, "shuffle": "epoch"},
            )
    for name in ("SGD", "Adam"):
        cases[f"{name}, 64 weights"] = Case("64 weights", name, plan={"batch_size": 33})
    for problem in ("several weights", "ten weights", "64 weights"):
        cases[f"{problem}, moments"] = Case(problem, plan={"batch_size": problem_of(problem).n})
    for problem in ("several weights", "logistic", "noisy quadratic", "network", "huber"):
        cases[f"{problem}, arrives"] = Case(
            problem, target=0.5, plan={"stop_at_target": True, "updates": 9, "epochs": 1}
        )
        cases[f"{problem}, averaged"] = Case(problem, "Momentum", gamma=0.7, target=0.5)
    for problem in ("network of counts", "poisson, one weight"):
        cases[f"{problem}, Adam"] = Case(problem, plan={"batch_size": 2, "shuffle": "epoch"})
    alone: dict[str, dict[str, Any]] = {
        "schedule": {"schedule": EVERYTHING["schedule"]},
        "norm": {"clip": ("norm", 0.7, 0.0)},
        "value": {"clip": ("value", 0.7, 0.0)},
        "box": {"box": (-1.5, 3.9)},
    }
    for (what, option), problem in itertools.product(alone.items(), ("penalty", "logistic")):
        cases[f"{what} alone, {problem}"] = Case(problem, "Momentum", plan=option)
    return cases


#: Every rule, convention and switch.
CONVENTIONS: dict[str, Case] = _conventions()
#: Every option alone; further problems. A kernel each.
FURTHER: dict[str, Case] = _further()
ALL_CASES = {**QUICK, **CONVENTIONS, **FURTHER}


def aspects(case: Case) -> set[Any]:
    """What of a kernel the rule's own formulas leave open: its loop, and each number of its rows.

    The loop is that of a loss, of a plan's extras, and of what kinds of parts the rule has.
    """
    problem, (task, *_) = problem_of(case.problem), case.work()[0]
    rule = task.group.rule
    _, *rest = blocks.kernel_key(task.group, problem, task.points, case.dtype)
    parts = rule.clock is not None, rule.terms is not None, rule.asks_loss, rule.average is not None
    numbers = {
        "states": len(rule.state),
        "values of the clock": len(rule.clock_values),
        "totals": len(rule.totals),
        "hyperparameters": len(rule.hyperparameters),
        "of the clock": rule.clock_hyperparameters,
        "of the terms": rule.terms_hyperparameters,
    }
    return {(bool(rule.state), *parts, rule.matrix, problem.d, *rest), *numbers.items()}


def covering(cases: dict[str, Case], given: Iterable[str] = ()) -> dict[str, Case]:
    """The given ones, and few more, that have every aspect: the next has most that none has yet.

    Kinds of rules, losses, orders and options meet in these as they do in all of them.
    """
    left = {name: aspects(case) for name, case in cases.items()}
    missing: set[Any] = set().union(*left.values())
    chosen, coming = {}, list(given)
    while missing or coming:
        most = coming.pop(0) if coming else max(left, key=lambda each: len(left[each] & missing))
        chosen[most] = cases[most]
        missing -= left.pop(most)
    return chosen


#: Of these a CPU's kernels are compiled whole, in both precisions: every loop, and every number of
#: rows. With the other rules' formulas, which have the same types, they are compiled apart, unless
#: more is asked for: ``DRAWS=1 make test-kernels``.
WHOLE: dict[str, Case] = QUICK if draws.TIMES else covering(QUICK)


@cache
def further_whole() -> dict[str, Case]:
    """Those, and the further ones whose loop none of them has, nor one before."""
    both = {**QUICK, **FURTHER}
    return both if draws.TIMES else covering(both, WHOLE)
