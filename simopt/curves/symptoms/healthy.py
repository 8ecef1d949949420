"""Healthy: no other symptom holds."""

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.symptoms import reasons
from simopt.curves.symptoms.conditions import above, below, either, every, memory
from simopt.curves.symptoms.evidence import JUMPED, TAIL_SPAN, about_the_jump, at, start_to
from simopt.curves.symptoms.oscillates import hovers
from simopt.curves.symptoms.record import (
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
from simopt.rules import Adam

#: A curve of which the second half makes this share of the fall goes on falling.
STILL = 0.06

#: Within so much of the best at equal cost, as a share of what there is to lose.
AS_GOOD = 0.01

#: A curve of which the second half makes less than this share of the fall is healthy no surer than
#: that.
OVER, MOST_SURE = 0.02, 0.85

#: A fall has means of eighths that differ by so many times what noise makes, or first values that
#: are so many deviations of it above the rest; or a slope of so many standard errors.
MOVES, START, SLOPE = 2.9, 6.0, 4.0

#: The end may be this share of the range above the start.
ABOVE_START = 0.15

#: Of so few values the end may be no higher than this share of the range above the lowest: there is
#: no telling yet what that is.
FEW, ENDS = 8.5, 0.5

#: A rise of this share of the range is worth a sentence.
BUMP = 0.4

#: How far above what it had reached a healthy run may rise.
RISE = counterfactuals.RISE


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """The tuned rate; no other rate, falling rate or other rule does clearly better."""
    shares, others = runs.shares, runs.others
    last, quarter = shares[:, -1], shares.shape[1] - shares.shape[1] // 4
    best = np.fmin(others.best, others.decayed)
    tuned = (others.best <= counterfactuals.WELL) & (others.eta <= 1.01 * others.tuned)
    tuned &= last - best <= AS_GOOD
    tuned &= last - others.any_rule <= counterfactuals.WELL / 2
    tuned &= shares[:, quarter:].max(axis=1) - shares[:, quarter] <= AS_GOOD
    tuned &= counterfactuals.risen_above(shares) <= RISE
    return counterfactuals.where(tuned & counterfactuals.stays(shares), "healthy")


def test(f: Columns, others: list[Column]) -> Column:
    """As far as no other symptom holds, of a loss that ends below its start."""
    # Where the fall was over long ago, more might have been lost with another rate.
    at_rest = below(f["block_late"], OVER)
    # Noise about a level that is not clear enough to say so of it is no fall either.
    # A first value that stands apart is where the loss has fallen from.
    flat = every(
        hovers(f),
        below(f["moves"] / memory(f), MOVES),
        below(f["start_z"], START),
        below(f["slope_t"] / memory(f), SLOPE),
        below(f["skipped"], 0.5),
    )
    return every(
        1.0 - flat,
        1.0 - either(*others),
        1.0 - above(-f["net"], ABOVE_START),
        1.0 - every(below(f["values"], FEW), above(f["end"], ENDS)),
        1.0 - (1.0 - MOST_SURE) * at_rest,
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Nothing to do, but for patience where it still falls."""
    goes_on = known.features.get("block_late", 0.0) > STILL and known.features["slope_t"] > 4.0
    jump = about_the_jump(known)
    return (jump or "nothing to mend", "it still falls: training on pays" if goes_on else "")


SYMPTOM = Symptom(
    name="healthy",
    rank=0,
    evidence=(
        Evidence(
            "ninety_at",
            start_to("ninety_at"),
            "nine tenths of the fall are made in {share} of the run",
        ),
        Evidence("tail_fall", TAIL_SPAN, "over the last third it {falls} of its range"),
        Evidence(
            "rebound",
            at("rebound_at"),
            "on the way it rises by {share} of its range, and comes back",
            lambda features: features["rebound"] > BUMP,
        ),
        JUMPED,
    ),
    advice=advice,
    alike=(
        Alike("plateaus early", "at rest for half of the run", reasons.OFFSET),
        Alike("noise floor", "losses of batches", reasons.BATCHES),
    ),
    example=Example(alone(problems.diabetes), Adam(eta=3.0), 64, 60, "a rate that fits"),
    label=Label(cause, 2),
)
