"""What the batch-size page sweeps: batch sizes, passes and updates of each problem."""

from __future__ import annotations

from simopt.problems import Problem
from simopt.training import plan

#: The batch sizes of each problem.
SIZES = {
    "four points": (1, 2, 4),
    "Hubble": (1, 2, 4, 8, 12, 24),
    "diabetes": (1, 2, 4, 8, 16, 32, 64, 128, 256, 442),
}

#: Passes over the points that "equal epochs" means, per problem.
EPOCHS = {"four points": 3, "Hubble": 20, "diabetes": 10}

#: Updates that "equal updates" means: whole epochs at every batch size, or nearly.
UPDATES = {"four points": 12, "Hubble": 240, "diabetes": 442}


def sizes_of(key: str, quick: bool) -> tuple[int, ...]:
    """The batch sizes of a problem; of many, every other one will do in a hurry."""
    sizes = SIZES[key]
    return (*sizes[:-1:2], sizes[-1]) if quick and len(sizes) > 6 else sizes


def plan_of(problem: Problem, size: int) -> plan.Plan:
    """One epoch at a batch size."""
    return plan.make(problem, size, "never", 1, False)


def epochs_for_updates(key: str, problem: Problem, size: int) -> int:
    """The epochs that come nearest to ``UPDATES`` at a batch size, one at least."""
    return max(1, round(UPDATES[key] / plan_of(problem, size).batches))
