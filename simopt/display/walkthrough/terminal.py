"""Worked steps as text for a terminal."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from simopt.display.walkthrough.model import Line, Step
from simopt.display.walkthrough.rounding import vector
from simopt.display.walkthrough.steps import worked
from simopt.ground import checks
from simopt.problems import Problem
from simopt.rules.rule import Optimizer
from simopt.training.run import Run
from simopt.training.steps import names_per_weight

#: How wide a column of a text may get before it is no longer aligned.
WIDEST = 46


def text(
    problem: Problem,
    optimizer: Optimizer,
    *,
    batch_size: int | str = 1,
    epochs: int = 1,
    shuffle: str = "never",
    seed: int = 0,
    order: ArrayLike | None = None,
    drop_last: bool = False,
    updates: int | None = None,
    max_points: int = 8,
) -> str:
    """The worked steps of a trajectory as text.

    Parameters
    ----------
    problem, optimizer, batch_size, epochs, shuffle, seed, order, drop_last, updates, max_points
        As in `worked_steps`.

    Returns
    -------
    str
        What is run, the updates, and where they end.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> import simopt
    >>> from simopt import walkthrough
    >>> problem = simopt.problems.four_points()
    >>> print(walkthrough.text(problem, simopt.SGD(eta=0.1), batch_size="full"))
    SGD(eta=0.1) on four_points: 4 points, batch size 4, 1 update an epoch, from w = 3
    <BLANKLINE>
    Update 1 (epoch 1, batch 1): points 1, 2, 3, 4
      point 1: x = 2, y = 10
        Prediction  w x                   3 × 2                            = 6
        Error       prediction - y        6 - 10                           = -4
        Gradient    2 × error × x         2 × (-4) × 2                     = -16
      point 2: x = 1, y = 5
        Prediction  w x                   3 × 1                            = 3
        Error       prediction - y        3 - 5                            = -2
        Gradient    2 × error × x         2 × (-2) × 1                     = -4
      point 3: x = 3, y = 15
        Prediction  w x                   3 × 3                            = 9
        Error       prediction - y        9 - 15                           = -6
        Gradient    2 × error × x         2 × (-6) × 3                     = -36
      point 4: x = 0.5, y = 2.5
        Prediction  w x                   3 × 0.5                          = 1.5
        Error       prediction - y        1.5 - 2.5                        = -1
        Gradient    2 × error × x         2 × (-1) × 0.5                   = -1
      Gradient      mean over the points  (-16 + (-4) + (-36) + (-1)) / 4  = -14.25
      Update        w - η g               3 - 0.1 × (-14.25)               = 4.425
    <BLANKLINE>
    After 1 update: w = 4.425, loss ≈ 1.1779, distance from the optimum = 0.575
    """
    trace, steps = worked(
        problem,
        optimizer,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=shuffle,
        seed=seed,
        order=order,
        drop_last=drop_last,
        updates=updates,
        max_points=max_points,
    )
    return as_text(trace, steps)


def as_text(trace: Run, steps: Sequence[Step]) -> str:
    """Format worked steps as text, with header and outcome.

    Parameters
    ----------
    trace : Run
        The trajectory.
    steps : sequence of Step
        Its first steps, or all of them; what is left out is counted in a line.

    Returns
    -------
    str

    Examples
    --------
    >>> from simopt import SGD, problems, walkthrough
    >>> trace, steps = walkthrough.worked(problems.four_points(), SGD(eta=0.1))
    >>> print(walkthrough.as_text(trace, steps[:0]))
    SGD(eta=0.1) on four_points: 4 points, batch size 1, 4 updates an epoch, from w = 3
    <BLANKLINE>
    ... and 4 more updates
    <BLANKLINE>
    After 4 updates: w = 5.2432, loss ≈ 0.21071, distance from the optimum = 0.2432
    """
    check_run(trace)
    if not isinstance(steps, Sequence) or not all(isinstance(step, Step) for step in steps):
        raise checks.refuse("steps", steps, "a sequence of Steps, from worked_steps")
    blocks = ["\n".join([step.title, *_step_rows(step)]) for step in steps]
    left_out = len(trace.steps) - len(steps)
    if left_out:
        blocks.append(f"... and {left_out} more update{_s(left_out)}")
    return "\n\n".join([header(trace), *blocks, outcome(trace)])


def header(trace: Run) -> str:
    """The header: optimizer, problem, batches, initial weights.

    Parameters
    ----------
    trace : Run
        The trajectory.

    Returns
    -------
    str

    Examples
    --------
    >>> from simopt import SGD, problems, run, walkthrough
    >>> walkthrough.header(run(problems.four_points(), SGD(eta=0.1), batch_size=2))
    'SGD(eta=0.1) on four_points: 4 points, batch size 2, 2 updates an epoch, from w = 3'
    """
    problem = check_run(trace).problem
    size = int(trace.summary["batch_size"])
    each = len(trace.steps) // int(trace.summary["epochs"])
    start = vector(problem.w0)
    said = (
        f"{trace.optimizer!r} on {problem.name}: {problem.n} point{_s(problem.n)}, batch "
        f"size {size}, {each} update{_s(each)} an epoch, from w {start.relation} {start.text}"
    )
    if problem.d > 1:
        said += f"\nweights: {', '.join(problem.features)}"
    return said


def outcome(trace: Run) -> str:
    """The outcome: final weights, loss, and distance from the optimum if known.

    Parameters
    ----------
    trace : Run
        The trajectory.

    Returns
    -------
    str

    Examples
    --------
    >>> from simopt import SGD, problems, run, walkthrough
    >>> walkthrough.outcome(run(problems.four_points(), SGD(eta=0.05)))
    'After 4 updates: w = 4.8947, loss ≈ 0.039501, distance from the optimum = 0.1053'
    """
    frame, problem = check_run(trace).steps, trace.problem
    w = frame[names_per_weight("w", problem.d)].to_numpy()[-1]
    shown = [("w", vector(w)), ("loss", vector([frame["loss"].iloc[-1]]))]
    if problem.optimum is not None:
        with np.errstate(all="ignore"):
            distance = float(np.sqrt(((w - problem.optimum) ** 2).sum()))
        shown.append(("distance from the optimum", vector([distance])))
    ends = ", ".join(f"{name} {value.relation} {value.text}" for name, value in shown)
    return f"After {len(frame)} update{_s(len(frame))}: {ends}"


def check_run(trace: Any) -> Run:
    """Refuse what is no trajectory."""
    if not isinstance(trace, Run):
        raise checks.refuse("trace", trace, "a Run, from simopt.run")
    return trace


def _step_rows(step: Step) -> list[str]:
    """The rows of a step, as columns of text."""
    nested = [(4, line) for point in step.points for line in point.lines]
    placed = nested + [(2, line) for line in step.lines]
    widths = [
        min(WIDEST, max(places(cell) for cell in cells))
        for cells in zip(
            *((" " * indent + line.label, line.formula, line.numbers) for indent, line in placed),
            strict=True,
        )
    ]

    def row(indent: int, line: Line) -> str:
        cells = (" " * indent + line.label, line.formula, line.numbers)
        padded = [_pad(cell, width) for cell, width in zip(cells, widths, strict=True)]
        return "  ".join([*padded, f"{line.relation} {line.result}"])

    rows = []
    for point in step.points:
        rows.append(f"  point {point.number}: x = {point.x}, y = {point.y}")
        rows += [row(4, line) for line in point.lines]
    if step.more_points:
        rows.append(f"  ... and {step.more_points} more point{_s(step.more_points)}")
    return rows + [row(2, line) for line in step.lines]


def places(cell: str) -> int:
    """The width of text on a terminal; combining characters take none."""
    return sum(not unicodedata.combining(character) for character in cell)


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - places(cell))


def _s(count: int) -> str:
    return "" if count == 1 else "s"
