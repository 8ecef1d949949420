"""What a training is worth: beside the least loss, and beside predicting the same for every point.

A curve shows neither, so that one that looks healthy may end above what the mean alone predicts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from simopt.ground.formatting import number, percent
from simopt.problems import Problem
from simopt.problems.constant import constant_loss

#: What is left above the least loss is mended if it is at most half, as in the tested tables.
HALVED = 0.5

#: A fix that lowers what is left by less than a tenth is none.
WORTH = 0.9

#: There is nothing to mend where so little is left of what could be explained.
NOTHING = 0.01


@dataclass(frozen=True)
class Bounds:
    """What losses are judged by.

    Attributes
    ----------
    start : float
        The loss at the start.
    constant : float
        The least loss of a prediction that is the same for every point; NaN without points.
    least : float
        The least loss of the model; NaN where it is not known, or nothing that training on other
        points could reach.
    """

    start: float
    constant: float
    least: float

    @property
    def known(self) -> bool:
        """Whether a constant's loss is known, and the model can go below it."""
        return not math.isnan(self.constant) and not self.constant <= self.least

    @property
    def worst(self) -> float:
        """What is to be explained lies below it: the loss of a constant, or at the start."""
        return self.constant if self.known else self.start

    def explained(self, loss: float) -> float:
        """The share of what can be explained that is: 1 at the least loss, 0 at a constant's."""
        least = 0.0 if math.isnan(self.least) else self.least
        return (self.worst - loss) / (self.worst - least) if self.worst > least else math.nan

    @property
    def unit(self) -> str:
        """What the explained is measured against, in words."""
        of = "a constant prediction" if self.known else "the start"
        if math.isnan(self.least):
            return f"{of} has {number(self.worst)}"
        return f"{of} has {number(self.worst)}, the least is {number(self.least)}"


def bounds(problem: Problem, validation: Problem | None = None) -> Bounds:
    """The bounds of a training, of its own points or of those it is validated on."""
    judge = validation or problem
    least = math.nan if validation is not None else float(problem.minimum_loss)
    return Bounds(judge.loss(problem.w0), constant_loss(problem, judge), least)


def best_of(frame: pd.DataFrame, bounds: Bounds, cost: float) -> str | None:
    """The first fix that is one: at equal cost, by a tenth or more, and below start and constant.

    Parameters
    ----------
    frame : DataFrame
        Of `simopt.prescribe`, ranked.
    bounds : Bounds
        Of the training.
    cost : float
        Of the training as it is.

    Returns
    -------
    str or None
        Its name.
    """
    rest = frame.iloc[1:]
    fine = (rest["ratio"] <= WORTH) & (rest["diverged"] < 0.5) & (rest["cost"] <= cost)
    fine &= rest["loss"] < bounds.worst
    fine &= rest["loss"] < bounds.start
    names = rest.loc[fine, "fix"]
    return str(names.iloc[0]) if len(names) else None


def is_mended(row: Mapping[str, Any], bounds: Bounds) -> bool:
    """Whether what is left is at most half, or next to nothing."""
    return bool(row["ratio"] <= HALVED or 1 - bounds.explained(row["loss"]) <= NOTHING)


def state(loss: float, bounds: Bounds) -> str:
    """Where a training ends, in a sentence."""
    if not math.isfinite(loss):
        return f"It ends nowhere: the loss overflows ({bounds.unit})."
    share, text = bounds.explained(loss), f"It ends at a loss of {number(loss)}"
    if loss > bounds.start:
        return f"{text}, above its start, {number(bounds.start)} ({bounds.unit})."
    if math.isnan(share):
        return f"{text} ({bounds.unit})."
    if not bounds.known:
        return f"{text}: {percent(share)} of the way from the start down ({bounds.unit})."
    if share < 0:
        return f"{text}: that is worse than no model at all ({bounds.unit})."
    if math.isnan(bounds.least):
        return f"{text}, {percent(share)} below a constant's ({bounds.unit})."
    return f"{text}: {percent(share)} of what can be explained ({bounds.unit})."


def verdict(frame: pd.DataFrame, bounds: Bounds, cost: float) -> str:
    """What the fixes come to, in a sentence or two, with sizes."""
    before, seeds = frame.iloc[0], int(frame.attrs["seeds"])
    best = frame.attrs["best"]
    if best == before["fix"]:
        if frame.attrs["nothing_left"]:
            left = percent(1 - bounds.explained(before["loss"]), least=1e-4)
            return f"Nothing to mend: {left} of what can be explained is left."
        rest = frame.iloc[1:]
        rest = rest[(rest["ratio"] < 1) & (rest["cost"] <= cost) & (rest["diverged"] < 0.5)]
        if rest.empty:
            return "None of these mends it: none lowers the loss at equal cost without diverging."
        first = rest.iloc[0]
        return f"None of these mends it: most does {first['fix']}, {_size(first, before)}."
    row = frame[frame["fix"] == best].iloc[0]
    share = f"lower for {percent(row['improved'])} of {seeds} orders" if seeds > 1 else ""
    if row["improved_high"] > row["improved_low"]:
        low, high = percent(row["improved_low"]), percent(row["improved_high"])
        share += f" (95 % interval {low} to {high})"
    size = ", ".join(filter(None, [_size(row, before), share]))
    if best == STANDARDISE and frame.attrs["mended"]:
        return f"The columns' scales are at fault: standardise them; {size}."
    if frame.attrs["mended"]:
        return f"Best at equal cost: {best}, {size}."
    return f"None of these mends it: most does {best}, {size}."


#: The fix that standardises columns, by its name.
STANDARDISE = "standardise"


def said(explained: float) -> str:
    """A share of what can be explained, as tables have it: nothing where it is not known."""
    if math.isnan(explained):
        return ""
    return percent(explained) if explained >= 0 else "< 0 %"


def _size(row: pd.Series, before: pd.Series) -> str:
    """What a fix does to the loss, and to what is explained."""
    text = f"the loss from {number(before['loss'])} to {number(row['loss'])}"
    shares = said(before["explained"]), said(row["explained"])
    return f"{text} (explained: {shares[0]} to {shares[1]})" if all(shares) else text
