"""The problem and the parameters, as tables."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number, symbol
from simopt.report import traces
from simopt.rules import OPTIMIZERS
from simopt.rules.ranges import ALLOWED


def problem_table() -> Markup:
    """The points, and what each demands at the start."""
    problem = traces.problem()
    frame = pd.DataFrame({"point": range(1, problem.n + 1), "x": problem.x[:, 0], "y": problem.y})
    frame["error"] = frame["x"] * problem.w0[0] - frame["y"]
    frame["gradient"] = [problem.gradient(problem.w0, [i])[0] for i in range(problem.n)]
    frame["curvature"] = 2 * frame["x"] ** 2
    labels = {
        "point": "point",
        "x": "x",
        "y": "y",
        "error": "error at the start",
        "gradient": "gradient at the start",
        "curvature": "curvature 2x²",
    }
    return tables.table(frame, labels, caption="The four points")


@dataclass(frozen=True)
class Parameter:
    """A row of the parameter table."""

    name: str
    kind: str
    of: tuple[str, ...]
    is_what: str
    when: str


HYPER, STATE = "hyperparameter", "state"

PARAMETERS = (
    Parameter("eta", HYPER, (), "learning rate: the length of a step",
              "first and always: lower if the loss swings or grows, higher if it creeps"),
    Parameter("beta", HYPER, (), "momentum: the share of the velocity kept",
              "lower if the weight swings past the optimum or the loss grows"),
    Parameter("rho", HYPER, (), "decay of the mean square",
              "higher if the effective rate jumps about; seldom needed"),
    Parameter("beta1", HYPER, (), "decay of the mean gradient",
              "lower if gradients turn quickly; seldom needed"),
    Parameter("beta2", HYPER, (), "decay of the mean square",
              "lower for short runs or gradients whose size changes quickly"),
    Parameter("epsilon", HYPER, (), "keeps the root from 0",
              "only if gradients come near its root, and then it caps the step"),
    Parameter("weight_decay", HYPER, (), "pull of the weight towards 0",
              "higher against overfitting; 0 to reach the minimum of the loss"),
    Parameter("v", STATE, ("Momentum", "Nesterov"), "velocity: fading sum of gradients", ""),
    Parameter("G", STATE, ("AdaGrad",), "sum of squared gradients: only grows", ""),
    Parameter("Eg2", STATE, ("RMSprop",), "fading mean of squared gradients", ""),
    Parameter("m", STATE, ("Adam", "AdamW"), "fading mean of gradients", ""),
    Parameter("v", STATE, ("Adam", "AdamW"), "fading mean of squared gradients", ""),
    Parameter("t", STATE, ("Adam", "AdamW"), "updates so far, for the bias correction", ""),
)  # fmt: skip


def parameter_table() -> Markup:
    """Symbol, type, whose, default, allowed, what it is, when to change it."""
    settings = {name: make().settings for name, make in OPTIMIZERS.items()}
    rows = []
    for each in PARAMETERS:
        of = each.of or tuple(name for name in settings if each.name in settings[name])
        default, allowed = "starts at 0", "–"
        if each.kind == HYPER:
            default = listing({number(settings[name][each.name]) for name in of}, "or")
            allowed = range_of(each.name)
        everyone = len(of) == len(settings)
        rows.append(
            {
                "symbol": symbol(each.name),
                "what": each.is_what,
                "type": each.kind,
                "of": "all" if everyone else listing(of),
                "default": default,
                "allowed": allowed,
                "when": each.when or "–",
            }
        )
    return tables.table(
        pd.DataFrame(rows),
        {
            "symbol": "symbol",
            "type": Column("type", short=True),
            "what": Column("what it is", prose=True),
            "of": "of",
            "default": Column("default", short=True),
            "allowed": Column("allowed", short=True),
            "when": Column("change it", prose=True),
        },
        caption="Parameters and state",
    )


def range_of(name: str) -> str:
    """What a hyperparameter may be, as mathematics writes it."""
    allowed = ALLOWED[name]
    if allowed.high == math.inf:
        return f"{'>' if allowed.low_open else '≥'} {number(allowed.low)}"
    left, right = "(" if allowed.low_open else "[", ")" if allowed.high_open else "]"
    return f"{left}{number(allowed.low)}, {number(allowed.high)}{right}"
