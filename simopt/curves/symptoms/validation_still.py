"""Validation does not fall: what is learnt on the training points does not help on others."""

import numpy as np

from simopt.curves.features import ROUNDING
from simopt.curves.symptoms.conditions import above, below, either, every
from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import Column, Columns, Evidence, Known, Symptom

#: The validation loss ends less than this share of its range below its start, or by less than so
#: many times what single values scatter by, of which the start is one, and its halves differ by
#: less than so many standard errors,
NET, SCATTERS, TREND = 0.3, 2.5, 2.5
#: while the training loss falls by this share of its own range.
FALLS = 0.3


def test(f: Columns) -> Column:
    """A training loss that falls, beside a validation loss that does not."""
    if "validation_net" not in f:
        return np.zeros_like(f["fall"])
    scatter = np.maximum(f["validation_scatter"], ROUNDING)
    by_noise = every(
        below(f["validation_net"] / scatter, SCATTERS), below(f["validation_trend"], TREND)
    )
    return every(
        either(below(f["validation_net"], NET), by_noise),
        above(f["net"], FALLS),
        above(f["slope_t"], 3.0),
    )


def causes(known: Known) -> tuple[str, ...]:
    """Nothing that carries over."""
    return (
        "there is nothing to learn that carries over: targets that do not depend on the inputs, "
        "shuffled labels",
        "validation points are prepared otherwise than training points, or are of another kind",
        "overfitting from the start: too few points for the model",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Compare the data."""
    return (
        "validate on some training points: if that loss falls, the data differ, not the code",
        "check that inputs and targets of both belong together",
        *measured,
        "more data, or a smaller model",
    )


SYMPTOM = Symptom(
    name="validation does not fall",
    rank=16,
    test=test,
    unless=(
        "decreases then explodes",
        "does not move",
        "resumed or several runs",
        "validation rises",
        "validation swings",
        "oscillates wildly",
        "decreases very slowly",
    ),
    evidence=(
        Evidence(
            "validation_net",
            WHOLE,
            "from its start to its last quarter the validation loss {falls} of its range",
        ),
        Evidence("net", WHOLE, "meanwhile the training loss {falls} of its own"),
    ),
    causes=causes,
    advice=advice,
)
