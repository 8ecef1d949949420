"""Worked steps: every update with its formulas, the numbers put in, and the result.

The numbers are those of `simopt.run`; this module only writes down how they come about. Steps are
plain values (`worked_steps`), from which the terminal's text (`text`) and a page are made.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt import checks, plan, shuffling
from simopt.problems import Floats, Problem
from simopt.rules import OPTIMIZERS
from simopt.rules.rule import Optimizer
from simopt.trajectory import Run, names_per_weight, run

DIGITS = 5
#: Vectors longer than this show their first two numbers and their last.
WHOLE_VECTOR = 4
#: How wide a column of a text may get before it is no longer aligned.
WIDEST = 46


@dataclass(frozen=True)
class Line:
    """One calculation.

    Attributes
    ----------
    label : str
        What is calculated.
    formula : str
        In symbols.
    numbers : str
        The same with numbers; empty where the formula is not known (a rule of one's own).
    relation : {"=", "≈"}
        "≈" if the result, or a number in the formula, is shown rounded.
    result : str
        The value as shown, to five significant digits.
    value : tuple of float
        The value itself, one number a weight (or one alone).
    """

    label: str
    formula: str
    numbers: str
    relation: str
    result: str
    value: tuple[float, ...]


@dataclass(frozen=True)
class Point:
    """One point of a batch: its number (from 1), its data as shown, its calculations."""

    number: int
    x: str
    y: str
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Step:
    """One update.

    Attributes
    ----------
    update, epoch, batch : int
        All from 1; updates are counted through all epochs.
    points : tuple of Point
        The points of the batch, or the first of many.
    more_points : int
        How many more there are in the batch.
    lines : tuple of Line
        What happens once per update: the gradient's mean, state, corrections, the new weight.
    """

    update: int
    epoch: int
    batch: int
    points: tuple[Point, ...]
    more_points: int
    lines: tuple[Line, ...]

    @property
    def title(self) -> str:
        """Which update it is, and of which points."""
        numbers = [str(point.number) for point in self.points]
        which = ("point " if len(numbers) + self.more_points == 1 else "points ") + ", ".join(
            numbers
        )
        if self.more_points:
            which += f" and {self.more_points} more"
        return f"Update {self.update} (epoch {self.epoch}, batch {self.batch}): {which}"


@dataclass(frozen=True)
class _Written:
    """How a rule's calculation is written: the column it gives, and its formula."""

    column: str
    label: str
    formula: str
    numbers: str


_RATE = "{eta} / √({%s} + {epsilon})"
_MOMENTS = (
    _Written("t", "Update count", "t + 1", "{t_old} + 1"),
    _Written("m", "First moment", "β₁ m + (1 - β₁) g", "{beta1} × {m_old} + (1 - {beta1}) × {g}"),
    _Written(
        "v", "Second moment", "β₂ v + (1 - β₂) g²", "{beta2} × {v_old} + (1 - {beta2}) × {g}²"
    ),
    _Written("m_hat", "Corrected m", "m̂ = m / (1 - β₁ᵗ)", "{m} / (1 - {beta1}^{t})"),
    _Written("v_hat", "Corrected v", "v̂ = v / (1 - β₂ᵗ)", "{v} / (1 - {beta2}^{t})"),
)
_ADAM = "{w_old} - {eta} × {m_hat} / √({v_hat} + {epsilon})"

#: Rule to its calculations after the gradient. ``_old`` marks what was there before the update.
WRITTEN: Mapping[str, tuple[_Written, ...]] = {
    "SGD": (_Written("w", "Update", "w - η g", "{w_old} - {eta} × {g}"),),
    "Momentum": (
        _Written("v", "Velocity", "β v + g", "{beta} × {v_old} + {g}"),
        _Written("w", "Update", "w - η v", "{w_old} - {eta} × {v}"),
    ),
    "Nesterov": (
        _Written("v", "Velocity", "β v + g", "{beta} × {v_old} + {g}"),
        _Written("w", "Update", "w - η (g + β v)", "{w_old} - {eta} × ({g} + {beta} × {v})"),
    ),
    "AdaGrad": (
        _Written("G", "Sum of squares", "G + g²", "{G_old} + {g}²"),
        _Written("effective_lr", "Effective rate", "η / √(G + ε)", _RATE % "G"),
        _Written("w", "Update", "w - rate × g", "{w_old} - {effective_lr} × {g}"),
    ),
    "RMSprop": (
        _Written(
            "Eg2",
            "Mean of squares",
            "ρ E[g²] + (1 - ρ) g²",
            "{rho} × {Eg2_old} + (1 - {rho}) × {g}²",
        ),
        _Written("effective_lr", "Effective rate", "η / √(E[g²] + ε)", _RATE % "Eg2"),
        _Written("w", "Update", "w - rate × g", "{w_old} - {effective_lr} × {g}"),
    ),
    "Adam": (*_MOMENTS, _Written("w", "Update", "w - η m̂ / √(v̂ + ε)", _ADAM)),
    "AdamW": (
        *_MOMENTS,
        _Written(
            "w",
            "Update",
            "w - η m̂ / √(v̂ + ε) - η λ w",
            _ADAM + " - {eta} × {weight_decay} × {w_old}",
        ),
    ),
}


def worked_steps(
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
) -> list[Step]:
    """Every update of a trajectory, written out.

    Parameters
    ----------
    problem, optimizer, batch_size, epochs, shuffle, seed, order, drop_last
        As in `simopt.run`.
    updates : int, optional
        Write out the first so many only.
    max_points : int, default 8
        Write out so many points of a batch; the rest are counted.

    Returns
    -------
    list of Step
        With several weights, squares, roots and products of vectors go weight by weight. Of a
        user's own rule the new state and weight are given without formulas.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> import simopt
    >>> from simopt.walkthrough import worked_steps
    >>> steps = worked_steps(simopt.problems.four_points(), simopt.AdaGrad(eta=0.1))
    >>> for line in steps[1].lines:
    ...     print(line.label, "|", line.formula, "|", line.numbers, line.relation, line.result)
    Sum of squares | G + g² | 256 + (-3.8)² = 270.44
    Effective rate | η / √(G + ε) | 0.1 / √(270.44 + 1e-08) ≈ 0.0060809
    Update | w - rate × g | 3.1 - 0.0060809 × (-3.8) ≈ 3.1231
    """
    return worked(
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
    )[1]


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
    """The worked steps of a trajectory as text, for a terminal.

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


def worked(
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
) -> tuple[Run, list[Step]]:
    """A run, and its steps written out: what `header`, `outcome` and a page need.

    Parameters
    ----------
    problem, optimizer, batch_size, epochs, shuffle, seed, order, drop_last, updates, max_points
        As in `worked_steps`.

    Returns
    -------
    Run, list of Step

    Raises
    ------
    ValueError
        If an argument is not allowed.
    """
    if updates is not None:
        checks.whole("updates", updates, 1)
    checks.whole("max_points", max_points, 1)
    trace = run(
        problem,
        optimizer,
        batch_size=batch_size,
        epochs=epochs,
        shuffle=shuffle,
        seed=seed,
        order=order,
        drop_last=drop_last,
    )
    how = plan.make(problem, batch_size, shuffle, epochs, drop_last)
    orders = (
        shuffling.orders(shuffle, seed, epochs, problem.n)
        if order is None
        else shuffling.check_order(order, epochs, problem.n)
    )
    seen = [
        orders[epoch, start : min(start + how.batch_size, how.points_used)]
        for epoch in range(epochs)
        for start in range(0, how.points_used, how.batch_size)
    ]
    recorded = _recorded(trace)
    before = _at_start(trace)
    steps = []
    for row, points in enumerate(seen[:updates]):
        after = {name: values[row] for name, values in recorded.items()}
        steps.append(_step(trace, row, points, before, after, max_points))
        before = after
    return trace, steps


def as_text(trace: Run, steps: Sequence[Step]) -> str:
    """Worked steps as text, between what was run and where it ended."""
    blocks = ["\n".join([step.title, *_step_rows(step)]) for step in steps]
    left_out = len(trace.steps) - len(steps)
    if left_out:
        blocks.append(f"... and {left_out} more update{_s(left_out)}")
    return "\n\n".join([header(trace), *blocks, outcome(trace)])


def header(trace: Run) -> str:
    """What was run: optimizer, problem, batches, start."""
    problem = trace.problem
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
    """Where the trajectory ended: weight, loss, distance from the optimum where there is one."""
    frame, problem = trace.steps, trace.problem
    w = frame[names_per_weight("w", problem.d)].to_numpy()[-1]
    shown = [("w", vector(w)), ("loss", vector([frame["loss"].iloc[-1]]))]
    if problem.optimum is not None:
        with np.errstate(all="ignore"):
            distance = float(np.sqrt(((w - problem.optimum) ** 2).sum()))
        shown.append(("distance from the optimum", vector([distance])))
    told = ", ".join(f"{name} {value.relation} {value.text}" for name, value in shown)
    return f"After {len(frame)} update{_s(len(frame))}: {told}"


# ---- Numbers as shown ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """A number or vector as it is shown, and whether that is all of it."""

    text: str
    rounded: bool

    @property
    def relation(self) -> str:
        """The sign to put before it."""
        return "≈" if self.rounded else "="


def number(value: float) -> Shown:
    """A number to five significant digits, or to the unit where that is more.

    It counts as rounded if more than a part in a billion is lost: arithmetic noise does not show,
    nor does an epsilon of 1e-8 beside a gradient of ordinary size.

    Examples
    --------
    >>> from simopt.walkthrough import number
    >>> number(0.1 + 0.2)
    Shown(text='0.3', rounded=False)
    >>> number(1 / 3)
    Shown(text='0.33333', rounded=True)
    """
    value = float(value)
    if not math.isfinite(value):
        return Shown(str(value), False)
    if value == 0:
        return Shown("0", False)
    shown = f"{value:.{DIGITS}g}"
    if 10**DIGITS <= abs(value) < 1e9:
        shown = f"{value:.0f}"
    return Shown(shown, abs(float(shown) - value) > 1e-9 * abs(value))


def vector(values: ArrayLike) -> Shown:
    """A single number as it is, several in brackets, many with the middle left out."""
    each = [number(value) for value in np.atleast_1d(np.asarray(values, dtype=np.float64))]
    if len(each) == 1:
        return each[0]
    if len(each) <= WHOLE_VECTOR:
        inside = ", ".join(one.text for one in each)
        return Shown(f"[{inside}]", any(one.rounded for one in each))
    ends = f"[{each[0].text}, {each[1].text}, …, {each[-1].text}]"
    return Shown(ends, any(one.rounded for one in each))


def _fill(template: str, values: Mapping[str, Shown]) -> tuple[str, bool]:
    """Numbers put in a formula, negative ones in brackets; and whether any is rounded."""
    rounded = False

    def put(match: re.Match[str]) -> str:
        nonlocal rounded
        shown = values[match[1]]
        rounded |= shown.rounded
        opens = template[: match.start()].endswith("(") or match.start() == 0
        raised = template[match.end() :].startswith(("²", "^"))
        return (
            f"({shown.text})"
            if shown.text.startswith("-") and (raised or not opens)
            else (shown.text)
        )

    return re.sub(r"\{(\w+)\}", put, template), rounded


def _line(
    label: str, formula: str, template: str, values: Mapping[str, Shown], value: ArrayLike
) -> Line:
    numbers, rounded = _fill(template, values)
    result = vector(value)
    exactly = tuple(float(v) for v in np.atleast_1d(np.asarray(value, dtype=np.float64)))
    relation = "≈" if rounded or result.rounded else "="
    return Line(label, formula, numbers, relation, result.text, exactly)


# ---- The steps -----------------------------------------------------------------------------------


def _step(
    trace: Run,
    row: int,
    seen: NDArray[np.int64],
    before: Mapping[str, Floats],
    after: Mapping[str, Floats],
    max_points: int,
) -> Step:
    """One update, from the values before it and after it."""
    problem, frame = trace.problem, trace.steps
    with np.errstate(all="ignore"):
        points = tuple(_point(problem, before["w"], int(i)) for i in seen[:max_points])
        mean = _mean(problem, before["w"], points, len(seen), after["gradient"])
    return Step(
        update=row + 1,
        epoch=int(frame["epoch"].iloc[row]),
        batch=int(frame["batch"].iloc[row]),
        points=points,
        more_points=len(seen) - len(points),
        lines=(*mean, *_rule_lines(trace.optimizer, before, after)),
    )


def _names(trace: Run) -> list[str]:
    """What a run records of its optimizer, in the order in which it comes about."""
    rule, d = trace.optimizer.rule, trace.problem.d
    known = {"step", "epoch", "batch", "eta", "batch_loss", "loss", "t"}
    known |= {each for name in ("gradient", "w") for each in names_per_weight(name, d)}
    rest = [column for column in trace.steps.columns if column not in known]
    derived = list(dict.fromkeys(c if d == 1 else c.rpartition("_")[0] for c in rest))
    return list(rule.state) + [name for name in derived if name not in rule.state]


def _at_start(trace: Run) -> dict[str, Floats]:
    zeros = np.zeros(trace.problem.d)
    state = dict.fromkeys(trace.optimizer.rule.state, zeros)
    return {"w": trace.problem.w0, "t": np.zeros(1), **state}


def _recorded(trace: Run) -> dict[str, Floats]:
    """What a run recorded: a name to an array [updates, weights]."""
    frame = trace.steps
    values = {
        name: frame[names_per_weight(name, trace.problem.d)].to_numpy(dtype=np.float64)
        for name in ["gradient", "w", *_names(trace)]
    }
    values["eta"] = frame[["eta"]].to_numpy(dtype=np.float64)
    values["t"] = frame[["step"]].to_numpy(dtype=np.float64)
    return values


def _point(problem: Problem, w: Floats, i: int) -> Point:
    """From the weight to one point's gradient."""
    x, y = problem.x[i], float(problem.y[i])
    z = float(x @ w)
    product = "{w} × {x}" if problem.d == 1 else "{w} · {x}"
    values = {"w": vector(w), "x": vector(x), "y": number(y), "z": number(z)}
    symbols = "w x" if problem.d == 1 else "w · x"
    if problem.kind == "least_squares":
        error, factor = z - y, 2.0
        first = [_line("Prediction", symbols, product, values, z)]
        values["prediction"] = values["z"]
    else:
        probability = 1 / (1 + math.exp(-z)) if z >= 0 else math.exp(z) / (1 + math.exp(z))
        error, factor = probability - y, 1.0
        first = [
            _line("Score", f"z = {symbols}", product, values, z),
            _line("Prediction", "1 / (1 + exp(-z))", "1 / (1 + exp(-{z}))", values, probability),
        ]
        values["prediction"] = number(probability)
    values["error"] = number(error)
    twice = "2 × " if factor == 2 else ""
    lines = (
        *first,
        _line("Error", "prediction - y", "{prediction} - {y}", values, error),
        _line("Gradient", f"{twice}error × x", twice + "{error} × {x}", values, factor * error * x),
    )
    return Point(i + 1, values["x"].text, values["y"].text, lines)


def _mean(
    problem: Problem, w: Floats, points: Sequence[Point], size: int, gradient: Floats
) -> tuple[Line, ...]:
    """The gradient of the batch, where it is not that of its only point."""
    penalised = bool(problem.l2.any())
    if size == 1 and not penalised:
        return ()
    values = {f"g{k}": vector(point.lines[-1].value) for k, point in enumerate(points)}
    values |= {"w": vector(w), "l2": vector(problem.l2)}
    template = " + ".join(f"{{{name}}}" for name in values if name.startswith("g"))
    if size > len(points):
        template += " + …"
    template = f"({template}) / {size}" if size > 1 else template
    formula = "mean over the points" if size > 1 else "g"
    if penalised:
        template += " + {l2} × {w}"
        formula += " + λ w"
    line = _line("Gradient", formula, template, values, gradient)
    if size > len(points):
        line = Line(line.label, line.formula, line.numbers, "≈", line.result, line.value)
    return (line,)


def _rule_lines(
    optimizer: Optimizer, before: Mapping[str, Floats], after: Mapping[str, Floats]
) -> list[Line]:
    """What the rule does with the gradient, by its formulas where they are known."""
    rule = optimizer.rule
    values = {f"{name}_old": vector(value) for name, value in before.items()}
    values |= {name: vector(value) for name, value in after.items()}
    values |= {name: vector(value) for name, value in optimizer.settings.items()}
    values |= {"g": vector(after["gradient"]), "eta": vector(after["eta"])}
    own = OPTIMIZERS.get(rule.name)
    if own is not None and own().rule is rule and optimizer.convention == "document":
        return [
            _line(w.label, w.formula, w.numbers, values, after[w.column])
            for w in WRITTEN[rule.name]
        ]
    recorded = [name for name in after if name not in {"gradient", "w", "eta", "t"}]
    lines = [_line(f"New {name}", "", "", values, after[name]) for name in recorded]
    return [*lines, _line("New w", "", "", values, after["w"])]


# ---- Text ----------------------------------------------------------------------------------------


def _step_rows(step: Step) -> list[str]:
    """The rows of a step, in columns."""
    nested = [(4, line) for point in step.points for line in point.lines]
    placed = nested + [(2, line) for line in step.lines]
    widths = [
        min(WIDEST, max(_width(cell) for cell in cells))
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


def _width(cell: str) -> int:
    """Places on a terminal: a combining hat takes none."""
    return sum(not unicodedata.combining(character) for character in cell)


def _pad(cell: str, width: int) -> str:
    return cell + " " * (width - _width(cell))


def _s(count: int) -> str:
    return "" if count == 1 else "s"
