"""What the numbers of a loss say by themselves: its zero, its sign, its highest, a level of chance.

Measured features know none of these, so that an offset changes nothing of what a curve shows.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: At chance level all of a loss lies within this share of it, the mean of its second half within
#: that one: of up to so many classes, for the levels of more lie too close together.
WITHIN, MEAN_WITHIN, FEW_CLASSES = 0.012, 0.004, 10


def stays_at_chance(loss: NDArray[np.float64], more: tuple[int, ...] = ()) -> bool:
    """Whether a loss stays at the chance level of a few classes from first to last.

    What little moves is a last bias that learns how frequent the classes are, or noise. Of ``more``
    numbers of classes it may be as well.
    """
    finite = loss[np.isfinite(loss)]
    if len(finite) < 2:
        return False
    level = np.log([*range(2, FEW_CLASSES + 1), *more])
    off = np.abs(np.mean(finite[len(finite) // 2 :]) / level - 1)
    return bool(off.min() <= MEAN_WITHIN and np.ptp(finite) <= WITHIN * level[off.argmin()])


#: A loss comes to chance level within so many values, or this part of the run, and stays there for
#: so many at least: weights that are too large at first, or the first steps.
AT_FIRST, PART, STAYS = 5, 20, 7
#: Numbers of classes that are usual, beside a few.
USUAL = (100, 1000)


def comes_to_chance(loss: NDArray[np.float64]) -> int:
    """From which value on a loss stays at chance level, if it lies above it before; 0 if not.

    Examples
    --------
    >>> import numpy as np
    >>> comes_to_chance(np.array([3.1, 2.4] + [2.303, 2.302, 2.303, 2.304] * 2))
    2
    """
    for start in range(1, 1 + max(AT_FIRST, len(loss) // PART)):
        rest = loss[start:]
        if np.isfinite(rest).sum() < STAYS:
            return 0
        if stays_at_chance(rest, USUAL):
            return start if loss[start - 1] > np.nanmax(rest) else 0
    return 0


#: A running mean that is begun at zero, and not corrected for that, climbs at first: within so much
#: of the run, from this share at most of where it gets to, in steps of which so many rise, and of
#: which the first half makes this share at least: they become smaller as the mean comes near.
CLIMBS_WITHIN, FROM, RISING, SLOWING = 0.35, 0.45, 0.7, 0.6
#: Its first value is itself a step from zero, and the next three shrink from it by the factor that
#: its share tells: they are as large as that within this factor. And what the mean follows falls,
#: to this share of where the climb ends.
AS_LARGE, FALLS_TO = 1.4, 0.75


def climbs_from_zero(loss: NDArray[np.float64]) -> int:
    """How many first values climb from zero, as a running mean does that is begun there; 0 if none.

    Examples
    --------
    >>> import numpy as np
    >>> loss, mean = 1 + 2 * np.exp(-np.arange(60) / 20), [0.0]
    >>> for value in loss:
    ...     mean.append(0.7 * mean[-1] + 0.3 * value)
    >>> climbs_from_zero(np.array(mean[1:])), climbs_from_zero(loss)
    (7, 0)
    """
    k = len(loss)
    if k < FEWEST or not (np.isfinite(loss).all() and loss.min() > 0.0):
        return 0
    top = int(np.argmax(loss[: max(4, int(CLIMBS_WITHIN * k))]))
    if top < 3 or loss[0] > FROM * loss[top]:
        return 0
    steps = np.diff(loss[: top + 1], prepend=0.0)
    keeps = 1 - loss[0] / loss[top]
    expected = loss[0] * (keeps + keeps**2 + keeps**3)
    begins = expected / AS_LARGE <= steps[1:4].sum() <= expected * AS_LARGE
    slows = loss[top // 2] >= SLOWING * loss[top] and (steps > 0.0).mean() >= RISING
    falls = loss[-max(1, k // 10) :].mean() <= FALLS_TO * loss[top]
    return top if begins and slows and falls else 0


#: Chance level is looked for with up to so many classes.
MOST_CLASSES = 1000


def chance_level(loss: NDArray[np.float64]) -> int | None:
    """The number K of classes at whose chance level, ln K, a loss lies; None if at none.

    Within three standard errors of its mean, and two thousandths, which four digits round to.

    Examples
    --------
    >>> import numpy as np
    >>> chance_level(np.array([2.303, 2.302, 2.303, 2.301])), chance_level(np.array([1.0, 0.9]))
    (10, None)
    """
    finite = loss[np.isfinite(loss)]
    if len(finite) < 2:
        return None
    level = float(np.mean(finite))
    if not 0.5 < level < np.log(MOST_CLASSES):
        return None
    classes = round(float(np.exp(level)))
    error = 0.002 + 3 * float(np.std(finite)) / np.sqrt(len(finite))
    # With more classes their chance levels lie closer together.
    near = abs(level - np.log(classes)) <= min(error, 0.2 / classes)
    return classes if near and classes >= 2 else None


def is_logarithm(loss: NDArray[np.float64]) -> bool:
    """Whether a loss is never positive: a logarithm, whose straight fall is one by a factor."""
    finite = loss[np.isfinite(loss)]
    return bool(finite.max() <= 0 and finite.min() < -1)


#: A positive loss that has come down to this share of its start has little left to lose.
NOTHING = 1e-3


def ends_at_nothing(loss: NDArray[np.float64]) -> bool:
    """Whether a positive loss ends at next to nothing: what lies below is in the numbers alone.

    Measured features know no zero, so that an offset changes nothing; a loss has one.
    """
    finite = loss[np.isfinite(loss)]
    return bool(finite.min() >= 0 and finite[-1] <= NOTHING * finite[0])


def goes_on(loss: NDArray[np.float64], broken: int) -> bool:
    """Whether a loss goes on behind an infinite value where it was.

    Not where it ends in NaN or Inf, or is mostly above what it was: overflows with a few numbers
    between them, or a run that begins anew.
    """
    before, after = (part[np.isfinite(part)] for part in (loss[:broken], loss[broken:]))
    recent = before[len(before) // 2 :]
    back = len(recent) == 0 or bool(len(after) and np.median(after) <= recent.max())
    return bool(np.isfinite(loss[-1])) and back


#: A ceiling is where so many of the last values, and this share of all, are the same highest one.
CEILING, CEILING_SHARE = 5, 0.1


def ends_at_ceiling(loss: NDArray[np.float64]) -> bool:
    """Whether a loss ends at rest at its very highest: clipped there, or of weights that are lost.

    A run that is resumed, or logged on another scale, moves.
    """
    finite = loss[np.isfinite(loss)]
    count = max(CEILING, int(CEILING_SHARE * len(finite)))
    return bool(len(finite) > count and (finite[-count:] == finite.max()).all())


#: A loss that is printed with few digits and stays where it is keeps within so many units of its
#: last one around the median, by which it spans no more than this share of itself, and differs from
#: half to half by less than half a unit, up and down at random; or it takes one step of a unit in
#: all, of no more than that share of itself.
UNITS, SPANS, STEP = 2, 0.2, 0.05
#: So many digits are few, and so few values are too few to say so.
DIGITS, FEWEST = 7, 9
#: At random are so many standard deviations of how often noise crosses its mean, and no more.
CROSSES = 2.6


def last_digit(loss: NDArray[np.float64]) -> float:
    """The unit of the last printed digit, if a loss moves by nothing else; NaN if it moves by more.

    What is left of a loss that stays where it is, once it is rounded: it looks like a swing over
    all that the curve spans.

    Examples
    --------
    >>> import numpy as np
    >>> last_digit(np.array([0.69] * 9 + [0.7] + [0.69] * 5))
    0.01
    """
    finite = loss[np.isfinite(loss)]
    size = float(np.median(np.abs(finite))) if len(finite) >= FEWEST else 0.0
    # Halves: the range of the largest numbers is beyond them.
    span = 2.0 * (np.max(0.5 * finite) - np.min(0.5 * finite)) if size else 0.0
    if not 0.0 < span <= SPANS * size or size < np.finfo(float).tiny * 10.0**DIGITS:
        return np.nan
    # What single precision leaves of a digit, or double precision.
    off = 1e-7 if _is_single(finite) else 1e-9
    leading = int(np.floor(np.log10(size)))
    for place in range(leading, leading - DIGITS, -1):
        unit = 10.0**place
        whole = np.round(finite / unit)
        if np.ptp(whole) and np.allclose(finite / unit, whole, rtol=off, atol=0.0):
            break
    else:
        return np.nan
    half = len(whole) // 2
    if abs(whole - np.median(whole)).max() > UNITS:
        return np.nan
    steps = np.count_nonzero(np.diff(whole))
    if steps == 1:
        return unit if np.ptp(whole) == 1 and span <= STEP * size else np.nan
    stays = abs(whole[:half].mean() - whole[half:].mean()) < 0.5 or np.ptp(whole) == 1
    return unit if stays and _is_random(whole) else np.nan


def _is_single(values: NDArray[np.float64]) -> bool:
    """Whether numbers are of single precision."""
    with np.errstate(over="ignore"):
        return bool((values.astype(np.float32) == values).all())


def _is_random(values: NDArray[np.float64]) -> bool:
    """Whether values cross their mean as often as noise does: not in turns, nor level by level."""
    above = values > values.mean()
    many, count = int(above.sum()), len(above)
    pieces = 1 + np.count_nonzero(np.diff(above))
    expected = 1 + 2 * many * (count - many) / count
    deviation = np.sqrt((expected - 1) * (expected - 2) / (count - 1))
    # They are whole numbers: off by less than a half is not off.
    return bool(abs(pieces - expected) - 0.5 <= CROSSES * deviation)


def unrounded(loss: NDArray[np.float64]) -> NDArray[np.float64]:
    """A loss that moves by its last printed digit alone, without that; any other as it is."""
    if np.isnan(last_digit(loss)):
        return loss
    finite = np.isfinite(loss)
    return np.where(finite, np.median(loss[finite]), loss)
