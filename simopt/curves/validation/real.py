"""Loss curves of real trainings in PyTorch, whose faults were put there on purpose.

``tests/training_runs.py`` makes them, and confirms each fault by the same training without.
"""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pandas as pd

from simopt.curves.validation.constructed import padded
from simopt.curves.validation.labelled import Labelled

#: What is as right as the symptom: a fault can show in several ways.
ALSO = {
    "healthy": (),
    "oscillates wildly": ("decreases then explodes", "rises", "spikes and recovers", "noise floor"),
    "NaN or Inf": ("decreases then explodes",),
    "decreases very slowly": ("does not move",),
    "does not move": ("plateaus early",),
    "rises": ("decreases then explodes",),
    "validation rises": ("validation does not fall",),
    "noise floor": ("oscillates wildly",),
}


def runs() -> Labelled:
    """All of them.

    Returns
    -------
    Labelled
        Their ``frame`` has problem (how the run was made), seed, cause (by which factor the loss
        ends lower without the fault, or "by construction"), symptom and also.

    Examples
    --------
    >>> from simopt.curves.validation.real import runs
    >>> runs().frame["symptom"].nunique() > 9
    True
    """
    with (
        files("simopt.curves.validation").joinpath("runs.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as data,
    ):
        about = json.loads(str(data["about"]))
        ends = np.cumsum(data["lengths"])[:-1]
        losses = np.split(data["losses"].astype(np.float64), ends)
        validations = np.split(data["validations"].astype(np.float64), ends)
    frame = pd.DataFrame(about)
    factors = [
        "by construction" if factor is None else f"ends at {factor:.2g} without"
        for factor in frame["counterfactual"]
        .astype(object)
        .where(frame["counterfactual"].notna(), None)
    ]
    frame = frame.rename(columns={"name": "problem"}).drop(columns="counterfactual")
    also = pd.Series([ALSO.get(symptom, ()) for symptom in frame["symptom"]])
    frame = frame.assign(also=also, cause=factors, optimizer="", batch_size=0, record="")
    return padded(list(zip(losses, validations, strict=True)), frame)
