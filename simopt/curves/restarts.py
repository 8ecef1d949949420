"""Runs one after the other in one curve: places at which a loss begins again as it began.

Plain Python for a single curve, compiled for many: see `simopt.curves.arithmetic`.
"""

from __future__ import annotations

#: A run has so many values at least, and this part of all; more runs are a swing, or a schedule.
SHORTEST, PART, MOST = 4, 12, 6

#: A loss has come down to within this share of its fall, leaps up at once by this one, and its next
#: values, as many as a run has at least, are those of the beginning to within this one.
DOWN, LEAPS, SAME = 0.25, 0.5, 0.35
#: Of fewer values than these the first alone is compared, and may be farther off: what takes time
#: to come down, as a run does, is no spike there.
FEW, NEAR = 50, 0.6

#: The fall takes more than one value, after which this share of it is left: else it is a spike.
GRADUAL = 0.1

#: A second run comes down in about the time that the first took: of its own fall its next values
#: keep this share, on average, of what those of the first one keep. A spike is back far sooner.
PACE = 0.5

#: Within a run the loss rises by no more than this share of its fall.
CALM = 0.15


def restarts(y):
    """At how many places a curve begins again, and at which first; 0 and 0 if it swings.

    Parameters
    ----------
    y : ndarray [k]
        The values, without gaps.

    Returns
    -------
    int, int
    """
    k = len(y)
    least = max(SHORTEST, k // PART)
    count = first = start = 0
    low = y[0]
    for t in range(1, k):
        if t - start >= least and k - t >= least and again(y, t, low, least):
            first = t if count == 0 else first
            count += 1
            start = t
            low = y[t]
            continue
        # A fall is known once there has been one.
        if count > 0 and y[t] - low > CALM * (y[0] - low):
            return 0, 0
        low = min(low, y[t])
    # The last run has come down as well.
    down = count > 0 and y[start] - low > LEAPS * (y[0] - low)
    return (count, first) if down and count < MOST and calm(y, first) else (0, 0)


def again(y, t, low, count):
    """Whether so many values from one on are as the first ones, after a fall to a lowest value."""
    fall = y[0] - low
    if y[t] - y[t - 1] <= LEAPS * fall or y[t - 1] - low > DOWN * fall:
        return False
    same = y[t + 1] - low > GRADUAL * fall and y[1] - low > GRADUAL * fall
    if len(y) < FEW:
        as_slow = keeps(y, t, count) > PACE * keeps(y, 0, count)
        return same and as_slow and abs(y[t] - y[0]) < NEAR * fall
    for j in range(count):
        same = same and abs(y[t + j] - y[j]) < SAME * fall
    return same


def keeps(y, t, count):
    """What the values after one keep of its fall, on average: to the lowest of twice as many."""
    low = y[t]
    for j in range(t, min(t + 2 * count, len(y))):
        low = min(low, y[j])
    kept = 0.0
    for j in range(t + 1, t + count):
        kept += y[j] - low
    return kept / ((count - 1) * (y[t] - low)) if y[t] > low else 0.0


def calm(y, end):
    """Whether the first run falls without rising again on the way."""
    low, rebound = y[0], 0.0
    for t in range(end):
        low = min(low, y[t])
        rebound = max(rebound, y[t] - low)
    return rebound <= CALM * (y[0] - low)
