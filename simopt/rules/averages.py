r"""The forms of an average of the weights, and a rule with one of them.

Every form is a running mean whose share of the new weight depends on how many were averaged,

.. math:: \bar w_n = (1 - s_n) \bar w_{n-1} + s_n w_n,

so that one update serves all. A clock counts: below 0 the updates of the burn-in, then 1, 2, ...;
for the corrected average :math:`1 - \gamma^n`, by a recursion that every device rounds alike.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from simopt.rules.modifiers import extended, one_like, whole_terms, without_last, zero_like
from simopt.rules.rule import Rule, complement, remembered


def counted(count, gamma):
    """The next count."""
    return count + one_like(count)


def corrected(count, gamma):
    """``1 - gamma^n`` from ``1 - gamma^(n-1)``."""
    return gamma * count + complement(gamma)


def fading(count, gamma):
    """Always the same share: the average begins at the weight before."""
    return complement(gamma)


def fading_from_first(count, gamma):
    """The average begins at the first weight."""
    return complement(gamma) if count > one_like(count) else one_like(count)


def debiased(count, gamma):
    """As if divided by ``1 - gamma^n``, which the count is here."""
    return complement(gamma) / count


def warmed(count, gamma):
    """What is kept rises as (1 + n) / (10 + n) until it is gamma."""
    kept = (one_like(count) + count) / (type(count)(10) + count)
    return one_like(count) - (kept if kept < gamma else gamma)


def mean(count, gamma):
    """The mean of all."""
    return one_like(count) / count


class Form(NamedTuple):
    """A form: the next count, and the share of the new weight by the count."""

    count: Callable[..., Any]
    share: Callable[..., Any]


#: By name.
FORMS = {
    "fading": Form(counted, fading),
    "first": Form(counted, fading_from_first),
    "debiased": Form(corrected, debiased),
    "warmed": Form(counted, warmed),
    "mean": Form(counted, mean),
}


# Slices of a tuple need bounds that a compiler knows: a function for each number of states.


def split_0(rest):
    """No state, the count, the rest."""
    return (), rest[0], rest[1:]


def split_1(rest):
    """One state, the count, the rest."""
    return rest[:1], rest[1], rest[2:]


def split_2(rest):
    """Two states, the count, the rest."""
    return rest[:2], rest[2], rest[3:]


def split_3(rest):
    """Three states, the count, the rest."""
    return rest[:3], rest[3], rest[4:]


def split_4(rest):
    """Four states, the count, the rest."""
    return rest[:4], rest[4], rest[5:]


def split_5(rest):
    """Five states, the count, the rest."""
    return rest[:5], rest[5], rest[6:]


SPLIT = (split_0, split_1, split_2, split_3, split_4, split_5)


@cache
def with_average(rule: Rule, form: str, start: int, /) -> Rule:
    """The rule with an average of its weight, which is the weight itself for ``start`` updates."""
    counting, share = FORMS[form]
    update: Any = rule.update if rule.state else in_tuple(rule.update)
    faded = form != "mean"
    update = without_last(update) if faded else update
    plain = form == "fading" and not start

    def averaged(w, g, eta, *rest):
        stepped = update(w, g, eta, *rest[1:])
        part = complement(rest[-1])
        return (stepped[0], (one_like(w) - part) * rest[0] + part * stepped[0], *stepped[1:])

    split = SPLIT[len(rule.state)]

    def averaged_by_count(w, g, eta, *rest):
        own, count, others = split(rest[1:])
        stepped = update(w, g, eta, *(own + others))
        part = share(count, rest[-1]) if count > zero_like(count) else one_like(w)
        return (stepped[0], (one_like(w) - part) * rest[0] + part * stepped[0], *stepped[1:])

    changes: dict[str, Any] = {"state": ("average", *rule.state), "average": "average"}
    if not plain:
        changes["clock"] = clock_of(rule, counting, start, faded)
        changes["clock_values"] = ("averaged", *rule.clock_values)
        if faded:
            changes["clock_reads"] = (*rule.clock_reads, "gamma")
    if rule.terms is not None:
        terms = without_last(whole_terms(rule)) if faded else whole_terms(rule)

        def averaged_terms(w, g, eta, *rest):
            return terms(w, g, eta, *rest[1:])

        def averaged_terms_by_count(w, g, eta, *rest):
            own, _, others = split(rest[1:])
            return terms(w, g, eta, *(own + others))

        changes["terms"] = averaged_terms if plain else averaged_terms_by_count
    made = averaged if plain else averaged_by_count
    name = f"{rule.name}, averaged"
    if form != "fading" or start:
        name += f" ({form}{f' from update {start + 1}' if start else ''})"
    if faded:
        modified = extended(rule, made, "gamma", name=name, **changes)
    else:
        modified = dataclasses.replace(rule, update=made, name=name, **changes)
    return remembered(modified, with_average, rule, form, start)


def clock_of(rule: Rule, counting: Any, start: int, faded: bool) -> Any:
    """The rule's clock, behind the count of what was averaged; it takes every hyperparameter."""
    hypers = len(rule.hyperparameters) - 1
    clock: Any = nothing if rule.clock is None else rule.clock
    # A clock may leave out trailing hyperparameters; gamma is one more.
    for _ in range(hypers - rule.clock_hyperparameters if rule.clock is not None else 0):
        clock = without_last(clock)
    clock = without_last(clock) if faded and rule.clock is not None else clock

    def ticking(*rest):
        count = rest[0]
        begins = count <= zero_like(count) and count <= -type(count)(start)
        if count > zero_like(count) or begins:
            count = counting(zero_like(count) if begins else count, rest[-1])
        else:
            count = count - one_like(count)
        return (count, *clock(*rest[1:]))

    return ticking


def nothing(*rest):
    """The values of no clock."""
    return ()


def in_tuple(function: Any) -> Any:
    """The same function, its one result in a tuple."""

    def alone(*rest):
        return (function(*rest),)

    return alone
