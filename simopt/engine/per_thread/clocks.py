"""The clock of a rule that sums over all weights of a trajectory: the sums, then the tick."""

from __future__ import annotations

from collections.abc import Callable

from simopt.engine import layout, scalars, sums
from simopt.engine.passes import Passes
from simopt.engine.per_thread.rows import Rows
from simopt.engine.scalars import READ, WRITE
from simopt.ground.inline import inlined
from simopt.rules.rule import WEIGHT_DECAY, Rule


def ticking_by_sums(
    rule: Rule, loss_passes: Passes, extras: layout.Extras, rows: Rows, d: int
) -> Callable[..., None] | None:
    """What adds up the rule's terms and lets its clock tick; None for a rule without sums.

    ``f(call, batch, rate, g)``; ``g`` is the gradient of one weight, of several it lies in its
    rows.
    """
    if rule.terms is None or rule.clock is None:
        return None
    terms, clock = inlined(rule.terms), inlined(rule.clock)
    totals = len(rule.totals)
    read_state, read_clock = READ[len(rule.state)], READ[len(rule.clock_values)]
    write_clock, read_totals = WRITE[len(rule.clock_values)], READ[totals]
    read_summed, read_ticked = READ[rule.terms_hyperparameters], READ[rule.clock_hyperparameters]
    add_totals = scalars.ADD[max(0, len(rule.summed) - 1)]
    batch_loss = loss_passes.batch_loss
    clear_sums, tick_by_sums = sums.clear_sums, sums.tick_by_sums
    first_total = len(rule.clock_values) + 1
    last_total = first_total + totals - 1
    # None or True: of a test for None only one branch is compiled.
    asking = True if rule.asks_loss else None
    alone = True if loss_passes.one else None
    undecayed = True if extras.undecayed else None
    decay = rule.hyperparameters.index(WEIGHT_DECAY) if extras.undecayed else 0
    dp, first_state, first_clock = rows.dp, rows.states, rows.clock
    own, row, apart = rows.own, rows.residual, True

    def tick(call, batch, rate, g):
        work, ticks, data, how, hyper = call.work, call.ticks, call.data, call.how, call.hyper
        at = call.setting
        clear_sums(ticks, first_total, last_total + 1)
        if asking is not None:
            batch_loss(
                work, ticks, 0, 1, row, last_total, data, d, call.orders, batch.start, batch.stop,
                call.parameters,
            )  # fmt: skip
        summed = read_summed(hyper, 1, 1, at)
        for k in range(d):
            if undecayed is not None:
                work[own + decay - 1, 0] = hyper[decay, at] * how.decays[k]
                summed = read_summed(work, own, 1, 0)
            slope = g
            if alone is None:
                slope = work[dp + k, 0]
            held = read_state(work, first_state + k, dp, 0) + read_clock(work, first_clock, 1, 0)
            add_totals(ticks, first_total, 0, terms(work[k, 0], slope, rate, *(held + summed)))
        tick_by_sums(
            work, ticks, 0, 0, first_clock, first_total, rate, read_ticked(hyper, 1, 1, at), clock,
            read_clock, write_clock, read_totals, apart,
        )  # fmt: skip

    return tick
