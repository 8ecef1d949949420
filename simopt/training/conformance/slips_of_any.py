"""What authors of any rule get wrong: a rate, a decay, a gradient or state that goes astray."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance.probing import Probe, ours
from simopt.training.conformance.treatments import Treated, Treatment
from simopt.training.stepper import Stepper

Array = NDArray[np.float64]


def unfollowed(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule at the rate that it had at first, whatever is set later."""
    return ours(optimizer, replace(probe, factors=np.ones_like(probe.factors)), treatment)


def twice(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule at the square of its rate."""
    squared = optimizer.replace(eta=np.square(optimizer.settings["eta"]).item())
    return ours(squared, replace(probe, factors=probe.factors**2), treatment)


def stale(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule a gradient late: at first it has none."""
    before = np.vstack([np.zeros_like(probe.start), probe.gradients[:-1]])
    return ours(optimizer, replace(probe, gradients=before), treatment)


def forgetful(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule with nothing kept from update to update: every one is the first."""
    return restarted(optimizer, probe, treatment, 1)


def restarted(optimizer: Optimizer, probe: Probe, treatment: Treatment, every: int) -> Array:
    """The rule made anew after every so many updates."""
    w, rows = probe.start, []
    with np.errstate(all="ignore"):
        for k, given in enumerate(zip(probe.gradients, probe.factors, probe.losses, strict=True)):
            if k % every == 0:
                player = Treated(optimizer, w, treatment, probe.matrix)
            w = player(*given)
            rows.append(w)
    return np.array(rows)


def repeated(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule, stepped twice with every gradient."""
    each = (np.repeat(part, 2, axis=0) for part in (probe.gradients, probe.factors, probe.losses))
    gradients, factors, losses = each
    twofold = replace(probe, gradients=gradients, factors=factors, losses=losses)
    return ours(optimizer, twofold, treatment)[1::2]


def decaying(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule with a decay that the rate it began with is not in."""
    strength, eta = optimizer.settings.get("weight_decay", 0.0), optimizer.settings["eta"]
    if strength and eta:
        optimizer = optimizer.replace(weight_decay=np.divide(strength, eta).item())
    return ours(optimizer, probe, treatment)


def unscaled(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule with a decay that no rate is in."""
    with contextlib.suppress(ValueError):  # it has no decay, or one of its own
        optimizer = optimizer.replace(decay="fixed")
    return ours(optimizer, probe, treatment)


def corrected(optimizer: Optimizer, probe: Probe, treatment: Treatment) -> Array:
    """The rule with a decay that goes by the square of the rate over that at first."""
    strength = float(np.asarray(optimizer.settings.get(WEIGHT_DECAY, 0.0)))
    player = Treated(optimizer, probe.start, treatment, probe.matrix)
    if not strength or not isinstance(player.stepper, Stepper):
        return ours(optimizer, probe, treatment)
    place, rows = optimizer.rule.hyperparameters.index(WEIGHT_DECAY) - 1, []
    with np.errstate(all="ignore"):
        for given in zip(probe.gradients, probe.factors, probe.losses, strict=True):
            for settings in player.stepper.hyper_of:
                settings[place] = strength * given[1]
            rows.append(player(*given))
    return np.array(rows)


#: What is done in any rule on purpose, as in A. Defazio, Why gradients rapidly increase near the
#: end of training, 2025; and whether it shows only where the rate is known.
VARIANTS: dict[str, tuple[Callable[[Optimizer, Probe, Treatment], Array], bool]] = {
    "weights that decay by lambda eta^2 / eta_0 (eta_0 is the rate at first, as in AdamC)": (
        corrected,
        False,
    ),
}

#: Slips that any rule may have, and whether they show only where the rate is known.
EVERYWHERE: dict[str, tuple[Callable[[Optimizer, Probe, Treatment], Array], bool]] = {
    "it goes on at its first rate: what is set later, by a schedule, has no effect": (
        unfollowed,
        False,
    ),
    "the step is multiplied by the rate twice": (twice, True),
    "nothing is kept from update to update: every one is the first": (forgetful, False),
    "weights decay by lambda at the first rate, not by eta lambda": (decaying, True),
    "weights decay by lambda, not by eta lambda, at every rate": (unscaled, False),
    "every update goes by the gradient before, the first by none": (stale, True),
    "every gradient makes two steps": (repeated, False),
}
