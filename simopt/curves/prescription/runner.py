"""Every line of advice tried on every run that shows its symptom: a row per run and fix."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simopt.curves.prescription import cases as grounds
from simopt.curves.prescription.advice import ALL_THREE, UNDERPERFORMS, fixes_for
from simopt.curves.prescription.baseline import (
    ARRIVED,
    UNFINISHED,
    Ran,
    curves_of,
    run,
    symptoms,
    with_what_is_left,
)
from simopt.curves.prescription.cases import Case
from simopt.curves.prescription.comparing import has_diverged, ratios
from simopt.curves.prescription.fixes import FIXES, clipped_to, eta_times, without_outliers
from simopt.curves.prescription.training import Training
from simopt.ground import checks
from simopt.problems import Problem

Floats = NDArray[np.float64]

#: A fix worked if it at least halves the loss, or leaves a healthy curve, no higher loss and little
#: to lose (UNFINISHED); and the run neither diverges nor ends above its start.
HALVED = 0.5

#: It made things worse if the loss is a tenth higher.
WORSE = 1.1

#: Adam ends above SGD if what is left of its loss is a tenth more, and that is a thousandth or more
#: of what there was to lose; each at the best of the rates tried.
ABOVE, SEEN = 1.1, 1e-3

Say = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Made:
    """Rows of outcomes, and what they took."""

    rows: list[pd.DataFrame]
    trajectories: int = 0
    updates: int = 0


def try_all(
    quick: bool = False,
    threads: int = 1,
    say: Say | None = None,
    *,
    advised: bool = False,
    cases: Sequence[Case] | None = None,
) -> pd.DataFrame:
    """Try every fix on the runs that show its symptom.

    Parameters
    ----------
    quick : bool
        Fewer problems, optimizers, rates and seeds.
    threads : int
        At work.
    say : callable, optional
        Told which problem is at hand.
    advised : bool, default False
        Try what `simopt.diagnose` advises and the document does not as well.
    cases : sequence of Case, optional
        Whose runs; by default all that the trial has.

    Returns
    -------
    DataFrame
        A row per run and fix: ``problem``, ``optimizer``, ``eta``, ``batch_size``, ``n``,
        ``seed``, ``symptom``; ``beyond``, the rate by the best of those tried; ``arrived``,
        whether the run was there; ``fix``, ``ratio`` of the loss after by before, ``then``, the
        symptom afterwards, ``diverged``, ``worked`` and ``worse``. ``attrs`` count the runs looked
        at, the pairs of Adam and SGD, the trajectories and the updates.

    Examples
    --------
    >>> from simopt import prescription
    >>> prescription.try_all(quick=True).groupby("fix")["worked"].mean()  # doctest: +SKIP
    """
    quick, threads = checks.flag("quick", quick), checks.whole("threads", threads, 1)
    advised = checks.flag("advised", advised)
    if say is not None:
        checks.function("say", say)
    if cases is not None and not (
        isinstance(cases, (list, tuple)) and cases and all(isinstance(each, Case) for each in cases)
    ):
        raise checks.refuse("cases", cases, "a list of at least one case of this trial, or None")
    began = time.perf_counter()
    made: list[Made] = []
    seen: dict[str, int] = {}
    looked = updates = pairs = 0
    for case in grounds.cases(quick) if cases is None else cases:
        if say is not None:
            say(case.problem.name)
        for batch_size in case.batch_sizes:
            by_name = {
                name: run(case, name, case.trainings(name, batch_size, quick), threads)
                for name in case.optimizers
            }
            for ran in by_name.values():
                shown = with_what_is_left(symptoms(ran.found, threads), ran)
                made.append(outcomes(ran, asked_by(ran, shown, advised), shown, threads))
                looked += shown.size
                updates += sum(each.updates for each in ran.found)
                for name, count in zip(*np.unique(shown, return_counts=True), strict=True):
                    seen[str(name)] = seen.get(str(name), 0) + int(count)
            if {"Adam", "SGD"} <= set(by_name):
                pairs += len(case.seeds)
                made.append(underperforming(by_name["Adam"], by_name["SGD"], threads))
    frame = pd.concat([each for part in made for each in part.rows], ignore_index=True)
    frame.attrs = {
        "seconds": time.perf_counter() - began,
        "looked_at": looked,
        "pairs": pairs,
        "seen": seen,
        "trajectories": looked + sum(part.trajectories for part in made),
        "updates": updates + sum(part.updates for part in made),
    }
    return frame


#: Fix to the place of a rate to a mask over the seeds.
Asked = dict[str, dict[int, NDArray[np.bool_]]]


def asked_by(ran: Ran, shown: NDArray[np.str_], advised: bool = False) -> Asked:
    """Which fixes the symptoms [rates, seeds] ask for, of which runs."""
    asked: Asked = {}
    for symptom in np.unique(shown):
        for fix in fixes_for(str(symptom), ran.optimizer, advised):
            for k in np.flatnonzero((shown == symptom).any(axis=1)):
                mask = asked.setdefault(fix, {}).setdefault(int(k), shown[k] == symptom)
                mask |= shown[k] == symptom
    return asked


def underperforming(adam: Ran, sgd: Ran, threads: int) -> Made:
    """Where Adam at its best rate ends above SGD at its own: what AdamW and Momentum do.

    What counts is the lag: what is left above the loss that SGD reaches with the same seed.
    """
    problem = adam.case.problem
    place, other = adam.best(), sgd.best()
    reached = sgd.ends(sgd.found[other], problem)
    least = sgd.floors[other] if adam.case.test is None else 0.0
    scale = (adam.case.test or problem).loss(problem.w0) - least
    lag = adam.ends(adam.found[place], problem) - reached
    under = (lag > (ABOVE - 1) * (reached - least)) & (lag > SEEN * scale)
    if not under.any():
        return Made([])
    shown = np.full(adam.floors.shape, UNDERPERFORMS, dtype="<U40")
    asked = {fix: {place: under} for fix in fixes_for(UNDERPERFORMS, "Adam")}
    floors = np.broadcast_to(reached, adam.floors.shape)
    return outcomes(replace(adam, floors=floors), asked, shown, threads)


def outcomes(ran: Ran, asked: Asked, shown: NDArray[np.str_], threads: int) -> Made:
    """The rows of the runs asked for."""
    case = ran.case
    trials = []
    for fix, wanted in asked.items():
        for place, mask in wanted.items():
            trial = change(fix, case.problem, ran.trainings[place])
            if trial is not None and (trial[1].patience is None or case.validation is not None):
                trials.append((fix, place, mask, *trial))
    if not trials:
        return Made([])
    best = ran.eta(ran.best()) if len(ran.trainings) > 1 else float("nan")
    same = [each for each in trials if each[3] is case.problem]
    after = curves_of(case, case.problem, [each[4] for each in same], threads) if same else []
    pairs = list(zip(same, after, strict=True))
    # Points left out make another problem, and so another call.
    pairs += [
        (each, curves_of(case, each[3], [each[4]], threads)[0])
        for each in trials
        if each[3] is not case.problem
    ]
    seen = symptoms([found for _, found in pairs], threads)
    parts = []
    for ((fix, place, mask, problem, _), found), then in zip(pairs, seen, strict=True):
        judge = case.test or problem
        first = judge.loss(problem.w0)
        scale = max(first - float(ran.floor(place, problem).min()), 0.0)
        old = ran.above(place, ran.found[place], problem)
        end = ran.ends(found, problem)
        diverged = has_diverged(end, first)
        new = ran.above(place, found, problem)
        ratio = ratios(old, new, scale)
        mended = (then == "healthy") & (ratio <= 1) & (new <= UNFINISHED * scale)
        mended &= shown[place] != UNDERPERFORMS  # which no curve shows
        columns = {
            "eta": np.full(len(mask), ran.eta(place)),
            "seed": np.array(case.seeds),
            "symptom": shown[place],
            "arrived": old <= ARRIVED * scale,
            "fix": np.full(len(mask), fix, dtype="<U60"),
            "ratio": ratio,
            "then": then,
            "diverged": diverged,
            "worked": ~diverged & (end < first) & ((ratio <= HALVED) | mended),
            "worse": ratio > WORSE,
        }
        parts.append({name: column[mask] for name, column in columns.items()})
    table = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    frame = pd.DataFrame(table).assign(
        problem=case.problem.name,
        optimizer=ran.optimizer,
        batch_size=ran.trainings[0].batch_size,
        n=case.problem.n,
        beyond=table["eta"] / best,
    )
    updates = sum(found.updates for _, found in pairs)
    return Made([frame], len(pairs) * len(case.seeds), updates)


def change(fix: str, problem: Problem, training: Training) -> tuple[Problem, Training] | None:
    """A fix by name, or the three that the framework has with an "and"."""
    if fix != ALL_THREE:
        return FIXES[fix](problem, training)
    trial = without_outliers(problem, training) or (problem, training)
    for each in (eta_times(1 / 10), clipped_to(1.0)):
        trial = each(*trial) or trial
    return trial
