"""What the loop over time hands on to its parts: numbers of a thread, and of a batch."""

from __future__ import annotations

from typing import Any, NamedTuple

from simopt.engine import layout
from simopt.engine.layout import RESIDUAL, SQUARE, WATCHED
from simopt.engine.passes import Passes
from simopt.rules.matrices import Matrix
from simopt.rules.rule import Rule


class Rows(NamedTuple):
    """Which row of ``work`` [rows, 1] is the first of what; weights begin at row 0.

    They are constants of the code.
    """

    dp: int  # gradients
    states: int
    clock: int
    base: int  # residuals, and the marks of `layout`
    residual: int
    turned: int  # the hyperparameters of a matrix that is turned, then its own
    own: int  # hyperparameters, where they change from weight to weight
    shown: int  # the weights, or their running averages, that the loss is looked at with
    used: int  # how many there are


class Call(NamedTuple):
    """What a trajectory is about, and the arrays that it works in."""

    work: Any  # [rows, 1]
    ticks: Any  # [clocks, 1], float64
    data: Any  # `layout.Data`
    how: Any  # `layout.How`
    hyper: Any  # [H, settings]
    setting: Any  # its column of them
    orders: Any
    parameters: Any  # of the loss
    copies: Any  # where a user's step of a matrix works, if there is one
    room: Any


class Batch(NamedTuple):
    """The points of one update."""

    start: Any  # its first point's place in the orders, and behind the last one's
    stop: Any
    scale: Any  # what the summed slopes are multiplied by, for their mean
    number: Any  # of the epoch's
    order: Any  # where the epoch's order begins
    seed: Any  # where the seed is, of a problem without points
    t: Any  # the update's number


def rows_of(
    rule: Rule, loss_passes: Passes, extras: layout.Extras, d: int, dp: int, columns: int
) -> Rows:
    """The rows for a rule, a loss and what a plan asks for besides."""
    hypers, states = len(rule.hyperparameters) - 1, 2 * dp
    clock = states + len(rule.state) * dp
    base = clock + len(rule.clock_values)
    more = loss_passes.rows(d, columns)
    turned = own = base + (WATCHED + more if more else SQUARE + 1)
    if isinstance(rule.matrix, Matrix) and loss_passes.units is not None:
        own += hypers + rule.matrix.room(loss_passes.units(d, columns), columns)
    used = own + (hypers if extras.undecayed else 0)
    shown = 0 if rule.average is None else states + rule.state.index(rule.average) * dp
    return Rows(dp, states, clock, base, base + RESIDUAL, turned, own, shown, used)
