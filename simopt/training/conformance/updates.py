"""The updates of simopt's own rules, of which a comparison makes a million.

`Stepper` looks at a rule anew whenever it is made, and at what it returns at every weight: a rule
may be anyone's, and may change. One of simopt's own never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from simopt.ground.calling import call
from simopt.rules.rule import START, Rule


class Parts(NamedTuple):
    """What a rule's updates take, looked up once."""

    sources: tuple[str | None, ...]
    clock_sources: tuple[str | None, ...]
    update: Callable[..., Any]
    returned: tuple[str, ...]
    tick: Callable[..., Any] | None
    clock_values: tuple[str, ...]
    ticked: int
    terms: Callable[..., Any] | None
    totals: tuple[str, ...]
    summed: int
    asks_loss: bool
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
        rule.terms,
        rule.summed,
        rule.terms_hyperparameters,
        rule.asks_loss,
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


def every(
    rule: Rule,
    values: tuple[Any, ...],
    starts: Sequence[float],
    gradients: Iterable[Sequence[float]],
    rates: Iterable[float],
    losses: Iterable[float],
) -> list[list[float]]:
    """All weights after each of their updates, to the bit what `Stepper` makes of them.

    Parameters
    ----------
    rule : Rule
        One of simopt's own; of weights that are no matrix.
    values : tuple of float
        Its hyperparameters, the rate first.
    starts : sequence of float
        The weights.
    gradients : iterable of sequence of float
        For every update a gradient of each weight.
    rates, losses : iterable of float
        For every update its rate, and the batch's loss.
    """
    of = parts(rule)
    known = {n: float(value) for n, value in zip(rule.hyperparameters, values, strict=True)}
    _, *hyper = known.values()
    clock = tuple(0.0 if source is None else known[source] for source in of.clock_sources)
    weights, update, returned = list(starts), of.update, of.returned
    states = [
        tuple(0.0 if source is None else {**known, START: w}[source] for source in of.sources)
        for w in weights
    ]
    alone, rows = len(returned) == 1, []
    for gradient, rate, loss in zip(gradients, rates, losses, strict=True):
        if of.tick is not None:
            between: tuple[float, ...] = ()
            if of.terms is not None:
                totals = _totals(of, weights, gradient, rate, states, (*clock, *hyper[: of.summed]))
                between = (*totals, loss, rate) if of.asks_loss else (*totals, rate)
            ticked = (*clock, *between, *hyper[: of.ticked])
            clock = call(of.tick, ticked, of.clock_values, of.whose, tuple)
        rest = (*clock, *hyper)
        for k, g in enumerate(gradient):
            state = states[k]
            try:
                made: Any = update(weights[k], g, rate, *state, *rest)
            except (ArithmeticError, ValueError):
                made = None
            # What nearly every update returns is seen at once.
            if alone and type(made) is float:
                weights[k] = made
                continue
            if type(made) is tuple and len(made) == len(returned) > 1:
                for each in made:
                    if type(each) is not float:
                        break
                else:
                    weights[k], states[k] = made[0], made[1:]
                    continue
            arguments = (weights[k], g, rate, *state, *rest)
            made = call(update, arguments, returned, of.whose, float)
            weights[k], states[k] = made[0], made[1:]
        rows.append(weights.copy())
    return rows


def _totals(
    of: Parts,
    weights: list[float],
    gradient: Sequence[float],
    rate: float,
    states: list[tuple[float, ...]],
    rest: tuple[float, ...],
) -> list[float]:
    """What a rule sums over all weights, added in their order."""
    totals = [0.0] * len(of.totals)
    terms, names, whose = of.terms, of.totals, of.whose
    assert terms is not None
    for w, g, state in zip(weights, gradient, states, strict=True):
        made = call(terms, (w, g, rate, *state, *rest), names, whose, tuple)
        totals = [total + term for total, term in zip(totals, made, strict=True)]
    return totals
