"""Does not move: from first to last no more than the noise of single values, or nothing at all."""

import numpy as np

from simopt.curves.symptoms import unclear
from simopt.curves.symptoms.conditions import (
    RATHER,
    above,
    below,
    either,
    every,
    in_turns,
    little,
    memory,
    skewed,
    validation_falls,
)
from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import (
    FAR_MORE,
    Column,
    Columns,
    Evidence,
    Features,
    Known,
    Symptom,
)

NAME = "does not move"

#: The means of eighths differ by less than so many times what noise makes of them,
MOVES = 2.9
#: their slope is within so many standard errors, of a short curve within fewer,
SLOPE, SHORT_SLOPE, SHORT = 6.0, 2.6, 30
#: and the first values are no farther above the rest than so many deviations of the noise.
START = 6.0
#: The noise is symmetric (beyond the standard error of a skewness), and values do not follow each
#: other: a loss that bounces about a minimum does so mostly below, and at times far above.
ECHO = 0.4
#: Beside the loss itself the noise is small, where that is above zero all along: at chance level
#: batches differ by a few percent; a loss that swings by a third is elsewhere.
SHARE = 0.15
#: Of so many values whose residuals are correlated by less than that it may be larger: weights
#: that swing remember the step before.
MANY, NO_ECHO = 200.0, 0.1
#: A line through a piece has taken part of what is slow away: means scatter more by this factor.
SLOW = 1.6
#: From so many values on; all of them span this share of the loss, and the ends are this share of
#: that apart.
PIECES, SPAN, NET = 96, 0.25, 0.45
#: Of fewer values a correlation is hardly known.
HARDLY = 24
#: No surer than this, for noise alone is also what is left behind a fall that the log lacks.
MOST_SURE = 0.85
#: Values that there must be to say so of noise; of fewer nobody can tell.
FEWEST = 8


def stays(f: Columns, error: Column | float) -> Column:
    """Whether means stay where they are, for noise of which they have so many times the error."""
    slope = np.where(f["values"] >= SHORT, SLOPE, SHORT_SLOPE)
    return every(
        below(f["moves"] / error, MOVES),
        below(np.abs(f["slope_t"]) / error / slope, 1.0),
        below(np.abs(f["start_z"]) / error, START),
    )


def test(f: Columns) -> Column:
    """Nothing but noise; or not even that."""
    no_memory = every(above(f["values"], MANY), below(np.abs(f["echo"]), NO_ECHO))
    unknown = np.where(f["values"] < HARDLY, 1.0 / np.sqrt(f["values"]), 0.0)
    of_batches = every(
        stays(f, 1.0),
        1.0 - skewed(f),
        1.0 - in_turns(f),
        # Of few values a correlation is known badly, but up and down in turns is plain.
        below(np.maximum(f["echo"] - unknown, -f["echo"]), ECHO),
        either(np.isnan(f["noise_share"]), below(f["noise_share"], SHARE), no_memory),
    )
    # What moves by little may have a memory, as from a logger that smooths, or be skewed.
    # Of few pieces a bend is taken for one.
    error = np.where(f["values"] < PIECES, 1.0, 1.0 + SLOW * (memory(f) - 1.0))
    of_any_kind = every(stays(f, error), little(f, SPAN), below(np.abs(f["net"]), NET))
    # A first value that stands apart is where the loss has fallen from.
    noise = every(either(of_batches, of_any_kind), below(f["skipped"], 0.5))
    # Where the curve begins after the fall, a noise floor and a swing look the same.
    noise = np.minimum(noise, MOST_SURE)
    noise = every(noise, 1.0 - validation_falls(f, RATHER))
    same = np.isnan(f["fall"]) & (f["values"] >= unclear.FEWEST)
    return np.where(same, 1.0, noise)


def causes(known: Known) -> tuple[str, ...]:
    """Nothing is learnt, or nothing is left to learn."""
    chance = ""
    if known.classes is not None:
        chance = (
            f"the loss is at chance level, ln {known.classes} = {np.log(known.classes):.4f}, as of "
            f"a model that gives each of {known.classes} classes the same probability"
        )
    return (
        chance,
        "the weights do not change: no step is taken, the rate is 0 or far too low, or parameters "
        "are frozen",
        "no gradient arrives: dead or saturated units, all weights equal, inputs that are all the "
        "same",
        "the targets do not depend on the inputs (shuffled labels), or the log begins after the "
        "fall, where only noise is left",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Look whether anything is trained."""
    digit = known.features["last_digit"]
    more = "log it with more digits: what moves it may be smaller than the last one"
    return (
        *(() if np.isnan(digit) else (more,)),
        "check that the weights change from step to step, and that their gradients are not 0",
        "try to learn ten examples by heart: a model that can't has a fault in model or data",
        *measured,
    )


def rounded(features: Features) -> bool:
    """Whether the loss moves by its last printed digit alone."""
    return not np.isnan(features["last_digit"])


SYMPTOM = Symptom(
    name=NAME,
    rank=12,
    test=test,
    evidence=(
        Evidence(
            "last_digit",
            WHOLE,
            "nothing but its last digit moves, by units of {value}",
            rounded,
        ),
        Evidence(
            "moves",
            WHOLE,
            "means of eighths of the run differ {times} times as much as by noise alone",
            lambda features: not rounded(features),
        ),
        Evidence(
            "scatter",
            WHOLE,
            "single values scatter by {share} of the range",
            lambda features: not rounded(features),
        ),
    ),
    causes=causes,
    advice=advice,
    fixes=FAR_MORE,
)
