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
#: Or it begins below all that follows: so many deviations of the noise below, by all but this share
#: of the range, and the second half stays above this one, and swings by less than half.
BELOW, LOWEST, HIGH, CALM = 10.0, 0.05, 0.45, 0.5
#: On the way there it hardly falls back.
STRAIGHT = 1.6
#: Or all rises of the second half together are little more than its swing, it ends higher than the
#: last eighth, no step makes most of that, as of levels in turns, and it is to be seen:
#: from 0.02 to 0.15 six seeds of tuning curves are read alike, and this is the middle by factors.
STEADY, ENDS_HIGH, STEP, SEEN = 1.3, 1.1, 0.7, 0.055
#: The second half swings by no more than twice the rise, unless what swings is noise.
SWINGS = 1.9


def test(f: Columns) -> Column:
    """A rise that stays, beyond the noise."""
    # What goes one way, to its end, is no swing, and no noise with a memory.
    steady = every(
        above(f["block_rise_z"], CLEAR),
        below(f["late_ups"], STEADY),
        above(f["end"] / f["block_rise"], ENDS_HIGH),
        below(f["jump"], STEP),
        above(f["block_rise"], SEEN),
    )
    # Values that follow each other say less than as many that don't.
    clear = every(
        above(f["block_rise_z"] / memory(f), CLEAR),
        either(white(f), below(f["late_swing"] / f["block_rise"], SWINGS)),
    )
    at_once = every(
        above(-f["start_z"] / memory(f), BELOW),
        below(f["fall"], LOWEST),
        above(f["late_level"], HIGH),
        below(f["late_swing"], CALM),
    )
    gradually = every(
        either(clear, steady),
        above(f["block_rise"] / f["scatter"], SCATTER),
        above(f["block_rise"] / f["block_fall"], SHARE),
        below(f["block_ups"], STRAIGHT),
    )
    return either(gradually, at_once)


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
