"""From the features of curves to a symptom each, and how sure.

A symptom is a few conditions on features. A condition holds more or less: by half where a feature
is at its threshold, by nine tenths where it is half as large again. All conditions of a symptom
must hold, so the worst decides; the symptom that holds best is the curve's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

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

#: The end lies as far above the lowest as the start did: all that was learnt is lost.
EXPLODED = 8.0
#: And near the highest of all: an oscillation would have come down again.
STAYS_UP = 0.3

#: All rises together are as large as the range: up again by as much as down.
SWINGS = 0.8
#: And one of them by a sixth of the range: seen at a glance, and not noise.
REBOUND = 0.15

#: A flat stretch of a tenth of the run, with a drop after it.
PLATEAU = 0.12

#: The last quarter still loses a third of what the first did: nowhere near an end.
UNFINISHED = 0.33

#: Flat for the last three quarters.
EARLY = 0.2

#: The tail's scatter about its line: one per cent of the fall.
FLOOR = 0.025
UPS = 1.3
SWING = 0.35
GROWTH = 0.3
LATE = 0.09
GOES_ON = 0.6
#: Its slope is not seen within its scatter.
NO_SLOPE = 3.0

#: The validation loss ends above its lowest by a twentieth of what it had lost,
RISE = 0.05
#: which noise does not do.
RISE_NOISE = 0.25

#: A best condition that holds by less than half is no answer.
SURE = 0.5

Column = NDArray[np.float64]


def above(x: Column, threshold: float) -> Column:
    """How well ``x > threshold`` holds, 0 to 1; 0 where x is unknown."""
    with np.errstate(all="ignore"):
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
    climbs = every(above(f["end"], STAYS_UP), above(f["growth"], 1.5), below(f["late_ups"], 1.6))
    exploded = either(above(f["growth"], EXPLODED), climbs)
    swings = every(
        above(f["late_ups"], UPS),
        above(f["late_swing"], SWING),
        above(f["growth"], GROWTH),
        1 - exploded,
    )
    drops = every(above(f["plateau"], PLATEAU), 1 - swings, 1 - exploded)
    smooth = every(1 - swings, 1 - exploded, 1 - drops)
    slow = every(
        smooth,
        above(f["quarter_4"], LATE),
        above(f["quarter_4"] / f["quarter_3"], GOES_ON),
        below(f["late_ups"], UPS),
    )
    early = 0 * slow
    noisy = every(
        smooth, above(f["late_level"] / f["fall"], FLOOR), above(f["late_ups"], UPS), 1 - slow
    )
    stopped = 0 * slow
    overfit = np.zeros_like(slow)
    if "validation_rise" in f:
        overfit = every(above(f["validation_rise"], RISE), below(f["validation_noise"], RISE_NOISE))
    others = {
        "oscillates wildly": swings,
        "decreases then explodes": exploded,
        "decreases very slowly": slow,
        "plateaus early": early,
        "plateaus, then drops": drops,
        "validation rises": overfit,
        "stopped learning mid-training": stopped,
        "noise floor": noisy,
    }
    healthy = 1.0 - np.maximum.reduce(list(others.values()))
    return {"healthy": healthy, **others}


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
