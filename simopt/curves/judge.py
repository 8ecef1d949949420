"""From the features of curves to a symptom each, and how sure.

A symptom is a few conditions on features (`simopt.curves.symptoms.conditions`). All of them must
hold, so the worst decides; the symptom that holds best is the curve's. One symptom can rule out
another (`Symptom.unless`): a loss that explodes is past oscillating, one that oscillates has no
plateaus. A curve is healthy as far as no other symptom holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.symptoms import BY_NAME, RECORDS, SYMPTOMS, broken, healthy, still, unclear
from simopt.curves.symptoms.conditions import every
from simopt.curves.symptoms.record import Column

#: A best condition that holds by less than half is no answer.
SURE = 0.5


def scores(features: Mapping[str, Any]) -> dict[str, Column]:
    """How well each symptom's conditions hold on each curve."""
    f = {name: np.asarray(column, np.float64) for name, column in features.items()}
    held: dict[str, Column] = {}

    def score(name: str) -> Column:
        if name not in held:
            record = BY_NAME[name]
            assert record.test is not None
            holds = [record.test(f), *(1.0 - score(other) for other in record.unless)]
            held[name] = every(*holds)
        return held[name]

    others = {record.name: score(record.name) for record in RECORDS if record.test is not None}
    return {healthy.SYMPTOM.name: healthy.test(f, list(others.values())), **others}


def judge(features: Mapping[str, Any]) -> tuple[NDArray[np.int8], Column]:
    """The number of each curve's symptom in SYMPTOMS, and how sure that is, 0 to 1.

    Parameters
    ----------
    features : mapping of str to ndarray [m]
        The columns FEATURES, and VALIDATION if there are validation losses.

    Returns
    -------
    codes : ndarray of int8 [m]
    sure : ndarray [m]
    """
    with np.errstate(all="ignore"):
        held = scores(features)
    names = list(held)
    table = np.stack([held[name] for name in names])
    best = table.argmax(axis=0)
    sure = table.max(axis=0)
    codes = np.array([SYMPTOMS.index(name) for name in names])[best]
    values = np.asarray(features["values"])
    # A leap at the end may be the beginning of anything; what shows without it stays.
    faulty = np.isin(codes, [SYMPTOMS.index(name) for name in unclear.BEFORE_A_LEAP])
    with np.errstate(all="ignore"):
        spans = np.asarray(features["noise_share"]) / np.asarray(features["scatter"])
    # Which shape a few values have that hardly differ is chance.
    faulty &= ~((values < still.FEWEST) & (spans < still.SPAN))
    sure = np.where((np.asarray(features["leap"]) > 0.0) & ~faulty, 0.0, sure)
    nothing = (values < unclear.FEWEST) | (sure < SURE)
    # What stays exactly where it is has no range, and needs no more values.
    noise = (codes == SYMPTOMS.index(still.NAME)) & ~np.isnan(features["fall"])
    nothing |= noise & (values < still.FEWEST)
    codes = np.where(nothing, SYMPTOMS.index(unclear.NAME), codes)
    breaks = np.asarray(features["broken_at"]) >= 0
    if "validation_broken_at" in features:
        breaks = breaks | (np.asarray(features["validation_broken_at"]) >= 0)
    codes = np.where(breaks, SYMPTOMS.index(broken.NAME), codes)
    return codes.astype(np.int8), np.where(breaks, 1.0, np.where(nothing, 0.0, sure))
