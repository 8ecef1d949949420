"""Stopped learning mid-training: the fall ends in the middle, or creeps on ever more slowly."""

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.symptoms import explodes, reasons
from simopt.curves.symptoms.conditions import UPS, above, below, either, every, goes_on
from simopt.curves.symptoms.evidence import FIRST_QUARTER, KEEPS, LAST_QUARTER, from_
from simopt.curves.symptoms.record import (
    MORE,
    AdviceLine,
    Alike,
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
from simopt.rules import AdaGrad

#: Fewer values do not show how a fall slows down.
FEWEST = 15

#: The first quarter made most of the fall,
MOST = 0.6
#: the last one still loses something,
CRAWLS = 0.003
#: and most of what the one before it did, and more of it than that one of its own: slower than 1/t,
#: of which the last quarter loses half, and which is how the loss of a network ends that does well.
CRAWLS_ON = 0.55
#: The last quarter makes less than this share of the fall.
ENDS = 0.112
#: A fall that keeps its pace is not slowing down.
STEADY = 0.97
#: Or it stops at once in the middle of the run,
STOPS = (0.25, 0.85)
#: half of its fall made in the second half of the time till then: a straight line, no approach.
ABRUPT = 0.5
#: From three quarters of the fall to 95 % it takes less than this share of the time from one
#: quarter to three: no gradual approach.
KNEE = 0.65
#: Before it stops it has kept still for less than this share of the run.
STAIR = 0.12

#: AdaGrad's rate fell too far if `counterfactuals.LONGER` times the updates leave this share.
STILL_LEFT = 0.5


def test(f: Columns) -> Column:
    """It crawls, or stops at once."""
    slows = np.where(f["quarter_3"] > 0.0, f["quarter_3"] / f["quarter_2"], np.inf)
    # Stairs, as of a schedule, stop more than once, and it is not the optimizer that stops.
    stairless = below(f["plateau"], STAIR)
    crawls = every(
        above(f["values"], FEWEST),
        above(f["quarter_1"], MOST),
        above(goes_on(f), CRAWLS_ON),
        above(goes_on(f) / slows, 1.0),
        below(goes_on(f), STEADY),
        above(f["quarter_4"], CRAWLS),
        below(f["quarter_4"], ENDS),
        below(f["late_ups"], UPS),
        stairless,
    )
    stops = every(
        above(f["half_at"] / f["settled_at"], ABRUPT),
        above(f["settled_at"], STOPS[0]),
        below(f["settled_at"], STOPS[1]),
        below(f["knee"], KNEE),
        stairless,
        1.0 - explodes.test(f),
    )
    return either(crawls, stops)


def causes(known: Known) -> tuple[str, ...]:
    """AdaGrad's sum, a schedule, or the end; of a fall that slows down also a power of the step."""
    power = (
        "or it falls by a power of the step, as the losses of language models do, ever more slowly "
        "but without an end"
    )
    return (
        known.schedule,
        "AdaGrad's G has accumulated: its steps have become too short"
        if known.name == "AdaGrad"
        else "the learning rate has become too small: look at its schedule",
        "with AdaGrad: its G has accumulated" if known.optimizer is None else "",
        "" if known.features["knee"] < KNEE else power,
        "or there is nothing left to learn: the curve alone can't tell",
    )


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """AdaGrad, of whose rate so little is left that the rest takes `LONGER` times as long."""
    shares, others = runs.shares, runs.others
    last = shares[:, -1]
    halfway = shares[:, shares.shape[1] // 8] <= (1 + last) / 2
    stopped = (last >= counterfactuals.WELL) & (last <= 0.9) & halfway
    stopped &= others.longer >= STILL_LEFT * last
    stopped &= (others.any_rule <= last / 4) & counterfactuals.stays(shares)
    return counterfactuals.where(stopped, "AdaGrad's decay")


SYMPTOM = Symptom(
    name="stopped learning mid-training",
    rank=8,
    test=test,
    unless=(
        "plateaus, then drops",
        "validation rises",
        "does not move",
        "rises",
        "resumed or several runs",
    ),
    evidence=(
        Evidence(
            "quarter_1", FIRST_QUARTER, "the first quarter of the run makes {share} of the fall"
        ),
        Evidence("quarter_4", LAST_QUARTER, "the last one makes {share}"),
        Evidence("settled_at", from_("settled_at"), f"after {{share}} {KEEPS}"),
    ),
    causes=causes,
    fixes=("RMSprop", "Adam", *MORE, "no schedule"),
    line=AdviceLine(
        "AdaGrad stops learning",
        "G has grown too large",
        "RMSprop or Adam",
        ("RMSprop", "Adam"),
        optimizers=("AdaGrad",),
    ),
    alike=(
        Alike("plateaus early", "all", reasons.SCHEDULE),
        Alike("healthy", "all", reasons.SCHEDULE),
    ),
    example=Example(alone(problems.diabetes), AdaGrad(eta=1.0), 8, 60, "G has grown too large"),
    label=Label(cause, 1),
)
