"""Conditions on features: how well each holds, 0 to 1, and what several symptoms share.

A condition holds by half where a feature is at its threshold, by nine tenths where it is half as
large again.
"""

from __future__ import annotations

from functools import reduce

import numpy as np

from simopt.curves.features import ROUNDING
from simopt.curves.noise import WINDOW
from simopt.curves.symptoms.record import Column, Columns

#: Up and down in the second half: rises amount to two fifths of the swing; a loss that falls has
#: none.
UPS = 0.38

#: The noise of batches does not depend on the batch before: residuals are correlated by less than
#: ECHO, and not opposite to each other (-ALTERNATES), as they are where steps overshoot.
ECHO, ALTERNATES = 0.25, 0.29

#: Values of a curve that is too short for pieces (`simopt.curves.noise`).
FEW = 36

#: In turns residuals are opposite to the one before; of two levels they are half of the range, as
#: of few values at random too. Of few values it takes both, the second clearly.
IN_TURNS, LEVELS, FEWEST, BOTH = 0.4, 0.38, 12.0, 0.42

#: Or every other value is above all the rest, by this share of the range.
BETWEEN = 0.15

#: Skewness beyond so many times its standard error.
SKEW, CHANCE = 0.4, 2.0

#: All that a loss spans is next to nothing of it below this share.
NOTHING = 0.003

#: A log of batches has this many values and more; one of epochs seldom has.
BATCHES = 80.0

#: Noise of batches is in every value: what is rough, as a median, is this share of what scatters.
ALL_ALONG = 0.25

#: A validation loss that scatters by less than the first share of its range falls clearly; by less
#: than the second it falls rather than not.
CLEARLY, RATHER = 0.08, 0.5

#: A level that rises once has no other rise of a quarter of that one, or little more.
ALONE = 0.28

#: One burst: so many standard errors high, of which this share is left at the end; it makes this
#: share of the second half's swing, and this share of the range, of which that swing has no more
#: than the last.
BURST_Z, BURST_LEFT, BURST_SHARE, BURST_HEIGHT, BURST_SWING = 8.0, 0.3, 0.6, 0.24, 0.8

#: A validation loss falls if it ends by this share of its range below its start, lowest this late.
VALIDATION_NET, VALIDATION_LATE = 0.6, 0.7

#: In stairs the second half swings because it falls, which makes this share of the swing, but not
#: all of what is lost from start to end.
STAIRS, EVENLY = 0.6, 0.8

#: What the second half makes of a fall that goes on, and the slope of all of it in standard errors.
LATE, CLEAR_SLOPE = 0.18, 9.0

#: A validation loss is above where the training loss ends by this share of its fall, and spans so
#: small a share of what that does.
APART, TINY = 0.08, 0.012

#: The last quarter makes a tenth of the fall: it is not at its end.
UNFINISHED = 0.1


def above(x: Column, threshold: float) -> Column:
    """How well ``x > threshold`` holds, x^5 / (x^5 + threshold^5); 0 where x is unknown."""
    return _known(_holds(x, threshold))


def below(x: Column, threshold: float) -> Column:
    """How well ``x < threshold`` holds, 0 to 1; 0 where x is unknown."""
    return _known(1.0 - _holds(x, threshold))


def _holds(x: Column, threshold: float) -> Column:
    """How well ``x > threshold`` holds; NaN where x is."""
    ratio = threshold / np.maximum(x, 1e-300)
    # The fifth power as products, which take a twentieth of the time, and in place.
    holds: Column = ratio * ratio
    holds *= holds
    holds *= ratio
    holds += 1.0
    return 1.0 / holds


def _known(holds: Column) -> Column:
    """0 where a condition is NaN."""
    known: Column = np.fmax(holds, 0.0)
    return known


def every(*conditions: Column) -> Column:
    """How well all of some conditions hold: as well as the worst."""
    # Pair by pair: ``np.minimum.reduce`` would first copy all of them into one table.
    worst: Column = reduce(np.minimum, conditions)
    return worst


def either(*conditions: Column) -> Column:
    """How well one of some conditions holds: as well as the best."""
    best: Column = reduce(np.maximum, conditions)
    return best


def batch_noise(f: Columns) -> Column:
    """Whether a fall is seen through noise of batches, and not a loss that swings."""
    return every(
        above(f["values"], BATCHES),
        white(f),
        either(above(f["moves"], 3.0), above(f["start_z"], 6.0)),
        above(f["net"], 0.02),
        above(f["noise"] / f["scatter"], ALL_ALONG),
    )


def white(f: Columns) -> Column:
    """Whether residuals do not follow each other."""
    # A correlation is known to one standard error.
    echo = f["echo"] - 1.0 / np.sqrt(f["values"])
    return every(below(echo, ECHO), above(1.0 + f["echo"], 1.0 - ALTERNATES))


def memory(f: Columns) -> Column:
    """How many times as much a mean scatters as one of values that don't follow each other."""
    # Of a few values the noise is what second differences leave, in which no bend is.
    echo = np.where(f["values"] < FEW, 0.0, np.clip(f["echo"], 0.0, 0.95))
    return np.sqrt((1.0 + echo) / (1.0 - echo))


def skewed(f: Columns) -> Column:
    """Whether values lie far above most others rather than far below, more than by chance."""
    return above(f["skew"] - CHANCE * np.sqrt(6.0 / f["values"]), SKEW)


def in_turns(f: Columns) -> Column:
    """Whether values are high and low in turns."""
    return above(f["between"], BETWEEN)


def little(f: Columns, share: Column | float) -> Column:
    """Whether all that a loss spans is less than a share of the loss, where that is above zero.

    And it is at random there: not in turns, up and down, or between two levels, nor above a floor
    that a swing has where the loss is lowest. Where it is next to
    nothing, a constant is part of the loss, of which nobody knows how large it is.
    """
    spans = f["noise_share"] / f["scatter"]
    echo = f["echo"] + 1.0 / np.sqrt(f["values"])
    levels = every(above(f["scatter"], LEVELS), above(f["values"], FEWEST))
    both = every(above(-f["echo"], IN_TURNS), above(f["scatter"], BOTH))
    random = 1.0 - either(above(-echo, IN_TURNS), levels, both, in_turns(f), skewed(f))
    return every(below(spans / share, 1.0), above(spans, NOTHING), random)


def falls_through(f: Columns) -> Column:
    """Whether the loss falls all the way, through noise as large as its steps; or in stairs."""
    stairs = every(
        above(f["block_late"] * f["net"] / f["late_swing"], STAIRS),
        below((f["block_late"] / EVENLY) ** 3, 1.0),
    )
    return every(
        either(white(f), stairs),
        above(f["slope_t"], 4.0),
        above(f["block_late"], 0.25),
        below(f["block_rise"], 0.2),
    )


def falls_on(f: Columns) -> Column:
    """Whether the second half falls clearly as well, through noise without memory."""
    return every(
        white(f),
        above(f["block_late"], LATE),
        above(f["slope_t"], CLEAR_SLOPE),
        below(f["block_rise"], 0.1),
    )


def rises_alone(f: Columns) -> Column:
    """Whether the largest sudden rise is the only one: a loss that swings rises again and again."""
    # Levels are means of a twentieth of the values; noise makes them rise by three standard errors.
    noise = 3.0 * f["scatter"] * np.sqrt(2.0 * WINDOW / f["values"])
    return below(f["shift_other"] - noise / f["shift"], ALONE)


def one_burst(f: Columns) -> Column:
    """Whether a long curve swings because of one sudden rise alone, which then dies away.

    It stays below the start: a rate that is too high throws the loss higher, sooner or later.
    """
    burst = f["shift"] * f["shift_peak"]
    return every(
        above(f["values"], BATCHES),
        above(f["shift_z"], BURST_Z),
        below(f["shifts"], 1.4),
        rises_alone(f),
        above(f["shift_at"], 0.5),
        below(f["shift_left"], BURST_LEFT),
        above(burst / f["late_swing"], BURST_SHARE),
        above(burst, BURST_HEIGHT),
        # The third power: a condition that turns faster than others.
        below((f["late_swing"] / BURST_SWING) ** 3, 1.0),
    )


def validation_falls(f: Columns, scatter: float) -> Column:
    """Whether a validation loss falls to the end, its values scattering by less than a share."""
    if "validation_net" not in f:
        return np.zeros_like(f["fall"])
    return every(
        above(f["validation_net"], VALIDATION_NET),
        below(f["validation_scatter"], scatter),
        above(f["validation_lowest_at"], VALIDATION_LATE),
    )


def stays_apart(f: Columns) -> Column:
    """Whether a validation loss stays clearly above where the training loss ends.

    If a fall is over before the first validation, that loss lies where the training loss ends, or
    below, as without dropout. One that does not move at all learns nothing there either.
    """
    off = f["validation_above"]
    return above(np.where(f["validation_scale"] == 0.0, np.abs(off), off), APART)


def hardly_moves(f: Columns) -> Column:
    """Whether all that a validation loss spans is hardly anything beside what training lost."""
    return every(below(f["validation_scale"], TINY), stays_apart(f))


def level(f: Columns) -> Column:
    """The mean of the second half above the lowest loss, as a share of the fall."""
    return f["late_level"] / f["fall"]


def goes_on(f: Columns) -> Column:
    """What the last quarter loses, by what the one before it did."""
    return np.where(f["quarter_4"] > ROUNDING, f["quarter_4"] / f["quarter_3"], 0.0)
