"""What a rule does with the gradient, calculation by calculation, from its formula."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from simopt.display.walkthrough.model import Line
from simopt.display.walkthrough.rounding import Shown, fill, vector
from simopt.problems import Floats
from simopt.rules import formulas
from simopt.rules.expressions import FormulaLine, evaluate, names_in, parse
from simopt.rules.family import Family
from simopt.rules.notation import SIGNS, Numbers, Symbols
from simopt.rules.rule import Optimizer

#: What a calculation is called, by the name that it sets; another goes by its sign.
LABELS = {
    "t": "Update count",
    "g": "Decayed gradient",
    "m": "First moment",
    "v": "Second moment",
    "m_hat": "Corrected m",
    "v_hat": "Corrected v",
    "G": "Sum of squares",
    "Eg2": "Mean of squares",
    "Eg": "Mean gradient",
    "effective_lr": "Effective rate",
    "b": "Buffer of steps",
    "v_max": "Largest v",
    "u": "Largest gradient",
    "gap": "Gap",
    "step": "Step",
    "w": "Update",
}


def label(name: str, optimizer: Optimizer) -> str:
    """What a calculation is called: without a first moment, v is a velocity.

    Examples
    --------
    >>> import simopt
    >>> label("v", simopt.Momentum()), label("v", simopt.Adam()), label("mu", simopt.NAdam())
    ('Velocity', 'Second moment', 'μ')
    """
    if name == "v" and "m" not in optimizer.rule.state:
        return "Velocity"
    return LABELS.get(name, SIGNS.get(name, name))


def rule_lines(
    optimizer: Optimizer, before: Mapping[str, Floats], after: Mapping[str, Floats]
) -> tuple[list[Line], dict[str, Floats]]:
    """What the rule does with the gradient, and what of that the next update needs.

    Of a user's own rule, or one that averages, the new state and weight are given without formulas.
    """
    if isinstance(optimizer.made_by, Family):
        return _calculations(optimizer, before, after)
    names = [name for name in after if name not in {"gradient", "w", "eta", "t", "loss"}]
    return [line(f"New {name}", "", "", {}, after[name]) for name in [*names, "w"]], {}


def _calculations(
    optimizer: Optimizer, before: Mapping[str, Floats], after: Mapping[str, Floats]
) -> tuple[list[Line], dict[str, Floats]]:
    steps = [parse(each) for each in formulas.steps(optimizer)]
    if any("t" in step.names for step in steps):
        steps = [parse("t = t + 1"), *steps]
    now: dict[str, ArrayLike] = {**before, **optimizer.settings, "eta": after["eta"]}
    now["g"] = after["gradient"]
    if optimizer.rule.asks_loss:
        now["loss"] = after["loss"]
    shown = {name: vector(value) for name, value in now.items()}
    shown |= {f"{name}_old": value for name, value in shown.items()}
    # A name is old until the update has set it.
    old = {step.target for step in steps}
    lines: list[tuple[str, set[str], Line]] = []
    for index, step in enumerate(steps):
        expression, condition = _chosen(step, now)
        last = step.target not in {each.target for each in steps[index + 1 :]}
        recorded = last and step.target in after and step.target != "g"
        value = after[step.target] if recorded else evaluate(expression, now)
        sign = SIGNS.get(step.target, step.target)
        defined = "" if step.updates or step.target == "effective_lr" else f"{sign} = "
        formula = defined + Symbols().set(expression)[0] + condition
        template = Numbers(old).set(expression)[0]
        written = line(label(step.target, optimizer), formula, template, shown, value)
        lines.append((step.target, names_in(expression), written))
        now[step.target], shown[step.target] = value, vector(value)
        old = old - {step.target}
    starts = formulas.starts(optimizer)
    carried = {name: np.asarray(now[name]) for name in starts}
    return _used(lines, {"w", *optimizer.rule.state, *starts}), carried


def _used(lines: list[tuple[str, set[str], Line]], wanted: set[str]) -> list[Line]:
    """The lines that others need, or the next update: a branch not taken needs none."""
    kept = []
    for target, names, each in reversed(lines):
        if target in wanted:
            kept.append(each)
            wanted = wanted | names
    return kept[::-1]


def _chosen(step: FormulaLine, names: Mapping[str, ArrayLike]) -> tuple[ast.expr, str]:
    """The branch of a conditional formula that holds, and the condition in words."""
    value = step.value
    if not isinstance(value, ast.IfExp):
        return value, ""
    test = Symbols().set(value.test)[0]
    if np.all(evaluate(value.test, names)):
        return value.body, f", as {test}"
    return value.orelse, f", unless {test}"


def line(
    name: str, formula: str, template: str, values: Mapping[str, Shown], value: ArrayLike
) -> Line:
    """A calculation, with its numbers filled in."""
    numbers, rounded = fill(template, values)
    result = vector(value)
    exactly = tuple(float(v) for v in np.atleast_1d(np.asarray(value, dtype=np.float64)))
    relation = "≈" if rounded or result.rounded else "="
    return Line(name, formula, numbers, relation, result.text, exactly)
