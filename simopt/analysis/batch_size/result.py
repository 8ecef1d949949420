"""The result of a batch size study: its tables."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import pandas as pd

from simopt.analysis.batch_size.fits import Curve
from simopt.ground import checks
from simopt.problems import Problem

#: The columns that a reader looks at first.
SHOWN = ("optimizer", "batch_size", "eta", "steps", "low", "high", "examples", "edge", "region")


@dataclass(frozen=True, eq=False)
class Scaling:
    """Steps to a target loss against batch size, tuned at every batch size.

    Attributes
    ----------
    problem : Problem
        What was minimised.
    target : float
        The loss to reach.
    seeds : tuple of int
        Each with another order of the points in every epoch. The full batch has one order alone.
    budget : int or None
        The updates of a trajectory at most, as given.
    tuned : tuple of str
        The hyperparameters that were tuned, of any of the optimizers.
    steps : DataFrame
        A row per optimizer and batch size: optimizer, convention, batch_size; the best setting:
        eta, the other tuned hyperparameters, and eta_low, eta_high, between which the steps are
        within 5 % of the least; steps (the median over the seeds of the first update with a loss
        at the target or below; infinite where half of them never get there), low, high (5 and
        95 %), examples (steps x batch size), reached (the share of seeds); edge (empty if the best
        is inside of what was tried, else which hyperparameter is at which edge), spacing (the
        ratio of neighbouring rates, less 1), resolution (the updates between two looks at the
        loss, as a share of the steps; 0 where every update is looked at), region; trajectories,
        updates (run for this row).
    fits : DataFrame
        A row per optimizer: s_min, e_min, critical (their ratio, the critical batch size) with
        critical_low and critical_high (5 and 95 %, the seeds resampled and the best chosen again),
        q, rms of the fit `fit_curve`; hyperbola_s_min, hyperbola_critical, hyperbola_rms,
        hyperbola_worst of the same with q = 1; reason, if something is NaN.
    curves : tuple of Curve
        What each row of fits is of: its ``steps`` draws it.
    rates : DataFrame
        A row per optimizer: laws of the best eta against batch size, from `fit_rates`.
    trials : DataFrame
        A row per setting tried in every stage of every search.
    trajectories, updates : int
        Run in all.
    seconds, compile_seconds : float
        They took, without and for compiling.
    """

    problem: Problem
    target: float
    seeds: tuple[int, ...]
    budget: int | None
    tuned: tuple[str, ...]
    steps: pd.DataFrame
    fits: pd.DataFrame
    curves: tuple[Curve, ...]
    rates: pd.DataFrame
    trials: pd.DataFrame
    trajectories: int
    updates: int
    seconds: float
    compile_seconds: float

    @property
    def title(self) -> str:
        """A one-line title."""
        return (
            f"steps to loss {self.target:.6g} on {self.problem.name}: "
            f"{len(self.steps)} batch sizes tuned, {self.trajectories:,} trajectories"
        )

    def _shown(self) -> pd.DataFrame:
        return self.steps[[name for name in SHOWN if name in self.steps]]

    def __repr__(self) -> str:
        return f"<{self.title}>\n{self._shown().to_string(index=False)}"

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.title)}</p>{self._shown().to_html(index=False)}"


def check_study(study: Any) -> Scaling:
    """Refuse what is no study of batch sizes."""
    if not isinstance(study, Scaling):
        raise checks.refuse("study", study, "a Scaling, from simopt.batch_size")
    return study
