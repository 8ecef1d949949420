"""NaN or Inf: from some value on, or at one, the loss is no finite number."""

import math

import numpy as np
from numpy.typing import NDArray

from simopt.curves.symptoms.record import (
    AdviceLine,
    Example,
    Known,
    Label,
    Symptom,
    alone,
)
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.problems import synthetic
from simopt.rules import SGD

NAME = "NaN or Inf"

#: A loss that grew before it broke was driven there by its steps; one that did not, by its data.
GREW = 2.0

#: Three fixes at once, where the document's framework says "and".
ALL_THREE = "eta / 10, clip at 1, without outliers"


def grew(known: Known) -> bool:
    """Whether the loss rose before it broke."""
    return known.features.get("growth", math.nan) > GREW


def goes_on(known: Known) -> bool:
    """Whether the loss goes on where it was, so that the weights are whole."""
    return known.features.get("goes_on", 0.0) > 0


def causes(known: Known) -> tuple[str, ...]:
    """Steps that overshoot, or the data; in the order that the growth suggests."""
    if goes_on(known):
        return (
            "single updates that were skipped, as a loss scaler does in mixed precision: finite "
            "losses follow, so the weights are whole",
            "single batches with a value that is missing, infinite or far out, or a logarithm of 0",
        )
    unstable = "the learning rate is too high: steps overshoot further and further"
    data = "a value in the data that is missing, infinite or far out, or a logarithm of 0"
    return (unstable, data) if grew(known) else (data, unstable)


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """A look at the data: first where the loss did not grow before."""
    if goes_on(known):
        return (
            "a few skipped updates are normal in mixed precision; many say that the loss scale or "
            "the rate is too high",
            "in full precision look at the batches of these values",
            "for what the rest of the curve shows leave these values out",
        )
    look = "look for missing, infinite and extreme values in the data"
    return (*measured, look) if grew(known) else (look, *measured)


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Rates beyond the best one at which the loss overflows."""
    return runs.unstable(NAME)


SYMPTOM = Symptom(
    name=NAME,
    rank=7,
    causes=causes,
    advice=advice,
    fixes=(
        "eta / 10",
        "eta / 100",
        "clip at 1",
        "clip at the start's norm",
        "without outliers",
    ),
    line=AdviceLine(
        "NaN or Inf",
        "numerical instability",
        "η drastically lower, clipping, a look at the data",
        ("eta / 10", "eta / 100", "clip at 1", "without outliers"),
    ),
    question=AdviceLine("Loss NaN?", "", "clipping, a look at the data, and lower η", (ALL_THREE,)),
    example=Example(
        alone(lambda: synthetic.bad_point(synthetic.suite()["label noise"], 30.0)),
        SGD(eta=0.02),
        8,
        40,
        "a point has its features in another unit",
    ),
    label=Label(cause, 0),
)
