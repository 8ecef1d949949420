"""What was seen on a curve, and where: the features that a symptom rests on, as sentences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simopt.curves.arithmetic import END
from simopt.curves.features import FLAT, TAIL
from simopt.curves.symptoms.record import Evidence, Features, Known, Span, Symptom
from simopt.ground.formatting import percent

#: Larger factors are not counted any more.
MANY = 1_000_000


def _fixed(first: float, last: float) -> Span:
    return lambda f: (first, last)


WHOLE = _fixed(0.0, 1.0)
SECOND_HALF = _fixed(0.5, 1.0)
FIRST_QUARTER = _fixed(0.0, 0.25)
LAST_QUARTER = _fixed(0.75, 1.0)
TAIL_SPAN = _fixed(1.0 - 1.0 / TAIL, 1.0)
END_SPAN = _fixed(1.0 - 1.0 / END, 1.0)


def at(name: str) -> Span:
    """Where a feature says."""
    return lambda f: (f[name], f[name])


def start_to(name: str) -> Span:
    """From the start to where a feature says."""
    return lambda f: (0.0, f[name])


def from_(name: str) -> Span:
    """From where a feature says to the end."""
    return lambda f: (f[name], 1.0)


def plateau(f: Features) -> tuple[float, float]:
    """The plateau that a drop follows."""
    return f["plateau_at"], f["plateau_at"] + f["plateau"]


def drop(f: Features) -> tuple[float, float]:
    """That drop."""
    end = f["plateau_at"] + f["plateau"]
    return end, min(1.0, end + max(f["plateau"] / 2, 0.02))


def _times(value: float) -> str:
    """How many times."""
    if value >= MANY:
        return "more than a million"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def formatted(value: float) -> dict[str, str]:
    """The fields that a sentence of `Evidence` can use."""
    return {
        "share": percent(value, least=0.001),
        "times": _times(value),
        "number": f"{value:,.0f}",
        "value": f"{value:g}",
        "falls": f"{'falls' if value >= 0 else 'rises'} by {percent(abs(value), least=0.001)}",
        "count": "1 value" if value == 1 else f"{value:,.0f} values",
    }


KEEPS = f"of the run it keeps within {percent(FLAT)} of its range"

#: FLAT in a sentence.
FLAT_PERCENT = percent(FLAT)


#: Of a curve that shows something else.
SET_ASIDE = Evidence("spikes", at("spike_at"), "spikes that recover, which are set aside: {number}")

#: A jump that a symptom is named after is higher; of simulated curves that are healthy or at a
#: floor of noise, fewer than one in a hundred has one so sudden (standard errors) that is alone.
JUMP, JUMP_Z, JUMPS, STAYS = 0.02, 8.0, 1.4, 0.5


def jumped(features: Features) -> bool:
    """Whether a curve jumps up at one place alone, beyond noise, and does not come back."""
    return (
        features["shift"] > JUMP
        and features["shift_z"] > JUMP_Z
        and features["shifts"] < JUMPS
        and features["shift_left"] > STAYS
    )


#: Of a curve that is otherwise healthy, or at a floor.
JUMPED = Evidence(
    "shift", at("shift_at"), "at one place it jumps up by {share} of its range, and stays", jumped
)


def about_the_jump(known: Known) -> str:
    """Where to look for what made it; empty if there is none."""
    if not jumped(known.features):
        return ""
    place = known.place(known.index_at("shift_at"))
    return f"look at what changed at {place}, where it jumps up: data, loss, schedule or a restart"


class Seen(NamedTuple):
    """One thing seen on a curve.

    Attributes
    ----------
    feature : str
        What was measured.
    value : float
        How much.
    first, last : int
        From which value of the curve to which, counted from 0.
    says : str
        The sentence.
    """

    feature: str
    value: float
    first: int
    last: int
    says: str


def gather(
    record: Symptom,
    known: Known,
    loss: NDArray[np.float64],
    validation: NDArray[np.float64] | None = None,
    fault: str = "",
) -> list[Seen]:
    """What was seen, in the record's order.

    What a curve is too short to have is left out.

    Parameters
    ----------
    record : Symptom
    known : Known
        With the features, as measured.
    loss : ndarray [T]
        The curve that they were measured on.
    validation : ndarray [T], optional
    fault : str
        What a log's reader found wrong with the validation loss.

    Returns
    -------
    list of Seen
    """
    rows: list[Seen] = []
    features = known.features
    there = measured_at(features, loss)
    leap = len(loss) - int(features.get("leap", 0.0))
    end = len(loss) - 1
    if record.name == "NaN or Inf":
        rows += broken(features, loss, validation, fault)
    elif fault:
        rows.append(Seen("validation_broken_at", np.nan, 0, end, fault))
    # That a loss begins high is nothing to point out.
    if features.get("skipped", 0.0) > 0 and (record.name == "rises" or loss[0] < loss[1]):
        says = "the first value is of another kind than the rest, and set aside"
        rows.append(Seen("skipped", 1.0, 0, 0, says))
    for each in record.evidence:
        if each.when(features) and not np.isnan(features[each.feature]):
            rows.append(place(each, features, there))
    if features.get("spikes", 0.0) > 0 and record.name != "spikes and recovers":
        rows.append(place(SET_ASIDE, features, there))
    if leap <= end:
        last = leap + np.flatnonzero(np.isfinite(loss[leap:]))
        rows.insert(0 if record.name == "can't tell" else len(rows), leapt(features, last))
    return rows


def climbed(count: int) -> Seen:
    """So many first values that climb from zero, and are set aside."""
    says = (
        f"the first {count:,} values climb from zero, as a running mean does that is begun there: "
        "they are set aside"
    )
    return Seen("climbed", float(count), 0, count - 1, says)


def measured_at(features: Features, loss: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which values shares of a curve's length are of: all but gaps and what was set aside."""
    there = np.flatnonzero(np.isfinite(loss))
    there = there[there < len(loss) - int(features.get("leap", 0.0))]
    return there[int(features.get("skipped", 0.0)) :]


def leapt(features: Features, places: NDArray[np.int64]) -> Seen:
    """A leap at the end, at these values."""
    height, count = features["leap_height"], len(places)
    values, they = f"in the last {count:,} values", "they are"
    if count == 1:
        values, they = "in the last value", "it is"
    by = f"by {_times(height)} times what all before it spans"
    if np.isinf(height):
        by = "from what did not move before"
    says = (
        f"{values} the loss leaps up {by}: {they} set aside, for a spike and the beginning of a "
        "divergence look the same so far"
    )
    first, last = int(places[0]), int(places[-1])
    return Seen("leap", height, first, last, says)


def place(each: Evidence, features: Features, there: NDArray[np.int64]) -> Seen:
    """A sentence with its numbers, and where on the curve it is: of the values that are there."""
    value = features[each.feature]
    ends = np.clip(np.nan_to_num(each.span(features)), 0.0, 1.0) * max(len(there) - 1, 0)
    first, last = (int(there[round(end)]) if len(there) else 0 for end in ends)
    return Seen(each.feature, value, first, last, each.says.format(**formatted(value)))


def broken(
    features: Features,
    loss: NDArray[np.float64],
    validation: NDArray[np.float64] | None,
    fault: str,
) -> list[Seen]:
    """Where the numbers end: of the training loss, else of the validation loss."""
    end = len(loss) - 1
    place, zeros = int(features["broken_at"]), int(features.get("zeros_at", -1))
    if zeros >= 0:
        says = f"value {zeros + 1} is 0 after {loss[zeros - 1]:g}: a logger's way to write NaN"
        return [Seen("zeros_at", float(zeros), zeros, end, says)]
    if place >= 0:
        says = f"value {place + 1} is {loss[place]:g}"
        if np.isnan(loss[place]):
            says += ", and nothing finite comes after it"
        elif after := int(features.get("finite_after", 0.0)):
            count = int(np.isinf(loss).sum())
            says += f", one of {count:,} that are infinite" if count > 1 else ""
            says += f"; {after:,} finite values follow" if after > 1 else "; a finite one follows"
        return [Seen("broken_at", float(place), place, end, says)]
    place = int(np.nan_to_num(features.get("validation_broken_at", -1.0), nan=-1.0))
    if place < 0 or validation is None:
        return [Seen("validation_broken_at", np.nan, 0, end, fault)]
    says = f"the validation loss is {validation[place]:g} from value {place + 1} on"
    if np.isinf(validation[place]):
        says = f"value {place + 1} of the validation loss is {validation[place]:g}"
    return [Seen("validation_broken_at", float(place), place, end, says)]
