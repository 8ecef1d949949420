"""What the trajectories of a job have in common."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from simopt.engine import grouping, layout, moments, packing
from simopt.engine.grouping import Group, Task
from simopt.engine.readers import Reader
from simopt.problems import Problem
from simopt.training.plan import Plan


@dataclass(frozen=True, eq=False, kw_only=True)
class Conditions:
    """What trajectories have in common whatever their rule, plan and settings.

    Attributes
    ----------
    problem : Problem
        What is minimised.
    every : int
        Updates between two looks at the loss, or what `Plan.interval` takes for a number.
    limit : float, optional
        The loss above which a trajectory has diverged; None: nothing stops it.
    target : float, optional
        The loss whose first sight is noted.
    record : {"summary", "epochs", "steps"}
        Whether loss and weights are recorded by epoch, by update, or not at all.
    dtype : {"float64", "float32"}
        The precision.
    order : ndarray of int64 [epochs, n], optional
        The order of the points in every epoch, in place of the plan's shuffling.
    device : {"cpu", "cuda"}
        Where they run.
    reader : Reader, optional
        What reads every trajectory's curve and leaves a code of it.
    """

    problem: Problem
    every: int = 1
    limit: float | None = None
    target: float | None = None
    record: str = "summary"
    dtype: str = "float64"
    order: NDArray[np.int64] | None = None
    device: str = "cpu"
    reader: Reader | None = None

    @property
    def real(self) -> Any:
        """The precision as a type."""
        return np.dtype(self.dtype).type

    @cached_property
    def data(self) -> layout.Data:
        """The problem as a kernel takes it."""
        return packing.pack(self.problem, self.real, self.limit, self.target)

    def tabled(self, plan: Plan) -> layout.Data:
        """The data with the moments of a plan's batches, which one call after another uses."""
        tables = self._tables
        if plan not in tables:
            while len(tables) > 1:
                del tables[next(iter(tables))]
            tables[plan] = moments.with_table(self.data, plan)
        return tables[plan]

    @cached_property
    def _tables(self) -> dict[Plan, layout.Data]:
        return {}

    @cached_property
    def kernels(self) -> WeakKeyDictionary[Group, Any]:
        """What identifies the kernels of its groups (`tiers.compiled`), each found once."""
        return WeakKeyDictionary()

    def __getstate__(self) -> dict[str, Any]:
        # Arrays for kernels are made where they run.
        made = {"data", "_tables", "kernels"}
        return {key: each for key, each in vars(self).items() if key not in made}

    def tasks(
        self,
        group: Group,
        updates: int,
        width: int | None = None,
        apart: bool = False,
        least: int = 1,
    ) -> list[Task]:
        """The calls of a kernel for a group, each of about so many updates."""
        given = self.order is not None
        return grouping.tasks(group, self.problem, self.real, updates, given, width, apart, least)
