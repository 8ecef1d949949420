"""What counts as what on a trajectory: one table of cases, and all time loops meet the oracle."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simopt
from simopt import schedules
from simopt.engine import layout, losses, packing, per_thread
from simopt.schedules import adaptive, plateau
from simopt.training import plan
from tests import reference

pytestmark = pytest.mark.interpreted
FOUR = simopt.problems.four_points()
#: Its weight is multiplied by 1 - 2 eta: all numbers are exact. The optimum is 0.
ONE = simopt.problems.least_squares([[1.0]], [0.0], w0=[1.0])
#: With eta = 1/4 a weight goes half the way to -1, then half the way to 1. The optimum is 0.
TWO = simopt.problems.least_squares([[1.0], [1.0]], [-1.0, 1.0], w0=[1.0])
SEVERAL = simopt.problems.least_squares(
    [[1.0, 0.5], [0.3, -1.0], [-0.7, 0.2], [1.5, 1.0], [0.1, -0.4]],
    [1.0, 2.0, -1.0, 0.5, 0.0],
    l2=0.1,
    w0=[2.0, -1.0],
)
LABELS = simopt.problems.logistic(
    [[1.0, 0.5], [0.3, -1.0], [-0.7, 0.2], [1.5, 1.0], [0.1, -0.4]], [1, 0, 0, 1, 1], l2=0.1
)
COUNTS = ("diverged_at", "steps_to_target", "best_at", "overshoots")


@dataclass(frozen=True)
class Case:
    """One trajectory, in the words of `simopt.run`."""

    problem: Any
    eta: float
    rule: str = "SGD"
    gamma: float | None = None
    convention: str = "document"
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def optimizer(self):
        rule = getattr(simopt, self.rule)(eta=self.eta, convention=self.convention)
        return rule if self.gamma is None else simopt.averaged(rule, self.gamma)

    @property
    def limit(self):
        factor = self.options.get("divergence", 1e6)
        return None if factor is None else factor * self.problem.loss(self.problem.w0)


def case(problem, eta, rule="SGD", gamma=None, convention="document", **options):
    return Case(problem, eta, rule, gamma, convention, options)


#: Drops by half behind the second epoch without a fall by a twentieth.
DROPS = plateau(0.5, 1, threshold=0.05)
ENDLESS = {"divergence": None, "updates": 1500}
CASES = {
    "every update crosses the optimum": case(ONE, 0.75, updates=6),
    "so do gaps whose product would be 0": case(ONE.replace(w0=2.0**-600), 0.75, updates=6),
    "the optimum itself is on neither side": case(ONE, 0.5, updates=3),
    "back to the same side is no crossing": case(TWO, 0.25, updates=2),
    "through the optimum to the other side is one": case(TWO, 0.25, updates=7),
    "nor is leaving a start at the optimum": case(TWO.replace(w0=0.0), 0.25, updates=5),
    "of equal losses the first is the best": case(ONE, 1.0, updates=4),
    "looks every third update, and at the end": case(FOUR, 0.03, updates=8, evaluate=3, target=2.0),
    "looks at epochs' ends, one of them early": case(
        FOUR, 0.03, updates=6, evaluate="epoch", target=2.0
    ),
    "only the last update is looked at": case(FOUR, 0.1, updates=7, evaluate=100, target=20.0),
    "divergence is seen at looks alone": case(FOUR, 5.0, updates=30, evaluate=4),
    "a loss at the limit has not diverged": case(ONE, 1.0, updates=3, divergence=1.0),
    "one above it has": case(ONE, 1.0 + 2**-20, updates=3, divergence=1.0),
    "without a limit it goes on to nan": case(FOUR, 5.0, **ENDLESS),
    "and nan is never the best": case(FOUR, 5.0, evaluate=10_000, **ENDLESS),
    "a loss at the target is there": case(ONE, 0.75, updates=4, target=0.25),
    "the target ends it": case(ONE, 0.75, updates=4, target=0.0625, stop_at_target=True),
    "the target ends it at a look": case(
        FOUR, 0.03, updates=9, evaluate=4, target=10.0, stop_at_target=True
    ),
    "it goes on past the target, and diverges": case(FOUR, 0.8, "Momentum", updates=40, target=4.0),
    "a target above the limit: it has diverged": case(
        ONE, 2.0, updates=4, divergence=1.0, target=10.0, stop_at_target=True
    ),
    "components are clipped": case(FOUR, 0.1, updates=9, clip_value=3.0),
    "and each by itself": case(SEVERAL, 0.1, updates=9, batch_size=2, clip_value=0.4),
    "a norm is clipped": case(FOUR, 0.1, updates=9, clip_norm=3.0),
    "and is that of all weights": case(SEVERAL, 0.1, updates=9, batch_size=2, clip_norm=0.4),
    "PyTorch adds to the norm": case(FOUR, 0.1, convention="torch", updates=9, clip_norm=3.0),
    "a box keeps the weight, not the state": case(
        FOUR, 0.1, "Momentum", updates=20, box=(-4.0, 4.9)
    ),
    "a box has its bounds": case(ONE, 2.0, updates=5, box=(-2.0, 1.5)),
    "a rate is that of its update": case(FOUR, 0.1, epochs=3, schedule="cosine"),
    "a short batch divides by its length": case(FOUR, 0.1, epochs=3, batch_size=3),
    "or is left out": case(FOUR, 0.1, epochs=3, batch_size=3, drop_last=True),
    "the clock goes on from epoch to epoch": case(FOUR, 0.1, "Adam", epochs=3, batch_size=3),
    "an average is what is looked at": case(FOUR, 0.1, gamma=0.7, updates=12, target=3.0),
    "and stays where it arrived": case(
        FOUR, 0.1, gamma=0.7, updates=12, target=3.0, stop_at_target=True
    ),
    "distances of several weights": case(SEVERAL, 0.2, "Adam", epochs=4, batch_size=2),
    "an average of several weights": case(SEVERAL, 0.2, gamma=0.5, epochs=4, batch_size=2),
    "a rate falls where the loss stands still": case(TWO, 0.25, epochs=9, schedule=DROPS),
    "by half, and no further than a floor": case(
        TWO, 0.25, epochs=12, schedule=plateau(0.5, 0, threshold=0.05, floor=0.1)
    ),
    "a share of the base rate": case(
        TWO, 0.25, epochs=12, schedule=plateau(0.5, 0, threshold=0.05, floor_factor=0.4)
    ),
    "it rests after a drop": case(
        TWO, 0.25, epochs=12, schedule=plateau(0.5, 0, threshold=0.05, cooldown=2)
    ),
    "in Keras an epoch less, and it falls an epoch earlier": case(
        TWO,
        0.25,
        epochs=12,
        schedule=plateau(0.5, 1, threshold=0.05, cooldown=2, convention="keras"),
    ),
    "a change too small is not made": case(
        TWO, 0.25, epochs=12, schedule=plateau(0.5, 0, threshold=0.05, least_change=0.05)
    ),
    "scikit-learn divides by five": case(
        TWO, 0.25, epochs=9, schedule=adaptive(2, tol=0.01, monitor="loss")
    ),
    "and ends at a millionth": case(
        TWO, 4e-6, epochs=9, schedule=adaptive(1, tol=0.01, monitor="loss")
    ),
    "a look elsewhere changes no rate": case(
        FOUR, 0.002, epochs=9, evaluate=3, schedule=plateau(0.5, 0, threshold=0.5)
    ),
    "a rate reacts to all weights": case(
        SEVERAL, 0.3, "Adam", epochs=8, batch_size=2, schedule=plateau(0.5, 0, threshold=0.3)
    ),
    "to the loss of an average": case(
        TWO, 0.25, gamma=0.9, epochs=9, schedule=plateau(0.5, 0, threshold=0.3)
    ),
    "and an average of several weights": case(
        SEVERAL, 0.2, gamma=0.5, epochs=8, batch_size=2, schedule=plateau(0.5, 0, threshold=0.3)
    ),
    "short of a last epoch too": case(
        TWO, 0.25, updates=9, batch_size=1, schedule=plateau(0.5, 0, threshold=0.05)
    ),
    "it diverges all the same": case(FOUR, 5.0, epochs=30, schedule=DROPS),
    "or arrives": case(
        TWO, 0.25, epochs=30, target=1.05, stop_at_target=True, evaluate="epoch", schedule=DROPS
    ),
    "labels stand still": case(
        LABELS, 0.5, "Adam", epochs=9, schedule=plateau(0.5, 0, threshold=0.2)
    ),
    "by default some losses are looked at by epoch": case(LABELS, 0.5, "Adam", epochs=4),
}


def by_lanes(case):
    """The row of a sweep."""
    return dict(simopt.sweep(case.problem, case.optimizer, **case.options).iloc[0])


def by_run(case):
    return dict(simopt.run(case.problem, case.optimizer, **case.options).summary)


def by_thread(case):
    """`per_thread` as it stands, in plain Python."""
    problem, optimizer = case.problem, case.optimizer
    options = {"batch_size": 1, "epochs": 1} | case.options
    clip = options.get("clip_norm"), options.get("clip_value"), case.convention
    updates = options.get("updates")
    made = plan.make(
        problem,
        options["batch_size"],
        "never",
        options["epochs"],
        options.get("drop_last", False),
        schedules.check(options.get("schedule")),
        plan.clip_of(*clip),
        options.get("box"),
        updates,
        options.get("stop_at_target", False),
    )
    passes, extras = losses.passes_of(problem), packing.extras_of(made)
    data = packing.pack(problem, np.float64, case.limit, options.get("target"))
    program = per_thread.program(
        optimizer.rule, passes, False, np.float64, extras, problem.d, data.w0.size
    )
    every = plan.check_evaluate(options.get("evaluate"), problem)
    how = packing.how_of(made, problem.d, np.float64, every, 0, case.limit is not None, False)
    ends = per_thread.Ends(
        np.empty((problem.d, 1)), *np.empty((3, 1)), np.empty((layout.COUNTED, 1), np.int64)
    )
    work, ticks = np.zeros((program.rows, 1)), np.zeros((program.clocks, 1))
    hyper = np.array([optimizer.values], float).T
    orders = np.tile(np.arange(problem.n), made.epochs)
    with np.errstate(all="ignore"):
        program.advance(data, how, hyper, orders, 0, 0, problem.n, work, ticks, ends, 0)
    counts = ends.counts[:, 0].tolist()
    row = {
        "best_at": counts[layout.BEST_AT],
        "steps_to_target": counts[layout.TARGET_AT],
        "diverged_at": counts[layout.DIVERGED_AT],
        "overshoots": counts[layout.OVERSHOOTS] if problem.d == 1 else pd.NA,
        "loss": ends.loss[0],
        "best_loss": ends.best_loss[0] if counts[layout.BEST_AT] else math.nan,
        "peak_distance": ends.peak[0] if problem.d == 1 else math.sqrt(ends.peak[0]),
    }
    row["status"] = "diverged" if row["diverged_at"] else "ok"
    ended = row["diverged_at"] or (made.stop_at_target and row["steps_to_target"])
    row["updates"] = ended or made.updates
    names = ["w"] if problem.d == 1 else [f"w_{k}" for k in range(problem.d)]
    return row | dict(zip(names, ends.w[:, 0].tolist(), strict=True))


def reacted(losses, eta, settings):
    """The rate after epochs of these losses, as the frameworks' own code goes through them."""
    best, bad, rest, rate = math.inf, 0, 0, eta
    for loss in losses:
        if "tol" in settings:  # sklearn/linear_model/_sgd_fast.pyx.tp
            bad = bad + 1 if loss > best - settings["tol"] else 0
            best = min(best, loss)
            if bad >= settings["patience"]:
                rate, bad = (rate / 5 if rate > 1e-6 else 0.0), 0
            continue
        least = settings["floor"] + settings["floor_factor"] * eta
        if settings["convention"] == "keras":  # keras/src/callbacks/reduce_lr_on_plateau.py
            if rest > 0:
                rest, bad = rest - 1, 0
            if loss + settings["threshold"] < best:
                best, bad = loss, 0
            elif rest == 0:
                bad += 1
                if bad >= settings["patience"] and rate > least:
                    rate, rest, bad = max(settings["factor"] * rate, least), settings["cooldown"], 0
            continue
        if loss < best * (1 - settings["threshold"]):  # torch/optim/lr_scheduler.py
            best, bad = loss, 0
        else:
            bad += 1
        if rest > 0:
            rest, bad = rest - 1, 0
        if bad > settings["patience"]:
            smaller = max(settings["factor"] * rate, least)
            smallest = settings["least_change"]
            rate = smaller if rate - smaller > (1e-8 if smallest is None else smallest) else rate
            rest, bad = settings["cooldown"], 0
    return rate


def by_the_oracle(case):
    problem, options = case.problem, case.options
    size = options.get("batch_size", 1)
    used = problem.n - problem.n % size if options.get("drop_last") else problem.n
    batches = -(-used // size)
    updates = options.get("updates", options.get("epochs", 1) * batches)
    clip = {"norm": options.get("clip_norm"), "value": options.get("clip_value")}
    epochs = -(-updates // batches)

    def trajectory(rates, epochs=epochs):
        return reference.trajectory(
            problem,
            case.rule,
            getattr(simopt, case.rule)(eta=case.eta).settings,
            size,
            [list(range(problem.n))] * epochs,
            options.get("drop_last", False),
            rates,
            clip | {"slack": 1e-6 if case.convention == "torch" else 0.0},
            options.get("box"),
            case.gamma,
        )

    rates, schedule = None, options.get("schedule")
    if schedule == "cosine":
        rates = [case.eta * (1 + math.cos(math.pi * t / updates)) / 2 for t in range(updates)]
    elif schedule is not None:
        losses, rates = [], [case.eta] * batches
        for epoch in range(1, epochs):
            losses.append(trajectory(rates, epoch)[-1][2])
            rates += [reacted(losses, case.eta, dict(schedule.settings))] * batches
    steps = trajectory(rates)[:updates]
    every = options.get("evaluate") or ("epoch" if problem is LABELS else 1)
    target, stops = options.get("target"), options.get("stop_at_target", False)
    return reference.summary(problem, steps, every, case.limit, target, stops)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("loop", [by_lanes, by_thread, by_run])
def test_a_loop_meets_the_oracle(loop, name):
    case = CASES[name]
    row, expected = loop(case), by_the_oracle(case)
    assert row["status"] == expected["status"]
    assert row["updates"] == expected["updates"]
    for count in COUNTS:
        value = 0 if row[count] is pd.NA else row[count]
        if count != "overshoots" or case.problem.d == 1:
            assert value == expected[count], count
    weights = [row["w"]] if case.problem.d == 1 else [row[f"w_{k}"] for k in range(case.problem.d)]
    np.testing.assert_allclose(weights, expected["w"], rtol=1e-10)
    for number in ("loss", "best_loss", "peak_distance"):
        np.testing.assert_allclose(row[number], expected[number], rtol=1e-10, err_msg=number)


def test_the_cases_tell_the_definitions_apart():
    """Every outcome occurs, so that a loop that never looks, or never ends, does not meet them."""
    rows = [by_the_oracle(case) for case in CASES.values()]
    for count in COUNTS:
        assert {0, 1} <= {row[count] for row in rows}, count
    assert {row["status"] for row in rows} == {"ok", "diverged"}
    assert any(row["diverged_at"] and row["steps_to_target"] for row in rows)


REACTING = [name for name, each in CASES.items() if "schedule" in each.options]


@pytest.mark.parametrize("name", [n for n in REACTING if CASES[n].options["schedule"] != "cosine"])
def test_a_rate_that_reacts_does_change(name):
    case = CASES[name]
    rates = simopt.run(case.problem, case.optimizer, **case.options).steps["eta"]
    assert rates.iloc[0] == case.eta
    assert rates.iloc[-1] < case.eta
