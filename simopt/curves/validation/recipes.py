"""Runs with a known cause: rates far and near, schedules and bad points, on a testbed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt import schedules
from simopt.curves.diagnosis.batch import as_float32
from simopt.curves.validation import runs
from simopt.curves.validation.counterfactuals import (
    LONGER,
    WELL,
    Counterfactuals,
    Others,
    behaviour,
    stays,
)
from simopt.curves.validation.labels import causes
from simopt.curves.validation.rate_scan import RuleScan, scan, shares_of
from simopt.curves.validation.runs import Recorded, Sampling
from simopt.problems import Problem
from simopt.problems.synthetic.testbeds import Testbed

Floats = NDArray[np.float64]

#: Updates of one run at most, and records: fewer of a regression whose loss takes an exp a point.
MOST = (8_000, 1_000)
MOST_CURVED = (1_500, 200)


@dataclass(frozen=True, eq=False)
class RunCurves:
    """Losses and validation losses [m, T] of a table's rows; NaN where there is no validation."""

    frame: pd.DataFrame
    losses: Floats
    validation: Floats


def from_testbed(
    rng: np.random.Generator,
    testbed: Testbed,
    batch_size: int,
    record: str,
    names: Sequence[str],
    threads: int,
) -> Iterator[RunCurves]:
    """All curves of a testbed, with one batch size, at one length.

    Records are "epochs", "steps" (the loss over all points after every update), or "batches" (the
    loss over an update's own points before it, as trainers print it).
    """
    problem = testbed.problem
    batches = runs.updates_of_epoch(problem, batch_size)
    updates, records = MOST_CURVED if problem.linear and not problem.squared else MOST
    most = min(records, updates // batches) if record == "epochs" else records
    # Not too short to pass a saddle.
    least = 20 if testbed.saddle is not None else 10
    length = int(np.exp(rng.uniform(np.log(least), np.log(max(most, 2 * least)))))
    plan = runs.draw_plan(rng, problem, batch_size, length, record)
    scans = scan(rng, problem, plan, names, threads)
    yield rated(rng, testbed, plan, scans, threads)
    if record == "batches":
        return
    if not testbed.minima and testbed.saddle is None and testbed.validation is None:
        yield decayed(rng, testbed, plan, scans, threads)
    if problem.linear and problem.squared:
        yield spoiled(rng, testbed, plan, scans, threads)


def rated(
    rng: np.random.Generator,
    testbed: Testbed,
    plan: Sampling,
    scans: Sequence[RuleScan],
    threads: int,
) -> RunCurves:
    """Rates from far too low to far too high."""
    problem = testbed.problem
    chosen = []
    for each in scans:
        low = high = each.tuned
        if (
            testbed.minima
            or testbed.saddle is not None
            or (testbed.steep and each.name == "AdaGrad")
        ):
            low, high = each.low - 3, each.edge + 2
        elif _noisy(problem, plan):
            high = each.edge
        chosen.append(_picks(rng, each, low, high))
    optimizers = [each.make(each.eta[k]) for each, k in zip(scans, chosen, strict=True)]
    records = runs.record(problem, optimizers, plan, threads)
    others = Others(
        best=_each(chosen, [t.left[t.tuned] for t in scans]),
        decayed=np.concatenate([t.decayed[k] for t, k in zip(scans, chosen, strict=True)]),
        calmer=np.concatenate([_calmer(t, scans)[k] for t, k in zip(scans, chosen, strict=True)]),
        longer=np.concatenate(
            [_longer(problem, t, k, plan, threads) for t, k in zip(scans, chosen, strict=True)]
        ),
        faster=np.concatenate([_up(t.left, k) for t, k in zip(scans, chosen, strict=True)]),
        any_rule=min(t.left[t.tuned] for t in scans),
        eta=np.concatenate([t.eta[k] for t, k in zip(scans, chosen, strict=True)]),
        tuned=_each(chosen, [t.eta[t.tuned] for t in scans]),
        edge=_each(chosen, [t.eta[t.edge] for t in scans]),
        noisy=_noisy(problem, plan),
    )
    losses, validation = _with_start(testbed, records)
    cause, symptom = causes(
        Counterfactuals(shares_of(problem, losses), records.weights, validation, others, testbed)
    )
    return _curves(rng, testbed, plan, records, losses, validation, cause, symptom)


def decayed(
    rng: np.random.Generator,
    testbed: Testbed,
    plan: Sampling,
    scans: Sequence[RuleScan],
    threads: int,
) -> RunCurves:
    """The tuned rate, falling so fast that it is nothing long before the loss is low."""
    batches = runs.updates_of_epoch(testbed.problem, plan.batch_size)
    updates = plan.length * (batches if plan.record == "epochs" else 1)
    gamma = 0.5 ** (1 / (updates * rng.uniform(0.002, 0.06)))
    able = [t for t in scans if t.left[t.tuned] <= WELL]
    if not able:
        return _none()
    able = [able[k] for k in rng.permutation(len(able))[:3]]
    optimizers = [t.make(t.eta[[t.tuned, max(0, t.tuned - 2)]]) for t in able]
    records = runs.record(testbed.problem, optimizers, plan, threads, schedules.exponential(gamma))
    losses, validation = _with_start(testbed, records)
    shares = shares_of(testbed.problem, losses)
    best = np.repeat([t.left[t.tuned] for t in able], 2)
    with np.errstate(all="ignore"):
        early = shares[:, -1] >= np.maximum(0.15, 4 * best)
        early &= (shares[:, -1] <= 0.95) & stays(shares)
        early &= shares[:, shares.shape[1] // 2] - shares[:, -1] <= 0.01
    cause = np.where(early, "rate decayed too fast", "")
    symptom = np.where(early, "plateaus early", "")
    return _curves(rng, testbed, plan, records, losses, validation, cause, symptom)


def spoiled(
    rng: np.random.Generator,
    testbed: Testbed,
    plan: Sampling,
    scans: Sequence[RuleScan],
    threads: int,
) -> RunCurves:
    """The tuned rate, which does well, and the same with one point that is wrong."""
    problem = testbed.problem
    able = [t for t in scans if t.left[t.tuned] <= WELL]
    if not able:
        return _none()
    x = problem.x.copy()
    # The larger one's square is infinite in float32, and not in float64.
    x[rng.integers(problem.n)] *= rng.choice([1e6, 1e25])
    broken = replace(problem, x=x)
    optimizers = [t.make(t.eta[t.tuned]) for t in able]
    records = runs.record(broken, optimizers, plan, threads)
    with np.errstate(all="ignore"):
        start = broken.loss(broken.w0)
        losses = np.concatenate([np.full((len(able), 1), start), records.losses], axis=1)
        visible = as_float32(losses)
        symptom = behaviour(
            np.where(np.isfinite(visible), visible / start, np.nan), records.weights
        )
    # An outlier that a rule puts up with is the loss it shows, and nothing else.
    symptom[symptom == "oscillates wildly"] = ""
    cause = np.where(symptom != "", "bad point", "")
    return _curves(
        rng, testbed, plan, records, losses, np.full_like(losses, np.nan), cause, symptom
    )


def _picks(rng: np.random.Generator, own: RuleScan, low: int, high: int) -> NDArray[np.int64]:
    """The rates to look at: all from low to high, some between tuned and edge, beyond, too low."""
    far = own.edge + rng.integers(3, 14, size=2)
    between = rng.integers(own.tuned + 1, max(own.edge, own.tuned + 1) + 1, size=2)
    slow = own.low - rng.integers(0, 8, size=2)
    near = [own.tuned - 1, own.edge, own.edge + 1, own.edge + 2]
    picked = np.unique([*near, *between, *far, *slow, *range(low, high + 1)])
    return picked[(picked >= 0) & (picked < runs.RATES)]


def _each(chosen: Sequence[NDArray[np.int64]], values: Sequence[float]) -> Floats:
    return np.repeat(np.asarray(values), [len(k) for k in chosen])


def _up(left: Floats, picked: NDArray[np.int64]) -> Floats:
    """The same two rates up."""
    return np.append(left, [np.nan, np.nan])[picked + 2]


def _noisy(problem: Problem, plan: Sampling) -> bool:
    """Whether gradients differ from batch to batch even where the loss is least."""
    if problem.noise is not None:
        return True
    if problem.minimizer is None or plan.batch_size >= problem.n:
        return False
    there, here = (np.ptp(problem.point_gradients(w)) for w in (problem.minimizer, problem.w0))
    return bool(there > 1e-6 * here)


def _calmer(own: RuleScan, scans: Sequence[RuleScan]) -> Floats:
    """The same rates with half the momentum or less."""
    for other in scans:
        if other.name == own.name and other.beta <= own.beta / 2:
            return other.left if own.beta else np.full_like(other.left, np.nan)
    return np.full_like(own.left, np.nan)


def _longer(
    problem: Problem, own: RuleScan, picked: NDArray[np.int64], plan: Sampling, threads: int
) -> Floats:
    """What AdaGrad would reach if it went on; NaN for other rules."""
    if own.name != "AdaGrad":
        return np.full(len(picked), np.nan)
    on = runs.prolonged(plan, problem, LONGER)
    ends = runs.ends(problem, [own.make(own.eta[picked])], on, [runs.CONSTANT], threads)
    return shares_of(problem, ends[0, :, 0])


def _with_start(testbed: Testbed, records: Recorded) -> tuple[Floats, Floats]:
    """Loss and validation loss by record, the start's first; the latter NaN without points."""
    start = testbed.problem.loss(testbed.problem.w0)
    losses = np.concatenate([np.full((len(records.losses), 1), start), records.losses], axis=1)
    held = testbed.validation
    if held is None:
        return losses, np.full_like(losses, np.nan)
    w = np.concatenate(
        [np.broadcast_to(held.w0, (len(losses), 1, held.d)), records.weights], axis=1
    )
    with np.errstate(all="ignore"):
        return losses, held.point_losses(w @ held.x.T, held.y).mean(axis=2)


def _curves(
    rng: np.random.Generator,
    testbed: Testbed,
    plan: Sampling,
    records: Recorded,
    losses: Floats,
    validation: Floats,
    cause: NDArray[Any],
    symptom: NDArray[Any],
) -> RunCurves:
    """The loss over all points, with that at the start, or without."""
    first = int(rng.random() < 0.5)
    with np.errstate(all="ignore"):
        shares = shares_of(testbed.problem, losses)
        late = shares[:, shares.shape[1] // 2 :]
        rests = np.ptp(late, axis=1) <= 0.01 * np.ptp(shares, axis=1)
        falls = shares[:, first] >= 0.5
    return _table(
        testbed,
        plan,
        records,
        losses[:, first:],
        validation[:, first:],
        cause,
        symptom,
        rests,
        falls,
    )


def _table(
    testbed: Testbed,
    plan: Sampling,
    records: Recorded,
    losses: Floats,
    validation: Floats,
    cause: NDArray[Any],
    symptom: NDArray[Any],
    rests: NDArray[np.bool_],
    falls: NDArray[np.bool_],
) -> RunCurves:
    """Those with a cause, as a trainer in float32 would show them."""
    about = {
        name: records.frame[name].to_numpy(np.float64)
        if name in records.frame
        else np.full(len(cause), np.nan)
        for name in ("eta", "beta")
    }
    frame = pd.DataFrame(
        {
            "problem": testbed.name,
            "optimizer": records.frame["optimizer"].astype(str),
            **about,
            "batch_size": plan.batch_size,
            "record": plan.record,
            "epochs": plan.length,
            "seed": plan.seed,
            "cause": cause,
            "symptom": symptom,
            "rests": rests,
            "falls": falls,
            "memoryless": memoryless(losses),
            "ends_high": ends_high(losses),
            "spiky": spiky(losses),
            "symmetric": symmetric(losses),
        }
    )
    kept = cause != ""
    return RunCurves(frame[kept], as_float32(losses[kept]), validation[kept])


def memoryless(losses: Floats) -> NDArray[np.bool_]:
    """Whether values of the second half hardly depend on the one before: |correlation| <= 0.3."""
    late = losses[:, losses.shape[1] // 2 :]
    with np.errstate(all="ignore"):
        off = late - late.mean(axis=1, keepdims=True)
        echo = (off[:, 1:] * off[:, :-1]).sum(axis=1) / np.square(off).sum(axis=1)
        few: NDArray[np.bool_] = np.abs(echo) <= 0.3
    return few


def symmetric(losses: Floats) -> NDArray[np.bool_]:
    """Whether values of the second half lie as far above their mean as below: skewness <= 0.5."""
    late = losses[:, losses.shape[1] // 2 :]
    with np.errstate(all="ignore"):
        off = late - late.mean(axis=1, keepdims=True)
        skew = (off**3).mean(axis=1) / np.square(off).mean(axis=1) ** 1.5
        even: NDArray[np.bool_] = skew <= 0.5
    return even


def ends_high(losses: Floats) -> NDArray[np.bool_]:
    """Whether the last quarter is the highest of the four."""
    with np.errstate(all="ignore"):
        quarters = np.stack([part.mean(axis=1) for part in np.array_split(losses, 4, axis=1)])
        rise: NDArray[np.bool_] = quarters[3] > quarters[:3].max(axis=0)
    return rise


def spiky(losses: Floats) -> NDArray[np.bool_]:
    """Whether the second half is calm but for spikes: its highest is thirty times its median."""
    with np.errstate(all="ignore"):
        late = losses[:, losses.shape[1] // 2 :] - losses.min(axis=1, keepdims=True)
        high: NDArray[np.bool_] = late.max(axis=1) >= 30 * np.median(late, axis=1)
    return high


def _none() -> RunCurves:
    return RunCurves(pd.DataFrame(), np.empty((0, 0)), np.empty((0, 0)))
