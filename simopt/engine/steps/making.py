"""A rule's steps, made for a precision, a plan's extras and one weight or several."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simopt.engine import layout, matrices
from simopt.engine.steps import apart, clocks, one_weight, several_weights
from simopt.engine.steps.shape import Shape, shape_of
from simopt.ground.compiling import code_digest
from simopt.rules.rule import Rule


@dataclass(frozen=True, eq=False)
class Steps:
    """A rule's steps as a loop takes them in.

    Attributes
    ----------
    shape : Shape
        The rule's.
    summed : int
        How many terms it sums.
    alone : bool
        Whether the gradient of a batch of 1 comes with the step: a pass over its rows less.
    tick : callable
        ``f(work, ticks, low, high, first, eta)``: the clocks of a block tick, where nothing is
        summed.
    block : callable
        ``f(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift, clip,
        slack, lowest, highest)``: all of it for a block of lanes. With one weight its gradient is
        in the first row of residuals.
    parts : tuple of callable
        Those of the others that ``block`` calls, or a loop does.
    lane : callable, optional
        ``f(work, ticks, lane, at, g, factor, shift, clip, slack, lowest, highest)``: the step of
        one lane with gradient g; ``at`` is the lane, counted from 0. None for several weights; what
        follows is None for one.
    ahead : callable, optional
        ``f(work, ticks, low, high, setting, hyper, spared, l2, d, dp, scale, factor, shift)``: what
        comes before any steps, from the sums of slopes in the gradient's
        rows.
    spare : callable, optional
        ``f(work, low, high, setting, hyper, share, eta)``: the decay of a weight that has that
        share.
    weight : callable, optional
        ``f(work, marks, sums, low, high, k, dp, slopes, column, square, center, following,
        next_column, penalty, scale, factor, shift, lowest, highest)``: the step of weight k of all
        lanes; ``marks`` and ``sums`` are ``work`` once more. What its slopes sum to is in row
        ``slopes``. The new weight's squared distance from ``center`` is added to row ``square``.
        Where ``alone``, row ``slopes`` may be one point's, whose ``column`` it is multiplied by,
        and the new weight times the ``next_column`` is added to row ``following``.
    turn : callable, optional
        ``f(work, low, high, d, dp, units, columns, first, held, room, setting, hyper, share,
        factor, shift)``: the gradients of a matrix' weights become its entries, turned; ``first``
        is the first of ``rows(units, columns)`` rows to work in. None where the rule or the loss is
        about no matrices; else no loop calls ``block``.
    along : callable, optional
        `weight` of a weight of the matrix.
    rows : callable, optional
        ``f(units, columns)``: the rows of work that ``turn`` needs.
    arrays : callable, optional
        ``f(units, columns)``: two arrays that it needs besides, held and room.
    """

    shape: Shape
    summed: int
    alone: bool
    tick: Callable[..., None]
    block: Callable[..., None]
    parts: tuple[Callable[..., None], ...]
    lane: Any = None
    ahead: Any = None
    spare: Any = None
    weight: Any = None
    turn: Callable[..., None] | None = None
    along: Callable[..., None] | None = None
    rows: Callable[[int, int], int] | None = None
    arrays: Callable[[int, int], Any] | None = None


def steps_of(
    rule: Rule,
    real: type,
    extras: layout.Extras,
    lanes: int,
    one: bool,
    source: str = "",
    turning: bool = False,
    alone: bool = False,
) -> Steps:
    """A rule's steps, in blocks of so many lanes, for one weight or for several.

    ``turning``: some weights are a matrix, and the rule is about matrices. ``alone``: the
    gradient of a batch of 1 may come with the step.
    ``source`` is a digest of what they are made of, a part of them for the cache's key.
    """
    shape, summed = shape_of(rule, extras), len(rule.summed)
    tick = clocks.ticking(rule, real, one)
    if one:
        lane, block = one_weight.stepping(rule, real, extras, lanes, tick, source)
        return Steps(shape, summed, False, tick, block, (tick, lane), lane=lane)
    alone = alone and not (turning or extras.clips or summed)
    several = several_weights.stepping(rule, real, extras, lanes, tick, source, turning, alone)
    parts = (tick, several.spare, several.ahead, several.stepped, several.weight)
    made = Steps(
        shape, summed, alone, tick, several.block, parts, ahead=several.ahead,
        spare=several.spare, weight=several.weight,
    )  # fmt: skip
    if rule.matrix is None or not turning:
        return made
    turn, rows, arrays, after = matrices.turning(rule, real, extras, several.spare)
    by_entries = dataclasses.replace(rule, update=after, matrix=None)
    entries = steps_of(by_entries, real, extras, lanes, one, source, True)
    parts = (*parts, *entries.parts, turn)
    return dataclasses.replace(
        made, parts=parts, turn=turn, along=entries.weight, rows=rows, arrays=arrays
    )


#: Changes with the steps, of which the digests of what they call say nothing.
SOURCE = code_digest(
    clocks.ticking, one_weight.stepping, several_weights.stepping, *matrices.MAKERS, apart._call,
    apart.call,
)  # fmt: skip
