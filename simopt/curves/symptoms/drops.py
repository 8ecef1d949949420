"""Plateaus, then drops: a long flat stretch that a sudden fall follows, as at a saddle point."""

import numpy as np
from numpy.typing import NDArray

from simopt import problems
from simopt.curves.arithmetic import STRETCHES
from simopt.curves.symptoms.conditions import above, below, every
from simopt.curves.symptoms.evidence import FLAT_PERCENT as FLAT
from simopt.curves.symptoms.evidence import drop, plateau
from simopt.curves.symptoms.record import (
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

#: A flat stretch of a fifth of the run: shorter ones are chance.
LONG = 0.19
#: Of few values so many steps of it at least.
STEPS = 2.4
#: What is lost after it: this share of the range, or the curve only bends.
DEEP = 0.07

#: A saddle is left slowly at first. A drop of which half is over after so much of the time that
#: nine tenths take began at once: a schedule lowered the rate. That must be clearer where a plateau
#: begins with the run (before EARLY). What loses most of its range at once, from start
#: to end, had learnt nothing till then.
AT_ONCE, AT_ONCE_EARLY, EARLY, MOST = 0.4, 0.25, 0.08, 0.75


def stays(f: Columns) -> Column:
    """Whether a loss stays where it is for a good part of the run, before it drops."""
    # The shape of a longer curve has as many points.
    steps = f["plateau"] * (np.minimum(f["values"], STRETCHES) - 1.0)
    return every(above(steps, STEPS), above(f["plateau"], LONG))


def test(f: Columns) -> Column:
    """A long plateau before a drop; the kernel looks for both."""
    # Without a drop that could be timed there is nothing to say about its beginning.
    limit = np.where(f["plateau_at"] > EARLY, AT_ONCE, AT_ONCE_EARLY)
    at_once = np.where(np.isnan(f["onset"]), 0.0, below(f["onset"] / limit, 1.0))
    lost = np.minimum(f["drop"], f["fall"] - f["end"])
    at_once = every(at_once, below(lost, MOST))
    return every(stays(f), above(f["drop"], DEEP), 1.0 - at_once)


def causes(known: Known) -> tuple[str, ...]:
    """A saddle."""
    return (
        "it has escaped from a saddle point: normal",
        "or something changed where it drops: a lower rate, or points that are seen again",
    )


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """Runs that left a saddle; of those that were near one for a while, no other label holds."""
    near = counterfactuals.where(runs.was_at_saddle, counterfactuals.UNCLEAR)
    near[runs.left_saddle] = "saddle"
    return near


SYMPTOM = Symptom(
    name="plateaus, then drops",
    rank=5,
    test=test,
    unless=("decreases then explodes", "does not move", "resumed or several runs", "rises"),
    evidence=(
        Evidence("plateau", plateau, f"flat within {FLAT} of the range for {{share}} of the run"),
        Evidence("drop", drop, "then {share} of the range are lost in half that time or less"),
    ),
    causes=causes,
    fixes=("keep training",),
    line=AdviceLine(
        "Plateaus, then drops", "a saddle was escaped: normal", "keep training", ("keep training",)
    ),
    example=Example(
        alone(lambda: problems.saddle(w0=(0.5, 1e-6))),
        SGD(eta=0.1),
        1,
        250,
        "the start is hardly off the ridge",
        shuffle="never",
    ),
    label=Label(cause, 3),
)
