"""Rises: the loss ends above where it was, after a fall or without one."""

from simopt.curves.symptoms.conditions import above, below, either, every, memory, white
from simopt.curves.symptoms.evidence import WHOLE, from_
from simopt.curves.symptoms.record import LESS, Column, Columns, Evidence, Known, Symptom

#: The last eighth of the run is above the lowest one by so many standard errors of its noise,
CLEAR = 4.0
#: by more than single values scatter,
SCATTER = 1.7
#: and by this share of the fall before it.
SHARE = 0.3
#: On the way there it hardly falls back.
STRAIGHT = 1.6
#: The second half swings by no more than twice the rise, unless what swings is noise.
SWINGS = 1.9


def test(f: Columns) -> Column:
    """A rise that stays, beyond the noise."""
    # Values that follow each other say less than as many that don't.
    return every(
        above(f["block_rise_z"] / memory(f), CLEAR),
        above(f["block_rise"] / f["scatter"], SCATTER),
        above(f["block_rise"] / f["block_fall"], SHARE),
        below(f["block_ups"], STRAIGHT),
        either(white(f), below(f["late_swing"] / f["block_rise"], SWINGS)),
    )


def causes(known: Known) -> tuple[str, ...]:
    """A rate that is too high, a sign, or the data."""
    return (
        "the learning rate is too high: each step does more harm than good",
        "a gradient of the wrong sign: what is maximised is logged as a loss, or the other way",
        "the data or the loss changed on the way: another task, another weight of a term",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """A lower rate; a look at the sign."""
    return (
        *measured,
        "check the sign of the loss, and that the column is a loss and no accuracy or reward",
        "go back to the weights of the lowest loss",
    )


SYMPTOM = Symptom(
    name="rises",
    rank=11,
    test=test,
    unless=("decreases then explodes", "does not move", "resumed or several runs"),
    evidence=(
        Evidence(
            "block_lowest_at",
            from_("block_lowest_at"),
            "averaged over eighths of the run, the loss is lowest after {share} of it",
        ),
        Evidence(
            "block_rise", from_("block_lowest_at"), "and ends above that by {share} of the range"
        ),
        Evidence("net", WHOLE, "from the first eighth to the last it {falls} of the range"),
    ),
    causes=causes,
    advice=advice,
    fixes=LESS,
)
