"""Decreases then explodes: the end is far above all that the first half did."""

import numpy as np
from numpy.typing import NDArray

from simopt.curves.cleaning import ENOUGH
from simopt.curves.symptoms.conditions import above, below, either, every, rises_alone
from simopt.curves.symptoms.evidence import END_SPAN, LAST_QUARTER, start_to
from simopt.curves.symptoms.record import (
    LESS,
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
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.problems import synthetic
from simopt.rules import Momentum

NAME = "decreases then explodes"

#: The last quarter rises most of an order of magnitude above all that the first half did.
EXPLODES = 8.0
#: What ends at no more than so many times the height of the first half has come back.
BACK = 1.5

#: Or it climbs without falling back (all rises together are little more than the swing itself),
CLIMBS = 1.5
#: above the first half,
OUTGROWS = 4.0
#: and ends nearer to its highest than to its lowest.
ENDS_HIGH = 0.5

#: Or it jumps at once, by so many standard errors, to about its start's level or above,
SUDDEN, ABOVE_START = 8.0, 0.6
#: with a burst above the level at which it then stays.
BURST = 1.55
#: and had fallen by this share of the jump before.
LEARNT = 0.25
#: The jump is this share of the range: a steady rise has none.
LARGE = 0.18
#: Of what was lost before it, this share is not lost again.
STAYS = 0.25


def test(f: Columns) -> Column:
    """It grows by far, or climbs to an end that is its highest."""
    climbs = every(
        above(f["growth"], OUTGROWS), above(f["end"], ENDS_HIGH), below(f["late_ups"], CLIMBS)
    )
    bursts = every(
        above(f["values"], 30.0),
        above(f["shift_z"], SUDDEN),
        above(f["shift"] / f["shift_before"], ABOVE_START),
        above(f["shift_before"] / f["shift"], LEARNT),
        above(f["shift"], LARGE),
        above(f["shift_peak"], BURST),
        rises_alone(f),
        above(f["block_rise_z"], SUDDEN),
        above(f["block_rise"] / f["shift_before"], STAYS),
    )
    # Of so few values spikes are not looked for.
    back = every(np.where(f["values"] < ENOUGH, 1.0, 0.0), below(f["end"] * f["growth"], BACK))
    return either(every(above(f["growth"], EXPLODES), 1.0 - back), climbs, bursts)


def causes(known: Known) -> tuple[str, ...]:
    """A rate that is too high, momentum, or the data."""
    return (
        "the learning rate is too high",
        known.builds_up,
        "a value in the data that is missing, infinite or far out, or a logarithm of 0",
    )


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Rates beyond the best one at which the loss grows."""
    return runs.unstable(NAME)


SYMPTOM = Symptom(
    name=NAME,
    rank=2,
    test=test,
    unless=("resumed or several runs",),
    evidence=(
        Evidence(
            "lowest_at", start_to("lowest_at"), "the lowest loss comes after {share} of the run"
        ),
        Evidence(
            "growth",
            LAST_QUARTER,
            "the last quarter rises {times} times as far above that as the first half did",
        ),
        Evidence("end", END_SPAN, "at the end it is {share} of its range above the lowest"),
    ),
    causes=causes,
    fixes=(*LESS, "beta 0.8", "clip at 1"),
    line=AdviceLine(
        "Decreases, then explodes",
        "rate too high, momentum builds up",
        "lower η, or β to 0.8",
        (*LESS, "beta 0.8"),
    ),
    question=AdviceLine("Loss unstable?", "", "decrease η or β", (*LESS, "beta 0.8")),
    example=Example(
        alone(lambda: synthetic.suite()["label noise"]),
        Momentum(eta=0.1),
        8,
        40,
        "the rate is just beyond what momentum bears",
    ),
    label=Label(cause, 0),
)
