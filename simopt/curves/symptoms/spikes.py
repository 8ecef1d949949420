"""Spikes and recovers: a few leaps far above the rest, after which the curve goes on as before."""

from simopt.curves.symptoms.conditions import above, either, every, one_burst
from simopt.curves.symptoms.evidence import WHOLE, at, from_
from simopt.curves.symptoms.record import Column, Columns, Evidence, Features, Known, Symptom

#: The highest spike, by what the rest of the curve spans,
HIGH = 1.8
#: and not among the first values, where a loss may still be anywhere.
AFTER = 0.01


def test(f: Columns) -> Column:
    """At least one high spike; `simopt.curves.spikes` counts those that recover."""
    spikes = every(
        above(f["spikes"], 0.6), above(f["spike_height"], HIGH), above(f["spike_at"], AFTER)
    )
    return either(spikes, one_burst(f))


def causes(known: Known) -> tuple[str, ...]:
    """Bad points, or a rate close to what the loss bears."""
    return (
        "a batch with points that are far out, wrongly labelled or damaged",
        "the learning rate is close to the highest that is stable",
        "an epsilon that is too small: a rare large gradient meets a small running mean",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """A look at the batches first."""
    look = "look at the batches of the spikes: the same points each time are bad points"
    return (look, *measured)


def counted(features: Features) -> bool:
    """Whether spikes were found; else it is one burst that shows."""
    return features["spikes"] > 0


SYMPTOM = Symptom(
    name="spikes and recovers",
    rank=13,
    test=test,
    unless=(
        "decreases then explodes",
        "oscillates wildly",
        "rises",
        "resumed or several runs",
        "validation rises",
    ),
    evidence=(
        Evidence("spikes", WHOLE, "spikes that recover: {number}", counted),
        Evidence(
            "spike_height",
            at("spike_at"),
            "the highest is {times} times as high as all the rest spans",
        ),
        Evidence("spike_width", WHOLE, "each recovered within {count}"),
        Evidence(
            "shift",
            from_("shift_at"),
            "one sudden rise, by {share} of the range, that dies away",
            lambda features: not counted(features),
        ),
    ),
    causes=causes,
    advice=advice,
    fixes=("clip at 1", "clip at the start's norm", "without outliers", "eta / 2"),
)
