"""The verdict on one curve: what its measured features say, and what is known beside them.

Features know neither the loss' zero nor what else its log tells. `CORRECTIONS` do, one after the
other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis import levels, rates
from simopt.curves.diagnosis.batch import measured
from simopt.curves.symptoms import SYMPTOMS, evidence, resumed

Floats = NDArray[np.float64]

#: Values lie unevenly if one step of x is so many times the median one; they are read on even ones.
UNEVEN = 5.0

#: How sure a verdict is that rests on the numbers' zero as well.
MODEST = 0.75

#: What a falling loss says nothing about: its two players, or its data, change as it is trained.
NO_CURVE = ("a GAN", "reinforcement learning")

#: Symptoms that are what they are in any training.
ALWAYS = ("NaN or Inf", "decreases then explodes", "does not move")

#: What a loss shows that a rate moves up and down.
SWINGS = (
    "noise floor", "oscillates wildly", "periodic", "spikes and recovers", "resumed or several runs"
)  # fmt: skip

#: What a loss shows whose fall is over; at chance level it has not begun.
FALLEN = ("healthy", "noise floor", "oscillates wildly", "plateaus early", "can't tell")

#: What rounding does not make of a training loss that stays where it is.
UNROUNDED = ("NaN or Inf", "validation rises", "validation does not fall", "validation swings")


@dataclass(frozen=True)
class Curve:
    """A curve as it is read, and what its log tells beside it."""

    loss: Floats
    even: Floats  # the loss on even places, without how it came to chance level or up from zero
    held: Floats | None  # the validation loss there
    at: NDArray[np.int64] | None  # which values these are; None: all
    came: int  # from which of them on it stays at chance level; 0: it doesn't come to it
    climbed: int  # how many first ones climb from zero, which are left out
    rate: Floats | None
    about: str
    fault: str  # of the validation loss


@dataclass(frozen=True)
class Verdict:
    """A symptom, how sure it is, and what it rests on."""

    symptom: str
    sure: float
    features: dict[str, float]
    cycle: float | None = None  # of the rate, where the loss goes up and down with it

    def instead(self, symptom: str, most: float = 1.0) -> Verdict:
        """Another symptom, at most so sure."""
        return replace(self, symptom=symptom, sure=min(self.sure, most))


def curve(
    loss: Floats,
    validation: Floats | None,
    x: Floats | None,
    rate: Floats | None,
    about: str,
    fault: str,
) -> Curve:
    """What to read of a curve whose values are counted by x."""
    at = evenly(x)
    even = loss if at is None else loss[at]
    held = validation if at is None or validation is None else validation[at]
    came = levels.comes_to_chance(even)
    if came:
        # What it does there is read, not how it came.
        even = np.where(np.arange(len(even)) < came, np.nan, even)
    climbed = 0 if came else levels.climbs_from_zero(even)
    if climbed:
        even = np.where(np.arange(len(even)) < climbed, np.nan, even)
    return Curve(loss, even, held, at, came, climbed, rate, about, fault)


def verdict(read: Curve) -> Verdict:
    """The symptom of a curve."""
    second = None if read.held is None else levels.unrounded(read.held)[None]
    columns, codes, certain = measured(read.even[None], second, np.array([len(read.even)]), 1)
    features = {name: float(column[0]) for name, column in columns.items()}
    broken = int(features["broken_at"])
    ends = broken < 0 or features["zeros_at"] >= 0
    features["finite_after"] = 0.0 if ends else float(np.isfinite(read.even[broken:]).sum())
    features["goes_on"] = 0.0 if ends else float(levels.goes_on(read.even, broken))
    features["last_digit"] = np.nan
    found = Verdict(SYMPTOMS[codes[0]], float(certain[0]), features)
    for corrected in CORRECTIONS:
        found = corrected(found, read)
    return found


def broken_validation(found: Verdict, read: Curve) -> Verdict:
    """A healthy loss whose validation loss is not finite."""
    if read.fault and found.symptom == "healthy":
        return replace(found, symptom="NaN or Inf", sure=1.0)
    return found


def nothing_left(found: Verdict, read: Curve) -> Verdict:
    """A plateau at zero, below which there is nothing."""
    if found.symptom == "plateaus early" and levels.ends_at_nothing(read.even):
        return found.instead("healthy")
    return found


def logarithm(found: Verdict, read: Curve) -> Verdict:
    """A fall of a loss' logarithm, which goes on in any healthy run."""
    if found.symptom == "decreases very slowly" and levels.is_logarithm(read.even):
        return found.instead("healthy", MODEST)
    return found


def jump_to_chance(found: Verdict, read: Curve) -> Verdict:
    """A jump to chance level, or to the highest that there is, where nothing is learned again."""
    if found.symptom != "resumed or several runs":
        return found
    there = evidence.measured_at(found.features, read.even)
    jump = there[round(found.features[resumed.jump_at(found.features)] * (len(there) - 1))]
    if levels.ends_at_ceiling(read.even) or levels.stays_at_chance(read.even[jump:]):
        return found.instead("decreases then explodes", MODEST)
    return found


def at_chance(found: Verdict, read: Curve) -> Verdict:
    """A loss that stays at chance level, or comes to it in its first values."""
    if found.symptom in FALLEN and (read.came or levels.stays_at_chance(read.even)):
        return replace(found, symptom="does not move", sure=MODEST)
    return found


def last_digit(found: Verdict, read: Curve) -> Verdict:
    """A loss that moves by the last digit alone that its log has."""
    digit = np.nan if found.symptom in UNROUNDED else levels.last_digit(read.even)
    if np.isnan(digit):
        return found
    return Verdict("does not move", MODEST, found.features | {"last_digit": digit, "leap": 0.0})


def rate_cycle(found: Verdict, read: Curve) -> Verdict:
    """Swings that the learning rate makes."""
    cycle = rates.cycle(read.rate, read.loss) if found.symptom in SWINGS else None
    if cycle is None:
        return found
    periodic = found.instead("periodic", MODEST)
    return replace(periodic, features=found.features | {"period": cycle}, cycle=cycle)


def no_curve(found: Verdict, read: Curve) -> Verdict:
    """A training of which a loss says little."""
    if read.about in NO_CURVE and found.symptom not in ALWAYS:
        return replace(found, symptom="can't tell", sure=0.0)
    return found


#: In this order: each is about what those before it have left.
CORRECTIONS = (
    broken_validation,
    nothing_left,
    logarithm,
    jump_to_chance,
    at_chance,
    last_digit,
    rate_cycle,
    no_curve,
)


def evenly(x: Floats | None) -> NDArray[np.int64] | None:
    """Which values to read where x is uneven: the last one before each of as many even places."""
    if x is None or len(x) < 3 or not np.isfinite(x).all():
        return None
    steps = np.diff(x)
    if not (steps > 0).all() or steps.max() < UNEVEN * np.median(steps):
        return None
    # A single gap, as between two sessions, is no spacing.
    if (steps >= UNEVEN * np.median(steps)).mean() < 0.1:
        return None
    even = np.linspace(x[0], x[-1], len(x))
    return np.searchsorted(x, even, side="right") - 1
