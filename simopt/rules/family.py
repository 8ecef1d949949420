"""One name, several formulas: an optimizer in each framework's convention.

A *convention* is whose formula and defaults: the document's, or a framework's (`frameworks`). What
differs between them is said by *switches* (where epsilon stands, whether the rate enters the
buffer) and by hyperparameters that only some of them have (dampening, an initial accumulator). A
convention is nothing but a choice of these, and each can be set by name.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

from simopt.ground import checks
from simopt.rules.frameworks import FRAMEWORKS
from simopt.rules.modifiers import DECAYS, with_decay
from simopt.rules.rule import MOST_HYPERPARAMETERS, Optimizer, Rule, remembered


@dataclass(frozen=True)
class Family:
    """An optimizer in all its conventions.

    Attributes
    ----------
    name : str
        What tables and figures call it.
    build : callable
        ``build(**switches, **optional) -> Rule``: the formula with every switch set; for each
        optional hyperparameter whether the rule has it.
    formula : callable
        ``formula(settings) -> lines``: the formula without weight decay, as lines of Python that
        name the rule's states and hyperparameters; ``t`` counts updates from 1.
    switches : mapping
        Switch to the values that it can take, the document's first.
    optional : tuple of str
        Hyperparameters that a rule has only where the convention or the user gives them.
    own_decay : bool
        Whether the formula has a weight decay of its own, in place of one that can be added to it.
    ranges : mapping
        What a hyperparameter may be, where that is not what its name may be elsewhere.
    """

    name: str
    build: Callable[..., Rule]
    formula: Callable[[Mapping[str, Any]], list[str]]
    switches: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    optional: tuple[str, ...] = ()
    own_decay: bool = False
    ranges: Mapping[str, checks.Interval] = field(default_factory=dict)

    @property
    def conventions(self) -> list[str]:
        """The conventions that have this optimizer, the document's first."""
        return [each for each, framework in FRAMEWORKS.items() if self.name in framework.rules]

    def preset(self, convention: str) -> dict[str, Any]:
        """A convention's settings: hyperparameters, every switch, the form of weight decay."""
        framework = FRAMEWORKS[convention]
        usual = {name: values[0] for name, values in self.switches.items()}
        added = {} if self.own_decay else {"decay": framework.decay}
        return {**added, **usual, **framework.rules[self.name]}

    def __call__(self, convention: Any = "document", **given: Any) -> Optimizer:
        """The optimizer; of ``given``, None means the convention's own.

        A sequence of conventions makes an axis: an optimizer with as many variants.
        """
        given = {name: value for name, value in given.items() if value is not None}
        if checks.is_sequence(convention):
            chosen = checks.axis("convention", convention)
            several = tuple(self._one(each, given) for each in chosen)
            first = several[0]
            return Optimizer(
                first.rule,
                first.values,
                first.convention,
                first.switches,
                made_by=self,
                given={**given, "convention": chosen},
                several=several if len(several) > 1 else (),
            )
        return self._one(convention, given)

    def _one(self, convention: Any, given: Mapping[str, Any]) -> Optimizer:
        known = isinstance(convention, str) and convention in FRAMEWORKS
        if known and self.name not in FRAMEWORKS[convention].rules:
            raise checks.refuse(
                "convention",
                convention,
                f"one of {', '.join(map(repr, self.conventions))}: there is no {self.name} in it",
            )
        if not known:
            checks.choice("convention", convention, self.conventions)
        preset = self.preset(convention)
        settings = {**preset, **given}
        switches = {}
        for name, allowed in self.switches.items():
            switches[name] = _switch(name, settings[name], allowed)
        if self.own_decay:
            decay = None
        elif "weight_decay" in settings:
            decay = _switch("decay", settings["decay"], DECAYS)
        elif "decay" in given:
            raise checks.refuse("decay", given["decay"], "given together with weight_decay")
        else:
            decay = None
        rule = _variant(
            self.build,
            tuple(switches.items()),
            tuple((name, name in settings) for name in self.optional),
            decay,
        )
        unknown = set(settings) - set(rule.hyperparameters) - set(self.switches) - {"decay"}
        for name in sorted(unknown):
            checks.choice(f"{self.name} setting", name, (*rule.hyperparameters, *self.switches))
        if len(rule.hyperparameters) - 1 > MOST_HYPERPARAMETERS:
            raise checks.refuse(
                f"{self.name} hyperparameters",
                rule.hyperparameters,
                f"at most {MOST_HYPERPARAMETERS} behind eta",
            )
        if decay is not None:
            switches["decay"] = decay
        values = rule.check({**rule.defaults, **settings}, self.ranges)
        own = tuple((name, value) for name, value in switches.items() if value != preset.get(name))
        return Optimizer(
            rule, values, convention, own, made_by=self, given={**given, "convention": convention}
        )


F = TypeVar("F", bound=Callable[..., Optimizer])


def by_convention(make: F) -> F:
    """A constructor whose signature says the document's defaults, and which calls with None.

    What its user does not set arrives as None, so that the convention's own value holds. The
    docstring gains a list of what the conventions set otherwise.
    """
    constructor: Any = make
    constructor.__signature__ = inspect.signature(make, eval_str=True)
    constructor.__defaults__ = (None,) * len(constructor.__defaults__ or ())
    constructor.__kwdefaults__ = {
        name: default if name == "convention" else None
        for name, default in constructor.__kwdefaults__.items()
    }
    text = inspect.getdoc(make)
    if text is not None:  # none with python -OO
        summary, heading, rest = text.partition("Parameters\n---")
        decays = "decay" in constructor.__kwdefaults__
        listed = _conventions(constructor.__name__, decays)
        constructor.__doc__ = f"{summary}{listed}\n\n{heading}{rest}"
    return make


def _conventions(name: str, decays: bool) -> str:
    """What each convention sets otherwise than the document's, as a list for the docstring."""
    groups: dict[str, list[str]] = {}
    every = {
        key: {**({"decay": framework.decay} if decays else {}), **framework.rules[name]}
        for key, framework in FRAMEWORKS.items()
        if name in framework.rules
    }
    for key, settings in every.items():
        differing = settings.items() - every["document"].items()
        said = ", ".join(f"{each}={value!r}" for each, value in sorted(differing))
        groups.setdefault(said, []).append(key)
    lines = [
        f"- {', '.join(keys)}: {f'``{said}``' if said else 'as below'}"
        for said, keys in groups.items()
    ]
    return "Settings by convention:\n\n" + "\n".join(lines)


@cache
def _variant(
    build: Callable[..., Rule],
    switches: tuple[tuple[str, Any], ...],
    optional: tuple[tuple[str, bool], ...],
    decay: str | None,
) -> Rule:
    """The rule with its switches set; the same object for the same switches, in any convention."""
    settings = dict(switches) | dict(optional)
    rule = remembered(build(**settings), build, **settings)
    return rule if decay is None else with_decay(rule, decay)


def _switch(name: str, value: Any, allowed: tuple[Any, ...]) -> Any:
    """One of a few words, or True or False."""
    if any(value is each or (isinstance(value, str) and value == each) for each in allowed):
        return value
    raise checks.refuse(name, value, "one of " + ", ".join(map(repr, allowed)))
