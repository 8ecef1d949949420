"""What the loop over time hands on to its parts: of a call, of a block, of a batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from simopt.engine.layout import WATCHED


class Call(NamedTuple):
    """What one call of a kernel is about, and arrays that all its blocks work in."""

    work: Any  # [rows, lanes]
    ticks: Any  # [values of a clock, and sums, lanes], float64
    gathered: Any  # tiles' own
    starting: Any
    pick: Any  # to draw from a seed for every lane
    data: Any  # `layout.Data`
    how: Any  # `layout.How`
    hyper: Any  # [H, lanes]
    seeds: Any  # one for every block, or for every lane
    spared: Any  # [dp]: shares of the decay, if some weights are left out of it
    shape: Any  # a rule's `steps.Shape`
    losses: Any  # a loss's `sums_of_points.Losses`, where it was compiled apart
    begun: Any  # updates of an earlier call


class Rows(NamedTuple):
    """Which row of a block's ``work`` is the first of what; weights begin at row 0."""

    dp: Any  # gradients
    states: Any
    clock: Any
    eta: Any  # hyperparameters, the rate first
    base: Any  # residuals, and the marks of `layout`
    following: Any  # the prediction of the next point
    tiled: Any  # tiles' own; the row before is of zeros
    turned: Any  # a matrix' own
    shown: Any  # the weights, or their running averages, that the loss is looked at with


class Block(NamedTuple):
    """Lanes that are advanced together."""

    low: Any  # the first lane, and behind the last
    high: Any
    number: Any  # of the block
    first: Any  # the column of its first lane in the results
    setting: Any  # and in the hyperparameters


class Batch(NamedTuple):
    """The points of one update."""

    start: Any
    stop: Any
    last: Any  # where the epoch's last batch stops
    scale: Any  # what the summed slopes are multiplied by, for their mean
    ratio: Any  # 2 / points
    t: Any  # the update's number
    looks: Any  # whether the loss is looked at after it
    factor: Any  # the rate is eta * factor + shift
    shift: Any


def rows_of(shape, dp, more, tiled_rows):
    """Rows of a rule with dp weights, and of a loss that needs so many more, and so many tiled."""
    states, clock = 2 * dp, (2 + shape.states) * dp
    eta = clock + shape.clocked
    base = eta + 1 + shape.hypers
    following = base + WATCHED + more
    # Behind the prediction a row of zeros: tiles begin their sums there.
    tiled = following + 2
    shown = 0 if shape.averaged < 0 else states + shape.averaged * dp
    return Rows(dp, states, clock, eta, base, following, tiled, tiled + tiled_rows, shown)


NUMERIC: tuple[Callable[..., Any], ...] = (rows_of,)
