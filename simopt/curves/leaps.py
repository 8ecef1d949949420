"""A leap in the last values: a spike that will recover, or the beginning of a divergence.

Until more values are there nobody can tell, so the curve is measured without them. What swings all
along leaps at its end as well: a leap stands out from all other rises, as a spike does.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

from simopt.curves.arithmetic import extremes, roughness
from simopt.curves.spikes import (
    APART,
    CLEAR,
    EARLY,
    LEFT,
    NOISY,
    SHARE,
    SUDDEN,
    before,
    builds_up,
    left,
    rise_at,
)

#: A leap begins within so many of the last values, or within the last of so many parts of a run.
FEW, PARTS = 3, 20

#: What swells does so to the end, step by step, within the last of so many parts of a run.
SWELLS = 12

#: What has climbed so many steps in a row, by this share of a leap, climbs on in it.
CLIMBED, CLIMBED_SHARE = 4, 0.05

#: What grows in so many steps to the end, by more each time and by more than so many times what the
#: curve spans before, is a divergence; so is whatever is higher than so many times that.
GROWS, GROWN, BEYOND = 3, 8.0, 1000.0


def leap(y, spare):
    """How many of the last values belong to a leap from which the loss has not come back.

    Parameters
    ----------
    y : ndarray [k]
        The values, without gaps; three or more.
    spare : ndarray [3, k]
        Written to.

    Returns
    -------
    int
        0 if there is none.
    """
    k = len(y)
    first = max(2, k - last_few(k, PARTS))
    noise = -1.0
    low = high = y[0]
    calm = 0.0
    for t in range(1, k):
        span = high - low
        if t <= first:
            calm = span
        # The noise takes longest, and is seldom asked for.
        if t >= first and rise_at(y, t) > SHARE * span and noise < 0.0:
            noise = roughness(y, spare)
        if t >= first and rise_at(y, t) > max(CLEAR * noise, SHARE * span):
            base, height = before(y, t), height_from(y, t)
            back = max(left(height, span), NOISY * noise)
            begins = y[t] - base > LEFT * height and rise_at(y, t) >= SUDDEN * height
            # Nor did it begin with the value before, or climb all the way to here.
            begins = begins and y[t - 1] - y[t - 2] <= LEFT * height
            begins = begins and not climbs(y, t - 1, height) and not builds_up(y, 0, t, height)
            if begins and y[k - 1] - base > back:
                diverging = diverges(y, height, calm, CLEAR * noise)
                # What swells before it leaps belongs to it.
                return 0 if diverging else max(k - t, swell(y, noise, spare))
        low, high = min(low, y[t]), max(high, y[t])
    return swell(y, noise, spare)


def swell(y, noise, spare):
    """How many of the last values rise step by step, clear of noise and far above all that was.

    A few, or it is the curve's own course. The noise is given, or negative if it is not known yet.
    """
    k = len(y)
    if not y[k - 1] > y[k - 2] > y[k - 3]:
        return 0
    if noise < 0.0:
        noise = roughness(y, spare)
    most = last_few(k, SWELLS)
    t = k - 1
    # One step more than may be, to see whether it goes on.
    while t > 1 and k - 1 - t <= most and y[t] - y[t - 1] > NOISY * noise:
        t -= 1
    count = k - 1 - t
    height = y[k - 1] - y[t]
    if count < FEW or count > most or climbs(y, t, height):
        return 0
    low, high = extremes(y[: t + 1])
    far = height > max(CLEAR * noise, SHARE * (high - low))
    return count if far and not diverges(y, height, high - low, CLEAR * noise) else 0


def climbs(y, t, height):
    """Whether a few steps up to a value all rise, by a share of what follows: it climbs on."""
    rises = 0
    while rises < CLIMBED and rises < t and y[t - rises] > y[t - rises - 1]:
        rises += 1
    return rises == CLIMBED and y[t] - y[t - CLIMBED] > CLIMBED_SHARE * height


def last_few(k, parts):
    """So many values are the last few of k: of a short curve a third at most."""
    return max(min(FEW, k // 3), k // parts)


def height_from(y, t):
    """How high the values from one on are at most above the two before."""
    base = before(y, t)
    height = 0.0
    for j in range(t, len(y)):
        height = max(height, y[j] - base)
    return height


def diverges(y, height, span, least):
    """Whether a leap is too high for any spike, or grows and grows, by more than a least step.

    Of what has moved by no more than such steps nobody knows how high its spikes are.
    """
    if height > BEYOND * span and span > least:
        return True
    steps = 0
    j = len(y) - 1
    step = after = y[j] - y[j - 1]
    while j > 1 and step > least and (steps == 0 or step < after):
        after = step
        steps += 1
        j -= 1
        step = y[j] - y[j - 1]
    return steps >= GROWS and height > GROWN * span


def stands_out(y, height):
    """Whether no rise of a curve is more than a share of the leap behind it."""
    most = 0.0
    for t in range(max(2, int(EARLY * len(y))), len(y)):
        most = max(most, rise_at(y, t))
    return most <= APART * height
