"""Every rule on a problem at rates over many powers of ten: which do well, where the edge is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt import rules, schedules
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.validation import runs
from simopt.curves.validation.runs import Sampling
from simopt.problems import Problem
from simopt.rules import Optimizer

Floats = NDArray[np.float64]

#: Rules that have momentum alone, with what is tried of it.
MOMENTA: dict[str, tuple[float, ...]] = {"Momentum": (0.9, 0.99, 0.0), "Nesterov": (0.9, 0.99, 0.0)}

#: Rules whose steps are as long as the gradient, and so too long for steep problems.
PROPORTIONAL = ("SGD", "Momentum", "Nesterov")


@dataclass(frozen=True, eq=False)
class RuleScan:
    """One rule at all its rates: shares left at the end of a run.

    Attributes
    ----------
    name : str
        The rule.
    beta : float
        Its momentum, where it is an axis; else 0.
    make : callable
        ``make(eta) -> Optimizer``.
    eta : ndarray [RATES]
    left, decayed : ndarray [RATES]
        With a constant rate, and with one that falls to 0 along a line.
    tuned, edge, low : int
        Which rate is the best one, the largest that ends below the start, and the largest that
        loses less than half of what the best one does.
    """

    name: str
    beta: float
    make: Callable[[Any], Optimizer]
    eta: Floats
    left: Floats
    decayed: Floats
    tuned: int
    edge: int
    low: int


def scan(
    rng: np.random.Generator, problem: Problem, plan: Sampling, names: Sequence[str], threads: int
) -> list[RuleScan]:
    """Every rule at rates over many powers of ten."""
    settings = []
    for name in names:
        scale = _scale(problem, name) * 10 ** rng.uniform(0, 0.2)
        eta = scale * np.geomspace(10.0 ** (3 - runs.DECADES), 1e3, runs.RATES)
        settings += [(name, beta, eta) for beta in MOMENTA.get(name, (0.0,))]
    makers = [_maker(name, beta) for name, beta, _ in settings]
    optimizers = [make(eta) for make, (_, _, eta) in zip(makers, settings, strict=True)]
    ends = runs.ends(problem, optimizers, plan, [runs.CONSTANT, schedules.linear()], threads)
    left = shares_of(problem, ends)
    left[~np.isfinite(left)] = np.inf
    return [
        RuleScan(name, beta, make, eta, constant, falling, *landmarks(constant))
        for (name, beta, eta), make, (constant, falling) in zip(
            settings, makers, np.moveaxis(left, 2, 1), strict=True
        )
    ]


def landmarks(left: Floats) -> tuple[int, int, int]:
    """Which rates are the tuned one, the largest that ends below the start, and one too low."""
    good = np.flatnonzero(left <= max(2 * left.min(), left.min() + 1e-6))
    tuned = int(good[len(good) // 2])
    above = np.flatnonzero(~(left[tuned:] < 1))
    edge = tuned + (int(above[0]) - 1 if len(above) else len(left) - tuned - 1)
    below = np.flatnonzero(1 - left[:tuned] < 0.5 * (1 - left[tuned]))
    return tuned, max(edge, 0), int(below[-1]) if len(below) else 0


def _maker(name: str, beta: float) -> Callable[[Any], Optimizer]:
    more = {"beta": beta} if name in MOMENTA else {}
    return lambda eta: rules.ALL[name](eta=eta, **more)


def _scale(problem: Problem, name: str) -> float:
    """Where the middle of a rule's useful rates may be."""
    if name == "Adadelta":
        return 100.0
    if name in PROPORTIONAL:
        if problem.formula is not None:
            return 0.1
        return float(1 / np.linalg.eigvalsh(problem.hessian_at(problem.w0))[-1])
    return 5.0 if problem.minimizer is None else float(np.abs(problem.minimizer - problem.w0).max())


def shares_of(problem: Problem, losses: Floats) -> Floats:
    """Losses as shares of what there is to lose."""
    start, least = problem.loss(problem.w0), problem.minimum_loss
    with np.errstate(all="ignore"):
        shares: Floats = (as_float32(losses) - least) / (start - least)
    return shares
