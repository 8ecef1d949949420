"""Which of them am I using? From a framework's call to a convention, and its switches, here."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from simopt.display import tables
from simopt.display.tables import Column
from simopt.report.conventions import names
from simopt.rules import ALL
from simopt.rules.framework import Call, Framework
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.rule import Optimizer

#: Settings whose names are listed, in this order.
SETTINGS = (
    "eta", "beta", "beta1", "beta2", "rho", "epsilon", "epsilon_root", "initial_accumulator",
    "lr_decay", "momentum_decay", "weight_decay", "clip_norm", "clip_value",
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


def code(text: object) -> Markup:
    """Set as code."""
    return Markup("<code>{}</code>").format(text)


def both(call: Call, framework: Framework) -> Markup:
    """The framework's call, and below it simopt's."""
    text = Markup('{}<br><span class="here">{}</span>')
    return text.format(code(call.call), code(here(call, framework)))


def call_tables() -> list[dict[str, Any]]:
    """A table for each framework that lists its constructors."""
    return [
        {"name": each.name, "version": each.version, "table": call_table(each)}
        for each in frameworks()
        if each.calls
    ]


def call_table(framework: Framework) -> Markup:
    """A framework's constructors, and what they are here."""
    rows = [
        {
            "call": both(call, framework),
            "defaults": ", ".join(
                text for _, _, text in names.defaults(optimizer(call, framework))
            ),
            "note": call.note,
        }
        for call in framework.calls
    ]
    return tables.table(
        pd.DataFrame(rows),
        {
            "call": Column("you call, and what it is here", Markup, short=True),
            "defaults": Column("with", short=True),
            "note": Column("note", short=True),
        },
        caption=f"{framework.name}: what a call is here, with its defaults",
    )


def translation_table() -> Markup:
    """The name of each setting in each framework; a dash where there is none."""
    named = [each for each in frameworks() if each.arguments]
    rows = [
        {"simopt": setting, **{each.name: each.argument(setting) or "–" for each in named}}
        for setting in SETTINGS
    ]
    return tables.table(
        pd.DataFrame(rows),
        {name: Column(name, lambda cell: code(cell) if cell != "–" else "–") for name in rows[0]},
        caption="The same setting by its several names",
    )
