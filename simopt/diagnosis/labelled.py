"""Loss curves whose cause is known, because the simulator made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import rules, schedules
from simopt.diagnosis import grounds, runs
from simopt.diagnosis.causes import Others, as_float32, causes
from simopt.diagnosis.grounds import Ground
from simopt.problems import Problem
from simopt.rules import Optimizer

Floats = NDArray[np.float64]


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


#: Rules, with the momenta that are tried of each: the first is the rule's own.
MOMENTA: dict[str, tuple[float, ...]] = {"Momentum": (0.9, 0.99, 0.0), "Nesterov": (0.9, 0.99, 0.0)}

#: Rules whose steps are as long as the gradient, and so too long for steep problems.
PROPORTIONAL = ("SGD", "Momentum", "Nesterov")


def labelled(
    part: str = "tuning", *, size: int = 6000, seed: int = 0, threads: int | None = None
) -> Labelled:
    """Curves of known cause."""
    pieces = list(_pieces(part, seed, threads or 2))
    frame = pd.concat([piece[0] for piece in pieces], ignore_index=True)
    longest = max(piece[1].shape[1] for piece in pieces)
    losses, validation = (
        np.concatenate(
            [
                np.pad(p[k], ((0, 0), (0, longest - p[k].shape[1])), constant_values=np.nan)
                for p in pieces
            ]
        )
        for k in (1, 2)
    )
    lengths = np.concatenate([np.full(len(p[0]), p[1].shape[1]) for p in pieces])
    return Labelled(losses, validation, lengths, frame)


def _pieces(part: str, seed: int, threads: int) -> Iterator[tuple[pd.DataFrame, Floats, Floats]]:
    rng = np.random.default_rng([seed, grounds.PARTS.index(part)])
    for ground in grounds.regressions(part, seed):
        for batch_size in ground.sizes:
            for record in ("epochs", "steps"):
                yield _swept(rng, ground, batch_size, record, threads)


def _swept(
    rng: np.random.Generator, ground: Ground, batch_size: int, record: str, threads: int
) -> tuple[pd.DataFrame, Floats, Floats]:
    problem = ground.problem
    batches = -(-problem.n // batch_size)
    most = 1000 if record == "steps" else min(1000, 60_000 // batches)
    length = int(np.exp(rng.uniform(np.log(10), np.log(most))))
    how = runs.plan(rng, problem, batch_size, length, record)
    tried, etas = _tried(rng, problem)
    given = [runs.CONSTANT, schedules.linear()]
    ends = runs.ends(
        problem, [make(etas[name], beta) for name, beta, make in tried], how, given, threads
    )
    start, least = problem.loss(problem.w0), problem.minimum_loss
    left = np.where(np.isfinite(ends), (ends - least) / (start - least), np.inf)
    chosen = []
    about = []
    for k, (name, beta, make) in enumerate(tried):
        rates = etas[name]
        tuned, edge, low = _landmarks(left[k, :, 0])
        picks = _picks(rng, tuned, edge, low, len(rates))
        calm = [j for j, (other, b, _) in enumerate(tried) if other == name and b <= beta / 2]
        chosen.append(make(rates[picks], beta))
        about.append(
            {
                "best": np.full(len(picks), left[k, tuned, 0]),
                "decayed": left[k, picks, 1],
                "calmer": left[calm[0], picks, 0] if calm else np.full(len(picks), np.nan),
                "eta": rates[picks],
                "tuned": np.full(len(picks), rates[tuned]),
                "edge": np.full(len(picks), rates[edge]),
            }
        )
    made = runs.recorded(problem, chosen, how, threads)
    others = Others(
        **{name: np.concatenate([a[name] for a in about]) for name in about[0]},
        noisy=problem.noise is not None or batch_size < problem.n,
    )
    losses = np.concatenate([np.full((len(made.losses), 1), start), made.losses], axis=1)
    cause, symptom = causes((as_float32(losses) - least) / (start - least), made.weights, others)
    frame = made.frame.reindex(columns=["optimizer", "eta", "beta", "batch_size"])
    frame = frame.assign(
        problem=problem.name, record=record, epochs=length, seed=how.seed, cause=cause,
        symptom=symptom, optimizer=frame["optimizer"].astype(str),
    )  # fmt: skip
    shown = as_float32(losses if rng.random() < 0.5 else made.losses)
    kept = cause != ""
    return frame[kept], shown[kept], np.full_like(shown[kept], np.nan)


def _tried(
    rng: np.random.Generator, problem: Problem
) -> tuple[list[tuple[str, float, Any]], dict[str, Floats]]:
    """Rules, momenta, how to make them; and the rates for each rule."""
    tried: list[tuple[str, float, Any]] = []
    etas: dict[str, Floats] = {}
    for name, rule in rules.ALL.items():
        scale = _scale(problem, name) * 10 ** rng.uniform(0, 0.2)
        etas[name] = scale * np.geomspace(10.0 ** (3 - runs.DECADES), 1e3, runs.RATES)
        for beta in MOMENTA.get(name, (0.0,)):
            tried.append((name, beta, _maker(rule, name in MOMENTA)))
    return tried, etas


def _maker(rule: Any, momentum: bool) -> Any:
    def make(eta: Sequence[float], beta: float) -> Optimizer:
        made: Optimizer = rule(eta=eta, beta=beta) if momentum else rule(eta=eta)
        return made

    return make


def _scale(problem: Problem, name: str) -> float:
    """Where the middle of a rule's useful rates may be."""
    if name in PROPORTIONAL:
        return float(1 / np.linalg.eigvalsh(problem.hessian_at(problem.w0))[-1])
    if name == "Adadelta":
        return 100.0
    assert problem.minimizer is not None
    return float(np.abs(problem.minimizer - problem.w0).max())


def _landmarks(left: Floats) -> tuple[int, int, int]:
    """Which rates are the tuned one, the largest that ends below the start, and one too low."""
    good = np.flatnonzero(left <= max(2 * left.min(), left.min() + 1e-6))
    tuned = int(good[len(good) // 2])
    above = np.flatnonzero(~(left[tuned:] < 1))
    edge = tuned + (int(above[0]) - 1 if len(above) else len(left) - tuned - 1)
    below = np.flatnonzero(1 - left[:tuned] < 0.5 * (1 - left[tuned]))
    return tuned, edge, int(below[-1]) if len(below) else 0


def _picks(rng: np.random.Generator, tuned: int, edge: int, low: int, most: int) -> list[int]:
    """The rates to look at: tuned, between it and the edge, beyond, and too low."""
    far = edge + rng.integers(3, 16, size=2)
    between = rng.integers(tuned + 1, max(edge, tuned + 1) + 1, size=2)
    slow = low - rng.integers(0, 9, size=3)
    asked = [tuned, tuned - 1, edge, edge + 1, edge + 2, *between, *far, *slow]
    return sorted({int(k) for k in asked if 0 <= k < most})
