"""Matrices that are turned in bfloat16, as by PyTorch's Muon."""

from __future__ import annotations

from typing import Any

import numpy as np

from simopt.rules import spectral
from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance.probing import Array, Probe

#: What a turned matrix may be multiplied by.
SCALES: Any = spectral.SCALES

#: A bfloat16 number times a power of 2 is a whole number up to this.
WHOLE = 2.0**8

#: Up to here a number is a bfloat16 one, relative to the greatest: what was subtracted was rounded.
NEAR = 1e-7

#: The share of a step's length that iterations in bfloat16 may be away: those of PyTorch's Muon
#: come to 0.04. Another rule's, or those with another momentum, are 0.1 away and more.
AWAY = 12 / WHOLE


def away(candidate: Optimizer, theirs: Array, mine: Array, probe: Probe) -> float | None:
    """How far steps are from a rule's that turns matrices, as the greatest share of their length.

    None where that is more than bfloat16 makes, or where the matrix that a step is the rate times,
    besides the decay, is not of bfloat16 numbers. These show the rate and the decay exactly.
    """
    ours, before = (np.vstack([probe.start, each[:-1]]) for each in (mine, theirs))
    with np.errstate(all="ignore"):
        steps, others = theirs - before, mine - ours
        shares = np.linalg.norm(steps - others, axis=1) / np.linalg.norm(others, axis=1)
        share = float(shares.max())
        if not share <= AWAY:
            return None
        rates = float(np.asarray(candidate.settings["eta"])) * probe.factors[:, None]
        kept = (
            before - rates * float(np.asarray(candidate.settings.get(WEIGHT_DECAY, 0.0))) * before
        )
        turned = (kept - theirs) / rates
        scales = {1.0, *(scale(*probe.matrix) for scale in SCALES.values())}
        # A scale may be multiplied to the matrix while that is in bfloat16, or to the rate.
        return share if any(_are_halves(turned / scale) for scale in scales) else None


def _are_halves(numbers: Array) -> bool:
    """Whether all are bfloat16 numbers, but for a rounding of the greatest of their row's."""
    parts, powers = np.frexp(numbers)
    off = np.ldexp(np.abs(parts - np.rint(WHOLE * parts) / WHOLE), powers)
    return bool((off <= NEAR * np.abs(numbers).max(axis=1, keepdims=True)).all())
