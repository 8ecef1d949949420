"""What a curve alone cannot tell apart, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.symptoms import RECORDS


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


#: Which labels the curve alone can't give, and why.
INSEPARABLE = tuple(
    Pair(record.name, alike.other, alike.where, alike.reason)
    for record in RECORDS
    for alike in record.alike
)


#: Columns of a labelled frame that only WHERE needs.
KNOWN = ("rests", "falls", "memoryless", "ends_high", "spiky", "symmetric")

#: Which labelled curves each word for ``where`` means, as a column or its negation.
WHERE: dict[str, Callable[[pd.DataFrame], NDArray[np.bool_]]] = {
    "all": lambda frame: np.ones(len(frame), bool),
    "at rest for half of the run": lambda frame: frame["rests"].to_numpy(bool),
    "losses of batches": lambda frame: (frame["record"] == "batches").to_numpy(),
    "noise without memory": lambda frame: frame["memoryless"].to_numpy(bool),
    "symmetric noise without memory": lambda frame: (
        frame["memoryless"].to_numpy(bool) & frame["symmetric"].to_numpy(bool)
    ),
    "ends above where it was": lambda frame: frame["ends_high"].to_numpy(bool),
    "calm but for spikes": lambda frame: frame["spiky"].to_numpy(bool),
    "begun after the fall": lambda frame: ~frame["falls"].to_numpy(bool),
}


def also(frame: pd.DataFrame) -> list[tuple[str, ...]]:
    """For every labelled curve the symptoms that it could have as well."""
    symptoms = frame["symptom"].to_numpy()
    others: list[tuple[str, ...]] = [()] * len(frame)
    for pair in INSEPARABLE:
        for row in np.flatnonzero((symptoms == pair.symptom) & WHERE[pair.where](frame)):
            others[row] = (*others[row], pair.other)
    return others
