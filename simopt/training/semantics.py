"""What counts as what on a trajectory: the definitions that every time loop calls.

`simopt.run` goes through a trajectory in plain Python (`run`), the engine through a block of them
(`simopt.engine.cpu`) or one a thread (`simopt.engine.per_thread`). The loops differ in where their
numbers are; what these mean is said here once, in functions of scalars that compilers inline.
`tests/test_semantics.py` has a table of cases that all loops must meet.

A loop does the following at update t = 1, 2, ..., ``updates``:

1. The clock ticks, then the gradient of the batch is clipped (`clipped`, `shrink`), the rule steps
   at the rate of that update (`rate_at`), and the new weight is brought into the box (`boxed`). The
   rule's state is left as it is. A weight that clipping leaves out has no part in the norm; one
   that decay leaves out steps with ``weight_decay`` 0 (`simopt.training.sparing`).
2. What is watched are the weights, or the average that the rule keeps of them. After every update
   the first one's side of the optimum (`crosses`, `side_of`) and the distance from the optimum
   (`farthest`) are noted.
3. If `looks_at` says so, the loss over all points is looked at: whether it is the best
   (`improves`), whether it is at the target (`arrives`; the first time is noted), and whether it
   diverges (`diverges`). Divergence ends a trajectory, and with ``stop_at_target`` so does the
   target; where both come at one look, it has diverged.
4. At the end of an epoch, where the schedule reacts to the loss, the loss over all points is
   computed, look or not, and the rate of the next epoch follows from it (`reacted`).
"""

from __future__ import annotations

import math

from simopt.schedules.reactive import Reaction

DUE, KEPT, MARGIN, FACTOR, DIVISOR, COOLDOWN, FLOOR, FLOOR_FACTOR, LEAST_CHANGE, LOWEST, ENDS = (
    range(len(Reaction._fields))
)


def looks_at(t, upcoming, updates):
    """Whether update t is followed by a look: it is the next one due, or the last of all."""
    return (t == upcoming) | (t == updates)


def improves(loss, best):
    """Whether a loss is the best yet; the first of equals stays, and nan is never it."""
    return loss < best


def arrives(loss, target):
    """Whether a loss is at the target: it, or below."""
    return loss <= target


def diverges(loss, limit):
    """Whether a loss is above the limit, or nan."""
    return not (loss <= limit)


def crosses(gap, side, zero):
    """Whether the optimum was crossed: gap, ``w - optimum``, has not the sign of `side_of`.

    ``zero`` is that of their type: a literal would make compiled code convert both.
    """
    return gap * side < zero


def side_of(gap, side, zero, unit):
    """The sign of the last gap that was not 0: at the optimum a weight is on neither side of it.

    The sign alone, for the product of two tiny gaps would be 0.
    """
    return math.copysign(unit, gap) if gap != zero else side


def farthest(far, peak):
    """The greater distance; nan is none."""
    return far if far > peak else peak


def rate_at(eta, factor, shift):
    """The rate of an update, by the two numbers that a schedule has for it."""
    return eta * factor + shift


def least_rate(eta, reaction):
    """The rate below which a reacting one does not fall, by the numbers of a `Reaction`."""
    return reaction[FLOOR] + reaction[FLOOR_FACTOR] * eta


def reacted(loss, best, waited, resting, rate, least, reaction, zero, unit):
    """The best loss, epochs without improvement, epochs to rest, and the rate, after an epoch.

    An epoch of rest may improve, but not be counted; a loss that is nan is neither best nor an
    improvement, but for "lowest", whose comparison is the other way round.
    """
    bound = best * reaction[KEPT] - reaction[MARGIN]
    lowest = reaction[LOWEST] > zero
    better = not (loss > bound) if lowest else loss < bound
    best = loss if (loss < best if lowest else better) else best
    waited = zero if better or resting > zero else waited + unit
    resting = resting - unit if resting > zero else resting
    if waited >= reaction[DUE]:
        smaller = rate * reaction[FACTOR] / reaction[DIVISOR]
        smaller = least if smaller < least else smaller
        dropped = smaller if rate - smaller > reaction[LEAST_CHANGE] else rate
        rate = zero if rate <= reaction[ENDS] else dropped
        waited, resting = zero, reaction[COOLDOWN]
    return best, waited, resting, rate


def clipped(value, clip):
    """A component of the gradient brought between -clip and clip; nan stays nan."""
    inside = clip if value > clip else value
    return -clip if inside < -clip else inside


def shrink(norm, clip, slack):
    """The factor that brings a larger norm to clip: ``min(1, clip / (norm + slack))``."""
    over = norm + slack > clip
    return clip / (norm + slack) if over else clip / clip


def boxed(value, least, largest):
    """The nearest number between two; nan stays nan."""
    inside = largest if value > largest else value
    return least if inside < least else inside


NUMERIC = (
    looks_at,
    improves,
    arrives,
    diverges,
    crosses,
    side_of,
    farthest,
    rate_at,
    least_rate,
    reacted,
    clipped,
    shrink,
    boxed,
)
