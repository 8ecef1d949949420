"""A rate that changes inside an optimizer, by a schedule of optax or Keras: read off the steps."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from simopt.rules.rule import Optimizer
from simopt.training.conformance import probing
from simopt.training.conformance.treatments import Treated, Treatment

Array = NDArray[np.float64]

#: Up to here two rates, relative to the greatest, follow one law: optax' schedules are float32.
SAME = 1e-6

#: A law other than a constant holds over so many rates at least.
FEW = 4

#: Weights whose first gradients are plain numbers, and how far the second may be, in parts of its
#: step, from where the first's rate leads it: a step need not be quite proportional to the rate.
PAIR, ROUGHLY = (0, 5), 0.1

#: Powers of a bias correction, in words.
POWERS = {0.5: "sqrt(1 - {beta}^t)", 1.0: "(1 - {beta}^t)"}

#: With more laws than these one after the other a schedule is told by its ends.
MOST_LAWS = 4

#: What of a rate is linear in time, and the way back, by law.
LINES: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "linear": (np.asarray, np.asarray),
    "times": (np.log, np.exp),
    "1 / t": (np.reciprocal, np.reciprocal),
    "1 / sqrt(t)": (lambda rate: rate**-2.0, lambda line: line**-0.5),
}
#: Laws that a rate may follow for a while, the simpler first.
LAWS = ("constant", *LINES, "cosine")

#: A straight line is a cosine of no end: twice the cosine of the angle between two updates is less.
TWO = 2.0 - 1e-6


def fitted(
    candidate: Optimizer,
    theirs: Array,
    probe: probing.Probe,
    treatment: Treatment,
    bound: float,
) -> Array | None:
    """The rate of every update with which a rule makes the optimizer's weights; None if none does.

    One number an update, for eight weights: from the optimizer's weights the rule takes its step at
    two rates, and the weight that moves farthest gives the rate between them.

    Parameters
    ----------
    candidate : Optimizer
        The rule.
    theirs : ndarray [updates, weights]
        The optimizer's weights.
    probe : Probe
        The gradients.
    treatment : Treatment
        What is done to gradients besides.
    bound : float
        Up to here two weights are equal, relative to max(1, abs(w)).

    Returns
    -------
    ndarray [updates] or None
        NaN where no rate is told: gradients are collected, or all steps are 0.
    """
    if treatment.moves:
        return None
    with np.errstate(all="ignore"):
        if not _begins(candidate, theirs[0], probe, treatment, bound):
            return None
    player = Treated(candidate, probe.start, treatment, probe.matrix)
    eta, before = player.stepper.eta, probe.start
    found = np.full(len(theirs), np.nan)
    with np.errstate(all="ignore"):
        for t, (gradient, loss) in enumerate(zip(probe.gradients, probe.losses, strict=True)):
            player.stepper.weights = before.tolist()
            still, moved = (player.copy()(gradient, factor, loss) for factor in (0.0, 1.0))
            way, there = moved - still, theirs[t]
            size = np.maximum(1.0, np.abs(there))
            factor, reach = _factor(still, way, there, size)
            if not np.isfinite(factor) or factor < -SAME:
                return None
            if reach > 0.0:
                found[t] = eta * factor
            mine = player(gradient, factor, loss)
            if not (np.abs(mine - there) <= bound * size).all():
                return None
            before = there
    return found


def _begins(
    candidate: Optimizer, there: Array, probe: probing.Probe, treatment: Treatment, bound: float
) -> bool:
    """Whether one rate explains the first update, as far as weights move there by themselves."""
    if not probing.alone(candidate, probe, treatment):
        return True

    def steps(factor: float, each: Sequence[int]) -> Array:
        return np.array([probing.first_step(candidate, probe, k, treatment, factor) for k in each])

    if len(there) > max(PAIR):
        # Two weights tell most rules: at one rate both are about as far off as theirs.
        still = steps(0.0, PAIR)
        (first, second), gone = steps(1.0, PAIR) - still, there[[*PAIR]] - still
        reached = gone[0] / first * second
        most = ROUGHLY * (np.abs(reached) + np.abs(gone[1])) + ROUGHLY * 100 * bound
        if np.abs(reached - gone[1]) > most:
            return False
    size = np.maximum(1.0, np.abs(there))
    every = range(len(there))
    still = steps(0.0, every)
    factor, _ = _factor(still, steps(1.0, every) - still, there, size)
    if not np.isfinite(factor) or factor < -SAME:
        return False
    return all(abs(steps(factor, [k])[0] - there[k]) <= bound * size[k] for k in every)


def _factor(still: Array, way: Array, there: Array, size: Array) -> tuple[float, float]:
    """The factor that leads the weight that moves farthest to where it went, and how far it moves.

    0 where none moves.
    """
    reach = np.where(np.isfinite(way), np.abs(way) / size, 0.0)
    far = int(reach.argmax())
    if not reach[far] > 0.0:
        return 0.0, 0.0
    return float((there[far] - still[far]) / way[far]), float(reach[far])


def changes(rates: Array) -> bool:
    """Whether a rate is another one at another time."""
    known = rates[~np.isnan(rates)]
    return len(known) > 1 and bool(np.ptp(known) > SAME * np.abs(known).max())


def clip(rates: Array, norms: Array) -> float | None:
    """The bound of a norm that makes a constant rate look so; None if it is none.

    With it the rate is cut wherever the gradient's norm is above the bound, in that proportion.
    """
    whole = np.nanmax(rates)
    cut = rates < whole * (1 - SAME)
    bounds = (rates * norms / whole)[cut]
    if not len(bounds) or np.ptp(bounds) > SAME * bounds.max():
        return None
    bound = float(np.median(bounds))
    return bound if (norms[~cut & ~np.isnan(rates)] <= bound * (1 + SAME)).all() else None


def correction(rates: Array, betas: Iterable[float]) -> str | None:
    """A bias correction that makes a constant rate look so, in words; None if none does.

    Examples
    --------
    >>> correction(0.1 / np.sqrt(1 - 0.9 ** np.arange(1, 21)), [0.9, 0.99])
    '0.1 / sqrt(1 - 0.9^t)'
    """
    times = np.flatnonzero(~np.isnan(rates))
    if len(times) < FEW:
        return None
    for beta in dict.fromkeys(each for each in betas if 0.0 < each < 1.0):
        bias = 1.0 - beta ** (times + 1.0)
        for (power, words), (sign, how) in product(POWERS.items(), ((1, "*"), (-1, "/"))):
            level = rates[times] / bias ** (sign * power)
            if np.ptp(level) <= SAME * np.abs(level).max():
                return f"{np.median(level):.6g} {how} {words.format(beta=f'{beta:g}')}"
    return None


def told(rates: Array, said: list[str] | None = None) -> str:
    """A schedule in words: laws that its rates follow, one after the other, or its ends.

    ``said`` are its `laws`, if they are known.

    Examples
    --------
    >>> import numpy as np
    >>> told(np.append(np.linspace(0, 0.1, 11), np.full(9, 0.1)))
    'linear from 0 to 0.1 at update 11, then 0.1'
    >>> told(0.1 * 0.5 ** np.arange(8))
    'times 0.5 each update, from 0.1 to 0.00078125 at update 8'
    """
    said = laws(rates) if said is None else said
    if len(said) > MOST_LAWS:
        times = np.flatnonzero(~np.isnan(rates))
        known = _zeroed(rates[times])
        said = [f"{each:.6g}" for each in known]
        between = len(known) // 2
        if said[0] == said[between] == said[-1]:
            # What lies between its ends changes, or one law would hold: the farthest off.
            between = int(np.abs(known - known[0]).argmax())
        return ", ".join(f"{said[k]} at update {times[k] + 1}" for k in (0, between, -1))
    return ", then ".join(said)


def laws(rates: Array) -> list[str]:
    """The law that holds longest from each place on, in words; the fewer, the simpler."""
    times = np.flatnonzero(~np.isnan(rates)) + 1
    known = _zeroed(rates[times - 1])
    said, start = [], 0
    ends = {law: _ends(known, law) for law in LAWS}
    while start < len(known):
        lengths = {law: _length(known[start : ends[law][start]], law) for law in LAWS}
        law = max(lengths, key=lambda name: lengths[name])  # of equal ones the simplest
        if lengths[law] < FEW:
            law = "constant"
        end = start + lengths[law]
        until = "" if end == len(known) else f" up to update {times[end - 1]}"
        said.append(_said(law, known[start:end], int(times[end - 1])) + until * (law == "constant"))
        start = end
    return said


def _zeroed(known: Array) -> Array:
    """Rates with 0 for what is rounding."""
    return np.where(np.abs(known) <= SAME * np.abs(known).max(), 0.0, known)


def _length(values: Array, law: str) -> int:
    """Over how many of the first values a law holds; a single value is constant."""
    if law == "constant":
        off = np.abs(values - values[0]) > SAME * np.abs(values).max()
        return int(off.argmax()) if off.any() else len(values)
    follows = _is_cosine if law == "cosine" else partial(_is_line, law=law)
    counts = range(len(values), FEW - 1 + (law == "cosine"), -1)
    return next((count for count in counts if follows(values[:count])), 0)


def _ends(values: Array, law: str) -> list[int]:
    """For each place the end of a law that begins there, at the latest.

    No curve of it goes through three neighbours before. To fit one to every count of values takes
    ten seconds where none holds.
    """
    if law == "constant" or len(values) <= FEW:
        return [len(values)] * len(values)
    # Twice what a fit may be off: what is refused here is so whatever was rounded.
    near = 2 * SAME * np.abs(values).max()
    three = np.lib.stride_tricks.sliding_window_view
    with np.errstate(all="ignore"):
        if law == "cosine":
            x, y = (three(each, 3).T for each in (values[1:-1], values[2:] + values[:-2]))
            off = np.abs((x[2] - x[0]) * (y[1] - y[0]) - (x[1] - x[0]) * (y[2] - y[0]))
            sides = np.abs(x[2] - x[0]) + np.abs(x[1] - x[0]) + np.abs(x[2] - x[1])
            apart = off > near * sides
        else:
            to, _ = LINES[law]
            known = np.where(np.abs(values) > near, values, np.nan)  # the sign is certain
            both = np.sort([to(known - near), to(known + near)], axis=0)
            rounding = 1e-14 * np.nan_to_num(np.abs(both)).max()
            low, high = (three(each, 3).T for each in both)
            apart = low[0] + low[2] - 2 * high[1] > rounding
            apart |= high[0] + high[2] - 2 * low[1] < -rounding
    wrong = np.flatnonzero(apart)
    ends = np.append(wrong + (4 if law == "cosine" else 2), len(values))
    return [int(end) for end in ends[np.searchsorted(wrong, np.arange(len(values)))]]


def _is_line(values: Array, law: str) -> bool:
    """Whether a line goes through the values, their logarithms or their powers."""
    to, back = LINES[law]
    k = np.arange(len(values)) / len(values)
    with np.errstate(all="ignore"):
        straight = to(values)
        if not np.isfinite(straight).all():
            return False
        slope, level = np.polyfit(k, straight, 1)
        off = np.abs(back(slope * k + level) - values).max()
    return bool(off <= SAME * np.abs(values).max())


def _is_cosine(values: Array) -> bool:
    """Whether two neighbours' sum is linear in what stands between them, as a cosine's is."""
    inner, around = values[1:-1], values[2:] + values[:-2]
    spread = np.ptp(inner)
    if not spread > 0.0:
        return False
    # From their mean: else what hardly changes has no slope, and NumPy warns.
    place = (inner - inner.mean()) / spread
    slope, level = np.polyfit(place, around, 1)
    off = np.abs(slope * place + level - around).max()
    return bool(abs(slope / spread) < TWO and off <= SAME * np.abs(values).max())


def _said(law: str, values: Array, at: int) -> str:
    first, last = values[[0, -1]]
    if law == "constant":
        return f"{first:.6g}"
    by = f" {values[1] / values[0]:.8g} each update," if law == "times" else ""
    return f"{law}{by} from {first:.6g} to {last:.6g} at update {at}"
