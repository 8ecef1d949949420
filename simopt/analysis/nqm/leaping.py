"""The recursion of a noisy quadratic's moments, leaps of many updates, and crossings: compiled.

Every direction of the quadratic is a linear system of two numbers, y' = M y + q xi with white noise
xi of variance ``eta^2 c`` (c the variance of the gradient), whose first number is what the loss
sees. With x = eta h:

- heavy ball: the weight and its last displacement, M = [[1 - x, beta], [-x, beta]], q = (1, 1),
  from (1, 0); SGD is beta = 0;
- average: the average and the weight, M = [[gamma, (1 - gamma)(1 - x)], [0, 1 - x]],
  q = (1 - gamma, 1), from (1, 1).

The state of a direction is y without noise, as a multiple of the start, and the covariance V that
noise alone has made: five numbers. One update is ``y <- M y, V <- M V M' + P``, P = q q' eta^2 c.
Two stretches of n updates are one of 2n with M <- M M and P <- M P M' + P, so that k updates take
log2 k squarings. All of it is sums and products, in lanes of 64 directions: packed, and without the
cancellation of formulas in the roots of M.

An array of directions has a length that is a multiple of 64: ones without weight fill it up.
Everything is in this one file because Numba's cache does not see a change in another.
"""

from __future__ import annotations

import math

import numpy as np

from simopt.ground.compiling import compiled

#: Directions that are worked on side by side: a constant of the compiled code, so of this file.
LANES = 64

#: While an element of M's diagonal is nearer to 1 than this, it is carried as what it differs by:
#: 1 - x alone would lose most digits of a small x.
NEAR = 0.5

#: Not reached.
NEVER = -1


@compiled
def advance(average, eta, memory, h, c, updates, state, out):
    """Advance the state [5, d] by a number of updates.

    Parameters
    ----------
    average : bool
        Whether ``memory`` is gamma of an average of the weights; else beta of the heavy ball.
    eta, memory : float
        The rate, and how much of the past is kept.
    h, c : ndarray [d]
        Curvature, and variance of the gradient.
    updates : int
        How many, >= 0.
    state, out : ndarray [5, d]
        y (two numbers) and V (first, mixed, second), before and after.
    """
    m = np.empty((4, LANES))  # M by rows
    e = np.empty((2, LANES))  # its diagonal, less 1
    p = np.empty((3, LANES))  # P: first, mixed, second
    s = np.empty((5, LANES))
    for base in range(0, len(h), LANES):
        for i in range(LANES):
            x = eta * h[base + i]
            n = eta * eta * c[base + i]
            if average:
                m[0, i], m[1, i] = memory, (1.0 - memory) * (1.0 - x)
                m[2, i], m[3, i] = 0.0, 1.0 - x
                e[0, i], e[1, i] = memory - 1.0, -x
                p[0, i], p[1, i] = (1.0 - memory) * (1.0 - memory) * n, (1.0 - memory) * n
            else:
                m[0, i], m[1, i] = 1.0 - x, memory
                m[2, i], m[3, i] = -x, memory
                e[0, i], e[1, i] = -x, memory - 1.0
                p[0, i], p[1, i] = n, n
            p[2, i] = n
            for j in range(5):
                s[j, i] = state[j, base + i]
        left = updates
        while left > 0:
            if left & 1:
                for i in range(LANES):
                    m00, m01, m10, m11 = m[0, i], m[1, i], m[2, i], m[3, i]
                    y0, y1, v00, v01, v11 = s[0, i], s[1, i], s[2, i], s[3, i], s[4, i]
                    far0, near0 = m00 * y0 + m01 * y1, y0 + (e[0, i] * y0 + m01 * y1)
                    far1, near1 = m10 * y0 + m11 * y1, y1 + (m10 * y0 + e[1, i] * y1)
                    s[0, i] = near0 if abs(e[0, i]) < NEAR else far0
                    s[1, i] = near1 if abs(e[1, i]) < NEAR else far1
                    a0, a1 = m00 * v00 + m01 * v01, m00 * v01 + m01 * v11
                    b0, b1 = m10 * v00 + m11 * v01, m10 * v01 + m11 * v11
                    s[2, i] = p[0, i] + (a0 * m00 + a1 * m01)
                    s[3, i] = p[1, i] + (a0 * m10 + a1 * m11)
                    s[4, i] = p[2, i] + (b0 * m10 + b1 * m11)
            left >>= 1
            if left > 0:
                for i in range(LANES):
                    m00, m01, m10, m11 = m[0, i], m[1, i], m[2, i], m[3, i]
                    p00, p01, p11 = p[0, i], p[1, i], p[2, i]
                    a0, a1 = m00 * p00 + m01 * p01, m00 * p01 + m01 * p11
                    b0, b1 = m10 * p00 + m11 * p01, m10 * p01 + m11 * p11
                    p[0, i] = p00 + (a0 * m00 + a1 * m01)
                    p[1, i] = p01 + (a0 * m10 + a1 * m11)
                    p[2, i] = p11 + (b0 * m10 + b1 * m11)
                    e00, e11, cross, trace = e[0, i], e[1, i], m01 * m10, m00 + m11
                    near0, far0 = 2.0 * e00 + (e00 * e00 + cross), m00 * m00 + cross
                    near1, far1 = 2.0 * e11 + (e11 * e11 + cross), m11 * m11 + cross
                    m[0, i], e[0, i] = (
                        (1.0 + near0, near0) if abs(e00) < NEAR else (far0, far0 - 1.0)
                    )
                    m[3, i], e[1, i] = (
                        (1.0 + near1, near1) if abs(e11) < NEAR else (far1, far1 - 1.0)
                    )
                    m[1, i], m[2, i] = m01 * trace, m10 * trace
        for j in range(5):
            for i in range(LANES):
                out[j, base + i] = s[j, i]


@compiled
def start(average, d):
    """The state before the first update."""
    state = np.zeros((5, d))
    state[0, :] = 1.0
    if average:
        state[1, :] = 1.0
    return state


@compiled
def parts(state, decay, noise):
    """The loss without noise, and what noise adds in batches of one.

    ``decay`` [d] is half the curvature times the start squared, ``noise`` [d] half the curvature.
    """
    sums = np.zeros((2, LANES))
    for base in range(0, len(decay), LANES):
        for i in range(LANES):
            sums[0, i] += decay[base + i] * (state[0, base + i] * state[0, base + i])
            sums[1, i] += noise[base + i] * state[2, base + i]
    return sums[0].sum(), sums[1].sum()


@compiled
def losses(average, eta, memory, h, c, decay, noise, size, updates, out):
    """The expected loss after each of these numbers of updates, in ascending order."""
    now = start(average, len(h))
    then = np.empty_like(now)
    k = 0
    for i in range(len(updates)):
        advance(average, eta, memory, h, c, updates[i] - k, now, then)
        now, then, k = then, now, updates[i]
        fall, rise = parts(now, decay, noise)
        out[i] = fall + rise / size


@compiled
def last_above(average, eta, memory, h, c, decay, noise, target, sizes, high, margin, best, out):
    """By bisection, the last update with a loss not below the target: as if the loss only fell.

    Batch sizes share their first steps, and with them the two parts of the loss.

    Parameters
    ----------
    average, eta, memory, h, c
        As in `advance`.
    decay, noise : ndarray [d]
        As in `parts`.
    target : float
        The loss to reach.
    sizes : ndarray [B] of float
        Batch sizes.
    high : int
        The bisection's upper end.
    margin : float
        Results above the best by more than this share are of no interest.
    best, out : ndarray [B] of int
        The least result of any setting so far, lowered where this one's is less; the results,
        `NEVER` for one that is not reached or of no interest.
    """
    first = start(average, len(h))
    state = np.empty_like(first)
    # Where the last bisection was at each depth, and what it saw there.
    been, seen = np.full(64, -1), np.empty((64, 2))
    for b in range(len(sizes)):
        low, top, depth = 0, high, 0
        while low < top - 1 and low <= best[b] * (1.0 + margin):
            middle = (low + top) // 2
            if been[depth] != middle:
                advance(average, eta, memory, h, c, middle, first, state)
                seen[depth, 0], seen[depth, 1] = parts(state, decay, noise)
                been[depth] = middle
            fall, rise = seen[depth]
            depth += 1
            if fall + rise / sizes[b] < target:
                top = middle
            else:
                low = middle
        out[b] = NEVER
        if low < high - 1 and low <= best[b] * (1.0 + margin):
            out[b] = low
            best[b] = min(best[b], low)


@compiled
def turning(average, eta, memory, h, decay):
    """The oscillation of each direction: angle per update, speed bound, and damping.

    Without noise, an under-damped direction of the heavy ball changes at update k by ``x rho^k
    sin((k + 1) angle) / sin(angle)``, rho^2 = beta; ``speed`` is the square of that without the
    sine above and the power, times ``decay``. All others have the angle 0, but for averages of a
    weight that jumps to and fro, of which nothing is claimed.
    """
    angle, speed = np.zeros(len(h)), np.zeros(len(h))
    rho = math.sqrt(memory)
    for i in range(len(h)):
        x = eta * h[i]
        if average and x > 1.0:
            angle[i], speed[i] = math.pi, math.inf
        if not average and memory > 0.0 and h[i] > 0.0:
            cosine = (1.0 - x + memory) / (2.0 * rho)
            if abs(cosine) < 1.0:
                angle[i] = math.acos(cosine)
                speed[i] = decay[i] * x * x / (1.0 - cosine * cosine)
    return angle, speed, rho


@compiled
def least(before, after, decay, angle, speed, reach):
    """A lower bound on the noiseless loss between two states.

    A direction without oscillation (angle 0) is smallest at one of the ends; so is one whose first
    half period is not over (``reach`` is the time of ``after``, plus 1). The others, taken
    together, have a norm that changes by no more than their speed at each update: that norm at
    ``before`` and that speed are returned too.
    """
    sums = np.zeros((3, LANES))
    for base in range(0, len(decay), LANES):
        for i in range(LANES):
            y, z = before[0, base + i], after[0, base + i]
            old, new = decay[base + i] * (y * y), decay[base + i] * (z * z)
            turn = angle[base + i]
            monotone = (turn == 0.0) | ((turn * reach <= math.pi) & (z >= 0.0))
            lower = new if new < old else old
            sums[0, i] += lower if monotone else 0.0
            sums[1, i] += 0.0 if monotone else old
            sums[2, i] += 0.0 if monotone else speed[base + i]
    return sums[0].sum(), math.sqrt(sums[1].sum()), math.sqrt(sums[2].sum())


@compiled
def first_below(average, eta, memory, h, c, decay, noise, target, sizes, best, out):
    """The first update with a loss below the target, for batch sizes in descending order.

    The noise's part of the loss never falls, and `least` bounds the rest from below, so that a leap
    over which the two stay above the target has no crossing in it: leaps are tried, halved where
    the bound does not hold, and an update is looked at by itself where nothing else is left. A
    smaller batch crosses no earlier than a larger one: one pass serves all.

    Parameters
    ----------
    average, eta, memory, h, c
        As in `advance`.
    decay, noise : ndarray [d]
        As in `parts`.
    target : float
        The loss to reach.
    sizes : ndarray [B] of float
        Batch sizes, the largest first.
    best, out : ndarray [B] of int
        The least result of any setting so far, lowered where this one's is less; the results,
        `NEVER` for one that is not reached or above the best.
    """
    angle, speed, fading = turning(average, eta, memory, h, decay)
    now = start(average, len(h))
    then = np.empty_like(now)
    out[:] = NEVER
    fall, rise = parts(now, decay, noise)
    k, b, stride, held = 0, 0, max(1, best[0] // 2), 0
    while b < len(sizes):
        if fall + rise / sizes[b] < target:
            if k <= best[b]:
                out[b] = best[b] = k
            b += 1
        elif k >= best[b]:
            b += 1
        elif not rise / sizes[b] < target:
            break
        else:
            advance(average, eta, memory, h, c, stride, now, then)
            floor, norm, change = least(now, then, decay, angle, speed, k + stride + 1)
            norm -= stride * change * fading**k
            if norm > 0.0:
                floor += norm * norm
            if stride == 1 or not floor + rise / sizes[b] < target:
                now, then, k = then, now, k + stride
                fall, rise = parts(now, decay, noise)
                # Twice in a row, and the next leap may be longer.
                held += 1
                stride *= 2 if held > 1 else 1
            else:
                held, stride = 0, max(1, stride // 2)
