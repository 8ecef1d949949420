"""Kernels for CPUs: the loop over time (`loop`) with a rule and a loss in it, or beside it.

Whole, it is compiled once per rule, loss and shape (one weight or several; one order for the block
or one per lane): two to seven seconds, and as fast as can be. Apart, the loop is compiled once per
shape, and every rule's `steps` and every loss's `sums_of_points` alone, in some tenths of a second;
a call costs some 20 ns a block of lanes and update. All are compiled at first use, and kept on
disk.
"""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

from simopt.engine import (
    addresses,
    layout,
    loop,
    outer,
    own_points,
    products,
    steps,
    sums_of_points,
    unmasked,
)
from simopt.engine.addresses import address_of
from simopt.engine.passes import Passes, gradient_none, loss_penalty
from simopt.ground.compiling import compiled, kept
from simopt.ground.inline import taken_in
from simopt.ground.snapshot import digest
from simopt.rules.rule import Rule

Kernel = Callable[..., None]

#: In place of a loss that a loop calls by its address; whether its gradient begins with noise.
ANY = {
    noisy: Passes("any loss", gradient_none, gradient_none, loss_penalty, noisy=noisy)
    for noisy in (False, True)
}


@functools.cache
def kernel(
    rule: Rule,
    loss_passes: Passes,
    points: str,
    real: type,
    extras: layout.Extras,
    width: int | None = None,
) -> Kernel:
    """The loop for a rule and a loss, compiled whole at its first call.

    Parameters
    ----------
    rule : Rule
        Whose update and clock to put in; its own snapshot, for a kernel is kept for the object.
    loss_passes : Passes
        How the loss and its gradient are computed.
    points : {"shared", "own", "moments", "own moments"}
        One order of the points for a block, or one for every lane; batches by their moments.
    real : type
        numpy.float64 or numpy.float32.
    extras : Extras
        Whether the rate is scheduled, the gradient clipped, the weight kept in a box, whether a
        trajectory ends at the target, and whether it goes on from another; then ``out`` is a
        `layout.Kept`.
    width : int, optional
        Lanes of a block, of the loop as the plain Python that is compiled otherwise; by default it
        is compiled, for `layout.lanes`.

    Returns
    -------
    callable
        ``f(starts, data, how, hyper, seeds, given [epochs, n], out, width)``; ``starts`` are the
        rule's (`starts_of`), ``width`` is a block's number of lanes, a multiple of `layout.part`
        (with one weight it plays no part), of which ``out`` has a whole number. ``hyper``
        [H, lanes] may be shorter, a whole number of blocks, and is then repeated. ``seeds`` has one
        seed for every lane where each has its own order, else one for every block. Releases the
        GIL.
    """
    lanes, one = width or layout.lanes(real), loss_passes.one
    turning, alone = turns(rule, loss_passes), points == "shared" and loss_passes.alone is not None
    own = steps.steps_of(rule, real, extras, lanes, one, turning=turning, alone=alone)
    summed = sums_of_points.points_of(loss_passes, points.startswith("own"), real, lanes)
    source = "" if width else digest(*rule.functions) + _engine_digest() + loss_passes.source
    whole, rooms = loop.made(
        loss_passes,
        points,
        real,
        extras,
        lanes,
        steps=own,
        losses_in=summed,
        asks=rule.asks_loss,
        plain=width is not None,
        source=source,
    )
    if width is not None:
        # A quotient by zero is no error, as in compiled code.
        whole = np.errstate(all="ignore")(whole)
        return functools.partial(loop.called, whole, rooms, own.shape, None)
    taken_in(*own.parts, *summed)
    _name(whole, "whole", rule.name, source, loss_passes.kind, one, points, real, extras)
    return functools.partial(loop.called, compiled(whole, borrows=True), rooms, own.shape, None)


@functools.cache
def apart(
    rule: Rule, loss_passes: Passes, points: str, real: type, extras: layout.Extras
) -> Kernel:
    """The same kernel, of a loop and of steps that are compiled each for themselves.

    It is whole where a matrix is turned, which a loop apart knows nothing of.
    """
    if numba.config.DISABLE_JIT or turns(rule, loss_passes):  # type: ignore[attr-defined]
        return kernel(rule, loss_passes, points, real, extras)
    # Of the rest a loop apart is told at run time.
    loop_extras = layout.Extras(
        reacts=extras.reacts,
        undecayed=extras.undecayed,
        unclipped=extras.unclipped,
        kept=extras.kept,
        clips=extras.clips if extras.unclipped else "",
    )
    own, one, asks = points.startswith("own"), loss_passes.one, rule.asks_loss
    around, rooms = _loop_apart(
        loss_passes if one else ANY[loss_passes.noisy], points, real, loop_extras, asks
    )
    stepping = _steps_apart(rule, real, steps.extras_of(extras, one), one)
    kind = numba.from_dtype(np.dtype(real))

    @functools.cache
    def shape() -> steps.Shape:
        return steps.shape_of(rule, extras, address_of(stepping, steps.signature(kind)))

    known: dict[Any, tuple[int, int, int]] = {}

    def addresses(data: layout.Data) -> tuple[int, int, int]:
        # As much of Numba's type as tells them apart: finding the type takes 0.3 ms a call.
        kinds = tuple((each.dtype, each.ndim, each.flags.num) for each in data)
        if kinds not in known:
            gradient, loss, batch_loss = _losses_apart(loss_passes, own, real)
            of_gradient, of_loss, of_batch = sums_of_points.signatures(
                kind, numba.typeof(data), own
            )
            asked = address_of(batch_loss, of_batch) if asks else 0
            known[kinds] = address_of(gradient, of_gradient), address_of(loss, of_loss), asked
        return known[kinds]

    def losses(data: layout.Data) -> sums_of_points.Losses | None:
        if one:
            return None
        d, dp, columns = len(data.optimum), len(data.w0), data.x.shape[1]
        return sums_of_points.Losses(
            *addresses(data),
            more_rows=int(loss_passes.rows(d, columns)),
            tiled_rows=int(loss_passes.tiled_rows(dp, columns)),
            factor=loss_passes.factor,
        )

    def advance(starts: Any, data: layout.Data, *arguments: Any) -> None:
        loop.called(around, rooms, shape(), losses(data), starts, data, *arguments)

    return advance


@functools.cache
def _loop_apart(
    loss_passes: Passes, points: str, real: type, extras: layout.Extras, asks: bool
) -> tuple[Any, Any]:
    lanes, source = layout.lanes(real), _engine_digest() + loss_passes.source
    summed = sums_of_points.points_of(loss_passes, points.startswith("own"), real, lanes)
    around, rooms = loop.made(
        loss_passes,
        points,
        real,
        extras,
        lanes,
        steps=None,
        losses_in=summed,
        asks=asks,
        source=source,
    )
    taken_in(
        steps.call, sums_of_points.call_gradient, sums_of_points.call_loss,
        sums_of_points.call_batch_loss, *summed,
    )  # fmt: skip
    key = loss_passes.kind, loss_passes.one, loss_passes.noisy, points, real, extras, asks
    _name(around, "around", "any rule", source, *key)
    return compiled(around, borrows=True), rooms


@functools.cache
def _losses_apart(loss_passes: Passes, own: bool, real: type) -> tuple[Any, Any, Any]:
    lanes, source = layout.lanes(real), _engine_digest() + loss_passes.source
    summed = sums_of_points.points_of(loss_passes, own, real, lanes)
    taken_in(*summed)
    gradient, loss, batch_loss = sums_of_points.apart(summed, real, lanes, source)
    _name(gradient, "gradient", loss_passes.kind, source, own, real)
    _name(loss, "loss", loss_passes.kind, source, real)
    _name(batch_loss, "batch_loss", loss_passes.kind, source, own, real)
    first, second, third = (
        compiled(each, by_address=True) for each in (gradient, loss, batch_loss)
    )
    return first, second, third


@functools.cache
def _steps_apart(rule: Rule, real: type, extras: layout.Extras, one: bool) -> Any:
    source = digest(*rule.functions) + _engine_digest()
    own = steps.steps_of(rule, real, extras, layout.lanes(real), one, source)
    taken_in(*own.parts)
    _name(own.block, "steps", rule.name, source, one, real, extras)
    return compiled(own.block, by_address=True)


def turns(rule: Rule, loss_passes: Passes) -> bool:
    """Whether the rule turns a matrix of the problem's weights."""
    return rule.matrix is not None and loss_passes.units is not None


def on_disk(made: Kernel) -> bool:
    """Whether a whole kernel need not be compiled."""
    return kept(code_of(made))


def code_of(made: Kernel) -> Any:
    """The compiled function of a whole kernel."""
    return made.args[0]  # type: ignore[attr-defined]


def starts_of(rule: Rule) -> NDArray[np.int64]:
    """Where every state starts, and behind them every value of the clock."""
    return np.array(layout.starts(rule)[:-1] + layout.clock_starts(rule), np.int64)


def _name(function: Any, kind: str, whose: str, *key: Any) -> None:
    """Give a function a name that no other has.

    Numba keeps an index file for each name, which it reads and writes back without a lock: of two
    processes that compile two kernels of one name, one may find the other's code from then on.
    """
    # A rule's name may be anything, a file's may not.
    readable = re.sub(r"\W+", "_", whose, flags=re.ASCII)[:40]
    which = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
    function.__name__ = function.__qualname__ = f"{kind}_{readable}_{which}"


@functools.cache
def _engine_digest() -> str:
    """A digest of everything numeric but the rule and the loss."""
    return (
        digest(*loop.NUMERIC)
        + loop.SOURCE
        + steps.SOURCE
        + sums_of_points.SOURCE
        + products.SOURCE
        + outer.SOURCE
        + own_points.SOURCE
        + unmasked.SOURCE
        + addresses.SOURCE
    )
