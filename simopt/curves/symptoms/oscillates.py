"""Oscillates wildly: the second half goes up and down over much of the range."""

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.symptoms import reasons
from simopt.curves.symptoms.conditions import (
    FEW,
    RATHER,
    UPS,
    above,
    batch_noise,
    below,
    either,
    every,
    falls_through,
    level,
    little,
    memory,
    one_burst,
    validation_falls,
)
from simopt.curves.symptoms.evidence import SECOND_HALF, WHOLE
from simopt.curves.symptoms.record import (
    LESS,
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
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.rules import Momentum

NAME = "oscillates wildly"

#: The second half's mean keeps a good fifth of what there was to lose,
WILD = 0.22
#: and its swing is a good fifth of the range.
SWING = 0.25
#: Or it comes back to two fifths of the range, however rarely, but more than once: a single outlier
#: is not the optimizer's doing.
SPIKES, AGAIN = 0.4, 1.0
#: More steps than one rise: a last one of a few values that leaps may be the beginning of anything.
ONCE = 1.4
#: It moves from where it began if the means of eighths differ by so many times what noise makes.
MOVES = 6.0
#: By little: all that it spans is this share of it; of few values, in which nobody tells a swing
#: from noise, this one.
SPAN, FEW_SPAN = 0.3, 0.35


def up_and_down(f: Columns) -> Column:
    """Whether the second half rises again and again."""
    # Weights that swing would have the validation loss swing with them.
    calm = validation_falls(f, RATHER)
    return every(above(f["late_ups"], UPS), 1.0 - one_burst(f), 1.0 - calm)


def wild(f: Columns) -> Column:
    """Whether the second half swings too far to be a floor of noise."""
    return either(
        every(above(level(f), WILD), above(f["late_swing"], SWING)),
        every(above(f["late_swing"], SPIKES), above(f["late_ups"], AGAIN)),
    )


def hovers(f: Columns) -> Column:
    """Whether it moves by little of itself, and hardly from where it began: no swing is wild."""
    share = np.where(f["values"] < FEW, FEW_SPAN, SPAN)
    return every(little(f, share), below(f["moves"] / memory(f), MOVES))


def test(f: Columns) -> Column:
    """Up and down, and wildly so."""
    return every(
        above(f["rises"] * (f["values"] - 1.0), ONCE),
        up_and_down(f),
        wild(f),
        1.0 - batch_noise(f),
        1.0 - falls_through(f),
        1.0 - hovers(f),
    )


def causes(known: Known) -> tuple[str, ...]:
    """A rate that is too high, momentum, or small batches."""
    return (
        "the learning rate is too high: steps cross the valley and come back",
        known.builds_up,
        "batches are too small for this rate: their gradients differ too much",
    )


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Rates beyond the best one at which the weights swing."""
    return runs.unstable(NAME)


SYMPTOM = Symptom(
    name=NAME,
    rank=1,
    test=test,
    unless=(
        "decreases then explodes",
        "plateaus, then drops",
        "rises",
        "does not move",
        "resumed or several runs",
        "periodic",
    ),
    evidence=(
        Evidence(
            "late_swing", SECOND_HALF, "the second half swings over {share} of the whole range"
        ),
        Evidence("late_ups", SECOND_HALF, "and rises by {times} times that swing in all"),
        Evidence("turns", WHOLE, "{share} of the steps turn back on the step before"),
    ),
    causes=causes,
    fixes=(*LESS, "beta 0.8", "batch x 4"),
    alike=(
        Alike("does not move", "begun after the fall", reasons.BEGINS),
        Alike("does not move", "symmetric noise without memory", reasons.WHITE),
        Alike("rises", "ends above where it was", reasons.SWING),
        Alike("spikes and recovers", "calm but for spikes", reasons.RARE),
    ),
    line=AdviceLine("Oscillates wildly", "rate too high", "η 2 to 10 times lower", LESS),
    question=AdviceLine("Loss unstable?", "", "decrease η or β", (*LESS, "beta 0.8")),
    example=Example(alone(problems.hubble), Momentum(eta=0.4), 8, 40, "the rate is too high"),
    label=Label(cause, 0),
)
