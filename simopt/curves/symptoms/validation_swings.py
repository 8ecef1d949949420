"""Validation swings: it jumps from one value to the next while the training loss is calm."""

import numpy as np

from simopt.curves.symptoms.conditions import above, below, every
from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import LESS, Column, Columns, Evidence, Known, Symptom

#: Single values scatter by this share of the validation loss' range,
SCATTER, NET = 0.116, 0.28
#: of the training loss' range by less than this,
CALM = 0.1
#: by less than this share of what the validation loss does,
RATIO = 0.35
#: and the validation loss moves as far as the training loss, or nearly.
SCALE = 0.5


def test(f: Columns) -> Column:
    """Jumps beside a calm fall."""
    if "validation_scatter" not in f:
        return np.zeros_like(f["fall"])
    return every(
        above(f["validation_scatter"], SCATTER),
        above(f["validation_scale"], SCALE),
        below(f["noise"], CALM),
        below(f["noise"] / f["validation_scatter"], RATIO),
        above(f["net"], NET),
    )


def causes(known: Known) -> tuple[str, ...]:
    """A rate that is too high for evaluation, normalisation, or few points."""
    return (
        "batch normalisation: running means that lag behind, or small batches",
        "the learning rate is too high: the weights jump about where the training loss is flat",
        "too few validation points, or others each time",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Other statistics, more points, and what was tried."""
    return (
        "evaluate on the same points each time, on more of them, and in evaluation mode",
        *measured,
        "or average the weights: simopt.averaged",
    )


SYMPTOM = Symptom(
    name="validation swings",
    rank=17,
    test=test,
    unless=("decreases then explodes", "does not move", "oscillates wildly"),
    evidence=(
        Evidence(
            "validation_scatter", WHOLE, "the validation loss scatters by {share} of its range"
        ),
        Evidence("noise", WHOLE, "the training loss by {share} of its own"),
    ),
    causes=causes,
    advice=advice,
    fixes=LESS,
)
