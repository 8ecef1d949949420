"""Spikes that recover: where a loss leaps up and comes back, and the curve without them.

A spike is a bad batch that one value shows, or a step that threw the weights out, after which the
loss takes many values to come back, as in the training of large models. What swings all the time
has no spikes: there are few of them, and they stand out from all other rises.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

import math

from simopt.curves.arithmetic import SECOND_DIFFERENCE, extremes
from simopt.ground.medians import median, ranked

#: Within so many values a spike rises by more than so many standard deviations of the noise,
STEPS, CLEAR = 3, 10.0
#: by more than this share of what the curve spans before it, and by this share of its height:
#: what builds up over many values is no spike.
SHARE, SUDDEN = 0.3, 0.5

#: Nor is what had been building up before: if the values before it, a part of the run, reach this
#: share of its height, and so many times as high as twice as many before them.
PART, LEAST, BUILT, SWOLLEN = 12, 6, 0.02, 3.0

#: It has recovered where it is above what was before by no more than this share of its height, or
#: of that span if it is less, or by noise: so many deviations. It is over when it has been so for
#: as long as it took from its peak.
LEFT, NOISY = 0.2, 4.0
#: or of more of that span, where it is so many times as high.
FAR, LEFT_FAR = 8.0, 0.6
#: It took an eighth of the run at most.
LONGEST = 8

#: There are more spikes than this share of the values, or they last for more than that share of the
#: run, or so many or more come at distances that differ by no more than a share: an oscillation.
MOST, LASTING = 0.05, 0.3
REGULAR, ALIKE = 5, 0.1

#: In the first tenth a loss may still be anywhere: no spike of several values begins there.
EARLY = 0.1
#: After it the largest rise of the rest is no more than this share of a spike's height.
APART = 0.5
#: The only spike of several values is taller by this factor than the rest: a lower one can be
#: another run, and `simopt.curves.symptoms.conditions.one_burst` looks at it.
TALL = 1.3

#: What the rest spans leaves out this share of its values, the highest: where a loss falls from.
TOP = 0.03

#: Of fewer values a spike has one: what takes longer to come back may be anything.
FEW = 30

#: What is known of a spike: its first value, its highest, the one after its last, the one from
#: which on the curve is as it was; and how high it is, 0 if it is none after all.
KNOWN = ("begin", "peak", "end", "over", "height")
BEGIN, PEAK, END, OVER, HEIGHT = range(len(KNOWN))


def without_spikes(y, spikes, spare):
    """Replace spikes by lines from what is before them to what is after.

    Parameters
    ----------
    y : ndarray [k]
        The values, without gaps.
    spikes : ndarray [MOST k + 2, len(KNOWN)]
        What is known of each.
    spare : ndarray [3, k]
        Written to.

    Returns
    -------
    int
        How many rows of ``spikes`` there are; of some the height may be 0. If there are none, the
        values need not be as they were.
    float
        What the rest spans but for a few of the highest values.
    """
    k = len(y)
    if not may_spike(y, spare[0]):
        return 0, 0.0
    # Half of second differences: their deviation is half as large.
    noise = 2.0 * median(spare[0, : k - 2], spare[1], spare[2]) / SECOND_DIFFERENCE
    was = spare[0]
    for t in range(k):
        was[t] = y[t]
    count = find(y, noise, spikes)
    if count == 0:
        return 0, 0.0
    low, high = extremes(y)
    few = 1 + int(TOP * k)
    span = ranked(y, k - 1 - few, spare[1], spare[2])[0] - low
    for n in range(count):
        if several(spikes[n]) and (k < FEW or spikes[n, BEGIN] < EARLY * k):
            put_back(y, was, spikes[n])
    apart(y, was, spikes[:count])
    long, only = 0, 0
    for n in range(count):
        if several(spikes[n]):
            long, only = long + 1, n
    if long == 1 and spikes[only, HEIGHT] < TALL * (high - low):
        put_back(y, was, spikes[only])
    return count, span


def may_spike(y, differences):
    """Whether anything rises like a spike; in most curves nothing does.

    Decided by counting, without median or rank, and so that rounding can but let a curve pass.
    Halves of second differences are left in ``differences``.
    """
    k = len(y)
    highest = 0.0
    low = high = y[0]
    for t in range(1, k - 1):
        differences[t - 1] = abs(0.5 * y[t + 1] - y[t] + 0.5 * y[t - 1])
    for t in range(2, k - 1):
        low, high = min(low, y[t - 1]), max(high, y[t - 1])
        if y[t] > before(y, t):
            rise = rise_at(y, t)
            if rise > SHARE * (high - low):
                highest = max(highest, rise)
    # The noise is too large for it if more than half of the differences are.
    rough = 1.001 * SECOND_DIFFERENCE / (2.0 * CLEAR) * highest
    above = 0
    for t in range(k - 2):
        above += differences[t] > rough
    return highest > 0.0 and 2 * above <= k - 2


def rise_at(y, t):
    """How high a few values from one on are at most above the two before; 0 if they aren't."""
    base = before(y, t)
    rise = 0.0
    for j in range(t, min(t + STEPS, len(y))):
        rise = max(rise, y[j] - base)
    return rise


def left(height, span):
    """How far above what was before a spike of a height may end: what spans so little is noise."""
    return (LEFT if height <= FAR * span else LEFT_FAR) * min(height, span)


def before(y, t):
    """The mean of the two values before one."""
    return 0.5 * y[t - 1] + 0.5 * y[t - 2]


def find(y, noise, spikes):
    """Replace whatever rises like a spike and comes back; how many, 0 if it oscillates."""
    k = len(y)
    low = high = y[0]
    count = lasting = ended = 0
    t = 2
    while t < k - 1:
        low, high = min(low, y[t - 1]), max(high, y[t - 1])
        rise, base = rise_at(y, t), before(y, t)
        least = max(CLEAR * noise, SHARE * (high - low))
        begins = rise > max(least, 0.0) and y[t] - base > LEFT * rise
        if not (begins and recovers(y, t, high - low, NOISY * noise, spikes[count])):
            t += 1
            continue
        if builds_up(y, ended, t, spikes[count, HEIGHT]):
            t += 1
            continue
        over = int(spikes[count, OVER])
        lasting += spikes[count, END] - t
        count += 1
        if count > max(1.0, MOST * k) or lasting > LASTING * k:
            return 0
        after = 0.5 * y[over] + 0.5 * y[min(over + 1, k - 1)]
        for j in range(t, over):
            y[j] = base + (after - base) * (j + 1 - t) / (over + 1 - t)
        t = ended = over
    return 0 if regular(spikes[:count]) else count


def recovers(y, t, span, noise, spike):
    """Whether a spike that begins at a value comes back; when, and how high it was."""
    k = len(y)
    base = before(y, t)
    height = 0.0
    peak = last = over = t
    while over < k and last - peak <= k // LONGEST:
        above = y[over] - base
        if above > height:
            height, peak = above, over
        if above > max(left(height, span), noise):
            last = over
        elif over - last > last - peak:
            break
        over += 1
    spike[BEGIN], spike[PEAK], spike[END], spike[OVER] = t, peak, last + 1, min(over, k - 1)
    spike[HEIGHT] = height
    back = last < k - 1 and last - peak <= k // LONGEST
    return back and rise_at(y, t) >= SUDDEN * height and not math.isinf(height)


def builds_up(y, first, t, height):
    """Whether the values before a rise rose already; of those from the first one given on."""
    near = max(LEAST, len(y) // PART)
    # The rise itself may have begun within its few values.
    end = t - STEPS + 1
    if end - 3 * near < first:
        return False
    low = far = y[end - 3 * near]
    for j in range(end - 3 * near, end - near):
        low, far = min(low, y[j]), max(far, y[j])
    high = y[end - near]
    for j in range(end - near, end):
        high = max(high, y[j])
    swollen = high - low > max(BUILT * height, SWOLLEN * (far - low))
    # What has come back down from a spike just before has not built up.
    return swollen and min(y[t - 1], y[t - 2]) - low > 0.5 * BUILT * height


def regular(spikes):
    """Whether spikes come at equal distances: an oscillation, or a schedule."""
    count = len(spikes)
    if count < REGULAR:
        return False
    mean = (spikes[count - 1, BEGIN] - spikes[0, BEGIN]) / (count - 1)
    off = 0.0
    for n in range(1, count):
        off = max(off, abs(spikes[n, BEGIN] - spikes[n - 1, BEGIN] - mean))
    return off <= ALIKE * mean


def apart(y, was, spikes):
    """Put back the spikes that are no taller than other rises: one by one they may all go."""
    most = 0.0
    for t in range(max(2, int(EARLY * len(y))), len(y)):
        most = max(most, rise_at(y, t))
    again = True
    while again:
        again = False
        for n in range(len(spikes)):
            height = spikes[n, HEIGHT]
            if 0.0 < APART * height < most:
                most = max(most, height)
                put_back(y, was, spikes[n])
                again = True


def several(spike):
    """Whether it is there, and of more than one value."""
    return spike[HEIGHT] > 0.0 and spike[END] - spike[BEGIN] > 1.0


def put_back(y, was, spike):
    """Leave a spike as it was."""
    spike[HEIGHT] = 0.0
    for t in range(int(spike[BEGIN]), int(spike[OVER])):
        y[t] = was[t]
