"""Every later rule, with four of the first ones, on the problems of the suite."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from simopt.analysis.comparison.trials import compare
from simopt.ground import checks
from simopt.problems import Problem
from simopt.problems.synthetic import BATCH_SIZE, suite
from simopt.rules import ALL, FURTHER
from simopt.rules.rule import Optimizer

#: What the later rules are measured by.
REFERENCES = ("SGD", "Momentum", "Adam", "AdamW")

#: The grid of every rule: four rates a decade.
RATES = tuple(float(f"{eta:.3g}") for eta in np.geomspace(1e-4, 1e2, 25))

#: Epochs of a trial, and how many seeds tune and judge: in full, and for a first look.
EPOCHS = {False: 30, True: 12}
TUNING = {False: 4, True: 2}
JUDGING = {False: 12, True: 4}

#: Judging seeds begin here, and every seed of the whole has a stretch of its own.
FIRST_JUDGING, APART = 1000, 1_000_000

#: Not in a first look, which has least squares alone.
FULL_ONLY = ("logistic", "network")


def benchmark(quick: bool = False, *, seed: int = 0) -> pd.DataFrame:
    """The trials of the later rules and of SGD, Momentum, Adam and AdamW on seven small problems.

    Every rule has its own defaults, 25 rates from 0.0001 to 100, batches of 8 points, and data
    drawn anew by every seed: ``simopt.problems.synthetic.suite``. It is computed once a process.

    Parameters
    ----------
    quick : bool, default False
        Fewer seeds and epochs, and the five problems of least squares alone.
    seed : int, default 0
        Another one draws all data and orders anew.

    Returns
    -------
    DataFrame
        As from `compare`.

    Examples
    --------
    >>> import simopt
    >>> trials = simopt.comparison.benchmark(quick=True)  # doctest: +SKIP
    >>> simopt.comparison.ranking(simopt.comparison.judged(trials))  # doctest: +SKIP
    """
    quick, seed = checks.flag("quick", quick), checks.whole("seed", seed, 0)
    return _benchmark(quick, seed).copy()


def contenders(rates: tuple[float, ...] = RATES) -> dict[str, Optimizer]:
    """The rules that are compared, references first, each with its rates.

    All but those that are about matrices of weights, which most of the problems have none of.
    """
    rules = {name: ALL[name](eta=rates) for name in dict.fromkeys([*REFERENCES, *FURTHER])}
    return {name: each for name, each in rules.items() if each.rule.matrix is None}


def drawn(seed: int, *, quick: bool) -> dict[str, Problem]:
    """The problems with the data of a seed."""
    left_out = FULL_ONLY if quick else ()
    return {name: each for name, each in suite(seed).items() if name not in left_out}


@cache
def _benchmark(quick: bool, seed: int) -> pd.DataFrame:
    first = seed * APART
    judging = first + FIRST_JUDGING
    return compare(
        lambda each: drawn(each, quick=quick),
        contenders(),
        batch_size=BATCH_SIZE,
        epochs=EPOCHS[quick],
        tuning_seeds=range(first, first + TUNING[quick]),
        judging_seeds=range(judging, judging + JUDGING[quick]),
    )
