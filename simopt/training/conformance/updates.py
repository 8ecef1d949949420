"""The first update of one weight by itself, of which a search for an explanation makes thousands.

`Stepper` looks at a rule anew whenever it is made, and at once at every weight. A rule that sums
nothing over weights moves each as if it were alone, and one of simopt's own never changes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from simopt.ground.calling import call
from simopt.rules.rule import START, Rule


class Parts(NamedTuple):
    """What a rule's first update takes, looked up once."""

    sources: tuple[str | None, ...]
    clock_sources: tuple[str | None, ...]
    update: Callable[..., Any]
    returned: tuple[str, ...]
    tick: Callable[..., Any] | None
    clock_values: tuple[str, ...]
    ticked: int
    whose: str


@lru_cache(maxsize=4096)
def parts(rule: Rule) -> Parts:
    """Those of a rule of simopt's own."""
    return Parts(
        rule.sources,
        rule.clock_sources,
        rule.update,
        ("w", *rule.state),
        rule.clock,
        rule.clock_values,
        rule.clock_hyperparameters,
        f"rule {rule.name!r}",
    )


def first(rule: Rule, values: tuple[Any, ...], start: float, gradient: float, rate: float) -> float:
    """A weight after its first update, to the bit what `Stepper` makes of it.

    Parameters
    ----------
    rule : Rule
        One of simopt's own, without terms.
    values : tuple of float
        Its hyperparameters, the rate first.
    start, gradient : float
        The weight, and its gradient.
    rate : float
        The rate of this update.
    """
    of = parts(rule)
    hyper = [float(value) for value in values[1:]]
    known: dict[str, Any] = dict(zip(rule.hyperparameters, values, strict=True))
    known[START] = start
    clock = [0.0 if source is None else known[source] for source in of.clock_sources]
    if of.tick is not None:
        ticked = (*clock, *hyper[: of.ticked])
        clock = list(call(of.tick, ticked, of.clock_values, of.whose, tuple))
    state = [0.0 if source is None else known[source] for source in of.sources]
    arguments = (start, gradient, rate, *state, *clock, *hyper)
    return call(of.update, arguments, of.returned, of.whose, float)[0]
