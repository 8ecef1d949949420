"""Decreases very slowly: the last quarter of the run still makes a good part of the fall."""

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.symptoms import drops
from simopt.curves.symptoms.conditions import (
    CLEARLY,
    UNFINISHED,
    UPS,
    above,
    below,
    either,
    every,
    goes_on,
    validation_falls,
)
from simopt.curves.symptoms.evidence import FIRST_QUARTER, LAST_QUARTER
from simopt.curves.symptoms.record import (
    FAR_MORE,
    MORE,
    AdviceLine,
    Column,
    Columns,
    Evidence,
    Example,
    Known,
    Label,
    Symptom,
    alone,
)
from simopt.curves.validation import counterfactuals
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.rules import SGD

#: Of so few values a fall that bends has hardly begun to: slow is a line, of which the last quarter
#: makes a quarter, or nearly.
SHORT, LINE = 9.5, 0.15
#: The last quarter loses not much less than the one before it: it goes on,
GOES_ON = 0.55
#: or it makes a sixth of the fall: far from any end.
LARGE = 0.15
#: What makes most of its fall in the last quarter, at once, was not slow all along, but late.
LATE = 0.7

#: Nor was what stays where it is for a while and then loses this share of its range at once, in so
#: few values: of more, rounding makes steps. A fall over four numbers of few digits loses a third.
STEP, STEPPED = 0.36, 24.0

#: Through noise: the second half loses nearly as much as the first, by so many standard errors.
#: Of two blocks or three, as few values have, the second half always makes half.
STRAIGHT, CLEAR, FEW = 0.36, 8.0, 7.5
#: and what is left beside that fall is noise, no slow swing.
SWINGS = 0.6
#: That noise does not calm down to less than half: noise of batches goes with the loss, so that
#: most of a loss is gone whose noise is.
CALMS = 0.45

#: Means of eighths of the run differ by less than so many times what noise makes of them.
NOISE_ALONE = 2.9

#: A rate is too low if at most so much of what the best rate loses is lost, yet some of it is,
LITTLE, SOME = 0.5, 0.005

#: and if nearly three times the rate loses so much more.
IN_PROPORTION = 1.6


def test(f: Columns) -> Column:
    """A fall that goes on to the end."""
    least = np.where(f["values"] < SHORT, LINE, UNFINISHED)
    smooth = every(
        above(f["quarter_4"] / least, 1.0),
        either(above(goes_on(f), GOES_ON), above(f["quarter_4"], LARGE)),
        below(f["late_ups"], UPS),
    )
    through_noise = every(
        above(f["values"], FEW),
        above(f["block_late"], STRAIGHT),
        above(f["slope_t"], CLEAR),
        below(f["block_rise"], 0.1),
        below(f["echo"], SWINGS),
        above(f["calms"], CALMS),
    )
    # No fall is seen through the noise, but that of the validation loss is.
    seen_by_validation = every(below(f["moves"], NOISE_ALONE), validation_falls(f, CLEARLY))
    late = every(above(f["quarter_4"], LATE), drops.test(f))
    stepped = every(below(f["values"], STEPPED), drops.stays(f), above(f["drop"], STEP))
    slow = every(either(smooth, through_noise), 1.0 - late, 1.0 - stepped)
    return either(slow, seen_by_validation)


def causes(known: Known) -> tuple[str, ...]:
    """A rate that is too low, shrinking steps, or an ill-conditioned problem."""
    return (
        "the learning rate is too low",
        "AdaGrad's G makes its steps shorter and shorter" if known.name == "AdaGrad" else "",
        "the problem is ill-conditioned: some directions are much flatter than others",
    )


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Rates at which little is lost, where the tuned one loses nearly all."""
    shares, others = runs.shares, runs.others
    lost = (1 - shares[:, -1]) / (1 - others.best)
    low = np.isfinite(shares).all(axis=1) & (others.best <= counterfactuals.WELL)
    low &= (lost >= SOME) & (lost <= LITTLE) & (others.eta <= others.tuned / 3)
    low &= 1 - others.faster >= IN_PROPORTION * (1 - shares[:, -1])
    return counterfactuals.where(low, "rate too low")


SYMPTOM = Symptom(
    name="decreases very slowly",
    rank=3,
    test=test,
    unless=(
        "plateaus, then drops",
        "does not move",
        "resumed or several runs",
        "validation rises",
        "rises",
    ),
    evidence=(
        Evidence(
            "quarter_1", FIRST_QUARTER, "the first quarter of the run makes {share} of the fall"
        ),
        Evidence("quarter_4", LAST_QUARTER, "the last one still makes {share}: no end is in sight"),
    ),
    causes=causes,
    fixes=(*MORE, *FAR_MORE, "keep training"),
    line=AdviceLine("Decreases very slowly", "rate too low", "η 2 to 5 times higher", MORE),
    question=AdviceLine("Loss too slow?", "", "increase η", MORE),
    example=Example(alone(problems.diabetes), SGD(eta=1e-3), 64, 40, "the rate is far too low"),
    label=Label(cause, 1),
    trees=("train more rounds, or raise the learning rate (shrinkage) 2 to 5 times",),
)
