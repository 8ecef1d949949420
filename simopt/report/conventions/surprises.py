"""What surprises in the frameworks, and how large each surprise is: measured at build time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from simopt import problems
from simopt.ground.formatting import number
from simopt.report.conventions.measured import walk
from simopt.report.conventions.names import code
from simopt.rules import ALL
from simopt.rules.framework import Surprise
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer
from simopt.training.run import run
from simopt.training.stepper import Stepper


class Lab:
    """The measurements of surprises, `simopt.rules.framework.Measures`."""

    def moves(self, optimizer: Optimizer, gradient: float, updates: int = 1) -> list[float]:
        """How far each update moves a weight whose gradient stays the same, in units of eta.

        The loss, for rules that ask for it, is that of a parabola of curvature 1.
        """
        stepper, at = Stepper(optimizer, [0.0]), [0.0]
        for _ in range(updates):
            stepper.step([gradient], loss=gradient * gradient / 2)
            at += stepper.weights
        steps: list[float] = (np.abs(np.diff(at)) / stepper.eta).tolist()
        return steps

    def four(
        self, optimizer: Optimizer, updates: int, rates: Sequence[float] | None = None
    ) -> float:
        """The weight on the four points after so many updates, point by point."""
        return float(walk(problems.four_points(), optimizer, 1, [updates], rates)[updates][0])

    def farthest(self, one: Optimizer, other: Optimizer, updates: int) -> float:
        """The greatest distance of the weights on the way, relative to the other's."""
        points, looks = problems.four_points(), range(1, updates + 1)
        here, there = (walk(points, each, 1, looks) for each in (one, other))
        return max(float(abs(here[k][0] - there[k][0]) / abs(there[k][0])) for k in looks)

    def clipped(self, optimizer: Optimizer, norm: float, epochs: int) -> float:
        """The weight after some epochs of the four points, the gradient clipped to a norm."""
        points = problems.four_points()
        return float(run(points, optimizer, clip_norm=norm, epochs=epochs).summary["w"])


@dataclass(frozen=True)
class Measured:
    """A surprise: its title, the sentence with its size, and simopt's code of what it compares."""

    title: str
    size: str
    here: tuple[str, ...]


def measured(surprise: Surprise) -> Measured:
    """A surprise with its numbers."""
    optimizers = [ALL[each[0]](**each[1]) for each in surprise.here if not isinstance(each, str)]
    here = (each if isinstance(each, str) else code(each[0], **each[1]) for each in surprise.here)
    return Measured(surprise.title, surprise.size(Lab(), *optimizers), tuple(here))


@cache
def surprises() -> tuple[Measured, ...]:
    """All, the most consequential first."""
    every = [surprise for each in FRAMEWORKS.values() for surprise in each.surprises]
    return tuple(measured(each) for each in sorted(every, key=lambda surprise: surprise.rank))


def papers() -> str:
    """What the settings of the two reports come to."""
    rho, epsilon, gradient = 0.99, 0.01, 0.01
    outside, inside = (
        Lab().moves(ALL["RMSprop"](rho=rho, epsilon=epsilon, epsilon_place=each), gradient, 2000)[
            -1
        ]
        for each in ("outside", "inside")
    )
    return (
        f"With a decay of {number(rho)} and ε = {number(epsilon)}, a gradient that stays at "
        f"{number(gradient)} moves a weight by {number(outside, 2)} η an update in PyTorch and by "
        f"{number(inside, 2)} η where ε is inside the root, {number(outside / inside, 2)} times "
        "less."
    )
