"""Validation does not fall: what is learnt on the training points does not help on others."""

import numpy as np

from simopt.curves.arithmetic import STRETCHES
from simopt.curves.features import ROUNDING
from simopt.curves.symptoms.conditions import (
    TINY,
    above,
    below,
    either,
    every,
    hardly_moves,
    stays_apart,
)
from simopt.curves.symptoms.evidence import WHOLE, start_to
from simopt.curves.symptoms.record import Column, Columns, Evidence, Features, Known, Symptom

#: The validation loss ends less than this share of its range below its start, or by less than so
#: many times what single values scatter by, of which the start is one, and its halves differ by
#: less than so many standard errors,
NET, SCATTERS, TREND = 0.3, 2.5, 2.5
#: or all that it spans is hardly anything beside what the training loss does;
#: while the training loss falls by this share of its own range,
FALLS = 0.3
#: or did so in its first values, which are so many standard deviations of noise above the rest.
AT_FIRST, CLEAR = 0.5, 6.0
#: Half of a fall that goes on takes more than a step.
ONE_STEP = 1.3
#: No surer than this, for what carries over may have been learnt before it.
MOST_SURE = 0.9


def test(f: Columns) -> Column:
    """A training loss that falls, beside a validation loss that does not."""
    if "validation_net" not in f:
        return np.zeros_like(f["fall"])
    scatter = np.maximum(f["validation_scatter"], ROUNDING)
    by_noise = every(
        below(f["validation_net"] / scatter, SCATTERS), below(f["validation_trend"], TREND)
    )
    # The first block of few values has the first of them in it, and may be high for that alone.
    steps = f["half_at"] * (np.minimum(f["values"], STRETCHES) - 1.0)
    all_along = every(
        above(f["net"], FALLS),
        above(f["slope_t"], 3.0),
        either(above(steps, ONE_STEP), stays_apart(f)),
    )
    at_first = every(
        above(f["fall"] - f["end"], AT_FIRST), above(f["start_z"], CLEAR), stays_apart(f)
    )
    return every(
        either(below(f["validation_net"], NET), by_noise, hardly_moves(f)),
        either(all_along, np.minimum(at_first, MOST_SURE)),
    )


def at_first(features: Features) -> bool:
    """Whether it is the first values alone that the training loss falls in."""
    return features["net"] <= FALLS


def moves(features: Features) -> bool:
    """Whether the validation loss moves at all, and as far as the training loss or nearly."""
    return features["validation_scale"] > TINY


def causes(known: Known) -> tuple[str, ...]:
    """Nothing that carries over."""
    early = at_first(known.features) and known.features["validation_scale"] > 0.0
    return (
        "there is nothing to learn that carries over: targets that do not depend on the inputs, "
        "shuffled labels",
        "validation points are prepared otherwise than training points, or are of another kind",
        "overfitting from the start: too few points for the model",
        "or what carries over was learnt before the first validation" if early else "",
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
            moves,
        ),
        Evidence(
            "validation_scale",
            WHOLE,
            "all that the validation loss spans is {share} of what the training loss does",
            lambda features: not moves(features),
        ),
        Evidence(
            "net",
            WHOLE,
            "meanwhile the training loss {falls} of its own",
            lambda features: not at_first(features),
        ),
        Evidence(
            "half_at",
            start_to("half_at"),
            "the training loss makes half of its fall in the first {share} of the run",
            at_first,
        ),
    ),
    causes=causes,
    advice=advice,
)
