"""Loss curves whose cause is known, because the simulator made it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import rules
from simopt.curves.symptoms import RECORDS
from simopt.curves.validation import inseparable, recipes
from simopt.curves.validation.recipes import RunCurves
from simopt.ground import checks
from simopt.ground.threads import thread_count
from simopt.problems.synthetic import testbeds
from simopt.problems.synthetic.testbeds import Testbed

Floats = NDArray[np.float64]

#: Rules on functions and noisy quadratics, each of which is a kernel of its own.
FEW = ("SGD", "Momentum", "RMSprop", "Adam")

#: Rules on least squares: those by which curves have been judged since there are such figures. A
#: rule more would draw other curves, and no figure could be compared with one from before.
MANY = (*rules.OPTIMIZERS, "AMSGrad", "NAdam", "RAdam", "Adamax", "Adadelta", "Lion", "SignSGD")

#: Below this size there is but one plan a problem, and few rules, so that little is compiled.
SMALL = 1500

#: What a simulated run can be known to show: the symptoms whose records say how.
KNOWN = tuple(record.name for record in RECORDS if record.label is not None)

#: Of every symptom at least this share of the curves: fewer say little of how well it is read.
LEAST = 0.01


@dataclass(frozen=True, eq=False)
class Labelled:
    """Curves and what made them.

    Attributes
    ----------
    losses, validation : ndarray [m, T]
        Curve i is ``losses[i, :lengths[i]]``; NaN behind it, and where there is no validation.
    lengths : ndarray of int [m]
        How many values each has.
    frame : DataFrame
        A row per curve: problem, optimizer, eta, beta (of Momentum and Nesterov, else NaN),
        batch_size, record ("epochs", or every update: "steps" over all points, "batches" over the
        update's own), epochs (how many records), seed, cause, symptom, and also: a tuple of the
        symptoms that the curve alone can't tell from its own, see `inseparable`.
    """

    losses: Floats
    validation: Floats
    lengths: NDArray[np.int64]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.lengths)

    def __repr__(self) -> str:
        return f"<{len(self):,} labelled curves of {self.frame['problem'].nunique()} problems>"


def labelled(
    part: str = "tuning", *, size: int = 5000, seed: int = 0, threads: int | None = None
) -> Labelled:
    """Curves of known cause, from trajectories of fourteen rules on problems of many kinds.

    Every label follows from the simulation: from what the same problem comes to with the best rate,
    with a rate that falls, with less momentum, after more epochs, and from where the weights are;
    see `simopt.curves.validation.counterfactuals`. Runs of which that is not clear are left out.
    Each symptom has an equal number of curves, as far as there are so many, and at least a
    hundredth of them.

    Parameters
    ----------
    part : {"tuning", "test"}
        No problem is in both, nor is a random number.
    size : int, default 5000
        How many curves, from 100 to 100,000. Below 1500 of few rules only, which compile soon.
    seed : int, default 0
        What data, orders, noise and rates are drawn by.
    threads : int or None
        As in `simopt.sweep`; the curves do not depend on it.

    Returns
    -------
    Labelled

    Raises
    ------
    ValueError
        If an argument is not allowed.

    Examples
    --------
    >>> from simopt.curves.validation.labelled import labelled
    >>> few = labelled(size=200)
    >>> len(few), few.frame["symptom"].nunique()
    (200, 10)
    """
    checks.choice("part", part, testbeds.PARTS)
    checks.whole("size", size, 100, 100_000)
    checks.whole("seed", seed, 0)
    return evenly(candidates(part, size, seed, threads), size, seed)


def candidates(part: str, size: int, seed: int, threads: int | None = None) -> Labelled:
    """The curves of which `labelled` takes so many: where rounding decides, a few more or less."""
    workers = thread_count(threads)
    pieces: list[RunCurves] = []
    counts: Counter[str] = Counter()
    rounds = 0
    # Some to choose from, so that rare symptoms are not lost among the others.
    enough = size if size >= SMALL else 2 * size
    while counts.total() < enough or min(counts[name] for name in KNOWN) < LEAST * size:
        rng = np.random.default_rng([seed, testbeds.PARTS.index(part), rounds])
        for piece in _pieces(rng, part, seed, size >= SMALL, workers):
            pieces.append(piece)
            counts.update(piece.frame["symptom"])
        rounds += 1
    return _together(pieces)


def evenly(curves: Labelled, size: int, seed: int) -> Labelled:
    """So many curves, an equal number of each symptom as far as there are."""
    symptoms = curves.frame["symptom"].to_numpy()
    order = np.random.default_rng([seed, size]).permutation(len(curves))
    place = pd.Series(symptoms[order]).groupby(symptoms[order]).cumcount().to_numpy()
    kept = np.sort(order[np.argsort(place, kind="stable")[:size]])
    lengths = curves.lengths[kept]
    longest = int(lengths.max())
    return Labelled(
        curves.losses[kept, :longest],
        curves.validation[kept, :longest],
        lengths,
        curves.frame.iloc[kept].reset_index(drop=True),
    )


def _pieces(
    rng: np.random.Generator, part: str, seed: int, thorough: bool, threads: int
) -> Iterator[RunCurves]:
    for testbed in testbeds.testbeds(part, seed):
        plans = _plans(testbed)
        if not thorough:
            plans = [plans[rng.integers(len(plans))]]
        for batch_size, record in plans:
            names = _rules(rng, testbed, thorough)
            for piece in recipes.from_testbed(rng, testbed, batch_size, record, names, threads):
                if len(piece.frame):
                    yield piece


def _plans(testbed: Testbed) -> list[tuple[int, str]]:
    """Batch sizes and what is recorded."""
    problem = testbed.problem
    if not problem.n:
        return [(batch_size, "epochs") for batch_size in testbed.sizes]
    plans = [(batch_size, record) for batch_size in testbed.sizes for record in ("epochs", "steps")]
    if problem.formula is None and testbed.validation is None:
        plans += [(b, "batches") for b in testbed.sizes if b < problem.n]
    return plans


def _rules(rng: np.random.Generator, testbed: Testbed, thorough: bool) -> list[str]:
    """Half of the rules at a time on least squares; few where each is a kernel of its own."""
    problem = testbed.problem
    squares = problem.linear and problem.squared
    if not thorough:
        if squares and problem.d > 1:
            return ["SGD", "Momentum", "AdaGrad", "Adam"]
        return ["SGD", "AdaGrad"] if testbed.steep else ["SGD"]
    if testbed.steep:
        return ["SGD", "AdaGrad", "RMSprop", "Adam"]
    if squares:
        return [str(name) for name in rng.permutation(list(MANY))[:7]]
    return list(rules.OPTIMIZERS) if problem.linear else list(FEW)


def _together(pieces: list[RunCurves]) -> Labelled:
    frame = pd.concat([piece.frame for piece in pieces], ignore_index=True)
    frame["also"] = inseparable.also(frame)
    longest = max(piece.losses.shape[1] for piece in pieces)
    losses = np.full((len(frame), longest), np.nan)
    validation = losses.copy()
    lengths = np.empty(len(frame), np.int64)
    row = 0
    for piece in pieces:
        rows, length = slice(row, row + len(piece.frame)), piece.losses.shape[1]
        losses[rows, :length] = piece.losses
        validation[rows, :length] = piece.validation
        lengths[rows] = length
        row = rows.stop
    return Labelled(losses, validation, lengths, frame.drop(columns=list(inseparable.KNOWN)))
