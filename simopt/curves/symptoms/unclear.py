"""Can't tell: too few values, no fall at all, or no condition that holds."""

from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import Evidence, Known, Symptom

NAME = "can't tell"

#: Fewer values than this have no shape.
FEWEST = 5


def advice(known: Known) -> tuple[str, ...]:
    """More values, or a look at the weights."""
    if known.features["values"] < FEWEST:
        return ("write down more values: one an epoch, or one every few updates",)
    return ("the loss is the same all the time: look whether the weights change at all",)


SYMPTOM = Symptom(
    name=NAME,
    rank=10,
    evidence=(Evidence("values", WHOLE, "{count}"),),
    advice=advice,
)
