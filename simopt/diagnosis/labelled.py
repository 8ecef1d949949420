"""Loss curves whose cause is known, because the simulator made it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import rules
from simopt.diagnosis import grounds, recipes
from simopt.diagnosis.grounds import Ground
from simopt.diagnosis.recipes import Curves

Floats = NDArray[np.float64]

#: Rules on functions and noisy quadratics, each of which is a kernel of its own.
FEW = ("SGD", "Momentum", "RMSprop", "Adam")


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
        A row per curve: problem, optimizer, eta, beta, batch_size, record ("epochs" or "steps"),
        epochs (records), seed, cause, symptom.
    """

    losses: Floats
    validation: Floats
    lengths: NDArray[np.int64]
    frame: pd.DataFrame

    def __len__(self) -> int:
        return len(self.lengths)


def labelled(
    part: str = "tuning", *, size: int = 6000, seed: int = 0, threads: int | None = None
) -> Labelled:
    """Curves of known cause."""
    pieces = [p for p in _pieces(part, seed, threads or 2) if len(p.frame)]
    frame = pd.concat([piece.frame for piece in pieces], ignore_index=True)
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
    return Labelled(losses, validation, lengths, frame)


def _pieces(part: str, seed: int, threads: int) -> Iterator[Curves]:
    rng = np.random.default_rng([seed, grounds.PARTS.index(part)])
    for make in (
        grounds.regressions,
        grounds.overfitted,
        grounds.quadratics,
        grounds.walls,
        grounds.saddles,
        grounds.minima,
        grounds.valleys,
    ):
        for ground in make(part, seed):
            for batch_size, record in _plans(ground):
                names = _rules(rng, ground)
                yield from recipes.from_ground(rng, ground, batch_size, record, names, threads)


def _plans(ground: Ground) -> list[tuple[int, str]]:
    """Batch sizes and what is recorded."""
    problem = ground.problem
    if not problem.n:
        return [(batch_size, "epochs") for batch_size in ground.sizes]
    plans = [(batch_size, record) for batch_size in ground.sizes for record in ("epochs", "steps")]
    if problem.formula is None and ground.validation is None:
        plans += [(b, "batches") for b in ground.sizes if b < problem.n]
    return plans


def _rules(rng: np.random.Generator, ground: Ground) -> list[str]:
    """Half of the rules at a time on least squares; few where each is a kernel of its own."""
    if ground.steep:
        return ["SGD", "AdaGrad", "RMSprop", "Adam"]
    if ground.problem.kind == "least_squares":
        return [str(name) for name in rng.permutation(list(rules.ALL))[:7]]
    if ground.problem.kind == "logistic":
        return list(rules.OPTIMIZERS)
    return list(FEW)
