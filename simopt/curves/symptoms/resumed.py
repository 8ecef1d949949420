"""Resumed or several runs: at one place the loss jumps to another level, and goes on from there."""

import numpy as np

from simopt.curves.symptoms.conditions import above, below, either, every, rises_alone
from simopt.curves.symptoms.evidence import at, from_
from simopt.curves.symptoms.record import Column, Columns, Evidence, Features, Known, Symptom

#: The level jumps within two values, by so many standard errors,
SUDDEN = 8.0
#: by this share of all that was lost before,
SHARE = 0.35
#: and this share of the range: a steady rise has no jumps,
LARGE = 0.18
#: without a burst above the level to which it jumps; or to about where it began, and back to where
#: it was,
BURST, START, RECOVERS = 1.5, 1.4, 0.15
#: at one place,
ONCE = 1.4
#: neither at the very beginning nor the very end, on so many values.
FIRST, LAST, FEWEST = 0.08, 0.95, 38
#: How sure it is that a loss which begins again, as it began, is another run.
BEGUN_AGAIN = 0.9
#: What grows by more than an order of magnitude has exploded.
GREW = 12.0


def test(f: Columns) -> Column:
    """One clean jump up; or at one place or several it begins again as it began."""
    # Above the level after the jump, less what noise adds to a highest value.
    peak = np.maximum(f["shift_peak"] - 3.0 * f["scatter"] / f["shift"], 1.0)
    again = every(
        below(f["block_rise"] / f["shift_before"], RECOVERS),
        below(f["shift"] * f["shift_peak"] / f["shift_before"], START),
    )
    jumps = every(
        above(f["shift_z"], SUDDEN),
        above(f["shift"], LARGE),
        above(f["shift"] / f["shift_before"], SHARE),
        either(again, below(peak, BURST)),
        below(f["shifts"], ONCE),
        rises_alone(f),
        above(f["shift_at"], FIRST),
        below(f["shift_at"], LAST),
        below(f["growth"], GREW),
        above(f["values"], FEWEST),
    )
    return either(jumps, np.where(f["restarts"] > 0.0, BEGUN_AGAIN, 0.0))


def begins_again(features: Features) -> bool:
    """Whether it begins again as it began; else its level jumps."""
    return features["restarts"] > 0.0


def jump_at(features: Features) -> str:
    """The feature that says where."""
    return "restart_at" if begins_again(features) else "shift_at"


def causes(known: Known) -> tuple[str, ...]:
    """Two runs, a lost checkpoint, or another scale."""
    falls_again = begins_again(known.features) or known.features["shift_left"] < 0.5
    runs = (
        "the log holds several runs or sessions, one after the other",
        "the run was resumed without its checkpoint, or without the optimizer's state",
    )
    scale = (
        "the loss is logged on another scale from there on: summed instead of averaged, over "
        "accumulated batches, another weight or loss scale"
    )
    harder = "the data or the task changed there: a curriculum's next stage, harder samples"
    return (*runs, harder, scale) if falls_again else (scale, *runs, harder)


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """Read the parts alone."""
    place = known.place(known.index_at(jump_at(known.features)))
    return (
        f"read the parts alone: cut the log at {place}",
        "when resuming, load weights, optimizer state and schedule, and log to the same steps",
        "check how the loss is averaged before and after that place",
    )


SYMPTOM = Symptom(
    name="resumed or several runs",
    rank=14,
    test=test,
    evidence=(
        Evidence(
            "restarts",
            from_("restart_at"),
            "places at which the loss begins again as it began: {number}",
            begins_again,
        ),
        Evidence(
            "shift",
            at("shift_at"),
            "the loss jumps up by {share} of its range at once",
            lambda features: not begins_again(features),
        ),
        Evidence(
            "shift_left",
            from_("shift_at"),
            "of which {share} is left at the end of the curve",
            lambda features: not begins_again(features),
        ),
    ),
    causes=causes,
    advice=advice,
)
