"""The engine for an experiment, with its seeds and a count of its trajectories."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.sweeps import sweep as sweeping
from simopt.training import run as trajectory

#: Seeds of one whole and the next are so far apart that no claim meets another's.
APART = 1_000_000


class Trials:
    """The engine for one claim: seeds derived from the call's, trajectories counted.

    Attributes
    ----------
    quick : bool
        Fewer seeds: see `few`.
    seed : int
        Of the whole: a claim that draws anything draws it from here.
    counted : set of str
        The names of `shared` runs that need no counting any more: a set that the claims of a call
        have in common.
    trajectories, updates : int
        Run so far.
    """

    def __init__(
        self, *, quick: bool = False, seed: int = 0, counted: set[str] | None = None
    ) -> None:
        self.quick = quick
        self.seed = seed
        self.counted = set() if counted is None else counted
        self.trajectories = 0
        self.updates = 0

    def few(self, full: int, quick: int) -> int:
        """The number of seeds, starts or data sets: the full or the quick one."""
        return quick if self.quick else full

    def seeds(self, full: int, quick: int) -> list[int]:
        """So many seeds, distinct for every seed of the call."""
        return [self.seed * APART + i for i in range(self.few(full, quick))]

    def rng(self, stream: int = 0) -> np.random.Generator:
        """A generator for data and starts, distinct for every seed of the call."""
        return np.random.default_rng([self.seed, stream])

    def run(self, problem: Problem, optimizer: Optimizer, **plan: Any) -> trajectory.Run:
        """`simopt.run`, counted."""
        traced = trajectory.run(problem, optimizer, **plan)
        self.trajectories += 1
        self.updates += len(traced.steps)
        return traced

    def sweep(
        self, problem: Problem, optimizers: Optimizer | Sequence[Optimizer], **plan: Any
    ) -> pd.DataFrame:
        """`simopt.sweep`, counted."""
        frame = sweeping.sweep(problem, optimizers, **plan)
        self.trajectories += frame.attrs["trajectories"]
        self.updates += frame.attrs["updates"]
        frame.attrs = {}  # no claim reads them, and every column taken would copy them
        return frame

    def shared(self, name: str, trajectories: int, updates: int) -> None:
        """Count runs that several claims read, unless a claim before this one has."""
        if name not in self.counted:
            self.counted.add(name)
            self.trajectories += trajectories
            self.updates += updates
