"""Rules that step along a matrix of weights: its entries, before it is turned.

Such a rule has a pass over the matrix' weights more, between gradient and update: each puts what
enters the matrix in the place of its gradient, and its state is the new one. The rule's own
function then turns the matrix (`simopt.rules.rule.Matrix`), and the update of these weights takes
its entries for gradients. Without such a rule none of it is compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simopt.engine import layout


def enter(
    work, low, high, inside, dp, clock_row, settings, enters, read_state, write_state, read_clock,
    read_hyper,
):  # fmt: skip
    """What enters of the weights 0 to ``inside - 1``, of all lanes."""
    for k in range(inside):
        for lane in range(low, high):
            held = read_state(work, 2 * dp + k, dp, lane) + read_clock(work, clock_row, 1, lane)
            entered = enters(work[dp + k, lane], *(held + read_hyper(work, settings, 1, lane)))
            work[dp + k, lane] = entered[0]
            write_state(work, 2 * dp + k, dp, lane, layout.state_rest(entered))


NUMERIC: tuple[Callable[..., Any], ...] = (enter,)
