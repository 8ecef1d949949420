"""A decoupled decay that nobody says, beside a rate that changes: both are read off the steps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from simopt.rules.rule import Optimizer
from simopt.training.conformance import candidates, probing, rates, treatments

Array = probing.Array


def at_rates(
    base: Optimizer,
    theirs: Array,
    probe: probing.Probe,
    treatment: treatments.Treatment,
    clips: Iterable[dict[str, Any]],
    known: dict[Any, float],
) -> Iterator[tuple[dict[str, Any], Optimizer]]:
    """A rule with such a decay, alone and with each bound that clips, as changes.

    ``known`` are the strengths by rule, its values and treatment, so that each is looked for once.
    """
    plain = candidates.replaced(base, {"weight_decay": 0.0, "decay": "decoupled"})
    lost = lost_without_gradient(theirs, probe)
    if plain is None or not (lost > 0).any():
        return
    for clip in ({}, *clips):
        how = treatments.changed(treatment, clip)
        same = plain.rule, plain.values, how
        if same not in known:
            found = _strength(plain, theirs, probe, how, lost)
            known[same] = shortest(found, rates.SAME * found)
        if known[same]:
            change = {"weight_decay": known[same], "decay": "decoupled"}
            if (candidate := candidates.replaced(base, change)) is not None:
                yield {**clip, **change}, candidate


def lost_without_gradient(theirs: Array, probe: probing.Probe) -> Array:
    """The share that a weight without gradients loses at every update; 0 where none is known."""
    none = np.zeros(len(theirs))
    still = np.flatnonzero((probe.start != 0) & ~probe.gradients.any(axis=0))
    if not len(still):
        return none
    there = theirs[:, still[0]]
    with np.errstate(all="ignore"):
        lost: Array = 1 - there / np.append(probe.start[still[0]], there[:-1])
    return lost if (lost < 1).all() else none


def shortest(value: float, off: float) -> float:
    """The number of fewest digits that is so near a value."""
    known = (float(f"{value:.{digits}g}") for digits in range(1, 17))
    return next((each for each in known if abs(each - value) <= off), value)


def _strength(
    plain: Optimizer,
    theirs: Array,
    probe: probing.Probe,
    treatment: treatments.Treatment,
    lost: Array,
) -> float:
    """The decay's strength, which the first updates have to tell alike; 0 if they don't.

    What a weight without gradients loses is the rate times it; what remains of another weight's
    step is the rate times the rule's.
    """
    if treatment.moves:
        return 0.0
    player = treatments.Treated(plain, probe.start, treatment, probe.matrix)
    eta, before = player.stepper.eta, probe.start
    found: list[float] = []
    with np.errstate(all="ignore"):
        for t, (gradient, loss) in enumerate(zip(probe.gradients, probe.losses, strict=True)):
            player.stepper.weights = before.tolist()
            way = player.copy()(gradient, 1.0, loss) - before
            far = int(np.where(np.isfinite(way), np.abs(way), 0.0).argmax())
            factor = float((theirs[t, far] - (1 - lost[t]) * before[far]) / way[far])
            if not np.isfinite(factor) or factor < 0.0:
                return 0.0
            if factor > 0.0 and lost[t] != 0.0:
                found.append(float(lost[t] / (eta * factor)))
            if len(found) > 1 and np.ptp(found) > rates.SAME * np.abs(found).max():
                return 0.0
            if len(found) == rates.FEW:
                return float(np.median(found))
            player(gradient, factor, loss)
            before = theirs[t]
    return 0.0
