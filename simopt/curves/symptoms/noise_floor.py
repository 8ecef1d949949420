"""Noise floor: the second half stays at a level that noise keeps up."""

import numpy as np
from numpy.typing import NDArray

from simopt.curves.symptoms import reasons
from simopt.curves.symptoms.conditions import (
    BATCHES,
    above,
    batch_noise,
    below,
    every,
    falls_on,
    level,
)
from simopt.curves.symptoms.evidence import JUMPED, SECOND_HALF, about_the_jump
from simopt.curves.symptoms.oscillates import up_and_down, wild
from simopt.curves.symptoms.record import (
    LESS,
    Alike,
    Column,
    Columns,
    Evidence,
    Example,
    Known,
    Label,
    Symptom,
    alone,
)
from simopt.curves.validation import counterfactuals
from simopt.curves.validation.counterfactuals import Counterfactuals
from simopt.problems import synthetic
from simopt.rules import SGD

#: The level is a seventieth of the fall at least: less, nobody would see.
LEAST = 0.025
#: It stays: from the third quarter to the last it moves by two thirds of itself at most.
DRIFT = 0.65
#: Fewer values do not show that a level stays.
FEWEST = 12
#: Its swing is half of itself at least: noise, and not a level that the loss came to lie at.
TREMBLES = 0.5
#: A long curve ends at less than this share of its level where a falling rate has ended the noise:
#: what swings slowly, each value near the one before, may end low by chance.
ENDS, SLOWLY = 0.4, 0.79

#: Of a labelled run: the floor is within these shares of what there is to lose, after so many
#: records.
FLOOR = (0.03, 0.15)
SETTLED = 20


def test(f: Columns) -> Column:
    """Up and down about a level that stays, and not wildly."""
    stays = below(np.abs(f["late_drift"]), DRIFT)
    trembles = above(f["late_swing"] / f["late_level"], TREMBLES)
    annealed = every(
        above(f["values"], BATCHES),
        below(f["end"] / f["late_level"], ENDS),
        below(f["echo"], SLOWLY),
    )
    return every(
        above(f["values"], FEWEST),
        up_and_down(f),
        1.0 - falls_on(f),
        above(level(f), LEAST),
        stays,
        trembles,
        1.0 - wild(f),
        1.0 - batch_noise(f),
        1.0 - annealed,
    )


def causes(known: Known) -> tuple[str, ...]:
    """The noise of the batches, at a rate that does not fall."""
    return (
        "the noise of the batches: at a constant rate the loss stays where noise adds as much "
        "as a step takes away",
        "the learning rate is too high for the end of the training",
    )


def advice(known: Known, measured: tuple[str, ...]) -> tuple[str, ...]:
    """What was tried, and averaged weights."""
    return (about_the_jump(known), *measured, "or average the weights: simopt.averaged")


def cause(runs: Counterfactuals) -> NDArray[np.str_]:
    """A level that noisy gradients keep up, and that a falling rate ends clearly below."""
    shares, others = runs.shares, runs.others
    length = shares.shape[1]
    half, quarter = length // 2, length - length // 4
    middle, end = shares[:, half:quarter].mean(axis=1), shares[:, quarter:].mean(axis=1)
    floor = shares[:, half:].mean(axis=1)
    kept = np.isfinite(shares).all(axis=1) & (end <= 1.5 * middle) & (middle <= 1.5 * end)
    kept &= (floor >= FLOOR[0]) & (floor <= FLOOR[1])
    kept &= shares[:, half:].max(axis=1) <= 0.75 * counterfactuals.HEIGHT
    # No other cause, and long enough to see that it goes on.
    kept &= counterfactuals.stays(shares) & (length > SETTLED)
    kept &= (others.decayed <= floor / 2) & (floor - others.decayed >= FLOOR[0])
    return counterfactuals.where(kept & others.noisy, "noise floor")


SYMPTOM = Symptom(
    name="noise floor",
    rank=9,
    test=test,
    unless=(
        "decreases then explodes",
        "plateaus, then drops",
        "validation rises",
        "rises",
        "does not move",
        "spikes and recovers",
        "resumed or several runs",
        "periodic",
    ),
    evidence=(
        Evidence(
            "late_level",
            SECOND_HALF,
            "the second half keeps {share} of the range above the lowest loss",
        ),
        Evidence("late_ups", SECOND_HALF, "where it rises by {times} times its swing in all"),
        Evidence(
            "late_drift",
            SECOND_HALF,
            "from the third quarter to the last it {falls} of that level",
        ),
        JUMPED,
    ),
    causes=causes,
    advice=advice,
    fixes=(*LESS, "batch x 4", "decaying rate"),
    alike=(
        Alike("healthy", "losses of batches", reasons.BATCHES),
        Alike("healthy", "noise without memory", reasons.WHITE),
        Alike("oscillates wildly", "begun after the fall", reasons.BEGINS),
        Alike("does not move", "begun after the fall", reasons.BEGINS),
    ),
    example=Example(
        alone(lambda: synthetic.suite()["label noise"]),
        SGD(eta=0.08),
        1,
        60,
        "single points at a constant rate",
    ),
    label=Label(cause, 1),
)
