"""Several rules on the same points: their losses, who leads, and the first updates of each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import NDArray

from simopt.display import axis_ticks, style, tables
from simopt.display.tables import Column
from simopt.display.walkthrough import worked
from simopt.ground.formatting import count, listing, number
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training.run import Run
from simopt.training.steps import names_per_weight

#: Updates written out of all rules together.
WRITTEN = 140

#: Weights that the table has.
WEIGHTS = 3

#: More points than this, and the figure has one an epoch.
DRAWN = 400


def names(optimizers: Sequence[Optimizer]) -> list[str]:
    """A name for each: the rule's, or all of its settings where two share that.

    Examples
    --------
    >>> import simopt
    >>> names([simopt.SGD(eta=0.1), simopt.SGD(eta=0.2), simopt.Adam(eta=0.1)])
    ['SGD(eta=0.1)', 'SGD(eta=0.2)', 'Adam']
    """
    short = [each.name for each in optimizers]
    return [each.name if short.count(each.name) == 1 else repr(each) for each in optimizers]


def values(
    problem: Problem, optimizers: Sequence[Optimizer], updates: int | None, **plan: Any
) -> tuple[list[Run], dict[str, Any]]:
    """The runs, and what the template shows of them.

    Parameters
    ----------
    problem : Problem
        What to minimise.
    optimizers : sequence of Optimizer
        Two or more.
    updates : int, optional
        Write out the first so many of each rule; as many as go into an epoch, or 140 of all, if
        None.
    **plan
        As in `simopt.run`.
    """
    most = max(1, WRITTEN // len(optimizers)) if updates is None else updates
    named, runs, rules = names(optimizers), [], []
    for name, optimizer in zip(named, optimizers, strict=True):
        trace, steps = worked(problem, optimizer, updates=most, **plan)
        if updates is None:
            steps = [step for step in steps if step.epoch == 1]
        left_out = len(trace.steps) - len(steps)
        runs.append(trace)
        rules.append(
            {"name": name, "steps": steps, "left_out": left_out and count(left_out, "more update")}
        )
    losses = by_epoch(dict(zip(named, runs, strict=True)))
    return runs, {
        "rules": rules,
        "board": board(named, runs, losses),
        "figure": figure(named, runs, losses),
        "outcome": outcome(losses, problem.loss(problem.w0)),
    }


def by_epoch(runs: dict[str, Run]) -> pd.DataFrame:
    """The loss over all points after each epoch, a column a rule; infinite where it diverged."""
    columns = {}
    for name, run in runs.items():
        loss = run.steps.groupby("epoch")["loss"].last()
        columns[name] = loss.where(np.isfinite(loss), np.inf)
    return pd.DataFrame(columns)


def board(named: Sequence[str], runs: Sequence[Run], losses: pd.DataFrame) -> Markup:
    """The rules by their loss at the end, beside that after one epoch."""
    problem = runs[0].problem
    rows = []
    for name, run in zip(named, runs, strict=True):
        w = run.steps[names_per_weight("w", problem.d)].iloc[-1].to_numpy(dtype=np.float64)
        row: dict[str, Any] = {"rule": name}
        row |= {f"w{k}": w[k] for k in range(min(problem.d, WEIGHTS))}
        row |= {"first": losses[name].iloc[0], "last": losses[name].iloc[-1]}
        if problem.optimum is not None:
            row["distance"] = float(np.linalg.norm(w - problem.optimum))
        rows.append(row)
    frame = pd.DataFrame(rows).sort_values("last", kind="stable")
    epochs = len(losses)
    columns: dict[str, Column | str] = {"rule": "rule", "first": Column("loss, epoch 1", shown)}
    if epochs > 1:
        columns["last"] = Column(f"loss, epoch {epochs}", shown)
    columns |= {
        f"w{k}": Column(f"w of {name}", shown) for k, name in enumerate(problem.features[:WEIGHTS])
    }
    if "distance" in frame:
        columns["distance"] = Column("distance from the optimum", shown)
    caption = f"After {count(epochs, 'epoch')}, the least loss first"
    return tables.table(frame, columns, caption=caption)


def shown(value: object) -> str:
    """A number to five digits; a loss that left float64 says so."""
    gone = isinstance(value, float) and not np.isfinite(value)
    return "diverged" if gone else number(value, 5, zeros=True)


def leaders(losses: pd.DataFrame) -> list[str]:
    """Who has the least loss, epoch by epoch; the first of several alike.

    Examples
    --------
    >>> leaders(pd.DataFrame({"SGD": [1.0, 0.5], "Adam": [2.0, 0.1]}))
    ['SGD', 'Adam']
    """
    return [str(name) for name in losses.idxmin(axis=1)]


def outcome(losses: pd.DataFrame, start: float) -> str:
    """Who leads after one epoch, whether that lasts, and who ends above the loss at the start.

    Examples
    --------
    >>> outcome(pd.DataFrame({"SGD": [1.0, 9.0], "Adam": [2.0, 0.1]}), 4.0).split("; ", 1)[1]
    'after 2 Adam, 0.1. The lead passes once; SGD ends above the loss at the start, 4.'
    """
    first, *_, last = (*leaders(losses), leaders(losses)[-1])
    text = f"After one epoch {first} has the least loss, {number(losses[first].iloc[0], 3)}"
    if len(losses) > 1:
        lead = leaders(losses)
        passes = sum(a != b for a, b in pairwise(lead))
        ending = f"{number(losses[last].iloc[-1], 3)}"
        text += f"; after {len(losses)} {last}, {ending}. "
        often = "once" if passes == 1 else count(passes, "time")
        text += f"The lead passes {often}" if passes else "It leads after every epoch"
    ends = {str(name): float(losses[name].iloc[-1]) for name in losses}
    risen = [name for name, loss in ends.items() if start < loss < np.inf]
    if risen:
        verb = "ends" if len(risen) == 1 else "end"
        text += f"; {listing(risen)} {verb} above the loss at the start, {number(start, 3)}"
    gone = [name for name, loss in ends.items() if not np.isfinite(loss)]
    if gone:
        text += f"; {listing(gone)} {'diverges' if len(gone) == 1 else 'diverge'}"
    return text + "."


def figure(named: Sequence[str], runs: Sequence[Run], losses: pd.DataFrame) -> Markup:
    """The loss of every rule by update, or by epoch where updates are many."""
    drawn, axes = style.new()
    every: list[NDArray[np.float64]] = []
    epochs = len(runs[0].steps) > DRAWN
    for name, run in zip(named, runs, strict=True):
        after = losses[name] if epochs else run.steps["loss"]
        start = run.problem.loss(run.problem.w0)
        loss = np.concatenate([[start], after.to_numpy(dtype=np.float64)])
        good = axis_ticks.drawable(loss)
        every.append(loss[good])
        plain = run.optimizer.name if name == run.optimizer.name else name
        keywords = style.line(plain, named, markevery=max(1, len(loss) // 8))
        axes.plot(np.flatnonzero(good), loss[good], **{**keywords, "label": name})
    together = np.concatenate(every)
    positive = together[together > 0]
    if len(positive) and positive.max() > 30 * positive.min():
        axis_ticks.log_axis(axes.yaxis)
    axis_ticks.linear_axis(axes.xaxis, whole=True)
    axes.set(xlabel="epoch" if epochs else "update", ylabel="loss over all points")
    style.legend(drawn, axes, columns=4 if max(map(len, named)) < 12 else 1)
    title = "Loss by epoch" if epochs else "Loss by update"
    see = outcome(losses, runs[0].problem.loss(runs[0].problem.w0))
    return style.captioned(style.svg(drawn, title=title, alt=see), title=title, see=see)
