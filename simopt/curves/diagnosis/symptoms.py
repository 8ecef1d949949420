"""From the features of curves to a symptom each, and how sure.

A symptom is a few conditions on features. A condition holds more or less: by half where a feature
is at its threshold, by nine tenths where it is half as large again. All conditions of a symptom
must hold, so the worst decides; the symptom that holds best is the curve's. One symptom can rule
out another: a loss that explodes is past oscillating, one that oscillates has no plateaus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simopt.curves.diagnosis.features import ROUNDING

#: What a loss curve can show, in the words of the document's table where it has one.
SYMPTOMS = (
    "healthy",
    "oscillates wildly",
    "decreases then explodes",
    "decreases very slowly",
    "plateaus early",
    "plateaus, then drops",
    "validation rises",
    "NaN or Inf",
    "stopped learning mid-training",
    "noise floor",
    "can't tell",
)

#: Fewer values than this have no shape.
FEWEST = 5

#: How fast a condition turns from no to yes: x^5 / (x^5 + threshold^5).
SHARPNESS = 5.0

#: The last quarter rises most of an order of magnitude above all that the first half did.
EXPLODES = 8.0

#: Or it climbs without falling back (all rises together are little more than the swing itself),
CLIMBS = 1.5
#: above the first half,
OUTGROWS = 2.0
#: and ends nearer to its highest than to its lowest.
ENDS_HIGH = 0.5

#: Up and down in the second half: rises amount to half of the swing, which a loss that falls has
#: none of.
UPS = 0.45
#: The second half's mean keeps a sixth of what there was to lose: wild. Less of it is a floor,
WILD = 0.18
#: and its swing is a good fifth of the range.
SWING = 0.25
#: Or it comes back to two fifths of the range, however rarely, but more than once: one value that
#: is far out is none of the optimizer's doing.
SPIKES, AGAIN = 0.4, 1.2
#: down to a seventieth, which nobody would see.
FLOOR = 0.014

#: and which stays: from the third quarter to the last it moves by two thirds of itself at most.
DRIFT = 0.65
#: Its swing is half of itself at least: noise, and not a level that the loss came to lie at.
TREMBLES = 0.5

#: A flat stretch of a seventh of the run: shorter ones are chance.
PLATEAU = 0.15

#: The last quarter makes a tenth of the fall,
UNFINISHED = 0.09
#: and not much less than the quarter before it: it goes on.
GOES_ON = 0.55
#: or it makes a sixth: far from any end.
LARGE = 0.15

#: The first quarter made most of the fall,
MOST = 0.6
#: the last one still loses something,
CRAWLS = 0.003
#: and most of what the one before it did, and more of it than that one of its own: slower than 1/t,
#: of which the last quarter loses half, and which is how the loss of a network ends that does well.
CRAWLS_ON = 0.6
#: Or it stops at once in the middle of the run,
STOPS = (0.25, 0.85)
#: half of its fall made in the second half of the time till then: a straight line, no approach.
ABRUPT = 0.5

#: Frozen: fewer steps of the second half than this rise, where the least noise would make half of
#: them do so,
FROZEN = 0.05
#: from before the middle of the run,
EARLY = 0.4
#: and each quarter loses this share of what the quarter before it did: over in the first.
DIES_OUT = 0.06

#: The validation loss ends above its lowest by three hundredths of what it had lost,
RISE = 0.03
#: twice what its noise explains, or more,
RISE_NOISE = 0.5

#: while the training loss keeps less than a third of what there was to lose.
LEARNS = 0.3

#: A best condition that holds by less than half is no answer.
SURE = 0.5

Column = NDArray[np.float64]


def above(x: Column, threshold: float) -> Column:
    """How well ``x > threshold`` holds, 0 to 1; 0 where x is unknown."""
    holds = 1.0 / (1.0 + (threshold / np.maximum(x, 1e-300)) ** SHARPNESS)
    return np.where(np.isnan(x), 0.0, holds)


def below(x: Column, threshold: float) -> Column:
    """How well ``x < threshold`` holds, 0 to 1; 0 where x is unknown."""
    return np.where(np.isnan(x), 0.0, 1.0 - above(x, threshold))


def every(*conditions: Column) -> Column:
    """How well all of some conditions hold: as well as the worst."""
    worst: Column = np.minimum.reduce(conditions)
    return worst


def either(*conditions: Column) -> Column:
    """How well one of some conditions holds: as well as the best."""
    best: Column = np.maximum.reduce(conditions)
    return best


def scores(features: Mapping[str, Any]) -> dict[str, Column]:
    """How well each symptom's conditions hold on each curve."""
    f = {name: np.asarray(column, np.float64) for name, column in features.items()}
    # Of the fall, where the kernel has shares of the range.
    level = f["late_level"] / f["fall"]
    goes_on = np.where(f["quarter_4"] > ROUNDING, f["quarter_4"] / f["quarter_3"], 0.0)

    climbs = every(
        above(f["growth"], OUTGROWS), above(f["end"], ENDS_HIGH), below(f["late_ups"], CLIMBS)
    )
    exploded = either(above(f["growth"], EXPLODES), climbs)
    up_and_down = every(above(f["late_ups"], UPS), 1.0 - exploded)
    drops = every(above(f["plateau"], PLATEAU), 1.0 - exploded)
    slow = every(
        above(f["quarter_4"], UNFINISHED),
        either(above(goes_on, GOES_ON), above(f["quarter_4"], LARGE)),
        below(f["late_ups"], UPS),
    )
    wild = either(
        every(above(level, WILD), above(f["late_swing"], SWING)),
        every(above(f["late_swing"], SPIKES), above(f["late_ups"], AGAIN)),
    )
    swings = every(up_and_down, wild)
    stays = below(np.abs(f["late_drift"]), DRIFT)
    trembles = above(f["late_swing"] / f["late_level"], TREMBLES)
    noisy = every(up_and_down, above(level, FLOOR), stays, trembles, 1.0 - wild)
    frozen = every(
        below(f["late_rises"], FROZEN),
        below(goes_on, DIES_OUT),
        below(f["settled_at"], EARLY),
        1.0 - exploded,
    )
    slows = np.where(f["quarter_3"] > 0.0, f["quarter_3"] / f["quarter_2"], np.inf)
    crawls = every(
        above(f["quarter_1"], MOST),
        above(goes_on, CRAWLS_ON),
        above(goes_on / slows, 1.0),
        above(f["quarter_4"], CRAWLS),
        below(f["quarter_4"], UNFINISHED),
        below(f["late_ups"], UPS),
    )
    stops = every(
        above(f["half_at"] / f["settled_at"], ABRUPT),
        above(f["settled_at"], STOPS[0]),
        below(f["settled_at"], STOPS[1]),
        1.0 - exploded,
    )
    stopped = either(crawls, stops)
    overfit = np.zeros_like(slow)
    if "validation_rise" in f:
        overfit = every(
            above(f["validation_rise"], RISE),
            below(f["validation_noise"], RISE_NOISE),
            1.0 - exploded,
            below(level, LEARNS),
        )
    others = {
        "decreases then explodes": exploded,
        "oscillates wildly": every(swings, 1.0 - drops),
        "decreases very slowly": every(slow, 1.0 - drops),
        "plateaus early": every(frozen, 1.0 - drops, 1.0 - overfit),
        "plateaus, then drops": drops,
        "validation rises": overfit,
        "stopped learning mid-training": every(stopped, 1.0 - drops, 1.0 - overfit),
        "noise floor": every(noisy, 1.0 - drops, 1.0 - overfit),
    }
    return {"healthy": 1.0 - either(*others.values()), **others}


def judge(features: Mapping[str, Any]) -> tuple[NDArray[np.int8], Column]:
    """The number of each curve's symptom in SYMPTOMS, and how sure that is, 0 to 1.

    Parameters
    ----------
    features : mapping of str to ndarray [m]
        The columns FEATURES, and VALIDATION if there are validation losses.

    Returns
    -------
    codes : ndarray of int8 [m]
    sure : ndarray [m]
    """
    with np.errstate(all="ignore"):
        held = scores(features)
    names = list(held)
    table = np.stack([held[name] for name in names])
    best = table.argmax(axis=0)
    sure = table.max(axis=0)
    codes = np.array([SYMPTOMS.index(name) for name in names])[best]
    values = np.asarray(features["values"])
    nothing = (values < FEWEST) | np.isnan(features["fall"]) | (sure < SURE)
    codes = np.where(nothing, SYMPTOMS.index("can't tell"), codes)
    broken = np.asarray(features["broken_at"]) >= 0
    codes = np.where(broken, SYMPTOMS.index("NaN or Inf"), codes)
    return codes.astype(np.int8), np.where(broken, 1.0, np.where(nothing, 0.0, sure))
