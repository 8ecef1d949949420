"""One curve: its symptom, the evidence, the causes in order, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simopt.diagnosis.many import diagnose_many
from simopt.rules.rule import Optimizer


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """What a loss curve shows."""

    symptom: str
    sure: float
    evidence: pd.DataFrame
    causes: tuple[str, ...]
    advice: tuple[str, ...]


def diagnose(loss: Any, validation: Any = None, *, optimizer: Optimizer | None = None) -> Diagnosis:
    """Read a loss curve."""
    row = diagnose_many(np.asarray(loss, np.float64)[None])
    columns = ["feature", "value", "first", "last", "says"]
    evidence = pd.DataFrame(columns=columns)
    return Diagnosis(str(row["symptom"][0]), float(row["sure"][0]), evidence, (), ())
