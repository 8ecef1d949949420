"""Where a run stands, so that another can go on from there, and whether that other one fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.ground.snapshot import digest
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training import plan
from simopt.training.plan import Plan
from simopt.training.reacting import ReactingRate
from simopt.training.stepper import Stepper


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Where a run stands, and all that its updates so far depend on.

    Attributes
    ----------
    plan : Plan
        Of the run.
    seed : int
        Of orders and noise.
    order : ndarray of int64 [epochs, n], optional
        The orders, if they were given.
    problem, code : str or None
        Digests of the problem and of the rule's functions; None where what these read has no value
        to compare.
    weights : tuple of float [d]
        Where it stands.
    state : tuple of tuple of float [d, states]
        The rule's state.
    clock : tuple of float
        The rule's clock.
    reacting : ReactingRate, optional
        The rate that reacts to the loss.
    """

    plan: Plan
    seed: int
    order: NDArray[np.int64] | None
    problem: str | None
    code: str | None
    weights: tuple[float, ...]
    state: tuple[tuple[float, ...], ...]
    clock: tuple[float, ...]
    reacting: ReactingRate | None

    def restore(self, stepper: Stepper) -> None:
        """Put a stepper where the run stands."""
        stepper.weights = list(self.weights)
        stepper.state = [list(each) for each in self.state]
        stepper.clock = list(self.clock)


def checkpoint(
    problem: Problem,
    optimizer: Optimizer,
    made: Plan,
    seed: int,
    order: NDArray[np.int64] | None,
    stepper: Stepper,
    reacting: ReactingRate | None,
) -> Checkpoint:
    """Where a run stands at its end."""
    return Checkpoint(
        plan=made,
        seed=seed,
        order=order,
        problem=_problem(problem),
        code=_code(optimizer),
        weights=tuple(stepper.weights),
        state=tuple(map(tuple, stepper.state)),
        clock=tuple(stepper.clock),
        reacting=reacting,
    )


def check(
    resume: Any, problem: Problem, optimizer: Optimizer, made: Plan, seed: int, order: Any
) -> Plan:
    """The plan of a run that goes on from another.

    Raises
    ------
    ValueError
        If what the updates already made depend on is not the same, or there are none to make.
    """
    before: Checkpoint = resume.checkpoint
    theirs, ours = resume.optimizer, optimizer
    done = before.plan
    same = {
        "problem": (
            resume.problem.name,
            problem.name,
            before.problem == _problem(problem)
            if before.problem is not None
            else resume.problem is problem,
        ),
        "optimizer": (
            theirs,
            ours,
            (theirs.name, theirs.convention, theirs.settings, theirs.switches)
            == (ours.name, ours.convention, ours.settings, ours.switches)
            and _same_rule(before.code, theirs, ours),
        ),
        "seed": (before.seed, seed, before.seed == seed),
    }
    for name in ("batch_size", "shuffle", "points", "drop_last", "clip", "box", "decays", "clips"):
        mine, its = getattr(made, name), getattr(done, name)
        same[name] = its, mine, its == mine
    begun = done.epochs
    cut = None if order is None else np.asarray(order)[:begun]
    same["order"] = _orders(before.order), _orders(cut), _equal(before.order, cut)
    for name, (its, mine, equal) in same.items():
        if not equal:
            also = "" if repr(its) != repr(mine) else ", but the two differ"
            raise ValueError(
                f"resume={resume!r}: must be of the same {name}: {its}, not {mine}{also}"
            )
    return plan.check_begun(made, done)


def _problem(problem: Problem) -> str | None:
    try:
        return problem.snapshot().digest
    except ValueError:
        return None


def _code(optimizer: Optimizer) -> str | None:
    try:
        return digest(*optimizer.rule.functions)
    except ValueError:
        return None


def _same_rule(code: str | None, theirs: Optimizer, ours: Optimizer) -> bool:
    if code is None:
        return theirs.rule is ours.rule
    return code == _code(ours)


def _orders(order: NDArray[np.int64] | None) -> str:
    return "drawn" if order is None else f"given for {len(order)} epochs"


def _equal(one: NDArray[np.int64] | None, other: NDArray[np.int64] | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.array_equal(one, other))
