"""Can't tell: too few values, no fall at all, or no condition that holds."""

from simopt.curves.symptoms.evidence import WHOLE
from simopt.curves.symptoms.record import Evidence, Known, Symptom

NAME = "can't tell"

#: Fewer values than this have no shape.
FEWEST = 5


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """More values, or a look at the weights."""
    if known.features["values"] < FEWEST:
        return ("write down more values: one an epoch, or one every few updates",)
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
    advice=advice,
)
