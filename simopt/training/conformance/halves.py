"""Matrices that are turned in bfloat16, as by PyTorch's Muon."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from simopt.rules import spectral
from simopt.rules.family import Family
from simopt.rules.matrices import Matrix
from simopt.rules.rule import WEIGHT_DECAY, Optimizer
from simopt.training.conformance.probing import Array, Probe, ours
from simopt.training.conformance.treatments import NONE, Treatment

#: What a turned matrix may be multiplied by.
SCALES: Any = spectral.SCALES

#: A bfloat16 number times a power of 2 is a whole number up to this.
WHOLE = 2.0**8

#: Up to here a number is a bfloat16 one, relative to the greatest: what was subtracted was rounded.
NEAR = 1e-7

#: The share of a step's length that iterations in bfloat16 may be away: those of PyTorch's Muon
#: come to 0.04. Another rule's, or those with another momentum, are 0.1 away and more.
AWAY = 12 / WHOLE


def away(
    candidate: Optimizer, theirs: Array, mine: Array, probe: Probe, treatment: Treatment = NONE
) -> float | None:
    """How far steps are from a rule's that turns matrices, as the greatest share of their length.

    That of the nearest way to round: iterations in bfloat16 lead small singular values elsewhere.
    None where it is more than bfloat16 makes, or where the matrix that a step is the rate times,
    besides the decay, is not of bfloat16 numbers. These show the rate and the decay exactly.
    """
    before = np.vstack([probe.start, theirs[:-1]])
    with np.errstate(all="ignore"):
        rates = float(np.asarray(candidate.settings["eta"])) * probe.factors[:, None]
        kept = (
            before - rates * float(np.asarray(candidate.settings.get(WEIGHT_DECAY, 0.0))) * before
        )
        turned = (kept - theirs) / rates
        scales = {1.0, *(scale(*probe.matrix) for scale in SCALES.values())}
        # A scale may be multiplied to the matrix while that is in bfloat16, or to the rate.
        if not any(_are_halves(turned / scale) for scale in scales):
            return None
        share = _share(theirs, mine, probe)
        for each in _rounded(candidate):
            if share <= AWAY:
                break
            share = min(share, _share(theirs, ours(each, probe, treatment), probe))
    return share if share <= AWAY else None


def _share(theirs: Array, mine: Array, probe: Probe) -> float:
    """The greatest difference of two steps, as a share of their length; inf where there is none."""
    steps, others = (np.diff(each, axis=0, prepend=probe.start[None]) for each in (theirs, mine))
    shares = np.linalg.norm(steps - others, axis=1) / np.linalg.norm(others, axis=1)
    return float(np.nan_to_num(shares, nan=np.inf).max())


def _rounded(candidate: Optimizer) -> Iterator[Optimizer]:
    """A rule whose matrices are turned in bfloat16, in the ways in which that is written."""
    matrix, family = candidate.rule.matrix, candidate.made_by
    if not isinstance(matrix, Matrix) or not isinstance(family, Family):
        return
    switches = {**family.preset(candidate.convention), **dict(candidate.switches)}
    if (scale := SCALES.get(switches.get("scale"))) is None:
        return
    # As a mean, the momentum that enters is rounded elsewhere than as a sum.
    gains = 1.0, 1.0 - float(np.asarray(candidate.settings["beta"]))
    for fused, gain in itertools.product((False, True), gains):
        turn = _turn_by(fused, gain, scale)
        rule = dataclasses.replace(candidate.rule, matrix=dataclasses.replace(matrix, turn=turn))
        yield Optimizer(rule, candidate.values)


def _turn_by(fused: bool, gain: float, scale: Callable[[int, int], float]) -> Callable[..., None]:
    """What `spectral.orthogonalise` does to one matrix, each result a bfloat16 number.

    ``fused``: a product and what is added to it are rounded together, as `torch.addmm` does.
    """
    between: Callable[[Any], Array] = np.asarray if fused else halved

    def turn(
        rows: Any, low: int, high: int, at: int, units: int, columns: int, setting: int, first: int
    ) -> None:
        places = [(at + k, low) for k in range(units * columns)]
        x = halved(gain * np.array([rows[place] for place in places]).reshape(units, columns))
        x = x.T if units > columns else x
        x = halved(x / halved(halved(np.linalg.norm(x)) + rows[setting, low]))
        a, b, c = spectral.COEFFICIENTS
        for _ in range(spectral.ITERATIONS):
            gram = halved(x @ x.T)
            other = halved(between(b * gram) + between(between(c * gram) @ gram))
            x = halved(between(a * x) + between(other @ x))
        x = x.T if units > columns else x
        for place, entry in zip(places, x.ravel(), strict=True):
            rows[place] = scale(units, columns) * float(entry)

    return turn


def halved(numbers: Any) -> Array:
    """The nearest bfloat16 numbers, of any size.

    Examples
    --------
    >>> halved([1.0, 1.001, 1.005]).tolist()
    [1.0, 1.0, 1.0078125]
    """
    parts, powers = np.frexp(numbers)
    nearest: Array = np.ldexp(np.rint(WHOLE * parts) / WHOLE, powers)
    return nearest


def _are_halves(numbers: Array) -> bool:
    """Whether all are bfloat16 numbers, but for a rounding of the greatest of their row's."""
    off = np.abs(numbers - halved(numbers))
    return bool((off <= NEAR * np.abs(numbers).max(axis=1, keepdims=True)).all())
