"""How far the conventions lead apart: the same points, the same start, other formulas."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import schedules
from simopt.problems import Problem
from simopt.report.learning_rate.grid import SHUFFLED
from simopt.report.pages import Computed
from simopt.report.sweeps import ALONG, Setting, settings
from simopt.rules import ALL
from simopt.rules.formulas import identity
from simopt.rules.formulas import settings as settings_of
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer
from simopt.training.stepper import Stepper

#: What is compared: every rule as its conventions have it, and RMSprop with momentum, where the
#: place of the rate shows.
BUFFERED = "RMSprop + momentum"
CASES: dict[str, tuple[str, dict[str, float]]] = {}
for _name in ALL:
    CASES[_name] = (_name, {})
    if _name == "RMSprop":
        CASES[BUFFERED] = (_name, {"momentum": 0.9})

#: After so many updates tables look; figures in between too.
LOOKED = (10, 100, 1000)
UPDATES = LOOKED[-1]
LOOKS = tuple(sorted({*np.geomspace(1, UPDATES, 28).round().astype(int).tolist(), *LOOKED}))

#: The quick report looks no further.
QUICK = LOOKED[1]

#: The rate drops by this factor after so many updates; looked at so many updates from the start.
#: It shows where the rate is placed: in these rules alone.
DROP, DROPPED_AT = 0.1, 10
PLACED = ("Momentum", "Nesterov", BUFFERED)
AFTER_DROP = (11, 12, 15, 20, 30, 50, 70, 100)

#: The common setting: epsilon, and the rate of the rules that step along the gradient and of those
#: that scale it, so that a thousand updates arrive or come near.
EPSILON = 0.1
RATES = {"four points": (0.01, 0.1), "Hubble": (0.01, 1.0), "diabetes": (0.01, 1.0)}

#: What all conventions have in common there; an initial accumulator, say, stays the convention's.
SHARED = ("eta", "beta", "beta1", "beta2", "rho", "epsilon", "weight_decay")

OWN, COMMON, DROPPED = "own defaults", "common setting", "one drop of the rate"

Floats = NDArray[np.float64]
Path = dict[int, Floats]
#: Weights, and their loss, after so many updates.
Seen = dict[int, tuple[Floats, float]]


def family(case: str, convention: str = "document", **given: Any) -> Optimizer:
    """A case in a convention."""
    name, fixed = CASES[case]
    return ALL[name](convention=convention, **{**fixed, **given})


def conventions(case: str) -> list[str]:
    """Those that have the rule, the document's first."""
    rule = CASES[case][0]
    return [key for key, framework in FRAMEWORKS.items() if rule in framework.rules]


def rate_inside(case: str, convention: str) -> bool:
    """Whether the rate goes into a buffer of the rule."""
    return settings_of(family(case, convention)).get("rate_place") == "inside"


def common(case: str, convention: str, problem: str, epsilon: float = EPSILON) -> Optimizer:
    """A convention's formula with everybody's hyperparameters."""
    document = family(case).settings
    along, scaled = RATES[problem]
    shared = {name: document.get(name, 0.0) for name in SHARED}
    shared["eta"] = along if case in ALONG else 1.0 if case == "Adadelta" else scaled
    shared["epsilon"] = epsilon
    has = family(case, convention).settings
    return family(case, convention, **{name: shared[name] for name in SHARED if name in has})


def gradients(problem: Problem, batch_size: int) -> list[Callable[[list[float]], list[float]]]:
    """The gradient of each batch in file order; `Problem.gradient` without its checks."""
    assert problem.linear
    assert problem.squared
    assert not problem.l2.any()

    def single(x: float, y: float) -> Callable[[list[float]], list[float]]:
        return lambda w: [2.0 * (x * w[0] - y) * x]

    def several(x: Floats, y: Floats) -> Callable[[list[float]], list[float]]:
        def gradient(w: list[float]) -> list[float]:
            slope: list[float] = ((2.0 * (x @ w - y)) @ x / len(y)).tolist()
            return slope

        return gradient

    if problem.d == batch_size == 1:
        return [
            single(x, y) for x, y in zip(problem.x[:, 0].tolist(), problem.y.tolist(), strict=True)
        ]
    cuts = range(0, problem.n, batch_size)
    return [several(problem.x[k : k + batch_size], problem.y[k : k + batch_size]) for k in cuts]


def losses(problem: Problem, batch_size: int) -> list[Callable[[list[float]], float]]:
    """The loss of each batch in file order, for rules that ask for it."""

    def of(rows: slice) -> Callable[[list[float]], float]:
        return lambda w: problem.batch_loss(w, rows)

    return [of(slice(k, k + batch_size)) for k in range(0, problem.n, batch_size)]


def walk(
    problem: Problem,
    optimizer: Optimizer,
    batch_size: int,
    looks: Sequence[int],
    rates: Sequence[float] | None = None,
) -> Path:
    """The weights after some updates, in file order; from where they overflow on, not finite."""
    batches, costs = gradients(problem, batch_size), losses(problem, batch_size)
    stepper, seen, wanted = Stepper(optimizer, problem.w0.tolist()), {}, set(looks)
    with np.errstate(all="ignore"):
        for k in range(max(looks)):
            gradient = batches[k % len(batches)](stepper.weights)
            loss = costs[k % len(costs)](stepper.weights) if stepper.asks_loss else None
            stepper.step(gradient, None if rates is None else rates[k], loss)
            if k + 1 in wanted:
                seen[k + 1] = np.asarray(stepper.weights)
    return seen


def apart(a: float, b: float) -> float:
    """How far two numbers >= 0 are apart, of the larger: 0 for the same, 1 for another world.

    Examples
    --------
    >>> apart(2.0, 1.0), apart(0.0, 0.0)
    (0.5, 0.0)
    """
    return abs(a - b) / max(a, b) if max(a, b) > 0 else 0.0


def _seen(problem: Problem, path: Path) -> Seen:
    """The path with its losses."""
    with np.errstate(all="ignore"):
        return {update: (w, problem.loss(w)) for update, w in path.items()}


def _compared(here: Seen, there: Seen) -> list[dict[str, float]]:
    """Weights and loss of one path against another, look by look."""
    rows = []
    for update, (w, loss) in here.items():
        reference, reference_loss = there[update]
        with np.errstate(all="ignore"):
            rows.append(
                {
                    "update": update,
                    "weights": float(np.linalg.norm(w - reference) / np.linalg.norm(reference)),
                    "loss": apart(loss, reference_loss),
                }
            )
    return rows


def reached(quick: bool) -> tuple[int, ...]:
    """Those of `LOOKED` that a report reaches."""
    return tuple(each for each in LOOKED if not quick or each <= QUICK)


def looked(frame: pd.DataFrame) -> tuple[int, ...]:
    """Those of `LOOKED` that a table of `measured` reaches."""
    return tuple(each for each in LOOKED if each <= frame["update"].max())


@cache
def measured(quick: bool = False) -> tuple[pd.DataFrame, Computed]:
    """Every convention against the document's: a row per case, convention, problem and look.

    Parameters
    ----------
    quick : bool
        Up to `QUICK` updates alone.

    Returns
    -------
    DataFrame
        ``problem``, ``setting``, ``case``, ``convention``, ``same`` (the formula and every number
        are the document's), ``update``, ``weights`` (distance, relative to the document's),
        ``loss`` (see `apart`).
    Computed
        What that took.
    """
    began = time.perf_counter()
    rows: list[dict[str, Any]] = []
    counts = [0, 0]
    looks = tuple(each for each in LOOKS if not quick or each <= QUICK)
    for key, setting in settings().items():
        for what in (OWN, COMMON, DROPPED):
            for case in PLACED if what == DROPPED else tuple(CASES):
                rows += _case(key, setting, what, case, looks, counts)
    seconds = time.perf_counter() - began
    spent = Computed("each convention against the document's", counts[0], counts[1], seconds)
    return pd.DataFrame(rows), spent


def _case(
    key: str, setting: Setting, what: str, case: str, looks: Sequence[int], counts: list[int]
) -> list[dict[str, Any]]:
    """The rows of one rule; what several conventions share is run once."""
    walked: dict[Any, Seen] = {}
    rows = []
    for convention in conventions(case):
        optimizer = family(case, convention) if what == OWN else common(case, convention, key)
        mark = identity(optimizer)
        if mark not in walked:
            rates = None
            if what == DROPPED:
                looks = AFTER_DROP
                eta = float(optimizer.settings["eta"])  # type: ignore[arg-type]
                schedule = schedules.multi_step([DROPPED_AT], DROP)
                rates = schedule.rates(eta, max(looks)).tolist()
            path = walk(setting.problem, optimizer, SHUFFLED[key], looks, rates)
            walked[mark] = _seen(setting.problem, path)
            counts[0] += 1
            counts[1] += max(looks)
        if convention == "document":
            reference, first = walked[mark], mark
        else:
            about = {"problem": key, "setting": what, "case": case, "convention": convention}
            rows += [
                {**about, "same": mark == first, **row}
                for row in _compared(walked[mark], reference)
            ]
    return rows
