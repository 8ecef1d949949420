"""Periodic: the same small pattern again and again, on top of a fall."""

from simopt.curves.symptoms.conditions import above, below, every
from simopt.curves.symptoms.evidence import SECOND_HALF
from simopt.curves.symptoms.record import Column, Columns, Evidence, Known, Symptom

#: The pattern has so many values at least,
SHORTEST = 5.0
#: is rough, as batches are, and no slow swing,
ROUGH = 0.33
#: small beside the fall, and still to be seen on the curve.
SMALL, SEEN = 0.25, 0.004


def test(f: Columns) -> Column:
    """A rough, small pattern that repeats."""
    return every(
        above(f["period"], SHORTEST),
        above(f["noise"] / f["scatter"], ROUGH),
        above(f["values"], 80.0),
        below(f["scatter"] / f["block_fall"], SMALL),
        above(f["scatter"], SEEN),
    )


def causes(known: Known) -> tuple[str, ...]:
    """A learning rate that goes up and down, where the log has it; else the order of the data."""
    if known.cycle is not None:
        return (
            f"the learning rate goes up and down every {known.cycle:.0f} values, "
            "and the loss with it",
        )
    return (
        "the points come in the same order in every epoch: some batches are harder than others",
        "the points are sorted, by class or by time, and not shuffled",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Read what the pattern leaves alone; shuffle."""
    if known.cycle is not None:
        return ("compare the losses where the rate is lowest: at the end of each cycle",)
    return (
        "shuffle the points in every epoch: shuffle='epoch'",
        "read means over whole epochs, which the pattern leaves alone",
    )


SYMPTOM = Symptom(
    name="periodic",
    rank=15,
    test=test,
    unless=("decreases then explodes", "does not move", "resumed or several runs", "rises"),
    evidence=(
        Evidence("period", SECOND_HALF, "the pattern repeats after {number} values"),
        Evidence("scatter", SECOND_HALF, "and moves the loss by {share} of its range"),
    ),
    causes=causes,
    advice=advice,
)
