"""The labels of simulated runs, from the records of the symptoms."""

from __future__ import annotations

import numpy as np

from simopt.curves.symptoms import RECORDS
from simopt.curves.validation.counterfactuals import UNCLEAR, Counterfactuals, Words


def causes(runs: Counterfactuals) -> tuple[Words, Words]:
    """The cause of each run and its symptom; "" where unclear."""
    labels = [(r.name, r.label) for r in RECORDS if r.label is not None]
    symptom = np.full(len(runs.shares), "", dtype="<U40")
    cause = symptom.copy()
    with np.errstate(all="ignore"):
        for name, label in sorted(labels, key=lambda each: each[1].order):
            each = label.cause(runs)
            cause[each != ""] = each[each != ""]
            symptom[each != ""] = name
    symptom[cause == UNCLEAR] = ""
    cause[cause == UNCLEAR] = ""
    return cause, symptom
