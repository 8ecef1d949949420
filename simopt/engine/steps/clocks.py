"""The clocks of a block that tick before the weights' steps, from no sums over the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine import watching
from simopt.engine.scalars import READ, WRITE
from simopt.engine.steps.shape import no_clock
from simopt.ground.inline import inlined
from simopt.rules.rule import Rule


def ticks_ahead(rule: Rule, real: type, one: bool) -> bool:
    """Whether the clocks of a block tick together; those of one weight in float64 tick with it."""
    # float64 clocks live among the rows; for float32 weights they need an array of their own.
    return bool(rule.clock_values) and rule.terms is None and (real is np.float32 or not one)


def ticking(rule: Rule, real: type, one: bool) -> Callable[..., None]:
    """What lets them tick, ``f(work, ticks, low, high, first, eta)``; it may have nothing to do."""
    clock: Any = no_clock if rule.clock is None else inlined(rule.clock)
    clocked = len(rule.clock_values)
    read_clock, write_clock = READ[clocked], WRITE[clocked]
    read_ticked = READ[rule.clock_hyperparameters]
    # None or True: of a test for None only one branch is compiled.
    apart = True if real is np.float32 else None
    ahead = True if ticks_ahead(rule, real, one) else None

    def tick(work, ticks, low, high, first, eta):
        if ahead is not None:
            watching.tick_all(
                work, ticks, low, high, first, eta + 1, clock, read_clock, read_ticked,
                write_clock, apart,
            )  # fmt: skip

    return tick
