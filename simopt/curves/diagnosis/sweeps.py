"""The symptom of every trajectory of a sweep, read where it runs, so that no curve is kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis.batch import codes_of
from simopt.curves.symptoms import SYMPTOMS
from simopt.engine.readers import Reader


def symptoms(
    curves: NDArray[np.float64], counts: NDArray[np.int64], diverged: NDArray[np.bool_]
) -> NDArray[np.int8]:
    """The symptom of every curve, as a place in `SYMPTOMS`; see `Reader.read`."""
    codes = codes_of(curves, counts)
    # A few epochs have no shape, but where the loss is a million times the start's, none is needed.
    short = diverged & (codes == SYMPTOMS.index("can't tell"))
    return np.where(short, SYMPTOMS.index("decreases then explodes"), codes).astype(np.int8)


READER = Reader("diagnosis", tuple(SYMPTOMS), symptoms)
