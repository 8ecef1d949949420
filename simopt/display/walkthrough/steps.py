"""The worked steps of a run: every number beside its formula."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simopt.display.walkthrough.calculations import line, rule_lines
from simopt.display.walkthrough.model import Line, Point, Step
from simopt.display.walkthrough.rounding import number, vector
from simopt.ground import checks
from simopt.problems import Floats, Problem
from simopt.problems.problem import check_problem
from simopt.problems.regression import Regression
from simopt.rules.formulas import starts as starts_of
from simopt.rules.rule import Optimizer
from simopt.training import plan, shuffling
from simopt.training.run import Run, run
from simopt.training.steps import names_per_weight


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
    """The worked steps of a trajectory.

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
    """A run and its worked steps.

    Parameters
    ----------
    problem, optimizer, batch_size, epochs, shuffle, seed, order, drop_last, updates, max_points
        As in `worked_steps`.

    Returns
    -------
    run : Run
        What `simopt.run` returns.
    steps : list of Step
        What `worked_steps` returns.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt import SGD, problems, walkthrough
    >>> trace, steps = walkthrough.worked(problems.four_points(), SGD(eta=0.1))
    >>> len(trace.steps), len(steps)
    (4, 4)
    """
    if updates is not None:
        checks.whole("updates", updates, 1)
    checks.whole("max_points", max_points, 1)
    check_problem(problem)
    if not problem.n or problem.formula is not None or problem.hidden:
        raise checks.refuse("problem", problem, "a regression, to write out")
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
        step, carried = _step(trace, row, points, before, after, max_points)
        steps.append(step)
        before = {**after, **carried}
    return trace, steps


def _step(
    trace: Run,
    row: int,
    seen: NDArray[np.int64],
    before: Mapping[str, Floats],
    after: Mapping[str, Floats],
    max_points: int,
) -> tuple[Step, dict[str, Floats]]:
    """The worked step of one update, and further values that the next one needs."""
    problem, frame = trace.problem, trace.steps
    costs = trace.optimizer.rule.asks_loss
    with np.errstate(all="ignore"):
        points = tuple(_point(problem, before["w"], int(i), costs) for i in seen[:max_points])
        mean = _means(problem, before["w"], points, len(seen), after)
        lines, carried = rule_lines(trace.optimizer, before, after)
    step = Step(
        update=row + 1,
        epoch=int(frame["epoch"].iloc[row]),
        batch=int(frame["batch"].iloc[row]),
        points=points,
        more_points=len(seen) - len(points),
        lines=(*mean, *lines),
    )
    return step, carried


def _names(trace: Run) -> list[str]:
    """The quantities that a run records of its optimizer, in order of computation."""
    rule, d = trace.optimizer.rule, trace.problem.d
    known = {"step", "epoch", "batch", "eta", "batch_loss", "loss", "t"}
    known |= {each for name in ("gradient", "w") for each in names_per_weight(name, d)}
    rest = [column for column in trace.steps.columns if column not in known]
    derived = list(dict.fromkeys(c if d == 1 else c.rpartition("_")[0] for c in rest))
    return list(rule.state) + [name for name in derived if name not in rule.state]


def _at_start(trace: Run) -> dict[str, Floats]:
    rule, settings = trace.optimizer.rule, trace.optimizer.settings
    begins = [rule.start(settings, w) for w in trace.problem.w0]
    state = dict(zip(rule.state, np.transpose(begins), strict=True))
    starts = {name: np.full(1, start) for name, start in starts_of(trace.optimizer).items()}
    return {"w": trace.problem.w0, "t": np.zeros(1), **starts, **state}


def _recorded(trace: Run) -> dict[str, Floats]:
    """The recorded quantities: name to array [updates, weights]."""
    frame = trace.steps
    values = {
        name: frame[names_per_weight(name, trace.problem.d)].to_numpy(dtype=np.float64)
        for name in ["gradient", "w", *_names(trace)]
    }
    values["eta"] = frame[["eta"]].to_numpy(dtype=np.float64)
    values["t"] = frame[["step"]].to_numpy(dtype=np.float64)
    if trace.optimizer.rule.asks_loss:
        w = np.vstack([trace.problem.w0, values["w"][:-1]])
        penalty = (w * w) @ trace.problem.l2 / 2
        values["loss"] = frame[["batch_loss"]].to_numpy(dtype=np.float64) + penalty[:, None]
    return values


def _point(problem: Problem, w: Floats, i: int, costs: bool) -> Point:
    """The lines from the weights to the gradient of one point, with its loss where it counts."""
    x, y = problem.x[i], float(problem.y[i])
    z = float(x @ w)
    product = "{w} × {x}" if problem.d == 1 else "{w} · {x}"
    values = {"w": vector(w), "x": vector(x), "y": number(y), "z": number(z)}
    symbols = "w x" if problem.d == 1 else "w · x"
    assert isinstance(problem, Regression)
    loss = problem.criterion
    linked = any(step.name == "prediction" for step in loss.written)
    lines = [
        line("Score", f"z = {symbols}", product, values, z)
        if linked
        else line("Prediction", symbols, product, values, z)
    ]
    numbers = {"z": z, "y": y, "prediction": z} | problem.named_parameters
    values |= {name: number(value) for name, value in numbers.items()}
    for step in loss.written:
        value = numbers[step.name] = step.result(numbers)
        lines.append(line(step.label, step.formula, step.numbers, values, value))
        values[step.name] = number(value)
    if costs:
        cost = float(loss.value(z, y, *problem.parameters))
        lines.append(line("Loss", *loss.costs, values, cost))
    twice, name = "2 × " if loss.factor == 2 else "", loss.written[-1].name
    gradient = loss.factor * numbers[name] * x
    template = f"{twice}{{{name}}} × {{x}}"
    lines.append(line("Gradient", f"{twice}{name} × x", template, values, gradient))
    return Point(i + 1, values["x"].text, values["y"].text, tuple(lines))


def _means(
    problem: Problem, w: Floats, points: Sequence[Point], size: int, after: Mapping[str, Floats]
) -> tuple[Line, ...]:
    """The lines of the batch's loss, where it counts, and gradient, if it has several points."""
    if size == 1 and not problem.l2.any():
        return ()
    lines = []
    if "loss" in after:
        each = [point.lines[-2].value for point in points]
        penalty = (" + Σ λ w² / 2", " + Σ {l2} × {w}² / 2")
        lines.append(_mean("Loss", "f", problem, w, each, size, penalty, after["loss"]))
    each = [point.lines[-1].value for point in points]
    penalty = (" + λ w", " + {l2} × {w}")
    lines.append(_mean("Gradient", "g", problem, w, each, size, penalty, after["gradient"]))
    return tuple(lines)


def _mean(
    label: str,
    sign: str,
    problem: Problem,
    w: Floats,
    each: Sequence[Sequence[float]],
    size: int,
    penalty: tuple[str, str],
    value: Floats,
) -> Line:
    """The line of a mean over a batch's points, the first of which are written out."""
    values = {f"p{k}": vector(one) for k, one in enumerate(each)}
    template = " + ".join(f"{{{name}}}" for name in values)
    values |= {"w": vector(w), "l2": vector(problem.l2)}
    if size > len(each):
        template += " + …"
    template = f"({template}) / {size}" if size > 1 else template
    formula = "mean over the points" if size > 1 else sign
    if problem.l2.any():
        formula, template = formula + penalty[0], template + penalty[1]
    mean = line(label, formula, template, values, value)
    return replace(mean, relation="≈") if size > len(each) else mean
