"""A standalone page of worked steps."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
from markupsafe import Markup
from numpy.typing import ArrayLike

from simopt.display import axis_ticks, scoreboard, style, tables, templating
from simopt.display.walkthrough import worked
from simopt.ground import checks, files
from simopt.ground.formatting import count, number, symbol
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training.run import Run
from simopt.training.steps import names_per_weight

#: Updates and points written out; the rest are counted, and drawn in the figure.
MOST_UPDATES, MOST_POINTS = 200, 20

#: How the points come, by `shuffle`.
ORDERS = {
    "never": "as they are given",
    "once": "one random order, seed {seed}",
    "epoch": "a new random order every epoch, seed {seed}",
    "replacement": "every point drawn for itself, seed {seed}",
    "given": "the given order",
}


def walkthrough_page(
    path: str | os.PathLike[str],
    problem: Problem,
    optimizer: Optimizer | Sequence[Optimizer],
    *,
    batch_size: int | str = 1,
    epochs: int = 1,
    shuffle: str = "never",
    seed: int = 0,
    order: ArrayLike | None = None,
    drop_last: bool = False,
    updates: int | None = None,
) -> Path:
    """Write a self-contained page with the worked steps of a trajectory, or of several rules.

    Parameters
    ----------
    path : path
        Of the HTML file; its folder is made if need be.
    problem : Problem
        What to minimise.
    optimizer : Optimizer or sequence of Optimizer
        Of several the page has the scoreboard, after one epoch and after all, the loss of each by
        update, and the first updates of each.
    batch_size, epochs, shuffle, seed, order, drop_last
        As in `simopt.run`.
    updates : int, optional
        Write out the first so many, of every rule; 200 at most if None, and of several rules those
        of one epoch, 140 at most together. The figure has them all.

    Returns
    -------
    Path
        Of the file.

    Raises
    ------
    ValueError
        If an argument is not allowed, or the file can't be written.

    Examples
    --------
    >>> import simopt
    >>> from simopt.report import walkthrough_page
    >>> walkthrough_page(
    ...     "steps.html", simopt.problems.four_points(), simopt.Adam(eta=0.1), batch_size=2
    ... )  # doctest: +SKIP
    PosixPath('steps.html')
    """
    file = files.check_file("path", path)
    plan: dict[str, Any] = {
        "batch_size": batch_size, "epochs": epochs, "shuffle": shuffle, "seed": seed,
        "order": order, "drop_last": drop_last,
    }  # fmt: skip
    several = _several(optimizer)
    if len(several) > 1:
        template = "scoreboard"
        with matplotlib.rc_context(style.RC):
            (trace, *rest), values = scoreboard.values(problem, several, updates, **plan)
            values["settings"] = settings_table(trace, *rest)
        title, question = (
            f"{len(several)} rules on {problem.name}",
            "Which rule has the least loss, after one epoch and after all?",
        )
    else:
        (one,) = several
        most = MOST_UPDATES if updates is None else updates
        trace, steps = worked(problem, one, updates=most, **plan)
        template = "steps"
        with matplotlib.rc_context(style.RC):
            values = {
                "settings": settings_table(trace),
                "steps": steps,
                "left_out": count(len(trace.steps) - len(steps), "more update"),
                "all_written": len(steps) == len(trace.steps),
                "figure": loss_figure(trace),
                "outcome": outcome(trace),
            }
        title = f"{one.name} on {problem.name}"
        question = f"How {one.name} gets from the start to where it ends, update by update."
    values["points"] = points_table(problem)
    return templating.write_page(file, template, title, question, values)


def _several(optimizer: Any) -> list[Optimizer]:
    """One optimizer, or several, as a list."""
    allowed = "an optimizer such as simopt.Adam(), or a sequence of them"
    if isinstance(optimizer, Optimizer):
        return [optimizer]
    if not isinstance(optimizer, Sequence) or isinstance(optimizer, (str, bytes)):
        raise checks.refuse("optimizer", optimizer, allowed)
    checks.check_length("optimizer", optimizer)
    for each in optimizer:
        if not isinstance(each, Optimizer):
            raise checks.refuse("optimizer", each, allowed)
    if not optimizer:
        raise checks.refuse("optimizer", optimizer, allowed)
    return list(optimizer)


def settings_table(trace: Run, *others: Run) -> Markup:
    """A table of problem, initial weights, hyperparameters and plan."""
    problem, summary = trace.problem, trace.summary
    start = ", ".join(number(w) for w in problem.w0[:6]) + (", …" if problem.d > 6 else "")
    kind = problem.kind.replace("_", " ")
    if others:
        rules = [(each.optimizer.name, _settings(each.optimizer)) for each in (trace, *others)]
    else:
        rules = [("rule", trace.optimizer.name)]
        rules += [(symbol(name), number(v)) for name, v in trace.optimizer.settings.items()]
    rows = [
        ("problem", f"{problem.name} ({kind}; {problem.n} points, {count(problem.d, 'weight')})"),
        ("start", start),
        *rules,
        ("batch size", str(summary["batch_size"])),
        ("epochs", str(summary["epochs"])),
        ("order of the points", ORDERS[str(summary["shuffle"])].format(seed=summary["seed"])),
    ]
    frame = pd.DataFrame(rows, columns=["setting", "value"])
    return tables.table(frame, caption="Settings")


def _settings(optimizer: Optimizer) -> str:
    """Hyperparameters in a line."""
    said = [f"{symbol(name)} = {number(value)}" for name, value in optimizer.settings.items()]
    said += [] if optimizer.convention == "document" else [optimizer.convention]
    return ", ".join(said)


def points_table(problem: Problem) -> Markup:
    """A table of the first points."""
    shown = min(problem.n, MOST_POINTS)
    frame = pd.DataFrame(problem.x[:shown], columns=list(problem.features))
    frame[problem.target if problem.target not in frame else f"{problem.target} (target)"] = (
        problem.y[:shown]
    )
    frame.insert(0, "point", range(1, shown + 1), allow_duplicates=True)
    frame.columns = pd.Index(_distinct([str(name) for name in frame.columns]))
    caption = "The points" if shown == problem.n else f"The first {shown} of {problem.n} points"
    return tables.table(frame, caption=caption)


def _distinct(names: list[str]) -> list[str]:
    """The names, repeated ones numbered."""
    return [n if n not in names[:i] else f"{n} [{i}]" for i, n in enumerate(names)]


def outcome(trace: Run) -> str:
    """The final weights and loss, in a sentence."""
    problem, steps = trace.problem, trace.steps
    start, end = problem.loss(problem.w0), float(steps["loss"].iloc[-1])
    text = f"After {count(len(steps), 'update')} the loss over all points is {number(end, 5)}, "
    text += f"at the start {number(start, 5)}"
    if problem.optimum is not None:
        w = steps[names_per_weight("w", problem.d)].iloc[-1].to_numpy(dtype=float)
        distance = float(np.linalg.norm(w - problem.optimum))
        text += f"; the weights are {number(distance, 5)} from their optimum"
    return text + "."


def loss_figure(trace: Run) -> Markup:
    """A figure of the full loss, initially and after each update."""
    steps = trace.steps
    loss = np.concatenate([[trace.problem.loss(trace.problem.w0)], steps["loss"].to_numpy()])
    update = np.arange(len(loss))
    good = axis_ticks.drawable(loss)
    figure, axes = style.new()
    look = style.look(trace.optimizer.name)
    few = len(loss) <= 60
    axes.plot(
        update[good], loss[good], color=look.color, marker=look.marker if few else "",
        markeredgecolor=style.PAPER, markeredgewidth=0.6, label=trace.optimizer.name,
    )  # fmt: skip
    positive = loss[good][loss[good] > 0]
    if len(positive) and positive.max() > 100 * positive.min():
        axis_ticks.log_axis(axes.yaxis)
    axes.set(xlabel="update", ylabel="loss over all points")
    if not good[-1]:
        see = (
            f"The loss leaves the range of float64 at update {int((~good).argmax())}: it diverges."
        )
    elif loss[-1] > loss[0]:
        see = f"The loss rises, from {number(loss[0])} to {number(loss[-1])}."
    else:
        best = int(np.nanargmin(np.where(good, loss, np.nan)))
        see = f"The loss falls from {number(loss[0])} to {number(loss[-1])}"
        see += (
            "."
            if best == len(loss) - 1
            else f"; it was least, {number(loss[best])}, at update {best}."
        )
    return style.captioned(
        style.svg(figure, title="Loss by update", alt=see), title="Loss by update", see=see
    )
