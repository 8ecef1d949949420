"""Can't tell: too few values, no fall at all, or no condition that holds."""

from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import Evidence, Known, Symptom

NAME = "can't tell"

#: Fewer values than this have no shape.
FEWEST = 5

#: What a curve that shows it without the leap at its end is read with that leap for: what swings or
#: grows goes on doing so.
READ_WHOLE = (
    "oscillates wildly", "decreases then explodes", "rises", "resumed or several runs"
)  # fmt: skip

#: What a curve shows whether or not that leap is a spike; of any other it decides.
BEFORE_A_LEAP = (*READ_WHOLE, "spikes and recovers", "validation rises")


def causes(known: Known) -> tuple[str, ...]:
    """Of a leap at the end: a batch, or steps that are too long."""
    if not known.features.get("leap", 0.0):
        return ()
    return (
        "a spike that recovers: a batch with points that are far out, wrongly labelled or damaged",
        "the beginning of a divergence: the learning rate is too high",
        "the log holds another run or session from there on",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """More values, or a look at the weights."""
    if known.features["values"] < FEWEST:
        return ("write down more values: one an epoch, or one every few updates",)
    if known.features.get("leap", 0.0) and not known.about:
        return (
            "train on and look again: a spike comes back within a few values, a divergence does "
            "not",
            "keep the weights from before the leap, to go back to if it stays",
        )
    if known.about:
        return (
            f"{known.about}: the loss does not measure how well it does; judge by samples, or by "
            "the reward on fixed tasks",
        )
    return ("no symptom holds clearly: train for longer, or write down more values",)


SYMPTOM = Symptom(
    name=NAME,
    rank=10,
    evidence=(Evidence("values", WHOLE, "{count}"),),
    causes=causes,
    advice=advice,
)
