"""Lookahead: k steps forward, then back towards where the last k began (Zhang et al. 2019)."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache
from typing import Any

from simopt.ground import checks
from simopt.rules.averages import SPLIT, in_tuple, nothing
from simopt.rules.modifiers import one_like, without_last
from simopt.rules.rule import (
    MOST_HYPERPARAMETERS,
    MOST_STATE,
    START,
    Optimizer,
    Rule,
    remembered,
)

STARTS = ("weight", "first")
EVALUATED = ("fast", "slow")


def lookahead(
    optimizer: Optimizer,
    slow_step: Any = 0.5,
    every: Any = 5,
    *,
    start: str = "weight",
    evaluated: str = "fast",
) -> Optimizer:
    r"""Another optimizer whose weight every k updates goes back towards a slow one.

    .. math:: \text{slow} \leftarrow \text{slow} + \alpha (w - \text{slow}), \qquad
              w \leftarrow \text{slow}, \qquad \text{if } t \bmod k = 0

    In between w goes as ever; what else the optimizer remembers is left alone.

    Parameters
    ----------
    optimizer : Optimizer
        Whose weight it is; its hyperparameters may be axes.
    slow_step : float or sequence of float, default 0.5
        Alpha, in [0, 1]; with 1 nothing changes. A sequence is an axis.
    every : int or sequence of int, default 5
        k, >= 1. A sequence is an axis.
    start : {"weight", "first"}
        Where the slow weight starts: where the weight does; or, as in timm, where the weight is
        after k updates, whose return then changes nothing.
    evaluated : {"fast", "slow"}
        What losses, targets and the columns w of a sweep are about: w, or the slow weight, as
        optax' ``params.slow``.

    Returns
    -------
    Optimizer
        With the hyperparameters slow_step and every behind the others; ``replace`` changes either.

    Raises
    ------
    ValueError
        If an argument is out of range, the optimizer evaluates an average already, looks across
        weights, or has no room for another state, two clock values or two hyperparameters.

    References
    ----------
    M. R. Zhang, J. Lucas, G. Hinton, J. Ba, Lookahead optimizer: k steps forward, 1 step back,
    NeurIPS 2019. ``optax.lookahead``, ``pytorch_optimizer.Lookahead``, ``timm.optim.Lookahead``
    (start="first", and every 6).

    Examples
    --------
    >>> import simopt
    >>> slow = simopt.lookahead(simopt.SGD(eta=0.05), every=2)
    >>> slow
    SGD, lookahead(eta=0.05, slow_step=0.5, every=2.0)
    >>> run = simopt.run(simopt.problems.four_points(), slow)
    >>> run.steps[["w", "slow"]].round(3).values.tolist()
    [[3.8, 3.0], [3.46, 3.46], [4.846, 3.46], [4.155, 4.155]]
    """
    if not isinstance(optimizer, Optimizer):
        raise checks.refuse("optimizer", optimizer, "an optimizer such as simopt.SGD(eta=0.1)")
    rule = optimizer.rule
    checks.choice("start", start, STARTS)
    checks.choice("evaluated", evaluated, EVALUATED)
    if rule.average is not None and evaluated == "slow":
        raise checks.refuse("evaluated", evaluated, "'fast': the optimizer has an average already")
    if rule.terms is not None or rule.matrix is not None:
        raise checks.refuse("optimizer", optimizer, "one that does not look across weights")
    if "slow" in rule.state:
        raise checks.refuse("optimizer", optimizer, "one without lookahead")
    if (
        len(rule.state) >= MOST_STATE
        or len(rule.hyperparameters) >= MOST_HYPERPARAMETERS
        or len(rule.clock_values) >= MOST_STATE - 1
    ):
        raise checks.refuse(
            "optimizer",
            optimizer,
            f"one with fewer than {MOST_STATE} states, {MOST_STATE - 1} clock values and "
            f"{MOST_HYPERPARAMETERS - 1} hyperparameters",
        )
    if checks.is_sequence(slow_step):
        slow_step = checks.axis("slow_step", slow_step)
    if checks.is_sequence(every):
        every = tuple(checks.whole("every", k, 1, 2**24) for k in checks.axis("every", every))
    else:
        every = checks.whole("every", every, 1, 2**24)
    made = with_lookahead(rule, start, evaluated)
    settings = {**optimizer.settings, "slow_step": slow_step, "every": every}
    several = tuple(
        lookahead(each, slow_step, every, start=start, evaluated=evaluated)
        for each in optimizer.several
    )
    return Optimizer(
        made,
        made.check(settings),
        optimizer.convention,
        optimizer.switches,
        made_by=Looking(optimizer),
        given={"slow_step": slow_step, "every": every, "start": start, "evaluated": evaluated},
        several=several,
    )


@dataclass(frozen=True)
class Looking:
    """Makes the optimizer with lookahead again, with other settings."""

    optimizer: Optimizer

    def __call__(
        self, slow_step: Any, every: Any, start: str, evaluated: str, **settings: Any
    ) -> Optimizer:
        """Of ``settings`` all are the optimizer's own."""
        optimizer = self.optimizer.replace(**settings) if settings else self.optimizer
        return lookahead(optimizer, slow_step, every, start=start, evaluated=evaluated)


@cache
def with_lookahead(rule: Rule, start: str, evaluated: str, /) -> Rule:
    """The rule with a slow weight, and a clock of the updates since w was last there.

    The clock also counts how often that was, up to 2: a slow weight that starts at the first has
    nothing to go back from there.
    """
    update: Any = rule.update if rule.state else in_tuple(rule.update)
    split = SPLIT[len(rule.state)]
    late = start == "first"

    def looking(w, g, eta, *rest):
        own, since, others = split(rest[1:])
        returns, every, slow_step = others[0], rest[-1], rest[-2]
        stepped = update(w, g, eta, *(own + others[1:-2]))
        back = since >= every
        begins = late and returns <= one_like(returns)
        share = one_like(w) if begins else slow_step
        slow = rest[0] + share * (stepped[0] - rest[0]) if back else rest[0]
        return (slow if back else stepped[0], slow, *stepped[1:])

    clock: Any = nothing if rule.clock is None else rule.clock
    if rule.clock is not None:
        for _ in range(len(rule.hyperparameters) - 1 - rule.clock_hyperparameters):
            clock = without_last(clock)

    def ticking(*rest):
        since, returns, every = rest[0], rest[1], rest[-1]
        since = one_like(since) if since >= every else since + one_like(since)
        if since >= every and returns < type(returns)(2):
            returns = returns + one_like(returns)
        return (since, returns, *clock(*rest[2:-2]))

    name = f"{rule.name}, lookahead"
    name += f" ({', '.join(each for each in (start, evaluated) if each in ('first', 'slow'))})"
    made = dataclasses.replace(
        rule,
        name=name.removesuffix(" ()"),
        update=looking,
        clock=ticking,
        state=("slow", *rule.state),
        clock_values=("since", "returns", *rule.clock_values),
        clock_reads=(*rule.clock_reads, "every"),
        hyperparameters=(*rule.hyperparameters, "slow_step", "every"),
        defaults={**rule.defaults, "slow_step": 0.5, "every": 5.0},
        initial={"slow": START, **rule.initial},
        average="slow" if evaluated == "slow" else rule.average,
    )
    return remembered(made, with_lookahead, rule, start, evaluated)
