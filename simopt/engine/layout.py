"""Where a block of trajectories keeps its numbers, and how a rule's scalars are read from there.

Everything of one precision lies in one array ``work`` [rows, lanes]: row after row of weights,
gradients, state, clock values, hyperparameters, and what the watch remembers. One array, not
twenty: the compiler can then see that rows do not overlap, and packs the lane loop without a test
at run time. With d = 1 all row numbers are constants.

Lanes go from ``low`` to ``high``, not from 0: ``low`` is chosen so that they begin at a multiple of
64 bytes and no packed load or store straddles two cache lines (measured: 10 to 20 %); a row has
64 bytes more than its lanes take.
"""

from __future__ import annotations

from collections import namedtuple
from typing import Any, NamedTuple

import numpy as np

from simopt.rules.rule import START, Rule

#: Bytes of a row: sixteen AVX-512 vectors. Enough independent work to hide the latency of divisions
#: and the cost of entering a loop, and few enough that the rows of d = 1 stay in the first-level
#: cache (half as much: 20 to 40 % slower; twice as much: no faster).
ROW_BYTES = 1024

#: Blocks of several weights may take fewer bytes of their rows, a multiple of these: four vectors,
#: of which compilers make one turn of a loop. Then a loop's length is no constant, which cost
#: nothing that could be measured there, and 6 to 10 % with one weight.
PART_BYTES = 256

#: Rows of ``work`` behind the rule's own, by offset: residuals of four points at a time, the last
#: loss, the best, the last distance from the optimum with a sign, the greatest without, its square.
RESIDUAL = 0
LOSS = 4
BEST = 5
SIDE = 6
PEAK = 7
SQUARE = 8
#: Then what is counted, by offset again; 0 means never. Counts are floating-point numbers like all
#: rows, so that one array holds everything.
COUNTS = 9
BEST_AT = 0
TARGET_AT = 1
DIVERGED_AT = 2
OVERSHOOTS = 3
COUNTED = 4
WATCHED = COUNTS + COUNTED

#: How many rows an array has whose address alone is handed over: more than there can be, so that
#: NUMBA_BOUNDSCHECK=1 finds none past its end.
UNTOLD = 2**31

#: Up to here a precision counts by ones.
MOST_UPDATES = {np.float64: 2**53, np.float32: 2**24}


#: Without a sign: an index that may be negative counts from the end, which compiled code tests.
ONE, TWO, THREE = np.uint64(1), np.uint64(2), np.uint64(3)


class Data(NamedTuple):
    """A problem as arrays of one precision; weights padded with zeros to dp, as the loss needs."""

    x: np.ndarray  # [n, dp]; of a network or a function [n, columns]
    y: np.ndarray  # [n]
    w0: np.ndarray  # [dp]
    l2: np.ndarray  # [dp]
    factor: np.ndarray  # [dp, dp]: loss = minimum + |factor (w - minimizer)|^2
    minimizer: np.ndarray  # [dp]
    optimum: np.ndarray  # [d]; nan where unknown
    bounds: np.ndarray  # [3]: minimum loss, limit of divergence, target
    errors: np.ndarray  # [n]: x . minimizer - y, of squared errors
    moments: np.ndarray  # [batches, dp, dp]: mean of 2 x x^T over each batch in file order, if used
    slopes: np.ndarray  # [batches, dp]: mean of 2 x times the error
    noise: np.ndarray  # [dp]: deviation of the gradient's noise in a batch of 1, where it is drawn
    parameters: np.ndarray  # [parameters of the loss, 1]


class How(NamedTuple):
    """A plan as numbers."""

    batch_size: int
    points_used: int
    epochs: int
    last_used: int  # points of the last epoch, which may end before its last batch
    updates: int  # in all
    every: int  # updates between two looks at the loss
    shuffle: int  # 0 never, 1 once, 2 every epoch, 3 as given, 4 with replacement
    record: int  # 0 nothing, 1 every epoch, 2 every update
    stops: bool  # whether divergence ends a trajectory
    rates: np.ndarray  # [2, updates]: the rate of update t is eta * rates[0, t] + rates[1, t]
    clip: float  # the largest norm of a gradient, or the largest of its components
    slack: float  # added to a norm before clip is divided by it
    box: np.ndarray  # [2]: the least and the largest that a weight may be
    reaction: np.ndarray  # a `Reaction`, where the rate reacts to the loss
    spread: float  # what drawn noise is multiplied by: 1 / sqrt(batch size)


def _longer(name: str, shorter: Any, *fields: str) -> Any:
    """A named tuple with more fields: of another type, so that kernels without them stay as are."""
    return namedtuple(name, (*shorter._fields, *fields), module=__name__)


#: `How`, and for every weight [d] whether decay, and clipping, are about it: 1 or 0.
Sparing: Any = _longer("Sparing", How, "decays", "clips")


class Extras(NamedTuple):
    """What a kernel does besides; each is left out of the code where it is not asked for."""

    scheduled: bool = False
    clips: str = ""  # one of `CLIPS`
    boxed: bool = False
    arrives: bool = False  # whether a trajectory ends at the target
    reacts: bool = False  # whether the rate reacts to the loss
    undecayed: bool = False  # whether some weights are left out of the rule's weight decay
    unclipped: bool = False  # whether some weights are left out of clipping
    kept: bool = False  # whether it goes on from an earlier one, or another can go on from it


#: How a gradient may be clipped.
CLIPS = ("", "norm", "value")

#: None of it.
PLAIN = Extras()


class Out(NamedTuple):
    """What a kernel fills, a column per lane."""

    w: np.ndarray  # [d, lanes]
    loss: np.ndarray  # [lanes]
    best_loss: np.ndarray  # [lanes]
    peak: np.ndarray  # [lanes]
    counts: np.ndarray  # [COUNTED, lanes], whole numbers; 0 means never
    recorded_loss: np.ndarray  # [records, lanes]
    recorded_w: np.ndarray  # [records, d, lanes]
    pulse: np.ndarray  # [2]: a wish to stop, lane updates done


class Kept(NamedTuple):
    """`Out`, and where trajectories stand: at the call where they begin, then where they end."""

    w: np.ndarray
    loss: np.ndarray
    best_loss: np.ndarray
    peak: np.ndarray
    counts: np.ndarray
    recorded_loss: np.ndarray
    recorded_w: np.ndarray
    pulse: np.ndarray
    state: np.ndarray  # [MARKS + d + d states + clock values, lanes], float64; see `keeping`
    begun: int  # updates made before


#: Where a state starts that no hyperparameter says: at 0, at the weight.
AT_ZERO = -1
AT_WEIGHT = -2


def starts(rule: Rule) -> tuple[int, ...]:
    """For every state the hyperparameter that it starts at, or where else; one more, never read."""
    known = {None: AT_ZERO, START: AT_WEIGHT}
    known |= {name: index for index, name in enumerate(rule.hyperparameters)}
    return (*(known[source] for source in rule.sources), AT_ZERO)


def clock_starts(rule: Rule) -> tuple[int, ...]:
    """The same for the clock's values, none of which starts at a weight."""
    index = {name: place for place, name in enumerate(rule.hyperparameters)}
    return (*(AT_ZERO if s is None else index[s] for s in rule.clock_sources), AT_ZERO)


def lanes(real: type) -> int:
    """Trajectories advanced together."""
    return ROW_BYTES // np.dtype(real).itemsize


def part(real: type) -> int:
    """Trajectories of which a narrower block takes a multiple."""
    return min(PART_BYTES, ROW_BYTES) // np.dtype(real).itemsize


def bits(real: type, lanes: int) -> np.uint64:
    """How many last bits a block's number of lanes has that are 0; ``lanes`` are the most.

    A compiler that knows of them makes no loop for lanes left over.
    """
    return np.uint64(int(part(real)).bit_length() - 1 if lanes % part(real) == 0 else 0)


def spare(real: type) -> int:
    """Columns that a row of ``work`` has besides, in compiled code: room for another cache line.

    Lanes begin at a cache line, and no two rows a power of two of bytes apart, which would leave
    them few places in the cache.
    """
    return 64 // np.dtype(real).itemsize
