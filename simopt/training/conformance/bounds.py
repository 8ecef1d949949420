"""Bounds that weights or their steps are kept within, read off where they were reached."""

from __future__ import annotations

from typing import Any

import numpy as np

from simopt.training.conformance.decays import shortest
from simopt.training.conformance.probing import Array, Probe
from simopt.training.conformance.treatments import Treatment

#: A bound is reached so often at least.
OFTEN = 3

#: Up to here two lengths are one bound, relative to it: what was subtracted was rounded.
SAME = 1e-10


def found(theirs: Array, probe: Probe, across: bool) -> list[dict[str, Any]]:
    """The bounds that weights, or their steps, seem to be kept within, each as a change.

    ``across``: whether a weight's step may depend on other weights. A ``clip_update`` is still to
    be divided by the rate.

    Examples
    --------
    >>> from simopt.training.conformance.probing import probe
    >>> went = np.clip(-np.cumsum(probe(False).gradients, axis=0), -1.0, 2.0)
    >>> found(went, probe(False), False)[0]
    {'weight_low': -1.0, 'weight_high': 2.0}
    """
    before = np.vstack([probe.start, theirs[:-1]])
    with np.errstate(all="ignore"):
        moving = np.ptp(theirs, axis=0) > 0
        steps = np.abs(theirs - before)
        # The second is in units of the rate, which the steps alone don't tell.
        lengths = {"clip_step": steps, "clip_update": steps / probe.factors[:, None]}
        norms = np.linalg.norm(theirs, axis=1)
    if not moving.any() or not np.isfinite(theirs).all():
        return []
    went = theirs[:, moving]
    sides = {"weight_low": went.min(), "weight_high": went.max()}
    box = {name: float(end) for name, end in sides.items() if (went == end).sum() >= OFTEN}
    changes: list[dict[str, Any]] = [box] if box else []
    if across and (norm := reached(norms)) is not None:
        changes.append({"weight_norm": norm})
    clips = {name: bound for name, each in lengths.items() if (bound := reached(each)) is not None}
    return [*changes, *({name: bound} for name, bound in clips.items())]


def free(weights: Array, steps: Array, treatment: Treatment) -> Array:
    """Which weights of a first update no bound has cut; of bounds of steps, the absolute one."""
    inside = np.ones(len(weights), dtype=bool)
    if treatment.clip_step is not None:
        inside &= np.abs(steps) < treatment.clip_step * (1 - SAME)
    if treatment.weight_low is not None:
        inside &= weights > treatment.weight_low
    if treatment.weight_high is not None:
        inside &= weights < treatment.weight_high
    return inside


def reached(lengths: Array) -> float | None:
    """The greatest of some lengths, if it is reached again and again; None else.

    Examples
    --------
    >>> reached(np.array([0.5, 2.0, 1.0, 2.0, 2.0])), reached(np.array([0.5, 2.0, 1.0, 1.9, 1.8]))
    (2.0, None)
    """
    most = lengths.max()
    if not most > 0 or (lengths >= most * (1 - SAME)).sum() < OFTEN:
        return None
    return shortest(float(most), SAME * float(most))
