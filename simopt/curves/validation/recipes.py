"""How each cause is brought about: rates far and near, schedules, bad points, on a ground."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import schedules
from simopt.curves.diagnosis import runs
from simopt.curves.diagnosis.causes import (
    LONGER,
    UNSTABLE,
    WELL,
    Others,
    as_float32,
    behaviour,
    causes,
    stays,
)
from simopt.curves.diagnosis.grounds import Ground
from simopt.curves.diagnosis.rate_scan import Tried, shares_of, tried_rules
from simopt.curves.diagnosis.runs import Plan, Recorded
from simopt.problems import Problem

Floats = NDArray[np.float64]

#: Updates of one run at most, and records: of a logistic loss fewer, which takes an exp a point.
MOST = {"logistic": (1_500, 200)}
MOST_ELSE = (8_000, 1_000)


@dataclass(frozen=True, eq=False)
class Curves:
    """Losses and validation losses [m, T] of a table's rows; NaN where there is no validation."""

    frame: pd.DataFrame
    losses: Floats
    validation: Floats


def from_ground(
    rng: np.random.Generator,
    ground: Ground,
    batch_size: int,
    record: str,
    names: Sequence[str],
    threads: int,
) -> Iterator[Curves]:
    """All curves of a ground, with one batch size, at one length.

    Records are "epochs", "steps" (the loss over all points after every update), or "batches" (the
    loss over an update's own points before it, as trainers print it).
    """
    problem = ground.problem
    batches = runs.updates_of_epoch(problem, batch_size)
    updates, records = MOST.get(problem.kind, MOST_ELSE)
    most = min(records, updates // batches) if record == "epochs" else records
    # Not too short to pass a saddle.
    least = 20 if ground.saddle is not None else 10
    length = int(np.exp(rng.uniform(np.log(least), np.log(max(most, 2 * least)))))
    how = runs.plan(rng, problem, batch_size, length, record)
    tried = tried_rules(rng, problem, how, names, threads)
    yield rated(rng, ground, how, tried, threads)
    if record == "batches":
        return
    if not ground.minima and ground.saddle is None and ground.validation is None:
        yield decayed(rng, ground, how, tried, threads)
    if problem.kind == "least_squares":
        yield spoiled(rng, ground, how, tried, threads)


def rated(
    rng: np.random.Generator, ground: Ground, how: Plan, tried: Sequence[Tried], threads: int
) -> Curves:
    """Rates from far too low to far too high."""
    problem = ground.problem
    chosen = []
    for each in tried:
        low = high = each.tuned
        if ground.minima or ground.saddle is not None or (ground.steep and each.name == "AdaGrad"):
            low, high = each.low - 3, each.edge + 2
        elif _noisy(problem, how):
            high = each.edge
        chosen.append(_picks(rng, each, low, high))
    optimizers = [each.make(each.eta[k]) for each, k in zip(tried, chosen, strict=True)]
    made = runs.recorded(problem, optimizers, how, threads)
    others = Others(
        best=_each(chosen, [t.left[t.tuned] for t in tried]),
        decayed=np.concatenate([t.decayed[k] for t, k in zip(tried, chosen, strict=True)]),
        calmer=np.concatenate([_calmer(t, tried)[k] for t, k in zip(tried, chosen, strict=True)]),
        longer=np.concatenate(
            [_longer(problem, t, k, how, threads) for t, k in zip(tried, chosen, strict=True)]
        ),
        faster=np.concatenate([_up(t.left, k) for t, k in zip(tried, chosen, strict=True)]),
        any_rule=min(t.left[t.tuned] for t in tried),
        eta=np.concatenate([t.eta[k] for t, k in zip(tried, chosen, strict=True)]),
        tuned=_each(chosen, [t.eta[t.tuned] for t in tried]),
        edge=_each(chosen, [t.eta[t.edge] for t in tried]),
        noisy=_noisy(problem, how),
    )
    losses, validation = _with_start(ground, made)
    cause, symptom = causes(shares_of(problem, losses), made.weights, validation, others, ground)
    return _curves(rng, ground, how, made, losses, validation, cause, symptom)


def decayed(
    rng: np.random.Generator, ground: Ground, how: Plan, tried: Sequence[Tried], threads: int
) -> Curves:
    """The tuned rate, falling so fast that it is nothing long before the loss is low."""
    batches = runs.updates_of_epoch(ground.problem, how.batch_size)
    updates = how.length * (batches if how.record == "epochs" else 1)
    gamma = 0.5 ** (1 / (updates * rng.uniform(0.002, 0.06)))
    able = [t for t in tried if t.left[t.tuned] <= WELL]
    if not able:
        return _none()
    able = [able[k] for k in rng.permutation(len(able))[:3]]
    optimizers = [t.make(t.eta[[t.tuned, max(0, t.tuned - 2)]]) for t in able]
    made = runs.recorded(ground.problem, optimizers, how, threads, schedules.exponential(gamma))
    losses, validation = _with_start(ground, made)
    shares = shares_of(ground.problem, losses)
    best = np.repeat([t.left[t.tuned] for t in able], 2)
    with np.errstate(all="ignore"):
        early = shares[:, -1] >= np.maximum(0.15, 4 * best)
        early &= (shares[:, -1] <= 0.95) & stays(shares)
        early &= shares[:, shares.shape[1] // 2] - shares[:, -1] <= 0.01
    cause = np.where(early, "rate decayed too fast", "")
    symptom = np.where(early, "plateaus early", "")
    return _curves(rng, ground, how, made, losses, validation, cause, symptom)


def spoiled(
    rng: np.random.Generator, ground: Ground, how: Plan, tried: Sequence[Tried], threads: int
) -> Curves:
    """The tuned rate, which does well, and the same with one point that is wrong."""
    problem = ground.problem
    able = [t for t in tried if t.left[t.tuned] <= WELL]
    if not able:
        return _none()
    x = problem.x.copy()
    # The larger one's square is infinite in float32, and not in float64.
    x[rng.integers(problem.n)] *= rng.choice([1e6, 1e25])
    broken = replace(problem, x=x)
    optimizers = [t.make(t.eta[t.tuned]) for t in able]
    made = runs.recorded(broken, optimizers, how, threads)
    with np.errstate(all="ignore"):
        start = broken.loss(broken.w0)
        losses = np.concatenate([np.full((len(able), 1), start), made.losses], axis=1)
        shown = as_float32(losses)
        symptom = behaviour(np.where(np.isfinite(shown), shown / start, np.nan), made.weights)
    # An outlier that a rule puts up with is the loss it shows, and nothing else.
    symptom[symptom == "oscillates wildly"] = ""
    cause = np.where(symptom != "", "bad point", "")
    return _curves(rng, ground, how, made, losses, np.full_like(losses, np.nan), cause, symptom)


def _picks(rng: np.random.Generator, tried: Tried, low: int, high: int) -> NDArray[np.int64]:
    """The rates to look at: all from low to high, some between tuned and edge, beyond, too low."""
    far = tried.edge + rng.integers(3, 14, size=2)
    between = rng.integers(tried.tuned + 1, max(tried.edge, tried.tuned + 1) + 1, size=2)
    slow = tried.low - rng.integers(0, 8, size=2)
    near = [tried.tuned - 1, tried.edge, tried.edge + 1, tried.edge + 2]
    asked = np.unique([*near, *between, *far, *slow, *range(low, high + 1)])
    return asked[(asked >= 0) & (asked < runs.RATES)]


def _each(chosen: Sequence[NDArray[np.int64]], values: Sequence[float]) -> Floats:
    return np.repeat(np.asarray(values), [len(k) for k in chosen])


def _up(left: Floats, picked: NDArray[np.int64]) -> Floats:
    """The same two rates up."""
    return np.append(left, [np.nan, np.nan])[picked + 2]


def _noisy(problem: Problem, how: Plan) -> bool:
    """Whether gradients differ from batch to batch even where the loss is least."""
    if problem.noise is not None:
        return True
    if problem.minimizer is None or how.batch_size >= problem.n:
        return False
    there, here = (np.ptp(problem.point_gradients(w)) for w in (problem.minimizer, problem.w0))
    return bool(there > 1e-6 * here)


def _calmer(tried: Tried, all_tried: Sequence[Tried]) -> Floats:
    """The same rates with half the momentum or less."""
    for other in all_tried:
        if other.name == tried.name and other.beta <= tried.beta / 2:
            return other.left if tried.beta else np.full_like(other.left, np.nan)
    return np.full_like(tried.left, np.nan)


def _longer(
    problem: Problem, tried: Tried, picked: NDArray[np.int64], how: Plan, threads: int
) -> Floats:
    """What AdaGrad would reach if it went on; of other rules nobody asks."""
    if tried.name != "AdaGrad":
        return np.full(len(picked), np.nan)
    on = runs.prolonged(how, problem, LONGER)
    ends = runs.ends(problem, [tried.make(tried.eta[picked])], on, [runs.CONSTANT], threads)
    return shares_of(problem, ends[0, :, 0])


def _with_start(ground: Ground, made: Recorded) -> tuple[Floats, Floats]:
    """Loss and validation loss by record, the start's first; the latter NaN without points."""
    start = ground.problem.loss(ground.problem.w0)
    losses = np.concatenate([np.full((len(made.losses), 1), start), made.losses], axis=1)
    held = ground.validation
    if held is None:
        return losses, np.full_like(losses, np.nan)
    w = np.concatenate([np.broadcast_to(held.w0, (len(losses), 1, held.d)), made.weights], axis=1)
    with np.errstate(all="ignore"):
        z = w @ held.x.T
        if held.kind == "least_squares":
            return losses, ((z - held.y) ** 2).mean(axis=2)
        return losses, (np.logaddexp(0.0, z) - held.y * z).mean(axis=2)


def _by_batch(
    ground: Ground,
    how: Plan,
    made: Recorded,
    losses: Floats,
    cause: NDArray[Any],
    symptom: NDArray[Any],
) -> Curves:
    """The loss of each update's batch, where its noise leaves to see what happened."""
    problem = ground.problem
    before = np.concatenate(
        [np.broadcast_to(problem.w0, (len(losses), 1, problem.d)), made.weights[:, :-1]], axis=1
    )
    shown = np.empty(losses[:, 1:].shape)
    batches = runs.updates_of_epoch(problem, how.batch_size)
    with np.errstate(all="ignore"):
        for t in range(how.length):
            first = t % batches * how.batch_size
            rows = how.order[t // batches, first : first + how.batch_size]
            shown[:, t] = problem_losses(problem, before[:, t], rows)
        excess = shares_of(problem, losses)
        noise = ((shown - losses[:, :-1]) / (losses[:, :1] - problem.minimum_loss))[
            :, -(-how.length * 3 // 4) :
        ].std(axis=1)
        clear = (noise <= 0.05) & (np.abs(excess[:, 0] - excess[:, -1]) >= 4 * noise)
    kept = np.isin(symptom, UNSTABLE) | clear
    cause, symptom = np.where(kept, cause, ""), np.where(kept, symptom, "")
    nothing = np.full_like(shown, np.nan)
    never = np.zeros(len(cause), bool)
    return _table(ground, how, made, shown, nothing, cause, symptom, never, ~never)


def problem_losses(problem: Problem, w: Floats, rows: NDArray[np.int64]) -> Floats:
    """The mean loss [m] over some points at weights w [m, d]."""
    z, y = w @ problem.x[rows].T, problem.y[rows]
    each = (z - y) ** 2 if problem.kind == "least_squares" else np.logaddexp(0.0, z) - y * z
    found: Floats = each.mean(axis=1) + (w * w) @ problem.l2 / 2
    return found


def _curves(
    rng: np.random.Generator,
    ground: Ground,
    how: Plan,
    made: Recorded,
    losses: Floats,
    validation: Floats,
    cause: NDArray[Any],
    symptom: NDArray[Any],
) -> Curves:
    """The loss over all points, with that at the start, or without."""
    first = int(rng.random() < 0.5)
    with np.errstate(all="ignore"):
        shares = shares_of(ground.problem, losses)
        late = shares[:, shares.shape[1] // 2 :]
        rests = np.ptp(late, axis=1) <= 0.01 * np.ptp(shares, axis=1)
        falls = shares[:, first] >= 0.5
    return _table(
        ground, how, made, losses[:, first:], validation[:, first:], cause, symptom, rests, falls
    )


def _table(
    ground: Ground,
    how: Plan,
    made: Recorded,
    losses: Floats,
    validation: Floats,
    cause: NDArray[Any],
    symptom: NDArray[Any],
    rests: NDArray[np.bool_],
    falls: NDArray[np.bool_],
) -> Curves:
    """Those with a cause, as a trainer in float32 would show them."""
    about = {
        name: made.frame[name].to_numpy(np.float64)
        if name in made.frame
        else np.full(len(cause), np.nan)
        for name in ("eta", "beta")
    }
    frame = pd.DataFrame(
        {
            "problem": ground.name,
            "optimizer": made.frame["optimizer"].astype(str),
            **about,
            "batch_size": how.batch_size,
            "record": how.record,
            "epochs": how.length,
            "seed": how.seed,
            "cause": cause,
            "symptom": symptom,
            "rests": rests,
            "falls": falls,
        }
    )
    kept = cause != ""
    return Curves(frame[kept], as_float32(losses[kept]), validation[kept])


def _none() -> Curves:
    return Curves(pd.DataFrame(), np.empty((0, 0)), np.empty((0, 0)))
