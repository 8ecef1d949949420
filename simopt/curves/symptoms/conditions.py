"""Conditions on features: how well each holds, 0 to 1, and what several symptoms share.

A condition holds by half where a feature is at its threshold, by nine tenths where it is half as
large again.
"""

from __future__ import annotations

import numpy as np

from simopt.curves.features import ROUNDING
from simopt.curves.symptoms.record import Column, Columns

#: How fast a condition turns from no to yes: x^5 / (x^5 + threshold^5).
SHARPNESS = 5.0

#: Up and down in the second half: rises amount to half of the swing, which a loss that falls has
#: none of.
UPS = 0.45

#: The last quarter makes a tenth of the fall: it is not at its end.
UNFINISHED = 0.09


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


def level(f: Columns) -> Column:
    """The mean of the second half above the lowest loss, as a share of the fall."""
    return f["late_level"] / f["fall"]


def goes_on(f: Columns) -> Column:
    """What the last quarter loses, by what the one before it did."""
    return np.where(f["quarter_4"] > ROUNDING, f["quarter_4"] / f["quarter_3"], 0.0)
