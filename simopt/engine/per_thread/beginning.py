"""How a trajectory begins: its weights, the rule's state and clock, its hyperparameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine import layout
from simopt.engine.layout import AT_WEIGHT, AT_ZERO
from simopt.engine.per_thread.rows import Rows
from simopt.rules.rule import WEIGHT_DECAY, Rule


def beginning(rule: Rule, real: Any, extras: layout.Extras, rows: Rows) -> Callable[..., None]:
    """What sets every row to where a trajectory starts: ``f(call)``."""
    starts, clock_starts = layout.starts(rule), layout.clock_starts(rule)
    states, clocked, hypers = len(rule.state), len(rule.clock_values), len(rule.hyperparameters) - 1
    # None or True: of a test for None only one branch is compiled.
    started = True if any(rule.sources) else None
    clock_started = True if any(rule.clock_sources) else None
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    dp, used, first_state, first_clock = rows.dp, rows.used, rows.states, rows.clock
    own, zero = rows.own, real(0)

    def begin(call):
        work, ticks, data, how = call.work, call.ticks, call.data, call.how
        hyper, at = call.hyper, call.setting
        for k in range(dp):
            work[k, 0] = data.w0[k]
        for k in range(dp, used):
            work[k, 0] = zero
        for c in range(clocked + 1):
            ticks[c, 0] = 0.0
        if started is not None:
            for s in range(states):
                for k in range(dp):
                    if starts[s] == AT_WEIGHT:
                        work[first_state + s * dp + k, 0] = data.w0[k]
                    elif starts[s] != AT_ZERO:
                        work[first_state + s * dp + k, 0] = hyper[starts[s], at]
        if clock_started is not None:
            for c in range(clocked):
                if clock_starts[c] != AT_ZERO:
                    ticks[c, 0] = work[first_clock + c, 0] = hyper[clock_starts[c], at]
        if undecayed is not None:
            for h in range(hypers):
                work[own + h, 0] = hyper[1 + h, at]
            work[own + decay - 1, 0] *= how.decays[0]

    return begin
