"""How one trajectory runs through its data: batches, epochs, and when the loss is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simopt import checks, shuffling
from simopt.problems import Problem


@dataclass(frozen=True)
class Plan:
    """Everything about a trajectory but its problem, its optimizer and its seed."""

    batch_size: int
    shuffle: str
    epochs: int
    n: int
    drop_last: bool

    @property
    def points_used(self) -> int:
        """Points of an epoch: all, or the whole batches alone."""
        return self.n - self.n % self.batch_size if self.drop_last else self.n

    @property
    def batches(self) -> int:
        """Updates per epoch."""
        return -(-self.points_used // self.batch_size)

    @property
    def updates(self) -> int:
        """Updates in all."""
        return self.batches * self.epochs


def check_batch_size(value: Any, n: int) -> int:
    """An int from 1 to n, or "full"."""
    if isinstance(value, str) and value == "full":
        return n
    try:
        return checks.whole("batch_size", value, 1, n)
    except ValueError:
        raise checks.refuse(
            "batch_size", value, f"a whole number from 1 to {n} (the points), or 'full'"
        ) from None


def make(problem: Problem, batch_size: Any, shuffle: Any, epochs: Any, drop_last: Any) -> Plan:
    """A plan of checked values."""
    if not isinstance(drop_last, bool):
        raise checks.refuse("drop_last", drop_last, "True or False")
    return Plan(
        batch_size=check_batch_size(batch_size, problem.n),
        shuffle=shuffling.check_shuffle(shuffle),
        epochs=checks.whole("epochs", epochs, 1),
        n=problem.n,
        drop_last=drop_last,
    )


def check_evaluate(evaluate: Any, problem: Problem) -> int:
    """Updates between two looks at the full loss; 0 means at each epoch's end."""
    if evaluate is None:
        return 1 if problem.kind == "least_squares" else 0
    if evaluate == "epoch":
        return 0
    return checks.whole("evaluate", evaluate, 1)


def loss_limit(problem: Problem, divergence: Any) -> float | None:
    """The loss above which a trajectory has diverged; None if nothing stops it."""
    if divergence is None:
        return None
    factor = checks.number("divergence", divergence, checks.Interval(low=1.0))
    first = problem.loss(problem.w0)
    return factor * first if first > 0 else factor
