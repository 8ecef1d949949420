"""What a curve alone cannot tell apart, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Pair:
    """A symptom whose curves can be another's.

    Attributes
    ----------
    symptom : str
        What the simulation says.
    other : str
        What may be read as well.
    where : str
        Which curves of the symptom.
    reason : str
        Why.
    """

    symptom: str
    other: str
    where: str
    reason: str


OFFSET = (
    "A curve says how much was lost, not how much there was to lose: a run at rest in the lowest "
    "minimum, in another one, or under a rate that has become nothing differs by an offset alone."
)
SCHEDULE = (
    "AdaGrad is SGD with the rate eta / sqrt(G) of each update; a schedule of the same rates gives "
    "the same curve, to rounding. That the rest takes eight times as long is not on the curve."
)
BATCHES = (
    "The loss of a batch goes up and down where the weights rest at the least loss, as the loss "
    "over all points does where they don't."
)
BEGINS = (
    "Where the first record comes after the fall, what was there to lose is not on the curve, and "
    "neither is how small the ups and downs are beside it."
)

#: Which labels the curve alone can't give, and why.
INSEPARABLE = (
    Pair("healthy", "plateaus early", "at rest for half of the run", OFFSET),
    Pair("plateaus early", "healthy", "all", OFFSET),
    Pair("plateaus early", "stopped learning mid-training", "all", SCHEDULE),
    Pair("stopped learning mid-training", "plateaus early", "all", SCHEDULE),
    Pair("stopped learning mid-training", "healthy", "all", SCHEDULE),
    Pair("healthy", "noise floor", "losses of batches", BATCHES),
    Pair("noise floor", "healthy", "losses of batches", BATCHES),
    Pair("noise floor", "oscillates wildly", "begun after the fall", BEGINS),
)


def also(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """For every labelled curve the symptoms that it could have as well."""
    where = {
        "all": np.ones(len(frame), bool),
        "at rest for half of the run": frame["rests"].to_numpy(bool),
        "losses of batches": (frame["record"] == "batches").to_numpy(),
        "begun after the fall": ~frame["falls"].to_numpy(bool),
    }
    symptoms = frame["symptom"].to_numpy()
    found: list[tuple[str, ...]] = [()] * len(frame)
    for pair in INSEPARABLE:
        for row in np.flatnonzero((symptoms == pair.symptom) & where[pair.where]):
            found[row] = (*found[row], pair.other)
    return found
