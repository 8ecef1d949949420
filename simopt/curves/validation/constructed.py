"""Loss curves made of formulas and noise, whose symptom is known by construction.

What the simulator's runs lack: noise of single batches, power laws, schedules, warm restarts, flat
starts, rising losses, validation losses of every kind, resumed runs; each also as loggers thin it
out: every k-th value, means of k, four digits.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from simopt.curves.validation import constructed_short as short
from simopt.curves.validation.constructed_short import Floats, Pair
from simopt.curves.validation.labelled import Labelled
from simopt.ground import checks


def power_law(rng: np.random.Generator) -> Pair:
    """A language model: a power of the step above an entropy, and noise of batches."""
    n = int(rng.integers(1000, 5000))
    t = np.arange(1, n + 1) / rng.uniform(10, 60)
    fall = rng.uniform(4, 10) * (1 + t) ** -rng.uniform(0.25, 0.6)
    return rng.uniform(1, 3) + fall + rng.uniform(0.03, 0.12) * rng.normal(size=n), None


def batches(rng: np.random.Generator) -> Pair:
    """An exponential fall, and noise of batches in proportion to the loss."""
    n = int(rng.integers(400, 3000))
    level = rng.uniform(0.02, 0.5) + np.exp(-np.arange(n) / (n * rng.uniform(0.03, 0.15)))
    return level * rng.gamma(1 / (s := rng.uniform(0.05, 0.35)) ** 2, s**2, n), None


def log_straight(rng: np.random.Generator) -> Pair:
    """A loss that falls by the same factor in every step, over many powers of ten."""
    n = int(rng.integers(60, 400))
    return 10 ** (-rng.uniform(3, 8) * np.arange(n) / n), None


def staircase(rng: np.random.Generator) -> Pair:
    """A rate that is cut twice: each stage falls at once, then levels off."""
    n = int(rng.integers(40, 200))
    stages, levels = np.split(np.arange(n), [n // 3, 2 * n // 3]), (1.0, 0.5, 0.3)
    heights = (rng.uniform(1.5, 3), *rng.uniform(0.2, 0.6, 2))
    tau = n / rng.uniform(12, 25)
    parts = [
        level + height * np.exp(-np.arange(len(part)) / tau)
        for part, level, height in zip(stages, levels, heights, strict=True)
    ]
    return np.concatenate(parts) * (1 + rng.uniform(0, 0.01) * rng.normal(size=n)), None


def warm_restarts(rng: np.random.Generator) -> Pair:
    """A floor that follows a rate with warm restarts, and noise of batches."""
    n = int(rng.integers(600, 2000))
    t, cycles = np.arange(n) / n, int(rng.integers(3, 6))
    bumps = 0.5 * (1 + np.cos(np.pi * (cycles * t % 1)))
    level = 0.1 + np.exp(-t * 15) + rng.uniform(0.03, 0.1) * bumps
    return level * (1 + 0.15 * rng.normal(size=n)), None


def chance_level(rng: np.random.Generator) -> Pair:
    """A classifier that learns nothing: ln K, and noise of batches."""
    n = int(rng.integers(30, 1500))
    level = np.log(rng.integers(2, 101))
    return level * (1 + rng.uniform(0.002, 0.02) * rng.normal(size=n)), None


def slow_fall(rng: np.random.Generator) -> Pair:
    """A straight fall of a tenth or two through noise of batches."""
    n = int(rng.integers(300, 2000))
    fall = rng.uniform(0.1, 0.25) * np.arange(n) / n
    return rng.uniform(1, 4) * (1 - fall + rng.uniform(0.003, 0.02) * rng.normal(size=n)), None


def rising(rng: np.random.Generator) -> Pair:
    """A loss that rises from the first value on."""
    n = int(rng.integers(30, 800))
    t = np.arange(n) / n
    rise = rng.uniform(0.5, 3) * (1 - np.exp(-rng.uniform(1, 6) * t))
    return 1 + rise + rng.uniform(0, 0.05) * rng.normal(size=n), None


def falls_then_rises(rng: np.random.Generator) -> Pair:
    """A fall, and a rise from the middle on."""
    n = int(rng.integers(30, 800))
    t, turn = np.arange(n) / n, rng.uniform(0.25, 0.5)
    loss = 1 + np.exp(-t / turn * 4) + rng.uniform(0.8, 2) * np.maximum(0, t - turn)
    return loss + rng.uniform(0, 0.03) * rng.normal(size=n), None


def to_a_higher_level(rng: np.random.Generator) -> Pair:
    """A burst in the middle, after which the loss stays high."""
    n = int(rng.integers(90, 800))
    loss = 0.3 + 1.7 * np.exp(-np.arange(n) / (0.05 * n))
    place = int(n * rng.uniform(0.3, 0.7))
    behind = np.arange(n - place)
    loss[place:] = rng.uniform(1.5, 2.5) + rng.uniform(4, 9) * np.exp(-behind / (0.01 * n))
    return loss * (1 + 0.02 * rng.normal(size=n)), None


def spikes(rng: np.random.Generator) -> Pair:
    """A healthy curve with one to four bad batches."""
    loss, _ = batches(rng)
    places = rng.integers(len(loss) // 5, len(loss) - 10, int(rng.integers(1, 5)))
    loss[places] += rng.uniform(4, 50, len(places))
    return loss, None


def slow_spike(rng: np.random.Generator) -> Pair:
    """One bad step, after which the loss takes a while to come back, and goes on as before."""
    n = int(rng.integers(300, 2000))
    loss = 0.3 + 1.7 * np.exp(-np.arange(n) / (0.08 * n))
    place = int(n * rng.uniform(0.55, 0.8))
    gone = np.arange(n - place) / (n * rng.uniform(0.01, 0.03))
    loss[place:] += rng.uniform(0.6, 1.1) * np.exp(-gone)
    return loss * (1 + rng.uniform(0.03, 0.1) * rng.normal(size=n)), None


def thrown_out(rng: np.random.Generator) -> Pair:
    """A few steps that throw a loss out, higher than all that it fell; each takes time to recover.

    As in the training of large models; of batches, or means of epochs.
    """
    return recovering(rng, 2.0, 8.0), None


def low_spikes(rng: np.random.Generator) -> Pair:
    """The same, by about as much as the loss fell or less: a reader may well look past them."""
    return recovering(rng, 0.4, 1.5), None


def recovering(rng: np.random.Generator, lowest: float, highest: float) -> Floats:
    """A loss that falls by 1, with up to eight spikes of such heights that recover over time."""
    epochs = rng.random() < 0.3
    n = int(rng.integers(60, 300)) if epochs else int(10 ** rng.uniform(2.5, 3.7))
    t = np.arange(n) / n
    shape, pace = rng.integers(3), rng.uniform(0.03, 0.2)
    if shape == 0:
        fall = (1 + t * n / rng.uniform(10, 60)) ** -rng.uniform(0.25, 0.7)
    else:
        fall = np.exp(-t / pace)
    if shape == 2:
        fall = 0.7 * fall + 0.15 * (1 + np.cos(np.pi * t))
    # A fifth of the run is spent in spikes at most, and there is one in forty values.
    count = min(int(rng.integers(1, 9)), n // 40)
    width = max(3.0, n * min(rng.choice([0.004, 0.015, 0.04]), 0.2 / count))
    straight, out = rng.random() < 0.4, np.zeros(n)
    for place in rng.integers(int(0.12 * n), int(0.9 * n), count):
        rise, gone = int(rng.integers(1, 4)), np.arange(n - place)
        back = np.maximum(0, gone - rise + 1) / max(3.0, width * rng.uniform(0.4, 1))
        left = np.maximum(0, 1 - back) if straight else np.exp(-3 * back)
        height = lowest * (highest / lowest) ** rng.random()
        spike = height * np.minimum(1, (gone + 1) / rise) * left
        out[place:] = np.maximum(out[place:], spike)
    noise = rng.uniform(0.001, 0.03) if epochs else rng.uniform(0.005, 0.06)
    return (rng.uniform(0.05, 1.5) + fall + out) * (1 + noise * rng.normal(size=n))


def slow_bursts(rng: np.random.Generator) -> Pair:
    """Adam's second moments forget: by factors the loss swells and shrinks over tens of values."""
    n = int(rng.integers(120, 600))
    t, swollen = np.arange(n), np.zeros(n)
    for place in rng.integers(int(0.55 * n), int(0.9 * n), int(rng.integers(1, 4))):
        up, down = rng.uniform(12, 30), rng.uniform(12, 30)
        side = np.where(t < place, (place - t) / up, (t - place) / down)
        swollen = np.maximum(swollen, np.log(rng.uniform(10, 300)) * np.maximum(0, 1 - side))
    noise = (0.05 + 0.12 * swollen) * rng.normal(size=n)
    return (0.2 + np.exp(-t / (0.05 * n))) * np.exp(swollen + noise), None


def ends_in_a_leap(rng: np.random.Generator) -> Pair:
    """A fall whose last values are far above: a spike, or the beginning of something else."""
    few = rng.random() < 0.3
    n = int(rng.integers(8, 30)) if few else int(10 ** rng.uniform(1.6, 3.5))
    fall = np.exp(-np.arange(n) / (n * rng.uniform(0.05, 0.15)))
    loss = (rng.uniform(0.1, 1) + fall) * (1 + rng.uniform(0.002, 0.04) * rng.normal(size=n))
    count = int(rng.integers(1, 1 + max(3, n // 25)))
    gone = np.arange(count) / rng.uniform(count, 4 * count)
    loss[n - count :] += rng.uniform(1, 8) * np.exp(-gone)
    return loss, None


def begun_anew(rng: np.random.Generator) -> Pair:
    """A run, and in the same log a second one from the start."""
    n = int(rng.integers(200, 1200))
    place = int(n * rng.uniform(0.3, 0.7))
    t = np.concatenate([np.arange(place), np.arange(n - place)])
    loss = 0.1 + rng.uniform(1, 3) * np.exp(-t / (0.08 * n))
    return loss * (1 + rng.uniform(0.01, 0.08) * rng.normal(size=n)), None


def other_scale(rng: np.random.Generator) -> Pair:
    """From one value on the log holds a multiple of the loss."""
    n = int(rng.integers(200, 1200))
    loss = 1 + rng.uniform(0.5, 1.5) * np.exp(-np.arange(n) / (0.08 * n))
    loss[int(n * rng.uniform(0.3, 0.7)) :] *= rng.choice([2.0, 4.0, 8.0])
    return loss * (1 + 0.02 * rng.normal(size=n)), None


def fixed_order(rng: np.random.Generator) -> Pair:
    """Batches that come in the same order in every epoch, some harder than others."""
    period = int(rng.integers(10, 45))
    n = period * int(rng.integers(20, 40))
    pattern = rng.normal(size=period)
    loss = 0.3 + 1.5 * np.exp(-np.arange(n) / (0.2 * n))
    swing = rng.uniform(0.05, 0.12) * pattern[np.arange(n) % period]
    return loss + swing + 0.02 * rng.normal(size=n), None


def written_as_zero(rng: np.random.Generator) -> Pair:
    """An overflow that the logger writes as 0."""
    n, rest = int(rng.integers(4, 12)), int(rng.integers(4, 20))
    return np.concatenate([rng.uniform(1, 5) * np.logspace(0, 30, n), np.zeros(rest)]), None


def _validated(rng: np.random.Generator) -> tuple[int, Floats, Floats]:
    n = int(rng.integers(20, 120))
    t = np.arange(n) / n
    return n, t, 0.1 + 1.5 * np.exp(-rng.uniform(4, 9) * t)


def validation_follows(rng: np.random.Generator) -> Pair:
    """A gap that stays, and a last epoch that is out."""
    n, t, loss = _validated(rng)
    held = 0.3 + 1.4 * np.exp(-5 * t) + 0.01 * rng.normal(size=n)
    if rng.random() < 0.5:
        held[-1] += rng.uniform(0.3, 1.0)
    return loss, held


def validation_rests(rng: np.random.Generator) -> Pair:
    """A validation loss that falls early, and then stays where noise has it."""
    n, t, loss = _validated(rng)
    held = 0.5 + np.exp(-rng.uniform(8, 25) * t)
    return loss, held + rng.uniform(0.003, 0.03) * rng.normal(size=n)


def overfits(rng: np.random.Generator) -> Pair:
    """A validation loss that turns in the first half; the training loss may fall in a line."""
    n, t, loss = _validated(rng)
    turn = rng.uniform(0.1, 0.45)
    held = 0.5 + np.exp(-4 * t / turn) + rng.uniform(0.4, 1.5) * np.maximum(0, t - turn)
    if rng.random() < 0.3:
        loss = 2 - t
    return loss, held + 0.01 * rng.normal(size=n)


def validation_jumps(rng: np.random.Generator) -> Pair:
    """A validation loss that is up and down beside a calm training loss."""
    n, _, loss = _validated(rng)
    return loss, loss + rng.uniform(0.5, 2) * rng.random(n) * (rng.random(n) < 0.6)


def nothing_carries_over(rng: np.random.Generator) -> Pair:
    """A validation loss that stays where it began."""
    n, _, loss = _validated(rng)
    return loss, 1.7 + 0.02 * rng.normal(size=n)


def validation_breaks(rng: np.random.Generator) -> Pair:
    """A validation loss that becomes NaN in the middle."""
    n, _, loss = _validated(rng)
    held = loss + 0.1
    held[int(n * rng.uniform(0.3, 0.7)) :] = np.nan
    return loss, held


#: Every family: its symptom, and others that are as right.
FAMILIES: tuple[tuple[Callable[[np.random.Generator], Pair], str, tuple[str, ...]], ...] = (
    (power_law, "healthy", ()),
    (batches, "healthy", ()),
    (log_straight, "healthy", ("plateaus early",)),
    (staircase, "healthy", ()),
    (warm_restarts, "healthy", ()),
    (chance_level, "does not move", ()),
    (slow_fall, "decreases very slowly", ()),
    (rising, "rises", ("decreases then explodes",)),
    (falls_then_rises, "rises", ("decreases then explodes",)),
    (to_a_higher_level, "decreases then explodes", ("rises",)),
    (spikes, "spikes and recovers", ()),
    (slow_spike, "spikes and recovers", ("resumed or several runs",)),
    (thrown_out, "spikes and recovers", ()),
    (low_spikes, "spikes and recovers", ("healthy",)),
    (slow_bursts, "oscillates wildly", ("decreases then explodes",)),
    (ends_in_a_leap, "can't tell", ()),
    (begun_anew, "resumed or several runs", ()),
    (other_scale, "resumed or several runs", ()),
    (fixed_order, "periodic", ()),
    (written_as_zero, "NaN or Inf", ()),
    (validation_follows, "healthy", ()),
    (validation_rests, "healthy", ()),
    (overfits, "validation rises", ()),
    (validation_jumps, "validation swings", ()),
    (nothing_carries_over, "validation does not fall", ()),
    (validation_breaks, "NaN or Inf", ()),
    (short.learnt_at_once, "validation does not fall", ()),
    (short.few_flat_values, "does not move", ("can't tell",)),
    (short.smoothed_noise, "does not move", ()),
    (short.few_with_a_spike, "spikes and recovers", ("healthy", "does not move")),
    (short.stairs, "decreases very slowly", ("healthy", "plateaus, then drops")),
)

#: Families whose pattern, or whose few values, thinning out would take away.
WHOLE = (
    spikes, thrown_out, low_spikes, slow_bursts, ends_in_a_leap, fixed_order, written_as_zero,
    to_a_higher_level, short.smoothed_noise, short.stairs,
)  # fmt: skip

#: A thinned curve has so many values at least.
LEAST = 60


def thinned(rng: np.random.Generator, loss: Floats) -> tuple[Floats, str]:
    """As a logger may thin a curve out, and how."""
    most = len(loss) // LEAST
    if most < 2 or rng.random() < 0.4:
        return loss, "all values"
    k = int(rng.integers(2, min(most, 20) + 1))
    if rng.random() < 0.5:
        return loss[::k], "every k-th value"
    return loss[: len(loss) // k * k].reshape(-1, k).mean(axis=1), "means of k values"


def four_digits(loss: Floats) -> Floats:
    """As loggers print it."""
    return np.array([float(f"{value:.4g}") for value in loss])


def constructed(size: int = 1000, *, seed: int = 0) -> Labelled:
    """Curves of all families in turn.

    Parameters
    ----------
    size : int, default 1000
        How many, from 31.
    seed : int, default 0
        What they are drawn by.

    Returns
    -------
    Labelled
        Their ``frame`` has problem (the family), record (how it is thinned out), cause ("by
        construction"), symptom and also.

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt.curves.validation.constructed import constructed
    >>> constructed(62).frame["problem"].nunique()
    31
    """
    checks.whole("size", size, len(FAMILIES), 100_000)
    checks.whole("seed", seed, 0)
    pairs, rows = [], []
    for number in range(size):
        make, symptom, also = FAMILIES[number % len(FAMILIES)]
        rng = np.random.default_rng([seed, number])
        loss, held = make(rng)
        record = "all values"
        if held is None and make not in WHOLE:
            loss, record = thinned(rng, loss)
        pairs.append((four_digits(loss) if rng.random() < 0.5 else loss, held))
        rows.append((make.__name__.replace("_", " "), record, symptom, also))
    frame = pd.DataFrame(rows, columns=["problem", "record", "symptom", "also"])
    return padded(pairs, frame.assign(cause="by construction", optimizer="", batch_size=0))


def padded(pairs: list[Pair], frame: pd.DataFrame) -> Labelled:
    """Curves of several lengths in one table."""
    lengths = np.array([len(loss) for loss, _ in pairs], np.int64)
    losses = np.full((len(pairs), int(lengths.max())), np.nan)
    validation = losses.copy()
    for row, (loss, held) in enumerate(pairs):
        losses[row, : len(loss)] = loss
        if held is not None:
            validation[row, : len(held)] = held
    return Labelled(losses, validation, lengths, frame)
