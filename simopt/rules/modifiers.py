"""What can be added to any rule: momentum on its steps, weight decay, another start.

A modified rule is a rule again. Its function takes what the first one takes, a state or a
hyperparameter more, and calls it; compiled, both become one. Arguments go by position: one
spelling, one object.
"""

from __future__ import annotations

import dataclasses
import inspect
from functools import cache
from typing import Any

from simopt.rules.rule import Rule, complement, remembered

DECAYS = ("coupled", "decoupled", "clipped", "stepped", "fixed")


def one_like(value):
    """The number 1 in the precision of ``value``."""
    return type(value)(1)


def zero_like(value):
    """The number 0 in the precision of ``value``."""
    return type(value)(0)


def larger(one, other):
    """The larger of two numbers; the first, where the other is no number."""
    return other if other > one else one


@cache
def with_initial(rule: Rule, /, *states: str) -> Rule:
    """The rule with states that start at ``initial_accumulator``, by default 0."""
    update: Any = rule.update

    def started(w, g, eta, *rest):
        return update(w, g, eta, *rest[:-1])

    started.__name__ = update.__name__
    initial = {**rule.initial, **dict.fromkeys(states, "initial_accumulator")}
    modified = extended(rule, started, "initial_accumulator", initial=initial)
    return remembered(modified, with_initial, rule, *states)


@cache
def with_decay(rule: Rule, form: str, /) -> Rule:
    r"""The rule with weight decay :math:`\lambda`.

    "coupled" adds :math:`\lambda w` to the gradient. "decoupled" takes :math:`\eta \lambda w` of
    the weight besides the step; so does "clipped", but never more than the weight itself, and
    "stepped", but of the weight after the step. "fixed" takes :math:`\lambda w`, whatever the rate.
    """
    update: Any = rule.update

    def coupled(w, g, eta, *rest):
        return update(w, g + rest[-1] * w, eta, *rest[:-1])

    def decoupled(w, g, eta, *rest):
        stepped = update(w, g, eta, *rest[:-1])
        return (stepped[0] - eta * rest[-1] * w, *stepped[1:])

    def decoupled_alone(w, g, eta, *rest):
        return update(w, g, eta, *rest[:-1]) - eta * rest[-1] * w

    # The weight may be shrunk beforehand: no step depends on it but by sums. Rules of which that is
    # not true, as FTRL and Adafactor, have `Family.own_decay`, and none is added to them.
    def clipped(w, g, eta, *rest):
        kept = one_like(w) - eta * rest[-1]
        return update(w * (kept if kept > zero_like(w) else zero_like(w)), g, eta, *rest[:-1])

    def stepped(w, g, eta, *rest):
        moved = update(w, g, eta, *rest[:-1])
        return (moved[0] - eta * rest[-1] * moved[0], *moved[1:])

    def stepped_alone(w, g, eta, *rest):
        moved = update(w, g, eta, *rest[:-1])
        return moved - eta * rest[-1] * moved

    def fixed(w, g, eta, *rest):
        return update((one_like(w) - rest[-1]) * w, g, eta, *rest[:-1])

    changes: dict[str, Any] = {}
    if form == "coupled" and rule.terms is not None:
        terms = whole_terms(rule)

        def coupled_terms(w, g, eta, *rest):
            return terms(w, g + rest[-1] * w, eta, *rest[:-1])

        changes["terms"] = coupled_terms
    forms = {
        "coupled": coupled,
        "decoupled": decoupled if rule.state else decoupled_alone,
        "clipped": clipped,
        "stepped": stepped if rule.state else stepped_alone,
        "fixed": fixed,
    }
    modified = extended(rule, forms[form], "weight_decay", **changes)
    return remembered(modified, with_decay, rule, form)


def with_momentum(
    rule: Rule, rate_place: str, nesterov: bool = False, averaged: bool = False
) -> Rule:
    """A rule with state, its steps gathered in a buffer b: a fading sum with decay ``momentum``.

    The rate multiplies the buffer when it is used ("outside") or the steps that enter ("inside").
    ``averaged`` makes the sum a mean: of each step a share of 1 - momentum enters.
    """
    return _with_momentum(rule, rate_place, nesterov, averaged)


@cache
def _with_momentum(rule: Rule, rate_place: str, nesterov: bool, averaged: bool, /) -> Rule:
    update: Any = rule.update
    inside = rate_place == "inside"

    def gathered(w, g, eta, *rest):
        b, momentum = rest[0], rest[-1]
        zero = zero_like(w)
        # The step of a weight at 0 is what it moves by.
        stepped = update(zero, g, eta if inside else one_like(w), *rest[1:-1])
        entering = zero - stepped[0]
        if averaged:
            entering = complement(momentum) * entering
        b = momentum * b + entering
        move = entering + momentum * b if nesterov else b
        return (w - (move if inside else eta * move), b, *stepped[1:])

    modified = extended(rule, gathered, "momentum", state=("b", *rule.state))
    return remembered(modified, _with_momentum, rule, rate_place, nesterov, averaged)


def without_last(function: Any) -> Any:
    """The same function, with one argument more that it does not look at."""

    def shorter(*rest):
        return function(*rest[:-1])

    return shorter


def whole_terms(rule: Rule) -> Any:
    """The rule's terms, which may leave out trailing hyperparameters, as a function of all."""
    terms = rule.terms
    for _ in range(len(rule.hyperparameters) - 1 - rule.terms_hyperparameters):
        terms = without_last(terms)
    return terms


def extended(rule: Rule, update: Any, hyperparameter: str, **changes: Any) -> Rule:
    """The rule with another function, and a hyperparameter more."""
    if rule.terms is not None:
        changes = {"terms": without_last(whole_terms(rule)), **changes}
    if rule.clock is not None and rule.clock.__code__.co_flags & inspect.CO_VARARGS:
        # A clock that takes any number of them would take this one for its last.
        changes = {"clock": without_last(rule.clock), **changes}
    return dataclasses.replace(
        rule,
        update=update,
        hyperparameters=(*rule.hyperparameters, hyperparameter),
        defaults={**rule.defaults, hyperparameter: 0.0},
        **changes,
    )
