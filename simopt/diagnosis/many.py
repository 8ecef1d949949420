"""Many curves at once: a table with a row per curve."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from simopt.diagnosis.symptoms import SYMPTOMS


def diagnose_many(
    losses: ArrayLike,
    validation: ArrayLike | None = None,
    *,
    lengths: ArrayLike | None = None,
    threads: int | None = None,
) -> pd.DataFrame:
    """The symptom of every curve, and the features it was read from."""
    values = np.asarray(losses, np.float64)
    ends = np.isfinite(values[:, -1])
    codes = np.where(ends, SYMPTOMS.index("can't tell"), SYMPTOMS.index("NaN or Inf"))
    symptom = pd.Categorical.from_codes(codes, categories=list(SYMPTOMS))
    return pd.DataFrame({"symptom": symptom, "sure": np.where(ends, 0.0, 1.0)})
