"""What the playground knows of rules, frameworks and schedules: all of it read from their sources.

The catalogue is a text of JavaScript: the translated functions (`simopt.rules.javascript`), and
tables that say which of them make up each rule, with each of its switches, and how it is written.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import json
from collections.abc import Iterator
from typing import Any

from simopt.display import style
from simopt.display.walkthrough.calculations import label
from simopt.ground.checks import ANY, Interval
from simopt.ground.formatting import symbol
from simopt.rules import ALL, formulas
from simopt.rules.expressions import names_in, parse
from simopt.rules.family import Family
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.javascript import NEARLY, Expression, Script
from simopt.rules.modifiers import DECAYS
from simopt.rules.notation import SIGNS, Numbers, Symbols
from simopt.rules.ranges import ALLOWED
from simopt.rules.rule import Optimizer
from simopt.schedules import SCHEDULES, cosines
from simopt.training import semantics, shuffling

#: The schedules whose parameters are numbers, and what those without a default begin with.
OFFERED: dict[str, dict[str, float]] = {
    "constant": {},
    "linear_warmup": {},
    "step": {"every": 100},
    "exponential": {"gamma": 0.99},
    "linear": {},
    "polynomial": {},
    "inverse_sqrt": {},
    "inverse_scaling": {},
    "inverse_time": {},
    "noam": {},
    "cosine": {},
    "cyclic": {"up": 50, "down": 50},
    "slanted_triangular": {},
    "warmup_stable_decay": {"warmup": 10, "decay": 50},
}

#: Functions that the time loop of the page calls, by the names that it has for them.
CALLED = {
    "shuffle": shuffling.shuffle,
    "clipped": semantics.clipped,
    "shrink": semantics.shrink,
    "rateAt": semantics.rate_at,
}

#: What a schedule's parameter that is a word may be.
CHOICES = {
    "mode": ["triangular", "triangular2", "exp_range"],
    "shape": ["cosine", "linear", "1-sqrt"],
}


@functools.cache
def script() -> str:
    """The whole catalogue, as JavaScript.

    Raises
    ------
    Untranslatable
        A ValueError, if a rule or a schedule does what the translation does not know.
    """
    functions = Script()
    called = {name: functions.refer(function) for name, function in CALLED.items()}
    lines: dict[str, int] = {}
    rules = {name: _rule(make().made_by, functions, lines) for name, make in offered().items()}
    functions.known |= NEARLY | {cosines.rises: "cosineRises"}
    schedules = {name: _schedule(name, functions) for name in OFFERED}
    rising = {
        key: cosines.rises(key) for key, each in FRAMEWORKS.items() if "cosine" in each.schedules
    }
    parts = [
        f"const COSINE_RISES = {json.dumps(rising)};",
        "function cosineRises(convention) { return COSINE_RISES[convention]; }",
        functions.text,
        *(f"const {name} = {each};" for name, each in called.items()),
        f"const FRAMEWORKS = {json.dumps(_frameworks())};",
        f"const SETTINGS = {json.dumps(_settings(rules))};",
        f"const LINES = [{','.join(lines)}];",
        f"const RULES = {_literal(rules)};",
        f"const SCHEDULES = {_literal(schedules)};",
        f"const CHOICES = {json.dumps(CHOICES)};",
    ]
    text = "\n".join(parts)
    assert "</" not in text, "it would end the element that it stands in"
    return text


def offered() -> dict[str, Any]:
    """The rules that the page has: its loop takes no sums, and its problems have no matrices."""
    rules = {name: make().rule for name, make in ALL.items()}
    return {
        name: ALL[name]
        for name, rule in rules.items()
        if rule.terms is None and rule.matrix is None
    }


class Code(str):
    """Text that is JavaScript already."""

    __slots__ = ()


def _literal(value: Any) -> str:
    """A value as JavaScript: as JSON, but for code."""
    if isinstance(value, Code):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_literal, value)) + "]"
    return json.dumps(value)


def variants(family: Family) -> Iterator[tuple[str, Optimizer | str]]:
    """Every choice of switches and optional hyperparameters: its key, and the optimizer.

    The key has a digit for each switch, in the family's order, one for each optional
    hyperparameter, and one for the form of weight decay, 0 for none. Where there is no such
    variant, a text says why.
    """
    for chosen in itertools.product(*(range(len(each)) for each in family.switches.values())):
        switches = {
            name: values[i]
            for i, (name, values) in zip(chosen, family.switches.items(), strict=True)
        }
        for given in itertools.product((0, 1), repeat=len(family.optional)):
            optional = {
                name: 0.0 for name, there in zip(family.optional, given, strict=True) if there
            }
            for decay in range(1 + len(DECAYS)):
                settings = {**switches, **optional}
                if decay:
                    settings |= {"decay": DECAYS[decay - 1], "weight_decay": 0.0}
                key = "".join(map(str, (*chosen, *given, decay)))
                try:
                    yield key, family(**settings)
                except ValueError as error:
                    yield key, str(error)


def _rule(family: Any, functions: Script, lines: dict[str, int]) -> dict[str, Any]:
    """A rule: its settings by convention, its switches, and its variants."""
    assert isinstance(family, Family)
    shapes: dict[str, int] = {}
    table: dict[str, Any] = {}
    defaults: dict[str, float] = {}
    for key, optimizer in variants(family):
        if isinstance(optimizer, str):
            table[key] = optimizer
            continue
        rule = optimizer.rule
        defaults = {**rule.defaults, **defaults}
        shape = json.dumps(
            {
                "state": rule.state,
                "clock": rule.clock_values,
                "settings": rule.hyperparameters[1:],
                "ticked": rule.clock_hyperparameters,
                "sources": rule.sources,
                "shown": None if rule.average is None else rule.state.index(rule.average),
            }
        )
        written = [
            lines.setdefault(_line(text, label(parse(text).target, optimizer)), len(lines))
            for text in formulas.steps(optimizer)
        ]
        table[key] = [
            shapes.setdefault(shape, len(shapes)),
            written,
            *(
                Code("null" if each is None else functions.refer(each))
                for each in (rule.update, rule.clock, rule.derived)
            ),
        ]
    look = style.look(family.name, ALL)
    return {
        "switches": {name: list(values) for name, values in family.switches.items()},
        "optional": list(family.optional),
        "decays": list(DECAYS),
        "conventions": {key: family.preset(key) for key in family.conventions},
        "defaults": defaults,
        "shapes": [Code(each) for each in shapes],
        "variants": table,
        "color": _variable(look.color),
        "dash": _dash(look.line),
    }


def _variable(color: str) -> str:
    """The style sheet's name for a colour: its value changes with the scheme."""
    return style.VARIABLES[color].removeprefix("var(").rstrip(")").replace("currentColor", "--ink")


def _dash(line: Any) -> list[float]:
    """A line's dashes, in widths of the line."""
    named = {"-": [], ":": [1, 1.65], "-.": [6.4, 1.6, 1, 1.6], "--": [3.7, 1.6]}
    return list(named[line]) if isinstance(line, str) else list(line[1])


@functools.cache
def _line(text: str, called: str) -> str:
    """A line of a formula: how it is written, and a function that computes it."""
    line = parse(text)
    defined = (
        ""
        if line.updates or line.target == "effective_lr"
        else f"{SIGNS.get(line.target, line.target)} = "
    )
    branches: list[dict[str, Any]] = []
    value: Any = line.value
    pieces = [(value, "")]
    test = "null"
    if hasattr(value, "orelse"):
        said = Symbols().set(value.test)[0]
        pieces = [(value.body, f", as {said}"), (value.orelse, f", unless {said}")]
        test = f"v => {Expression().set(value.test)[0]}"
    for expression, condition in pieces:
        branches.append(
            {
                "formula": defined + Symbols().set(expression)[0] + condition,
                "template": Numbers(frozenset()).set(expression)[0],
                "names": sorted(names_in(expression)),
                "value": Code(f"v => {Expression().set(expression)[0]}"),
            }
        )
    return _literal(
        {
            "target": line.target,
            "label": called,
            "names": sorted(line.names),
            "test": Code(test),
            "branches": branches,
        }
    )


def _frameworks() -> dict[str, Any]:
    """Convention to the framework's name, and what it adds to a norm before it clips."""
    return {key: {"name": each.name, "slack": each.clip_slack} for key, each in FRAMEWORKS.items()}


def _settings(rules: dict[str, Any]) -> dict[str, Any]:
    """Every hyperparameter's sign, and what it may be."""
    names = dict.fromkeys(name for rule in rules.values() for name in rule["defaults"])
    return {
        name: {"sign": symbol(SIGNS.get(name, name)), **_range(ALLOWED.get(name, ANY))}
        for name in names
    }


def _range(allowed: Interval) -> dict[str, Any]:
    """An interval; an end that is not there is null."""
    ends = {"low": allowed.low, "high": allowed.high}
    finite = {name: end if abs(end) < float("inf") else None for name, end in ends.items()}
    return {**finite, "highOpen": allowed.high_open, "allowed": str(allowed)}


def _schedule(name: str, functions: Script) -> dict[str, Any]:
    """A schedule: its formula, and its parameters with their defaults."""
    function, start = SCHEDULES[name], OFFERED[name]
    made = function(**start)
    assert made.formula is not None
    parameters = inspect.signature(function).parameters
    return {
        "formula": Code(functions.refer(made.formula)),
        "order": list(inspect.signature(made.formula).parameters)[1:],
        "start": dict(made.settings),
        "required": list(start),
        "defaults": {
            key: each.default for key, each in parameters.items() if each.default is not each.empty
        },
        "about": (inspect.getdoc(function) or "").splitlines()[0],
    }
