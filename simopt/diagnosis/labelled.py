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
        grounds.saddles,
        grounds.minima,
        grounds.valleys,
    ):
        for ground in make(part, seed):
            for batch_size in ground.sizes:
                for record in ("epochs", "steps")[: 2 if ground.problem.n else 1]:
                    names = _rules(ground)
                    yield from recipes.from_ground(rng, ground, batch_size, record, names, threads)


def _rules(ground: Ground) -> tuple[str, ...]:
    if ground.problem.kind == "least_squares":
        return tuple(rules.ALL)
    if ground.problem.kind == "logistic":
        return tuple(rules.OPTIMIZERS)
    return FEW
