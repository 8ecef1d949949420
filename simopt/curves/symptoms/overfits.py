"""Validation rises: the validation loss turns up while the training loss goes on falling."""

import numpy as np
from numpy.typing import NDArray

from simopt.curves.symptoms.conditions import (
    above,
    below,
    either,
    every,
    hardly_moves,
    level,
)
from simopt.curves.symptoms.evidence import at, from_
from simopt.curves.symptoms.record import (
    AdviceLine,
    Column,
    Columns,
    Evidence,
    Example,
    Known,
    Label,
    Symptom,
)
from simopt.curves.validation import counterfactuals
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.problems import synthetic
from simopt.rules import Adam

#: The validation loss ends above its lowest by three hundredths of what it had lost,
RISE = 0.03
#: of which its noise explains three fifths at most;
RISE_NOISE = 0.6
#: or it goes on rising: a line through what follows the lowest place has a slope of so many
#: standard errors.
CLIMBS = 4.0
#: while the training loss keeps less than a third of what there was to lose.
LEARNS = 0.3
#: or makes this share of its fall after the validation loss was lowest.
AFTER = 0.2
#: It moves by this share of what the training loss does, or ends this share of its range below its
#: start, or rises without falling back, or by that line so clearly: more than the wavering of a
#: loss that learns nothing that carries over.
SCALE, FELL, STRAIGHT, CLEARLY = 0.3, 0.3, 2.2, 10.0

#: How much validation loss rises, as a share of its least, where training overfits; and where not.
RISEN, LEVEL = 0.1, 0.01


def test(f: Columns) -> Column:
    """A rise beyond noise, while the training loss is low."""
    if "validation_rise" not in f:
        return np.zeros_like(f["fall"])
    return every(
        above(f["validation_rise"], RISE),
        either(below(f["validation_noise"], RISE_NOISE), above(f["validation_climb"], CLIMBS)),
        either(
            above(f["validation_scale"], SCALE),
            above(f["validation_net"], FELL),
            below(f["validation_ups"], STRAIGHT),
            above(f["validation_climb"], CLEARLY),
        ),
        either(below(level(f), LEARNS), above(f["training_after"], AFTER)),
        1.0 - hardly_moves(f),
    )


def causes(known: Known) -> tuple[str, ...]:
    """Overfitting."""
    return ("overfitting: the model learns the training data's noise",)


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """What was tried, and what takes another model or more points."""
    return (*measured, "or dropout, or more data")


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Runs that would have been better on new points had they stopped before."""
    shares, validation = runs.shares, runs.validation
    if np.isnan(validation).all():
        return counterfactuals.where(np.zeros(len(shares), bool), "")
    least, at = validation.min(axis=1), validation.argmin(axis=1)
    risen = validation[:, -1] / least - 1
    rows = np.arange(len(shares))
    fell = (shares[:, -1] < shares[rows, at]) & (shares[:, -1] <= 0.5)
    finite = np.isfinite(shares).all(axis=1)
    calm = finite & (counterfactuals.risen_above(shares) <= 3 * counterfactuals.RISE)
    early = at <= 0.8 * shares.shape[1]
    overfitted = calm & fell & early & (risen >= RISEN)
    flat = (risen <= LEVEL) & (validation[:, -1] - least <= 0.05 * (validation[:, 0] - least))
    result = counterfactuals.where(finite & ~flat, counterfactuals.UNCLEAR)
    result[overfitted] = "overfitting"
    result[runs.is_unstable] = ""
    return result


SYMPTOM = Symptom(
    name="validation rises",
    rank=6,
    test=test,
    unless=(
        "decreases then explodes",
        "does not move",
        "resumed or several runs",
        "validation swings",
        # The rate is far too high: the validation loss only shows it too.
        "oscillates wildly",
    ),
    evidence=(
        Evidence(
            "validation_lowest_at",
            at("validation_lowest_at"),
            "the validation loss is lowest after {share} of the run",
        ),
        Evidence(
            "validation_rise",
            from_("validation_lowest_at"),
            "it ends above that by {share} of what it had lost",
        ),
        Evidence(
            "validation_noise",
            from_("validation_lowest_at"),
            "of which its noise explains {share}",
        ),
        Evidence(
            "training_after",
            from_("validation_lowest_at"),
            "meanwhile the training loss makes {share} of its fall",
        ),
    ),
    causes=causes,
    advice=advice,
    fixes=(
        "weight decay 0.01",
        "weight decay 0.1",
        "weight decay 1",
        "AdamW",
        "early stopping",
    ),
    line=AdviceLine(
        "Validation loss rises",
        "overfitting",
        "regularisation, dropout, early stopping",
        ("weight decay 0.01", "weight decay 0.1", "weight decay 1", "early stopping"),
    ),
    example=Example(
        lambda: synthetic.wide(0)[:2], Adam(eta=0.02), 4, 150, "hardly more points than weights"
    ),
    label=Label(cause, 5),
    trees=(
        "stop earlier: early_stopping_rounds, and predict with the best round",
        "smaller trees: max_depth, min_child_weight, num_leaves",
        "or row and column subsampling, or a lower learning rate with more rounds",
    ),
)
