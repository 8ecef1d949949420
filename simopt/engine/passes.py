"""What a loop calls on a block of lanes whatever the loss: noise, clipping, penalty, distance.

Loops over lanes are innermost. Sums run over weights in order and over points in order, as plain
Python would, in every variant: a trajectory's bits do not depend on which variant served it.
``high - low`` is a constant of the kernel. Rows of ``work``: weights from 0, gradient sums from dp.
Losses and distances are those of the weights that begin at row ``at``: 0, or where their average is
kept. The passes that depend on the loss are in modules of their own, and reach a loop as a
`Passes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from simopt.engine.batch_losses import of_penalty
from simopt.engine.layout import LOSS, ONE, RESIDUAL, SQUARE, THREE, TWO
from simopt.engine.scalars import READ
from simopt.ground.inline import inlined
from simopt.ground.parts import promised
from simopt.ground.snapshot import digest
from simopt.training import semantics
from simopt.training.noise import normal_pair
from simopt.training.shuffling import split_seed


def clear(work, low, high, first, last):
    """Rows first to last - 1 set to 0."""
    for row in range(first, last):
        for lane in range(low, high):
            work[row, lane] = 0


def gradient_noise(work, low, high, dp, data, spread, seed, t):
    """The noise of update t to the gradient's rows, the same for all lanes."""
    first, second = split_seed(seed, t)
    for k in range(0, dp, 2):
        a, b = normal_pair(first, second, k // 2)
        one = type(spread)(a) * (spread * data.noise[k])
        other = type(spread)(b) * (spread * data.noise[k + 1])
        for lane in range(low, high):
            work[dp + k, lane] = one
            work[dp + k + 1, lane] = other


def gradient_noise_own(work, low, high, dp, data, spread, seeds, first, t, pick):
    """The same with a seed for every lane, all lanes drawing together."""
    for lane in range(pick.shape[1]):
        pick[1, lane], pick[2, lane] = split_seed(seeds[first + lane], t)
    for k in range(0, dp, 2):
        one, other = spread * data.noise[k], spread * data.noise[k + 1]
        for lane in range(low, high):
            a, b = normal_pair(pick[1, lane - low], pick[2, lane - low], k // 2)
            work[dp + k, lane] = type(spread)(a) * one
            work[dp + k + 1, lane] = type(spread)(b) * other


def finish_gradient(work, low, high, dp, l2, d, scale):
    """Sums become the gradient: scaled, and the penalty's slope added."""
    for k in range(d):
        penalty = l2[k]
        for lane in range(low, high):
            work[dp + k, lane] = work[dp + k, lane] * scale + penalty * work[k, lane]


def clip_values(work, low, high, dp, d, clip):
    """Every component of the gradient brought between -clip and clip."""
    for k in range(d):
        for lane in range(low, high):
            work[dp + k, lane] = semantics.clipped(work[dp + k, lane], clip)


def clip_some_values(work, low, high, dp, d, clip, clips):
    """The same of the weights with 1 in ``clips`` alone."""
    for k in range(d):
        if clips[k] != 0:
            for lane in range(low, high):
                work[dp + k, lane] = semantics.clipped(work[dp + k, lane], clip)


def clip_some_norms(work, low, high, dp, base, d, clip, slack, clips):
    """`clip_norms` of the weights with 1 in ``clips``: the norm is theirs, and no other changes."""
    row = base + SQUARE
    clear(work, low, high, row, row + 1)
    for k in range(d):
        if clips[k] != 0:
            for lane in range(low, high):
                work[row, lane] += work[dp + k, lane] * work[dp + k, lane]
    for lane in range(low, high):
        factor = semantics.shrink(math.sqrt(work[row, lane]), clip, slack)
        if factor == 0:
            factor = shrink_some_large(work, lane, dp, d, clip, clips)
        work[row, lane] = factor
    for k in range(d):
        if clips[k] != 0:
            for lane in range(low, high):
                work[dp + k, lane] *= work[row, lane]


def clip_norms(work, low, high, dp, base, d, clip, slack):
    """The gradient times clip / norm where its norm is larger than clip."""
    row = base + SQUARE
    clear(work, low, high, row, row + 1)
    for k in range(d):
        for lane in range(low, high):
            work[row, lane] += work[dp + k, lane] * work[dp + k, lane]
    lost = 0
    for lane in range(low, high):
        factor = semantics.shrink(math.sqrt(work[row, lane]), clip, slack)
        lost += factor == 0
        work[row, lane] = factor
    if lost:
        for lane in range(low, high):
            if work[row, lane] == 0:
                work[row, lane] = shrink_large(work, lane, dp, d, clip)
    for k in range(d):
        for lane in range(low, high):
            work[dp + k, lane] *= work[row, lane]


def shrink_large(work, lane, dp, d, clip):
    """The factor where the squares overflow, and 0 would be taken for it: nothing would move."""
    largest = abs(work[dp, lane])
    for k in range(1, d):
        size = abs(work[dp + k, lane])
        largest = size if size > largest else largest
    total = largest - largest
    for k in range(d):
        total += (work[dp + k, lane] / largest) * (work[dp + k, lane] / largest)
    return clip / largest / math.sqrt(total)


def shrink_some_large(work, lane, dp, d, clip, clips):
    """The same of the weights with 1 in ``clips``."""
    largest = abs(work[dp, lane]) * clips[0]
    for k in range(1, d):
        size = abs(work[dp + k, lane]) * clips[k]
        largest = size if size > largest else largest
    total = largest - largest
    for k in range(d):
        share = work[dp + k, lane] / largest * clips[k]
        total += share * share
    return clip / largest / math.sqrt(total)


def add_penalty(work, low, high, at, loss, data, d):
    """``sum l2 w^2 / 2`` added to the row of the loss."""
    for k in range(d):
        half = data.l2[k] / 2
        for lane in range(low, high):
            work[loss, lane] += half * work[at + k, lane] * work[at + k, lane]


def gradient_none(work, low, high, dp, row, data, order, start, stop, slope, parameters):
    """No points, nothing to add."""


def loss_penalty(work, low, high, dp, at, base, data, d, value, parameters):
    """The penalty alone to the row of the loss."""
    clear(work, low, high, base + LOSS, base + LOSS + 1)
    add_penalty(work, low, high, at, base + LOSS, data, d)


@promised
def add_four_squares(work, weights, low, high, row, w, a, b, c, e):
    """Four weights' squared distances, from row w on, to a row; ``weights`` is ``work`` again."""
    w1, w2, w3 = w + ONE, w + TWO, w + THREE
    for lane in range(low, high):
        p, q = weights[w, lane] - a, weights[w1, lane] - b
        r, s = weights[w2, lane] - c, weights[w3, lane] - e
        work[row, lane] = work[row, lane] + p * p + q * q + r * r + s * s


def squared_distance(work, low, high, at, base, data, d):
    """``|w - optimum|^2`` to its row."""
    row = base + SQUARE
    clear(work, low, high, row, row + 1)
    whole = d - d % 4
    for j in range(0, whole, 4):
        first, w = np.uint64(j), np.uint64(at + j)
        a, b = data.optimum[first], data.optimum[first + ONE]
        c, e = data.optimum[first + TWO], data.optimum[first + THREE]
        add_four_squares(work, work, low, high, np.uint64(row), w, a, b, c, e)
    for k in range(whole, d):
        center = data.optimum[k]
        for lane in range(low, high):
            gap = work[at + k, lane] - center
            work[row, lane] += gap * gap


def first_gap(work, low, high, at, base, data):
    """``w_0 - optimum_0`` to the first row of residuals."""
    center = data.optimum[0]
    for lane in range(low, high):
        work[base + RESIDUAL, lane] = work[at, lane] - center


def rows_none(d, columns):
    """No rows but those that every loop has."""
    return 0


@dataclass(frozen=True, eq=False)
class Passes:
    """A loss as a loop calls it. Those that serve several problems are made once, and compare so.

    Attributes
    ----------
    kind : str
        The loss.
    gradient, gradient_own : callable
        ``f(work, low, high, dp, row, data, order, start, stop, slope, parameters)`` adds the
        slopes of the points order[start:stop] to the gradient sums; with an order for all lanes,
        and with one for each, [n, lanes]. Residuals may go to the four rows from ``row`` on.
    loss : callable
        ``f(work, low, high, dp, at, base, data, d, value, parameters)``: the full loss, to its row.
    alone : callable, optional
        ``f(work, low, high, dp, row, x, y, i, slope)``: the prediction of point i, or its residual
        where that is the slope, to row ``row``; where its gradient is its slope times its columns.
    slope, value : callable, optional
        The last but one argument of those, of a point: ``f(z, y, *parameters)``.
    tiled_gradient, tiled_loss : callable, optional
        The same as ``gradient`` and ``loss`` in tiles of lanes, where there is a way to (`tiles`),
        but that sums are set: none need be 0 before.
    tiled_rows : callable
        ``f(dp, columns)``: rows of work that these need besides.
    batch_loss, batch_loss_own : callable
        The loss of a batch, as `batch_losses` has it.
    parameters : int
        How many parameters a slope has.
    factor : int
        What sums of slopes are multiplied by, once a batch.
    padding : int
        The number of weights is filled up with zeros to a multiple of this.
    rows : callable
        ``f(d, columns)``: rows of work that the passes need behind those that are watched.
    units : callable, optional
        ``f(d, columns)``: of d weights those from 0 on are a matrix of so many rows, as wide as a
        point has columns. None where no weights are a matrix.
    one : bool
        One weight, least squares: then update, loss and watch are one pass.
    noisy : bool
        Whether the gradient begins with noise.
    source : str
        A digest of all these functions.
    """

    kind: str
    gradient: Callable[..., None]
    gradient_own: Callable[..., None]
    loss: Callable[..., None]
    alone: Callable[..., None] | None = None
    slope: Callable[..., Any] | None = None
    value: Callable[..., Any] | None = None
    tiled_gradient: Callable[..., None] | None = None
    tiled_loss: Callable[..., None] | None = None
    tiled_rows: Callable[[int, int], int] = rows_none
    batch_loss: Callable[..., None] = of_penalty
    batch_loss_own: Callable[..., None] = of_penalty
    parameters: int = 0
    factor: int = 1
    padding: int = 4
    rows: Callable[[int, int], int] = rows_none
    units: Callable[[int, int], int] | None = None
    one: bool = False
    noisy: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        functions: list[Any] = [
            self.gradient,
            self.gradient_own,
            self.loss,
            self.rows,
            self.tiled_rows,
            self.batch_loss,
            self.batch_loss_own,
        ]
        more = (
            self.alone, self.slope, self.value, self.tiled_gradient, self.tiled_loss, self.units,
        )  # fmt: skip
        functions += [each for each in more if each is not None]
        for each in functions:
            inlined(each)
        object.__setattr__(self, "source", digest(*functions))

    @property
    def read(self) -> Callable[..., Any]:
        """The reader of the parameters, as a tuple of scalars."""
        return READ[self.parameters]


#: All that a kernel calls of these, and may call of every loss.
NUMERIC: tuple[Callable[..., Any], ...] = (
    clear,
    gradient_noise,
    gradient_noise_own,
    finish_gradient,
    clip_values,
    clip_norms,
    clip_some_norms,
    clip_some_values,
    shrink_large,
    shrink_some_large,
    squared_distance,
    first_gap,
)
