"""The formula of every optimizer, as lines that can be run, typeset and filled with numbers.

A rule's own file writes its formula (`Family.formula`); weight decay is added here. The tests run
the lines against the rule, for every switch. `expressions` reads the lines, `notation` sets them.
"""

from __future__ import annotations

from typing import Any

from simopt.rules.expressions import parse
from simopt.rules.family import Family
from simopt.rules.rule import Optimizer

#: What a formula carries that its rule, which computes it otherwise, does not; and its start.
STARTS = {"product": 1.0}


def starts(optimizer: Optimizer) -> dict[str, float]:
    """What the formula carries beside the rule's state, and where that starts."""
    if not isinstance(optimizer.made_by, Family):
        return {}
    rule, early, targets = optimizer.rule, set[str](), set[str]()
    for line in map(parse, steps(optimizer)):
        early |= line.names - targets
        targets.add(line.target)
    clock = dict(zip(rule.clock_values, rule.clock_start(optimizer.settings), strict=True))
    # What is set before it is read is carried by no formula.
    return {name: v for name, v in {**STARTS, **clock}.items() if name in early & targets}


def settings(optimizer: Optimizer) -> dict[str, Any]:
    """Switches and hyperparameters together, by name."""
    family = optimizer.made_by
    assert isinstance(family, Family)
    preset = family.preset(optimizer.convention)
    if "weight_decay" not in optimizer.settings:
        preset.pop("decay", None)
    return {**preset, **dict(optimizer.switches), **optimizer.settings}


def steps(optimizer: Optimizer) -> tuple[str, ...]:
    """The calculations of an update, a line each, in their order.

    Examples
    --------
    >>> import simopt
    >>> steps(simopt.AdaGrad(convention="torch"))
    ('G = G + g**2', 'effective_lr = eta / (sqrt(G) + epsilon)', 'w = w - effective_lr * g')
    """
    given, family = settings(optimizer), optimizer.made_by
    assert isinstance(family, Family)
    lines, decay = family.formula(given), given.get("decay")
    if decay == "coupled":
        lines = ["g = g + weight_decay * w", *lines]
    elif decay == "decoupled":
        (step,) = (i for i, line in enumerate(lines) if line.startswith("w = w "))
        if " if " in lines[step]:
            # No step depends on the weight itself, so it may be shrunk beforehand.
            lines.insert(step, "w = w - eta * weight_decay * w")
        else:
            lines[step] += " - eta * weight_decay * w"
    elif decay == "clipped":
        lines = ["w = max(0, 1 - eta * weight_decay) * w", *lines]
    elif decay == "stepped":
        lines = [*lines, "w = w - eta * weight_decay * w"]
    elif decay == "fixed":
        lines = ["w = (1 - weight_decay) * w", *lines]
    return tuple(lines)


def formula(optimizer: Optimizer) -> tuple[str, ...]:
    """The formula as it is printed: an effective rate stands in the step itself.

    Examples
    --------
    >>> import simopt
    >>> formula(simopt.AdaGrad(convention="torch"))
    ('G = G + g**2', 'w = w - eta / (sqrt(G) + epsilon) * g')
    """
    lines, rate = [], "effective_lr"
    for line in steps(optimizer):
        if line.startswith("effective_lr = "):
            rate = line.removeprefix("effective_lr = ")
        else:
            lines.append(line.replace("effective_lr", rate))
    return tuple(lines)


def identity(optimizer: Optimizer) -> tuple[Any, ...]:
    """What two optimizers share if, and only if, they have one formula and the same numbers."""
    return formula(optimizer), tuple(optimizer.settings.items())
