"""Plateaus early: the fall is over before the middle of the run, and nothing moves any more."""

import numpy as np
from numpy.typing import NDArray

from simopt.curves.symptoms import reasons
from simopt.curves.symptoms.conditions import below, every, goes_on
from simopt.curves.symptoms.evidence import KEEPS, SECOND_HALF, from_, start_to
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
from simopt.problems import synthetic
from simopt.rules import SGD
from simopt.schedules import exponential

#: Fewer steps of the second half than this rise, where the least noise would make half of them do
#: so,
FROZEN = 0.05
#: from before the middle of the run,
EARLY = 0.4
#: and at rest to a millionth well before the end: a loss that goes on falling in a straight line on
#: a logarithmic axis is none.
RESTS = 0.9
#: and each quarter loses this share of what the quarter before it did: over in the first.
DIES_OUT = 0.06


def test(f: Columns) -> Column:
    """Frozen, and early."""
    return every(
        below(f["late_rises"], FROZEN),
        below(goes_on(f), DIES_OUT),
        below(f["settled_at"], EARLY),
        below(f["rest_at"], RESTS),
    )


def causes(known: Known) -> tuple[str, ...]:
    """A local minimum, a rate that is gone, or the end."""
    return (
        known.schedule,
        "stuck in a local minimum",
        "the learning rate has decayed too fast",
        "or there is nothing left to learn: the curve alone can't tell",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """What was tried, and first what no fix can show: whether this is the end."""
    look = "compare with the least loss, or a better model's: this may be all there is to learn"
    start = "or try another start"
    return (*measured, look, start) if known.fell else (look, *measured, start)


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Runs at rest where the loss is not least: at a saddle, or in a local minimum."""
    stuck = counterfactuals.where(runs.stuck_at_saddle, "stuck at a saddle")
    stuck[runs.local_minimum] = "local minimum"
    return stuck


SYMPTOM = Symptom(
    name="plateaus early",
    rank=4,
    test=test,
    unless=(
        "decreases then explodes",
        "plateaus, then drops",
        "validation rises",
        "does not move",
        "rises",
    ),
    evidence=(
        Evidence(
            "ninety_at",
            start_to("ninety_at"),
            "nine tenths of the fall are made in {share} of the run",
        ),
        Evidence("settled_at", from_("settled_at"), f"after {{share}} {KEEPS}"),
        Evidence(
            "late_rises",
            SECOND_HALF,
            "of the later steps {share} rise: hardly any noise moves it",
        ),
    ),
    causes=causes,
    advice=advice,
    fixes=("Momentum", *MORE, "SGD", "RMSprop", "Adam", "decaying rate", "no schedule"),
    line=AdviceLine(
        "Plateaus early",
        "local minimum, or the rate decayed too fast",
        "Momentum in place of Adam, or higher η",
        ("Momentum", *MORE),
        in_place_of=("Adam", "AdamW"),
    ),
    question=AdviceLine(
        "Loss plateau?",
        "",
        "another optimizer, or a schedule",
        ("SGD", "Momentum", "RMSprop", "Adam", "decaying rate"),
    ),
    alike=(
        Alike("healthy", "all", reasons.OFFSET),
        Alike("stopped learning mid-training", "all", reasons.SCHEDULE),
    ),
    example=Example(
        alone(lambda: synthetic.suite()["label noise"]),
        SGD(eta=0.01),
        8,
        60,
        "the rate decays too fast",
        schedule=exponential(gamma=0.5, per="epoch"),
    ),
    label=Label(cause, 4),
)
