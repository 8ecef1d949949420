"""How the lanes of a block begin: weights, states, clocks, settings, and what is watched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from simopt.engine import passes
from simopt.engine.layout import AT_WEIGHT, AT_ZERO, BEST, PEAK, SIDE, WATCHED
from simopt.training import semantics


def begin(call, rows, block, starts, memory, reacts, undecayed, zero, unit):
    """Set every row of a block's lanes to where its trajectories start.

    ``starts`` are where the rule's states do, and behind them its clock's values; ``memory`` is
    what a rate that reacts remembers. ``reacts`` and ``undecayed`` are True or None.
    """
    work, ticks, shape, data, how = call.work, call.ticks, call.shape, call.data, call.how
    hyper, w0, first, reaction = call.hyper, data.w0, data.w0[0] - data.optimum[0], how.reaction
    states, clocked, hypers, decay = shape.states, shape.clocked, shape.hypers, shape.decay
    low, high, setting = block.low, block.high, block.setting
    dp, eta, base, clock, first_state = rows.dp, rows.eta, rows.base, rows.clock, rows.states
    passes.clear(work, low, high, dp, base + WATCHED)
    # The row of zeros, too, at which tiles begin their sums.
    passes.clear(work, low, high, rows.following, rows.tiled)
    for lane in range(low, high):
        for k in range(dp):
            work[k, lane] = w0[k]
        for h in range(hypers + 1):
            work[eta + h, lane] = hyper[h, setting + lane - low]
        if undecayed is not None:
            work[eta + decay, lane] *= how.decays[0]
        for c in range(clocked):
            ticks[c, lane - low] = 0
        if reacts is not None:
            memory[0, lane - low] = np.inf
            memory[1, lane - low] = zero
            memory[2, lane - low] = zero
            memory[3, lane - low] = semantics.least_rate(work[eta, lane], reaction)
        work[base + BEST, lane] = np.inf
        work[base + PEAK, lane] = -1
        side = semantics.side_of(first, zero, zero, unit)
        work[base + SIDE, lane] = side
    for s in range(states):
        if starts[s] != AT_ZERO:
            for k in range(dp):
                row = first_state + s * dp + k
                for lane in range(low, high):
                    if starts[s] == AT_WEIGHT:
                        work[row, lane] = w0[k]
                    else:
                        work[row, lane] = work[eta + starts[s], lane]
    for c in range(clocked):
        if starts[states + c] != AT_ZERO:
            for lane in range(low, high):
                start_at = work[eta + starts[states + c], lane]
                work[clock + c, lane] = start_at
                ticks[c, lane - low] = start_at


NUMERIC: tuple[Callable[..., Any], ...] = (begin,)
