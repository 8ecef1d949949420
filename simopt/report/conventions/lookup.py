"""Which of them am I using? From a framework's call to a convention, and its switches, here."""

from __future__ import annotations

import math
import re
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from simopt import problems
from simopt.display import tables
from simopt.display.tables import Column
from simopt.ground.formatting import listing, number
from simopt.report.conventions import names
from simopt.report.conventions.distances import shown
from simopt.report.conventions.measured import gradients, losses, reached
from simopt.report.conventions.surprises import Lab
from simopt.rules import ALL
from simopt.rules.formulas import identity
from simopt.rules.framework import Call, Framework
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer
from simopt.training.stepper import Stepper

#: Settings whose names are listed, in this order.
SETTINGS = (
    "eta", "beta", "beta1", "beta2", "beta3", "rho", "epsilon", "epsilon_root",
    "initial_accumulator", "lr_decay", "dampening", "momentum_decay", "weight_decay", "clip_norm",
    "clip_value", "smoothing", "l1", "l2", "final_rate", "narrowing",
    "least", "largest", "coefficient",
)  # fmt: skip


def frameworks() -> list[Framework]:
    """All but the document's, which has no constructors."""
    return [each for each in FRAMEWORKS.values() if each.key != "document"]


def optimizer(call: Call, framework: Framework) -> Optimizer:
    """The optimizer that a call is here."""
    return ALL[call.rule](**call.given, convention=call.convention or framework.key)


def here(call: Call, framework: Framework) -> str:
    """The code that makes it."""
    return names.code(call.rule, **call.given, convention=call.convention or framework.key)


def clips(call: Call) -> str:
    """What a run has to be given for the clipping that the call does unasked."""
    return ", ".join(f"{name}={names.value(bound)}" for name, bound in call.clip.items())


def code(text: object) -> Markup:
    """Set as code, which may go on in another line behind a bracket."""
    return Markup("<code>{}</code>").format(Markup("(<wbr>").join(str(text).split("(")))


def both(call: Call, framework: Framework) -> Markup:
    """The framework's call, and below it simopt's, with what a run needs besides."""
    besides = f", {clips(call)}" if call.clip else ""
    return _one_below(call.call, here(call, framework) + besides)


def _one_below(there: str, own: str) -> Markup:
    """What a framework has, and below it what is that here."""
    return Markup('{}<br><span class="here">{}</span>').format(code(there), code(own))


@cache
def _path(mark: Any, bound: float, made: Optimizer, looked: tuple[int, ...]) -> tuple[float, ...]:
    """The weight on the four points after these updates; ``mark`` is its identity."""
    batches, costs = gradients(problems.four_points(), 1), losses(problems.four_points(), 1)
    stepper, seen = Stepper(made, [3.0]), []
    with np.errstate(all="ignore"):
        for update in range(max(looked)):
            (slope,) = batches[update % len(batches)](stepper.weights)
            loss = costs[update % len(batches)](stepper.weights) if made.rule.asks_loss else None
            stepper.step([min(max(slope, -bound), bound)], loss=loss)
            if update + 1 in looked:
                seen.append(stepper.weights[0])
    return tuple(seen)


def measures(call: Call, framework: Framework, looked: tuple[int, ...]) -> dict[str, str]:
    """The first step of a gradient of 1, and how far the weight is from the document's then."""
    made, document = optimizer(call, framework), ALL[call.rule]()
    bound = min(call.clip.values(), default=math.inf)
    here = _path(identity(made), bound, made, looked)
    there = _path(identity(document), math.inf, document, looked)
    (first,) = Lab().moves(made, min(1.0, bound))
    away = [shown(abs(a - b) / abs(b)) for a, b in zip(here, there, strict=True)]
    return {"first": number(first, 2), "away": " · ".join(away)}


def call_tables(quick: bool = False) -> list[dict[str, Any]]:
    """A table for each framework that lists its constructors; ``quick`` looks no further."""
    return [
        {
            "name": each.name,
            "version": version(each),
            "spelled": " ".join(spelled(each)),
            "table": call_table(each, reached(quick)),
            "left_out": left_out(each),
        }
        for each in frameworks()
        if each.calls
    ]


def spelled(framework: Framework) -> list[str]:
    """The words by which a call says whose it is: the first of its paths, and what people shorten.

    Examples
    --------
    >>> from simopt.rules.frameworks import FRAMEWORKS
    >>> spelled(FRAMEWORKS["mlx"]), spelled(FRAMEWORKS["jax"])
    (['mlx', 'mx'], ['jax', 'numpyro'])
    """
    paths = (re.match(r"(\w+)(\.|::)\w", call.call) for call in framework.calls)
    return list(dict.fromkeys([*(each[1] for each in paths if each), *framework.spelled]))


def left_out(framework: Framework) -> Markup:
    """What the package offers besides, and why it is not here; empty where that is all."""
    named = (
        Markup('<span class="left"><span class="name">{}</span> ({})</span>').format(
            code(name) if "." in name else name, why
        )
        for name, why in framework.left_out.items()
    )
    return Markup("; ").join(named)


def version(framework: Framework) -> str:
    """What the record was checked with, and how."""
    return framework.version + ("" if framework.played else "; its source was read, not run")


def call_table(framework: Framework, looked: tuple[int, ...]) -> Markup:
    """A framework's constructors, and what they are here."""
    rows = [
        {
            "call": both(call, framework),
            "defaults": ", ".join(
                text for _, _, text in names.defaults(optimizer(call, framework))
            ),
            **measures(call, framework, looked),
            "note": call.note,
        }
        for call in framework.calls
    ]
    return tables.table(
        pd.DataFrame(rows),
        {
            "call": Column("you call, and what it is here", Markup, short=True),
            "defaults": Column("with", short=True),
            "first": Column("first step [η]", short=True),
            "away": Column(
                f"from the document's after {listing(number(each) for each in looked)}", short=True
            ),
            "note": Column("note", short=True),
        },
        caption=f"{framework.name}: what a call is here, with its defaults; the first step of a "
        "gradient of 1 (and a loss of 1/2, for a rule that asks for it); and the distance of w "
        "from the document's convention on the four points after so many updates, each at its own "
        "defaults",
    )


def translation_table() -> Markup:
    """The names of each setting, and which frameworks have each."""
    rows = []
    for setting in SETTINGS:
        whose: dict[str, list[str]] = {}
        for each in frameworks():
            argument = each.argument(setting) if each.arguments else None
            if argument:
                whose.setdefault(argument, []).append(each.name)
        rows += [
            {
                "name": _one_below(argument, setting),
                "frameworks": listing(named),
            }
            for argument, named in whose.items()
        ]
    return tables.table(
        pd.DataFrame(rows),
        {
            "name": Column("its name there, and here", Markup),
            "frameworks": Column("in", prose=True),
        },
        caption="The same setting by its several names",
    )
